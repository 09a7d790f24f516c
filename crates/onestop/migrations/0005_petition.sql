-- A petition (phản ánh, kiến nghị): what somebody tells an agency, and what became of it.
create table petition (
    id text primary key,
    number text not null unique,            -- the receipt number people see
    follow text not null unique,            -- SHA-256 of the code to follow it by
    kind text not null check (kind in ('complaint', 'proposal')),
    topic text not null check (topic in ('attitude', 'delay', 'papers', 'fee', 'rules', 'other')),
    subject text not null,
    content text not null,
    about text not null,                    -- the unit it speaks of
    dossier text references dossier (id),   -- the dossier it speaks of, if any
    dossier_code text,
    account text,                           -- who sent it, if signed in
    sender_name text not null,
    sender_phone text not null,
    sender_email text not null,
    intake text not null,                   -- the counter that answers for it
    agency text not null,                   -- the agency whose leader approves
    holder text not null,                   -- the unit that is to answer
    state text not null check (state in ('received', 'incomplete', 'refused', 'forwarded', 'answered',
        'published', 'withheld')),
    refuse_by bigint,
    sort_by bigint,
    answer_by bigint,
    publish_by bigint,
    deadline bigint,                        -- the running clock, for lists
    clock_at bigint not null,               -- from when the limits count
    received_at bigint not null,
    since bigint not null,                  -- since when it has this state
    answer text not null default '',        -- to the sender
    finding text not null default '' check (finding in ('', 'upheld', 'partly', 'unfounded', 'none')),
    answered_at bigint,
    answered_by text,                       -- the account; another one must approve
    public_subject text not null default '',
    public_content text not null default '',
    public_answer text not null default '',
    published_at bigint,
    version bigint not null
) strict;
create index petition_at_intake on petition (intake, state, deadline);
create index petition_at_agency on petition (agency, state, deadline);
create index petition_at_holder on petition (holder, state, deadline);
create index petition_of_account on petition (account, received_at);
create index petition_published on petition (published_at);

-- What happened to it, with the limit that ran and whether it was kept: figures are read from here.
create table petition_step (
    id text primary key,
    petition text not null references petition (id),
    ordinal bigint not null,
    verb text not null,                     -- 'send' or a step's word
    from_state text not null,
    to_state text not null,
    at bigint not null,
    account text,
    office text,
    reason_code text,
    basis text not null default '',         -- the legal basis, of a refusal
    note text not null default '',          -- shown to the sender
    unit text,                              -- to whom it was forwarded
    due_at bigint,
    late bigint not null check (late in (0, 1)),
    unique (petition, ordinal)
) strict;

create table petition_file (
    id text primary key,
    petition text not null references petition (id),
    name text not null,
    media text not null,
    size bigint not null,
    sha256 text not null,
    added_at bigint not null
) strict;
create index file_of_petition on petition_file (petition);

-- How content the citizen was: once a dossier, once a petition.
create table rating (
    id text primary key,
    kind text not null check (kind in ('dossier', 'petition')),
    subject text not null,                  -- the dossier's or the petition's id
    score text not null check (score in ('very', 'content', 'not')),
    topics text not null,                   -- JSON list of what was not good
    note text not null,
    channel text not null check (channel in ('online', 'slip')),
    counter text not null,
    agency text not null,
    account text,
    rated_at bigint not null,
    unique (kind, subject)
) strict;
create index rating_of_agency on rating (agency, rated_at);

-- The code on the slip a clerk hands out, for whoever has no account.
create table rating_slip (
    dossier text primary key references dossier (id),
    code text not null unique,              -- SHA-256
    made_at bigint not null
) strict;
