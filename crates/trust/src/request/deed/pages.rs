//! `/quan-tri/yeu-cau-chung-thu/duyet`: what was chosen in the list is read once more, then approved, and the
//! page says how far it is.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base::{Instant, format};
use db::Tx;
use directory::{Admin, Keeper, UnitId};
use serde::Deserialize;
use web::{FieldError, Path, Problem, Query, RawForm, Shell, page};

use super::store::{self, Told};
use super::{DeedId, Reason, against};
use crate::certificate::pages::HERE as REGISTER;
use crate::request::pages::{HERE, href, list_page, shell};
use crate::request::{DEED_MAX, store as requests};
use crate::words::{self, WORDS};
use crate::{App, filters};

/// How soon the page of a deed that is not done looks again, in seconds.
const AGAIN_S: u32 = 3;

/// Where a deed is.
pub fn at(id: DeedId) -> String {
    format!("{HERE}/duyet/{id}")
}

/// A reason in words.
pub fn told(reason: Reason) -> String {
    words::t(&format!("deed.reason.{}", reason.word()))
}

/// A request that was chosen.
struct Chosen {
    id: String,
    href: String,
    holder: String,
    kind: String,
    unit: String,
    asked_by: String,
    asked_at: Instant,
    letter: String,
    years: String,
    key: String,
    /// Why it is left out; empty when it will be approved.
    why: String,
}

#[derive(Template)]
#[template(path = "trust/deed_new.html")]
struct LookPage {
    shell: Shell,
    deed: String,
    fits: Vec<Chosen>,
    left: Vec<Chosen>,
    confirm: String,
}

async fn read(app: &App, ids: Vec<String>, by: String) -> Result<Vec<Chosen>, Problem> {
    let read = async move |tx: &mut Tx| -> Result<Vec<Chosen>, Problem> {
        let mut chosen = Vec::new();
        for id in &ids {
            let r = requests::find(tx, id).await?.ok_or(Problem::NotFound)?;
            let unit = directory::get_unit(tx, &UnitId::from(r.unit.clone())).await?.name;
            let asked_by = match r.asked_by.parse() {
                Ok(account) => directory::find_account(tx, account).await?.map_or(String::new(), |a| a.name),
                Err(_) => String::new(),
            };
            chosen.push(Chosen {
                why: against(&r, &by).map(told).unwrap_or_default(),
                href: href(&r.id),
                kind: words::t(&format!("certificate.kind.{}", r.kind)),
                key: match &r.key_kind {
                    Some(word) => words::t(&format!("key.kind.{word}")),
                    None => words::t("request.key_elsewhere"),
                },
                years: r.years.to_string(),
                holder: r.holder,
                asked_at: r.asked_at,
                letter: r.letter,
                id: r.id,
                asked_by,
                unit,
            });
        }
        Ok(chosen)
    };
    app.site.db.read(read).await
}

/// The chosen requests of a form, each once.
fn chosen(form: &RawForm) -> Result<Vec<String>, Problem> {
    let mut ids: Vec<String> = Vec::new();
    for id in form.all("request") {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_string());
        }
    }
    match ids.len() {
        0 => Err(Problem::field("request", words::t("deed.none_chosen"))),
        n if n > DEED_MAX => Err(Problem::Malformed(format!("{n} requests in one deed"))),
        _ => Ok(ids),
    }
}

fn keeper(admin: Admin) -> Keeper {
    Keeper { viewer: admin.viewer, post: admin.post, within: None }
}

/// The list once more, with what is wrong.
async fn refused(app: &App, admin: Admin, errors: &[FieldError]) -> Result<Response, Problem> {
    let shown = list_page(app, &keeper(admin), FieldError::of(errors, "request")).await?;
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, shown))
}

/// `POST /quan-tri/yeu-cau-chung-thu/xem-truoc`: what would be approved, and what would be left, and why.
pub async fn look(State(app): State<App>, admin: Admin, form: RawForm) -> Result<Response, Problem> {
    let ids = match chosen(&form) {
        Ok(ids) => ids,
        Err(Problem::Invalid(errors)) => return refused(&app, admin, &errors).await,
        Err(other) => return Err(other),
    };
    let all = read(&app, ids, admin.viewer.account.to_string()).await?;
    let (fits, left): (Vec<Chosen>, Vec<Chosen>) = all.into_iter().partition(|one| one.why.is_empty());
    let n = format::thousands(i64::try_from(fits.len()).unwrap_or(i64::MAX));
    Ok(page::html(LookPage {
        shell: shell(&app, &keeper(admin), "deed.title"),
        deed: DeedId::fresh().to_string(),
        confirm: WORDS.t("deed.confirm", &[("n", &n)]),
        fits,
        left,
    }))
}

/// `POST /quan-tri/yeu-cau-chung-thu/duyet`: approved as it was read; the job follows.
pub async fn begin(State(app): State<App>, admin: Admin, form: RawForm) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let id: DeedId = form.get("deed").unwrap_or_default().parse().map_err(|_| Problem::NotFound)?;
    let ids = match chosen(&form) {
        Ok(ids) => ids,
        Err(Problem::Invalid(errors)) => return refused(&app, admin, &errors).await,
        Err(other) => return Err(other),
    };
    let (account, office) = (admin.viewer.account.to_string(), admin.unit().as_str().to_string());
    let write = async move |tx: &mut Tx| super::begin(tx, id, &ids, (&account, &office), now).await;
    app.site.db.write(admin.act("trust.approve-requests", id, now), write).await?;
    Ok(Redirect::to(&at(id)).into_response())
}

struct Line {
    href: String,
    holder: String,
    kind: String,
    state: String,
    tone: &'static str,
    /// Why it was not approved; empty otherwise.
    why: String,
    /// Where the certificate is; empty without one.
    certificate: String,
}

#[derive(Template)]
#[template(path = "trust/deed.html")]
struct DeedPage {
    shell: Shell,
    lines: Vec<Line>,
    told: String,
    at: i64,
    total: i64,
    waits: bool,
    looks_again: bool,
    action: String,
}

fn line(t: Told) -> Line {
    let tone = match t.state.as_str() {
        "issued" => "is-done",
        "waiting" => "is-work",
        _ => "is-over",
    };
    let reason = Reason::ALL.into_iter().find(|reason| reason.word() == t.reason);
    Line {
        href: href(&t.request),
        holder: t.holder,
        kind: words::t(&format!("certificate.kind.{}", t.kind)),
        state: words::t(&format!("deed.state.{}", t.state)),
        tone,
        why: reason.map(told).unwrap_or_default(),
        certificate: t
            .certificate
            .filter(|_| t.state == "issued")
            .map_or(String::new(), |id| format!("{REGISTER}/{id}")),
    }
}

/// Whether the page looks again by itself.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct DeedQuery {
    dung: String,
}

/// `GET /quan-tri/yeu-cau-chung-thu/duyet/{id}`: how far a deed of one's own is.
pub async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<String>,
    Query(query): Query<DeedQuery>,
) -> Result<Response, Problem> {
    let id: DeedId = id.parse().map_err(|_| Problem::NotFound)?;
    let by = admin.viewer.account.to_string();
    let read = async move |tx: &mut Tx| -> Result<Vec<Told>, Problem> {
        // Somebody else's deed does not exist.
        store::find(tx, id).await?.filter(|deed| deed.account == by).ok_or(Problem::NotFound)?;
        Ok(store::list(tx, id).await?)
    };
    let all = app.site.db.read(read).await?;
    let count =
        |state: &str| i64::try_from(all.iter().filter(|one| one.state == state).count()).unwrap_or(i64::MAX);
    let (issued, refused) = (count("issued"), count("refused"));
    let total = issued + refused + count("waiting");
    let counts = [("all", total), ("done", issued), ("refused", refused)];
    let counts = counts.map(|(name, n)| (name, format::thousands(n)));
    let words: Vec<(&str, &str)> = counts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let waits = issued + refused < total;
    let looks_again = waits && query.dung.is_empty();
    let response = page::html(DeedPage {
        shell: shell(&app, &keeper(admin), "deed.title"),
        told: WORDS.t("deed.told", &words),
        lines: all.into_iter().map(line).collect(),
        at: issued + refused,
        total,
        waits,
        looks_again,
        action: at(id),
    });
    Ok(if looks_again { page::again(response, AGAIN_S, None) } else { response })
}
