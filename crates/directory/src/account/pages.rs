//! `/dang-ky` and `/tai-khoan`: people make an account, and keep it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use base::number::Phone;
use db::{Act, Actor, Tx};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Form, Problem, Query, Shell, Site, page, session};

use super::register::{self, Typed};
use super::{Account, AccountId, Kind, rules, store};
use crate::filters;
use crate::forms::{Field, FormView};
use crate::province::{self, Province};
use crate::signin::{Address, SignedIn, pages::welcome, password};
use crate::viewer::{MaybeViewer, Viewer};
use crate::words;

// ---- registration ------------------------------------------------------------------

#[derive(Template)]
#[template(path = "directory/register.html")]
struct RegisterPage {
    shell: Shell,
    form: FormView,
    open: bool,
    confirmed_at_once: bool,
    closed: String,
}

/// The fields of the registration form.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct RegisterForm {
    personal_number: String,
    name: String,
    phone: String,
    email: String,
    address: String,
    password: String,
    password_again: String,
}

fn register_fields(typed: &Typed) -> FormView {
    let mut name = Field::text("name", &typed.name).autocomplete("name");
    name.label = words::t("field.person_name");
    let mut password = Field::password("password", "new-password");
    password.hint = words::t("hint.new_password");
    FormView::new(
        "dang-ky",
        vec![
            Field::text("personal_number", &typed.personal_number),
            name,
            Field::text("phone", &typed.phone).kind("tel").autocomplete("tel"),
            Field::text("email", &typed.email).kind("email").autocomplete("email").optional(),
            Field::text("address", &typed.address).autocomplete("street-address").optional(),
            password,
            Field::password("password_again", "new-password"),
        ],
    )
}

async fn read_province(site: &Site) -> Result<Province, Problem> {
    let read = site.db.read(async |tx: &mut Tx| -> Result<_, Problem> { Ok(province::province(tx).await?) });
    read.await
}

fn register_page(site: &Site, viewer: &MaybeViewer, province: &Province, form: FormView) -> RegisterPage {
    let mut shell = viewer.citizen_shell(site, words::t("register.title"));
    shell.has_errors = form.has_errors();
    RegisterPage {
        shell,
        form,
        open: province.registration_open,
        confirmed_at_once: province.confirm_on_registration,
        closed: words::t("register.closed"),
    }
}

/// `GET /dang-ky`.
pub async fn register_form(State(site): State<Site>, viewer: MaybeViewer) -> Result<Response, Problem> {
    if viewer.0.is_some() {
        return Ok(Redirect::to("/tai-khoan").into_response());
    }
    let province = read_province(&site).await?;
    Ok(page::html(register_page(&site, &viewer, &province, register_fields(&Typed::default()))))
}

/// `POST /dang-ky`. Whoever has made the account is signed in at once.
pub async fn register(
    State(site): State<Site>,
    viewer: MaybeViewer,
    address: Address,
    Form(form): Form<RegisterForm>,
) -> Result<Response, Problem> {
    let typed = Typed {
        personal_number: form.personal_number,
        name: form.name,
        phone: form.phone,
        email: form.email,
        address: form.address,
        password: form.password,
        password_again: form.password_again,
    };
    match try_register(&site, &typed, &address).await {
        Ok(signed) => welcome(&site, "/tai-khoan?moi=1", signed).await,
        Err(problem) => {
            let status = problem.status();
            let form = register_fields(&typed).refused(problem)?;
            let province = read_province(&site).await?;
            Ok(page::html_with(status, register_page(&site, &viewer, &province, form)))
        }
    }
}

async fn try_register(site: &Site, typed: &Typed, address: &Address) -> Result<SignedIn, Problem> {
    let now = site.clock.now();
    let person = register::check(typed).map_err(Problem::Invalid)?;
    // Numbers in use can be found out here; so tries are counted, as at the sign-in.
    let key = format!("register-from:{}", address.0);
    let asked = key.clone();
    let free = site.db.read(async move |tx: &mut Tx| web::throttle::check(tx, &asked, now).await);
    free.await?;
    let hash = password::hash(&typed.password).await?;
    let id = AccountId::fresh();
    let act = Act::new(Actor::Account(id.to_string()), "directory.register", id.to_string(), now);
    let made = site.db.write(act, async move |tx: &mut Tx| -> Result<_, Problem> {
        register::register(tx, id, &person, &hash, now).await?;
        session::start(tx, &id.to_string(), session::Kind::Browser, now).await.map_err(Problem::from)
    });
    match made.await {
        Ok(token) => Ok(SignedIn { account: id, token, password_once: false }),
        Err(problem) => {
            let noted = site.db.upkeep(async move |tx: &mut Tx| web::throttle::failed(tx, &key, now).await);
            noted.await?;
            Err(problem)
        }
    }
}

// ---- one's own account ---------------------------------------------------------------

/// What has just been done.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AccountQuery {
    /// The account is new.
    moi: bool,
    /// Data saved.
    luu: bool,
    /// Password saved.
    mk: bool,
}

struct PostView {
    role: String,
    title: String,
    unit: String,
    from: String,
}

/// What both faces of the page show.
struct Own {
    shell: Shell,
    citizen: bool,
    name: String,
    login: String,
    confirmed: bool,
    posts: Vec<PostView>,
    version: i64,
    own_form: FormView,
    password_form: FormView,
}

macro_rules! face {
    ($name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name {
            shell: Shell,
            citizen: bool,
            name: String,
            login: String,
            confirmed: bool,
            posts: Vec<PostView>,
            version: i64,
            own_form: FormView,
            password_form: FormView,
        }

        impl From<Own> for $name {
            fn from(own: Own) -> $name {
                let Own { shell, citizen, name, login, confirmed, posts, version, own_form, password_form } =
                    own;
                $name { shell, citizen, name, login, confirmed, posts, version, own_form, password_form }
            }
        }
    };
}
face!(CitizenPage, "directory/account_citizen.html");
face!(OfficialPage, "directory/account_official.html");

fn own_fields(phone: &str, email: &str, address: &str) -> FormView {
    FormView::new(
        "thong-tin",
        vec![
            Field::text("phone", phone).kind("tel").autocomplete("tel").optional(),
            Field::text("email", email).kind("email").autocomplete("email").optional(),
            Field::text("address", address).autocomplete("street-address").optional(),
        ],
    )
}

fn password_fields() -> FormView {
    let mut new = Field::password("password", "new-password");
    new.label = words::t("field.new_password");
    new.hint = words::t("hint.new_password");
    FormView::new(
        "doi-mat-khau",
        vec![
            Field::password("password_now", "current-password"),
            new,
            Field::password("password_again", "new-password"),
        ],
    )
}

async fn read_own(site: &Site, viewer: &Viewer) -> Result<Account, Problem> {
    let id = viewer.account;
    site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> { Ok(store::get(tx, id).await?) }).await
}

fn own_page(site: &Site, viewer: &Viewer, account: &Account) -> Own {
    let title = words::t("account.title");
    let citizen = account.kind == Kind::Citizen;
    let shell = if citizen { viewer.citizen_shell(site, title) } else { viewer.official_shell(site, title) };
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let posts = viewer.posts.iter().map(|p| PostView {
        role: words::role(p.role),
        title: p.title.clone(),
        unit: p.unit_name.clone(),
        from: base::format::date_vn(p.valid_from),
    });
    Own {
        shell: shell.active("/tai-khoan"),
        citizen,
        name: account.name.clone(),
        login: account.login.clone(),
        confirmed: account.confirmed_at.is_some(),
        posts: posts.collect(),
        version: account.version,
        own_form: own_fields(&text(&account.phone), &text(&account.email), &text(&account.address)),
        password_form: password_fields(),
    }
}

fn show(status: StatusCode, mut own: Own) -> Response {
    own.shell.has_errors = own.own_form.has_errors() || own.password_form.has_errors();
    if own.citizen {
        page::html_with(status, CitizenPage::from(own))
    } else {
        page::html_with(status, OfficialPage::from(own))
    }
}

/// `GET /tai-khoan`.
pub async fn own(
    State(site): State<Site>,
    viewer: Viewer,
    Query(query): Query<AccountQuery>,
) -> Result<Response, Problem> {
    let account = read_own(&site, &viewer).await?;
    let mut page = own_page(&site, &viewer, &account);
    let notice = match query {
        _ if account.password_once && account.kind == Kind::Citizen => {
            Some((NoticeKind::Warning, "sign_in.new_password_counter"))
        }
        _ if account.password_once => Some((NoticeKind::Warning, "sign_in.new_password")),
        AccountQuery { moi: true, .. } if account.confirmed_at.is_some() => {
            Some((NoticeKind::Done, "register.done"))
        }
        AccountQuery { moi: true, .. } => Some((NoticeKind::Info, "register.done_unconfirmed")),
        AccountQuery { luu: true, .. } => Some((NoticeKind::Done, "account.saved")),
        AccountQuery { mk: true, .. } => Some((NoticeKind::Done, "account.password_saved")),
        _ => None,
    };
    if let Some((kind, key)) = notice {
        page.shell = page.shell.notice(kind, words::t(key));
    }
    Ok(show(StatusCode::OK, page))
}

/// Contact data.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct OwnForm {
    phone: String,
    email: String,
    address: String,
    seen: i64,
}

/// `POST /tai-khoan`.
pub async fn save(
    State(site): State<Site>,
    viewer: Viewer,
    Form(form): Form<OwnForm>,
) -> Result<Response, Problem> {
    let filled = own_fields(&form.phone, &form.email, &form.address);
    match try_save(&site, &viewer, form).await {
        Ok(()) => Ok(Redirect::to("/tai-khoan?luu=1").into_response()),
        Err(problem) => {
            let status = problem.status();
            let account = read_own(&site, &viewer).await?;
            let mut page = own_page(&site, &viewer, &account);
            (page.shell, page.own_form) = filled.kept(page.shell, page.own_form, problem)?;
            Ok(show(status, page))
        }
    }
}

async fn try_save(site: &Site, viewer: &Viewer, form: OwnForm) -> Result<(), Problem> {
    let mut wrong = Vec::new();
    let phone: Option<Phone> = match form.phone.as_str() {
        "" => None,
        typed => typed.parse().map_err(|why| wrong.push(words::number_field("phone", why))).ok(),
    };
    let checks =
        [("email", rules::check_email(&form.email)), ("address", rules::check_address(&form.address))];
    wrong.extend(checks.into_iter().filter_map(|(f, r)| r.err().map(|why| words::person_field(f, why))));
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong));
    }
    let (id, now) = (viewer.account, site.clock.now());
    let act = viewer.act("directory.update_account", id, now);
    let saved = site.db.write(act, async move |tx: &mut Tx| {
        register::update_own(tx, id, phone.clone(), &form.email, &form.address, form.seen).await
    });
    saved.await
}

/// The password in use, and the new one twice.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct PasswordForm {
    password_now: String,
    password: String,
    password_again: String,
    seen: i64,
}

/// `POST /tai-khoan/mat-khau`. Ends all sessions and begins a new one here.
pub async fn change_password(
    State(site): State<Site>,
    viewer: Viewer,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Problem> {
    match try_password(&site, &viewer, &form).await {
        Ok(token) => {
            let mut response = Redirect::to("/tai-khoan?mk=1").into_response();
            response.headers_mut().append(SET_COOKIE, token.cookie(&site));
            Ok(response)
        }
        Err(problem) => {
            let status = problem.status();
            let account = read_own(&site, &viewer).await?;
            let mut page = own_page(&site, &viewer, &account);
            (page.shell, page.password_form) =
                password_fields().kept(page.shell, page.password_form, problem)?;
            Ok(show(status, page))
        }
    }
}

async fn try_password(site: &Site, viewer: &Viewer, form: &PasswordForm) -> Result<session::Token, Problem> {
    let (id, now) = (viewer.account, site.clock.now());
    let account = read_own(site, viewer).await?;
    let known = [account.login.as_str(), account.phone.as_deref().unwrap_or("")];
    let mut wrong = Vec::new();
    if form.password_now.is_empty() {
        wrong.push(words::person_field("password_now", rules::Wrong::Missing));
    }
    if let Err(why) = rules::check_password(&form.password, &known) {
        wrong.push(words::person_field("password", why));
    }
    if form.password != form.password_again {
        wrong.push(words::person_field("password_again", rules::Wrong::NotRepeated));
    }
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong));
    }
    let key = format!("password:{id}");
    let asked = key.clone();
    let secret = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        web::throttle::check(tx, &asked, now).await?;
        Ok(store::secret_of(tx, id).await?)
    });
    if !password::matches(&form.password_now, secret.await?.password_hash).await? {
        let noted = site.db.upkeep(async move |tx: &mut Tx| web::throttle::failed(tx, &key, now).await);
        noted.await?;
        return Err(Problem::field("password_now", words::t("account.wrong_password")));
    }
    let hash = password::hash(&form.password).await?;
    let seen = form.seen;
    let act = viewer.act("directory.change_password", id, now);
    let changed = site.db.write(act, async move |tx: &mut Tx| -> Result<_, Problem> {
        register::change_password(tx, id, &hash, false, seen, now).await?;
        Ok(session::start(tx, &id.to_string(), session::Kind::Browser, now).await?)
    });
    changed.await
}
