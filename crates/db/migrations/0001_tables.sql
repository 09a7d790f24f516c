-- The audit book. Entries commit with their effect; no and hash come when the sequencer chains them.
create table audit_entry(
    id text primary key,
    at bigint not null,
    actor_kind text not null check (actor_kind in ('system', 'anonymous', 'account')),
    actor text,
    office text,
    verb text not null,
    subject text not null,
    no bigint unique,
    hash text,
    check ((actor_kind = 'account') = (actor is not null)),
    check ((no is null) = (hash is null))
) strict;
create index audit_entry_unchained on audit_entry(id) where no is null;
create index audit_entry_subject on audit_entry(subject, id);

-- The chain's end: one row.
create table audit_head(
    one bigint primary key check (one = 1),
    no bigint not null,
    hash text not null,
    turn bigint not null
) strict;
insert into audit_head(one, no, hash, turn)
values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0);
