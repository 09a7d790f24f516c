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

-- Events, put with the change they tell of. Dealt out (fanned = 1) into one delivery a listener.
create table outbox(
    seq serial_key,
    id text not null unique,
    topic text not null,
    aggregate text not null,
    payload text not null,
    at bigint not null,
    fanned bigint not null check (fanned in (0, 1))
) strict;
create index outbox_new on outbox(seq) where fanned = 0;

-- What a listener has still to hear. due_at: 0 at once, a later time after a failure, the end of time
-- when parked.
create table delivery(
    listener text not null,
    seq bigint not null references outbox(seq),
    aggregate text not null,
    due_at bigint not null,
    attempts bigint not null,
    parked_at bigint,
    error text,
    primary key (listener, seq)
) strict;
create index delivery_seq on delivery(seq);
create index delivery_waiting on delivery(listener, aggregate) where due_at > 0;

-- Which instance delivers to a listener now. The row without a name is held while events are dealt out.
create table listener(
    name text primary key,
    holder text not null,
    lease_until bigint not null
) strict;
insert into listener(name, holder, lease_until) values ('', '', 0);

-- What a consumer has done already, written in its own transaction.
create table inbox(
    consumer text not null,
    event text not null,
    at bigint not null,
    primary key (event, consumer)
) strict;

-- Work for later. period_us: it comes again.
create table job(
    id text primary key,
    kind text not null,
    payload text not null,
    run_at bigint not null,
    period_us bigint check (period_us > 0),
    attempts bigint not null,
    lease text,
    lease_until bigint not null,
    parked_at bigint,
    error text
) strict;
create index job_due on job(run_at) where parked_at is null;

-- Contents kept outside the tables, by their SHA-256. refs: rows elsewhere that need it. doomed: being
-- deleted, not to be used.
create table content(
    hash text primary key,
    size_bytes bigint not null check (size_bytes >= 0),
    refs bigint not null check (refs >= 0),
    doomed bigint not null check (doomed in (0, 1)),
    at bigint not null
) strict;
create index content_unused on content(at) where refs = 0;
