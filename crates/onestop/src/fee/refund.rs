//! Money on its way back: asked for by the citizen or a clerk, or proposed when the agency ended the
//! dossier; decided by a leader of the agency, paid by hand by the counter, each under its number.
//! law: onestop/fee-refunds

use base::Instant;
use db::{Tx, args};
use serde_json::json;
use web::Problem;

use super::account::{ON_STOP, REFUND_SCHEME};
use super::rules::{RefundState, RefundStep, refund_after};
use super::store::{self, Payment, Refund};
use super::words::{kept, say};
use super::{Refused, all_of, needed};
use crate::catalogue::Catalogue;
use crate::dossier::{self, Case, Who};

/// What is asked to be given back, and to whom.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Whole đồng.
    pub amount: i64,
    pub reason: String,
    pub to_name: String,
    /// Bank and account, or nothing: to be fetched at the counter.
    pub to_account: String,
}

/// What of the dossier's money may still be asked back, in đồng.
pub async fn left(tx: &mut Tx, case: &Case) -> Result<i64, Problem> {
    Ok(case.dossier.fee_paid - store::refunded(tx, case.dossier.id).await?)
}

/// Asks for money back. No more than was paid.
pub async fn ask(tx: &mut Tx, case: &mut Case, wish: &Wish, who: &Who) -> Result<Refund, Problem> {
    let amount = match wish.amount >= 1 {
        true => Ok(()),
        false => Err(Problem::field("amount", say("fault.amount", &[]))),
    };
    let long = |field: &str, text: &str| match text.chars().count() > 200 {
        true => Err(Problem::field(field, say("fault.too_long", &[("most", "200")]))),
        false => Ok(()),
    };
    all_of(vec![
        amount,
        needed("reason", &wish.reason).map(drop),
        long("to_name", &wish.to_name),
        long("to_account", &wish.to_account),
    ])?;
    let most = left(tx, case).await?;
    if wish.amount > most {
        return Err(Refused::RefundTooLarge(most).into());
    }
    open(tx, case, "asked", wish, Some(&who.account)).await
}

/// The agency has ended a dossier that was paid for: a refund is proposed, where the parameter says so.
pub async fn propose(tx: &mut Tx, case: &mut Case) -> Result<(), Problem> {
    let day = case.now.day();
    let reading: Option<String> = tx
        .find(
            "select value from parameter where id = $1 and valid_from <= $2
               and (valid_to is null or valid_to >= $2)",
            args![ON_STOP, day],
        )
        .await?;
    let amount = left(tx, case).await?;
    if reading.as_deref() != Some("propose") || amount <= 0 {
        return Ok(());
    }
    let wish = Wish { amount, reason: kept("refund.stopped", &[]), ..Wish::default() };
    open(tx, case, "stopped", &wish, None).await.map(drop)
}

async fn open(
    tx: &mut Tx,
    case: &mut Case,
    cause: &str,
    wish: &Wish,
    by: Option<&str>,
) -> Result<Refund, Problem> {
    let d = &case.dossier;
    let number = super::next(tx, REFUND_SCHEME, d.counter.as_str(), case.now.day()).await?;
    let refund = Refund {
        dossier: Some(d.id),
        counter: d.counter.to_string(),
        agency: d.agency.to_string(),
        ..fresh(number, cause, wish, by, case.now)
    };
    store::save_refund(tx, &refund).await?;
    let amount = base::format::thousands(refund.amount);
    let note =
        kept("log.refund_asked", &[("number", &refund.number), ("amount", &amount), ("why", &refund.reason)]);
    let details = json!({ "refund": refund.id, "amount": refund.amount });
    dossier::record(tx, case, "ask_refund", &note, details).await?;
    Ok(refund)
}

fn fresh(number: String, cause: &str, wish: &Wish, by: Option<&str>, now: Instant) -> Refund {
    Refund {
        id: store::fresh(),
        number,
        dossier: None,
        payment: None,
        cause: cause.into(),
        amount: wish.amount,
        reason: wish.reason.trim().into(),
        to_name: wish.to_name.trim().into(),
        to_account: wish.to_account.trim().into(),
        counter: String::new(),
        agency: String::new(),
        state: RefundState::Asked.word().into(),
        asked_by: by.map(str::to_string),
        asked_at: now,
        decided_by: None,
        decided_at: None,
        decision_note: String::new(),
        paid_by: None,
        paid_at: None,
        paid_reference: String::new(),
        version: 1,
    }
}

/// A clerk asks that the part of a payment which paid no bill goes back to whoever sent it.
pub async fn ask_for_payment(
    tx: &mut Tx,
    p: &Payment,
    note: &str,
    who: &Who,
    now: Instant,
) -> Result<Refund, Problem> {
    let reason = needed("note", note)?;
    if p.state != "open" {
        return Err(Refused::TaskDone.into());
    }
    let wish = Wish {
        amount: p.amount - p.applied,
        reason,
        to_name: p.payer_name.clone(),
        to_account: p.payer_number.clone(),
    };
    let counter = super::unit(&p.keeper);
    let dossier = match &p.bill {
        Some(bill) => Some(store::get_bill(tx, bill).await?),
        None => None,
    };
    let agency = match &dossier {
        Some(bill) => bill.agency.clone(),
        None => directory::agency_of(tx, &counter).await?.id.to_string(),
    };
    let number = super::next(tx, REFUND_SCHEME, counter.as_str(), now.day()).await?;
    let refund = Refund {
        dossier: dossier.map(|b| b.dossier),
        payment: Some(p.id.clone()),
        counter: counter.to_string(),
        agency,
        ..fresh(number, "excess", &wish, Some(&who.account), now)
    };
    store::save_refund(tx, &refund).await?;
    store::save_payment_done(tx, p, ("refund", &refund.number), p.applied, Some(&who.account), now).await?;
    Ok(refund)
}

fn moved(r: &Refund, step: RefundStep) -> Result<RefundState, Problem> {
    RefundState::from_word(&r.state)
        .and_then(|state| refund_after(state, step))
        .ok_or_else(|| Refused::RefundMoved.into())
}

/// A leader says yes, or no with a reason.
pub async fn decide(
    tx: &mut Tx,
    catalogue: &Catalogue,
    r: &Refund,
    yes: bool,
    note: &str,
    who: &Who,
    now: Instant,
) -> Result<(), Problem> {
    let state = moved(r, if yes { RefundStep::Approve } else { RefundStep::Refuse })?;
    let note = if yes { note.trim().to_string() } else { needed("note", note)? };
    store::save_refund_decision(tx, r, state.word(), &who.account, &note, now).await?;
    let key = if yes { "log.refund_approved" } else { "log.refund_refused" };
    log(tx, catalogue, r, if yes { "approve_refund" } else { "refuse_refund" }, key, &note, now).await
}

/// The counter has given the money back, by hand; `reference` proves it.
pub async fn pay(
    tx: &mut Tx,
    catalogue: &Catalogue,
    r: &Refund,
    reference: &str,
    who: &Who,
    now: Instant,
) -> Result<(), Problem> {
    moved(r, RefundStep::Pay)?;
    let reference = needed("reference", reference)?;
    store::save_refund_paid(tx, r, &who.account, &reference, now).await?;
    log(tx, catalogue, r, "pay_refund", "log.refund_paid", &reference, now).await
}

/// A line in the dossier's log, where the money is a dossier's.
async fn log(
    tx: &mut Tx,
    catalogue: &Catalogue,
    r: &Refund,
    verb: &'static str,
    key: &str,
    said: &str,
    now: Instant,
) -> Result<(), Problem> {
    let Some(id) = r.dossier else { return Ok(()) };
    let mut case = Case::of_money(tx, catalogue, id, now).await?;
    let amount = base::format::thousands(r.amount);
    let note = kept(key, &[("number", &r.number), ("amount", &amount), ("said", said)]);
    dossier::record(tx, &mut case, verb, &note, json!({ "refund": r.id, "amount": r.amount })).await
}
