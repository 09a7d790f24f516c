-- Results that were signed and sealed on paper: whose signature, on which day, and who says so.
create table result_on_paper (
    dossier text not null references dossier (id),
    ordinal bigint not null,                -- the line of the log by which the version was decided
    signer text not null,
    signed_on text not null,
    account text not null,
    at bigint not null,
    primary key (dossier, ordinal)
) strict;

-- Whether a result may go out signed with a pen: never, without-certificate, always.
insert into parameter (id, value, valid_from, source)
values ('result-on-paper', 'without-certificate', '2018-01-01', 'onestop/result-signature');
