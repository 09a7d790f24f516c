//! A step with its words: the form that asks for them, and what comes back when it is sent.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base::{Day, Instant};
use db::Tx;
use directory::AnyOfficial;
use serde::Deserialize;
use serde_json::Map;
use web::page::NoticeKind;
use web::{FieldError, Path, Problem, Query, RawForm, Shell, page};

use super::{Sheet, icon, panels, shell};
use crate::App;
use crate::desk::List;
use crate::desk::frame::{self, Place};
use crate::desk::words::{find, kept, say};
use crate::dossier::checklist::{self, Mark, Marks};
use crate::dossier::files::prints;
use crate::dossier::grounds::{self, Grounds};
use crate::dossier::proposal;
use crate::dossier::rules::Verb;
use crate::dossier::schema::NOTE_CHARS_MAX;
use crate::dossier::{Ask, Case, Outcome, PaperKind, Who, api, take as take_step};
use crate::filters;
use crate::procedure::ask;
use crate::procedure::model::LegalBasis;
use crate::words;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct StepQuery {
    /// The list from which the dossier was opened.
    tu: String,
    post: Option<String>,
}

/// What was typed, as it goes back into the form.
#[derive(Default)]
struct Typed {
    note: String,
    reason: String,
    to: String,
    outcome: String,
    amount: String,
    until: String,
    basis: Vec<String>,
    basis_note: String,
    /// By paper: what was found of it, or how a request for it is answered.
    marks: BTreeMap<String, String>,
    answers: BTreeMap<String, String>,
    /// Questions to be answered anew.
    fields: Vec<String>,
}

/// Said of a paper at the counter: it was brought, or it cannot be.
const BROUGHT: [&str; 2] = ["brought", "not_brought"];

impl Typed {
    fn of(form: &RawForm) -> Typed {
        let text = |name: &str| form.get(name).unwrap_or_default().to_string();
        Typed {
            note: text("note"),
            reason: text("reason"),
            to: text("to"),
            outcome: text("outcome"),
            amount: text("amount"),
            until: text("until"),
            basis: form.all("basis").map(str::to_string).collect(),
            basis_note: text("basis_note"),
            marks: by_paper(form, &checklist::field("")),
            answers: by_paper(form, &checklist::answer_field("")),
            fields: form.all("fields").map(str::to_string).collect(),
        }
    }

    fn grounds(&self) -> Grounds {
        Grounds {
            reason: self.reason.clone(),
            basis: self.basis.clone(),
            basis_note: self.basis_note.clone(),
            note: self.note.clone(),
        }
    }

    /// What is kept of each paper that was asked for: that it was brought, or the words that say why not.
    fn explained(&self) -> BTreeMap<String, String> {
        let words = |word: &str| match word {
            "brought" => kept("step.brought", &[]),
            _ => self.note.trim().to_string(),
        };
        self.answers.iter().map(|(id, word)| (id.clone(), words(word))).collect()
    }

    /// The step asked for, or what has to be corrected before it can be asked.
    fn ask(&self, verb: Verb) -> Result<Ask, Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.note.chars().count() > NOTE_CHARS_MAX {
            let most = NOTE_CHARS_MAX.to_string();
            errors.push(FieldError::new("note", words::WORDS.t("fault.too_long", &[("most", &most)])));
        }
        let outcome = match self.outcome.as_str() {
            "granted" => Outcome::Granted,
            "denied" => Outcome::Denied,
            _ if verb == Verb::Decide => {
                errors.push(FieldError::new("outcome", say("step.choose_outcome", &[])));
                Outcome::Granted
            }
            _ => Outcome::Granted,
        };
        let until = day(&self.until);
        if verb == Verb::Extend && until.is_none() {
            errors.push(FieldError::new("until", say("step.choose_day", &[])));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let note = self.note.clone();
        let to = Some(self.to.clone()).filter(|to| !to.is_empty());
        let reason = self.reason.clone();
        Ok(match verb {
            Verb::Receive => Ask::Receive { note },
            Verb::AskSupplement => {
                let mark = |(id, word): (&String, &String)| Some((id.clone(), Mark::from_word(word)?));
                let marks: Marks = self.marks.iter().filter_map(mark).collect();
                Ask::AskSupplement {
                    marks,
                    fields: self.fields.clone(),
                    reason,
                    note,
                    components: Vec::new(),
                }
            }
            Verb::Supplement => {
                let (uploads, explained) = (Vec::new(), self.explained());
                Ask::Supplement { uploads, explained, answers: Map::new(), note }
            }
            Verb::Refuse => Ask::Refuse(self.grounds()),
            Verb::Withdraw => Ask::Withdraw { note },
            Verb::PassOn => Ask::PassOn { to, note },
            Verb::ReturnStep => Ask::ReturnStep { to, reason, note },
            Verb::SubmitForSignature => Ask::SubmitForSignature { to, note },
            Verb::Decide => {
                let Grounds { reason, basis, basis_note, note } = self.grounds();
                Ask::Decide { outcome, reason, basis, basis_note, note }
            }
            Verb::AskFee => Ask::AskFee { amount: amount(&self.amount), note },
            Verb::Pay => Ask::Pay { note },
            Verb::Extend => {
                Ask::Extend { until: until.expect("a missing day is an error above"), reason, note }
            }
            Verb::Stop => Ask::Stop(self.grounds()),
            Verb::ReturnResult => Ask::ReturnResult { note, signed_by: None, signed_on: None },
        })
    }
}

/// What was chosen for each paper: fields of this beginning.
fn by_paper(form: &RawForm, beginning: &str) -> BTreeMap<String, String> {
    let of =
        |(name, text): &(String, String)| Some((name.strip_prefix(beginning)?.to_string(), text.clone()));
    form.0.iter().filter_map(of).collect()
}

/// An amount as people write it, `37.500` or `37500`; 0 for what is none, which the use case refuses.
fn amount(text: &str) -> i64 {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
    digits.trim_end_matches('₫').parse().unwrap_or(0)
}

/// A day as the browser sends it, or as people write it: `2026-12-03`, `3/12/2026`.
fn day(text: &str) -> Option<Day> {
    if let Ok(day) = Day::parse(text) {
        return Some(day);
    }
    let mut parts = text.split('/').map(|part| part.trim().parse::<u16>().ok());
    let (day, month, year) = (parts.next()??, parts.next()??, parts.next()??);
    Day::new(i32::from(year), u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// A group of radio buttons or check boxes; empty where the step asks for none.
struct Pick {
    name: String,
    label: String,
    hint: String,
    error: String,
    many: bool,
    /// Shown when it is opened: a long list that is seldom needed.
    folded: bool,
    choices: Vec<Choice>,
}

impl Pick {
    /// Something in it is chosen, or wrong.
    fn is_open(&self) -> bool {
        !self.error.is_empty() || self.choices.iter().any(|c| c.chosen)
    }
}

#[derive(Template)]
#[template(path = "dossier/step.html")]
struct StepPage {
    shell: Shell,
    back: String,
    heading: String,
    code: String,
    procedure: String,
    applicant: String,
    status: String,
    status_class: &'static str,
    promise: String,
    explain: String,
    action: String,
    seen: i64,
    /// The step may still be taken; otherwise what was typed is only shown.
    open: bool,
    message: String,
    errors: Vec<FieldError>,
    summary: String,
    picks: Vec<Pick>,
    amount: Option<String>,
    amount_error: String,
    fees: Vec<String>,
    until: Option<String>,
    until_error: String,
    note: String,
    note_label: String,
    note_hint: String,
    note_error: String,
    note_needed: bool,
    button: String,
    icon: &'static str,
    serious: bool,
    /// Where the result can be read before it is signed; empty for other steps.
    draft: String,
    /// The article or another document, where the step names provisions.
    basis_note: Option<String>,
    basis_error: String,
}

/// What is wrong with what was sent.
#[derive(Default)]
struct Wrong {
    errors: Vec<FieldError>,
    message: String,
    stale: bool,
}

/// `GET /mot-cua/ho-so/{code}/{step}`: the form of a step that may be taken now.
pub async fn form(
    State(app): State<App>,
    official: AnyOfficial,
    Path((code, step)): Path<(String, String)>,
    Query(query): Query<StepQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let verb = frame::step_at(&step).ok_or(Problem::NotFound)?;
    let place = Place::of(&official, query.post.as_deref())?;
    let list = frame::list_at(&query.tu);
    let sheet = read(&app, &official, &place, &code, list, now).await?;
    crate::dossier::look(&app, &official.viewer, "onestop.look", &code, now).await;
    if !sheet.case.open().iter().any(|(v, _)| *v == verb) && !sheet.case.proposable().contains(&verb) {
        return Ok(Redirect::to(&place.dossier(&code, list)).into_response());
    }
    let shell = shell(&app, &official, &place, &sheet, list);
    let typed = Typed::default();
    Ok(page::html(step_page(&place, &sheet, list, verb, typed, Wrong::default(), shell)))
}

async fn read(
    app: &App,
    official: &AnyOfficial,
    place: &Place,
    code: &str,
    list: Option<List>,
    now: Instant,
) -> Result<Sheet, Problem> {
    let who = Who::from(&official.viewer);
    let (reading, at, asked) = (app.clone(), place.clone(), code.to_string());
    app.site
        .db
        .read(async move |tx: &mut Tx| Sheet::read(tx, &reading, &who, &at, &asked, list, now).await)
        .await
}

/// `POST /mot-cua/ho-so/{code}/{step}`: takes the step, or shows the form again with everything
/// that was typed and everything that is wrong with it.
pub async fn take(
    State(app): State<App>,
    official: AnyOfficial,
    Path((code, step)): Path<(String, String)>,
    Query(query): Query<StepQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let verb = frame::step_at(&step).ok_or(Problem::NotFound)?;
    let place = Place::of(&official, query.post.as_deref())?;
    let list = frame::list_at(&query.tu);
    let typed = Typed::of(&form);
    let seen = form.get("seen").and_then(|seen| seen.parse().ok());
    let seen: i64 = seen.ok_or_else(|| Problem::Malformed("no version was seen".into()))?;
    let taken = match typed.ask(verb) {
        Ok(ask) => taken(&app, &official, &code, ask, seen, now).await,
        Err(errors) => Err(Problem::Invalid(errors)),
    };
    let wrong = match taken {
        Ok(taken) => {
            let da = if taken.proposed { frame::PROPOSED } else { frame::step_slug(verb) };
            let tu = list.map_or("", frame::slug);
            let next = match (taken.visible, list) {
                (true, _) if taken.proposed => place.href(&frame::dossier(&code), &[("tu", tu), ("da", da)]),
                (true, _) => {
                    let paper = printed(verb).map_or("", PaperKind::word);
                    place.href(&frame::dossier(&code), &[("tu", tu), ("da", da), ("giay", paper)])
                }
                // It has left this person's sight: back to the work that is left.
                (false, list) => {
                    let path =
                        format!("{}/{}", frame::MODULE, frame::slug(list.unwrap_or(place.scope.lists()[0])));
                    place.href(&path, &[("da", da), ("hs", &code)])
                }
            };
            return Ok(Redirect::to(&next).into_response());
        }
        Err(Problem::Invalid(errors)) => Wrong { errors, ..Wrong::default() },
        Err(Problem::Refused(message)) => Wrong { message: message.outside, ..Wrong::default() },
        Err(Problem::Stale) => Wrong { stale: true, ..Wrong::default() },
        Err(other) => return Err(other),
    };
    let status = if wrong.stale { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    let sheet = read(&app, &official, &place, &code, list, now).await?;
    let mut shell = shell(&app, &official, &place, &sheet, list);
    if wrong.stale {
        shell = shell.notice(NoticeKind::Warning, stale(&sheet));
    } else {
        shell = shell.errors();
    }
    Ok(page::html_with(status, step_page(&place, &sheet, list, verb, typed, wrong, shell)))
}

/// What has become of a step that was sent.
struct Taken {
    /// It was laid before a leader.
    proposed: bool,
    /// Its sender may still see the dossier.
    visible: bool,
}

/// Takes the step, or lays it before a leader where only a leader may take it.
async fn taken(
    app: &App,
    official: &AnyOfficial,
    code: &str,
    ask: Ask,
    seen: i64,
    now: Instant,
) -> Result<Taken, Problem> {
    let who = Who::from(&official.viewer);
    let act = api::act_on(app, &official.viewer, &who, ask.verb(), code, now).await?;
    let (catalogue, code) = (app.catalogue.clone(), code.to_string());
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Taken, Problem> {
            let mut case = Case::seen(tx, &catalogue, &who, &code, seen, now).await?;
            if case.proposable().contains(&ask.verb()) {
                proposal::propose(tx, &case, &ask, &who).await?;
                tx.audit("onestop.propose", &case.dossier.id.to_string()).await?;
                return Ok(Taken { proposed: true, visible: who.may_see(&case.dossier) });
            }
            take_step(tx, &mut case, ask.clone(), &who).await?;
            Ok(Taken { proposed: false, visible: who.may_see(&case.dossier) })
        })
        .await
}

/// The paper that a step prints, which its taker wants next.
fn printed(verb: Verb) -> Option<PaperKind> {
    PaperKind::ALL.into_iter().find(|kind| prints(*kind, verb.word()))
}

/// What has happened since the page was made.
fn stale(sheet: &Sheet) -> String {
    let last = panels::history(sheet).into_iter().next();
    match last {
        Some(last) => {
            let at = base::format::time_vn(last.at);
            say("step.stale", &[("who", &last.who), ("what", &last.what), ("at", &at)])
        }
        None => say("step.stale_unknown", &[]),
    }
}

fn step_page(
    place: &Place,
    sheet: &Sheet,
    list: Option<List>,
    verb: Verb,
    typed: Typed,
    wrong: Wrong,
    shell: Shell,
) -> StepPage {
    let case = &sheet.case;
    let d = &case.dossier;
    let status = d.state.status();
    let open = case.open();
    let ways = open.iter().find(|(v, _)| *v == verb).map(|(_, ways)| ways.clone());
    let proposing = case.proposable().contains(&verb);
    let error = |field: &str| FieldError::of(&wrong.errors, field);
    let tu = [("tu", list.map_or("", frame::slug))];
    let path = format!("{}/{}", frame::dossier(&d.code), frame::step_slug(verb));
    let n = wrong.errors.len() + usize::from(!wrong.message.is_empty());
    let word = verb.word();
    StepPage {
        back: place.dossier(&d.code, list),
        heading: words::verb(verb),
        code: d.code.clone(),
        procedure: case.procedure.name.clone(),
        applicant: d.applicant.name.clone(),
        status: words::status(status),
        status_class: frame::status_class(status),
        promise: panels::promise(case),
        explain: explain(verb, proposing),
        action: place.href(&path, &tu),
        seen: d.version,
        open: ways.is_some() || proposing,
        summary: if n == 0 { String::new() } else { say("step.errors", &[("n", &n.to_string())]) },
        picks: picks(sheet, verb, &typed, &ways.unwrap_or_default(), &error),
        basis_note: grounds::has_basis(verb).then(|| typed.basis_note.clone()),
        basis_error: error("basis_note"),
        amount: (verb == Verb::AskFee).then(|| typed.amount.clone()),
        amount_error: error("amount"),
        fees: if verb == Verb::AskFee { fees(case) } else { Vec::new() },
        until: (verb == Verb::Extend).then(|| typed.until.clone()),
        until_error: error("until"),
        note_label: find(&format!("note.{word}")).unwrap_or_else(|| say("note.any", &[])),
        note_hint: say("note.hint", &[]),
        note_error: error("note"),
        note_needed: needs_note(verb),
        note: typed.note,
        button: if proposing { say("step.propose", &[]) } else { words::verb(verb) },
        icon: icon(verb),
        serious: matches!(verb, Verb::Refuse | Verb::Stop | Verb::Withdraw),
        draft: if verb == Verb::Decide {
            format!("{}/du-thao", frame::dossier(&d.code))
        } else {
            String::new()
        },
        message: wrong.message,
        errors: wrong.errors,
        shell,
    }
}

fn needs_note(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::AskSupplement | Verb::Supplement | Verb::Refuse | Verb::ReturnStep | Verb::Extend | Verb::Stop
    )
}

/// What the step does, and who has the last word on it.
fn explain(verb: Verb, proposing: bool) -> String {
    let does = say(&format!("explain.{}", verb.word()), &[]);
    if proposing { format!("{does} {}", say("step.proposing", &[])) } else { does }
}

/// The choices that a step asks for.
fn picks(
    sheet: &Sheet,
    verb: Verb,
    typed: &Typed,
    ways: &[String],
    error: &impl Fn(&str) -> String,
) -> Vec<Pick> {
    let case = &sheet.case;
    let pick = |name: &str, many: bool, choices: Vec<Choice>| Pick {
        label: say(&format!("pick.{name}"), &[]),
        hint: find(&format!("pick_hint.{name}_{}", verb.word()))
            .or_else(|| find(&format!("pick_hint.{name}")))
            .unwrap_or_default(),
        error: error(name),
        name: name.into(),
        many,
        folded: name == "fields",
        choices,
    };
    let mut all = match verb {
        Verb::AskSupplement => {
            let anew = asked_anew(case, typed);
            let anew = (!anew.is_empty()).then(|| pick("fields", true, anew));
            marks(sheet, typed, error).into_iter().chain(anew).collect()
        }
        Verb::Supplement => answers(sheet, typed, error),
        Verb::Decide => {
            let choices = [Outcome::Granted, Outcome::Denied].map(|o| Choice {
                value: o.word().to_string(),
                label: words::t(&format!("outcome.{}", o.word())),
                chosen: typed.outcome == o.word(),
            });
            vec![pick("outcome", false, choices.into())]
        }
        Verb::PassOn | Verb::ReturnStep | Verb::SubmitForSignature if !ways.is_empty() => {
            // One is always chosen, so that a way cannot be forgotten.
            let first = if ways.contains(&typed.to) { typed.to.as_str() } else { ways[0].as_str() };
            let choice = |id: &String| Choice {
                value: id.clone(),
                label: case.procedure.step(id).map_or_else(|| id.clone(), |s| s.name.clone()),
                chosen: id == first,
            };
            vec![pick("to", false, ways.iter().map(choice).collect())]
        }
        _ => Vec::new(),
    };
    if let Some((reasons, list)) = grounds::reasons(verb) {
        let choice = |code: &&str| Choice {
            value: code.to_string(),
            label: words::t(&format!("{list}.{code}")),
            chosen: typed.reason == **code,
        };
        all.push(pick("reason", false, reasons.iter().map(choice).collect()));
    }
    if grounds::has_basis(verb) && !case.procedure.legal_basis.is_empty() {
        let choice = |b: &LegalBasis| Choice {
            value: b.id.clone(),
            label: b.line(),
            chosen: typed.basis.contains(&b.id),
        };
        all.push(pick("basis", true, case.procedure.legal_basis.iter().map(choice).collect()));
    }
    all
}

/// The check-list of a request: each paper with what was found of it. What came is marked as there.
fn marks(sheet: &Sheet, typed: &Typed, error: &impl Fn(&str) -> String) -> Vec<Pick> {
    let case = &sheet.case;
    let lines = checklist::lines(&case.procedure, &case.dossier.answers, &sheet.files, &sheet.history);
    let pick = |line: checklist::Line<'_>| {
        let (c, name) = (line.component, checklist::field(&line.component.id));
        let now = typed.marks.get(&c.id).cloned().or(line.known.map(|mark| mark.word().to_string()));
        let choice = |mark: Mark| Choice {
            value: mark.word().into(),
            label: say(&format!("mark.{}", mark.word()), &[]),
            chosen: now.as_deref() == Some(mark.word()),
        };
        let optional = if line.required { String::new() } else { say("mark.optional", &[]) };
        Pick {
            label: c.name.clone(),
            hint: optional,
            error: error(&name),
            name,
            many: false,
            choices: Mark::ALL.map(choice).into(),
            folded: false,
        }
    };
    lines.into_iter().map(pick).collect()
}

/// The papers that the citizen owes an answer about, at the counter: brought by hand, or why not.
fn answers(sheet: &Sheet, typed: &Typed, error: &impl Fn(&str) -> String) -> Vec<Pick> {
    let pick = |id: String| {
        let (said, name) = (typed.answers.get(&id), checklist::answer_field(&id));
        let choice = |word: &str| Choice {
            value: word.into(),
            label: say(&format!("step.{word}"), &[]),
            chosen: said.is_some_and(|said| said == word),
        };
        Pick {
            label: sheet.case.procedure.component(&id).map_or(id, |c| c.name.clone()),
            hint: String::new(),
            error: error(&name),
            name,
            many: false,
            choices: BROUGHT.map(choice).into(),
            folded: false,
        }
    };
    checklist::asked(&sheet.history).into_iter().map(pick).collect()
}

/// The questions that may be answered anew, each with its present answer.
fn asked_anew(case: &Case, typed: &Typed) -> Vec<Choice> {
    let Some(form) = &case.procedure.form else { return Vec::new() };
    let answers = &case.dossier.answers;
    let asked = crate::answers::rules::questions(form);
    let asked = asked.into_iter().filter(|field| answers.is_empty() || form.is_asked(field, answers));
    let choice = |field: String| {
        let present = answers.get(&field).map(|value| ask::answer_text(form, &field, value));
        let title = form.title(&field);
        Choice {
            label: match present {
                Some(present) => say("pick.answer", &[("title", title), ("answer", &present)]),
                None => say("pick.no_answer", &[("title", title)]),
            },
            chosen: typed.fields.contains(&field),
            value: field,
        }
    };
    asked.map(choice).collect()
}

/// What the catalogue knows of the procedure's fees.
fn fees(case: &Case) -> Vec<String> {
    let line = |fee: &crate::procedure::model::Fee| {
        let amount = match fee.amount {
            Some(0) => say("fee.free", &[]),
            Some(amount) => say("fee.amount", &[("amount", &base::format::thousands(amount))]),
            None => fee.note.clone().unwrap_or_else(|| say("fee.unknown", &[])),
        };
        format!("{}: {amount}", fee.name)
    };
    case.procedure.fees.iter().map(line).collect()
}
