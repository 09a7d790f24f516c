-- What other systems have kept secret for them, wrapped as private keys are (KEYS.md): for whom, for those who
-- look at the table. The wrapped bytes open in the row of this id alone.
create table trust_secret (
  id text not null primary key,
  made_for text not null,
  wrapped blob not null,
  made_at bigint not null
) strict;
