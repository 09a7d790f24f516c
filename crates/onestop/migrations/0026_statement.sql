-- The keys that sign what was received (STATEMENT.md). Public halves stay for good, so that an old paper
-- can be checked; only the newest key still has its secret half.
create table statement_key (
    id text primary key,                    -- 8 hexadecimal digits: how its SHA-256 begins
    public_hex text not null unique,        -- 32 bytes of Ed25519
    secret_hex text,                        -- the seed; null once a newer key signs
    made_at bigint not null,
    retired_at bigint
) strict;
