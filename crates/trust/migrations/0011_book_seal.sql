-- The end of the audit book as it was on a day, under a time-stamp: whoever remakes the book must remake
-- these too, and cannot.
create table book_seal (
  no bigint not null primary key,
  hash text not null,
  at bigint not null,
  token blob not null
) strict;
