-- What another unit is asked about a dossier, by when, and what it says. law: onestop/consultation
create table opinion (
    id text primary key,
    dossier text not null references dossier (id),
    unit text not null,                     -- who is asked
    question text not null,
    time_limit text not null,               -- 3wd, 8wh …
    due_at bigint not null,
    asked_by text not null,
    asked_office text not null,
    asked_at bigint not null,
    state text not null check (state in ('open', 'lapsed', 'answered', 'taken-back')),
    answer text not null default '',
    answered_by text,
    answered_at bigint,
    late bigint not null default 0 check (late in (0, 1))
) strict;
create index opinion_of_dossier on opinion (dossier, asked_at);
create index opinion_of_unit on opinion (unit, state, due_at);
create index opinion_by_office on opinion (asked_office, state, due_at);

-- A visit to the place, or a council: when, where, who, and what came of it, with its minutes.
create table inspection (
    id text primary key,
    dossier text not null references dossier (id),
    kind text not null check (kind in ('visit', 'council')),
    stage text,                             -- the internal step it belongs to
    time_limit text not null,
    due_at bigint not null,
    planned_for bigint not null,
    place text not null,
    people text not null,                   -- one a line
    planned_by text not null,
    planned_at bigint not null,
    state text not null check (state in ('planned', 'held', 'cancelled')),
    held_on text,
    present text not null default '',       -- who came, one a line
    outcome text check (outcome in ('agreed', 'with-conditions', 'not-agreed')),
    conclusion text not null default '',
    minutes text references dossier_file (id),
    late bigint not null default 0 check (late in (0, 1)),
    recorded_by text,
    recorded_at bigint
) strict;
create index inspection_of_dossier on inspection (dossier, planned_at);
