-- When an official is away, and who is given what would come to them.
create table absence (
    id text primary key,
    account text not null,
    stand_in text,                          -- null: what comes stays with the whole unit
    from_day text not null,
    to_day text not null,
    reason text not null,
    made_by text not null,
    made_at bigint not null,
    ended_at bigint                         -- taken back, or back earlier
) strict;
create index absence_of_account on absence (account, to_day);
