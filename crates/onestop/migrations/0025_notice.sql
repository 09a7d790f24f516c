-- What somebody is told: one row a person and cause. The sentence is made of the word and the facts when it
-- is read, and holds no personal data.
create table notice (
    id text primary key,
    account text not null,
    word text not null,                     -- which sentence
    facts text not null,                    -- JSON: code, at, unit
    link text not null,                     -- the page it speaks of
    cause text not null,                    -- the event, or the deadline and how near it was
    made_at bigint not null,
    read_at bigint,
    unique (account, cause, word)
) strict;
create index notice_of_account on notice (account, made_at);
create index notice_unread on notice (account, read_at);
create index notice_by_age on notice (made_at);

-- A notice on its way out of the house. It is queued, then sent, refused for good (failed), or put aside
-- after too many tries (parked).
create table notice_delivery (
    id text primary key,                    -- also the key by which the other side knows it again
    notice text not null references notice (id),
    channel text not null check (channel in ('email', 'sms')),
    address text not null,
    state text not null check (state in ('queued', 'sent', 'failed', 'parked')),
    tries bigint not null,
    next_at bigint not null,
    made_at bigint not null,
    sent_at bigint,
    carrier text,                           -- who took it; 'demo' sends nothing
    error text,
    unique (notice, channel)
) strict;
create index delivery_due on notice_delivery (channel, state, next_at);
create index delivery_by_age on notice_delivery (made_at);

-- By which ways somebody wants to be told, beside the inbox.
create table notice_choice (
    account text primary key,
    email bigint not null check (email in (0, 1)),
    sms bigint not null check (sms in (0, 1))
) strict;

-- How the way out is: failures in a row, and until when it rests.
create table notice_line (
    channel text primary key,
    failures bigint not null,
    rests_until bigint not null,
    error text
) strict;

-- Of which deadlines officials were told, and how near they were; 0 is past.
create table deadline_alert (
    dossier text not null references dossier (id),
    deadline bigint not null,
    hours bigint not null check (hours >= 0),
    told_at bigint not null,
    primary key (dossier, deadline, hours)
) strict;
create index dossier_by_deadline on dossier (status, deadline);
