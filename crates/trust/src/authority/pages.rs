//! `/quan-tri/co-quan-chung-thuc`: the province's own authorities: made, shown with their lists and the keys
//! that answer for them, and followed by a new one when their keys are to be replaced.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Instant;
use db::Tx;
use directory::{Admin, admin_shell};
use serde::Deserialize;
use web::{Form, Problem, Shell, page};

use super::store::{Authority, SigningUnit};
use super::{SHARDS_MAX, Wish, store};
use crate::forms::{Field, fill};
use crate::{App, filters, words};

/// Where authorities are.
pub const HERE: &str = "/quan-tri/co-quan-chung-thuc";

/// The routes of these pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/quan-tri/co-quan-chung-thuc", get(show).post(make))
        .route("/quan-tri/co-quan-chung-thuc/dau-thoi-gian", post(stamp))
}

struct UnitLine {
    kind: String,
    until: Instant,
}

struct Card {
    name: String,
    id: String,
    role: String,
    state: String,
    is_active: bool,
    until: Instant,
    number: i64,
    at: Instant,
    next: Instant,
    shards: u32,
    module: String,
    units: Vec<UnitLine>,
}

#[derive(Template)]
#[template(path = "trust/authority.html")]
struct ShowPage {
    shell: Shell,
    cards: Vec<Card>,
    fields: Vec<Field>,
    stamp_fields: Vec<Field>,
    error: String,
}

fn card(row: Authority, units: &[SigningUnit]) -> Result<Card, Problem> {
    let own = units.iter().filter(|unit| unit.authority == row.id);
    let line = |unit: &SigningUnit| UnitLine {
        kind: format!(
            "{}, {}",
            words::t(&format!("certificate.kind.{}", unit.kind)),
            words::t(&format!("key.kind.{}", unit.key_kind))
        ),
        until: unit.not_after,
    };
    Ok(Card {
        role: words::t(&format!("authority.role.{}", row.role)),
        state: words::t(&format!("authority.state.{}", row.state)),
        is_active: row.state == "active",
        until: super::parse(&row.der)?.validity().not_after,
        units: own.map(line).collect(),
        name: row.name,
        id: row.id,
        number: row.crl_number,
        at: row.crl_at,
        next: row.crl_next,
        shards: row.shards,
        module: row.module.unwrap_or_default(),
    })
}

async fn show_page(app: &App, admin: &Admin, form: &MakeForm) -> Result<ShowPage, Problem> {
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        Ok((store::list(tx).await?, store::list_units(tx).await?))
    };
    let (rows, units) = app.site.db.read(read).await?;
    let kinds = ["p256", "p384", "rsa2048", "rsa3072"];
    let mut fields = vec![
        Field::text("key_kind", &form.key_kind).choice("key.kind", kinds),
        Field::text("shards", &form.shards).kind("number"),
    ];
    let modules = app.keys.modules();
    if !modules.is_empty() {
        let here = std::iter::once((String::new(), words::t("authority.here")));
        let choices = here.chain(modules.into_iter().map(|name| (name.clone(), name))).collect();
        fields.insert(1, Field { choices, ..Field::text("module", &form.module) });
    }
    Ok(ShowPage {
        shell: admin_shell(&app.site, &admin.viewer, true, words::t("authority.title"), HERE),
        cards: rows.into_iter().map(|row| card(row, &units)).collect::<Result<_, _>>()?,
        fields,
        stamp_fields: vec![Field::text("stamp_kind", "rsa2048").choice("key.kind", kinds)],
        error: String::new(),
    })
}

/// `GET /quan-tri/co-quan-chung-thuc`.
async fn show(State(app): State<App>, admin: Admin) -> Result<Response, Problem> {
    let blank = MakeForm { key_kind: "p256".into(), shards: "0".into(), module: String::new() };
    Ok(page::html(show_page(&app, &admin, &blank).await?))
}

/// How an authority is wished for.
#[derive(Deserialize, Default)]
#[serde(default)]
struct MakeForm {
    key_kind: String,
    shards: String,
    /// The hardware module; empty for keys that are kept here.
    module: String,
}

/// `POST /quan-tri/co-quan-chung-thuc`: makes an authority, or the one that follows.
async fn make(State(app): State<App>, admin: Admin, Form(form): Form<MakeForm>) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let shards = form.shards.parse().ok().filter(|n| *n <= SHARDS_MAX);
    let module = Some(form.module.clone()).filter(|name| !name.is_empty());
    let is_known = module.as_ref().is_none_or(|name| app.keys.modules().contains(name));
    let done = match (crate::key::kind(&form.key_kind), shards) {
        _ if !is_known => Err(Problem::field("module", words::t("request.wrong.no_choice"))),
        (None, _) => Err(Problem::field("key_kind", words::t("request.wrong.no_choice"))),
        (_, None) => Err(Problem::field("shards", words::t("authority.wrong_shards"))),
        (Some(_), Some(shards)) => {
            let wish = Wish { key_kind: form.key_kind.clone(), shards, module };
            super::establish(&app, &wish, admin.act("trust.establish", "", now), now).await
        }
    };
    let problem = match done {
        Ok(_) => return Ok(Redirect::to(HERE).into_response()),
        Err(problem) => problem,
    };
    let mut page = show_page(&app, &admin, &form).await?;
    let status = fill(&mut page.fields, (&mut page.shell, &mut page.error), problem, [])?;
    Ok(page::html_with(status, page))
}

/// Which kind of key stamps time too.
#[derive(Deserialize, Default)]
#[serde(default)]
struct StampForm {
    stamp_kind: String,
}

/// `POST /quan-tri/co-quan-chung-thuc/dau-thoi-gian`: another kind of key stamps time beside those that do.
async fn stamp(
    State(app): State<App>,
    admin: Admin,
    Form(form): Form<StampForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let act = admin.act("trust.add-stamper", "", now);
    let problem = match super::add_stamper(&app, &form.stamp_kind, act, now).await {
        Ok(()) => return Ok(Redirect::to(HERE).into_response()),
        Err(problem) => problem,
    };
    let blank = MakeForm { key_kind: "p256".into(), shards: "0".into(), module: String::new() };
    let mut page = show_page(&app, &admin, &blank).await?;
    let typed = [form.stamp_kind];
    let status = fill(&mut page.stamp_fields, (&mut page.shell, &mut page.error), problem, typed)?;
    Ok(page::html_with(status, page))
}
