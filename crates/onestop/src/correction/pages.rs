//! The pages of corrections: asking and deciding below the dossier (`/mot-cua/ho-so/{code}/dinh-chinh`),
//! asking as the applicant (`/ho-so-cua-toi/{code}/dinh-chinh`), and what waits after the result
//! (`/mot-cua/sau-ket-qua`).

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Instant;
use db::Tx;
use directory::AnyOfficial;
use serde::Deserialize;
use web::{Form, Problem, Query, RawForm, Shell, page};

use super::rules::{Seat, State as Stand, Verb};
use super::store::{self, Correction};
use super::words::say;
use super::{FAULTS, Printed, find_open, printed, seat, shown};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::{Case, Who, store as dossiers};
use crate::filters;
use crate::helper::{OnDossier, Own};
use crate::mailing;
use crate::office::{Before, Choice, Field, FormPage, OfficeQuery, Room, Wrong};

/// What waits after the result.
pub const PATH: &str = "/mot-cua/sau-ket-qua";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(list))
        .route("/mot-cua/ho-so/{code}/dinh-chinh", get(show).post(send))
        .route("/ho-so-cua-toi/{code}/dinh-chinh", post(own))
}

/// The name of the list, for the frame.
pub fn title() -> String {
    say("title.list", &[])
}

/// Where a dossier's correction is.
pub fn path(code: &str) -> String {
    format!("{}/dinh-chinh", frame::dossier(code))
}

/// A line of the panel on a dossier's page.
pub struct Told {
    pub state: String,
    pub what: String,
    pub fault: String,
    pub at: Instant,
    pub note: String,
    /// Where to complain of a "no"; empty otherwise. law: onestop/refusal-reasons
    pub complain: String,
    /// The version that was replaced: its words and its address.
    pub old: Option<(String, String)>,
    /// Where a leader decides, or whoever asked takes it back.
    pub href: Option<String>,
}

/// All corrections of a dossier, as this person sees them. `here` makes an address of the officials' pages.
pub async fn panel(tx: &mut Tx, case: &Case, who: &Who, place: Option<&Place>) -> Result<Vec<Told>, Problem> {
    let code = &case.dossier.code;
    let agency = directory::get_unit(tx, &case.dossier.agency).await?.name;
    let told = |c: Correction| {
        let waits = c.state == Stand::Asked.word();
        let mine = waits && seat(case, &c, who) != Seat::Other;
        Told {
            state: say(&format!("state.{}", c.state), &[]),
            what: c.what,
            fault: say(&format!("fault_of.{}", c.fault), &[]),
            at: c.decided_at.unwrap_or(c.asked_at),
            note: c.note,
            complain: match Stand::Declined.word() == c.state {
                true => say("panel.complain", &[("agency", &agency)]),
                false => String::new(),
            },
            old: c.old_number.zip(c.old_day).zip(c.old_ordinal).map(|((number, day), ordinal)| {
                let number = match c.old_symbol.as_deref() {
                    None | Some("") => number,
                    Some(symbol) => format!("{number}/{symbol}"),
                };
                let day = base::format::date_vn(day);
                let words = say("panel.old", &[("number", &number), ("day", &day)]);
                (words, format!("/ho-so/{code}/giay/result?ban={ordinal}"))
            }),
            href: place.filter(|_| mine).map(|place| place.href(&path(code), &[])),
        }
    };
    Ok(store::of_dossier(tx, case.dossier.id).await?.into_iter().map(told).collect())
}

/// What the form is made of.
struct Matter {
    open: Option<Correction>,
    decided: bool,
    printed: Vec<Printed>,
}

async fn matter(tx: &mut Tx, case: &Case) -> Result<Matter, Problem> {
    let id = case.dossier.id;
    let decision = dossiers::find_decision(tx, id).await?;
    let (changes, _) = super::changes(tx, id).await?;
    let printed = decision.as_ref().map(|d| printed(&case.dossier, &case.procedure, d, &changes));
    Ok(Matter {
        open: find_open(tx, id).await?,
        decided: decision.is_some(),
        printed: printed.unwrap_or_default(),
    })
}

/// What was typed.
#[derive(Clone, Default)]
struct Typed {
    what: String,
    fault: String,
    note: String,
    verb: String,
    values: BTreeMap<String, String>,
}

impl Typed {
    fn of(form: &RawForm, printed: &[Printed]) -> Typed {
        let text = |name: &str| form.get(name).unwrap_or_default().to_string();
        let value = |p: &Printed| Some((p.key.clone(), form.get(&format!("v.{}", p.key))?.to_string()));
        Typed {
            what: text("what"),
            fault: text("fault"),
            note: text("note"),
            verb: text("verb"),
            values: printed.iter().filter_map(value).collect(),
        }
    }
}

/// A field with our own words.
fn field(name: &str, kind: &'static str, label: String, value: String, hint: String) -> Field {
    Field {
        name: name.into(),
        label,
        hint,
        kind,
        value,
        optional: false,
        choices: Vec::new(),
        error: String::new(),
    }
}

fn choice(value: &str, label: String, chosen: bool) -> Choice {
    Choice { value: value.into(), label, chosen }
}

fn form_page(at: &Before, room: &Room, m: &Matter, t: &Typed) -> FormPage {
    let action = room.place.href(&path(&room.case.dossier.code), &[]);
    let make = |key: &str, button: String| {
        let shell = room.shell(&at.app, &at.official, say(key, &[]));
        let mut page = FormPage::new(shell, &room.place, room.back(), action.clone(), button);
        page.meta = room.meta();
        page
    };
    let Some(c) = &m.open else {
        let mut page = make("title.ask", say("button.ask", &[]));
        let faults = FAULTS.map(|f| choice(f, say(&format!("fault_of.{f}"), &[]), f == t.fault));
        page.lead = vec![say("lead.ask", &[])];
        page.fields = vec![
            field("what", "textarea", say("field.what", &[]), t.what.clone(), say("field.what_hint", &[])),
            Field {
                choices: faults.into(),
                ..field("fault", "radio", say("field.fault", &[]), String::new(), String::new())
            },
        ];
        return page;
    };
    let fault = say(&format!("fault_of.{}", c.fault), &[]);
    let told = say("lead.asked", &[("what", &c.what), ("fault", &fault)]);
    if seat(&room.case, c, &room.who) != Seat::Leader {
        let mut page = make("title.take_back", say("verb.take_back", &[]));
        page.lead = vec![told];
        page.hidden = vec![("verb".into(), Verb::TakeBack.word().into())];
        return page;
    }
    let mut page = make("title.decide", say("button.decide", &[]));
    page.lead = vec![told, say("lead.decide", &[])];
    page.fields = m.printed.iter().map(|p| value_field(p, t)).collect();
    page.fields.push(field(
        "note",
        "textarea",
        say("field.note", &[]),
        t.note.clone(),
        say("field.note_hint", &[]),
    ));
    let verbs = [Verb::Correct, Verb::Decline]
        .map(|v| choice(v.word(), say(&format!("verb.{}", v.word()), &[]), v.word() == t.verb));
    let verbs = Field {
        choices: verbs.into(),
        ..field("verb", "radio", say("field.verb", &[]), String::new(), String::new())
    };
    page.fields.push(verbs);
    page
}

fn value_field(p: &Printed, t: &Typed) -> Field {
    let value = t.values.get(&p.key).cloned().unwrap_or_else(|| shown(&p.value));
    let kind = if p.key == super::REASON { "textarea" } else { "text" };
    let mut made = field(&format!("v.{}", p.key), kind, p.label.clone(), value.clone(), String::new());
    if !p.options.is_empty() {
        made.kind = "select";
        made.choices = p.options.iter().map(|o| choice(o, o.clone(), *o == value)).collect();
    }
    made
}

/// `GET /mot-cua/ho-so/{code}/dinh-chinh`: asking, or deciding what waits.
async fn show(at: Before) -> Result<Response, Problem> {
    let (room, m) = at.look(matter).await?;
    let nothing_here = match &m.open {
        Some(c) => seat(&room.case, c, &room.who) == Seat::Other,
        None => !super::may_ask(&room.case, m.decided, &[]),
    };
    if nothing_here {
        return Ok(room.leave());
    }
    Ok(form_page(&at, &room, &m, &Typed::default()).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/dinh-chinh`.
async fn send(at: Before, form: RawForm) -> Result<Response, Problem> {
    let (room, m) = at.read(matter).await?;
    let typed = Typed::of(&form, &m.printed);
    let verb = Verb::from_word(&typed.verb);
    if m.open.is_some() && verb.is_none() {
        let errors = vec![web::FieldError::new("verb", say("fault.verb", &[]))];
        let wrong = Wrong::of(Problem::Invalid(errors))?;
        return Ok(form_page(&at, &room, &m, &typed).answer(wrong));
    }
    let verb = verb.filter(|_| m.open.is_some());
    let deed = match verb {
        None => "onestop.ask-correction",
        Some(Verb::Correct) => "onestop.correct-result",
        Some(Verb::Decline) => "onestop.decline-correction",
        Some(Verb::TakeBack) => "onestop.take-back-correction",
    };
    let t = typed.clone();
    let work = async move |tx: &mut Tx, case: &mut Case, who: &Who| match verb {
        None => super::ask(tx, case, &t.what, &t.fault, who).await,
        Some(Verb::Correct) => super::correct(tx, case, &t.values, &t.note, who).await,
        Some(Verb::Decline) => super::decline(tx, case, &t.note, who).await,
        Some(Verb::TakeBack) => super::take_back(tx, case, who).await,
    };
    match room.write(&at.app, room.act(&at.official, deed), work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => Ok(form_page(&at, &room, &m, &typed).answer(Wrong::of(problem)?)),
    }
}

/// What the applicant sends.
#[derive(Deserialize)]
struct OwnAsk {
    #[serde(default)]
    what: String,
    #[serde(default)]
    fault: String,
}

/// `POST /ho-so-cua-toi/{code}/dinh-chinh`: the applicant asks.
async fn own(
    State(app): State<App>,
    at: OnDossier<Own>,
    Form(form): Form<OwnAsk>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let who = Who::from(&at.viewer);
    let (catalogue, held) = (app.catalogue.clone(), at.clone());
    let (what, fault) = (form.what.clone(), form.fault.clone());
    let act = at.act("onestop.ask-correction", now);
    let done = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let mut case = held.case(tx, &catalogue, None, now).await?;
        super::ask(tx, &mut case, &what, &fault, &who).await
    });
    let errors = match done.await {
        Ok(()) => {
            let there = format!("/ho-so-cua-toi/{}?bao=dinh-chinh", at.code);
            return Ok(Redirect::to(&there).into_response());
        }
        Err(Problem::Invalid(errors)) => errors.into_iter().map(|e| (e.field, e.message)).collect(),
        Err(Problem::Refused(message)) => vec![(String::new(), message.outside)],
        Err(other) => return Err(other),
    };
    crate::mine::correction_again(&app, &at, (form.what, form.fault), errors).await
}

struct Waiting {
    code: String,
    href: String,
    procedure: String,
    what: String,
    fault: String,
    at: Instant,
}

struct UnderWay {
    code: String,
    href: String,
    carrier: String,
    waybill: String,
    sent: String,
}

#[derive(Template)]
#[template(path = "correction/list.html")]
struct ListPage {
    shell: Shell,
    waiting: Vec<Waiting>,
    under_way: Vec<UnderWay>,
}

/// `GET /mot-cua/sau-ket-qua`: corrections that wait, and results on their way by post.
async fn list(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let at = place.clone();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let waiting = store::list_waiting(tx, &at.scope).await?;
        Ok((waiting, mailing::list_under_way(tx, &at.scope).await?, frame::counts(tx, &at, now).await?))
    };
    let (waiting, under_way, counts) = app.site.db.read(read).await?;
    let name = |id: &str| app.catalogue.version(id).map_or_else(|_| id.to_string(), |p| p.name.clone());
    let view = ListPage {
        waiting: waiting
            .into_iter()
            .map(|l| Waiting {
                href: place.href(&path(&l.code), &[]),
                procedure: name(&l.procedure),
                fault: say(&format!("fault_of.{}", l.fault), &[]),
                code: l.code,
                what: l.what,
                at: l.asked_at,
            })
            .collect(),
        under_way: under_way
            .into_iter()
            .map(|l| UnderWay {
                href: place.href(&mailing::pages::path(&l.code), &[]),
                code: l.code,
                carrier: l.carrier,
                waybill: l.waybill,
                sent: base::format::date_vn(l.sent_on),
            })
            .collect(),
        shell: frame::shell(&app, &official.viewer, &place, &counts, say("title.list", &[]), None),
    };
    Ok(page::html(view))
}
