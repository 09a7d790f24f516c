//! One's own dossier: where it stands, when it is promised and how that was counted, who holds it,
//! what was handed in, what was printed, what happened, and what one may do now.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::{Dong, Instant, format};
use db::Tx;
use directory::Viewer;
use serde::Deserialize;
use web::due::{Pill, arithmetic};
use web::page::NoticeKind;
use web::{Path, Problem, Query, Shell, filters, page};

use crate::dossier::rules::{State as Standing, Status, Verb};
use crate::dossier::{self, Case, History, PaperKind, StoredFile, Who, store};
use crate::filing::pages::about;
use crate::procedure::Procedure;
use crate::tracking::{Mark, marks, waited_for};
use crate::words_citizen::say;
use crate::{App, words};

/// A file of the dossier.
pub(super) struct FileLine {
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
}

/// A line of what happened.
struct Happened {
    at: Instant,
    by: String,
    what: String,
    reason: String,
    note: String,
}

/// A paper the counter asks for.
pub(super) struct Wanted {
    pub id: String,
    pub name: String,
    pub note: String,
    pub error: String,
}

/// A file that came with a form which was refused: kept, and sent along with the next try.
#[derive(Clone)]
pub(super) struct Brought {
    pub component: String,
    pub upload: String,
    pub name: String,
}

/// What a form of this page said when it was refused.
#[derive(Default)]
pub(super) struct Again {
    /// The form: `supplement`, `withdraw` or `correct`.
    pub form: &'static str,
    pub note: String,
    /// Whose error it was said to be.
    pub fault: String,
    /// Component or field, and the words.
    pub errors: Vec<(String, String)>,
    pub brought: Vec<Brought>,
    /// The dossier had moved on: this is the fresh page.
    pub stale: bool,
}

#[derive(Template)]
#[template(path = "mine/own.html")]
pub(super) struct OwnPage {
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
    asked: String,
    wanted: Vec<Wanted>,
    fee: String,
    again: Again,
    summary: String,
    file_max: String,
    /// What was wrong with the result, whether more may be asked, and its way by post.
    corrections: Vec<crate::correction::pages::Told>,
    can_correct: bool,
    mailings: Vec<String>,
    /// Where to pay, and where the receipts are; "" where no money was ever asked for.
    pay_href: String,
}

#[derive(Deserialize)]
pub(super) struct OwnQuery {
    /// What has just been done: the word of a step.
    #[serde(default, rename = "bao")]
    done: String,
}

/// Everything the page is made of, read in one transaction.
pub(super) struct Read {
    case: Case,
    history: Vec<(History, String)>,
    files: Vec<StoredFile>,
    decided: bool,
    corrections: Vec<crate::correction::pages::Told>,
    can_correct: bool,
    mailings: Vec<String>,
    counter: String,
    holder: String,
}

/// `GET /ho-so-cua-toi/{code}`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(code): Path<String>,
    Query(query): Query<OwnQuery>,
) -> Result<Response, Problem> {
    let mut page = own_page(&app, &viewer, &code, Again::default()).await?;
    let said = match query.done.as_str() {
        "bo-sung" => Some("own.supplemented"),
        "rut" => Some("own.withdrawn"),
        "dinh-chinh" => Some("own.correction_asked"),
        _ => None,
    };
    if let Some(key) = said {
        page.shell = page.shell.notice(NoticeKind::Done, say(key, &[]));
    }
    Ok(page::html(page))
}

/// The page as it stands now.
pub(super) async fn own_page(
    app: &App,
    viewer: &Viewer,
    code: &str,
    again: Again,
) -> Result<OwnPage, Problem> {
    let now = app.site.clock.now();
    let read = read(app, viewer, code, now).await?;
    dossier::look(app, viewer, "onestop.look-own", code, now).await;
    Ok(view_of(app, viewer, read, again))
}

/// The dossier as its applicant sees it. Whoever is not its applicant finds nothing here.
pub(super) async fn read(app: &App, viewer: &Viewer, code: &str, now: Instant) -> Result<Read, Problem> {
    let (catalogue, who) = (app.catalogue.clone(), Who::from(viewer));
    let code = crate::dossier::follow::plain(code);
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<Read, Problem> {
            let case = Case::find(tx, &catalogue, &who, &code, now).await?;
            if case.dossier.account.as_deref() != Some(who.account.as_str()) {
                return Err(Problem::NotFound);
            }
            let id = case.dossier.id;
            let mut history = Vec::new();
            for h in store::list_history(tx, id).await? {
                let by = match &h.office {
                    Some(office) => directory::get_unit(tx, office).await?.name,
                    None => crate::takeover::actor(&h).unwrap_or_else(|| say("own.by_you", &[])),
                };
                history.push((h, by));
            }
            let decided = store::find_decision(tx, id).await?.is_some();
            let corrections = crate::correction::store::of_dossier(tx, id).await?;
            let mailings = crate::mailing::of_dossier(tx, id).await?;
            Ok(Read {
                files: store::list_files(tx, id).await?,
                decided,
                can_correct: crate::correction::may_ask(&case, decided, &corrections),
                corrections: crate::correction::pages::panel(tx, &case, &who, None).await?,
                mailings: mailings.iter().map(crate::mailing::pages::told).collect(),
                counter: directory::get_unit(tx, &case.dossier.counter).await?.name,
                holder: directory::get_unit(tx, &case.dossier.holder_unit).await?.name,
                history,
                case,
            })
        })
        .await
}

fn view_of(app: &App, viewer: &Viewer, mut read: Read, again: Again) -> OwnPage {
    let (corrections, mailings) = (std::mem::take(&mut read.corrections), std::mem::take(&mut read.mailings));
    let d = &read.case.dossier;
    let status = d.state.status();
    let (when_label, when) = waited_for(d);
    let open: Vec<Verb> = read.case.open().into_iter().map(|(verb, _)| verb).collect();
    let title = say("title.own", &[("status", &words::status(status)), ("code", &d.code)]);
    let mut shell = viewer.citizen_shell(&app.site, title).active("/ho-so-cua-toi");
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
        arithmetic: counted(&read),
        files: files(&read),
        papers: papers(&read),
        facts: facts(&read),
        version: d.version,
        can_supplement: open.contains(&Verb::Supplement),
        can_withdraw: open.contains(&Verb::Withdraw),
        can_pay: status == Status::AwaitingFee,
        can_rate: status == Status::Returned,
        asked: read
            .history
            .iter()
            .rev()
            .find(|(h, _)| h.verb == "ask_supplement")
            .map(|(h, _)| h.note.clone())
            .unwrap_or_default(),
        wanted: wanted(&read, &again),
        fee: money(d.fee_asked - d.fee_paid),
        summary: say("form.summary", &[("n", &again.errors.len().to_string())]),
        file_max: format::size(base::limits::FILE_SIZE_BYTES_MAX),
        pay_href: if d.fee_asked > 0 || d.fee_paid > 0 {
            crate::fee::pages::path(&d.code)
        } else {
            String::new()
        },
        history: read.history.iter().rev().map(happened).collect(),
        again,
        shell,
    }
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
    match &d.state {
        Standing::Filed { answer_by } => {
            say("next.filed", &[("at", &web::filters::promised_text(*answer_by))])
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
        state => say(&format!("next.{}", state.status().word()), &[]),
    }
}

/// The arithmetic of the time that runs or was promised.
fn counted(read: &Read) -> Vec<String> {
    let d = &read.case.dossier;
    let calendar = &read.case.calendar;
    if let Standing::Filed { answer_by } = &d.state {
        let due = calendar.due(d.filed_at, crate::filing::ANSWER_WITHIN).ok();
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
    let limit = read.case.procedure.limit;
    let due = match (from, limit) {
        (Some((h, _)), Some(limit)) => calendar.due(h.at, limit).ok(),
        _ => None,
    };
    let extended =
        read.history.iter().rev().find(|(h, _)| h.verb == "extend" && h.promised == Some(promised));
    if let Some((h, _)) = extended {
        return vec![say("due.extended", &[("at", &base::format::time_vn(h.at)), ("reason", &h.note)])];
    }
    match due {
        Some(due) if due.at == promised => arithmetic(&due),
        // Moved by a pause: the count alone would end elsewhere.
        _ => vec![say("due.limit", &[("limit", &crate::view::limit(limit))]), say("due.paused", &[])],
    }
}

fn component_name(p: &Procedure, id: &str) -> String {
    p.component(id).map(|c| c.name.clone()).unwrap_or_default()
}

fn files(read: &Read) -> Vec<FileLine> {
    let code = &read.case.dossier.code;
    read.files
        .iter()
        .map(|f| FileLine {
            name: f.name.clone(),
            about: about(&f.media, f.size.unsigned_abs()),
            component: component_name(&read.case.procedure, &f.component),
            at: f.added_at,
            href: format!("/ho-so/{code}/tep/{}", f.id),
        })
        .collect()
}

/// The papers that there are by now; one that is not printed yet is made when it is asked for.
fn papers(read: &Read) -> Vec<PaperLine> {
    let d = &read.case.dossier;
    let had = |verb: &str| read.history.iter().any(|(h, _)| h.verb == verb && !crate::takeover::before(h));
    let is_there = |kind: &PaperKind| match kind {
        PaperKind::Slip => had("file"),
        PaperKind::Receipt => had("receive") || had("supplement"),
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
            href: format!("/ho-so/{}/giay/{}", d.code, kind.word()),
        })
        .collect()
}

fn happened((h, by): &(History, String)) -> Happened {
    let list = if h.verb == "refuse" { "refuse_reason" } else { "stop_reason" };
    Happened {
        at: h.at,
        by: by.clone(),
        what: words::done(&h.verb),
        reason: h.reason_code.as_ref().map(|code| words::t(&format!("{list}.{code}"))).unwrap_or_default(),
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
        fact("limit", crate::procedure::pages::short_limit(&read.case.procedure)),
    ];
    if !d.state.status().is_final() {
        facts.insert(2, fact("holder", read.holder.clone()));
    }
    if d.fee_asked > 0 {
        facts.push(fact("fee", money(d.fee_asked)));
        facts.push(fact("paid", money(d.fee_paid)));
    }
    facts
}

/// The papers that were asked for; where none was named, any paper of the procedure may be brought.
fn wanted(read: &Read, again: &Again) -> Vec<Wanted> {
    let procedure: &Arc<Procedure> = &read.case.procedure;
    let asked = read.history.iter().rev().find(|(h, _)| h.verb == "ask_supplement");
    let named: Vec<&str> = asked
        .and_then(|(h, _)| h.details["components"].as_array())
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str())
        .collect();
    let chosen = procedure.components.iter().filter(|c| named.is_empty() || named.contains(&c.id.as_str()));
    chosen
        .map(|c| Wanted {
            id: c.id.clone(),
            name: c.name.clone(),
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
