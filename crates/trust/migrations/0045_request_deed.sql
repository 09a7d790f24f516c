-- Requests for certificates that an administrator approves in one deed; a job issues them, some with each commit.
create table request_deed (
  id text not null primary key,
  account text not null,
  office text not null,
  at bigint not null
) strict;
create index request_deed_of on request_deed (account, at);
create table request_deed_item (
  deed text not null references request_deed (id),
  n bigint not null,
  request text not null references certificate_request (id),
  state text not null check (state in ('waiting', 'issued', 'refused')),
  reason text not null default '',
  primary key (deed, n),
  unique (deed, request)
) strict;
create index request_deed_item_by_state on request_deed_item (state, deed);
