-- Answers of a dossier that were typed from paper or corrected after it was filed: one row an answer, with
-- the line of the log that tells of it. JSON; null: there was no answer, or it was taken away.
create table answer_change (
    dossier text not null references dossier (id),
    ordinal bigint not null,                -- the line of the log
    field text not null,
    before text,
    after text,
    at bigint not null,
    account text,                           -- who; none: the program
    office text,                            -- in which unit, for officials
    primary key (dossier, ordinal, field)
) strict;

-- The limit of one dossier whose procedure's file states none: what the clerk read, and where. The newest
-- counts. law: onestop/stated-limit
create table dossier_limit (
    dossier text not null references dossier (id),
    ordinal bigint not null,                -- the line of the log
    value text not null,                    -- as the files write limits: 10wd, 4wh, 20d, sameday
    source text not null,
    at bigint not null,
    account text,
    office text,
    primary key (dossier, ordinal)
) strict;
