-- How long the signatures of a sealed result can be checked (ETSI EN 319 142-1): B-B as signed; B-T with a
-- time-stamp; B-LT with certificates and lists beside them. Raised in the background.
create table result_level (
    dossier text not null references dossier (id),
    ordinal bigint not null,
    level text not null check (level in ('B-B', 'B-T', 'B-LT')),
    tries bigint not null,                  -- since the last step
    trouble text not null default '',       -- what the last try met, for those who keep the system
    since bigint not null,
    primary key (dossier, ordinal)
) strict;
create index result_level_below on result_level (level, since);
