//! `/chung-thu-so/ky`: the certificates an official signs with here, and their PINs.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use db::Tx;
use directory::{AnyOfficial, Role, UnitId};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Form, Path, Problem, Query, Shell, page};

use super::{Credential, NewPin, PinSet, credentials, set_pin};
use crate::App;
use crate::filters;
use crate::forms::Field;
use crate::words::{self, WORDS};

/// Where officials find the keys they sign with.
pub const HERE: &str = "/chung-thu-so/ky";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/chung-thu-so/ky", get(list))
        .route("/chung-thu-so/ky/{id}/pin", get(form).post(send))
}

/// The units whose seal an official keeps: those in which they are records clerk.
/// law: nd30/seal
pub fn seals_kept(official: &AnyOfficial) -> Vec<UnitId> {
    let posts = &official.viewer.posts;
    posts.iter().filter(|post| post.role == Role::RecordsClerk).map(|post| post.unit.clone()).collect()
}

/// Everything an official signs and seals with here.
pub(crate) async fn own(app: &App, official: &AnyOfficial, now: Instant) -> Result<Vec<Credential>, Problem> {
    let (account, seals) = (official.viewer.account, seals_kept(official));
    let read = async move |tx: &mut Tx| credentials(tx, &account, &seals, now).await;
    app.site.db.read(read).await
}

struct Line {
    holder: String,
    kind: String,
    until: Instant,
    state: String,
    tone: &'static str,
    pin: String,
}

#[derive(Template)]
#[template(path = "trust/signing.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<Line>,
}

/// What was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    da: String,
}

/// `GET /chung-thu-so/ky`.
async fn list(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let own = own(&app, &official, app.site.clock.now()).await?;
    let mut shell = official.viewer.official_shell(&app.site, words::t("signing.title")).active(HERE);
    let done = match query.da.as_str() {
        "pin" => Some("signing.did_pin"),
        "cho" => Some("signing.pin_waits"),
        _ => None,
    };
    if let Some(key) = done {
        shell = shell.notice(NoticeKind::Done, words::t(key));
    }
    let line = |c: Credential| {
        let (state, tone) = match (c.has_pin, c.is_locked) {
            (false, _) => ("no_pin_yet", "is-hold"),
            (true, true) => ("is_locked", "is-over"),
            (true, false) => ("ready", "is-done"),
        };
        Line {
            kind: words::t(&format!("certificate.kind.{}", c.part.kind())),
            until: c.certificate.validity().not_after,
            state: match c.pin_from {
                Some(from) => WORDS.t("signing.pin_from", &[("at", &base::format::time_vn(from))]),
                None => words::t(&format!("signing.{state}")),
            },
            tone,
            pin: format!("{HERE}/{}/pin", c.id),
            holder: c.holder,
        }
    };
    Ok(page::html(ListPage { shell, lines: own.into_iter().map(line).collect() }))
}

#[derive(Template)]
#[template(path = "trust/pin.html")]
struct PinPage {
    shell: Shell,
    holder: String,
    action: String,
    fields: Vec<Field>,
    error: String,
    back: String,
}

fn pin_page(app: &App, official: &AnyOfficial, of: &Credential) -> PinPage {
    let secret = |name| Field::text(name, "").kind("password");
    PinPage {
        shell: official.viewer.official_shell(&app.site, words::t("signing.set_pin")).active(HERE),
        holder: of.holder.clone(),
        action: format!("{HERE}/{}/pin", of.id),
        fields: {
            let current = of.has_pin.then(|| secret("current_pin").optional());
            let rest = [secret("pin"), secret("again")];
            std::iter::once(secret("account_password")).chain(current).chain(rest).collect()
        },
        error: String::new(),
        back: words::t("signing.title"),
    }
}

/// One of these. Somebody else's is `NotFound`.
pub(crate) async fn one(app: &App, official: &AnyOfficial, id: &str) -> Result<Credential, Problem> {
    let own = own(app, official, app.site.clock.now()).await?;
    // Somebody else's certificate does not exist.
    own.into_iter().find(|c| c.id == id).ok_or(Problem::NotFound)
}

/// `GET /chung-thu-so/ky/{id}/pin`.
async fn form(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let of = one(&app, &official, &id).await?;
    Ok(page::html(pin_page(&app, &official, &of)))
}

/// What was given.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PinForm {
    account_password: String,
    current_pin: String,
    pin: String,
    again: String,
}

/// `POST /chung-thu-so/ky/{id}/pin`.
async fn send(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Form(form): Form<PinForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let of = one(&app, &official, &id).await?;
    let given = NewPin {
        password: form.account_password,
        current: form.current_pin,
        pin: form.pin,
        again: form.again,
    };
    let act = official.act("trust.set-pin", &of.id, now);
    match set_pin(&app.site.db, official.viewer.account, &of, &given, act, app.pin_wait_hours).await {
        Ok(PinSet::Now) => Ok(Redirect::to(&format!("{HERE}?da=pin")).into_response()),
        Ok(PinSet::From(_)) => Ok(Redirect::to(&format!("{HERE}?da=cho")).into_response()),
        Err(Problem::Invalid(errors)) => {
            let mut shown = pin_page(&app, &official, &of);
            for field in &mut shown.fields {
                if let Some(error) = errors.iter().find(|e| e.field == field.name) {
                    field.error = error.message.clone();
                }
            }
            shown.shell = shown.shell.errors();
            Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, shown))
        }
        Err(problem) => Err(problem),
    }
}
