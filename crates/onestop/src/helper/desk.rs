//! A consent on paper, taken at the counter with its scan: `/mot-cua/ho-so/{code}/nguoi-giup`.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::format;
use base::limits::FILE_SIZE_BYTES_MAX;
use db::Tx;
use directory::{AnyOfficial, CounterClerk, Person};
use web::upload::Upload;
use web::{FieldError, Path, Problem};

use super::pages::{named, wish};
use super::rules::Rights;
use super::store::{self, Helping};
use super::words::say;
use super::{Paper, Subject, Wish};
use crate::App;
use crate::dossier::Case;
use crate::filing::uploads;
use crate::office::{Choice, Field, FormPage, Room, Wrong};

/// The routes of this file.
pub fn routes() -> Router<App> {
    let limit = DefaultBodyLimit::max(usize::try_from(FILE_SIZE_BYTES_MAX).unwrap_or(usize::MAX) + 262_144);
    Router::new().route("/mot-cua/ho-so/{code}/nguoi-giup", get(form).post(record).layer(limit))
}

/// What the page is called where it is linked.
pub fn label() -> String {
    say("desk.title", &[])
}

/// The dossier of this clerk's counter, its applicant, and the consents there are.
type Read = (Room, (Option<Person>, Vec<Helping>));

async fn read(app: &App, clerk: &CounterClerk, code: &str) -> Result<Read, Problem> {
    let official = AnyOfficial { official: clerk.official.clone(), viewer: clerk.viewer.clone() };
    let (counter, now) = (clerk.unit().clone(), app.site.clock.now());
    let more = async move |tx: &mut Tx, case: &Case| -> Result<(Option<Person>, Vec<Helping>), Problem> {
        if case.dossier.counter != counter {
            return Err(Problem::NotFound);
        }
        let owner = match case.dossier.account.as_deref().and_then(|id| id.parse().ok()) {
            Some(id) => Some(directory::person(tx, id).await?),
            None => None,
        };
        Ok((owner, store::list_of(tx, &Subject::Dossier(case.dossier.id), now).await?))
    };
    Room::read(app, &official, Some(&clerk.post.id.to_string()), code, more).await
}

fn field(name: &str, kind: &'static str, value: &str, choices: Vec<Choice>) -> Field {
    Field { choices, ..Field::labelled(say(&format!("desk.{name}"), &[]), name, kind, value) }
}

fn form_page(app: &App, clerk: &CounterClerk, room: &Room, live: &[Helping], wish: &Wish) -> FormPage {
    let mut page = room.scan_form(app, clerk, "nguoi-giup", say);
    page.lead.extend(live.iter().map(|h| {
        let until = format::date_vn(h.until_at.plus_minutes(-1).day());
        say("desk.live", &[("rights", &named(h.rights())), ("until", &until)])
    }));
    let given: Vec<&str> = wish.rights.words().collect();
    let right = |word: &str| Choice {
        value: word.into(),
        label: say(&format!("right.{word}"), &[]),
        chosen: given.contains(&word),
    };
    let agreed = Choice { value: "1".into(), label: say("desk.agreed_yes", &[]), chosen: wish.agreed };
    let until = wish.until.map(|day| day.to_string()).unwrap_or_default();
    page.fields = vec![
        field("number", "text", &wish.number, Vec::new()),
        field("rights", "checkbox", "", vec![right("supplement"), right("follow")]),
        field("until", "date", &until, Vec::new()),
        field("paper", "file", "", Vec::new()),
        field("agreed", "checkbox", "", vec![agreed]),
    ];
    page
}

/// `GET /mot-cua/ho-so/{code}/nguoi-giup`.
async fn form(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let (room, (_, live)) = read(&app, &clerk, &code).await?;
    crate::dossier::look(&app, &clerk.viewer, "onestop.look", &code, room.now).await;
    Ok(form_page(&app, &clerk, &room, &live, &Wish::default()).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/nguoi-giup`.
async fn record(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(code): Path<String>,
    mut form: Upload,
) -> Result<Response, Problem> {
    let (room, (owner, live)) = read(&app, &clerk, &code).await?;
    let act = clerk.act("onestop.record-consent", room.case.dossier.id, room.now);
    let scan = uploads::take_first(&app, &act, &mut form).await?;
    let rights = form.texts().iter().filter(|(name, _)| name == "rights").map(|(_, word)| word.as_str());
    let rights = Rights { fill: false, ..Rights::of(rights) };
    let wish = wish(|name| form.text(name).unwrap_or_default().to_string(), rights);
    let page = form_page(&app, &clerk, &room, &live, &wish);
    let scan = match scan {
        Some(Ok(scan)) => scan,
        Some(Err(problem)) => return Ok(page.answer(Wrong::of(problem)?)),
        None => {
            let wrong = Problem::Invalid(vec![FieldError::new("paper", say("fault.paper", &[]))]);
            return Ok(page.answer(Wrong::of(wrong)?));
        }
    };
    let (id, by, now) = (room.case.dossier.id, clerk.viewer.account.to_string(), room.now);
    let office = clerk.unit().as_str().to_string();
    let recorded = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let paper = Paper {
            office: office.clone(),
            name: scan.name.clone(),
            media: scan.media.into(),
            sha256: scan.sha256,
        };
        super::invite(tx, owner.as_ref(), &Subject::Dossier(id), &wish, Some(paper), "", (&by, now))
            .await
            .map(drop)
    });
    match recorded.await {
        Ok(()) => Ok(Redirect::to(&room.place.dossier(&code, None)).into_response()),
        Err(problem) => Ok(page.answer(Wrong::of(problem)?)),
    }
}
