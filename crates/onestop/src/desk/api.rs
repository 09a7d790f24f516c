//! `GET /api/v1/desk`: the work lists of the caller's post.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use base::Instant;
use db::Tx;
use directory::AnyOfficial;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Problem, Query};

use super::{Ask, List, Scope, soon, store};
use crate::dossier::rules::Status;
use crate::{App, words};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/desk", get(desk))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeskQuery {
    /// `waiting`, `processing`, `soon`, `overdue`, `supplementing`, `awaiting_fee`, `to_sign`,
    /// `to_return`, `to_answer` or `done`; the post's first list when left out.
    pub list: Option<String>,
    /// Words of a name, a number or a code.
    #[serde(default)]
    pub q: String,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Lines, 1 to 100.
    pub limit: Option<usize>,
}

/// A line of a work list.
#[derive(Serialize, ToSchema)]
pub struct DeskLine {
    pub code: String,
    pub procedure: String,
    pub applicant: String,
    pub channel: String,
    pub state: &'static str,
    pub status: i64,
    pub stage: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub filed_at: Instant,
    /// The promised time, once accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    /// The clock that runs now, if one does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deadline: Option<Instant>,
    pub overdue: bool,
    pub version: i64,
}

/// How many are in a list.
#[derive(Serialize, ToSchema)]
pub struct DeskCount {
    pub list: &'static str,
    pub count: i64,
}

/// A page of a work list, with the counts of all lists of the post.
#[derive(Serialize, ToSchema)]
pub struct DeskPage {
    pub list: &'static str,
    pub unit: String,
    pub role: &'static str,
    pub items: Vec<DeskLine>,
    pub counts: Vec<DeskCount>,
    pub next_cursor: Option<String>,
}

/// The dossiers that wait for the caller's post, the most urgent first.
#[utoipa::path(get, path = "/api/v1/desk", tag = "desk", params(DeskQuery),
    responses((status = 200, body = DeskPage),
        (status = 403, description = "No post that settles dossiers")))]
pub async fn desk(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<DeskQuery>,
) -> Result<Json<DeskPage>, Problem> {
    let now = app.site.clock.now();
    let post = official.viewer.posts.iter().find(|p| Scope::of(p).is_some()).ok_or(Problem::Forbidden)?;
    let scope = Scope::of(post).ok_or(Problem::Forbidden)?;
    let list = match query.list.as_deref().filter(|l| !l.is_empty()) {
        None => scope.lists()[0],
        Some(word) => List::from_word(word)
            .filter(|l| scope.lists().contains(l))
            .ok_or_else(|| Problem::field("list", words::t("fault.list")))?,
    };
    let limit = query.limit.unwrap_or(20).clamp(1, 100);
    let (unit, role) = (post.unit.clone(), post.role.as_str());
    let (at, words_) = (scope.clone(), query.q.clone());
    let (lines, counts) = app
        .site
        .db
        .read(async move |tx: &mut Tx| -> Result<_, Problem> {
            let soon = soon(&directory::calendar(tx, &unit).await?, now);
            let ask =
                Ask { list, words: words_.clone(), after: query.cursor.clone(), limit: limit + 1, now, soon };
            let lines = store::list(tx, &at, &ask).await?;
            let mut counts = Vec::new();
            for list in at.lists() {
                let count = store::count(tx, &at, *list, now, soon).await?;
                counts.push(DeskCount { list: list.word(), count });
            }
            Ok((lines, counts))
        })
        .await?;
    let more = lines.len() > limit;
    let next_cursor = if more { lines.get(limit - 1).map(|l| l.place.clone()) } else { None };
    let items = lines.into_iter().take(limit).map(|l| line(l, now)).collect::<Result<_, _>>()?;
    let unit = post.unit.code().to_string();
    Ok(Json(DeskPage { list: list.word(), unit, role, items, counts, next_cursor }))
}

fn line(l: store::Line, now: Instant) -> Result<DeskLine, Problem> {
    let status = Status::from_number(l.status).ok_or_else(|| Problem::fault("a line without a status"))?;
    Ok(DeskLine {
        code: l.code,
        procedure: l.procedure.split('@').next().unwrap_or_default().to_string(),
        applicant: l.applicant_name,
        channel: l.channel,
        state: status.word(),
        status: l.status,
        stage: l.stage,
        filed_at: l.filed_at,
        due: l.due_at,
        deadline: l.deadline,
        overdue: l.deadline.is_some_and(|d| d < now),
        version: l.version,
    })
}
