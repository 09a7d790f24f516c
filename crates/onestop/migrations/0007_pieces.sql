-- A file that comes in pieces over a bad line. What is acknowledged of it stands in `piece`, whose
-- contents are with the other contents, so that any node can take the next piece. The whole dies a day
-- after it was begun; contents of pieces that no row names any more follow with the sweep of contents.
create table piecewise (
    id text primary key,                    -- the upload has this id once the file is whole
    account text not null,
    draft text,                             -- for which draft and paper; none for the API
    component text,
    name text not null,
    size bigint not null check (size > 0),  -- bytes, as told at the beginning
    received bigint not null check (received between 0 and size),
    pieces bigint not null default 0,
    sha256 text,                            -- of the whole, once it is an upload
    created_at bigint not null
) strict;
create index piecewise_of_account on piecewise (account, created_at);
create index piecewise_by_age on piecewise (created_at);

create table piece (
    piecewise text not null references piecewise (id),
    begins bigint not null,                 -- the place of its first byte in the file
    size bigint not null check (size > 0),
    sha256 text not null,
    primary key (piecewise, begins)
) strict;
