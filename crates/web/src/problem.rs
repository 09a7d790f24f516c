//! Everything that can go wrong on the way to an answer, and what the two sides hear of it: people
//! read words, the log reads facts, and neither reads the other's. Status, code and page are decided
//! in this file and nowhere else.

use std::fmt;
use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::filters;
use crate::page::Shell;
use crate::site::Site;
use crate::words;

/// Why there is no ordinary answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing here, or nothing of this caller's: somebody else's dossier is not found.
    NotFound,
    /// Signed in, but not in a role that may do this.
    Forbidden,
    /// Nobody is signed in (any more); `back` is the path to return to afterwards.
    SignInNeeded { back: String },
    /// The password in use was told once and is to be changed before anything else; `at` is the page for it.
    PasswordDue { at: String },
    /// The row has moved on since the page was made.
    Stale,
    /// A unique value is already in use: "table.col,col", for the log.
    Taken(String),
    /// The rules say no, and why.
    Refused(Message),
    /// Login and password do not belong together, said to a program.
    SignInRefused(Message),
    /// Fields to correct, all of them at once.
    Invalid(Vec<FieldError>),
    /// Bytes that are not what they should be; the reason is for the log and holds no value of theirs.
    Malformed(String),
    /// Too many tries; come back later.
    TooMany { retry_after_s: u64 },
    /// More bytes than we take.
    TooLarge { limit_bytes: u64 },
    /// A content type we do not read.
    UnsupportedMedia,
    /// A piece of a file does not fit the checksum it came with.
    ChecksumMismatch,
    /// A protocol's version that we do not speak.
    VersionNotSpoken,
    /// The path is right, the verb is not.
    MethodNotAllowed,
    /// Sent by a page of another site.
    CrossSite,
    /// The hidden `_csrf` field is not this session's: the page is older than the sign-in.
    FormExpired,
    /// An idempotency key came back with another request.
    KeyReused,
    /// The handler did not answer in its time.
    TimedOut,
    /// The database or another part we need cannot be reached; trying again may help.
    Unavailable,
    /// Something this one request needs does not answer just now: why, and that it may be sent again.
    TryLater(Message),
    /// A bug or a broken environment; the incident number joins the page and the log.
    Fault { incident: String, log: String },
}

/// The two tellings of one refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// For the person, in her language.
    pub outside: String,
    /// For the log; no personal data.
    pub log: String,
}

impl Message {
    /// What the person reads, and what the log keeps.
    pub fn new(outside: impl Into<String>, log: impl Into<String>) -> Message {
        Message { outside: outside.into(), log: log.into() }
    }
}

/// One field that has to be corrected.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// The field's name in the form or its path in the JSON; also its element id on the page.
    pub field: String,
    /// What to do about it, as in look.md: "Nhập đủ 12 số, hiện mới có 11."
    pub message: String,
}

impl FieldError {
    /// `message` belongs to `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> FieldError {
        FieldError { field: field.into(), message: message.into() }
    }

    /// What is wrong with one field, in sentences; empty where nothing is.
    pub fn of(errors: &[FieldError], field: &str) -> String {
        let told = errors.iter().filter(|e| e.field == field).map(|e| e.message.as_str());
        told.collect::<Vec<_>>().join(" ")
    }

    /// Everything that is wrong, in one line, for pages with one place to say it.
    pub fn all(errors: &[FieldError]) -> String {
        errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl Problem {
    /// A fault with a fresh incident number. `log` must hold no personal data.
    pub fn fault(log: impl fmt::Display) -> Problem {
        let incident = crate::secret::sha256_hex(crate::secret::token().as_bytes())[..10].to_string();
        Problem::Fault { incident, log: log.to_string() }
    }

    /// A refusal with the words for the person and the fact for the log.
    pub fn refused(outside: impl Into<String>, log: impl Into<String>) -> Problem {
        Problem::Refused(Message::new(outside, log))
    }

    /// One wrong field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem::Invalid(vec![FieldError::new(field, message)])
    }

    /// The status and the code. Codes are a closed list: callers may rely on them.
    pub fn kind(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Problem::NotFound => (S::NOT_FOUND, "not-found"),
            Problem::Forbidden => (S::FORBIDDEN, "forbidden"),
            Problem::SignInNeeded { .. } => (S::UNAUTHORIZED, "sign-in-needed"),
            Problem::PasswordDue { .. } => (S::FORBIDDEN, "password-due"),
            Problem::Stale => (S::CONFLICT, "stale"),
            Problem::Taken(_) => (S::CONFLICT, "taken"),
            Problem::Refused(_) => (S::UNPROCESSABLE_ENTITY, "refused"),
            Problem::SignInRefused(_) => (S::UNAUTHORIZED, "sign-in-refused"),
            Problem::Invalid(_) => (S::UNPROCESSABLE_ENTITY, "invalid"),
            Problem::Malformed(_) => (S::BAD_REQUEST, "malformed"),
            Problem::TooMany { .. } => (S::TOO_MANY_REQUESTS, "too-many"),
            Problem::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "too-large"),
            Problem::UnsupportedMedia => (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media"),
            // The number is the tus protocol's own.
            Problem::ChecksumMismatch => {
                (S::from_u16(460).expect("a number of three digits"), "checksum-mismatch")
            }
            Problem::VersionNotSpoken => (S::PRECONDITION_FAILED, "version-not-spoken"),
            Problem::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Problem::CrossSite => (S::FORBIDDEN, "cross-site"),
            Problem::FormExpired => (S::FORBIDDEN, "form-expired"),
            Problem::KeyReused => (S::UNPROCESSABLE_ENTITY, "key-reused"),
            Problem::TimedOut => (S::SERVICE_UNAVAILABLE, "timed-out"),
            Problem::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable"),
            Problem::TryLater(_) => (S::SERVICE_UNAVAILABLE, "try-later"),
            Problem::Fault { .. } => (S::INTERNAL_SERVER_ERROR, "fault"),
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.kind().0
    }

    /// The code, from the closed list.
    pub fn code(&self) -> &'static str {
        self.kind().1
    }

    /// The heading people read.
    pub fn title(&self) -> String {
        let n = match self {
            Problem::Invalid(errors) => errors.len().to_string(),
            _ => String::new(),
        };
        words::own().t(&format!("problem.{}.title", self.code()), &[("n", &n)])
    }

    /// The sentence below the heading.
    pub fn text(&self) -> String {
        let key = format!("problem.{}.text", self.code());
        match self {
            Problem::Refused(message) | Problem::SignInRefused(message) | Problem::TryLater(message) => {
                message.outside.clone()
            }
            Problem::TooMany { retry_after_s } => words::own().t(&key, &[("wait", &wait(*retry_after_s))]),
            Problem::TooLarge { limit_bytes } => {
                words::own().t(&key, &[("limit", &base::format::size(*limit_bytes))])
            }
            _ => words::own().t(&key, &[]),
        }
    }

    fn errors(&self) -> &[FieldError] {
        match self {
            Problem::Invalid(errors) => errors,
            _ => &[],
        }
    }

    fn incident(&self) -> Option<&str> {
        match self {
            Problem::Fault { incident, .. } => Some(incident),
            _ => None,
        }
    }

    /// Told to the log once, when the problem becomes an answer.
    fn log(&self) {
        match self {
            Problem::Fault { incident, log } => tracing::error!(incident, log, "fault"),
            Problem::Refused(message) | Problem::SignInRefused(message) => {
                tracing::info!(log = message.log, "refused");
            }
            Problem::TryLater(message) => tracing::warn!(log = message.log, "try later"),
            Problem::Taken(what) => tracing::info!(log = what, "taken"),
            Problem::Malformed(why) => tracing::info!(log = why, "malformed"),
            _ => {}
        }
    }
}

fn wait(seconds: u64) -> String {
    match seconds {
        0..=90 => words::own().t("wait.seconds", &[("n", &seconds.to_string())]),
        _ => words::own().t("wait.minutes", &[("n", &seconds.div_ceil(60).to_string())]),
    }
}

impl fmt::Display for Problem {
    /// For logs and tests; people read [`Problem::title`] and [`Problem::text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Refused(message) | Problem::SignInRefused(message) => {
                write!(f, "refused: {}", message.log)
            }
            Problem::TryLater(message) => write!(f, "try later: {}", message.log),
            Problem::Taken(what) => write!(f, "taken: {what}"),
            Problem::Malformed(why) => write!(f, "malformed: {why}"),
            Problem::Fault { incident, log } => write!(f, "fault {incident}: {log}"),
            Problem::Invalid(errors) => {
                let fields: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
                write!(f, "invalid: {}", fields.join(", "))
            }
            other => f.write_str(other.code()),
        }
    }
}

impl std::error::Error for Problem {}

impl From<db::Error> for Problem {
    fn from(error: db::Error) -> Problem {
        match error {
            db::Error::NotFound => Problem::NotFound,
            db::Error::Stale => Problem::Stale,
            db::Error::Taken(what) => Problem::Taken(what),
            db::Error::Conflict(_) => Problem::Unavailable,
            db::Error::Unavailable(why) => {
                tracing::warn!(why, "the store is unavailable");
                Problem::Unavailable
            }
            db::Error::Fault(log) => Problem::fault(log),
        }
    }
}

impl From<Message> for Problem {
    fn from(message: Message) -> Problem {
        Problem::Refused(message)
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Problem {
        Problem::fault(format_args!("a template did not render: {error}"))
    }
}

/// The problem, on its way to [`dress`] in the answer's extensions.
#[derive(Clone)]
pub struct Undressed(pub Arc<Problem>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let mut response = (self.status(), self.code()).into_response();
        response.extensions_mut().insert(Undressed(Arc::new(self)));
        response
    }
}

/// What the dressing needs to know of the request.
pub struct Asked<'a> {
    /// The path, without query.
    pub path: &'a str,
    /// The request's number: printed on error pages as the reference.
    pub request_id: &'a str,
    /// Did it carry a session cookie, so that a missing session is an expired one?
    pub had_session: bool,
}

/// Is this path answered with JSON?
pub fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Turns the bare answer of a problem into what this caller reads: problem JSON under `/api/`, the way
/// to the sign-in page, or a page in the citizens' shell. The layers call it; other answers pass.
pub fn dress(site: &Site, asked: &Asked<'_>, bare: Response) -> Response {
    let Some(Undressed(problem)) = bare.extensions().get::<Undressed>().cloned() else { return bare };
    let mut dressed = if is_api(asked.path) {
        problem_json(&problem, asked)
    } else if let Problem::SignInNeeded { back } = &*problem {
        let to = crate::back::sign_in_url(&site.brand.sign_in, back, asked.had_session);
        axum::response::Redirect::to(&to).into_response()
    } else if let Problem::PasswordDue { at } = &*problem {
        axum::response::Redirect::to(at).into_response()
    } else {
        problem_page(site, &problem, asked)
    };
    if let Problem::TooMany { retry_after_s } = &*problem {
        dressed.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    let tus = [HeaderName::from_static("tus-resumable"), HeaderName::from_static("tus-version")];
    for name in [header::ALLOW, header::SET_COOKIE].into_iter().chain(tus) {
        for value in bare.headers().get_all(&name) {
            dressed.headers_mut().append(name.clone(), value.clone());
        }
    }
    dressed.extensions_mut().insert(Undressed(problem));
    dressed
}

fn problem_json(problem: &Problem, asked: &Asked<'_>) -> Response {
    let (status, code) = problem.kind();
    let mut body = json!({
        "type": format!("/problems/{code}"),
        "title": problem.title(),
        "status": status.as_u16(),
        "code": code,
        "detail": problem.text(),
        "errors": problem.errors(),
        "request": asked.request_id,
    });
    if let Some(incident) = problem.incident() {
        body["incident"] = incident.into();
    }
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, kind, body.to_string()).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[derive(Template)]
#[template(path = "web/problem.html")]
struct ProblemPage<'a> {
    shell: Shell,
    text: String,
    errors: &'a [FieldError],
    reference: &'a str,
    hotline: &'a str,
}

fn problem_page(site: &Site, problem: &Problem, asked: &Asked<'_>) -> Response {
    // The page does not say who is signed in: it must render when the database is away.
    let mut shell = Shell::citizen(site, None, "", problem.title());
    shell.brand_only();
    let page = ProblemPage {
        shell,
        text: problem.text(),
        errors: problem.errors(),
        reference: problem.incident().unwrap_or(asked.request_id),
        hotline: &site.brand.hotline,
    };
    match page.render() {
        Ok(html) => (problem.status(), axum::response::Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "the problem page did not render");
            (problem.status(), problem.title()).into_response()
        }
    }
}
