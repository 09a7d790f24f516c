-- What is said about a dossier. 'talk' is between its applicant and the office that has it; 'note' stays
-- among officials. Nothing is taken back: rows are only added.
create table message (
    id text primary key,
    dossier text not null references dossier (id),
    kind text not null check (kind in ('talk', 'note')),
    ordinal bigint not null,                -- the place within its kind
    side text not null check (side in ('owner', 'office')),
    account text not null,
    office text,                            -- in whose name, for officials
    words text not null,
    written_at bigint not null,
    unique (dossier, kind, ordinal),
    check (kind = 'talk' or side = 'office')
) strict;
create index message_of_account on message (account, written_at);

create table message_file (
    id text primary key,
    message text not null references message (id),
    name text not null,
    media text not null,
    size bigint not null,
    sha256 text not null
) strict;
create index file_of_message on message_file (message);

-- Where the talk of a dossier stands.
create table message_thread (
    dossier text primary key references dossier (id),
    waiting_since bigint,                   -- the applicant wrote, and nobody has answered or settled it
    unread bigint not null check (unread >= 0) -- answers that the applicant has not opened
) strict;
create index thread_waiting on message_thread (waiting_since);
