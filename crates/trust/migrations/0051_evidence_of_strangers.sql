-- What strangers had judged is remembered apart, so that they can make one another's forgotten and nobody else's.
-- From now on `document` is the SHA-256 over the values of a document's signatures and time-stamps; rows of before
-- are found by the SHA-256 of all its bytes still.
alter table evidence_document add column is_anonymous bigint not null default 0 check (is_anonymous in (0, 1));
create index evidence_document_of_asker on evidence_document (is_anonymous, last_at, document);
