-- Where the official signs in the printed file: page, middle of the column, top and height, in points.
alter table dossier_paper add column sign_at text;

-- Results that wait for a signature: the decision's signer first, then the agency's seal.
create table result_to_sign (
    dossier text not null references dossier (id),
    ordinal bigint not null,
    part text not null check (part in ('person', 'seal')),
    whose text not null,                    -- the account, or the unit whose seal it is
    since bigint not null,
    primary key (dossier, ordinal)
) strict;
create index result_to_sign_of on result_to_sign (part, whose, since);

-- The signatures in a result, and the file as it was before each.
create table result_signature (
    dossier text not null references dossier (id),
    ordinal bigint not null,
    part text not null check (part in ('person', 'seal')),
    certificate text not null,
    holder text not null,
    account text not null,
    before text not null,
    sha256 text not null,
    at bigint not null,
    primary key (dossier, ordinal, part)
) strict;
