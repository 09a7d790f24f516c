-- Results that an official is signing on the telephone (SIM PKI), one after the other, because a phone shows one
-- request at a time.
create table phone_request (
    id text primary key,
    account text not null,
    certificate text not null,              -- in the SIM card
    made_at bigint not null
) strict;
create index phone_request_made on phone_request (made_at);

-- Each of them: what the phone is told, and while it is asked, the request to the operator (`ticket`, of `trust`)
-- with the file that has room for the signature and the hash that is signed.
create table phone_item (
    request text not null references phone_request (id),
    n bigint not null,
    dossier text not null references dossier (id),
    ordinal bigint not null,
    whose text not null,
    since bigint not null,
    what text not null,
    state text not null check (state in
        ('waiting', 'asked', 'signed', 'overtaken', 'refused', 'lapsed', 'failed', 'dropped')),
    ticket text,
    before text,
    prepared text,
    hash text,
    drawn text,                             -- where the signature will be seen
    primary key (request, n)
) strict;
create index phone_item_by_state on phone_item (state, request);
