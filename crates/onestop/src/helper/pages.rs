//! `/nguoi-giup`: whom one has let help, what they did, and whom one helps oneself; and the form that
//! invites a helper to a draft or a dossier.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Instant, format};
use db::Tx;
use directory::{Citizen, Person, Viewer};
use serde::Deserialize;
use web::lang::{Lang, spoken};
use web::page::NoticeKind;
use web::{FieldError, Path, Problem, Query, RawForm, Shell, page};

use super::rules::{Rights, Standing};
use super::store::Helping;
use super::words::{kept, say};
use super::{OnDossier, OnDraft, Own, Subject, TEXT_VERSION, Wish, store};
use crate::App;
use crate::dossier::DossierId;
use crate::filters;

/// Where helpers are.
pub const PATH: &str = "/nguoi-giup";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/nguoi-giup", get(list))
        .route("/nguoi-giup/ma", post(redeem))
        .route("/nguoi-giup/{id}/dong-y", post(accept))
        .route("/nguoi-giup/{id}/thoi", post(end))
        .route("/nop-ho-so/ban-nhap/{draft}/nguoi-giup", get(draft_form).post(invite_to_draft))
        .route("/ho-so-cua-toi/{code}/nguoi-giup", get(dossier_form).post(invite_to_dossier))
}

/// A consent as a page shows it.
pub struct Line {
    pub id: String,
    /// The other side: the helper for an owner, the owner for a helper.
    pub name: String,
    /// What it is about.
    pub about: String,
    pub href: String,
    pub rights: String,
    pub until: String,
    pub standing: String,
    pub open: bool,
    /// The words that the helper agrees to.
    pub text: String,
    /// The same for who reads English; agreed to is the Vietnamese text.
    in_english: String,
    pub deeds: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "helper/list.html")]
struct ListPage {
    shell: Shell,
    invited: Vec<Line>,
    taken: Vec<Line>,
    given: Vec<Line>,
    error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    /// What has just been done, as the end of a key of `done`.
    bao: String,
}

/// The names of rights in one line.
pub fn named(rights: Rights) -> String {
    rights.words().map(|word| say(&format!("right.{word}"), &[])).collect::<Vec<_>>().join("; ")
}

async fn name_of(tx: &mut Tx, account: &Option<String>) -> Result<String, Problem> {
    match account.as_deref().and_then(|id| id.parse().ok()) {
        Some(id) => Ok(directory::person(tx, id).await?.name),
        None => Ok(say("list.nobody_yet", &[])),
    }
}

/// A consent for the eyes of its owner (`own`) or of its helper; none when what it was about is gone.
async fn line(tx: &mut Tx, app: &App, h: &Helping, own: bool, now: Instant) -> Result<Option<Line>, Problem> {
    let (version, href, code) = match (&h.dossier, &h.draft) {
        (Some(id), _) => {
            let id: DossierId = id.parse().map_err(|_| Problem::fault("a consent to no dossier"))?;
            let dossier = crate::dossier::store::get(tx, id).await?;
            (dossier.procedure, format!("/ho-so-cua-toi/{}", dossier.code), dossier.code)
        }
        (None, Some(draft)) => match store::find_draft_procedure(tx, draft).await? {
            Some(version) => (version, format!("/nop-ho-so/ban-nhap/{draft}"), say("list.draft", &[])),
            None => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let standing = h.standing(now);
    let mut deeds = Vec::new();
    for (deed, at) in store::list_deeds(tx, &h.id).await? {
        deeds.push((say(&format!("deed.{deed}"), &[]), format::time_vn(at)));
    }
    let live = own || standing == Standing::Agreed;
    Ok(Some(Line {
        id: h.id.clone(),
        name: name_of(tx, if own { &h.helper } else { &h.owner }).await?,
        about: format!("{} ({code})", app.catalogue.version(&version)?.name),
        href: if live { href } else { String::new() },
        rights: named(h.rights()),
        until: format::date_vn(h.until_at.plus_minutes(-1).day()),
        standing: say(&format!("standing.{}", standing.word()), &[]),
        open: matches!(standing, Standing::Invited | Standing::Agreed),
        text: kept(&format!("consent.helper_{}", h.text_version), &[]),
        in_english: translated(&format!("consent.helper_{}", h.text_version)),
        deeds,
    }))
}

/// The English of an agreement, on pages in English.
fn translated(key: &str) -> String {
    if spoken() == Lang::En { say(key, &[]) } else { String::new() }
}

async fn list_page(
    app: &App,
    citizen: &Citizen,
    error: String,
    status: StatusCode,
    done: &str,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (reading, me) = (app.clone(), citizen.person.clone());
    let read = async move |tx: &mut Tx| -> Result<[Vec<Line>; 3], Problem> {
        let account = me.account.to_string();
        let lists = [
            (super::invitations(tx, &me, now).await?, false),
            (store::list_taken(tx, &account, now).await?, false),
            (store::list_given(tx, &account).await?, true),
        ];
        let mut shown: [Vec<Line>; 3] = Default::default();
        for (into, (rows, own)) in shown.iter_mut().zip(&lists) {
            for row in rows {
                into.extend(line(tx, &reading, row, *own, now).await?);
            }
        }
        Ok(shown)
    };
    let [invited, taken, given] = app.site.db.read(read).await?;
    let mut shell = citizen.viewer.citizen_shell(&app.site, say("list.title", &[])).active("/ho-so-cua-toi");
    shell.has_errors = !error.is_empty();
    if ["ma", "dong-y", "thoi"].contains(&done) {
        shell = shell.notice(NoticeKind::Done, say(&format!("done.{done}"), &[]));
    }
    Ok(page::html_with(status, ListPage { shell, invited, taken, given, error }))
}

/// `GET /nguoi-giup`.
async fn list(
    State(app): State<App>,
    citizen: Citizen,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    list_page(&app, &citizen, String::new(), StatusCode::OK, &query.bao).await
}

fn done(word: &str) -> Response {
    Redirect::to(&format!("{PATH}?bao={word}")).into_response()
}

/// The list again with why it could not be done.
async fn refused(app: &App, citizen: &Citizen, problem: Problem) -> Result<Response, Problem> {
    let words = match problem {
        Problem::Refused(message) => message.outside,
        Problem::Invalid(errors) => FieldError::all(&errors),
        other => return Err(other),
    };
    list_page(app, citizen, words, StatusCode::UNPROCESSABLE_ENTITY, "").await
}

/// `POST /nguoi-giup/ma`: somebody was told a code.
async fn redeem(State(app): State<App>, citizen: Citizen, form: RawForm) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let code: String = form.get("code").unwrap_or_default().chars().take(60).collect();
    let me = citizen.person.clone();
    let act = citizen.act("onestop.take-helper-code", "", now);
    let taken = app.site.db.write(act, async move |tx: &mut Tx| super::redeem(tx, &me, &code, now).await);
    match taken.await {
        Ok(true) => Ok(done("ma")),
        Ok(false) => {
            let problem = Problem::refused(say("refusal.no_code", &[]), "no such helper code");
            refused(&app, &citizen, problem).await
        }
        Err(problem) => refused(&app, &citizen, problem).await,
    }
}

/// `POST /nguoi-giup/{id}/dong-y`.
async fn accept(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let agreed = form.get("agreed").is_some();
    let me = citizen.person.clone();
    let act = citizen.act("onestop.accept-helping", &id, now);
    let accept = async move |tx: &mut Tx| super::accept(tx, &me, &id, agreed, now).await;
    match app.site.db.write(act, accept).await {
        Ok(()) => Ok(done("dong-y")),
        Err(problem) => refused(&app, &citizen, problem).await,
    }
}

/// `POST /nguoi-giup/{id}/thoi`.
async fn end(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    _: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let me = citizen.person.clone();
    let act = citizen.act("onestop.end-helping", &id, now);
    app.site.db.write(act, async move |tx: &mut Tx| super::end(tx, &me, &id, now).await).await?;
    Ok(done("thoi"))
}

/// A right that can be given.
struct RightChoice {
    word: &'static str,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "helper/invite.html")]
struct InvitePage {
    shell: Shell,
    back: String,
    action: String,
    number: String,
    until: String,
    agreed: bool,
    rights: Vec<RightChoice>,
    text: String,
    /// The same for who reads English; agreed to is the Vietnamese text.
    in_english: String,
    errors: Vec<FieldError>,
    summary: String,
    /// The code to tell, shown once.
    code: String,
    /// It was sent to a number.
    sent: bool,
}

impl InvitePage {
    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

/// What may be given for it, with what was typed.
fn invite_page(app: &App, viewer: &Viewer, subject: &Subject, back: String, wish: &Wish) -> InvitePage {
    let on_draft = matches!(subject, Subject::Draft(_));
    let given: Vec<&str> = wish.rights.words().collect();
    let fits = Rights::WORDS.into_iter().filter(|word| on_draft || *word != "fill");
    InvitePage {
        shell: viewer.citizen_shell(&app.site, say("invite.title", &[])).active("/ho-so-cua-toi"),
        action: format!("{back}/nguoi-giup"),
        back,
        number: wish.number.clone(),
        until: wish.until.map(|day| day.to_string()).unwrap_or_default(),
        agreed: wish.agreed,
        rights: fits
            .map(|word| RightChoice {
                word,
                label: say(&format!("right.{word}"), &[]),
                chosen: given.contains(&word),
            })
            .collect(),
        text: kept(&format!("consent.owner_{TEXT_VERSION}"), &[]),
        in_english: translated(&format!("consent.owner_{TEXT_VERSION}")),
        errors: Vec::new(),
        summary: String::new(),
        code: String::new(),
        sent: false,
    }
}

/// What was sent.
pub fn wish(form: impl Fn(&str) -> String, rights: Rights) -> Wish {
    Wish {
        number: form("number").chars().take(40).collect(),
        rights,
        until: crate::office::day(&form("until")),
        agreed: !form("agreed").is_empty(),
    }
}

fn typed(form: &RawForm) -> Wish {
    let rights = Rights::of(form.0.iter().filter(|(name, _)| name == "right").map(|(_, word)| word.as_str()));
    wish(|name| form.get(name).unwrap_or_default().to_string(), rights)
}

fn draft_page(app: &App, at: &OnDraft<Own>, wish: &Wish) -> InvitePage {
    let back = format!("/nop-ho-so/ban-nhap/{}", at.draft);
    invite_page(app, &at.viewer, &Subject::Draft(at.draft.clone()), back, wish)
}

/// `GET /nop-ho-so/ban-nhap/{draft}/nguoi-giup`.
async fn draft_form(State(app): State<App>, at: OnDraft<Own>) -> Response {
    page::html(draft_page(&app, &at, &Wish::default()))
}

/// `POST /nop-ho-so/ban-nhap/{draft}/nguoi-giup`.
async fn invite_to_draft(
    State(app): State<App>,
    at: OnDraft<Own>,
    form: RawForm,
) -> Result<Response, Problem> {
    let (wish, now, code) = (typed(&form), app.site.clock.now(), super::fresh_code()?);
    let act = at.act("onestop.invite-helper", now);
    let (owner, asked, held) = (at.owner.clone(), wish.clone(), at.clone());
    let invite = async move |tx: &mut Tx| -> Result<Option<String>, Problem> {
        let account = held.owner_in(tx, now).await?;
        crate::filing::store::find_draft(tx, &held.draft, &account)
            .await?
            .filter(|draft| draft.dossier.is_none())
            .ok_or(Problem::Stale)?;
        let subject = Subject::Draft(held.draft.clone());
        super::invite(tx, Some(&owner), &subject, &asked, None, &code, (&account, now)).await
    };
    let invited = app.site.db.write(act, invite).await;
    invited_page(draft_page(&app, &at, &wish), invited)
}

fn dossier_page(app: &App, at: &OnDossier<Own>, wish: &Wish) -> InvitePage {
    let back = format!("/ho-so-cua-toi/{}", at.code);
    invite_page(app, &at.viewer, &Subject::Dossier(at.id()), back, wish)
}

/// `GET /ho-so-cua-toi/{code}/nguoi-giup`.
async fn dossier_form(State(app): State<App>, at: OnDossier<Own>) -> Response {
    page::html(dossier_page(&app, &at, &Wish::default()))
}

/// `POST /ho-so-cua-toi/{code}/nguoi-giup`.
async fn invite_to_dossier(
    State(app): State<App>,
    at: OnDossier<Own>,
    form: RawForm,
) -> Result<Response, Problem> {
    let (wish, now, code) = (typed(&form), app.site.clock.now(), super::fresh_code()?);
    let act = at.act("onestop.invite-helper", now);
    let owner: Person = at.viewer.person().clone();
    let (asked, subject) = (wish.clone(), Subject::Dossier(at.id()));
    let invite = async move |tx: &mut Tx| -> Result<Option<String>, Problem> {
        let account = owner.account.to_string();
        super::invite(tx, Some(&owner), &subject, &asked, None, &code, (&account, now)).await
    };
    let invited = app.site.db.write(act, invite).await;
    invited_page(dossier_page(&app, &at, &wish), invited)
}

/// The form again: with the code to tell, that it was sent, or with what is to be corrected.
fn invited_page(mut page: InvitePage, done: Result<Option<String>, Problem>) -> Result<Response, Problem> {
    match done {
        Ok(Some(code)) => {
            page.code = format!("{}-{}", &code[..5], &code[5..]);
            page.shell.told_once = true;
        }
        Ok(None) => page.sent = true,
        Err(Problem::Invalid(errors)) => page.errors = errors,
        Err(Problem::Refused(message)) => page.errors = vec![FieldError::new("number", message.outside)],
        Err(other) => return Err(other),
    }
    if page.errors.is_empty() {
        return Ok(page::html(page));
    }
    page.summary = say("invite.summary", &[("n", &page.errors.len().to_string())]);
    page.shell.has_errors = true;
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}
