//! `/quan-tri/chung-thu-so`: the register, one certificate, what is done with it, and import;
//! `/chung-thu-so`: an official's own.

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Instant, format};
use db::Tx;
use directory::{Admin, AnyOfficial, UnitId, admin_shell};
use pki::crl::Reason;
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Form, Path, Problem, Query, Shell, Upload, page};

use super::import::{self, FILE_BYTES_MAX, Outcome};
use super::rules::{REASONS, State as Stage, Step};
use super::store::{self, Asked, Assigned, Count, PAGE, Row};
use super::{CLASSES, DEVICES, KINDS, Wish};
use crate::forms::{Fact, Field, fill};
use crate::words::{self, WORDS};
use crate::{App, filters};

/// Where the register is.
pub const HERE: &str = "/quan-tri/chung-thu-so";
/// Where officials find their own.
pub const OWN: &str = "/chung-thu-so";

/// The routes of these pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/quan-tri/chung-thu-so", get(list))
        .route("/quan-tri/chung-thu-so/nhap", get(import_form).post(import_file))
        .route("/quan-tri/chung-thu-so/{id}", get(show).post(step))
        .route("/quan-tri/chung-thu-so/{id}/gan", post(assign))
        .route("/quan-tri/chung-thu-so/{id}/tep", get(file))
        .route("/chung-thu-so", get(own))
        .route("/chung-thu-so/{id}/bao-mat", post(report_lost))
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX as usize + 64 * 1024))
}

fn said(group: &str, word: &str) -> String {
    words::t(&format!("certificate.{group}.{word}"))
}

fn tone(state: Stage) -> &'static str {
    match state {
        Stage::Valid => "is-done",
        Stage::Suspended => "is-hold",
        Stage::Revoked => "is-over",
        Stage::Expired => "",
    }
}

// ---- the list ------------------------------------------------------------------------

/// What is looked for.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    q: String,
    #[serde(rename = "trang-thai")]
    state: String,
    #[serde(rename = "nguon")]
    origin: String,
    #[serde(rename = "loai")]
    kind: String,
    #[serde(rename = "hang")]
    class: String,
    /// Continue after this place.
    sau: String,
}

struct Line {
    href: String,
    holder: String,
    serial: String,
    kind: String,
    origin: String,
    class: String,
    until: Instant,
    state: String,
    tone: &'static str,
}

struct CountLine {
    origin: String,
    numbers: [i64; 4],
}

#[derive(Template)]
#[template(path = "trust/certificates.html")]
struct ListPage {
    shell: Shell,
    q: String,
    filters: Vec<Field>,
    lines: Vec<Line>,
    counts: Vec<CountLine>,
    total: CountLine,
    expiring: i64,
    next: String,
    filtered: bool,
}

fn count_lines(counts: &[Count]) -> (Vec<CountLine>, CountLine, i64) {
    let line = |c: &Count| CountLine {
        origin: said("origin", &c.origin),
        numbers: [c.valid, c.suspended, c.revoked, c.expired],
    };
    let lines: Vec<CountLine> = counts.iter().map(line).collect();
    let sum = |at: usize| lines.iter().map(|line| line.numbers[at]).sum();
    let total = CountLine { origin: words::t("certificate.all"), numbers: [sum(0), sum(1), sum(2), sum(3)] };
    (lines, total, counts.iter().map(|c| c.expiring).sum())
}

/// `GET /quan-tri/chung-thu-so`.
async fn list(
    State(app): State<App>,
    admin: Admin,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let some = |text: &str, known: &[&str]| known.contains(&text).then(|| text.to_string());
    let states = ["valid", "suspended", "revoked", "expired", "expiring"];
    let asked = Asked {
        tokens: base::text::tokens(&query.q).iter().take(8).map(|token| format!("%{token}%")).collect(),
        state: some(&query.state, &states).unwrap_or_default(),
        origin: some(&query.origin, &["own", "imported"]),
        kind: some(&query.kind, &KINDS),
        trust_class: some(&query.class, &CLASSES),
        after: (!query.sau.is_empty()).then(|| query.sau.clone()),
        now: Some(now),
    };
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        Ok((store::list(tx, &asked).await?, store::count(tx, now).await?))
    };
    let (mut rows, counts) = app.site.db.read(read).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map_or(String::new(), |last| address(&query, &last.folded));
    let line = |row: store::Line| {
        let state = Stage::of(&row.state, row.not_after, now);
        Line {
            href: format!("{HERE}/{}", row.id),
            holder: row.holder,
            serial: row.serial,
            kind: said("kind", &row.kind),
            origin: said("origin", &row.origin),
            class: said("class", &row.trust_class),
            until: row.not_after,
            state: said("state", state.word()),
            tone: tone(state),
        }
    };
    let (counts, total, expiring) = count_lines(&counts);
    let shell = admin_shell(&app.site, &admin.viewer, true, words::t("certificate.title"), HERE);
    let filtered =
        [&query.q, &query.state, &query.origin, &query.kind, &query.class].iter().any(|t| !t.is_empty());
    Ok(page::html(ListPage {
        shell,
        filters: filter_fields(&query, &states),
        q: query.q,
        lines: rows.into_iter().map(line).collect(),
        counts,
        total,
        expiring,
        next,
        filtered,
    }))
}

fn filter_fields(query: &ListQuery, states: &[&'static str]) -> Vec<Field> {
    let all = |mut field: Field, key: &str| {
        field.choices.insert(0, (String::new(), words::t(key)));
        field
    };
    let field = |name, value: &str| Field { name, value: value.to_string(), ..Field::default() };
    let state = field("trang-thai", &query.state).choice("certificate.state", states.iter().copied());
    let origin = field("nguon", &query.origin).choice("certificate.origin", ["own", "imported"]);
    let kind = field("loai", &query.kind).choice("certificate.kind", KINDS);
    let class = field("hang", &query.class).choice("certificate.class", CLASSES);
    vec![
        all(state, "certificate.any.state"),
        all(origin, "certificate.any.origin"),
        all(kind, "certificate.any.kind"),
        all(class, "certificate.any.class"),
    ]
}

fn address(query: &ListQuery, after: &str) -> String {
    let pairs = [
        ("q", query.q.as_str()),
        ("trang-thai", &query.state),
        ("nguon", &query.origin),
        ("loai", &query.kind),
        ("hang", &query.class),
        ("sau", after),
    ];
    let encoded: Vec<String> = pairs
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| format!("{name}={}", crate::encoded(text)))
        .collect();
    format!("{HERE}?{}", encoded.join("&"))
}

// ---- one certificate -----------------------------------------------------------------

#[derive(Template)]
#[template(path = "trust/certificate.html")]
struct ShowPage {
    shell: Shell,
    id: String,
    holder: String,
    state: String,
    tone: &'static str,
    facts: Vec<Fact>,
    findings: Vec<String>,
    note: String,
    version: i64,
    can_suspend: bool,
    can_resume: bool,
    can_revoke: bool,
    own: bool,
    renew_href: String,
    request_href: String,
    error: String,
    step_fields: Vec<Field>,
    assign_fields: Vec<Field>,
}

struct Names {
    unit: String,
    login: String,
    changed_by: String,
}

async fn names(tx: &mut Tx, row: &Row) -> Result<Names, Problem> {
    let unit = match &row.unit {
        Some(id) => directory::get_unit(tx, &UnitId::from(id.clone())).await?.name,
        None => String::new(),
    };
    let account = async |tx: &mut Tx, id: &Option<String>| -> Result<_, Problem> {
        let Some(id) = id.as_ref().and_then(|id| id.parse().ok()) else { return Ok(None) };
        Ok(directory::find_account(tx, id).await?)
    };
    let login = account(tx, &row.account).await?.map_or(String::new(), |account| account.login);
    let changed_by = account(tx, &row.changed_by).await?.map_or(String::new(), |account| account.name);
    Ok(Names { unit, login, changed_by })
}

fn facts(row: &Row, names: &Names) -> Vec<Fact> {
    let reason = row.reason.map_or(String::new(), |code| words::t(&format!("certificate.reason.{code}")));
    let time = |at: Option<Instant>| at.map_or(String::new(), format::time_vn);
    let changed = if row.state == "valid" { None } else { Some(row.changed_at) };
    let rows = [
        ("kind", said("kind", &row.kind)),
        ("origin", said("origin", &row.origin)),
        ("class", said("class", &row.trust_class)),
        ("unit", names.unit.clone()),
        ("login", names.login.clone()),
        ("device", [said("device", &row.device), row.device_no.clone()].join(" ").trim().to_string()),
        ("letter", row.letter.clone()),
        ("subject", row.subject.clone()),
        ("issuer", row.issuer.clone()),
        ("serial", row.serial.clone()),
        ("fingerprint", row.fingerprint.clone()),
        ("from", format::time_vn(row.not_before)),
        ("until", format::time_vn(row.not_after)),
        ("changed", time(changed)),
        ("by", names.changed_by.clone()),
        ("reason", reason),
        ("since", row.invalid_since.map_or(String::new(), |at| format::date_vn(at.day()))),
    ];
    Fact::all("certificate.row", rows)
}

async fn show_page(app: &App, admin: &Admin, id: &str) -> Result<ShowPage, Problem> {
    let wanted = id.to_string();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let row = super::get(tx, &wanted).await?;
        let names = names(tx, &row).await?;
        Ok((row, names))
    };
    let (row, names) = app.site.db.read(read).await?;
    let now = app.site.clock.now();
    db::audit::looked(&app.site.db, admin.act("trust.look-certificate", &row.id, now)).await?;
    let state = row.stands(now);
    let may = |step| super::rules::after(state, step).is_ok();
    let (unit, login) = (row.unit.as_deref().unwrap_or_default(), names.login.as_str());
    let renews =
        may(Step::Renew) && row.origin == "own" && crate::authority::rules::kind(&row.kind).is_some();
    Ok(ShowPage {
        shell: admin_shell(&app.site, &admin.viewer, true, words::t("certificate.one"), HERE),
        facts: facts(&row, &names),
        findings: row.certificate()?.findings().iter().map(|f| format!("{f:?}")).collect(),
        holder: row.holder.clone(),
        state: said("state", state.word()),
        tone: tone(state),
        note: row.note.clone(),
        version: row.version,
        can_suspend: may(Step::Suspend),
        can_resume: may(Step::Resume),
        can_revoke: may(Step::Revoke),
        own: row.origin == "own",
        renew_href: if renews { crate::request::pages::renewing(&row.id) } else { String::new() },
        request_href: row.request.as_ref().map_or(String::new(), |id| crate::request::pages::href(id)),
        error: String::new(),
        step_fields: step_fields(),
        assign_fields: vec![
            Field::text("login", login).optional(),
            Field::text("unit_code", UnitId::from(unit).code()).optional(),
            Field::text("device", &row.device).choice("certificate.device", DEVICES),
            Field::text("device_no", &row.device_no).optional(),
            Field::text("letter", &row.letter).optional(),
        ],
        id: row.id,
    })
}

fn step_fields() -> Vec<Field> {
    let reasons = REASONS.iter().map(|reason| {
        let code = reason.code().to_string();
        let words = words::t(&format!("certificate.reason.{code}"));
        (code, words)
    });
    let reason = Field { choices: reasons.collect(), ..Field::text("reason", "0") };
    vec![reason, Field::text("since", "").kind("date").optional(), Field::text("note", "").kind("area")]
}

/// `GET /quan-tri/chung-thu-so/{id}`.
async fn show(State(app): State<App>, admin: Admin, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(page::html(show_page(&app, &admin, &id).await?))
}

/// A step as it is sent.
#[derive(Deserialize, Default)]
#[serde(default)]
struct StepForm {
    step: String,
    reason: String,
    since: String,
    note: String,
    seen: i64,
}

/// `POST /quan-tri/chung-thu-so/{id}`: suspends, resumes or revokes.
async fn step(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<String>,
    Form(form): Form<StepForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let step = Step::of(&form.step).filter(|step| *step != Step::Renew);
    let step = step.ok_or_else(|| Problem::Malformed("no such step of a certificate".into()))?;
    let verb = match step {
        Step::Suspend => "trust.suspend-certificate",
        Step::Resume => "trust.resume-certificate",
        _ => "trust.revoke-certificate",
    };
    let wish = Wish {
        step,
        reason: form.reason.parse::<u64>().ok().and_then(Reason::from_code),
        since: base::Day::parse(&form.since).ok().map(|day| day.at(0)),
        note: form.note.clone(),
        seen: form.seen,
    };
    let by = admin.viewer.account.to_string();
    let wanted = id.clone();
    let write = async move |tx: &mut Tx| super::step(tx, &wanted, &wish, &by, now).await;
    let problem = match app.site.db.write(admin.act(verb, &id, now), write).await {
        Ok(_) => {
            app.live.forget();
            return Ok(Redirect::to(&format!("{HERE}/{id}")).into_response());
        }
        Err(problem) => problem,
    };
    let mut page = show_page(&app, &admin, &id).await?;
    let typed = [form.reason, form.since, form.note];
    let status = fill(&mut page.step_fields, (&mut page.shell, &mut page.error), problem, typed)?;
    Ok(page::html_with(status, page))
}

/// Whose it is, as it is sent.
#[derive(Deserialize, Default)]
#[serde(default)]
struct AssignForm {
    login: String,
    unit_code: String,
    device: String,
    device_no: String,
    letter: String,
    seen: i64,
}

async fn assigned(tx: &mut Tx, row: &Row, form: &AssignForm, now: Instant) -> Result<Assigned, Problem> {
    let wrong = |field: &str, key: &str| Problem::field(field, words::t(&format!("request.wrong.{key}")));
    let cut = |text: &str| text.chars().take(crate::request::rules::LINE_CHARS_MAX).collect::<String>();
    let mut to = Assigned {
        holder: row.certificate()?.subject().common_name().unwrap_or(&row.holder).to_string(),
        device: form.device.clone(),
        device_no: cut(&form.device_no),
        letter: cut(&form.letter),
        ..Assigned::default()
    };
    if !DEVICES.contains(&form.device.as_str()) {
        return Err(wrong("device", "no_choice"));
    }
    if !form.login.is_empty() {
        let found = directory::account::find_by_login(tx, &form.login).await?;
        let account = found.ok_or_else(|| wrong("login", "no_official"))?;
        let official = directory::official(tx, account, now.day()).await?;
        let post = official.posts.first().ok_or_else(|| wrong("login", "no_official"))?;
        to.account = Some(official.account.to_string());
        to.post = Some(post.id.to_string());
        to.unit = Some(post.unit.as_str().to_string());
        to.holder = official.name;
    }
    if !form.unit_code.is_empty() {
        let unit = directory::find_unit(tx, &form.unit_code, now.day()).await?;
        let unit = unit.ok_or_else(|| wrong("unit_code", "no_unit"))?;
        if to.account.is_none() && row.kind == "agency_seal" {
            to.holder = unit.name.clone();
        }
        to.unit = Some(unit.id.as_str().to_string());
    }
    to.folded = super::folded(&to.holder, &row.subject, &row.serial, &row.id);
    Ok(to)
}

/// `POST /quan-tri/chung-thu-so/{id}/gan`: whose it is, and where its key lies.
async fn assign(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<String>,
    Form(form): Form<AssignForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let wanted = id.clone();
    let typed = [
        form.login.clone(),
        form.unit_code.clone(),
        form.device.clone(),
        form.device_no.clone(),
        form.letter.clone(),
    ];
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let row = super::get(tx, &wanted).await?;
        let to = assigned(tx, &row, &form, now).await?;
        Ok(store::save_assigned(tx, &wanted, form.seen, &to).await?)
    };
    let problem = match app.site.db.write(admin.act("trust.assign-certificate", &id, now), write).await {
        Ok(()) => return Ok(Redirect::to(&format!("{HERE}/{id}")).into_response()),
        Err(problem) => problem,
    };
    let mut page = show_page(&app, &admin, &id).await?;
    let status = fill(&mut page.assign_fields, (&mut page.shell, &mut page.error), problem, typed)?;
    Ok(page::html_with(status, page))
}

/// `GET /quan-tri/chung-thu-so/{id}/tep`: the certificate itself.
async fn file(State(app): State<App>, _admin: Admin, Path(id): Path<String>) -> Result<Response, Problem> {
    let read = async move |tx: &mut Tx| super::get(tx, &id).await;
    let row = app.site.db.read(read).await?;
    let name = format!("attachment; filename=\"{}.cer\"", row.serial);
    let headers =
        [(header::CONTENT_TYPE, "application/pkix-cert".to_string()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, row.der).into_response())
}

// ---- import --------------------------------------------------------------------------

struct ReportLine {
    place: usize,
    subject: String,
    href: String,
    outcome: String,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "trust/import.html")]
struct ImportPage {
    shell: Shell,
    fields: Vec<Field>,
    error: String,
    limit: u64,
    lines: Vec<ReportLine>,
    summary: String,
    keys_dropped: usize,
}

fn import_page(app: &App, admin: &Admin, class: &str) -> ImportPage {
    let class = if class.is_empty() { CLASSES[0] } else { class };
    ImportPage {
        shell: admin_shell(&app.site, &admin.viewer, true, words::t("import.title"), HERE),
        fields: vec![
            Field::text("trust_class", class).choice("certificate.class", CLASSES),
            Field::text("password", "").kind("password").optional(),
            Field::text("file", "").kind("file"),
        ],
        error: String::new(),
        limit: FILE_BYTES_MAX,
        lines: Vec::new(),
        summary: String::new(),
        keys_dropped: 0,
    }
}

/// `GET /quan-tri/chung-thu-so/nhap`.
async fn import_form(State(app): State<App>, admin: Admin) -> Response {
    page::html(import_page(&app, &admin, ""))
}

/// `POST /quan-tri/chung-thu-so/nhap`: takes what can be taken, and reports the rest.
async fn import_file(State(app): State<App>, admin: Admin, mut upload: Upload) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let bytes = match upload.next_file(FILE_BYTES_MAX).await? {
        Some(file) => file.bytes().await?,
        None => axum::body::Bytes::new(),
    };
    let text = |name| upload.text(name).unwrap_or_default().to_string();
    let (class, password) = (text("trust_class"), text("password"));
    let mut page = import_page(&app, &admin, &class);
    let done = taken(&app, &admin, bytes, password, class, now).await;
    match done {
        Ok((lines, keys_dropped)) => {
            let count = lines.iter().filter(|line| matches!(line.outcome, Outcome::Taken(_))).count();
            let (count, all) = (count.to_string(), lines.len().to_string());
            page.summary = WORDS.t("import.summary", &[("count", &count), ("all", &all)]);
            page.lines = lines.into_iter().map(report_line).collect();
            page.keys_dropped = keys_dropped;
            Ok(page::html(page))
        }
        Err(problem) => {
            let status = fill(&mut page.fields, (&mut page.shell, &mut page.error), problem, [])?;
            Ok(page::html_with(status, page))
        }
    }
}

async fn taken(
    app: &App,
    admin: &Admin,
    bytes: axum::body::Bytes,
    password: String,
    class: String,
    now: Instant,
) -> Result<(Vec<import::Line>, usize), Problem> {
    let file = tokio::task::spawn_blocking(move || import::read(&bytes, &password));
    let file = file.await.map_err(Problem::fault)??;
    let dropped = file.keys_dropped;
    let act = admin.act("trust.import", "", now);
    let by = admin.viewer.account.to_string();
    let write = async move |tx: &mut Tx| import::take(tx, &file, &class, &by, now).await;
    Ok((app.site.db.write(act, write).await?, dropped))
}

fn report_line(line: import::Line) -> ReportLine {
    let at = |id: &str| format!("{HERE}/{id}");
    let (key, tone, href) = match &line.outcome {
        Outcome::Taken(id) if line.findings > 0 => ("taken_with_findings", "is-done", at(id)),
        Outcome::Taken(id) => ("taken", "is-done", at(id)),
        Outcome::Known(id) => ("known", "is-hold", at(id)),
        Outcome::Unreadable(_) => ("unreadable", "is-over", String::new()),
        Outcome::NotSigned => ("not_signed", "is-over", String::new()),
        Outcome::NotOurs => ("not_ours", "is-over", String::new()),
    };
    let byte = match line.outcome {
        Outcome::Unreadable(at) => at.to_string(),
        _ => String::new(),
    };
    let outcome = WORDS.t(&format!("import.outcome.{key}"), &[("at", &byte)]);
    ReportLine { place: line.place, subject: line.subject, href, outcome, tone }
}

// ---- one's own -----------------------------------------------------------------------

struct OwnLine {
    id: String,
    kind: String,
    issuer: String,
    serial: String,
    until: Instant,
    state: String,
    tone: &'static str,
    version: i64,
    can_report: bool,
    /// Days until its end, when it is near.
    days_left: Option<i64>,
}

#[derive(Template)]
#[template(path = "trust/own.html")]
struct OwnPage {
    shell: Shell,
    lines: Vec<OwnLine>,
    requests: Vec<crate::request::pages::Line>,
    keeps: bool,
}

/// What was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
struct OwnQuery {
    da: String,
}

/// `GET /chung-thu-so`: the official's own certificates and requests.
async fn own(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<OwnQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let account = official.viewer.account.to_string();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let rows = store::list_of_account(tx, &account).await?;
        Ok((rows, crate::request::store::list_by(tx, &account).await?))
    };
    let (rows, requests) = app.site.db.read(read).await?;
    let line = |row: Row| {
        let state = row.stands(now);
        OwnLine {
            kind: said("kind", &row.kind),
            issuer: row.issuer,
            serial: row.serial,
            until: row.not_after,
            state: said("state", state.word()),
            tone: tone(state),
            version: row.version,
            can_report: state == Stage::Valid,
            days_left: super::rules::days_left(state, row.not_after, now),
            id: row.id,
        }
    };
    let mut shell = official.viewer.official_shell(&app.site, words::t("certificate.own")).active(OWN);
    if ["asked", "reported"].contains(&query.da.as_str()) {
        shell = shell.notice(NoticeKind::Done, words::t(&format!("certificate.did.{}", query.da)));
    }
    let roles = official.viewer.roles();
    Ok(page::html(OwnPage {
        shell,
        lines: rows.into_iter().map(line).collect(),
        requests: requests.into_iter().map(crate::request::pages::line).collect(),
        keeps: roles.contains(&directory::Role::UnitAdmin) || roles.contains(&directory::Role::Admin),
    }))
}

/// What the holder saw.
#[derive(Deserialize, Default)]
#[serde(default)]
struct LostForm {
    seen: i64,
}

/// `POST /chung-thu-so/{id}/bao-mat`: the holder has lost the key. It is suspended at once, by one person.
async fn report_lost(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Form(form): Form<LostForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let by = official.viewer.account.to_string();
    let wanted = id.clone();
    let note = WORDS.kept("certificate.lost", &[]);
    let wish = Wish { step: Step::Suspend, reason: None, since: None, note, seen: form.seen };
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let row = super::get(tx, &wanted).await?;
        // Somebody else's certificate does not exist.
        if row.account.as_deref() != Some(by.as_str()) {
            return Err(Problem::NotFound);
        }
        super::step(tx, &wanted, &wish, &by, now).await.map(drop)
    };
    app.site.db.write(official.act("trust.report-lost", &id, now), write).await?;
    app.live.forget();
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, format!("{OWN}?da=reported"))]).into_response())
}
