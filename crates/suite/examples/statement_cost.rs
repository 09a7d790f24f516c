//! What a statement costs inside a transaction of `db` on SQLite, beside the bare library in the
//! same run, on the same table and values. `cargo x bench` runs it in the release profile.

use base::Instant;
use db::{Act, Config, Db, Migration, Tx, args};
use rusqlite::{Connection, params};
use std::path::Path;
use std::time::Instant as Moment;

/// Statements in a transaction, and how often each way is measured; the median counts.
const STATEMENTS: i64 = 20_000;
const ROUNDS: usize = 9;
const TABLE: &str =
    "create table paper (id bigint primary key, title text not null, size bigint not null) strict;";
const INSERT: &str = "insert into paper (id, title, size) values ($1, $2, $3)";
const SELECT: &str = "select id, title, size from paper where id = $1";
const TITLE: &str = "Giấy chứng nhận quyền sử dụng đất";

db::record! {
    /// A row as the product reads it: every column into a field.
    struct Paper { id: i64, title: String, size: i64 }
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = open_ours(&folder.path().join("ours.db")).await;
    let bare = Connection::open(folder.path().join("bare.db")).expect("a database");
    bare.execute_batch("pragma journal_mode = wal; pragma synchronous = full;").expect("settings");
    bare.execute_batch(&TABLE.replace("bigint", "integer")).expect("the table");

    let (mut inserts, mut selects) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS as i64 {
        let first = round * STATEMENTS;
        inserts.push((ours_insert(&ours, first).await, bare_insert(&bare, first)));
        selects.push((ours_select(&ours, first).await, bare_select(&bare, first)));
    }
    println!("\n| statement inside a transaction, SQLite | db | bare library | db / bare | load |");
    println!("| --- | --- | --- | --- | --- |");
    for (what, pairs) in [("insert", inserts), ("select by key", selects)] {
        let (ours, bare) = (median(pairs.iter().map(|p| p.0)), median(pairs.iter().map(|p| p.1)));
        let load = format!("1 transaction of {STATEMENTS}, median of {ROUNDS}");
        println!("| {what} | {ours:.2} µs | {bare:.2} µs | {:.2} | {load} |", ours / bare);
    }
    ours.close().await;
}

async fn open_ours(file: &Path) -> Db {
    let db = Db::open(&Config::new(format!("sqlite:{}", file.display()))).await.expect("a database");
    db.migrate(&[Migration { system: "bench", name: "0001_paper", sql: TABLE }]).await.expect("the table");
    db
}

/// Microseconds a statement; the clock stands inside the transaction, so no commit is in it.
async fn ours_insert(db: &Db, first: i64) -> f64 {
    let act = Act::system("bench.insert", "", Instant::from_micros(0));
    let timed = db.write(act, async move |tx: &mut Tx| -> db::Result<f64> {
        let start = Moment::now();
        for id in first..first + STATEMENTS {
            tx.change(INSERT, args![id, TITLE, 184_000]).await?;
        }
        Ok(each(start))
    });
    timed.await.expect("the rows are new")
}

async fn ours_select(db: &Db, first: i64) -> f64 {
    let timed = db.read(async move |tx: &mut Tx| -> db::Result<f64> {
        let start = Moment::now();
        let mut sum = 0;
        for id in first..first + STATEMENTS {
            let paper: Paper = tx.get(SELECT, args![id]).await?;
            sum += paper.id + paper.size + paper.title.len() as i64;
        }
        assert!(sum > 0);
        Ok(each(start))
    });
    timed.await.expect("the rows are there")
}

fn bare_insert(db: &Connection, first: i64) -> f64 {
    db.execute_batch("begin immediate").expect("a transaction");
    let start = Moment::now();
    for id in first..first + STATEMENTS {
        let mut insert = db.prepare_cached(INSERT).expect("a statement");
        insert.execute(params![id, TITLE, 184_000]).expect("the row is new");
    }
    let spent = each(start);
    db.execute_batch("commit").expect("the commit");
    spent
}

fn bare_select(db: &Connection, first: i64) -> f64 {
    db.execute_batch("begin").expect("a transaction");
    let start = Moment::now();
    let mut sum = 0;
    for id in first..first + STATEMENTS {
        let mut select = db.prepare_cached(SELECT).expect("a statement");
        let read = |row: &rusqlite::Row| -> rusqlite::Result<(i64, String, i64)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        };
        let (id, title, size) = select.query_row(params![id], read).expect("the row is there");
        sum += id + size + title.len() as i64;
    }
    assert!(sum > 0);
    let spent = each(start);
    db.execute_batch("commit").expect("the commit");
    spent
}

fn each(start: Moment) -> f64 {
    start.elapsed().as_secs_f64() * 1e6 / STATEMENTS as f64
}

fn median(all: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
