//! "The law forgives me this": an applicant who owes a fee names the reduction and brings the proof, and
//! the counter grants it or says why not. The dossier waits for the fee all the while, so its clock does
//! not run. law: onestop/fee-exemptions

pub mod pages;

use base::Instant;
use contracts::onestop as event;
use db::{Tx, args, outbox};
use directory::UnitId;
use serde_json::json;
use web::Problem;

use super::words::{kept, say};
use super::{NOTE_CHARS_MAX, Proof, Refused, grant, needed, reductions, store};
use crate::dossier::{self, Case, DossierId, Who};
use crate::filing::{self, Attached};

db::record! {
    /// What somebody claims.
    pub struct Claim {
        id: String, dossier: DossierId, bill: String, counter: String, reduction: String, name: String,
        percent: i64, file: String, note: String, account: String, at: Instant, state: String,
        reason: String,
    }
}

/// The claims of a dossier, the newest first; at most 20.
pub async fn list(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Claim>> {
    tx.list(
        "select id, dossier, bill, counter, reduction, name, percent, file, note, account, at, state, reason
           from fee_claim where dossier = $1 order by at desc, id desc limit 20",
        args![dossier],
    )
    .await
}

/// The one that waits for the counter; none once its bill is closed otherwise.
pub async fn find_open(tx: &mut Tx, dossier: DossierId) -> db::Result<Option<Claim>> {
    tx.find(
        "select c.id, c.dossier, c.bill, c.counter, c.reduction, c.name, c.percent, c.file, c.note, c.account,
                c.at, c.state, c.reason
           from fee_claim c join fee_bill b on b.id = c.bill
          where c.dossier = $1 and c.state = 'asked' and b.state = 'open'",
        args![dossier],
    )
    .await
}

db::record! {
    /// A claim in the counter's list of what waits.
    pub struct Waiting { code: String, applicant_name: String, name: String, at: Instant }
}

/// What waits at a counter, the oldest first; at most 50.
pub async fn list_waiting(tx: &mut Tx, counter: &UnitId) -> db::Result<Vec<Waiting>> {
    tx.list(
        "select d.code, d.applicant_name, c.name, c.at
           from fee_claim c join fee_bill b on b.id = c.bill join dossier d on d.id = c.dossier
          where c.counter = $1 and c.state = 'asked' and b.state = 'open' order by c.at, c.id limit 50",
        args![counter.as_str()],
    )
    .await
}

/// What the applicant names.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub reduction: String,
    /// The proof: an upload of theirs, or an entry of their vault.
    pub proof: Option<Attached>,
    pub note: String,
}

/// The applicant claims a reduction of what is owed now.
pub async fn ask(tx: &mut Tx, case: &mut Case, wanted: &Wanted, who: &Who) -> Result<(), Problem> {
    let id = case.dossier.id;
    let bill = store::find_open_bill(tx, id).await?.ok_or(Refused::NothingOwed)?;
    let offered = reductions(tx, case, case.now.day()).await?;
    let chosen = offered.into_iter().find(|r| r.id == wanted.reduction);
    let note = wanted.note.trim();
    let fits = match note.chars().count() {
        n if n > NOTE_CHARS_MAX => {
            Err(Problem::field("ghi-chu", say("fault.too_long", &[("most", &NOTE_CHARS_MAX.to_string())])))
        }
        _ => Ok(()),
    };
    super::all_of(vec![
        chosen.as_ref().map(drop).ok_or_else(|| Problem::field("mg-1", say("claim.choose", &[]))),
        wanted.proof.as_ref().map(drop).ok_or_else(|| Problem::field("tep", say("claim.bring", &[]))),
        fits,
    ])?;
    let (Some(chosen), Some(proof)) = (chosen, &wanted.proof) else { return Err(Problem::NotFound) };
    if store::list_grants(tx, &bill.id).await?.iter().any(|g| g.reduction == chosen.id) {
        return Err(Refused::AlreadyGranted.into());
    }
    if find_open(tx, id).await?.is_some() {
        return Err(Refused::AlreadyClaimed.into());
    }
    let before = dossier::store::list_files(tx, id).await?;
    let to = filing::Place { dossier: id, before: &before, why: "supplement" };
    let files = filing::attach_loose(tx, to, std::slice::from_ref(proof), &who.account, case.now).await?;
    let file =
        files.into_iter().next().ok_or_else(|| Problem::fault("a proof that was taken is not there"))?;
    tx.change_one(
        "insert into fee_claim (id, dossier, bill, counter, reduction, name, percent, file, note, account, at,
                                state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'asked')",
        args![
            store::fresh(),
            id,
            &bill.id,
            &bill.counter,
            &chosen.id,
            &chosen.name,
            chosen.percent,
            &file.id,
            note,
            &who.account,
            case.now
        ],
    )
    .await?;
    let said = kept("log.claimed", &[("name", &chosen.name)]);
    let details = json!({ "reduction": chosen.id, "files": [file.sha256.to_string()] });
    dossier::record(tx, case, "claim_reduction", &said, details).await?;
    tell(tx, case, event::REDUCTION_CLAIMED).await
}

/// What the counter says to a claim.
#[derive(Clone, Debug)]
pub enum Answer {
    Grant,
    Decline { reason: String },
}

/// The counter's answer to the claim that waits.
pub async fn decide(
    tx: &mut Tx,
    case: &mut Case,
    claim: &str,
    answer: &Answer,
    who: &Who,
) -> Result<(), Problem> {
    let open = find_open(tx, case.dossier.id).await?;
    let open = open.filter(|c| c.id == claim).ok_or(Refused::ClaimDone)?;
    match answer {
        Answer::Grant => {
            let proof = Proof { file: Some(open.file), note: open.note };
            grant(tx, case, &open.reduction, &proof, who).await
        }
        Answer::Decline { reason } => {
            let reason = needed("reason", reason)?;
            settle(tx, &open.id, ("declined", &reason), who, case.now).await?;
            let note = kept("log.claim_declined", &[("name", &open.name), ("reason", &reason)]);
            dossier::record(tx, case, "decline_reduction", &note, json!({ "reduction": open.reduction }))
                .await?;
            tell(tx, case, event::REDUCTION_DECLINED).await
        }
    }
}

/// A reduction was granted: whoever claimed it is answered by that.
pub async fn granted(tx: &mut Tx, case: &Case, reduction: &str, who: &Who) -> Result<(), Problem> {
    let open = find_open(tx, case.dossier.id).await?;
    if let Some(claim) = open.filter(|c| c.reduction == reduction) {
        settle(tx, &claim.id, ("granted", ""), who, case.now).await?;
        tell(tx, case, event::REDUCTION_GRANTED).await?;
    }
    Ok(())
}

async fn settle(
    tx: &mut Tx,
    id: &str,
    (state, reason): (&str, &str),
    who: &Who,
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update fee_claim set state = $1, reason = $2, decided_by = $3, decided_at = $4
          where id = $5 and state = 'asked'",
        args![state, reason, &who.account, at, id],
    )
    .await
}

async fn tell(tx: &mut Tx, case: &Case, topic: &'static str) -> Result<(), Problem> {
    let d = &case.dossier;
    let told = dossier::moved(d, d.state.status().number(), d.version - 1, case.now);
    outbox::put(tx, topic, &d.id.to_string(), &told).await?;
    Ok(())
}
