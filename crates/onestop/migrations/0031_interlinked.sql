-- The dossier that a child of an interlinked procedure belongs to; null for all others.
-- law: onestop/interlinked
alter table dossier add column parent text references dossier (id);
create index dossier_of_parent on dossier (parent);

-- The procedures inside a received interlinked dossier, one row each. Where the catalogue has the
-- procedure, its row gets a dossier when it begins; the others are followed by hand.
create table dossier_part (
    parent text not null references dossier (id),
    part text not null,                     -- the id of the child in the procedure's file
    ordinal bigint not null,                -- its place in the file
    dossier text references dossier (id),
    begun_at bigint,                        -- null while it waits for the results of others
    outcome text check (outcome in ('granted', 'failed')), -- of one followed by hand
    word text not null default '',          -- what the parent's officials say of a missing result
    said_by text,
    said_at bigint,
    primary key (parent, part)
) strict;
create index part_of_dossier on dossier_part (dossier);
