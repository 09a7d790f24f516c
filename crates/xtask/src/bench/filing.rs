//! Filing over the API with two files, durable before the answer.

use super::demo::Demo;
use super::http::Line;
use super::load::Times;
use super::{CONNECTIONS, Figure, Plan, Tools};
use crate::shell::{Outcome, Program};
use serde_json::{Value, json};
use std::path::Path;

/// What a citizen sends: the dossier's JSON (crates/xtask/filing.json) and the files' size.
const DOSSIER: &str = include_str!("../../filing.json");
const FILE_BYTES: usize = 200 * 1024;
const LINE: &str = "----cuulong-bench-8c1d";

/// Filing as fast as the product takes it.
pub(super) fn rate(plan: &Plan, data: &Path, demo: &Demo) -> Outcome<Times> {
    let (token, dossier) = prepare(data, demo)?;
    plan.load().runs(|thread| {
        let mut citizen = Citizen::new(demo.port, &token, &dossier, thread)?;
        Ok(move || citizen.files())
    })
}

/// The product's filings beside the raw loop, which takes the rows of the last one: in a copy of a SQLite
/// file, or in the database at an address, whose product must have stopped.
pub(super) fn beside_raw(
    plan: &Plan,
    tools: &Tools,
    folder: &Path,
    database: &str,
    times: &Times,
) -> Outcome<Figure> {
    let load = plan.load();
    let said = Program::new(&tools.raw)
        .args(["bench".as_ref(), "raw".as_ref(), "filing".as_ref(), folder.join("raw").as_os_str()])
        .args([database.to_string(), load.warm_up.to_string(), load.seconds.to_string()])
        .args([FILE_BYTES.to_string()])
        .output()?;
    let raw: f64 = said.trim().parse().map_err(|_| format!("the raw loop said {said:?}"))?;
    Ok(Figure {
        what: "filing with two files of 200 KB, durable".into(),
        product: format!("{:.0}/s (median {:.0} ms)", times.rate(), times.median_ms()),
        raw: format!("{raw:.0}/s"),
        ratio: Some(times.rate() / raw),
        load: format!(
            "{CONNECTIONS} connections, warm-up {} s, n = {} filings in {} s",
            load.warm_up,
            times.count(),
            load.seconds
        ),
    })
}

/// Filing at a given rate, whatever the answers take.
pub(super) fn paced(plan: &Plan, data: &Path, demo: &Demo, per_second: f64) -> Outcome<Times> {
    let (token, dossier) = prepare(data, demo)?;
    plan.load().paced(per_second, |thread| {
        // Other bytes than those of the measurement before.
        let mut citizen = Citizen::new(demo.port, &token, &dossier, thread + CONNECTIONS)?;
        Ok(move || citizen.files())
    })
}

/// The citizen's token and the dossier as it is sent.
fn prepare(data: &Path, demo: &Demo) -> Outcome<(String, String)> {
    let accounts = accounts(data)?;
    let token = sign_in(demo.port, with_role(&accounts, "citizen")?)?;
    let unit = with_role(&accounts, "counter_clerk")?["unit_code"].as_str().ok_or("the clerk has no unit")?;
    Ok((token, DOSSIER.replace("{unit}", unit)))
}

/// Whom one may sign in as, as the demo wrote it down.
pub(super) fn accounts(data: &Path) -> Outcome<Vec<Value>> {
    let file = data.join("demo-accounts.json");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))
}

pub(super) fn with_role<'a>(accounts: &'a [Value], role: &str) -> Outcome<&'a Value> {
    let has_role = |account: &&Value| {
        account["roles"].as_array().is_some_and(|roles| roles.contains(&Value::from(role)))
    };
    accounts.iter().find(has_role).ok_or(format!("the demo has no {role}"))
}

pub(super) fn sign_in(port: u16, who: &Value) -> Outcome<String> {
    let body = json!({ "login": who["login"], "password": who["password"] }).to_string();
    let answer = Line::open(port)?.post("/api/v1/session", &JSON, body.as_bytes())?;
    let status = answer.status;
    let session = answer.json(status)?;
    session["token"].as_str().map(str::to_string).ok_or(format!("no token: {status} {session}"))
}

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// One connection that files and files.
struct Citizen<'a> {
    line: Line,
    bearer: String,
    dossier: &'a str,
    thread: usize,
    turn: u64,
    /// The body of an upload, made once; each upload stamps it with bytes of its own.
    body: Vec<u8>,
}

impl<'a> Citizen<'a> {
    fn new(port: u16, token: &str, dossier: &'a str, thread: usize) -> Outcome<Citizen<'a>> {
        let bearer = format!("Bearer {token}");
        Ok(Citizen { line: Line::open(port)?, bearer, dossier, thread, turn: 0, body: upload_body() })
    }

    /// Two uploads and the dossier; the answer is 201 only when all of it is durable.
    fn files(&mut self) -> Outcome {
        self.turn += 1;
        let uploads = [self.uploads(0)?, self.uploads(1)?];
        let body = uploads.iter().enumerate().fold(self.dossier.to_string(), |body, (at, id)| {
            body.replace(&format!("{{upload{}}}", at + 1), id)
        });
        let key = format!("bench-{}-{}", self.thread, self.turn);
        let headers = [JSON[0], ("authorization", &self.bearer), ("idempotency-key", &key)];
        self.line.post("/api/v1/dossiers", &headers, body.as_bytes())?.json(201).map(drop)
    }

    /// Each file is different, because the same bytes would be stored once.
    fn uploads(&mut self, which: u64) -> Outcome<String> {
        let stamp = (self.thread as u64 + 1) << 40 | self.turn << 8 | which;
        let end = self.body.len() - end_of_upload().len();
        self.body[end - 8..end].copy_from_slice(&stamp.to_be_bytes());
        let kind = format!("multipart/form-data; boundary={LINE}");
        let headers = [("content-type", kind.as_str()), ("authorization", &self.bearer)];
        let answer = self.line.post("/api/v1/uploads", &headers, &self.body)?;
        let status = answer.status;
        let said = answer.json(status)?;
        said["id"].as_str().map(str::to_string).ok_or(format!("no upload: {status} {said}"))
    }
}

/// A PDF by its first bytes and noise after them, in its multipart frame.
fn upload_body() -> Vec<u8> {
    let head = format!(
        "--{LINE}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"giay-to.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n%PDF-1.7\n"
    );
    let mut body = head.into_bytes();
    let mut word = 1_u64;
    for _ in 0..FILE_BYTES / 8 {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        body.extend_from_slice(&word.to_be_bytes());
    }
    body.extend_from_slice(end_of_upload().as_bytes());
    body
}

fn end_of_upload() -> String {
    format!("\r\n--{LINE}--\r\n")
}
