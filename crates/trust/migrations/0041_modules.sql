-- Keys that lie in a hardware module: its name in the configuration. Such a row wraps nothing; the object in the
-- module bears the row's id (KEYS.md).
alter table trust_key add column module text;
