//! Units over the API: what stands today, for whoever files or exchanges.

use axum::extract::State;
use db::Tx;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Problem, Query, Site};

use super::{rules, store};

/// What is asked for.
#[derive(Deserialize, IntoParams)]
pub struct UnitsQuery {
    /// Words of the name, without regard to tone marks; or a code or identifier.
    #[serde(default)]
    pub q: String,
    /// `next_cursor` of the page before.
    pub cursor: Option<i64>,
}

/// A page of units.
#[derive(Serialize, ToSchema)]
pub struct UnitsPage {
    pub items: Vec<UnitItem>,
    /// For the next page; none on the last one.
    pub next_cursor: Option<String>,
}

/// A unit that stands today.
#[derive(Serialize, ToSchema)]
pub struct UnitItem {
    pub code: String,
    /// Its first day: code and first day together name a unit.
    pub valid_from: String,
    pub name: String,
    pub kind: String,
    pub level: String,
    /// The code of the unit above.
    pub parent: Option<String>,
    pub parent_name: Option<String>,
    /// It has a counter, or is one: dossiers can be filed to it.
    pub receives: bool,
    /// Mã định danh; those that begin with or end in Z are invented.
    pub ident: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Rows of one page; the store reads one more, to see whether there is another page.
const PAGE: usize = 50;

/// `GET /api/v1/units?q=&cursor=`: units that stand today, in the order of the province.
#[utoipa::path(get, path = "/api/v1/units", tag = "directory", params(UnitsQuery), responses(
    (status = 200, body = UnitsPage),
))]
pub async fn list(
    State(site): State<Site>,
    Query(asked): Query<UnitsQuery>,
) -> Result<Json<UnitsPage>, Problem> {
    let today = site.clock.today();
    let lines = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        Ok(search(tx, &asked.q, None, Some(today), asked.cursor).await?)
    });
    let mut lines = lines.await?;
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    let next_cursor = lines.last().filter(|_| more).map(|line| line.position.to_string());
    Ok(Json(UnitsPage { items: lines.into_iter().map(UnitItem::from).collect(), next_cursor }))
}

/// Units by words of their name, or by exactly this code or identifier.
pub(crate) async fn search(
    tx: &mut Tx,
    q: &str,
    within: Option<&super::UnitId>,
    day: Option<base::Day>,
    after: Option<i64>,
) -> db::Result<Vec<store::Line>> {
    let q = q.trim();
    if !q.is_empty() && after.is_none() {
        let exact = store::Asked { within, exact: Some(q), day, ..store::Asked::default() };
        let found = store::list(tx, &exact).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let asked = store::Asked { within, tokens: rules::tokens(q), day, after, ..store::Asked::default() };
    store::list(tx, &asked).await
}

impl From<store::Line> for UnitItem {
    fn from(line: store::Line) -> UnitItem {
        UnitItem {
            code: line.code,
            valid_from: line.valid_from.to_string(),
            name: line.name,
            kind: line.kind,
            level: line.level,
            parent: line.parent.map(|p| p.code().to_string()),
            parent_name: line.parent_name,
            receives: line.receives,
            ident: line.ident,
            address: line.address,
        }
    }
}
