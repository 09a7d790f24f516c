//! Files signed on a phone: what its card has to sign, and the file with the signature that came back. Both
//! are made of the same file at the same instant, so that nothing lies around half made meanwhile.

use base::Instant;
use directory::Viewer;
use pdfsig::CannotSign;
use pki::SignatureAlgorithm;
use pki::cms::{Draft, Embed};
use web::Problem;

use super::store::{self, Paper, Row};
use super::{Card, Wish, begin};
use crate::App;
use crate::remote::say;
use crate::validation::detect;
use crate::validation::report::Format;

/// Asks a phone to sign a file: PDF within itself, anything else by a message beside it. `name` is shown on
/// the phone.
///
/// # Errors
/// A refusal at the field `file` when it cannot be signed; as [`super::ask`].
pub async fn ask(
    app: &App,
    card: &Card,
    (name, bytes): (&str, Vec<u8>),
    by: &Viewer,
    now: Instant,
) -> Result<Row, Problem> {
    let format = match detect(&bytes) {
        Some(Format::Pdf) => "pdf",
        _ => "cms",
    };
    let algorithm = card.algorithm()?;
    let signer = card.clone();
    let work = move |_: &_| {
        let made = to_sign(&bytes, format, now, &signer, algorithm);
        let made = made.map_err(|why| {
            tracing::info!(?why, "a file cannot be signed");
            Problem::field("file", say("wrong.unreadable", &[]))
        });
        made.map(|made| (made, bytes))
    };
    let (to_sign, bytes) = app.validation.make(work).await?;
    let act = by.act("trust.mobile-ask", &card.id, now);
    let sha256 = app.site.blobs.store(&app.site.db, act.clone(), bytes).await?;
    let paper = Paper {
        request: String::new(),
        name: name.to_string(),
        format: format.to_string(),
        sha256,
        made_at: now,
        result: None,
    };
    let text = crate::remote::kept("mobile.shown", &[("name", name)]);
    begin(app, card, Wish { text, to_sign }, Some(paper), (by.account, act), now).await
}

/// The name of the signature's field in a PDF file; a signed one gets the next free.
fn field(bytes: &[u8]) -> Result<String, CannotSign> {
    let file = pdfsig::File::open(&bytes)?;
    let taken = pdfsig::signatures(&file)?;
    let mut names = (1..=taken.len() + 1).map(|n| format!("ChuKySIM{n}"));
    let free = names.find(|name| !taken.iter().any(|signature| signature.field == *name));
    free.ok_or(CannotSign::FieldTaken)
}

fn prepared(
    bytes: &[u8],
    at: Instant,
    draft: &Draft<'_>,
    algorithm: SignatureAlgorithm,
) -> Result<pdfsig::Prepared, CannotSign> {
    let field = field(bytes)?;
    let mut plan = pdfsig::Plan::new(&field, at);
    plan.name = draft.certificate.subject().common_name().map(str::to_string);
    pdfsig::prepare(&bytes, &plan, draft, algorithm)
}

/// What a card has to sign.
fn to_sign(
    bytes: &[u8],
    format: &str,
    at: Instant,
    card: &Card,
    algorithm: SignatureAlgorithm,
) -> Result<Vec<u8>, CannotSign> {
    let draft = Draft::new(&card.certificate, &card.chain);
    if format == "pdf" {
        let prepared = prepared(bytes, at, &draft, algorithm)?;
        return Ok(draft.to_sign(prepared.hash(), algorithm).bytes().to_vec());
    }
    let hash = algorithm.digest().of(bytes);
    Ok(draft.at(at).to_sign(&hash, algorithm).bytes().to_vec())
}

/// What is appended to a PDF file, or the message beside another.
fn with_signature(
    bytes: &[u8],
    paper: &Paper,
    card: &Card,
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<Vec<u8>, CannotSign> {
    let draft = Draft::new(&card.certificate, &card.chain);
    if paper.format == "pdf" {
        let prepared = prepared(bytes, paper.made_at, &draft, algorithm)?;
        let message = draft.to_sign(prepared.hash(), algorithm).finish(signature, Embed::Detached);
        return prepared.finish(&message);
    }
    let hash = algorithm.digest().of(bytes);
    Ok(draft.at(paper.made_at).to_sign(&hash, algorithm).finish(signature, Embed::Detached))
}

/// What the signature adds to the file that waits for it; none where a bare signature was wanted.
pub(super) async fn finish(
    app: &App,
    row: &Row,
    card: &Card,
    signature: &[u8],
) -> Result<Option<Vec<u8>>, Problem> {
    let id = row.id.clone();
    let read = async move |tx: &mut db::Tx| store::find_paper(tx, &id).await;
    let Some(paper) = app.site.db.read(read).await? else { return Ok(None) };
    let bytes = app.site.blobs.get_kept(&paper.sha256).await?;
    let (card, algorithm) = (card.clone(), card.algorithm()?);
    let (signature, expected) = (signature.to_vec(), row.to_sign.clone());
    let work = move |_: &_| {
        let broken = |why: CannotSign| Problem::fault(format!("a file is not signed: {why:?}"));
        let again = to_sign(&bytes, &paper.format, paper.made_at, &card, algorithm).map_err(broken)?;
        if again != expected {
            return Err(Problem::fault("a file is made otherwise than when its signature was asked for"));
        }
        with_signature(&bytes, &paper, &card, algorithm, &signature).map_err(broken).map(Some)
    };
    app.validation.make(work).await
}

/// The signed file: its name's ending, its media type, its bytes.
///
/// # Errors
/// `NotFound` while it is not signed, and a day later; the store's.
pub async fn signed(app: &App, row: &Row) -> Result<(&'static str, &'static str, Vec<u8>), Problem> {
    let id = row.id.clone();
    let read = async move |tx: &mut db::Tx| store::find_paper(tx, &id).await;
    let paper = app.site.db.read(read).await?.ok_or(Problem::NotFound)?;
    let result = paper.result.ok_or(Problem::NotFound)?;
    Ok(match paper.format.as_str() {
        "pdf" => {
            let original = app.site.blobs.get_kept(&paper.sha256).await?;
            ("pdf", "application/pdf", [&original[..], &result].concat())
        }
        _ => ("p7s", "application/pkcs7-signature", result),
    })
}
