//! The raw filing loop on PostgreSQL: in the product's own database, after the product has stopped.

use super::{CONNECTIONS, ROWS, Rows, durable, kept};
use crate::bench::load::Load;
use crate::shell::Outcome;
use rusqlite::types::Value;
use std::path::Path;
use tokio::runtime::Runtime;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};

/// Filings a second over as many connections as the product's clients had: two files, then all rows of a
/// filing and the number's book in one transaction, sent without waiting for single answers.
pub(super) fn filing(folder: &Path, url: &str, load: Load, size: usize) -> Outcome<f64> {
    std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let rows = Session::open(url)?.last_filing()?;
    let times = load.runs(|thread| {
        let session = Session::open(url)?;
        let inserts = session.prepare(&rows)?;
        let bytes = vec![thread as u8; size];
        let (rows, mut number) = (&rows, thread as u64);
        Ok(move || {
            for file in ["a", "b"] {
                durable(folder, &format!("{number}-{file}"), &bytes).map_err(|e| e.to_string())?;
            }
            session.put(rows, &inserts, number)?;
            number += CONNECTIONS as u64;
            Ok(())
        })
    })?;
    Ok(times.rate())
}

/// One connection and the thread's own runtime for it.
struct Session {
    runtime: Runtime,
    client: Client,
}

/// The book in which the last filing was numbered goes on.
const BOOK: &str = "update number_book set last = last + 1
     where book = (select book from number_book order by last desc limit 1)";

impl Session {
    fn open(url: &str) -> Outcome<Session> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| e.to_string())?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).map_err(told)?;
        runtime.spawn(connection);
        Ok(Session { runtime, client })
    }

    fn last_filing(&self) -> Outcome<Rows> {
        self.runtime.block_on(async {
            let newest = "select id from dossier order by filed_at desc limit 1";
            let dossier: String = self.client.query_one(newest, &[]).await.map_err(told)?.get(0);
            let mut rows = Rows::default();
            for (table, which) in ROWS {
                let text = format!("select * from {table} where {which}");
                let found = self.client.query(&text, &[&dossier]).await.map_err(told)?;
                let Some(first) = found.first() else {
                    return Err(format!("the last filing left nothing in {table}"));
                };
                let names: Vec<&str> = first.columns().iter().map(|c| c.name()).collect();
                let columns = kept(table, &names);
                let marks: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
                let (list, marks) = (columns.join(", "), marks.join(", "));
                let insert = format!("insert into {table} ({list}) values ({marks})");
                for row in &found {
                    let values = columns.iter().map(|name| value(row, name)).collect::<Outcome<_>>()?;
                    rows.add(&insert, &columns, values);
                }
            }
            Ok(rows)
        })
    }

    fn prepare(&self, rows: &Rows) -> Outcome<Vec<Statement>> {
        let prepare = async {
            let mut all = Vec::new();
            for insert in rows.inserts().chain([BOOK]) {
                all.push(self.client.prepare(insert).await.map_err(told)?);
            }
            Ok(all)
        };
        self.runtime.block_on(prepare)
    }

    fn put(&self, rows: &Rows, statements: &[Statement], number: u64) -> Outcome {
        let all: Vec<Vec<Value>> = rows.named(number).chain([Vec::new()]).collect();
        let values: Vec<Vec<Param<'_>>> = all.iter().map(|row| row.iter().map(Param).collect()).collect();
        let put = async {
            self.client.batch_execute("begin").await?;
            let sent = values.iter().zip(statements).map(|(row, statement)| async move {
                let row: Vec<&(dyn ToSql + Sync)> = row.iter().map(|v| v as _).collect();
                self.client.execute(statement, &row).await
            });
            futures_util::future::try_join_all(sent).await?;
            self.client.batch_execute("commit").await
        };
        self.runtime.block_on(put).map_err(told)
    }
}

fn told(error: tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(&error).map(|e| format!(": {e}")).unwrap_or_default();
    format!("{error}{cause}")
}

fn value(row: &Row, name: &str) -> Outcome<Value> {
    let kind = row.columns().iter().find(|c| c.name() == name).map(|c| c.type_().clone());
    Ok(match kind {
        Some(Type::TEXT) => row.get::<_, Option<String>>(name).map_or(Value::Null, Value::Text),
        Some(Type::INT8) => row.get::<_, Option<i64>>(name).map_or(Value::Null, Value::Integer),
        Some(Type::BYTEA) => row.get::<_, Option<Vec<u8>>>(name).map_or(Value::Null, Value::Blob),
        other => return Err(format!("the column {name} is of type {other:?}")),
    })
}

/// A value on its way into a statement.
#[derive(Debug)]
struct Param<'a>(&'a Value);

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(tokio_postgres::types::IsNull::Yes),
            Value::Integer(n) => n.to_sql(ty, out),
            Value::Real(n) => n.to_sql(ty, out),
            Value::Text(text) => text.to_sql(ty, out),
            Value::Blob(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}
