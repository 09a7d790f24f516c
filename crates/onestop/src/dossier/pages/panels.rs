//! The panels of a dossier's page, each made of facts alone.

use base::calendar::Calendar;
use base::{Day, Dong, Instant, format};
use serde_json::Value;
use web::due::{Pill, arithmetic as counted, done_pill, due_pill, held_pill};
use web::filters::promised_text;

use super::Sheet;
use crate::desk::words::say;
use crate::dossier::files::follows;
use crate::dossier::rules::{self, State, Status, Step, Was};
use crate::dossier::{Case, History, PaperKind, StoredFile, grounds, limits};
use crate::filing::sniff::Kind;
use crate::procedure::model::Form;
use crate::{vault, words};

/// A step of the flow: `done`, `on` or "".
pub struct Flow {
    pub name: String,
    pub class: &'static str,
    pub small: String,
}

/// A line of the list of papers.
pub struct Doc {
    pub href: String,
    pub name: String,
    pub small: String,
    pub icon: &'static str,
    pub here: bool,
}

/// What the viewer shows.
#[derive(Default)]
pub struct View {
    /// "image", "pdf", "file" (to be saved) or "".
    pub kind: &'static str,
    pub url: String,
    pub save: String,
    pub name: String,
    /// It is to be printed next.
    pub print: bool,
}

/// A page of the form with its answers.
pub struct Group {
    pub title: String,
    pub facts: Vec<Fact>,
}

/// A name and its value.
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// A check, passed or not.
pub struct Check {
    pub ok: bool,
    pub text: String,
}

/// A line of the history.
pub struct Event {
    pub who: String,
    /// The office in which an official acted.
    pub office: String,
    pub what: String,
    pub at: Instant,
    /// The reason, the papers asked for, the amount, the words: whatever was said.
    pub said: Vec<String>,
}

/// How near the running clock is, or that none runs.
pub fn pill(case: &Case, now: Instant) -> Option<Pill> {
    let state = &case.dossier.state;
    match (state.deadline(), state.status()) {
        (Some(deadline), _) => Some(due_pill(now, deadline, &case.calendar)),
        (None, Status::Supplementing | Status::AwaitingFee) => Some(held_pill()),
        (None, Status::Settled | Status::Returned) => Some(done_pill()),
        (None, _) => None,
    }
}

/// What was promised: an answer, a result, or neither any more.
pub fn promise(case: &Case) -> String {
    match &case.dossier.state {
        State::Filed { answer_by } => say("dossier.answer_by", &[("at", &promised_text(*answer_by))]),
        State::Received { due } | State::InProcess { due, .. } => {
            say("dossier.promised", &[("at", &promised_text(*due))])
        }
        state => say(
            "dossier.since",
            &[("at", &format::time_vn(case.dossier.since)), ("state", &words::status(state.status()))],
        ),
    }
}

/// The promise that receiving now would make.
pub fn promise_after_receiving(case: &Case) -> String {
    match rules::after(&case.dossier.state, &Step::Receive, case.now, &case.terms()) {
        Ok(state) => {
            state.promised().map_or(String::new(), |due| say("hint.receive", &[("at", &promised_text(due))]))
        }
        Err(_) => String::new(),
    }
}

/// The steps that the dossier has gone, goes and will go.
pub fn flow(sheet: &Sheet, now: Instant) -> Vec<Flow> {
    let case = &sheet.case;
    let d = &case.dossier;
    let today = now.day();
    let status = d.state.status();
    let short = |at: Instant| format::date_short(at.day(), today);
    let waits_at_counter =
        matches!(d.state, State::Filed { .. } | State::Supplementing { was: Was::Filed, .. });
    let mut flow = vec![Flow {
        name: say("flow.receive", &[]),
        class: match (waits_at_counter, status) {
            (true, _) | (_, Status::Received) => "on",
            _ if d.accepted_at.is_some() => "done",
            _ => "",
        },
        small: d.accepted_at.map_or_else(|| sheet.unit(&d.counter), short),
    }];
    for stage in &case.procedure.steps {
        let here = d.state.stage() == Some(stage.id.as_str());
        let left =
            sheet.history.iter().rev().find(|h| {
                h.from_stage.as_deref() == Some(&stage.id) && h.to_stage.as_deref() != Some(&stage.id)
            });
        let (class, small) = match left {
            _ if here && status == Status::InProcess => ("on", sheet.unit(&d.holder_unit)),
            _ if here => ("on", words::status(status)),
            Some(left) => ("done", short(left.at)),
            None => ("", String::new()),
        };
        flow.push(Flow { name: stage.name.clone(), class, small });
    }
    let (name, class, small) = match status {
        Status::Declined | Status::Withdrawn | Status::Stopped => {
            (words::status(status), "on", short(d.since))
        }
        Status::Returned => (say("flow.return", &[]), "done", short(d.since)),
        Status::Settled => (say("flow.return", &[]), "on", sheet.unit(&d.counter)),
        _ => (
            say("flow.return", &[]),
            "",
            d.promised.map(short).map_or(String::new(), |at| say("flow.due", &[("at", &at)])),
        ),
    };
    flow.push(Flow { name, class, small });
    flow
}

/// The files and papers, and the one that is shown. `here` gives the address of this page with
/// the pair that chooses one.
pub fn docs(
    sheet: &Sheet,
    (file, paper): (Option<&str>, Option<&str>),
    today: Day,
    here: impl Fn(&[(&str, &str)]) -> String,
) -> (Vec<Doc>, View) {
    let d = &sheet.case.dossier;
    let base = format!("/ho-so/{}", crate::desk::frame::encode(&d.code));
    let chosen = match (file, paper) {
        // A PDF is loaded only when it is asked for: it may be large, and its viewer takes the keys.
        (None, None) => sheet.files.first().filter(|f| kind(&f.media) == "image").map(|f| f.id.as_str()),
        _ => file,
    };
    let mut docs = Vec::new();
    let mut view = View::default();
    for f in &sheet.files {
        let component = sheet.case.procedure.component(&f.component).map(|c| c.name.as_str());
        let shown = chosen == Some(f.id.as_str());
        let name = component.unwrap_or(&f.name);
        docs.push(file_line(sheet, f, (name, here(&[("tep", &f.id)]), shown), today));
        if shown {
            let url = format!("{base}/tep/{}", f.id);
            view = View {
                kind: kind(&f.media),
                save: format!("{url}?tai=1"),
                url,
                name: f.name.clone(),
                ..View::default()
            };
        }
    }
    for kind in PaperKind::ALL {
        let printed = |h: &&History| follows(kind, h) && !crate::takeover::before(h);
        let Some(due) = sheet.history.iter().rev().find(printed) else { continue };
        let made = sheet.papers.iter().rev().find(|p| p.kind == kind.word() && p.ordinal >= due.ordinal);
        let name = words::t(&format!("paper.{}", kind.word()));
        let shown = chosen.is_none() && paper == Some(kind.word());
        let at = format::time_vn(made.map_or(due.at, |p| p.made_at));
        let mut small = vec![say("dossier.printed", &[("at", &at)])];
        if kind == PaperKind::Result {
            small.extend(sheet.signed.iter().cloned());
        }
        docs.push(Doc {
            href: here(&[("giay", kind.word())]),
            name: name.clone(),
            small: small.join(" · "),
            icon: "receipt",
            here: shown,
        });
        // Whoever looks at a result finds what it was before its time-stamps.
        let earlier = sheet.versions.iter().filter(|_| shown && kind == PaperKind::Result).cloned();
        docs.extend(earlier.map(|[href, name, small]| Doc {
            href,
            name,
            small,
            icon: "receipt",
            here: false,
        }));
        if shown {
            let url = format!("{base}/giay/{}", kind.word());
            view = View { kind: "pdf", save: format!("{url}?tai=1"), url, name, ..View::default() };
        }
    }
    (docs, view)
}

/// A file of the list, with its name, its address on this page, and whether it is the one shown.
fn file_line(sheet: &Sheet, f: &StoredFile, (name, href, here): (&str, String, bool), today: Day) -> Doc {
    let size = format::size(f.size.unsigned_abs());
    Doc {
        href,
        name: name.to_string(),
        small: match sheet.from_vault.iter().find(|u| u.file == f.id) {
            Some(used) => format!("{} · {size} · {}", f.name, vault::told(used, today).1),
            None => format!("{} · {size}", f.name),
        },
        icon: file_icon(&f.media),
        here,
    }
}

fn kind(media: &str) -> &'static str {
    match media {
        m if m == Kind::Pdf.media() => "pdf",
        m if m == Kind::Jpeg.media() || m == Kind::Png.media() => "image",
        _ => "file",
    }
}

fn file_icon(media: &str) -> &'static str {
    match kind(media) {
        "image" => "photo",
        "pdf" => "file-type-pdf",
        _ => "file-text",
    }
}

/// What was answered, page by page; questions without an answer are left out.
pub fn answers(case: &Case) -> Vec<Group> {
    let Some(form) = &case.procedure.form else { return Vec::new() };
    let given = &case.dossier.answers;
    let page = |page: &crate::procedure::model::Page| Group {
        title: page.title.clone(),
        facts: page
            .fields
            .iter()
            .filter_map(|field| {
                let value = answer(form, field, given.get(field)?);
                (!value.is_empty()).then(|| Fact { name: form.title(field).to_string(), value })
            })
            .collect(),
    };
    form.pages.iter().map(page).filter(|group| !group.facts.is_empty()).collect()
}

/// An answer as people read it.
fn answer(form: &Form, field: &str, value: &Value) -> String {
    let suffix = form.ui.get(field).and_then(|ui| ui.suffix.as_deref());
    let is_date = form.property(field).is_some_and(|p| p["format"] == "date");
    let text = match value {
        Value::Null => return String::new(),
        Value::Bool(true) => return say("answer.yes", &[]),
        Value::Bool(false) => return say("answer.no", &[]),
        Value::String(text) if is_date => Day::parse(text).map_or_else(|_| text.clone(), format::date_vn),
        Value::String(text) => form.option_label(field, text).map_or_else(|| text.clone(), str::to_string),
        Value::Object(_) | Value::Array(_) => return crate::procedure::ask::answer_text(form, field, value),
        Value::Number(_) if form.property(field).is_some_and(|p| p["format"] == "money") => {
            return crate::procedure::ask::answer_text(form, field, value);
        }
        other => other.to_string().replace('.', ","),
    };
    match suffix {
        Some(suffix) => format!("{text} {suffix}"),
        None => text,
    }
}

/// Whom the dossier is about, and how the result goes back.
pub fn person(sheet: &Sheet) -> Vec<Fact> {
    let d = &sheet.case.dossier;
    let a = &d.applicant;
    let phone = base::number::Phone::parse(&a.phone).map_or_else(|_| a.phone.clone(), |p| p.spaced());
    let fee = match (d.fee_asked, d.fee_paid) {
        (0, _) => String::new(),
        (asked, paid) if paid >= asked => say("person.fee_paid", &[("amount", &money(asked))]),
        (asked, paid) => say("person.fee_owed", &[("amount", &money(asked - paid))]),
    };
    let facts = [
        ("name", a.name.clone()),
        ("number", a.number.clone()),
        ("phone", phone),
        ("email", a.email.clone()),
        ("address", a.address.clone()),
        ("return_by", words::t(&format!("return_by.{}", d.return_by))),
        ("limit", sheet.case.limit_text()),
        ("fee", fee),
    ];
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| Fact { name: say(&format!("person.{key}"), &[]), value })
        .collect()
}

fn money(dong: i64) -> String {
    Dong::new(dong).map_or_else(|| dong.to_string(), format::money)
}

/// What the facts say before somebody receives or signs.
pub fn checks(sheet: &Sheet, now: Instant) -> Vec<Check> {
    let case = &sheet.case;
    let d = &case.dossier;
    let mut checks = Vec::new();
    let online = d.channel == "online";
    if online {
        papers(sheet, &mut checks);
    }
    if let Some(form) = case.procedure.form.as_ref().filter(|_| online) {
        let found = form.check(&d.answers, d.filed_at.day().max(now.day()));
        let n = found.len().to_string();
        checks.push(if found.is_empty() {
            Check { ok: true, text: say("check.answers_ok", &[]) }
        } else {
            let titles: Vec<&str> = found.iter().map(|f| form.title(&f.field)).collect();
            Check { ok: false, text: say("check.answers", &[("n", &n), ("fields", &titles.join("; "))]) }
        });
    }
    typed(case, &mut checks);
    if d.fee_asked > 0 {
        let ok = d.fee_paid >= d.fee_asked;
        let key = if ok { "check.fee_ok" } else { "check.fee" };
        checks.push(Check { ok, text: say(key, &[("amount", &money(d.fee_asked))]) });
    }
    if d.return_by == "post" && d.applicant.address.is_empty() {
        checks.push(Check { ok: false, text: say("check.no_address", &[]) });
    }
    if d.supplement_requests > 0 {
        let n = d.supplement_requests.to_string();
        checks.push(Check { ok: d.supplement_requests == 1, text: say("check.asked", &[("n", &n)]) });
    }
    if !sheet.originals.is_empty() {
        let names = sheet.originals.join("; ");
        checks.push(Check { ok: false, text: say("check.originals", &[("names", &names)]) });
    }
    for used in &sheet.from_vault {
        let (ok, told) = vault::told(used, now.day());
        checks.push(Check { ok, text: format!("{}: {told}", used.name) });
    }
    kept_in_time(case, now, &mut checks);
    limit(case, &mut checks);
    checks
}

/// Whether the answers of a paper form are there, which the certificate is made of.
fn typed(case: &Case, checks: &mut Vec<Check>) {
    let d = &case.dossier;
    let open = !d.state.status().is_final() && d.state.status() != Status::Settled;
    if d.channel == "online" || case.procedure.form.is_none() || !open {
        return;
    }
    let lacking = crate::answers::lacking(case);
    let n = lacking.len().to_string();
    checks.push(match lacking.as_slice() {
        [] => Check { ok: true, text: say("check.answers_ok", &[]) },
        _ => {
            let fields = crate::answers::named(&lacking);
            Check { ok: false, text: say("check.untyped", &[("n", &n), ("fields", &fields)]) }
        }
    });
}

/// The titles of questions in one line.
pub fn titles(case: &Case, fields: &[String]) -> String {
    let Some(form) = &case.procedure.form else { return String::new() };
    fields.iter().map(|field| form.title(field)).collect::<Vec<_>>().join("; ")
}

/// The short limits between reception and settlement: handing on, and asking for papers.
fn kept_in_time(case: &Case, now: Instant, checks: &mut Vec<Check>) {
    let d = &case.dossier;
    let mut by = |key: &str, at: Option<Instant>| {
        let Some(at) = at else { return };
        let key = if now <= at { key.to_string() } else { format!("{key}_late") };
        checks.push(Check { ok: now <= at, text: say(&key, &[("at", &promised_text(at))]) });
    };
    match d.state.status() {
        Status::Received => by("check.pass_on_by", limits::hand_on_by(d, &case.calendar)),
        Status::InProcess => by("check.ask_by", limits::ask_by(d, &case.calendar, &case.law)),
        _ => {}
    }
}

/// Every paper that the answers make necessary.
fn papers(sheet: &Sheet, checks: &mut Vec<Check>) {
    let case = &sheet.case;
    let needed: Vec<_> = case.procedure.components_for(&case.dossier.answers);
    let needed: Vec<_> = needed.into_iter().filter(|c| c.required).collect();
    let here = |c: &crate::procedure::model::Component| {
        (c.by_form && !case.dossier.answers.is_empty()) || sheet.files.iter().any(|f| f.component == c.id)
    };
    let missing: Vec<_> = needed.iter().filter(|c| !here(c)).collect();
    if missing.is_empty() && !needed.is_empty() {
        let n = needed.len().to_string();
        checks.push(Check { ok: true, text: say("check.papers_ok", &[("n", &n)]) });
    }
    for c in missing {
        checks.push(Check { ok: false, text: say("check.paper", &[("name", &c.name)]) });
    }
}

/// How far the limit may be trusted: only the portal's own figure is taken without a word.
fn limit(case: &Case, checks: &mut Vec<Check>) {
    let p = &case.procedure;
    if let Some(stated) = case.stated.as_ref().filter(|_| p.limit.is_none()) {
        checks.push(Check { ok: true, text: stated.check() });
        return;
    }
    match (p.limit, p.limit_confidence.as_deref()) {
        (None, _) => checks.push(Check { ok: false, text: say("check.no_limit", &[]) }),
        (Some(_), Some("portal")) => {}
        (Some(limit), _) => {
            let words = web::due::limit_text(limit);
            checks.push(Check { ok: false, text: say("check.limit", &[("limit", &words)]) });
        }
    }
}

/// What happened, the newest first.
pub fn history(sheet: &Sheet) -> Vec<Event> {
    sheet.history.iter().rev().map(|h| event(sheet, h)).collect()
}

fn event(sheet: &Sheet, h: &History) -> Event {
    let p = &sheet.case.procedure;
    let office = h.office.as_ref().map(|id| sheet.unit(id)).unwrap_or_default();
    let stage = |id: &Option<String>| id.as_deref().and_then(|id| p.step(id)).map(|s| s.name.clone());
    let what = match (h.verb.as_str(), stage(&h.to_stage)) {
        ("pass_on" | "return_step" | "submit_for_signature", Some(stage)) => {
            say("history.to", &[("done", &words::done(&h.verb)), ("stage", &stage)])
        }
        (verb, _) => words::done(verb),
    };
    let mut said = Vec::new();
    said.extend(Some(grounds::reason_of(h)).filter(|reason| !reason.is_empty()));
    let basis = grounds::basis_of(h);
    if !basis.is_empty() {
        said.push(say("history.basis", &[("basis", &basis.join("; "))]));
    }
    if let Some(ids) = h.details["components"].as_array().filter(|ids| !ids.is_empty()) {
        let names = ids.iter().filter_map(Value::as_str).filter_map(|id| p.component(id));
        said.push(names.map(|c| c.name.as_str()).collect::<Vec<_>>().join("; "));
    }
    let fields = h.details["fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields: Vec<String> = fields.map(str::to_string).collect();
    if !fields.is_empty() {
        said.push(titles(&sheet.case, &fields));
    }
    if let Some(amount) = h.details["amount"].as_i64() {
        said.push(money(amount));
    }
    if let (Some(outcome), Some(decision)) = (h.details["outcome"].as_str(), &sheet.decision) {
        let outcome = words::t(&format!("outcome.{outcome}"));
        let number = match decision.symbol.as_str() {
            "" => decision.number.clone(),
            symbol => format!("{}/{symbol}", decision.number),
        };
        said.push(say("history.decision", &[("outcome", &outcome), ("number", &number)]));
    }
    if !h.note.is_empty() {
        said.push(h.note.clone());
    }
    said.extend(explained(sheet, h));
    if let Some((short, by)) = limits::missed(h) {
        said.push(say(&format!("history.late_{}", short.word()), &[("at", &format::time_vn(by))]));
    }
    Event { who: sheet.actor(h), office, what, at: h.at, said }
}

/// What was said of papers that were asked for and not brought as files.
fn explained(sheet: &Sheet, h: &History) -> Vec<String> {
    let said = h.details["explained"].as_object().into_iter().flatten();
    let name = |id: &str| sheet.case.procedure.component(id).map_or(id.to_string(), |c| c.name.clone());
    said.filter_map(|(id, words)| Some(format!("{}: {}", name(id), words.as_str()?))).collect()
}

/// How the present deadline was counted.
pub fn arithmetic(sheet: &Sheet) -> Vec<String> {
    let case = &sheet.case;
    let d = &case.dossier;
    if let State::Filed { answer_by } = d.state {
        let from = d.since;
        return sentences(&case.calendar, from, case.law.answer_within(from.day()), answer_by);
    }
    if let Some(line) = sheet.history.iter().find_map(|h| crate::takeover::promise(h, d.promised)) {
        return vec![line];
    }
    let (Some(promised), Some(limit)) = (d.promised, case.limit()) else { return Vec::new() };
    let restarted = sheet
        .history
        .iter()
        .rev()
        .find(|h| matches!(h.verb.as_str(), "receive" | "supplement") && h.promised.is_some());
    let Some((from, first)) = restarted.and_then(|h| Some((h.at, h.promised?))) else { return Vec::new() };
    let mut lines = sentences(&case.calendar, from, limit, first);
    let extended = sheet.history.iter().rev().find(|h| h.verb == "extend" && h.promised == Some(promised));
    if let Some(h) = extended {
        lines.push(say(
            "dossier.extended",
            &[("at", &promised_text(promised)), ("on", &format::time_vn(h.at))],
        ));
    } else if let Some(h) =
        sheet.history.iter().rev().find(|h| h.verb == crate::recount::VERB && h.promised == Some(promised))
    {
        let (at, on) = (promised_text(promised), format::time_vn(h.at));
        lines.push(say("dossier.recounted", &[("at", &at), ("on", &on)]));
    } else if promised != first {
        lines.push(say("dossier.shifted", &[("at", &promised_text(promised))]));
    }
    lines
}

/// The sentences of `limit` from `from`, where they still come to `at`: since then the calendar
/// may have changed, and what was promised stands.
fn sentences(calendar: &Calendar, from: Instant, limit: base::Limit, at: Instant) -> Vec<String> {
    match calendar.due(from, limit) {
        Ok(due) if due.at == at => counted(&due),
        _ => vec![say("dossier.counted_otherwise", &[("at", &promised_text(at))])],
    }
}
