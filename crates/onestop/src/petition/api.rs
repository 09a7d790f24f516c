//! Petitions over the API: sending one, and following it.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use base::Instant;
use db::Tx;
use directory::MaybeViewer;
use directory::signin::Address;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Json, Path, Problem, throttle};

use super::pages::found_by;
use super::rules::State as Stands;
use super::{Petition, Sending, store};
use crate::App;
use crate::dossier::Dossier;
use crate::dossier::follow::{follow, plain};
use crate::once::{Answer, Once};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/petitions", post(send)).route("/api/v1/petitions/{code}", get(show))
}

/// What is sent. Files are sent on the page.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct PetitionSending {
    /// The code of the unit it speaks of.
    unit: String,
    /// `complaint` or `proposal`.
    kind: String,
    /// `attitude`, `delay`, `papers`, `fee`, `rules`, `other`.
    topic: String,
    subject: String,
    content: String,
    name: String,
    phone: String,
    #[serde(default)]
    email: String,
    /// The code of the dossier it speaks of.
    #[serde(default)]
    dossier: String,
}

/// A petition as its sender may see it.
#[derive(Serialize, ToSchema)]
pub struct PetitionStanding {
    number: String,
    /// The code to follow it by; told once, when it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    follow_code: Option<String>,
    /// `received`, `incomplete`, `refused`, `forwarded`, `answered`, `published`, `withheld`.
    state: &'static str,
    #[schema(value_type = String)]
    received_at: Instant,
    /// By when it is answered, while that runs.
    #[schema(value_type = Option<String>)]
    answer_by: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

impl PetitionStanding {
    fn of(p: Petition, follow_code: Option<String>) -> PetitionStanding {
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        PetitionStanding {
            state: p.state.standing().word(),
            received_at: p.received_at,
            answer_by: match p.state {
                Stands::Received { answer_by, .. } | Stands::Forwarded { answer_by } => Some(answer_by),
                _ => None,
            },
            finding: some(p.finding),
            answer: some(p.answer),
            number: p.number,
            follow_code,
        }
    }
}

/// Sends a petition; with an account or without one. An `Idempotency-Key` counts for accounts, which
/// follow by the receipt number; a code to follow is told once and not kept to be told again.
#[utoipa::path(post, path = "/api/v1/petitions", request_body = PetitionSending,
    responses((status = 201, body = PetitionStanding), (status = 422), (status = 429)))]
pub async fn send(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    headers: HeaderMap,
    Json(body): Json<PetitionSending>,
) -> Result<Answer, Problem> {
    let now = app.site.clock.now();
    let account = viewer.0.as_ref().map(|v| v.account.to_string());
    let once = match &account {
        Some(account) => {
            let asked = serde_json::to_value(&body).map_err(Problem::fault)?;
            Some(Once::of(&headers, account, "/api/v1/petitions", &asked)?)
        }
        None => None,
    };
    let key = match &account {
        Some(account) => format!("petition:{account}"),
        None => format!("petition-from:{}", address.0),
    };
    let dossier = match body.dossier.trim() {
        "" => None,
        code => match follow(&app, &address, code, now).await {
            Ok(dossier) => Some(dossier),
            Err(Problem::NotFound) => {
                return Err(Problem::field("dossier", super::words::say("fault.dossier", &[])));
            }
            Err(other) => return Err(other),
        },
    };
    let sending = sending(body, dossier, account);
    let faults = sending.faults();
    if !faults.is_empty() {
        return Err(Problem::Invalid(faults));
    }
    let code = super::fresh_code();
    let write = async move |tx: &mut Tx| -> Result<Answer, Problem> {
        if let Some(once) = &once
            && let Some(answer) = once.known(tx).await?
        {
            return Ok(answer);
        }
        throttle::check(tx, &key, now).await?;
        throttle::failed(tx, &key, now).await?;
        let sent = super::send(tx, &sending, &[], &code, now).await?;
        let told = sending.account.is_none().then(|| super::grouped(&code));
        let answer = Answer::json(StatusCode::CREATED, &PetitionStanding::of(sent, told))?;
        if let Some(once) = &once {
            once.keep(tx, &answer, now).await?;
        }
        Ok(answer)
    };
    app.site.db.write(viewer.act("onestop.petition-send", "", now), write).await
}

fn sending(body: PetitionSending, dossier: Option<Dossier>, account: Option<String>) -> Sending {
    Sending {
        unit: body.unit,
        kind: body.kind,
        topic: body.topic,
        subject: body.subject,
        content: body.content,
        dossier,
        account,
        name: body.name,
        phone: body.phone,
        email: body.email,
    }
}

/// A petition by the code to follow it, or by the receipt number of one's own.
#[utoipa::path(get, path = "/api/v1/petitions/{code}",
    responses((status = 200, body = PetitionStanding), (status = 404), (status = 429)))]
pub async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    Path(code): Path<String>,
) -> Result<Json<PetitionStanding>, Problem> {
    let account = viewer.0.as_ref().map(|v| v.account.to_string());
    let (number, asker) = (plain(&code), account.clone());
    let own = async move |tx: &mut Tx| -> Result<Option<Petition>, Problem> {
        let found = store::find(tx, &number).await?;
        Ok(found.filter(|p| p.account.is_some() && p.account == asker))
    };
    if let Some(p) = app.site.db.read(own).await? {
        return Ok(Json(PetitionStanding::of(p, None)));
    }
    let (p, _) = found_by(&app, &address, &code, "", account).await?;
    Ok(Json(PetitionStanding::of(p, None)))
}
