//! `/mot-cua/ho-so/{code}/ky-giay`: who signed and sealed a result on paper, and when.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use db::Tx;
use web::{Problem, RawForm};

use super::{Typed, declare, may_declare};
use crate::App;
use crate::desk::frame;
use crate::dossier::{Case, Who, store as dossiers};
use crate::office::{Before, Field, FormPage, Room, Wrong};
use crate::words_office::say;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/ho-so/{code}/ky-giay", get(show).post(send))
}

/// Where it is said.
pub fn path(code: &str) -> String {
    format!("{}/ky-giay", frame::dossier(code))
}

/// Whether it may be said, and who decided.
async fn matter(tx: &mut Tx, case: &Case) -> Result<(bool, String), Problem> {
    let signer = dossiers::find_decision(tx, case.dossier.id).await?.map(|d| d.signer_name);
    Ok((may_declare(tx, case).await?, signer.unwrap_or_default()))
}

fn form_page(at: &Before, room: &Room, typed: &Typed) -> FormPage {
    let shell = room.shell(&at.app, &at.official, say("signing.paper_title", &[]));
    let action = room.place.href(&path(&room.case.dossier.code), &[]);
    let mut page = FormPage::new(shell, &room.place, room.back(), action, say("signing.paper_button", &[]));
    page.meta = room.meta();
    page.lead = vec![say("signing.paper_lead", &[])];
    let day = if typed.day.is_empty() { room.now.day().to_string() } else { typed.day.clone() };
    page.fields = vec![
        Field::labelled(say("signing.paper_signer", &[]), "signer", "text", &typed.signer),
        Field::labelled(say("signing.paper_signed_on", &[]), "day", "date", day),
    ];
    page
}

/// `GET /mot-cua/ho-so/{code}/ky-giay`.
async fn show(at: Before) -> Result<Response, Problem> {
    let (room, (may, signer)) = at.look(matter).await?;
    if !may {
        return Ok(room.leave());
    }
    Ok(form_page(&at, &room, &Typed { signer, day: String::new() }).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/ky-giay`.
async fn send(at: Before, form: RawForm) -> Result<Response, Problem> {
    let text = |name: &str| form.get(name).unwrap_or_default().to_string();
    let typed = Typed { signer: text("signer"), day: text("day") };
    let (room, _) = at.read(matter).await?;
    let said = typed.clone();
    let work = async move |tx: &mut Tx, case: &mut Case, who: &Who| declare(tx, case, &said, who).await;
    match room.write(&at.app, room.act(&at.official, "onestop.sign-on-paper"), work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => Ok(form_page(&at, &room, &typed).answer(Wrong::of(problem)?)),
    }
}
