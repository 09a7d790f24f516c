//! Confirming a citizen's account at the counter: `/mot-cua/xac-nhan`. The clerk compares the
//! identity card with what the account says; only then may its owner file online.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::format;
use base::number::PersonalNumber;
use db::Tx;
use directory::{CounterClerk, Person};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Form, Problem, Query, Shell, page};

use crate::App;
use crate::desk::List;
use crate::desk::frame::{self, Place};
use crate::desk::words::say;
use crate::filters;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/xac-nhan", get(show).post(confirm))
}

/// The path of the page.
pub const PATH: &str = "/mot-cua/xac-nhan";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    /// The personal number.
    so: String,
    /// Something was just done.
    da: String,
}

#[derive(Deserialize)]
struct Confirmed {
    number: String,
}

/// The account as the clerk compares it with the card.
struct Account {
    name: String,
    number: String,
    phone: String,
    address: String,
    /// When it was confirmed; empty when nobody has.
    confirmed: String,
}

#[derive(Template)]
#[template(path = "intake/identity.html")]
struct IdentityPage {
    shell: Shell,
    back: String,
    action: &'static str,
    number: String,
    error: String,
    account: Option<Account>,
    /// What confirming brings to the account, and what it leaves.
    waiting: Vec<String>,
}

/// `GET /mot-cua/xac-nhan?so=`: the account of a personal number.
async fn show(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of_clerk(&clerk)?;
    let number = PersonalNumber::parse(&asked.so).ok().map(|n| n.to_string());
    let (at, wanted) = (place.clone(), number.clone());
    let (counts, person, waiting) = app
        .site
        .db
        .read(async move |tx: &mut Tx| -> Result<_, Problem> {
            let counts = frame::counts(tx, &at, now).await?;
            let person = match &wanted {
                Some(number) => find(tx, number).await?,
                None => None,
            };
            let waiting = match (&person, &wanted) {
                (Some(p), Some(number)) if p.confirmed_at.is_none() => {
                    crate::people::waiting(tx, number, &p.name).await?
                }
                _ => Vec::new(),
            };
            Ok((counts, person, waiting))
        })
        .await?;
    if let Some(person) = &person {
        crate::dossier::look(&app, &clerk.viewer, "onestop.look-account", &person.account.to_string(), now)
            .await;
    }
    let error = match (asked.so.trim().is_empty(), &number, &person) {
        (true, ..) | (_, _, Some(_)) => String::new(),
        (_, None, _) => crate::words::t("fault.number"),
        (_, Some(_), None) => say("identity.none", &[]),
    };
    let here = place.href(PATH, &[]);
    let title = say("identity.title", &[]);
    let mut shell = frame::shell(&app, &clerk.viewer, &place, &counts, title, None).active(here);
    if asked.da == "1" {
        shell = shell.notice(NoticeKind::Done, say("identity.done", &[]));
    }
    Ok(page::html(IdentityPage {
        shell,
        back: place.list(List::Waiting),
        action: PATH,
        number: asked.so,
        error,
        account: person.map(account),
        waiting,
    }))
}

fn account(person: Person) -> Account {
    Account {
        name: person.name,
        number: person.personal_number.unwrap_or_default(),
        phone: person.phone.unwrap_or_default(),
        address: person.address.unwrap_or_default(),
        confirmed: person.confirmed_at.map(format::time_vn).unwrap_or_default(),
    }
}

/// The citizen whose account this personal number names; people sign in by it.
async fn find(tx: &mut Tx, number: &str) -> Result<Option<Person>, Problem> {
    let Some(secret) = directory::account::store::find_secret(tx, number).await? else { return Ok(None) };
    let person = directory::person(tx, secret.id).await?;
    Ok(Some(person).filter(|p| p.personal_number.as_deref() == Some(number)))
}

/// `POST /mot-cua/xac-nhan`: the card has been seen. Confirming twice changes nothing.
async fn confirm(
    State(app): State<App>,
    clerk: CounterClerk,
    Form(form): Form<Confirmed>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let wrong = || Problem::field("number", crate::words::t("fault.number"));
    let number = PersonalNumber::parse(&form.number).map_err(|_| wrong())?.to_string();
    let wanted = number.clone();
    let found = app.site.db.read(async move |tx: &mut Tx| find(tx, &wanted).await).await?;
    let account = found.ok_or(Problem::NotFound)?.account;
    let act = clerk.act("onestop.confirm-identity", account, now);
    app.site.db.write(act, async move |tx: &mut Tx| directory::confirm(tx, account, now).await).await?;
    let next = Place::of_clerk(&clerk)?.href(PATH, &[("so", &number), ("da", "1")]);
    Ok(Redirect::to(&next).into_response())
}
