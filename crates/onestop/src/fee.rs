//! Money: what a dossier owes, how it comes in (cash at the counter, a transfer that the bank tells
//! of), what is forgiven, receipted and given back. Law: three ways to pay, and the citizen's time to
//! pay is outside the clock. law: onestop/fees, onestop/fee-clock
//!
//! A bill is paid exactly once: its row is closed by the transaction that takes the dossier's step
//! `pay`, gives the receipt its number and writes the log, or none of these happens.

pub mod account;
pub mod bank;
pub mod claim;
pub mod code;
pub mod demo;
pub mod desk;
pub mod pages;
pub mod receipt;
pub mod refund;
pub mod rules;
pub mod sheet;
pub mod store;
pub mod vietqr;
pub mod words;

#[cfg(test)]
mod tests;

use base::{Day, Instant};
use db::Tx;
use directory::UnitId;
use serde_json::json;
use web::{FieldError, Problem};

use crate::catalogue::Catalogue;
use crate::dossier::{self, Case, Dossier, Who};
use crate::number;
use crate::procedure::model::Channel;
use bank::Notice;
use rules::{BillState, Names, Owed, Trouble, Verdict};
use store::{Bill, Grant, Payment, Receipt, Reduction};
use words::{kept, say};

pub use account::{seed, seed_demo};

/// The longest reason or note about money, in characters.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// An expected "no" about money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nothing is owed now.
    NothingOwed,
    /// The words name no bill.
    NoSuchBill,
    /// The payment does not fit the bill, for this reason.
    DoesNotFit(Trouble),
    /// No more than this can be given back, in đồng.
    RefundTooLarge(i64),
    /// The refund has been decided or paid meanwhile.
    RefundMoved,
    /// The receipt is void already.
    AlreadyVoid,
    /// The reduction is not this procedure's, or not in force.
    NoSuchReduction,
    /// The reduction was granted already.
    AlreadyGranted,
    /// A claim of this bill waits already.
    AlreadyClaimed,
    /// The claim has been answered, or its bill is closed.
    ClaimDone,
    /// The task about this payment is done.
    TaskDone,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let (key, args): (&str, Vec<(&str, String)>) = match refused {
            Refused::NothingOwed => ("refused.nothing_owed", vec![]),
            Refused::NoSuchBill => ("refused.no_such_bill", vec![]),
            Refused::DoesNotFit(trouble) => {
                ("refused.does_not_fit", vec![("why", say(&format!("trouble.{}", trouble.word()), &[]))])
            }
            Refused::RefundTooLarge(most) => {
                ("refused.refund_too_large", vec![("most", base::format::thousands(most))])
            }
            Refused::RefundMoved => ("refused.refund_moved", vec![]),
            Refused::AlreadyVoid => ("refused.already_void", vec![]),
            Refused::NoSuchReduction => ("refused.no_such_reduction", vec![]),
            Refused::AlreadyGranted => ("refused.already_granted", vec![]),
            Refused::AlreadyClaimed => ("refused.already_claimed", vec![]),
            Refused::ClaimDone => ("refused.claim_done", vec![]),
            Refused::TaskDone => ("refused.task_done", vec![]),
        };
        let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
        Problem::refused(say(key, &args), format!("refused: {key}"))
    }
}

/// A text that must be there and not too long, trimmed; else the field to correct.
pub fn needed(field: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Problem::field(field, say("fault.needed", &[]))),
        n if n > NOTE_CHARS_MAX => {
            Err(Problem::field(field, say("fault.too_long", &[("most", &NOTE_CHARS_MAX.to_string())])))
        }
        _ => Ok(text.to_string()),
    }
}

/// Several checks at once: all that is wrong, or the values.
pub fn all_of(checks: Vec<Result<(), Problem>>) -> Result<(), Problem> {
    let mut wrong: Vec<FieldError> = Vec::new();
    for check in checks {
        match check {
            Ok(()) => {}
            Err(Problem::Invalid(errors)) => wrong.extend(errors),
            Err(other) => return Err(other),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Problem::Invalid(wrong)) }
}

/// Writes down what the dossier owes since an official has asked for `amount`. The words of the
/// transfer are drawn by lot, so that nobody's can be guessed from somebody else's.
pub async fn bill(tx: &mut Tx, case: &Case, amount: i64, note: &str) -> Result<Bill, Problem> {
    let d = &case.dossier;
    let account = store::find_account(tx, &d.counter, case.now.day()).await?;
    let mut lot = [0_u8; 8];
    aws_lc_rs::rand::fill(&mut lot).map_err(|_| Problem::fault("no random bytes"))?;
    let bill = Bill {
        id: store::fresh(),
        dossier: d.id,
        code: code::make(u64::from_le_bytes(lot)),
        state: BillState::Open.word().into(),
        gross: amount,
        amount,
        counter: d.counter.to_string(),
        agency: d.agency.to_string(),
        account: account.map(|a| a.id),
        note: note.trim().into(),
        asked_at: case.now,
        closed_at: None,
        closed_by: None,
        version: 1,
    };
    store::save_bill(tx, &bill).await?;
    let source = match &case.procedure.decision {
        Some(decision) => kept("line.source", &[("decision", decision)]),
        None => kept("line.source_unknown", &[]),
    };
    let (charge, general) = (kept("kind.charge", &[]), kept("line.general", &[]));
    let names = Names { charge: &charge, general: &general, source: &source };
    let lines = rules::lines(&case.procedure.fees, channel(d), amount, &names);
    for (ordinal, line) in (1..).zip(&lines) {
        store::save_line(tx, &bill.id, ordinal, line).await?;
    }
    Ok(bill)
}

fn channel(d: &Dossier) -> Option<Channel> {
    match d.channel.as_str() {
        "online" => Some(Channel::Online),
        "counter" => Some(Channel::Counter),
        "post" => Some(Channel::Post),
        _ => None,
    }
}

/// How a bill came to its end.
enum Closing<'a> {
    Cash { clerk: &'a str },
    Transfer { reference: &'a str },
    Exemption,
}

/// The bill is settled: the dossier goes on, the bill is closed, a receipt has its number. The rules
/// speak first, so that a refused step uses up no number.
async fn close(
    tx: &mut Tx,
    case: &mut Case,
    bill: &Bill,
    how: Closing<'_>,
    note: &str,
) -> Result<Option<Receipt>, Problem> {
    let (by, clerk, reference) = match how {
        Closing::Cash { clerk } => ("cash", Some(clerk), ""),
        Closing::Transfer { reference } => ("transfer", None, reference),
        Closing::Exemption => ("exemption", None, ""),
    };
    let details = json!({ "amount": bill.amount, "way": by, "bill": bill.code });
    dossier::fee_settled(tx, case, note, details).await?;
    store::close_bill(tx, bill, BillState::Paid.word(), by, case.now).await?;
    if bill.amount == 0 {
        return Ok(None);
    }
    let given = receipt::Given { way: by, clerk, reference, replaces: None };
    receipt::give(tx, bill, &given, case.now).await.map(Some)
}

/// A counter clerk takes what is owed in cash. The receipt has the next number of the counter's book.
pub async fn take_cash(tx: &mut Tx, case: &mut Case, note: &str, who: &Who) -> Result<Receipt, Problem> {
    let found = store::find_open_bill(tx, case.dossier.id).await?;
    let bill = match found {
        Some(bill) => bill,
        // Asked for before bills were written down.
        None => {
            let owed = case.dossier.fee_asked - case.dossier.fee_paid;
            if owed <= 0 || case.dossier.state.status() != dossier::rules::Status::AwaitingFee {
                // Let the rules say why, if they have a reason of their own.
                dossier::fee_settled(tx, case, note, json!({})).await?;
                return Err(Refused::NothingOwed.into());
            }
            self::bill(tx, case, owed, "").await?
        }
    };
    let receipt = close(tx, case, &bill, Closing::Cash { clerk: &who.account }, note).await?;
    receipt.ok_or_else(|| Refused::NothingOwed.into())
}

/// What came of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It paid its bill.
    Applied,
    /// It is kept, and somebody has to look at it.
    Task(Trouble),
    /// It was told before; nothing has changed.
    Known,
}

/// Takes what a bank tells: kept whatever it is, and put to the bill that its words name. Told twice,
/// it counts once: the bank's reference decides.
///
/// A notice about an account that is none of ours is refused; the bank keeps it.
pub async fn take_notice(
    tx: &mut Tx,
    catalogue: &Catalogue,
    bank: &str,
    notice: &Notice,
    now: Instant,
) -> Result<Told, Problem> {
    let digest = notice.digest();
    let known = store::list_by_reference(tx, bank, &notice.reference).await?;
    if known.iter().any(|p| p.digest == digest) {
        return Ok(Told::Known);
    }
    let bill = bill_named(tx, &notice.words).await?;
    let account = store::find_account_by_number(tx, &notice.account).await?;
    let Some(keeper) =
        account.as_ref().map(|a| a.keeper.clone()).or(bill.as_ref().map(|b| b.counter.clone()))
    else {
        return Err(Problem::field("account", say("fault.account_unknown", &[])));
    };
    let mut payment = Payment {
        id: store::fresh(),
        bank: bank.into(),
        reference: notice.reference.clone(),
        digest,
        amount: notice.amount,
        words: notice.words.clone(),
        number: notice.account.clone(),
        payer_name: notice.payer_name.clone(),
        payer_number: notice.payer_account.clone(),
        paid_at: notice.paid_at,
        received_at: now,
        bill: bill.as_ref().map(|b| b.id.clone()),
        applied: 0,
        state: "open".into(),
        trouble: None,
        keeper,
        outcome: None,
        note: String::new(),
        settled_at: None,
        version: 1,
    };
    let verdict = match known.is_empty() {
        false => Verdict::Task(Trouble::Reference),
        true => {
            let same = bill.as_ref().is_some_and(|b| b.account == account.as_ref().map(|a| a.id.clone()));
            judge(tx, &payment, bill.as_ref(), same).await?
        }
    };
    let told = match (verdict, bill) {
        (Verdict::Settles { excess }, Some(bill)) => {
            settle(tx, catalogue, &mut payment, &bill, excess, now).await?
        }
        (Verdict::Task(trouble), _) => Told::Task(trouble),
        (Verdict::Settles { .. }, None) => Told::Task(Trouble::Unknown),
    };
    if let Told::Task(trouble) = told {
        payment.trouble = Some(trouble.word().into());
    }
    store::save_payment(tx, &payment).await?;
    Ok(told)
}

/// The bill that the words of a transfer name.
async fn bill_named(tx: &mut Tx, words: &str) -> Result<Option<Bill>, Problem> {
    for code in code::find(words) {
        if let Some(bill) = store::find_bill_by_code(tx, &code).await? {
            return Ok(Some(bill));
        }
    }
    Ok(None)
}

async fn judge(tx: &mut Tx, p: &Payment, bill: Option<&Bill>, same: bool) -> Result<Verdict, Problem> {
    let owed = match bill {
        Some(bill) => Some(Owed {
            state: BillState::from_word(&bill.state)
                .ok_or_else(|| Problem::fault(format_args!("bill {} in no state", bill.id)))?,
            amount: bill.amount,
            held: held(tx, bill, &p.id).await?,
            same_account: same,
        }),
        None => None,
    };
    Ok(rules::judge(p.amount, owed))
}

/// What waits beside a bill, in đồng, without this payment.
async fn held(tx: &mut Tx, bill: &Bill, without: &str) -> Result<i64, Problem> {
    let waiting = store::list_held(tx, &bill.id).await?;
    Ok(waiting.iter().filter(|p| p.id != without).map(|p| p.amount).sum())
}

/// The payment pays its bill, together with what waited beside it.
async fn settle(
    tx: &mut Tx,
    catalogue: &Catalogue,
    payment: &mut Payment,
    bill: &Bill,
    excess: i64,
    now: Instant,
) -> Result<Told, Problem> {
    let mut case = Case::of_money(tx, catalogue, bill.dossier, now).await?;
    let note = kept("log.transfer", &[("reference", &payment.reference)]);
    let how = Closing::Transfer { reference: &payment.reference };
    match close(tx, &mut case, bill, how, &note).await {
        Ok(_) => {}
        // The dossier cannot take it any more: its money is not lost.
        Err(Problem::Refused(_)) => return Ok(Told::Task(Trouble::Late)),
        Err(other) => return Err(other),
    }
    for part in store::list_held(tx, &bill.id).await? {
        if part.id != payment.id {
            store::save_payment_done(tx, &part, ("applied", ""), part.amount, None, now).await?;
        }
    }
    payment.applied = payment.amount - excess;
    if excess > 0 {
        return Ok(Told::Task(Trouble::TooMuch));
    }
    payment.state = "applied".into();
    Ok(Told::Applied)
}

/// A clerk puts a payment to the bill that it was meant for. What was too little stays and waits.
pub async fn apply(
    tx: &mut Tx,
    catalogue: &Catalogue,
    payment: &Payment,
    words: &str,
    who: &Who,
    now: Instant,
) -> Result<(), Problem> {
    if payment.state != "open" || payment.applied > 0 {
        return Err(Refused::TaskDone.into());
    }
    let named = bill_named(tx, words).await?;
    let bill = match named {
        Some(bill) => bill,
        None => match dossier::store::find(tx, &dossier::follow::plain(words)).await? {
            Some(d) => store::find_open_bill(tx, d.id).await?.ok_or(Refused::NothingOwed)?,
            None => return Err(Refused::NoSuchBill.into()),
        },
    };
    // The office is in the query: a clerk settles the bills of the counter whose money this is.
    if bill.counter != payment.keeper {
        return Err(Refused::NoSuchBill.into());
    }
    match judge(tx, payment, Some(&bill), true).await? {
        Verdict::Settles { excess: 0 } => {}
        Verdict::Settles { .. } => return Err(Refused::DoesNotFit(Trouble::TooMuch).into()),
        Verdict::Task(trouble) => return Err(Refused::DoesNotFit(trouble).into()),
    }
    let mut applied = payment.clone();
    match settle(tx, catalogue, &mut applied, &bill, 0, now).await? {
        Told::Applied => {}
        Told::Task(trouble) => return Err(Refused::DoesNotFit(trouble).into()),
        Told::Known => return Err(Refused::TaskDone.into()),
    }
    store::save_payment_done(tx, payment, ("applied", ""), payment.amount, Some(&who.account), now).await?;
    Ok(store::save_payment_bill(tx, payment, &bill.id).await?)
}

/// A clerk closes a task with words that say where the money stays.
pub async fn explain(tx: &mut Tx, p: &Payment, note: &str, who: &Who, now: Instant) -> Result<(), Problem> {
    let note = needed("note", note)?;
    if p.state != "open" {
        return Err(Refused::TaskDone.into());
    }
    Ok(store::save_payment_done(tx, p, ("explained", &note), p.applied, Some(&who.account), now).await?)
}

/// The proof of a reduction: a file of the dossier, or what the clerk saw.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    pub file: Option<String>,
    pub note: String,
}

/// A clerk grants a reduction on the open bill. Where nothing is left to pay, the dossier goes on.
/// law: onestop/fee-exemptions
pub async fn grant(
    tx: &mut Tx,
    case: &mut Case,
    reduction: &str,
    proof: &Proof,
    who: &Who,
) -> Result<(), Problem> {
    let d = case.dossier.id;
    let bill = store::find_open_bill(tx, d).await?.ok_or(Refused::NothingOwed)?;
    let offered = reductions(tx, case, case.now.day()).await?;
    let chosen = offered.into_iter().find(|r| r.id == reduction).ok_or(Refused::NoSuchReduction)?;
    if store::list_grants(tx, &bill.id).await?.iter().any(|g| g.reduction == chosen.id) {
        return Err(Refused::AlreadyGranted.into());
    }
    let file = match &proof.file {
        Some(id) => Some(dossier::store::find_file(tx, d, id).await?.ok_or(Problem::NotFound)?.id),
        None => None,
    };
    let seen = if file.is_none() { needed("note", &proof.note)? } else { proof.note.trim().to_string() };
    let off = rules::taken_off(bill.gross, chosen.percent).min(bill.amount);
    let left = bill.amount - off;
    let grant = Grant {
        id: store::fresh(),
        bill: bill.id.clone(),
        reduction: chosen.id,
        name: chosen.name.clone(),
        percent: chosen.percent,
        amount: off,
        proof_file: file,
        proof_note: seen,
        account: who.account.clone(),
        at: case.now,
    };
    store::save_grant(tx, &grant).await?;
    store::save_bill_amount(tx, &bill, left).await?;
    case.dossier.fee_asked -= off;
    let off_text = base::format::thousands(off);
    let note = kept("log.grant", &[("name", &chosen.name), ("amount", &off_text)]);
    let details = json!({ "amount": off, "reduction": grant.reduction, "percent": chosen.percent });
    dossier::record(tx, case, "reduce_fee", &note, details).await?;
    claim::granted(tx, case, reduction, who).await?;
    if left == 0 {
        let bill = Bill { amount: 0, version: bill.version + 1, ..bill };
        close(tx, case, &bill, Closing::Exemption, &kept("log.exempt", &[])).await?;
    }
    Ok(())
}

/// The reductions that may be asked for in this dossier.
pub async fn reductions(tx: &mut Tx, case: &Case, day: Day) -> Result<Vec<Reduction>, Problem> {
    Ok(store::list_reductions(tx, &case.procedure.code, day).await?)
}

/// The dossier has ended before its bill was paid, or after: what is owed is owed no longer, and
/// where the agency ended it, what was paid is proposed to be given back. law: onestop/fee-refunds
pub async fn abandon(tx: &mut Tx, case: &mut Case, stopped: bool) -> Result<(), Problem> {
    let by = if stopped { "stopped" } else { "withdrawn" };
    if let Some(bill) = store::find_open_bill(tx, case.dossier.id).await? {
        store::close_bill(tx, &bill, BillState::Cancelled.word(), by, case.now).await?;
    }
    if stopped {
        refund::propose(tx, case).await?;
    }
    Ok(())
}

/// The counter that looks after a unit's money.
fn unit(id: &str) -> UnitId {
    UnitId::from(id)
}

/// The next number of a counter's book.
async fn next(tx: &mut Tx, scheme: &'static str, unit: &str, day: Day) -> Result<String, Problem> {
    number::next(tx, scheme, unit, &[], day).await
}
