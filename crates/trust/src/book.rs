//! The end of the audit book, once a day under a time-stamp of the province's authority: a signature over
//! what the book was then. `cuulong audit verify` holds the seals against the book.
//!
//! What is stamped is the line `cuulong-audit-head-1 NO HASH` with a line feed at its end, NO in decimal
//! digits and HASH in small hexadecimal ones, as `AUDIT.md` has them.

use base::Instant;
use db::{Act, Db, Tx, args};
use pki::tsp::{Imprint, Reply, Request, Token};
use pki::{Certificate, Digest};
use web::Problem;

use crate::archive::rules::Kind;
use crate::archive::{self, Deposit};
use crate::stamp::belief::{Trusted, When, believe_token};
use crate::{App, stamp};

/// What is stamped of the book's end.
fn line(no: i64, hash: &str) -> String {
    format!("cuulong-audit-head-1 {no} {hash}\n")
}

/// Seals the book as it is, unless nothing was written since the last seal; whether it was sealed. Without an
/// authority there is nobody to seal it.
pub async fn seal(app: &App) -> Result<bool, Problem> {
    let db = &app.site.db;
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        let head = db::audit::head(tx).await?;
        let last = "select coalesce(max(no), 0) from book_seal";
        let last: i64 = tx.get(last, args![]).await?;
        Ok((head, last, crate::authority::store::count(tx).await?))
    };
    let (head, last, authorities) = db.read(read).await?;
    if head.no <= last || authorities == 0 {
        return Ok(false);
    }
    let imprint = Imprint::of(Digest::Sha256, line(head.no, &head.hash).as_bytes());
    let request = Request::new(imprint, None);
    let refused = |why: String| Problem::fault(format!("the audit book was not stamped: {why}"));
    let reply = stamp::stamped(app, &request.der()).await.map_err(|e| refused(format!("{e:?}")))?;
    let token = match Reply::parse(&reply) {
        Ok(Reply::Granted(token)) => token,
        other => return Err(refused(format!("{other:?}"))),
    };
    let now = app.site.clock.now();
    let trusted = crate::validation::trusted(app, now).await?;
    let report = token.check_reply(&request, &[]);
    believe_token(&token, &report, &trusted, When::Fresh(now)).map_err(|why| refused(why.to_string()))?;
    let act = || Act::system("trust.seal-book", "", now);
    // The line is kept as a document: its time-stamp is followed by others before it lapses.
    let content = app.site.blobs.store(db, act(), line(head.no, &head.hash)).await?;
    let write = async move |tx: &mut Tx| -> Result<bool, Problem> {
        let subject = head.no.to_string();
        let kind = Kind::Record;
        let deposit = Deposit { content, kind, system: "trust", subject: &subject, page: "" };
        archive::keep_stamped(tx, &deposit, &token, now).await?;
        let sql = "insert into book_seal (no, hash, at, token) values ($1, $2, $3, $4)
             on conflict (no) do nothing";
        let row = args![head.no, head.hash, token.info.time, token.message.der];
        Ok(tx.change(sql, row).await? == 1)
    };
    db.write(act(), write).await
}

db::record! {
    struct Seal {
        no: i64, hash: String, at: Instant, token: Vec<u8>,
        /// What the book says now of that entry.
        now: Option<String>,
    }
}

/// What was found of the seals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seals {
    /// How many there are.
    pub count: usize,
    /// When the last one was made.
    pub last: Option<Instant>,
    /// The entry of the first seal that the book, or its own time-stamp, speaks against.
    pub broken: Option<i64>,
}

/// Holds every seal (one a day: the limit is 27 years) against the book and its own time-stamp, whose
/// authority must hang on one of `roots`. Without any, the installation's own roots are taken, which
/// whoever remakes the book could remake too: whoever judges keeps the root elsewhere and names it.
///
/// # Errors
/// The store's.
pub async fn check(db: &Db, roots: &[Certificate], now: Instant) -> db::Result<Seals> {
    let read = async |tx: &mut Tx| {
        tx.list::<Seal>(
            "select s.no, s.hash, s.at, s.token, e.hash as now from book_seal s
               left join audit_entry e on e.no = s.no order by s.no limit 10000",
            args![],
        )
        .await
    };
    let seals = db.read(read).await?;
    let own = match roots {
        [] => db.read(async |tx: &mut Tx| crate::authority::store::list(tx).await).await?,
        _ => Vec::new(),
    };
    let own = own.iter().filter(|one| one.role == "root").filter_map(|one| Certificate::parse(&one.der).ok());
    let trusted = Trusted::of(own.chain(roots.iter().cloned()));
    let holds = |seal: &Seal| {
        let stamped = |digest: Digest| digest.of(line(seal.no, &seal.hash).as_bytes());
        seal.now.as_deref() == Some(seal.hash.as_str())
            && Token::parse(&seal.token).is_ok_and(|token| {
                let report = token.check(stamped, &[]);
                believe_token(&token, &report, &trusted, When::Kept(now)).is_ok()
            })
    };
    Ok(Seals {
        count: seals.len(),
        last: seals.last().map(|seal| seal.at),
        broken: seals.iter().find(|seal| !holds(seal)).map(|seal| seal.no),
    })
}
