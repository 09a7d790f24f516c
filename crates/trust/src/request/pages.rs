//! `/quan-tri/yeu-cau-chung-thu`: requests for certificates: asked by who keeps a unit, decided by an
//! administrator of the province; `/chung-thu-so/xin-cap`: an official asks for themselves.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Instant, format};
use db::Tx;
use directory::{Admin, AnyOfficial, Keeper, UnitId, Viewer, admin_shell};
use serde::Deserialize;
use web::{Form, Path, Problem, Query, Shell, Upload, page};

use super::store::{self, Request};
use super::{Asker, Typed, deed, rules};
use crate::certificate::pages::OWN;
use crate::certificate::{self, DEVICES};
use crate::forms::{Fact, Field, fill};
use crate::{App, filters, words};

/// Where requests are.
pub const HERE: &str = "/quan-tri/yeu-cau-chung-thu";
/// The largest request of a key that is read, in bytes.
const CSR_BYTES_MAX: u64 = 2 * pki::csr::REQUEST_BYTES_MAX as u64;
/// Kinds that are asked for.
const KINDS: [&str; 4] = ["official", "agency_seal", "service", "tls"];

/// The routes of these pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/quan-tri/yeu-cau-chung-thu", get(list).post(ask))
        .route("/quan-tri/yeu-cau-chung-thu/moi", get(form))
        .route("/quan-tri/yeu-cau-chung-thu/xem-truoc", post(deed::pages::look))
        .route("/quan-tri/yeu-cau-chung-thu/duyet", post(deed::pages::begin))
        .route("/quan-tri/yeu-cau-chung-thu/duyet/{id}", get(deed::pages::show))
        .route("/quan-tri/yeu-cau-chung-thu/{id}", get(show).post(decide))
        .route("/quan-tri/yeu-cau-chung-thu/{id}/rut", post(withdraw))
        .route("/chung-thu-so/xin-cap", get(own_form).post(own_ask))
}

/// The address of a request.
pub fn href(id: &str) -> String {
    format!("{HERE}/{id}")
}

/// The address of the form that asks for a certificate in the place of this one.
pub fn renewing(certificate: &str) -> String {
    format!("{HERE}/moi?thay={certificate}")
}

/// A request in a list.
pub struct Line {
    pub href: String,
    pub holder: String,
    pub kind: String,
    pub at: Instant,
    pub state: String,
    pub tone: &'static str,
}

/// A request as lists show it.
pub fn line(r: Request) -> Line {
    let tone = match r.state.as_str() {
        "issued" => "is-done",
        "asked" => "is-hold",
        _ => "",
    };
    Line {
        href: href(&r.id),
        holder: r.holder,
        kind: words::t(&format!("certificate.kind.{}", r.kind)),
        at: r.decided_at.unwrap_or(r.asked_at),
        state: words::t(&format!("request.state.{}", r.state)),
        tone,
    }
}

/// A request that waits: what chooses it, or why it cannot be chosen; neither for who decides nothing.
struct Waiting {
    line: Line,
    pick: String,
    why: String,
}

#[derive(Template)]
#[template(path = "trust/requests.html")]
pub struct ListPage {
    shell: Shell,
    waiting: Vec<Waiting>,
    decided: Vec<Line>,
    /// Some of those that wait may be chosen.
    can_choose: bool,
    choice_error: String,
    /// A deed of this administrator that is not done yet.
    running: String,
}

/// The frame of these pages.
pub fn shell(app: &App, keeper: &Keeper, title: &str) -> Shell {
    admin_shell(&app.site, &keeper.viewer, keeper.within.is_none(), words::t(title), HERE)
}

/// All of them for the province, their own for who keeps a unit; with what was wrong with a choice.
pub async fn list_page(app: &App, keeper: &Keeper, choice_error: String) -> Result<ListPage, Problem> {
    let (all, account) = (keeper.within.is_none(), keeper.viewer.account.to_string());
    let by = account.clone();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        if all {
            let lists = (store::list_in(tx, "asked").await?, store::list_decided(tx).await?);
            return Ok((lists, deed::find_running(tx, &account).await?));
        }
        let own = store::list_by(tx, &account).await?;
        Ok((own.into_iter().partition(|request| request.state == "asked"), None))
    };
    let ((asked, decided), running): ((Vec<Request>, Vec<Request>), _) = app.site.db.read(read).await?;
    let waiting = |request: Request| {
        let against = deed::against(&request, &by).filter(|_| all);
        Waiting {
            pick: if all && against.is_none() { request.id.clone() } else { String::new() },
            why: against.map(deed::pages::told).unwrap_or_default(),
            line: line(request),
        }
    };
    let waiting: Vec<Waiting> = asked.into_iter().map(waiting).collect();
    let mut shell = shell(app, keeper, "request.title");
    if !choice_error.is_empty() {
        shell = shell.errors();
    }
    Ok(ListPage {
        shell,
        can_choose: waiting.iter().any(|one| !one.pick.is_empty()),
        waiting,
        decided: decided.into_iter().map(line).collect(),
        choice_error,
        running: running.map(deed::pages::at).unwrap_or_default(),
    })
}

/// `GET /quan-tri/yeu-cau-chung-thu`.
async fn list(State(app): State<App>, keeper: Keeper) -> Result<Response, Problem> {
    Ok(page::html(list_page(&app, &keeper, String::new()).await?))
}

// ---- asking --------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "trust/request_new.html")]
struct FormPage {
    shell: Shell,
    action: &'static str,
    back: &'static str,
    back_words: String,
    fields: Vec<Field>,
    renews: String,
    error: String,
    limit: u64,
}

fn fields(typed: &Typed, own: bool) -> Vec<Field> {
    let years = typed.years.to_string();
    let all = [
        (!own, Field::text("kind", &typed.kind).choice("certificate.kind", KINDS)),
        (!own, Field::text("holder", &typed.holder).optional()),
        (!own, Field::text("unit", &typed.unit).optional()),
        (true, Field::text("email", &typed.email).kind("email").optional()),
        (!own, Field::text("host", &typed.host).optional()),
        (true, Field::text("letter", &typed.letter)),
        (true, Field::text("reason", &typed.reason).kind("area")),
        (true, Field::text("years", &years).kind("number")),
        (true, Field::text("device", &typed.device).choice("certificate.device", DEVICES)),
        (true, Field::text("device_no", &typed.device_no).optional()),
        (
            true,
            Field::text("key_kind", &typed.key_kind)
                .choice("key.kind", ["p256", "p384", "rsa2048", "rsa3072"]),
        ),
        (true, Field::text("csr", "").kind("file").optional()),
    ];
    all.into_iter().filter(|(wanted, _)| *wanted).map(|(_, field)| field).collect()
}

fn blank() -> Typed {
    Typed {
        kind: "official".into(),
        device: "token".into(),
        key_kind: "p256".into(),
        years: 3,
        ..Typed::default()
    }
}

fn form_page(shell: Shell, typed: &Typed, own: bool) -> FormPage {
    let (action, back, key) =
        if own { ("/chung-thu-so/xin-cap", OWN, "certificate.own") } else { (HERE, HERE, "request.title") };
    FormPage {
        shell,
        action,
        back,
        back_words: words::t(key),
        fields: fields(typed, own),
        renews: typed.renews.clone().unwrap_or_default(),
        error: String::new(),
        limit: CSR_BYTES_MAX,
    }
}

/// Which certificate is renewed.
#[derive(Deserialize, Default)]
#[serde(default)]
struct FormQuery {
    thay: String,
}

/// `GET /quan-tri/yeu-cau-chung-thu/moi`: an empty form, or one filled from the certificate to be renewed.
async fn form(
    State(app): State<App>,
    keeper: Keeper,
    Query(query): Query<FormQuery>,
) -> Result<Response, Problem> {
    let within = keeper.within.clone();
    let read = async move |tx: &mut Tx| -> Result<Typed, Problem> {
        if query.thay.is_empty() { Ok(blank()) } else { filled(tx, &query.thay, within.as_ref()).await }
    };
    let typed = app.site.db.read(read).await?;
    Ok(page::html(form_page(shell(&app, &keeper, "request.new"), &typed, false)))
}

async fn filled(tx: &mut Tx, id: &str, within: Option<&UnitId>) -> Result<Typed, Problem> {
    let old = certificate::get(tx, id).await?;
    if let Some(top) = within {
        // A certificate of another unit does not exist.
        let unit = UnitId::from(old.unit.clone().ok_or(Problem::NotFound)?);
        if !directory::is_within(tx, &unit, top).await? {
            return Err(Problem::NotFound);
        }
    }
    let login = match old.account.as_ref().and_then(|id| id.parse().ok()) {
        Some(id) => directory::find_account(tx, id).await?.map_or(String::new(), |a| a.login),
        None => String::new(),
    };
    let unit = old.unit.clone().filter(|_| login.is_empty()).unwrap_or_default();
    Ok(Typed {
        kind: old.kind,
        holder: login,
        unit: UnitId::from(unit).code().to_string(),
        device: old.device,
        device_no: old.device_no,
        renews: Some(old.id),
        ..blank()
    })
}

/// `GET /chung-thu-so/xin-cap`.
async fn own_form(State(app): State<App>, official: AnyOfficial) -> Response {
    let shell = official.viewer.official_shell(&app.site, words::t("request.own_new")).active(OWN);
    page::html(form_page(shell, &blank(), true))
}

/// What was sent, with the file of a key's request.
async fn typed(upload: &mut Upload) -> Result<Typed, Problem> {
    let csr = match upload.next_file(CSR_BYTES_MAX).await? {
        Some(file) => file.bytes().await?.to_vec(),
        None => Vec::new(),
    };
    let text = |name| upload.text(name).unwrap_or_default().to_string();
    Ok(Typed {
        kind: text("kind"),
        holder: text("holder"),
        unit: text("unit"),
        email: text("email"),
        host: text("host"),
        letter: text("letter"),
        reason: text("reason"),
        device: text("device"),
        device_no: text("device_no"),
        years: text("years").parse().unwrap_or_default(),
        key_kind: text("key_kind"),
        csr,
        renews: Some(text("renews")).filter(|id| !id.is_empty()),
    })
}

/// `POST /quan-tri/yeu-cau-chung-thu`.
async fn ask(State(app): State<App>, keeper: Keeper, mut upload: Upload) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let typed = typed(&mut upload).await?;
    let (by, within, wanted) = (keeper.viewer.account.to_string(), keeper.within.clone(), typed.clone());
    let write = async move |tx: &mut Tx| {
        let asker = Asker { account: &by, keeps: Some(within.as_ref()) };
        super::ask(tx, &wanted, &asker, now).await
    };
    match app.site.db.write(keeper.act("trust.ask", "", now), write).await {
        Ok(id) => Ok(Redirect::to(&href(&id)).into_response()),
        Err(problem) => again(form_page(shell(&app, &keeper, "request.new"), &typed, false), problem),
    }
}

/// `POST /chung-thu-so/xin-cap`.
async fn own_ask(
    State(app): State<App>,
    official: AnyOfficial,
    mut upload: Upload,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let mut typed = typed(&mut upload).await?;
    let account = official.viewer.account;
    let own = async move |tx: &mut Tx| -> Result<_, Problem> {
        directory::find_account(tx, account).await?.ok_or(Problem::NotFound)
    };
    typed.holder = app.site.db.read(own).await?.login;
    (typed.kind, typed.renews) = ("official".into(), None);
    let wanted = typed.clone();
    let write = async move |tx: &mut Tx| {
        let by = account.to_string();
        super::ask(tx, &wanted, &Asker { account: &by, keeps: None }, now).await
    };
    match app.site.db.write(official.act("trust.ask", account, now), write).await {
        Ok(_) => Ok(Redirect::to(&format!("{OWN}?da=asked")).into_response()),
        Err(problem) => {
            let shell = official.viewer.official_shell(&app.site, words::t("request.own_new")).active(OWN);
            again(form_page(shell, &typed, true), problem)
        }
    }
}

fn again(mut page: FormPage, problem: Problem) -> Result<Response, Problem> {
    let status = fill(&mut page.fields, (&mut page.shell, &mut page.error), problem, [])?;
    Ok(page::html_with(status, page))
}

// ---- one request ---------------------------------------------------------------------

#[derive(Template)]
#[template(path = "trust/request.html")]
struct ShowPage {
    shell: Shell,
    id: String,
    holder: String,
    state: String,
    tone: &'static str,
    facts: Vec<Fact>,
    error: String,
    note_field: Field,
    /// Somebody may decide about it, and this viewer is such a person.
    can_decide: bool,
    /// It waits, for another than this viewer.
    waits: bool,
    can_withdraw: bool,
    certificate: String,
    csr: String,
}

async fn read(
    app: &App,
    viewer: &Viewer,
    id: &str,
    all: bool,
) -> Result<(Request, String, [String; 2]), Problem> {
    let (wanted, by) = (id.to_string(), viewer.account.to_string());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let request = store::find(tx, &wanted).await?.ok_or(Problem::NotFound)?;
        // Somebody else's request does not exist.
        if !all && request.asked_by != by {
            return Err(Problem::NotFound);
        }
        let unit = directory::get_unit(tx, &UnitId::from(request.unit.clone())).await?.name;
        let mut names = [String::new(), String::new()];
        let persons = [Some(request.asked_by.clone()), request.decided_by.clone()];
        for (into, id) in names.iter_mut().zip(persons) {
            let Some(id) = id.and_then(|id| id.parse().ok()) else { continue };
            *into = directory::find_account(tx, id).await?.map_or(String::new(), |a| a.name);
        }
        Ok((request, unit, names))
    };
    app.site.db.read(read).await
}

async fn show_page(app: &App, keeper: &Keeper, id: &str) -> Result<ShowPage, Problem> {
    let all = keeper.within.is_none();
    let (request, unit, [asked_by, decided_by]) = read(app, &keeper.viewer, id, all).await?;
    let now = app.site.clock.now();
    db::audit::looked(&app.site.db, keeper.act("trust.look-request", &request.id, now)).await?;
    let by = keeper.viewer.account.to_string();
    let may = rules::may_decide(&request.state, &request.asked_by, request.account.as_deref(), &by);
    let open = request.state == "asked";
    let key = match &request.key_kind {
        Some(word) => words::t(&format!("key.kind.{word}")),
        None => words::t("request.key_elsewhere"),
    };
    let time = |at: Option<Instant>| at.map_or(String::new(), format::time_vn);
    let rows = [
        ("kind", words::t(&format!("certificate.kind.{}", request.kind))),
        ("unit", unit),
        ("title", request.title.clone()),
        ("email", request.email.clone()),
        ("host", request.host.clone()),
        ("letter", request.letter.clone()),
        ("reason", request.reason.clone()),
        ("years", request.years.to_string()),
        ("device", words::t(&format!("certificate.device.{}", request.device))),
        ("device_no", request.device_no.clone()),
        ("key", key),
        ("asked_by", asked_by),
        ("asked_at", time(Some(request.asked_at))),
        ("decided_by", decided_by),
        ("decided_at", time(request.decided_at)),
        ("note", request.note.clone()),
    ];
    let shown = line(request.clone());
    let certificate = request.certificate.as_ref().filter(|_| all);
    Ok(ShowPage {
        shell: shell(app, keeper, "request.one"),
        id: request.id.clone(),
        holder: request.holder.clone(),
        state: shown.state,
        tone: shown.tone,
        facts: Fact::all("request.row", rows),
        error: String::new(),
        note_field: Field::text("note", "").kind("area"),
        can_decide: all && may.is_ok(),
        waits: open && may.is_err(),
        can_withdraw: open && request.asked_by == by,
        certificate: certificate.map_or(String::new(), |id| format!("{}/{id}", certificate::pages::HERE)),
        csr: request.csr.as_ref().map_or(String::new(), |der| pki::pem::write("CERTIFICATE REQUEST", der)),
    })
}

/// `GET /quan-tri/yeu-cau-chung-thu/{id}`.
async fn show(State(app): State<App>, keeper: Keeper, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(page::html(show_page(&app, &keeper, &id).await?))
}

/// What an administrator says of a request.
#[derive(Deserialize, Default)]
#[serde(default)]
struct WordForm {
    word: String,
    note: String,
}

/// `POST /quan-tri/yeu-cau-chung-thu/{id}`: another administrator approves, and the certificate is there; or
/// declines.
async fn decide(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<String>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let by = admin.viewer.account.to_string();
    let done = match form.word.as_str() {
        "approve" => {
            let act = admin.act("trust.approve-request", &id, now);
            super::approve(&app, &id, &by, act, now).await.map(drop)
        }
        "decline" => {
            let (wanted, note) = (id.clone(), form.note.clone());
            let write = async move |tx: &mut Tx| super::decline(tx, &wanted, &note, &by, now).await;
            app.site.db.write(admin.act("trust.decline-request", &id, now), write).await
        }
        _ => return Err(Problem::Malformed("no such word about a request".into())),
    };
    let problem = match done {
        Ok(()) => return Ok(Redirect::to(&href(&id)).into_response()),
        Err(problem) => problem,
    };
    let keeper = Keeper { viewer: admin.viewer, post: admin.post, within: None };
    let mut page = show_page(&app, &keeper, &id).await?;
    let note = std::slice::from_mut(&mut page.note_field);
    let status = fill(note, (&mut page.shell, &mut page.error), problem, [form.note])?;
    Ok(page::html_with(status, page))
}

/// `POST /quan-tri/yeu-cau-chung-thu/{id}/rut`: whoever asked takes it back.
async fn withdraw(
    State(app): State<App>,
    keeper: Keeper,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (wanted, by) = (id.clone(), keeper.viewer.account.to_string());
    let write = async move |tx: &mut Tx| super::withdraw(tx, &wanted, &by, now).await;
    app.site.db.write(keeper.act("trust.withdraw-request", &id, now), write).await?;
    Ok(Redirect::to(&href(&id)).into_response())
}
