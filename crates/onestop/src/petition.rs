//! Petitions (phản ánh, kiến nghị): anybody tells an agency what is wrong or could be better, gets a
//! receipt number and a code to follow, and an answer within limits that are said. Each use case is
//! one function with the verb's name; pages and API both call it.

pub mod api;
pub mod pages;
pub mod rules;
pub mod store;
pub mod words;

#[cfg(test)]
mod tests;

use base::calendar::{Calendar, Limit};
use base::limits::{EMAIL_CHARS_MAX, NAME_CHARS_MAX, TEXT_AREA_CHARS_MAX, TEXT_LINE_CHARS_MAX};
use base::{Day, Instant};
use contracts::onestop as event;
use db::{Tx, outbox};
use directory::{Role, UnitId};
use web::{FieldError, Problem};

use crate::dossier::Dossier;
use crate::number;
use rules::{NotAllowed, Personal, Seat, State, Terms, Verb};
use words::say;

pub enum PetitionKind {}

/// What a petition is: it complains, or it proposes.
pub const KINDS: [&str; 2] = ["complaint", "proposal"];
/// What it is about.
pub const TOPICS: [&str; 6] = ["attitude", "delay", "papers", "fee", "rules", "other"];
/// What the answering unit found.
pub const FINDINGS: [&str; 4] = ["upheld", "partly", "unfounded", "none"];
/// Why a petition is not taken. law: onestop/petition-refusal
pub const REFUSE_REASONS: [&str; 5] =
    ["not_competent", "answered_before", "no_facts", "complaint_law", "other"];
/// Why an answer is not published.
pub const WITHHOLD_REASONS: [&str; 3] = ["private", "secret", "other"];
/// Files with one sending.
pub const FILES_MAX: usize = 5;

/// What everybody may read of a petition, without anybody's data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Public {
    pub subject: String,
    pub content: String,
    pub answer: String,
}

/// One petition as it stands.
#[derive(Clone, Debug)]
pub struct Petition {
    pub id: String,
    pub number: String,
    pub kind: String,
    pub topic: String,
    pub subject: String,
    pub content: String,
    /// The unit it speaks of.
    pub about: UnitId,
    /// The dossier it speaks of.
    pub dossier: Option<String>,
    pub dossier_code: Option<String>,
    pub account: Option<String>,
    pub sender_name: String,
    pub sender_phone: String,
    pub sender_email: String,
    pub intake: UnitId,
    pub agency: UnitId,
    pub holder: UnitId,
    pub state: State,
    /// From when its limits count.
    pub clock_at: Instant,
    pub received_at: Instant,
    pub since: Instant,
    pub answer: String,
    pub finding: String,
    pub answered_at: Option<Instant>,
    pub answered_by: Option<String>,
    pub public: Public,
    pub version: i64,
}

/// What somebody sends.
#[derive(Clone, Debug, Default)]
pub struct Sending {
    pub unit: String,
    pub kind: String,
    pub topic: String,
    pub subject: String,
    pub content: String,
    pub dossier: Option<Dossier>,
    pub account: Option<String>,
    pub name: String,
    pub phone: String,
    pub email: String,
}

impl Sending {
    /// Everything wrong with it, at once.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut check = |ok: bool, field: &str, key: &str| {
            if !ok {
                faults.push(FieldError::new(field, say(key, &[])));
            }
        };
        let within = |text: &str, most: usize| text.chars().count() <= most;
        check(!self.unit.is_empty(), "unit", "fault.unit");
        check(KINDS.contains(&self.kind.as_str()), "kind", "fault.kind");
        check(TOPICS.contains(&self.topic.as_str()), "topic", "fault.topic");
        check(!self.subject.trim().is_empty(), "subject", "fault.subject");
        check(within(&self.subject, TEXT_LINE_CHARS_MAX), "subject", "fault.subject_long");
        check(!self.content.trim().is_empty(), "content", "fault.content");
        check(within(&self.content, TEXT_AREA_CHARS_MAX), "content", "fault.content_long");
        check(!self.name.trim().is_empty() && within(&self.name, NAME_CHARS_MAX), "name", "fault.name");
        check(base::number::Phone::parse(&self.phone).is_ok(), "phone", "fault.phone");
        let email =
            self.email.is_empty() || (self.email.contains('@') && within(&self.email, EMAIL_CHARS_MAX));
        check(email, "email", "fault.email");
        faults
    }
}

/// The limits in force on a day, read from their rows.
pub struct Limits {
    pub refuse: Limit,
    pub sort: Limit,
    pub answer: Limit,
    pub publish: Limit,
}

impl Limits {
    /// Those of this day. law: onestop/petition-limits
    pub async fn on(tx: &mut Tx, day: Day) -> Result<Limits, Problem> {
        Ok(Limits {
            refuse: limit(tx, "petition-refuse", day).await?,
            sort: limit(tx, "petition-sort", day).await?,
            answer: limit(tx, "petition-answer", day).await?,
            publish: limit(tx, "petition-publish", day).await?,
        })
    }

    /// The same with the calendar that counts them.
    pub fn terms<'a>(&self, calendar: &'a Calendar) -> Terms<'a> {
        let Limits { refuse, sort, answer, publish } = *self;
        Terms { refuse, sort, answer, publish, calendar }
    }
}

async fn limit(tx: &mut Tx, id: &'static str, day: Day) -> Result<Limit, Problem> {
    let text = store::parameter(tx, id, day).await?;
    let text = text.ok_or_else(|| Problem::fault(format!("no parameter {id} on {day}")))?;
    text.parse().map_err(|e| Problem::fault(format!("parameter {id}: {e}")))
}

/// A fresh code to follow a petition by: sixteen hexadecimal digits, 64 random bits.
pub fn fresh_code() -> String {
    web::secret::sha256_hex(web::secret::token().as_bytes())[..16].to_ascii_uppercase()
}

/// What is stored of a code, however its owner typed it.
pub fn code_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_hexdigit).take(32).collect();
    web::secret::sha256_hex(plain.to_ascii_uppercase().as_bytes())
}

/// A code in groups of four, as people read it aloud.
pub fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Takes a petition in: receipt number, limits, first line of the log and event in one transaction.
/// `code` is the plain code to follow, made before the transaction since that may run twice.
pub async fn send(
    tx: &mut Tx,
    sending: &Sending,
    files: &[store::File],
    code: &str,
    now: Instant,
) -> Result<Petition, Problem> {
    let day = now.day();
    let none = || Problem::field("unit", say("fault.no_counter", &[]));
    let about = directory::find_unit(tx, &sending.unit, day).await?.ok_or_else(none)?;
    let intake = directory::counter_of(tx, &sending.unit, day).await?.ok_or_else(none)?;
    let agency = directory::agency_of(tx, &intake.id).await?;
    let calendar = directory::calendar(tx, &intake.id).await?;
    let limits = Limits::on(tx, day).await?;
    let state = rules::received(now, &limits.terms(&calendar)).map_err(refusal)?;
    let owner = agency.id.as_str().to_string();
    let ident = [("ident", agency.ident_or_code())];
    let petition = Petition {
        id: base::Id::<PetitionKind>::fresh().to_string(),
        number: number::next(tx, "petition", &owner, &ident, day).await?,
        kind: sending.kind.clone(),
        topic: sending.topic.clone(),
        subject: sending.subject.trim().to_string(),
        content: sending.content.trim().to_string(),
        about: about.id,
        dossier: sending.dossier.as_ref().map(|d| d.id.to_string()),
        dossier_code: sending.dossier.as_ref().map(|d| d.code.clone()),
        account: sending.account.clone(),
        sender_name: sending.name.trim().to_string(),
        sender_phone: base::number::Phone::parse(&sending.phone)
            .map(|phone| phone.as_str().to_string())
            .unwrap_or_default(),
        sender_email: sending.email.trim().to_string(),
        holder: intake.id.clone(),
        intake: intake.id,
        agency: agency.id,
        state,
        clock_at: now,
        received_at: now,
        since: now,
        answer: String::new(),
        finding: String::new(),
        answered_at: None,
        answered_by: None,
        public: Public::default(),
        version: 1,
    };
    store::save_new(tx, &petition, &code_hash(code)).await?;
    keep_files(tx, &petition.id, files).await?;
    let step = store::Step { ..entry(&petition, "send", state, 0, now) };
    store::save_step(tx, &petition.id, &step).await?;
    tell(tx, &petition, event::PETITION_RECEIVED, &step).await?;
    Ok(petition)
}

async fn keep_files(tx: &mut Tx, petition: &str, files: &[store::File]) -> Result<(), Problem> {
    for file in files {
        db::blobs::commit(tx, &file.sha256).await?;
        store::save_file(tx, petition, file).await?;
    }
    Ok(())
}

/// Whoever meets a petition.
#[derive(Clone, Debug, Default)]
pub struct Who {
    pub account: Option<String>,
    pub posts: Vec<directory::Post>,
    /// They showed the code to follow it.
    pub has_code: bool,
}

impl Who {
    /// The seats of this person; none means that the petition does not exist for them.
    pub fn seats(&self, p: &Petition) -> Vec<Seat> {
        let mut seats = Vec::new();
        if self.has_code || (p.account.is_some() && p.account == self.account) {
            seats.push(Seat::Sender);
        }
        let holds = |role: Role, unit: &UnitId| self.posts.iter().any(|p| p.role == role && p.unit == *unit);
        if holds(Role::CounterClerk, &p.intake) {
            seats.push(Seat::Intake);
        }
        if holds(Role::Officer, &p.holder) || holds(Role::Leader, &p.holder) {
            seats.push(Seat::Holder);
        }
        if holds(Role::Leader, &p.agency) {
            seats.push(Seat::Approver);
        }
        seats
    }
}

/// What is done with a petition, with what it carries.
#[derive(Clone, Debug)]
#[expect(clippy::enum_variant_names, reason = "each is named as its step")]
pub enum Ask {
    AskCompletion { note: String },
    Complete { note: String, files: Vec<store::File> },
    Refuse { reason: String, basis: String, note: String },
    Forward { to: String, note: String },
    Answer { answer: String, finding: String, public: Public },
    Publish { public: Public },
    Withhold { reason: String, note: String },
}

impl Ask {
    /// The step's name.
    pub fn verb(&self) -> Verb {
        match self {
            Ask::AskCompletion { .. } => Verb::AskCompletion,
            Ask::Complete { .. } => Verb::Complete,
            Ask::Refuse { .. } => Verb::Refuse,
            Ask::Forward { .. } => Verb::Forward,
            Ask::Answer { .. } => Verb::Answer,
            Ask::Publish { .. } => Verb::Publish,
            Ask::Withhold { .. } => Verb::Withhold,
        }
    }

    /// Everything wrong with what was entered, at once.
    fn faults(&self, p: &Petition) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut need = |field: &str, text: &str, key: &str| {
            if text.trim().is_empty() {
                faults.push(FieldError::new(field, say(key, &[])));
            } else if text.chars().count() > TEXT_AREA_CHARS_MAX {
                faults.push(FieldError::new(field, say("fault.long", &[])));
            }
        };
        match self {
            Ask::AskCompletion { note } => need("note", note, "fault.what_missing"),
            Ask::Complete { note, .. } => need("note", note, "fault.completion"),
            Ask::Refuse { reason, basis, note } => {
                let known = REFUSE_REASONS.contains(&reason.as_str());
                need("reason", if known { reason } else { "" }, "fault.reason");
                need("basis", basis, "fault.basis");
                need("note", note, "fault.say_why");
            }
            Ask::Forward { to, .. } => need("to", to, "fault.to"),
            Ask::Answer { answer, finding, public } => {
                need("answer", answer, "fault.answer");
                let known =
                    FINDINGS.contains(&finding.as_str()) && !(p.topic == "attitude" && finding == "none");
                need("finding", if known { finding } else { "" }, "fault.finding");
                faults.extend(public_faults(p, public));
            }
            Ask::Publish { public } => faults.extend(public_faults(p, public)),
            Ask::Withhold { reason, note } => {
                let known = WITHHOLD_REASONS.contains(&reason.as_str());
                need("reason", if known { reason } else { "" }, "fault.reason");
                need("note", note, "fault.say_why");
            }
        }
        faults
    }
}

/// What would be published must be there, and must not tell who sent it.
fn public_faults(p: &Petition, public: &Public) -> Vec<FieldError> {
    let texts = [
        ("public_subject", &public.subject),
        ("public_content", &public.content),
        ("public_answer", &public.answer),
    ];
    let mut faults = Vec::new();
    for (field, text) in texts {
        let key = if text.trim().is_empty() {
            Some("fault.public")
        } else {
            rules::personal(text, &p.sender_name, &p.sender_phone).map(|found| match found {
                Personal::Name => "fault.personal_name",
                Personal::Phone => "fault.personal_phone",
                Personal::Number => "fault.personal_number",
            })
        };
        faults.extend(key.map(|key| FieldError::new(field, say(key, &[]))));
    }
    faults
}

/// Takes one step: asks the rules, moves the petition, writes the log and tells the other systems,
/// all in the caller's transaction. `seen` is the version on the person's screen.
pub async fn take(
    tx: &mut Tx,
    mut p: Petition,
    who: &Who,
    seen: i64,
    ask: Ask,
    now: Instant,
) -> Result<Petition, Problem> {
    if p.version != seen {
        return Err(Problem::Stale);
    }
    let (verb, old) = (ask.verb(), p.state);
    let calendar = directory::calendar(tx, &p.intake).await?;
    let limits = Limits::on(tx, now.day()).await?;
    let state = rules::after(old, verb, now, &limits.terms(&calendar)).map_err(refusal)?;
    if !who.seats(&p).iter().any(|seat| rules::may(*seat, verb)) {
        return Err(refusal(NotAllowed::NotYours(verb)));
    }
    let account = who.account.clone().unwrap_or_default();
    rules::four_eyes(verb, p.answered_by.as_deref(), &account).map_err(refusal)?;
    let faults = ask.faults(&p);
    if !faults.is_empty() {
        return Err(Problem::Invalid(faults));
    }

    if state.standing() != old.standing() {
        p.since = now;
    }
    p.state = state;
    let mut step = entry(&p, verb.word(), old, seen, now);
    step.due_at = rules::limit_of(old, verb);
    step.late = step.due_at.is_some_and(|due| due < now);
    match ask {
        Ask::AskCompletion { note } => step.note = note,
        Ask::Complete { note, files } => {
            keep_files(tx, &p.id, &files).await?;
            p.clock_at = now;
            step.note = note;
        }
        Ask::Refuse { reason, basis, note } => {
            (step.reason_code, step.basis, step.note) = (Some(reason), basis, note);
        }
        Ask::Forward { to, note } => {
            hand_over(tx, &mut p, &to, now.day()).await?;
            (step.unit, step.note) = (Some(p.holder.as_str().to_string()), note);
        }
        Ask::Answer { answer, finding, public } => {
            (p.answer, p.finding, p.public) = (answer, finding, public);
            (p.answered_at, p.answered_by) = (Some(now), Some(account));
            step.note = p.answer.clone();
        }
        Ask::Publish { public } => p.public = public,
        Ask::Withhold { reason, note } => (step.reason_code, step.note) = (Some(reason), note),
    }
    store::save_moved(tx, seen, &p).await?;
    p.version = seen + 1;
    store::save_step(tx, &p.id, &step).await?;
    let topic = topic(verb);
    if verb == Verb::Answer {
        tell_answered(tx, &p, &step).await?;
    } else {
        tell(tx, &p, topic, &step).await?;
    }
    Ok(p)
}

/// Puts it into the hands of a unit: a section or agency by its id, or whoever stands behind a code.
async fn hand_over(tx: &mut Tx, p: &mut Petition, to: &str, day: Day) -> Result<(), Problem> {
    let none = || Problem::field("to", say("fault.to", &[]));
    let unit = directory::find_unit(tx, to, day).await?.ok_or_else(none)?;
    let unit =
        if unit.territory { directory::counter_of(tx, to, day).await?.ok_or_else(none)? } else { unit };
    p.agency = directory::agency_of(tx, &unit.id).await.map_err(|_| none())?.id;
    // A counter does not settle: the agency behind it answers.
    p.holder = if unit.function.as_deref() == Some(directory::unit::function::COUNTER) {
        p.agency.clone()
    } else {
        unit.id
    };
    Ok(())
}

fn entry(p: &Petition, verb: &str, from: State, ordinal: i64, at: Instant) -> store::Step {
    store::Step {
        ordinal,
        verb: verb.to_string(),
        from_state: from.standing().word().to_string(),
        to_state: p.state.standing().word().to_string(),
        at,
        account: None,
        office: None,
        reason_code: None,
        basis: String::new(),
        note: String::new(),
        unit: None,
        due_at: None,
        late: false,
    }
}

fn topic(verb: Verb) -> &'static str {
    match verb {
        Verb::AskCompletion => event::PETITION_COMPLETION_ASKED,
        Verb::Complete => event::PETITION_COMPLETED,
        Verb::Refuse => event::PETITION_REFUSED,
        Verb::Forward => event::PETITION_FORWARDED,
        Verb::Answer => event::PETITION_ANSWERED,
        Verb::Publish => event::PETITION_PUBLISHED,
        Verb::Withhold => event::PETITION_WITHHELD,
    }
}

async fn tell(tx: &mut Tx, p: &Petition, topic: &'static str, step: &store::Step) -> Result<(), Problem> {
    let moved = event::PetitionMoved {
        petition: p.id.clone(),
        number: p.number.clone(),
        ordinal: step.ordinal,
        from: step.from_state.clone(),
        to: step.to_state.clone(),
        late: step.late,
        at: step.at,
    };
    outbox::put(tx, topic, &p.id, &moved).await?;
    Ok(())
}

async fn tell_answered(tx: &mut Tx, p: &Petition, step: &store::Step) -> Result<(), Problem> {
    let answered = event::PetitionAnswered {
        petition: p.id.clone(),
        number: p.number.clone(),
        dossier: p.dossier.clone(),
        agency: p.agency.as_str().to_string(),
        unit: p.holder.as_str().to_string(),
        topic: p.topic.clone(),
        finding: p.finding.clone(),
        late: step.late,
        at: step.at,
    };
    outbox::put(tx, event::PETITION_ANSWERED, &p.id, &answered).await?;
    Ok(())
}

/// The words of an expected "no".
pub fn refusal(why: NotAllowed) -> Problem {
    match why {
        NotAllowed::FromHere(standing, verb) => Problem::refused(
            say("refusal.from_here", &[("state", &words::standing(standing)), ("step", &words::verb(verb))]),
            format!("petition: no {} from {}", verb.word(), standing.word()),
        ),
        NotAllowed::NotYours(verb) => Problem::refused(
            say("refusal.not_yours", &[("step", &words::verb(verb))]),
            format!("petition: {} is not theirs", verb.word()),
        ),
        NotAllowed::FourEyes => {
            Problem::refused(say("refusal.four_eyes", &[]), "petition: answered and approved by one person")
        }
        NotAllowed::Uncountable => {
            Problem::refused(say("refusal.uncountable", &[]), "petition: a limit cannot be counted")
        }
    }
}

/// The deed's name in the audit book.
pub fn deed(verb: Verb) -> &'static str {
    match verb {
        Verb::AskCompletion => "onestop.petition-ask-completion",
        Verb::Complete => "onestop.petition-complete",
        Verb::Refuse => "onestop.petition-refuse",
        Verb::Forward => "onestop.petition-forward",
        Verb::Answer => "onestop.petition-answer",
        Verb::Publish => "onestop.petition-publish",
        Verb::Withhold => "onestop.petition-withhold",
    }
}
