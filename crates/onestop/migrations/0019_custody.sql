-- A paper that was handed in on paper, and who holds it now.
create table held_paper (
    id text primary key,
    dossier text not null references dossier (id),
    component text not null,                -- of the procedure, or '' for one of another name
    name text not null,
    form text not null check (form in ('original', 'certified', 'copy')),
    count bigint not null check (count between 1 and 99),
    state text not null check (state in ('held', 'moving', 'returned', 'excused')),
    unit text not null,                     -- who holds it, or sent it last
    taken_by text not null,
    taken_at bigint not null,
    ended_by text,
    ended_at bigint,
    note text not null default ''           -- why it is not given back
) strict;
create index held_paper_of_dossier on held_paper (dossier, taken_at);
create index held_paper_at_unit on held_paper (unit, state);

-- A list by which papers go from one unit to another; received line by line.
create table handover (
    id text primary key,
    number text not null,
    from_unit text not null,
    to_unit text not null,
    made_by text not null,
    made_at bigint not null,
    received_by text,
    received_at bigint
) strict;
create index handover_to on handover (to_unit, made_at);
create index handover_from on handover (from_unit, made_at);

create table handover_line (
    handover text not null references handover (id),
    ordinal bigint not null,
    paper text not null references held_paper (id),
    state text not null check (state in ('sent', 'received', 'missing')),
    note text not null default '',
    primary key (handover, ordinal),
    unique (handover, paper)
) strict;
create index handover_line_of_paper on handover_line (paper, state);
