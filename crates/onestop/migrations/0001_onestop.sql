-- A procedure as it was published: the whole readable file, one row a version. A dossier keeps
-- the version under which it was accepted.
create table procedure_version (
    id text primary key,                    -- CODE@VERSION
    code text not null,
    version bigint not null check (version > 0),
    valid_from text not null,
    valid_to text,
    source text not null,                   -- the TOML file
    unique (code, version)
) strict;

-- How numbers that people see are made: law is dated data. law: onestop/dossier-code
create table number_scheme (
    id text primary key,                    -- 'dossier', 'result', 'receipt'
    pattern text not null,                  -- words in braces: {ident} {yymmdd} {yyyy} {n} {symbol}
    width bigint not null check (width between 1 and 9),   -- digits at least, zeros in front
    width_max bigint not null check (width_max between width and 9), -- a fuller book refuses
    resets text not null check (resets in ('day', 'year')),
    source text not null
) strict;

-- Readings of the law that are a choice: dated, with the reason and the doubt.
create table parameter (
    id text not null,                       -- 'after-supplement': restart or resume
    value text not null,
    valid_from text not null,
    valid_to text,
    source text not null,
    primary key (id, valid_from)
) strict;

-- The last number given in each book. One row is one line of counting without gaps.
create table number_book (
    book text primary key,                  -- SCHEME|OWNER|DAY or YEAR
    last bigint not null check (last > 0)
) strict;

create table draft (
    id text primary key,
    account text not null,
    procedure text not null references procedure_version (id),
    unit text,                              -- the counter chosen
    answers text not null,                  -- JSON object
    return_by text not null default 'counter' check (return_by in ('counter', 'online', 'post')),
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    dossier text                            -- set once, by filing: a second submit finds it
) strict;
create index draft_of_account on draft (account, updated_at);

-- A file somebody sent. It belongs to its account and dies unreferenced after a day.
create table upload (
    id text primary key,
    account text not null,
    draft text references draft (id),
    component text,
    name text not null,
    media text not null,
    size bigint not null check (size >= 0),
    sha256 text not null,
    created_at bigint not null,
    dossier text                            -- set when a dossier took it over
) strict;
create index upload_of_draft on upload (draft);
create index upload_by_age on upload (dossier, created_at);

create table dossier (
    id text primary key,
    code text not null unique,
    procedure text not null references procedure_version (id),
    counter text not null,                  -- the one-stop counter that answers to the citizen
    agency text not null,                   -- the agency that settles
    applicant text,                         -- the account; none for a person without one
    applicant_name text not null,
    applicant_folded text not null,
    applicant_number text not null,         -- personal or tax number
    applicant_phone text not null,
    applicant_email text not null,
    applicant_address text not null,
    channel text not null check (channel in ('online', 'counter', 'post')),
    return_by text not null check (return_by in ('counter', 'online', 'post')),
    answers text not null,                  -- JSON object
    status bigint not null check (status between 1 and 10),
    was bigint check (was in (1, 2, 4)),    -- the status in which papers were asked for
    stage text,                             -- the internal step
    holder_unit text not null,              -- who must act, or would if the clock ran
    holder_role text not null,
    filed_at bigint not null,
    answer_by bigint not null,
    accepted_at bigint,
    due_at bigint,
    since bigint not null,                  -- since when it has this status
    deadline bigint,                        -- the running clock, for lists: answer_by, due or null
    supplement_requests bigint not null default 0,
    fee_asked bigint not null default 0,    -- whole đồng
    fee_paid bigint not null default 0,
    version bigint not null
) strict;
create index dossier_of_applicant on dossier (applicant, filed_at);
create index dossier_at_counter on dossier (counter, status, deadline);
create index dossier_at_holder on dossier (holder_unit, holder_role, status, deadline);
create index dossier_at_agency on dossier (agency, status, deadline);

-- The step log: the control slip, the history and the figures are read from it.
create table dossier_step (
    id text primary key,
    dossier text not null references dossier (id),
    ordinal bigint not null,
    verb text not null,                     -- 'file' or a step's word
    from_status bigint not null,
    to_status bigint not null,
    from_stage text,
    to_stage text,
    at bigint not null,
    account text,                           -- who
    office text,                            -- in which unit, for officials
    reason_code text,
    note text not null default '',          -- shown to the citizen
    details text not null default '{}',     -- JSON: components asked for, amount, result number
    due_at bigint,                          -- the promised time after the step
    unique (dossier, ordinal)
) strict;

create table dossier_file (
    id text primary key,
    dossier text not null references dossier (id),
    component text not null,
    name text not null,
    media text not null,
    size bigint not null,
    sha256 text not null,
    added_at bigint not null
) strict;
create index file_of_dossier on dossier_file (dossier);

-- What we print about a dossier: proof slip, form 01, result. Made after the commit, kept as made.
create table dossier_paper (
    dossier text not null references dossier (id),
    kind text not null check (kind in ('slip', 'receipt', 'supplement', 'refusal', 'result')),
    ordinal bigint not null,                -- of the step that it follows
    sha256 text not null,
    size bigint not null,
    made_at bigint not null,
    primary key (dossier, kind, ordinal)
) strict;

create table dossier_result (
    dossier text primary key references dossier (id),
    outcome text not null check (outcome in ('granted', 'denied')),
    number text not null,
    symbol text not null,
    day text not null,
    reason text not null default '',
    signer_name text not null,
    signer_title text not null,
    agency text not null
) strict;
