//! The agent's pages. They stand on the official's own machine, so that the PIN is typed nowhere else.

use std::sync::{Arc, PoisonError};

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::asked::{Asked, WAITS_MINUTES, Wait, in_groups};
use super::{Agent, Signed};
use crate::module::{Pin, TokenError};

/// The largest form a site sends: 500 documents with their attributes.
const FORM_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The agent's addresses.
pub fn router(agent: Arc<Agent>) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/ky", post(begin))
        .route("/ky/{id}", post(sign))
        .route("/agent.css", get(style))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(agent.clone(), guard))
        .with_state(agent)
}

/// Answers only to its own names, so that no other name can be made to lead here, and says what its
/// pages may do.
async fn guard(State(agent): State<Arc<Agent>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| agent.hosts().contains(&host.to_string())) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let mut response = next.run(request).await;
    let sites = agent.origins.join(" ");
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' {sites}"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        // The site that gets the signatures is told whence they come.
        (header::REFERRER_POLICY, "strict-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Agent {
    /// Its own names with the port.
    fn hosts(&self) -> [String; 2] {
        let port = self.address.port();
        [format!("127.0.0.1:{port}"), format!("localhost:{port}")]
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, super::asked::Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../assets/agent.css"))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    tokens: Vec<TokenLine>,
    origins: Vec<String>,
}

struct TokenLine {
    label: String,
    serial: String,
    maker: String,
    locked: bool,
    certificates: Vec<String>,
}

/// `GET /`: that it runs, and what it sees.
async fn home(State(agent): State<Arc<Agent>>) -> Response {
    let _hand = agent.hand.lock().await;
    let looking = agent.clone();
    let tokens = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        for module in &looking.modules {
            for token in module.tokens().unwrap_or_default() {
                let held = module.certificates(&token.serial).unwrap_or_default();
                let name = |c: &pki::Certificate| c.subject().common_name().unwrap_or_default().to_string();
                lines.push(TokenLine {
                    certificates: held.iter().map(|h| name(&h.certificate)).collect(),
                    label: token.label,
                    serial: token.serial,
                    maker: token.maker,
                    locked: token.locked,
                });
            }
        }
        lines
    });
    match tokens.await {
        Ok(tokens) => page(StatusCode::OK, &HomePage { tokens, origins: agent.origins.clone() }),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    /// A word of [`super::Wrong`], `gone`, `locked`, `failed` …
    why: &'static str,
    /// The library's own words, where it has any.
    said: String,
}

fn refused(status: StatusCode, why: &'static str, said: &str) -> Response {
    page(status, &RefusedPage { why, said: said.to_string() })
}

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage {
    id: String,
    origin: String,
    items: Vec<Line>,
    /// Whose certificate; empty while its token is not plugged in.
    holder: String,
    token: String,
    last_try: bool,
    /// Why the PIN is asked for again.
    again: &'static str,
    left: u32,
    minutes: i64,
}

struct Line {
    what: String,
    hash: String,
}

async fn ask(agent: &Arc<Agent>, wait: Wait, again: &'static str, left: u32) -> Response {
    let looking = agent.clone();
    let wanted = wait.asked.certificate.clone();
    let found = tokio::task::spawn_blocking(move || looking.find(&wanted)).await.ok().flatten();
    let name = |held: &crate::module::Held| {
        held.certificate.subject().common_name().map_or_else(|| "–".to_string(), str::to_string)
    };
    let line = |item: &super::Item| Line { what: item.what.clone(), hash: in_groups(&item.hash) };
    let shown = AskPage {
        id: wait.id,
        origin: wait.asked.origin.clone(),
        items: wait.asked.items.iter().map(line).collect(),
        holder: found.as_ref().map(|(_, _, held)| name(held)).unwrap_or_default(),
        last_try: found.as_ref().is_some_and(|(_, token, _)| token.last_try),
        token: found.map(|(_, token, _)| format!("{} ({})", token.label, token.serial)).unwrap_or_default(),
        again,
        left,
        minutes: WAITS_MINUTES,
    };
    let status = if again.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page(status, &shown)
}

/// `POST /ky`: a site sends the browser here with what is to be signed.
async fn begin(State(agent): State<Arc<Agent>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = fields(&body);
    let asked = match Asked::read(&form, origin(&headers), &agent.origins) {
        Ok(asked) => asked,
        Err(wrong) => {
            let status = match wrong {
                super::Wrong::Origin => StatusCode::FORBIDDEN,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            return refused(status, wrong.word(), "");
        }
    };
    let Some(id) = fresh_id() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let now = agent.clock.now();
    agent.waiting().put(id.clone(), asked, now);
    let Some(wait) = agent.waiting().find(&id, now) else {
        return refused(StatusCode::NOT_FOUND, "expired", "");
    };
    let _hand = agent.hand.lock().await;
    ask(&agent, wait, "", super::asked::TRIES_MAX).await
}

#[derive(Template)]
#[template(path = "signed.html")]
struct SignedPage {
    asked: Asked,
    certificate: String,
    signatures: Vec<String>,
}

/// `POST /ky/{id}`: the PIN, from our own page alone.
async fn sign(
    State(agent): State<Arc<Agent>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let own =
        |from: &str| agent.hosts().iter().any(|host| from.strip_prefix("http://") == Some(host.as_str()));
    if !origin(&headers).is_some_and(own) {
        return refused(StatusCode::FORBIDDEN, "origin", "");
    }
    let Some(wait) = agent.waiting().find(&id, agent.clock.now()) else {
        return refused(StatusCode::NOT_FOUND, "expired", "");
    };
    let form: Vec<(String, Pin)> = fields(&body).into_iter().map(|(k, v)| (k, Zeroizing::new(v))).collect();
    if form.iter().any(|(name, _)| name == "no") {
        agent.waiting().end(&id);
        return refused(StatusCode::OK, "declined", "");
    }
    let pin = form.into_iter().find(|(name, _)| name == "pin").map(|(_, pin)| pin).unwrap_or_default();
    let _hand = agent.hand.lock().await;
    let (signing, asked) = (agent.clone(), wait.asked.clone());
    match tokio::task::spawn_blocking(move || signing.sign(&asked, &pin)).await {
        Ok(Ok(signed)) => {
            agent.waiting().end(&id);
            page(StatusCode::OK, &give(wait.asked, signed))
        }
        Ok(Err(error)) => failed(&agent, wait, &error).await,
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "failed", ""),
    }
}

fn give(asked: Asked, signed: Signed) -> SignedPage {
    SignedPage {
        asked,
        certificate: BASE64.encode(&signed.certificate),
        signatures: signed.signatures.iter().map(|s| BASE64.encode(s)).collect(),
    }
}

async fn failed(agent: &Arc<Agent>, wait: Wait, error: &TokenError) -> Response {
    let (id, status) = (wait.id.clone(), StatusCode::UNPROCESSABLE_ENTITY);
    match error {
        TokenError::WrongPin { .. } => {
            let left = agent.waiting().tried(&id);
            if left == 0 {
                agent.waiting().end(&id);
                return refused(status, "tries", "");
            }
            ask(agent, wait, "pin", left).await
        }
        // The token can be plugged in and the form sent again.
        TokenError::Gone => ask(agent, wait, "gone", super::asked::TRIES_MAX).await,
        other => {
            agent.waiting().end(&id);
            let (why, said) = match other {
                TokenError::Locked => ("locked", String::new()),
                TokenError::NoKey => ("no-key", String::new()),
                TokenError::Unsupported => ("unsupported", String::new()),
                other => ("failed", other.to_string()),
            };
            refused(status, why, &said)
        }
    }
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok())
}

fn fields(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).take(2_000).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
}

/// Sixteen random bytes: only our own page knows them.
fn fresh_id() -> Option<String> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
