-- Results that an official is signing with a token at hand, through the agent on their machine. The word that
-- comes back with the signatures is known by its hash alone, serves once and not for long.
create table device_request (
    id text primary key,                    -- SHA-256 of the word, hexadecimal
    account text not null,
    certificate text not null,
    made_at bigint not null,
    until_at bigint not null
) strict;
create index device_request_until on device_request (until_at);

-- Each with the file that has room for its signature, and the hash that is signed.
create table device_item (
    request text not null references device_request (id),
    n bigint not null,
    dossier text not null references dossier (id),
    ordinal bigint not null,
    part text not null check (part in ('person', 'seal')),
    whose text not null,
    since bigint not null,
    before text not null,
    prepared text not null,
    hash text not null,
    drawn text,                             -- where the signature will be seen
    primary key (request, n)
) strict;
