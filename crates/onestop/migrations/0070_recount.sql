-- Promises that a change of the calendar would move: proposed by the program, moved or kept by a leader.
create table recount (
    dossier text primary key references dossier (id),
    agency text not null,                   -- whose leaders decide
    promised bigint not null,               -- what stands
    counted bigint not null,                -- what it would be by the calendar now
    why text not null check (why in ('counted', 'closed')),
    state text not null check (state in ('open', 'moved', 'kept')),
    told bigint not null check (told in (0, 1)), -- the agency's leaders have a notice
    found_at bigint not null,
    decided_by text,
    decided_at bigint
) strict;
create index recount_waiting on recount (agency, counted) where state = 'open';

-- How far the promises are counted again after the calendar's last change.
create table recount_pass (
    one bigint primary key check (one = 1),
    stamp text not null,                    -- of holidays, hours and closures
    reached text                            -- the last dossier looked at; null: all were
) strict;
