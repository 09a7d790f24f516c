//! `/quan-tri/lich`: the days of the country, year by year; and the hours and closed days of a unit.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use base::calendar::{Kind, Occasion, Standing};
use base::{Day, format};
use db::Tx;
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Form, Path, Problem, Query, Shell, Site, page};

use super::admin::{self, Typed};
use crate::filters;
use crate::forms::{Field, FormView};
use crate::unit::UnitId;
use crate::unit::admin::unit_within;
use crate::unit::pages::admin_shell;
use crate::viewer::{Admin, Keeper};
use crate::words;

const PATH: &str = "/quan-tri/lich";

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct YearQuery {
    nam: Option<i32>,
    /// The day to correct.
    sua: String,
    /// What has just been done.
    xong: String,
}

/// The fields of a day.
#[derive(Clone, Deserialize, Default)]
#[serde(default)]
pub struct DayForm {
    day: String,
    day_kind: String,
    occasion: String,
    swap: String,
    source: String,
    seen: i64,
    year: i32,
}

struct Line {
    day: String,
    shown: String,
    kind: String,
    occasion: String,
    standing: String,
    sure: bool,
    swap: String,
    source: String,
}

#[derive(Template)]
#[template(path = "directory/calendar.html")]
struct CalendarPage {
    shell: Shell,
    year: i32,
    rows: Vec<Line>,
    may_change: bool,
    correcting: bool,
    seen: i64,
    day: String,
    form: FormView,
}

/// The years one may look at: those the moon is known for.
fn year(asked: Option<i32>, today: Day) -> Result<i32, Problem> {
    let year = asked.unwrap_or(today.year());
    if base::lunar::YEARS.contains(&year) { Ok(year) } else { Err(Problem::NotFound) }
}

fn day_fields(form: &DayForm) -> FormView {
    let choice = |group: &str, word: &str| (word.to_string(), words::t(&format!("calendar.{group}.{word}")));
    let kinds = Kind::ALL.iter().filter(|k| **k != Kind::Local).map(|k| choice("kind", k.word()));
    let none = (String::new(), words::t("calendar.no_occasion"));
    let occasions = std::iter::once(none).chain(Occasion::ALL.iter().map(|o| choice("occasion", o.word())));
    let fields = vec![
        Field::text("day", &form.day).kind("date"),
        Field::text("day_kind", &form.day_kind).choices(kinds.collect()),
        Field::text("occasion", &form.occasion).choices(occasions.collect()),
        Field::text("swap", &form.swap).kind("date").optional(),
        Field::text("source", &form.source),
    ];
    FormView::new("ngay", fields)
}

async fn calendar_page(
    site: &Site,
    keeper: &Keeper,
    year: i32,
    correct: &str,
    typed: Option<DayForm>,
) -> Result<CalendarPage, Problem> {
    let read = site
        .db
        .read(async move |tx: &mut Tx| -> Result<_, Problem> { Ok(admin::list_year(tx, year).await?) });
    let rows = read.await?;
    let wanted = Day::parse(correct).ok();
    let chosen = rows.iter().find(|(row, _)| Some(row.day) == wanted);
    let form = typed.unwrap_or_else(|| match chosen {
        Some((row, version)) => DayForm {
            day: row.day.to_string(),
            day_kind: row.kind.word().into(),
            occasion: row.occasion.map(Occasion::word).unwrap_or_default().into(),
            swap: row.swap.map(|day| day.to_string()).unwrap_or_default(),
            source: if row.standing == Standing::Confirmed { row.source.clone() } else { String::new() },
            seen: *version,
            year,
        },
        None => DayForm { year, ..DayForm::default() },
    });
    let word = |group: &str, word: &str| words::t(&format!("calendar.{group}.{word}"));
    let lines = rows.iter().map(|(row, _)| Line {
        day: row.day.to_string(),
        shown: format!(
            "{}, {}",
            word("weekday", &row.day.weekday().index().to_string()),
            format::date_vn(row.day)
        ),
        kind: word("kind", row.kind.word()),
        occasion: row.occasion.map(|o| word("occasion", o.word())).unwrap_or_default(),
        standing: word("standing", row.standing.word()),
        sure: row.standing == Standing::Confirmed,
        swap: row.swap.map(format::date_vn).unwrap_or_default(),
        source: row.source.clone(),
    });
    let title = words::own().t("calendar.title", &[("year", &year.to_string())]);
    Ok(CalendarPage {
        rows: lines.collect(),
        may_change: keeper.within.is_none(),
        correcting: form.seen > 0,
        seen: form.seen,
        day: form.day.clone(),
        form: day_fields(&form),
        shell: admin_shell(site, keeper, title, PATH),
        year,
    })
}

/// `GET /quan-tri/lich?nam=YEAR`.
pub async fn show(
    State(site): State<Site>,
    keeper: Keeper,
    Query(query): Query<YearQuery>,
) -> Result<Response, Problem> {
    let year = year(query.nam, site.clock.today())?;
    let mut page = calendar_page(&site, &keeper, year, &query.sua, None).await?;
    let key = format!("calendar.done.{}", query.xong);
    if !query.xong.is_empty() && words::own().has(&key) {
        page.shell = page.shell.notice(NoticeKind::Done, words::t(&key));
    }
    Ok(page::html(page))
}

/// `POST /quan-tri/lich`: confirms a day, new or corrected.
pub async fn confirm(
    State(site): State<Site>,
    admin: Admin,
    keeper: Keeper,
    Form(form): Form<DayForm>,
) -> Result<Response, Problem> {
    let typed = Typed {
        day: form.day.clone(),
        kind: form.day_kind.clone(),
        occasion: form.occasion.clone(),
        swap: form.swap.clone(),
        source: form.source.clone(),
    };
    let act = admin.act("directory.confirm_day", &form.day, site.clock.now());
    let seen = form.seen;
    let done = site.db.write(act, async move |tx: &mut Tx| admin::confirm(tx, &typed, seen).await);
    match done.await {
        Ok(day) => Ok(Redirect::to(&format!("{PATH}?nam={}&xong=xac-nhan", day.year())).into_response()),
        Err(problem) => {
            let status = problem.status();
            let year = year(Some(form.year), site.clock.today())?;
            let mut page = calendar_page(&site, &keeper, year, "", Some(form)).await?;
            page.shell = page.shell.errors();
            (page.shell, page.form) = page.form.clone().kept(page.shell, page.form, problem)?;
            Ok(page::html_with(status, page))
        }
    }
}

/// `POST /quan-tri/lich/bo`: takes a day out of the table.
pub async fn remove(
    State(site): State<Site>,
    admin: Admin,
    Form(form): Form<DayForm>,
) -> Result<Response, Problem> {
    let act = admin.act("directory.remove_day", &form.day, site.clock.now());
    let (day, seen) = (form.day, form.seen);
    site.db.write(act, async move |tx: &mut Tx| admin::remove(tx, &day, seen).await).await?;
    Ok(Redirect::to(&format!("{PATH}?nam={}&xong=bo", form.year)).into_response())
}

/// `POST /quan-tri/lich/de-xuat`: puts the proposal for a year, to be confirmed day by day.
pub async fn propose(
    State(site): State<Site>,
    admin: Admin,
    Form(form): Form<DayForm>,
) -> Result<Response, Problem> {
    let year = year(Some(form.year), site.clock.today())?;
    let act = admin.act("directory.propose_year", year, site.clock.now());
    site.db.write(act, async move |tx: &mut Tx| admin::propose(tx, year).await).await?;
    Ok(Redirect::to(&format!("{PATH}?nam={year}&xong=de-xuat")).into_response())
}

// ---- a unit's own time ------------------------------------------------------------------------

/// The fields of a unit's hours and of a day on which it is closed.
#[derive(Clone, Deserialize, Default)]
#[serde(default)]
pub struct UnitTimeForm {
    hours: String,
    source: String,
    seen: i64,
    closed_day: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "directory/unit_time.html")]
struct UnitTimePage {
    shell: Shell,
    id: String,
    unit: String,
    /// The hours in force, stated here or above.
    in_force: String,
    seen: i64,
    hours_form: FormView,
    close_form: FormView,
    /// Day, the same as people read it, reason.
    closed: Vec<(String, String, String)>,
}

fn hours_fields(hours: &str, source: &str) -> FormView {
    let fields = vec![Field::text("hours", hours).optional(), Field::text("source", source)];
    FormView::new("gio", fields)
}

fn close_fields(form: &UnitTimeForm) -> FormView {
    let fields =
        vec![Field::text("closed_day", &form.closed_day).kind("date"), Field::text("reason", &form.reason)];
    FormView::new("dong", fields)
}

async fn unit_page(site: &Site, keeper: &Keeper, id: &str) -> Result<UnitTimePage, Problem> {
    let (id, within, today) = (UnitId::from(id), keeper.within.clone(), site.clock.today());
    let read = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let unit = unit_within(tx, &id, within.as_ref()).await?;
        let own = admin::own_hours(tx, &id).await?;
        let calendar = super::calendar(tx, &id).await?;
        Ok((unit, own, calendar, admin::closed_days(tx, &id, today).await?))
    });
    let (unit, own, calendar, closed) = read.await?;
    let (hours, source, seen) = own.unwrap_or_default();
    let title = words::own().t("calendar.unit_title", &[("unit", &unit.name)]);
    Ok(UnitTimePage {
        shell: admin_shell(site, keeper, title, "/quan-tri/don-vi"),
        id: unit.id.to_string(),
        unit: unit.name,
        in_force: calendar.hours().to_string(),
        seen,
        hours_form: hours_fields(&hours, &source),
        close_form: close_fields(&UnitTimeForm::default()),
        closed: closed.into_iter().map(|c| (c.day.to_string(), format::date_vn(c.day), c.reason)).collect(),
    })
}

/// `GET /quan-tri/don-vi/{id}/lich`.
pub async fn unit(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<String>,
    Query(query): Query<YearQuery>,
) -> Result<Response, Problem> {
    let mut page = unit_page(&site, &keeper, &id).await?;
    let key = format!("calendar.done.{}", query.xong);
    if !query.xong.is_empty() && words::own().has(&key) {
        page.shell = page.shell.notice(NoticeKind::Done, words::t(&key));
    }
    Ok(page::html(page))
}

fn unit_time(id: &str, done: &str) -> Response {
    Redirect::to(&format!("/quan-tri/don-vi/{id}/lich?xong={done}")).into_response()
}

/// `POST /quan-tri/don-vi/{id}/lich/gio`: states the unit's hours.
pub async fn set_hours(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<String>,
    Form(form): Form<UnitTimeForm>,
) -> Result<Response, Problem> {
    let (unit, within, typed) = (UnitId::from(id.as_str()), keeper.within.clone(), form.clone());
    let act = keeper.act("directory.set_hours", &unit, site.clock.now());
    let done = site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        unit_within(tx, &unit, within.as_ref()).await?;
        admin::set_hours(tx, &unit, &typed.hours, &typed.source, typed.seen).await
    });
    match done.await {
        Ok(()) => Ok(unit_time(&id, "gio")),
        Err(problem) => {
            let status = problem.status();
            let mut page = unit_page(&site, &keeper, &id).await?;
            let fields = hours_fields(&form.hours, &form.source);
            page.shell = page.shell.errors();
            (page.shell, page.hours_form) = fields.clone().kept(page.shell, fields, problem)?;
            Ok(page::html_with(status, page))
        }
    }
}

/// `POST /quan-tri/don-vi/{id}/lich/dong`: closes the unit, and all below it, on a day.
pub async fn close(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<String>,
    Form(form): Form<UnitTimeForm>,
) -> Result<Response, Problem> {
    let (unit, within, typed) = (UnitId::from(id.as_str()), keeper.within.clone(), form.clone());
    let (now, today) = (site.clock.now(), site.clock.today());
    let act = keeper.act("directory.close_on", &unit, now);
    let done = site.db.write(act, async move |tx: &mut Tx| -> Result<Day, Problem> {
        unit_within(tx, &unit, within.as_ref()).await?;
        admin::close(tx, &unit, &typed.closed_day, &typed.reason, today).await
    });
    match done.await {
        Ok(_) => Ok(unit_time(&id, "dong")),
        Err(problem) => {
            let status = problem.status();
            let mut page = unit_page(&site, &keeper, &id).await?;
            page.shell = page.shell.errors();
            page.close_form = close_fields(&form).refused(problem)?;
            Ok(page::html_with(status, page))
        }
    }
}

/// `POST /quan-tri/don-vi/{id}/lich/mo`: opens it again on a day.
pub async fn reopen(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<String>,
    Form(form): Form<UnitTimeForm>,
) -> Result<Response, Problem> {
    let (unit, within, today) = (UnitId::from(id.as_str()), keeper.within.clone(), site.clock.today());
    let act = keeper.act("directory.reopen_on", &unit, site.clock.now());
    let day = form.closed_day;
    site.db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            unit_within(tx, &unit, within.as_ref()).await?;
            admin::reopen(tx, &unit, &day, today).await
        })
        .await?;
    Ok(unit_time(&id, "mo"))
}
