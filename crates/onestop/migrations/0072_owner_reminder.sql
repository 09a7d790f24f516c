-- How often somebody was reminded of a dossier that waits for them: papers to bring, a fee to pay.
create table owner_reminder (
    dossier text not null references dossier (id),
    since bigint not null,                  -- since when it waits
    step bigint not null check (step between 1 and 9),
    told_at bigint not null,
    primary key (dossier, since, step)
) strict;
create index dossier_waiting_for_owner on dossier (since) where status in (5, 6);

insert into parameter (id, value, valid_from, source)
values ('owner-reminder-days', '3,7,15', '2018-01-01', 'onestop/reminders');
