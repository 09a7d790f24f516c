//! Nothing typed is lost to an expired session.
//!
//! A url-encoded POST of an expired session that needed a live one is kept for 24 hours under its account,
//! and the way through the sign-in page leads to a page that sends it again. Only the account it belongs
//! to can open it. Forms with passwords in them, large forms and uploads are not kept.

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::Instant;
use db::{Act, Actor, Tx, args, record};

use crate::csrf;
use crate::fields;
use crate::filters;
use crate::form::{CSRF_FIELD, FORM_BYTES_MAX};
use crate::page::{self, Shell};
use crate::posted;
use crate::problem::{Problem, Undressed, is_api};
use crate::request::{Path, read_body};
use crate::secret;
use crate::session::{self, Signed, Standing};
use crate::site::Site;

const KEPT_BYTES_MAX: usize = 256 * 1024;
const KEPT_HOURS: i64 = 24;
const KEPT_PER_ACCOUNT_MAX: i64 = 20;

record! {
    struct Row {
        account: String,
        path: String,
        body: String,
        created_at: Instant,
    }
}

/// Runs the rest of the stack; where it asks for a sign-in and the body was a form, the form is kept.
pub(crate) async fn around(site: &Site, request: Request, next: Next) -> Response {
    let form = request.method() == axum::http::Method::POST
        && csrf::is_urlencoded(request.headers())
        && session::cookie_token(request.headers()).is_some()
        && !is_api(request.uri().path());
    if !form {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let account = match session::standing(&mut parts, site).await {
        Ok(Standing::Over { account }) => account,
        _ => return next.run(Request::from_parts(parts, body)).await,
    };
    let bytes = match read_body(&parts.headers, body, FORM_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_string();
    let response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
    let refused = response.extensions().get::<Undressed>().map(|u| &*u.0);
    if !matches!(refused, Some(Problem::SignInNeeded { .. })) {
        return response;
    }
    let Some(body) = worth_keeping(&bytes) else { return response };
    match keep(site, account, path, body).await {
        Ok(token) => Problem::SignInNeeded { back: format!("/gui-lai/{token}") }.into_response(),
        Err(problem) => {
            tracing::warn!(%problem, "a form could not be kept");
            response
        }
    }
}

/// The body without its old token, or nothing if it is too large or holds a password.
fn worth_keeping(bytes: &[u8]) -> Option<String> {
    if bytes.len() > KEPT_BYTES_MAX {
        return None;
    }
    let mut body = form_urlencoded::Serializer::new(String::new());
    for (name, text) in form_urlencoded::parse(bytes) {
        if posted::is_secret(&name) {
            return None;
        }
        if name != CSRF_FIELD {
            body.append_pair(&name, &text);
        }
    }
    Some(body.finish())
}

async fn keep(site: &Site, account: String, path: String, body: String) -> Result<String, Problem> {
    let now = site.clock.now();
    let token = secret::token();
    let hash = secret::sha256_hex(token.as_bytes());
    let act = Act::new(Actor::Account(account.clone()), "web.form.keep", "", now);
    let stored = site.db.write(act, async move |tx: &mut Tx| -> Result<_, Problem> {
        tx.change(
            "delete from kept_form where account = $1 and token_hash not in
               (select token_hash from kept_form where account = $1 order by created_at desc limit $2)",
            args![&account, KEPT_PER_ACCOUNT_MAX - 1],
        )
        .await?;
        tx.change(
            "insert into kept_form (token_hash, account, path, body, created_at) values ($1, $2, $3, $4, $5)",
            args![&hash, &account, &path, &body, now],
        )
        .await?;
        Ok(())
    });
    stored.await?;
    Ok(token)
}

/// Forgets forms kept for longer than a day.
pub async fn sweep(tx: &mut Tx, now: Instant) -> Result<u64, db::Error> {
    let oldest = now.plus_minutes(-KEPT_HOURS * 60);
    tx.change("delete from kept_form where created_at < $1", args![oldest]).await
}

/// `/gui-lai/{token}`.
pub fn routes(site: &Site) -> Router {
    Router::new().route("/gui-lai/{token}", get(show)).with_state(site.clone())
}

#[derive(Template)]
#[template(path = "web/send_again.html")]
pub(crate) struct SendAgain {
    pub shell: Shell,
    pub action: String,
    pub fields: Vec<(String, String)>,
    /// The form had files, which a browser does not choose by itself.
    pub has_files: bool,
    /// The language has changed; otherwise the session had expired.
    pub switched: bool,
}

/// `GET /gui-lai/{token}`: what was typed, ready to be sent again to where it was going.
async fn show(
    State(site): State<Site>,
    signed: Signed,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let hash = secret::sha256_hex(token.as_bytes());
    let row = site.db.read(async move |tx: &mut Tx| -> Result<Row, Problem> {
        let sql = "select account, path, body, created_at from kept_form where token_hash = $1";
        Ok(tx.get(sql, args![&hash]).await?)
    });
    let row = row.await?;
    let too_old = site.clock.now() >= row.created_at.plus_minutes(KEPT_HOURS * 60);
    if row.account != signed.account || too_old || crate::back::safe(&row.path).is_none() {
        return Err(Problem::NotFound);
    }
    let title = crate::words::own().t("send_again.title", &[]);
    let mut shell = Shell::citizen(&site, None, signed.csrf, title);
    shell.brand_only();
    let fields = fields::pairs(row.body.as_bytes());
    Ok(page::html(SendAgain { shell, action: row.path, fields, has_files: false, switched: false }))
}
