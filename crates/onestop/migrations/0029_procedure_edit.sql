-- Who published a version, and whether it was taken back before its first day. Those that came with the
-- program have neither.
alter table procedure_version add column proposed_by text;
alter table procedure_version add column published_by text;
alter table procedure_version add column changed_at bigint;
alter table procedure_version add column withdrawn_at bigint;
alter table procedure_version add column withdrawn_by text;
alter table procedure_version add column withdrawn_why text;

-- The next version of a procedure while it is being written. What is published of it is a row of
-- procedure_version; this one stays as the record of who wrote, proposed and decided.
create table procedure_draft (
    id text primary key,
    code text not null,
    number bigint not null check (number > 1), -- the version it will be
    base text not null references procedure_version (id),
    open bigint check (open = 1),           -- 1 until it is published or dropped: one at a time
    state text not null check (state in ('draft', 'proposed', 'published', 'dropped')),
    source text not null,                   -- the TOML file as it was typed, right or wrong
    version bigint not null,
    made_by text not null,
    made_at bigint not null,
    changed_by text not null,
    changed_at bigint not null,
    proposed_by text,
    proposed_at bigint,
    decided_by text,
    decided_at bigint,
    note text not null default '',          -- why it was sent back
    unique (code, open)
) strict;

-- Everybody who wrote in a draft or laid it before others: none of them may publish it.
create table procedure_draft_hand (
    draft text not null references procedure_draft (id),
    account text not null,
    primary key (draft, account)
) strict;

-- Invented citizens sent through a draft, in the background.
create table procedure_trial (
    id text primary key,
    draft text not null references procedure_draft (id),
    source text not null,                   -- the text that is tried
    seen bigint not null,                   -- the version of the draft that had it
    people bigint not null check (people > 0),
    done bigint not null default 0,
    state text not null check (state in ('running', 'over', 'failed')),
    report text not null default '',        -- lines of text
    sound bigint check (sound in (0, 1)),
    made_by text not null,
    made_at bigint not null,
    over_at bigint
) strict;
create index procedure_trial_of_draft on procedure_trial (draft, made_at);
