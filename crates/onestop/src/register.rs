//! The register of dossiers (sổ theo dõi hồ sơ) of a counter or an agency over a period, as A4 landscape
//! with the totals of each page. Read from the step log; nobody writes it. law: onestop/form-07

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::{Day, Instant};
use db::{Filter, Tx};
use directory::{AnyOfficial, UnitId};
use paper::{RegisterBook, RegisterRow};
use serde::Deserialize;
use web::lang::in_vietnamese;
use web::{Problem, Query, Shell, page};

use crate::App;
use crate::desk::frame::{self, Place};
use crate::desk::{List, Scope};
use crate::filters;
use crate::office::{day, post_field};
use crate::words;
use crate::words_office::{kept, say};

/// Where the register is.
pub const PATH: &str = "/mot-cua/so-theo-doi";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/so-theo-doi", get(show)).route("/mot-cua/so-theo-doi/in", get(print))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RegisterQuery {
    /// The first and the last day.
    tu: String,
    den: String,
    post: Option<String>,
}

db::record! {
    struct Row {
        code: String, procedure: String, applicant_name: String, applicant_phone: String,
        applicant_address: String, agency: String, channel: String, status: i64, accepted_at: Option<Instant>,
        filed_at: Instant, due_at: Option<Instant>, sent: Option<Instant>, back: Option<Instant>,
        returned: Option<Instant>,
    }
}

fn within(q: Filter, scope: &Scope, from: Day, to: Day) -> Filter {
    let q = match scope {
        // The counter received the interlinked dossier, not its parts.
        Scope::Counter(unit) => q.and("d.counter = ?", Some(unit.as_str())).when("d.parent is null", true),
        Scope::Agency(unit) => q.and("d.agency = ?", Some(unit.as_str())),
        Scope::Holder(unit, _) => q.and("d.holder_unit = ?", Some(unit.as_str())),
    };
    q.and("d.filed_at >= ?", Some(from.at(0))).and("d.filed_at < ?", Some(to.next().at(0)))
}

/// The dossiers handed in over the period, the oldest first; one more than a register holds.
async fn rows(tx: &mut Tx, scope: &Scope, from: Day, to: Day) -> Result<Vec<Row>, Problem> {
    let q = Filter::new(
        "select d.code, d.procedure, d.applicant_name, d.applicant_phone, d.applicant_address, d.agency,
                d.channel, d.status, d.accepted_at, d.filed_at, d.due_at,
                (select min(s.at) from dossier_step s where s.dossier = d.id and s.verb = 'pass_on') as sent,
                (select min(s.at) from dossier_step s where s.dossier = d.id and s.verb = 'decide') as back,
                (select min(s.at) from dossier_step s where s.dossier = d.id and s.verb = 'return_result')
                    as returned
           from dossier d",
    );
    let q = within(q, scope, from, to).tail("order by d.filed_at, d.code limit 2001");
    Ok(tx.list(&q, &q.args).await?)
}

async fn count(tx: &mut Tx, scope: &Scope, from: Day, to: Day) -> Result<i64, Problem> {
    let q = within(Filter::new("select count(*) from dossier d"), scope, from, to);
    Ok(tx.get(&q, &q.args).await?)
}

/// What is asked for, and from which post: the present month when nothing is said.
struct Period {
    place: Place,
    from: Day,
    to: Day,
}

fn period(official: &AnyOfficial, query: &RegisterQuery, now: Instant) -> Result<Period, Problem> {
    let place = Place::of(official, query.post.as_deref())?;
    let today = now.day();
    let first = Day::new(today.year(), today.month(), 1).unwrap_or(today);
    let (from, to) = (day(&query.tu).unwrap_or(first), day(&query.den).unwrap_or(today));
    Ok(Period { place, from: from.min(to), to: to.max(from) })
}

#[derive(Template)]
#[template(path = "register/show.html")]
struct ShowPage {
    shell: Shell,
    action: String,
    post: String,
    from: String,
    to: String,
    unit: String,
    count: i64,
    pdf: String,
    too_many: String,
}

/// `GET /mot-cua/so-theo-doi?tu=&den=`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<RegisterQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let Period { place, from, to } = period(&official, &query, now)?;
    let at = place.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<(i64, Vec<(List, i64)>), Problem> {
        Ok((count(tx, &at.scope, from, to).await?, frame::counts(tx, &at, now).await?))
    });
    let (count, counts) = read.await?;
    let shell = frame::shell(&app, &official.viewer, &place, &counts, say("register.title", &[]), None);
    let (tu, den) = (from.to_string(), to.to_string());
    let most = i64::try_from(paper::ROWS_MAX).unwrap_or(i64::MAX);
    Ok(page::html(ShowPage {
        shell: shell.active(place.href(PATH, &[])),
        action: PATH.to_string(),
        post: post_field(&place),
        unit: place.post.unit_name.clone(),
        pdf: place.href(&format!("{PATH}/in"), &[("tu", &tu), ("den", &den)]),
        too_many: if count > most { too_many() } else { String::new() },
        from: tu,
        to: den,
        count,
    }))
}

fn too_many() -> String {
    let most = base::format::thousands(i64::try_from(paper::ROWS_MAX).unwrap_or(i64::MAX));
    say("register.too_many", &[("most", &most)])
}

/// `GET /mot-cua/so-theo-doi/in?tu=&den=`: the register as a PDF. Giving it out is a look at people's data.
async fn print(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<RegisterQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let Period { place, from, to } = period(&official, &query, now)?;
    let at = place.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let rows = rows(tx, &at.scope, from, to).await?;
        let mut agencies = BTreeMap::new();
        for row in &rows {
            if !agencies.contains_key(&row.agency) {
                let unit = directory::get_unit(tx, &UnitId::from(row.agency.as_str())).await?;
                agencies.insert(row.agency.clone(), unit.name);
            }
        }
        Ok((rows, agencies, directory::agency_of(tx, &at.post.unit).await?.name))
    });
    let (rows, agencies, above) = read.await?;
    if rows.len() > paper::ROWS_MAX {
        return Err(Problem::refused(too_many(), "refused: register.too_many"));
    }
    let subject = format!("register {} {from} {to}", place.post.unit.as_str());
    let act = official.viewer.act("onestop.print-register", subject, now);
    db::audit::looked(&app.site.db, act.in_office(place.post.unit.as_str())).await?;
    let brand = &app.site.brand;
    let rows = rows.into_iter().map(|r| line(&app, &agencies, r, now)).collect::<Result<Vec<_>, _>>()?;
    let law = app.catalogue.law();
    let form = law.register(now.day());
    let book = RegisterBook {
        form: form.map(|form| paper::FormName { number: form.number.into(), title: form.title.into() }),
        office: paper::Office {
            above: Some(above).filter(|name| *name != place.post.unit_name),
            name: place.post.unit_name.clone(),
            place: brand.province.clone(),
            phone: None,
            website: None,
            demo: brand.demo,
        },
        date: now.day(),
        from,
        to,
        maker: official.viewer.name.clone(),
        rows,
    };
    let pdf = app.press.print(move || paper::register(&book, now)).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], pdf.bytes).into_response())
}

fn line(
    app: &App,
    agencies: &BTreeMap<String, String>,
    r: Row,
    now: Instant,
) -> Result<RegisterRow, Problem> {
    let late = r.due_at.is_some_and(|due| r.back.unwrap_or(if ended(r.status) { due } else { now }) > due);
    let mut marks = Vec::new();
    if r.returned.is_some() {
        marks.push("returned".to_string());
    }
    if late {
        marks.push("late".to_string());
    }
    let contact = [r.applicant_address, r.applicant_phone];
    let contact: Vec<String> = contact.into_iter().filter(|s| !s.is_empty()).collect();
    let over = crate::dossier::rules::Status::from_number(r.status).filter(|s| s.is_final());
    Ok(RegisterRow {
        procedure: app.catalogue.version(&r.procedure)?.name.clone(),
        code: r.code,
        sets: 1,
        person: r.applicant_name,
        contact: contact.join("; "),
        agency: agencies.get(&r.agency).cloned().unwrap_or_default(),
        received: r.accepted_at,
        promised: r.due_at,
        sent: r.sent,
        back: r.back,
        returned: r.returned,
        channel: words::WORDS.kept(&format!("channel.{}", r.channel), &[]),
        note: match (over, late) {
            (Some(status), _) if r.returned.is_none() => in_vietnamese(|| words::status(status)),
            (_, true) => kept("register.late", &[]),
            _ => String::new(),
        },
        marks,
    })
}

/// Over without a decision: nothing is late any more.
fn ended(status: i64) -> bool {
    crate::dossier::rules::Status::from_number(status).is_some_and(|s| s.is_final())
}
