-- Where issuers from outside say what they have revoked, as the register's certificates name it, and how asking
-- there has gone. A list is about all certificates of its issuer; an answer about the one that `certificate` names.
-- `held` is the SHA-256 of what was fetched and believed last, a content of the store.
create table outside_source (
  id text not null primary key,
  kind text not null check (kind in ('list', 'answer')),
  issuer text not null,
  address text not null,
  certificate text not null default '',
  held text,
  true_at bigint,
  until_at bigint,
  entries bigint not null default 0,
  fetched_at bigint,
  next_at bigint not null,
  failures bigint not null default 0,
  error text not null default '',
  added_at bigint not null
) strict;
create unique index outside_source_of on outside_source (kind, issuer, address, certificate);
create index outside_source_due on outside_source (next_at, id);
-- Whether a certificate's addresses are in the table above, and which of them said what the register says of it.
alter table certificate add column gathered bigint not null default 0;
alter table certificate add column told_by text;
create index certificate_gathered on certificate (origin, gathered, id);
create index certificate_issuer on certificate (issuer, id);
