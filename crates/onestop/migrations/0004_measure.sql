-- What can be said of each dossier in figures: one row a dossier, computed from its step log alone and
-- so made anew at any time. Months are numbers, 202611. law: onestop/evaluation
create table measure (
    dossier text primary key references dossier (id),
    agency text not null,
    procedure text not null,
    channel text not null check (channel in ('online', 'counter', 'post')),
    filed bigint not null,                  -- the month of filing
    received bigint,                        -- the month of reception
    settled bigint,                         -- the month of the decision
    ended bigint,                           -- the month of an end without one: refused, withdrawn, stopped
    decided_at bigint,
    grade bigint check (grade in (0, 1, 2)),-- against the promised time: late, on its day, earlier
    minutes bigint,                         -- office minutes from reception to decision, waiting left out
    stage_points bigint not null,           -- 0, 1 or 2 for each internal step with a limit, summed
    stages bigint not null,                 -- how many such steps
    requests bigint not null,               -- how often papers were asked for
    paid bigint not null check (paid in (0, 1, 2, 3)), -- no fee, asked for, paid at the counter, online
    scanned bigint not null check (scanned in (0, 1)), -- files lie in it
    version bigint not null                 -- of the dossier when this was computed
) strict;
create index measure_received on measure (agency, received, procedure, channel);
create index measure_settled on measure (agency, settled, procedure, channel, grade, minutes);
