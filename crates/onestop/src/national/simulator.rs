//! The national portal as far as we need one: for demonstrations, and for stories in which it misbehaves.
//! It keeps what it is told in memory. law: national/wire
//!
//! Written against the wire and not against our client: it reads plain JSON by its national names.

mod faults;
mod pages;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base::{Clock, Instant};
use serde_json::{Map, Value, json};

pub use faults::{Fault, Faults, NoSuchFault};

use super::rules;
use crate::procedure::model;

/// Where a session is asked for.
pub const SIGN_IN: &str = "/api/login";
/// Where services are asked for.
pub const SERVICE: &str = "/api/service";
/// Where files are fetched.
const FILES: &str = "/api/files/{id}";
/// Who may sign in. A simulator guards nothing.
pub const USERNAME: &str = "cuulong";
/// The password of [`USERNAME`].
pub const PASSWORD: &str = "simulator";
/// A session serves so many requests, so that its end is met often.
const SESSION_USES: u32 = 40;
/// Dossiers on a page of a day's list.
const LIST_PAGE: usize = 100;

/// The simulated portal. Clones are the same one.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    clock: Clock,
    faults: Faults,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    dossiers: BTreeMap<String, Kept>,
    arrivals: Vec<Arrived>,
    files: BTreeMap<String, Bytes>,
    sessions: HashMap<String, u32>,
    /// How often each request came.
    came: HashMap<String, u32>,
    /// Requests that will be done after a later one.
    late: Vec<Map<String, Value>>,
    heard: Vec<(String, String, i64)>,
}

/// A dossier as it was told.
#[derive(Clone, Debug)]
pub struct Kept {
    pub data: Value,
    pub changed: Instant,
    /// The lines of its log by their place.
    pub lines: BTreeMap<i64, Value>,
    /// The places in the order in which they were first heard.
    pub order: Vec<i64>,
}

/// A dossier handed in here.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub id: String,
    pub body: Value,
    /// What we were told became of it, and how often.
    pub told: Option<Value>,
    pub told_times: u32,
}

impl Simulator {
    /// A portal that knows nothing yet.
    pub fn new(clock: Clock, faults: Faults) -> Simulator {
        Simulator(Arc::new(Inner { clock, faults, memory: Mutex::default() }))
    }

    /// Its interface and its page.
    pub fn router(&self) -> Router {
        Router::new()
            .route(SIGN_IN, post(sign_in))
            .route(SERVICE, post(service))
            .route(FILES, get(file))
            .merge(pages::routes())
            .layer(DefaultBodyLimit::max(32 * 1024 * 1024))
            .with_state(self.clone())
            .merge(web::assets::routes())
    }

    /// A citizen hands a dossier in: the national fields, and files as (name, component, bytes). Its code.
    pub fn take(&self, mut body: Value, files: &[(&str, &str, Bytes)]) -> String {
        let now = self.0.clock.now();
        let mut memory = self.memory();
        let n = memory.arrivals.len() + 1;
        let id = format!("QG-{}-{n:06}", now.day().year());
        let mut papers = Vec::new();
        for (i, (name, component, bytes)) in files.iter().enumerate() {
            let file = format!("{id}-{i}");
            papers.push(json!({
                "TenTepDinhKem": name,
                "MaThanhPhanHoSo": component,
                "DuongDanTaiTepTin": FILES.replace("{id}", &file),
                "MaBam": db::blobs::Hash::of(bytes).to_string(),
            }));
            memory.files.insert(file, bytes.clone());
        }
        body["MaHoSoQG"] = json!(id);
        if body["NgayNop"].is_null() {
            body["NgayNop"] = json!(rules::stamp(now));
        }
        if !papers.is_empty() {
            body["TaiLieuNop"] = Value::Array(papers);
        }
        memory.arrivals.push(Arrived { id: id.clone(), body, told: None, told_times: 0 });
        id
    }

    /// A dossier as it is here.
    pub fn dossier(&self, code: &str) -> Option<Kept> {
        self.memory().dossiers.get(code).cloned()
    }

    /// What was handed in here.
    pub fn arrival(&self, id: &str) -> Option<Arrived> {
        self.memory().arrivals.iter().find(|a| a.id == id).cloned()
    }

    /// How many dossiers it was told of.
    pub fn count(&self) -> usize {
        self.memory().dossiers.len()
    }

    /// Every message about a dossier that reached it, in order: service, code, version.
    pub fn heard(&self) -> Vec<(String, String, i64)> {
        self.memory().heard.clone()
    }

    /// Loses a dossier.
    pub fn forget(&self, code: &str) {
        self.memory().dossiers.remove(code);
    }

    /// Changes a field of a dossier behind everybody's back.
    pub fn tamper(&self, code: &str, field: &str, value: &str) {
        if let Some(kept) = self.memory().dossiers.get_mut(code) {
            kept.data[field] = json!(value);
        }
    }

    /// Changes the bytes of a file that was handed in, as a bad disk would.
    pub fn spoil(&self, arrival: &str) {
        let mut memory = self.memory();
        for (name, bytes) in &mut memory.files {
            if name.starts_with(arrival) {
                *bytes = Bytes::from_static(b"%PDF- spoiled");
            }
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Notes that a request came; how often it had come before.
    fn came(&self, key: &str) -> u32 {
        let mut memory = self.memory();
        let times = memory.came.entry(key.to_string()).or_default();
        *times += 1;
        *times - 1
    }

    fn signed_in(&self, session: &str) -> bool {
        let mut memory = self.memory();
        match memory.sessions.get_mut(session) {
            Some(0) | None => false,
            Some(uses) => {
                *uses -= 1;
                true
            }
        }
    }

    /// Does what is asked, and then what was held back before.
    fn answer(&self, asked: &Map<String, Value>) -> Value {
        let now = self.0.clock.now();
        let mut memory = self.memory();
        let answer = memory.serve(asked, now);
        for held in std::mem::take(&mut memory.late) {
            memory.serve(&held, now);
        }
        answer
    }
}

async fn sign_in(State(portal): State<Simulator>, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    if asked["username"] != USERNAME || asked["password"] != PASSWORD {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let session = web::secret::token();
    portal.memory().sessions.insert(session.clone(), SESSION_USES);
    told(&json!({ "error_code": 0, "session": session }))
}

fn told(answer: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

/// What names a request: the service, and what it is about.
fn key(asked: &Map<String, Value>) -> String {
    let text = |name: &str| asked.get(name).map(Value::to_string).unwrap_or_default();
    let about = |item: &Value| format!("{}{}{}", item["MaHoSo"], item["MaHoSoQG"], item["PhienBan"]);
    let data = asked.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let first = data.first().map(about).unwrap_or_default();
    format!("{}|{first}|{}|{}|{}", text("service"), text("mahoso"), text("ngay"), text("sau"))
}

async fn service(State(portal): State<Simulator>, body: Bytes) -> Response {
    let Ok(asked) = serde_json::from_slice::<Map<String, Value>>(&body) else {
        return told(&json!({ "error_code": "97", "message": "not a JSON object" }));
    };
    if !portal.signed_in(asked.get("session").and_then(Value::as_str).unwrap_or_default()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let key = key(&asked);
    let time = portal.came(&key);
    let faults = &portal.0.faults;
    match faults.choose(&key, time) {
        None => told(&portal.answer(&asked)),
        Some(Fault::Slow) => {
            let answer = portal.answer(&asked);
            tokio::time::sleep(faults.slow_for).await;
            told(&answer)
        }
        Some(Fault::Down) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Fault::Duplicate) => {
            portal.answer(&asked);
            told(&portal.answer(&asked))
        }
        Some(Fault::Reorder) => {
            portal.memory().late.push(asked);
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Some(Fault::Wrong) => wrong(&portal, &asked, faults.number(&key, time) / 64),
        Some(Fault::Lie) => told(&json!({ "error_code": "00", "result": [] })),
    }
}

/// An answer that is none, in one of four ways.
fn wrong(portal: &Simulator, asked: &Map<String, Value>, way: u64) -> Response {
    match way % 4 {
        0 => {
            portal.answer(asked);
            "<html><body>Bad gateway</body></html>".into_response()
        }
        1 => told(&json!({ "error_code": "99", "message": "System.NullReferenceException" })),
        2 => {
            portal.answer(asked);
            told(&json!({ "error_code": "00", "result": [{ "MaHoSo": "000.00.00.Z00-000000-0000" }] }))
        }
        _ => told(&json!({ "result": "ok" })),
    }
}

async fn file(State(portal): State<Simulator>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let session = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let session = session.and_then(|v| v.strip_prefix("Bearer ")).unwrap_or_default();
    if !portal.signed_in(session) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match portal.memory().files.get(&id).cloned() {
        Some(bytes) => bytes.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn refused(code: &str, message: &str) -> Value {
    json!({ "error_code": code, "message": message })
}

fn text<'a>(of: &'a Map<String, Value>, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Memory {
    fn serve(&mut self, asked: &Map<String, Value>, now: Instant) -> Value {
        let data: Vec<Value> = asked.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        match text(asked, "service") {
            "DongBoHoSoMC" => self.put_dossiers(&data, text(asked, "isUpdating") == "True", now),
            "CapNhatTienDoHoSoMC" => self.put_lines(&data, now),
            "TraCuuHoSo" if asked.contains_key("mahoso") => {
                let found = self.dossiers.get(text(asked, "mahoso"));
                json!({ "error_code": "00", "result": found.map(listed).into_iter().collect::<Vec<_>>() })
            }
            "TraCuuHoSo" => self.list(text(asked, "ngay"), text(asked, "sau")),
            "LayThuTuc" => procedure(text(asked, "maTTHC")),
            "LayHoSoMoiNop" => self.new_arrivals(text(asked, "sau"), text(asked, "toiDa")),
            "XacNhanHoSo" => self.hear_outcomes(&data),
            other => refused("96", &format!("no service {other}")),
        }
    }

    /// A version older than the known one changes nothing and is taken.
    fn put_dossiers(&mut self, data: &[Value], updating: bool, now: Instant) -> Value {
        let mut taken = Vec::new();
        for item in data {
            let code = item["MaHoSo"].as_str().unwrap_or_default().to_string();
            let version = item["PhienBan"].as_i64().unwrap_or_default();
            self.heard.push(("DongBoHoSoMC".into(), code.clone(), version));
            if code.is_empty() || item["MaTTHC"].as_str().is_none_or(|c| procedure_named(c).is_none()) {
                return refused("03", "unknown procedure");
            }
            let known = self.dossiers.get(&code).map(|kept| kept.data["PhienBan"].as_i64().unwrap_or(0));
            match known {
                None if updating => return refused("04", "no such dossier"),
                Some(known) if known < version && !updating => return refused("05", "dossier exists"),
                Some(known) if known > version => {}
                // The same version once more is the same dossier: what stands here is set right.
                _ => {
                    let old = self.dossiers.remove(&code);
                    let (lines, order) = old.map(|k| (k.lines, k.order)).unwrap_or_default();
                    let kept = Kept { data: item.clone(), changed: now, lines, order };
                    self.dossiers.insert(code.clone(), kept);
                }
            }
            taken.push(json!({ "MaHoSo": code, "PhienBan": version }));
        }
        json!({ "error_code": "00", "result": taken })
    }

    fn put_lines(&mut self, data: &[Value], now: Instant) -> Value {
        let mut taken = Vec::new();
        for item in data {
            let code = item["MaHoSo"].as_str().unwrap_or_default().to_string();
            let place = item["PhienBan"].as_i64().unwrap_or_default();
            self.heard.push(("CapNhatTienDoHoSoMC".into(), code.clone(), place));
            let Some(kept) = self.dossiers.get_mut(&code) else { return refused("04", "no such dossier") };
            if kept.lines.insert(place, item.clone()).is_none() {
                kept.order.push(place);
            }
            kept.changed = now;
            taken.push(json!({ "MaHoSo": code, "PhienBan": place }));
        }
        json!({ "error_code": "00", "result": taken })
    }

    fn list(&self, day: &str, after: &str) -> Value {
        let on_day = |kept: &&Kept| rules::day_stamp(kept.changed.day()) == day;
        let later = self.dossiers.range(after.to_string()..).filter(|(code, _)| code.as_str() > after);
        let mut page: Vec<&Kept> = later.map(|(_, kept)| kept).filter(on_day).take(LIST_PAGE + 1).collect();
        let more = page.len() > LIST_PAGE;
        page.truncate(LIST_PAGE);
        let next = page.last().filter(|_| more).map(|kept| kept.data["MaHoSo"].clone());
        let items: Vec<Value> = page.into_iter().map(listed).collect();
        json!({ "error_code": "00", "result": items, "tiep": next.unwrap_or_default() })
    }

    fn new_arrivals(&self, after: &str, most: &str) -> Value {
        let from = after.parse::<usize>().unwrap_or(0).min(self.arrivals.len());
        let to = (from + most.parse::<usize>().unwrap_or(50)).min(self.arrivals.len());
        let bodies: Vec<&Value> = self.arrivals[from..to].iter().map(|a| &a.body).collect();
        json!({ "error_code": "00", "result": bodies, "tiep": to.to_string() })
    }

    fn hear_outcomes(&mut self, data: &[Value]) -> Value {
        for item in data {
            let known = self.arrivals.iter_mut().find(|a| item["MaHoSoQG"] == a.id.as_str());
            let Some(arrived) = known else { return refused("04", "no such dossier") };
            arrived.told = Some(item.clone());
            arrived.told_times += 1;
        }
        json!({ "error_code": "00", "result": [] })
    }
}

fn listed(kept: &Kept) -> Value {
    let mut item = Map::new();
    for name in
        ["MaHoSo", "MaTTHC", "TrangThaiHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra"]
    {
        item.insert(name.into(), kept.data[name].clone());
    }
    item.insert("SoDongTienDo".into(), json!(kept.lines.len().to_string()));
    item.insert("NgayCapNhat".into(), json!(rules::stamp(kept.changed)));
    Value::Object(item)
}

fn procedure_named(code: &str) -> Option<&'static model::Procedure> {
    model::embedded().iter().find(|p| p.code == code)
}

/// A procedure with the code of its field. Real codes of fields are not known: these begin with Z.
fn procedure(code: &str) -> Value {
    let Some(found) = procedure_named(code) else { return json!({ "error_code": "00", "result": [] }) };
    let mut fields: Vec<&str> = model::embedded().iter().map(|p| p.field.as_str()).collect();
    fields.sort_unstable();
    fields.dedup();
    let n = fields.iter().position(|f| *f == found.field).unwrap_or_default() + 1;
    let field = json!({ "MALINHVUC": format!("Z00-LV{n:02}"), "TENLINHVUC": found.field });
    json!({ "error_code": "00", "result": [
        { "MATTHC": found.code, "TENTTHC": found.name, "LINHVUCTHUCHIEN": [field] }
    ] })
}
