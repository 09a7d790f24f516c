-- The seed of the key that signs what was received lies sealed in the safe of `trust` (STATEMENT.md). The first
-- start of this release seals what `secret_hex` still holds and empties it.
alter table statement_key add column sealed text references trust_secret (id);
