//! Nothing typed is lost to an expired session.
//!
//! A form of an expired session that needed a live one is kept for 24 hours under its account, and the way
//! through the sign-in page leads to a page that sends it again. Only the account it belongs to can open it.
//! Forms with passwords in them and large forms are not kept. Of a form with files, the words are kept and
//! the names of the files: whoever sends it again is asked for them.

use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::Instant;
use db::{Act, Actor, Tx, args, record};
use futures_util::StreamExt;
use futures_util::stream;
use http_body_util::Limited;
use multer::Multipart;

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
use crate::upload;

/// The name under which a kept form remembers its files, `field|file name`; "" says that it takes files.
const FILE_FIELD: &str = posted::FILES_FIELD;
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
        && csrf::is_form(request.headers())
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
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_string();
    if !csrf::is_urlencoded(&parts.headers) {
        let (lent, slot) = lend(body);
        let headers = parts.headers.clone();
        let response = next.run(Request::from_parts(parts, lent)).await;
        // A handler that needs somebody signed in has not touched the body.
        let untouched = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(body) = untouched.filter(|_| needs_sign_in(&response)) else { return response };
        let Some(body) = words_of(&headers, body).await else { return response };
        return kept(site, account, path, body, response).await;
    }
    let bytes = match read_body(&parts.headers, body, FORM_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
    if !needs_sign_in(&response) {
        return response;
    }
    let Some(body) = worth_keeping(fields::pairs(&bytes)) else { return response };
    kept(site, account, path, body, response).await
}

fn needs_sign_in(response: &Response) -> bool {
    let refused = response.extensions().get::<Undressed>().map(|u| &*u.0);
    matches!(refused, Some(Problem::SignInNeeded { .. }))
}

/// Keeps it, and leads through the sign-in page to where it is sent again.
async fn kept(site: &Site, account: String, path: String, body: String, refused: Response) -> Response {
    match keep(site, account, path, body).await {
        Ok(token) => Problem::SignInNeeded { back: format!("/gui-lai/{token}") }.into_response(),
        Err(problem) => {
            tracing::warn!(%problem, "a form could not be kept");
            refused
        }
    }
}

/// A body to be passed on, and the place from which it can be taken back while nobody has read of it.
fn lend(body: Body) -> (Body, Arc<Mutex<Option<Body>>>) {
    let slot = Arc::new(Mutex::new(Some(body)));
    let lent = slot.clone();
    let read = stream::once(async move {
        let body = lent.lock().unwrap_or_else(PoisonError::into_inner).take();
        body.unwrap_or_default().into_data_stream()
    });
    (Body::from_stream(read.flatten()), slot)
}

/// The words of a form with files, and the names of its files, which are read to their end and let go:
/// a browser listens to no answer before it has sent everything. What came before a break is kept.
async fn words_of(headers: &HeaderMap, body: Body) -> Option<String> {
    let boundary = multer::parse_boundary(csrf::content_type(headers)).ok()?;
    let body = Body::new(Limited::new(body, crate::layers::UPLOAD_BYTES_MAX));
    let mut multipart = Multipart::new(body.into_data_stream(), boundary);
    let mut pairs = vec![(FILE_FIELD.to_string(), String::new())];
    for _ in 0..upload::PARTS_MAX {
        let Ok(Some(field)) = upload::in_time(multipart.next_field()).await else { break };
        match field.file_name().map(upload::plain_name) {
            Some(name) if name.is_empty() => {}
            Some(name) => {
                let at = field.name().unwrap_or_default().to_string();
                pairs.push((FILE_FIELD.to_string(), format!("{at}|{name}")));
            }
            None => match upload::read_text(field).await {
                Ok(pair) => pairs.push(pair),
                Err(_) => break,
            },
        }
    }
    worth_keeping(pairs)
}

/// The fields without the old token, or nothing if they are too large or hold a password.
fn worth_keeping(pairs: Vec<(String, String)>) -> Option<String> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    for (name, text) in &pairs {
        if posted::is_secret(name) {
            return None;
        }
        if name != CSRF_FIELD {
            body.append_pair(name, text);
        }
    }
    Some(body.finish()).filter(|body| body.len() <= KEPT_BYTES_MAX)
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
    /// The files that were chosen: the field's name, the file's name, and the id of its box here.
    pub chosen: Vec<(String, String, String)>,
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
    let (files, fields): (Vec<_>, Vec<_>) =
        fields::pairs(row.body.as_bytes()).into_iter().partition(|(name, _)| name == FILE_FIELD);
    let box_of = |(n, (_, text)): (usize, &(String, String))| {
        let (field, name) = text.split_once('|')?;
        Some((field.to_string(), name.to_string(), format!("tep-{n}")))
    };
    let chosen = files.iter().enumerate().filter_map(box_of).collect();
    let has_files = !files.is_empty();
    Ok(page::html(SendAgain { shell, action: row.path, fields, chosen, has_files, switched: false }))
}
