//! `/quan-tri/don-vi`: administrators find, make, change and end units.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base::Day;
use db::Tx;
use serde::Deserialize;
use web::page::{NavGroup, NavItem, NoticeKind, SideNav};
use web::{Form, Path, Problem, Query, Shell, Site, page};

use super::rules::Typed;
use super::{Unit, UnitId, admin, api, store};
use crate::filters;
use crate::forms::{Field, FormView};
use crate::viewer::Keeper;
use crate::words;

/// The functions one may choose, as they stand in the data.
const FUNCTIONS: [&str; 13] = [
    "counter",
    "leadership",
    "committee",
    "council",
    "office",
    "justice",
    "construction",
    "land",
    "economy",
    "finance",
    "social",
    "culture_social",
    "specialist",
];

/// The frame of this crate's administration pages.
pub(crate) fn admin_shell(site: &Site, keeper: &Keeper, title: String, active: &str) -> Shell {
    shell_of(site, &keeper.viewer, keeper.within.is_none(), title, active)
}

/// The frame of the administration pages. `whole`: the viewer keeps the whole province, and so sees
/// the pages that other systems offer its administrators.
pub fn shell_of(site: &Site, viewer: &crate::Viewer, whole: bool, title: String, active: &str) -> Shell {
    let mut items = vec![
        NavItem::new(words::t("units.title"), "/quan-tri/don-vi").icon("sitemap"),
        NavItem::new(words::t("officials.title"), "/quan-tri/can-bo").icon("users"),
        NavItem::new(words::t("calendar.nav"), "/quan-tri/lich").icon("calendar"),
        NavItem::new(words::t("roles.title"), "/quan-tri/vai-tro").icon("shield"),
    ];
    if whole {
        let duplicates = crate::account::duplicates::pages::HERE;
        items.push(NavItem::new(words::t("duplicates.title"), duplicates).icon("users"));
        items.extend(site.spoken_brand().administration.iter().cloned());
    }
    let side =
        SideNav { title: words::t("admin.title"), groups: vec![NavGroup { title: String::new(), items }] };
    viewer.official_shell(site, title).module("/quan-tri").active(active).side(side)
}

/// "từ 01/07/2025", or both ends.
pub(crate) fn validity(from: Day, to: Option<Day>) -> String {
    let from = base::format::date_vn(from);
    match to {
        None => words::own().t("validity.since", &[("from", &from)]),
        Some(to) => words::own().t("validity.until", &[("from", &from), ("to", &base::format::date_vn(to))]),
    }
}

/// The word for a level, or the level itself where the province has one of its own.
fn level_name(level: &str) -> String {
    let key = format!("level.{level}");
    if words::own().has(&key) { words::t(&key) } else { level.to_string() }
}

// ---- the list ------------------------------------------------------------------------

/// Search, place in the tree, and page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ListQuery {
    q: String,
    /// Only what stands directly under this unit.
    trong: String,
    /// Continue after this place.
    sau: Option<i64>,
    /// A unit has just been ended.
    xong: bool,
}

struct Row {
    id: String,
    code: String,
    name: String,
    kind: String,
    parent: String,
    ident: String,
    validity: String,
    receives: bool,
    invented: bool,
}

#[derive(Template)]
#[template(path = "directory/units.html")]
struct UnitsPage {
    shell: Shell,
    q: String,
    under: String,
    path: Vec<(String, String)>,
    rows: Vec<Row>,
    next: String,
}

/// Rows of one page; the store reads one more.
const PAGE: usize = 50;

/// `GET /quan-tri/don-vi`.
pub async fn list(
    State(site): State<Site>,
    keeper: Keeper,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let (within, q, under, after) = (keeper.within.clone(), query.q.clone(), query.trong.clone(), query.sau);
    let read = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        if under.is_empty() {
            let lines = api::search(tx, &q, within.as_ref(), None, after).await?;
            return Ok((lines, Vec::new()));
        }
        let under = UnitId::from(under.as_str());
        admin::unit_within(tx, &under, within.as_ref()).await?;
        let asked = store::Asked { parent: Some(&under), after, ..store::Asked::default() };
        Ok((store::list(tx, &asked).await?, path_of(tx, &under, within.as_ref()).await?))
    });
    let (mut lines, path) = read.await?;
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    let next = match lines.last() {
        Some(last) if more => {
            let (q, under) = (encoded(&query.q), encoded(&query.trong));
            format!("/quan-tri/don-vi?q={q}&trong={under}&sau={}", last.position)
        }
        _ => String::new(),
    };
    let mut shell = admin_shell(&site, &keeper, words::t("units.title"), "/quan-tri/don-vi");
    if query.xong {
        shell = shell.notice(NoticeKind::Done, words::t("units.closed"));
    }
    let rows = lines.into_iter().map(Row::from).collect();
    Ok(page::html(UnitsPage { shell, q: query.q, under: query.trong, path, rows, next }))
}

/// A text as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// What stands above a unit, from the top of what the administrator may see, itself last.
async fn path_of(
    tx: &mut Tx,
    id: &UnitId,
    within: Option<&UnitId>,
) -> Result<Vec<(String, String)>, Problem> {
    let mut path = Vec::new();
    for unit in store::ancestors(tx, id).await? {
        path.push((unit.id.to_string(), unit.name.clone()));
        if within == Some(&unit.id) {
            break;
        }
    }
    path.reverse();
    Ok(path)
}

impl From<store::Line> for Row {
    fn from(line: store::Line) -> Row {
        Row {
            validity: validity(line.valid_from, line.valid_to),
            id: line.id.to_string(),
            code: line.code,
            name: line.name,
            kind: line.kind,
            parent: line.parent_name.unwrap_or_default(),
            ident: line.ident.unwrap_or_default(),
            receives: line.receives,
            invented: line.invented,
        }
    }
}

// ---- a new unit -------------------------------------------------------------------------

/// The fields of a unit's forms.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct UnitForm {
    code: String,
    name: String,
    kind: String,
    parent: String,
    function: String,
    symbol: String,
    ident: String,
    address: String,
    valid_from: String,
    territory: bool,
    level: String,
    seen: i64,
}

impl UnitForm {
    fn typed(&self) -> Typed {
        Typed {
            code: self.code.clone(),
            name: self.name.clone(),
            kind: self.kind.clone(),
            parent: self.parent.clone(),
            function: self.function.clone(),
            symbol: self.symbol.clone(),
            ident: self.ident.clone(),
            address: self.address.clone(),
            valid_from: self.valid_from.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "directory/unit_new.html")]
struct NewPage {
    shell: Shell,
    form: FormView,
}

fn new_fields(form: &UnitForm, keeper: &Keeper, levels: &[String]) -> FormView {
    let functions = FUNCTIONS.iter().map(|f| ((*f).to_string(), words::t(&format!("choice.function.{f}"))));
    let none = (String::new(), words::t("choice.no_function"));
    let functions = std::iter::once(none).chain(functions).collect();
    let mut fields = vec![
        Field::text("code", &form.code),
        Field::text("name", &form.name),
        Field::text("kind", &form.kind),
        Field::text("parent", &form.parent),
        Field::text("valid_from", &form.valid_from).kind("date"),
        Field::text("function", &form.function).choices(functions),
    ];
    if keeper.within.is_none() {
        let kinds = vec![("0".into(), words::t("choice.agency")), ("1".into(), words::t("choice.territory"))];
        let chosen = if form.territory { "1" } else { "0" };
        fields.push(Field::text("territory", chosen).choices(kinds));
        let levels = levels.iter().map(|l| (l.clone(), level_name(l))).collect();
        fields.push(Field::text("level", &form.level).choices(levels));
    }
    fields.extend(common_fields(form));
    FormView::new("them-don-vi", fields)
}

fn common_fields(form: &UnitForm) -> Vec<Field> {
    vec![
        Field::text("symbol", &form.symbol).optional(),
        Field::text("ident", &form.ident).optional(),
        Field::text("address", &form.address).optional(),
    ]
}

async fn levels(site: &Site) -> Result<Vec<String>, Problem> {
    site.db.read(async |tx: &mut Tx| -> Result<_, Problem> { Ok(store::levels(tx).await?) }).await
}

async fn new_page(site: &Site, keeper: &Keeper, form: &UnitForm) -> Result<NewPage, Problem> {
    let form = new_fields(form, keeper, &levels(site).await?);
    let shell = admin_shell(site, keeper, words::t("units.new"), "/quan-tri/don-vi");
    Ok(NewPage { shell, form })
}

/// `GET /quan-tri/don-vi/moi`.
pub async fn new_form(State(site): State<Site>, keeper: Keeper) -> Result<Response, Problem> {
    let parent = keeper.within.as_ref().map(|u| u.code().to_string()).unwrap_or_default();
    let form = UnitForm { parent, valid_from: site.clock.today().to_string(), ..UnitForm::default() };
    Ok(page::html(new_page(&site, &keeper, &form).await?))
}

/// `POST /quan-tri/don-vi`.
pub async fn create(
    State(site): State<Site>,
    keeper: Keeper,
    Form(form): Form<UnitForm>,
) -> Result<Response, Problem> {
    let (typed, territory, level, within) =
        (form.typed(), form.territory, form.level.clone(), keeper.within.clone());
    let act = keeper.act("directory.create_unit", &typed.code, site.clock.now());
    let made = site.db.write(act, async move |tx: &mut Tx| {
        admin::create(tx, &typed, territory, &level, within.as_ref()).await
    });
    match made.await {
        Ok(id) => Ok(Redirect::to(&format!("/quan-tri/don-vi/{id}?luu=1")).into_response()),
        Err(problem) => {
            let status = problem.status();
            let mut page = new_page(&site, &keeper, &form).await?;
            page.form = page.form.refused(problem)?;
            page.shell = page.shell.errors();
            Ok(page::html_with(status, page))
        }
    }
}

// ---- one unit ---------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "directory/unit.html")]
struct UnitPage {
    shell: Shell,
    id: String,
    code: String,
    level: String,
    validity: String,
    functions: String,
    successors: String,
    invented: bool,
    open: bool,
    version: i64,
    path: Vec<(String, String)>,
    edit_form: FormView,
    close_form: FormView,
}

/// What has just been done.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ShowQuery {
    luu: bool,
}

/// The last day, and who takes over.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct CloseForm {
    valid_to: String,
    successor: String,
    seen: i64,
}

fn edit_fields(form: &UnitForm) -> FormView {
    let mut fields = vec![Field::text("name", &form.name), Field::text("kind", &form.kind)];
    fields.extend(common_fields(form));
    FormView::new("sua-don-vi", fields)
}

fn close_fields(form: &CloseForm) -> FormView {
    let fields =
        vec![Field::text("valid_to", &form.valid_to).kind("date"), Field::text("successor", &form.successor)];
    FormView::new("ket-thuc", fields)
}

fn form_of(unit: &Unit) -> UnitForm {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    UnitForm {
        name: unit.name.clone(),
        kind: unit.kind.clone(),
        symbol: text(&unit.symbol),
        ident: text(&unit.ident),
        address: text(&unit.address),
        ..UnitForm::default()
    }
}

async fn unit_page(site: &Site, keeper: &Keeper, id: &str) -> Result<UnitPage, Problem> {
    let (id, within) = (UnitId::from(id), keeper.within.clone());
    let read = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let unit = admin::unit_within(tx, &id, within.as_ref()).await?;
        let functions = store::functions(tx, &id).await?;
        let successors = store::successors(tx, &id).await?;
        let mut path = path_of(tx, &id, within.as_ref()).await?;
        path.pop();
        Ok((unit, functions, successors, path))
    });
    let (unit, functions, successors, path) = read.await?;
    let functions: Vec<String> =
        functions.iter().map(|f| words::t(&format!("choice.function.{f}"))).collect();
    Ok(UnitPage {
        shell: admin_shell(site, keeper, unit.name.clone(), "/quan-tri/don-vi"),
        id: unit.id.to_string(),
        code: unit.code.clone(),
        level: level_name(&unit.level),
        validity: validity(unit.valid_from, unit.valid_to),
        functions: functions.join("; "),
        successors: successors.join(", "),
        invented: unit.invented,
        open: unit.valid_to.is_none(),
        version: unit.version,
        path,
        edit_form: edit_fields(&form_of(&unit)),
        close_form: close_fields(&CloseForm::default()),
    })
}

/// `GET /quan-tri/don-vi/{id}`.
pub async fn show(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    let mut page = unit_page(&site, &keeper, &id).await?;
    if query.luu {
        page.shell = page.shell.notice(NoticeKind::Done, words::t("units.saved"));
    }
    Ok(page::html(page))
}

/// The newest version, with a word on what happened: what a stale form gets.
fn stale(mut page: UnitPage) -> Response {
    page.shell = page.shell.notice(NoticeKind::Warning, words::t("form.stale"));
    page::html_with(StatusCode::CONFLICT, page)
}

/// `POST /quan-tri/don-vi/{id}`.
pub async fn edit(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<String>,
    Form(form): Form<UnitForm>,
) -> Result<Response, Problem> {
    let (typed, within, seen) = (form.typed(), keeper.within.clone(), form.seen);
    let unit = UnitId::from(id.as_str());
    let act = keeper.act("directory.edit_unit", &unit, site.clock.now());
    let saved = site
        .db
        .write(act, async move |tx: &mut Tx| admin::edit(tx, &unit, &typed, within.as_ref(), seen).await);
    match saved.await {
        Ok(()) => Ok(Redirect::to(&format!("/quan-tri/don-vi/{id}?luu=1")).into_response()),
        Err(Problem::Stale) => Ok(stale(unit_page(&site, &keeper, &id).await?)),
        Err(problem) => {
            let status = problem.status();
            let mut page = unit_page(&site, &keeper, &id).await?;
            page.version = form.seen;
            page.edit_form = edit_fields(&form).refused(problem)?;
            page.shell = page.shell.errors();
            Ok(page::html_with(status, page))
        }
    }
}

/// `POST /quan-tri/don-vi/{id}/ket-thuc`.
pub async fn close(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<String>,
    Form(form): Form<CloseForm>,
) -> Result<Response, Problem> {
    let (within, seen) = (keeper.within.clone(), form.seen);
    let (last, successor) = (form.valid_to.clone(), form.successor.clone());
    let unit = UnitId::from(id.as_str());
    let act = keeper.act("directory.close_unit", &unit, site.clock.now());
    let closed = site.db.write(act, async move |tx: &mut Tx| {
        admin::close(tx, &unit, &last, &successor, within.as_ref(), seen).await
    });
    match closed.await {
        Ok(()) => Ok(Redirect::to("/quan-tri/don-vi?xong=1").into_response()),
        Err(Problem::Stale) => Ok(stale(unit_page(&site, &keeper, &id).await?)),
        Err(problem) => {
            let status = problem.status();
            let mut page = unit_page(&site, &keeper, &id).await?;
            page.version = form.seen;
            page.close_form = close_fields(&form).refused(problem)?;
            page.shell = page.shell.errors();
            Ok(page::html_with(status, page))
        }
    }
}
