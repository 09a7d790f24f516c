//! Messages over JSON: `/api/v1/dossiers/{code}/messages`. Notes among officials are asked for by
//! `?kind=note`, and are not found by the dossier's applicant.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base::Instant;
use db::Tx;
use directory::{UnitId, Viewer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use web::{Path, Problem, Query};

use super::rules::{Kind, Side};
use super::store::{File, Message};
use super::{Draft, MessageId, say, store};
use crate::App;
use crate::dossier::{Case, Who};
use crate::once::{Answer, Once};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/dossiers/{code}/messages", get(list).post(write))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct MessagesQuery {
    /// `talk` (what is left out means this) or `note`, among officials.
    #[serde(default)]
    pub kind: String,
}

/// A message.
#[derive(Serialize, ToSchema)]
pub struct MessageView {
    pub id: String,
    /// `owner` or `office`.
    pub from: String,
    /// The office in whose name it was written.
    pub office: Option<String>,
    pub text: String,
    #[schema(value_type = String, format = DateTime)]
    pub written_at: Instant,
    pub files: Vec<MessageFile>,
}

/// A file of a message.
#[derive(Serialize, ToSchema)]
pub struct MessageFile {
    pub name: String,
    pub media: String,
    /// Bytes.
    pub size: i64,
    pub sha256: String,
    pub url: String,
}

/// The messages of one kind, the oldest first.
#[derive(Serialize, ToSchema)]
pub struct MessageList {
    pub items: Vec<MessageView>,
    /// Whether the caller may write one now.
    pub may_write: bool,
}

/// What is written.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// At most 2,000 characters.
    pub text: String,
    /// `talk` (what is left out means this) or `note`, among officials.
    #[serde(default)]
    pub kind: String,
    /// Uploads of the caller, at most 5.
    #[serde(default)]
    pub uploads: Vec<String>,
}

/// What writing answers.
#[derive(Serialize, ToSchema)]
pub struct WrittenMessage {
    pub id: String,
}

fn kind(word: &str) -> Result<Kind, Problem> {
    if word.is_empty() {
        return Ok(Kind::Talk);
    }
    Kind::from_word(word).ok_or_else(|| Problem::field("kind", say("refused.kind", &[])))
}

/// The messages about a dossier that the caller may see.
#[utoipa::path(get, path = "/api/v1/dossiers/{code}/messages", tag = "dossiers",
    params(("code" = String, Path, description = "The dossier's code"), MessagesQuery),
    responses((status = 200, body = MessageList),
        (status = 404, description = "Not this caller's dossier, or notes asked for by its applicant")))]
pub async fn list(
    State(app): State<App>,
    viewer: Viewer,
    Path(code): Path<String>,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<MessageList>, Problem> {
    let (now, kind) = (app.site.clock.now(), kind(&query.kind)?);
    let who = Who::from(&viewer);
    let (catalogue, asked) = (app.catalogue.clone(), code.clone());
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let case = Case::find(tx, &catalogue, &who, &asked, now).await?;
        let side = super::side(&case, &who);
        let messages = match kind {
            Kind::Talk => store::list_talk(tx, case.dossier.id).await?,
            Kind::Note if side.sees(Kind::Note) => store::list_notes(tx, case.dossier.id).await?,
            Kind::Note => return Err(Problem::NotFound),
        };
        let files = store::list_files(tx, case.dossier.id, kind.word()).await?;
        let mut items = Vec::with_capacity(messages.len());
        for m in messages {
            items.push(view(tx, &case, kind, m, &files).await?);
        }
        let may_write = super::check(tx, &case, &who, kind).await?.is_ok();
        Ok((MessageList { items, may_write }, case, side))
    });
    let (list, case, side) = read.await?;
    crate::dossier::look(&app, &viewer, "onestop.look-messages", &code, now).await;
    if side == Side::Owner {
        super::pages::opened(&app, &case).await?;
    }
    Ok(Json(list))
}

async fn view(
    tx: &mut Tx,
    case: &Case,
    kind: Kind,
    m: Message,
    files: &[File],
) -> Result<MessageView, Problem> {
    let office = match &m.office {
        Some(unit) => Some(directory::get_unit(tx, &UnitId::from(unit.as_str())).await?.name),
        None => None,
    };
    let own = files.iter().filter(|f| f.message == m.id).map(|f| MessageFile {
        name: f.name.clone(),
        media: f.media.clone(),
        size: f.size,
        sha256: f.sha256.to_string(),
        url: super::pages::file_url(&case.dossier.code, kind, &f.id),
    });
    Ok(MessageView {
        id: m.id.to_string(),
        files: own.collect(),
        from: m.side,
        office,
        text: m.words,
        written_at: m.written_at,
    })
}

/// Writes a message about a dossier: its applicant to the office that has it, the office to the applicant,
/// or officials among themselves.
#[utoipa::path(post, path = "/api/v1/dossiers/{code}/messages", tag = "dossiers",
    params(("code" = String, Path, description = "The dossier's code"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same answer")),
    request_body = NewMessage,
    responses((status = 201, body = WrittenMessage),
        (status = 404, description = "Not this caller's dossier"),
        (status = 422, description = "Refused")))]
pub async fn write(
    State(app): State<App>,
    viewer: Viewer,
    Path(code): Path<String>,
    headers: HeaderMap,
    web::Json(body): web::Json<Value>,
) -> Result<Response, Problem> {
    let new: NewMessage = web::request::read_json(&serde_json::to_vec(&body).map_err(Problem::fault)?)?;
    let (now, who) = (app.site.clock.now(), Who::from(&viewer));
    let once = Once::of(&headers, &who.account, &format!("/api/v1/dossiers/{code}/messages"), &body)?;
    let draft =
        Draft { id: MessageId::fresh(), kind: kind(&new.kind)?, words: new.text, uploads: new.uploads };
    let (catalogue, seen, asked) = (app.catalogue.clone(), who.clone(), code.clone());
    let found = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        Ok(Case::find(tx, &catalogue, &seen, &asked, now).await?.dossier)
    });
    let d = found.await?;
    let office = who.office(&d).or_else(|| who.posts.first().map(|p| p.unit.as_str().to_string()));
    let act = viewer.act("onestop.write-message", d.id, now);
    let act = match &office {
        Some(office) => act.in_office(office),
        None => act,
    };
    let catalogue = app.catalogue.clone();
    let put = app.site.db.write(act, async move |tx: &mut Tx| -> Result<Answer, Problem> {
        if let Some(answer) = once.known(tx).await? {
            return Ok(answer);
        }
        let case = Case::find(tx, &catalogue, &who, &code, now).await?;
        super::write(tx, &case, &who, office.as_deref(), &draft).await?;
        let answer = Answer::json(StatusCode::CREATED, &WrittenMessage { id: draft.id.to_string() })?;
        once.keep(tx, &answer, now).await?;
        Ok(answer)
    });
    Ok(put.await?.into_response())
}
