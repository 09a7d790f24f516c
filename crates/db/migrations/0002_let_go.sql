-- What a load has let go of, to be made again: by the load itself, or by whoever opens the tables after one that was
-- killed. make: the engine's own words.
create table let_go(
    name text primary key,
    table_name text not null,
    make text not null
) strict;
