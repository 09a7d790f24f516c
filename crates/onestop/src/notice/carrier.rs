//! The ways out of the house: e-mail by SMTP, short messages by a gateway's HTTP hook, and the
//! demonstration's, which sends nothing.
//!
//! The hook: a POST of `{"id", "to", "text"}` under `x-cuulong-timestamp` (seconds since 1970) and
//! `x-cuulong-signature` (HMAC-SHA-256 over the timestamp, a dot and the body, in hexadecimal). Any 2xx
//! means taken. `Idempotency-Key` is the delivery's id: after a crash the same message may come twice, and
//! the gateway can tell. E-mail carries the id in its `Message-ID`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use base::Instant;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::{StatusCode, Url};
use serde_json::json;

use super::rules::Channel;

/// Words of the other side that are kept with a failure.
const WHY_CHARS_MAX: usize = 200;

/// What goes out.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The delivery's id, by which the other side knows the letter again.
    pub id: String,
    pub address: String,
    /// Of an e-mail.
    pub subject: String,
    pub body: String,
    pub at: Instant,
}

/// Why it did not go out. The words hold no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCarried {
    /// The way itself does not work: nobody answers, or we are not let in.
    Way(String),
    /// Not this one now; later perhaps.
    Later(String),
    /// Not this one, ever.
    Never(String),
}

/// Somebody who carries letters of one channel.
pub trait Carrier: Send + Sync {
    /// Which.
    fn channel(&self) -> Channel;

    /// Its word in rows.
    fn word(&self) -> &'static str;

    /// Carries one; `Ok` when the other side has taken it.
    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotCarried>>;
}

/// Says that it carried, and carries nothing.
struct Demo(Channel);

/// The word of the demonstration's carrier in rows.
pub const DEMO: &str = "demo";

/// The carriers of a demonstration.
pub fn demo() -> Vec<Arc<dyn Carrier>> {
    Channel::ALL.into_iter().map(|channel| Arc::new(Demo(channel)) as Arc<dyn Carrier>).collect()
}

impl Carrier for Demo {
    fn channel(&self) -> Channel {
        self.0
    }

    fn word(&self) -> &'static str {
        DEMO
    }

    fn carry<'a>(&'a self, _: &'a Letter) -> BoxFuture<'a, Result<(), NotCarried>> {
        async { Ok(()) }.boxed()
    }
}

/// How the line to the mail server is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// TLS begins in the talk, and must.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None: for a server on this machine.
    Plain,
}

/// How to reach the mail server, and as whom.
#[derive(Clone, Debug)]
pub struct MailSettings {
    pub server: String,
    pub port: u16,
    pub secrecy: Secrecy,
    /// Name and password; none where the server asks for none.
    pub credentials: Option<(String, String)>,
    /// `Name <address>`.
    pub from: String,
    pub answer_within: Duration,
}

/// The line to a mail server.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    /// Makes the line; nothing is sent yet.
    ///
    /// # Errors
    /// What is wrong with the settings, in one sentence.
    pub fn new(settings: &MailSettings) -> Result<Mail, String> {
        let from: Mailbox = settings.from.parse().map_err(|e| format!("mail.from is no address: {e}"))?;
        let parameters =
            || TlsParameters::new_rustls(settings.server.clone()).map_err(|e| format!("no TLS: {e}"));
        let tls = match settings.secrecy {
            Secrecy::StartTls => Tls::Required(parameters()?),
            Secrecy::Tls => Tls::Wrapper(parameters()?),
            Secrecy::Plain => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.answer_within));
        let builder = match settings.credentials.clone() {
            Some((name, password)) => builder.credentials(Credentials::new(name, password)),
            None => builder,
        };
        Ok(Mail { transport: builder.build(), from })
    }

    fn message(&self, letter: &Letter) -> Result<Message, NotCarried> {
        let never = |why: &str| NotCarried::Never(why.to_string());
        let to: Mailbox = letter.address.parse().map_err(|_| never("no e-mail address"))?;
        let at = u64::try_from(letter.at.micros()).unwrap_or_default();
        let id = format!("<{}@{}>", letter.id, self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject.clone())
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(at))
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            .raw_header(automatic())
            .body(letter.body.clone())
            .map_err(|_| never("no letter can be made of it"))
    }
}

/// RFC 3834: nobody's holiday note should answer it.
fn automatic() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_string())
}

impl Carrier for Mail {
    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn word(&self) -> &'static str {
        "smtp"
    }

    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotCarried>> {
        async move {
            let message = self.message(letter)?;
            self.transport.send(message).await.map(drop).map_err(|e| not_mailed(&e))
        }
        .boxed()
    }
}

/// What the server's answer means. Its words may name the address, so only the code is kept.
fn not_mailed(error: &SmtpError) -> NotCarried {
    let Some(code) = error.status() else {
        let why = if error.is_timeout() {
            "no answer in time"
        } else if error.is_tls() {
            "no secure line"
        } else {
            "nobody answers at this address"
        };
        return NotCarried::Way(why.into());
    };
    let code = code.to_string();
    match code.as_str() {
        // Not let in, or the service closes.
        "421" | "454" | "530" | "534" | "535" | "538" => NotCarried::Way(code),
        _ if error.is_permanent() => NotCarried::Never(code),
        _ => NotCarried::Later(code),
    }
}

/// How to reach the gateway of short messages.
#[derive(Clone, Debug)]
pub struct SmsSettings {
    /// The whole address.
    pub address: String,
    /// Shared with the gateway; at least 32 bytes.
    pub key: Vec<u8>,
    pub answer_within: Duration,
}

/// The line to the gateway.
pub struct Sms {
    http: reqwest::Client,
    address: Url,
    key: hmac::Key,
}

impl Sms {
    /// Makes the line; nothing is sent yet.
    ///
    /// # Errors
    /// What is wrong with the settings, in one sentence.
    pub fn new(settings: &SmsSettings) -> Result<Sms, String> {
        let address = Url::parse(&settings.address).map_err(|e| format!("sms.address is no URL: {e}"))?;
        if settings.key.len() < 32 {
            return Err("the key in sms.key_file must have at least 32 bytes".into());
        }
        let http = reqwest::Client::builder()
            .connect_timeout(settings.answer_within.min(Duration::from_secs(10)))
            .timeout(settings.answer_within)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| format!("no HTTP client: {e}"))?;
        Ok(Sms { http, address, key: hmac::Key::new(hmac::HMAC_SHA256, &settings.key) })
    }

    async fn post(&self, letter: &Letter) -> Result<(), NotCarried> {
        let body = json!({ "id": letter.id, "to": letter.address, "text": letter.body }).to_string();
        let timestamp = letter.at.micros().div_euclid(1_000_000).to_string();
        let tag = hmac::sign(&self.key, format!("{timestamp}.{body}").as_bytes());
        let signature: String = tag.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        let request = self
            .http
            .post(self.address.clone())
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", &letter.id)
            .header("x-cuulong-timestamp", timestamp)
            .header("x-cuulong-signature", signature)
            .body(body);
        let answer = request.send().await.map_err(|e| {
            let why = if e.is_timeout() { "no answer in time" } else { "nobody answers at this address" };
            NotCarried::Way(why.into())
        })?;
        taken(answer.status())
    }
}

/// What the gateway's status means.
fn taken(status: StatusCode) -> Result<(), NotCarried> {
    let why = status.as_u16().to_string().chars().take(WHY_CHARS_MAX).collect();
    match status.as_u16() {
        200..=299 => Ok(()),
        408 | 425 => Err(NotCarried::Later(why)),
        401 | 403 | 407 | 429 | 300..=399 | 500..=599 => Err(NotCarried::Way(why)),
        _ => Err(NotCarried::Never(why)),
    }
}

impl Carrier for Sms {
    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn word(&self) -> &'static str {
        "hook"
    }

    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotCarried>> {
        self.post(letter).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_gateway_says() {
        let mut table = String::new();
        for status in [200, 202, 302, 400, 401, 404, 408, 422, 429, 500, 503] {
            let said = match taken(StatusCode::from_u16(status).unwrap()) {
                Ok(()) => "taken",
                Err(NotCarried::Way(_)) => "the way does not work",
                Err(NotCarried::Later(_)) => "later",
                Err(NotCarried::Never(_)) => "never",
            };
            table += &format!("{status} {said}\n");
        }
        let picture = "\
200 taken
202 taken
302 the way does not work
400 never
401 the way does not work
404 never
408 later
422 never
429 the way does not work
500 the way does not work
503 the way does not work
";
        assert_eq!(table, picture, "{table}");
    }
}
