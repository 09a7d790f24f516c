-- The PIN by which a key that is kept here signs for its holder (Argon2id), and the wrong ones in a row.
create table signing_pin (
  certificate text not null primary key references certificate (id),
  hash text not null,
  wrong bigint not null check (wrong >= 0),
  set_at bigint not null
) strict;
