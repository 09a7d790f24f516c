//! Where the two engines differ in words. Everything else is one text for both.
//!
//! In migrations: `bigint`, `text`, `blob`, `double`, tables that end in `strict`, and `serial_key`
//! for a number that the database gives. Words are replaced wherever they stand alone, so they must
//! not be used in a migration's string literals.

/// Numbered by the database: grows, may leave gaps (a rolled-back write keeps its number on
/// PostgreSQL). Two transactions that touch a common row are numbered in the order of their commits.
const SERIAL_KEY: &str = "serial_key";

const SQLITE: &[(&str, &str)] =
    &[("bigint", "integer"), ("double", "real"), (SERIAL_KEY, "integer primary key autoincrement")];

const POSTGRES: &[(&str, &str)] = &[
    ("blob", "bytea"),
    // texts compare and sort by their bytes, as on SQLite, whatever the server's locale
    ("text", "text collate \"C\""),
    ("double", "double precision"),
    ("strict", ""),
    (SERIAL_KEY, "bigint generated always as identity primary key"),
];

/// A migration's text in SQLite's words.
pub(crate) fn sqlite(text: &str) -> String {
    words(text, SQLITE)
}

/// A migration's text in PostgreSQL's words.
pub(crate) fn postgres(text: &str) -> String {
    words(text, POSTGRES)
}

/// One migration at a time, whatever the number of instances; one lock for each schema.
pub(crate) const POSTGRES_MIGRATE: &str = "begin isolation level read committed; \
    select pg_advisory_xact_lock(hashtext('cuulong migrate'), hashtext(coalesce(current_schema(), '')))";

/// Settings of every SQLite connection; the writer's and the readers' own come after.
/// `like` minds the case, as on PostgreSQL.
pub(crate) const SQLITE_SETTINGS: &str = "pragma busy_timeout = 5000; pragma foreign_keys = on; \
    pragma case_sensitive_like = on; \
    pragma cache_size = -16384; pragma mmap_size = 268435456; pragma temp_store = memory;";

/// The writer: what is committed survives the loss of power.
pub(crate) const SQLITE_WRITER: &str = "pragma journal_mode = wal; pragma synchronous = full;";

/// Readers cannot write.
pub(crate) const SQLITE_READER: &str = "pragma query_only = on;";

fn words(text: &str, map: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let word_on = &rest[start..];
        let end = word_on.find(|c| !is_word(c)).unwrap_or(word_on.len());
        let word = &word_on[..end];
        out.push_str(&rest[..start]);
        out.push_str(map.iter().find(|(from, _)| *from == word).map_or(word, |(_, to)| to));
        rest = &word_on[end..];
    }
    out.push_str(rest);
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_put_into_each_engines_own() {
        let text = "create table t(seq serial_key, bigint_x text, n bigint, b blob, d double) strict;";
        let lite = "create table t(seq integer primary key autoincrement, bigint_x text, n integer, b blob, \
                    d real) strict;";
        let pg = "create table t(seq bigint generated always as identity primary key, \
                  bigint_x text collate \"C\", n bigint, b bytea, d double precision) ;";
        assert_eq!(sqlite(text), lite);
        assert_eq!(postgres(text), pg);
    }
}
