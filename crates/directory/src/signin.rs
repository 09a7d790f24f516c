//! Signing in and out.
//!
//! Whoever tries learns one thing only: whether login and password belong together. A login nobody has,
//! a locked account and a wrong password give the same words after the same work. After four wrong
//! tries the waits grow, for the account and for the address tried from; an attempt that overlaps
//! failures of others gets no answer either, so that trying in parallel gains nothing.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use base::Instant;
use db::{Act, Actor, Tx};
use web::session::{self, Token};
use web::{Problem, Site, throttle};

use crate::account::{self, AccountId};
use crate::words;

pub mod api;
pub mod pages;
pub mod password;

/// A session that has begun.
pub struct SignedIn {
    pub account: AccountId,
    pub token: Token,
    /// The password was set by an administrator and is to be changed.
    pub password_once: bool,
}

/// The address a request comes from. Where a proxy on this machine passes it on, the last address in
/// `X-Forwarded-For`, which is the one that proxy saw; from anywhere else that header is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Address, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        let near = peer.is_none_or(|ip| ip.is_loopback());
        let told = parts.headers.get("x-forwarded-for").and_then(|v| v.to_str().ok());
        let told = told.and_then(|list| list.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
        let address = told.filter(|_| near).or(peer);
        Ok(Address(address.map_or_else(|| "local".to_string(), |ip| ip.to_string())))
    }
}

/// The keys under which failures are counted. An office shares one address, so an address has sixteen
/// counters, told apart by the login tried: mistyping neighbours do not lock out a whole commune.
fn keys(login: &str, address: &str) -> [String; 2] {
    let part = login.bytes().fold(0_u32, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b))) % 16;
    [format!("sign-in:{login}"), format!("sign-in-from:{address}:{part}")]
}

async fn may_try(tx: &mut Tx, keys: &[String; 2], now: Instant) -> Result<(), Problem> {
    for key in keys {
        throttle::check(tx, key, now).await?;
    }
    Ok(())
}

/// Checks login and password and begins a session.
///
/// `Refused` with the same words whatever was wrong; `TooMany` while a wait runs.
pub async fn sign_in(
    site: &Site,
    login: &str,
    password: &str,
    address: &Address,
    kind: session::Kind,
) -> Result<SignedIn, Problem> {
    let now = site.clock.now();
    let login = account::rules::fold_login(login);
    let keys = keys(&login, &address.0);

    let (asked, tried) = (keys.clone(), login);
    let found = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        may_try(tx, &asked, now).await?;
        Ok(account::store::find_secret(tx, &tried).await?)
    });
    let found = found.await?.filter(|secret| secret.disabled_at.is_none());
    let hash = found.as_ref().and_then(|secret| secret.password_hash.clone());
    let right = password::matches(password, hash).await?;

    let account = found.map(|secret| secret.id);
    let (actor, verb) = match account.filter(|_| right) {
        Some(id) => (Actor::Account(id.to_string()), "directory.sign_in"),
        None => (Actor::Anonymous, "directory.sign_in_failed"),
    };
    let subject = account.map(|id| id.to_string()).unwrap_or_default();
    let session = site.db.write(Act::new(actor, verb, subject, now), async move |tx: &mut Tx| {
        may_try(tx, &keys, now).await?;
        let Some(id) = account.filter(|_| right) else {
            for key in &keys {
                throttle::failed(tx, key, now).await?;
            }
            return Ok::<_, Problem>(None);
        };
        for key in &keys {
            throttle::passed(tx, key).await?;
        }
        let password_once = account::store::get(tx, id).await?.password_once;
        let token = session::start(tx, &id.to_string(), kind, now).await?;
        Ok(Some(SignedIn { account: id, token, password_once }))
    });
    session.await?.ok_or_else(|| Problem::refused(words::t("sign_in.wrong"), "wrong login or password"))
}

/// Ends the session of a token.
pub async fn sign_out(site: &Site, actor: Actor, token: &str) -> Result<(), Problem> {
    let now = site.clock.now();
    let token = token.to_string();
    let ended = site.db.write(Act::new(actor, "directory.sign_out", "", now), async move |tx: &mut Tx| {
        session::end(tx, &token, now).await?;
        Ok::<_, Problem>(())
    });
    ended.await
}
