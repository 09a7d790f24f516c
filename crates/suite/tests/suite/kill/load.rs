//! Those who work while the server dies. Each remembers what it asked and was not answered, and asks that
//! again, word for word, when a server is there again.

use axum::body::Bytes;
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use suite::person::{Answer, Person};
use tokio::sync::mpsc::UnboundedSender;

use super::{Shared, filing, pdf, sha256, uploads};

const KIND: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const PIECES: &str = "/api/v1/uploads/resumable";
/// Three pieces make a file of `pdf`.
const PIECE_BYTES: usize = 8_000;
/// How often in a row a server may be too busy.
const BUSY_MAX: usize = 20;
/// How long somebody without work waits for some.
const IDLE: std::time::Duration = std::time::Duration::from_millis(10);

/// A request whose answer never came.
#[derive(Clone)]
struct Asked {
    path: String,
    kind: Option<&'static str>,
    token: String,
    key: String,
    body: Bytes,
    /// The dossier and the step that it is about; of a filing the SHA-256 of its file.
    about: String,
    step: String,
}

impl Asked {
    /// The answer; a server that is too busy says so, and is asked again.
    async fn ask(&self, somebody: &Person) -> Option<Answer> {
        let mut who = somebody.clone().with_token(&self.token);
        who.says("idempotency-key", &self.key);
        for _ in 0..BUSY_MAX {
            let answer = who.tries(Method::POST, &self.path, self.kind, self.body.clone()).await.ok()?;
            if answer.status != 503 {
                return Some(answer);
            }
        }
        panic!("{} was too busy {BUSY_MAX} times", self.path);
    }

    /// Asks, and acknowledges what was answered; false when nobody answers.
    async fn settles(&self, somebody: &Person, shared: &Shared) -> bool {
        let Some(answer) = self.ask(somebody).await else { return false };
        let mut known = shared.known.lock().expect("no worker panics");
        if self.step == "file" {
            let code = answer.expect(201).json()["code"].as_str().expect("a dossier has a code").to_string();
            known.ledger.acknowledge(&code, "file");
            known.files.push((code.clone(), self.about.clone()));
            known.queue.push_back((code, self.token.clone()));
            return true;
        }
        if self.step == "pay" {
            let answer = answer.expect(303);
            let to = answer.header("location");
            assert!(to.ends_with("applied") || to.ends_with("known"), "the bank was told {to}");
        } else {
            answer.expect(200);
        }
        known.ledger.acknowledge(&self.about, &self.step);
        true
    }
}

/// Somebody at work.
pub enum Worker {
    Filer(Filer),
    Pieces(Pieces),
    Official(Official),
}

impl Worker {
    /// Files one dossier after another, as this citizen.
    pub fn filer(name: &'static str, citizen: usize) -> Worker {
        Worker::Filer(Filer { name, citizen, turn: 0, doubt: None })
    }

    /// The same with files that come in pieces.
    pub fn pieces(name: &'static str, citizen: usize) -> Worker {
        Worker::Pieces(Pieces { name, citizen, turn: 0, under_way: None, doubt: None })
    }

    /// Works on what was filed.
    pub fn official() -> Worker {
        Worker::Official(Official::default())
    }

    /// Whether something was asked and not answered.
    pub fn is_in_doubt(&self) -> bool {
        let doubt = match self {
            Worker::Filer(filer) => &filer.doubt,
            Worker::Pieces(pieces) => &pieces.doubt,
            Worker::Official(official) => &official.doubt,
        };
        doubt.is_some()
    }

    /// Works until the server is gone, or until everybody stops.
    pub async fn works(mut self, somebody: Person, shared: Shared, heard: UnboundedSender<()>) -> Worker {
        while !shared.stop.load(Ordering::SeqCst) {
            let goes_on = match &mut self {
                Worker::Filer(filer) => filer.once(&somebody, &shared).await,
                Worker::Pieces(pieces) => pieces.once(&somebody, &shared).await,
                Worker::Official(official) => official.once(&somebody, &shared).await,
            };
            match goes_on {
                Some(true) => drop(heard.send(())),
                Some(false) => drop(tokio::time::timeout(IDLE, std::future::pending::<()>()).await),
                None => break,
            }
        }
        self
    }

    /// Asks again what is in doubt, of a server that lives.
    pub async fn settles(self, somebody: Person, shared: &Shared) {
        let doubt = match self {
            Worker::Filer(filer) => filer.doubt,
            Worker::Pieces(pieces) => pieces.doubt,
            Worker::Official(official) => official.doubt,
        };
        if let Some(asked) = doubt {
            assert!(asked.settles(&somebody, shared).await, "the server lives");
        }
    }
}

/// Asks what is in doubt or the next thing; keeps it in doubt until it is answered. `None`: nobody answers.
async fn asks(doubt: &mut Option<Asked>, next: Asked, somebody: &Person, shared: &Shared) -> Option<bool> {
    let asked = doubt.insert(next);
    asked.settles(somebody, shared).await.then(|| {
        *doubt = None;
        true
    })
}

fn filed(shared: &Shared, token: &str, name: &str, upload: &str, file: &[u8]) -> Asked {
    Asked {
        path: "/api/v1/dossiers".into(),
        kind: KIND,
        token: token.into(),
        key: format!("kill-{name}"),
        body: filing(&shared.unit, upload).to_string().into(),
        about: sha256(file),
        step: "file".into(),
    }
}

/// Files one dossier after another.
pub struct Filer {
    name: &'static str,
    /// Which of the citizens.
    citizen: usize,
    turn: usize,
    doubt: Option<Asked>,
}

impl Filer {
    async fn once(&mut self, somebody: &Person, shared: &Shared) -> Option<bool> {
        if let Some(asked) = self.doubt.take() {
            return asks(&mut self.doubt, asked, somebody, shared).await;
        }
        self.turn += 1;
        let name = format!("{}-{}", self.name, self.turn);
        let file = pdf(&name);
        let token = &shared.tokens.citizens[self.citizen];
        let mut who = somebody.clone().with_token(token);
        let upload = uploads(&mut who, &file).await?;
        asks(&mut self.doubt, filed(shared, token, &name, &upload, &file), somebody, shared).await
    }
}

/// As `Filer`, with files that come in pieces and go on where they broke off.
pub struct Pieces {
    name: &'static str,
    /// Which of the citizens.
    citizen: usize,
    turn: usize,
    /// Where the file grows, and how much of it was acknowledged.
    under_way: Option<(String, usize)>,
    doubt: Option<Asked>,
}

impl Pieces {
    async fn once(&mut self, somebody: &Person, shared: &Shared) -> Option<bool> {
        if let Some(asked) = self.doubt.take() {
            return asks(&mut self.doubt, asked, somebody, shared).await;
        }
        let name = format!("{}-{}", self.name, self.turn);
        let file = pdf(&name);
        let token = &shared.tokens.citizens[self.citizen];
        let mut who = somebody.clone().with_token(token);
        who.says("tus-resumable", "1.0.0");
        let Some((at, acknowledged)) = self.under_way.clone() else {
            who.says("upload-length", &file.len().to_string());
            who.says("upload-metadata", &format!("filename {}", STANDARD.encode("giay-to.pdf")));
            let begun = who.tries(Method::POST, PIECES, None, Bytes::new()).await.ok()?.expect(201);
            self.under_way = Some((begun.header("location").to_string(), 0));
            return Some(true);
        };
        let kept = who.tries(Method::HEAD, &at, None, Bytes::new()).await.ok()?.expect(200);
        let kept: usize = kept.header("upload-offset").parse().expect("an offset is a number");
        assert!(kept >= acknowledged, "{acknowledged} bytes were acknowledged, {kept} are kept");
        if kept < file.len() {
            who.says("upload-offset", &kept.to_string());
            let piece = Bytes::copy_from_slice(&file[kept..file.len().min(kept + PIECE_BYTES)]);
            let octets = Some("application/offset+octet-stream");
            let taken = who.tries(Method::PATCH, &at, octets, piece).await.ok()?.expect(204);
            let offset = taken.header("upload-offset").parse().expect("an offset is a number");
            self.under_way = Some((at, offset));
            return Some(true);
        }
        let upload = at.rsplit('/').next().unwrap_or_default().to_string();
        (self.turn, self.under_way) = (self.turn + 1, None);
        asks(&mut self.doubt, filed(shared, token, &name, &upload, &file), somebody, shared).await
    }
}

/// Takes one filed dossier after another from reception to the returned result; every second one is paid
/// for.
#[derive(Default)]
pub struct Official {
    /// The dossier in hand, and its owner's session.
    code: Option<(String, String)>,
    doubt: Option<Asked>,
}

impl Official {
    async fn once(&mut self, somebody: &Person, shared: &Shared) -> Option<bool> {
        if let Some(asked) = self.doubt.take() {
            return asks(&mut self.doubt, asked, somebody, shared).await;
        }
        if self.code.is_none() {
            self.code = shared.known.lock().expect("no worker panics").queue.pop_front();
        }
        let Some((code, owner)) = self.code.clone() else {
            // Else whoever has nothing to do would wait for ever for work from a server that is gone.
            let health = somebody.clone().tries(Method::GET, "/healthz", None, Bytes::new()).await;
            return health.ok().map(|_| false);
        };
        let mut clerk = somebody.clone().with_token(&shared.tokens.clerk);
        let path = format!("/api/v1/dossiers/{code}");
        let seen = clerk.tries(Method::GET, &path, None, Bytes::new()).await.ok()?.expect(200).json();
        if seen["status"] == 10 {
            self.code = None;
            return Some(false);
        }
        let next = match seen["status"] == 6 {
            true => transfer(somebody, &owner, &code).await?,
            false => step(shared, &code, &seen),
        };
        asks(&mut self.doubt, next, somebody, shared).await
    }
}

/// The next step of a dossier by whoever's turn it is.
fn step(shared: &Shared, code: &str, seen: &Value) -> Asked {
    let pays = code.ends_with(['0', '2', '4', '6', '8']) && seen["fee_asked"] == 0;
    let t = &shared.tokens;
    let (token, step, more) = match (seen["status"].as_i64(), seen["holder"]["role"].as_str()) {
        (Some(1), _) => (&t.clerk, "receive", json!({})),
        (Some(2), _) if pays => (&t.clerk, "ask_fee", json!({ "amount": 8_000 })),
        (Some(2), _) => (&t.clerk, "pass_on", json!({})),
        (Some(4), Some("leader")) => (&t.chairman, "decide", json!({ "outcome": "granted" })),
        (Some(4), _) => (&t.registrar, "submit_for_signature", json!({})),
        (Some(9), _) => (&t.clerk, "return_result", json!({ "signed_by": "Nguyễn Văn Hòa" })),
        other => panic!("{code} is at {other:?}"),
    };
    let mut body = json!({ "step": step, "seen_version": seen["version"] });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    Asked {
        path: format!("/api/v1/dossiers/{code}/steps"),
        kind: KIND,
        token: token.clone(),
        key: format!("{code}-{}", seen["version"]),
        body: body.to_string().into(),
        about: code.into(),
        step: step.into(),
    }
}

/// What the bank of the demonstration tells of this dossier's bill, under a reference of its own.
async fn transfer(somebody: &Person, owner: &str, code: &str) -> Option<Asked> {
    let mut citizen = somebody.clone().with_token(owner);
    let page = format!("/ho-so-cua-toi/{code}/nop-phi");
    citizen.tries(Method::GET, &page, None, Bytes::new()).await.ok()?.expect(200);
    let bank = citizen.link("Ngân hàng thử (bản trình diễn)");
    citizen.tries(Method::GET, &bank, None, Bytes::new()).await.ok()?.expect(200);
    let forms = citizen.page().forms();
    let form = forms.iter().find(|form| form.buttons.iter().any(|(words, _)| words == "Báo tiền đã về"));
    let fields = &form.expect("the bank has its form").fields;
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Some(Asked {
        path: "/ngan-hang-thu".into(),
        kind: FORM,
        token: owner.into(),
        key: String::new(),
        body: body.into(),
        about: code.into(),
        step: "pay".into(),
    })
}
