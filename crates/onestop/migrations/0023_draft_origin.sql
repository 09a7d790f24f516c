-- Where an answer of a draft was taken from, and what it was: while the answer is still that, the page
-- says so.
create table draft_origin (
    draft text not null references draft (id),
    field text not null,
    origin text not null check (origin in ('account', 'dossier', 'vault')),
    code text not null default '',          -- the dossier it stood in
    value text not null,                    -- JSON, as it was proposed
    primary key (draft, field)
) strict;

-- A draft that was begun as a copy of an earlier dossier, and what could not be carried over.
create table draft_copy (
    draft text primary key references draft (id),
    code text not null,
    answers bigint not null,
    files bigint not null
) strict;

create table draft_lost (
    draft text not null references draft (id),
    ordinal bigint not null,
    kind text not null check (kind in ('answer', 'paper', 'unit')),
    name text not null,
    why text not null check (why in ('gone', 'changed', 'ended', 'room')),
    primary key (draft, ordinal)
) strict;
