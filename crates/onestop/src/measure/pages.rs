//! Reports for leaders and for the counter: `/bao-cao`, and the dossiers behind each of its figures.

use askama::Template;
use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use base::{Day, Instant, format};
use db::Tx;
use directory::{AnyOfficial, Post, Role, UnitId};
use serde::Deserialize;
use web::page::{NavGroup, NavItem, SideNav};
use web::{Problem, Query, Shell, page};

use super::behind::{self, Behind};
use super::export::{self, COLUMNS, COLUMNS_USUAL, by_word};
use super::words::say;
use super::{Ask, By, Counts, Figure, Listed, report, rules};
use crate::App;
use crate::desk::frame;
use crate::dossier::rules::Status;
use crate::filters;

/// Where reports are.
pub const PATH: &str = "/bao-cao";
/// Lines on one page of dossiers.
const LINES: usize = 50;

/// The routes of this file, and of the files beside it that need the same proof.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/bao-cao", get(show))
        .route("/bao-cao/xuat", get(export::table))
        .route("/bao-cao/ho-so", get(list))
        .route("/bao-cao/ho-so/xuat", get(export::dossiers))
        .route("/bao-cao/danh-gia", get(super::evaluation::show))
        .route("/bao-cao/chi-so-766", get(super::evaluation::index766))
        .route("/bao-cao/phan-anh", get(super::heard::list))
}

/// What the addresses of reports say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReportQuery {
    /// The first and the last month, `2026-01`.
    pub tu: String,
    pub den: String,
    pub theo: String,
    /// One agency; empty: all that may be seen.
    pub dv: String,
    /// The figure whose dossiers are listed.
    pub o: String,
    /// The line of the report; none: the sum.
    pub k: Option<String>,
    pub sau: Option<String>,
    pub post: Option<String>,
    /// The kind of file.
    pub dang: String,
    /// The columns of a list.
    pub cot: Vec<String>,
}

/// What somebody may see, and what of it is asked for: how every page of reports begins.
pub struct Seen {
    pub official: AnyOfficial,
    pub query: ReportQuery,
    pub now: Instant,
    pub post: Post,
    /// The top of what may be seen.
    pub place: UnitId,
    /// Every agency in it.
    pub all: Vec<(UnitId, String)>,
    pub ask: Ask,
}

impl FromRequestParts<App> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Seen, Problem> {
        let official = AnyOfficial::from_request_parts(parts, app).await?;
        let Query(query) = Query::from_request_parts(parts, app).await?;
        Seen::read(app, official, query, app.site.clock.now()).await
    }
}

/// Reports are for those who lead an agency or receive for it: they see it and all that is below.
fn post_of(official: &AnyOfficial, chosen: Option<&str>) -> Result<Post, Problem> {
    let fits = |p: &&Post| matches!(p.role, Role::Leader | Role::CounterClerk);
    let posts = &official.official.posts;
    let named = chosen.and_then(|id| posts.iter().filter(fits).find(|p| p.id.to_string() == id));
    named.or_else(|| posts.iter().find(fits)).cloned().ok_or(Problem::Forbidden)
}

/// `2026-01` as 202601.
fn month_at(text: &str) -> Option<i64> {
    let (year, month) = text.split_once('-')?;
    let number = year.parse::<i64>().ok()? * 100 + month.parse::<i64>().ok()?;
    rules::month_begins(number).map(|_| number)
}

/// 202601 as `2026-01`.
pub fn month_text(month: i64) -> String {
    format!("{:04}-{:02}", month / 100, month % 100)
}

/// 202601 in words.
pub fn month_words(month: i64) -> String {
    let number = format!("{:02}", month % 100);
    say("report.month", &[("month", &number), ("year", &(month / 100).to_string())])
}

impl Seen {
    /// Reads who asks and for what.
    pub async fn read(
        app: &App,
        official: AnyOfficial,
        query: ReportQuery,
        now: Instant,
    ) -> Result<Seen, Problem> {
        let post = post_of(&official, query.post.as_deref())?;
        let (unit, today) = (post.unit.clone(), now.day());
        let read = async move |tx: &mut Tx| -> db::Result<_> {
            let place = directory::realm_of(tx, &unit).await?;
            let own = directory::agency_of(tx, &unit).await?.id;
            let all = directory::agencies_within(tx, &place, today).await?;
            Ok((place, own, all))
        };
        let (place, own, all) = app.site.db.read(read).await?;
        let by = By::at(&query.theo).unwrap_or(By::Unit);
        let agencies: Vec<String> = match query.dv.as_str() {
            // People are compared within one agency.
            "" if by == By::Official => vec![own.as_str().to_string()],
            "" => all.iter().map(|(id, _)| id.as_str().to_string()).collect(),
            one => all.iter().filter(|(id, _)| id.as_str() == one).map(|(id, _)| id.to_string()).collect(),
        };
        if agencies.is_empty() {
            return Err(Problem::NotFound);
        }
        let this = rules::month(today);
        let from = month_at(&query.tu).unwrap_or(this / 100 * 100 + 1);
        let to = month_at(&query.den).unwrap_or(this);
        let ask = Ask { by, from: from.min(to), to: to.max(from), agencies };
        Ok(Seen { official, query, now, post, place, all, ask })
    }

    /// The report with the names of its lines: key, name, counts.
    pub async fn report(&self, app: &App) -> Result<Vec<(String, String, Counts)>, Problem> {
        let (ask, catalogue, now) = (self.ask.clone(), app.catalogue.clone(), self.now);
        let read = async move |tx: &mut Tx| -> Result<_, Problem> {
            let lines = report(tx, &catalogue, &ask, now).await?;
            let mut people = Vec::new();
            if ask.by == By::Official {
                for (key, _) in &lines {
                    let id = key.parse().map_err(|_| Problem::fault("an account without an id"))?;
                    people.push(directory::person(tx, id).await?.name);
                }
            }
            Ok((lines, people))
        };
        let (lines, people) = app.site.db.read(read).await?;
        let named = lines.into_iter().enumerate().map(|(i, (key, counts))| {
            let name = match people.get(i) {
                Some(name) => name.clone(),
                None => self.name(app, &key),
            };
            (key, name, counts)
        });
        let mut named: Vec<_> = named.collect();
        if self.ask.by == By::Unit {
            named.sort_by_key(|(key, ..)| self.all.iter().position(|(id, _)| id.as_str() == key));
        }
        Ok(named)
    }

    fn name(&self, app: &App, key: &str) -> String {
        match self.ask.by {
            By::Unit => {
                let known = self.all.iter().find(|(id, _)| id.as_str() == key);
                known.map_or_else(|| key.to_string(), |(_, name)| name.clone())
            }
            By::Procedure => app.catalogue.version(key).map_or_else(|_| key.into(), |p| p.name.clone()),
            By::Month => month_words(key.parse().unwrap_or(0)),
            By::Channel => say(&format!("channel.{key}"), &[]),
            By::Field | By::Official => key.to_string(),
        }
    }

    /// The dossiers behind the figure that the address names.
    pub fn behind(&self, app: &App) -> Result<Behind, Problem> {
        let figure = Listed::from_word(&self.query.o).ok_or(Problem::NotFound)?;
        let keys = self.query.k.as_ref().map(|key| match self.ask.by {
            By::Field => versions_of(app, key),
            _ => vec![key.clone()],
        });
        Ok(Behind { ask: self.ask.clone(), figure, keys, now: self.now })
    }

    /// An address within reports that asks the same.
    pub fn href(&self, path: &str, pairs: &[(&str, &str)]) -> String {
        let (from, to) = (month_text(self.ask.from), month_text(self.ask.to));
        let post = self.query.post.as_deref().unwrap_or_default();
        let own = [
            ("tu", from.as_str()),
            ("den", to.as_str()),
            ("theo", self.ask.by.slug()),
            ("dv", self.query.dv.as_str()),
            ("post", post),
        ];
        let kept = own.into_iter().filter(|(name, _)| !pairs.iter().any(|(n, _)| n == name));
        frame::address(path, kept.chain(pairs.iter().copied()))
    }

    /// The officials' frame around a report.
    pub fn shell(&self, app: &App, path: &str, key: &str) -> Shell {
        let item = |key: &str, to: &str, icon| {
            NavItem::new(say(&format!("nav.{key}"), &[]), self.href(to, &[])).icon(icon)
        };
        let items = vec![
            item("report", PATH, "chart-bar"),
            item("evaluation", "/bao-cao/danh-gia", "star"),
            item("index766", "/bao-cao/chi-so-766", "certificate"),
        ];
        let groups = vec![NavGroup { title: String::new(), items }];
        self.official
            .viewer
            .official_shell_at(&app.site, &self.post.unit_name, say(&format!("title.{key}"), &[]))
            .module(frame::MODULE)
            .active(self.href(path, &[]))
            .side(SideNav { title: say("nav.side", &[]), groups })
    }
}

/// Every version of the procedures of a field.
fn versions_of(app: &App, field: &str) -> Vec<String> {
    let all = app.catalogue.list();
    let of_field = all.iter().filter(|p| p.field == field);
    of_field.flat_map(|p| (1..=p.version).map(move |version| format!("{}@{version}", p.code))).collect()
}

/// A choice in a filter.
pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// The agencies to choose from.
pub fn agencies(seen: &Seen) -> Vec<Choice> {
    let choice = |(id, name): &(UnitId, String)| Choice {
        value: id.to_string(),
        label: name.clone(),
        chosen: id.as_str() == seen.query.dv,
    };
    seen.all.iter().map(choice).collect()
}

struct Tab {
    label: String,
    href: String,
    here: bool,
}

/// A figure that leads to its dossiers; nothing leads to none.
struct Linked {
    text: String,
    href: Option<String>,
    red: bool,
}

struct Row {
    name: String,
    figures: Vec<Linked>,
    in_time: String,
    days: String,
}

#[derive(Template)]
#[template(path = "measure/report.html")]
struct ReportPage {
    shell: Shell,
    period: String,
    from: String,
    to: String,
    by: &'static str,
    by_name: String,
    post: String,
    agencies: Vec<Choice>,
    tabs: Vec<Tab>,
    heads: Vec<String>,
    rows: Vec<Row>,
    total: Row,
    csv: String,
    xlsx: String,
    at: Instant,
}

/// `GET /bao-cao?tu=2026-01&den=2026-12&theo=don-vi&dv=`.
async fn show(State(app): State<App>, seen: Seen) -> Result<Response, Problem> {
    let lines = seen.report(&app).await?;
    let total = Counts::sum(lines.iter().map(|l| &l.2));
    let figures = shown(seen.ask.by);
    let row = |key: Option<&str>, name: &str, counts: &Counts| Row {
        name: name.to_string(),
        figures: figures.iter().map(|f| linked(&seen, *f, key, counts)).collect(),
        in_time: counts.in_time().map_or_else(|| "–".into(), format::percent),
        days: match seen.ask.by {
            By::Official => "–".into(),
            _ => counts.days().map_or_else(|| "–".into(), tenths),
        },
    };
    let tab = |by: By| Tab {
        label: say(&format!("by.{}", by_word(by)), &[]),
        href: seen.href(PATH, &[("theo", by.slug())]),
        here: by == seen.ask.by,
    };
    let view = ReportPage {
        period: period(&seen.ask),
        from: month_text(seen.ask.from),
        to: month_text(seen.ask.to),
        by: seen.ask.by.slug(),
        by_name: say(&format!("by.{}", by_word(seen.ask.by)), &[]),
        post: seen.query.post.clone().unwrap_or_default(),
        agencies: agencies(&seen),
        tabs: By::ALL.into_iter().map(tab).collect(),
        heads: figures.iter().map(|f| say(&format!("figure.{}", f.word()), &[])).collect(),
        rows: lines.iter().map(|(key, name, counts)| row(Some(key), name, counts)).collect(),
        total: row(None, &say("report.total", &[]), &total),
        csv: seen.href("/bao-cao/xuat", &[("dang", "csv")]),
        xlsx: seen.href("/bao-cao/xuat", &[("dang", "xlsx")]),
        at: seen.now,
        shell: seen.shell(&app, PATH, "report"),
    };
    Ok(page::html(view))
}

/// The figures that this cut has.
fn shown(by: By) -> Vec<Figure> {
    let all = Figure::ALL.into_iter();
    match by {
        By::Official => {
            let settled = Figure::Settled as u8..=Figure::PartsLate as u8;
            all.filter(|f| settled.contains(&(*f as u8)) || *f == Figure::Short).collect()
        }
        By::Month => all.filter(|f| !matches!(f, Figure::Open | Figure::Overdue)).collect(),
        _ => all.collect(),
    }
}

/// What was asked for, in words.
pub fn period(ask: &Ask) -> String {
    say("report.period", &[("from", &month_words(ask.from)), ("to", &month_words(ask.to))])
}

/// Tenths with a comma, as people write here.
pub fn tenths(n: i64) -> String {
    format!("{},{}", format::thousands(n / 10), (n % 10).abs())
}

fn linked(seen: &Seen, figure: Figure, key: Option<&str>, counts: &Counts) -> Linked {
    let n = counts.of(figure);
    // The sum over officials counts a dossier once for each: no one list has as many.
    let listed = n > 0 && !(key.is_none() && seen.ask.by == By::Official);
    let mut pairs = vec![("o", figure.word())];
    pairs.extend(key.map(|key| ("k", key)));
    Linked {
        text: format::thousands(n),
        href: listed.then(|| seen.href("/bao-cao/ho-so", &pairs)),
        red: n > 0 && matches!(figure, Figure::Late | Figure::PartsLate | Figure::Overdue | Figure::Short),
    }
}

struct DossierRow {
    href: Option<String>,
    code: String,
    name: String,
    procedure: String,
    /// "Thuộc hồ sơ …" of a part; empty otherwise.
    part_of: String,
    agency: String,
    status: String,
    filed: Instant,
    due: Option<Instant>,
    decided: Option<Instant>,
}

struct ColumnChoice {
    word: &'static str,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "measure/list.html")]
struct ListPage {
    shell: Shell,
    heading: String,
    count: String,
    period: String,
    back: String,
    rows: Vec<DossierRow>,
    next: Option<String>,
    first: Option<String>,
    columns: Vec<ColumnChoice>,
    /// What the form of the export sends along.
    hidden: Vec<(&'static str, String)>,
}

/// `GET /bao-cao/ho-so?…&o=late&k=`: the dossiers that a figure counted.
async fn list(State(app): State<App>, seen: Seen) -> Result<Response, Problem> {
    let behind = seen.behind(&app)?;
    let (asked, after) = (behind.clone(), seen.query.sau.clone());
    let read = async move |tx: &mut Tx| -> db::Result<_> {
        Ok((behind::count(tx, &asked).await?, behind::list(tx, &asked, after.as_deref()).await?))
    };
    let (count, mut lines) = app.site.db.read(read).await?;
    let more = lines.len() > LINES;
    lines.truncate(LINES);
    let subject =
        format!("{} {} {}-{}", behind.figure.word(), seen.place.as_str(), seen.ask.from, seen.ask.to);
    let act = seen
        .official
        .viewer
        .act("onestop.list-dossiers", subject, seen.now)
        .in_office(seen.post.unit.as_str());
    if let Err(error) = db::audit::looked(&app.site.db, act).await {
        tracing::warn!(%error, "a look is not in the audit book yet");
    }
    let rows = lines.iter().map(|l| dossier_row(&app, &seen, l)).collect();
    let mut pairs = vec![("o", seen.query.o.as_str())];
    pairs.extend(seen.query.k.as_deref().map(|key| ("k", key)));
    let last = lines.last().map(|l| l.id.clone()).unwrap_or_default();
    let next = [pairs.clone(), vec![("sau", last.as_str())]].concat();
    let column = |(i, word): (usize, &'static str)| ColumnChoice {
        word,
        label: say(&format!("column.{word}"), &[]),
        chosen: i < COLUMNS_USUAL,
    };
    let view = ListPage {
        heading: say(&format!("figure.{}", behind.figure.word()), &[]),
        count: say("report.lines", &[("n", &format::thousands(count))]),
        period: period(&seen.ask),
        back: seen.href(PATH, &[]),
        next: more.then(|| seen.href("/bao-cao/ho-so", &next)),
        first: seen.query.sau.is_some().then(|| seen.href("/bao-cao/ho-so", &pairs)),
        columns: COLUMNS.into_iter().enumerate().map(column).collect(),
        hidden: hidden(&seen),
        rows,
        shell: seen.shell(&app, PATH, "list"),
    };
    Ok(page::html(view))
}

fn dossier_row(app: &App, seen: &Seen, l: &behind::Line) -> DossierRow {
    let known = app.catalogue.version(&l.procedure);
    let agency = seen.all.iter().find(|(id, _)| id.as_str() == l.agency);
    // Only what this post may open is a link.
    let opens = |unit: &String| seen.official.official.posts.iter().any(|p| p.unit.as_str() == unit);
    DossierRow {
        href: [&l.agency, &l.counter].into_iter().any(opens).then(|| frame::dossier(&l.code)),
        code: l.code.clone(),
        name: l.applicant_name.clone(),
        procedure: known.map_or_else(|_| l.procedure.clone(), |p| p.name.clone()),
        part_of: l.parent.as_ref().map(|code| say("report.part_of", &[("code", code)])).unwrap_or_default(),
        agency: agency.map(|(_, name)| name.clone()).unwrap_or_default(),
        status: Status::from_number(l.status).map(crate::words::status).unwrap_or_default(),
        filed: l.filed_at,
        due: l.due_at,
        decided: l.decided_at,
    }
}

/// What the form of the export sends along, to ask for the same dossiers.
fn hidden(seen: &Seen) -> Vec<(&'static str, String)> {
    let query = &seen.query;
    let pairs = vec![
        ("tu", month_text(seen.ask.from)),
        ("den", month_text(seen.ask.to)),
        ("theo", seen.ask.by.slug().to_string()),
        ("dv", query.dv.clone()),
        ("post", query.post.clone().unwrap_or_default()),
        ("o", query.o.clone()),
    ];
    let key = query.k.clone().map(|key| ("k", key));
    pairs.into_iter().filter(|(_, text)| !text.is_empty()).chain(key).collect()
}

/// The first day of a quarter that ended before `today`, for what is judged by quarters.
pub fn quarter_before(today: Day) -> (i64, i64) {
    let quarter = (i64::from(today.month()) - 1) / 3;
    let year = i64::from(today.year());
    match quarter {
        0 => ((year - 1) * 100 + 10, (year - 1) * 100 + 12),
        q => (year * 100 + q * 3 - 2, year * 100 + q * 3),
    }
}
