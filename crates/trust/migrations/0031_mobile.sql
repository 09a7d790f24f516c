-- What officials were asked to sign on their telephones. `to_sign` are the bytes whose hash went to the phone;
-- `signature` is there only after it was checked with the certificate's key.
create table mobile_request (
  id text not null primary key,
  account text not null,
  certificate text not null references certificate (id),
  number text not null,
  shown text not null,
  code text not null,
  to_sign blob not null,
  state text not null check (state in ('asked', 'sent', 'signed', 'refused', 'lapsed', 'failed')),
  operator_no text,
  signature blob,
  asked_at bigint not null,
  ends_at bigint not null,
  changed_at bigint not null
) strict;
create index mobile_request_of on mobile_request (account, asked_at);
create index mobile_request_open on mobile_request (state, number);

-- Files that wait for such a signature, or have it. `result` is what is appended to a PDF, or the message.
create table mobile_document (
  request text not null primary key references mobile_request (id),
  name text not null,
  format text not null check (format in ('pdf', 'cms')),
  sha256 text not null,
  made_at bigint not null,
  result blob
) strict;

-- The simulated operator of demonstrations and tests: its subscribers' cards, and what lies on their screens.
create table sim_card (
  number text not null primary key,
  key text not null references trust_key (id),
  fault text not null default '' check (fault in ('', 'slow', 'down', 'refused', 'wrong'))
) strict;
create table sim_prompt (
  id text not null primary key,
  request text not null unique,
  number text not null references sim_card (number),
  shown text not null,
  hash blob not null,
  state text not null check (state in ('waiting', 'confirmed', 'refused')),
  asked_at bigint not null,
  ends_at bigint not null
) strict;
create index sim_prompt_of on sim_prompt (number, asked_at);
