-- How agencies kept the limits of the parts of interlinked dossiers that they settled: one row for each child
-- that is a dossier of its own, computed from its step log as `measure` is. What was received is counted by the
-- parent alone. law: onestop/interlinked
create table measure_part (
    dossier text primary key references dossier (id),
    parent text not null references dossier (id),
    agency text not null,
    procedure text not null,
    channel text not null,
    settled bigint,                         -- the month of the decision
    decided_at bigint,
    grade bigint check (grade in (0, 1, 2)),-- against the child's own promise
    stage_points bigint not null,
    stages bigint not null,
    version bigint not null
) strict;
create index measure_part_settled on measure_part (agency, settled, procedure, channel, grade);
create index measure_part_of on measure_part (parent);

-- A parent that was late, and would not have been if other agencies had kept the limits of their parts.
alter table measure add column elsewhere bigint not null default 0 check (elsewhere in (0, 1));
create index measure_elsewhere on measure (agency, settled) where elsewhere = 1;
-- Made anew, from before these were counted.
update measure set version = 0 where dossier in (select parent from dossier where parent is not null);
