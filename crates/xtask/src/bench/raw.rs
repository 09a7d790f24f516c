//! The raw limits: what the machine can do when nothing is asked but the unavoidable.
//! Built only for `cargo x bench` (feature `raw`), because SQLite takes its time to compile.

use super::CONNECTIONS;
use super::load::Load;
use crate::shell::Outcome;
use rusqlite::{Connection, params};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// `raw http FILE` or `raw filing FOLDER WARM_UP SECONDS BYTES_A_FILE`.
pub fn run(words: &[String]) -> Outcome {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["http", file] => http(Path::new(file)),
        ["filing", folder, warm_up, seconds, size] => {
            let number = |word: &str| word.parse::<u64>().map_err(|_| format!("{word} is not a number"));
            let load = Load { warm_up: number(warm_up)?, seconds: number(seconds)? };
            filing(Path::new(folder), load, number(size)? as usize)
        }
        _ => Err("raw http FILE | raw filing FOLDER WARM_UP SECONDS BYTES_A_FILE".into()),
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

/// Filings a second when a filing is only this: two files made durable under their final names,
/// then its rows in one commit that reaches the disk. Prints the rate.
fn filing(folder: &Path, load: Load, size: usize) -> Outcome {
    fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let db = open(&folder.join("raw.db")).map_err(|e| format!("raw.db: {e}"))?;
    let db = Mutex::new(db);
    let times = load.runs(|thread| {
        let bytes = vec![thread as u8; size];
        let mut number = thread;
        let db = &db;
        Ok(move || {
            for file in ["a", "b"] {
                durable(folder, &format!("{number}-{file}"), &bytes).map_err(|e| e.to_string())?;
            }
            let mut db = db.lock().expect("no thread panics with the database in hand");
            rows(&mut db, number).map_err(|e| e.to_string())?;
            number += CONNECTIONS;
            Ok(())
        })
    })?;
    println!("{}", times.rate());
    Ok(())
}

fn durable(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let (draft, last) = (folder.join(format!("{name}.new")), folder.join(name));
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(draft, last)?;
    File::open(folder)?.sync_all()
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(file)?;
    db.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full;
         create table row (id integer primary key, of integer not null, kind text not null,
                           body text not null) strict;
         create index row_of on row (of);",
    )?;
    Ok(db)
}

/// The rows of a filing: the dossier, its code, history, answers, applicant, two blobs, two
/// uploads, two papers, outbox, audit entries and the idempotency key, of a usual size.
fn rows(db: &mut Connection, number: usize) -> rusqlite::Result<()> {
    let body = "x".repeat(240);
    let tx = db.transaction()?;
    {
        let mut insert = tx.prepare_cached("insert into row (of, kind, body) values (?1, ?2, ?3)")?;
        for kind in KINDS {
            insert.execute(params![number as i64, kind, body])?;
        }
    }
    tx.commit()
}

const KINDS: [&str; 14] = [
    "dossier",
    "number",
    "step",
    "answers",
    "applicant",
    "blob",
    "blob",
    "upload",
    "upload",
    "paper",
    "paper",
    "outbox",
    "audit",
    "key",
];
