//! A dossier (hồ sơ): what it is, and what may be done with it. Each use case is one function
//! with the verb's name; pages and API both call it inside their own transaction.

pub mod api;
pub mod ask;
pub mod assign;
mod case;
pub mod checklist;
pub mod control;
mod faults;
pub mod files;
pub mod follow;
pub mod forms;
pub mod grounds;
pub mod law;
pub mod limits;
pub mod pages;
pub mod papers;
pub mod proposal;
pub mod rules;
pub mod schema;
pub mod store;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base::{Day, Id, Instant};
use contracts::onestop as event;
use db::blobs::Hash;
use db::{Tx, outbox};
use directory::{Role, UnitId};
use serde_json::{Map, Value, json};
use web::Problem;

use crate::answers;
use crate::fee;
use crate::filing::{self, Attached};
use crate::interlinked;
use crate::number;
use crate::procedure::Procedure;
use crate::refusal::Refusal;
use crate::signer;
use crate::signing::leave;
pub use ask::FEE_MAX;
pub use ask::{Ask, Outcome};
pub use case::Case;
use checklist::Request;
use faults::{Faults, only_way};
use grounds::Grounds;
use rules::{Seat, State, Status, Step, Used, Verb};

pub enum DossierKind {}
/// The id of a dossier inside the system; people use its code.
pub type DossierId = Id<DossierKind>;

/// The person or enterprise a dossier is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Applicant {
    pub name: String,
    /// Personal number (12 digits) or tax number.
    pub number: String,
    pub phone: String,
    pub email: String,
    pub address: String,
}

/// One dossier as it stands.
#[derive(Clone, Debug)]
pub struct Dossier {
    pub id: DossierId,
    pub code: String,
    /// The procedure version it was filed under, `CODE@VERSION`.
    pub procedure: String,
    /// The counter that answers to the citizen.
    pub counter: UnitId,
    /// The agency that settles it.
    pub agency: UnitId,
    /// The applicant's account, if there is one.
    pub account: Option<String>,
    pub applicant: Applicant,
    /// `online`, `counter` or `post`.
    pub channel: String,
    /// How the result goes back: `counter`, `online` or `post`.
    pub return_by: String,
    pub answers: Map<String, Value>,
    pub state: State,
    pub holder_unit: UnitId,
    pub holder_role: String,
    /// The account it is assigned to: while one is, nobody else of the unit works on it.
    pub assignee: Option<String>,
    pub filed_at: Instant,
    pub answer_by: Instant,
    pub accepted_at: Option<Instant>,
    /// The promised time of the result, once accepted.
    pub promised: Option<Instant>,
    /// Since when it has its present status.
    pub since: Instant,
    pub supplement_requests: i64,
    /// How often the promised time was moved.
    pub extensions: i64,
    /// Whole đồng.
    pub fee_asked: i64,
    /// Whole đồng.
    pub fee_paid: i64,
    /// The interlinked dossier that this one is a child of.
    pub parent: Option<DossierId>,
    pub version: i64,
}

impl Dossier {
    /// What it has used up of that which the law allows once.
    pub fn used(&self) -> Used {
        Used { requests: self.supplement_requests, extensions: self.extensions }
    }

    /// Takes on a new state, with the times that follow from it.
    pub(crate) fn enter(&mut self, state: State, at: Instant) {
        if state.status() != self.state.status() {
            self.since = at;
        }
        if self.accepted_at.is_none() && state.promised().is_some() {
            self.accepted_at = Some(at);
        }
        if let State::Filed { answer_by } = state {
            self.answer_by = answer_by;
        }
        self.promised = state.promised().or(self.promised);
        self.state = state;
    }
}

db::record! {
    /// A file of a dossier; the bytes are in the blob store under their SHA-256.
    pub struct StoredFile {
        id: String,
        component: String,
        name: String,
        media: String,
        /// Bytes.
        size: i64,
        sha256: Hash,
        added_at: Instant,
    }
}

/// One line of the step log.
#[derive(Clone, Debug)]
pub struct History {
    pub ordinal: i64,
    /// `file` or the word of a [`Verb`].
    pub verb: String,
    pub from: Status,
    pub to: Status,
    pub from_stage: Option<String>,
    pub to_stage: Option<String>,
    pub at: Instant,
    pub account: Option<String>,
    pub office: Option<UnitId>,
    pub reason_code: Option<String>,
    /// Words for the citizen.
    pub note: String,
    pub details: Value,
    /// The promised time after this step.
    pub promised: Option<Instant>,
}

/// The papers that we print about a dossier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaperKind {
    /// Proof of filing.
    Slip,
    /// Form 01: reception and promised time.
    Receipt,
    /// Form 02: what is missing.
    Supplement,
    /// Form 03: why reception was refused.
    Refusal,
    /// Form 04: apology and a later promise.
    Apology,
    /// The result document.
    Result,
    /// Form 05 since 2025: why it was stopped, and what becomes of papers and fees.
    Stop,
    /// The control slip, for officials: who gave it to whom, and whether in time.
    Control,
}

impl PaperKind {
    /// All kinds.
    pub const ALL: [PaperKind; 8] = [
        PaperKind::Slip,
        PaperKind::Receipt,
        PaperKind::Supplement,
        PaperKind::Refusal,
        PaperKind::Apology,
        PaperKind::Result,
        PaperKind::Stop,
        PaperKind::Control,
    ];

    /// The word in rows and addresses.
    pub fn word(self) -> &'static str {
        match self {
            PaperKind::Slip => "slip",
            PaperKind::Receipt => "receipt",
            PaperKind::Supplement => "supplement",
            PaperKind::Refusal => "refusal",
            PaperKind::Apology => "apology",
            PaperKind::Result => "result",
            PaperKind::Stop => "stop",
            PaperKind::Control => "control",
        }
    }

    /// Whether it stays among the officials.
    pub fn is_internal(self) -> bool {
        self == PaperKind::Control
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<PaperKind> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
}

/// Whoever meets a dossier: an account, and the posts it holds.
#[derive(Clone, Debug)]
pub struct Who {
    pub account: String,
    pub name: String,
    pub posts: Vec<directory::Post>,
}

impl From<&directory::Viewer> for Who {
    fn from(viewer: &directory::Viewer) -> Who {
        Who { account: viewer.account.to_string(), name: viewer.name.clone(), posts: viewer.posts.clone() }
    }
}

impl Who {
    /// The seats this person has before a dossier; none means that it does not exist for them.
    pub fn seats(&self, d: &Dossier) -> Vec<Seat> {
        let mut seats = Vec::new();
        if d.account.as_deref() == Some(self.account.as_str()) {
            seats.push(Seat::Applicant);
        }
        // A child is handed in, taken back and returned with its parent. law: onestop/interlinked
        if d.parent.is_none() && self.holds(Role::CounterClerk, &d.counter) {
            seats.push(Seat::Counter);
        }
        if self.holds(Role::Leader, &d.agency) {
            seats.push(Seat::Leader);
        }
        if d.state.status() == Status::InProcess
            && self.posts.iter().any(|p| p.unit == d.holder_unit && p.role.as_str() == d.holder_role)
            && d.assignee.as_deref().is_none_or(|account| account == self.account)
        {
            seats.push(Seat::Desk);
        }
        seats
    }

    /// Whether this person may look at the whole dossier: its applicant, and the officials of
    /// the counter, of the agency that settles it and of the unit that holds it.
    pub fn may_see(&self, d: &Dossier) -> bool {
        d.account.as_deref() == Some(self.account.as_str())
            || self
                .posts
                .iter()
                .any(|p| settles(p.role) && [&d.counter, &d.agency, &d.holder_unit].contains(&&p.unit))
    }

    pub(crate) fn holds(&self, role: Role, unit: &UnitId) -> bool {
        self.posts.iter().any(|p| p.role == role && p.unit == *unit)
    }

    /// What the papers call this person's post with this role in this unit; empty without one.
    pub(crate) fn title(&self, role: Role, unit: &UnitId) -> String {
        let post = self.posts.iter().find(|p| p.role == role && p.unit == *unit);
        post.map(|p| p.title.clone()).unwrap_or_default()
    }

    /// The office in which this person acts on the dossier, for the audit book.
    pub fn office(&self, d: &Dossier) -> Option<String> {
        [&d.holder_unit, &d.counter, &d.agency]
            .into_iter()
            .find(|unit| self.posts.iter().any(|p| p.unit == **unit))
            .map(|unit| unit.as_str().to_string())
    }
}

/// Writes into the audit book that somebody looked at a person's dossier, before the page is sent.
/// A store that cannot take it now does not keep the page from the official; it is logged.
pub async fn look(
    app: &crate::App,
    viewer: &directory::Viewer,
    verb: &'static str,
    code: &str,
    now: Instant,
) {
    if let Err(error) = db::audit::looked(&app.site.db, viewer.act(verb, code, now)).await {
        tracing::warn!(%error, "a look is not in the audit book yet");
    }
}

/// Whether this role settles dossiers, and so may look at those of its unit.
fn settles(role: Role) -> bool {
    matches!(role, Role::CounterClerk | Role::Officer | Role::Leader)
}

/// Takes whatever step was asked for.
pub async fn take(tx: &mut Tx, case: &mut Case, ask: Ask, who: &Who) -> Result<(), Problem> {
    match ask {
        Ask::Receive { note } => receive(tx, case, &note).await,
        Ask::AskSupplement { marks, fields, reason, note, .. } => {
            let request = Request { marks: &marks, fields: &fields, reason: &reason, note: &note };
            ask_supplement(tx, case, request).await
        }
        Ask::Supplement { uploads, explained, answers, note } => {
            supplement(tx, case, &Answer { uploads, explained, answers, note }, who).await
        }
        Ask::Refuse(grounds) => refuse(tx, case, &grounds).await,
        Ask::Withdraw { note } => withdraw(tx, case, &note).await,
        Ask::PassOn { to, note } => pass_on(tx, case, to, &note).await,
        Ask::ReturnStep { to, reason, note } => return_step(tx, case, to, &reason, &note).await,
        Ask::SubmitForSignature { to, note } => submit_for_signature(tx, case, to, &note).await,
        Ask::Decide { outcome, reason, basis, basis_note, note } => {
            decide(tx, case, outcome, &Grounds { reason, basis, basis_note, note }, who).await
        }
        Ask::AskFee { amount, note } => ask_fee(tx, case, amount, &note).await,
        Ask::Pay { note } => fee::take_cash(tx, case, &note, who).await.map(drop),
        Ask::Extend { until, reason, note } => extend(tx, case, until, (&reason, &note), who).await,
        Ask::Stop(grounds) => stop(tx, case, &grounds, who).await,
        Ask::ReturnResult { note, signed_by, signed_on } => {
            if let Some(signer) = signed_by {
                let day = signed_on.unwrap_or(case.now.day()).to_string();
                leave::declare(tx, case, &leave::Typed { signer, day }, who).await?;
            }
            return_result(tx, case, &note).await
        }
    }
}

/// A counter clerk accepts a filed dossier; form 01 and the deadline begin here. Printing and
/// notices follow from the event, after the commit.
pub async fn receive(tx: &mut Tx, case: &mut Case, note: &str) -> Result<(), Problem> {
    signer::before_receiving(tx, case).await?;
    advance(tx, case, Step::Receive, Remark::note(note), event::RECEIVED).await
}

/// The same for papers handed over at the counter; `details` counts them, and form 01 prints it.
pub async fn receive_papers(tx: &mut Tx, case: &mut Case, note: &str, details: Value) -> Result<(), Problem> {
    signer::before_receiving(tx, case).await?;
    advance(tx, case, Step::Receive, Remark { details, ..Remark::note(note) }, event::RECEIVED).await
}

/// Asks the citizen, once and in full, for what is missing, and which answers are to be given anew: every
/// paper was looked at.
pub async fn ask_supplement(tx: &mut Tx, case: &mut Case, request: Request<'_>) -> Result<(), Problem> {
    let marks = ask::check_request(tx, case, request).await?;
    let remark = checklist::remark(&marks, request);
    let components = remark.details["components"].clone();
    advance(tx, case, Step::AskSupplement, remark, event::SUPPLEMENT_ASKED).await?;
    interlinked::ask_through_parent(tx, case, &components, request).await
}

/// What answers a request for papers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub uploads: Vec<Attached>,
    /// Why a paper that was asked for is not brought, by paper.
    pub explained: BTreeMap<String, String>,
    /// Answers of the form given anew; `null` takes one away.
    pub answers: Map<String, Value>,
    pub note: String,
}

/// The citizen, or the clerk for a citizen at the counter, brings what was asked for or says why not, and
/// answers anew. What was not received before waits for the counter again: filing is not acceptance.
/// law: onestop/filing-proof
pub async fn supplement(tx: &mut Tx, case: &mut Case, answer: &Answer, who: &Who) -> Result<(), Problem> {
    let Answer { uploads, explained, answers: given, note } = answer;
    let asked = checklist::asked(&store::list_history(tx, case.dossier.id).await?);
    let corrected = answers::correct(tx, case, given).await?;
    if corrected.is_empty() || !asked.is_empty() {
        checklist::check_answer(case, &asked, uploads, explained, note)?;
    }
    let before = store::list_files(tx, case.dossier.id).await?;
    let to = filing::Place { dossier: case.dossier.id, before: &before, why: "supplement" };
    let files = filing::attach(tx, to, &case.procedure, uploads, &who.account, case.now).await?;
    let hashes: Vec<String> = files.iter().map(|f| f.sha256.to_string()).collect();
    let mut details = json!({ "files": hashes, "explained": explained });
    if !corrected.is_empty() {
        details["fields"] = json!(corrected);
    }
    let remark = Remark { details, ..Remark::note(note) };
    advance(tx, case, Step::Supplement, remark, event::SUPPLEMENTED).await?;
    interlinked::hand_on(tx, case, &files).await
}

/// Refuses reception, on grounds that form 03 prints.
pub async fn refuse(tx: &mut Tx, case: &mut Case, grounds: &Grounds) -> Result<(), Problem> {
    let remark = grounds.remark(Verb::Refuse, &case.procedure)?;
    advance(tx, case, Step::Refuse, remark, event::DECLINED).await
}

/// The citizen takes the dossier back.
pub async fn withdraw(tx: &mut Tx, case: &mut Case, note: &str) -> Result<(), Problem> {
    advance(tx, case, Step::Withdraw, Remark::note(note), event::WITHDRAWN).await?;
    interlinked::end_all(tx, case, &Step::Withdraw, Remark::note(note)).await?;
    fee::abandon(tx, case, false).await
}

/// Hands the dossier to the next internal step. `to` may be left out where there is one way.
pub async fn pass_on(tx: &mut Tx, case: &mut Case, to: Option<String>, note: &str) -> Result<(), Problem> {
    let step = Step::PassOn(only_way(case, Verb::PassOn, to)?);
    advance(tx, case, step, Remark::note(note), event::PASSED_ON).await
}

/// Gives the dossier back to an earlier internal step, saying why.
pub async fn return_step(
    tx: &mut Tx,
    case: &mut Case,
    to: Option<String>,
    reason: &str,
    note: &str,
) -> Result<(), Problem> {
    let mut faults = Faults::default();
    grounds::check_reason(Verb::ReturnStep, reason, &mut faults);
    faults.need("note", note);
    faults.settle()?;
    let step = Step::ReturnStep(only_way(case, Verb::ReturnStep, to)?);
    let remark = Remark { reason_code: Some(reason), ..Remark::note(note) };
    advance(tx, case, step, remark, event::SENT_BACK).await
}

/// Lays the dossier before the leader who signs.
pub async fn submit_for_signature(
    tx: &mut Tx,
    case: &mut Case,
    to: Option<String>,
    note: &str,
) -> Result<(), Problem> {
    let step = Step::SubmitForSignature(only_way(case, Verb::SubmitForSignature, to)?);
    advance(tx, case, step, Remark::note(note), event::SUBMITTED).await
}

/// The leader decides. The number of the result document is taken here; the document itself is
/// made from its template after the commit.
pub async fn decide(
    tx: &mut Tx,
    case: &mut Case,
    outcome: Outcome,
    grounds: &Grounds,
    who: &Who,
) -> Result<(), Problem> {
    let denied = outcome == Outcome::Denied;
    let mut faults = Faults::default();
    grounds.check(Verb::Decide, denied, &case.procedure, &mut faults);
    faults.settle()?;
    let note = grounds.note.as_str();
    if outcome == Outcome::Granted {
        answers::before_signing(case)?;
    }
    let day = case.now.day();
    let symbol = match outcome {
        Outcome::Granted => case.procedure.result.symbol.clone().unwrap_or_default(),
        Outcome::Denied => String::new(),
    };
    let (unit, post) = {
        let d = &case.dossier;
        let post = who.posts.iter().find(|p| p.unit == d.holder_unit && p.role.as_str() == d.holder_role);
        (d.agency.clone(), post.map(|p| p.title.clone()).unwrap_or_default())
    };
    let agency = directory::get_unit(tx, &unit).await?;
    let details = json!({ "outcome": outcome.word(), "basis": grounds.lines(&case.procedure) });
    let reason_code = denied.then_some(grounds.reason.as_str());
    let remark = Remark { reason_code, details, ..Remark::note(note) };
    // The rules speak first: a refused decision must not use up a number.
    advance(tx, case, Step::Decide, remark, event::DECIDED).await?;
    let number = number::next(tx, "result", unit.as_str(), &[], day).await?;
    let decision = store::Decision {
        outcome: outcome.word().into(),
        number,
        symbol,
        day,
        reason: note.trim().into(),
        signer_name: who.name.clone(),
        signer_title: post,
        agency: agency.name,
    };
    store::save_decision(tx, case.dossier.id, &decision).await?;
    Ok(())
}

/// Asks for a fee; the clock stands until it is paid.
pub async fn ask_fee(tx: &mut Tx, case: &mut Case, amount: i64, note: &str) -> Result<(), Problem> {
    if !(1..=FEE_MAX).contains(&amount) {
        let mut faults = Faults::default();
        faults.add("amount", "fault.amount", &[("most", &base::format::thousands(FEE_MAX))]);
        faults.settle()?;
    }
    case.dossier.fee_asked += amount;
    let remark = Remark { details: json!({ "amount": amount }), ..Remark::note(note) };
    advance(tx, case, Step::AskFee, remark, event::FEE_ASKED).await?;
    fee::bill(tx, case, amount, note).await.map(drop)
}

/// All that was asked for is paid or forgiven: the dossier goes on. [`fee`] closes the bill.
pub async fn fee_settled(tx: &mut Tx, case: &mut Case, note: &str, details: Value) -> Result<(), Problem> {
    case.dossier.fee_paid = case.dossier.fee_asked;
    advance(tx, case, Step::Pay, Remark { details, ..Remark::note(note) }, event::PAID).await
}

/// A line of the log that leaves the dossier where it is: what was said or done about its money. The
/// dossier's version grows, so that whoever looks at the page before is told.
pub async fn record(
    tx: &mut Tx,
    case: &mut Case,
    verb: &'static str,
    note: &str,
    details: Value,
) -> Result<(), Problem> {
    record_on(tx, &mut case.dossier, verb, note, details, case.now).await
}

/// The same for a dossier that nobody has before them: a part that follows its parent.
pub(crate) async fn record_on(
    tx: &mut Tx,
    dossier: &mut Dossier,
    verb: &'static str,
    note: &str,
    details: Value,
    at: Instant,
) -> Result<(), Problem> {
    let seen = dossier.version;
    store::save_moved(tx, seen, dossier).await?;
    dossier.version = seen + 1;
    let (status, stage) = (dossier.state.status(), dossier.state.stage());
    let entry = store::Entry {
        ordinal: seen,
        verb,
        from: (status, stage),
        to: dossier,
        at,
        reason_code: None,
        note: note.trim(),
        details,
    };
    Ok(store::save_entry(tx, &entry).await?)
}

/// Moves the promised time, once, with an apology: form 04 follows. The law wants it said at least a
/// day before the promised one; later it is still owed, and counted as said too late.
/// law: onestop/late
pub async fn extend(
    tx: &mut Tx,
    case: &mut Case,
    until: Day,
    (reason, note): (&str, &str),
    who: &Who,
) -> Result<(), Problem> {
    ask::check_day(case, until, reason, note)?;
    let title = who.title(Role::Leader, &case.dossier.agency);
    let details = json!({ "promised": case.dossier.promised, "title": title });
    let step = Step::Extend(case.calendar.close_of(until));
    let remark = Remark { reason_code: Some(reason), note, details };
    advance(tx, case, step, remark, event::EXTENDED).await
}

/// The agency ends the dossier, on grounds that form 05 prints.
pub async fn stop(tx: &mut Tx, case: &mut Case, grounds: &Grounds, who: &Who) -> Result<(), Problem> {
    let mut remark = grounds.remark(Verb::Stop, &case.procedure)?;
    let d = &case.dossier;
    let post = who.posts.iter().find(|p| [&d.holder_unit, &d.counter, &d.agency].contains(&&p.unit));
    remark.details["title"] = post.map(|p| p.title.clone()).unwrap_or_default().into();
    advance(tx, case, Step::Stop, remark.clone(), event::STOPPED).await?;
    interlinked::end_all(tx, case, &Step::Stop, remark).await?;
    fee::abandon(tx, case, true).await
}

/// The counter hands the result to the citizen.
pub async fn return_result(tx: &mut Tx, case: &mut Case, note: &str) -> Result<(), Problem> {
    crate::mailing::before_returning(tx, case.dossier.id).await?;
    advance(tx, case, Step::ReturnResult, Remark::note(note), event::RETURNED).await?;
    interlinked::return_all(tx, case, note).await
}

/// What is said beside a step.
#[derive(Clone)]
pub(crate) struct Remark<'a> {
    pub reason_code: Option<&'a str>,
    pub note: &'a str,
    pub details: Value,
}

impl<'a> Remark<'a> {
    pub fn note(note: &'a str) -> Self {
        Remark { reason_code: None, note, details: json!({}) }
    }
}

/// Takes one step: asks the rules, moves the dossier to whoever acts next, writes the log and
/// tells the other systems, all in the caller's transaction.
async fn advance(
    tx: &mut Tx,
    case: &mut Case,
    step: Step,
    remark: Remark<'_>,
    topic: &'static str,
) -> Result<(), Problem> {
    let verb = step.verb();
    let old_status = case.dossier.state.status();
    let received_before = case.dossier.accepted_at.is_some();
    let state = rules::after(&case.dossier.state, &step, case.now, &case.terms())?;
    if !case.seats.iter().any(|seat| rules::may(*seat, verb, old_status)) {
        return Err(Refusal::NotYours(verb).into());
    }
    if rules::needs_leader(verb, case.terms().used) && !case.seats.contains(&Seat::Leader) {
        return Err(Refusal::NeedsLeader(verb).into());
    }
    interlinked::before_step(tx, case, verb).await?;
    // Whoever writes to the leader may lay a denial before them; a grant is looked at once more.
    if verb == Verb::SubmitForSignature && remark.note.trim().is_empty() {
        answers::before_signing(case)?;
    }
    if matches!(verb, Verb::PassOn | Verb::SubmitForSignature | Verb::Decide) {
        crate::inspection::before_leaving(tx, case).await?;
    }
    let closes = matches!(verb, Verb::ReturnResult | Verb::Refuse | Verb::Withdraw | Verb::Stop);
    if closes && case.seats.contains(&Seat::Counter) {
        crate::custody::before_closing(tx, case).await?;
    }
    if verb == Verb::ReturnResult {
        leave::before_leaving(tx, case).await?;
    }

    let mut remark = remark;
    limits::mark(&mut remark.details, &case.dossier, (verb, case.now), &case.calendar, &case.law);
    let moved = Moved { verb, state, remark, topic, at: case.now };
    enter(tx, &mut case.dossier, &case.procedure, moved).await?;
    if !received_before && case.dossier.accepted_at.is_some() {
        interlinked::open(tx, case).await?;
    }
    Ok(())
}

/// A step that the rules have allowed.
pub(crate) struct Moved<'a> {
    pub verb: Verb,
    /// The state it leads to.
    pub state: State,
    pub remark: Remark<'a>,
    pub topic: &'static str,
    pub at: Instant,
}

/// Moves the dossier to whoever acts next, writes the log and tells the other systems.
pub(crate) async fn enter(
    tx: &mut Tx,
    dossier: &mut Dossier,
    procedure: &Procedure,
    step: Moved<'_>,
) -> Result<(), Problem> {
    let old_status = dossier.state.status();
    let old_stage = dossier.state.stage().map(str::to_string);
    let seen = dossier.version;
    let mut details = step.remark.details;
    if let Some(number) = forms::take_number(tx, dossier, step.verb, step.at).await? {
        details["number"] = number.into();
    }
    dossier.supplement_requests += i64::from(step.verb == Verb::AskSupplement);
    dossier.extensions += i64::from(step.verb == Verb::Extend);
    dossier.enter(step.state, step.at);
    hold(tx, dossier, procedure).await?;

    store::save_moved(tx, seen, dossier).await?;
    dossier.version = seen + 1;
    let entry = store::Entry {
        // Version 1 is the filing, which is line 0 of the log.
        ordinal: seen,
        verb: step.verb.word(),
        from: (old_status, old_stage.as_deref()),
        to: dossier,
        at: step.at,
        reason_code: step.remark.reason_code,
        note: step.remark.note.trim(),
        details,
    };
    store::save_entry(tx, &entry).await?;
    let told = moved(dossier, old_status.number(), seen, step.at);
    outbox::put(tx, step.topic, &dossier.id.to_string(), &told).await?;
    Ok(())
}

/// The event's payload.
pub(crate) fn moved(d: &Dossier, from: i64, ordinal: i64, at: Instant) -> event::DossierMoved {
    event::DossierMoved {
        dossier: d.id.to_string(),
        code: d.code.clone(),
        ordinal,
        from,
        to: d.state.status().number(),
        at,
    }
}

/// Puts the dossier into the hands of whoever acts next: the unit and role of its internal step
/// while officials work on it, the counter otherwise.
async fn hold(tx: &mut Tx, dossier: &mut Dossier, procedure: &Procedure) -> Result<(), Problem> {
    let (function, role) = hands(&dossier.state, procedure);
    let unit = unit_with(tx, dossier, function).await?;
    if unit != dossier.holder_unit || role != dossier.holder_role {
        dossier.assignee = None;
    }
    dossier.holder_unit = unit;
    dossier.holder_role = role.to_string();
    Ok(())
}

/// The unit that a step of the procedure calls by its function: `counter`, `agency`, or that of a
/// section of the agency.
async fn unit_with(tx: &mut Tx, dossier: &Dossier, function: &str) -> Result<UnitId, Problem> {
    Ok(match function {
        "counter" => dossier.counter.clone(),
        "agency" => dossier.agency.clone(),
        function => directory::unit_for(tx, &dossier.agency, function).await?.id,
    })
}

/// Whose turn it is: the function of the unit (`counter`, `agency`, or that of a section of the
/// agency) and the role.
pub(crate) fn hands<'p>(state: &State, procedure: &'p Procedure) -> (&'p str, &'static str) {
    let stage = match state {
        State::InProcess { at, .. } => procedure.steps.iter().find(|s| s.id == *at),
        _ => None,
    };
    stage.map_or(("counter", Role::CounterClerk.as_str()), |s| (s.unit_kind.as_str(), s.role.as_str()))
}

/// The deed's name in the audit book.
pub fn deed(verb: Verb) -> &'static str {
    match verb {
        Verb::Receive => "onestop.receive",
        Verb::AskSupplement => "onestop.ask-supplement",
        Verb::Supplement => "onestop.supplement",
        Verb::Refuse => "onestop.refuse",
        Verb::Withdraw => "onestop.withdraw",
        Verb::PassOn => "onestop.pass-on",
        Verb::ReturnStep => "onestop.return-step",
        Verb::SubmitForSignature => "onestop.submit-for-signature",
        Verb::Decide => "onestop.decide",
        Verb::AskFee => "onestop.ask-fee",
        Verb::Pay => "onestop.pay",
        Verb::Extend => "onestop.extend",
        Verb::Stop => "onestop.stop",
        Verb::ReturnResult => "onestop.return-result",
    }
}
