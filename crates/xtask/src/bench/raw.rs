//! The raw limits: what the machine can do when nothing is asked but the unavoidable.
//! Built only for `cargo x bench` (feature `raw`), because SQLite takes its time to compile.

mod postgres;

use super::CONNECTIONS;
use super::load::Load;
use crate::shell::Outcome;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// `raw http FILE` or `raw filing FOLDER DATABASE WARM_UP SECONDS BYTES_A_FILE`,
/// where the database is a file of SQLite or an address of PostgreSQL.
pub fn run(words: &[String]) -> Outcome {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["http", file] => http(Path::new(file)),
        ["filing", folder, database, warm_up, seconds, size] => {
            let number = |word: &str| word.parse::<u64>().map_err(|_| format!("{word} is not a number"));
            let load = Load { warm_up: number(warm_up)?, seconds: number(seconds)? };
            let (folder, size) = (Path::new(folder), number(size)? as usize);
            let rate = match database.starts_with("postgres:") {
                true => postgres::filing(folder, database, load, size)?,
                false => filing(folder, Path::new(database), load, size)?,
            };
            println!("{rate}");
            Ok(())
        }
        _ => Err("raw http FILE | raw filing FOLDER DATABASE WARM_UP SECONDS BYTES_A_FILE".into()),
    }
}

/// Answers every request with the file's bytes, a thread a connection, until it is killed.
fn http(file: &Path) -> Outcome {
    let answer: Arc<[u8]> = fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?.into();
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    println!("{}", listener.local_addr().map_err(|e| e.to_string())?.port());
    for stream in listener.incoming().flatten() {
        let answer = answer.clone();
        std::thread::spawn(move || serve(stream, &answer));
    }
    Ok(())
}

/// No parsing: a request is whatever comes up to an empty line.
fn serve(mut stream: TcpStream, answer: &[u8]) {
    let _ = stream.set_nodelay(true);
    let mut buffer = [0; 8192];
    let mut held = 0;
    while let Ok(read @ 1..) = stream.read(&mut buffer[held..]) {
        held += read;
        if buffer[..held].ends_with(b"\r\n\r\n") {
            held = 0;
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    }
}

/// Filings a second when a filing is only this: two files made durable under their final names, then the
/// rows that the product's last filing left before it answered, in a copy of the product's own database
/// with all its indexes, in one commit that reaches the disk. The rate.
fn filing(folder: &Path, database: &Path, load: Load, size: usize) -> Outcome<f64> {
    fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let copy = folder.join("raw.sqlite");
    let (db, rows) = copied(database, &copy).map_err(|e| format!("{}: {e}", copy.display()))?;
    let db = Mutex::new(db);
    let times = load.runs(|thread| {
        let bytes = vec![thread as u8; size];
        let mut number = thread as u64;
        let (db, rows) = (&db, &rows);
        Ok(move || {
            for file in ["a", "b"] {
                durable(folder, &format!("{number}-{file}"), &bytes).map_err(|e| e.to_string())?;
            }
            let mut db = db.lock().expect("no thread panics with the database in hand");
            put(&mut db, rows, number).map_err(|e| e.to_string())?;
            number += CONNECTIONS as u64;
            Ok(())
        })
    })?;
    Ok(times.rate())
}

fn durable(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let (draft, last) = (folder.join(format!("{name}.new")), folder.join(name));
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(draft, last)?;
    File::open(folder)?.sync_all()
}

/// The rows that one filing leaves before it is answered: dossier, step, files, uploads, contents, event,
/// idempotency key, audit entries of the filing and of two uploads. `$1` is the dossier.
const ROWS: [(&str, &str); 8] = [
    ("dossier", "id = $1"),
    ("dossier_step", "dossier = $1"),
    ("dossier_file", "dossier = $1"),
    ("upload", "dossier = $1"),
    ("content", "hash in (select sha256 from dossier_file where dossier = $1)"),
    ("outbox", "aggregate = $1"),
    ("idempotency", "$1 > '' and key = (select key from idempotency order by at desc limit 1)"),
    (
        "audit_entry",
        "subject = $1 or id in (
             select id from audit_entry where verb = 'onestop.upload' order by id desc limit 2)",
    ),
];
/// Columns of which no two rows may have the same; what names such a row elsewhere changes with it.
const UNIQUE: [&str; 5] = ["id", "hash", "sha256", "code", "key"];
/// The chain's part of an audit entry, which comes after the answer, and the event's place, which the
/// database gives.
const LEFT_OUT: [&str; 2] = ["no", "seq"];

/// The columns that a row is put with.
fn kept<'a>(table: &str, columns: &[&'a str]) -> Vec<&'a str> {
    let chained = |name: &str| table == "audit_entry" && name == "hash";
    columns.iter().copied().filter(|name| !LEFT_OUT.contains(name) && !chained(name)).collect()
}

/// A filing's rows, to be put again and again.
#[derive(Default)]
struct Rows {
    /// Each row's insert, and its values.
    rows: Vec<(String, Vec<Value>)>,
    /// What must be other each time, wherever it stands.
    names: BTreeMap<String, u64>,
}

impl Rows {
    fn add(&mut self, insert: &str, columns: &[&str], values: Vec<Value>) {
        for (name, value) in columns.iter().zip(&values) {
            if let Value::Text(text) = value
                && UNIQUE.contains(name)
            {
                let place = self.names.len() as u64;
                self.names.entry(text.clone()).or_insert(place);
            }
        }
        self.rows.push((insert.to_string(), values));
    }

    fn inserts(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|(insert, _)| insert.as_str())
    }

    /// The rows' values under names of their own.
    fn named(&self, number: u64) -> impl Iterator<Item = Vec<Value>> {
        let named = move |value: &Value| match value {
            Value::Text(text) => match self.names.get(text) {
                Some(place) => Value::Text(other(text, *place, number)),
                None => value.clone(),
            },
            _ => value.clone(),
        };
        self.rows.iter().map(move |(_, values)| values.iter().map(named).collect())
    }
}

/// A copy of the product's database, and the rows of its last filing.
fn copied(database: &Path, copy: &Path) -> rusqlite::Result<(Connection, Rows)> {
    let product = Connection::open(database)?;
    product.execute("vacuum into ?1", [copy.to_string_lossy()])?;
    let db = Connection::open(copy)?;
    db.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off;
         pragma cache_size = -65536;",
    )?;
    let newest = "select id from dossier order by filed_at desc limit 1";
    let dossier: String = db.query_row(newest, [], |row| row.get(0))?;
    let mut rows = Rows::default();
    for (table, which) in ROWS {
        let mut select = db.prepare(&format!("select * from {table} where {which}"))?;
        let names: Vec<String> = select.column_names().into_iter().map(String::from).collect();
        let columns = kept(table, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let marks = vec!["?"; columns.len()].join(", ");
        let insert = format!("insert into {table} ({}) values ({marks})", columns.join(", "));
        let read = |row: &Row<'_>| columns.iter().map(|name| row.get(*name)).collect();
        let found = select.query_map([&dossier], read)?.collect::<rusqlite::Result<Vec<Vec<Value>>>>()?;
        assert!(!found.is_empty(), "the last filing left nothing in {table}");
        found.into_iter().for_each(|values| rows.add(&insert, &columns, values));
    }
    Ok((db, rows))
}

/// Puts the rows under names of their own, in one commit.
fn put(db: &mut Connection, rows: &Rows, number: u64) -> rusqlite::Result<()> {
    let tx = db.transaction()?;
    for (insert, values) in rows.inserts().zip(rows.named(number)) {
        tx.prepare_cached(insert)?.execute(params_from_iter(values))?;
    }
    let number = "update number_book set last = last + 1 where rowid = (select max(rowid) from number_book)";
    tx.prepare_cached(number)?.execute([])?;
    tx.commit()
}

/// Another name of the same kind: ids follow one another in time, hashes fall anywhere.
fn other(name: &str, place: u64, number: u64) -> String {
    match name.len() {
        36 => {
            let time = 0x0200_0000_0000 + number; // after every id of the copy
            format!("{:08x}-{:04x}-7000-8000-{place:012x}", time >> 16, time & 0xffff)
        }
        64 => {
            let mut word = (number << 8 | place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut hash = String::with_capacity(64);
            for _ in 0..4 {
                word = (word ^ (word >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ number;
                hash.push_str(&format!("{word:016x}"));
            }
            hash
        }
        _ => format!("{name}.{number}"),
    }
}
