-- What each official's own steps came to: points of the internal steps with a limit that this person ended.
-- Rows of figures are made anew to fill it. law: onestop/evaluation
create table measure_person (
    dossier text not null references dossier (id),
    account text not null,
    points bigint not null,                 -- 0, 1 or 2 for each step, summed
    steps bigint not null,
    primary key (dossier, account)
) strict;
update measure set version = 0;
create index petition_of_dossier on petition (dossier);
create index petition_step_by_time on petition_step (at, due_at, late);
