//! Where the two engines differ in words. Everything else is one text for both.
//!
//! In migrations: `bigint`, `text`, `blob`, `double`, tables that end in `strict`, and `serial_key`
//! for a number that the database gives. Words are replaced wherever they stand alone, so they must
//! not be used in a migration's string literals.

use crate::catalogue::Holds;

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
/// `like` minds the case, as on PostgreSQL. What is mapped counts as memory at rest: 256 MB of it stayed
/// resident on a full province.
pub(crate) const SQLITE_SETTINGS: &str = "pragma busy_timeout = 5000; pragma foreign_keys = on; \
    pragma case_sensitive_like = on; \
    pragma cache_size = -16384; pragma mmap_size = 67108864; pragma temp_store = memory;";

/// The writer. It does not wait for the disk: `lite::durable` does, before anybody hears of a commit. Its own
/// checkpoints are for a log that grows although another thread works it off.
pub(crate) const SQLITE_WRITER: &str =
    "pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 16384;";

/// What the planner knows of the tables, taken from samples at each start: which of two indexes leads to
/// a person's dossiers and which to half the province. PostgreSQL keeps such figures by itself.
pub(crate) const SQLITE_STATISTICS: &str = "pragma analysis_limit = 400; pragma optimize = 0x10002;";

/// For a load: the indexes stay in memory, a page that many transactions change goes from the log to its
/// place once, and what is sorted for an index goes to files beyond the cache, on several threads.
pub(crate) const SQLITE_BULK: &str = "pragma cache_size = -524288; pragma wal_autocheckpoint = 65536; \
    pragma temp_store = file; pragma threads = 4;";

/// Indexes that are neither unique nor partial, with what it takes to make them again.
pub(crate) const SQLITE_INDEXES: &str = "select m.tbl_name as table_name, m.name as name, m.sql as definition
  from sqlite_master m join pragma_index_list(m.tbl_name) i on i.name = m.name
 where m.type = 'index' and m.sql is not null and i.\"unique\" = 0 and i.partial = 0
 order by m.tbl_name, m.name";

/// The same on PostgreSQL, of the schema that comes first in the search path.
pub(crate) const POSTGRES_INDEXES: &str = "select cast(t.relname as text) as table_name,
    cast(c.relname as text) as name, pg_get_indexdef(i.indexrelid) as definition
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
 where not i.indisunique and i.indpred is null
   and c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
 order by t.relname, c.relname";

/// Before an index of millions of rows is made: sorting in memory.
pub(crate) const POSTGRES_SORT: &str = "set local maintenance_work_mem = '512MB'; ";

/// PostgreSQL's COPY for the head of an insert of many rows; none for a head that says more.
pub(crate) fn copy_text(head: &str) -> Option<String> {
    let rows = head.trim_end().strip_prefix("insert into ")?.strip_suffix("values")?.trim_end();
    rows.ends_with(')').then(|| format!("copy {rows} from stdin binary"))
}

/// Readers cannot write.
pub(crate) const SQLITE_READER: &str = "pragma query_only = on;";

/// Every column of every table: its type in the engine's words, its place in the primary key (from 1,
/// or 0), and whether the database numbers it.
pub(crate) const SQLITE_TABLES: &str = "select m.name as table_name, c.name as column_name,
    lower(c.type) as kind, c.pk as in_key,
    case when c.pk = 1 and lower(c.type) = 'integer' and instr(lower(m.sql), 'autoincrement') > 0
        then 1 else 0 end as serial
  from sqlite_master m join pragma_table_info(m.name) c
 where m.type = 'table' and substr(m.name, 1, 7) <> 'sqlite_'
 order by m.name, c.cid";

/// The same on PostgreSQL, of the schema that comes first in the search path.
pub(crate) const POSTGRES_TABLES: &str = "select cast(t.relname as text) as table_name,
    cast(a.attname as text) as column_name, format_type(a.atttypid, null) as kind,
    cast(coalesce((select k.n from unnest(i.indkey) with ordinality as k(att, n)
        where k.att = a.attnum), 0) as bigint) as in_key,
    cast(case when a.attidentity <> '' then 1 else 0 end as bigint) as serial
  from pg_class t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  left join pg_index i on i.indrelid = t.oid and i.indisprimary
 where t.relkind = 'r'
   and t.relnamespace = (select oid from pg_namespace where nspname = current_schema())
 order by t.relname, a.attnum";

/// Rows may name rows that come later in the same transaction.
pub(crate) const SQLITE_DEFER: &str = "pragma defer_foreign_keys = on";

/// PostgreSQL's foreign keys, with what it takes to make them again.
pub(crate) const POSTGRES_FOREIGN_KEYS: &str = "select cast(t.relname as text) as table_name,
    cast(c.conname as text) as name, pg_get_constraintdef(c.oid) as definition
  from pg_constraint c join pg_class t on t.oid = c.conrelid
 where c.contype = 'f'
   and c.connamespace = (select oid from pg_namespace where nspname = current_schema())
 order by t.relname, c.conname";

/// What an engine's type holds.
pub(crate) fn holds(kind: &str) -> Option<Holds> {
    Some(match kind {
        "integer" | "bigint" => Holds::Bigint,
        "text" => Holds::Text,
        "blob" | "bytea" => Holds::Blob,
        "real" | "double precision" => Holds::Double,
        _ => return None,
    })
}

/// The last number given to a [`SERIAL_KEY`], for SQLite and for PostgreSQL.
pub(crate) fn last_number(table: &str, column: &str) -> (String, String) {
    (
        format!("select seq from sqlite_sequence where name = '{table}'"),
        format!("select pg_sequence_last_value(pg_get_serial_sequence('\"{table}\"', '{column}'))"),
    )
}

/// Numbering goes on after `last`.
pub(crate) fn number_after(table: &str, column: &str, last: i64) -> (String, String) {
    (
        format!(
            "delete from sqlite_sequence where name = '{table}';
             insert into sqlite_sequence(name, seq) values ('{table}', {last})"
        ),
        format!("select setval(pg_get_serial_sequence('\"{table}\"', '{column}'), {last})"),
    )
}

/// The head of an insert that brings the numbers of a [`SERIAL_KEY`] with it.
pub(crate) fn insert_head(table: &str, columns: &[&str], is_postgres: bool) -> String {
    let columns: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
    let numbered = if is_postgres { " overriding system value" } else { "" };
    format!("insert into \"{table}\"({}){numbered} values", columns.join(", "))
}

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
