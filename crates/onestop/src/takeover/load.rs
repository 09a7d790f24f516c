//! The second of the two readings: what is good is stored, a chunk in a commit. What is there already is left
//! as it is, so that a load that was killed goes on where it stopped.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use base::Instant;
use contracts::onestop as event;
use db::outbox::{Event, EventId};
use db::{Act, Tx};
use directory::account::{AccountId, Kind, store as accounts};
use web::Problem;

use super::check::{There, there};
use super::columns::Table;
use super::ground::{Arrival, Field, Matter, lines_of};
use super::rules::{Person, shown_by};
use super::words::say;
use super::{Finding, Order, Tally, store};
use crate::App;
use crate::dossier::rules::{State, Status};
use crate::dossier::store::many::{self, Line};
use crate::dossier::{self, Case, Dossier, DossierId};
use crate::measure;
use crate::number::Series;

/// Loads one file: how many lines were there already, and how many were added.
pub async fn load(
    app: &App,
    order: &Order,
    table: Table,
    path: &Path,
    mut progress: impl FnMut(u64),
) -> Result<Tally, Problem> {
    let mut field = Field::new(order.now);
    let mut tally = Tally::default();
    let (mut chunks, reading) = lines_of(path, table);
    while let Some(chunk) = chunks.recv().await {
        let lines = chunk.iter().filter_map(|item| item.as_ref().ok()).map(|line| line.number);
        let span = (lines.clone().min().unwrap_or(0), lines.max().unwrap_or(0));
        tally.lines += chunk.len() as u64;
        let subject = format!("{} {}-{}", table.word(), span.0, span.1);
        let act = Act::system("onestop.take-over", subject, order.now);
        let (app_, source, now) = (app.clone(), order.source.clone(), order.now);
        let write = async move |tx: &mut Tx| -> Result<_, Problem> {
            let mut field = field.clone();
            let read = field.read(tx, &app_.catalogue, table, chunk.clone()).await?;
            let there = there(tx, &read).await?;
            let done = save(tx, &app_, &source, read, there, now).await?;
            Ok((field, done))
        };
        let (next, done) = app.site.db.write(act, write).await?;
        field = next;
        tally.there += done.there;
        tally.added += done.added;
        progress(tally.lines);
    }
    reading.await.map_err(|e| Problem::fault(format!("reading {} ended: {e}", path.display())))?;
    Ok(tally)
}

async fn save(
    tx: &mut Tx,
    app: &App,
    source: &str,
    read: Vec<(u64, Result<Matter, Vec<Finding>>)>,
    there: There,
    now: Instant,
) -> Result<Tally, Problem> {
    let mut tally = Tally::default();
    let mut arrivals: HashMap<String, Box<Arrival>> = HashMap::new();
    let mut order = Vec::new();
    for matter in read.into_iter().filter_map(|(_, matter)| matter.ok()) {
        let added = match matter {
            Matter::Person(person) => save_person(tx, &person, now).await?,
            Matter::Book(book, last) => store::raise_book(tx, &book, last).await?,
            Matter::Dossier(arrival) => {
                let c = &arrival.coming;
                // A code that is said twice, or that another dossier has, was reported by the check.
                let new = !there.has(&c.plain) && !there.clashes(&c.plain, &c.code);
                let new = new && !arrivals.contains_key(&c.code);
                if new {
                    order.push(c.code.clone());
                    arrivals.insert(c.code.clone(), arrival);
                }
                new
            }
        };
        tally.added += u64::from(added);
        tally.there += u64::from(!added);
    }
    let arrivals: Vec<Box<Arrival>> = order.iter().filter_map(|code| arrivals.remove(code)).collect();
    if !arrivals.is_empty() {
        save_dossiers(tx, app, source, &arrivals, now).await?;
    }
    Ok(tally)
}

/// A citizen's record without a password; who is there already stays as they are.
async fn save_person(tx: &mut Tx, person: &Person, now: Instant) -> db::Result<bool> {
    let new = accounts::New {
        id: AccountId::fresh(),
        kind: Kind::Citizen,
        login: &person.number,
        password_hash: None,
        password_once: false,
        name: &person.name,
        personal_number: Some(&person.number),
        phone: person.phone.as_deref(),
        email: person.email.as_deref(),
        address: person.address.as_deref(),
        confirmed_at: person.confirmed.then_some(now),
        created_at: now,
    };
    accounts::insert(tx, &new).await
}

async fn save_dossiers(
    tx: &mut Tx,
    app: &App,
    source: &str,
    arrivals: &[Box<Arrival>],
    now: Instant,
) -> Result<(), Problem> {
    let numbers: Vec<String> = arrivals.iter().map(|a| a.coming.applicant.number.clone()).collect();
    let owners: HashMap<String, String> = store::confirmed(tx, &numbers).await?.into_iter().collect();
    let lives: Vec<(Dossier, Vec<Line>)> = arrivals
        .iter()
        .map(|a| {
            let owner = owners.get(&a.coming.applicant.number).cloned();
            live(a, owner, source, now)
        })
        .collect();
    many::dossiers(lives.iter().map(|(d, _)| d)).put(tx).await?;
    many::lines(lives.iter().flat_map(|(_, log)| log)).put(tx).await?;
    let origins = arrivals.iter().zip(&lives).map(|(a, (d, _))| store::Origin {
        dossier: d.id,
        source,
        code: &a.coming.old_code,
        plain: &a.coming.plain,
        promised: a.coming.promised,
        at: now,
    });
    store::save_origins(tx, origins).await?;
    // Nobody's own steps are among these: what an old system's officials did is not told by a line.
    let facts = |(a, (_, log)): (&Box<Arrival>, &(Dossier, Vec<Line>))| {
        measure::of_lines(log, &a.procedure, &a.seat.calendar)
    };
    let facts: Vec<_> = arrivals.iter().zip(&lives).map(facts).collect();
    let measured = lives.iter().zip(&facts).map(|((d, _), facts)| (measure::about(d, false), facts));
    measure::store::first_rows(measured).put(tx).await?;
    // Whoever prints or sends has nothing to do: the old system did it.
    let events: Result<Vec<Event>, Problem> = lives.iter().map(|(d, log)| told(d, log, now)).collect();
    db::outbox::heard(&events?).put(tx).await?;
    raise_books(tx, arrivals).await?;
    for (a, (d, _)) in arrivals.iter().zip(lives) {
        if matches!(d.state, State::AwaitingFee { .. }) {
            bill(tx, app, a, d, now).await?;
        }
    }
    Ok(())
}

/// The dossier as it stands, and a log of what its line tells: filed, received, decided, taken over.
fn live(a: &Arrival, owner: Option<String>, source: &str, now: Instant) -> (Dossier, Vec<Line>) {
    let c = &a.coming;
    let id = DossierId::fresh();
    let mut log = Vec::new();
    let mut last = (Status::Filed, None::<String>);
    let mut line = |verb, to: (Status, Option<String>), at, promised, note: String, details: String| {
        log.push(Line {
            id: base::Id::<dossier::DossierKind>::fresh().to_string(),
            dossier: id,
            ordinal: i64::try_from(log.len()).unwrap_or(i64::MAX),
            verb,
            from: std::mem::replace(&mut last, to.clone()),
            to,
            at,
            account: None,
            office: None,
            reason_code: None,
            note,
            details,
            promised,
        });
    };
    let filed = serde_json::json!({ "taken_over": true }).to_string();
    let theirs = || serde_json::json!({ "taken_over": true, "source": source }).to_string();
    line("file", (Status::Filed, None), c.received, None, String::new(), filed);
    if let Some(promised) = c.promised {
        let to = (Status::Received, None);
        line("receive", to, c.received, Some(promised), String::new(), theirs());
    }
    if let Some(at) = c.decided {
        line("decide", (Status::Settled, None), at, c.promised, String::new(), theirs());
    }
    let to = (c.state.status(), c.state.stage().map(str::to_string));
    let key = if c.promised.is_some() { "log.import_promised" } else { "log.import" };
    let note = say(key, &[("source", source), ("code", &c.old_code)]);
    let details = serde_json::json!({ "source": source, "code": c.old_code }).to_string();
    line("import", to, now, c.promised, note, details);
    let dossier = Dossier {
        id,
        code: c.code.clone(),
        procedure: a.version.clone(),
        counter: a.seat.counter.clone(),
        agency: a.agency.clone(),
        account: owner,
        applicant: c.applicant.clone(),
        channel: c.channel.into(),
        return_by: c.return_by.into(),
        answers: serde_json::Map::new(),
        state: c.state.clone(),
        parent: None,
        holder_unit: a.holder.0.clone(),
        holder_role: a.holder.1.into(),
        assignee: None,
        filed_at: c.received,
        answer_by: c.answer_by,
        accepted_at: c.promised.map(|_| c.received),
        promised: c.promised,
        since: c.since,
        supplement_requests: i64::from(c.state.status() == Status::Supplementing),
        extensions: 0,
        fee_asked: c.fee,
        fee_paid: if c.state.status() == Status::AwaitingFee { 0 } else { c.fee },
        version: i64::try_from(log.len()).unwrap_or(i64::MAX),
    };
    (dossier, log)
}

fn told(d: &Dossier, log: &[Line], now: Instant) -> Result<Event, Problem> {
    let ordinal = log.last().map_or(0, |line| line.ordinal);
    let payload = serde_json::to_string(&dossier::moved(d, 0, ordinal, now));
    let payload = payload.map_err(|e| Problem::fault(format!("an event of {}: {e}", d.code)))?;
    let topic = event::TAKEN_OVER.to_string();
    Ok(Event { id: EventId::fresh(), topic, aggregate: d.id.to_string(), payload, at: now })
}

/// Codes of our own pattern show how far their books have come, whatever the file of books says.
async fn raise_books(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<(), Problem> {
    let series = Series::read(tx, "dossier").await?;
    let mut books: HashMap<String, i64> = HashMap::new();
    for a in arrivals {
        if let Some((day, n)) = shown_by(&a.coming.code, &a.seat.ident) {
            let last = books.entry(series.book(&a.seat.ident, day)).or_default();
            *last = n.max(*last);
        }
    }
    let mut books: Vec<(String, i64)> = books.into_iter().collect();
    books.sort();
    for (book, last) in &books {
        store::raise_book(tx, book, *last).await?;
    }
    Ok(())
}

/// What the old system asked for is owed here: a bill that can be paid.
async fn bill(tx: &mut Tx, app: &App, a: &Arrival, dossier: Dossier, now: Instant) -> Result<(), Problem> {
    let amount = dossier.fee_asked;
    let case = Case {
        dossier,
        family: app.catalogue.family(&a.procedure),
        outer: None,
        stated: None,
        procedure: a.procedure.clone(),
        calendar: Arc::unwrap_or_clone(a.seat.calendar.clone()),
        seats: Vec::new(),
        law: app.catalogue.law(),
        now,
    };
    crate::fee::bill(tx, &case, amount, &say("log.fee", &[])).await.map(drop)
}
