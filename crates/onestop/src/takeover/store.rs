//! Rows of what was taken over.

use base::Instant;
use db::{Filter, Tx, Value, args};

use crate::dossier::DossierId;

/// Where a dossier came from.
pub struct Origin<'a> {
    pub dossier: DossierId,
    pub source: &'a str,
    pub code: &'a str,
    pub plain: &'a str,
    pub promised: Option<Instant>,
    pub at: Instant,
}

/// Writes origins.
pub async fn save_origins<'a>(tx: &mut Tx, origins: impl Iterator<Item = Origin<'a>>) -> db::Result<()> {
    let mut rows: Vec<Value<'_>> = Vec::new();
    for o in origins {
        rows.extend([
            Value::Text(o.dossier.to_string().into()),
            Value::Text(o.source.into()),
            Value::Text(o.code.into()),
            Value::Text(o.plain.into()),
            o.promised.map_or(Value::Null, |at| Value::Int(at.micros())),
            Value::Int(o.at.micros()),
        ]);
    }
    tx.many("insert into dossier_origin (dossier, source, code, plain, promised_at, at) values", 6, &rows, "")
        .await
        .map(drop)
}

/// Which of these old codes have been taken over.
pub async fn taken(tx: &mut Tx, plain: &[String]) -> db::Result<Vec<String>> {
    let q = Filter::new("select plain from dossier_origin").among("plain", plain).tail("limit 5000");
    tx.list(&q, &q.args).await
}

/// Which of these codes dossiers have, wherever they came from.
pub async fn codes(tx: &mut Tx, codes: &[String]) -> db::Result<Vec<String>> {
    let q = Filter::new("select code from dossier").among("code", codes).tail("limit 5000");
    tx.list(&q, &q.args).await
}

/// The code under which the dossier with this old code lives on.
pub async fn find_code(tx: &mut Tx, plain: &str) -> db::Result<Option<String>> {
    tx.find(
        "select d.code from dossier_origin o join dossier d on d.id = o.dossier where o.plain = $1",
        args![plain],
    )
    .await
}

db::record! {
    /// What the pages tell of a dossier's origin.
    pub struct Told { source: String, code: String }
}

/// Where this dossier came from; none for our own.
pub async fn find_origin(tx: &mut Tx, dossier: DossierId) -> db::Result<Option<Told>> {
    tx.find("select source, code from dossier_origin where dossier = $1", args![dossier]).await
}

/// The accounts of these personal numbers whose owners somebody has confirmed: a number that was only
/// claimed is given nobody's dossiers.
pub async fn confirmed(tx: &mut Tx, numbers: &[String]) -> db::Result<Vec<(String, String)>> {
    let q = Filter::new("select personal_number, id from account")
        .among("personal_number", numbers)
        .when("kind = 'citizen' and confirmed_at is not null and disabled_at is null", true)
        .tail("limit 5000");
    tx.list(&q, &q.args).await
}

/// Moves a book on, and never back.
pub async fn raise_book(tx: &mut Tx, book: &str, last: i64) -> db::Result<bool> {
    let moved = tx
        .change(
            "insert into number_book (book, last) values ($1, $2)
             on conflict (book) do update set last = excluded.last where number_book.last < excluded.last",
            args![book, last],
        )
        .await?;
    Ok(moved == 1)
}
