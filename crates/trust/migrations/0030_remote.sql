-- What officials have let programs sign with keys that are kept here: hashes, each once, under one PIN.
-- `hashes` are all as long as `hash_bytes`, one after the other; `labels` is a JSON list of their names.
-- Tokens are kept as SHA-256: `handle` names a wait for the owner, `sad` lets the signatures be made.
create table remote_authorisation (
  id text not null primary key,
  account text not null,
  certificate text not null references certificate (id),
  state text not null check (state in ('asked', 'granted', 'spent', 'refused')),
  hash_bytes bigint not null check (hash_bytes in (32, 48, 64)),
  hashes blob not null,
  labels text not null,
  description text not null,
  handle text unique,
  sad text unique,
  asked_at bigint not null,
  ends_at bigint not null,
  changed_at bigint not null,
  version bigint not null default 1
) strict;
create index remote_authorisation_of on remote_authorisation (account, asked_at);
