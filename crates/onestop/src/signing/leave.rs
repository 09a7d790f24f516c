//! A result leaves the agency only signed and sealed: by hand at the counter, by post, and as a file. Where a
//! dated parameter allows it, an official says who signed it on paper, and the log and the audit book keep
//! who said so. law: onestop/result-signature

pub mod pages;
pub mod rules;

use base::limits::TEXT_LINE_CHARS_MAX;
use base::{Day, Instant};
use contracts::onestop as event;
use db::{Act, Db, Tx, args, outbox};
use serde_json::json;
use trust::signing::Part;
use web::{FieldError, Problem};

use super::store;
use crate::dossier::rules::{Seat, Status};
use crate::dossier::{self, Case, Dossier, DossierId, Who, store as dossiers};
use crate::office::{needed, settle};
use crate::words_office::{kept, say};
use rules::{OnPaper, PARAMETER, Standing};

db::record! {
    /// The newest version of a result: the line of the log by which it was decided, by whom, and what that
    /// line says.
    struct Version { ordinal: i64, account: Option<String>, details: String }
}

impl Version {
    /// Decided in another system, whose paper is none of ours.
    fn is_taken_over(&self) -> bool {
        serde_json::from_str::<serde_json::Value>(&self.details).is_ok_and(|d| d["taken_over"] == true)
    }
}

async fn newest(tx: &mut Tx, dossier: DossierId) -> db::Result<Option<Version>> {
    tx.find(
        "select ordinal, account, details from dossier_step
          where dossier = $1 and verb in ('decide', 'correct_result') order by ordinal desc limit 1",
        args![dossier],
    )
    .await
}

/// The line of the log by which the newest version of a result was decided.
pub async fn newest_ordinal(tx: &mut Tx, dossier: DossierId) -> db::Result<Option<i64>> {
    Ok(newest(tx, dossier).await?.map(|version| version.ordinal))
}

db::record! {
    struct Counts { signatures: i64, seals: i64, on_paper: i64, lefts: i64 }
}

/// How the version of a result stands that was decided by this line of the log.
pub async fn standing(tx: &mut Tx, dossier: DossierId, ordinal: i64) -> db::Result<Standing> {
    // A hand-over counts for the version that was the newest then.
    let sql = "select
            (select count(*) from result_signature s
              where s.dossier = $1 and s.ordinal = $2 and s.part = 'person') as signatures,
            (select count(*) from result_signature s
              where s.dossier = $1 and s.ordinal = $2 and s.part = 'seal') as seals,
            (select count(*) from result_on_paper p where p.dossier = $1 and p.ordinal = $2) as on_paper,
            (select count(*) from dossier_step r
              where r.dossier = $1 and r.ordinal > $2 and r.verb = 'return_result'
                and not exists (select 1 from dossier_step c where c.dossier = $1
                      and c.verb = 'correct_result' and c.ordinal > $2 and c.ordinal < r.ordinal)) as lefts";
    let counts: Counts = tx.get(sql, args![dossier, ordinal]).await?;
    Ok(Standing::of(counts.signatures, counts.seals, counts.on_paper, counts.lefts))
}

/// How the newest version stands; none before the decision.
pub async fn standing_now(tx: &mut Tx, dossier: DossierId) -> db::Result<Option<Standing>> {
    match newest(tx, dossier).await? {
        Some(version) => Ok(Some(standing(tx, dossier, version.ordinal).await?)),
        None => Ok(None),
    }
}

/// Whether a citizen may have the file of this version, the newest where none is named.
///
/// # Errors
/// A refusal while it is neither signed nor declared to be signed on paper; the store's.
pub async fn before_showing(tx: &mut Tx, dossier: DossierId, ordinal: Option<i64>) -> Result<(), Problem> {
    let standing = match ordinal {
        Some(ordinal) => Some(standing(tx, dossier, ordinal).await?),
        None => standing_now(tx, dossier).await?,
    };
    if standing.is_none_or(Standing::may_leave) {
        return Ok(());
    }
    Err(Problem::refused(say("signing.not_out", &[]), "refused: signing.not_out"))
}

/// A result that lacks a signature.
struct Lacking {
    dossier: Dossier,
    version: Version,
    part: Part,
}

/// The results of this dossier, and of those it carries, that lack a signature.
async fn lacking(tx: &mut Tx, case: &Case) -> Result<Vec<Lacking>, Problem> {
    let mut all = vec![case.dossier.clone()];
    all.extend(crate::interlinked::settled_parts(tx, case).await?);
    let mut lacking = Vec::new();
    for dossier in all {
        let Some(version) = newest(tx, dossier.id).await? else { continue };
        if let Standing::Lacks(part) = standing(tx, dossier.id, version.ordinal).await? {
            lacking.push(Lacking { dossier, version, part });
        }
    }
    Ok(lacking)
}

/// The rule in force on a day.
async fn rule(tx: &mut Tx, day: Day) -> db::Result<OnPaper> {
    let word = crate::petition::store::parameter(tx, PARAMETER, day).await?.unwrap_or_default();
    Ok(OnPaper::from_word(&word))
}

/// In a demonstration results may go out on paper: the keys of most of its certificates are thrown away.
pub async fn seed_demo(db: &Db, now: Instant) -> Result<(), Problem> {
    let act = Act::system("onestop.load-demo", "", now);
    let put = async move |tx: &mut Tx| -> db::Result<()> {
        tx.change(
            "insert into parameter (id, value, valid_from, source)
             values ($1, $2, $3, 'demo') on conflict (id, valid_from) do nothing",
            args![PARAMETER, OnPaper::Always.word(), now.day()],
        )
        .await
        .map(drop)
    };
    Ok(db.write(act, put).await?)
}

/// Whether this result may go out on paper.
async fn is_allowed(tx: &mut Tx, case: &Case, l: &Lacking) -> Result<bool, Problem> {
    // What another system decided has its paper there, and nobody can sign it here.
    if l.version.is_taken_over() {
        return Ok(true);
    }
    let signer = l.version.account.clone().unwrap_or_default();
    let [person, seal] = trust::signing::can_sign(tx, &signer, l.dossier.agency.as_str(), case.now).await?;
    Ok(rule(tx, case.now.day()).await?.allows(person, seal))
}

/// Nothing of this dossier leaves without signature and seal: neither over the counter nor by post.
///
/// # Errors
/// A refusal that says what is lacking, and the next step; the store's.
pub async fn before_leaving(tx: &mut Tx, case: &Case) -> Result<(), Problem> {
    let Some(first) = lacking(tx, case).await?.into_iter().next() else { return Ok(()) };
    let key = match first.part {
        Part::Person => "signing.lacks_person",
        Part::Seal => "signing.lacks_seal",
    };
    let mut words = say(key, &[("code", &first.dossier.code)]);
    if is_allowed(tx, case, &first).await? {
        words = format!("{words} {}", say("signing.or_paper", &[]));
    }
    Err(Problem::refused(words, format!("refused: {key}")))
}

/// Whether somebody at this desk may say that the result was signed on paper.
pub async fn may_declare(tx: &mut Tx, case: &Case) -> Result<bool, Problem> {
    if !is_theirs(case) {
        return Ok(false);
    }
    let all = lacking(tx, case).await?;
    for l in &all {
        if !is_allowed(tx, case, l).await? {
            return Ok(false);
        }
    }
    Ok(!all.is_empty())
}

fn is_theirs(case: &Case) -> bool {
    matches!(case.dossier.state.status(), Status::Settled | Status::Returned)
        && case.seats.iter().any(|seat| matches!(seat, Seat::Counter | Seat::Leader))
}

/// What is said of a result on paper.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// Whose signature it has.
    pub signer: String,
    /// The day it was signed.
    pub day: String,
}

/// Somebody at the counter, or a leader, says who signed the result on paper and when; for an interlinked
/// dossier of all results that it carries. It may leave from then on.
///
/// # Errors
/// Refusals: not theirs, nothing lacks a signature, the parameter wants a digital one; faults at their
/// fields.
pub async fn declare(tx: &mut Tx, case: &mut Case, typed: &Typed, who: &Who) -> Result<(), Problem> {
    let refused = |key: &'static str, code: &str| {
        Problem::refused(say(key, &[("code", code)]), format!("refused: {key}"))
    };
    let all = if is_theirs(case) { lacking(tx, case).await? } else { Vec::new() };
    if all.is_empty() {
        return Err(refused("signing.nothing_on_paper", &case.dossier.code));
    }
    for l in &all {
        if !is_allowed(tx, case, l).await? {
            return Err(refused("signing.not_on_paper", &l.dossier.code));
        }
    }
    let mut errors = Vec::new();
    let signer = needed(&mut errors, "signer", &typed.signer, TEXT_LINE_CHARS_MAX);
    let decided = dossiers::find_decision(tx, case.dossier.id).await?.map(|decision| decision.day);
    let earliest = decided.unwrap_or(case.now.day()).min(case.now.day());
    let day = base::format::read_date(&typed.day).filter(|day| (earliest..=case.now.day()).contains(day));
    if day.is_none() {
        let earliest = base::format::date_vn(earliest);
        errors.push(FieldError::new("day", say("signing.paper_day", &[("earliest", &earliest)])));
    }
    settle(errors)?;
    let Some(day) = day else { return Ok(()) };
    for l in &all {
        tx.change_one(
            "insert into result_on_paper (dossier, ordinal, signer, signed_on, account, at)
             values ($1, $2, $3, $4, $5, $6)",
            args![l.dossier.id, l.version.ordinal, &signer, day, &who.account, case.now],
        )
        .await?;
        store::end_tasks(tx, l.dossier.id).await?;
        told(tx, &l.dossier, l.version.ordinal, case.now).await?;
    }
    let note = kept("signing.paper_note", &[("signer", &signer), ("day", &base::format::date_vn(day))]);
    let results: Vec<&str> = all.iter().map(|l| l.dossier.code.as_str()).collect();
    let details = json!({ "signer": signer, "day": day, "results": results });
    dossier::record(tx, case, "sign_on_paper", &note, details).await
}

/// Tells that a result may leave now.
pub(super) async fn told(tx: &mut Tx, d: &Dossier, ordinal: i64, now: Instant) -> db::Result<()> {
    let moved = dossier::moved(d, d.state.status().number(), ordinal, now);
    outbox::put(tx, event::SIGNED, &d.id.to_string(), &moved).await.map(drop)
}

db::record! {
    /// Who signed a result on paper.
    pub struct Declared { signer: String, signed_on: Day }
}

/// What was declared of the newest version.
pub async fn find_declared(tx: &mut Tx, dossier: DossierId) -> db::Result<Option<Declared>> {
    tx.find(
        "select signer, signed_on from result_on_paper where dossier = $1 and ordinal = (select max(ordinal)
            from dossier_step where dossier = $1 and verb in ('decide', 'correct_result'))",
        args![dossier],
    )
    .await
}

/// How the newest result of a dossier stands, in sentences; empty before the decision.
pub async fn lines(tx: &mut Tx, dossier: DossierId) -> Result<Vec<String>, Problem> {
    let Some(standing) = standing_now(tx, dossier).await? else { return Ok(Vec::new()) };
    Ok(match standing {
        Standing::Lacks(Part::Person) => vec![say("signing.waits_person", &[])],
        Standing::Lacks(Part::Seal) => vec![say("signing.waits_seal", &[])],
        Standing::Signed | Standing::Left => Vec::new(),
        Standing::OnPaper => match find_declared(tx, dossier).await? {
            Some(d) => {
                let day = base::format::date_vn(d.signed_on);
                vec![say("signing.on_paper", &[("signer", &d.signer), ("day", &day)])]
            }
            None => Vec::new(),
        },
    })
}
