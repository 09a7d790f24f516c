-- Documents that are kept checkable: `held` is the SHA-256 of the document as it is now, a content of the store. Its
-- newest archive time-stamp counts until `lapses_at`; before that it gets another one.
create table archive_item (
  id text not null primary key,
  system text not null,
  subject text not null,
  kind text not null check (kind in ('pdf', 'message', 'record')),
  held text not null,
  stamped_at bigint,
  lapses_at bigint,
  next_at bigint not null,
  failures bigint not null default 0,
  error text not null default '',
  added_at bigint not null,
  version bigint not null default 1
) strict;
create unique index archive_item_of on archive_item (system, subject);
create index archive_item_due on archive_item (next_at, id);
-- Its archive time-stamps as they were put on, the first one 1. Of a record the token stands here (ARCHIVE.md); of a
-- document that carries its own, nothing.
create table archive_stamp (
  item text not null references archive_item (id),
  no bigint not null check (no > 0),
  at bigint not null,
  lapses_at bigint not null,
  token blob,
  primary key (item, no)
) strict;
