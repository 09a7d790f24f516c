-- A person who appears twice. The account that goes keeps its row and leads to the one that stays; so does a
-- record that an old system's import made, once its person has registered and is confirmed.
alter table account add column leads_to text;       -- the account that stays in its place
alter table account add column number_before text;  -- the personal number it had before it stepped aside
create index account_number_before on account (number_before);
create index account_alike on account (name_folded, phone);

-- Who said that two accounts are one person's, and who agreed.
create table account_merge (
  id text not null primary key,
  goes text not null references account (id),
  stays text not null references account (id),
  ground text not null check (ground in ('number', 'phone', 'address', 'near', 'other', 'claim')),
  reason text not null,
  state text not null check (state in ('proposed', 'declined', 'done', 'undone')),
  goes_seen bigint not null,                        -- the versions that were compared
  stays_seen bigint not null,
  proposed_by text not null,
  proposed_at bigint not null,
  decided_by text,
  decided_at bigint,
  note text not null default '',                    -- why not
  undone_by text,
  undone_at bigint,
  login text,                                       -- of the one that went, as it was
  number text,
  number_before text,
  disabled_at bigint
) strict;
create index account_merge_goes on account_merge (goes);
create index account_merge_by_state on account_merge (state, proposed_at);
