-- A list narrowed in a way that an official wants to come back to.
create table saved_filter (
    id text primary key,
    account text not null,
    post text not null,
    name text not null,
    list text not null,                     -- the list's word
    words text not null default '',
    field text not null default '',
    band text not null default '',
    whose text not null default '',
    made_at bigint not null,
    unique (account, post, name)
) strict;
