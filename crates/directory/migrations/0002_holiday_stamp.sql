-- Which state of the table holiday this is: a fresh id with every change, so that a parsed table may be
-- kept under it. No row: nobody has changed the table since this migration, and nothing is kept.
create table holiday_stamp (
  one bigint not null primary key check (one = 1),
  stamp text not null
) strict;
