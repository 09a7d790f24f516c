//! The line to the national portal. law: national/wire
//!
//! One request at a time is in doubt, never two of one dossier; whatever comes back is foreign and is
//! judged here: a good answer, a refusal, silence, or something that is no answer.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use base::Day;
use bytes::Bytes;
use reqwest::{Method, StatusCode, Url, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::Settings;
use super::rules;
use super::wire::{Dossier, Listed, Progress, Told};

/// An answer larger than this is none.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Words of the other side that are kept with a failure.
const WORDS_CHARS_MAX: usize = 200;

/// Why a request had no effect that could be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered in time, or the other side says that it cannot work now.
    Silent(String),
    /// It answered no, about this very request.
    Refused(String),
    /// What came back is no answer to the question.
    Garbled(String),
}

impl Failure {
    /// The word of the kind, for keys of words and for logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Silent(_) => "silent",
            Failure::Refused(_) => "refused",
            Failure::Garbled(_) => "garbled",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Silent(why) | Failure::Refused(why) | Failure::Garbled(why)) = self;
        write!(f, "{}: {why}", self.kind())
    }
}

/// The line. It signs in by itself, and again when its session has ended.
pub struct Client {
    http: reqwest::Client,
    settings: Settings,
    base: Url,
    session: Mutex<Option<String>>,
    fields: Mutex<HashMap<String, String>>,
}

impl Client {
    /// A line to the address in the settings; nothing is sent yet.
    ///
    /// # Errors
    /// What is wrong with the address or with the machine's certificates.
    pub fn new(settings: Settings) -> Result<Client, String> {
        let base = Url::parse(&settings.address).map_err(|e| format!("the address is no URL: {e}"))?;
        let http = reqwest::Client::builder()
            .connect_timeout(settings.answer_within.min(Duration::from_secs(10)))
            .timeout(settings.answer_within)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| format!("no HTTP client: {e}"))?;
        Ok(Client { http, settings, base, session: Mutex::default(), fields: Mutex::default() })
    }

    /// Tells the dossier as it stands.
    pub async fn put_dossier(&self, updating: bool, dossier: &Dossier) -> Result<(), Failure> {
        let body = json!({ "isUpdating": if updating { "True" } else { "False" }, "data": [dossier] });
        let answer = self.call("DongBoHoSoMC", body).await?;
        echoed(&answer, &dossier.code)
    }

    /// Tells lines of one dossier's log, in order.
    pub async fn put_progress(&self, code: &str, lines: &[Progress]) -> Result<(), Failure> {
        let answer = self.call("CapNhatTienDoHoSoMC", json!({ "data": lines })).await?;
        echoed(&answer, code)
    }

    /// The dossier as it is there.
    pub async fn find(&self, code: &str) -> Result<Option<Listed>, Failure> {
        let answer = self.call("TraCuuHoSo", json!({ "mahoso": code })).await?;
        let found: Vec<Listed> = results(&answer)?;
        match found.as_slice() {
            [] => Ok(None),
            [one] if one.code == code => Ok(found.into_iter().next()),
            _ => Err(Failure::Garbled("asked for one dossier, told of another".into())),
        }
    }

    /// One page of the dossiers that changed there on a day, and the place of the next. law: national/balance
    pub async fn list(&self, day: Day, place: &str) -> Result<(Vec<Listed>, Option<String>), Failure> {
        let body = json!({ "ngay": rules::day_stamp(day), "sau": place });
        let answer = self.call("TraCuuHoSo", body).await?;
        Ok((results(&answer)?, next(&answer)))
    }

    /// The code of a procedure's field there, empty when it knows none; asked once.
    pub async fn field_of(&self, procedure: &str) -> Result<String, Failure> {
        if let Some(known) = self.fields.lock().await.get(procedure) {
            return Ok(known.clone());
        }
        let answer = self.call("LayThuTuc", json!({ "maTTHC": procedure })).await?;
        let field = &answer["result"][0]["LINHVUCTHUCHIEN"][0]["MALINHVUC"];
        let field = field.as_str().unwrap_or_default().to_string();
        self.fields.lock().await.insert(procedure.to_string(), field.clone());
        Ok(field)
    }

    /// What was handed in there after a place in their list: each as it came, and the new place.
    pub async fn arrivals(&self, place: &str, most: usize) -> Result<(Vec<Value>, String), Failure> {
        let body = json!({ "sau": place, "toiDa": most.to_string() });
        let answer = self.call("LayHoSoMoiNop", body).await?;
        let came: Vec<Value> = results(&answer)?;
        let place = next(&answer).unwrap_or_else(|| place.to_string());
        Ok((came, place))
    }

    /// Tells what became of an arrival.
    pub async fn tell(&self, told: &Told) -> Result<(), Failure> {
        self.call("XacNhanHoSo", json!({ "data": [told] })).await.map(drop)
    }

    /// A file of an arrival, of at most so many bytes. It must lie on the other side's own host: an
    /// address in a foreign message must not make us ask anybody else.
    pub async fn file(&self, address: &str, bytes_max: u64) -> Result<Bytes, Failure> {
        let url = self.base.join(address).map_err(|_| Failure::Refused("no address of a file".into()))?;
        if url.origin() != self.base.origin() {
            return Err(Failure::Refused("the file lies on another host".into()));
        }
        let session = self.session(None).await?;
        let request = self.http.get(url).header(header::AUTHORIZATION, format!("Bearer {session}"));
        let answer = request.send().await.map_err(silent)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => {
                self.session(Some(&session)).await?;
                return Err(Failure::Silent("the session had ended".into()));
            }
            status if status.is_server_error() => return Err(Failure::Silent(status.to_string())),
            status => return Err(Failure::Refused(status.to_string())),
        }
        let most = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        match body(answer, most).await? {
            Some(bytes) => Ok(bytes),
            None => Err(Failure::Refused("the file is too large".into())),
        }
    }

    /// A session; a new one when there is none, or when it is `ended`.
    async fn session(&self, ended: Option<&str>) -> Result<String, Failure> {
        let mut kept = self.session.lock().await;
        if let Some(session) = kept.as_deref()
            && Some(session) != ended
        {
            return Ok(session.to_string());
        }
        *kept = None;
        let asked = json!({ "username": self.settings.username, "password": self.settings.password });
        let (status, answer) = self.post(&self.settings.sign_in_path, &asked).await?;
        if status == StatusCode::UNAUTHORIZED {
            // Not the fault of any dossier: somebody has to mend the settings.
            return Err(Failure::Silent("sign-in refused".into()));
        }
        taken(&answer).map_err(|f| Failure::Silent(format!("sign-in {f}")))?;
        let session = answer["session"].as_str().filter(|s| !s.is_empty());
        let session = session.ok_or_else(|| Failure::Garbled("signed in without a session".into()))?;
        *kept = Some(session.to_string());
        Ok(session.to_string())
    }

    /// Asks one service; a session that has ended is renewed once.
    async fn call(&self, service: &str, body: Value) -> Result<Value, Failure> {
        let mut ended = None;
        for _ in 0..2 {
            let session = self.session(ended.as_deref()).await?;
            let mut asked = Map::new();
            asked.insert("session".into(), json!(session));
            asked.insert("madonvi".into(), json!(self.settings.unit));
            asked.insert("service".into(), json!(service));
            asked.extend(body.as_object().cloned().unwrap_or_default());
            let (status, answer) = self.post(&self.settings.service_path, &Value::Object(asked)).await?;
            if status == StatusCode::UNAUTHORIZED {
                ended = Some(session);
                continue;
            }
            taken(&answer)?;
            return Ok(answer);
        }
        Err(Failure::Silent("a fresh session is refused".into()))
    }

    async fn post(&self, path: &str, asked: &Value) -> Result<(StatusCode, Value), Failure> {
        let url = self.base.join(path).map_err(|e| Failure::Silent(format!("no address: {e}")))?;
        let request = self
            .http
            .request(Method::POST, url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(asked.to_string());
        let answer = request.send().await.map_err(silent)?;
        let status = answer.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Failure::Silent(status.to_string()));
        }
        if status.is_redirection() {
            return Err(Failure::Garbled("sent elsewhere".into()));
        }
        let Some(bytes) = body(answer, ANSWER_BYTES_MAX).await? else {
            return Err(Failure::Garbled("an answer without end".into()));
        };
        if status == StatusCode::UNAUTHORIZED {
            return Ok((status, Value::Null));
        }
        let answer =
            serde_json::from_slice(&bytes).map_err(|_| Failure::Garbled(format!("{status}, not JSON")))?;
        Ok((status, answer))
    }
}

/// The body, or none when it is longer than `bytes_max`.
async fn body(mut answer: reqwest::Response, bytes_max: usize) -> Result<Option<Bytes>, Failure> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(silent)? {
        if bytes.len() + piece.len() > bytes_max {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes.into()))
}

/// The error without its address, which may carry a session.
fn silent(error: reqwest::Error) -> Failure {
    let why = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "nobody answers at this address"
    } else {
        "the answer broke off"
    };
    Failure::Silent(why.into())
}

/// Zero, written as it comes, means taken. Anything else is a refusal with its words.
fn taken(answer: &Value) -> Result<(), Failure> {
    let code = &answer["error_code"];
    let zero = match code {
        Value::Number(n) => n.as_i64() == Some(0),
        Value::String(text) => !text.is_empty() && text.chars().all(|c| c == '0'),
        _ => return Err(Failure::Garbled("an answer without error_code".into())),
    };
    if zero {
        return Ok(());
    }
    let words = answer["message"].as_str().unwrap_or_default();
    let words: String = words.chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect();
    let code = code.as_str().map_or_else(|| code.to_string(), str::to_string);
    Err(Failure::Refused(format!("{} {words}", code.chars().take(20).collect::<String>()).trim().into()))
}

fn results<T: DeserializeOwned>(answer: &Value) -> Result<Vec<T>, Failure> {
    let items = match &answer["result"] {
        Value::Null => return Ok(Vec::new()),
        items => items.clone(),
    };
    serde_json::from_value(items).map_err(|_| Failure::Garbled("a result of another shape".into()))
}

fn next(answer: &Value) -> Option<String> {
    answer["tiep"].as_str().filter(|place| !place.is_empty()).map(str::to_string)
}

/// Where the other side says what it took, it must be what was sent.
fn echoed(answer: &Value, code: &str) -> Result<(), Failure> {
    let items = answer["result"].as_array().map(Vec::as_slice).unwrap_or_default();
    let other = items.iter().filter_map(|item| item["MaHoSo"].as_str()).any(|told| told != code);
    if other { Err(Failure::Garbled("took another dossier than was sent".into())) } else { Ok(()) }
}
