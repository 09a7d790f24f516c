//! What waits for a leader's word on a dossier, and the leader's yes or no.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use base::Instant;
use db::Tx;
use directory::Leader;
use serde::Deserialize;
use web::{Form, Path, Problem, Query};

use super::{Sheet, frame};
use crate::App;
use crate::desk::List;
use crate::desk::frame::Place;
use crate::desk::words::say;
use crate::dossier::checklist::Mark;
use crate::dossier::proposal::{self, ProposalId};
use crate::dossier::rules::Seat;
use crate::dossier::{Ask, Case, Who};
use crate::words;

/// The panel of a proposal that waits.
pub struct Waits {
    pub what: String,
    pub who: String,
    pub at: Instant,
    pub said: Vec<String>,
    /// Whether this person decides, and nothing has happened to the dossier since.
    pub mine: bool,
    pub outdated: bool,
    pub action: String,
}

/// The proposal that waits, as this person sees it.
pub fn waits(place: &Place, sheet: &Sheet, list: Option<List>) -> Option<Waits> {
    let p = sheet.proposal.as_ref()?;
    let d = &sheet.case.dossier;
    let mut said = Vec::new();
    match &p.ask {
        Ask::Extend { until, reason, note } => {
            let day = base::format::date_vn(*until);
            said.extend([
                say("proposal.until", &[("day", &day)]),
                named("extend_reason", reason),
                note.clone(),
            ]);
        }
        Ask::AskSupplement { marks, fields, reason, note, .. } => {
            let asked = marks.iter().filter(|(_, mark)| **mark != Mark::Present).filter_map(|(id, mark)| {
                let c = sheet.case.procedure.component(id)?;
                Some(format!("{}: {}", c.name, say(&format!("mark.{}", mark.word()), &[])))
            });
            said.extend(asked);
            said.extend([
                super::panels::titles(&sheet.case, fields),
                named("ask_reason", reason),
                note.clone(),
            ]);
        }
        _ => {}
    }
    said.retain(|line| !line.is_empty());
    let path = format!("{}/de-nghi/{}", frame::dossier(&d.code), p.id);
    Some(Waits {
        what: words::verb(p.ask.verb()),
        who: sheet.names.get(&p.account).cloned().unwrap_or_default(),
        at: p.at,
        said,
        mine: sheet.case.seats.contains(&Seat::Leader),
        outdated: p.seen != d.version,
        action: place.href(&path, &[("tu", list.map_or("", frame::slug))]),
    })
}

/// The words of a reason; empty for none that is known.
fn named(list: &str, reason: &str) -> String {
    let key = format!("{list}.{reason}");
    if words::WORDS.has(&key) { words::t(&key) } else { String::new() }
}

/// What a leader said no to since the dossier last moved; empty when there is nothing of the kind.
pub fn declined(sheet: &Sheet) -> String {
    let Some(no) = &sheet.declined else { return String::new() };
    let who = sheet.names.get(&no.decided_by).cloned().unwrap_or_default();
    let at = base::format::time_vn(no.decided_at);
    say("proposal.declined", &[("who", &who), ("at", &at), ("note", &no.note)])
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Approve,
    Decline,
}

/// What the leader sends.
#[derive(Deserialize)]
pub struct Decision {
    word: Word,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct DecideQuery {
    tu: String,
    post: Option<String>,
}

/// `POST /mot-cua/ho-so/{code}/de-nghi/{id}`: a leader's yes or no.
pub async fn decide(
    State(app): State<App>,
    leader: Leader,
    Path((code, id)): Path<(String, String)>,
    Query(query): Query<DecideQuery>,
    Form(decision): Form<Decision>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let id: ProposalId = id.parse().map_err(|_| Problem::NotFound)?;
    let who = Who::from(&leader.viewer);
    let (verb, done) = match decision.word {
        Word::Approve => ("onestop.approve", frame::APPROVED),
        Word::Decline => ("onestop.decline-proposal", frame::DECLINED),
    };
    let act = leader.act(verb, id, now);
    let (catalogue, asked) = (app.catalogue.clone(), code.clone());
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            let mut case = Case::find(tx, &catalogue, &who, &asked, now).await?;
            match decision.word {
                Word::Approve => proposal::approve(tx, &mut case, id, &who).await,
                Word::Decline => proposal::decline(tx, &case, id, &decision.note, &who).await,
            }
        })
        .await?;
    let mut pairs = vec![("tu", query.tu.as_str()), ("da", done)];
    pairs.extend(query.post.as_deref().map(|post| ("post", post)));
    Ok(Redirect::to(&frame::address(&frame::dossier(&code), pairs)).into_response())
}
