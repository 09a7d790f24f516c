//! `/quan-tri/lien-thong-quoc-gia`: how far behind the national portal is, what was compared, and what
//! somebody has to look at. For the province's administrators.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Day, Instant};
use db::{Tx, jobs};
use directory::Admin;
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Form, Problem, Query, Shell, page};

use super::rules::{self, Difference, Matter, Remedy};
use super::store::{self, Balance, Standing, Task};
use super::words::{say, t};
use super::{COMPARE, Lag, arrive};
use crate::App;
use crate::dossier::rules::Status;
use crate::filters;
use crate::words;

/// The page's address.
pub const HERE: &str = "/quan-tri/lien-thong-quoc-gia";
/// The longest remark.
const NOTE_CHARS_MAX: usize = 2_000;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/quan-tri/lien-thong-quoc-gia", get(show))
        .route("/quan-tri/lien-thong-quoc-gia/doi-chieu", post(compare))
        .route("/quan-tri/lien-thong-quoc-gia/viec", post(remedy))
        .route("/quan-tri/lien-thong-quoc-gia/gui-lai", post(send_again))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    /// What has just been done.
    da: String,
}

struct Kpi {
    label: String,
    value: String,
    small: String,
    late: bool,
}

struct SheetRow {
    day: String,
    made: String,
    sheet: Balance,
    even: bool,
}

struct FactRow {
    field: String,
    here: String,
    there: String,
}

struct TaskRow {
    id: String,
    version: i64,
    title: String,
    subject: String,
    found: String,
    facts: Vec<FactRow>,
    reasons: Vec<String>,
    remedies: Vec<(&'static str, String)>,
    note: String,
    error: String,
    needs_note: bool,
}

struct TroubleRow {
    code: String,
    since: String,
    tries: String,
    next: String,
    error: String,
    parked: bool,
}

struct ArrivalRow {
    id: String,
    filed: String,
    came: String,
    state: String,
    code: String,
    told: String,
}

#[derive(Template)]
#[template(path = "national/overview.html")]
struct OverviewPage {
    shell: Shell,
    open: bool,
    address: String,
    heard: String,
    silent: String,
    kpis: Vec<Kpi>,
    sheets: Vec<SheetRow>,
    tasks: Vec<TaskRow>,
    troubled: Vec<TroubleRow>,
    arrivals: Vec<ArrivalRow>,
    today: String,
}

/// What the page shows, read in one snapshot.
struct Seen {
    line: store::Line,
    sheets: Vec<Balance>,
    tasks: Vec<Task>,
    troubled: Vec<Standing>,
    arrivals: Vec<arrive::Shown>,
}

/// What was typed into a task's form that cannot be taken.
struct Typed {
    task: String,
    note: String,
    error: String,
}

async fn show(State(app): State<App>, admin: Admin, Query(done): Query<Done>) -> Result<Response, Problem> {
    let key = format!("notice.{}", done.da);
    let notice = super::words::WORDS.has(&key).then(|| t(&key));
    let view = view(&app, &admin, None).await?;
    let shell = match notice {
        Some(words) => view.shell.clone().notice(NoticeKind::Done, words),
        None => view.shell.clone(),
    };
    Ok(page::html(OverviewPage { shell, ..view }))
}

async fn view(app: &App, admin: &Admin, typed: Option<Typed>) -> Result<OverviewPage, Problem> {
    let now = app.site.clock.now();
    let read = app.site.db.read(async |tx: &mut Tx| -> db::Result<Seen> {
        Ok(Seen {
            line: store::get_line(tx).await?,
            sheets: store::list_balances(tx).await?,
            tasks: store::list_tasks(tx).await?,
            troubled: store::list_troubled(tx).await?,
            arrivals: arrive::list_newest(tx).await?,
        })
    });
    let seen = read.await?;
    let lag = super::lag(&app.site.db, now).await?;
    let shell = directory::admin_shell(&app.site, &admin.viewer, true, t("page.title"), HERE);
    let moment = |at: Option<Instant>| at.map(base::format::time_vn).unwrap_or_default();
    Ok(OverviewPage {
        shell: if typed.is_some() { shell.errors() } else { shell },
        open: app.national.is_some(),
        address: app.national.as_ref().map(|l| l.settings.address.clone()).unwrap_or_default(),
        heard: moment(seen.line.heard_at),
        silent: moment(seen.line.failed_at),
        kpis: kpis(&lag),
        sheets: seen.sheets.into_iter().map(sheet_row).collect(),
        tasks: seen.tasks.into_iter().map(|task| task_row(task, typed.as_ref())).collect(),
        troubled: seen.troubled.into_iter().map(trouble_row).collect(),
        arrivals: seen.arrivals.into_iter().map(arrival_row).collect(),
        today: now.day().to_string(),
    })
}

/// A span of time in the words of people.
fn span(seconds: i64) -> String {
    let (key, n) = match seconds {
        ..60 => ("span.seconds", seconds),
        60..3600 => ("span.minutes", seconds / 60),
        3600..172_800 => ("span.hours", seconds / 3600),
        _ => ("span.days", seconds / 86_400),
    };
    say(key, &[("n", &base::format::thousands(n))])
}

fn kpis(lag: &Lag) -> Vec<Kpi> {
    /// Behind for longer than this, somebody should know.
    const LATE_S: i64 = 900;
    let kpi = |key: &str, value: String, late: bool| Kpi {
        label: t(&format!("kpi.{key}")),
        small: t(&format!("kpi_small.{key}")),
        value,
        late,
    };
    let number = |n: i64| base::format::thousands(n);
    vec![
        kpi("median", lag.median_s.map_or_else(|| t("kpi.none"), span), lag.median_s > Some(LATE_S)),
        kpi(
            "oldest",
            if lag.behind == 0 { t("kpi.none") } else { span(lag.oldest_s) },
            lag.oldest_s > LATE_S,
        ),
        kpi("behind", number(lag.behind), false),
        kpi("parked", number(lag.parked), lag.parked > 0),
        kpi("tasks", number(lag.tasks), lag.tasks > 0),
    ]
}

fn sheet_row(sheet: Balance) -> SheetRow {
    SheetRow {
        day: base::format::date_vn(sheet.day),
        made: base::format::time_vn(sheet.made_at),
        even: sheet.differing + sheet.missing_there + sheet.missing_here == 0,
        sheet,
    }
}

fn task_row(task: Task, typed: Option<&Typed>) -> TaskRow {
    let matter = Matter::from_word(&task.kind);
    let typed = typed.filter(|typed| typed.task == task.id);
    let fits: Vec<Remedy> =
        Remedy::ALL.into_iter().filter(|r| matter.is_some_and(|m| rules::fits(m, *r))).collect();
    let reasons = match matter {
        Some(Matter::Arrival) => serde_json::from_str(&task.facts).unwrap_or_default(),
        _ => Vec::new(),
    };
    let facts: Vec<Difference> = match matter {
        Some(Matter::Differs) => serde_json::from_str(&task.facts).unwrap_or_default(),
        _ => Vec::new(),
    };
    TaskRow {
        title: t(&format!("task.{}", task.kind)),
        found: base::format::time_vn(task.found_at),
        facts: facts.into_iter().map(fact_row).collect(),
        reasons,
        needs_note: fits.iter().any(|r| r.needs_note()),
        remedies: fits.into_iter().map(|r| (r.word(), t(&format!("remedy.{}", r.word())))).collect(),
        note: typed.map(|typed| typed.note.clone()).unwrap_or_default(),
        error: typed.map(|typed| typed.error.clone()).unwrap_or_default(),
        id: task.id,
        version: task.version,
        subject: task.subject,
    }
}

fn fact_row(d: Difference) -> FactRow {
    let readable = |value: String| match (rules::read_stamp(&value), value.parse::<i64>()) {
        (Some(at), _) => base::format::time_vn(at),
        (None, Ok(n)) if d.field == "TrangThaiHoSo" => {
            Status::from_number(n).map_or(value, |s| format!("{n}. {}", words::status(s)))
        }
        _ if value.is_empty() => t("fact.empty"),
        _ => value,
    };
    FactRow { here: readable(d.here), there: readable(d.there), field: t(&format!("fact.{}", d.field)) }
}

fn trouble_row(s: Standing) -> TroubleRow {
    TroubleRow {
        since: s.behind_since.map(base::format::time_vn).unwrap_or_default(),
        tries: say("page.tries", &[("n", &s.attempts.to_string())]),
        next: if s.parked_at.is_some() { t("page.parked") } else { base::format::time_vn(s.next_at) },
        error: s.error.unwrap_or_default(),
        parked: s.parked_at.is_some(),
        code: s.code,
    }
}

fn arrival_row(a: arrive::Shown) -> ArrivalRow {
    ArrivalRow {
        filed: base::format::time_vn(a.filed_at),
        came: base::format::time_vn(a.came_at),
        state: t(&format!("arrival_state.{}", a.state)),
        code: a.code.unwrap_or_default(),
        told: a.told_at.map(base::format::time_vn).unwrap_or_default(),
        id: a.id,
    }
}

fn back(done: &str) -> Response {
    Redirect::to(&format!("{HERE}?da={done}")).into_response()
}

#[derive(Deserialize)]
struct CompareForm {
    ngay: String,
}

/// `POST …/doi-chieu`: compares a day now, as a job, because the other side may take its time.
async fn compare(
    State(app): State<App>,
    admin: Admin,
    Form(form): Form<CompareForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    if app.national.is_none() {
        return Err(Problem::refused(t("page.closed"), "the line is closed"));
    }
    let day = Day::parse(&form.ngay).ok().filter(|day| *day <= now.day());
    let day = day.ok_or_else(|| Problem::refused(t("page.no_day"), "no day to compare"))?;
    let act = admin.act("onestop.compare-national", day, now);
    app.site
        .db
        .write(act, async move |tx: &mut Tx| jobs::put(tx, COMPARE, &day, now).await.map(drop))
        .await
        .map_err(Problem::from)?;
    Ok(back("doi-chieu"))
}

#[derive(Deserialize)]
struct AgainForm {
    ma: String,
}

/// `POST …/gui-lai`: the whole dossier once more, at once.
async fn send_again(
    State(app): State<App>,
    admin: Admin,
    Form(form): Form<AgainForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let act = admin.act("onestop.send-again", &form.ma, now);
    let again = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        if store::send_again(tx, &form.ma, now).await? { Ok(()) } else { Err(Problem::NotFound) }
    });
    again.await?;
    Ok(back("gui-lai"))
}

#[derive(Deserialize, Clone)]
struct RemedyForm {
    viec: String,
    seen: i64,
    cach: String,
    #[serde(default)]
    note: String,
}

/// `POST …/viec`: what somebody does about a matter.
async fn remedy(
    State(app): State<App>,
    admin: Admin,
    Form(form): Form<RemedyForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let chosen =
        Remedy::from_word(&form.cach).ok_or_else(|| Problem::Malformed("no remedy of this word".into()))?;
    let error = match form.note.chars().count() {
        0 if chosen.needs_note() => t("page.say_why"),
        n if n > NOTE_CHARS_MAX => {
            say("page.note_too_long", &[("most", &base::format::thousands(NOTE_CHARS_MAX as i64))])
        }
        _ => String::new(),
    };
    if !error.is_empty() {
        let typed = Typed { task: form.viec, note: form.note, error };
        let view = view(&app, &admin, Some(typed)).await?;
        return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, view));
    }
    let act = admin.act("onestop.remedy-national", &form.viec, now);
    let by = admin.viewer.account.to_string();
    let take = async move |tx: &mut Tx| -> Result<(), Problem> { mend(tx, &form, chosen, &by, now).await };
    app.site.db.write(act, take).await?;
    Ok(back(chosen.word()))
}

/// Does it, and closes the task.
async fn mend(tx: &mut Tx, form: &RemedyForm, chosen: Remedy, by: &str, now: Instant) -> Result<(), Problem> {
    let task = store::find_task(tx, &form.viec).await?.ok_or(Problem::Stale)?;
    let matter = Matter::from_word(&task.kind).ok_or_else(|| Problem::fault("a task of no kind"))?;
    if !rules::fits(matter, chosen) {
        return Err(Problem::refused(t("page.does_not_fit"), "the remedy does not fit the matter"));
    }
    match chosen {
        Remedy::SendAgain => {
            if !store::send_again(tx, &task.subject, now).await? {
                return Err(Problem::NotFound);
            }
        }
        Remedy::TakeTheirs => arrive::try_again(tx, &task.subject, now).await?,
        Remedy::Decline => arrive::decline(tx, &task.subject, &form.note, now).await?,
        Remedy::Explain => {}
    }
    store::close_task(tx, &task.id, form.seen, by, chosen.word(), &form.note, now).await?;
    Ok(())
}
