-- Pictures of hand-written signatures and of seals, as results show them. A new one ends the one before it,
-- which stays as what earlier results were signed with.
create table signing_picture (
    id text primary key,
    part text not null check (part in ('person', 'seal')),
    whose text not null,                    -- the account, or the unit whose seal it is
    open bigint check (open = 1),           -- 1: the one in use; null: an earlier one
    sha256 text not null,                   -- the PNG as it was written anew here
    size bigint not null,
    width bigint not null,                  -- in pixels
    height bigint not null,
    width_mm bigint,                        -- of a seal, as the stamp is
    added_by text not null,
    added_at bigint not null,
    ended_by text,
    ended_at bigint,
    unique (part, whose, open)
) strict;
create index signing_picture_of on signing_picture (part, whose, added_at);

-- Where on its page a signature is seen: left, bottom, width and height in points.
alter table result_signature add column drawn text;
