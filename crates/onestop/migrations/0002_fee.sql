-- Money: what a dossier owes, how it was paid, what was given back. Amounts are whole đồng.

-- The accounts that take money, by counter; '' for every counter without one of its own.
create table fee_account (
    id text primary key,
    unit text not null,
    bin text not null,                      -- the bank's number with NAPAS
    number text not null,
    bank text not null,
    holder text not null,
    keeper text not null,                   -- the counter that looks after money which finds no bill
    valid_from text not null,
    valid_to text,
    source text not null
) strict;
create index fee_account_of_unit on fee_account (unit, valid_from);

-- Who pays less: law is dated data, and each row says whence it comes. law: onestop/fee-exemptions
create table fee_reduction (
    id text primary key,
    procedure text not null,                -- a code; '' for every procedure
    name text not null,                     -- the kind of person or case
    percent bigint not null check (percent between 1 and 100),
    proof text not null default '',         -- a component's id; '' where the clerk looks at the paper
    valid_from text not null,
    valid_to text,
    source text not null,
    doubt text not null default ''
) strict;
create index fee_reduction_of_procedure on fee_reduction (procedure, valid_from);

create table fee_bill (
    id text primary key,
    dossier text not null references dossier (id),
    code text not null unique,              -- the words of the transfer
    state text not null check (state in ('open', 'paid', 'cancelled')),
    gross bigint not null check (gross > 0),
    amount bigint not null check (amount between 0 and gross), -- what is left after reductions
    counter text not null,
    agency text not null,
    account text references fee_account (id), -- none: payable at the counter only
    note text not null default '',
    asked_at bigint not null,
    closed_at bigint,
    closed_by text check (closed_by in ('cash', 'transfer', 'exemption', 'withdrawn', 'stopped')),
    version bigint not null
) strict;
create index fee_bill_of_dossier on fee_bill (dossier, asked_at);
create unique index fee_bill_open on fee_bill (dossier) where state = 'open';

create table fee_line (
    bill text not null references fee_bill (id),
    ordinal bigint not null,
    name text not null,
    kind text not null check (kind in ('fee', 'charge')),
    unit text not null,                     -- what one price pays for; '' for the whole
    quantity bigint not null check (quantity > 0),
    price bigint not null check (price > 0),
    source text not null,
    primary key (bill, ordinal)
) strict;

create table fee_grant (
    id text primary key,
    bill text not null references fee_bill (id),
    reduction text not null references fee_reduction (id),
    name text not null,
    percent bigint not null,
    amount bigint not null check (amount >= 0),
    proof_file text,                        -- a file of the dossier
    proof_note text not null default '',    -- what the clerk saw
    account text not null,                  -- who granted it
    at bigint not null,
    unique (bill, reduction)
) strict;

-- What a bank told us. A notice is kept before anything is decided about it.
create table fee_payment (
    id text primary key,
    bank text not null,
    reference text not null,
    digest text not null,                   -- SHA-256 of what was told
    amount bigint not null check (amount > 0),
    words text not null,
    number text not null,                   -- the account that the money came to
    payer_name text not null,
    payer_number text not null,
    paid_at bigint not null,
    received_at bigint not null,
    bill text references fee_bill (id),
    applied bigint not null default 0,      -- how much of it paid a bill
    state text not null check (state in ('applied', 'open', 'done')),
    trouble text check (trouble in ('unknown', 'account', 'too_little', 'too_much', 'twice', 'late',
        'reference')),
    keeper text not null,                   -- the counter whose task it is
    outcome text check (outcome in ('applied', 'refund', 'explained')),
    note text not null default '',
    settled_by text,
    settled_at bigint,
    version bigint not null,
    unique (bank, reference, digest)
) strict;
create index fee_payment_task on fee_payment (keeper, state, received_at);
create index fee_payment_of_bill on fee_payment (bill, state);

-- Receipts for money taken (biên lai). A void number keeps its reason. law: onestop/fee-receipt
create table fee_receipt (
    id text primary key,
    unit text not null,
    series text not null,
    number text not null,
    dossier text not null references dossier (id),
    bill text not null references fee_bill (id),
    way text not null check (way in ('cash', 'transfer')),
    amount bigint not null check (amount > 0),
    clerk text,                             -- who took the cash; none for a transfer
    reference text not null default '',     -- the bank's
    day text not null,
    at bigint not null,
    voided_at bigint,
    voided_by text,
    void_reason text,
    replaces text references fee_receipt (id),
    sha256 text,                            -- of the printed paper, once it is made
    unique (unit, series, number)
) strict;
create index fee_receipt_of_dossier on fee_receipt (dossier, at);
create index fee_receipt_of_day on fee_receipt (unit, day);

create table fee_refund (
    id text primary key,
    number text not null,
    dossier text references dossier (id),
    payment text references fee_payment (id),
    cause text not null check (cause in ('asked', 'stopped', 'excess')),
    amount bigint not null check (amount > 0),
    reason text not null,
    to_name text not null default '',
    to_account text not null default '',
    counter text not null,
    agency text not null,                   -- whose leader decides
    state text not null check (state in ('asked', 'approved', 'refused', 'paid')),
    asked_by text,                          -- none: the program, when the agency ended the dossier
    asked_at bigint not null,
    decided_by text,
    decided_at bigint,
    decision_note text not null default '',
    paid_by text,
    paid_at bigint,
    paid_reference text not null default '',
    version bigint not null,
    unique (counter, number)
) strict;
create index fee_refund_of_dossier on fee_refund (dossier);
create index fee_refund_at_agency on fee_refund (agency, state, asked_at);
create index fee_refund_at_counter on fee_refund (counter, state, asked_at);
