//! `/pki/…`: what anybody may fetch about our certificates: chains, lists, and OCSP answers (RFC 6960, in the
//! light form of RFC 5019 where nothing else is asked for).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::Instant;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use db::Tx;
use pki::cert::Serial;
use pki::key::Digest;
use pki::ocsp::{self, Answer, CertStatus, Failure, Request};
use web::{Path, Problem};

use super::live::Standing;
use super::rules::{named, whole_second};
use crate::{App, authority};

/// Seconds for which a cache in between may hold a list or an answer. Here a revocation is seen at once.
const CACHE_S: i64 = 60;

/// An answer, and the instants between which it may be given again.
struct Said {
    bytes: Bytes,
    good: Option<(Instant, Instant)>,
}

fn failed(why: Failure) -> Said {
    Said { bytes: ocsp::failure(why).into(), good: None }
}

/// `POST /pki/ocsp`.
pub async fn post(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/ocsp-request") {
        return Err(Problem::UnsupportedMedia);
    }
    let said = answered(&app, &body).await;
    Ok(([(header::CONTENT_TYPE, "application/ocsp-response")], said.bytes).into_response())
}

/// `GET /pki/ocsp/{request}`: the request in base64, as RFC 6960 writes it into the address.
pub async fn get(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(request): Path<String>,
) -> Result<Response, Problem> {
    let text = request.trim_start_matches('/');
    let asked = STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text));
    let said = match asked {
        Ok(der) => answered(&app, &der).await,
        Err(_) => failed(Failure::MalformedRequest),
    };
    Ok(kept(&headers, "application/ocsp-response", said, app.site.clock.now()))
}

/// `GET /pki/ocsp`: no question.
pub async fn nothing() -> Response {
    let said = failed(Failure::MalformedRequest);
    ([(header::CONTENT_TYPE, "application/ocsp-response")], said.bytes).into_response()
}

/// The answer to a question, or why there is none.
async fn answered(app: &App, der: &[u8]) -> Said {
    let Ok(request) = Request::parse(der) else { return failed(Failure::MalformedRequest) };
    if request.unknown_critical {
        return failed(Failure::MalformedRequest);
    }
    let now = app.site.clock.now();
    match answer(app, &request, now).await {
        Ok(said) => said,
        Err(problem) => {
            tracing::error!("no OCSP answer: {problem}");
            failed(Failure::TryLater)
        }
    }
}

async fn answer(app: &App, request: &Request, now: Instant) -> Result<Said, Problem> {
    let Some(first) = request.questions.first() else { return Ok(failed(Failure::MalformedRequest)) };
    let Some(standing) = app.live.find(first, now).await? else { return Ok(failed(Failure::Unauthorized)) };
    if !request.questions.iter().all(|id| standing.issuer.is_meant(id)) {
        return Ok(failed(Failure::Unauthorized));
    }
    let head = standing.view.head;
    let asked = (first.digest, first.serial.clone());
    let alone = request.questions.len() == 1 && request.nonce.is_none();
    if alone && let Some(bytes) = standing.view.answer(&asked) {
        return Ok(Said { bytes, good: Some((head.at, head.next)) });
    }
    let (bytes, all_known) = signed(app, request, &standing, now).await?;
    let bytes = Bytes::from(bytes);
    if alone && all_known {
        standing.view.keep(asked, bytes.clone());
    }
    let good = (request.nonce.is_none() && all_known).then_some((head.at, head.next));
    Ok(Said { bytes, good })
}

/// A fresh answer, and whether every certificate asked about was issued here.
async fn signed(
    app: &App,
    request: &Request,
    standing: &Standing,
    now: Instant,
) -> Result<(Vec<u8>, bool), Problem> {
    let Some(responder) = &standing.responder else {
        return Err(Problem::fault("the authority has no responder"));
    };
    let (view, mut answers, mut all_known) = (&standing.view, Vec::new(), true);
    for id in &request.questions {
        let known = view.entries.contains_key(&id.serial) || is_issued(app, standing, &id.serial).await?;
        all_known &= known;
        let status = if known { view.status(id) } else { CertStatus::Unknown };
        answers.push(Answer {
            id: id.clone(),
            status,
            this_update: view.head.at,
            next_update: Some(view.head.next),
            invalid_since: view.entries.get(&id.serial).and_then(|entry| entry.invalid_since),
            // Whatever was issued here is answered for, ended or not.
            archive_cutoff: known.then(|| standing.issuer.certificate.validity().not_before),
        });
    }
    let draft = ocsp::Draft {
        responder: responder.name.clone(),
        produced_at: whole_second(now),
        answers,
        nonce: request.nonce.clone(),
        certificates: vec![responder.certificate.clone()],
    };
    let bytes = draft.sign(responder.key.as_ref()).map_err(Problem::fault)?;
    Ok((bytes, all_known))
}

/// Whether the authority issued this number. What it issued it has issued for ever: the rows are asked once.
async fn is_issued(app: &App, standing: &Standing, serial: &Serial) -> Result<bool, Problem> {
    if standing.issuer.has_issued(serial) {
        return Ok(true);
    }
    let (authority, number) = (standing.issuer.id.clone(), serial.to_string());
    let read = async move |tx: &mut Tx| -> Result<bool, Problem> {
        Ok(crate::certificate::store::is_issued(tx, &authority, &number).await?)
    };
    let is_issued = app.site.db.read(read).await?;
    if is_issued {
        standing.issuer.learn(serial);
    }
    Ok(is_issued)
}

/// `GET /pki/crl/{file}`.
pub async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (id, which) = named(&file).ok_or(Problem::NotFound)?;
    let standing = app.live.get(id, now).await?.ok_or(Problem::NotFound)?;
    let head = standing.view.head;
    let made = tokio::task::spawn_blocking(move || standing.view.list(&standing.issuer, which));
    let bytes = made.await.map_err(Problem::fault)?.map_err(Problem::fault)?.ok_or(Problem::NotFound)?;
    Ok(kept(&headers, "application/pkix-crl", Said { bytes, good: Some((head.at, head.next)) }, now))
}

/// `GET /pki/ca.pem`: every authority, those that issue first.
pub async fn chain(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let read = async |tx: &mut Tx| -> Result<_, Problem> { Ok(authority::store::list(tx).await?) };
    let mut authorities = app.site.db.read(read).await?;
    if authorities.is_empty() {
        return Err(Problem::NotFound);
    }
    authorities.reverse();
    let mut text = String::new();
    for one in &authorities {
        text += &authority::parse(&one.der)?.pem();
    }
    Ok(([(header::CONTENT_TYPE, "application/pem-certificate-chain")], text).into_response())
}

/// `GET /pki/ca/{file}`: one authority, `ca-2.cer`, as certificates name their issuer.
pub async fn issuer(State(app): State<Arc<App>>, Path(file): Path<String>) -> Result<Response, Problem> {
    let id = file.strip_suffix(".cer").ok_or(Problem::NotFound)?.to_string();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        authority::store::find(tx, &id).await?.ok_or(Problem::NotFound)
    };
    let found = app.site.db.read(read).await?;
    Ok(([(header::CONTENT_TYPE, "application/pkix-cert")], found.der).into_response())
}

/// With what caches in between may know of it; 304 to whoever has it already.
fn kept(asked: &HeaderMap, kind: &'static str, said: Said, now: Instant) -> Response {
    let Some((at, next)) = said.good else {
        let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
        return (headers, said.bytes).into_response();
    };
    let hash: String =
        Digest::Sha256.of(&said.bytes)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{hash}\"");
    let left_s = (next.micros() - now.micros()).max(0) / 1_000_000;
    let age_s = left_s.min(CACHE_S);
    let headers = [
        (header::CONTENT_TYPE, kind.to_string()),
        (header::CACHE_CONTROL, format!("max-age={age_s}, public, no-transform, must-revalidate")),
        (header::ETAG, tag.clone()),
        (header::LAST_MODIFIED, http_date(at)),
        (header::EXPIRES, http_date(now.plus_seconds(age_s))),
    ];
    let has_it = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let mut response = match has_it.is_some_and(|tags| tags.contains(&tag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => said.bytes.into_response(),
    };
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(at: Instant) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // Days and minutes are told in Vietnam's time; seven hours earlier it is the same in GMT.
    let shifted = at.plus_minutes(-7 * 60);
    let (day, minute) = (shifted.day(), shifted.minute_of_day());
    let second = at.micros().div_euclid(1_000_000).rem_euclid(60);
    let weekday = DAYS.get(day.weekday().index()).copied().unwrap_or_default();
    let month = MONTHS.get(usize::from(day.month()).saturating_sub(1)).copied().unwrap_or_default();
    format!(
        "{weekday}, {:02} {month} {} {:02}:{:02}:{second:02} GMT",
        day.day_of_month(),
        day.year(),
        minute / 60,
        minute % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn http_times_are_told_in_gmt() {
        let at = |text| super::http_date(base::Instant::parse_rfc3339(text).unwrap());
        assert_eq!(at("1994-11-06T15:49:37+07:00"), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at("2026-03-01T02:00:05+07:00"), "Sat, 28 Feb 2026 19:00:05 GMT");
    }
}
