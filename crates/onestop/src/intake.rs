//! Taking a paper dossier at the counter: `/mot-cua/tiep-nhan-moi`. The clerk finds the procedure,
//! enters whom it is about, ticks what was handed over, and receives it in the same stroke.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use base::number::{PersonalNumber, TaxNumber};
use db::{Tx, args};
use directory::CounterClerk;
use serde::Deserialize;
use serde_json::Map;
use web::idempotent::{self, Known};
use web::page::NoticeKind;
use web::{FieldError, Problem, Query, RawForm, Shell, page};

use crate::desk::List;
use crate::desk::frame::{self, MODULE, Place};
use crate::desk::words::say;
use crate::dossier::rules::Verb;
use crate::dossier::schema::NOTE_CHARS_MAX;
use crate::dossier::{self, Applicant, Case, Who};
use crate::filing::{self, Filing};
use crate::procedure::Procedure;
use crate::procedure::model::Component;
use crate::{App, catalogue, custody, view, words};

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

/// A paper of the check-list.
struct Paper {
    id: String,
    name: String,
    small: String,
    ticked: bool,
    original: bool,
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
    ways: Vec<Choice>,
    way_error: String,
    papers: Vec<Paper>,
    papers_error: String,
    note: String,
    note_error: String,
    message: String,
    errors: Vec<FieldError>,
    summary: String,
}

/// What the form carries.
#[derive(Clone, Default)]
struct Typed {
    applicant: Applicant,
    return_by: String,
    present: Vec<String>,
    /// Of those, the originals that go back with the result.
    originals: Vec<String>,
    note: String,
    /// One sending has its effect once.
    key: String,
}

impl Typed {
    fn of(form: &RawForm) -> Typed {
        let text = |name: &str| form.get(name).unwrap_or_default().to_string();
        Typed {
            applicant: Applicant {
                name: text("name"),
                number: text("number"),
                phone: text("phone"),
                email: text("email"),
                address: text("address"),
            },
            return_by: text("return_by"),
            present: form.all("present").map(str::to_string).collect(),
            originals: form.all("original").map(str::to_string).collect(),
            note: text("note"),
            key: text("key"),
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
        return Ok(page::html(form_page(&place, &p, typed, Wrong::default(), shell)));
    }
    let q: String = query.q.chars().take(base::limits::QUERY_CHARS_MAX).collect();
    let found = app.catalogue.search(&q, usize::MAX);
    let here = |p: &Arc<Procedure>| {
        p.settled_at(app.catalogue.frame).iter().any(|level| levels.iter().any(|l| l == level.as_str()))
    };
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
    let mut typed = Typed::of(&form);
    let (status, wrong, told) = match form.get("lam") {
        Some("tim") => {
            let told = look_up(&app, &clerk, &mut typed, now).await?;
            (StatusCode::OK, Wrong::default(), Some(told))
        }
        lam => match keep(&app, &clerk, &p, &typed, lam == Some("nhan"), now).await {
            Ok(code) => return Ok(Redirect::to(&done(&place, &code, lam == Some("nhan"))).into_response()),
            Err(Problem::Invalid(errors)) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                Wrong { errors: renamed(errors), ..Wrong::default() },
                None,
            ),
            Err(Problem::Refused(message)) => {
                let wrong = Wrong { message: message.outside, ..Wrong::default() };
                (StatusCode::UNPROCESSABLE_ENTITY, wrong, None)
            }
            Err(other) => return Err(other),
        },
    };
    let at = place.clone();
    let counts = app.site.db.read(async move |tx: &mut Tx| frame::counts(tx, &at, now).await).await?;
    let mut shell = shell(&app, &clerk, &place, &counts);
    if let Some((kind, words)) = told {
        shell = shell.notice(kind, words);
    } else {
        shell = shell.errors();
    }
    Ok(page::html_with(status, form_page(&place, &p, typed, wrong, shell)))
}

/// Where the clerk goes after it: the dossier, with form 01 open when it was received.
fn done(place: &Place, code: &str, received: bool) -> String {
    let path = frame::dossier(code);
    let list = ("tu", frame::slug(if received { List::Processing } else { List::Waiting }));
    if received {
        place.href(&path, &[list, ("da", frame::step_slug(Verb::Receive)), ("giay", "receipt")])
    } else {
        place.href(&path, &[list, ("da", frame::FILED), ("giay", "slip")])
    }
}

/// The faults of a filing under the names of this form's fields.
fn renamed(errors: Vec<FieldError>) -> Vec<FieldError> {
    let name = |field: &str| match field.strip_prefix("applicant.").unwrap_or(field) {
        "personal_number" => "number".to_string(),
        plain => plain.to_string(),
    };
    errors.into_iter().map(|e| FieldError::new(name(&e.field), e.message)).collect()
}

/// Fills what is still empty from the account with this number, or from the latest dossier at
/// this counter. Looking somebody up is a look at a person's data, and is in the audit book.
async fn look_up(
    app: &App,
    clerk: &CounterClerk,
    typed: &mut Typed,
    now: Instant,
) -> Result<(NoticeKind, String), Problem> {
    let number = plain_number(&typed.applicant.number);
    let counter = clerk.post.unit.clone();
    let found = app
        .site
        .db
        .read(async move |tx: &mut Tx| -> Result<Option<Found>, Problem> {
            if number.is_empty() {
                return Ok(None);
            }
            if let Some(found) = find_account(tx, &number).await? {
                return Ok(Some(found));
            }
            find_earlier(tx, &counter, &number).await
        })
        .await?;
    let Some(found) = found else { return Ok((NoticeKind::Info, say("intake.not_found", &[]))) };
    db::audit::looked(&app.site.db, clerk.act("onestop.look-person", &found.subject, now)).await?;
    let (mine, theirs) = (&mut typed.applicant, found.applicant);
    for (mine, theirs) in [
        (&mut mine.name, theirs.name),
        (&mut mine.phone, theirs.phone),
        (&mut mine.email, theirs.email),
        (&mut mine.address, theirs.address),
    ] {
        if mine.is_empty() {
            *mine = theirs;
        }
    }
    Ok((
        NoticeKind::Done,
        say(if found.account { "intake.found_account" } else { "intake.found_dossier" }, &[]),
    ))
}

/// A person or an enterprise that is known.
struct Found {
    applicant: Applicant,
    /// By an account, and not by an earlier dossier.
    account: bool,
    /// What was looked at, for the audit book.
    subject: String,
}

/// A number as it is stored; the text without spaces when it is none.
pub(crate) fn plain_number(text: &str) -> String {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    PersonalNumber::parse(&bare)
        .map(|n| n.to_string())
        .or_else(|_| TaxNumber::parse(&bare).map(|n| n.to_string()))
        .unwrap_or(bare)
}

async fn find_account(tx: &mut Tx, number: &str) -> Result<Option<Found>, Problem> {
    // Citizens sign in by their personal number, so it names their account.
    let Some(secret) = directory::account::store::find_secret(tx, number).await? else { return Ok(None) };
    let person = directory::person(tx, secret.id).await?;
    if person.personal_number.as_deref() != Some(number) {
        return Ok(None);
    }
    Ok(Some(Found {
        subject: secret.id.to_string(),
        account: true,
        applicant: Applicant {
            name: person.name,
            number: number.to_string(),
            phone: person.phone.unwrap_or_default(),
            email: person.email.unwrap_or_default(),
            address: person.address.unwrap_or_default(),
        },
    }))
}

db::record! {
    struct Earlier {
        id: String, applicant_name: String, applicant_phone: String, applicant_email: String,
        applicant_address: String,
    }
}

async fn find_earlier(
    tx: &mut Tx,
    counter: &directory::UnitId,
    number: &str,
) -> Result<Option<Found>, Problem> {
    let row: Option<Earlier> = tx
        .find(
            "select id, applicant_name, applicant_phone, applicant_email, applicant_address from dossier
              where counter = $1 and applicant_number = $2 order by filed_at desc limit 1",
            args![counter, number],
        )
        .await?;
    Ok(row.map(|r| Found {
        subject: r.id,
        account: false,
        applicant: Applicant {
            name: r.applicant_name,
            number: number.to_string(),
            phone: r.applicant_phone,
            email: r.applicant_email,
            address: r.applicant_address,
        },
    }))
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
    let missing = missing(p, &typed.present);
    let mut errors = Vec::new();
    if receive && !missing.is_empty() {
        errors.push(FieldError::new("present", say("intake.no_paper", &[("names", &missing.join("; "))])));
    }
    if note.chars().count() > NOTE_CHARS_MAX {
        let most = NOTE_CHARS_MAX.to_string();
        errors.push(FieldError::new("note", words::WORDS.t("fault.too_long", &[("most", &most)])));
    }
    let filing = Filing {
        procedure: catalogue::version_id(p),
        unit: clerk.post.unit.code().to_string(),
        account: None,
        applicant: Applicant { number: plain_number(&typed.applicant.number), ..typed.applicant.clone() },
        channel: "counter",
        return_by: typed.return_by.clone(),
        answers: Map::new(),
        uploads: Vec::new(),
    };
    let key = Some(typed.key.clone()).filter(|key| key.parse::<PaperKey>().is_ok());
    let key = key.ok_or_else(|| Problem::Malformed("an intake without its key".into()))?;
    let taken = originals(p, typed);
    let request = format!("{}|{receive}|{note}|{:?}|{taken:?}", filing.procedure, filing.applicant);
    let hash = idempotent::request_hash("POST", "/mot-cua/tiep-nhan-moi", request.as_bytes());
    let who = Who::from(&clerk.viewer);
    let act = clerk.act("onestop.file", &filing.procedure, now);
    let catalogue = app.catalogue.clone();
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
            let filed = match filing::file(tx, &catalogue, filing, &who.account, now).await {
                Ok(filed) if errors.is_empty() => filed,
                Ok(_) => return Err(Problem::Invalid(errors.clone())),
                Err(Problem::Invalid(more)) => {
                    return Err(Problem::Invalid(more.into_iter().chain(errors.clone()).collect()));
                }
                Err(other) => return Err(other),
            };
            if receive {
                let mut case = Case::seen(tx, &catalogue, &who, &filed.code, 1, now).await?;
                dossier::receive(tx, &mut case, &note).await?;
                tx.audit(dossier::deed(Verb::Receive), &filed.id.to_string()).await?;
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

/// The originals that were handed over and go back with the result.
fn originals(p: &Procedure, typed: &Typed) -> Vec<custody::Taken> {
    let taken = |c: &Component| custody::Taken {
        component: c.id.clone(),
        name: c.name.clone(),
        form: custody::FORMS[0],
        count: 1,
    };
    p.components.iter().filter(|c| typed.originals.contains(&c.id)).map(taken).collect()
}

/// The account of this person, if somebody has confirmed that it is theirs: an account that only
/// claims a number must not be given that person's dossiers.
pub(crate) async fn confirmed(tx: &mut Tx, number: &str) -> Result<Option<String>, Problem> {
    let Some(secret) = directory::account::store::find_secret(tx, number).await? else { return Ok(None) };
    let person = directory::person(tx, secret.id).await?;
    let theirs = person.personal_number.as_deref() == Some(number) && person.confirmed_at.is_some();
    Ok(theirs.then(|| secret.id.to_string()))
}

/// The papers that every case needs and that were not ticked.
fn missing(p: &Procedure, present: &[String]) -> Vec<String> {
    let needed = p.components.iter().filter(|c| c.required && c.when.is_none());
    needed.filter(|c| !present.contains(&c.id)).map(|c| c.name.clone()).collect()
}

/// What was handed over, and the clerk's remark: the note of the reception.
fn note(p: &Procedure, typed: &Typed) -> String {
    let here = |c: &&Component| typed.present.contains(&c.id);
    let names: Vec<&str> = p.components.iter().filter(here).map(|c| c.name.as_str()).collect();
    let handed =
        if names.is_empty() { String::new() } else { say("intake.handed", &[("names", &names.join("; "))]) };
    [handed, typed.note.clone()].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join("\n")
}

fn form_page(place: &Place, p: &Procedure, typed: Typed, wrong: Wrong, shell: Shell) -> FormPage {
    let error = |field: &str| {
        wrong.errors.iter().find(|e| e.field == field).map(|e| e.message.clone()).unwrap_or_default()
    };
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
        papers: p.components.iter().map(|c| paper(c, &typed)).collect(),
        papers_error: error("present"),
        note_error: error("note"),
        summary: if n == 0 { String::new() } else { say("intake.errors", &[("n", &n.to_string())]) },
        note: typed.note,
        message: wrong.message,
        errors: wrong.errors,
        shell,
    }
}

fn paper(c: &Component, typed: &Typed) -> Paper {
    let count = |key: &str, n: u32| (n > 0).then(|| say(key, &[("n", &n.to_string())]));
    let asked = match (&c.when, c.required) {
        (Some(_), _) => Some(say("intake.when", &[])),
        (None, true) => Some(say("intake.required", &[])),
        (None, false) => None,
    };
    let parts = [asked, count("intake.originals", c.originals), count("intake.copies", c.copies)];
    Paper {
        id: c.id.clone(),
        name: c.name.clone(),
        small: parts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        ticked: typed.present.contains(&c.id),
        original: typed.originals.contains(&c.id),
    }
}
