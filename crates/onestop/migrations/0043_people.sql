-- What changed hands because the directory found who somebody is: under the merge of two accounts, or when an
-- account was confirmed. Each row once, so that it can go back.
create table person_move (
    why text not null,                      -- the merge's id, or the account that was confirmed
    place text not null,                    -- whose row: dossier, draft, petition …
    item text not null,                     -- its id
    former text,                            -- the account it had; null for nobody's
    at bigint not null,
    back_at bigint,
    primary key (why, place, item)
) strict;
create index person_move_of_item on person_move (item);
