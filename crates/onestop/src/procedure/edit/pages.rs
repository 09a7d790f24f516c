//! `/quan-tri/thu-tuc`: the list of procedures with their versions, one procedure, and what is done with
//! its next version. Administrators of the province write; those of a unit read.

mod look;
mod tries;
mod write;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Day, Instant, format};
use db::Tx;
use directory::{Admin, Keeper};
use serde::Deserialize;
use web::lang::spoken;
use web::page::NoticeKind;
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::rules::{Standing, State as Stage};
use super::store::{self, Draft, Head, Version};
use super::words::{WORDS, say};
use crate::App;
use crate::filters;
use crate::office::{Wrong, day};
use crate::procedure::check::Severity;
use crate::procedure::inspect::Remark;

/// Where procedures are kept.
pub const HERE: &str = "/quan-tri/thu-tuc";
/// Procedures on one page.
const LINES: usize = 25;

/// The routes of these pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/quan-tri/thu-tuc", get(list))
        .route("/quan-tri/thu-tuc/{code}", get(show))
        .route("/quan-tri/thu-tuc/{code}/bat-dau", post(begin))
        .route("/quan-tri/thu-tuc/{code}/trinh", post(propose))
        .route("/quan-tri/thu-tuc/{code}/tra-lai", post(send_back))
        .route("/quan-tri/thu-tuc/{code}/cong-bo", post(publish))
        .route("/quan-tri/thu-tuc/{code}/bo", post(discard))
        .route("/quan-tri/thu-tuc/{code}/rut/{version}", post(withdraw))
        .route("/quan-tri/thu-tuc/{code}/tep/{version}", get(look::file))
        .route("/quan-tri/thu-tuc/{code}/so-sanh", get(look::compare))
        .route("/quan-tri/thu-tuc/{code}/xem-trang", get(look::page_of))
        .route("/quan-tri/thu-tuc/{code}/xem-thu", get(look::preview).post(look::fill))
        .route("/quan-tri/thu-tuc/{code}/sua", get(write::text).post(write::save_text))
        .route("/quan-tri/thu-tuc/{code}/sua-theo-muc", get(write::guided).post(write::save_guided))
        .route("/quan-tri/thu-tuc/{code}/chay-thu", get(tries::show).post(tries::ask))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    q: String,
    #[serde(rename = "loc")]
    only: String,
    #[serde(rename = "trang")]
    page: Option<usize>,
}

struct Line {
    code: String,
    name: String,
    field: String,
    in_force: String,
    ahead: String,
    draft: String,
    draft_class: &'static str,
}

#[derive(Template)]
#[template(path = "edit/list.html")]
struct ListPage {
    shell: Shell,
    q: String,
    only: String,
    heading: String,
    lines: Vec<Line>,
    before: Option<usize>,
    after: Option<usize>,
}

/// `GET /quan-tri/thu-tuc?q=&loc=&trang=`.
async fn list(
    State(app): State<App>,
    keeper: Keeper,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let today = app.site.clock.today();
    let read = app.site.db.read(async |tx: &mut Tx| -> Result<_, Problem> {
        Ok((store::heads(tx).await?, store::list_open(tx).await?))
    });
    let (heads, drafts) = read.await?;
    let q: String = query.q.chars().take(base::limits::QUERY_CHARS_MAX).collect();
    let mut codes: Vec<String> = match q.as_str() {
        "" => app.catalogue.list().iter().map(|p| p.code.clone()).collect(),
        q => app.catalogue.search(q, usize::MAX).into_iter().map(|p| p.code.clone()).collect(),
    };
    if q.is_empty() {
        codes.extend(heads.iter().map(|head| head.code.clone()));
        codes.sort();
        codes.dedup();
    }
    codes.retain(|code| {
        let draft = drafts.iter().find(|d| d.code == *code).map(|d| d.state.word());
        query.only.is_empty() || draft == Some(query.only.as_str())
    });
    let pages = codes.len().div_ceil(LINES).max(1);
    let at = query.page.unwrap_or(1).clamp(1, pages);
    let shown = codes.iter().skip((at - 1) * LINES).take(LINES);
    let lines = shown.map(|code| line(&app, code, &heads, &drafts, today)).collect::<Result<_, _>>()?;
    Ok(page::html(ListPage {
        shell: shell(&app, &keeper, say("title.list", &[])),
        heading: say("list.found", &[("n", &codes.len().to_string())]),
        lines,
        before: (at > 1).then(|| at - 1),
        after: (at < pages).then_some(at + 1),
        only: query.only,
        q,
    }))
}

fn line(app: &App, code: &str, heads: &[Head], drafts: &[Draft], today: Day) -> Result<Line, Problem> {
    let own: Vec<&Head> = heads.iter().filter(|head| head.code == code && !head.withdrawn).collect();
    let current = app.catalogue.find(code);
    let told = match &current {
        Some(p) => Some(p.clone()),
        None => own.first().map(|head| app.catalogue.version(&head.id)).transpose()?,
    };
    let ahead = own.iter().rev().find(|head| head.valid_from > today);
    let draft = drafts.iter().find(|d| d.code == code);
    let of = |version: String, from: Day| {
        say("list.version", &[("version", &version), ("day", &format::date_vn(from))])
    };
    Ok(Line {
        code: code.to_owned(),
        name: told.as_ref().map(|p| p.name.clone()).unwrap_or_default(),
        field: told.map(|p| p.field.clone()).unwrap_or_default(),
        in_force: current
            .map_or_else(|| say("list.none_in_force", &[]), |p| of(p.version.to_string(), p.valid_from)),
        ahead: ahead.map(|head| of(head.version.to_string(), head.valid_from)).unwrap_or_default(),
        draft: draft.map(|d| say(&format!("state.{}", d.state.word()), &[])).unwrap_or_default(),
        draft_class: match draft.map(|d| d.state) {
            Some(Stage::Proposed) => "is-work",
            _ => "",
        },
    })
}

fn shell(app: &App, keeper: &Keeper, title: String) -> Shell {
    directory::admin_shell(&app.site, &keeper.viewer, keeper.within.is_none(), title, HERE)
}

fn keeper(admin: &Admin) -> Keeper {
    Keeper { viewer: admin.viewer.clone(), post: admin.post.clone(), within: None }
}

struct VersionRow {
    version: i64,
    standing: String,
    class: &'static str,
    valid: String,
    who: String,
    why: String,
    /// The version before it, to compare with.
    before: Option<i64>,
    may_withdraw: bool,
}

/// The draft as the page of its procedure shows it.
struct DraftBox {
    number: i64,
    version: i64,
    proposed: bool,
    state: String,
    told: String,
    note: String,
    base: String,
    may_publish: bool,
    first_day: String,
}

/// A finding with the line it stands on.
pub(super) struct Finding {
    pub line: usize,
    pub error: bool,
    pub sentence: String,
    pub remedy: String,
    /// The text of the line.
    pub source: String,
}

/// The findings with the words of their lines.
fn findings(remarks: Vec<Remark>, source: &str) -> Vec<Finding> {
    let lines: Vec<&str> = source.lines().collect();
    let finding = |remark: Remark| Finding {
        source: lines.get(remark.line.saturating_sub(1)).map(|l| l.trim().to_owned()).unwrap_or_default(),
        line: remark.line,
        error: remark.severity == Severity::Error,
        sentence: remark.sentence,
        remedy: remark.remedy,
    };
    remarks.into_iter().map(finding).collect()
}

/// "Không có lỗi", or how many errors and remarks.
fn told(findings: &[Finding]) -> String {
    let errors = findings.iter().filter(|f| f.error).count();
    let key = if findings.is_empty() { "check.good" } else { "check.some" };
    let remarks = (findings.len() - errors).to_string();
    say(key, &[("errors", &errors.to_string()), ("remarks", &remarks)])
}

#[derive(Template)]
#[template(path = "edit/show.html")]
struct ShowPage {
    shell: Shell,
    code: String,
    here: String,
    whole: bool,
    draft: Option<DraftBox>,
    findings: Vec<Finding>,
    checked: String,
    versions: Vec<VersionRow>,
    error: String,
    note: String,
}

/// What was typed beside a deed, and why it was not done.
#[derive(Default)]
struct Tried {
    note: String,
    first_day: String,
    wrong: Wrong,
}

/// `GET /quan-tri/thu-tuc/{code}`.
async fn show(
    State(app): State<App>,
    keeper: Keeper,
    Path(code): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    view(&app, &keeper, &code, Tried::default(), &done.da).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    /// What has just been done.
    da: String,
}

async fn name_of(tx: &mut Tx, account: &str) -> Result<String, Problem> {
    match account.parse() {
        Ok(id) => Ok(directory::person(tx, id).await?.name),
        Err(_) => Ok(account.to_owned()),
    }
}

async fn view(app: &App, keeper: &Keeper, code: &str, tried: Tried, done: &str) -> Result<Response, Problem> {
    let (today, me) = (app.site.clock.today(), keeper.viewer.account.to_string());
    let at = code.to_owned();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let versions = store::versions(tx, &at).await?;
        let mut whos = Vec::new();
        for v in &versions {
            let mut who = String::new();
            if let Some(by) = &v.published_by {
                let proposed = name_of(tx, v.proposed_by.as_deref().unwrap_or_default()).await?;
                let published = name_of(tx, by).await?;
                who = say("version.who", &[("proposed", &proposed), ("published", &published)]);
            }
            whos.push(who);
        }
        let draft = match store::find_open(tx, &at).await? {
            None => None,
            Some(d) => {
                let own = store::hands(tx, d.id).await?.contains(&me);
                let by = name_of(tx, d.proposed_by.as_deref().unwrap_or(&d.changed_by)).await?;
                Some((d, own, by))
            }
        };
        Ok((versions, whos, draft))
    });
    let (versions, whos, draft) = read.await?;
    let newest = versions.first().ok_or(Problem::NotFound)?;
    let name = app.catalogue.find(code).map(|p| p.name.clone());
    let name = match name {
        Some(name) => name,
        None => app.catalogue.version(&newest.id)?.name.clone(),
    };
    let found = draft.as_ref().map(|(d, ..)| findings(super::remarks(d, &d.source, spoken()), &d.source));
    let found = found.unwrap_or_default();
    let mut shell = shell(app, keeper, name);
    if WORDS.has(&format!("done.{done}")) {
        shell = shell.notice(NoticeKind::Done, say(&format!("done.{done}"), &[]));
    }
    let errors: Vec<&str> = tried.wrong.errors.iter().map(|e| e.message.as_str()).collect();
    let error = [tried.wrong.message.as_str(), &errors.join(" ")].concat();
    let page = ShowPage {
        shell: if error.is_empty() { shell } else { shell.errors() },
        here: format!("{HERE}/{code}"),
        code: code.to_owned(),
        whole: keeper.within.is_none(),
        checked: if draft.is_some() { told(&found) } else { String::new() },
        findings: found,
        draft: draft.map(|(d, own, by)| draft_box(d, own, &by, &tried)),
        versions: version_rows(&versions, whos, today),
        error,
        note: tried.note,
    };
    Ok(page::html_with(tried.wrong.status.unwrap_or(StatusCode::OK), page))
}

fn draft_box(d: Draft, own: bool, by: &str, tried: &Tried) -> DraftBox {
    let first = crate::procedure::model::parse(&d.source).ok().map(|p| p.valid_from.to_string());
    let at = format::time_vn(d.proposed_at.unwrap_or(d.changed_at));
    let key = if d.state == Stage::Proposed { "draft.proposed_by" } else { "draft.changed_by" };
    DraftBox {
        number: d.number,
        version: d.version,
        proposed: d.state == Stage::Proposed,
        state: say(&format!("state.{}", d.state.word()), &[]),
        told: say(key, &[("name", by), ("at", &at)]),
        note: d.note,
        base: d.base.rsplit('@').next().unwrap_or_default().to_owned(),
        may_publish: !own,
        first_day: if tried.first_day.is_empty() {
            first.unwrap_or_default()
        } else {
            tried.first_day.clone()
        },
    }
}

fn version_rows(versions: &[Version], whos: Vec<String>, today: Day) -> Vec<VersionRow> {
    let row = |(v, who): (&Version, String)| {
        let standing = super::standing(v, versions, today);
        let from = format::date_vn(v.valid_from);
        let valid = match v.valid_to {
            Some(last) => say("version.from_to", &[("from", &from), ("to", &format::date_vn(last))]),
            None => say("version.from", &[("from", &from)]),
        };
        VersionRow {
            version: v.version,
            standing: say(&format!("standing.{}", standing.word()), &[]),
            class: match standing {
                Standing::InForce => "is-done",
                Standing::Ahead => "is-work",
                Standing::Closed | Standing::Withdrawn => "",
            },
            valid,
            who,
            why: v.withdrawn_why.clone().unwrap_or_default(),
            before: versions.iter().map(|other| other.version).filter(|n| *n < v.version).max(),
            may_withdraw: standing.may_be_withdrawn(),
        }
    };
    versions.iter().zip(whos).map(row).collect()
}

/// What every deed on a draft sends.
#[derive(Clone)]
struct Sent {
    code: String,
    /// What the record names: the procedure, or one version of it.
    about: String,
    seen: i64,
    note: String,
    first_day: String,
}

fn sent(code: String, form: &RawForm) -> Sent {
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    Sent {
        about: code.clone(),
        code,
        seen: text("seen").parse().unwrap_or(0),
        note: text("note"),
        first_day: text("valid_from"),
    }
}

/// Does one thing to a procedure as this administrator: its record, `work` in one write, and the page that
/// tells of it or says why not. What is then in force this node takes up at once, the others within
/// [`crate::catalogue::LOOK_EVERY`].
async fn done<F>(
    app: &App,
    admin: &Admin,
    sent: Sent,
    (verb, word): (&'static str, &str),
    work: F,
) -> Result<Response, Problem>
where
    F: AsyncFn(&mut Tx, &Sent, (&str, Instant)) -> Result<(), Problem> + Send + 'static,
{
    let now = app.site.clock.now();
    let (act, by) = (admin.act(verb, &sent.about, now), admin.viewer.account.to_string());
    let told = sent.clone();
    let write = app.site.db.write(act, async move |tx: &mut Tx| work(tx, &told, (&by, now)).await);
    match write.await {
        Ok(()) => {
            app.catalogue.refresh(&app.site.db, now.day()).await?;
            Ok(Redirect::to(&format!("{HERE}/{}?da={word}", sent.code)).into_response())
        }
        Err(problem) => {
            let tried = Tried { note: sent.note, first_day: sent.first_day, wrong: Wrong::of(problem)? };
            view(app, &keeper(admin), &sent.code, tried, "").await
        }
    }
}

/// `POST …/bat-dau`: begins the next version, or goes on with the one that is open.
async fn begin(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    _: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (act, by) = (admin.act("onestop.begin-procedure", &code, now), admin.viewer.account.to_string());
    let at = code.clone();
    app.site.db.write(act, async move |tx: &mut Tx| super::begin(tx, &at, &by, now).await).await?;
    Ok(Redirect::to(&format!("{HERE}/{code}")).into_response())
}

/// `POST …/trinh`.
async fn propose(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let work = async |tx: &mut Tx, sent: &Sent, by: (&str, Instant)| {
        super::propose(tx, &sent.code, sent.seen, by).await
    };
    done(&app, &admin, sent(code, &form), ("onestop.propose-procedure", "trinh"), work).await
}

/// `POST …/tra-lai`.
async fn send_back(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let work = async |tx: &mut Tx, sent: &Sent, by: (&str, Instant)| {
        super::send_back(tx, &sent.code, sent.seen, &sent.note, by).await
    };
    done(&app, &admin, sent(code, &form), ("onestop.send-procedure-back", "tra-lai"), work).await
}

/// `POST …/cong-bo`.
async fn publish(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let work = async |tx: &mut Tx, sent: &Sent, by: (&str, Instant)| {
        super::publish(tx, &sent.code, sent.seen, day(&sent.first_day), by).await.map(drop)
    };
    done(&app, &admin, sent(code, &form), ("onestop.publish-procedure", "cong-bo"), work).await
}

/// `POST …/bo`.
async fn discard(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let work = async |tx: &mut Tx, sent: &Sent, by: (&str, Instant)| {
        super::discard(tx, &sent.code, sent.seen, by).await
    };
    done(&app, &admin, sent(code, &form), ("onestop.drop-procedure", "bo"), work).await
}

/// `POST …/rut/{version}`.
async fn withdraw(
    State(app): State<App>,
    admin: Admin,
    Path((code, version)): Path<(String, i64)>,
    form: RawForm,
) -> Result<Response, Problem> {
    let work = async move |tx: &mut Tx, sent: &Sent, by: (&str, Instant)| {
        super::withdraw(tx, &sent.code, version, &sent.note, by).await
    };
    let sent = Sent { about: format!("{code}@{version}"), ..sent(code, &form) };
    done(&app, &admin, sent, ("onestop.withdraw-procedure", "rut"), work).await
}
