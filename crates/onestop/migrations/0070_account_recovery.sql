-- What counters did for citizens who could not sign in any more: who saw what, and what was changed.
create table account_recovery (
    id text primary key,
    account text not null,
    clerk text not null,
    unit text not null,
    seen text not null check (seen in ('card', 'vneid', 'other')),
    note text not null,                     -- which paper, where it was another one
    new_password bigint not null check (new_password in (0, 1)),
    new_phone bigint not null check (new_phone in (0, 1)),
    at bigint not null,
    check (new_password = 1 or new_phone = 1)
) strict;
create index account_recovery_of_account on account_recovery (account, at);
