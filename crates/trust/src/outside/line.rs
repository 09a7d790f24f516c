//! The way to issuers outside: HTTP without redirects and proxies, to the open Internet and to those networks
//! alone that the configuration names. A certificate in a file that somebody imported names the address, so
//! this is the door to guard: the address that a name leads to is judged when the connection is made, and
//! nothing else is connected to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{RequestBuilder, Url};

use super::rules::{Fault, is_public};

/// The largest list, in bytes.
pub const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long one answer may take in all.
const WITHIN: Duration = Duration::from_secs(60);
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Says of an address that is not public whether it may be asked all the same.
pub type Allowed = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// The way out.
#[derive(Clone)]
pub struct Line {
    http: reqwest::Client,
    allowed: Allowed,
}

/// Leads names to the addresses that may be asked.
struct Guard(Allowed);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may: Vec<SocketAddr> = found.filter(|at| may_ask(&allowed, at.ip())).collect();
            if may.is_empty() {
                return Err("the name leads to no address that may be asked".into());
            }
            Ok(Box::new(may.into_iter()) as Addrs)
        })
    }
}

fn may_ask(allowed: &Allowed, address: IpAddr) -> bool {
    is_public(address) || allowed(address)
}

impl Line {
    /// To the open Internet, and to the addresses that `allowed` says.
    ///
    /// # Errors
    /// What keeps the client from being made, in one sentence.
    pub fn new(allowed: Allowed) -> Result<Line, String> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Guard(allowed.clone()))
            .build()
            .map_err(|e| format!("no HTTP client: {e}"))?;
        Ok(Line { http, allowed })
    }

    /// An address as it may be asked.
    fn address(&self, text: &str) -> Result<Url, Fault> {
        let url = Url::parse(text).map_err(|_| Fault::Address)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(Fault::Forbidden);
        }
        // A number is connected to without being resolved.
        let host = url.host_str().ok_or(Fault::Address)?.trim_matches(['[', ']']);
        match host.parse::<IpAddr>() {
            Ok(number) if !may_ask(&self.allowed, number) => Err(Fault::Forbidden),
            _ => Ok(url),
        }
    }

    /// Fetches a list.
    pub async fn get(&self, address: &str) -> Result<Bytes, Fault> {
        self.send(self.http.get(self.address(address)?), LIST_BYTES_MAX).await
    }

    /// Asks a responder.
    pub async fn ask(&self, address: &str, question: Vec<u8>) -> Result<Bytes, Fault> {
        let post = self.http.post(self.address(address)?);
        let post = post.header(reqwest::header::CONTENT_TYPE, "application/ocsp-request").body(question);
        self.send(post, pki::ocsp::RESPONSE_BYTES_MAX).await
    }

    async fn send(&self, request: RequestBuilder, bytes_max: usize) -> Result<Bytes, Fault> {
        let mut answer = request.send().await.map_err(|_| Fault::Silent)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(Fault::Status(answer.status().as_u16()));
        }
        if answer.content_length().is_some_and(|bytes| bytes > bytes_max as u64) {
            return Err(Fault::TooBig);
        }
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| Fault::Silent)? {
            if bytes.len() + piece.len() > bytes_max {
                return Err(Fault::TooBig);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.into())
    }
}
