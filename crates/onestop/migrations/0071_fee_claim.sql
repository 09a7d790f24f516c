-- Who says that the law forgives them a fee, with the proof, and what the counter said to it.
create table fee_claim (
    id text primary key,
    dossier text not null references dossier (id),
    bill text not null references fee_bill (id),
    counter text not null,
    reduction text not null references fee_reduction (id),
    name text not null,
    percent bigint not null,
    file text not null,                     -- a file of the dossier
    note text not null default '',
    account text not null,
    at bigint not null,
    state text not null check (state in ('asked', 'granted', 'declined')),
    reason text not null default '',
    decided_by text,
    decided_at bigint
) strict;
create index fee_claim_of_dossier on fee_claim (dossier, at);
create unique index fee_claim_open on fee_claim (bill) where state = 'asked';
create index fee_claim_at_counter on fee_claim (counter, state, at);
