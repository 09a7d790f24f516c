//! The world outside the house: a mail server that speaks SMTP on loopback, and a gateway of short messages
//! that checks each signature. Both do at first what they are told to do, and keep what they took.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the mail server does with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// 451: later.
    Later,
    /// 550: there is nobody of this name.
    Nobody,
    /// Takes it, and hangs up before saying so.
    HangsUp,
}

/// A letter as the server took it.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    /// Headers and body.
    pub text: String,
}

impl Mail {
    /// A header's value.
    pub fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let found = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_string));
        found.unwrap_or_default()
    }
}

struct Kept<T> {
    took: Vec<T>,
    moods: VecDeque<Mood>,
}

fn locked<T>(kept: &Mutex<Kept<T>>) -> std::sync::MutexGuard<'_, Kept<T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mail server.
#[derive(Clone)]
pub struct MailHost {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept<Mail>>>,
}

impl MailHost {
    /// Opens one that goes through these moods, and takes everything afterwards.
    pub async fn open(address: SocketAddr, moods: &[Mood]) -> MailHost {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let kept = Arc::new(Mutex::new(Kept { took: Vec::new(), moods: moods.iter().copied().collect() }));
        let host = MailHost { address, kept: kept.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                tokio::spawn(async move { talk(stream, &kept).await });
            }
        });
        host
    }

    /// What it took, in the order it came.
    pub fn took(&self) -> Vec<Mail> {
        locked(&self.kept).took.clone()
    }
}

async fn talk(stream: TcpStream, kept: &Mutex<Kept<Mail>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.test ESMTP\r\n").await.ok()?;
    let (mut to, mut mood) = (String::new(), Mood::Takes);
    while let Some(line) = lines.next_line().await.ok()? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME",
            "MAIL" => "250 so far so good",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_string();
                mood = locked(kept).moods.pop_front().unwrap_or(Mood::Takes);
                match mood {
                    Mood::Later => "451 later",
                    Mood::Nobody => "550 nobody of this name",
                    Mood::Takes | Mood::HangsUp => "250 known",
                }
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    text += line.strip_prefix('.').unwrap_or(&line);
                    text += "\r\n";
                }
                locked(kept).took.push(Mail { to: to.clone(), text });
                if mood == Mood::HangsUp {
                    return None;
                }
                "250 taken"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await.ok()?;
                return Some(());
            }
            "RSET" | "NOOP" => "250 yes",
            _ => "502 not spoken here",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}

/// The key shared with the gateway.
pub const GATEWAY_KEY: &[u8] = b"a key of the gateway, 32 bytes or more";

/// A short message as the gateway got it.
#[derive(Clone, Debug)]
pub struct Sms {
    /// The `Idempotency-Key`.
    pub key: String,
    pub body: Value,
    pub taken: bool,
}

/// A gateway of short messages.
#[derive(Clone)]
pub struct Gateway {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept<Sms>>>,
    fails: Arc<Mutex<u32>>,
}

impl Gateway {
    /// Opens one that fails so many times, and takes everything afterwards.
    pub async fn open(fails: u32) -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let gateway = Gateway {
            address,
            kept: Arc::new(Mutex::new(Kept { took: Vec::new(), moods: VecDeque::new() })),
            fails: Arc::new(Mutex::new(fails)),
        };
        let router = Router::new().route("/sms", post(take)).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        gateway
    }

    /// Every message that came, taken or not, in order.
    pub fn heard(&self) -> Vec<Sms> {
        locked(&self.kept).took.clone()
    }
}

async fn take(State(gateway): State<Gateway>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_string();
    let signed = [header("x-cuulong-timestamp").as_bytes(), b".", &body].concat();
    let signature = header("x-cuulong-signature");
    let tag: Option<Vec<u8>> = (0..signature.len() / 2)
        .map(|at| u8::from_str_radix(signature.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, GATEWAY_KEY);
    if tag.is_none_or(|tag| hmac::verify(&key, &signed, &tag).is_err()) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let taken = {
        let mut fails = gateway.fails.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = *fails == 0;
        *fails = fails.saturating_sub(1);
        taken
    };
    locked(&gateway.kept).took.push(Sms { key: header("idempotency-key"), body, taken });
    if taken { StatusCode::ACCEPTED } else { StatusCode::SERVICE_UNAVAILABLE }
}
