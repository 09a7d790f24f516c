-- Private keys, wrapped under the installation's secret (KEYS.md). `use` is what the key was made for.
create table trust_key (
  id text not null primary key,
  kind text not null check (kind in ('p256', 'p384', 'rsa2048', 'rsa3072')),
  made_for text not null,
  spki blob not null,
  wrapped blob not null,
  made_at bigint not null
) strict;

-- Authorities whose keys are here. `crl_number` rises with each change of what is revoked and with each
-- renewal of the lists; `crl_base` is the number of the last renewal, from which the delta list counts.
create table authority (
  id text not null primary key,
  role text not null check (role in ('root', 'issuing')),
  name text not null,
  parent text references authority (id),
  key text not null references trust_key (id),
  der blob not null,
  shards bigint not null check (shards between 0 and 256),
  state text not null check (state in ('active', 'retired')),
  crl_number bigint not null,
  crl_base bigint not null,
  crl_base_at bigint not null,
  crl_at bigint not null,
  crl_next bigint not null,
  made_at bigint not null
) strict;

-- The register. Whether a certificate has expired is told by its times, not by its state.
create table certificate (
  id text not null primary key,
  der blob not null,
  fingerprint text not null unique,
  serial text not null,
  issuer text not null,
  subject text not null,
  holder text not null,
  folded text not null,
  kind text not null
    check (kind in ('authority', 'official', 'agency_seal', 'service', 'tls', 'ocsp', 'tsa', 'other')),
  origin text not null check (origin in ('own', 'imported')),
  trust_class text not null check (trust_class in ('official_duty', 'public', 'internal', 'other')),
  authority text references authority (id),
  key text references trust_key (id),
  account text,
  post text,
  unit text,
  device text not null check (device in ('token', 'sim', 'server', 'hsm', 'unknown')),
  device_no text not null default '',
  letter text not null default '',
  not_before bigint not null,
  not_after bigint not null,
  state text not null check (state in ('valid', 'suspended', 'revoked')),
  changed_at bigint not null,
  reason bigint,
  invalid_since bigint,
  changed_by text,
  note text not null default '',
  request text,
  renews text,
  warned_days bigint,
  added_at bigint not null,
  version bigint not null default 1
) strict;
create index certificate_folded on certificate (folded);
create index certificate_state on certificate (state, not_after);
create index certificate_serial on certificate (authority, serial);
create index certificate_account on certificate (account);
create index certificate_unit on certificate (unit);

-- What happened to certificates of our authorities: one row each change, under the number of the list that
-- says so first. `reason` 8 takes a suspended certificate off the list again.
create table revocation (
  authority text not null references authority (id),
  no bigint not null,
  serial text not null,
  reason bigint not null,
  at bigint not null,
  invalid_since bigint,
  primary key (authority, no, serial)
) strict;

-- Keys that answer for an authority: OCSP responders and time-stamping units.
create table signing_unit (
  id text not null primary key,
  kind text not null check (kind in ('ocsp', 'tsa')),
  authority text not null references authority (id),
  certificate text not null references certificate (id),
  key text not null references trust_key (id),
  not_after bigint not null,
  state text not null check (state in ('active', 'retired'))
) strict;
create index signing_unit_kind on signing_unit (kind, state, authority);

-- Requests for certificates: who asks, for whom, and what two persons made of it.
create table certificate_request (
  id text not null primary key,
  kind text not null check (kind in ('official', 'agency_seal', 'service', 'tls')),
  account text,
  post text,
  unit text not null,
  holder text not null,
  title text not null,
  email text not null,
  host text not null,
  letter text not null,
  reason text not null,
  device text not null check (device in ('token', 'sim', 'server', 'hsm', 'unknown')),
  device_no text not null,
  csr blob,
  key_kind text,
  years bigint not null check (years between 1 and 5),
  renews text references certificate (id),
  state text not null check (state in ('asked', 'declined', 'withdrawn', 'issued')),
  asked_by text not null,
  asked_at bigint not null,
  decided_by text,
  decided_at bigint,
  note text not null default '',
  certificate text references certificate (id),
  version bigint not null default 1
) strict;
create index certificate_request_state on certificate_request (state, asked_at);
create index certificate_request_asked on certificate_request (asked_by, asked_at);

-- Serial numbers of time-stamps, taken in blocks, and the latest instant that is known to have been.
create table stamp_counter (
  id bigint not null primary key check (id = 1),
  next bigint not null,
  last_at bigint not null
) strict;
