//! Before the first page: what will be needed, and where to file. And the end of a draft nobody wants.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use db::Tx;
use directory::{Citizen, Kind, MaybeViewer, Receiving};
use serde::Deserialize;
use web::page;
use web::{Form, Path, Problem, Query, Shell};

use super::{Stop, open, see_other};
use crate::App;
use crate::filing::{draft, store};
use crate::filters;
use crate::helper::{OnDraft, Own};
use crate::procedure::Procedure;
use crate::procedure::pages::{PaperLine, paper_line, short_limit};
use crate::words_citizen::say;

#[derive(Deserialize)]
pub(super) struct StartQuery {
    #[serde(default, rename = "noi")]
    place: String,
    /// Any counter of the province is shown.
    #[serde(default, rename = "khac")]
    anywhere: String,
}

#[derive(Deserialize)]
pub(super) struct StartForm {
    #[serde(default)]
    unit: String,
    #[serde(default, rename = "noi")]
    place: String,
    #[serde(default, rename = "khac")]
    anywhere: String,
}

/// Where units are looked for: words of their names, and whether at any counter of the province.
#[derive(Clone)]
struct Sought {
    place: String,
    anywhere: bool,
}

impl Sought {
    fn of(place: String, anywhere: &str) -> Sought {
        Sought { place, anywhere: anywhere == "1" }
    }
}

/// A draft begun before.
struct Waiting {
    id: String,
    saved: String,
}

#[derive(Template)]
#[template(path = "filing/start.html")]
struct StartPage {
    shell: Shell,
    code: String,
    name: String,
    limit: String,
    agency: String,
    papers: Vec<PaperLine>,
    pages: usize,
    file_max: String,
    files_max: usize,
    all_max: String,
    signed_in: bool,
    is_citizen: bool,
    /// What keeps this citizen from filing online, in words; a draft may be prepared all the same.
    hindrance: String,
    online: bool,
    drafts: Vec<Waiting>,
    place: String,
    units: Vec<Receiving>,
    /// Any counter may be chosen; and all are shown.
    taken_anywhere: bool,
    anywhere: bool,
    error: String,
    sign_in: String,
    action: String,
    go_on: String,
}

/// `GET /nop-ho-so/{code}?noi=`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    Path(code): Path<String>,
    Query(query): Query<StartQuery>,
) -> Result<Response, Problem> {
    let sought = Sought::of(query.place, &query.anywhere);
    Ok(page::html(start_page(&app, viewer, &code, sought, String::new()).await?))
}

async fn start_page(
    app: &App,
    viewer: MaybeViewer,
    code: &str,
    sought: Sought,
    error: String,
) -> Result<StartPage, Problem> {
    let p = app.catalogue.find(code).ok_or(Problem::NotFound)?;
    let is_citizen = viewer.0.as_ref().is_some_and(|v| v.kind == Kind::Citizen);
    let (drafts, units) = match &viewer.0 {
        Some(v) if is_citizen => choices(app, &p, v.account.to_string(), &sought).await?,
        _ => (Vec::new(), Vec::new()),
    };
    let unconfirmed = viewer.0.as_ref().is_some_and(|v| is_citizen && v.person().confirmed_at.is_none());
    let title = say("title.start", &[("name", &p.name)]);
    let mut shell = viewer.citizen_shell(&app.site, title).active("/thu-tuc");
    shell.has_errors = !error.is_empty();
    let brand = &app.site.brand;
    Ok(StartPage {
        sign_in: web::back::sign_in_url(&brand.sign_in, &format!("/nop-ho-so/{code}"), false),
        action: format!("/nop-ho-so/{code}"),
        go_on: say("draft.go_on", &[]),
        shell,
        code: p.code.clone(),
        name: p.name.clone(),
        limit: short_limit(&p),
        agency: p.agency.clone(),
        papers: p.components.iter().map(|c| paper_line(&p, c)).collect(),
        pages: p.form.as_ref().map_or(0, |f| f.pages.len()),
        file_max: base::format::size(base::limits::FILE_SIZE_BYTES_MAX),
        files_max: base::limits::DOSSIER_FILES_MAX,
        all_max: base::format::size(base::limits::DOSSIER_SIZE_BYTES_MAX),
        signed_in: viewer.0.is_some(),
        is_citizen,
        hindrance: if unconfirmed { crate::words::t("refusal.not_confirmed") } else { String::new() },
        online: p.is_online(),
        drafts,
        place: sought.place,
        taken_anywhere: draft::is_taken_anywhere(&p),
        anywhere: sought.anywhere,
        units,
        error,
    })
}

/// The citizen's drafts of this procedure, and the units that answer to the words.
async fn choices(
    app: &App,
    p: &Procedure,
    account: String,
    sought: &Sought,
) -> Result<(Vec<Waiting>, Vec<Receiving>), Problem> {
    let (catalogue, code, sought) = (app.catalogue.clone(), p.code.clone(), sought.clone());
    let version = crate::catalogue::version_id(p);
    let now = app.site.clock.now();
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<_, Problem> {
            let p = catalogue.find(&code).ok_or(Problem::NotFound)?;
            let drafts = store::list_drafts(tx, &account).await?;
            let drafts = drafts
                .into_iter()
                .filter(|d| d.procedure == version)
                .map(|d| Waiting { id: d.id, saved: base::format::time_vn(d.updated_at) })
                .collect();
            let units =
                draft::receiving(tx, &p, catalogue.frame, (&sought.place, sought.anywhere), now).await?;
            Ok((drafts, units))
        })
        .await
}

/// `POST /nop-ho-so/{code}`: begins a draft.
pub(super) async fn begin(
    State(app): State<App>,
    citizen: Citizen,
    Path(code): Path<String>,
    Form(form): Form<StartForm>,
) -> Result<Response, Problem> {
    if form.unit.is_empty() {
        let error = say("draft.unit_missing", &[]);
        let viewer = MaybeViewer(Some(citizen.viewer));
        let sought = Sought::of(form.place, &form.anywhere);
        let page = start_page(&app, viewer, &code, sought, error).await?;
        return Ok(page::html_with(axum::http::StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    let now = app.site.clock.now();
    let act = citizen.act("onestop.begin-draft", &code, now);
    let (catalogue, person) = (app.catalogue.clone(), citizen.person.clone());
    let id = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<String, Problem> {
            draft::begin(tx, &catalogue, &code, &form.unit, &person, now).await
        })
        .await?;
    Ok(see_other(&format!("/nop-ho-so/ban-nhap/{id}")))
}

#[derive(Template)]
#[template(path = "filing/unit.html")]
struct UnitPage {
    shell: Shell,
    name: String,
    chosen: String,
    back: String,
    action: String,
    go_on: String,
    place: String,
    units: Vec<Receiving>,
    /// Any counter may be chosen; and all are shown.
    taken_anywhere: bool,
    anywhere: bool,
    error: String,
}

/// `GET …/noi-nop?noi=`: another place for a draft.
pub(super) async fn unit(
    State(app): State<App>,
    at: OnDraft<Own>,
    Query(query): Query<StartQuery>,
) -> Result<Response, Stop> {
    let sought = Sought::of(query.place, &query.anywhere);
    Ok(page::html(unit_page(&app, &at, sought, String::new()).await?))
}

async fn unit_page(app: &App, at: &OnDraft<Own>, sought: Sought, error: String) -> Result<UnitPage, Stop> {
    let (draft, chosen) = open(app, at).await?;
    let (_, units) = choices(app, &draft.procedure, at.viewer.account.to_string(), &sought).await?;
    let title = say("title.unit", &[("name", &draft.procedure.name)]);
    let mut shell = at.viewer.citizen_shell(&app.site, title).active("/thu-tuc");
    shell.has_errors = !error.is_empty();
    let base = format!("/nop-ho-so/ban-nhap/{}", at.draft);
    Ok(UnitPage {
        shell,
        name: draft.procedure.name.clone(),
        chosen,
        action: format!("{base}/noi-nop"),
        go_on: say("draft.keep_unit", &[]),
        back: base,
        taken_anywhere: draft::is_taken_anywhere(&draft.procedure),
        anywhere: sought.anywhere,
        place: sought.place,
        units,
        error,
    })
}

/// `POST …/noi-nop`.
pub(super) async fn keep_unit(
    State(app): State<App>,
    at: OnDraft<Own>,
    Form(form): Form<StartForm>,
) -> Result<Response, Stop> {
    open(&app, &at).await?;
    if form.unit.is_empty() {
        let sought = Sought::of(form.place, &form.anywhere);
        let page = unit_page(&app, &at, sought, say("draft.unit_missing", &[])).await?;
        return Ok(page::html_with(axum::http::StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    let now = app.site.clock.now();
    let act = at.act("onestop.keep-draft", now);
    let (catalogue, account, id) = (app.catalogue.clone(), at.viewer.account.to_string(), at.draft.clone());
    let to = format!("/nop-ho-so/ban-nhap/{id}");
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            draft::keep_unit(tx, &catalogue, &id, &account, &form.unit, now).await
        })
        .await?;
    Ok(see_other(&to))
}

/// `POST …/ban-moi`: goes on under the version now offered.
pub(super) async fn take_newer(
    State(app): State<App>,
    at: OnDraft<Own>,
    Form(_): Form<Nothing>,
) -> Result<Response, Stop> {
    open(&app, &at).await?;
    let now = app.site.clock.now();
    let act = at.act("onestop.take-newer-version", now);
    let (catalogue, account, id) = (app.catalogue.clone(), at.viewer.account.to_string(), at.draft.clone());
    let to = format!("/nop-ho-so/ban-nhap/{id}");
    let write = async move |tx: &mut Tx| draft::take_newer(tx, &catalogue, &id, &account, now).await;
    app.site.db.write(act, write).await?;
    Ok(see_other(&to))
}

/// `POST …/xoa`: throws the draft away.
pub(super) async fn discard(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    Form(_): Form<Nothing>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let act = citizen.act("onestop.discard-draft", &id, now);
    let (catalogue, account) = (app.catalogue.clone(), citizen.viewer.account.to_string());
    app.site
        .db
        .write(act, async move |tx: &mut Tx| draft::discard(tx, &catalogue, &id, &account).await)
        .await?;
    Ok(see_other("/ho-so-cua-toi?bao=xoa"))
}

/// A form with nothing in it but its token.
#[derive(Deserialize)]
pub(super) struct Nothing {}
