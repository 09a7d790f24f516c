//! Taking a paper dossier at the counter: `/mot-cua/tiep-nhan-moi`. The clerk finds the procedure,
//! scans the person's card or enters a number, ticks what was handed over, and receives it, with the
//! fee in cash, in the same stroke. All of it goes by keyboard: the focus is where the next thing is
//! typed, and Enter does what comes next.

pub mod card;
mod papers;
mod person;
mod signers;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::{Dong, Instant};
use db::Tx;
use directory::CounterClerk;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web::idempotent::{self, Known};
use web::{FieldError, Problem, Query, RawForm, Shell, page};

use crate::desk::List;
use crate::desk::frame::{self, MODULE, Place};
use crate::desk::words::say;
use crate::dossier::rules::Verb;
use crate::dossier::schema::NOTE_CHARS_MAX;
use crate::dossier::{self, Applicant, Case, Who};
use crate::filing::{self, Filed, Filing};
use crate::filters;
use crate::procedure::Procedure;
use crate::procedure::model::{Channel, Fee};
use crate::procedure::places::{Choices, Places};
use crate::{App, catalogue, custody, fee, view, words};
use papers::{Paper, Ticked};
pub(crate) use person::{confirmed, plain_number};
use signers::Present;

/// Procedures shown for one search.
const LINES: usize = 30;
/// The ways a result can go back to somebody who came to the counter.
const RETURN_BY: [&str; 3] = ["counter", "post", "online"];

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/tiep-nhan-moi", get(begin).post(take))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct IntakeQuery {
    q: String,
    #[serde(rename = "thu-tuc")]
    procedure: String,
}

/// A procedure to choose.
struct Line {
    href: String,
    name: String,
    code: String,
    field: String,
    limit: String,
    known: bool,
}

#[derive(Template)]
#[template(path = "intake/choose.html")]
struct ChoosePage {
    shell: Shell,
    back: String,
    action: String,
    post: String,
    q: String,
    lines: Vec<Line>,
    empty: String,
    suggestions: String,
}

/// A line of text that is asked for.
struct Input {
    name: &'static str,
    label: String,
    value: String,
    error: String,
    kind: &'static str,
    optional: bool,
}

struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "intake/form.html")]
struct FormPage {
    shell: Shell,
    back: String,
    action: String,
    key: String,
    procedure: String,
    code: String,
    limit: String,
    can_promise: bool,
    number: Input,
    lines: Vec<Input>,
    /// The number that the form is filled by; empty before somebody was looked up.
    filled: String,
    /// Where the next thing is typed: "number", "name", "all", or "" where an error has the focus.
    focus: &'static str,
    ways: Vec<Choice>,
    way_error: String,
    papers: Vec<Paper>,
    papers_error: String,
    /// Those who agree beside the applicant.
    signers: Vec<signers::Line>,
    signers_legend: String,
    signers_hint: String,
    /// What the catalogue says of fees; empty where nothing is to be paid.
    fees: Vec<String>,
    amount: String,
    amount_error: String,
    note: String,
    note_error: String,
    /// Where it is settled, as the address says; none where the counter's own agency settles.
    places: Vec<Choices>,
    place: String,
    place_error: String,
    message: String,
    errors: Vec<FieldError>,
    summary: String,
}

/// What the form carries.
#[derive(Clone, Default)]
struct Typed {
    applicant: Applicant,
    /// The number that the person's words belong to.
    filled: String,
    return_by: String,
    papers: Ticked,
    signers: Present,
    /// Cash taken with the reception, as typed.
    amount: String,
    note: String,
    /// The commune whose agency settles it, where the procedure is settled by an address.
    place: String,
    /// One sending has its effect once.
    key: String,
}

impl Typed {
    /// The key under which a second sending finds the first.
    fn key(&self) -> Result<String, Problem> {
        let key = Some(self.key.clone()).filter(|key| key.parse::<PaperKey>().is_ok());
        key.ok_or_else(|| Problem::Malformed("an intake without its key".into()))
    }

    fn of(form: &RawForm, p: &Procedure) -> Typed {
        let text = |name: &str| form.get(name).unwrap_or_default().to_string();
        Typed {
            applicant: Applicant {
                name: text("name"),
                number: text("number"),
                phone: text("phone"),
                email: text("email"),
                address: text("address"),
            },
            filled: text("filled"),
            return_by: text("return_by"),
            papers: Ticked::of(form, p),
            signers: Present::of(form, p),
            amount: text("amount"),
            note: text("note"),
            place: text("place"),
            key: text("key"),
        }
    }

    /// The đồng taken in cash, 0 for none; none for what is no sum.
    fn cash(&self) -> Option<i64> {
        if self.amount.trim().is_empty() {
            return Some(0);
        }
        self.amount.parse::<Dong>().ok().map(Dong::amount).filter(|amount| *amount <= dossier::FEE_MAX)
    }
}

/// What a sending asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    LookUp,
    Record,
    Receive,
}

impl Deed {
    /// The button that was pressed. The key Enter, and a scanner's at the end of a card, look up whom
    /// the number names, and receive once the form speaks of that person.
    fn of(form: &RawForm, typed: &Typed, can_promise: bool) -> Deed {
        if card::is_scanned(&typed.applicant.number) {
            return Deed::LookUp;
        }
        match form.get("lam") {
            Some("tim") => Deed::LookUp,
            Some("nhan") => Deed::Receive,
            Some("enter") if plain_number(&typed.applicant.number) != typed.filled => Deed::LookUp,
            Some("enter") if can_promise => Deed::Receive,
            _ => Deed::Record,
        }
    }
}

/// `GET /mot-cua/tiep-nhan-moi?q=` finds the procedure; with `thu-tuc=` it is the form.
async fn begin(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(query): Query<IntakeQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of_clerk(&clerk)?;
    let (at, levels) = (place.clone(), clerk.post.unit.clone());
    let (counts, levels) = app
        .site
        .db
        .read(async move |tx: &mut Tx| -> Result<_, Problem> {
            Ok((frame::counts(tx, &at, now).await?, levels_at(tx, &levels).await?))
        })
        .await?;
    if let Some(p) = app.catalogue.find(&query.procedure) {
        let typed = Typed { key: PaperKey::fresh().to_string(), ..Typed::default() };
        let shell = shell(&app, &clerk, &place, &counts);
        let places = places(&app, &p).await?;
        return Ok(page::html(form_page(&place, &p, places, typed, Wrong::default(), shell)));
    }
    let q: String = query.q.chars().take(base::limits::QUERY_CHARS_MAX).collect();
    let found = app.catalogue.search(&q, usize::MAX);
    let here = |p: &Arc<Procedure>| {
        settled_by(p).is_some()
            || p.settled_at(app.catalogue.frame)
                .iter()
                .any(|level| levels.iter().any(|l| l == level.as_str()))
    };
    if let Some(p) = app.catalogue.find(q.trim()).filter(|p| here(p)) {
        let form = place.href(&format!("{MODULE}/tiep-nhan-moi"), &[("thu-tuc", &p.code)]);
        return Ok(Redirect::to(&form).into_response());
    }
    let lines: Vec<Line> = found.iter().filter(|p| here(p)).take(LINES).map(|p| line(&place, p)).collect();
    let suggestions = app.catalogue.suggest(&q).join(", ");
    Ok(page::html(ChoosePage {
        back: place.list(List::Waiting),
        action: format!("{MODULE}/tiep-nhan-moi"),
        post: if place.href("", &[]).is_empty() { String::new() } else { place.post.id.to_string() },
        empty: if lines.is_empty() { say("intake.none", &[("q", &q)]) } else { String::new() },
        suggestions: match (lines.is_empty(), suggestions.as_str()) {
            (true, words) if !words.is_empty() => say("intake.try", &[("words", words)]),
            _ => String::new(),
        },
        lines,
        q,
        shell: shell(&app, &clerk, &place, &counts),
    }))
}

enum PaperKeyKind {}
type PaperKey = base::Id<PaperKeyKind>;

fn shell(app: &App, clerk: &CounterClerk, place: &Place, counts: &[(List, i64)]) -> Shell {
    let here = place.href(&format!("{MODULE}/tiep-nhan-moi"), &[]);
    frame::shell(app, &clerk.viewer, place, counts, say("intake.title", &[]), None).active(here)
}

/// The levels of procedures that this counter answers for.
async fn levels_at(tx: &mut Tx, counter: &directory::UnitId) -> Result<Vec<String>, Problem> {
    let level = directory::get_unit(tx, counter).await?.level;
    let rules = directory::level_rules(tx).await?;
    // The province's own centre receives for all its departments.
    let answers = |by: &str| by == level || (level == "province" && by == "department");
    Ok(rules.into_iter().filter(|(_, by)| answers(by)).map(|(level, _)| level).collect())
}

fn line(place: &Place, p: &Procedure) -> Line {
    Line {
        href: place.href(&format!("{MODULE}/tiep-nhan-moi"), &[("thu-tuc", &p.code)]),
        name: p.name.clone(),
        code: p.code.clone(),
        field: p.field.clone(),
        limit: p.limit.map_or_else(|| view::limit(None), web::due::limit_text),
        known: p.limit.is_some(),
    }
}

/// What is wrong with what was sent, or what was found out for the clerk.
#[derive(Default)]
struct Wrong {
    errors: Vec<FieldError>,
    message: String,
}

/// `POST /mot-cua/tiep-nhan-moi?thu-tuc=CODE`: looks the person up, files, or files and receives.
async fn take(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(query): Query<IntakeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of_clerk(&clerk)?;
    let p = app.catalogue.find(&query.procedure).ok_or(Problem::NotFound)?;
    let mut typed = Typed::of(&form, &p);
    let deed = Deed::of(&form, &typed, p.limit.is_some());
    let mut told = None;
    let refused = match deed {
        Deed::LookUp => {
            let filled = typed.filled.clone();
            match person::look_up(&app, &clerk, &mut typed.applicant, &filled, now).await? {
                Ok(words) => {
                    typed.filled.clone_from(&typed.applicant.number);
                    told = Some(words);
                    None
                }
                Err(error) => Some(Problem::Invalid(vec![error])),
            }
        }
        Deed::Record | Deed::Receive => {
            match keep(&app, &clerk, &p, &typed, deed == Deed::Receive, now).await {
                Ok(code) => {
                    let paid = typed.cash().is_some_and(|amount| amount > 0);
                    let next = done(&place, &code, deed == Deed::Receive, paid);
                    return Ok(Redirect::to(&next).into_response());
                }
                Err(problem) => Some(problem),
            }
        }
    };
    let (status, wrong) = match refused {
        None => (StatusCode::OK, Wrong::default()),
        Some(Problem::Invalid(errors)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Wrong { errors: renamed(errors), ..Wrong::default() })
        }
        Some(Problem::Refused(message)) => {
            let wrong = Wrong { message: message.outside, ..Wrong::default() };
            (StatusCode::UNPROCESSABLE_ENTITY, wrong)
        }
        Some(other) => return Err(other),
    };
    let at = place.clone();
    let counts = app.site.db.read(async move |tx: &mut Tx| frame::counts(tx, &at, now).await).await?;
    let mut shell = shell(&app, &clerk, &place, &counts);
    if let Some((kind, words)) = told {
        shell = shell.notice(kind, words);
    } else {
        shell = shell.errors();
    }
    let places = places(&app, &p).await?;
    Ok(page::html_with(status, form_page(&place, &p, places, typed, wrong, shell)))
}

/// The address by which this procedure's agency is found, whatever else was answered.
fn settled_by(p: &Procedure) -> Option<&str> {
    p.routing.iter().find(|route| route.when.is_none()).and_then(|route| route.field.as_deref())
}

/// The communes to choose from, where the procedure is settled by an address.
async fn places(app: &App, p: &Procedure) -> Result<Vec<Choices>, Problem> {
    let (Some(field), Some(form)) = (settled_by(p), &p.form) else { return Ok(Vec::new()) };
    if form.property(field).is_none() {
        return Ok(Vec::new());
    }
    let communes = app.site.db.read(async |tx: &mut Tx| directory::list_communes(tx).await).await?;
    Ok(Places::from(communes).choices())
}

/// Where the clerk goes after it: the dossier, with form 01 open when it was received.
fn done(place: &Place, code: &str, received: bool, paid: bool) -> String {
    let path = frame::dossier(code);
    let list = ("tu", frame::slug(if received { List::Processing } else { List::Waiting }));
    if received {
        let da = if paid { frame::RECEIVED_PAID } else { frame::step_slug(Verb::Receive) };
        place.href(&path, &[list, ("da", da), ("giay", "receipt")])
    } else {
        place.href(&path, &[list, ("da", frame::FILED), ("giay", "slip")])
    }
}

/// The faults of a filing under the names of this form's fields.
fn renamed(errors: Vec<FieldError>) -> Vec<FieldError> {
    let name = |field: &str| match field.strip_prefix("applicant.").unwrap_or(field) {
        "personal_number" => "number".to_string(),
        answer if answer.starts_with("answers.") => "place".to_string(),
        plain => plain.to_string(),
    };
    errors.into_iter().map(|e| FieldError::new(name(&e.field), e.message)).collect()
}

/// Files the dossier and, when asked, receives it, both or neither. Answers its code.
async fn keep(
    app: &App,
    clerk: &CounterClerk,
    p: &Arc<Procedure>,
    typed: &Typed,
    receive: bool,
    now: Instant,
) -> Result<String, Problem> {
    let note = note(p, typed);
    let errors = faults(p, typed, &note, receive);
    let cash = typed.cash().unwrap_or_default();
    let filing = Filing {
        procedure: catalogue::version_id(p),
        unit: clerk.post.unit.code().to_string(),
        account: None,
        applicant: Applicant { number: plain_number(&typed.applicant.number), ..typed.applicant.clone() },
        channel: "counter",
        return_by: typed.return_by.clone(),
        answers: place_of(p, typed),
        uploads: Vec::new(),
    };
    let key = typed.key()?;
    let (taken, details) = (typed.papers.kept(p), typed.papers.details(p));
    let request = format!(
        "{}|{receive}|{note}|{:?}|{taken:?}|{cash}|{}|{:?}",
        filing.procedure, filing.applicant, typed.place, typed.signers
    );
    let hash = idempotent::request_hash("POST", "/mot-cua/tiep-nhan-moi", request.as_bytes());
    let who = Who::from(&clerk.viewer);
    let act = clerk.act("onestop.file", &filing.procedure, now);
    let catalogue = app.catalogue.clone();
    let (present, procedure, office) = (typed.signers.clone(), p.clone(), clerk.unit().as_str().to_string());
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<String, Problem> {
            match idempotent::find(tx, &who.account, &key, &hash).await? {
                Known::First => {}
                Known::Replay { body, .. } => return String::from_utf8(body).map_err(Problem::fault),
                Known::Mismatch => return Err(Problem::KeyReused),
            }
            let mut filing = filing.clone();
            filing.account = confirmed(tx, &filing.applicant.number).await?;
            let filed = filing::file(tx, &catalogue, filing, &who.account, now).await;
            let filed = with_faults(filed, &errors)?;
            if !procedure.signers.is_empty() {
                let case = Case::find(tx, &catalogue, &who, &filed.code, now).await?;
                present.record(tx, &case.dossier, &procedure, (&office, &who.account), now).await?;
            }
            if receive {
                let mut case = Case::seen(tx, &catalogue, &who, &filed.code, 1, now).await?;
                dossier::receive_papers(tx, &mut case, &note, details.clone()).await?;
                tx.audit(dossier::deed(Verb::Receive), &filed.id.to_string()).await?;
                if cash > 0 {
                    dossier::ask_fee(tx, &mut case, cash, "").await?;
                    tx.audit(dossier::deed(Verb::AskFee), &filed.id.to_string()).await?;
                    fee::take_cash(tx, &mut case, "", &who).await?;
                    tx.audit(dossier::deed(Verb::Pay), &filed.id.to_string()).await?;
                }
            }
            if !taken.is_empty() {
                let mut case = Case::find(tx, &catalogue, &who, &filed.code, now).await?;
                custody::take_in(tx, &mut case, &taken, &who).await?;
                tx.audit("onestop.take-papers", &filed.id.to_string()).await?;
            }
            idempotent::keep(tx, &who.account, &key, &hash, (303, filed.code.as_bytes()), now).await?;
            Ok(filed.code)
        })
        .await
}

/// The filing, where the form has no faults either; else the faults of both at once.
fn with_faults(filed: Result<Filed, Problem>, errors: &[FieldError]) -> Result<Filed, Problem> {
    match filed {
        Ok(filed) if errors.is_empty() => Ok(filed),
        Ok(_) => Err(Problem::Invalid(errors.to_vec())),
        Err(Problem::Invalid(more)) => Err(Problem::Invalid([more, errors.to_vec()].concat())),
        Err(other) => Err(other),
    }
}

/// What is wrong with the form beside the filing's own faults.
fn faults(p: &Procedure, typed: &Typed, note: &str, receive: bool) -> Vec<FieldError> {
    let mut errors = typed.papers.faults(p);
    errors.extend(typed.signers.faults(p, &plain_number(&typed.applicant.number)));
    let missing = typed.papers.missing(p);
    if receive && !missing.is_empty() {
        errors.push(FieldError::new("present", say("intake.no_paper", &[("names", &missing.join("; "))])));
    }
    match typed.cash() {
        None => {
            let most = base::format::thousands(dossier::FEE_MAX);
            errors.push(FieldError::new("amount", say("intake.no_sum", &[("most", &most)])));
        }
        Some(amount) if amount > 0 && !receive => {
            errors.push(FieldError::new("amount", say("intake.cash_later", &[])));
        }
        Some(_) => {}
    }
    if note.chars().count() > NOTE_CHARS_MAX {
        let most = NOTE_CHARS_MAX.to_string();
        errors.push(FieldError::new("note", words::WORDS.t("fault.too_long", &[("most", &most)])));
    }
    errors
}

/// The one answer that a paper dossier has: at which place it is settled.
fn place_of(p: &Procedure, typed: &Typed) -> Map<String, Value> {
    let field = settled_by(p).filter(|_| !typed.place.is_empty());
    field.map(|field| (field.to_string(), json!({ "unit": typed.place }))).into_iter().collect()
}

/// What was handed over, and the clerk's remark: the note of the reception.
fn note(p: &Procedure, typed: &Typed) -> String {
    let parts = [typed.papers.told(p), typed.note.clone()];
    parts.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What the catalogue says of the fees that the counter takes, with whom they spare; empty where
/// nothing is to be paid.
fn fees(p: &Procedure) -> Vec<String> {
    let here = |f: &&Fee| f.channels.is_empty() || f.channels.contains(&Channel::Counter);
    let asked = p.fees.iter().filter(here).filter(|f| f.amount != Some(0));
    let line = |f: &Fee| {
        let amount = match f.amount {
            Some(amount) => say("fee.amount", &[("amount", &base::format::thousands(amount))]),
            None => say("fee.unknown", &[]),
        };
        let spared = f.exempt.join(", ");
        let spared = (!spared.is_empty()).then(|| say("intake.spared", &[("who", &spared)]));
        let parts = [Some(format!("{}: {amount}", f.name)), f.note.clone(), spared];
        parts.into_iter().flatten().collect::<Vec<_>>().join(". ")
    };
    asked.map(line).collect()
}

/// Where the next thing is typed.
fn focus(typed: &Typed, wrong: &Wrong, papers: bool) -> &'static str {
    if !wrong.errors.is_empty() || !wrong.message.is_empty() {
        ""
    } else if typed.filled.is_empty() {
        "number"
    } else if typed.applicant.name.is_empty() {
        "name"
    } else if papers {
        "all"
    } else {
        "phone"
    }
}

fn form_page(
    place: &Place,
    p: &Procedure,
    places: Vec<Choices>,
    typed: Typed,
    wrong: Wrong,
    shell: Shell,
) -> FormPage {
    let error = |field: &str| FieldError::of(&wrong.errors, field);
    let line = |name: &'static str, value: &str, kind: &'static str, optional: bool| Input {
        label: say(&format!("intake_field.{name}"), &[]),
        value: value.to_string(),
        error: error(name),
        name,
        kind,
        optional,
    };
    let a = &typed.applicant;
    let n = wrong.errors.len() + usize::from(!wrong.message.is_empty());
    let way = |value: &'static str| Choice {
        label: words::t(&format!("return_by.{value}")),
        chosen: typed.return_by == value || (typed.return_by.is_empty() && value == RETURN_BY[0]),
        value,
    };
    FormPage {
        back: place.href(&format!("{MODULE}/tiep-nhan-moi"), &[]),
        action: place.href(&format!("{MODULE}/tiep-nhan-moi"), &[("thu-tuc", &p.code)]),
        key: typed.key.clone(),
        procedure: p.name.clone(),
        code: p.code.clone(),
        limit: view::limit(p.limit),
        can_promise: p.limit.is_some(),
        number: line("number", &a.number, "text", false),
        lines: vec![
            line("name", &a.name, "text", false),
            line("phone", &a.phone, "tel", true),
            line("email", &a.email, "email", true),
            line("address", &a.address, "text", true),
        ],
        ways: RETURN_BY.into_iter().map(way).collect(),
        way_error: error("return_by"),
        filled: typed.filled.clone(),
        focus: focus(&typed, &wrong, !p.components.is_empty()),
        papers: typed.papers.lines(p, &wrong.errors),
        papers_error: error("present"),
        signers: typed.signers.lines(p, &wrong.errors),
        signers_legend: signers::legend(),
        signers_hint: signers::hint(),
        fees: fees(p),
        amount: typed.amount.clone(),
        amount_error: error("amount"),
        note_error: error("note"),
        places,
        place_error: error("place"),
        place: typed.place.clone(),
        summary: if n == 0 { String::new() } else { say("intake.errors", &[("n", &n.to_string())]) },
        note: typed.note,
        message: wrong.message,
        errors: wrong.errors,
        shell,
    }
}
