//! The dossier as officials see it: `/mot-cua/ho-so/{code}` and its steps below it.

mod panels;
mod proposal;
mod step;

use std::collections::BTreeMap;
use std::mem::take;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use base::Instant;
use db::Tx;
use directory::{AnyOfficial, UnitId};
use serde::Deserialize;
use web::due::Pill;
use web::{Path, Problem, Query, Shell, page};

use super::proposal::{Proposal, store as proposal_store};
use super::rules::{Seat, Status, Verb};
use super::{Case, History, StoredFile, Who, store};
use crate::App;
use crate::answers::words::say as answer_words;
use crate::desk::frame::{self, Place};
use crate::desk::store::shelf::{self, Band, Shelf};
use crate::desk::words::say;
use crate::desk::{List, soon};
use crate::filters;
use crate::message::pages as message;
use crate::signing::leave;
use crate::words;
use panels::{Check, Doc, Event, Fact, Flow, Group, View};

/// The routes of this file and of the steps.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/ho-so/{code}", get(show))
        .route("/mot-cua/ho-so/{code}/{step}", get(step::form).post(step::take))
        .route("/mot-cua/ho-so/{code}/de-nghi/{id}", post(proposal::decide))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ShowQuery {
    /// The list from which the dossier was opened.
    tu: String,
    /// The file or the paper to show.
    tep: Option<String>,
    giay: Option<String>,
    post: Option<String>,
    /// The step that has just been taken.
    da: Option<String>,
}

/// Everything the pages of one dossier speak of, read in one transaction.
struct Sheet {
    case: Case,
    files: Vec<StoredFile>,
    papers: Vec<store::Paper>,
    history: Vec<History>,
    decision: Option<store::Decision>,
    /// What waits for a leader's word.
    proposal: Option<Proposal>,
    /// What a leader said no to since the dossier last moved.
    declined: Option<proposal_store::Declined>,
    /// Names of those who acted, by account.
    names: BTreeMap<String, String>,
    /// Names of units, by id.
    units: BTreeMap<String, String>,
    counts: Vec<(List, i64)>,
    /// What other units are asked, and visits and councils.
    opinions: Vec<crate::opinion::pages::Asked>,
    /// What was wrong with the result, and its way by post.
    corrections: Vec<crate::correction::pages::Told>,
    mailings: Vec<String>,
    may_correct: bool,
    may_post: bool,
    may_declare: bool,
    /// What the result's signatures are, or what it waits for.
    signed: Vec<String>,
    /// The files that the newest result was before: address, name, since when.
    versions: Vec<[String; 3]>,
    inspections: Vec<crate::inspection::pages::Seen>,
    talk: message::Panel,
    /// The children of an interlinked dossier.
    parts: Vec<crate::interlinked::pages::PartLine>,
    /// Those who agreed to it beside the applicant.
    signers: crate::signer::pages::Panel,
    /// Answers that were typed or corrected after filing.
    changes: Vec<crate::answers::told::Told>,
    /// Originals that are not given back.
    originals: Vec<String>,
    /// The files that came from the applicant's vault.
    from_vault: Vec<crate::vault::store::Used>,
    /// To whom it is assigned.
    assignee: String,
    /// Place in the list it was opened from, the codes before and after it, and the list's length.
    beside: Option<Beside>,
}

/// Where a dossier stands in a list.
struct Beside {
    at: i64,
    of: i64,
    before: Option<String>,
    after: Option<String>,
}

impl Beside {
    /// "2 trong 3"; nothing where it is not on the list.
    fn told(&self) -> String {
        if self.at == 0 {
            return String::new();
        }
        say("dossier.place", &[("at", &self.at.to_string()), ("of", &self.of.to_string())])
    }
}

impl Sheet {
    async fn read(
        tx: &mut Tx,
        app: &App,
        who: &Who,
        place: &Place,
        code: &str,
        list: Option<List>,
        now: Instant,
    ) -> Result<Sheet, Problem> {
        let case = Case::find(tx, &app.catalogue, who, code, now).await?;
        let d = &case.dossier;
        let history = store::list_history(tx, d.id).await?;
        let proposal = proposal_store::find_open(tx, d.id).await?;
        let declined = proposal_store::find_declined(tx, &case).await?;
        let others =
            proposal.iter().map(|p| p.account.as_str()).chain(declined.iter().map(|p| p.decided_by.as_str()));
        let accounts = history.iter().filter_map(|h| h.account.as_deref());
        let names = directory::people_names(tx, accounts.chain(others)).await?;
        let offices = history.iter().filter_map(|h| h.office.as_ref());
        let offices = [&d.counter, &d.agency, &d.holder_unit].into_iter().chain(offices);
        let units = directory::unit_names(tx, offices.map(UnitId::as_str)).await?;
        let beside = match list {
            Some(list) => beside(tx, &case, place, list, now).await?,
            None => None,
        };
        let decision = store::find_decision(tx, d.id).await?;
        let corrections = crate::correction::store::of_dossier(tx, d.id).await?;
        let mailings = crate::mailing::of_dossier(tx, d.id).await?;
        Ok(Sheet {
            may_correct: crate::correction::may_ask(&case, decision.is_some(), &corrections),
            may_post: !crate::mailing::open(&case, &mailings).is_empty(),
            may_declare: leave::may_declare(tx, &case).await?,
            signed: crate::signing::pages::state(tx, case.dossier.id).await?,
            versions: crate::signing::pages::versions(tx, &case.dossier).await?,
            corrections: crate::correction::pages::panel(tx, &case, who, Some(place)).await?,
            mailings: mailings.iter().map(crate::mailing::pages::told).collect(),
            files: store::list_files(tx, d.id).await?,
            papers: store::list_papers(tx, d.id).await?,
            decision,
            counts: frame::counts(tx, place, now).await?,
            opinions: crate::opinion::pages::panel(tx, place, &case).await?,
            inspections: crate::inspection::pages::panel(tx, place, &case).await?,
            talk: message::panel(tx, place, &case, who).await?,
            parts: crate::interlinked::pages::lines(tx, &case, Some(place)).await?,
            signers: {
                let counter = case.seats.contains(&Seat::Counter) && !d.state.status().is_final();
                let form = place.href(&crate::signer::desk::path(&d.code), &[]);
                crate::signer::pages::panel(tx, &case, if counter { form } else { String::new() }).await?
            },
            changes: crate::answers::told::all(tx, &case, true).await?,
            originals: {
                let papers = crate::custody::of_dossier(tx, d.id).await?.into_iter();
                papers.filter(crate::custody::is_out).map(|p| p.name).collect()
            },
            from_vault: crate::vault::store::used_in(tx, d.id).await?,
            assignee: match d.assignee.as_deref().and_then(|account| account.parse().ok()) {
                Some(id) => directory::person(tx, id).await?.name,
                None => String::new(),
            },
            case,
            proposal,
            declined,
            history,
            names,
            units,
            beside,
        })
    }

    fn unit(&self, id: &UnitId) -> String {
        self.units.get(id.as_str()).cloned().unwrap_or_default()
    }

    /// Who acted in a line of the log.
    fn actor(&self, h: &History) -> String {
        let d = &self.case.dossier;
        match &h.account {
            Some(account) => self.names.get(account).cloned().unwrap_or_default(),
            None => crate::takeover::actor(h).unwrap_or_else(|| d.applicant.name.clone()),
        }
    }
}

/// Where the dossier stands in the list; a dossier that has left it keeps its neighbours.
async fn beside(
    tx: &mut Tx,
    case: &Case,
    place: &Place,
    list: List,
    now: Instant,
) -> Result<Option<Beside>, Problem> {
    if !place.scope.lists().contains(&list) {
        return Ok(None);
    }
    let soon = soon(&directory::calendar(tx, &place.post.unit).await?, now);
    let shelf = Shelf {
        scope: place.scope.clone(),
        list: Some(list),
        band: Band::All,
        words: String::new(),
        procedures: None,
        whose: shelf::Whose::Everybodys,
        now,
        soon,
    };
    let d = &case.dossier;
    let cursor = format!("{}:{}", d.state.deadline().unwrap_or(d.since).micros(), d.id);
    let (before, after) = shelf::neighbours(tx, &shelf, &cursor).await?;
    let at = shelf::until(tx, &shelf, &cursor).await?;
    let of = shelf::bands(tx, &shelf).await?.of(Band::All);
    Ok(Some(Beside { at, of, before, after }))
}

/// One thing to do next.
struct Act {
    /// Where its button or link leads.
    href: String,
    label: String,
    icon: &'static str,
    /// A form of one button; otherwise a link to the form with its words.
    simple: bool,
    /// The internal step it leads to, where the button says so.
    to: String,
    primary: bool,
    /// What follows from it, in words; "" for nothing to say.
    hint: String,
    /// The letter that leads to it from the keyboard; "" for none.
    key: &'static str,
}

#[derive(Template)]
#[template(path = "dossier/show.html")]
struct ShowPage {
    shell: Shell,
    back: String,
    back_label: String,
    at: String,
    before: Option<String>,
    after: Option<String>,
    pill: Option<Pill>,
    promise: String,
    status: String,
    status_class: &'static str,
    code: String,
    applicant: String,
    channel: String,
    counter: String,
    holder: String,
    flow: Vec<Flow>,
    docs: Vec<Doc>,
    view: View,
    answers: Vec<Group>,
    changes: Vec<crate::answers::told::Told>,
    person: Vec<Fact>,
    seen: i64,
    opinions: Vec<crate::opinion::pages::Asked>,
    corrections: Vec<crate::correction::pages::Told>,
    mailings: Vec<String>,
    inspections: Vec<crate::inspection::pages::Seen>,
    talk: message::Panel,
    parts: Vec<crate::interlinked::pages::PartLine>,
    signers: crate::signer::pages::Panel,
    /// For a child: whose part it is, and where the whole lies.
    parent_line: Option<(String, String)>,
    assignee: String,
    waits: Option<proposal::Waits>,
    declined: String,
    acts: Vec<Act>,
    more: Vec<Act>,
    idle: String,
    checks: Vec<Check>,
    checks_ok: usize,
    history: Vec<Event>,
    arithmetic: Vec<String>,
    procedure_url: String,
}

impl ShowQuery {
    /// The file or the paper to be shown.
    fn chosen(&self) -> (Option<&str>, Option<&str>) {
        (self.tep.as_deref(), self.giay.as_deref())
    }
}

/// `GET /mot-cua/ho-so/{code}?tu=LIST&tep=FILE`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(code): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let list = frame::list_at(&query.tu);
    let who = Who::from(&official.viewer);
    let (reading, at, asked) = (app.clone(), place.clone(), code.clone());
    let sheet = app
        .site
        .db
        .read(async move |tx: &mut Tx| Sheet::read(tx, &reading, &who, &at, &asked, list, now).await);
    let sheet = sheet.await?;
    super::look(&app, &official.viewer, "onestop.look", &code, now).await;
    let shell = shell(&app, &official, &place, &sheet, list);
    let shell = frame::noticed(shell, query.da.as_deref(), None);
    Ok(page::html(show_page(&place, sheet, list, &query, shell, now)))
}

fn shell(app: &App, official: &AnyOfficial, place: &Place, sheet: &Sheet, list: Option<List>) -> Shell {
    let d = &sheet.case.dossier;
    let title = say("dossier.title", &[("code", &d.code), ("procedure", &sheet.case.procedure.name)]);
    frame::shell(app, &official.viewer, place, &sheet.counts, title, list)
}

fn show_page(
    place: &Place,
    mut sheet: Sheet,
    list: Option<List>,
    query: &ShowQuery,
    shell: Shell,
    now: Instant,
) -> ShowPage {
    let (opinions, inspections) = (take(&mut sheet.opinions), take(&mut sheet.inspections));
    let (talk, parts, signers) = (take(&mut sheet.talk), take(&mut sheet.parts), take(&mut sheet.signers));
    let (corrections, changes) = (take(&mut sheet.corrections), take(&mut sheet.changes));
    let mailings = take(&mut sheet.mailings);
    let sheet = &sheet;
    let (d, status) = (&sheet.case.dossier, sheet.case.dossier.state.status());
    let list_or_first = list.unwrap_or(place.scope.lists()[0]);
    let beside = sheet.beside.as_ref();
    let to = |code: &Option<String>| code.as_ref().map(|c| place.dossier(c, list));
    let here = |pairs: &[(&str, &str)]| {
        let list = [("tu", list.map_or("", frame::slug))];
        let pairs: Vec<(&str, &str)> = list.iter().chain(pairs).copied().collect();
        place.href(&frame::dossier(&d.code), &pairs)
    };
    let (docs, mut view) = panels::docs(sheet, query.chosen(), now.day(), here);
    // A paper that a step has just made is what its taker wants to print.
    view.print = query.da.is_some() && query.giay.is_some();
    let ((acts, more), checks) = (acts(place, sheet, list), panels::checks(sheet, now));
    ShowPage {
        back: place.list(list_or_first),
        back_label: frame::list_name(list_or_first),
        at: beside.map_or(String::new(), Beside::told),
        before: beside.and_then(|b| to(&b.before)),
        after: beside.and_then(|b| to(&b.after)),
        pill: panels::pill(&sheet.case, now),
        promise: panels::promise(&sheet.case),
        status: words::status(status),
        status_class: frame::status_class(status),
        code: d.code.clone(),
        applicant: d.applicant.name.clone(),
        channel: words::t(&format!("channel.{}", d.channel)),
        counter: sheet.unit(&d.counter),
        holder: if status.is_final() { String::new() } else { sheet.unit(&d.holder_unit) },
        flow: panels::flow(sheet, now),
        docs,
        view,
        answers: panels::answers(&sheet.case),
        changes,
        person: panels::person(sheet),
        seen: d.version,
        opinions,
        corrections,
        mailings,
        inspections,
        talk,
        parts,
        signers,
        parent_line: crate::interlinked::pages::parent_line(&sheet.case, place),
        assignee: if status.is_final() { String::new() } else { sheet.assignee.clone() },
        waits: proposal::waits(place, sheet, list),
        declined: proposal::declined(sheet),
        idle: if acts.is_empty() { idle(sheet) } else { String::new() },
        acts,
        more,
        checks_ok: checks.iter().filter(|c| c.ok).count(),
        checks,
        history: panels::history(sheet),
        arithmetic: panels::arithmetic(sheet),
        procedure_url: format!("/thu-tuc/{}", sheet.case.procedure.code),
        shell,
    }
}

/// Why there is nothing to do here for this person.
fn idle(sheet: &Sheet) -> String {
    let d = &sheet.case.dossier;
    let unit = sheet.unit(&d.holder_unit);
    match d.state.status() {
        status if status.is_final() => say("idle.over", &[]),
        Status::Supplementing | Status::AwaitingFee => say("idle.citizen", &[]),
        _ if !sheet.assignee.is_empty() => say("idle.assigned", &[("name", &sheet.assignee)]),
        _ => say("idle.elsewhere", &[("unit", &unit)]),
    }
}

/// The steps in the order in which they are offered: the first is the loud one.
const OFFERED: [Verb; 8] = [
    Verb::Receive,
    Verb::Decide,
    Verb::SubmitForSignature,
    Verb::PassOn,
    Verb::Supplement,
    Verb::Pay,
    Verb::ReturnResult,
    Verb::AskSupplement,
];

/// What may be done: the ordinary steps, and the rarer ones behind "Việc khác".
fn acts(place: &Place, sheet: &Sheet, list: Option<List>) -> (Vec<Act>, Vec<Act>) {
    let open = sheet.case.open();
    let (mut acts, mut more) = (Vec::new(), Vec::new());
    for verb in OFFERED.into_iter().chain(Verb::ALL.into_iter().filter(|v| !OFFERED.contains(v))) {
        let Some((_, ways)) = open.iter().find(|(v, _)| *v == verb) else { continue };
        let ways: Vec<String> =
            if is_simple(verb) && !ways.is_empty() { ways.clone() } else { vec![String::new()] };
        for to in ways {
            let act = act(place, sheet, list, verb, to);
            if OFFERED.contains(&verb) { acts.push(act) } else { more.push(act) }
        }
    }
    for verb in sheet.case.proposable() {
        let act = act(place, sheet, list, verb, String::new());
        let label = say("proposal.act", &[("step", &act.label)]);
        more.push(Act { label, ..act });
    }
    if let Some(form) = to_type(place, sheet) {
        // While officials work on it, nothing goes on before the certificate can be made.
        let first = if sheet.case.dossier.state.status() == Status::InProcess { 0 } else { acts.len() };
        acts.insert(first, form);
    }
    if let Some(first) = acts.first_mut() {
        first.primary = true;
    }
    more.extend(others(place, sheet));
    letters(acts.iter_mut().chain(more.iter_mut()));
    (acts, more)
}

/// The way to the form, where a paper dossier lacks answers and this person types them.
fn to_type(place: &Place, sheet: &Sheet) -> Option<Act> {
    use crate::answers;
    let case = &sheet.case;
    let lacking = answers::lacking(case);
    if lacking.is_empty() || !answers::may_type(case) {
        return None;
    }
    Some(Act {
        href: place.href(&answers::pages::path(&case.dossier.code), &[]),
        label: answers::pages::label(case),
        icon: "file-text",
        simple: false,
        to: String::new(),
        primary: false,
        hint: String::new(),
        key: "D",
    })
}

/// What may be done beside the steps.
fn others(place: &Place, sheet: &Sheet) -> Vec<Act> {
    use crate::{answers, correction, fee, helper, mailing, opinion, stated, vault, words_office};
    let d = &sheet.case.dossier;
    let (counter, over) = (sheet.case.seats.contains(&Seat::Counter), d.state.status().is_final());
    let asks = opinion::pages::may_ask(&sheet.case);
    let papers = counter && (!over || !sheet.originals.is_empty());
    let money = d.fee_asked > 0 || d.fee_paid > 0;
    let types = answers::may_type(&sheet.case) && answers::lacking(&sheet.case).is_empty();
    let limit = answer_words("act.limit", &[]);
    let below = |slug: &str| format!("{}/{slug}", frame::dossier(&d.code));
    let (office, after) =
        (|key: &str| words_office::say(key, &[]), |key: &str| correction::words::say(key, &[]));
    let all = [
        (stated::may_state(&sheet.case), stated::pages::path(&d.code), limit, "clock"),
        (types, answers::pages::path(&d.code), answers::pages::label(&sheet.case), "file-text"),
        (asks, below("xin-y-kien"), office("opinion.ask"), "messages"),
        (asks, below("kiem-tra"), office("inspection.plan"), "calendar"),
        (papers, below("ban-giay"), office("custody.title"), "arrows-exchange"),
        (vault::scan::is_open(&sheet.case), below("so-hoa"), office("custody.digitise"), "file-upload"),
        (sheet.may_post, mailing::pages::path(&d.code), after("act.post"), "arrow-forward-up"),
        (sheet.may_declare, leave::pages::path(&d.code), office("signing.paper_title"), "writing-sign"),
        (sheet.may_correct, correction::pages::path(&d.code), after("act.correct"), "certificate"),
        (counter && !over, below("nguoi-giup"), helper::desk::label(), "users"),
        (money, fee::sheet::path(&d.code), fee::sheet::label(), "receipt"),
    ];
    let link = |(_, href, label, icon): (bool, String, String, &'static str)| Act {
        href: place.href(&href, &[]),
        label,
        icon,
        simple: false,
        to: String::new(),
        primary: false,
        hint: String::new(),
        key: "",
    };
    all.into_iter().filter(|(open, ..)| *open).map(link).collect()
}

/// A letter that several would answer to is the first one's.
fn letters<'a>(acts: impl Iterator<Item = &'a mut Act>) {
    let mut taken = Vec::new();
    for act in acts.filter(|act| !act.key.is_empty()) {
        if taken.contains(&act.key) {
            act.key = "";
        } else {
            taken.push(act.key);
        }
    }
}

/// Whether one button is enough: nothing has to be said, and nothing is serious about it.
fn is_simple(verb: Verb) -> bool {
    matches!(verb, Verb::Receive | Verb::PassOn | Verb::SubmitForSignature | Verb::Pay | Verb::ReturnResult)
}

fn act(place: &Place, sheet: &Sheet, list: Option<List>, verb: Verb, to: String) -> Act {
    let case = &sheet.case;
    let d = &case.dossier;
    let path = format!("{}/{}", frame::dossier(&d.code), frame::step_slug(verb));
    let stage = case.procedure.step(&to).map(|s| s.name.clone()).unwrap_or_default();
    let owed = base::format::thousands(d.fee_asked - d.fee_paid);
    let hint = match verb {
        Verb::Receive => panels::promise_after_receiving(case),
        Verb::PassOn | Verb::SubmitForSignature => say("hint.to", &[("stage", &stage)]),
        Verb::Pay => say("hint.pay", &[("amount", &owed)]),
        _ => String::new(),
    };
    Act {
        href: place.href(&path, &[("tu", list.map_or("", frame::slug))]),
        label: words::verb(verb),
        icon: icon(verb),
        simple: is_simple(verb),
        to,
        primary: false,
        hint,
        key: key(verb),
    }
}

/// The letter of a step. It opens the form, or puts the focus on the one button: no step is taken by
/// one key. What ends a dossier has none.
fn key(verb: Verb) -> &'static str {
    match verb {
        Verb::Receive | Verb::SubmitForSignature => "T",
        Verb::PassOn => "C",
        Verb::AskSupplement | Verb::Supplement => "B",
        Verb::Decide => "Q",
        Verb::AskFee | Verb::Pay => "P",
        Verb::ReturnStep => "L",
        Verb::ReturnResult => "R",
        Verb::Extend => "H",
        Verb::Refuse | Verb::Withdraw | Verb::Stop => "",
    }
}

fn icon(verb: Verb) -> &'static str {
    match verb {
        Verb::Receive => "check",
        Verb::AskSupplement => "file-plus",
        Verb::Supplement => "file-upload",
        Verb::Refuse => "x",
        Verb::Withdraw => "arrow-back-up",
        Verb::PassOn => "arrow-forward-up",
        Verb::ReturnStep => "arrow-back-up",
        Verb::SubmitForSignature => "signature",
        Verb::Decide => "writing-sign",
        Verb::AskFee => "receipt",
        Verb::Pay => "cash",
        Verb::Extend => "clock",
        Verb::Stop => "ban",
        Verb::ReturnResult => "package",
    }
}
