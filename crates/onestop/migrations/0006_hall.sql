-- The hall of a counter: what it takes numbers for, its desks, its tickets, its appointments.
create table hall (
    unit text primary key,
    kiosk text,                             -- SHA-256 of the key in the kiosk's address
    slot_minutes bigint not null check (slot_minutes between 5 and 240),
    per_slot bigint not null check (per_slot between 0 and 100),
    days_ahead bigint not null check (days_ahead between 1 and 60),
    version bigint not null
) strict;

create table hall_service (
    id text primary key,
    unit text not null,
    position bigint not null,
    name text not null,
    open bigint not null check (open in (0, 1)),
    unique (unit, name)
) strict;

create table hall_desk (
    id text primary key,
    unit text not null,
    number bigint not null check (number > 0),
    services text not null,                 -- JSON list of ids; the empty list serves all
    open bigint not null check (open in (0, 1)),
    clerk text,                             -- the account that sits there
    unique (unit, number)
) strict;

create table ticket (
    id text primary key,
    unit text not null,
    day text not null,
    number bigint not null,                 -- from 1 each day, without gaps
    label text not null,                    -- as it is printed and shown
    service text not null references hall_service (id),
    rank text not null check (rank in ('priority', 'booked', 'ordinary')),
    grounds text not null,                  -- the group of a priority ticket
    ready_at bigint not null,               -- from when a booked one goes before others
    state text not null check (state in ('waiting', 'called', 'serving', 'served', 'no-show')),
    taken_at bigint not null,
    first_called_at bigint,
    called_at bigint,
    calls bigint not null default 0,
    started_at bigint,
    done_at bigint,
    desk bigint,
    clerk text,
    version bigint not null,
    unique (unit, day, number)
) strict;
create index ticket_waiting on ticket (unit, day, state, number);
create index ticket_called on ticket (unit, day, first_called_at);

create table appointment (
    id text primary key,
    code text not null unique,              -- shown to its owner, typed at the kiosk
    unit text not null,
    day text not null,
    minute bigint not null check (minute between 0 and 1439),
    service text not null references hall_service (id),
    account text not null,
    state text not null check (state in ('booked', 'cancelled', 'arrived', 'missed')),
    ticket text references ticket (id),
    made_at bigint not null,
    reminded_at bigint
) strict;
create index appointment_of_slot on appointment (unit, day, minute, state);
create index appointment_of_account on appointment (account, day);
create index appointment_to_remind on appointment (state, day);
