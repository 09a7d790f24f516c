-- Where a dossier came from that an earlier system had begun: its code there, letter for letter, and the
-- form of it that people type. What was promised there is kept here too, whatever happens to it later.
create table dossier_origin (
    dossier text primary key references dossier (id),
    source text not null,                   -- what that system was called
    code text not null,
    plain text not null unique,             -- spaces gone, letters upper case
    promised_at bigint,
    at bigint not null                      -- when it was taken over
) strict;
