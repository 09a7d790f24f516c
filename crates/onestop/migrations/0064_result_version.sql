-- Results whose signatures can be checked for long are kept so by `trust`, which puts archive time-stamps on them
-- (B-LTA). kept_as: its id there. The newest archive time-stamp: when it was given, and until when it counts.
alter table result_level add column kept_as text;
alter table result_level add column archived_at bigint;
alter table result_level add column archived_until bigint;
create index result_level_kept on result_level (kept_as);

-- The file of a sealed result as it was after each step. A step only adds at the end, so an earlier version is the
-- first `size` bytes of any later one, and `sha256` is what they hash to.
create table result_version (
    dossier text not null references dossier (id),
    ordinal bigint not null,
    no bigint not null check (no > 0),
    level text not null check (level in ('B-B', 'B-T', 'B-LT', 'B-LTA')),
    sha256 text not null,
    size bigint not null,
    at bigint not null,
    primary key (dossier, ordinal, no)
) strict;
insert into result_version (dossier, ordinal, no, level, sha256, size, at)
    select l.dossier, l.ordinal, 1, l.level, p.sha256, p.size, l.since
      from result_level l join dossier_paper p
        on p.dossier = l.dossier and p.ordinal = l.ordinal and p.kind = 'result';
