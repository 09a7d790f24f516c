//! `/quan-tri/can-bo` and `/quan-tri/vai-tro`: administrators keep officials, their posts and roles.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use base::Day;
use db::Tx;
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Form, Path, Problem, Query, Shell, Site, page};

use super::admin::{self, TypedOfficial, TypedPost};
use super::{AccountId, PostId, register, store};
use crate::filters;
use crate::forms::{Field, FormView};
use crate::role::Role;
use crate::signin::password;
use crate::unit::pages::{admin_shell, encoded, validity};
use crate::unit::rules::tokens;
use crate::viewer::Keeper;
use crate::words;

const HERE: &str = "/quan-tri/can-bo";

// ---- the list -----------------------------------------------------------------------------

/// Search and page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ListQuery {
    q: String,
    /// Continue after this place.
    sau: String,
}

struct Row {
    id: String,
    name: String,
    login: String,
    title: String,
    unit: String,
    more: i64,
    locked: bool,
    can_sign_in: bool,
}

#[derive(Template)]
#[template(path = "directory/officials.html")]
struct OfficialsPage {
    shell: Shell,
    q: String,
    rows: Vec<Row>,
    next: String,
}

/// Rows of one page; the store reads one more.
const PAGE: usize = 50;

/// `GET /quan-tri/can-bo`.
pub async fn list(
    State(site): State<Site>,
    keeper: Keeper,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let (within, words_asked, after) = (keeper.within.clone(), tokens(&query.q), query.sau.clone());
    let read = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let after = (!after.is_empty()).then_some(after.as_str());
        let asked = store::Asked { within: within.as_ref(), tokens: words_asked.clone(), after };
        Ok(store::list(tx, &asked).await?)
    });
    let mut lines = read.await?;
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    let next = match lines.last() {
        Some(last) if more => format!("{HERE}?q={}&sau={}", encoded(&query.q), encoded(&last.sort_key)),
        _ => String::new(),
    };
    let rows = lines.into_iter().map(Row::from).collect();
    let shell = admin_shell(&site, &keeper, words::t("officials.title"), HERE);
    Ok(page::html(OfficialsPage { shell, q: query.q, rows, next }))
}

impl From<store::Line> for Row {
    fn from(line: store::Line) -> Row {
        Row {
            id: line.id.to_string(),
            name: line.name,
            login: line.login,
            title: line.title.unwrap_or_default(),
            unit: line.unit_name.unwrap_or_default(),
            more: (line.posts - 1).max(0),
            locked: line.disabled_at.is_some(),
            can_sign_in: line.has_password,
        }
    }
}

// ---- forms ---------------------------------------------------------------------------------

/// The fields of an official's forms.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct OfficialForm {
    login: String,
    name: String,
    phone: String,
    email: String,
    unit: String,
    role: String,
    title: String,
    valid_from: String,
    seen: i64,
}

impl OfficialForm {
    fn official(&self) -> TypedOfficial {
        TypedOfficial {
            login: self.login.clone(),
            name: self.name.clone(),
            phone: self.phone.clone(),
            email: self.email.clone(),
        }
    }

    fn post(&self) -> TypedPost {
        TypedPost {
            unit: self.unit.clone(),
            role: self.role.clone(),
            title: self.title.clone(),
            valid_from: self.valid_from.clone(),
        }
    }

    fn blank(today: Day) -> OfficialForm {
        OfficialForm { valid_from: today.to_string(), ..OfficialForm::default() }
    }

    fn own_fields(&self) -> Vec<Field> {
        let mut name = Field::text("name", &self.name);
        name.label = words::t("field.person_name");
        let mut phone = Field::text("phone", &self.phone).kind("tel").optional();
        phone.hint = String::new();
        vec![name, phone, Field::text("email", &self.email).kind("email").optional()]
    }

    fn post_fields(&self, keeper: &Keeper) -> Vec<Field> {
        let offered = Role::OF_POSTS.into_iter().filter(|r| *r != Role::Admin || keeper.within.is_none());
        let roles = offered.map(|r| (r.as_str().to_string(), words::role(r))).collect();
        vec![
            Field::text("unit", &self.unit),
            Field::text("role", &self.role).choices(roles),
            Field::text("title", &self.title),
            Field::text("valid_from", &self.valid_from).kind("date"),
        ]
    }

    fn new_form(&self, keeper: &Keeper) -> FormView {
        let mut fields = vec![Field::text("login", &self.login)];
        fields.extend(self.own_fields());
        fields.extend(self.post_fields(keeper));
        FormView::new("them-can-bo", fields)
    }
}

#[derive(Template)]
#[template(path = "directory/official_new.html")]
struct NewPage {
    shell: Shell,
    form: FormView,
}

/// `GET /quan-tri/can-bo/moi`.
pub async fn new_form(State(site): State<Site>, keeper: Keeper) -> Response {
    let form = OfficialForm::blank(site.clock.today()).new_form(&keeper);
    page::html(NewPage { shell: admin_shell(&site, &keeper, words::t("officials.new"), HERE), form })
}

/// `POST /quan-tri/can-bo`.
pub async fn create(
    State(site): State<Site>,
    keeper: Keeper,
    Form(form): Form<OfficialForm>,
) -> Result<Response, Problem> {
    let (official, post, within, now) =
        (form.official(), form.post(), keeper.within.clone(), site.clock.now());
    let act = keeper.act("directory.add_official", "", now);
    let made = site.db.write(act, async move |tx: &mut Tx| {
        admin::add_official(tx, &official, &post, within.as_ref(), now).await
    });
    match made.await {
        Ok(id) => Ok(Redirect::to(&format!("{HERE}/{id}?viec=added")).into_response()),
        Err(problem) => {
            let status = problem.status();
            let form = form.new_form(&keeper).refused(problem)?;
            let shell = admin_shell(&site, &keeper, words::t("officials.new"), HERE).errors();
            Ok(page::html_with(status, NewPage { shell, form }))
        }
    }
}

// ---- one official ----------------------------------------------------------------------------

struct PostView {
    id: String,
    title: String,
    unit: String,
    role: String,
    period: String,
    open: bool,
    version: i64,
}

#[derive(Template)]
#[template(path = "directory/official.html")]
struct OfficialPage {
    shell: Shell,
    id: String,
    login: String,
    locked: bool,
    can_sign_in: bool,
    owns: bool,
    version: i64,
    today: String,
    posts: Vec<PostView>,
    edit_form: FormView,
    post_form: FormView,
    end_form: FormView,
}

/// What has just been done: a key under `officials` in the words.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ShowQuery {
    viec: String,
}

async fn official_page(site: &Site, keeper: &Keeper, id: AccountId) -> Result<OfficialPage, Problem> {
    let within = keeper.within.clone();
    let read = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let account = admin::official_within(tx, id, within.as_ref()).await?;
        let owns = admin::owns(tx, id, within.as_ref()).await?;
        Ok((account, owns, store::posts_ever(tx, id).await?))
    });
    let (account, owns, posts) = read.await?;
    let today = site.clock.today();
    let posts = posts.into_iter().map(|p| PostView {
        id: p.id.to_string(),
        period: validity(p.valid_from, p.valid_to),
        open: p.valid_to.is_none(),
        title: p.title,
        unit: p.unit_name,
        role: words::role(p.role),
        version: p.version,
    });
    let form = OfficialForm {
        name: account.name.clone(),
        phone: account.phone.clone().unwrap_or_default(),
        email: account.email.clone().unwrap_or_default(),
        ..OfficialForm::blank(today)
    };
    Ok(OfficialPage {
        shell: admin_shell(site, keeper, account.name.clone(), HERE),
        id: id.to_string(),
        login: account.login,
        locked: account.disabled_at.is_some(),
        can_sign_in: account.has_password,
        owns,
        version: account.version,
        today: today.to_string(),
        posts: posts.collect(),
        edit_form: FormView::new("sua-can-bo", form.own_fields()),
        post_form: FormView::new("giao-chuc-vu", form.post_fields(keeper)),
        end_form: FormView::new("thoi-chuc-vu", Vec::new()),
    })
}

/// `GET /quan-tri/can-bo/{id}`.
pub async fn show(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<AccountId>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    let mut page = official_page(&site, &keeper, id).await?;
    let done = ["saved", "added", "post_added", "post_ended", "disabled", "enabled"];
    if done.contains(&query.viec.as_str()) {
        page.shell = page.shell.notice(NoticeKind::Done, words::t(&format!("officials.{}", query.viec)));
    }
    Ok(page::html(page))
}

/// Which form of the page a problem belongs to.
enum At {
    Edit(OfficialForm),
    Post(OfficialForm),
    End,
}

/// The page again after a refusal: the newest version when the form was stale, else the form refilled.
async fn again(
    site: &Site,
    keeper: &Keeper,
    id: AccountId,
    at: At,
    problem: Problem,
) -> Result<Response, Problem> {
    let status = problem.status();
    let mut page = official_page(site, keeper, id).await?;
    let stale = problem == Problem::Stale;
    match at {
        At::Edit(form) => {
            let typed = FormView::new("sua-can-bo", form.own_fields());
            (page.shell, page.edit_form) = typed.kept(page.shell, page.edit_form, problem)?;
            if !stale {
                page.version = form.seen;
            }
        }
        At::Post(form) => {
            let typed = FormView::new("giao-chuc-vu", form.post_fields(keeper));
            (page.shell, page.post_form) = typed.kept(page.shell, page.post_form, problem)?;
        }
        At::End => {
            (page.shell, page.end_form) = page.end_form.clone().kept(page.shell, page.end_form, problem)?;
        }
    }
    if !stale {
        page.shell = page.shell.errors();
    }
    Ok(page::html_with(status, page))
}

fn done(id: AccountId, what: &str) -> Response {
    Redirect::to(&format!("{HERE}/{id}?viec={what}")).into_response()
}

/// `POST /quan-tri/can-bo/{id}`.
pub async fn edit(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<AccountId>,
    Form(form): Form<OfficialForm>,
) -> Result<Response, Problem> {
    let (typed, within, seen) = (form.official(), keeper.within.clone(), form.seen);
    let act = keeper.act("directory.edit_official", id, site.clock.now());
    let saved = site.db.write(act, async move |tx: &mut Tx| {
        admin::edit_official(tx, id, &typed, within.as_ref(), seen).await
    });
    match saved.await {
        Ok(()) => Ok(done(id, "saved")),
        Err(problem) => again(&site, &keeper, id, At::Edit(form), problem).await,
    }
}

/// `POST /quan-tri/can-bo/{id}/chuc-vu`.
pub async fn add_post(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<AccountId>,
    Form(form): Form<OfficialForm>,
) -> Result<Response, Problem> {
    let (typed, within, today) = (form.post(), keeper.within.clone(), site.clock.today());
    let act = keeper.act("directory.add_post", id, site.clock.now());
    let given = site
        .db
        .write(act, async move |tx: &mut Tx| admin::add_post(tx, id, &typed, within.as_ref(), today).await);
    match given.await {
        Ok(_) => Ok(done(id, "post_added")),
        Err(problem) => again(&site, &keeper, id, At::Post(form), problem).await,
    }
}

/// The last day of a post.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct EndForm {
    valid_to: String,
    seen: i64,
}

/// `POST /quan-tri/can-bo/{id}/chuc-vu/{post}/ket-thuc`.
pub async fn end_post(
    State(site): State<Site>,
    keeper: Keeper,
    Path((id, post)): Path<(AccountId, PostId)>,
    Form(form): Form<EndForm>,
) -> Result<Response, Problem> {
    let within = keeper.within.clone();
    let act = keeper.act("directory.end_post", post, site.clock.now());
    let ended = site.db.write(act, async move |tx: &mut Tx| {
        admin::end_post(tx, id, post, &form.valid_to, within.as_ref(), form.seen).await
    });
    match ended.await {
        Ok(()) => Ok(done(id, "post_ended")),
        Err(problem) => again(&site, &keeper, id, At::End, problem).await,
    }
}

/// The version on the screen, and for locking which way.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct SeenForm {
    seen: i64,
    locked: bool,
}

/// `POST /quan-tri/can-bo/{id}/mat-khau`: a password to be told once and changed at once.
pub async fn set_password(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<AccountId>,
    Form(form): Form<SeenForm>,
) -> Result<Response, Problem> {
    let (within, now) = (keeper.within.clone(), site.clock.now());
    let plain = password::one_time();
    let hash = password::hash(&plain).await?;
    let act = keeper.act("directory.set_password", id, now);
    let set = site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        admin::official_within(tx, id, within.as_ref()).await?;
        if !admin::owns(tx, id, within.as_ref()).await? {
            return Err(Problem::Forbidden);
        }
        register::change_password(tx, id, &hash, true, form.seen, now).await
    });
    match set.await {
        Ok(()) => {
            let mut page = official_page(&site, &keeper, id).await?;
            let text = words::own().t("officials.password_set", &[("password", &plain)]);
            page.shell = page.shell.notice(NoticeKind::Done, text).told_once();
            Ok(page::html(page))
        }
        Err(problem) => again(&site, &keeper, id, At::End, problem).await,
    }
}

/// `POST /quan-tri/can-bo/{id}/khoa`.
pub async fn set_locked(
    State(site): State<Site>,
    keeper: Keeper,
    Path(id): Path<AccountId>,
    Form(form): Form<SeenForm>,
) -> Result<Response, Problem> {
    if id == keeper.viewer.account {
        let own = Problem::refused(words::t("officials.not_yourself"), "one's own account is not locked");
        return again(&site, &keeper, id, At::End, own).await;
    }
    let (within, now) = (keeper.within.clone(), site.clock.now());
    let act = keeper.act("directory.lock_account", id, now);
    let set = site.db.write(act, async move |tx: &mut Tx| {
        admin::set_locked(tx, id, form.locked, within.as_ref(), form.seen, now).await
    });
    match set.await {
        Ok(()) => Ok(done(id, if form.locked { "disabled" } else { "enabled" })),
        Err(problem) => again(&site, &keeper, id, At::End, problem).await,
    }
}

// ---- roles -----------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "directory/roles.html")]
struct RolesPage {
    shell: Shell,
    roles: Vec<(String, String)>,
}

/// `GET /quan-tri/vai-tro`.
pub async fn roles(State(site): State<Site>, keeper: Keeper) -> Response {
    let shell = admin_shell(&site, &keeper, words::t("roles.title"), "/quan-tri/vai-tro");
    let roles = Role::ALL.into_iter().map(|r| (words::role(r), words::role_may(r))).collect();
    page::html(RolesPage { shell, roles })
}

/// `GET /quan-tri`.
pub async fn start(_: Keeper) -> Redirect {
    Redirect::to("/quan-tri/don-vi")
}
