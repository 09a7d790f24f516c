-- Documents that were judged valid here, by the SHA-256 of their bytes: they existed at `first_at`, and rested on
-- these pieces of evidence. A piece is kept once, whoever rests on it.
create table evidence_document (
  document text not null primary key,
  first_at bigint not null,
  last_at bigint not null
) strict;
create index evidence_document_of_age on evidence_document (last_at, document);
create table evidence_piece (
  hash text not null primary key,
  kind text not null check (kind in ('certificate', 'list', 'answer')),
  der blob not null,
  added_at bigint not null
) strict;
create table evidence_use (
  document text not null references evidence_document (document),
  piece text not null references evidence_piece (hash),
  primary key (document, piece)
) strict;
create index evidence_use_piece on evidence_use (piece);
