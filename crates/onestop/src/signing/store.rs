//! Rows of results that wait for a signature, and of signatures.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

use super::draw::Spot;
use crate::dossier::DossierId;

db::record! {
    /// A result that waits: for whose signature, and since when.
    pub struct Task { dossier: DossierId, ordinal: i64, part: String, whose: String, since: Instant }
}

/// Has a result wait; one that waits already goes on as it does.
pub async fn put_task(tx: &mut Tx, task: &Task) -> db::Result<()> {
    let sql = "insert into result_to_sign (dossier, ordinal, part, whose, since) values ($1, $2, $3, $4, $5)
         on conflict (dossier, ordinal) do nothing";
    tx.change(sql, args![task.dossier, task.ordinal, task.part, task.whose, task.since]).await.map(drop)
}

/// Ends a wait; whether it was still that one.
pub async fn end_task(tx: &mut Tx, task: &Task) -> db::Result<bool> {
    let sql = "delete from result_to_sign where dossier = $1 and ordinal = $2 and part = $3 and whose = $4";
    Ok(tx.change(sql, args![task.dossier, task.ordinal, task.part, task.whose]).await? == 1)
}

/// Whether a result still waits for this signature.
pub async fn is_waiting(tx: &mut Tx, task: &Task) -> db::Result<bool> {
    let sql = "select count(*) from result_to_sign
          where dossier = $1 and ordinal = $2 and part = $3 and whose = $4";
    Ok(tx.get::<i64>(sql, args![task.dossier, task.ordinal, &task.part, &task.whose]).await? == 1)
}

/// Ends whatever of a dossier waits: its result is made anew, or was signed on paper.
pub async fn end_tasks(tx: &mut Tx, dossier: DossierId) -> db::Result<()> {
    tx.change("delete from result_to_sign where dossier = $1", args![dossier]).await.map(drop)
}

db::record! {
    /// A line of the list of what waits.
    pub struct Line {
        dossier: DossierId, ordinal: i64, part: String, whose: String, since: Instant, code: String,
        applicant_name: String, procedure: String, number: String, symbol: String, signer_name: String,
    }
}

impl Line {
    /// What waits, without the words.
    pub fn task(&self) -> Task {
        Task {
            dossier: self.dossier,
            ordinal: self.ordinal,
            part: self.part.clone(),
            whose: self.whose.clone(),
            since: self.since,
        }
    }

    /// `01/GKS`.
    pub fn full_number(&self) -> String {
        match self.symbol.as_str() {
            "" => self.number.clone(),
            symbol => format!("{}/{symbol}", self.number),
        }
    }
}

/// What waits for this account's signature or this unit's seal, the longest first; at most 200.
pub async fn list(tx: &mut Tx, part: &str, whose: &str) -> db::Result<Vec<Line>> {
    tx.list(
        "select t.dossier, t.ordinal, t.part, t.whose, t.since, d.code, d.applicant_name, d.procedure,
                r.number, r.symbol, r.signer_name
           from result_to_sign t join dossier d on d.id = t.dossier join dossier_result r on r.dossier = d.id
          where t.part = $1 and t.whose = $2 order by t.since, t.dossier limit 200",
        args![part, whose],
    )
    .await
}

db::record! {
    /// The printed result.
    pub struct Paper { sha256: Hash, sign_at: Option<String> }
}

impl Paper {
    /// Where its official signs.
    pub fn spot(&self) -> Option<Spot> {
        self.sign_at.as_deref().and_then(Spot::parse)
    }
}

/// The result printed after this line of the log.
pub async fn find_paper(tx: &mut Tx, dossier: DossierId, ordinal: i64) -> db::Result<Option<Paper>> {
    let sql = "select sha256, sign_at from dossier_paper
          where dossier = $1 and kind = 'result' and ordinal = $2";
    tx.find(sql, args![dossier, ordinal]).await
}

/// Keeps where a result is signed.
pub async fn save_spot(tx: &mut Tx, dossier: DossierId, ordinal: i64, spot: &Spot) -> db::Result<()> {
    let sql = "update dossier_paper set sign_at = $3 where dossier = $1 and kind = 'result' and ordinal = $2";
    tx.change_one(sql, args![dossier, ordinal, spot.text()]).await
}

db::record! {
    /// A signature in a result. `before`: the file that was signed; `sha256`: the file with the signature.
    pub struct Signature {
        part: String, certificate: String, holder: String, account: String, before: Hash, sha256: Hash,
        at: Instant,
        /// Where it is seen on its page, as [`super::draw::place_text`] writes it.
        drawn: Option<String>,
    }
}

/// Puts the signed file in the place of the one it continues; whether that one was still there.
pub async fn save_paper(
    tx: &mut Tx,
    dossier: DossierId,
    ordinal: i64,
    signature: &Signature,
    size: i64,
) -> db::Result<bool> {
    let sql = "update dossier_paper set sha256 = $4, size = $5
          where dossier = $1 and kind = 'result' and ordinal = $2 and sha256 = $3";
    Ok(tx.change(sql, args![dossier, ordinal, signature.before, signature.sha256, size]).await? == 1)
}

/// Puts a file that was raised in the place of the one it continues, also where its last signature names it;
/// whether that one was still there.
pub async fn raise_paper(
    tx: &mut Tx,
    dossier: DossierId,
    ordinal: i64,
    (before, after): (Hash, Hash),
    size: i64,
) -> db::Result<bool> {
    let sql = "update dossier_paper set sha256 = $4, size = $5
          where dossier = $1 and kind = 'result' and ordinal = $2 and sha256 = $3";
    if tx.change(sql, args![dossier, ordinal, before, after, size]).await? != 1 {
        return Ok(false);
    }
    let sql = "update result_signature set sha256 = $4 where dossier = $1 and ordinal = $2 and sha256 = $3";
    tx.change(sql, args![dossier, ordinal, before, after]).await?;
    Ok(true)
}

/// Keeps a signature. It holds the file before it, which the paper has let go.
pub async fn save_signature(
    tx: &mut Tx,
    dossier: DossierId,
    ordinal: i64,
    signature: &Signature,
) -> db::Result<()> {
    let s = signature;
    tx.change_one(
        "insert into result_signature
                (dossier, ordinal, part, certificate, holder, account, before, sha256, at, drawn)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            dossier,
            ordinal,
            s.part,
            s.certificate,
            s.holder,
            s.account,
            s.before,
            s.sha256,
            s.at,
            s.drawn
        ],
    )
    .await
}

/// Where the person's signature is seen in a result.
pub async fn find_drawn(tx: &mut Tx, dossier: DossierId, ordinal: i64) -> db::Result<Option<String>> {
    let sql = "select coalesce(drawn, '') from result_signature
          where dossier = $1 and ordinal = $2 and part = 'person'";
    tx.find(sql, args![dossier, ordinal]).await
}

/// The signatures in the newest result of a dossier, in their order.
pub async fn list_signatures(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Signature>> {
    tx.list(
        "select part, certificate, holder, account, before, sha256, at, drawn from result_signature
          where dossier = $1 and ordinal = (select max(p.ordinal) from dossier_paper p
                where p.dossier = $1 and p.kind = 'result') order by at, part limit 10",
        args![dossier],
    )
    .await
}

/// The unit that decides a dossier: whose seal its result gets.
pub async fn agency(tx: &mut Tx, dossier: DossierId) -> db::Result<String> {
    tx.get("select agency from dossier where id = $1", args![dossier]).await
}
