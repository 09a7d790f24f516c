//! What tables there are, as the engine itself tells: for the backup, which knows no table by name.

use crate::{
    dialect,
    error::{Result, fault},
    record,
    tx::{On, Tx},
};

/// What a column holds, on both engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Holds {
    Bigint,
    Text,
    Blob,
    Double,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Column {
    pub name: String,
    pub holds: Holds,
}

/// A table as its migrations left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: String,
    /// In the order of the migrations.
    pub columns: Vec<Column>,
    /// The places of the primary key's columns, in the key's order.
    pub key: Vec<usize>,
    /// The column that the database numbers.
    pub serial: Option<String>,
}

/// The statements that put the foreign keys back that [`lift_foreign_keys`] has lifted.
pub(crate) struct Lifted(Vec<String>);

record! { struct Line { table_name: String, column_name: String, kind: String, in_key: i64, serial: i64 } }
record! { struct ForeignKey { table_name: String, name: String, definition: String } }

/// All tables of this database (PostgreSQL: of this schema), sorted by name.
pub(crate) async fn tables(tx: &mut Tx) -> Result<Vec<Table>> {
    let mut lines: Vec<Line> = tx.each(dialect::SQLITE_TABLES, dialect::POSTGRES_TABLES).await?;
    lines.sort_by(|a, b| a.table_name.cmp(&b.table_name)); // stable: columns stay in their order
    lines.chunk_by(|a, b| a.table_name == b.table_name).map(table).collect()
}

fn table(lines: &[Line]) -> Result<Table> {
    let column = |line: &Line| match dialect::holds(&line.kind) {
        Some(holds) => Ok(Column { name: line.column_name.clone(), holds }),
        None => fault(format!("{}.{} is of type {}", line.table_name, line.column_name, line.kind)),
    };
    let mut key: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].in_key > 0).collect();
    key.sort_by_key(|&at| lines[at].in_key);
    Ok(Table {
        name: lines.first().map(|line| line.table_name.clone()).unwrap_or_default(),
        columns: lines.iter().map(column).collect::<Result<_>>()?,
        key,
        serial: lines.iter().find(|line| line.serial == 1).map(|line| line.column_name.clone()),
    })
}

/// The last number the database gave in a table, if it gave any.
pub(crate) async fn last_number(tx: &mut Tx, table: &str, column: &str) -> Result<Option<i64>> {
    let (sqlite, postgres) = dialect::last_number(table, column);
    let found: Vec<Option<i64>> = tx.each(&sqlite, &postgres).await?;
    Ok(found.into_iter().next().flatten())
}

/// From now on the database gives numbers above `last`.
pub(crate) async fn number_after(tx: &mut Tx, table: &str, column: &str, last: i64) -> Result<()> {
    let (sqlite, postgres) = dialect::number_after(table, column, last);
    let text = if matches!(tx.on, On::Lite(_)) { sqlite } else { postgres };
    tx.script(&text).await
}

/// Until the end of this transaction rows may name rows that are not there yet.
pub(crate) async fn lift_foreign_keys(tx: &mut Tx) -> Result<Lifted> {
    if matches!(tx.on, On::Lite(_)) {
        tx.script(dialect::SQLITE_DEFER).await?; // checked at the commit, by itself
        return Ok(Lifted(Vec::new()));
    }
    let keys: Vec<ForeignKey> = tx.each("", dialect::POSTGRES_FOREIGN_KEYS).await?;
    let mut again = Vec::new();
    for key in keys {
        let ForeignKey { table_name, name, definition } = key;
        tx.script(&format!("alter table \"{table_name}\" drop constraint \"{name}\"")).await?;
        again.push(format!("alter table \"{table_name}\" add constraint \"{name}\" {definition}"));
    }
    Ok(Lifted(again))
}

/// Puts the foreign keys back, which checks every row.
pub(crate) async fn lower_foreign_keys(tx: &mut Tx, lifted: Lifted) -> Result<()> {
    for statement in lifted.0 {
        tx.script(&statement).await?;
    }
    Ok(())
}
