//! Who is signed in. A session is a row under the SHA-256 of a 256-bit token; the token itself is only in
//! the browser's cookie `cl_phien`, or in the hands of a program that sends it as `Authorization: Bearer`.
//!
//! A session is over after 30 minutes without a request, 12 hours after sign-in, or when ended.
//! `seen_at` moves at most once a minute, so that reading pages does not write.

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use base::Instant;
use db::{Tx, args, record};

use crate::problem::Problem;
use crate::secret;
use crate::site::Site;

/// The cookie's name.
pub const COOKIE: &str = "cl_phien";
const IDLE_MINUTES_MAX: i64 = 30;
const AGE_MINUTES_MAX: i64 = 12 * 60;
const TOUCH_SECONDS: i64 = 60;
/// Rows of ended sessions stay this long, so that "your session has expired" can be told from "never seen".
const KEPT_DAYS: i64 = 7;

/// Where a session's token lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In a cookie.
    Browser,
    /// With a program, which sends it as a bearer token.
    Api,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Kind::Browser => "browser",
            Kind::Api => "api",
        }
    }
}

/// A session's secret. Leaves the process once, in the answer to the sign-in.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The text for the cookie or the API's answer.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `Set-Cookie` value that signs the browser in. Without age: it ends with the browser.
    pub fn cookie(&self, site: &Site) -> HeaderValue {
        cookie(&self.0, "", site)
    }
}

/// The `Set-Cookie` value that forgets the token.
pub fn forget_cookie(site: &Site) -> HeaderValue {
    cookie("", "; Max-Age=0", site)
}

fn cookie(value: &str, age: &str, site: &Site) -> HeaderValue {
    let secure = if site.secure_cookies { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
    HeaderValue::from_str(&text).expect("tokens are URL-safe base64")
}

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The account's id.
    pub account: String,
    /// The token its forms carry.
    pub csrf: String,
    pub kind: Kind,
    pub created_at: Instant,
    seen_at: Instant,
}

/// What a token means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No token was sent.
    Visitor,
    /// A token that was never ours, or is long forgotten.
    Unknown,
    /// A session of this account that is over.
    Over {
        account: String,
    },
    Live(Session),
}

record! {
    struct Row {
        account: String,
        csrf: String,
        kind: String,
        created_at: Instant,
        seen_at: Instant,
        ended_at: Option<Instant>,
    }
}

/// Signs an account in: a new session and its token. The caller has proved who it is.
pub async fn start(tx: &mut Tx, account: &str, kind: Kind, now: Instant) -> Result<Token, db::Error> {
    let token = secret::token();
    tx.change(
        "insert into session (token_hash, account, csrf, kind, created_at, seen_at)
         values ($1, $2, $3, $4, $5, $5)",
        args![secret::sha256_hex(token.as_bytes()), account, secret::token(), kind.text(), now],
    )
    .await?;
    Ok(Token(token))
}

/// The live session behind a token, if there is one.
pub async fn find(tx: &mut Tx, token: &str, now: Instant) -> Result<Option<Session>, db::Error> {
    Ok(match look(tx, token, now).await? {
        Standing::Live(session) => Some(session),
        _ => None,
    })
}

/// What a token means at `now`.
pub async fn look(tx: &mut Tx, token: &str, now: Instant) -> Result<Standing, db::Error> {
    let row: Option<Row> = tx
        .find(
            "select account, csrf, kind, created_at, seen_at, ended_at from session where token_hash = $1",
            args![secret::sha256_hex(token.as_bytes())],
        )
        .await?;
    Ok(match row {
        None => Standing::Unknown,
        Some(row) if over(&row, now) => Standing::Over { account: row.account },
        Some(row) => Standing::Live(Session {
            account: row.account,
            csrf: row.csrf,
            kind: if row.kind == "api" { Kind::Api } else { Kind::Browser },
            created_at: row.created_at,
            seen_at: row.seen_at,
        }),
    })
}

fn over(row: &Row, now: Instant) -> bool {
    row.ended_at.is_some()
        || now >= row.seen_at.plus_minutes(IDLE_MINUTES_MAX)
        || now >= row.created_at.plus_minutes(AGE_MINUTES_MAX)
}

/// Signs out: the token is worth nothing from now on.
pub async fn end(tx: &mut Tx, token: &str, now: Instant) -> Result<(), db::Error> {
    tx.change(
        "update session set ended_at = $1 where token_hash = $2 and ended_at is null",
        args![now, secret::sha256_hex(token.as_bytes())],
    )
    .await?;
    Ok(())
}

/// Ends every session of an account: a changed password, a withdrawn role. Returns how many.
pub async fn end_all(tx: &mut Tx, account: &str, now: Instant) -> Result<u64, db::Error> {
    tx.change("update session set ended_at = $1 where account = $2 and ended_at is null", args![now, account])
        .await
}

/// Forgets sessions nobody has used for a week.
pub async fn sweep(tx: &mut Tx, now: Instant) -> Result<u64, db::Error> {
    tx.change("delete from session where seen_at < $1", args![now.plus_days(-KEPT_DAYS)]).await
}

/// The token in the cookie.
pub fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, COOKIE)
}

/// The value of a cookie that has one.
pub(crate) fn cookie_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// The token in `Authorization: Bearer`.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then_some(token.trim())
}

/// What this request's token means; asked of the database once per request.
pub async fn standing(parts: &mut Parts, site: &Site) -> Result<Standing, Problem> {
    if let Some(known) = parts.extensions.get::<Standing>() {
        return Ok(known.clone());
    }
    let (token, kind) = match (bearer_token(&parts.headers), cookie_token(&parts.headers)) {
        (Some(token), _) => (token.to_string(), Kind::Api),
        (None, Some(token)) => (token.to_string(), Kind::Browser),
        (None, None) => return Ok(Standing::Visitor),
    };
    let now = site.clock.now();
    let asked = token.clone();
    let found =
        site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> { Ok(look(tx, &asked, now).await?) });
    let standing = match found.await? {
        // A cookie's token is no bearer token and the other way round: each has its own guards.
        Standing::Live(session) if session.kind != kind => Standing::Unknown,
        Standing::Live(session) => {
            touch(site, &session, &token, now).await;
            Standing::Live(session)
        }
        other => other,
    };
    parts.extensions.insert(standing.clone());
    Ok(standing)
}

/// Notes that the session was used. A store that cannot write must not stop people from reading.
async fn touch(site: &Site, session: &Session, token: &str, now: Instant) {
    if now < session.seen_at.plus_seconds(TOUCH_SECONDS) {
        return;
    }
    let hash = secret::sha256_hex(token.as_bytes());
    let noted = site.db.upkeep(async move |tx: &mut Tx| -> Result<_, Problem> {
        tx.change(
            "update session set seen_at = $1 where token_hash = $2 and seen_at < $1",
            args![now, &hash],
        )
        .await?;
        Ok(())
    });
    if let Err(problem) = noted.await {
        tracing::warn!(%problem, "a session's use could not be noted");
    }
}

/// Proof that somebody is signed in; other crates build their roles on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The account's id.
    pub account: String,
    /// The token for forms; pages put it into their shell.
    pub csrf: String,
    /// By cookie, and so in need of the form token; false for bearer tokens.
    pub via_cookie: bool,
}

/// Somebody signed in, or a visitor. For pages that everybody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaybeSigned(pub Option<Signed>);

impl Signed {
    fn from(standing: Standing) -> Option<Signed> {
        match standing {
            Standing::Live(session) => Some(Signed {
                via_cookie: session.kind == Kind::Browser,
                account: session.account,
                csrf: session.csrf,
            }),
            _ => None,
        }
    }
}

/// Where to come back to after signing in: this page for a GET, the page it came from otherwise.
pub fn back(parts: &Parts) -> String {
    let here = || parts.uri.path_and_query().map_or("/", |p| p.as_str());
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return here().to_string();
    }
    let referer = parts.headers.get(header::REFERER).and_then(|v| v.to_str().ok());
    let path = referer.and_then(|url| url.parse::<axum::http::Uri>().ok());
    let path = path.as_ref().and_then(|uri| uri.path_and_query()).map_or("/", |p| p.as_str());
    crate::back::safe(path).unwrap_or("/").to_string()
}

impl<S> FromRequestParts<S> for Signed
where
    S: Send + Sync,
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Signed, Problem> {
        let site = Site::from_ref(state);
        let standing = standing(parts, &site).await?;
        Signed::from(standing).ok_or_else(|| Problem::SignInNeeded { back: back(parts) })
    }
}

impl<S> OptionalFromRequestParts<S> for Signed
where
    S: Send + Sync,
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Signed>, Problem> {
        let site = Site::from_ref(state);
        Ok(Signed::from(standing(parts, &site).await?))
    }
}

impl<S> FromRequestParts<S> for MaybeSigned
where
    S: Send + Sync,
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<MaybeSigned, Problem> {
        let site = Site::from_ref(state);
        Ok(MaybeSigned(Signed::from(standing(parts, &site).await?)))
    }
}
