//! The dossier over JSON: `/api/v1/dossiers/{code}` and what stands below it. Whoever is not
//! signed in sees status and dates; the applicant and the officials see the rest; somebody
//! else's sub-resource is 404.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::Instant;
use db::Tx;
use directory::signin::Address;
use directory::{MaybeViewer, Viewer};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use web::{Path, Problem};

use super::follow::follow;
use super::rules::Status;
use super::{Ask, Case, Dossier, Who, grounds, limits, schema, store, take};
use crate::once::{Answer, Once};
use crate::{App, words};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/dossiers/{code}", get(show))
        .route("/api/v1/dossiers/{code}/steps", post(step))
        .route("/api/v1/dossiers/{code}/history", get(history))
}

/// What anybody may know who has the code.
#[derive(Serialize, ToSchema)]
pub struct PublicView {
    pub code: String,
    /// The state's word, `in_process`.
    pub state: &'static str,
    /// The shared number of the status, 1 to 10.
    pub status: i64,
    /// The shared name of the status, in Vietnamese.
    pub status_name: String,
    #[schema(value_type = String, format = DateTime)]
    pub filed_at: Instant,
    /// By when the counter must answer what was filed.
    #[schema(value_type = String, format = DateTime)]
    pub answer_by: Instant,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<Instant>,
    /// The promised time of the result, once accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    /// Since when it has this status.
    #[schema(value_type = String, format = DateTime)]
    pub since: Instant,
}

impl PublicView {
    /// The public side of a dossier.
    pub fn of(d: &Dossier) -> PublicView {
        let status = d.state.status();
        PublicView {
            code: d.code.clone(),
            state: status.word(),
            status: status.number(),
            status_name: words::status(status),
            filed_at: d.filed_at,
            answer_by: d.answer_by,
            accepted_at: d.accepted_at,
            due: d.promised,
            since: d.since,
        }
    }
}

/// What the applicant and the officials see.
#[derive(Serialize, ToSchema)]
pub struct FullView {
    #[serde(flatten)]
    pub public: PublicView,
    pub version: i64,
    pub procedure: ProcedureRef,
    pub unit: UnitRef,
    pub agency: UnitRef,
    /// Who must act, or would if the clock ran.
    pub holder: Holder,
    /// The internal step, while officials work on it.
    pub stage: Option<String>,
    #[schema(value_type = Object)]
    pub applicant: super::Applicant,
    pub channel: String,
    pub return_by: String,
    #[schema(value_type = Object)]
    pub answers: Value,
    /// Whole đồng.
    pub fee_asked: i64,
    /// Whole đồng.
    pub fee_paid: i64,
    pub files: Vec<FileView>,
    pub papers: Vec<PaperView>,
    /// Those who agreed to what is declared, beside the applicant.
    pub signers: Vec<SignerView>,
    /// The interlinked dossier that this one is a child of.
    pub parent: Option<String>,
    /// The children of an interlinked dossier, in the order of the procedure's file.
    pub children: Vec<ChildView>,
    /// The steps that may be taken now by whoever asks.
    pub steps: Vec<OpenStep>,
    pub history_url: String,
}

/// Somebody who agreed to what a dossier declares.
#[derive(Serialize, ToSchema)]
pub struct SignerView {
    /// Who that is, in words.
    pub role: String,
    pub name: String,
    #[schema(value_type = String, format = DateTime)]
    pub agreed_at: Instant,
    /// Of what was agreed to.
    pub sha256: String,
    /// It is what was filed.
    pub as_filed: bool,
}

/// A part of an interlinked dossier.
#[derive(Serialize, ToSchema)]
pub struct ChildView {
    /// Its id in the procedure's file.
    pub part: String,
    pub name: String,
    /// `waiting`, `by_hand`, `running`, `granted`, `failed` or `faced`.
    pub state: &'static str,
    /// Its dossier, once it has one.
    pub code: Option<String>,
    /// Its own limit; the citizen is promised the parent's.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    /// What the officials say of a result that is written down by hand or will not come.
    pub word: String,
}

/// A procedure in the version that the dossier keeps.
#[derive(Serialize, ToSchema)]
pub struct ProcedureRef {
    pub code: String,
    pub version: u32,
    pub name: String,
}

/// A unit by code and name.
#[derive(Serialize, ToSchema)]
pub struct UnitRef {
    pub code: String,
    pub name: String,
}

/// Who holds a dossier.
#[derive(Serialize, ToSchema)]
pub struct Holder {
    pub unit: String,
    pub unit_name: String,
    pub role: String,
}

/// A file of the dossier.
#[derive(Serialize, ToSchema)]
pub struct FileView {
    pub id: String,
    pub component: String,
    pub name: String,
    pub media: String,
    /// Bytes.
    pub size: i64,
    pub sha256: String,
    pub url: String,
}

/// A printed paper.
#[derive(Serialize, ToSchema)]
pub struct PaperView {
    pub kind: String,
    pub url: String,
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Instant,
}

/// A step that may be taken now, with the schema of its body.
#[derive(Serialize, ToSchema)]
pub struct OpenStep {
    pub step: &'static str,
    #[schema(value_type = Object)]
    pub schema: Value,
}

/// What a step answers.
#[derive(Serialize, ToSchema)]
pub struct Moved {
    pub code: String,
    pub state: &'static str,
    pub status: i64,
    pub version: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
}

/// A line of the step log.
#[derive(Serialize, ToSchema)]
pub struct HistoryView {
    pub ordinal: i64,
    /// `file` or a step's word.
    pub step: String,
    pub from: i64,
    pub to: i64,
    pub from_stage: Option<String>,
    pub to_stage: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// The applicant, or the official's office.
    pub by: String,
    /// A word of the step's list of reasons.
    pub reason: Option<String>,
    /// The provisions it rests on.
    pub basis: Vec<String>,
    pub note: String,
    /// The short limit that it came too late for: `answer`, `hand_on`, `ask` or `apology`.
    pub late: Option<&'static str>,
    /// The promised time after this step.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
}

/// The step log, the oldest line first.
#[derive(Serialize, ToSchema)]
pub struct HistoryList {
    pub items: Vec<HistoryView>,
}

/// One dossier, as much of it as the caller may see.
#[utoipa::path(get, path = "/api/v1/dossiers/{code}", tag = "dossiers",
    params(("code" = String, Path, description = "The dossier's code")),
    responses((status = 200, body = FullView, description = "All of it for applicant and officials; \
        the fields of PublicView for everybody else"),
        (status = 404, description = "No such dossier"), (status = 429, description = "Too many misses")))]
pub async fn show(
    State(app): State<App>,
    MaybeViewer(viewer): MaybeViewer,
    address: Address,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    if let Some(viewer) = viewer {
        let who = Who::from(&viewer);
        let catalogue = app.catalogue.clone();
        let (seen, asked) = (who.clone(), code.clone());
        let full = app
            .site
            .db
            .read(async move |tx: &mut Tx| -> Result<Option<FullView>, Problem> {
                match Case::find(tx, &catalogue, &seen, &asked, now).await {
                    Ok(case) => full(tx, &case).await.map(Some),
                    Err(Problem::NotFound) => Ok(None),
                    Err(other) => Err(other),
                }
            })
            .await?;
        if let Some(full) = full {
            super::look(&app, &viewer, "onestop.look", &code, now).await;
            return Ok(Json(full).into_response());
        }
    }
    let d = follow(&app, &address, &code, now).await?;
    Ok(Json(PublicView::of(&d)).into_response())
}

async fn full(tx: &mut Tx, case: &Case) -> Result<FullView, Problem> {
    let d = &case.dossier;
    let base = format!("/ho-so/{}", d.code);
    let files = store::list_files(tx, d.id).await?;
    let papers = store::list_papers(tx, d.id).await?;
    let children = match case.procedure.run_children {
        true => crate::interlinked::parts(tx, d.id).await?,
        false => Vec::new(),
    };
    let signers = crate::signer::pages::panel(tx, case, String::new()).await?.told.into_iter();
    let signer = |s: crate::signer::pages::Told| SignerView {
        role: s.role,
        name: s.name,
        agreed_at: s.at,
        sha256: s.sha256,
        as_filed: s.same,
    };
    Ok(FullView {
        signers: signers.map(signer).collect(),
        parent: case.outer.as_ref().map(|outer| outer.code.clone()),
        children: children.into_iter().map(|row| child(case, row)).collect(),
        public: PublicView::of(d),
        version: d.version,
        procedure: ProcedureRef {
            code: case.procedure.code.clone(),
            version: case.procedure.version,
            name: case.procedure.name.clone(),
        },
        unit: unit(tx, &d.counter).await?,
        agency: unit(tx, &d.agency).await?,
        holder: Holder {
            unit: d.holder_unit.code().to_string(),
            unit_name: directory::get_unit(tx, &d.holder_unit).await?.name,
            role: d.holder_role.clone(),
        },
        stage: d.state.stage().map(str::to_string),
        applicant: d.applicant.clone(),
        channel: d.channel.clone(),
        return_by: d.return_by.clone(),
        answers: Value::Object(d.answers.clone()),
        fee_asked: d.fee_asked,
        fee_paid: d.fee_paid,
        files: files
            .into_iter()
            .map(|f| FileView {
                url: format!("{base}/tep/{}", f.id),
                id: f.id,
                component: f.component,
                name: f.name,
                media: f.media,
                size: f.size,
                sha256: f.sha256.to_string(),
            })
            .collect(),
        papers: papers
            .into_iter()
            .map(|p| PaperView { url: format!("{base}/giay/{}", p.kind), kind: p.kind, made_at: p.made_at })
            .collect(),
        steps: case
            .open()
            .into_iter()
            .map(|(verb, ways)| OpenStep { step: verb.word(), schema: schema::of(verb, &ways, Some(case)) })
            .collect(),
        history_url: format!("/api/v1/dossiers/{}/history", d.code),
    })
}

fn child(case: &Case, row: crate::interlinked::Row) -> ChildView {
    ChildView {
        name: crate::interlinked::name(&case.procedure, &row.part).to_string(),
        state: row.stands().word(),
        code: row.code,
        due: row.due_at,
        word: row.word,
        part: row.part,
    }
}

async fn unit(tx: &mut Tx, id: &directory::UnitId) -> Result<UnitRef, Problem> {
    let unit = directory::get_unit(tx, id).await?;
    Ok(UnitRef { code: unit.code, name: unit.name })
}

/// Takes a step. The body is `{step, seen_version, …}`; the dossier lists the schema of each open step.
#[utoipa::path(post, path = "/api/v1/dossiers/{code}/steps", tag = "dossiers",
    params(("code" = String, Path, description = "The dossier's code"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same answer")),
    request_body(content_type = "application/json", content = Object,
        description = "One of the schemas Step_*; the dossier lists those of its open steps"),
    responses((status = 200, body = Moved), (status = 404, description = "Not this caller's dossier"),
        (status = 409, description = "The dossier has moved on"), (status = 422, description = "Refused")))]
pub async fn step(
    State(app): State<App>,
    viewer: Viewer,
    Path(code): Path<String>,
    headers: HeaderMap,
    web::Json(body): web::Json<Value>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (ask, seen) = read(&body)?;
    let who = Who::from(&viewer);
    let once = Once::of(&headers, &who.account, &format!("/api/v1/dossiers/{code}/steps"), &body)?;
    let act = act_on(&app, &viewer, &who, ask.verb(), &code, now).await?;
    let catalogue = app.catalogue.clone();
    let answer = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Answer, Problem> {
            if let Some(answer) = once.known(tx).await? {
                return Ok(answer);
            }
            let mut case = Case::seen(tx, &catalogue, &who, &code, seen, now).await?;
            take(tx, &mut case, ask.clone(), &who).await?;
            let answer = Answer::json(StatusCode::OK, &moved(&case.dossier))?;
            once.keep(tx, &answer, now).await?;
            Ok(answer)
        })
        .await?;
    Ok(answer.into_response())
}

/// The deed of a step, in the office in which this person meets the dossier.
pub async fn act_on(
    app: &App,
    viewer: &Viewer,
    who: &Who,
    verb: super::rules::Verb,
    code: &str,
    now: Instant,
) -> Result<db::Act, Problem> {
    let code = code.to_string();
    let found = app.site.db.read(async move |tx: &mut Tx| store::find(tx, &code).await).await?;
    let d = found.ok_or(Problem::NotFound)?;
    let act = viewer.act(super::deed(verb), d.id.to_string(), now);
    Ok(match who.office(&d) {
        Some(office) => act.in_office(office),
        None => act,
    })
}

fn moved(d: &Dossier) -> Moved {
    let status: Status = d.state.status();
    Moved {
        code: d.code.clone(),
        state: status.word(),
        status: status.number(),
        version: d.version,
        due: d.promised,
    }
}

/// The step and the version that was seen, out of a body.
fn read(body: &Value) -> Result<(Ask, i64), Problem> {
    let mut fields =
        body.as_object().cloned().ok_or_else(|| Problem::field("step", words::t("fault.step")))?;
    let known = fields.get("step").and_then(Value::as_str).and_then(super::rules::Verb::from_word);
    let seen = fields.remove("seen_version").as_ref().and_then(Value::as_i64);
    let Some(verb) = known else { return Err(Problem::field("step", words::t("fault.step"))) };
    let seen = seen.ok_or_else(|| Problem::field("seen_version", words::t("fault.seen_version")))?;
    if let Some(unknown) = fields.keys().find(|name| !schema::has_field(verb, name)) {
        return Err(Problem::field(unknown.clone(), words::t("fault.unknown_field")));
    }
    let note = fields.get("note").and_then(Value::as_str).map_or(0, |note| note.chars().count());
    if note > schema::NOTE_CHARS_MAX {
        let most = schema::NOTE_CHARS_MAX.to_string();
        return Err(Problem::field("note", words::WORDS.t("fault.too_long", &[("most", &most)])));
    }
    let bytes = serde_json::to_vec(&fields).map_err(Problem::fault)?;
    let ask = web::request::read_json(&bytes)?;
    Ok((ask, seen))
}

/// The step log of a dossier that the caller may see.
#[utoipa::path(get, path = "/api/v1/dossiers/{code}/history", tag = "dossiers",
    params(("code" = String, Path, description = "The dossier's code")),
    responses((status = 200, body = HistoryList), (status = 404, description = "Not this caller's dossier")))]
pub async fn history(
    State(app): State<App>,
    viewer: Viewer,
    Path(code): Path<String>,
) -> Result<Json<HistoryList>, Problem> {
    let now = app.site.clock.now();
    let who = Who::from(&viewer);
    let catalogue = app.catalogue.clone();
    let asked = code.clone();
    let items = app
        .site
        .db
        .read(async move |tx: &mut Tx| -> Result<Vec<HistoryView>, Problem> {
            let case = Case::find(tx, &catalogue, &who, &asked, now).await?;
            let mut items = Vec::new();
            for h in store::list_history(tx, case.dossier.id).await? {
                let by = match &h.office {
                    Some(office) => directory::get_unit(tx, office).await?.name,
                    None => words::t("role.citizen"),
                };
                items.push(HistoryView {
                    basis: grounds::basis_of(&h),
                    late: limits::missed(&h).map(|(short, _)| short.word()),
                    ordinal: h.ordinal,
                    step: h.verb,
                    from: h.from.number(),
                    to: h.to.number(),
                    from_stage: h.from_stage,
                    to_stage: h.to_stage,
                    at: h.at,
                    by,
                    reason: h.reason_code,
                    note: h.note,
                    due: h.promised,
                });
            }
            Ok(items)
        })
        .await?;
    super::look(&app, &viewer, "onestop.look-history", &code, now).await;
    Ok(Json(HistoryList { items }))
}
