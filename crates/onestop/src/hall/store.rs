//! The rows of the hall. Each function takes the caller's transaction and calls no rules.

use base::{Day, Instant};
use db::{Tx, args};
use directory::UnitId;

use super::rules::State;

db::record! {
    /// How a hall is set up.
    pub struct Hall {
        unit: String, kiosk: Option<String>, slot_minutes: i64, per_slot: i64, days_ahead: i64, version: i64,
    }
}

/// The hall of a unit, if it has one.
pub async fn find_hall(tx: &mut Tx, unit: &UnitId) -> db::Result<Option<Hall>> {
    tx.find(
        "select unit, kiosk, slot_minutes, per_slot, days_ahead, version from hall where unit = $1",
        args![unit],
    )
    .await
}

/// The hall behind a kiosk's key.
pub async fn find_kiosk(tx: &mut Tx, hash: &str) -> db::Result<Option<Hall>> {
    tx.find(
        "select unit, kiosk, slot_minutes, per_slot, days_ahead, version from hall where kiosk = $1",
        args![hash],
    )
    .await
}

/// Every hall, 200 at most.
pub async fn list_halls(tx: &mut Tx) -> db::Result<Vec<Hall>> {
    tx.list(
        "select unit, kiosk, slot_minutes, per_slot, days_ahead, version from hall order by unit limit 200",
        args![],
    )
    .await
}

/// Sets a hall up, or changes it.
pub async fn put_hall(tx: &mut Tx, h: &Hall) -> db::Result<()> {
    tx.change(
        "insert into hall (unit, kiosk, slot_minutes, per_slot, days_ahead, version)
         values ($1, $2, $3, $4, $5, 1)
         on conflict (unit) do update set kiosk = excluded.kiosk, slot_minutes = excluded.slot_minutes,
           per_slot = excluded.per_slot, days_ahead = excluded.days_ahead, version = hall.version + 1",
        args![&h.unit, &h.kiosk, h.slot_minutes, h.per_slot, h.days_ahead],
    )
    .await?;
    Ok(())
}

db::record! {
    /// What a number is taken for.
    pub struct Service { id: String, name: String, position: i64 }
}

/// The services a hall takes numbers for, 50 at most.
pub async fn list_services(tx: &mut Tx, unit: &UnitId) -> db::Result<Vec<Service>> {
    tx.list(
        "select id, name, position from hall_service where unit = $1 and open = 1
          order by position, id limit 50",
        args![unit],
    )
    .await
}

/// Ends all services and desks of a hall; those that go on are put again.
pub async fn close_all(tx: &mut Tx, unit: &UnitId) -> db::Result<()> {
    tx.change("update hall_service set open = 0 where unit = $1", args![unit]).await?;
    tx.change("update hall_desk set open = 0 where unit = $1", args![unit]).await?;
    Ok(())
}

/// Opens a service of this name; one that there was keeps its id.
pub async fn put_service(tx: &mut Tx, unit: &UnitId, position: i64, name: &str) -> db::Result<String> {
    tx.get(
        "insert into hall_service (id, unit, position, name, open) values ($1, $2, $3, $4, 1)
         on conflict (unit, name) do update set position = excluded.position, open = 1 returning id",
        args![base::Id::<super::HallKind>::fresh(), unit, position, name],
    )
    .await
}

db::record! {
    /// A desk where tickets are called.
    pub struct Desk { number: i64, services: String, clerk: Option<String> }
}

/// The desks of a hall, 50 at most.
pub async fn list_desks(tx: &mut Tx, unit: &UnitId) -> db::Result<Vec<Desk>> {
    tx.list(
        "select number, services, clerk from hall_desk where unit = $1 and open = 1 order by number limit 50",
        args![unit],
    )
    .await
}

/// Opens a desk with what it serves.
pub async fn put_desk(tx: &mut Tx, unit: &UnitId, number: i64, services: &str) -> db::Result<()> {
    tx.change(
        "insert into hall_desk (id, unit, number, services, open) values ($1, $2, $3, $4, 1)
         on conflict (unit, number) do update set services = excluded.services, open = 1",
        args![base::Id::<super::HallKind>::fresh(), unit, number, services],
    )
    .await?;
    Ok(())
}

/// Seats a clerk at a desk, and nowhere else. `Stale` when there is no such desk.
pub async fn seat(tx: &mut Tx, unit: &UnitId, number: i64, clerk: &str) -> db::Result<()> {
    tx.change("update hall_desk set clerk = null where unit = $1 and clerk = $2", args![unit, clerk]).await?;
    tx.change_one(
        "update hall_desk set clerk = $1 where unit = $2 and number = $3 and open = 1",
        args![clerk, unit, number],
    )
    .await
}

db::record! {
    /// A ticket.
    pub struct Ticket {
        id: String, unit: String, day: Day, number: i64, label: String, service: String, rank: String,
        grounds: String, ready_at: Instant, state: String, taken_at: Instant,
        first_called_at: Option<Instant>, called_at: Option<Instant>, calls: i64,
        started_at: Option<Instant>, done_at: Option<Instant>, desk: Option<i64>, clerk: Option<String>,
        version: i64,
    }
}

/// Writes a ticket that was just taken.
pub async fn save_ticket(tx: &mut Tx, t: &Ticket) -> db::Result<()> {
    tx.change_one(
        "insert into ticket (id, unit, day, number, label, service, rank, grounds, ready_at, state, taken_at,
            version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)",
        args![
            &t.id, &t.unit, t.day, t.number, &t.label, &t.service, &t.rank, &t.grounds, t.ready_at, &t.state,
            t.taken_at
        ],
    )
    .await
}

/// One ticket of a unit.
pub async fn find_ticket(tx: &mut Tx, unit: &UnitId, id: &str) -> db::Result<Option<Ticket>> {
    tx.find("select * from ticket where unit = $1 and id = $2", args![unit, id]).await
}

/// The tickets of a day in these states in the order of their numbers, 500 at most.
pub async fn list_tickets(tx: &mut Tx, unit: &UnitId, day: Day, states: &[State]) -> db::Result<Vec<Ticket>> {
    let words: Vec<&str> = states.iter().map(|s| s.word()).collect();
    let q = db::Filter::new("select * from ticket")
        .and("unit = ?", Some(unit))
        .and("day = ?", Some(day))
        .among("state", &words)
        .tail("order by number limit 500");
    tx.list(&q, &q.args).await
}

/// All tickets of a day, 10,000 at most: as many as its numbers have digits for.
pub async fn list_day(tx: &mut Tx, unit: &UnitId, day: Day) -> db::Result<Vec<Ticket>> {
    tx.list("select * from ticket where unit = $1 and day = $2 order by number limit 10000", args![unit, day])
        .await
}

/// The ranks of the tickets called last, the newest first.
pub async fn last_ranks(tx: &mut Tx, unit: &UnitId, day: Day) -> db::Result<Vec<String>> {
    tx.list(
        "select rank from ticket where unit = $1 and day = $2 and first_called_at is not null
          order by first_called_at desc, number desc limit 20",
        args![unit, day],
    )
    .await
}

/// What is called or served at a desk now.
pub async fn at_desk(tx: &mut Tx, unit: &UnitId, day: Day, desk: i64) -> db::Result<Option<Ticket>> {
    tx.find(
        "select * from ticket where unit = $1 and day = $2 and desk = $3 and state in ('called', 'serving')
          order by called_at desc limit 1",
        args![unit, day, desk],
    )
    .await
}

/// Moves a ticket; `Stale` unless it is still as it was, so that two desks never get the same one.
pub async fn save_moved(tx: &mut Tx, t: &Ticket) -> db::Result<()> {
    tx.change_one(
        "update ticket set state = $1, first_called_at = $2, called_at = $3, calls = $4, started_at = $5,
            done_at = $6, desk = $7, clerk = $8, service = $9, rank = $10, version = version + 1
          where id = $11 and version = $12",
        args![
            &t.state,
            t.first_called_at,
            t.called_at,
            t.calls,
            t.started_at,
            t.done_at,
            t.desk,
            &t.clerk,
            &t.service,
            &t.rank,
            &t.id,
            t.version
        ],
    )
    .await
}

db::record! {
    /// A time somebody booked.
    pub struct Appointment {
        id: String, code: String, unit: String, day: Day, minute: i64, service: String, account: String,
        state: String, ticket: Option<String>, made_at: Instant, reminded_at: Option<Instant>,
    }
}

/// How many are booked in each slot of a day.
pub async fn booked(tx: &mut Tx, unit: &UnitId, day: Day) -> db::Result<Vec<(i64, i64)>> {
    tx.list(
        "select minute, count(*) as n from appointment
          where unit = $1 and day = $2 and state in ('booked', 'arrived') group by minute order by minute
          limit 500",
        args![unit, day],
    )
    .await
}

/// Books.
pub async fn save_appointment(tx: &mut Tx, a: &Appointment) -> db::Result<()> {
    tx.change_one(
        "insert into appointment (id, code, unit, day, minute, service, account, state, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![&a.id, &a.code, &a.unit, a.day, a.minute, &a.service, &a.account, &a.state, a.made_at],
    )
    .await
}

/// The appointments of an account from a day on, 50 at most.
pub async fn list_own(tx: &mut Tx, account: &str, from: Day) -> db::Result<Vec<Appointment>> {
    tx.list(
        "select * from appointment where account = $1 and day >= $2 order by day, minute limit 50",
        args![account, from],
    )
    .await
}

/// The appointment with this code.
pub async fn find_appointment(tx: &mut Tx, code: &str) -> db::Result<Option<Appointment>> {
    tx.find("select * from appointment where code = $1", args![code]).await
}

/// Ends a booked appointment; `Stale` when it is not booked any more.
pub async fn end_appointment(tx: &mut Tx, id: &str, state: &str, ticket: Option<&str>) -> db::Result<()> {
    tx.change_one(
        "update appointment set state = $1, ticket = $2 where id = $3 and state = 'booked'",
        args![state, ticket, id],
    )
    .await
}

/// Whose reminder is due: booked up to this day, not reminded yet; 200 at a time.
pub async fn list_to_remind(tx: &mut Tx, from: Day, to: Day) -> db::Result<Vec<Appointment>> {
    tx.list(
        "select * from appointment where state = 'booked' and day >= $1 and day <= $2 and reminded_at is null
          order by day, minute, id limit 200",
        args![from, to],
    )
    .await
}

/// Notes that a reminder is on its way.
pub async fn save_reminded(tx: &mut Tx, id: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update appointment set reminded_at = $1 where id = $2 and reminded_at is null",
        args![now, id],
    )
    .await
}

/// Those nobody came to.
pub async fn miss_past(tx: &mut Tx, today: Day) -> db::Result<u64> {
    tx.change("update appointment set state = 'missed' where state = 'booked' and day < $1", args![today])
        .await
}
