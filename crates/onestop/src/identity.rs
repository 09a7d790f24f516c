//! A citizen's account at the counter: `/mot-cua/xac-nhan`. The clerk compares the identity card with
//! what the account says; only then may its owner file online. Whoever has lost the password or the
//! telephone is helped here too (`recover`).

pub mod recover;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::number::PersonalNumber;
use base::format;
use db::Tx;
use directory::account::recover::may_help;
use directory::{Account, AccountId, CounterClerk};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{FieldError, Form, Problem, Query, Shell, page};

use crate::App;
use crate::desk::List;
use crate::desk::frame::{self, Place};
use crate::desk::words::say;
use crate::filters;
use crate::intake::card::{self, Card, Doubt, NoCard};
use recover::{Seen, Typed};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/xac-nhan", get(show).post(confirm))
        .route("/mot-cua/xac-nhan/tim", post(search))
        .route("/mot-cua/xac-nhan/giup", post(help))
}

/// The path of the page.
pub const PATH: &str = "/mot-cua/xac-nhan";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    /// The personal number, or what a scanner reads from the card.
    so: String,
    /// Something was just done.
    da: String,
}

#[derive(Deserialize)]
struct Confirmed {
    number: String,
}

/// The account as the clerk compares it with the card.
struct Shown {
    id: String,
    version: i64,
    name: String,
    number: String,
    phone: String,
    address: String,
    /// When it was confirmed; empty when nobody has.
    confirmed: String,
    /// Why this clerk cannot help its owner; empty where nothing is in the way.
    not_helped: String,
    /// What counters did about it lately.
    earlier: Vec<String>,
}

/// A choice of what was seen.
struct SeenView {
    word: &'static str,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "intake/identity.html")]
struct IdentityPage {
    shell: Shell,
    back: String,
    action: &'static str,
    number: String,
    error: String,
    account: Option<Shown>,
    /// What confirming brings to the account, and what it leaves.
    waiting: Vec<String>,
    /// Where the scanned card does not say what the account says.
    doubts: Vec<String>,
    seen: Vec<SeenView>,
    typed: Typed,
    errors: Vec<FieldError>,
    /// Something else that was refused.
    message: String,
}

impl IdentityPage {
    fn error_of(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }

    /// Whether the part about a lost password stands open.
    fn helps(&self) -> bool {
        !self.errors.is_empty() || !self.message.is_empty()
    }
}

/// What was asked for: a number, and the card it was scanned from.
struct Wanted {
    text: String,
    number: Option<String>,
    card: Option<Card>,
    error: String,
}

impl Wanted {
    fn read(text: &str) -> Wanted {
        let text = text.trim();
        let blank = |number, card, error| Wanted { text: text.to_string(), number, card, error };
        if text.is_empty() {
            return blank(None, None, String::new());
        }
        if !card::is_scanned(text) {
            return match PersonalNumber::parse(text) {
                Ok(number) => blank(Some(number.to_string()), None, String::new()),
                Err(_) => blank(None, None, crate::words::t("fault.number")),
            };
        }
        match card::read(text) {
            // The rest of the card is nobody's business in a field that is sent on.
            Ok(card) => {
                let number = card.number.to_string();
                Wanted { text: number.clone(), number: Some(number), card: Some(card), error: String::new() }
            }
            Err(no) => {
                let error = match no {
                    NoCard::Parts => say("intake.no_card", &[]),
                    NoCard::Number => say("intake.no_card_number", &[]),
                };
                Wanted { text: String::new(), number: None, card: None, error }
            }
        }
    }
}

/// `GET /mot-cua/xac-nhan?so=`: the account of a personal number.
async fn show(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let mut page = page_of(&app, &clerk, Wanted::read(&asked.so)).await?;
    if asked.da == "1" {
        page.shell = page.shell.notice(NoticeKind::Done, say("identity.done", &[]));
    }
    Ok(page::html(page))
}

/// `POST /mot-cua/xac-nhan/tim`: the same from a number typed or a card scanned, whose text stands in no
/// address.
async fn search(
    State(app): State<App>,
    clerk: CounterClerk,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let page = page_of(&app, &clerk, Wanted::read(&asked.so)).await?;
    let status = if page.error.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page::html_with(status, page))
}

async fn page_of(app: &App, clerk: &CounterClerk, wanted: Wanted) -> Result<IdentityPage, Problem> {
    let now = app.site.clock.now();
    let place = Place::of_clerk(clerk)?;
    let (at, number, me) = (place.clone(), wanted.number.clone(), clerk.viewer.account);
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let counts = frame::counts(tx, &at, now).await?;
        let account = match &number {
            Some(number) => find(tx, number).await?,
            None => None,
        };
        let (mut waiting, mut shown) = (Vec::new(), None);
        if let (Some(account), Some(number)) = (&account, &number) {
            if account.confirmed_at.is_none() {
                waiting = crate::people::waiting(tx, number, &account.name).await?;
            }
            shown = Some(shown_of(tx, account, me).await?);
        }
        Ok((counts, shown, waiting))
    });
    let (counts, account, waiting) = read.await?;
    if let Some(account) = &account {
        crate::dossier::look(app, &clerk.viewer, "onestop.look-account", &account.id, now).await;
    }
    let error = match (&wanted.number, &account) {
        (Some(_), None) => say("identity.none", &[]),
        _ => wanted.error,
    };
    let doubts = match (&wanted.card, &account) {
        (Some(card), Some(account)) => doubts(card, account),
        _ => Vec::new(),
    };
    let here = place.href(PATH, &[]);
    let title = say("identity.title", &[]);
    let typed =
        Typed { phone: account.as_ref().map(|a| a.phone.clone()).unwrap_or_default(), ..Typed::default() };
    Ok(IdentityPage {
        shell: frame::shell(app, &clerk.viewer, &place, &counts, title, None).active(here),
        back: place.list(List::Waiting),
        action: PATH,
        number: wanted.text,
        error,
        account,
        waiting,
        doubts,
        seen: seen_views(&typed),
        typed,
        errors: Vec::new(),
        message: String::new(),
    })
}

fn seen_views(typed: &Typed) -> Vec<SeenView> {
    let view = |s: Seen| SeenView { word: s.word(), name: s.name(), chosen: typed.seen == s.word() };
    Seen::ALL.into_iter().map(view).collect()
}

async fn shown_of(tx: &mut Tx, account: &Account, me: AccountId) -> Result<Shown, Problem> {
    let helper = directory::find_account(tx, me).await?.ok_or(Problem::NotFound)?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Ok(Shown {
        id: account.id.to_string(),
        version: account.version,
        name: account.name.clone(),
        number: text(&account.personal_number),
        phone: text(&account.phone),
        address: text(&account.address),
        confirmed: account.confirmed_at.map(format::time_vn).unwrap_or_default(),
        not_helped: may_help(account, &helper).err().map(recover::no).unwrap_or_default(),
        earlier: recover::list_earlier(tx, account.id).await?.iter().map(recover::Earlier::line).collect(),
    })
}

/// What of the card needs a look before anything is confirmed or given.
fn doubts(card: &Card, account: &Shown) -> Vec<String> {
    let mut told: Vec<String> = card
        .doubts
        .iter()
        .map(|doubt| match doubt {
            Doubt::Name => say("intake.doubt_name", &[]),
            Doubt::Address => say("intake.doubt_address", &[]),
            Doubt::Number => say("intake.doubt_number", &[]),
        })
        .collect();
    if !card.name.is_empty() && base::text::fold(&card.name) != base::text::fold(&account.name) {
        told.push(say("identity.other_name", &[("card", &card.name), ("account", &account.name)]));
    }
    told
}

/// The citizen whose account this personal number names; people sign in by it.
async fn find(tx: &mut Tx, number: &str) -> Result<Option<Account>, Problem> {
    let Some(secret) = directory::account::store::find_secret(tx, number).await? else { return Ok(None) };
    let account = directory::find_account(tx, secret.id).await?;
    Ok(account.filter(|a| a.personal_number.as_deref() == Some(number)))
}

/// The account of a number that a form carries.
async fn account_of(app: &App, number: &str) -> Result<(String, Account), Problem> {
    let wrong = || Problem::field("number", crate::words::t("fault.number"));
    let number = PersonalNumber::parse(number).map_err(|_| wrong())?.to_string();
    let wanted = number.clone();
    let found = app.site.db.read(async move |tx: &mut Tx| find(tx, &wanted).await).await?;
    Ok((number, found.ok_or(Problem::NotFound)?))
}

/// `POST /mot-cua/xac-nhan`: the card has been seen. Confirming twice changes nothing.
async fn confirm(
    State(app): State<App>,
    clerk: CounterClerk,
    Form(form): Form<Confirmed>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (number, account) = account_of(&app, &form.number).await?;
    let account = account.id;
    let act = clerk.act("onestop.confirm-identity", account, now);
    app.site.db.write(act, async move |tx: &mut Tx| directory::confirm(tx, account, now).await).await?;
    let next = Place::of_clerk(&clerk)?.href(PATH, &[("so", &number), ("da", "1")]);
    Ok(Redirect::to(&next).into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Help {
    number: String,
    /// The version of the account on the screen.
    version: i64,
    seen: String,
    note: String,
    phone: String,
    /// `password`, or `phone` alone.
    deed: String,
}

/// `POST /mot-cua/xac-nhan/giup`: a password that works once, or another telephone.
async fn help(
    State(app): State<App>,
    clerk: CounterClerk,
    Form(form): Form<Help>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (number, account) = account_of(&app, &form.number).await?;
    let typed = Typed { seen: form.seen, note: form.note, phone: form.phone, password: form.deed != "phone" };
    let done = match recover::check(&typed, &account) {
        Ok(deed) => recover::help(&app, &clerk, account.id, (deed, form.version), now).await,
        Err(wrong) => Err(Problem::Invalid(wrong)),
    };
    let mut page = page_of(&app, &clerk, Wanted::read(&number)).await?;
    let status = match done {
        Ok(plain) => {
            let words = match &plain {
                Some(plain) => say("identity.password_set", &[("password", plain)]),
                None => say("identity.phone_changed", &[]),
            };
            page.shell = page.shell.notice(NoticeKind::Done, words).told_once();
            return Ok(page::html(page));
        }
        Err(Problem::Invalid(errors)) => {
            page.errors = errors;
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(Problem::Refused(message)) => {
            page.message = message.outside;
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(Problem::Stale) => {
            page.message = say("identity.stale", &[]);
            StatusCode::CONFLICT
        }
        Err(other) => return Err(other),
    };
    page.seen = seen_views(&typed);
    (page.typed, page.shell) = (typed, page.shell.errors());
    Ok(page::html_with(status, page))
}
