//! Filing over JSON: `POST /api/v1/uploads` and `POST /api/v1/dossiers`.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use base::Instant;
use base::limits::FILE_SIZE_BYTES_MAX;
use db::Tx;
use directory::{Role, Viewer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use web::{Path, Problem, RawForm, Upload};

use super::{Attached, Filed, Filing, draft, file, uploads};
use crate::dossier::{Applicant, Who};
use crate::helper::{Fill, OnDraft};
use crate::once::{Answer, Once};
use crate::{App, signer, words};

/// Room for the multipart frame around one file.
const FRAME_BYTES: u64 = 64 * 1024;

/// The routes of this file.
pub fn routes() -> Router<App> {
    let limit = usize::try_from(FILE_SIZE_BYTES_MAX + FRAME_BYTES).unwrap_or(usize::MAX);
    Router::new()
        .route("/api/v1/uploads", post(upload).layer(DefaultBodyLimit::max(limit)))
        .route("/api/v1/dossiers", post(create))
        .route("/api/v1/drafts/{draft}/fields/{field}", put(keep_field))
}

/// What is kept of an upload.
#[derive(Serialize, ToSchema)]
pub struct UploadView {
    /// Names the upload when filing; good for 24 hours.
    pub id: String,
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    pub media: String,
}

/// Takes one file, field `file`: PDF, JPEG, PNG or DOCX by its bytes, 20 MB at the most.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "dossiers",
    request_body(content = Object, content_type = "multipart/form-data"),
    responses((status = 201, body = UploadView), (status = 413, description = "Larger than 20 MB"),
        (status = 422, description = "None of the kinds we take")))]
pub async fn upload(
    State(app): State<App>,
    viewer: Viewer,
    mut form: Upload,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    let now = app.site.clock.now();
    let account = Who::from(&viewer).account;
    while let Some(part) = form.next_file(FILE_SIZE_BYTES_MAX).await? {
        if part.name == "file" {
            let name = part.file_name.clone();
            let kept = uploads::keep(&app, &account, None, None, &name, part, now).await?;
            let view = UploadView { id: kept.id, sha256: kept.sha256, size: kept.size, media: kept.media };
            return Ok((StatusCode::CREATED, Json(view)));
        }
    }
    Err(Problem::field("file", words::t("fault.no_file")))
}

/// When a draft was kept last.
#[derive(Serialize, ToSchema)]
pub struct KeptView {
    #[schema(value_type = String, format = DateTime)]
    pub saved_at: Instant,
    /// As people read it: "09:05".
    pub saved: String,
}

/// Keeps one answer of a draft while its page is open. The body is the question's controls as a form
/// sends them, with the page's `_csrf`; none of them empties the answer.
#[utoipa::path(put, path = "/api/v1/drafts/{draft}/fields/{field}", tag = "dossiers",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = KeptView), (status = 409, description = "Filed already")))]
pub async fn keep_field(
    State(app): State<App>,
    at: OnDraft<Fill>,
    Path((_draft, field)): Path<(String, String)>,
    form: RawForm,
) -> Result<Json<KeptView>, Problem> {
    let now = app.site.clock.now();
    let act = at.act("onestop.keep-draft", now);
    let catalogue = app.catalogue.clone();
    let keep = async move |tx: &mut Tx| -> Result<(), Problem> {
        let account = at.owner_for(tx, "fill", now).await?;
        draft::keep_field(tx, &catalogue, &at.draft, &account, &field, &form.0, now).await
    };
    app.site.db.write(act, keep).await?;
    Ok(Json(KeptView { saved_at: now, saved: base::format::hour_vn(now) }))
}

/// What is handed in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DossierBody {
    /// The procedure's code, `1.001193`.
    pub procedure: String,
    /// The code of the counter, or of an agency or territory whose counter is meant.
    pub unit: String,
    /// Whom it is about; a citizen may leave it out and files for himself.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub applicant: Option<ApplicantBody>,
    #[serde(default)]
    #[schema(value_type = Object)]
    pub answers: Map<String, Value>,
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub uploads: Vec<Attached>,
    /// `counter` (the default), `online` or `post`.
    #[serde(default)]
    pub return_by: Option<String>,
}

/// The applicant, as far as it differs from the account.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct ApplicantBody {
    pub name: Option<String>,
    /// 12 digits.
    pub personal_number: Option<String>,
    /// Of an enterprise, instead of the personal number.
    pub tax_number: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
}

/// What filing answers. The promised time comes with acceptance.
#[derive(Serialize, ToSchema)]
pub struct FiledView {
    pub code: String,
    /// By when the counter must answer.
    #[schema(value_type = String, format = DateTime)]
    pub answer_by: Instant,
    /// The proof slip, a PDF for the applicant and the counter.
    pub slip_url: String,
}

impl From<&Filed> for FiledView {
    fn from(filed: &Filed) -> Self {
        FiledView {
            code: filed.code.clone(),
            answer_by: filed.answer_by,
            slip_url: format!("/ho-so/{}/giay/slip", filed.code),
        }
    }
}

/// Files a dossier: a citizen for himself, a counter clerk for a person at the counter.
#[utoipa::path(post, path = "/api/v1/dossiers", tag = "dossiers", request_body = DossierBody,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "The same key gives the same dossier")),
    responses((status = 201, body = FiledView),
        (status = 422, description = "Fields to correct, all at once")))]
pub async fn create(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    web::Json(body): web::Json<Value>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let who = Who::from(&viewer);
    let once = Once::of(&headers, &who.account, "/api/v1/dossiers", &body)?;
    let bytes = serde_json::to_vec(&body).map_err(Problem::fault)?;
    let filing = filing(&app, &viewer, &who, web::request::read_json(&bytes)?)?;
    let act = viewer.act("onestop.file", filing.procedure.clone(), now);
    let catalogue = app.catalogue.clone();
    let sender = who.account.clone();
    let answer = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Answer, Problem> {
            if let Some(answer) = once.known(tx).await? {
                return Ok(answer);
            }
            if filing.channel == "online" {
                signer::without_draft(&*catalogue.version(&filing.procedure)?, &filing)?;
            }
            let filed = file(tx, &catalogue, filing.clone(), &sender, now).await?;
            let answer = Answer::json(StatusCode::CREATED, &FiledView::from(&filed))?;
            once.keep(tx, &answer, now).await?;
            Ok(answer)
        })
        .await?;
    let mut response = answer.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The body as a filing: what a citizen leaves out is taken from the account.
fn filing(app: &App, viewer: &Viewer, who: &Who, body: DossierBody) -> Result<Filing, Problem> {
    let procedure = app
        .catalogue
        .find(&body.procedure)
        .ok_or_else(|| Problem::field("procedure", words::t("fault.procedure")))?;
    let given = body.applicant.unwrap_or_default();
    let clerk = who.posts.iter().any(|p| p.role == Role::CounterClerk);
    if !clerk && !who.posts.is_empty() {
        return Err(Problem::Forbidden);
    }
    let own = if clerk { Applicant::default() } else { viewer_applicant(viewer) };
    let number = given.personal_number.or(given.tax_number).unwrap_or_default();
    let number = if number.is_empty() { own.number.clone() } else { number };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if !clerk && number.len() != 10 && digits(&number) != digits(&own.number) && digits(&number).len() == 12 {
        return Err(Problem::field("applicant.personal_number", words::t("fault.other_person")));
    }
    let or = |given: Option<String>, own: String| given.filter(|s| !s.trim().is_empty()).unwrap_or(own);
    Ok(Filing {
        procedure: crate::catalogue::version_id(&procedure),
        unit: body.unit,
        account: (!clerk).then(|| who.account.clone()),
        applicant: Applicant {
            name: or(given.name, own.name),
            number,
            phone: or(given.phone, own.phone),
            email: or(given.email, own.email),
            address: or(given.address, own.address),
        },
        channel: if clerk { "counter" } else { "online" },
        return_by: body.return_by.unwrap_or_else(|| "counter".into()),
        answers: body.answers,
        uploads: body.uploads,
    })
}

/// The account's own data as an applicant.
pub fn viewer_applicant(viewer: &Viewer) -> Applicant {
    let a = viewer.person();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Applicant {
        name: a.name.clone(),
        number: text(&a.personal_number),
        phone: text(&a.phone),
        email: text(&a.email),
        address: text(&a.address),
    }
}
