-- The province this installation serves, and how it reads the levels of a procedure.
create table province (
  code text not null primary key,
  name text not null,
  short_name text not null,
  frame text not null,
  owner text not null,
  hotline text not null,
  ident text,
  ident_qd20 text,
  root text not null,
  procedure_levels text not null,
  registration_open bigint not null check (registration_open in (0, 1)),
  confirm_on_registration bigint not null check (confirm_on_registration in (0, 1)),
  seeded text not null,
  loaded_at bigint not null
) strict;

create table level_rule (
  level text not null primary key,
  answered_by text not null
) strict;

-- A territory (tỉnh, huyện, xã) or an agency in it. Codes are reused, so the key is code and first day;
-- id is the two in one word, CODE@YYYY-MM-DD. valid_to is the last day, empty while it stands.
create table unit (
  id text not null primary key,
  code text not null,
  valid_from text not null,
  valid_to text,
  name text not null,
  name_folded text not null,
  kind text not null,
  level text not null,
  territory bigint not null check (territory in (0, 1)),
  function text,
  parent text references unit (id),
  symbol text,
  ident text,
  address text,
  invented bigint not null check (invented in (0, 1)),
  source text,
  doubt text,
  position bigint not null,
  version bigint not null default 1,
  unique (code, valid_from),
  check (valid_to is null or valid_to >= valid_from)
) strict;
create index unit_parent on unit (parent);
create index unit_level on unit (level, position);

-- What a unit does: counter, leadership, committee, council, justice, construction, land …
create table unit_function (
  unit text not null references unit (id),
  function text not null,
  primary key (unit, function)
) strict;

-- Which unit takes over when this one ends. The code may belong to a unit that does not stand yet.
create table unit_successor (
  unit text not null references unit (id),
  successor text not null,
  fallback bigint not null check (fallback in (0, 1)),
  primary key (unit, successor)
) strict;

-- Office hours in the words of base::OfficeHours: "Mon-Fri 07:00-11:00 13:00-17:00". A unit without a
-- row of its own follows the nearest unit above it that has one.
create table office_hours (
  unit text not null primary key references unit (id),
  hours text not null,
  source text not null,
  version bigint not null default 1
) strict;

-- A day on which a unit and all below it are closed (storm, flood, move of an office).
create table closure (
  unit text not null references unit (id),
  day text not null,
  reason text not null,
  version bigint not null default 1,
  primary key (unit, day)
) strict;

-- National days off, compensation days and swapped working Saturdays: the columns of base::calendar::Row.
-- Officials confirm and correct them; `standing` and `source` say how sure a row is and why.
create table holiday (
  day text not null primary key,
  kind text not null check (kind in ('holiday', 'compensation', 'swapped_off', 'swapped_work')),
  occasion text,
  standing text not null check (standing in ('confirmed', 'doubtful', 'estimated', 'proposed')),
  swap text,
  source text not null,
  version bigint not null default 1
) strict;

create table account (
  id text not null primary key,
  kind text not null check (kind in ('citizen', 'official')),
  login text not null unique,
  password_hash text,
  password_once bigint not null default 0 check (password_once in (0, 1)),
  name text not null,
  name_folded text not null,
  sort_key text not null,
  personal_number text unique,
  phone text,
  email text,
  address text,
  confirmed_at bigint,
  disabled_at bigint,
  created_at bigint not null,
  version bigint not null default 1
) strict;
create index account_name on account (kind, sort_key);

-- What an official does in a unit, and in which role. valid_to is the last day.
create table post (
  id text not null primary key,
  account text not null references account (id),
  unit text not null references unit (id),
  role text not null check (role in ('counter_clerk', 'records_clerk', 'officer', 'leader', 'unit_admin', 'admin')),
  title text not null,
  valid_from text not null,
  valid_to text,
  version bigint not null default 1,
  check (valid_to is null or valid_to >= valid_from)
) strict;
create index post_account on post (account);
create index post_unit on post (unit);

create table enterprise (
  tax_number text not null primary key,
  name text not null,
  name_folded text not null,
  address text,
  representative text references account (id),
  created_at bigint not null,
  version bigint not null default 1
) strict;
