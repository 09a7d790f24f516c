//! `/mot-cua/ky-so/hinh-chu-ky`: an official's own signature as a picture. `/quan-tri/hinh-con-dau`: the
//! seals of the units that an administrator keeps.

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use db::{Act, Tx};
use directory::{AnyOfficial, Keeper, UnitId};
use serde::Deserialize;
use trust::signing::Part;
use web::page::NoticeKind;
use web::upload::Upload;
use web::{Path, Problem, Query, Shell, page};

use super::{Brought, SIZE_BYTES_MAX, bring, put_away, rules, store, told};
use crate::App;
use crate::filters;
use crate::signing::word;
use crate::words_office::say;

/// An official's own.
pub const OWN: &str = "/mot-cua/ky-so/hinh-chu-ky";
/// The seals of units.
pub const SEALS: &str = "/quan-tri/hinh-con-dau";

/// The routes of this file.
pub fn routes() -> Router<App> {
    let limit = DefaultBodyLimit::max(usize::try_from(SIZE_BYTES_MAX).unwrap_or(usize::MAX) + 65_536);
    Router::new()
        .route("/mot-cua/ky-so/hinh-chu-ky", get(own).post(bring_own).layer(limit.clone()))
        .route("/mot-cua/ky-so/hinh-chu-ky/{id}", get(own_picture))
        .route("/quan-tri/hinh-con-dau", get(seal).post(bring_seal).layer(limit))
        .route("/quan-tri/hinh-con-dau/{id}", get(seal_picture))
}

/// What the address carries.
#[derive(Clone, Deserialize, Default)]
#[serde(default)]
struct PictureQuery {
    /// The unit whose seal it is; the administrator's own without one.
    #[serde(rename = "don-vi")]
    unit: String,
    /// What has just been done.
    da: String,
}

/// A picture on the page.
struct Line {
    href: String,
    told: String,
    in_use: bool,
}

#[derive(Template)]
#[template(path = "signing/picture.html")]
struct PicturePage {
    shell: Shell,
    lead: String,
    action: String,
    lines: Vec<Line>,
    in_use: bool,
    is_seal: bool,
    width_mm: String,
    limits: String,
    file_error: String,
    width_error: String,
    message: String,
}

/// Whose picture a page is about.
struct Owner {
    part: Part,
    whose: String,
    shell: Shell,
    lead: String,
    /// The page's own address, with the unit where there is one.
    here: String,
}

async fn shown(app: &App, owner: Owner, width_mm: String) -> Result<PicturePage, Problem> {
    let (part, whose) = (word(owner.part), owner.whose.clone());
    let rows = app.site.db.read(async move |tx: &mut Tx| store::list(tx, part, &whose).await).await?;
    let base = if owner.part == Part::Seal { SEALS } else { OWN };
    let query = owner.here.strip_prefix(base).unwrap_or_default().to_string();
    let line = |row: &store::Row| Line {
        href: format!("{base}/{}{query}", row.id),
        told: told(row),
        in_use: row.ended_at.is_none(),
    };
    let (least, most) = (rules::SIDE_PX_MIN.to_string(), rules::SIDE_PX_MAX.to_string());
    let size = base::format::size(SIZE_BYTES_MAX);
    let limits = [("least", least.as_str()), ("most", &most), ("size", &size)];
    Ok(PicturePage {
        lines: rows.iter().map(line).collect(),
        in_use: rows.iter().any(|row| row.ended_at.is_none()),
        is_seal: owner.part == Part::Seal,
        width_mm,
        limits: say("signing.picture_limits", &limits),
        shell: owner.shell,
        lead: owner.lead,
        action: owner.here,
        file_error: String::new(),
        width_error: String::new(),
        message: String::new(),
    })
}

fn noticed(mut shown: PicturePage, done: &str) -> Response {
    let words = match done {
        "hinh" => Some("signing.picture_did"),
        "bo" => Some("signing.picture_put_away"),
        _ => None,
    };
    if let Some(key) = words {
        shown.shell = shown.shell.notice(NoticeKind::Done, say(key, &[]));
    }
    page::html(shown)
}

/// Takes the picture, or puts the one in use away, and goes back to the page.
async fn take(app: &App, owner: Owner, mut form: Upload, by: &str, act: Act) -> Result<Response, Problem> {
    // Text fields are read on the way to the first file.
    let part = form.next_file(SIZE_BYTES_MAX).await?;
    let away = form.text("viec") == Some("bo");
    let join = if owner.here.contains('?') { '&' } else { '?' };
    if away {
        put_away(app, owner.part, &owner.whose, by, act).await?;
        return Ok(Redirect::to(&format!("{}{join}da=bo", owner.here)).into_response());
    }
    let typed = form.text("width_mm").unwrap_or_default().trim().to_string();
    let read = match part {
        Some(part) => part.bytes().await,
        None => Ok(bytes::Bytes::new()),
    };
    let done = match read {
        Ok(bytes) => {
            let (part, whose, width_mm) = (owner.part, owner.whose.clone(), typed.parse().ok());
            bring(app, Brought { part, whose, bytes, width_mm }, by, act).await
        }
        Err(Problem::TooLarge { .. }) => Err(Problem::Invalid(vec![super::at_field(rules::Fault::TooBig)])),
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("{}{join}da=hinh", owner.here)).into_response()),
        Err(Problem::Invalid(errors)) => {
            let mut again = shown(app, owner, typed).await?;
            let said = |name: &str| {
                let of = errors.iter().filter(|e| e.field == name).map(|e| e.message.as_str());
                of.collect::<Vec<_>>().join(" ")
            };
            again.file_error = said("tep");
            again.width_error = said("width_mm");
            again.message = say("signing.picture_not_taken", &[]);
            again.shell = again.shell.errors();
            Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, again))
        }
        Err(problem) => Err(problem),
    }
}

/// The bytes of one of this owner's pictures.
async fn picture(app: &App, part: Part, whose: String, id: &str) -> Result<Response, Problem> {
    let read = async move |tx: &mut Tx| store::list(tx, word(part), &whose).await;
    let rows = app.site.db.read(read).await?;
    let row = rows.into_iter().find(|row| row.id.to_string() == id).ok_or(Problem::NotFound)?;
    let bytes = super::bytes(app, &row.sha256).await?;
    Ok(crate::dossier::files::answer(bytes, "image/png", "hinh.png", true))
}

fn of_official(app: &App, official: &AnyOfficial) -> Owner {
    Owner {
        part: Part::Person,
        whose: official.viewer.account.to_string(),
        shell: official.viewer.official_shell(&app.site, say("signing.own_picture", &[])),
        lead: say("signing.own_picture_lead", &[]),
        here: OWN.into(),
    }
}

/// `GET /mot-cua/ky-so/hinh-chu-ky`.
async fn own(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<PictureQuery>,
) -> Result<Response, Problem> {
    Ok(noticed(shown(&app, of_official(&app, &official), String::new()).await?, &query.da))
}

/// `POST /mot-cua/ky-so/hinh-chu-ky`.
async fn bring_own(State(app): State<App>, official: AnyOfficial, form: Upload) -> Result<Response, Problem> {
    let (account, now) = (official.viewer.account.to_string(), app.site.clock.now());
    let act = official.viewer.act("onestop.bring-picture", &account, now);
    take(&app, of_official(&app, &official), form, &account, act).await
}

/// `GET /mot-cua/ky-so/hinh-chu-ky/{id}`.
async fn own_picture(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    picture(&app, Part::Person, official.viewer.account.to_string(), &id).await
}

/// The unit whose seal is meant: one that this administrator keeps. Another does not exist.
async fn of_keeper(app: &App, keeper: &Keeper, query: &PictureQuery) -> Result<Owner, Problem> {
    let unit = match query.unit.as_str() {
        "" => keeper.post.unit.clone(),
        id => UnitId::from(id),
    };
    let (asked, within) = (unit.clone(), keeper.within.clone());
    let read = async move |tx: &mut Tx| -> Result<String, Problem> {
        if let Some(top) = &within
            && !directory::is_within(tx, &asked, top).await?
        {
            return Err(Problem::NotFound);
        }
        Ok(directory::get_unit(tx, &asked).await?.name)
    };
    let name = app.site.db.read(read).await?;
    let title = say("signing.seal_picture", &[("unit", &name)]);
    let here = match query.unit.as_str() {
        "" => SEALS.to_string(),
        id => crate::desk::frame::address(SEALS, [("don-vi", id)].into_iter()),
    };
    Ok(Owner {
        part: Part::Seal,
        whose: unit.as_str().to_string(),
        shell: keeper.viewer.official_shell(&app.site, title),
        lead: say("signing.seal_picture_lead", &[]),
        here,
    })
}

/// `GET /quan-tri/hinh-con-dau`.
async fn seal(
    State(app): State<App>,
    keeper: Keeper,
    Query(query): Query<PictureQuery>,
) -> Result<Response, Problem> {
    let owner = of_keeper(&app, &keeper, &query).await?;
    Ok(noticed(shown(&app, owner, String::new()).await?, &query.da))
}

/// `POST /quan-tri/hinh-con-dau`.
async fn bring_seal(
    State(app): State<App>,
    keeper: Keeper,
    Query(query): Query<PictureQuery>,
    form: Upload,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let owner = of_keeper(&app, &keeper, &query).await?;
    let act = keeper.act("onestop.bring-picture", &owner.whose, now);
    take(&app, owner, form, &keeper.viewer.account.to_string(), act).await
}

/// `GET /quan-tri/hinh-con-dau/{id}`.
async fn seal_picture(
    State(app): State<App>,
    keeper: Keeper,
    Path(id): Path<String>,
    Query(query): Query<PictureQuery>,
) -> Result<Response, Problem> {
    let owner = of_keeper(&app, &keeper, &query).await?;
    picture(&app, Part::Seal, owner.whose, &id).await
}
