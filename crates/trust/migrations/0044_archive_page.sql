-- Where an administrator reads more of a kept document: a path of ours, or empty.
alter table archive_item add column page text not null default '';
