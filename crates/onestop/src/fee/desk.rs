//! Money at the counter: payments that found no bill, refunds to be paid out, the cash book of a day;
//! and the refunds before a leader. Nothing that a bank told is lost: what the program cannot place
//! is a task here until a person has placed it.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Day, Instant, format};
use db::Tx;
use directory::{AnyOfficial, CounterClerk, Leader};
use serde::Deserialize;
use web::lang::{self, Lang};
use web::page::NoticeKind;
use web::{FieldError, Form, Path, Problem, Query, Shell, page};

use super::pages::money;
use super::store::{self, DayLine, Payment, Refund};
use super::words::{kept, say};
use super::{apply, claim, explain, refund};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::Who;
use crate::filters;

/// The counter's page of money.
pub const PATH: &str = "/mot-cua/thu-phi";
/// The day's book.
pub const BOOK: &str = "/mot-cua/thu-phi/so-quy";
/// The leader's page of refunds.
pub const REFUNDS: &str = "/mot-cua/hoan-phi";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/thu-phi", get(tasks))
        .route("/mot-cua/thu-phi/khoan/{payment}", post(settle))
        .route("/mot-cua/thu-phi/hoan/{refund}", post(pay_refund))
        .route("/mot-cua/thu-phi/so-quy", get(book))
        .route("/mot-cua/thu-phi/so-quy.csv", get(book_csv))
        .route("/mot-cua/hoan-phi", get(refunds))
        .route("/mot-cua/hoan-phi/{refund}", post(decide))
}

/// The name of the counter's page of money.
pub fn title() -> String {
    say("title.tasks", &[])
}

/// The name of the leader's page of refunds.
pub fn refunds_title() -> String {
    say("title.refunds", &[])
}

/// A payment that waits for a person.
struct Task {
    id: String,
    trouble: String,
    advice: String,
    amount: String,
    open: String,
    words: String,
    payer: String,
    reference: String,
    paid_at: Instant,
    /// It may be put to a bill.
    can_apply: bool,
}

fn task(p: &Payment) -> Task {
    let trouble = p.trouble.clone().unwrap_or_default();
    Task {
        id: p.id.clone(),
        trouble: say(&format!("trouble.{trouble}"), &[]),
        advice: say(&format!("advice.{trouble}"), &[]),
        amount: money(p.amount),
        open: money(p.amount - p.applied),
        words: p.words.clone(),
        payer: [p.payer_name.as_str(), p.payer_number.as_str()].join(" ").trim().to_string(),
        reference: p.reference.clone(),
        paid_at: p.paid_at,
        can_apply: p.applied == 0,
    }
}

/// A refund, with what may be done about it.
struct RefundLine {
    id: String,
    number: String,
    state: String,
    amount: String,
    reason: String,
    to: String,
    at: Instant,
    code: String,
    href: String,
    approved: bool,
    asked: bool,
}

fn refund_line(place: &Place, r: &Refund, code: &str) -> RefundLine {
    let to = [r.to_name.as_str(), r.to_account.as_str()].join(" ").trim().to_string();
    RefundLine {
        id: r.id.clone(),
        number: r.number.clone(),
        state: say(&format!("refund_state.{}", r.state), &[]),
        amount: money(r.amount),
        reason: r.reason.clone(),
        to,
        at: r.asked_at,
        href: if code.is_empty() { String::new() } else { place.dossier(code, None) },
        code: code.to_string(),
        approved: r.state == "approved",
        asked: r.state == "asked",
    }
}

/// A claim of a reduction that waits for an answer.
struct ClaimLine {
    code: String,
    applicant: String,
    name: String,
    at: Instant,
    href: String,
}

fn claim_line(place: &Place, c: claim::Waiting) -> ClaimLine {
    ClaimLine {
        href: place.href(&super::sheet::path(&c.code), &[]),
        code: c.code,
        applicant: c.applicant_name,
        name: c.name,
        at: c.at,
    }
}

async fn lines(tx: &mut Tx, place: &Place, refunds: Vec<Refund>) -> Result<Vec<RefundLine>, Problem> {
    let mut lines = Vec::new();
    for r in refunds {
        let code = match r.dossier {
            Some(id) => crate::dossier::store::get(tx, id).await?.code,
            None => String::new(),
        };
        lines.push(refund_line(place, &r, &code));
    }
    Ok(lines)
}

#[derive(Template)]
#[template(path = "fee/tasks.html")]
struct TasksPage {
    shell: Shell,
    tasks: Vec<Task>,
    claims: Vec<ClaimLine>,
    refunds: Vec<RefundLine>,
    error: String,
    book: String,
    /// `?post=…` where there is a choice of posts.
    post: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    /// What has just been done.
    da: String,
}

fn said(shell: Shell, done: &str) -> Shell {
    match done {
        "apply" => shell.notice(NoticeKind::Done, say("done.apply", &[])),
        "refund" => shell.notice(NoticeKind::Done, say("done.refund", &[])),
        "explain" => shell.notice(NoticeKind::Done, say("done.explain", &[])),
        "paid" => shell.notice(NoticeKind::Done, say("done.paid", &[])),
        "approve" => shell.notice(NoticeKind::Done, say("done.approve", &[])),
        "refuse" => shell.notice(NoticeKind::Done, say("done.refuse", &[])),
        _ => shell,
    }
}

/// `GET /mot-cua/thu-phi`.
async fn tasks(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let mut page = tasks_page(&app, &clerk).await?;
    page.shell = said(page.shell, &done.da);
    Ok(page::html(page))
}

async fn tasks_page(app: &App, clerk: &CounterClerk) -> Result<TasksPage, Problem> {
    let now = app.site.clock.now();
    let place = Place::of_clerk(clerk)?;
    let at = place.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let unit = &at.post.unit;
        let waiting = store::list_tasks(tx, unit).await?;
        let refunds = store::list_refunds_at(tx, None, Some(unit), true).await?;
        let claims = claim::list_waiting(tx, unit).await?;
        let claims: Vec<ClaimLine> = claims.into_iter().map(|c| claim_line(&at, c)).collect();
        Ok((frame::counts(tx, &at, now).await?, waiting, claims, lines(tx, &at, refunds).await?))
    });
    let (counts, waiting, claims, refunds) = read.await?;
    if !waiting.is_empty() || !claims.is_empty() {
        // Payers' names stand on the page.
        let act = clerk.act("onestop.look-payments", "", now);
        if let Err(error) = db::audit::looked(&app.site.db, act).await {
            tracing::warn!(%error, "a look is not in the audit book yet");
        }
    }
    let here = place.href(PATH, &[]);
    let shell = frame::shell(app, &clerk.viewer, &place, &counts, say("title.tasks", &[]), None);
    Ok(TasksPage {
        shell: shell.active(here),
        tasks: waiting.iter().map(task).collect(),
        claims,
        refunds,
        error: String::new(),
        book: place.href(BOOK, &[]),
        post: place.href("", &[]),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SettleForm {
    /// `apply`, `refund` or `explain`.
    way: String,
    /// The words of a bill or the code of a dossier.
    words: String,
    note: String,
}

/// `POST /mot-cua/thu-phi/khoan/{payment}`: a clerk says what a payment was.
async fn settle(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(id): Path<String>,
    Form(form): Form<SettleForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (catalogue, who, unit) = (app.catalogue.clone(), Who::from(&clerk.viewer), clerk.unit().clone());
    let act = clerk.act("onestop.settle-payment", &id, now);
    let way = form.way.clone();
    let done = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let payment = store::find_payment(tx, &id, &unit).await?.ok_or(Problem::NotFound)?;
        match form.way.as_str() {
            "apply" => apply(tx, &catalogue, &payment, &form.words, &who, now).await,
            "refund" => refund::ask_for_payment(tx, &payment, &form.note, &who, now).await.map(drop),
            "explain" => explain(tx, &payment, &form.note, &who, now).await,
            other => Err(Problem::Malformed(format!("no way {other}"))),
        }
    });
    answer(&app, &clerk, done.await, &way).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PaidForm {
    reference: String,
}

/// `POST /mot-cua/thu-phi/hoan/{refund}`: the money has gone back.
async fn pay_refund(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(id): Path<String>,
    Form(form): Form<PaidForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (catalogue, who, unit) = (app.catalogue.clone(), Who::from(&clerk.viewer), clerk.unit().clone());
    let act = clerk.act("onestop.pay-refund", &id, now);
    let done = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let r = store::find_refund(tx, &id, &unit).await?.ok_or(Problem::NotFound)?;
        if r.counter != unit.as_str() {
            return Err(Problem::NotFound);
        }
        refund::pay(tx, &catalogue, &r, &form.reference, &who, now).await
    });
    answer(&app, &clerk, done.await, "paid").await
}

/// Back to the list; where something was wrong, the list with what it was.
async fn answer(
    app: &App,
    clerk: &CounterClerk,
    done: Result<(), Problem>,
    way: &str,
) -> Result<Response, Problem> {
    let (status, error) = match done {
        Ok(()) => {
            let next = Place::of_clerk(clerk)?.href(PATH, &[("da", way)]);
            return Ok(Redirect::to(&next).into_response());
        }
        Err(Problem::Refused(message)) => (StatusCode::UNPROCESSABLE_ENTITY, message.outside),
        Err(Problem::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, FieldError::all(&errors)),
        Err(Problem::Stale) => (StatusCode::CONFLICT, say("refused.task_done", &[])),
        Err(other) => return Err(other),
    };
    let mut page = tasks_page(app, clerk).await?;
    (page.error, page.shell) = (error, page.shell.errors());
    Ok(page::html_with(status, page))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BookQuery {
    ngay: String,
}

impl BookQuery {
    /// The day asked for, or today.
    fn day(&self, today: Day) -> Day {
        Day::parse(&self.ngay).ok().or_else(|| format::read_date(&self.ngay)).unwrap_or(today)
    }
}

/// A receipt in the book.
struct BookLine {
    number: String,
    at: Instant,
    code: String,
    payer: String,
    clerk: String,
    kind: String,
    way: String,
    amount: i64,
    void: String,
}

/// A sum of the book: by clerk, way and kind.
struct Sum {
    clerk: String,
    way: String,
    kind: String,
    count: usize,
    amount: String,
}

#[derive(Template)]
#[template(path = "fee/book.html")]
struct BookPage {
    shell: Shell,
    back: String,
    day: Day,
    iso: String,
    csv: String,
    post: String,
    lines: Vec<BookLine>,
    sums: Vec<Sum>,
    cash: String,
    transfer: String,
    closed: bool,
}

/// The receipts of the clerk's counter on a day.
async fn read_book(app: &App, clerk: &CounterClerk, day: Day) -> Result<Vec<BookLine>, Problem> {
    let unit = clerk.unit().clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let rows = store::list_day(tx, &unit, day).await?;
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for account in rows.iter().filter_map(|r| r.clerk.clone()) {
            if let (false, Ok(id)) = (names.contains_key(&account), account.parse()) {
                names.insert(account, directory::person(tx, id).await?.name);
            }
        }
        Ok((rows, names))
    });
    let (rows, names) = read.await?;
    let now = app.site.clock.now();
    let act = clerk.act("onestop.look-cash-book", day.to_string(), now);
    if let Err(error) = db::audit::looked(&app.site.db, act).await {
        tracing::warn!(%error, "a look is not in the audit book yet");
    }
    Ok(rows.into_iter().map(|r| book_line(r, &names)).collect())
}

fn book_line(r: DayLine, names: &BTreeMap<String, String>) -> BookLine {
    let clerk = r.clerk.and_then(|c| names.get(&c).cloned());
    BookLine {
        number: say("receipt.number", &[("number", &r.number), ("series", &r.series)]),
        at: r.at,
        code: r.code,
        payer: r.payer,
        clerk: clerk.unwrap_or_else(|| say("book.bank", &[])),
        kind: r.kind.map(|kind| say(&format!("kind.{kind}"), &[])).unwrap_or_default(),
        way: say(&format!("way.{}", r.way), &[]),
        amount: r.amount,
        void: match r.voided_at {
            Some(_) => r.void_reason.unwrap_or_default(),
            None => String::new(),
        },
    }
}

/// The sums of what stands, by clerk, way and kind.
fn sums(lines: &[BookLine]) -> Vec<Sum> {
    let mut sums: BTreeMap<(&str, &str, &str), (usize, i64)> = BTreeMap::new();
    for l in lines.iter().filter(|l| l.void.is_empty()) {
        let sum = sums.entry((&l.clerk, &l.way, &l.kind)).or_default();
        *sum = (sum.0 + 1, sum.1 + l.amount);
    }
    sums.into_iter()
        .map(|((clerk, way, kind), (count, amount))| Sum {
            clerk: clerk.into(),
            way: way.into(),
            kind: kind.into(),
            count,
            amount: money(amount),
        })
        .collect()
}

fn total(lines: &[BookLine], way: &str) -> String {
    let way = say(&format!("way.{way}"), &[]);
    money(lines.iter().filter(|l| l.void.is_empty() && l.way == way).map(|l| l.amount).sum())
}

/// `GET /mot-cua/thu-phi/so-quy?ngay=`: the cash book of a day.
async fn book(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(query): Query<BookQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let day = query.day(now.day());
    let lines = read_book(&app, &clerk, day).await?;
    let place = Place::of_clerk(&clerk)?;
    let at = place.clone();
    let counts = app.site.db.read(async move |tx: &mut Tx| frame::counts(tx, &at, now).await).await?;
    let title = say("title.book", &[("day", &format::date_vn(day))]);
    let iso = day.to_string();
    Ok(page::html(BookPage {
        shell: frame::shell(&app, &clerk.viewer, &place, &counts, title, None).active(place.href(PATH, &[])),
        back: place.href(PATH, &[]),
        day,
        csv: place.href("/mot-cua/thu-phi/so-quy.csv", &[("ngay", &iso)]),
        iso,
        post: place.post.id.to_string(),
        sums: sums(&lines),
        cash: total(&lines, "cash"),
        transfer: total(&lines, "transfer"),
        lines,
        closed: day < now.day(),
    }))
}

/// `GET /mot-cua/thu-phi/so-quy.csv?ngay=`: the same as a table for a spreadsheet.
async fn book_csv(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(query): Query<BookQuery>,
) -> Result<Response, Problem> {
    let day = query.day(app.site.clock.now().day());
    // The book of record, whoever takes it.
    let lines = lang::speaking(Lang::Vi, read_book(&app, &clerk, day)).await?;
    // A spreadsheet reads UTF-8 only behind this mark.
    let mut csv = String::from("\u{feff}");
    csv += &row(kept("book.columns", &[]).split('|'));
    for l in &lines {
        let (at, amount) = (format::time_vn(l.at), l.amount.to_string());
        let cells = [&l.number, &at, &l.code, &l.payer, &l.clerk, &l.kind, &l.way, &amount, &l.void];
        csv += &row(cells.into_iter().map(String::as_str));
    }
    let name = format!("attachment; filename=\"so-quy-{day}.csv\"");
    let name = HeaderValue::from_str(&name).map_err(Problem::fault)?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], csv).into_response())
}

/// A row of RFC 4180. A cell that a spreadsheet would take for a formula is led by an apostrophe.
fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cell = |text: &str| {
        let led = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        format!("\"{led}{}\"", text.replace('"', "\"\""))
    };
    cells.map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

#[derive(Template)]
#[template(path = "fee/refunds.html")]
struct RefundsPage {
    shell: Shell,
    lines: Vec<RefundLine>,
    error: String,
    post: String,
}

/// `GET /mot-cua/hoan-phi`: the refunds that a leader decides.
async fn refunds(
    State(app): State<App>,
    leader: Leader,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let mut page = refunds_page(&app, &leader).await?;
    page.shell = said(page.shell, &done.da);
    Ok(page::html(page))
}

fn place_of(leader: &Leader) -> Result<Place, Problem> {
    let official = AnyOfficial { official: leader.official.clone(), viewer: leader.viewer.clone() };
    Place::of(&official, Some(&leader.post.id.to_string()))
}

async fn refunds_page(app: &App, leader: &Leader) -> Result<RefundsPage, Problem> {
    let now = app.site.clock.now();
    let place = place_of(leader)?;
    let at = place.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let refunds = store::list_refunds_at(tx, Some(&at.post.unit), None, false).await?;
        Ok((frame::counts(tx, &at, now).await?, lines(tx, &at, refunds).await?))
    });
    let (counts, lines) = read.await?;
    let shell = frame::shell(app, &leader.viewer, &place, &counts, say("title.refunds", &[]), None);
    Ok(RefundsPage {
        shell: shell.active(place.href(REFUNDS, &[])),
        lines,
        error: String::new(),
        post: place.href("", &[]),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DecideForm {
    /// `approve` or `refuse`.
    way: String,
    note: String,
}

/// `POST /mot-cua/hoan-phi/{refund}`.
async fn decide(
    State(app): State<App>,
    leader: Leader,
    Path(id): Path<String>,
    Form(form): Form<DecideForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (catalogue, who, unit) = (app.catalogue.clone(), Who::from(&leader.viewer), leader.unit().clone());
    let act = leader.act("onestop.decide-refund", &id, now);
    let way = if form.way == "approve" { "approve" } else { "refuse" };
    let done = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let r = store::find_refund(tx, &id, &unit).await?.ok_or(Problem::NotFound)?;
        if r.agency != unit.as_str() {
            return Err(Problem::NotFound);
        }
        refund::decide(tx, &catalogue, &r, way == "approve", &form.note, &who, now).await
    });
    let error = match done.await {
        Ok(()) => {
            let next = place_of(&leader)?.href(REFUNDS, &[("da", way)]);
            return Ok(Redirect::to(&next).into_response());
        }
        Err(Problem::Refused(message)) => message.outside,
        Err(Problem::Invalid(errors)) => FieldError::all(&errors),
        Err(other) => return Err(other),
    };
    let mut page = refunds_page(&app, &leader).await?;
    (page.error, page.shell) = (error, page.shell.errors());
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_never_becomes_a_formula() {
        let cells = ["a", "b \"c\"", "=1+1", "-5", "dòng\nhai"];
        let expected = "\"a\",\"b \"\"c\"\"\",\"'=1+1\",\"'-5\",\"dòng\nhai\"\r\n";
        assert_eq!(row(cells.into_iter()), expected);
    }
}
