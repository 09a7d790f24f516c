-- A new PIN that counts only from an instant on, so that whose key it is hears of it before: for seals, and after
-- wrong tries have locked the key.
alter table signing_pin add column pending_hash text;
alter table signing_pin add column pending_from bigint;
