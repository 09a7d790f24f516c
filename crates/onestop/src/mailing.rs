//! Results by post (trả kết quả qua dịch vụ bưu chính công ích): the carrier's waybill, the day of sending,
//! and whether it was delivered or came back. law: onestop/result-ways

pub mod pages;
pub mod rules;

use base::{Day, Id};
use db::{Filter, Tx, args};
use serde_json::json;
use web::{FieldError, Problem};

use crate::correction::words::{kept, say};
use crate::desk::Scope;
use crate::dossier::rules::{Seat, Status};
use crate::dossier::{self, Case, DossierId};
use crate::office::{needed, settle};
use rules::{State, Verb};

pub enum MailingKind {}
/// The id of a mailing.
pub type MailingId = Id<MailingKind>;

/// Characters of a carrier's name and of a waybill.
const NAME_CHARS_MAX: usize = 100;
/// Characters of the reason for coming back.
const WHY_CHARS_MAX: usize = 500;
/// How often one result may be sent.
const MAILINGS_MAX: usize = 20;

db::record! {
    /// A mailing as it stands.
    pub struct Mailing {
        id: MailingId, state: String, carrier: String, waybill: String, sent_on: Day,
        ended_on: Option<Day>, why: String,
    }
}

/// All mailings of a dossier's result, the oldest first.
pub async fn of_dossier(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Mailing>> {
    tx.list(
        "select id, state, carrier, waybill, sent_on, ended_on, why from mailing
          where dossier = $1 order by sent_on, id limit 100",
        args![dossier],
    )
    .await
}

db::record! {
    /// A line of the list of those under way.
    pub struct Line { code: String, carrier: String, waybill: String, sent_on: Day }
}

/// What is under way, of all that this post may see, the oldest first.
pub async fn list_under_way(tx: &mut Tx, scope: &Scope) -> db::Result<Vec<Line>> {
    let q = Filter::new(
        "select d.code, m.carrier, m.waybill, m.sent_on from mailing m join dossier d on d.id = m.dossier",
    );
    let q = match scope {
        Scope::Counter(unit) => q.and("d.counter = ?", Some(unit.as_str())),
        Scope::Agency(unit) => q.and("d.agency = ?", Some(unit.as_str())),
        Scope::Holder(unit, _) => q.and("d.holder_unit = ?", Some(unit.as_str())),
    };
    let q = q.when("m.open = 1", true).tail("order by m.sent_on, m.id limit 100");
    tx.list(&q, &q.args).await
}

/// Where the last of them stands.
pub fn standing(all: &[Mailing]) -> State {
    all.last().and_then(|m| State::from_word(&m.state)).unwrap_or(State::None)
}

/// What the counter may write down now: for a settled dossier whose result goes by post.
pub fn open(case: &Case, all: &[Mailing]) -> Vec<Verb> {
    let d = &case.dossier;
    let here = d.state.status() == Status::Settled && d.return_by == "post";
    if !here || !case.seats.contains(&Seat::Counter) {
        return Vec::new();
    }
    Verb::ALL.into_iter().filter(|verb| rules::after(standing(all), *verb).is_some()).collect()
}

/// What is typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub carrier: String,
    pub waybill: String,
    /// The day of sending, of delivery or of coming back.
    pub day: String,
    pub why: String,
}

/// Writes a step down. Delivery returns the result: status 10 follows in the same commit.
pub async fn step(tx: &mut Tx, case: &mut Case, verb: Verb, typed: &Typed, who: &str) -> Result<(), Problem> {
    let all = of_dossier(tx, case.dossier.id).await?;
    let state = rules::after(standing(&all), verb).filter(|_| open(case, &all).contains(&verb));
    let refused = |key: &'static str| Problem::refused(say(key, &[]), format!("refused: {key}"));
    let state = state.filter(|_| all.len() < MAILINGS_MAX).ok_or_else(|| refused("refusal.post"))?;
    let mut errors = Vec::new();
    let (today, accepted) = (case.now.day(), case.dossier.since.day());
    let earliest = all.last().filter(|_| verb != Verb::Send).map_or(accepted, |m| m.sent_on);
    let day = base::format::read_date(&typed.day).filter(|day| (earliest..=today).contains(day));
    if day.is_none() {
        let earliest = base::format::date_vn(earliest);
        errors.push(FieldError::new("day", say("fault.post_day", &[("earliest", &earliest)])));
    }
    match verb {
        Verb::Send => {
            let carrier = needed(&mut errors, "carrier", &typed.carrier, NAME_CHARS_MAX);
            let waybill = needed(&mut errors, "waybill", &typed.waybill, NAME_CHARS_MAX);
            let waybill: String =
                waybill.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
            settle(errors)?;
            let Some(day) = day else { return Ok(()) };
            crate::signing::leave::before_leaving(tx, case).await?;
            send(tx, case, (&carrier, &waybill), day, who).await
        }
        Verb::Deliver => {
            settle(errors)?;
            let (Some(day), Some(last)) = (day, all.last()) else { return Ok(()) };
            end(tx, last, state, day, "").await?;
            let told = [("day", base::format::date_vn(day)), ("waybill", last.waybill.clone())];
            let told: Vec<(&str, &str)> = told.iter().map(|(k, v)| (*k, v.as_str())).collect();
            dossier::return_result(tx, case, &kept("note.delivered", &told)).await
        }
        Verb::ComeBack => {
            let why = needed(&mut errors, "why", &typed.why, WHY_CHARS_MAX);
            settle(errors)?;
            let (Some(day), Some(last)) = (day, all.last()) else { return Ok(()) };
            end(tx, last, state, day, &why).await?;
            let note = kept("note.came_back", &[("day", &base::format::date_vn(day)), ("why", &why)]);
            let details = json!({ "mailing": last.id, "waybill": last.waybill });
            dossier::record(tx, case, "result_came_back", &note, details).await
        }
    }
}

async fn send(
    tx: &mut Tx,
    case: &mut Case,
    (carrier, waybill): (&str, &str),
    day: Day,
    who: &str,
) -> Result<(), Problem> {
    let id = MailingId::fresh();
    let put = tx
        .change(
            "insert into mailing (id, dossier, open, state, carrier, waybill, sent_on, sent_by)
             values ($1, $2, 1, 'sent', $3, $4, $5, $6) on conflict (carrier, waybill) do nothing",
            args![id, case.dossier.id, carrier, waybill, day, who],
        )
        .await?;
    if put == 0 {
        return Err(Problem::field("waybill", say("fault.waybill", &[])));
    }
    let told = [("carrier", carrier), ("waybill", waybill)];
    let on = base::format::date_vn(day);
    let note = kept("note.sent", &[&told[..], &[("day", on.as_str())]].concat());
    let details = json!({ "mailing": id, "carrier": carrier, "waybill": waybill });
    dossier::record(tx, case, "send_result", &note, details).await
}

async fn end(tx: &mut Tx, m: &Mailing, state: State, day: Day, why: &str) -> db::Result<()> {
    tx.change_one(
        "update mailing set open = null, state = $1, ended_on = $2, why = $3 where id = $4 and open = 1",
        args![state.word(), day, why, m.id],
    )
    .await
}

/// The counter does not hand over what is on its way.
pub async fn before_returning(tx: &mut Tx, dossier: DossierId) -> Result<(), Problem> {
    let all = of_dossier(tx, dossier).await?;
    if standing(&all) == State::Sent {
        return Err(Problem::refused(say("refusal.under_way", &[]), "refused: refusal.under_way"));
    }
    Ok(())
}
