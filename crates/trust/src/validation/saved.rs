//! Evidence that is saved: what a document was judged valid by, so that it is judged so again when lists
//! have moved on and certificates have ended (EN 319 102-1 §5.6: proof of existence from the service's own
//! records). What was saved is judged anew like everything else; it is the time that is taken at our word.

use base::Instant;
use db::{Db, Tx, args};
use pki::Digest;
use web::Problem;

use super::Asker;
use super::found::Bag;
use super::rules::{Saved, hex};
use crate::App;

/// Pieces saved of one document.
const PIECES_MAX: usize = 64;
/// The largest piece that is saved, in bytes: beyond are lists of issuers with very many revoked
/// certificates.
const PIECE_BYTES_MAX: usize = 1024 * 1024;
/// Documents that are remembered of people who have signed in; of more, those that nobody has asked for
/// longest are forgotten.
const DOCUMENTS_MAX: i64 = 100_000;
/// Documents that are remembered of strangers, who thus forget one another's alone.
const STRANGERS_DOCUMENTS_MAX: i64 = 20_000;
/// How long a document is remembered that nobody asks for again. Ours: no rule known names a time.
const KEPT_DAYS: i64 = 10 * 365;
/// That somebody asked again is noted once in so many days.
const NOTED_DAYS: i64 = 30;
/// Rows that one round of sweeping takes.
const SWEPT_MAX: i64 = 1_000;

db::record! {
    struct Piece { kind: String, der: Vec<u8> }
}

/// What is saved of a document, and under which key.
#[derive(Clone, Default)]
pub struct Found {
    pub saved: Saved,
    key: String,
}

/// What is saved under this key; else under the other one, by which documents were known before: the hash of
/// all their bytes.
pub async fn find(app: &App, key: &str, whole: &str) -> Result<Found, Problem> {
    let found = find_one(app, key).await?;
    if found.first_at.is_some() {
        return Ok(Found { saved: found, key: key.into() });
    }
    Ok(Found { saved: find_one(app, whole).await?, key: whole.into() })
}

async fn find_one(app: &App, key: &str) -> Result<Saved, Problem> {
    let key = key.to_string();
    let read = async move |tx: &mut Tx| -> db::Result<Option<(Instant, Vec<Piece>)>> {
        let sql = "select first_at from evidence_document where document = $1";
        let Some(first) = tx.find::<Instant>(sql, args![key]).await? else { return Ok(None) };
        let pieces = "select p.kind, p.der from evidence_use u join evidence_piece p on p.hash = u.piece
              where u.document = $1 order by p.hash limit 64";
        Ok(Some((first, tx.list(pieces, args![key]).await?)))
    };
    let Some((first, pieces)) = app.site.db.read(read).await? else { return Ok(Saved::default()) };
    let mut saved = Saved { first_at: Some(first), bag: Bag::default() };
    for piece in pieces {
        match piece.kind.as_str() {
            "certificate" => saved.bag.add_certificate(&piece.der),
            "list" => saved.bag.add_crl(&piece.der),
            _ => saved.bag.add_answer(&piece.der),
        }
    }
    Ok(saved)
}

/// The pieces of a bag by their hashes, each once.
fn pieces(bag: &Bag) -> Vec<(String, &'static str, &[u8])> {
    let certificates = bag.certificates.iter().map(|one| ("certificate", one.der()));
    let lists = bag.crls.iter().map(|list| ("list", list.der()));
    let answers = bag.answers.iter().map(|answer| ("answer", answer.der.as_slice()));
    let all = lists.chain(answers).chain(certificates).filter(|(_, der)| der.len() <= PIECE_BYTES_MAX);
    let mut pieces: Vec<_> = all.map(|(kind, der)| (hex(&Digest::Sha256.of(der)), kind, der)).collect();
    pieces.sort_by(|a, b| a.0.cmp(&b.0));
    pieces.dedup_by(|a, b| a.0 == b.0);
    pieces.truncate(PIECES_MAX);
    pieces
}

/// Saves what a document rests on: all of it the first time. Later only that it was asked for, so that its
/// evidence remains that of the time at which it is known to have existed.
pub async fn keep(
    app: &App,
    (key, asker): (&str, Asker),
    found: &Found,
    used: Bag,
    now: Instant,
) -> Result<(), Problem> {
    let is_stranger = i64::from(asker == Asker::Anybody);
    if found.saved.first_at.is_some() {
        let key = found.key.clone();
        let before = now.plus_days(-NOTED_DAYS);
        let note = async move |tx: &mut Tx| -> db::Result<u64> {
            let is_old = "select count(*) from evidence_document
                  where document = $1 and (last_at < $2 or is_anonymous > $3)";
            match tx.get::<i64>(is_old, args![key, before, is_stranger]).await? {
                0 => Ok(0),
                _ => {
                    let sql = "update evidence_document set last_at = $2,
                             is_anonymous = case when is_anonymous > $3 then $3 else is_anonymous end
                      where document = $1";
                    tx.change(sql, args![key, now, is_stranger]).await
                }
            }
        };
        return Ok(app.site.db.upkeep(note).await.map(drop)?);
    }
    let key = key.to_string();
    let write = async move |tx: &mut Tx| -> db::Result<()> {
        let sql = "insert into evidence_document (document, first_at, last_at, is_anonymous)
             values ($1, $2, $2, $3)
             on conflict (document) do nothing";
        if tx.change(sql, args![key, now, is_stranger]).await? == 0 {
            return Ok(());
        }
        for (hash, kind, der) in pieces(&used) {
            let sql = "insert into evidence_piece (hash, kind, der, added_at) values ($1, $2, $3, $4)
                 on conflict (hash) do nothing";
            tx.change(sql, args![hash, kind, der, now]).await?;
            let sql = "insert into evidence_use (document, piece) values ($1, $2)";
            tx.change_one(sql, args![key, hash]).await?;
        }
        Ok(())
    };
    Ok(app.site.db.upkeep(write).await?)
}

/// Forgets documents that nobody has asked for long, or that are too many, and pieces that nobody rests on.
pub async fn sweep(db: &Db, now: Instant) -> db::Result<()> {
    let sweep = async move |tx: &mut Tx| -> db::Result<()> {
        let old =
            "select document from evidence_document where last_at < $1 order by last_at, document limit 1000";
        let mut gone: Vec<String> = tx.list(old, args![now.plus_days(-KEPT_DAYS)]).await?;
        for (is_anonymous, most) in [(0, DOCUMENTS_MAX), (1, STRANGERS_DOCUMENTS_MAX)] {
            let count = "select count(*) from evidence_document where is_anonymous = $1";
            let many = (tx.get::<i64>(count, args![is_anonymous]).await? - most).clamp(0, SWEPT_MAX);
            let oldest = "select document from evidence_document where is_anonymous = $1
                  order by last_at, document limit $2";
            gone.extend(tx.list::<String>(oldest, args![is_anonymous, many]).await?);
        }
        for document in &gone {
            tx.change("delete from evidence_use where document = $1", args![document]).await?;
            tx.change("delete from evidence_document where document = $1", args![document]).await?;
        }
        let unused = "delete from evidence_piece where not exists (
                select 1 from evidence_use u where u.piece = evidence_piece.hash)";
        tx.change(unused, args![]).await.map(drop)
    };
    db.upkeep(sweep).await
}
