-- The personal vault: papers and results of a person, by reference to contents that are stored once.
-- law: onestop/vault
create table vault_entry (
    id text primary key,
    source text not null unique,            -- what it was made of, so that it is made once: result:DOSSIER
    origin text not null check (origin in ('result', 'scan', 'own')),
    owner text not null,                    -- an account, or number and folded name until one is confirmed
    kind text not null default '',          -- the code of the kind of paper, where one is known
    name text not null,
    name_folded text not null,
    number text not null default '',
    issued_on text,
    expires_on text,                        -- the last day on which it is valid; none is known: null
    issuer text not null default '',
    file_name text not null,
    media text not null,
    size bigint not null check (size >= 0),
    sha256 text not null,
    dossier text references dossier (id),   -- whose result it is, or with which it was scanned
    component text not null default '',
    state text not null check (state in ('valid', 'revoked', 'replaced')),
    reason text not null default '',        -- why it is not valid any more
    ended_by text,
    ended_at bigint,
    offered bigint not null default 1 check (offered in (0, 1)), -- its owner lets it be used in dossiers
    compared_by text,                       -- who compared the scan with the original
    compared_at bigint,
    added_by text,                          -- null: it came by itself
    added_at bigint not null
) strict;
create index vault_entry_of_owner on vault_entry (owner, added_at);
create index vault_entry_of_dossier on vault_entry (dossier);

-- Each use of an entry in a dossier: who, when, for what. Its owner sees every line.
create table vault_use (
    id text primary key,
    entry text not null references vault_entry (id),
    dossier text not null references dossier (id),
    file text not null references dossier_file (id),
    component text not null,
    why text not null check (why in ('file', 'supplement')),
    account text not null,
    at bigint not null,
    unique (dossier, file)
) strict;
create index vault_use_of_entry on vault_use (entry, at);

-- An upload that is an entry of the vault, chosen for a draft: the content is the same one.
alter table upload add column vault text;
