-- Reports on signatures that somebody checked on the public page, kept for a day so that they can be read again,
-- printed and taken home. Whoever has the id has the report.
create table validation_report (
    id text primary key,                    -- 128 random bits, hexadecimal
    made_at bigint not null,
    report text not null                    -- JSON, as the API answers it
) strict;
create index validation_report_of_age on validation_report (made_at);
