-- A result with an error (đính chính): somebody asks, a leader decides, the corrected document is a new
-- version and the old one stays. law: onestop/results
create table correction (
    id text primary key,
    dossier text not null references dossier (id),
    open bigint check (open = 1),           -- 1 while it waits, then null: one waits at a time
    state text not null check (state in ('asked', 'corrected', 'declined', 'taken-back')),
    what text not null,                     -- what is wrong, in the words of whoever asks
    fault text not null check (fault in ('official', 'citizen')),
    asked_by text not null,                 -- the account
    asked_at bigint not null,
    decided_by text,
    decided_at bigint,
    note text not null default '',          -- the leader's words
    changes text not null default '{}',     -- JSON: what the document says now, by the field of its paper
    ordinal bigint,                         -- the line of the log after which the new version is printed
    old_ordinal bigint,                     -- of the version that it takes the place of
    old_number text,
    old_symbol text,
    old_day text,
    unique (dossier, open)
) strict;
create index correction_of_dossier on correction (dossier, asked_at);

-- A result on its way by post. law: onestop/result-ways
create table mailing (
    id text primary key,
    dossier text not null references dossier (id),
    open bigint check (open = 1),           -- 1 while it is under way
    state text not null check (state in ('sent', 'delivered', 'came-back')),
    carrier text not null,
    waybill text not null,
    sent_on text not null,
    sent_by text not null,
    ended_on text,                          -- the day of delivery, or of its coming back
    why text not null default '',           -- why it came back
    unique (dossier, open),
    unique (carrier, waybill)
) strict;
create index mailing_of_dossier on mailing (dossier, sent_on);
