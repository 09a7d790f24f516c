//! One's own dossier: where it stands, when it is promised and how that was counted, who holds it,
//! what was handed in, what was printed, what happened, and what one may do now.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::{Dong, Instant, format};
use db::Tx;
use serde::Deserialize;
use web::due::{Pill, arithmetic};
use web::page::NoticeKind;
use web::{Problem, Query, Shell, page};

use crate::answers::{self, told::Told};
use crate::dossier::rules::{State as Standing, Status, Verb};
use crate::dossier::{
    self, Case, History, Outcome, PaperKind, StoredFile, Who, checklist, grounds, limits, store,
};
use crate::filing::pages::about;
use crate::filters;
use crate::helper::proof::Needs;
use crate::helper::rules::Right;
use crate::helper::{Follow, OnDossier};
use crate::interlinked::pages::PartLine;
use crate::message::pages as message;
use crate::procedure::Procedure;
use crate::procedure::ask::{self, Question};
use crate::procedure::model::Answers;
use crate::procedure::places::Places;
use crate::signing::leave;
use crate::tracking::{Mark, marks, waited_for};
use crate::words_citizen::say;
use crate::{App, words};

/// A file of the dossier.
pub(crate) struct FileLine {
    name: String,
    about: String,
    component: String,
    at: Instant,
    href: String,
}

/// A printed paper.
struct PaperLine {
    name: String,
    href: String,
    /// Who signed it, and when.
    signed: Vec<String>,
}

/// A line of what happened.
struct Happened {
    at: Instant,
    by: String,
    what: String,
    reason: String,
    /// The provisions it rests on.
    basis: String,
    note: String,
    /// What was said of papers that were not brought, and what came late.
    said: Vec<String>,
}

/// A paper the counter asks for.
pub(crate) struct Wanted {
    pub id: String,
    pub name: String,
    pub note: String,
    pub error: String,
    /// It was named: it is brought, or it is said why not.
    pub asked: bool,
    /// What was typed of why it cannot be brought.
    pub said: String,
}

/// A file that came with a form which was refused: kept, and sent along with the next try.
#[derive(Clone)]
pub(crate) struct Brought {
    pub component: String,
    pub upload: String,
    pub name: String,
}

/// What a form of this page said when it was refused.
#[derive(Default)]
pub(crate) struct Again {
    /// The form: `supplement`, `withdraw`, `correct` or `message`.
    pub form: &'static str,
    pub note: String,
    /// Whose error it was said to be.
    pub fault: String,
    /// Component or field, and the words.
    pub errors: Vec<(String, String)>,
    pub brought: Vec<Brought>,
    /// Why a paper is not brought, by paper.
    pub explained: BTreeMap<String, String>,
    /// Answers given anew as they were typed, and the group that gets one more row.
    pub answers: Option<Answers>,
    pub longer: Option<String>,
    /// What was typed as a message.
    pub talk: message::Typed,
    /// The dossier had moved on: this is the fresh page.
    pub stale: bool,
}

#[derive(Template)]
#[template(path = "mine/own.html")]
pub(crate) struct OwnPage {
    shell: Shell,
    code: String,
    procedure: String,
    procedure_code: String,
    status: String,
    when_label: String,
    when: String,
    pill: Option<Pill>,
    next: String,
    next_class: &'static str,
    next_icon: &'static str,
    marks: Vec<Mark>,
    /// The children of an interlinked dossier.
    parts: Vec<PartLine>,
    arithmetic: Vec<String>,
    files: Vec<FileLine>,
    papers: Vec<PaperLine>,
    history: Vec<Happened>,
    facts: Vec<(String, String)>,
    version: i64,
    can_supplement: bool,
    can_withdraw: bool,
    can_pay: bool,
    can_rate: bool,
    /// The newest version of its procedure can be filed online.
    can_copy: bool,
    asked: String,
    wanted: Vec<Wanted>,
    /// Questions that are to be answered anew, with their present answers.
    questions: Vec<Question>,
    /// Answers that were typed or corrected after filing.
    changes: Vec<Told>,
    fee: String,
    again: Again,
    /// Files that are here already and go along with the next supplement.
    brought: Vec<Brought>,
    summary: String,
    file_max: String,
    /// Somebody else's dossier, with which the viewer helps.
    is_helper: bool,
    /// What was wrong with the result, whether more may be asked, and its way by post.
    corrections: Vec<crate::correction::pages::Told>,
    can_correct: bool,
    mailings: Vec<String>,
    /// Where to pay, and where the receipts are; "" where no money was ever asked for.
    pay_href: String,
    talk: message::Talk,
}

#[derive(Deserialize)]
pub(crate) struct OwnQuery {
    /// What has just been done: the word of a step.
    #[serde(default, rename = "bao")]
    done: String,
}

/// Everything the page is made of, read in one transaction.
pub(crate) struct Read {
    pub case: Case,
    history: Vec<(History, String)>,
    files: Vec<StoredFile>,
    decided: bool,
    /// Files that came up for a supplement that was not sent yet.
    waiting: Vec<Brought>,
    /// The result says no.
    denied: bool,
    /// Who settles it, and hears complaints.
    agency: String,
    corrections: Vec<crate::correction::pages::Told>,
    can_correct: bool,
    mailings: Vec<String>,
    counter: String,
    holder: String,
    talk: message::Talk,
    parts: Vec<PartLine>,
    /// Questions that may be answered anew now, with the communes they may name.
    open: (Vec<String>, Places),
    changes: Vec<Told>,
    /// Those who agreed to it too.
    signers: Vec<String>,
    /// In the result.
    signatures: Vec<crate::signing::store::Signature>,
    /// What the result waits for, or who signed it on paper; and whether it may be had.
    standing: (Vec<String>, bool),
    /// What they are worth.
    verdict: Option<crate::signing::Worth>,
}

/// `GET /ho-so-cua-toi/{code}`.
pub(super) async fn show(
    State(app): State<App>,
    at: OnDossier<Follow>,
    Query(query): Query<OwnQuery>,
) -> Result<Response, Problem> {
    let mut page = own_page(&app, &at, Again::default()).await?;
    let said = match query.done.as_str() {
        "bo-sung" => Some("own.supplemented"),
        "rut" => Some("own.withdrawn"),
        "dinh-chinh" => Some("own.correction_asked"),
        _ => None,
    };
    if let Some(key) = said {
        page.shell = page.shell.notice(NoticeKind::Done, say(key, &[]));
    }
    if query.done == "trao-doi" {
        page.shell = page.shell.notice(NoticeKind::Done, crate::message::sent());
    }
    Ok(page::html(page))
}

/// The page as it stands now.
pub(crate) async fn own_page<R: Needs>(
    app: &App,
    at: &OnDossier<R>,
    again: Again,
) -> Result<OwnPage, Problem> {
    let now = app.site.clock.now();
    let mut read = read(app, at, now).await?;
    read.verdict = crate::signing::verdict(app, &read.signatures, now).await?;
    let verb = if at.is_helper() { "onestop.look-as-helper" } else { "onestop.look-own" };
    dossier::look(app, &at.viewer, verb, &at.code, now).await;
    if at.is_helper() {
        let (catalogue, held) = (app.catalogue.clone(), at.clone());
        let told = async move |tx: &mut Tx| held.case(tx, &catalogue, Some("look"), now).await.map(drop);
        app.site.db.upkeep(told).await?;
    } else {
        message::opened(app, &read.case).await?;
    }
    Ok(view_of(app, at, read, again))
}

/// The dossier as its applicant, or a helper, sees it.
async fn read<R: Needs>(app: &App, at: &OnDossier<R>, now: Instant) -> Result<Read, Problem> {
    let (catalogue, held) = (app.catalogue.clone(), at.clone());
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<Read, Problem> {
            let case = held.case(tx, &catalogue, None, now).await?;
            let (id, me) = (case.dossier.id, held.viewer.account.to_string());
            let history = history_of(tx, &case, &me).await?;
            let decision = store::find_decision(tx, id).await?;
            let corrections = crate::correction::store::of_dossier(tx, id).await?;
            let mailings = crate::mailing::of_dossier(tx, id).await?;
            let may_ask = crate::correction::may_ask(&case, decision.is_some(), &corrections);
            Ok(Read {
                files: store::list_files(tx, id).await?,
                waiting: match case.dossier.state.status() {
                    Status::Supplementing => waiting(tx, &me, &case.dossier.code).await?,
                    _ => Vec::new(),
                },
                decided: decision.is_some(),
                signatures: crate::signing::store::list_signatures(tx, id).await?,
                standing: {
                    let may = leave::standing_now(tx, id).await?.is_none_or(|s| s.may_leave());
                    (leave::lines(tx, id).await?, may)
                },
                verdict: None,
                denied: decision.is_some_and(|d| d.outcome == Outcome::Denied.word()),
                agency: directory::get_unit(tx, &case.dossier.agency).await?.name,
                can_correct: may_ask && held.may(Right::Own),
                corrections: match held.is_helper() {
                    true => Vec::new(),
                    false => {
                        let who = Who::from(&held.viewer);
                        crate::correction::pages::panel(tx, &case, &who, None).await?
                    }
                },
                mailings: mailings.iter().map(crate::mailing::pages::told).collect(),
                counter: directory::get_unit(tx, &case.dossier.counter).await?.name,
                holder: directory::get_unit(tx, &case.dossier.holder_unit).await?.name,
                // What the applicant and the office say to each other is no helper's.
                talk: match held.is_helper() {
                    true => message::Talk::default(),
                    false => message::talk(tx, &case, &Who::from(&held.viewer)).await?,
                },
                parts: crate::interlinked::pages::lines(tx, &case, None).await?,
                open: open_questions(tx, &case).await?,
                changes: answers::told::all(tx, &case, false).await?,
                signers: {
                    let panel = crate::signer::pages::panel(tx, &case, String::new()).await?;
                    panel.told.into_iter().map(|s| format!("{} ({})", s.name, s.role)).collect()
                },
                history,
                case,
            })
        })
        .await
}

/// The log, each line with whoever acted as the person `me` is told of them.
async fn history_of(tx: &mut Tx, case: &Case, me: &str) -> Result<Vec<(History, String)>, Problem> {
    let d = &case.dossier;
    let former = crate::people::store::former_owners(tx, d.id).await?;
    let applied = |h: &History| {
        h.account == d.account || h.account.as_ref().is_some_and(|account| former.contains(account))
    };
    let mut history = Vec::new();
    for h in store::list_history(tx, d.id).await? {
        let by = match &h.office {
            Some(office) => directory::get_unit(tx, office).await?.name,
            None if h.account.as_deref() == Some(me) => say("own.by_you", &[]),
            None => match crate::takeover::actor(&h) {
                Some(actor) => actor,
                None if applied(&h) => say("own.by_applicant", &[]),
                None => say("own.by_helper", &[]),
            },
        };
        history.push((h, by));
    }
    Ok(history)
}

fn view_of<R: Needs>(app: &App, at: &OnDossier<R>, mut read: Read, again: Again) -> OwnPage {
    let mut talk = std::mem::take(&mut read.talk);
    talk.form.typed = again.talk.clone();
    let (parts, changes) = (std::mem::take(&mut read.parts), std::mem::take(&mut read.changes));
    let (corrections, mailings) = (std::mem::take(&mut read.corrections), std::mem::take(&mut read.mailings));
    let d = &read.case.dossier;
    let status = d.state.status();
    let (when_label, when) = waited_for(d);
    let open: Vec<Verb> = read.case.open().into_iter().map(|(verb, _)| verb).collect();
    let title = say("title.own", &[("status", &words::status(status)), ("code", &d.code)]);
    let mut shell = at.viewer.citizen_shell(&app.site, title).active("/ho-so-cua-toi");
    shell.has_errors = !again.errors.is_empty();
    if again.stale {
        shell = shell.notice(NoticeKind::Warning, say("own.stale", &[]));
    }
    let (next_class, next_icon) = next_look(status);
    OwnPage {
        corrections,
        mailings,
        can_correct: read.can_correct,
        code: d.code.clone(),
        procedure: read.case.procedure.name.clone(),
        procedure_code: read.case.procedure.code.clone(),
        status: words::status(status),
        when_label,
        when,
        pill: super::pill(status, d.state.deadline(), &read.case.calendar, read.case.now),
        next: next(&read),
        next_class,
        next_icon,
        marks: marks(d),
        parts,
        arithmetic: counted(&read),
        files: files(&read, at.may(Right::Own)),
        papers: if at.is_helper() { Vec::new() } else { papers(&read) },
        facts: facts(&read),
        version: d.version,
        can_supplement: open.contains(&Verb::Supplement) && at.may(Right::Supplement),
        can_withdraw: open.contains(&Verb::Withdraw) && at.may(Right::Own),
        can_pay: status == Status::AwaitingFee && at.may(Right::Own),
        can_rate: status == Status::Returned && at.may(Right::Own),
        is_helper: at.is_helper(),
        can_copy: at.may(Right::Own)
            && app.catalogue.find(&read.case.procedure.code).is_some_and(|p| p.is_online()),
        asked: read
            .history
            .iter()
            .rev()
            .find(|(h, _)| h.verb == "ask_supplement")
            .map(|(h, _)| h.note.clone())
            .unwrap_or_default(),
        questions: questions(&read, &again),
        changes,
        wanted: wanted(&read, &again),
        brought: brought(&read, &again),
        fee: money(d.fee_asked - d.fee_paid),
        summary: say("form.summary", &[("n", &again.errors.len().to_string())]),
        file_max: format::size(base::limits::FILE_SIZE_BYTES_MAX),
        pay_href: if at.may(Right::Own) && (d.fee_asked > 0 || d.fee_paid > 0) {
            crate::fee::pages::path(&d.code)
        } else {
            String::new()
        },
        history: read.history.iter().rev().map(|line| happened(&read.case.procedure, line)).collect(),
        talk,
        again,
        shell,
    }
}

/// What came with a form that was refused, and what came before any form.
fn brought(read: &Read, again: &Again) -> Vec<Brought> {
    let sent = again.brought.iter();
    let known: Vec<&str> = sent.clone().map(|b| b.upload.as_str()).collect();
    let more = read.waiting.iter().filter(|b| !known.contains(&b.upload.as_str()));
    sent.chain(more).cloned().collect()
}

/// What this person sent up for a supplement of this dossier, in pieces, and has not handed in yet.
async fn waiting(tx: &mut Tx, account: &str, code: &str) -> Result<Vec<Brought>, Problem> {
    let rows = crate::filing::store::list_meant(tx, account, code).await?;
    Ok(rows
        .into_iter()
        .filter_map(|u| {
            let component = u.component?.split_once('/')?.1.to_string();
            Some(Brought { component, upload: u.id, name: u.name })
        })
        .collect())
}

fn money(amount: i64) -> String {
    Dong::new(amount).map_or_else(|| amount.to_string(), format::money)
}

/// How the note about what to do looks.
fn next_look(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Supplementing | Status::AwaitingFee => ("cl-note cl-note--warn", "alert-triangle"),
        Status::Declined | Status::Withdrawn | Status::Stopped => ("cl-note", "info-circle"),
        _ => ("cl-note cl-note--ok", "circle-check"),
    }
}

/// What the applicant is to do now, in one or two sentences.
fn next(read: &Read) -> String {
    let d = &read.case.dossier;
    let place = [("place", read.counter.as_str())];
    // Whoever is told no is told where to complain. law: onestop/refusal-reasons
    let agency = [("agency", read.agency.as_str())];
    match &d.state {
        Standing::Settled { .. } | Standing::Returned { .. } if read.denied => say("next.denied", &agency),
        Standing::Filed { answer_by } => {
            let at = web::filters::promised_text(*answer_by);
            let key = match (*answer_by < read.case.now, d.supplement_requests) {
                (true, _) => "next.unanswered",
                (false, 0) => "next.filed",
                (false, _) => "next.refiled",
            };
            say(key, &[("at", &at), agency[0]])
        }
        // A promise that was not kept is not talked over. law: onestop/late
        Standing::Received { due } | Standing::InProcess { due, .. } if *due < read.case.now => {
            let at = web::filters::promised_text(*due);
            say("next.late", &[("at", &at), ("holder", &read.holder), agency[0]])
        }
        Standing::Received { .. } | Standing::InProcess { .. } => say("next.received", &[]),
        Standing::AwaitingFee { .. } => {
            say("next.awaiting_fee", &[("amount", &money(d.fee_asked - d.fee_paid))])
        }
        Standing::Settled { .. } => match d.return_by.as_str() {
            "online" => say("next.settled_online", &[]),
            "post" => say("next.settled_post", &[]),
            _ => say("next.settled_counter", &place),
        },
        state => say(&format!("next.{}", state.status().word()), &agency),
    }
}

/// The arithmetic of the time that runs or was promised.
fn counted(read: &Read) -> Vec<String> {
    let d = &read.case.dossier;
    let calendar = &read.case.calendar;
    if let Standing::Filed { answer_by } = &d.state {
        let due = calendar.due(d.since, read.case.law.answer_within(d.since.day())).ok();
        return due.filter(|due| due.at == *answer_by).map(|due| arithmetic(&due)).unwrap_or_default();
    }
    let Some(promised) = d.promised.filter(|_| !d.state.status().is_final()) else { return Vec::new() };
    if let Some(line) = read.history.iter().find_map(|(h, _)| crate::takeover::promise(h, Some(promised))) {
        return vec![line];
    }
    let from = read
        .history
        .iter()
        .rev()
        .find(|(h, _)| matches!(h.verb.as_str(), "receive" | "supplement") && h.promised.is_some());
    let limit = read.case.limit();
    let due = match (from, limit) {
        (Some((h, _)), Some(limit)) => calendar.due(h.at, limit).ok(),
        _ => None,
    };
    let extended =
        read.history.iter().rev().find(|(h, _)| h.verb == "extend" && h.promised == Some(promised));
    if let Some((h, _)) = extended {
        return vec![say("due.extended", &[("at", &base::format::time_vn(h.at)), ("reason", &h.note)])];
    }
    let moved = |h: &&(History, String)| h.0.verb == crate::recount::VERB && h.0.promised == Some(promised);
    if let Some((h, _)) = read.history.iter().rev().find(moved) {
        let recounted = say("due.recounted", &[("at", &base::format::time_vn(h.at)), ("reason", &h.note)]);
        return due
            .filter(|due| due.at == promised)
            .map_or(Vec::new(), |due| arithmetic(&due))
            .into_iter()
            .chain([recounted])
            .collect();
    }
    match due {
        Some(due) if due.at == promised => arithmetic(&due),
        // Moved by a pause: the count alone would end elsewhere.
        _ => vec![say("due.limit", &[("limit", &read.case.limit_text())]), say("due.paused", &[])],
    }
}

fn component_name(p: &Procedure, id: &str) -> String {
    p.component(id).map(|c| c.name.clone()).unwrap_or_default()
}

/// The files; only the applicant may open them.
fn files(read: &Read, open: bool) -> Vec<FileLine> {
    let code = &read.case.dossier.code;
    read.files
        .iter()
        .map(|f| FileLine {
            name: f.name.clone(),
            about: about(&f.media, f.size.unsigned_abs()),
            component: component_name(&read.case.procedure, &f.component),
            at: f.added_at,
            href: if open { format!("/ho-so/{code}/tep/{}", f.id) } else { String::new() },
        })
        .collect()
}

/// The papers that there are by now; one that is not printed yet is made when it is asked for.
fn papers(read: &Read) -> Vec<PaperLine> {
    let d = &read.case.dossier;
    let had = |verb: &str| read.history.iter().any(|(h, _)| h.verb == verb && !crate::takeover::before(h));
    let is_there = |kind: &PaperKind| match kind {
        PaperKind::Slip => had("file"),
        PaperKind::Receipt => had("receive"),
        PaperKind::Stop => had("stop"),
        PaperKind::Supplement => had("ask_supplement"),
        PaperKind::Refusal => had("refuse"),
        PaperKind::Apology => had("extend"),
        PaperKind::Result => read.decided,
        PaperKind::Control => false,
    };
    PaperKind::ALL
        .into_iter()
        .filter(is_there)
        .map(|kind| PaperLine {
            name: words::t(&format!("paper.{}", kind.word())),
            // What is not signed yet is named and cannot be had.
            href: match kind {
                PaperKind::Result if !read.standing.1 => String::new(),
                _ => format!("/ho-so/{}/giay/{}", d.code, kind.word()),
            },
            signed: match kind {
                PaperKind::Result => {
                    let told = crate::signing::pages::told_all(&read.signatures, read.verdict);
                    [told, read.standing.0.clone()].concat()
                }
                _ => Vec::new(),
            },
        })
        .collect()
}

fn happened(procedure: &Procedure, (h, by): &(History, String)) -> Happened {
    let explained = h.details["explained"].as_object().into_iter().flatten();
    let explained = explained
        .filter_map(|(id, words)| Some(format!("{}: {}", component_name(procedure, id), words.as_str()?)));
    let late = limits::missed(h).map(|(short, by)| {
        crate::desk::words::say(&format!("history.late_{}", short.word()), &[("at", &format::time_vn(by))])
    });
    Happened {
        basis: grounds::basis_of(h).join("; "),
        said: explained.chain(late).collect(),
        at: h.at,
        by: by.clone(),
        what: words::done(&h.verb),
        reason: grounds::reason_of(h),
        note: h.note.clone(),
    }
}

fn facts(read: &Read) -> Vec<(String, String)> {
    let d = &read.case.dossier;
    let fact = |key: &str, value: String| (say(&format!("fact.{key}"), &[]), value);
    let mut facts = vec![
        fact("applicant", d.applicant.name.clone()),
        fact("counter", read.counter.clone()),
        fact("channel", words::t(&format!("channel.{}", d.channel))),
        fact("return_by", words::t(&format!("return_by.{}", d.return_by))),
        match &read.case.stated {
            Some(stated) => fact("limit", stated.printed()),
            None => fact("limit", crate::procedure::pages::short_limit(&read.case.procedure)),
        },
    ];
    if !d.state.status().is_final() {
        facts.insert(2, fact("holder", read.holder.clone()));
    }
    if !read.signers.is_empty() {
        facts.push(fact("signers", read.signers.join("; ")));
    }
    if d.fee_asked > 0 {
        facts.push(fact("fee", money(d.fee_asked)));
        facts.push(fact("paid", money(d.fee_paid)));
    }
    facts
}

/// What may be answered anew; nothing where nothing is waited for.
async fn open_questions(tx: &mut Tx, case: &Case) -> Result<(Vec<String>, Places), Problem> {
    let Some(form) = &case.procedure.form else { return Ok(Default::default()) };
    if case.dossier.state.status() != Status::Supplementing {
        return Ok(Default::default());
    }
    let open = answers::open_questions(tx, case).await?;
    let places = Places::of(tx, form, &open).await?;
    Ok((open, places))
}

/// The questions to be answered anew, with what was typed or with their present answers.
fn questions(read: &Read, again: &Again) -> Vec<Question> {
    let Some(form) = read.case.procedure.form.as_ref().filter(|_| !read.open.0.is_empty()) else {
        return Vec::new();
    };
    let sheet = answers::rules::sheet(read.open.0.clone());
    let given = again.answers.as_ref().unwrap_or(&read.case.dossier.answers);
    let longer = again.longer.as_deref();
    let around = ask::Around { places: read.open.1.clone(), longer, files: Vec::new() };
    ask::questions(form, &sheet, given, &again.errors, &around)
}

/// The papers that were asked for; where none was named, any paper of the procedure may be brought.
fn wanted(read: &Read, again: &Again) -> Vec<Wanted> {
    let procedure: &Arc<Procedure> = &read.case.procedure;
    let log: Vec<History> = read.history.iter().map(|(h, _)| h.clone()).collect();
    let named = checklist::asked(&log);
    // Where answers alone are asked for, no paper is.
    let any = named.is_empty() && read.open.0.is_empty();
    let chosen = procedure.components.iter().filter(|c| any || named.contains(&c.id));
    chosen
        .map(|c| Wanted {
            id: c.id.clone(),
            name: c.name.clone(),
            asked: named.contains(&c.id),
            said: again.explained.get(&c.id).cloned().unwrap_or_default(),
            note: c.note.clone().unwrap_or_default(),
            error: again
                .errors
                .iter()
                .filter(|(id, _)| *id == c.id)
                .map(|(_, words)| words.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        })
        .collect()
}
