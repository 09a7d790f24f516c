-- What the national portal should know of a dossier, and what it has acknowledged. law: national/sync
create table national_sync (
    dossier text primary key references dossier (id),
    code text not null unique,
    wanted bigint not null check (wanted > 0),          -- the dossier's version that should be there
    acked bigint not null default 0,                    -- the last version acknowledged, 0 before the first
    lines bigint not null default 0,                    -- lines of the step log acknowledged
    behind_since bigint,                                -- since when it is behind; null while level
    acked_at bigint,
    lag_us bigint,                                      -- how long it was behind at its last acknowledgement
    attempts bigint not null default 0,                 -- failures since then
    refusals bigint not null default 0,                 -- those that were about this very dossier
    next_at bigint not null,
    parked_at bigint,
    error text,
    lease text,
    lease_until bigint not null default 0
) strict;
create index national_sync_due on national_sync (next_at, lease_until);
create index national_sync_behind on national_sync (behind_since);
create index national_sync_acked on national_sync (acked_at, lag_us);

-- The line to the other side: one row.
create table national_link (
    id text primary key check (id = 'link'),
    place text not null,                                -- how far their list of new dossiers was read
    heard_at bigint,                                    -- the last good answer
    failed_at bigint,
    error text
) strict;
insert into national_link (id, place) values ('link', '');

-- A dossier handed in there, from the moment we hear of it. law: national/arrivals
create table national_arrival (
    id text primary key,                                -- their code for it
    body text not null,                                 -- JSON as it came
    filed_at bigint not null,                           -- when it was handed in there
    came_at bigint not null,
    state text not null check (state in ('waiting', 'taken', 'refused', 'declined')),
    reason text not null default '',                    -- why it could not be taken; what the citizen is told
    dossier text unique references dossier (id),
    code text unique,
    identified bigint not null default 0 check (identified in (0, 1)),  -- the portal knows who it is
    attempts bigint not null default 0,
    next_at bigint not null,
    told_at bigint,                                     -- since when the other side knows what became of it
    lease text,
    lease_until bigint not null default 0,
    check ((state = 'taken') = (dossier is not null))
) strict;
create index national_arrival_due on national_arrival (next_at, lease_until);
create index national_arrival_came on national_arrival (came_at);

-- The balance sheet of a day. law: national/balance
create table national_balance (
    day text primary key,
    made_at bigint not null,
    here bigint not null,
    there bigint not null,
    level bigint not null,
    differing bigint not null,
    missing_there bigint not null,
    missing_here bigint not null,
    under_way bigint not null
) strict;

-- What somebody has to look at. One row for each matter; found again, it opens again.
create table national_task (
    id text primary key,                                -- KIND|SUBJECT
    kind text not null check (kind in ('missing-there', 'differs', 'missing-here', 'arrival')),
    subject text not null,                              -- our code, or theirs for an arrival
    facts text not null,                                -- JSON: lines of field, here, there; or reasons
    found_at bigint not null,
    closed_at bigint,
    closed_by text,
    remedy text,
    note text not null default '',
    version bigint not null
) strict;
create index national_task_open on national_task (closed_at, found_at);
