//! The catalogue over JSON: `GET /api/v1/procedures` and `/api/v1/procedures/{code}`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use web::{Path, Problem, Query};

use super::Procedure;
use crate::App;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/procedures", get(list)).route("/api/v1/procedures/{code}", get(show))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Words, with or without tone marks.
    #[serde(default)]
    pub q: String,
    /// The code after which the next page begins; only without `q`.
    pub cursor: Option<String>,
    /// Items, 1 to 200.
    pub limit: Option<usize>,
}

/// A procedure in a list.
#[derive(Serialize, ToSchema)]
pub struct ProcedureLine {
    pub code: String,
    pub name: String,
    pub field: String,
    pub agency: String,
    /// Whether it can be filed online here.
    pub online: bool,
    /// The legal limit: `20d`, `3wd`, `8wh`, `sameday`.
    pub limit: Option<String>,
    pub url: String,
}

/// A page of procedures.
#[derive(Serialize, ToSchema)]
pub struct ProcedurePage {
    pub items: Vec<ProcedureLine>,
    pub next_cursor: Option<String>,
    /// Other words to try, when nothing was found.
    pub suggestions: Vec<String>,
}

/// One procedure, with the form and its papers.
#[derive(Serialize, ToSchema)]
pub struct ProcedureView {
    #[serde(flatten)]
    pub line: ProcedureLine,
    pub version: u32,
    /// How far the limit may be trusted.
    pub limit_confidence: Option<String>,
    pub levels: Vec<&'static str>,
    pub components: Vec<ComponentView>,
    pub fees: Vec<FeeView>,
    /// JSON Schema of `answers`; absent where it cannot be filed online.
    #[schema(value_type = Option<Object>)]
    pub form: Option<Value>,
    pub legal_basis: Vec<String>,
    pub result: String,
    pub source: String,
}

/// A paper of the dossier.
#[derive(Serialize, ToSchema)]
pub struct ComponentView {
    pub id: String,
    pub name: String,
    pub required: bool,
    /// The form takes its place online.
    pub by_form: bool,
    /// The answer that makes it necessary.
    #[schema(value_type = Option<Object>)]
    pub when: Option<Value>,
}

/// A fee.
#[derive(Serialize, ToSchema)]
pub struct FeeView {
    pub name: String,
    /// Whole đồng; absent where no source states it.
    pub amount: Option<i64>,
    pub note: Option<String>,
    pub exempt: Vec<String>,
}

fn line(p: &Procedure) -> ProcedureLine {
    ProcedureLine {
        code: p.code.clone(),
        name: p.name.clone(),
        field: p.field.clone(),
        agency: p.agency.clone(),
        online: p.is_online(),
        limit: p.limit.map(|l| l.to_string()),
        url: format!("/thu-tuc/{}", p.code),
    }
}

/// The procedures offered here; with `q`, those that answer to the words, the best first.
#[utoipa::path(get, path = "/api/v1/procedures", tag = "procedures", params(ListQuery),
    responses((status = 200, body = ProcedurePage)))]
pub async fn list(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ProcedurePage>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    if !query.q.trim().is_empty() {
        let items: Vec<_> = app.catalogue.search(&query.q, limit).iter().map(|p| line(p)).collect();
        let suggestions = if items.is_empty() { app.catalogue.suggest(&query.q) } else { Vec::new() };
        return Ok(Json(ProcedurePage { items, next_cursor: None, suggestions }));
    }
    let after = query.cursor.as_deref().unwrap_or_default();
    let all = app.catalogue.list();
    let mut rest = all.iter().filter(|p| p.code.as_str() > after);
    let items: Vec<_> = rest.by_ref().take(limit).map(|p| line(p)).collect();
    let next_cursor = rest.next().and(items.last()).map(|last| last.code.clone());
    Ok(Json(ProcedurePage { items, next_cursor, suggestions: Vec::new() }))
}

/// One procedure by its code.
#[utoipa::path(get, path = "/api/v1/procedures/{code}", tag = "procedures",
    params(("code" = String, Path, description = "`1.001193`")),
    responses((status = 200, body = ProcedureView), (status = 404, description = "No such procedure")))]
pub async fn show(State(app): State<App>, Path(code): Path<String>) -> Result<Json<ProcedureView>, Problem> {
    let p = &app.catalogue.find(&code).ok_or(Problem::NotFound)?;
    Ok(Json(ProcedureView {
        line: line(p),
        version: p.version,
        limit_confidence: p.limit_confidence.clone(),
        levels: p.settled_at(app.catalogue.frame).iter().map(|l| l.as_str()).collect(),
        components: p
            .components
            .iter()
            .map(|c| ComponentView {
                id: c.id.clone(),
                name: c.name.clone(),
                required: c.required,
                by_form: c.by_form,
                when: c.when.as_ref().map(|w| serde_json::json!({ "field": w.field, "equals": w.equals })),
            })
            .collect(),
        fees: p
            .fees
            .iter()
            .map(|f| FeeView {
                name: f.name.clone(),
                amount: f.amount,
                note: f.note.clone(),
                exempt: f.exempt.clone(),
            })
            .collect(),
        form: p.form.as_ref().filter(|_| p.is_online()).map(|f| f.schema.clone()),
        legal_basis: p.legal_basis.iter().map(|l| l.id.clone()).collect(),
        result: p.result.name.clone(),
        source: p.source.text.clone(),
    }))
}
