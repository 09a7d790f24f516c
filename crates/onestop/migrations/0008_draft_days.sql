-- Old drafts go: how long one is kept after its last change is a dated row, since no rule says it.
insert into parameter (id, value, valid_from, source)
values ('draft-days', '90', '2018-01-01', 'onestop/draft-days');
create index draft_by_age on draft (dossier, updated_at);
