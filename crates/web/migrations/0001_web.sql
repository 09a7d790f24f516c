create table session (
  token_hash text primary key,
  account text not null,
  csrf text not null,
  kind text not null check (kind in ('browser', 'api')),
  created_at bigint not null,
  seen_at bigint not null,
  ended_at bigint
) strict;
create index session_by_account on session (account, created_at);
create index session_by_seen on session (seen_at);

create table kept_form (
  token_hash text primary key,
  account text not null,
  path text not null,
  body text not null,
  created_at bigint not null
) strict;
create index kept_form_by_account on kept_form (account, created_at);
create index kept_form_by_created on kept_form (created_at);

create table throttle (
  key text primary key,
  failures bigint not null check (failures > 0),
  next_at bigint not null,
  seen_at bigint not null
) strict;
create index throttle_by_seen on throttle (seen_at);

create table idempotency (
  account text not null,
  key text not null,
  request_hash text not null,
  status bigint not null check (status between 100 and 599),
  body blob not null,
  at bigint not null,
  primary key (account, key)
) strict;
create index idempotency_by_at on idempotency (at);
