//! What should be there is compared with what is, and sent: in order for each dossier, some dossiers at
//! a time, again after growing waits. law: national/sync

use std::sync::Arc;

use db::blobs::Hash;
use db::outbox::Event;
use db::{Tx, jobs};
use futures_util::future::join_all;
use web::Problem;

use super::client::Failure;
use super::rules::{self, Codes, Facts, Line, Origin};
use super::store::{self, Failed, Held};
use super::{Link, WAKE};
use crate::App;
use crate::dossier::store::Decision;
use crate::dossier::{self, Dossier, DossierId, StoredFile};
use crate::procedure::Procedure;
use crate::words;

/// Dossiers on their way at the same time.
const AT_ONCE: i64 = 8;
/// A pass ends after so many dossiers; the next one goes on.
const PASS_MAX: u64 = 4_000;
/// Dossiers looked for in one write.
const SOUGHT_AT_ONCE: i64 = 500;

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub acked: u64,
    pub failed: u64,
}

/// After an event of a dossier: its present version should be there.
pub async fn hear(app: &App, event: &Event) -> Result<(), String> {
    if !event.topic.starts_with("onestop.dossier.") {
        return Ok(());
    }
    let id: DossierId = event.aggregate.parse().map_err(|_| format!("no dossier id: {}", event.aggregate))?;
    let now = app.site.clock.now();
    let want = async move |tx: &mut Tx| -> db::Result<()> {
        let dossier = dossier::store::get(tx, id).await?;
        // The portal knows the interlinked dossier that was filed, not its parts.
        if dossier.parent.is_some() {
            return Ok(());
        }
        store::want(tx, id, &dossier.code, dossier.version, now).await?;
        jobs::put_once(tx, WAKE, WAKE, &(), now).await.map(drop)
    };
    app.site.db.upkeep(want).await.map_err(|e| e.to_string())
}

/// Looks for dossiers whose events we did not hear: from before the line was opened, or moved in ways
/// that tell nobody. How many were found.
pub async fn seek(app: &App, link: &Link) -> Result<u64, String> {
    let (now, since) = (app.site.clock.now(), link.settings.since.map(|day| day.at(0)));
    let mut found = 0;
    loop {
        let some = async move |tx: &mut Tx| -> db::Result<u64> {
            let unwanted = store::list_unwanted(tx, since, SOUGHT_AT_ONCE).await?;
            for (id, code, version) in &unwanted {
                store::want(tx, *id, code, *version, now).await?;
            }
            Ok(unwanted.len() as u64)
        };
        let some = app.site.db.upkeep(some).await.map_err(|e| e.to_string())?;
        found += some;
        if some < SOUGHT_AT_ONCE.unsigned_abs() {
            return Ok(found);
        }
    }
}

/// Sends what is due. When the other side is silent, the pass ends and all keep their turn.
pub async fn send_due(app: &App, link: &Link) -> Result<Sent, String> {
    let mut sent = Sent::default();
    while sent.acked + sent.failed < PASS_MAX {
        let now = app.site.clock.now();
        let take = async move |tx: &mut Tx| store::take_due(tx, AT_ONCE, now).await;
        let held = app.site.db.upkeep(take).await.map_err(|e| e.to_string())?;
        if held.is_empty() {
            break;
        }
        let outcomes = join_all(held.iter().map(|h| push(app, link, h))).await;
        let mut silent = None;
        for (h, outcome) in held.iter().zip(outcomes) {
            match outcome {
                Ok((version, lines)) => {
                    sent.acked += 1;
                    acked(app, h, version, lines).await?;
                }
                Err(failure) => {
                    sent.failed += 1;
                    failed(app, h, &failure).await?;
                    if let Failure::Silent(why) = failure {
                        silent = Some(why);
                    }
                }
            }
        }
        let heard = silent.is_none();
        note_line(app, silent).await?;
        if !heard {
            break;
        }
    }
    Ok(sent)
}

/// Notes whether the other side answers.
pub async fn note_line(app: &App, silent: Option<String>) -> Result<(), String> {
    let now = app.site.clock.now();
    let note = async move |tx: &mut Tx| match &silent {
        None => store::save_heard(tx, now).await,
        Some(why) => store::save_silent(tx, why, now).await,
    };
    app.site.db.upkeep(note).await.map_err(|e| e.to_string())
}

async fn acked(app: &App, held: &Held, version: i64, lines: i64) -> Result<(), String> {
    let (now, held) = (app.site.clock.now(), held.clone());
    let save = async move |tx: &mut Tx| match store::save_acked(tx, &held, version, lines, now).await {
        Err(db::Error::Stale) => Ok(()), // somebody else holds it, and says the same again
        other => other,
    };
    app.site.db.upkeep(save).await.map_err(|e| e.to_string())
}

async fn failed(app: &App, held: &Held, failure: &Failure) -> Result<(), String> {
    let now = app.site.clock.now();
    let refused = !matches!(failure, Failure::Silent(_));
    let parks = refused && rules::parks(held.refusals + 1);
    let spread = spread(&held.code, held.attempts);
    let next_at = now.plus_seconds(rules::wait_s(held.attempts + 1, spread));
    tracing::warn!(
        kind = failure.kind(),
        attempts = held.attempts + 1,
        parks,
        "a dossier was not taken there"
    );
    let (held, why) = (held.clone(), failure.to_string());
    let save = async move |tx: &mut Tx| {
        let failed = Failed { why: &why, refused, parks, next_at };
        match store::save_failed(tx, &held, &failed, now).await {
            Err(db::Error::Stale) => Ok(()),
            other => other,
        }
    };
    app.site.db.upkeep(save).await.map_err(|e| e.to_string())
}

/// A number that differs from dossier to dossier and from try to try.
pub fn spread(code: &str, attempts: i64) -> u64 {
    let hash = Hash::of(format!("{code}|{attempts}").as_bytes()).to_string();
    u64::from_str_radix(&hash[..15], 16).unwrap_or_default()
}

/// Sends one dossier: as it stands, then the lines of its log that are not there yet.
async fn push(app: &App, link: &Link, held: &Held) -> Result<(i64, i64), Failure> {
    let told =
        read(app, held.dossier).await.map_err(|p| Failure::Garbled(format!("not readable here: {p}")))?;
    let client = &link.client;
    let field = client.field_of(&told.procedure.code).await?;
    let facts = told.facts(&field);
    // Whether it is there decides how it is told; our own word counts only where it was acknowledged.
    let updating = held.acked > 0 || client.find(&held.code).await?.is_some();
    client.put_dossier(updating, &rules::dossier(&facts)).await?;
    let lines = rules::progress(&facts, held.lines);
    if !lines.is_empty() {
        client.put_progress(&held.code, &lines).await?;
    }
    Ok((told.dossier.version, told.lines.last().map_or(0, |l| l.history.ordinal + 1)))
}

/// Everything that is told of a dossier, as one snapshot has it.
pub struct Whole {
    pub dossier: Dossier,
    procedure: Arc<Procedure>,
    agency: String,
    lines: Vec<Line>,
    files: Vec<StoredFile>,
    decision: Option<Decision>,
    origin: Option<Origin>,
    codes: Codes,
}

impl Whole {
    /// As facts for the rules; `field` is the code of the procedure's field on the other side.
    pub fn facts<'a>(&'a self, field: &'a str) -> Facts<'a> {
        Facts {
            dossier: &self.dossier,
            procedure: &self.procedure,
            agency: &self.agency,
            field,
            lines: &self.lines,
            files: &self.files,
            decision: self.decision.as_ref(),
            origin: self.origin,
            codes: &self.codes,
        }
    }
}

/// Reads a dossier with all that is told of it.
pub async fn read(app: &App, id: DossierId) -> Result<Whole, Problem> {
    let catalogue = app.catalogue.clone();
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<Whole, Problem> {
            let dossier = dossier::store::get(tx, id).await?;
            let agency = directory::get_unit(tx, &dossier.agency).await?.name;
            let lines = lines(tx, &dossier).await?;
            Ok(Whole {
                procedure: catalogue.version(&dossier.procedure)?,
                files: dossier::store::list_files(tx, id).await?,
                decision: dossier::store::find_decision(tx, id).await?,
                origin: super::arrive::find_origin(tx, id).await?,
                codes: codes(tx, app_day(&dossier)).await?,
                agency,
                lines,
                dossier,
            })
        })
        .await
}

/// The day whose codes hold for a dossier.
fn app_day(dossier: &Dossier) -> base::Day {
    dossier.since.day()
}

async fn lines(tx: &mut Tx, dossier: &Dossier) -> Result<Vec<Line>, Problem> {
    let mut lines = Vec::new();
    for history in dossier::store::list_history(tx, dossier.id).await? {
        let who = match history.account.as_deref().and_then(|a| a.parse().ok()) {
            Some(account) => directory::person(tx, account).await?.name,
            None => String::new(),
        };
        let office = match &history.office {
            Some(unit) => directory::get_unit(tx, unit).await?.name,
            None => String::new(),
        };
        lines.push(Line { what: words::done(&history.verb), who, office, history });
    }
    Ok(lines)
}

/// The codes of the wire that are rows. law: national/values
async fn codes(tx: &mut Tx, day: base::Day) -> Result<Codes, Problem> {
    let rows: Vec<(String, String)> = tx
        .list(
            "select id, value from parameter where id in ('national-filed-there', 'national-filed-here',
                    'national-number-person', 'national-number-enterprise')
               and valid_from <= $1 and (valid_to is null or valid_to >= $1)
              order by id, valid_from limit 40",
            db::args![day],
        )
        .await?;
    let value =
        |id: &str| rows.iter().rev().find(|(i, _)| i == id).map(|(_, v)| v.clone()).unwrap_or_default();
    Ok(Codes {
        filed_at_portal: value("national-filed-there"),
        filed_here: value("national-filed-here"),
        person_number: value("national-number-person"),
        enterprise_number: value("national-number-enterprise"),
    })
}

/// The dossier of this code as it should be there, if its newest version is acknowledged: for comparing.
pub async fn read_level(app: &App, code: &str) -> Result<Option<(Whole, i64)>, Problem> {
    let asked = code.to_string();
    let found = app.site.db.read(async move |tx: &mut Tx| -> db::Result<_> {
        let Some(standing) = store::find_standing(tx, &asked).await? else { return Ok(None) };
        let Some(dossier) = dossier::store::find(tx, &asked).await? else { return Ok(None) };
        Ok(Some((dossier.id, standing.acked)))
    });
    match found.await? {
        Some((id, acked)) => Ok(Some((read(app, id).await?, acked))),
        None => Ok(None),
    }
}
