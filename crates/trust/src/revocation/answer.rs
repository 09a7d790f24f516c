//! `/pki/…`: what anybody may fetch about our certificates: chains, lists, and OCSP answers (RFC 6960, in the
//! light form of RFC 5019 where nothing else is asked for).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{self, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::Instant;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use db::Tx;
use pki::cert::Serial;
use pki::ocsp::{self, Answer, CertStatus, Failure, Request};
use web::{Path, Problem};

use super::live::Standing;
use super::rules::{named, whole_second};
use super::view::Kept;
use crate::{App, authority};

/// Seconds for which a cache in between may hold a list or an answer. Here a revocation is seen at once.
const CACHE_S: i64 = 60;

/// An answer.
enum Said {
    /// For the one who asked.
    Once(Bytes),
    /// For everybody, between these instants.
    Again(Kept, Instant, Instant),
}

impl Said {
    fn bytes(self) -> Bytes {
        match self {
            Said::Once(bytes) | Said::Again(Kept { bytes, .. }, ..) => bytes,
        }
    }
}

fn failed(why: Failure) -> Said {
    Said::Once(ocsp::failure(why).into())
}

const OCSP: &str = "application/ocsp-response";

fn as_a(kind: &'static str, bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
}

/// `POST /pki/ocsp`.
pub async fn post(State(app): State<Arc<App>>, request: extract::Request) -> Result<Response, Problem> {
    let der = crate::asked(request, "application/ocsp-request", ocsp::REQUEST_BYTES_MAX).await?;
    let said = answered(&app, &der).await;
    Ok(as_a(OCSP, said.bytes()))
}

/// `GET /pki/ocsp/{request}`: the request in base64, as RFC 6960 writes it into the address.
pub async fn get(
    State(app): State<Arc<App>>,
    Path(text): Path<String>,
    request: extract::Request,
) -> Result<Response, Problem> {
    let text = text.trim_start_matches('/');
    let asked = STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text));
    let said = match asked {
        Ok(der) => answered(&app, &der).await,
        Err(_) => failed(Failure::MalformedRequest),
    };
    Ok(kept(request.headers(), OCSP, said, app.site.clock.now()))
}

/// `GET /pki/ocsp`: no question.
pub async fn nothing() -> Response {
    as_a(OCSP, failed(Failure::MalformedRequest).bytes())
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
    let alone = request.questions.len() == 1 && request.nonce.is_none();
    let alone = alone.then(|| (first.digest, first.serial.clone()));
    if let Some(kept) = alone.as_ref().and_then(|asked| standing.view.answer(asked)) {
        return Ok(Said::Again(kept, head.at, head.next));
    }
    let (bytes, all_known) = signed(app, request, &standing, now).await?;
    if !all_known || request.nonce.is_some() {
        return Ok(Said::Once(bytes.into()));
    }
    let kept = Kept::new(bytes.into());
    if let Some(asked) = alone {
        standing.view.keep(asked, kept.clone());
    }
    Ok(Said::Again(kept, head.at, head.next))
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
    Path(file): Path<String>,
    request: extract::Request,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (id, which) = named(&file).ok_or(Problem::NotFound)?;
    let standing = app.live.get(id, now).await?.ok_or(Problem::NotFound)?;
    let head = standing.view.head;
    let list = match standing.view.signed(which) {
        Some(list) => list,
        None => {
            let made = tokio::task::spawn_blocking(move || standing.view.list(&standing.issuer, which));
            made.await.map_err(Problem::fault)?.map_err(Problem::fault)?.ok_or(Problem::NotFound)?
        }
    };
    let said = Said::Again(list, head.at, head.next);
    Ok(kept(request.headers(), "application/pkix-crl", said, now))
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
    Ok(as_a("application/pem-certificate-chain", text.into()))
}

/// `GET /pki/ca/{file}`: one authority, `ca-2.cer`, as certificates name their issuer.
pub async fn issuer(State(app): State<Arc<App>>, Path(file): Path<String>) -> Result<Response, Problem> {
    let id = file.strip_suffix(".cer").ok_or(Problem::NotFound)?.to_string();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        authority::store::find(tx, &id).await?.ok_or(Problem::NotFound)
    };
    let found = app.site.db.read(read).await?;
    Ok(as_a("application/pkix-cert", found.der.into()))
}

/// With what caches in between may know of it; 304 to whoever has it already.
fn kept(asked: &HeaderMap, kind: &'static str, said: Said, now: Instant) -> Response {
    let (Kept { bytes, tag }, at, next) = match said {
        Said::Again(kept, at, next) => (kept, at, next),
        Said::Once(bytes) => {
            let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
            return (headers, bytes).into_response();
        }
    };
    let left_s = (next.micros() - now.micros()).max(0) / 1_000_000;
    let age_s = left_s.min(CACHE_S);
    let told = asked.get(header::IF_NONE_MATCH).map_or(&b""[..], |tags| tags.as_bytes());
    let mut response = match told.windows(tag.len()).any(|told| told == tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => bytes.into_response(),
    };
    let headers = [
        (header::CONTENT_TYPE, Bytes::from_static(kind.as_bytes())),
        (header::CACHE_CONTROL, format!("max-age={age_s}, public, no-transform, must-revalidate").into()),
        (header::ETAG, tag),
        (header::LAST_MODIFIED, http_date(at).into()),
        (header::EXPIRES, http_date(now.plus_seconds(age_s)).into()),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_maybe_shared(value) {
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
