//! The counter's form for a result by post: `/mot-cua/ho-so/{code}/buu-chinh`.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use db::Tx;
use web::{Problem, RawForm};

use super::rules::Verb;
use super::{Mailing, Typed, of_dossier};
use crate::App;
use crate::correction::words::say;
use crate::desk::frame;
use crate::dossier::{Case, Who};
use crate::office::{Before, Choice, Field, FormPage, Room, Wrong};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/ho-so/{code}/buu-chinh", get(show).post(send))
}

/// Where a dossier's mailing is.
pub fn path(code: &str) -> String {
    format!("{}/buu-chinh", frame::dossier(code))
}

/// A mailing in a sentence.
pub fn told(m: &Mailing) -> String {
    let (sent, ended) = (base::format::date_vn(m.sent_on), m.ended_on.map(base::format::date_vn));
    let ended = ended.unwrap_or_default();
    let args = [("carrier", m.carrier.as_str()), ("waybill", &m.waybill), ("sent", &sent), ("day", &ended)];
    say(&format!("mailing.{}", m.state), &[&args[..], &[("why", m.why.as_str())]].concat())
}

async fn all_of(tx: &mut Tx, case: &Case) -> Result<Vec<Mailing>, Problem> {
    Ok(of_dossier(tx, case.dossier.id).await?)
}

fn field(name: &str, kind: &'static str, value: &str) -> Field {
    Field {
        name: name.into(),
        label: say(&format!("post_field.{name}"), &[]),
        hint: String::new(),
        kind,
        value: value.into(),
        optional: false,
        choices: Vec::new(),
        error: String::new(),
    }
}

fn form_page(at: &Before, room: &Room, all: &[Mailing], (verb, t): (Option<Verb>, &Typed)) -> FormPage {
    let open = super::open(&room.case, all);
    let action = room.place.href(&path(&room.case.dossier.code), &[]);
    let shell = room.shell(&at.app, &at.official, say("title.post", &[]));
    let mut page = FormPage::new(shell, &room.place, room.back(), action, say("button.post", &[]));
    page.meta = room.meta();
    page.meta.push(room.case.dossier.applicant.address.clone());
    page.lead = all.iter().map(told).collect();
    let day = if t.day.is_empty() { room.now.day().to_string() } else { t.day.clone() };
    if open.contains(&Verb::Send) {
        page.hidden = vec![("verb".into(), Verb::Send.word().into())];
        let usual = say("post_field.usual", &[]);
        let carrier = if t.carrier.is_empty() { usual.as_str() } else { &t.carrier };
        page.fields = vec![
            field("carrier", "text", carrier),
            field("waybill", "text", &t.waybill),
            field("day", "date", &day),
        ];
        return page;
    }
    let choices = open.iter().map(|v| Choice {
        value: v.word().into(),
        label: say(&format!("post_verb.{}", v.word()), &[]),
        chosen: Some(*v) == verb,
    });
    let verbs = Field { choices: choices.collect(), ..field("verb", "radio", "") };
    let why = Field { optional: true, ..field("why", "textarea", &t.why) };
    page.fields = vec![verbs, field("day", "date", &day), why];
    page
}

/// `GET /mot-cua/ho-so/{code}/buu-chinh`.
async fn show(at: Before) -> Result<Response, Problem> {
    let (room, all) = at.look(all_of).await?;
    if super::open(&room.case, &all).is_empty() {
        return Ok(room.leave());
    }
    Ok(form_page(&at, &room, &all, (None, &Typed::default())).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/buu-chinh`.
async fn send(at: Before, form: RawForm) -> Result<Response, Problem> {
    let text = |name: &str| form.get(name).unwrap_or_default().to_string();
    let typed =
        Typed { carrier: text("carrier"), waybill: text("waybill"), day: text("day"), why: text("why") };
    let verb = Verb::from_word(&text("verb"));
    let (room, all) = at.read(all_of).await?;
    let again = |problem: Problem| -> Result<Response, Problem> {
        Ok(form_page(&at, &room, &all, (verb, &typed)).answer(Wrong::of(problem)?))
    };
    let Some(verb) = verb else { return again(Problem::field("verb", say("fault.verb", &[]))) };
    let deed = match verb {
        Verb::Send => "onestop.send-result",
        Verb::Deliver => "onestop.deliver-result",
        Verb::ComeBack => "onestop.result-came-back",
    };
    let t = typed.clone();
    let work = async move |tx: &mut Tx, case: &mut Case, who: &Who| {
        super::step(tx, case, verb, &t, &who.account).await
    };
    match room.write(&at.app, room.act(&at.official, deed), work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => again(problem),
    }
}
