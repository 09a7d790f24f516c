//! Where messages are read and written: on the applicant's page of the dossier, on the officials' page, and
//! at `/mot-cua/ho-so/{code}/trao-doi`, which shows all of it and what officials say among themselves.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Instant, format};
use db::Tx;
use directory::{AnyOfficial, UnitId, Viewer};
use serde::Deserialize;
use web::layers::UPLOAD_BYTES_MAX;
use web::page::NoticeKind;
use web::{FieldError, Path, Problem, Query, Shell, Upload, page};

use super::rules::{FILES_MAX, Kind, No, OVER_DAYS_MAX, Side, WORDS_CHARS_MAX};
use super::store::{File, Message};
use super::{Draft, MessageId, say, store};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::{Case, Who, files};
use crate::filing::uploads;
use crate::filters;
use crate::helper::{OnDossier, Own};
use crate::mine::own::{Again, own_page};
use crate::office::{OfficeQuery, Room, Wrong};

/// What stands below a dossier's address for its messages.
const SLUG: &str = "trao-doi";
/// Messages on the officials' page of a dossier.
const LAST: usize = 3;

/// The routes of this file.
pub fn routes() -> Router<App> {
    let files = DefaultBodyLimit::max(UPLOAD_BYTES_MAX);
    Router::new()
        .route("/ho-so-cua-toi/{code}/trao-doi", post(ask).layer(files))
        .route("/mot-cua/ho-so/{code}/trao-doi", get(show).post(answer).layer(files))
        .route("/mot-cua/ho-so/{code}/trao-doi/xong", post(settle))
        .route("/ho-so/{code}/trao-doi/tep/{file}", get(file))
}

/// A file of a message, as a link.
pub struct FileLine {
    pub name: String,
    pub size: String,
    pub href: String,
}

/// A message as it is printed.
pub struct Line {
    pub who: String,
    pub at: Instant,
    pub words: String,
    pub files: Vec<FileLine>,
}

/// A file that came with a form which was refused: kept, and sent along with the next try.
#[derive(Clone, Debug)]
pub struct Brought {
    pub upload: String,
    pub name: String,
}

/// What was typed into a form that is shown again.
#[derive(Clone, Default)]
pub struct Typed {
    pub words: String,
    pub brought: Vec<Brought>,
}

/// The form by which somebody writes.
#[derive(Default)]
pub struct WriteForm {
    /// The id that the message will have.
    pub id: String,
    /// Why nobody may write now; empty where one may.
    pub closed: String,
    pub typed: Typed,
    pub chars_max: usize,
    pub files_max: usize,
    pub file_max: String,
}

impl WriteForm {
    fn new(may: Result<(), No>, typed: Typed) -> WriteForm {
        let closed = may.err().map(super::why).unwrap_or_default();
        WriteForm {
            id: MessageId::fresh().to_string(),
            closed,
            typed,
            chars_max: WORDS_CHARS_MAX,
            files_max: FILES_MAX,
            file_max: format::size(base::limits::FILE_SIZE_BYTES_MAX),
        }
    }
}

/// The talk as its applicant sees it.
#[derive(Default)]
pub struct Talk {
    pub lines: Vec<Line>,
    pub form: WriteForm,
}

/// The messages of one kind with their files, as the side at `here` sees them.
async fn lines(tx: &mut Tx, case: &Case, kind: Kind, here: Side) -> Result<Vec<Line>, Problem> {
    let d = &case.dossier;
    let messages = match kind {
        Kind::Talk => store::list_talk(tx, d.id).await?,
        Kind::Note if here.sees(Kind::Note) => store::list_notes(tx, d.id).await?,
        Kind::Note => return Err(Problem::NotFound),
    };
    let files = store::list_files(tx, d.id, kind.word()).await?;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for m in &messages {
        let author = author(tx, case, m, here).await?;
        names.insert(m.id.to_string(), author);
    }
    Ok(messages.into_iter().map(|m| line(case, kind, m, &files, &names)).collect())
}

/// Where a file of a message is.
pub fn file_url(code: &str, kind: Kind, file: &str) -> String {
    let query = if kind == Kind::Note { "?loai=note" } else { "" };
    format!("/ho-so/{code}/{SLUG}/tep/{file}{query}")
}

/// Who wrote it. The applicant reads the office's name, not the official's.
async fn author(tx: &mut Tx, case: &Case, m: &Message, here: Side) -> Result<String, Problem> {
    if m.side == "owner" {
        return Ok(match here {
            Side::Owner => say("by.you", &[]),
            Side::Office | Side::Colleague => case.dossier.applicant.name.clone(),
        });
    }
    let office = match &m.office {
        Some(unit) => directory::get_unit(tx, &UnitId::from(unit.as_str())).await?.name,
        None => say("by.office", &[]),
    };
    if here == Side::Owner {
        return Ok(office);
    }
    let id = m.account.parse().map_err(|_| Problem::fault("an account without an id"))?;
    let name = directory::person(tx, id).await?.name;
    Ok(say("by.official", &[("name", &name), ("office", &office)]))
}

fn line(case: &Case, kind: Kind, m: Message, files: &[File], names: &BTreeMap<String, String>) -> Line {
    let own = files.iter().filter(|f| f.message == m.id).map(|f| FileLine {
        name: f.name.clone(),
        size: format::size(f.size.unsigned_abs()),
        href: file_url(&case.dossier.code, kind, &f.id),
    });
    Line {
        who: names.get(&m.id.to_string()).cloned().unwrap_or_default(),
        at: m.written_at,
        files: own.collect(),
        words: m.words,
    }
}

/// The talk for the applicant's own page.
pub async fn talk(tx: &mut Tx, case: &Case, who: &Who) -> Result<Talk, Problem> {
    let may = super::check(tx, case, who, Kind::Talk).await?;
    let lines = lines(tx, case, Kind::Talk, Side::Owner).await?;
    Ok(Talk { lines, form: WriteForm::new(may, Typed::default()) })
}

/// Notes that the applicant has opened what was answered.
pub async fn opened(app: &App, case: &Case) -> Result<(), Problem> {
    let id = case.dossier.id;
    let unread = app.site.db.read(async move |tx: &mut Tx| store::thread(tx, id).await).await?.unread;
    if unread > 0 {
        app.site.db.upkeep(async move |tx: &mut Tx| store::save_read(tx, id).await).await?;
    }
    Ok(())
}

/// What came with a form: the words, and files that are kept already.
struct Came {
    draft: Draft,
    typed: Typed,
    errors: Vec<FieldError>,
}

async fn receive(app: &App, account: &str, form: &mut Upload) -> Result<Came, Problem> {
    let (mut brought, mut errors) = (Vec::new(), Vec::new());
    loop {
        let part = match form.next_file(UPLOAD_BYTES_MAX as u64).await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(problem) => {
                errors.push(FieldError::new("uploads", crate::filing::pages::refused(problem)?));
                break;
            }
        };
        if brought.len() >= FILES_MAX {
            let most = FILES_MAX.to_string();
            errors.push(FieldError::new("uploads", say("refused.files", &[("most", &most)])));
            break;
        }
        let (name, now) = (part.file_name.clone(), app.site.clock.now());
        match uploads::keep(app, account, None, None, &name, part, now).await {
            Ok(kept) => brought.push(Brought { upload: kept.id, name }),
            Err(problem) => {
                errors.push(FieldError::new("uploads", crate::filing::pages::refused(problem)?));
                break;
            }
        }
    }
    // `upload|name`, as the page wrote them when an earlier try was refused.
    let before = form.texts().iter().filter(|(name, _)| name == "kem").filter_map(|(_, text)| {
        let (upload, name) = text.split_once('|')?;
        Some(Brought { upload: upload.into(), name: name.into() })
    });
    let brought: Vec<Brought> = before.chain(brought).take(FILES_MAX + 1).collect();
    let words = form.text("text").unwrap_or_default().to_string();
    let draft = Draft {
        id: form.text("ma").and_then(|id| id.parse().ok()).unwrap_or_else(MessageId::fresh),
        kind: form.text("loai").and_then(Kind::from_word).unwrap_or(Kind::Talk),
        words: words.clone(),
        uploads: brought.iter().map(|b| b.upload.clone()).collect(),
    };
    Ok(Came { draft, typed: Typed { words, brought }, errors })
}

impl Came {
    /// What was wrong, for the next page; files that have gone are not sent along again.
    fn again(&mut self, wrong: Wrong) -> (StatusCode, Vec<FieldError>) {
        if wrong.errors.iter().any(|e| e.field == "uploads") {
            self.typed.brought.clear();
        }
        let mut errors = wrong.errors;
        if !wrong.message.is_empty() {
            errors.push(FieldError::new("", wrong.message));
        }
        (wrong.status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), errors)
    }
}

/// `POST /ho-so-cua-toi/{code}/trao-doi`: the applicant writes.
async fn ask(State(app): State<App>, at: OnDossier<Own>, mut form: Upload) -> Result<Response, Problem> {
    let (viewer, now) = (&at.viewer, app.site.clock.now());
    let who = Who::from(viewer);
    let mut came = receive(&app, &who.account, &mut form).await?;
    came.draft.kind = Kind::Talk;
    let (status, errors) = if came.errors.is_empty() {
        let act = at.act("onestop.write-message", now);
        match put(&app, act, &at.code, who, None, came.draft.clone()).await {
            Ok(()) => {
                let to = format!("/ho-so-cua-toi/{}?bao=trao-doi#trao-doi", at.code);
                return Ok(Redirect::to(&to).into_response());
            }
            Err(problem) => came.again(Wrong::of(problem)?),
        }
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, std::mem::take(&mut came.errors))
    };
    let errors = errors.into_iter().map(|e| ("loi-nhan".to_string(), e.message)).collect();
    let again = Again { form: "message", errors, talk: came.typed, ..Again::default() };
    Ok(page::html_with(status, own_page(&app, &at, again).await?))
}

/// Writes it, as this person finds the dossier now.
async fn put(
    app: &App,
    act: db::Act,
    code: &str,
    who: Who,
    office: Option<String>,
    draft: Draft,
) -> Result<(), Problem> {
    let (catalogue, code, now) = (app.catalogue.clone(), code.to_string(), act.at);
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let case = Case::find(tx, &catalogue, &who, &code, now).await?;
        super::write(tx, &case, &who, office.as_deref(), &draft).await
    };
    app.site.db.write(act, write).await
}

/// The last messages, on the officials' page of the dossier.
#[derive(Default)]
pub struct Panel {
    pub lines: Vec<Line>,
    pub count: usize,
    pub notes: usize,
    /// Since when the applicant waits for an answer.
    pub waiting: Option<Instant>,
    pub href: String,
    pub form: WriteForm,
}

/// The panel of a dossier; an applicant who got here sees no notes.
pub async fn panel(tx: &mut Tx, place: &Place, case: &Case, who: &Who) -> Result<Panel, Problem> {
    let here = super::side(case, who);
    let mut lines = lines(tx, case, Kind::Talk, here).await?;
    let count = lines.len();
    let notes = if here.sees(Kind::Note) { store::list_notes(tx, case.dossier.id).await?.len() } else { 0 };
    let may = super::check(tx, case, who, Kind::Talk).await?;
    Ok(Panel {
        lines: lines.split_off(count.saturating_sub(LAST)),
        count,
        notes,
        waiting: store::thread(tx, case.dossier.id).await?.waiting_since,
        href: place.href(&path(&case.dossier.code), &[]),
        form: WriteForm::new(may, Typed::default()),
    })
}

fn path(code: &str) -> String {
    format!("{}/{SLUG}", frame::dossier(code))
}

#[derive(Template)]
#[template(path = "message/thread.html")]
struct ThreadPage {
    shell: Shell,
    back: String,
    back_label: String,
    meta: Vec<String>,
    talk: Vec<Line>,
    notes: Vec<Line>,
    waiting: Option<Instant>,
    may_settle: bool,
    action: String,
    settle: String,
    form: WriteForm,
    note_form: WriteForm,
    errors: Vec<FieldError>,
    summary: String,
    over_days: i64,
}

async fn thread_page(
    app: &App,
    official: &AnyOfficial,
    post: Option<&str>,
    code: &str,
    (kind, typed, errors): (Kind, Typed, Vec<FieldError>),
) -> Result<ThreadPage, Problem> {
    let who = Who::from(&official.viewer);
    let read = async move |tx: &mut Tx, case: &Case| {
        let here = super::side(case, &who);
        if !here.sees(Kind::Note) {
            return Err(Problem::NotFound);
        }
        let talk = lines(tx, case, Kind::Talk, here).await?;
        let notes = lines(tx, case, Kind::Note, here).await?;
        let may = super::check(tx, case, &who, Kind::Talk).await?;
        let may_note = super::check(tx, case, &who, Kind::Note).await?;
        let waiting = store::thread(tx, case.dossier.id).await?.waiting_since;
        Ok((here, talk, notes, may, may_note, waiting))
    };
    let (room, (here, talk, notes, may, may_note, waiting)) =
        Room::read(app, official, post, code, read).await?;
    let path = path(&room.case.dossier.code);
    let (back, back_label) = room.back();
    let (talked, noted) = match kind {
        Kind::Talk => (typed, Typed::default()),
        Kind::Note => (Typed::default(), typed),
    };
    let mut shell = room.shell(app, official, say("title.thread", &[]));
    let n = errors.len().to_string();
    let summary = if errors.is_empty() { String::new() } else { say("refused.summary", &[("n", &n)]) };
    shell.has_errors = !errors.is_empty();
    Ok(ThreadPage {
        meta: room.meta(),
        action: room.place.href(&path, &[]),
        settle: room.place.href(&format!("{path}/xong"), &[]),
        may_settle: waiting.is_some() && here == Side::Office,
        form: WriteForm::new(may, talked),
        note_form: WriteForm::new(may_note, noted),
        over_days: OVER_DAYS_MAX,
        shell,
        back,
        back_label,
        talk,
        notes,
        waiting,
        errors,
        summary,
    })
}

/// `GET /mot-cua/ho-so/{code}/trao-doi`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(code): Path<String>,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let nothing = (Kind::Talk, Typed::default(), Vec::new());
    let mut page = thread_page(&app, &official, query.post.as_deref(), &code, nothing).await?;
    let now = app.site.clock.now();
    crate::dossier::look(&app, &official.viewer, "onestop.look-messages", &code, now).await;
    let said = match query.da.as_str() {
        "gui" => Some("done.answered"),
        "ghi" => Some("done.noted"),
        "xong" => Some("done.settled"),
        _ => None,
    };
    if let Some(key) = said {
        page.shell = page.shell.notice(NoticeKind::Done, say(key, &[]));
    }
    Ok(page::html(page))
}

/// `POST /mot-cua/ho-so/{code}/trao-doi`: an answer to the applicant, or a note among officials.
async fn answer(
    State(app): State<App>,
    official: AnyOfficial,
    Path(code): Path<String>,
    Query(query): Query<OfficeQuery>,
    mut form: Upload,
) -> Result<Response, Problem> {
    let post = query.post.as_deref();
    // Nobody may leave files at a dossier that is not theirs to see.
    let (room, ()) = Room::read(&app, &official, post, &code, async |_: &mut Tx, _: &Case| Ok(())).await?;
    let (d, now) = (&room.case.dossier, room.now);
    let mut came = receive(&app, &room.who.account, &mut form).await?;
    let kind = came.draft.kind;
    let (status, errors) = if came.errors.is_empty() {
        let office = room.who.office(d).unwrap_or_else(|| room.place.post.unit.as_str().to_string());
        let act = official.viewer.act("onestop.write-message", d.id, now).in_office(&office);
        match put(&app, act, &d.code, room.who.clone(), Some(office), came.draft.clone()).await {
            Ok(()) => {
                let done = if kind == Kind::Note { "ghi" } else { "gui" };
                let to = room.place.href(&path(&d.code), &[("da", done)]);
                return Ok(Redirect::to(&to).into_response());
            }
            Err(problem) => came.again(Wrong::of(problem)?),
        }
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, std::mem::take(&mut came.errors))
    };
    let page = thread_page(&app, &official, post, &code, (kind, came.typed, errors)).await?;
    Ok(page::html_with(status, page))
}

/// `POST /mot-cua/ho-so/{code}/trao-doi/xong`: what the applicant wrote wants no answer.
async fn settle(
    State(app): State<App>,
    official: AnyOfficial,
    Path(code): Path<String>,
    Query(query): Query<OfficeQuery>,
    _form: web::RawForm,
) -> Result<Response, Problem> {
    let post = query.post.as_deref();
    let (room, ()) = Room::read(&app, &official, post, &code, async |_: &mut Tx, _: &Case| Ok(())).await?;
    let (d, now, who) = (&room.case.dossier, room.now, room.who.clone());
    let act = official.viewer.act("onestop.settle-messages", d.id, now);
    let act = act.in_office(who.office(d).unwrap_or_else(|| room.place.post.unit.as_str().to_string()));
    let (catalogue, asked) = (app.catalogue.clone(), d.code.clone());
    let done = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let case = Case::find(tx, &catalogue, &who, &asked, now).await?;
        super::settle(tx, &case, &who).await
    });
    match done.await {
        // Somebody else was quicker: nothing waits, as was wanted.
        Ok(()) | Err(Problem::Stale) => {
            Ok(Redirect::to(&room.place.href(&path(&d.code), &[("da", "xong")])).into_response())
        }
        Err(problem) => {
            let wrong = Wrong::of(problem)?;
            let errors = vec![FieldError::new("", wrong.message)];
            let again = (Kind::Talk, Typed::default(), errors);
            let page = thread_page(&app, &official, post, &code, again).await?;
            Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FileQuery {
    /// The kind of the message it belongs to.
    loai: String,
    /// Saved, not shown.
    tai: bool,
}

/// `GET /ho-so/{code}/trao-doi/tep/{file}`: a file of a message, for whoever may read the message.
async fn file(
    State(app): State<App>,
    viewer: Viewer,
    Path((code, id)): Path<(String, String)>,
    Query(query): Query<FileQuery>,
) -> Result<Response, Problem> {
    let (who, now) = (Who::from(&viewer), app.site.clock.now());
    let kind = Kind::from_word(&query.loai).unwrap_or(Kind::Talk);
    let (catalogue, asked) = (app.catalogue.clone(), code.clone());
    let found = app.site.db.read(async move |tx: &mut Tx| -> Result<File, Problem> {
        let case = Case::find(tx, &catalogue, &who, &asked, now).await?;
        if !super::side(&case, &who).sees(kind) {
            return Err(Problem::NotFound);
        }
        store::find_file(tx, case.dossier.id, kind.word(), &id).await?.ok_or(Problem::NotFound)
    });
    let found = found.await?;
    let bytes = app.site.blobs.get(&found.sha256).await?;
    crate::dossier::look(&app, &viewer, "onestop.look-file", &code, now).await;
    let shown = !query.tai && found.media != crate::filing::sniff::Kind::Docx.media();
    Ok(files::answer(bytes, &found.media, &found.name, shown))
}
