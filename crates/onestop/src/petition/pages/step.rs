//! One step on a petition: its form, and taking it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use db::Tx;
use directory::{AnyOfficial, UnitId};
use serde::Deserialize;
use web::{FieldError, Path, Problem, Query, RawForm, Shell, page};

use super::desk::{self, PATH};
use super::{Around, Pick, picks, places};
use crate::App;
use crate::desk::List as DossierList;
use crate::desk::frame::{self, Place};
use crate::filters;
use crate::petition::rules::{self, Verb};
use crate::petition::words::{self, of, say};
use crate::petition::{self, Ask, FINDINGS, Petition, Public, REFUSE_REASONS, WITHHOLD_REASONS, store};

/// The word of a step in addresses.
pub fn slug(verb: Verb) -> &'static str {
    match verb {
        Verb::AskCompletion => "yeu-cau-bo-sung",
        Verb::Complete => "bo-sung",
        Verb::Refuse => "tu-choi",
        Verb::Forward => "chuyen",
        Verb::Answer => "tra-loi",
        Verb::Publish => "duyet",
        Verb::Withhold => "khong-cong-khai",
    }
}

fn verb_at(word: &str) -> Result<Verb, Problem> {
    Verb::ALL.into_iter().find(|v| slug(*v) == word).ok_or(Problem::NotFound)
}

/// What was typed, or what the form begins with.
#[derive(Clone, Debug, Default)]
struct Typed {
    reason: String,
    basis: String,
    note: String,
    to: String,
    finding: String,
    answer: String,
    public: Public,
}

impl Typed {
    fn of(form: &RawForm) -> Typed {
        let text = |name: &str| form.get(name).unwrap_or_default().to_string();
        Typed {
            reason: text("reason"),
            basis: text("basis"),
            note: text("note"),
            to: text("to"),
            finding: text("finding"),
            answer: text("answer"),
            public: Public {
                subject: text("public_subject"),
                content: text("public_content"),
                answer: text("public_answer"),
            },
        }
    }

    fn ask(self, verb: Verb) -> Ask {
        let Typed { reason, basis, note, to, finding, answer, public } = self;
        match verb {
            Verb::AskCompletion => Ask::AskCompletion { note },
            Verb::Complete => Ask::Complete { note, files: Vec::new() },
            Verb::Refuse => Ask::Refuse { reason, basis, note },
            Verb::Forward => Ask::Forward { to, note },
            Verb::Answer => Ask::Answer { answer, finding, public },
            Verb::Publish => Ask::Publish { public },
            Verb::Withhold => Ask::Withhold { reason, note },
        }
    }
}

#[derive(Template)]
#[template(path = "petition/step.html")]
struct StepPage {
    shell: Shell,
    back: String,
    action: String,
    number: String,
    subject: String,
    content: String,
    status: String,
    heading: String,
    explain: String,
    open: bool,
    serious: bool,
    seen: i64,
    reasons: Vec<Pick>,
    findings: Vec<Pick>,
    units: Vec<Pick>,
    search: Option<String>,
    search_action: String,
    post: String,
    wants_basis: bool,
    wants_answer: bool,
    wants_public: bool,
    /// 0: no box, 1: may be left empty, 2: needed.
    note: u8,
    typed: Typed,
    errors: Vec<FieldError>,
    message: String,
    summary: String,
}

impl StepPage {
    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct StepQuery {
    post: Option<String>,
    /// Words of another agency to forward to.
    noi: String,
}

/// Everything the form is made of.
struct Read {
    p: Petition,
    around: Around,
    counts: Vec<(DossierList, i64)>,
    units: Vec<(String, String)>,
}

async fn read(
    app: &App,
    official: &AnyOfficial,
    number: &str,
    place: &Place,
    noi: &str,
) -> Result<Read, Problem> {
    let now = app.site.clock.now();
    let (asker, at) = (desk::who(official), place.clone());
    let (number, noi) = (number.to_string(), noi.to_string());
    let read = async move |tx: &mut Tx| -> Result<Read, Problem> {
        let p = desk::find(tx, &number, &asker).await?;
        let around = Around::read(tx, &p, now.day()).await?;
        let counts = frame::counts(tx, &at, now).await?;
        let units = answering(tx, &p, &noi, now.day()).await?;
        Ok(Read { p, around, counts, units })
    };
    app.site.db.read(read).await
}

/// Who may answer: the agency and its sections, and what the words find elsewhere.
async fn answering(
    tx: &mut Tx,
    p: &Petition,
    noi: &str,
    day: base::Day,
) -> Result<Vec<(String, String)>, Problem> {
    let mut units = Vec::new();
    let agency = directory::get_unit(tx, &p.agency).await?;
    units.push((agency.code, agency.name));
    let asked =
        directory::unit::store::Asked { parent: Some(&p.agency), day: Some(day), ..Default::default() };
    for section in directory::unit::store::list(tx, &asked).await? {
        if !section.territory && section.id != p.intake {
            units.push((section.code, section.name));
        }
    }
    if !noi.trim().is_empty() {
        units.extend(places(tx, noi, day).await?.into_iter().map(|u| (u.code, u.name)));
    }
    Ok(units)
}

/// `GET /mot-cua/phan-anh/{number}/{step}`.
pub(super) async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path((number, word)): Path<(String, String)>,
    Query(query): Query<StepQuery>,
) -> Result<Response, Problem> {
    let verb = verb_at(&word)?;
    let place = Place::of(&official, query.post.as_deref())?;
    let read = read(&app, &official, &number, &place, &query.noi).await?;
    let public = if read.p.public.answer.is_empty() {
        Public { subject: read.p.subject.clone(), content: read.p.content.clone(), answer: String::new() }
    } else {
        read.p.public.clone()
    };
    let typed = Typed { public, ..Typed::default() };
    Ok(page::html(view(&app, &official, &place, verb, read, typed, &query.noi)))
}

fn view(
    app: &App,
    official: &AnyOfficial,
    place: &Place,
    verb: Verb,
    read: Read,
    typed: Typed,
    noi: &str,
) -> StepPage {
    let now = app.site.clock.now();
    let Read { p, around, counts, units } = read;
    let seats = desk::who(official).seats(&p);
    let open = rules::open(p.state, &seats, now, &around.limits.terms(&around.calendar));
    let account = official.viewer.account.to_string();
    let eyes = rules::four_eyes(verb, p.answered_by.as_deref(), &account).is_ok();
    let back = place.href(&format!("{PATH}/{}", p.number), &[]);
    let action = format!("{PATH}/{}/{}", p.number, slug(verb));
    let unit = |(code, name): (String, String)| Pick { chosen: code == typed.to, value: code, label: name };
    let (reasons, note) = match verb {
        Verb::Refuse => (picks("refuse_reason", &REFUSE_REASONS, &typed.reason), 2),
        Verb::Withhold => (picks("withhold_reason", &WITHHOLD_REASONS, &typed.reason), 2),
        Verb::AskCompletion | Verb::Complete => (Vec::new(), 2),
        Verb::Forward => (Vec::new(), 1),
        Verb::Answer | Verb::Publish => (Vec::new(), 0),
    };
    let no_findings: &[&str] = &[];
    let findings = if verb == Verb::Answer { &FINDINGS[..] } else { no_findings };
    StepPage {
        shell: desk::desk_shell(app, official, place, &counts, words::verb(verb)),
        heading: words::verb(verb),
        explain: of("explain", verb.word()),
        status: words::standing(p.state.standing()),
        open: open.contains(&verb) && eyes,
        serious: verb == Verb::Refuse,
        seen: p.version,
        reasons,
        findings: picks("finding", findings, &typed.finding),
        units: if verb == Verb::Forward { units.into_iter().map(unit).collect() } else { Vec::new() },
        search: (verb == Verb::Forward).then(|| noi.to_string()),
        search_action: action.clone(),
        post: place.post.id.to_string(),
        action: place.href(&action, &[]),
        wants_basis: verb == Verb::Refuse,
        wants_answer: verb == Verb::Answer,
        wants_public: matches!(verb, Verb::Answer | Verb::Publish),
        note,
        number: p.number,
        subject: p.subject,
        content: p.content,
        errors: Vec::new(),
        message: if eyes { String::new() } else { say("refusal.four_eyes", &[]) },
        summary: String::new(),
        typed,
        back,
    }
}

/// `POST /mot-cua/phan-anh/{number}/{step}`: takes the step, or shows the form with what was wrong.
pub(super) async fn take(
    State(app): State<App>,
    official: AnyOfficial,
    Path((number, word)): Path<(String, String)>,
    Query(query): Query<StepQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let verb = verb_at(&word)?;
    let place = Place::of(&official, query.post.as_deref())?;
    let now = app.site.clock.now();
    let (asker, typed) = (desk::who(&official), Typed::of(&form));
    let seen: i64 = form.get("seen").and_then(|s| s.parse().ok()).unwrap_or(0);
    let before = read(&app, &official, &number, &place, "").await?;
    let act = official.viewer.act(petition::deed(verb), &before.p.id, now);
    let act = match desk::office(&asker, &before.p) {
        Some(office) => act.in_office(UnitId::from(office).as_str()),
        None => act,
    };
    let (person, asked, ask) = (asker.clone(), before.p.number.clone(), typed.clone().ask(verb));
    let write = async move |tx: &mut Tx| -> Result<Petition, Problem> {
        let p = store::find(tx, &asked).await?.ok_or(Problem::NotFound)?;
        petition::take(tx, p, &person, seen, ask.clone(), now).await
    };
    let (status, errors, message) = match app.site.db.write(act, write).await {
        Ok(p) => return Ok(desk::after_step(&place, &p, &asker, verb)),
        Err(Problem::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors, String::new()),
        Err(Problem::Refused(message)) => (StatusCode::UNPROCESSABLE_ENTITY, Vec::new(), message.outside),
        Err(Problem::Stale) => (StatusCode::CONFLICT, Vec::new(), say("refusal.stale", &[])),
        Err(other) => return Err(other),
    };
    let fresh = read(&app, &official, &number, &place, form.get("noi").unwrap_or_default()).await?;
    let mut page = view(&app, &official, &place, verb, fresh, typed, form.get("noi").unwrap_or_default());
    let n = errors.len() + usize::from(!message.is_empty());
    page.summary = say("fault.summary", &[("n", &n.to_string())]);
    (page.errors, page.message) = (errors, message);
    page.shell.has_errors = true;
    Ok(page::html_with(status, page))
}
