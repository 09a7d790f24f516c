//! Digitisation at the counter (số hóa): `/mot-cua/ho-so/{code}/so-hoa`. A clerk scans a paper that was
//! brought, compares it with its original and registers it; and whoever issued or scanned an entry ends it
//! with a reason. law: onestop/digitisation

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::format;
use base::limits::FILE_SIZE_BYTES_MAX;
use db::Tx;
use directory::AnyOfficial;
use web::layers::UPLOAD_BYTES_MAX;
use web::{FieldError, Path, Problem, Query, RawForm, Shell, Upload, page};

use super::pages::label;
use super::store;
use super::words::say;
use super::{Entry, EntryId, Index};
use crate::App;
use crate::desk::frame;
use crate::dossier::Case;
use crate::dossier::rules::Seat;
use crate::filing::pages::refused;
use crate::filing::sniff::Kind;
use crate::filing::uploads::{self, Loose};
use crate::filters;
use crate::office::{OfficeQuery, Room, Wrong};
use crate::signing;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;
/// The ways in which an entry ends before its last day.
const ENDS: [&str; 2] = ["revoked", "replaced"];

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route(
            "/mot-cua/ho-so/{code}/so-hoa",
            get(show).post(register).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)),
        )
        .route("/mot-cua/ho-so/{code}/so-hoa/{entry}", post(end))
}

/// The counter registers papers while the dossier is open.
pub fn may_register(case: &Case) -> Result<(), Problem> {
    if !case.seats.contains(&Seat::Counter) {
        return Err(Problem::refused(say("scan.not_yours", &[]), "refused: scan.not_yours"));
    }
    if case.dossier.state.status().is_final() {
        return Err(Problem::refused(say("scan.over", &[]), "refused: scan.over"));
    }
    Ok(())
}

/// A result is its agency's leader's to take back; a scan also the counter's that made it.
pub fn may_end(case: &Case, entry: &Entry) -> Result<(), Problem> {
    let leader = case.seats.contains(&Seat::Leader);
    if leader || entry.origin == "scan" && case.seats.contains(&Seat::Counter) {
        return Ok(());
    }
    Err(Problem::refused(say("scan.not_yours_to_end", &[]), "refused: scan.not_yours_to_end"))
}

/// Whether this page has anything for whoever looks at the dossier.
pub fn is_open(case: &Case) -> bool {
    case.seats.iter().any(|seat| matches!(seat, Seat::Counter | Seat::Leader))
}

struct Row {
    text: String,
    origin: String,
    reason: String,
    /// Where it is ended; "" where this person may not.
    end: String,
    /// The file in the dossier or the printed result.
    href: String,
}

struct Pick {
    value: String,
    label: String,
    chosen: bool,
}

struct Asked {
    name: &'static str,
    label: String,
    kind: &'static str,
    value: String,
    optional: bool,
    error: String,
}

#[derive(Template)]
#[template(path = "vault/scan.html")]
struct ScanPage {
    shell: Shell,
    back: String,
    back_label: String,
    meta: Vec<String>,
    rows: Vec<Row>,
    /// The form is there for this person.
    open: bool,
    /// Why it is not.
    closed: String,
    action: String,
    papers: Vec<Pick>,
    fields: Vec<Asked>,
    compared: bool,
    compared_error: String,
    file_error: String,
    paper_error: String,
    message: String,
    summary: String,
    file_max: String,
}

/// What was typed into the form.
#[derive(Clone, Default)]
struct Typed {
    component: String,
    lines: Vec<(String, String)>,
    compared: bool,
}

impl Typed {
    fn line(&self, name: &str) -> String {
        self.lines.iter().find(|(n, _)| n == name).map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

const FIELDS: [(&str, &str, bool); 5] = [
    ("name", "text", true),
    ("number", "text", true),
    ("issued_on", "date", true),
    ("expires_on", "date", true),
    ("issuer", "text", true),
];

async fn read(
    app: &App,
    official: &AnyOfficial,
    post: Option<&str>,
    code: &str,
) -> Result<(Room, Vec<Entry>), Problem> {
    Room::read(app, official, post, code, async |tx: &mut Tx, case: &Case| {
        Ok(store::of_dossier(tx, case.dossier.id).await?)
    })
    .await
}

/// `GET /mot-cua/ho-so/{code}/so-hoa`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(code): Path<String>,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let (room, entries) = read(&app, &official, query.post.as_deref(), &code).await?;
    if !is_open(&room.case) {
        return Err(Problem::NotFound);
    }
    crate::dossier::look(&app, &official.viewer, "onestop.look", &code, room.now).await;
    Ok(answer(&app, &official, &room, &entries, &Typed::default(), Wrong::default()))
}

fn path(code: &str) -> String {
    format!("{}/so-hoa", frame::dossier(code))
}

fn answer(
    app: &App,
    official: &AnyOfficial,
    room: &Room,
    entries: &[Entry],
    typed: &Typed,
    wrong: Wrong,
) -> Response {
    let (case, code) = (&room.case, &room.case.dossier.code);
    let error = |name: &str| FieldError::of(&wrong.errors, name);
    let mut shell = room.shell(app, official, say("title.scan", &[]));
    let n = wrong.errors.len() + usize::from(!wrong.message.is_empty());
    shell.has_errors = n > 0;
    let field = |(name, kind, optional): &(&'static str, &'static str, bool)| Asked {
        name,
        label: say(&format!("field.{name}"), &[]),
        kind,
        value: typed.line(name),
        optional: *optional,
        error: error(name),
    };
    let paper =
        |id: &str, label: String| Pick { value: id.to_string(), label, chosen: typed.component == id };
    let components = case.procedure.papers().map(|c| paper(&c.id, c.name.clone()));
    let (back, back_label) = room.back();
    let closed = match may_register(case) {
        Err(Problem::Refused(message)) => message.outside,
        _ => String::new(),
    };
    let page = ScanPage {
        shell,
        back,
        back_label,
        meta: room.meta(),
        rows: entries.iter().map(|e| row(room, e)).collect(),
        open: closed.is_empty(),
        closed,
        action: room.place.href(&path(code), &[]),
        papers: components.chain([paper("", say("scan.other", &[]))]).collect(),
        fields: FIELDS.iter().map(field).collect(),
        compared: typed.compared,
        compared_error: error("compared"),
        file_error: error("tep"),
        paper_error: error("component"),
        message: wrong.message.clone(),
        summary: if n > 0 { say("add.summary", &[("n", &n.to_string())]) } else { String::new() },
        file_max: format::size(FILE_SIZE_BYTES_MAX),
    };
    page::html_with(wrong.status.unwrap_or(StatusCode::OK), page)
}

fn row(room: &Room, e: &Entry) -> Row {
    let code = &room.case.dossier.code;
    let base = format!("/ho-so/{}", frame::encode(code));
    let ends = e.state == "valid" && may_end(&room.case, e).is_ok();
    Row {
        text: label(e, room.now.day()),
        origin: say(&format!("origin.{}", e.origin), &[]),
        reason: e.reason.clone(),
        end: if ends { room.place.href(&format!("{}/{}", path(code), e.id), &[]) } else { String::new() },
        href: match e.origin.as_str() {
            "result" => format!("{base}/giay/result"),
            _ => format!("{base}/tep/{}", e.id),
        },
    }
}

/// `POST /mot-cua/ho-so/{code}/so-hoa`: a scan with its index. The text fields stand before the file.
async fn register(
    State(app): State<App>,
    official: AnyOfficial,
    Path(code): Path<String>,
    Query(query): Query<OfficeQuery>,
    mut form: Upload,
) -> Result<Response, Problem> {
    let (room, entries) = read(&app, &official, query.post.as_deref(), &code).await?;
    if let Err(problem) = may_register(&room.case) {
        let wrong = Wrong::of(problem)?;
        return Ok(answer(&app, &official, &room, &entries, &Typed::default(), wrong));
    }
    let act = act(&official, &room, "onestop.digitise");
    let (mut errors, mut taken) = (Vec::new(), None);
    match form.next_file(UPLOAD_BYTES_MAX as u64).await {
        Ok(Some(part)) if !part.file_name.is_empty() => {
            match uploads::take_loose(&app, act.clone(), part).await {
                // A scan is an image of a paper; a text document is none.
                Ok(file) if file.media == Kind::Docx.media() => {
                    errors.push(FieldError::new("tep", say("scan.not_a_scan", &[])));
                }
                Ok(file) => taken = Some(file),
                Err(problem) => errors.push(FieldError::new("tep", refused(problem)?)),
            }
        }
        Ok(_) => errors.push(FieldError::new("tep", say("add.no_file", &[]))),
        Err(problem) => errors.push(FieldError::new("tep", refused(problem)?)),
    }
    let text = |name: &str| form.text(name).unwrap_or_default().to_string();
    let typed = Typed {
        component: text("component"),
        lines: FIELDS.iter().map(|(name, ..)| (name.to_string(), text(name))).collect(),
        compared: form.text("compared").is_some(),
    };
    let index = index_of(&room.case, &typed, &mut errors);
    errors.extend(index.errors(room.now.day()));
    let file = match taken {
        Some(file) if errors.is_empty() => file,
        _ => {
            let wrong = Wrong::of(Problem::Invalid(errors))?;
            return Ok(answer(&app, &official, &room, &entries, &typed, wrong));
        }
    };
    let file = signed(&app, &room, act.clone(), file).await?;
    let (catalogue, who, now) = (app.catalogue.clone(), room.who.clone(), room.now);
    let (asked, component) = (code.clone(), typed.component.clone());
    let done = app.site.db.write(act, async move |tx: &mut Tx| -> Result<EntryId, Problem> {
        let mut case = Case::find(tx, &catalogue, &who, &asked, now).await?;
        super::add_scan(tx, &mut case, &component, &index, &file, &who).await
    });
    match done.await {
        Ok(_) => Ok(Redirect::to(&room.place.href(&path(&code), &[])).into_response()),
        Err(problem) => Ok(answer(&app, &official, &room, &entries, &typed, Wrong::of(problem)?)),
    }
}

/// A scan in PDF with the signature of the counter's service certificate, or of the agency's; as it is where
/// neither has one, and where it is an image. The signature says that the scan is as it was registered.
async fn signed(app: &App, room: &Room, act: db::Act, file: Loose) -> Result<Loose, Problem> {
    if file.media != Kind::Pdf.media() {
        return Ok(file);
    }
    let bare = app.site.blobs.get(&file.sha256).await?.to_vec();
    let units = [room.case.dossier.counter.clone(), room.case.dossier.agency.clone()];
    let size = bare.len();
    let bytes = signing::service::signed(app, &units, bare, room.now).await;
    if bytes.len() == size {
        return Ok(file);
    }
    let size = bytes.len() as u64;
    let sha256 = app.site.blobs.store(&app.site.db, act, bytes).await?;
    Ok(Loose { sha256, size, ..file })
}

/// The index as typed; a paper of the procedure has its own name, and nothing is registered that was not
/// compared with its original.
fn index_of(case: &Case, typed: &Typed, errors: &mut Vec<FieldError>) -> Index {
    let mut index = Index::read(|name| typed.line(name));
    match case.procedure.component(&typed.component) {
        Some(component) if index.name.is_empty() => {
            index.name = component.name.chars().take(super::rules::LINE_CHARS_MAX).collect();
        }
        None if !typed.component.is_empty() => {
            errors.push(FieldError::new("component", say("scan.choose", &[])));
        }
        _ => {}
    }
    if !typed.compared {
        errors.push(FieldError::new("compared", say("scan.not_compared", &[])));
    }
    index
}

fn act(official: &AnyOfficial, room: &Room, verb: &'static str) -> db::Act {
    let d = &room.case.dossier;
    let act = official.viewer.act(verb, d.id, room.now);
    act.in_office(room.who.office(d).unwrap_or_else(|| room.place.post.unit.as_str().to_string()))
}

/// `POST /mot-cua/ho-so/{code}/so-hoa/{entry}`: an entry of this dossier is revoked or replaced.
async fn end(
    State(app): State<App>,
    official: AnyOfficial,
    Path((code, entry)): Path<(String, String)>,
    Query(query): Query<OfficeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let (room, entries) = read(&app, &official, query.post.as_deref(), &code).await?;
    let id: EntryId = entry.parse().map_err(|_| Problem::NotFound)?;
    let state = ENDS.into_iter().find(|state| form.get("state") == Some(*state));
    let reason = form.get("reason").unwrap_or_default().trim().to_string();
    let mut errors = Vec::new();
    if state.is_none() {
        errors.push(FieldError::new("state", say("scan.choose_end", &[])));
    }
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let most = REASON_CHARS_MAX.to_string();
        errors.push(FieldError::new("reason", say("scan.say_why", &[("most", &most)])));
    }
    let (catalogue, who, now, asked) = (app.catalogue.clone(), room.who.clone(), room.now, code.clone());
    let done = match state.filter(|_| errors.is_empty()) {
        None => {
            let said: Vec<&str> = errors.iter().map(|e| e.message.as_str()).collect();
            Err(Problem::refused(said.join(" "), "refused: no reason for ending an entry"))
        }
        Some(state) => {
            let act = act(&official, &room, "onestop.end-entry");
            let write = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
                let mut case = Case::find(tx, &catalogue, &who, &asked, now).await?;
                super::end(tx, &mut case, id, state, &reason, &who).await
            });
            write.await
        }
    };
    match done {
        Ok(()) => Ok(Redirect::to(&room.place.href(&path(&code), &[])).into_response()),
        Err(problem) => {
            let wrong = Wrong::of(problem)?;
            Ok(answer(&app, &official, &room, &entries, &Typed::default(), wrong))
        }
    }
}
