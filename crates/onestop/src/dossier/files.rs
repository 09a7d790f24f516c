//! The bytes of a dossier: files that citizens sent, and papers that we print. Both go only to
//! whoever may see the dossier. Files are foreign bytes: they are shown in a box of their own or
//! saved, never run.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use db::Tx;
use db::blobs::Hash;
use directory::{AnyOfficial, Role, Viewer};
use serde::Deserialize;
use web::{Path, Problem, Query};

use super::rules::Verb;
use super::{Case, DossierId, History, PaperKind, StoredFile, Who, papers, store};
use crate::App;
use crate::desk::words::say;
use crate::filing::sniff::Kind;
use crate::signing::{keeping, leave};

/// What a shown image or a saved document may do: nothing.
const BOXED: &str = "default-src 'none'; sandbox; frame-ancestors 'self'";
/// Browsers refuse to show a PDF in a sandbox; their viewer is an object of this origin.
const PDF: &str = "default-src 'none'; object-src 'self'; frame-ancestors 'self'";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/ho-so/{code}/tep/{file}", get(file))
        .route("/ho-so/{code}/giay/{kind}", get(paper))
        .route("/mot-cua/ho-so/{code}/du-thao", get(draft))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ways {
    /// Saved, not shown.
    tai: bool,
    /// An earlier version: the line of the log after which it was printed.
    ban: Option<i64>,
    /// Of a result, the how-manieth version of that file, as each time-stamp has left it.
    lan: Option<i64>,
}

/// `GET /ho-so/{code}/tep/{file}`: a file of the dossier.
async fn file(
    State(app): State<App>,
    viewer: Viewer,
    Path((code, id)): Path<(String, String)>,
    Query(ways): Query<Ways>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let who = Who::from(&viewer);
    let (catalogue, asked) = (app.catalogue.clone(), code.clone());
    let found = app.site.db.read(async move |tx: &mut Tx| -> Result<StoredFile, Problem> {
        let case = Case::find(tx, &catalogue, &who, &asked, now).await?;
        store::find_file(tx, case.dossier.id, &id).await?.ok_or(Problem::NotFound)
    });
    let found = found.await?;
    let bytes = app.site.blobs.get_kept(&found.sha256).await?;
    super::look(&app, &viewer, "onestop.look-file", &code, now).await;
    let shown = !ways.tai && found.media != Kind::Docx.media();
    Ok(answer(bytes, &found.media, &found.name, shown))
}

/// `GET /ho-so/{code}/giay/{kind}`: a printed paper, made now if it is not there yet. A paper that
/// the dossier has not come to is not found.
async fn paper(
    State(app): State<App>,
    viewer: Viewer,
    Path((code, kind)): Path<(String, String)>,
    Query(ways): Query<Ways>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let kind = PaperKind::from_word(&kind).ok_or(Problem::NotFound)?;
    let who = Who::from(&viewer);
    if kind.is_internal() && who.posts.is_empty() {
        return Err(Problem::NotFound);
    }
    let (catalogue, asked) = (app.catalogue.clone(), code.clone());
    let found = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let case = Case::find(tx, &catalogue, &who, &asked, now).await?;
        let id = case.dossier.id;
        let kept = match ways.ban {
            Some(ordinal) => {
                let earlier = store::list_papers(tx, id).await?.into_iter();
                let mut earlier = earlier.filter(|p| p.kind == kind.word() && p.ordinal == ordinal);
                Some(earlier.next_back().ok_or(Problem::NotFound)?.sha256)
            }
            None => current(tx, id, kind).await?,
        };
        // An unsigned result stays among the officials.
        if kind == PaperKind::Result && (who.posts.is_empty() || is_own(&case, &who)) {
            leave::before_showing(tx, id, ways.ban).await?;
        }
        let versions = match ways.ban {
            Some(ordinal) if kind == PaperKind::Result => keeping::list(tx, id, ordinal).await?,
            _ => Vec::new(),
        };
        Ok((id, kept, versions))
    });
    let (id, kept, versions) = found.await?;
    let hash = match kept {
        Some(hash) => hash,
        None => papers::make(&app, id, kind, now).await?,
    };
    let bytes = app.site.blobs.get_kept(&hash).await?;
    let bytes = match ways.lan {
        Some(no) => keeping::as_it_was(&versions, no, &bytes)?,
        None => bytes,
    };
    super::look(&app, &viewer, "onestop.look-paper", &code, now).await;
    let name = name(kind, &code);
    Ok(answer(bytes, Kind::Pdf.media(), &name, !ways.tai))
}

fn is_own(case: &Case, who: &Who) -> bool {
    case.dossier.account.as_deref() == Some(who.account.as_str())
}

/// What a printed paper is called when it is saved.
pub fn name(kind: PaperKind, code: &str) -> String {
    say(&format!("paper_file.{}", kind.word()), &[("code", code)])
}

/// `GET /mot-cua/ho-so/{code}/du-thao`: the result before it is signed, for whoever may sign it now.
async fn draft(
    State(app): State<App>,
    official: AnyOfficial,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let who = Who::from(&official.viewer);
    let (catalogue, asked, by) = (app.catalogue.clone(), code.clone(), who.clone());
    let case = app.site.db.read(async move |tx: &mut Tx| Case::find(tx, &catalogue, &by, &asked, now).await);
    let case = case.await?;
    if !case.open().iter().any(|(verb, _)| *verb == Verb::Decide) {
        return Err(Problem::NotFound);
    }
    let d = &case.dossier;
    let signer = (who.name.clone(), who.title(Role::Leader, &d.holder_unit));
    let pdf = papers::draft(&app, d.id, signer, now).await?;
    super::look(&app, &official.viewer, "onestop.look-paper", &code, now).await;
    let name = say("paper_file.draft", &[("code", &code)]);
    Ok(answer(pdf.bytes.into(), Kind::Pdf.media(), &name, true))
}

/// The newest paper of this kind, unless the log has gone on since to a line that prints it anew.
async fn current(tx: &mut Tx, id: DossierId, kind: PaperKind) -> Result<Option<Hash>, Problem> {
    let Some(paper) = store::find_paper(tx, id, kind).await? else { return Ok(None) };
    let history = store::list_history(tx, id).await?;
    let newer = history.iter().any(|h| h.ordinal > paper.ordinal && follows(kind, h));
    Ok((!newer).then_some(paper.sha256))
}

/// Whether a line of the log with this verb is followed by this paper.
pub fn prints(kind: PaperKind, verb: &str) -> bool {
    match kind {
        PaperKind::Slip => verb == "file",
        PaperKind::Receipt => verb == "receive" || verb == "supplement",
        PaperKind::Supplement => verb == "ask_supplement",
        PaperKind::Refusal => verb == "refuse",
        PaperKind::Apology => verb == "extend",
        PaperKind::Stop => verb == "stop",
        PaperKind::Result => verb == "decide" || verb == "correct_result",
        PaperKind::Control => verb != "file",
    }
}

/// Whether this line of the log is followed by this paper: form 01 only where something was promised.
pub fn follows(kind: PaperKind, h: &History) -> bool {
    prints(kind, &h.verb) && (kind != PaperKind::Receipt || h.promised.is_some())
}

/// A paper of ours, shown under this name.
pub fn pdf(bytes: Bytes, name: &str) -> Response {
    answer(bytes, Kind::Pdf.media(), name, true)
}

/// The bytes with everything that keeps a browser from doing more than showing them.
pub fn answer(bytes: Bytes, media: &str, name: &str, shown: bool) -> Response {
    let policy = if media == Kind::Pdf.media() { PDF } else { BOXED };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(media).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("SAMEORIGIN"));
    let disposition = HeaderValue::from_str(&disposition(name, shown));
    headers
        .insert(header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    response
}

/// RFC 6266: the name in ASCII for old programs, and as it is for the others.
fn disposition(name: &str, shown: bool) -> String {
    let way = if shown { "inline" } else { "attachment" };
    let folded = base::text::fold(name);
    let plain: String = folded
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' })
        .collect();
    let exact = crate::desk::frame::encode(name);
    format!("{way}; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        let told = disposition("Giấy chứng sinh \"1\".pdf\r\nX: y", true);
        assert_eq!(
            told,
            "inline; filename=\"giay_chung_sinh__1_.pdf_x__y\"; \
             filename*=UTF-8''Gi%E1%BA%A5y%20ch%E1%BB%A9ng%20sinh%20%221%22.pdf%0D%0AX%3A%20y"
        );
    }
}
