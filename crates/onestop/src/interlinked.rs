//! Interlinked procedures (liên thông): when the parent is received, each child procedure becomes a dossier
//! of its own, with its own code, agency, limit and steps; those that wait for the results of others begin
//! when these are there. The citizen has one dossier, one promise and one counter: what concerns them goes
//! through the parent. The parent is decided when every child has given its result, or its officials have
//! said what follows from a missing one. law: onestop/interlinked

pub mod pages;
pub mod rules;
#[cfg(test)]
mod tests;
pub mod words;

use std::sync::Arc;

use base::calendar::Calendar;
use base::{Day, Instant};
use contracts::onestop as event;
use db::outbox::Event;
use db::{Act, Actor, Tx, args, outbox};
use directory::{Role, UnitId};
use serde_json::{Value, json};
use web::{FieldError, Problem};

use crate::App;
use crate::answers::{self, rules::Change};
use crate::catalogue::version_id;
use crate::dossier::checklist::Request;
use crate::dossier::law::Law;
use crate::dossier::rules::{self as life, Seat, State, Status, Step, Terms, Verb, Was};
use crate::dossier::{self, Case, Dossier, DossierId, Moved, Remark, StoredFile, Who, store};
use crate::filing::route;
use crate::number;
use crate::procedure::Procedure;
use crate::procedure::model::{Child, Frame};
use rules::{Link, Part};
use words::{kept, say};

/// Characters of what officials say of a missing result.
const WORD_CHARS_MAX: usize = 1000;

/// The procedures inside an interlinked one, and the frame that says who settles them.
#[derive(Clone)]
pub struct Family {
    frame: Frame,
    /// Those now offered first, then the other versions.
    procedures: Vec<Arc<Procedure>>,
}

impl Family {
    /// Of these procedures.
    pub fn new(frame: Frame, procedures: Vec<Arc<Procedure>>) -> Family {
        Family { frame, procedures }
    }

    /// The frame that says who settles.
    pub fn frame(&self) -> Frame {
        self.frame
    }

    fn offered(&self, code: &str) -> Option<&Arc<Procedure>> {
        self.procedures.iter().find(|p| p.code == code)
    }

    fn version(&self, id: &str) -> Result<Arc<Procedure>, Problem> {
        let found = self.procedures.iter().find(|p| version_id(p) == id);
        found.cloned().ok_or_else(|| Problem::fault(format!("a child under {id}, which is of no family")))
    }
}

db::record! {
    /// The parent of a child, in short.
    #[derive(PartialEq, Eq)]
    pub struct Outer {
        id: DossierId, code: String,
        /// The number of its status.
        status: i64,
        /// How often the citizen was asked for papers, by whomever of the family.
        requests: i64,
    }
}

impl Outer {
    /// Nothing can happen to it any more.
    pub fn is_over(&self) -> bool {
        self.status().is_none_or(Status::is_final)
    }

    fn status(&self) -> Option<Status> {
        Status::from_number(self.status)
    }
}

/// The parent of a child; none for every other dossier, without a question to the store.
pub async fn outer(tx: &mut Tx, dossier: &Dossier) -> db::Result<Option<Outer>> {
    let Some(parent) = dossier.parent else { return Ok(None) };
    tx.find(
        "select id, code, status, supplement_requests as requests from dossier where id = $1",
        args![parent],
    )
    .await
}

/// Whether this person may look at a dossier because of its relatives: the whole dossier goes to every
/// agency that settles a part of it, and the applicant has the parent.
pub async fn is_near(tx: &mut Tx, dossier: &Dossier, who: &Who) -> db::Result<bool> {
    let near: Vec<DossierId> = match dossier.parent {
        Some(parent) => vec![parent],
        None => tx.list("select id from dossier where parent = $1 limit 20", args![dossier.id]).await?,
    };
    for id in near {
        if who.may_see(&store::get(tx, id).await?) {
            return Ok(true);
        }
    }
    Ok(false)
}

db::record! {
    /// A child as its row and its dossier have it.
    pub struct Row {
        part: String, dossier: Option<DossierId>, begun_at: Option<Instant>, outcome: Option<String>,
        word: String, said_at: Option<Instant>,
        code: Option<String>, agency: Option<String>, status: Option<i64>,
        due_at: Option<Instant>, deadline: Option<Instant>,
        decided: Option<String>, number: Option<String>, symbol: Option<String>, day: Option<Day>,
    }
}

impl Row {
    /// How it stands for its parent.
    pub fn stands(&self) -> Part {
        let faced = self.said_at.is_some();
        let part = match (self.status.and_then(Status::from_number), self.outcome.as_deref()) {
            (Some(status), _) => rules::of_dossier(status, self.decided.as_deref().map(|d| d == "granted")),
            (None, Some("granted")) => return Part::Granted,
            (None, Some(_)) => Part::Failed,
            (None, None) if self.begun_at.is_some() => Part::ByHand,
            (None, None) => Part::Waiting,
        };
        match part {
            Part::Failed | Part::Waiting if faced => Part::Faced,
            part => part,
        }
    }
}

/// The children of a dossier in the order of the file; none where they are not dossiers of their own.
pub async fn parts(tx: &mut Tx, parent: DossierId) -> db::Result<Vec<Row>> {
    tx.list(
        "select p.part, p.dossier, p.begun_at, p.outcome, p.word, p.said_at, d.code, d.agency, d.status,
                d.due_at, d.deadline, r.outcome as decided, r.number, r.symbol, r.day
           from dossier_part p left join dossier d on d.id = p.dossier
           left join dossier_result r on r.dossier = p.dossier
          where p.parent = $1 order by p.ordinal limit 20",
        args![parent],
    )
    .await
}

/// The rows as the rules want them.
pub fn links<'a>(procedure: &'a Procedure, rows: &'a [Row]) -> Vec<Link<'a>> {
    let after = |row: &Row| procedure.children.iter().find(|c| c.id == row.part).map(|c| c.after.as_slice());
    rows.iter()
        .map(|row| Link { id: &row.part, after: after(row).unwrap_or_default(), part: row.stands() })
        .collect()
}

/// The parent has been received: its parts are written down, and those that wait for nobody begin, in the
/// same transaction.
pub(crate) async fn open(tx: &mut Tx, case: &Case) -> Result<(), Problem> {
    if !case.procedure.run_children {
        return Ok(());
    }
    for (ordinal, child) in (1_i64..).zip(&case.procedure.children) {
        tx.change_one(
            "insert into dossier_part (parent, part, ordinal) values ($1, $2, $3)",
            args![case.dossier.id, &child.id, ordinal],
        )
        .await?;
    }
    begin(tx, &case.dossier, &case.procedure, &case.family, &case.law, case.now).await
}

/// Begins every part that waits for nothing any more.
async fn begin(
    tx: &mut Tx,
    parent: &Dossier,
    procedure: &Procedure,
    family: &Family,
    law: &Law,
    now: Instant,
) -> Result<(), Problem> {
    let rows = parts(tx, parent.id).await?;
    let calendar = directory::calendar(tx, &parent.counter).await?;
    for id in rules::begin(&links(procedure, &rows)) {
        let Some(child) = procedure.children.iter().find(|c| c.id == id) else { continue };
        let own = child.code.as_deref().and_then(|code| family.offered(code)).filter(|p| p.limit.is_some());
        let made = match own {
            Some(own) => {
                let birth = Birth { parent, child, own, calendar: &calendar, law, now };
                Some(birth.make(tx, family.frame).await?)
            }
            None => None,
        };
        tx.change_one(
            "update dossier_part set dossier = $1, begun_at = $2
              where parent = $3 and part = $4 and begun_at is null",
            args![made, now, parent.id, id],
        )
        .await?;
    }
    Ok(())
}

/// With what a child begins.
struct Birth<'a> {
    parent: &'a Dossier,
    child: &'a Child,
    own: &'a Arc<Procedure>,
    calendar: &'a Calendar,
    law: &'a Law,
    now: Instant,
}

impl Birth<'_> {
    /// Makes the child: filed, received under its own limit, and on the desk of its first step.
    async fn make(&self, tx: &mut Tx, frame: Frame) -> Result<DossierId, Problem> {
        let agency = self.agency(tx, frame).await?;
        let counter = directory::get_unit(tx, &self.parent.counter).await?;
        let ident = counter.ident_or_code().to_string();
        let code = number::next(tx, "dossier", &ident, &[("ident", &ident)], self.now.day()).await?;
        let answer_by = self.calendar.due(self.now, self.law.answer_within(self.now.day()));
        let answer_by = answer_by.map_err(|_| life::NotAllowed::Uncountable)?.at;
        let mut child = self.dossier(code, agency, answer_by);
        store::save_new(tx, &child).await?;
        self.bring_files(tx, child.id).await?;
        let entry = store::Entry {
            ordinal: 0,
            verb: "file",
            from: (Status::Filed, None),
            to: &child,
            at: self.now,
            reason_code: None,
            note: "",
            details: json!({ "part": self.child.id }),
        };
        store::save_entry(tx, &entry).await?;
        outbox::put(tx, event::FILED, &child.id.to_string(), &dossier::moved(&child, 0, 0, self.now)).await?;
        let first = self.own.first_step().map(|s| s.id.clone()).unwrap_or_default();
        let moves = [(Step::Receive, event::RECEIVED), (Step::PassOn(first), event::PASSED_ON)];
        for (step, topic) in moves {
            let terms = terms(self.own, &child, self.calendar, self.law);
            let state = life::after(&child.state, &step, self.now, &terms)?;
            let remark = Remark::note("");
            let moved = Moved { verb: step.verb(), state, remark, topic, at: self.now };
            dossier::enter(tx, &mut child, self.own, moved).await?;
        }
        Ok(child.id)
    }

    /// The agency at the place that the file names, or the parent's own.
    async fn agency(&self, tx: &mut Tx, frame: Frame) -> Result<UnitId, Problem> {
        let place = self.child.place.as_ref().and_then(|field| self.parent.answers.get(field));
        let Some(unit) = place.and_then(|address| address["unit"].as_str()) else {
            return Ok(self.parent.agency.clone());
        };
        let level = route::level(self.own, frame);
        match route::find(tx, unit, level, None, self.now.day()).await? {
            Some(agency) => Ok(agency.id),
            // The place was abolished since: the parent's agency is the one that knows what follows.
            None => Ok(self.parent.agency.clone()),
        }
    }

    fn dossier(&self, code: String, agency: UnitId, answer_by: Instant) -> Dossier {
        let parent = self.parent;
        let mut answers = self.child.fixed.clone();
        for (to, from) in &self.child.answers {
            if let Some(value) = parent.answers.get(from) {
                answers.insert(to.clone(), value.clone());
            }
        }
        Dossier {
            id: DossierId::fresh(),
            code,
            procedure: version_id(self.own),
            counter: parent.counter.clone(),
            agency,
            // The citizen has the parent; an account here would show them a second dossier.
            account: None,
            applicant: parent.applicant.clone(),
            channel: parent.channel.clone(),
            return_by: parent.return_by.clone(),
            answers,
            state: State::Filed { answer_by },
            holder_unit: parent.counter.clone(),
            holder_role: Role::CounterClerk.as_str().into(),
            assignee: None,
            filed_at: self.now,
            answer_by,
            accepted_at: None,
            promised: None,
            since: self.now,
            supplement_requests: 0,
            extensions: 0,
            fee_asked: 0,
            fee_paid: 0,
            parent: Some(parent.id),
            version: 1,
        }
    }

    async fn bring_files(&self, tx: &mut Tx, child: DossierId) -> Result<(), Problem> {
        for file in store::list_files(tx, self.parent.id).await? {
            let serves = self.child.papers.iter().find(|(_, from)| **from == file.component);
            if let Some((to, _)) = serves {
                share(tx, child, to, &file, self.now).await?;
            }
        }
        Ok(())
    }
}

/// The child has the same file; its bytes are there once.
async fn share(
    tx: &mut Tx,
    child: DossierId,
    component: &str,
    file: &StoredFile,
    now: Instant,
) -> Result<(), Problem> {
    let id = base::Id::<dossier::DossierKind>::fresh().to_string();
    let copy = StoredFile { id, component: component.into(), added_at: now, ..file.clone() };
    store::save_file(tx, child, &copy).await?;
    Ok(db::blobs::commit(tx, &copy.sha256).await?)
}

fn terms<'a>(procedure: &'a Procedure, dossier: &Dossier, calendar: &'a Calendar, law: &'a Law) -> Terms<'a> {
    Terms { limit: procedure.limit, law, calendar, stages: &procedure.steps, used: dossier.used() }
}

/// Refuses what cannot be done because of a relative. law: onestop/interlinked
pub(crate) async fn before_step(tx: &mut Tx, case: &Case, verb: Verb) -> Result<(), Problem> {
    if let Some(outer) = &case.outer {
        let code = [("code", outer.code.as_str())];
        if !rules::of_child(verb, outer.is_over()) {
            return Err(Problem::refused(say("linked.with_parent", &code), "refused: linked.with_parent"));
        }
        if verb == Verb::AskSupplement && !outer.status().is_some_and(rules::may_ask_through) {
            return Err(Problem::refused(say("linked.cannot_ask", &code), "refused: linked.cannot_ask"));
        }
    }
    if verb == Verb::Decide && case.procedure.run_children {
        let rows = parts(tx, case.dossier.id).await?;
        let holding = rules::holding(&links(&case.procedure, &rows));
        let names: Vec<&str> = holding.into_iter().map(|id| name(&case.procedure, id)).collect();
        if !names.is_empty() {
            let words = say("linked.holding", &[("names", &names.join("; "))]);
            return Err(Problem::refused(words, "refused: linked.holding"));
        }
    }
    Ok(())
}

/// What the file calls a part.
pub fn name<'p>(procedure: &'p Procedure, part: &str) -> &'p str {
    procedure.children.iter().find(|c| c.id == part).map_or("", |c| c.name.as_str())
}

/// A child has asked for papers: the citizen is asked through the parent, whose clock stands too. Where
/// papers are being waited for already, the request joins that one.
pub(crate) async fn ask_through_parent(
    tx: &mut Tx,
    case: &Case,
    components: &Value,
    request: Request<'_>,
) -> Result<(), Problem> {
    let Some(outer) = &case.outer else { return Ok(()) };
    let mut parent = store::get(tx, outer.id).await?;
    let note = request.note;
    let ids = components.as_array().into_iter().flatten().filter_map(Value::as_str);
    let papers = ids.filter_map(|id| case.procedure.component(id)).map(|c| c.name.as_str());
    let form = case.procedure.form.as_ref();
    let titles = request.fields.iter().filter_map(|field| Some(form?.title(field)));
    let named: Vec<&str> = papers.chain(titles).collect();
    let told = match named.as_slice() {
        [] => note.trim().to_string(),
        named => kept("linked.asks", &[("papers", &named.join("; ")), ("note", note.trim())]),
    };
    let told = format!("{} ({}): {told}", case.procedure.name, case.dossier.code);
    let state = match &parent.state {
        State::Received { due } => State::Supplementing { asked: case.now, was: Was::Received { due: *due } },
        State::InProcess { due, at } => {
            State::Supplementing { asked: case.now, was: Was::InProcess { due: *due, at: at.clone() } }
        }
        // Refused before the step, unless papers are waited for already.
        waiting => waiting.clone(),
    };
    // Which of the parent's questions these are, the parent's own file says: `answers::asked`.
    let details = json!({ "components": [], "part": case.dossier.code, "of": case.procedure.code,
        "part_fields": request.fields });
    let remark = Remark { reason_code: Some(request.reason), details, note: &told };
    let (verb, topic) = (Verb::AskSupplement, event::SUPPLEMENT_ASKED);
    let step = Moved { verb, state, remark, topic, at: case.now };
    // A dossier that waits for papers is at the counter, whatever its steps.
    dossier::enter(tx, &mut parent, &case.procedure, step).await
}

/// Answers of the parent have changed: every child that is not decided yet has those that its own came from.
pub(crate) async fn hand_answers(tx: &mut Tx, case: &Case, changes: &[Change]) -> Result<(), Problem> {
    for (part, id) in running(tx, case).await? {
        let Some(child) = case.procedure.children.iter().find(|c| c.id == part) else { continue };
        let mut own = store::get(tx, id).await?;
        if own.state.status().is_final() || own.state.status() == Status::Settled {
            continue;
        }
        let mut mine = Vec::new();
        for (to, from) in &child.answers {
            let Some(change) = changes.iter().find(|c| c.field == *from) else { continue };
            let before = match &change.after {
                Some(value) => own.answers.insert(to.clone(), value.clone()),
                None => own.answers.shift_remove(to),
            };
            if before != change.after {
                mine.push(Change { field: to.clone(), before, after: change.after.clone() });
            }
        }
        if mine.is_empty() {
            continue;
        }
        let ordinal = own.version;
        let fields: Vec<&str> = mine.iter().map(|c| c.field.as_str()).collect();
        dossier::record_on(tx, &mut own, answers::TYPED, "", json!({ "fields": fields }), case.now).await?;
        answers::store::save(tx, own.id, ordinal, &mine, case.now).await?;
    }
    Ok(())
}

/// The citizen has brought papers to the parent: every child that waits for some gets them and goes on.
pub(crate) async fn hand_on(tx: &mut Tx, case: &Case, files: &[StoredFile]) -> Result<(), Problem> {
    for row in running(tx, case).await? {
        let mut child = store::get(tx, row.1).await?;
        if child.state.status() != Status::Supplementing {
            continue;
        }
        let own = case.family.version(&child.procedure)?;
        let papers = case.procedure.children.iter().find(|c| c.id == row.0).map(|c| &c.papers);
        for file in files {
            let to = papers.and_then(|papers| papers.iter().find(|(_, from)| **from == file.component));
            let to = to.map_or(file.component.as_str(), |(to, _)| to.as_str());
            share(tx, child.id, to, file, case.now).await?;
        }
        let details = json!({ "files": files.iter().map(|f| f.sha256.to_string()).collect::<Vec<_>>() });
        let remark = Remark { details, ..Remark::note("") };
        follow(tx, case, &mut child, &own, &Step::Supplement, remark, event::SUPPLEMENTED).await?;
    }
    Ok(())
}

/// The parent was taken back or stopped: so is every child that is under way. A result that is there
/// already stays, and is returned by itself.
pub(crate) async fn end_all(
    tx: &mut Tx,
    case: &Case,
    step: &Step,
    remark: Remark<'_>,
) -> Result<(), Problem> {
    let topic = if *step == Step::Stop { event::STOPPED } else { event::WITHDRAWN };
    for (_, id) in running(tx, case).await? {
        let mut child = store::get(tx, id).await?;
        if child.state.status().is_final() || child.state.status() == Status::Settled {
            continue;
        }
        let own = case.family.version(&child.procedure)?;
        follow(tx, case, &mut child, &own, step, remark.clone(), topic).await?;
    }
    Ok(())
}

/// The results of all children go to the citizen with the parent's.
pub(crate) async fn return_all(tx: &mut Tx, case: &Case, note: &str) -> Result<(), Problem> {
    for (_, id) in running(tx, case).await? {
        let mut child = store::get(tx, id).await?;
        if child.state.status() == Status::Settled {
            let own = case.family.version(&child.procedure)?;
            let (step, remark) = (Step::ReturnResult, Remark::note(note));
            follow(tx, case, &mut child, &own, &step, remark, event::RETURNED).await?;
        }
    }
    Ok(())
}

/// The children whose results go to the citizen with the parent's.
pub(crate) async fn settled_parts(tx: &mut Tx, case: &Case) -> Result<Vec<Dossier>, Problem> {
    let mut all = Vec::new();
    for (_, id) in running(tx, case).await? {
        let child = store::get(tx, id).await?;
        if child.state.status() == Status::Settled {
            all.push(child);
        }
    }
    Ok(all)
}

/// The parts that are dossiers.
async fn running(tx: &mut Tx, case: &Case) -> db::Result<Vec<(String, DossierId)>> {
    if !case.procedure.run_children {
        return Ok(Vec::new());
    }
    let rows = parts(tx, case.dossier.id).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.part, row.dossier?))).collect())
}

/// A child takes the step that its parent has taken.
async fn follow(
    tx: &mut Tx,
    case: &Case,
    child: &mut Dossier,
    own: &Procedure,
    step: &Step,
    remark: Remark<'_>,
    topic: &'static str,
) -> Result<(), Problem> {
    let terms = terms(own, child, &case.calendar, &case.law);
    let state = life::after(&child.state, step, case.now, &terms)?;
    let moved = Moved { verb: step.verb(), state, remark, topic, at: case.now };
    dossier::enter(tx, child, own, moved).await
}

/// After a child's decision: what waited for its result begins. Twice is once, by the row of each part.
pub(crate) async fn go_on(app: &App, event: &Event) -> Result<(), String> {
    let moved: event::DossierMoved = event.read()?;
    let id: DossierId = moved.dossier.parse().map_err(|_| format!("no dossier id: {}", moved.dossier))?;
    let (catalogue, now) = (app.catalogue.clone(), app.site.clock.now());
    let act = Act::new(Actor::System, "onestop.begin-part", moved.dossier.clone(), now);
    let child = app.site.db.read(async move |tx: &mut Tx| store::get(tx, id).await);
    let Some(parent) = child.await.map_err(|e| e.to_string())?.parent else { return Ok(()) };
    let begun = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let parent = store::get(tx, parent).await?;
        if parent.state.status().is_final() {
            return Ok(());
        }
        let procedure = catalogue.version(&parent.procedure)?;
        let family = catalogue.family(&procedure);
        begin(tx, &parent, &procedure, &family, &catalogue.law(), now).await
    });
    begun.await.map_err(|problem| problem.to_string())
}

/// How a part that is followed by hand ended, or what follows from a result that will not come.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// The result is there; only of a part followed by hand.
    pub granted: bool,
    pub text: String,
}

/// The parent's officials write it down; a missing result needs words for the citizen.
pub async fn face(tx: &mut Tx, case: &mut Case, part: &str, word: &Word, who: &Who) -> Result<(), Problem> {
    if !may_face(case) {
        return Err(Problem::refused(say("linked.not_yours", &[]), "refused: linked.not_yours"));
    }
    let rows = parts(tx, case.dossier.id).await?;
    let links = links(&case.procedure, &rows);
    let link = links.iter().find(|l| l.id == part).ok_or(Problem::NotFound)?;
    if !rules::may_be_faced(link.part, rules::barred(&links).contains(&part)) {
        return Err(Problem::Stale);
    }
    let by_hand = link.part == Part::ByHand;
    let granted = word.granted && by_hand;
    let text = word.text.trim();
    let most = WORD_CHARS_MAX.to_string();
    if text.is_empty() {
        return Err(Problem::Invalid(vec![FieldError::new("word", say("linked.say", &[]))]));
    }
    if text.chars().count() > WORD_CHARS_MAX {
        return Err(Problem::Invalid(vec![FieldError::new(
            "word",
            say("linked.too_long", &[("most", &most)]),
        )]));
    }
    let outcome = by_hand.then_some(if granted { "granted" } else { "failed" });
    tx.change_one(
        "update dossier_part set outcome = $1, word = $2, said_by = $3, said_at = $4
          where parent = $5 and part = $6 and said_at is null",
        args![outcome, text, &who.account, case.now, case.dossier.id, part],
    )
    .await?;
    let named = name(&case.procedure, part).to_string();
    let key = if granted { "linked.came" } else { "linked.missing" };
    let note = kept(key, &[("name", &named), ("word", text)]);
    dossier::record(tx, case, "face_part", &note, json!({ "part": part })).await?;
    // What is there now may be what others wait for.
    begin(tx, &case.dossier, &case.procedure, &case.family, &case.law, case.now).await
}

/// Whether this person answers for the parent's parts now.
pub fn may_face(case: &Case) -> bool {
    case.procedure.run_children
        && case.dossier.state.status() == Status::InProcess
        && case.seats.iter().any(|seat| matches!(seat, Seat::Desk | Seat::Leader))
}

/// The results of the parts in one line, as the parent's own result names them.
pub fn results(procedure: &Procedure, rows: &[Row]) -> String {
    let line = |row: &Row| {
        let name = name(procedure, &row.part);
        let number = match (&row.number, row.symbol.as_deref()) {
            (Some(number), Some(symbol)) if !symbol.is_empty() => format!("{number}/{symbol}"),
            (Some(number), _) => number.clone(),
            _ => String::new(),
        };
        let day = row.day.map(base::format::date_vn).unwrap_or_default();
        match row.stands() {
            Part::Granted if number.is_empty() => {
                kept("linked.result_by_hand", &[("name", name), ("word", &row.word)])
            }
            Part::Granted => kept("linked.result", &[("name", name), ("number", &number), ("day", &day)]),
            _ => kept("linked.result_missing", &[("name", name), ("word", &row.word)]),
        }
    };
    rows.iter().map(line).collect::<Vec<_>>().join("; ")
}

/// Whether what an event tells of is a child, of which the citizen and the national portal are told
/// nothing: they have the parent.
pub async fn is_child(tx: &mut Tx, id: DossierId) -> db::Result<bool> {
    let parent: Option<Above> = tx.find("select parent from dossier where id = $1", args![id]).await?;
    Ok(parent.is_some_and(|row| row.parent.is_some()))
}

db::record! { struct Above { parent: Option<String> } }
