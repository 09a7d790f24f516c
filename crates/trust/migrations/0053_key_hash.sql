-- By which a key is known again in whatever certificate it stands: the SHA-256 of its SubjectPublicKeyInfo. Rows of
-- before get theirs by and by (`trust.watch-expiry`).
alter table certificate add column key_hash text;
create index certificate_key_hash on certificate (key_hash);
