//! Life events (việc trong đời): people come because a child was born or a house is to be built, not
//! because of a procedure's code. Each event is a list of procedures in the order people meet them, in a
//! file of data; what the province does not offer is left out.

mod agencies;

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use directory::MaybeViewer;
use serde::Deserialize;
use web::lang::{self, Lang};
use web::{Path, Problem, Shell, page};

use crate::App;
use crate::catalogue::Catalogue;
use crate::filters;
use crate::home::{Tile, tile};
use crate::words_citizen::say;

/// Where all events stand.
pub const PATH: &str = "/viec-trong-doi";

/// The routes of this feature.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/viec-trong-doi", get(list))
        .route("/viec-trong-doi/{event}", get(show))
        .merge(agencies::routes())
}

/// A text in the languages of the pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    vi: String,
    en: String,
}

impl Text {
    fn said(&self) -> String {
        match lang::spoken() {
            Lang::Vi => self.vi.clone(),
            Lang::En => self.en.clone(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    code: String,
    vi: String,
    en: String,
}

impl Step {
    fn said(&self) -> String {
        match lang::spoken() {
            Lang::Vi => self.vi.clone(),
            Lang::En => self.en.clone(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    /// How it stands in the address.
    slug: String,
    icon: String,
    /// Of those who do business; otherwise of everybody.
    #[serde(default)]
    business: bool,
    name: Text,
    lead: Text,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    event: Vec<Event>,
}

static EVENTS: LazyLock<Vec<Event>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("life/events.toml")).expect("compiled in and tested");
    file.event
});

/// An event as a tile.
pub struct EventTile {
    pub href: String,
    pub icon: &'static str,
    pub name: String,
    pub lead: String,
    pub business: bool,
}

/// The events with at least one procedure here.
pub fn tiles(catalogue: &Catalogue) -> Vec<EventTile> {
    let offered = |e: &&'static Event| e.steps.iter().any(|s| catalogue.find(&s.code).is_some());
    let tile = |e: &'static Event| EventTile {
        href: format!("{PATH}/{}", e.slug),
        icon: &e.icon,
        name: e.name.said(),
        lead: e.lead.said(),
        business: e.business,
    };
    EVENTS.iter().filter(offered).map(tile).collect()
}

#[derive(Template)]
#[template(path = "life/list.html")]
struct ListPage {
    shell: Shell,
    people: Vec<EventTile>,
    business: Vec<EventTile>,
}

/// `GET /viec-trong-doi`.
async fn list(State(app): State<App>, viewer: MaybeViewer) -> Response {
    let shell = viewer.citizen_shell(&app.site, say("title.life", &[])).active("/thu-tuc");
    let (business, people) = tiles(&app.catalogue).into_iter().partition(|t| t.business);
    page::html(ListPage { shell, people, business })
}

/// A procedure of an event.
struct StepLine {
    tile: Tile,
    why: String,
}

#[derive(Template)]
#[template(path = "life/show.html")]
struct ShowPage {
    shell: Shell,
    name: String,
    lead: String,
    steps: Vec<StepLine>,
}

/// `GET /viec-trong-doi/{event}`.
async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    Path(slug): Path<String>,
) -> Result<Response, Problem> {
    let event = EVENTS.iter().find(|e| e.slug == slug).ok_or(Problem::NotFound)?;
    let line = |s: &Step| {
        let procedure: Arc<_> = app.catalogue.find(&s.code)?;
        Some(StepLine { tile: tile(&procedure), why: s.said() })
    };
    let mut shell = viewer.citizen_shell(&app.site, event.name.said()).active("/thu-tuc");
    shell.description = event.lead.said();
    Ok(page::html(ShowPage {
        shell,
        name: event.name.said(),
        lead: event.lead.said(),
        steps: event.steps.iter().filter_map(line).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_event_leads_to_procedures_that_there_are() {
        let known: BTreeSet<String> =
            crate::procedure::model::embedded().iter().map(|p| p.code.clone()).collect();
        assert!((8..=10).contains(&EVENTS.len()));
        let (mut slugs, mut wrong) = (BTreeSet::new(), Vec::new());
        for event in EVENTS.iter() {
            if !slugs.insert(&event.slug) || crate::home::slug(&event.slug) != event.slug {
                wrong.push(format!("{}: the address is taken or no address", event.slug));
            }
            if !web::icon::has(&event.icon) {
                wrong.push(format!("{}: no icon {}", event.slug, event.icon));
            }
            let mut codes = BTreeSet::new();
            for step in &event.steps {
                if !known.contains(&step.code) {
                    wrong.push(format!("{}: no procedure {}", event.slug, step.code));
                }
                if !codes.insert(&step.code) {
                    wrong.push(format!("{}: {} stands twice", event.slug, step.code));
                }
                if step.vi.is_empty() || step.en.is_empty() {
                    wrong.push(format!("{}: {} says nothing", event.slug, step.code));
                }
            }
            assert!((3..=8).contains(&event.steps.len()), "{}", event.slug);
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}
