//! Finding a procedure and reading it: `/thu-tuc` and `/thu-tuc/{code}`.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use base::{Dong, format};
use directory::MaybeViewer;
use serde::Deserialize;
use web::{Path, Problem, Query, Shell, page};

use super::Procedure;
use super::model::{Channel, Component, Fee, Level, ServiceLevel};
use crate::App;
use crate::filters;
use crate::home::{Field, Tile, fields, slug, tile};
use crate::words_citizen::{find, say};

/// Procedures on one page of the list.
const LINES: usize = 20;

/// The routes of this file.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/thu-tuc", get(list)).route("/thu-tuc/{code}", get(show))
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default, rename = "linh-vuc")]
    field: String,
    #[serde(default, rename = "cap")]
    level: String,
    #[serde(default, rename = "trang")]
    page: Option<usize>,
}

/// A choice of a filter.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "procedure/list.html")]
struct ListPage {
    shell: Shell,
    q: String,
    fields: Vec<Choice>,
    levels: Vec<Choice>,
    lines: Vec<Tile>,
    heading: String,
    suggestions: Vec<String>,
    range: String,
    field: String,
    level: String,
    before: Option<usize>,
    after: Option<usize>,
    narrowed: bool,
}

/// `GET /thu-tuc?q=&linh-vuc=&cap=&trang=`.
async fn list(
    State(app): State<App>,
    viewer: MaybeViewer,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let q: String = query.q.chars().take(base::limits::QUERY_CHARS_MAX).collect();
    let (found, suggestions) = found(&app, &q, &query);
    let count = found.len();
    let pages = count.div_ceil(LINES).max(1);
    let at = query.page.unwrap_or(1).clamp(1, pages);
    let start = (at - 1) * LINES;
    let lines: Vec<Tile> = found.iter().skip(start).take(LINES).map(|p| tile(p)).collect();
    let number = |n: usize| format::thousands(i64::try_from(n).unwrap_or(i64::MAX));
    let heading = match (count, q.is_empty()) {
        (0, _) => say("list.none", &[("q", &q)]),
        (_, true) => say("list.all", &[("n", &number(count))]),
        (_, false) => say("list.found", &[("n", &number(count)), ("q", &q)]),
    };
    let range = match lines.len() {
        0 => String::new(),
        n => say(
            "list.range",
            &[("from", &number(start + 1)), ("to", &number(start + n)), ("n", &number(count))],
        ),
    };
    let shell = viewer.citizen_shell(&app.site, say("title.procedures", &[])).active("/thu-tuc");
    Ok(page::html(ListPage {
        shell,
        fields: field_choices(&app, &query.field),
        levels: level_choices(&app, &query.level),
        narrowed: !q.is_empty() || !query.field.is_empty() || !query.level.is_empty(),
        lines,
        heading,
        suggestions,
        range,
        before: (at > 1).then(|| at - 1),
        after: (at < pages).then_some(at + 1),
        field: query.field,
        level: query.level,
        q,
    }))
}

/// The procedures that answer to the query, and other words to try when none does.
fn found(app: &App, q: &str, query: &ListQuery) -> (Vec<Arc<Procedure>>, Vec<String>) {
    let catalogue = &app.catalogue;
    let mut found: Vec<Arc<Procedure>> = if q.is_empty() {
        let mut all = catalogue.list().to_vec();
        all.sort_by_cached_key(|p| (!p.is_online(), base::text::fold(&p.name)));
        all
    } else {
        catalogue.search(q, catalogue.list().len())
    };
    found.retain(|p| query.field.is_empty() || slug(&p.field) == query.field);
    found.retain(|p| {
        query.level.is_empty()
            || p.settled_at(catalogue.frame).iter().any(|level| level.as_str() == query.level)
    });
    let suggestions = if found.is_empty() && !q.is_empty() {
        catalogue.suggest(q).into_iter().collect()
    } else {
        Vec::new()
    };
    (found, suggestions)
}

fn field_choices(app: &App, chosen: &str) -> Vec<Choice> {
    let choice = |f: Field| Choice {
        label: format!("{} ({})", f.name, f.count),
        chosen: f.slug == chosen,
        value: f.slug,
    };
    fields(&app.catalogue.list()).into_iter().map(choice).collect()
}

fn level_choices(app: &App, chosen: &str) -> Vec<Choice> {
    let all = [Level::Commune, Level::District, Level::Province];
    let offered = |level: &Level| {
        app.catalogue.list().iter().any(|p| p.settled_at(app.catalogue.frame).contains(level))
    };
    all.into_iter()
        .filter(offered)
        .map(|level| Choice {
            value: level.as_str().into(),
            label: level_name(level),
            chosen: level.as_str() == chosen,
        })
        .collect()
}

fn level_name(level: Level) -> String {
    say(&format!("level.{}", level.as_str()), &[])
}

/// A paper of the dossier as the page and the filing's first page show it.
pub struct PaperLine {
    pub name: String,
    pub notes: Vec<String>,
    pub required: bool,
    pub by_form: bool,
}

struct FeeLine {
    name: String,
    amount: String,
    notes: Vec<String>,
    exempt: Vec<String>,
}

struct Doubt {
    figure: String,
    text: String,
}

#[derive(Template)]
#[template(path = "procedure/show.html")]
pub(super) struct ShowPage {
    shell: Shell,
    code: String,
    name: String,
    field: String,
    field_slug: String,
    limit: String,
    limit_notes: Vec<String>,
    fee: String,
    fee_notes: Vec<String>,
    agency: String,
    level: String,
    service: String,
    online: bool,
    form_pages: usize,
    papers: Vec<PaperLine>,
    fees: Vec<FeeLine>,
    steps: Vec<String>,
    result: String,
    result_note: String,
    channels: Channels,
    basis: Vec<String>,
    interlinked: Vec<Tile>,
    children: Vec<ChildLine>,
    doubts: Vec<String>,
    sources: Vec<Doubt>,
    source: String,
    source_url: String,
    decision: String,
    valid_from: base::Day,
    notes: String,
    hotline: String,
}

/// One procedure inside an interlinked one.
struct ChildLine {
    name: String,
    /// The page of its own, where the catalogue has it.
    code: String,
    agency: String,
    limit: String,
    result: String,
    note: String,
}

fn child_line(child: &super::model::Child) -> ChildLine {
    ChildLine {
        name: child.name.clone(),
        code: child.code.clone().unwrap_or_default(),
        agency: child.agency.clone(),
        limit: child.limit.map_or_else(|| crate::view::limit(None), web::due::limit_text),
        result: child.result.clone(),
        note: child.note.clone().unwrap_or_default(),
    }
}

struct Channels {
    counter: bool,
    online: bool,
    post: bool,
}

/// `GET /thu-tuc/{code}`.
async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let p = app.catalogue.find(&code).ok_or(Problem::NotFound)?;
    let mut shell = viewer.citizen_shell(&app.site, &p.name).active("/thu-tuc");
    shell.description = format!("{} · {}", p.name, p.field);
    Ok(page::html(show_page(&app, &p, shell)))
}

pub(super) fn show_page(app: &App, p: &Procedure, shell: Shell) -> ShowPage {
    let levels: Vec<String> = p.settled_at(app.catalogue.frame).iter().map(|l| level_name(*l)).collect();
    let (fee, fee_notes) = fee_fact(&p.fees);
    let source = &p.source;
    ShowPage {
        code: p.code.clone(),
        name: p.name.clone(),
        field: p.field.clone(),
        field_slug: slug(&p.field),
        limit: short_limit(p),
        limit_notes: p
            .limit_note
            .iter()
            .cloned()
            .chain(p.limit_confidence.iter().filter(|c| *c != "portal").map(|c| confidence(c)))
            .collect(),
        fee,
        fee_notes,
        agency: p.agency.clone(),
        level: levels.join(", "),
        service: service(p),
        online: p.is_online(),
        form_pages: p.form.as_ref().map_or(0, |f| f.pages.len()),
        papers: p.papers().map(|c| paper_line(p, c)).collect(),
        fees: p.fees.iter().map(fee_line).collect(),
        steps: p.steps.iter().map(|s| s.name.clone()).collect(),
        result: p.result.name.clone(),
        result_note: p.result.note.clone().unwrap_or_default(),
        channels: Channels {
            counter: p.channels.contains(&Channel::Counter),
            online: p.is_online(),
            post: p.channels.contains(&Channel::Post),
        },
        basis: p.legal_basis.iter().map(super::model::LegalBasis::line).collect(),
        interlinked: p.interlinked.iter().filter_map(|c| app.catalogue.find(c)).map(|p| tile(&p)).collect(),
        children: p.children.iter().map(child_line).collect(),
        doubts: p.doubts.clone(),
        sources: sources(p),
        source: source.text.clone(),
        source_url: source.url.clone().filter(|u| u.starts_with("https://")).unwrap_or_default(),
        decision: p.decision.clone().unwrap_or_default(),
        valid_from: p.valid_from,
        notes: p.notes.clone().unwrap_or_default(),
        hotline: app.site.brand.hotline.clone(),
        shell,
    }
}

/// The limit alone; what must be known beside it follows as notes.
pub fn short_limit(p: &Procedure) -> String {
    let text = p.limit.map_or_else(|| crate::view::limit(None), web::due::limit_text);
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

fn sources(p: &Procedure) -> Vec<Doubt> {
    let figure = |name: &str| {
        let key = if name == "code_name" { "codes" } else { name };
        find(&format!("figure.{key}")).unwrap_or_else(|| say("figure.other", &[]))
    };
    p.source
        .confidence
        .iter()
        .map(|(name, text)| Doubt { figure: figure(name), text: confidence(text) })
        .collect()
}

/// What the file's word of confidence means to a reader.
pub fn confidence(text: &str) -> String {
    let key = match text {
        "portal" => "confidence.portal",
        "ours" => "confidence.ours",
        "portal, condensed" => "confidence.condensed",
        _ if text.starts_with("portal number") || text.starts_with("portal shows") => "confidence.unit",
        _ if text.contains("contradicts") => "confidence.contradicts",
        _ if text.contains("province may") => "confidence.province",
        _ if text.contains("memory") => "confidence.memory",
        _ => return say("confidence.other", &[("text", text)]),
    };
    say(key, &[])
}

fn service(p: &Procedure) -> String {
    match (p.is_online(), p.level_2022) {
        (false, _) => say("service.counter", &[]),
        (true, Some(ServiceLevel::Full)) => say("service.full", &[]),
        (true, Some(ServiceLevel::Partial)) => say("service.partial", &[]),
        (true, None) => say("service.online", &[]),
    }
}

fn amount(fee: &Fee) -> String {
    match fee.amount {
        None => say("fee.unknown", &[]),
        Some(0) => say("fee.free", &[]),
        Some(amount) => {
            let amount = Dong::new(amount).map_or_else(|| amount.to_string(), format::money);
            match &fee.unit {
                Some(unit) => say("fee.per", &[("amount", &amount), ("unit", unit)]),
                None => amount,
            }
        }
    }
}

/// The fee in one fact, and what must be known beside it: who does not pay comes first.
fn fee_fact(fees: &[Fee]) -> (String, Vec<String>) {
    let text = match fees {
        [] => say("fee.none", &[]),
        [one] => amount(one),
        many => many.iter().map(|f| format!("{}: {}", f.name, amount(f))).collect::<Vec<_>>().join("; "),
    };
    let exempt: Vec<String> = fees.iter().flat_map(|f| f.exempt.iter().cloned()).collect();
    (text, exempt)
}

fn fee_line(fee: &Fee) -> FeeLine {
    let doubt = fee.confidence.iter().filter(|c| *c != "portal").map(|c| confidence(c));
    FeeLine {
        name: fee.name.clone(),
        amount: amount(fee),
        notes: fee.note.iter().cloned().chain(doubt).collect(),
        exempt: fee.exempt.clone(),
    }
}

/// A component as a line, with the case in which it is asked for in words.
pub fn paper_line(p: &Procedure, c: &Component) -> PaperLine {
    let copies = [("copies.originals", c.originals), ("copies.photocopies", c.copies)];
    let copies: Vec<String> =
        copies.iter().filter(|(_, n)| *n > 0).map(|(key, n)| say(key, &[("n", &n.to_string())])).collect();
    let mut notes = Vec::new();
    if let (Some(form), Some(when)) = (&p.form, &c.when) {
        notes.push(super::ask::condition_text(form, when));
    }
    if !copies.is_empty() {
        notes.push(format!("{}.", copies.join(", ")));
    }
    notes.extend(c.note.clone());
    PaperLine { name: c.name.clone(), notes, required: c.required, by_form: c.by_form }
}
