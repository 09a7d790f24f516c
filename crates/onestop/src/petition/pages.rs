//! The citizens' pages of petitions: the public answers, sending one, following one's own.

pub mod desk;
pub mod step;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::{Calendar, Instant};
use db::Tx;
use directory::signin::Address;
use directory::{MaybeViewer, Receiving, UnitId, Viewer};
use serde::Deserialize;
use web::due::{Pill, arithmetic, due_pill, held_pill};
use web::filters::promised_text;
use web::layers::UPLOAD_BYTES_MAX;
use web::page::NoticeKind;
use web::{FieldError, Path, Problem, Query, Shell, Upload, page, throttle};

use super::rules::{Standing, State as Stands, Verb};
use super::words::{self, of, say};
use super::{Ask, FILES_MAX, KINDS, Limits, Petition, Sending, TOPICS, Who, store};
use crate::App;
use crate::dossier::follow::{follow, plain};
use crate::filing::uploads;
use crate::filters;

/// The routes of petitions, for citizens and officials.
pub fn routes() -> Router<App> {
    let files = DefaultBodyLimit::max(UPLOAD_BYTES_MAX);
    Router::new()
        .route("/phan-anh", get(home))
        .route("/phan-anh/gui", get(form).post(send).layer(files))
        .route("/phan-anh/theo-doi", get(show).post(complete).layer(files))
        .route("/phan-anh/cua-toi", get(own))
        .route("/phan-anh/cong-khai/{number}", get(public))
        .merge(desk::routes())
}

/// Answers on one page.
const LINES: usize = 20;
/// Places offered by one search.
const PLACES_MAX: u32 = 30;

/// A published answer as it is printed.
struct PublicLine {
    number: String,
    subject: String,
    content: String,
    answer: String,
    agency: String,
    at: Instant,
}

#[derive(Template)]
#[template(path = "petition/home.html")]
struct HomePage {
    shell: Shell,
    lines: Vec<PublicLine>,
    /// Where older answers are; empty at the end.
    older: String,
    later_page: bool,
    signed_in: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HomeQuery {
    /// Answers published before this moment, in microseconds.
    truoc: Option<i64>,
}

/// `GET /phan-anh`: how to send one, and what was answered.
async fn home(
    State(app): State<App>,
    viewer: MaybeViewer,
    Query(query): Query<HomeQuery>,
) -> Result<Response, Problem> {
    let before = query.truoc.map(Instant::from_micros);
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let mut lines = Vec::new();
        for row in store::list_published(tx, before).await? {
            lines.push(public_line(tx, row).await?);
        }
        Ok(lines)
    };
    let mut lines = app.site.db.read(read).await?;
    let more = lines.len() > LINES;
    lines.truncate(LINES);
    let last = lines.last().filter(|_| more);
    Ok(page::html(HomePage {
        shell: viewer.citizen_shell(&app.site, say("title.home", &[])).active("/phan-anh"),
        older: last.map(|l| format!("/phan-anh?truoc={}", l.at.micros())).unwrap_or_default(),
        later_page: before.is_some(),
        signed_in: viewer.0.is_some(),
        lines,
    }))
}

async fn public_line(tx: &mut Tx, row: store::Published) -> Result<PublicLine, Problem> {
    let agency = directory::get_unit(tx, &UnitId::from(row.agency)).await?.name;
    Ok(PublicLine {
        number: row.number,
        subject: row.public_subject,
        content: row.public_content,
        answer: row.public_answer,
        agency,
        at: row.published_at,
    })
}

#[derive(Template)]
#[template(path = "petition/public.html")]
struct PublicPage {
    shell: Shell,
    line: PublicLine,
}

/// `GET /phan-anh/cong-khai/{number}`: one answer for everybody.
async fn public(
    State(app): State<App>,
    viewer: MaybeViewer,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let found = store::find_published(tx, &plain(&number)).await?.ok_or(Problem::NotFound)?;
        public_line(tx, found).await
    };
    let line = app.site.db.read(read).await?;
    let shell = viewer.citizen_shell(&app.site, line.subject.clone()).active("/phan-anh");
    Ok(page::html(PublicPage { shell, line }))
}

/// A circle to choose.
pub(super) struct Pick {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// The choices of a closed list.
pub(super) fn picks(list: &str, values: &[&str], chosen: &str) -> Vec<Pick> {
    let pick = |v: &&str| Pick { value: (*v).to_string(), label: of(list, v), chosen: *v == chosen };
    values.iter().map(pick).collect()
}

/// The places whose name has these words, of every level, with a counter of their own.
pub(super) async fn places(tx: &mut Tx, q: &str, day: base::Day) -> db::Result<Vec<Receiving>> {
    let mut found = Vec::new();
    for level in directory::unit::store::levels(tx).await? {
        let left = PLACES_MAX.saturating_sub(u32::try_from(found.len()).unwrap_or(PLACES_MAX));
        if left == 0 {
            break;
        }
        let more = directory::list_receiving(tx, &level, q, day, left).await?;
        found.extend(
            more.into_iter()
                .filter(|new| !found.iter().any(|old: &Receiving| old.code == new.code))
                .collect::<Vec<_>>(),
        );
    }
    Ok(found)
}

fn unit_label(unit: &Receiving) -> String {
    match &unit.parent_name {
        Some(parent) => format!("{} ({parent})", unit.name),
        None => unit.name.clone(),
    }
}

#[derive(Template)]
#[template(path = "petition/send.html")]
struct SendPage {
    shell: Shell,
    place: String,
    units: Vec<Pick>,
    kinds: Vec<Pick>,
    topics: Vec<Pick>,
    sending: Sending,
    dossier: String,
    errors: Vec<FieldError>,
    summary: String,
    file_max: String,
    files_max: usize,
    more: bool,
}

impl SendPage {
    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FormQuery {
    /// Words of the place.
    noi: String,
    /// The dossier it is about.
    hs: String,
}

/// `GET /phan-anh/gui?noi=&hs=`.
async fn form(
    State(app): State<App>,
    viewer: MaybeViewer,
    Query(query): Query<FormQuery>,
) -> Result<Response, Problem> {
    let person = viewer.0.as_ref().map(|v| v.person().clone());
    let sending = Sending {
        name: viewer.0.as_ref().map(|v| v.name.clone()).unwrap_or_default(),
        phone: person.as_ref().and_then(|p| p.phone.clone()).unwrap_or_default(),
        ..Sending::default()
    };
    let page = send_page(&app, &viewer, query.noi, query.hs, sending, Vec::new()).await?;
    Ok(page::html(page))
}

async fn send_page(
    app: &App,
    viewer: &MaybeViewer,
    place: String,
    dossier: String,
    sending: Sending,
    errors: Vec<FieldError>,
) -> Result<SendPage, Problem> {
    let (day, words) = (app.site.clock.today(), place.clone());
    let units = app.site.db.read(async move |tx: &mut Tx| places(tx, &words, day).await).await?;
    let mut shell = viewer.citizen_shell(&app.site, say("title.send", &[])).active("/phan-anh");
    shell.has_errors = !errors.is_empty();
    let unit = |u: &Receiving| Pick {
        value: u.code.clone(),
        label: unit_label(u),
        chosen: u.code == sending.unit || units.len() == 1,
    };
    Ok(SendPage {
        shell,
        more: units.len() >= PLACES_MAX as usize,
        units: units.iter().map(unit).collect(),
        kinds: picks("kind", &KINDS, &sending.kind),
        topics: picks("topic", &TOPICS, &sending.topic),
        summary: say("fault.summary", &[("n", &errors.len().to_string())]),
        file_max: base::format::size(base::limits::FILE_SIZE_BYTES_MAX),
        files_max: FILES_MAX,
        place,
        sending,
        dossier,
        errors,
    })
}

/// The key under which one sender's petitions are slowed: the account, or the address.
fn throttle_key(viewer: &MaybeViewer, address: &Address) -> String {
    match &viewer.0 {
        Some(viewer) => format!("petition:{}", viewer.account),
        None => format!("petition-from:{}", address.0),
    }
}

/// The files of a form, up to the limit; `errors` hears of those that are not taken.
async fn take_files(
    app: &App,
    act: &db::Act,
    form: &mut Upload,
    errors: &mut Vec<FieldError>,
) -> Result<Vec<store::File>, Problem> {
    let mut files = Vec::new();
    loop {
        let part = match form.next_file(UPLOAD_BYTES_MAX as u64).await {
            Ok(Some(part)) => part,
            Ok(None) => return Ok(files),
            Err(problem) => {
                errors.push(FieldError::new("tep", crate::filing::pages::refused(problem)?));
                return Ok(files);
            }
        };
        if files.len() >= FILES_MAX {
            errors.push(FieldError::new("tep", say("fault.files", &[("n", &FILES_MAX.to_string())])));
            return Ok(files);
        }
        match uploads::take_loose(app, act.clone(), part).await {
            Ok(taken) => files.push(store::File {
                id: base::Id::<super::PetitionKind>::fresh().to_string(),
                name: taken.name,
                media: taken.media.to_string(),
                size: i64::try_from(taken.size).map_err(Problem::fault)?,
                sha256: taken.sha256,
                added_at: act.at,
            }),
            Err(problem) => {
                errors.push(FieldError::new("tep", crate::filing::pages::refused(problem)?));
                return Ok(files);
            }
        }
    }
}

/// `POST /phan-anh/gui`. Senders without an account are slowed by address.
async fn send(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    mut form: Upload,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let key = throttle_key(&viewer, &address);
    let guarded = key.clone();
    app.site.db.read(async move |tx: &mut Tx| throttle::check(tx, &guarded, now).await).await?;
    let act = viewer.act("onestop.petition-send", "", now);
    let mut errors = Vec::new();
    let files = take_files(&app, &act, &mut form, &mut errors).await?;
    let text = |name: &str| form.text(name).unwrap_or_default().to_string();
    let (place, code) = (text("noi"), text("hs"));
    let mut sending = Sending {
        unit: text("unit"),
        kind: text("kind"),
        topic: text("topic"),
        subject: text("subject"),
        content: text("content"),
        dossier: None,
        account: viewer.0.as_ref().map(|v| v.account.to_string()),
        name: text("name"),
        phone: text("phone"),
        email: text("email"),
    };
    if !code.trim().is_empty() {
        match follow(&app, &address, &code, now).await {
            Ok(dossier) => sending.dossier = Some(dossier),
            Err(Problem::NotFound) => errors.push(FieldError::new("hs", say("fault.dossier", &[]))),
            Err(other) => return Err(other),
        }
    }
    errors.extend(sending.faults());
    if errors.is_empty() {
        let follow_code = super::fresh_code();
        let (asked, plain_code) = (sending.clone(), follow_code.clone());
        let write = async move |tx: &mut Tx| -> Result<(), Problem> {
            throttle::failed(tx, &key, now).await?;
            super::send(tx, &asked, &files, &plain_code, now).await?;
            Ok(())
        };
        match app.site.db.write(act, write).await {
            Ok(()) => {
                let to = format!("/phan-anh/theo-doi?ma={}&bao=gui", super::grouped(&follow_code));
                return Ok(Redirect::to(&to).into_response());
            }
            Err(Problem::Invalid(more)) => errors = more,
            Err(other) => return Err(other),
        }
    }
    let page = send_page(&app, &viewer, place, code, sending, errors).await?;
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// What a step did, as the sender reads it.
struct Happened {
    at: Instant,
    what: String,
    by: String,
    reason: String,
    basis: String,
    note: String,
}

/// A petition as its sender sees it.
struct Followed {
    number: String,
    subject: String,
    status: String,
    pill: Option<Pill>,
    next: String,
    arithmetic: Vec<String>,
    answer: String,
    finding: String,
    history: Vec<Happened>,
    facts: Vec<(String, String)>,
    can_complete: bool,
    rate: String,
    version: i64,
    public: bool,
}

#[derive(Template)]
#[template(path = "petition/follow.html")]
struct FollowPage {
    shell: Shell,
    typed: String,
    by_number: String,
    /// The code to note, shown once after sending.
    fresh: String,
    error: String,
    note: String,
    note_error: String,
    found: Option<Followed>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct FollowQuery {
    /// The code to follow.
    ma: String,
    /// One's own receipt number, signed in.
    so: String,
    /// What has just been done.
    bao: String,
}

/// `GET /phan-anh/theo-doi?ma=` with the code, or `?so=` for the signed-in sender.
async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    Query(query): Query<FollowQuery>,
) -> Result<Response, Problem> {
    let mut page = FollowPage {
        shell: viewer.citizen_shell(&app.site, say("title.follow", &[])).active("/phan-anh"),
        typed: query.ma.chars().take(40).collect(),
        by_number: query.so.chars().take(60).collect(),
        fresh: String::new(),
        error: String::new(),
        note: String::new(),
        note_error: String::new(),
        found: None,
    };
    if query.ma.trim().is_empty() && query.so.trim().is_empty() {
        return Ok(page::html(page));
    }
    match opened(&app, &viewer, &address, &query).await {
        Ok((p, who)) => {
            let found = followed(&app, p, &who, &query).await?;
            let title = say("title.followed", &[("state", &found.status), ("number", &found.number)]);
            page.shell.title = title;
            let said = match query.bao.as_str() {
                "gui" => Some("follow.sent"),
                "bo-sung" => Some("follow.completed"),
                _ => None,
            };
            if let Some(key) = said {
                page.shell = page.shell.notice(NoticeKind::Done, say(key, &[]));
            }
            if query.bao == "gui" {
                page.fresh = page.typed.clone();
            }
            page.found = Some(found);
            Ok(page::html(page))
        }
        Err(Problem::NotFound) => {
            page.error = say("follow.missing", &[]);
            page.shell.has_errors = true;
            Ok(page::html_with(StatusCode::NOT_FOUND, page))
        }
        Err(Problem::TooMany { retry_after_s }) => {
            page.error = say("follow.wait", &[("n", &retry_after_s.to_string())]);
            page.shell.has_errors = true;
            Ok(page::html_with(StatusCode::TOO_MANY_REQUESTS, page))
        }
        Err(other) => Err(other),
    }
}

/// The petition behind a code, or one's own by its number. Wrong codes are counted by address.
async fn opened(
    app: &App,
    viewer: &MaybeViewer,
    address: &Address,
    query: &FollowQuery,
) -> Result<(Petition, Who), Problem> {
    let account = viewer.0.as_ref().map(|v| v.account.to_string());
    found_by(app, address, &query.ma, &query.so, account).await
}

/// The same for pages and API.
pub(super) async fn found_by(
    app: &App,
    address: &Address,
    code: &str,
    number: &str,
    account: Option<String>,
) -> Result<(Petition, Who), Problem> {
    let now = app.site.clock.now();
    let key = format!("petition-follow:{}", address.0);
    let mut who = Who { account, posts: Vec::new(), has_code: !code.is_empty() };
    let (guarded, hash, number) = (key.clone(), super::code_hash(code), plain(number));
    let (by_code, asker) = (who.has_code, who.account.clone());
    let read = async move |tx: &mut Tx| -> Result<Option<Petition>, Problem> {
        throttle::check(tx, &guarded, now).await?;
        if by_code {
            return Ok(store::find_followed(tx, &hash).await?);
        }
        let found = store::find(tx, &number).await?;
        Ok(found.filter(|p| p.account.is_some() && p.account == asker))
    };
    if let Some(p) = app.site.db.read(read).await? {
        return Ok((p, who));
    }
    who.has_code = false;
    let act = db::Act::new(db::Actor::Anonymous, "onestop.petition-follow-missed", "", now);
    app.site.db.write(act, async move |tx: &mut Tx| throttle::failed(tx, &key, now).await).await?;
    Err(Problem::NotFound)
}

/// What a page of one petition is made of, beside the petition.
pub(super) struct Around {
    pub steps: Vec<(store::Step, String)>,
    pub intake: String,
    pub holder: String,
    pub about: String,
    pub calendar: Calendar,
    pub limits: Limits,
}

impl Around {
    /// Reads it. Names of officials are not among it: an office answers.
    pub async fn read(tx: &mut Tx, p: &Petition, day: base::Day) -> Result<Around, Problem> {
        let mut steps = Vec::new();
        for step in store::list_steps(tx, &p.id).await? {
            let by = match &step.office {
                Some(office) => directory::get_unit(tx, &UnitId::from(office.as_str())).await?.name,
                None => say("fact.sender", &[]),
            };
            steps.push((step, by));
        }
        Ok(Around {
            steps,
            intake: directory::get_unit(tx, &p.intake).await?.name,
            holder: directory::get_unit(tx, &p.holder).await?.name,
            about: directory::get_unit(tx, &p.about).await?.name,
            calendar: directory::calendar(tx, &p.intake).await?,
            limits: Limits::on(tx, day).await?,
        })
    }

    /// Each limit that still runs, and how it was counted.
    pub fn arithmetic(&self, p: &Petition) -> Vec<String> {
        let limits: Vec<(&str, Instant, base::calendar::Limit, Instant)> = match p.state {
            Stands::Received { refuse_by, sort_by, answer_by } => vec![
                ("refuse", refuse_by, self.limits.refuse, p.clock_at),
                ("sort", sort_by, self.limits.sort, p.clock_at),
                ("answer", answer_by, self.limits.answer, p.clock_at),
            ],
            Stands::Forwarded { answer_by } => {
                vec![("answer", answer_by, self.limits.answer, p.clock_at)]
            }
            Stands::Answered { at, publish_by } => vec![("publish", publish_by, self.limits.publish, at)],
            _ => Vec::new(),
        };
        let mut lines = Vec::new();
        for (what, by, limit, from) in limits {
            let what = of("limit", what);
            lines.push(say("limit.by", &[("what", &what), ("at", &promised_text(by))]));
            let due = self.calendar.due(from, limit).ok().filter(|due| due.at == by);
            lines.extend(due.map(|due| arithmetic(&due)).unwrap_or_default());
        }
        lines
    }
}

/// The pill of a petition's clock.
pub(super) fn pill(state: Stands, calendar: &Calendar, now: Instant) -> Option<Pill> {
    match (state.deadline(), state) {
        (Some(deadline), _) => Some(due_pill(now, deadline, calendar)),
        (None, Stands::Incomplete { .. }) => Some(held_pill()),
        _ => None,
    }
}

fn next(p: &Petition) -> String {
    let standing = p.state.standing();
    let at = match p.state {
        Stands::Received { sort_by, .. } => promised_text(sort_by),
        Stands::Forwarded { answer_by } => promised_text(answer_by),
        _ => String::new(),
    };
    words::WORDS.t(&format!("next.{}", standing.word()), &[("at", &at)])
}

async fn followed(app: &App, p: Petition, who: &Who, query: &FollowQuery) -> Result<Followed, Problem> {
    let now = app.site.clock.now();
    let seen = p.clone();
    let read = async move |tx: &mut Tx| Around::read(tx, &seen, now.day()).await;
    let around = app.site.db.read(read).await?;
    let open = super::rules::open(p.state, &who.seats(&p), now, &around.limits.terms(&around.calendar));
    let fact = |key: &str, value: &str| (of("fact", key), value.to_string());
    let standing = p.state.standing();
    let done = [Standing::Answered, Standing::Published, Standing::Withheld].contains(&standing);
    let rate = match (done, query.ma.is_empty()) {
        (false, _) => String::new(),
        (true, true) => format!("/danh-gia?so={}", p.number),
        (true, false) => format!("/danh-gia?pa={}", crate::desk::frame::encode(&query.ma)),
    };
    Ok(Followed {
        status: words::standing(standing),
        pill: pill(p.state, &around.calendar, now),
        next: next(&p),
        arithmetic: around.arithmetic(&p),
        finding: if p.finding == "none" { String::new() } else { of("finding", &p.finding) },
        history: around.steps.iter().rev().map(happened).collect(),
        facts: vec![
            fact("kind", &of("kind", &p.kind)),
            fact("topic", &of("topic", &p.topic)),
            fact("about", &around.about),
            fact("intake", &around.intake),
            fact("holder", &around.holder),
        ],
        can_complete: open.contains(&Verb::Complete),
        rate,
        version: p.version,
        public: standing == Standing::Published,
        number: p.number,
        subject: p.subject,
        answer: p.answer,
    })
}

fn happened((step, by): &(store::Step, String)) -> Happened {
    let list = if step.verb == "refuse" { "refuse_reason" } else { "withhold_reason" };
    // An answer stands in a place of its own.
    let note = if step.verb == "answer" { String::new() } else { step.note.clone() };
    Happened {
        at: step.at,
        what: of("done", &step.verb),
        by: by.clone(),
        reason: step.reason_code.as_deref().map(|code| of(list, code)).unwrap_or_default(),
        basis: step.basis.clone(),
        note,
    }
}

/// `POST /phan-anh/theo-doi`: the sender brings what was asked for.
async fn complete(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    mut form: Upload,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let act = viewer.act("onestop.petition-complete", "", now);
    // The code stands before the files in the form, so a stranger's files are not taken for long.
    let mut errors = Vec::new();
    let files = take_files(&app, &act, &mut form, &mut errors).await?;
    let text = |name: &str| form.text(name).unwrap_or_default().to_string();
    let query = FollowQuery { ma: text("ma"), so: text("so"), bao: String::new() };
    let (p, who) = opened(&app, &viewer, &address, &query).await?;
    let (note, seen) = (text("note"), text("seen").parse().unwrap_or(0));
    let (asked, asker, words) = (p.clone(), who.clone(), note.clone());
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let p = store::find(tx, &asked.number).await?.ok_or(Problem::NotFound)?;
        let ask = Ask::Complete { note: words.clone(), files: files.clone() };
        super::take(tx, p, &asker, seen, ask, now).await?;
        Ok(())
    };
    if errors.is_empty() {
        let act = viewer.act("onestop.petition-complete", &p.id, now);
        match app.site.db.write(act, write).await {
            Ok(()) => {
                let pairs = [("ma", query.ma.as_str()), ("so", query.so.as_str()), ("bao", "bo-sung")];
                let to = crate::desk::frame::address("/phan-anh/theo-doi", pairs);
                return Ok(Redirect::to(&to).into_response());
            }
            Err(Problem::Invalid(more)) => errors = more,
            Err(other) => return Err(other),
        }
    }
    let found = followed(&app, p, &who, &query).await?;
    let mut shell = viewer.citizen_shell(&app.site, say("title.follow", &[])).active("/phan-anh");
    shell.has_errors = true;
    let page = FollowPage {
        shell,
        typed: query.ma,
        by_number: query.so,
        fresh: String::new(),
        error: String::new(),
        note,
        note_error: errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" "),
        found: Some(found),
    };
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// A line of one's own list.
struct OwnLine {
    number: String,
    subject: String,
    status: String,
    at: Instant,
    waits: bool,
}

#[derive(Template)]
#[template(path = "petition/own.html")]
struct OwnPage {
    shell: Shell,
    lines: Vec<OwnLine>,
}

/// `GET /phan-anh/cua-toi`.
async fn own(State(app): State<App>, viewer: Viewer) -> Result<Response, Problem> {
    let account = viewer.account.to_string();
    let read = async move |tx: &mut Tx| store::list_own(tx, &account).await;
    let lines = app.site.db.read(read).await?;
    let line = |l: store::Line| OwnLine {
        status: of("standing", &l.state),
        waits: l.state == Standing::Incomplete.word(),
        number: l.number,
        subject: l.subject,
        at: l.received_at,
    };
    Ok(page::html(OwnPage {
        shell: viewer.citizen_shell(&app.site, say("title.own", &[])).active("/phan-anh"),
        lines: lines.into_iter().map(line).collect(),
    }))
}
