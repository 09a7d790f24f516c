//! A table's rows as lines of JSON, and back.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

use super::{
    Failed, Progress,
    files::{Hashed, Lines},
    manifest::TableFile,
};
use crate::{
    catalogue::{self, Column, Holds, Table},
    dialect,
    error::{Error, Result},
    row::Row,
    sql::Sql,
    tx::{On, Tx},
    value::Value,
};

/// Rows read or put at once; bounded by memory: a row is a few kB at most, but for kept answers.
const BATCH: usize = 256;

/// Writes a table in the order of its primary key.
pub(super) async fn write(
    tx: &mut Tx,
    table: &Table,
    path: &Path,
    done: &mut Done,
) -> Result<TableFile, Failed> {
    if table.key.is_empty() {
        return Err(Error::Fault(format!("the table {} has no primary key", table.name)).into());
    }
    let mut file = Hashed::create(path)?;
    let (mut rows, mut line, mut after) = (0, Vec::new(), Vec::new());
    loop {
        let batch: Vec<Row> = tx.list(Sql(page(table, !after.is_empty()).into()), &after).await?;
        let Some(last) = batch.last() else { break };
        after = table.key.iter().map(|&at| last.values[at].clone()).collect();
        for row in &batch {
            line.clear();
            write_row(&mut line, table, &row.values)?;
            file.write(&line)?;
        }
        rows += batch.len() as u64;
        done.more(batch.len() as u64);
        if batch.len() < BATCH {
            break;
        }
    }
    let counted = count(tx, &table.name).await?;
    if counted != rows {
        return Err(Error::Fault(format!("{counted} rows in {}, but {rows} were read", table.name)).into());
    }
    let last_number = match &table.serial {
        Some(column) => catalogue::last_number(tx, &table.name, column).await?,
        None => None,
    };
    let (size_bytes, sha256) = file.finish()?;
    let (name, columns) = (table.name.clone(), table.columns.clone());
    Ok(TableFile { name, columns, rows, size_bytes, sha256, last_number })
}

/// The next rows after a key, or the first ones.
fn page(table: &Table, is_after: bool) -> String {
    let quoted = |name: &str| format!("\"{name}\"");
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let key: Vec<&String> = table.key.iter().map(|&at| &columns[at]).collect();
    let key = key.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let mut sql = format!("select {} from {}", columns.join(", "), quoted(&table.name));
    if is_after {
        let values: Vec<String> = (1..=table.key.len()).map(|n| format!("${n}")).collect();
        sql += &format!(" where ({key}) > ({})", values.join(", "));
    }
    sql + &format!(" order by {key} limit {BATCH}")
}

fn write_row(line: &mut Vec<u8>, table: &Table, values: &[Value<'_>]) -> Result<(), Failed> {
    line.push(b'[');
    for (at, (value, column)) in values.iter().zip(&table.columns).enumerate() {
        if at > 0 {
            line.push(b',');
        }
        let text = match (value, column.holds) {
            (Value::Null, _) => "null".into(),
            (Value::Int(n), Holds::Bigint) => n.to_string(),
            // As a text: not every reader of JSON gives every bit of a double back.
            (Value::Real(n), Holds::Double) => format!("\"{n}\""),
            (Value::Text(text), Holds::Text) => Json::String(text.to_string()).to_string(),
            (Value::Blob(bytes), Holds::Blob) => format!("\"{}\"", STANDARD.encode(bytes)),
            (value, _) => {
                let what = format!("{}.{} holds {}", table.name, column.name, value.kind());
                return Err(Error::Fault(what).into());
            }
        };
        line.extend_from_slice(text.as_bytes());
    }
    line.extend_from_slice(b"]\n");
    Ok(())
}

/// A line's values; `None` when it is not a row of these columns.
fn read_row(line: &[u8], columns: &[Column]) -> Option<Vec<Value<'static>>> {
    let fields: Vec<Json> = serde_json::from_slice(line).ok()?;
    if fields.len() != columns.len() {
        return None;
    }
    let value = |(field, column): (Json, &Column)| {
        Some(match (field, column.holds) {
            (Json::Null, _) => Value::Null,
            (Json::Number(n), Holds::Bigint) => Value::Int(n.as_i64()?),
            (Json::String(n), Holds::Double) => Value::Real(n.parse().ok()?),
            (Json::String(text), Holds::Text) => Value::Text(text.into()),
            (Json::String(bytes), Holds::Blob) => Value::Blob(STANDARD.decode(bytes).ok()?.into()),
            _ => return None,
        })
    };
    fields.into_iter().zip(columns).map(value).collect()
}

/// Reads every row of a table's file and compares the file with its sums.
pub(super) fn check(
    file: &TableFile,
    path: &Path,
    mut row: impl FnMut(Vec<Value<'static>>) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let mut lines = Lines::open(path)?;
    let mut no = 0_u64;
    while let Some(line) = lines.next()? {
        no += 1;
        let Some(values) = read_row(line, &file.columns) else {
            return Err(Failed::damaged(path, format!("line {no} is not a row of {}", file.name)));
        };
        row(values)?;
    }
    let (rows, size_bytes, sha256) = lines.sums();
    if rows != file.rows || size_bytes != file.size_bytes {
        let why =
            format!("it has {rows} rows in {size_bytes} bytes, and not {} in {}", file.rows, file.size_bytes);
        return Err(Failed::damaged(path, why));
    }
    if sha256 != file.sha256 {
        return Err(Failed::damaged(path, "its SHA-256 is not that of the manifest"));
    }
    Ok(())
}

/// How many rows a table has.
pub(super) async fn count(tx: &mut Tx, table: &str) -> Result<u64> {
    let counted: i64 = tx.get(Sql(format!("select count(*) from \"{table}\"").into()), &[]).await?;
    Ok(u64::try_from(counted).unwrap_or(0))
}

/// Puts the rows of a file into an empty table.
pub(super) async fn load(
    tx: &mut Tx,
    file: &TableFile,
    table: &Table,
    path: &Path,
    done: &mut Done,
) -> Result<(), Failed> {
    let names: Vec<&str> = file.columns.iter().map(|column| column.name.as_str()).collect();
    let head = dialect::insert_head(&file.name, &names, matches!(tx.on, On::Pg(_)));
    let mut lines = Lines::open(path)?;
    let (mut values, mut waiting) = (Vec::new(), 0);
    loop {
        let line = lines.next()?;
        let is_end = line.is_none();
        if let Some(line) = line {
            let row = read_row(line, &file.columns);
            values.extend(row.ok_or_else(|| Failed::damaged(path, "it has changed since it was checked"))?);
            waiting += 1;
        }
        if waiting >= BATCH || (is_end && waiting > 0) {
            tx.put_rows(&head, names.len(), &values, "").await?;
            done.more(waiting as u64);
            values.clear();
            waiting = 0;
        }
        if is_end {
            break;
        }
    }
    if let (Some(last), Some(column)) = (file.last_number, &table.serial) {
        catalogue::number_after(tx, &file.name, column, last).await?;
    }
    let counted = count(tx, &file.name).await?;
    match counted == file.rows {
        true => Ok(()),
        false => Err(Failed::Differs(format!("{} has {counted} rows, and not {}", file.name, file.rows))),
    }
}

/// How much is done, told now and then.
pub(super) struct Done {
    what: &'static str,
    progress: Progress,
    done: u64,
    told: u64,
    total: u64,
}

impl Done {
    pub fn of(what: &'static str, total: u64, progress: &Progress) -> Done {
        progress(what, 0, total);
        Done { what, progress: progress.clone(), done: 0, told: 0, total }
    }

    pub fn more(&mut self, n: u64) {
        self.done += n;
        if self.done - self.told >= (self.total / 200).max(1) || self.done >= self.total {
            self.told = self.done;
            (self.progress)(self.what, self.done, self.total.max(self.done));
        }
    }
}
