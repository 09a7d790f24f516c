//! `/dang-nhap` and `/dang-xuat`.

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use db::{Actor, Tx};
use serde::Deserialize;
use web::{Form, Problem, Query, Shell, Site, page, session};

use super::{Address, SignedIn, sign_in, sign_out};
use crate::account::{self, Kind, rules};
use crate::filters;
use crate::forms::{Field, FormView};
use crate::role::Role;
use crate::viewer::MaybeViewer;
use crate::{province, words};

/// Where to go afterwards, and whether a session has expired.
#[derive(Deserialize)]
pub struct SignInQuery {
    #[serde(default)]
    ve: String,
    #[serde(default)]
    het: bool,
}

/// Login and password, and where to go.
#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    ve: String,
}

#[derive(Template)]
#[template(path = "directory/sign_in.html")]
struct SignInPage {
    shell: Shell,
    form: FormView,
    back: String,
    registration_open: bool,
}

fn fields(login: &str) -> FormView {
    let mut login = Field::text("login", login).autocomplete("username");
    login.label = words::t("field.login_or_number");
    FormView::new("dang-nhap", vec![login, Field::password("password", "current-password")])
}

async fn registration_open(site: &Site) -> Result<bool, Problem> {
    let read = site.db.read(async |tx: &mut Tx| -> Result<_, Problem> { Ok(province::province(tx).await?) });
    match read.await {
        Ok(province) => Ok(province.registration_open),
        Err(Problem::NotFound) => Ok(false),
        Err(other) => Err(other),
    }
}

/// `GET /dang-nhap`.
pub async fn form(
    State(site): State<Site>,
    viewer: MaybeViewer,
    Query(query): Query<SignInQuery>,
) -> Result<Response, Problem> {
    if let Some(viewer) = &viewer.0 {
        return Ok(Redirect::to(&after(&site, &query.ve, &viewer.roles())).into_response());
    }
    let mut shell = viewer.citizen_shell(&site, words::t("sign_in.title"));
    if query.het {
        shell = shell.notice(page::NoticeKind::Warning, words::t("sign_in.expired"));
    }
    let registration_open = registration_open(&site).await?;
    Ok(page::html(SignInPage { shell, form: fields(""), back: query.ve, registration_open }))
}

/// `POST /dang-nhap`.
pub async fn enter(
    State(site): State<Site>,
    viewer: MaybeViewer,
    address: Address,
    Form(typed): Form<SignInForm>,
) -> Result<Response, Problem> {
    let tried = match missing(&typed) {
        Some(problem) => Err(problem),
        None => sign_in(&site, &typed.login, &typed.password, &address, session::Kind::Browser).await,
    };
    let (status, form) = match tried {
        Ok(signed) => return welcome(&site, &typed.ve, signed).await,
        Err(Problem::TooMany { retry_after_s }) => {
            let wait = Problem::TooMany { retry_after_s };
            let form = FormView { message: wait.text(), ..fields(&typed.login) };
            (StatusCode::TOO_MANY_REQUESTS, form)
        }
        Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, fields(&typed.login).refused(problem)?),
    };
    let shell = viewer.citizen_shell(&site, words::t("sign_in.title")).errors();
    let registration_open = registration_open(&site).await?;
    Ok(page::html_with(status, SignInPage { shell, form, back: typed.ve, registration_open }))
}

fn missing(typed: &SignInForm) -> Option<Problem> {
    let fields = [("login", &typed.login), ("password", &typed.password)];
    let empty = fields.iter().filter(|(_, text)| text.is_empty());
    let errors: Vec<_> = empty.map(|(f, _)| words::person_field(f, rules::Wrong::Missing)).collect();
    (!errors.is_empty()).then_some(Problem::Invalid(errors))
}

/// The cookie, and the way on.
pub(crate) async fn welcome(site: &Site, back: &str, signed: SignedIn) -> Result<Response, Problem> {
    let (id, today) = (signed.account, site.clock.today());
    let read = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let account = account::store::get(tx, id).await?;
        let posts = account::store::posts_on(tx, id, today).await?;
        Ok((account.kind, posts))
    });
    let (kind, posts) = read.await?;
    let roles: Vec<Role> = match kind {
        Kind::Citizen => vec![Role::Citizen],
        Kind::Official => posts.iter().map(|p| p.role).collect(),
    };
    let to = if signed.password_once { "/tai-khoan?doi=1".to_string() } else { after(site, back, &roles) };
    let mut response = Redirect::to(&to).into_response();
    response.headers_mut().append(SET_COOKIE, signed.token.cookie(site));
    Ok(response)
}

/// Where somebody goes after signing in: back to where they were sent from, or to their work.
fn after(site: &Site, back: &str, roles: &[Role]) -> String {
    match web::back::safe(back) {
        Some(path) if path != "/" && !path.starts_with("/dang-nhap") => path.to_string(),
        _ if roles.contains(&Role::Citizen) => "/".to_string(),
        _ if roles.iter().all(|r| matches!(r, Role::Admin | Role::UnitAdmin)) => "/quan-tri/don-vi".into(),
        _ => site.brand.modules.first().map_or_else(|| "/tai-khoan".to_string(), |m| m.href.clone()),
    }
}

/// `POST /dang-xuat`.
pub async fn leave(
    State(site): State<Site>,
    viewer: MaybeViewer,
    headers: HeaderMap,
    _: web::RawForm,
) -> Result<Response, Problem> {
    if let Some(token) = session::cookie_token(&headers) {
        let actor = viewer.0.map_or(Actor::Anonymous, |v| Actor::Account(v.account.to_string()));
        sign_out(&site, actor, token).await?;
    }
    let mut response = Redirect::to("/").into_response();
    response.headers_mut().append(SET_COOKIE, session::forget_cookie(&site));
    Ok(response)
}
