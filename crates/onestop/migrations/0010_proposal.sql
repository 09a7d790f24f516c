-- How often the promised time was moved; the law allows it once. law: onestop/late
alter table dossier add column extensions bigint not null default 0;

-- A step that only a leader may take, laid before one by somebody who works on the dossier.
create table proposal (
    id text primary key,
    dossier text not null references dossier (id),
    open bigint check (open = 1),           -- 1 until somebody decides, then null: one waits at a time
    seen bigint not null,                   -- the version of the dossier that it speaks of
    ask text not null,                      -- JSON: the step with its words
    account text not null,                  -- who proposes
    office text,
    at bigint not null,
    decided_by text,
    decided_at bigint,
    approved bigint check (approved in (0, 1)),
    note text not null default '',          -- the leader's words
    unique (dossier, open)
) strict;

-- The kinds of papers are a list of the code; a second one here would only have to be kept equal.
create table dossier_paper_0010 (
    dossier text not null references dossier (id),
    kind text not null,
    ordinal bigint not null,                -- of the step that it follows
    sha256 text not null,
    size bigint not null,
    made_at bigint not null,
    primary key (dossier, kind, ordinal)
) strict;
insert into dossier_paper_0010 (dossier, kind, ordinal, sha256, size, made_at)
    select dossier, kind, ordinal, sha256, size, made_at from dossier_paper;
drop table dossier_paper;
alter table dossier_paper_0010 rename to dossier_paper;
