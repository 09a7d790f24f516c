//! The rows of money. Each function takes the caller's transaction, holds its one statement and
//! decides nothing.

use base::{Day, Id, Instant};
use db::blobs::Hash;
use db::{Filter, Tx, args};
use directory::UnitId;

use super::rules::Line;
use crate::dossier::DossierId;

pub enum RowKind {}
/// A fresh id for any row of this feature.
pub fn fresh() -> String {
    Id::<RowKind>::fresh().to_string()
}

db::record! {
    /// An account that takes money.
    pub struct Account {
        id: String, bin: String, number: String, bank: String, holder: String, keeper: String,
    }
}

/// The account of this counter on a day: its own, else the one for all.
pub async fn find_account(tx: &mut Tx, unit: &UnitId, day: Day) -> db::Result<Option<Account>> {
    tx.find(
        "select id, bin, number, bank, holder, keeper from fee_account
          where unit in ($1, '') and valid_from <= $2 and (valid_to is null or valid_to >= $2)
          order by unit desc, valid_from desc limit 1",
        args![unit.as_str(), day],
    )
    .await
}

/// The account with this number, whoever's it is; the newest of several.
pub async fn find_account_by_number(tx: &mut Tx, number: &str) -> db::Result<Option<Account>> {
    tx.find(
        "select id, bin, number, bank, holder, keeper from fee_account
          where number = $1 order by valid_from desc, id limit 1",
        args![number],
    )
    .await
}

/// The account with this id.
pub async fn get_account(tx: &mut Tx, id: &str) -> db::Result<Account> {
    tx.get("select id, bin, number, bank, holder, keeper from fee_account where id = $1", args![id]).await
}

/// Whether any account is known at all.
pub async fn has_accounts(tx: &mut Tx) -> db::Result<bool> {
    Ok(tx.find::<String>("select id from fee_account order by id limit 1", args![]).await?.is_some())
}

/// Adds an account. Twice is once.
pub async fn put_account(tx: &mut Tx, a: &Account, unit: &str, from: Day, source: &str) -> db::Result<()> {
    tx.change(
        "insert into fee_account (id, unit, bin, number, bank, holder, keeper, valid_from, source)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing",
        args![&a.id, unit, &a.bin, &a.number, &a.bank, &a.holder, &a.keeper, from, source],
    )
    .await?;
    Ok(())
}

db::record! {
    /// What a dossier owes, or owed.
    pub struct Bill {
        id: String, dossier: DossierId, code: String, state: String, gross: i64, amount: i64,
        counter: String, agency: String, account: Option<String>, note: String, asked_at: Instant,
        closed_at: Option<Instant>, closed_by: Option<String>, version: i64,
    }
}

/// The bill whose words these are.
pub async fn find_bill_by_code(tx: &mut Tx, code: &str) -> db::Result<Option<Bill>> {
    tx.find("select * from fee_bill where code = $1", args![code]).await
}

/// The bill with this id.
pub async fn get_bill(tx: &mut Tx, id: &str) -> db::Result<Bill> {
    tx.get("select * from fee_bill where id = $1", args![id]).await
}

/// The bill that a dossier must pay now; there is at most one.
pub async fn find_open_bill(tx: &mut Tx, dossier: DossierId) -> db::Result<Option<Bill>> {
    tx.find("select * from fee_bill where dossier = $1 and state = 'open'", args![dossier]).await
}

/// The bills of a dossier, the newest first; at most 50.
pub async fn list_bills(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Bill>> {
    tx.list(
        "select * from fee_bill where dossier = $1 order by asked_at desc, id desc limit 50",
        args![dossier],
    )
    .await
}

/// Writes a bill that has just been asked for.
pub async fn save_bill(tx: &mut Tx, b: &Bill) -> db::Result<()> {
    tx.change_one(
        "insert into fee_bill (id, dossier, code, state, gross, amount, counter, agency, account, note,
            asked_at, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            &b.id, b.dossier, &b.code, &b.state, b.gross, b.amount, &b.counter, &b.agency, &b.account,
            &b.note, b.asked_at, b.version
        ],
    )
    .await
}

/// Closes an open bill; `Stale` when somebody else has closed or changed it.
pub async fn close_bill(tx: &mut Tx, b: &Bill, state: &str, by: &str, at: Instant) -> db::Result<()> {
    tx.change_one(
        "update fee_bill set state = $1, closed_by = $2, closed_at = $3, version = version + 1
          where id = $4 and version = $5 and state = 'open'",
        args![state, by, at, &b.id, b.version],
    )
    .await
}

/// Writes what an open bill still asks for after a reduction.
pub async fn save_bill_amount(tx: &mut Tx, b: &Bill, amount: i64) -> db::Result<()> {
    tx.change_one(
        "update fee_bill set amount = $1, version = version + 1
          where id = $2 and version = $3 and state = 'open'",
        args![amount, &b.id, b.version],
    )
    .await
}

db::record! {
    /// A line of a bill as it was asked for.
    pub struct LineRow { name: String, kind: String, unit: String, quantity: i64, price: i64, source: String }
}

/// The lines of a bill in their order.
pub async fn list_lines(tx: &mut Tx, bill: &str) -> db::Result<Vec<LineRow>> {
    tx.list(
        "select name, kind, unit, quantity, price, source from fee_line where bill = $1
          order by ordinal limit 50",
        args![bill],
    )
    .await
}

/// Adds a line to a bill.
pub async fn save_line(tx: &mut Tx, bill: &str, ordinal: i64, l: &Line) -> db::Result<()> {
    tx.change_one(
        "insert into fee_line (bill, ordinal, name, kind, unit, quantity, price, source)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![bill, ordinal, &l.name, l.kind.word(), &l.unit, l.quantity, l.price, &l.source],
    )
    .await
}

db::record! {
    /// What a bank told us.
    pub struct Payment {
        id: String, bank: String, reference: String, digest: String, amount: i64, words: String,
        number: String, payer_name: String, payer_number: String, paid_at: Instant,
        received_at: Instant, bill: Option<String>, applied: i64, state: String,
        trouble: Option<String>, keeper: String, outcome: Option<String>, note: String,
        settled_at: Option<Instant>, version: i64,
    }
}

/// The payments that a bank told under one reference; more than one is the bank's mistake.
pub async fn list_by_reference(tx: &mut Tx, bank: &str, reference: &str) -> db::Result<Vec<Payment>> {
    tx.list(
        "select * from fee_payment where bank = $1 and reference = $2 order by received_at limit 20",
        args![bank, reference],
    )
    .await
}

/// The payment with this id, if it is this counter's.
pub async fn find_payment(tx: &mut Tx, id: &str, keeper: &UnitId) -> db::Result<Option<Payment>> {
    tx.find("select * from fee_payment where id = $1 and keeper = $2", args![id, keeper.as_str()]).await
}

/// Keeps what a bank told. The same told twice at once is `Taken`.
pub async fn save_payment(tx: &mut Tx, p: &Payment) -> db::Result<()> {
    tx.change_one(
        "insert into fee_payment (id, bank, reference, digest, amount, words, number, payer_name,
            payer_number, paid_at, received_at, bill, applied, state, trouble, keeper, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        args![
            &p.id,
            &p.bank,
            &p.reference,
            &p.digest,
            p.amount,
            &p.words,
            &p.number,
            &p.payer_name,
            &p.payer_number,
            p.paid_at,
            p.received_at,
            &p.bill,
            p.applied,
            &p.state,
            &p.trouble,
            &p.keeper,
            p.version
        ],
    )
    .await
}

/// What waits beside a bill because it was too little; at most 50.
pub async fn list_held(tx: &mut Tx, bill: &str) -> db::Result<Vec<Payment>> {
    tx.list(
        "select * from fee_payment where bill = $1 and state = 'open' and trouble = 'too_little'
          order by received_at limit 50",
        args![bill],
    )
    .await
}

/// The task about a payment is done. `applied` is how much of it paid a bill.
pub async fn save_payment_done(
    tx: &mut Tx,
    p: &Payment,
    done: (&str, &str),
    applied: i64,
    by: Option<&str>,
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update fee_payment set state = 'done', outcome = $1, note = $2, applied = $3, settled_by = $4,
            settled_at = $5, version = version + 1 where id = $6 and version = $7 and state = 'open'",
        args![done.0, done.1, applied, by, at, &p.id, p.version],
    )
    .await
}

/// The bill that a task's payment was put to.
pub async fn save_payment_bill(tx: &mut Tx, p: &Payment, bill: &str) -> db::Result<()> {
    tx.change_one("update fee_payment set bill = $1 where id = $2", args![bill, &p.id]).await
}

/// The payments that wait for a person at a counter, the oldest first.
pub async fn list_tasks(tx: &mut Tx, keeper: &UnitId) -> db::Result<Vec<Payment>> {
    tx.list(
        "select * from fee_payment where keeper = $1 and state = 'open' order by received_at, id limit 50",
        args![keeper.as_str()],
    )
    .await
}

/// The payments that a bill got, in their order; at most 50.
pub async fn list_payments(tx: &mut Tx, bill: &str) -> db::Result<Vec<Payment>> {
    tx.list("select * from fee_payment where bill = $1 order by received_at, id limit 50", args![bill]).await
}

db::record! {
    /// A numbered receipt for money taken.
    pub struct Receipt {
        id: String, unit: String, series: String, number: String, dossier: DossierId, bill: String,
        way: String, amount: i64, clerk: Option<String>, reference: String, day: Day, at: Instant,
        voided_at: Option<Instant>, void_reason: Option<String>, replaces: Option<String>,
        sha256: Option<Hash>,
    }
}

/// Writes a receipt with the number it was given.
pub async fn save_receipt(tx: &mut Tx, r: &Receipt) -> db::Result<()> {
    tx.change_one(
        "insert into fee_receipt (id, unit, series, number, dossier, bill, way, amount, clerk, reference,
            day, at, replaces) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        args![
            &r.id,
            &r.unit,
            &r.series,
            &r.number,
            r.dossier,
            &r.bill,
            &r.way,
            r.amount,
            &r.clerk,
            &r.reference,
            r.day,
            r.at,
            &r.replaces
        ],
    )
    .await
}

/// The receipts of a dossier, the newest first; at most 50.
pub async fn list_receipts(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Receipt>> {
    tx.list(
        "select id, unit, series, number, dossier, bill, way, amount, clerk, reference, day, at,
                voided_at, void_reason, replaces, sha256
           from fee_receipt where dossier = $1 order by at desc, number desc limit 50",
        args![dossier],
    )
    .await
}

/// A receipt of this dossier.
pub async fn find_receipt(tx: &mut Tx, dossier: DossierId, id: &str) -> db::Result<Option<Receipt>> {
    tx.find(
        "select id, unit, series, number, dossier, bill, way, amount, clerk, reference, day, at,
                voided_at, void_reason, replaces, sha256
           from fee_receipt where dossier = $1 and id = $2",
        args![dossier, id],
    )
    .await
}

/// Makes a receipt void; `Stale` when it is already. What was printed of it is printed anew.
pub async fn void_receipt(tx: &mut Tx, id: &str, by: &str, reason: &str, at: Instant) -> db::Result<()> {
    tx.change_one(
        "update fee_receipt set voided_at = $1, voided_by = $2, void_reason = $3, sha256 = null
          where id = $4 and voided_at is null",
        args![at, by, reason, id],
    )
    .await
}

/// Keeps the printed paper of a receipt; the first one made stays.
pub async fn put_receipt_paper(tx: &mut Tx, r: &Receipt, sha256: Hash) -> db::Result<u64> {
    let voided = i64::from(r.voided_at.is_some());
    tx.change(
        "update fee_receipt set sha256 = $1 where id = $2 and sha256 is null
            and (case when voided_at is null then 0 else 1 end) = $3",
        args![sha256, &r.id, voided],
    )
    .await
}

/// The receipts of a counter on a day, in the order of their numbers; at most 2,000.
pub async fn list_day(tx: &mut Tx, unit: &UnitId, day: Day) -> db::Result<Vec<DayLine>> {
    tx.list(
        "select r.series, r.number, r.way, r.amount, r.clerk, r.at, r.voided_at, r.void_reason, d.code,
                d.applicant_name as payer, (select min(l.kind) from fee_line l where l.bill = r.bill) as kind
           from fee_receipt r join dossier d on d.id = r.dossier
          where r.unit = $1 and r.day = $2 order by r.series, r.number limit 2000",
        args![unit.as_str(), day],
    )
    .await
}

db::record! {
    /// A receipt in the book of a day.
    pub struct DayLine {
        series: String, number: String, way: String, amount: i64, clerk: Option<String>, at: Instant,
        voided_at: Option<Instant>, void_reason: Option<String>, code: String, payer: String,
        kind: Option<String>,
    }
}

db::record! {
    /// A kind of person or case that pays less.
    pub struct Reduction {
        id: String, procedure: String, name: String, percent: i64, proof: String, source: String,
        doubt: String,
    }
}

/// The reductions of a procedure on a day; at most 100.
pub async fn list_reductions(tx: &mut Tx, procedure: &str, day: Day) -> db::Result<Vec<Reduction>> {
    tx.list(
        "select id, procedure, name, percent, proof, source, doubt from fee_reduction
          where procedure in ($1, '') and valid_from <= $2 and (valid_to is null or valid_to >= $2)
          order by procedure desc, name, id limit 100",
        args![procedure, day],
    )
    .await
}

/// Whether a procedure has a reduction of this name without an end.
pub async fn has_reduction(tx: &mut Tx, procedure: &str, name: &str) -> db::Result<bool> {
    let sql = "select id from fee_reduction where procedure = $1 and name = $2 and valid_to is null limit 1";
    Ok(tx.find::<String>(sql, args![procedure, name]).await?.is_some())
}

/// Adds a reduction. Twice is once.
pub async fn put_reduction(tx: &mut Tx, r: &Reduction, from: Day) -> db::Result<()> {
    tx.change(
        "insert into fee_reduction (id, procedure, name, percent, proof, valid_from, source, doubt)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing",
        args![&r.id, &r.procedure, &r.name, r.percent, &r.proof, from, &r.source, &r.doubt],
    )
    .await?;
    Ok(())
}

db::record! {
    /// A reduction that was granted.
    pub struct Grant {
        id: String, bill: String, reduction: String, name: String, percent: i64, amount: i64,
        proof_file: Option<String>, proof_note: String, account: String, at: Instant,
    }
}

/// Writes a grant; a second one of the same reduction for the bill is `Taken`.
pub async fn save_grant(tx: &mut Tx, g: &Grant) -> db::Result<()> {
    tx.change_one(
        "insert into fee_grant (id, bill, reduction, name, percent, amount, proof_file, proof_note,
            account, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            &g.id,
            &g.bill,
            &g.reduction,
            &g.name,
            g.percent,
            g.amount,
            &g.proof_file,
            &g.proof_note,
            &g.account,
            g.at
        ],
    )
    .await
}

/// What was granted on a bill, in its order.
pub async fn list_grants(tx: &mut Tx, bill: &str) -> db::Result<Vec<Grant>> {
    tx.list("select * from fee_grant where bill = $1 order by at, id limit 50", args![bill]).await
}

db::record! {
    /// Money on its way back.
    pub struct Refund {
        id: String, number: String, dossier: Option<DossierId>, payment: Option<String>, cause: String,
        amount: i64, reason: String, to_name: String, to_account: String, counter: String, agency: String,
        state: String, asked_by: Option<String>, asked_at: Instant, decided_by: Option<String>,
        decided_at: Option<Instant>, decision_note: String, paid_by: Option<String>,
        paid_at: Option<Instant>, paid_reference: String, version: i64,
    }
}

/// Writes a refund that has just been asked for.
pub async fn save_refund(tx: &mut Tx, r: &Refund) -> db::Result<()> {
    tx.change_one(
        "insert into fee_refund (id, number, dossier, payment, cause, amount, reason, to_name, to_account,
            counter, agency, state, asked_by, asked_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        args![
            &r.id,
            &r.number,
            r.dossier,
            &r.payment,
            &r.cause,
            r.amount,
            &r.reason,
            &r.to_name,
            &r.to_account,
            &r.counter,
            &r.agency,
            &r.state,
            &r.asked_by,
            r.asked_at,
            r.version
        ],
    )
    .await
}

/// What a leader has said of it.
pub async fn save_refund_decision(
    tx: &mut Tx,
    r: &Refund,
    state: &str,
    by: &str,
    note: &str,
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update fee_refund set state = $1, decided_by = $2, decided_at = $3, decision_note = $4,
            version = version + 1 where id = $5 and version = $6",
        args![state, by, at, note, &r.id, r.version],
    )
    .await
}

/// The money has gone back.
pub async fn save_refund_paid(
    tx: &mut Tx,
    r: &Refund,
    by: &str,
    reference: &str,
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update fee_refund set state = 'paid', paid_by = $1, paid_at = $2, paid_reference = $3,
            version = version + 1 where id = $4 and version = $5",
        args![by, at, reference, &r.id, r.version],
    )
    .await
}

/// The refunds of a dossier, the newest first; at most 50.
pub async fn list_refunds(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Refund>> {
    tx.list(
        "select * from fee_refund where dossier = $1 order by asked_at desc, id desc limit 50",
        args![dossier],
    )
    .await
}

/// The refunds before the leaders of an agency, or to be paid out by a counter.
pub async fn list_refunds_at(
    tx: &mut Tx,
    agency: Option<&UnitId>,
    counter: Option<&UnitId>,
    open: bool,
) -> db::Result<Vec<Refund>> {
    let filter = Filter::new("select * from fee_refund")
        .and("agency = ?", agency.map(|u| u.as_str()))
        .and("counter = ?", counter.map(|u| u.as_str()))
        .when("state in ('asked', 'approved')", open)
        .tail("order by asked_at desc, id desc limit 50");
    tx.list(&filter, &filter.args).await
}

/// A refund that is this agency's to decide, or this counter's to pay.
pub async fn find_refund(tx: &mut Tx, id: &str, unit: &UnitId) -> db::Result<Option<Refund>> {
    tx.find(
        "select * from fee_refund where id = $1 and (agency = $2 or counter = $2)",
        args![id, unit.as_str()],
    )
    .await
}

/// What of a dossier's money is on its way back or has gone, in đồng.
pub async fn refunded(tx: &mut Tx, dossier: DossierId) -> db::Result<i64> {
    tx.get(
        "select cast(coalesce(sum(amount), 0) as bigint) from fee_refund
          where dossier = $1 and payment is null and state <> 'refused'",
        args![dossier],
    )
    .await
}
