-- Whom a dossier is assigned to within the unit that holds it; null: anybody of that unit and role.
alter table dossier add column assignee text;
create index dossier_of_assignee on dossier (assignee, status);

-- Many dossiers worked on with one word: each item is done by the use case of one, in its own write.
create table batch (
    id text primary key,
    account text not null,                  -- who asked
    post text not null,                     -- the post it was asked from
    deed text not null default '',          -- JSON; empty until the step is chosen
    state text not null check (state in ('chosen', 'running', 'over')),
    cut bigint not null check (cut in (0, 1)), -- more dossiers fitted than one batch takes
    made_at bigint not null,
    begun_at bigint,
    over_at bigint
) strict;
create index batch_of_account on batch (account, made_at);

create table batch_item (
    batch text not null references batch (id),
    ordinal bigint not null,
    dossier text not null references dossier (id),
    code text not null,
    seen bigint not null,                   -- the version of the dossier that was chosen
    assign_to text,                         -- where each item goes to somebody of its own
    state text not null check (state in ('waiting', 'done', 'refused')),
    reason text not null default '',        -- why not, as the one who asked reads it
    at bigint,
    primary key (batch, ordinal),
    unique (batch, dossier)
) strict;
create index batch_item_by_state on batch_item (batch, state, ordinal);
