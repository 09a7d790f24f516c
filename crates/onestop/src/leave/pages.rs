//! `/mot-cua/vang-mat`: one's own absences; for leaders, passing on what an official has open.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Instant, format};
use db::Tx;
use directory::{AccountId, AnyOfficial, Leader};
use web::{FieldError, Path, Problem, Query, RawForm, Shell, page};

use super::{Absence, Wish};
use crate::App;
use crate::batch::pages::PATH as BATCHES;
use crate::desk::frame::{self, Place};
use crate::desk::{List, Scope};
use crate::filters;
use crate::office::{Choice, OfficeQuery, Wrong, day};
use crate::words_office::say;

/// Where absences are.
pub const PATH: &str = "/mot-cua/vang-mat";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/vang-mat", get(show).post(go_away))
        .route("/mot-cua/vang-mat/{id}/thoi", post(come_back))
        .route("/mot-cua/chuyen-viec", post(pass_all))
}

struct Row {
    days: String,
    stand_in: String,
    reason: String,
    end: String,
}

#[derive(Template)]
#[template(path = "leave/show.html")]
struct ShowPage {
    shell: Shell,
    action: String,
    rows: Vec<Row>,
    colleagues: Vec<Choice>,
    typed: Wish,
    error: String,
    /// For leaders: who has open dossiers, and to whom they may go.
    pass: String,
    holders: Vec<Choice>,
    takers: Vec<Choice>,
}

struct Read {
    absences: Vec<(Absence, String)>,
    colleagues: Vec<(AccountId, String)>,
    holders: Vec<(AccountId, String)>,
    takers: Vec<(AccountId, String)>,
    counts: Vec<(List, i64)>,
}

async fn read(tx: &mut Tx, place: &Place, me: AccountId, now: Instant) -> Result<Read, Problem> {
    let mut absences = Vec::new();
    for absence in super::list(tx, me, now.day()).await? {
        let name = match absence.stand_in {
            Some(id) => directory::person(tx, id).await?.name,
            None => say("leave.nobody", &[]),
        };
        absences.push((absence, name));
    }
    let (mut holders, mut takers) = (Vec::new(), Vec::new());
    if let Scope::Agency(agency) = &place.scope {
        for holder in super::holders(tx, agency).await? {
            let name = directory::person(tx, holder.account).await?.name;
            let n = holder.dossiers.to_string();
            holders.push((holder.account, say("leave.holds", &[("name", &name), ("n", &n)])));
            takers.extend(super::colleagues(tx, holder.account, now.day()).await?);
        }
        takers.sort_by(|a, b| a.1.cmp(&b.1));
        takers.dedup();
    }
    Ok(Read {
        absences,
        colleagues: super::colleagues(tx, me, now.day()).await?,
        holders,
        takers,
        counts: frame::counts(tx, place, now).await?,
    })
}

fn choices(people: Vec<(AccountId, String)>, chosen: Option<AccountId>) -> Vec<Choice> {
    let choice = |(id, name): (AccountId, String)| Choice {
        value: id.to_string(),
        label: name,
        chosen: chosen == Some(id),
    };
    people.into_iter().map(choice).collect()
}

async fn view(
    app: &App,
    official: &AnyOfficial,
    place: &Place,
    typed: Wish,
    wrong: Wrong,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (at, me) = (place.clone(), official.viewer.account);
    let read = app.site.db.read(async move |tx: &mut Tx| read(tx, &at, me, now).await).await?;
    let row = |(a, stand_in): (Absence, String)| Row {
        days: say(
            "leave.from_to",
            &[("from", &format::date_vn(a.from_day)), ("to", &format::date_vn(a.to_day))],
        ),
        stand_in,
        reason: a.reason,
        end: place.href(&format!("{PATH}/{}/thoi", a.id), &[]),
    };
    let shell = frame::shell(app, &official.viewer, place, &read.counts, say("leave.title", &[]), None);
    let errors: Vec<&str> = wrong.errors.iter().map(|e: &FieldError| e.message.as_str()).collect();
    let page = ShowPage {
        shell: shell.active(place.href(PATH, &[])),
        action: place.href(PATH, &[]),
        rows: read.absences.into_iter().map(row).collect(),
        colleagues: choices(read.colleagues, typed.stand_in),
        typed,
        error: [wrong.message.as_str(), &errors.join(" ")].concat(),
        pass: if matches!(place.scope, Scope::Agency(_)) {
            place.href("/mot-cua/chuyen-viec", &[])
        } else {
            String::new()
        },
        holders: choices(read.holders, None),
        takers: choices(read.takers, None),
    };
    Ok(page::html_with(wrong.status.unwrap_or(axum::http::StatusCode::OK), page))
}

/// `GET /mot-cua/vang-mat`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let place = Place::of(&official, query.post.as_deref())?;
    view(&app, &official, &place, Wish::default(), Wrong::default()).await
}

/// `POST /mot-cua/vang-mat`.
async fn go_away(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<OfficeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let text = |name: &str| form.get(name).unwrap_or_default().to_string();
    let wish = Wish {
        from: day(&text("from")),
        to: day(&text("to")),
        stand_in: text("stand_in").parse().ok(),
        reason: text("reason"),
    };
    let me = official.viewer.account;
    let act = official.act("onestop.go-away", me, now);
    let asked = wish.clone();
    let done = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        super::go_away(tx, me, &asked, &me.to_string(), now).await
    });
    match done.await {
        Ok(()) => Ok(Redirect::to(&place.href(PATH, &[])).into_response()),
        Err(problem) => view(&app, &official, &place, wish, Wrong::of(problem)?).await,
    }
}

/// `POST /mot-cua/vang-mat/{id}/thoi`.
async fn come_back(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let me = official.viewer.account;
    let act = official.act("onestop.come-back", me, now);
    let done = app.site.db.write(act, async move |tx: &mut Tx| super::come_back(tx, &id, me, now).await);
    done.await?;
    Ok(Redirect::to(&place.href(PATH, &[])).into_response())
}

/// `POST /mot-cua/chuyen-viec`: a leader passes on what an official has open.
async fn pass_all(State(app): State<App>, leader: Leader, form: RawForm) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let official = AnyOfficial { official: leader.official.clone(), viewer: leader.viewer.clone() };
    let place = Place::of(&official, Some(&leader.post.id.to_string()))?;
    let of: Option<AccountId> = form.get("of").and_then(|id| id.parse().ok());
    let to: Option<AccountId> = form.get("to").and_then(|id| id.parse().ok());
    let reason = form.get("reason").unwrap_or_default().to_string();
    let (agency, by, post) =
        (leader.post.unit.clone(), leader.viewer.account.to_string(), leader.post.id.to_string());
    let act = leader.act("onestop.pass-all", of.map(|id| id.to_string()).unwrap_or_default(), now);
    let done = app.site.db.write(act, async move |tx: &mut Tx| {
        let of = of.ok_or_else(|| Problem::field("of", say("leave.choose", &[])))?;
        super::pass_all(tx, &agency, of, to, &reason, (&by, &post), now).await
    });
    match done.await {
        Ok(id) => Ok(Redirect::to(&place.href(&format!("{BATCHES}/{id}"), &[])).into_response()),
        Err(problem) => view(&app, &official, &place, Wish::default(), Wrong::of(problem)?).await,
    }
}
