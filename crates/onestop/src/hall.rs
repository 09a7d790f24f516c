//! The hall (phòng chờ) of a counter: numbers taken at a kiosk, called at desks, shown on a screen;
//! times booked from home; how long people waited. Everything is local to the installation: a hall
//! goes on when the line to the outside is cut.

pub mod book;
pub mod kiosk;
pub mod pages;
pub mod rules;
pub mod setup;
pub mod store;
pub mod words;

#[cfg(test)]
mod tests;

use axum::Router;
use base::{Day, Instant};
use contracts::onestop as event;
use db::{Act, Tx, outbox};
use directory::UnitId;
use web::Problem;

use crate::App;
use crate::number;
use crate::petition::store::parameter;
use rules::{Action, Rank, State, Waiting};
use store::{Appointment, Ticket};
use words::say;

pub enum HallKind {}

/// The routes of the hall.
pub fn routes() -> Router<App> {
    Router::new().merge(kiosk::routes()).merge(pages::routes()).merge(setup::routes()).merge(book::routes())
}

/// The groups that are served first. law: onestop/hall-priority
pub async fn groups(tx: &mut Tx, day: Day) -> Result<Vec<String>, Problem> {
    let text = parameter(tx, "hall-priority", day).await?.unwrap_or_default();
    Ok(text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(str::to_string).collect())
}

/// Takes a number. `grounds` is the group of somebody who is served first, or empty.
pub async fn take(
    tx: &mut Tx,
    unit: &UnitId,
    service: &str,
    grounds: &str,
    now: Instant,
) -> Result<Ticket, Problem> {
    if !grounds.is_empty() && !groups(tx, now.day()).await?.iter().any(|g| g == grounds) {
        return Err(Problem::field("group", say("fault.group", &[])));
    }
    let rank = if grounds.is_empty() { Rank::Ordinary } else { Rank::Priority };
    issue(tx, unit, service, rank, grounds, now, now).await
}

/// Takes the number of somebody who booked: from the time booked on, it goes before others.
pub async fn arrive(tx: &mut Tx, unit: &UnitId, code: &str, now: Instant) -> Result<Ticket, Problem> {
    let none = || Problem::field("code", say("fault.code", &[]));
    let found = store::find_appointment(tx, &plain_code(code)).await?;
    let a = found.filter(|a| a.unit == unit.as_str() && a.day == now.day()).ok_or_else(none)?;
    if a.state != "booked" {
        return Err(Problem::field("code", say("fault.code_used", &[])));
    }
    let ready = a.day.at(u16::try_from(a.minute).map_err(Problem::fault)?);
    let ticket = issue(tx, unit, &a.service, Rank::Booked, "", ready, now).await?;
    store::end_appointment(tx, &a.id, "arrived", Some(&ticket.id)).await?;
    Ok(ticket)
}

async fn issue(
    tx: &mut Tx,
    unit: &UnitId,
    service: &str,
    rank: Rank,
    grounds: &str,
    ready_at: Instant,
    now: Instant,
) -> Result<Ticket, Problem> {
    let services = store::list_services(tx, unit).await?;
    if !services.iter().any(|s| s.id == service) {
        return Err(Problem::field("service", say("fault.service", &[])));
    }
    let label = number::next(tx, "ticket", unit.as_str(), &[], now.day()).await?;
    let ticket = Ticket {
        id: base::Id::<HallKind>::fresh().to_string(),
        unit: unit.as_str().to_string(),
        day: now.day(),
        number: label.parse().map_err(|_| Problem::fault("a ticket's scheme gives no plain number"))?,
        label,
        service: service.to_string(),
        rank: rank.word().to_string(),
        grounds: grounds.to_string(),
        ready_at,
        state: State::Waiting.word().to_string(),
        taken_at: now,
        first_called_at: None,
        called_at: None,
        calls: 0,
        started_at: None,
        done_at: None,
        desk: None,
        clerk: None,
        version: 1,
    };
    store::save_ticket(tx, &ticket).await?;
    Ok(ticket)
}

/// A clerk at a desk of a hall.
#[derive(Clone, Debug)]
pub struct Seat {
    pub unit: UnitId,
    pub desk: i64,
    /// The services this desk serves; none: all.
    pub services: Vec<String>,
    pub clerk: String,
}

/// The desk at which this clerk sits, if at any.
pub async fn seat_of(tx: &mut Tx, unit: &UnitId, clerk: &str) -> Result<Option<Seat>, Problem> {
    let desks = store::list_desks(tx, unit).await?;
    let Some(desk) = desks.into_iter().find(|d| d.clerk.as_deref() == Some(clerk)) else { return Ok(None) };
    Ok(Some(Seat {
        unit: unit.clone(),
        desk: desk.number,
        services: serde_json::from_str(&desk.services).map_err(Problem::fault)?,
        clerk: clerk.to_string(),
    }))
}

/// Calls whoever is next for this desk. What is open there is finished first; `seen` is its version
/// on the clerk's screen (0 for none), so that a second press of the button calls nobody.
pub async fn call_next(tx: &mut Tx, seat: &Seat, seen: i64, now: Instant) -> Result<Option<Ticket>, Problem> {
    let day = now.day();
    let current = store::at_desk(tx, &seat.unit, day, seat.desk).await?;
    if current.as_ref().map_or(0, |t| t.version) != seen {
        return Err(Problem::Stale);
    }
    if let Some(current) = current {
        act(tx, current, Action::Finish, seat, now).await?;
    }
    let all = store::list_tickets(tx, &seat.unit, day, &[State::Waiting]).await?;
    let served = |t: &&Ticket| seat.services.is_empty() || seat.services.contains(&t.service);
    let waiting: Vec<Waiting> = all.iter().filter(served).filter_map(waiting).collect();
    let ranks = store::last_ranks(tx, &seat.unit, day).await?;
    let run = ranks.iter().take_while(|r| *r == Rank::Priority.word()).count();
    let run_max = parameter(tx, "hall-priority-run", day).await?.and_then(|n| n.parse().ok()).unwrap_or(2);
    let run = u32::try_from(run).unwrap_or(u32::MAX);
    let Some(next) = rules::next(&waiting, run, run_max, now).map(|w| w.id.clone()) else { return Ok(None) };
    let ticket = all.into_iter().find(|t| t.id == next).ok_or(Problem::NotFound)?;
    act(tx, ticket, Action::Call, seat, now).await.map(Some)
}

fn waiting(t: &Ticket) -> Option<Waiting> {
    Some(Waiting {
        id: t.id.clone(),
        number: t.number,
        rank: Rank::from_word(&t.rank)?,
        ready_at: t.ready_at,
    })
}

/// Does one thing with a ticket.
pub async fn act(
    tx: &mut Tx,
    mut t: Ticket,
    action: Action,
    seat: &Seat,
    now: Instant,
) -> Result<Ticket, Problem> {
    let state = State::from_word(&t.state).ok_or_else(|| Problem::fault("a ticket in no state"))?;
    let after = rules::after(state, action).ok_or_else(|| {
        let (number, state) = (t.label.as_str(), words::of("state", state.word()));
        let said = say("refusal.from_here", &[("number", number), ("state", &state)]);
        Problem::refused(said, format!("ticket: no {}", action.word()))
    })?;
    t.state = after.word().to_string();
    match action {
        Action::Call | Action::Recall => {
            t.first_called_at = t.first_called_at.or(Some(now));
            (t.called_at, t.calls, t.desk) = (Some(now), t.calls + 1, Some(seat.desk));
            t.clerk = Some(seat.clerk.clone());
        }
        Action::Start => t.started_at = Some(now),
        Action::Finish | Action::Miss => t.done_at = Some(now),
        // Whoever has waited once goes before the ordinary ones of the next desk.
        Action::Transfer => {
            (t.desk, t.started_at) = (None, None);
            if t.rank != Rank::Priority.word() {
                t.rank = Rank::Booked.word().to_string();
            }
        }
    }
    store::save_moved(tx, &t).await?;
    t.version += 1;
    Ok(t)
}

/// Does what the clerk asked for with a ticket of this desk, as it was on the clerk's screen.
pub async fn at_desk(
    tx: &mut Tx,
    seat: &Seat,
    ticket: &str,
    seen: i64,
    action: Action,
    service: &str,
    now: Instant,
) -> Result<Ticket, Problem> {
    let mut t = store::find_ticket(tx, &seat.unit, ticket).await?.ok_or(Problem::NotFound)?;
    if t.version != seen || t.day != now.day() {
        return Err(Problem::Stale);
    }
    if t.desk.is_some_and(|desk| desk != seat.desk) {
        return Err(Problem::NotFound);
    }
    let again = action == Action::Recall && t.state == State::NoShow.word();
    if again && store::at_desk(tx, &seat.unit, t.day, seat.desk).await?.is_some() {
        return Err(Problem::refused(say("refusal.busy", &[]), "ticket: the desk has one already"));
    }
    if action == Action::Transfer {
        let services = store::list_services(tx, &seat.unit).await?;
        if service == t.service || !services.iter().any(|s| s.id == service) {
            return Err(Problem::field("service", say("fault.transfer", &[])));
        }
        t.service = service.to_string();
    }
    act(tx, t, action, seat, now).await
}

/// A code as people type it: spaces and dashes gone, upper case.
pub fn plain_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(20).collect::<String>().to_ascii_uppercase()
}

/// What somebody wants to book.
#[derive(Clone, Debug)]
pub struct Wish {
    pub day: Day,
    pub minute: i64,
    pub service: String,
    pub account: String,
}

/// Books a time: inside the office hours of the counter, not beyond its days ahead, while the slot has
/// room. One person has one time a day at one counter.
pub async fn book(
    tx: &mut Tx,
    unit: &UnitId,
    wish: &Wish,
    code: &str,
    now: Instant,
) -> Result<Appointment, Problem> {
    let hall = store::find_hall(tx, unit).await?.ok_or(Problem::NotFound)?;
    let calendar = directory::calendar(tx, unit).await?;
    let minutes = u16::try_from(hall.slot_minutes).map_err(Problem::fault)?;
    let full = |key: &str| Problem::field("slot", say(key, &[]));
    let minute = u16::try_from(wish.minute).map_err(|_| full("fault.slot"))?;
    let ahead = now.day().days_until(wish.day);
    let known = rules::slots(calendar.spans(wish.day), minutes).contains(&minute);
    if !known || !(0..=hall.days_ahead).contains(&ahead) || wish.day.at(minute) <= now {
        return Err(full("fault.slot"));
    }
    if !store::list_services(tx, unit).await?.iter().any(|s| s.id == wish.service) {
        return Err(Problem::field("service", say("fault.service", &[])));
    }
    let taken = store::booked(tx, unit, wish.day).await?;
    if taken.iter().any(|(at, n)| *at == wish.minute && *n >= hall.per_slot) || hall.per_slot == 0 {
        return Err(full("fault.slot_full"));
    }
    let own = store::list_own(tx, &wish.account, wish.day).await?;
    if own.iter().any(|a| a.day == wish.day && a.unit == unit.as_str() && a.state == "booked") {
        return Err(full("fault.one_a_day"));
    }
    let appointment = Appointment {
        id: base::Id::<HallKind>::fresh().to_string(),
        code: code.to_string(),
        unit: unit.as_str().to_string(),
        day: wish.day,
        minute: wish.minute,
        service: wish.service.clone(),
        account: wish.account.clone(),
        state: "booked".into(),
        ticket: None,
        made_at: now,
        reminded_at: None,
    };
    store::save_appointment(tx, &appointment).await?;
    tell(tx, &appointment, event::APPOINTMENT_BOOKED, now).await?;
    Ok(appointment)
}

/// Gives a booked time back. Somebody else's does not exist.
pub async fn cancel(tx: &mut Tx, account: &str, code: &str, now: Instant) -> Result<(), Problem> {
    let found = store::find_appointment(tx, &plain_code(code)).await?;
    let a = found.filter(|a| a.account == account).ok_or(Problem::NotFound)?;
    store::end_appointment(tx, &a.id, "cancelled", None).await?;
    tell(tx, &a, event::APPOINTMENT_CANCELLED, now).await
}

/// Puts a notice of every appointment of today and tomorrow into the outbox, once, and marks those
/// that nobody came to. Returns how many notices.
pub async fn remind(tx: &mut Tx, now: Instant) -> Result<usize, Problem> {
    let today = now.day();
    store::miss_past(tx, today).await?;
    let near = store::list_to_remind(tx, today, today.next()).await?;
    for a in &near {
        store::save_reminded(tx, &a.id, now).await?;
        tell(tx, a, event::APPOINTMENT_NEAR, now).await?;
    }
    Ok(near.len())
}

async fn tell(tx: &mut Tx, a: &Appointment, topic: &'static str, now: Instant) -> Result<(), Problem> {
    let told = event::Appointment {
        appointment: a.id.clone(),
        account: a.account.clone(),
        unit: a.unit.clone(),
        day: a.day,
        minute: a.minute,
        at: now,
    };
    outbox::put(tx, topic, &a.id, &told).await?;
    Ok(())
}

/// The hourly job: notices of what is near.
pub async fn remind_all(db: &db::Db, now: Instant) -> Result<(), String> {
    loop {
        let act = Act::system("onestop.remind-appointments", "", now);
        let told = db.write(act, async move |tx: &mut Tx| remind(tx, now).await).await;
        if told.map_err(|e| format!("{e:?}"))? == 0 {
            return Ok(());
        }
    }
}
