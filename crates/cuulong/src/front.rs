//! What stands before the application: which proxies are believed, and the way from http to https.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::tls::TlsListener;

/// Addresses that share their first bits: `10.1.0.0/16`, or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || format!("“{text}” is not an address or a network such as 10.1.0.0/16");
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, bits)| (a, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > width { Err(wrong()) } else { Ok(Network { address, bits }) }
    }
}

impl Network {
    /// Whether the address is one of it. An IPv4 address that came over IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u32| self.bits == 0 || (a ^ b) >> (width - self.bits) == 0;
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

/// Who really asks: the peer, or whom believed proxies name. Proxies append to the list what they saw,
/// so it is read from its end, as long as those who wrote are believed.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    let lists = headers.get_all("x-forwarded-for").iter().rev();
    let told = lists.flat_map(|list| list.to_str().unwrap_or("?").rsplit(','));
    for address in told {
        if !is_trusted(client) {
            break;
        }
        let Ok(address) = address.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    client
}

/// Whether a believed proxy says that its client came without TLS.
fn came_plain(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> bool {
    let told = headers.get("x-forwarded-proto").is_some_and(|p| p.as_bytes().eq_ignore_ascii_case(b"http"));
    told && trusted.iter().any(|network| network.contains(peer))
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

struct Front {
    trusted: Vec<Network>,
    address: String,
    is_secure: bool,
}

/// The application behind its front: requests arrive with the client's address, and without headers
/// about it that nobody believed has written.
pub fn before(router: Router, config: &Config) -> Router {
    let trusted = config.proxy.trusted.iter().filter_map(|text| text.parse().ok()).collect();
    let front = Front { trusted, address: config.address.clone(), is_secure: config.secure() };
    router.layer(from_fn_with_state(Arc::new(front), pass))
}

async fn pass(State(front): State<Arc<Front>>, mut request: Request, next: Next) -> Response {
    if let Some(&ConnectInfo(Peer(peer))) = request.extensions().get::<ConnectInfo<Peer>>() {
        let is_probe = request.uri().path() == "/healthz";
        if front.is_secure && !is_probe && came_plain(peer.ip(), request.headers(), &front.trusted) {
            return elsewhere(&front.address, request.uri());
        }
        let client = client(peer.ip(), request.headers(), &front.trusted);
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    }
    for name in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"] {
        request.headers_mut().remove(name);
    }
    next.run(request).await
}

/// For the listener without TLS: everybody is sent to the public address.
pub fn redirect(config: &Config) -> Router {
    let address = config.address.clone();
    Router::new().fallback(move |uri: Uri| async move { elsewhere(&address, &uri) })
}

/// The same page at the public address.
fn elsewhere(address: &str, uri: &Uri) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    let there = format!("{}{path}", address.trim_end_matches('/'));
    (axum::http::StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, there)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn networks_are_read_and_refused() {
        for good in ["127.0.0.1", "::1", "10.1.0.0/16", "0.0.0.0/0", "fd00::/8", "192.0.2.7/32"] {
            assert!(good.parse::<Network>().is_ok(), "{good}");
        }
        for bad in ["", "10.1", "10.1.0.0/33", "::/129", "10.0.0.0/-1", "proxy.local", "10.0.0.0/"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        let table = [
            ("10.1.0.0/16", "10.1.255.1", true),
            ("10.1.0.0/16", "10.2.0.1", false),
            ("10.1.0.0/16", "::ffff:10.1.2.3", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("fd00::/8", "fd12::1", true),
            ("127.0.0.1", "127.0.0.2", false),
        ];
        for (network, address, inside) in table {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network:?} {address}");
        }
    }

    #[test]
    fn only_believed_proxies_are_believed() {
        let trusted = networks(&["127.0.0.1", "10.0.0.0/8"]);
        let table = [
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("203.0.113.7", "198.51.100.1", "203.0.113.7"), // nobody's proxy: what it says counts nothing
            ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"), // the first was made up by the client
            ("127.0.0.1", "198.51.100.1, 10.0.0.3", "198.51.100.1"), // two proxies of ours
            ("127.0.0.1", "10.0.0.3, 10.0.0.4", "10.0.0.3"),
            ("127.0.0.1", "unknown", "127.0.0.1"),
            ("127.0.0.1", "203.0.113.9, nonsense, 10.0.0.3", "10.0.0.3"),
            ("127.0.0.1", "2001:db8::5", "2001:db8::5"),
        ];
        for (peer, told, expected) in table {
            let mut headers = HeaderMap::new();
            if !told.is_empty() {
                headers.insert("x-forwarded-for", told.parse().unwrap());
            }
            let found = client(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} says {told}");
        }
    }

    /// What arrives behind the front, for a request from `peer` with these headers.
    async fn arrives(config: &Config, peer: [u8; 4], headers: &[(&'static str, &'static str)]) -> String {
        use axum::body::{Body, to_bytes};
        use tower::ServiceExt;
        let told = |ConnectInfo(address): ConnectInfo<SocketAddr>, headers: HeaderMap| async move {
            format!(
                "{} {}",
                address.ip(),
                headers.keys().any(|name| name.as_str().starts_with("x-forwarded"))
            )
        };
        let router = before(Router::new().fallback(told), config);
        let mut request = Request::builder().uri("/tra-cuu?ma=1").body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(Peer(SocketAddr::from((peer, 4000)))));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let answer = router.oneshot(request).await.unwrap();
        if let Some(there) = answer.headers().get(header::LOCATION) {
            return format!("{} {}", answer.status().as_u16(), there.to_str().unwrap());
        }
        String::from_utf8(to_bytes(answer.into_body(), 1000).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_application_sees_the_client_and_no_header_that_it_could_have_made_up() {
        let config = Config { address: "https://dvc.vn".into(), ..Config::default() };
        let far = ("x-forwarded-for", "203.0.113.9");
        let (plain, tls) = (("x-forwarded-proto", "http"), ("x-forwarded-proto", "https"));
        assert_eq!(arrives(&config, [127, 0, 0, 1], &[far, tls]).await, "203.0.113.9 false");
        assert_eq!(arrives(&config, [127, 0, 0, 1], &[]).await, "127.0.0.1 false");
        assert_eq!(arrives(&config, [10, 0, 0, 9], &[far, tls]).await, "10.0.0.9 false");
        assert_eq!(arrives(&config, [127, 0, 0, 1], &[far, plain]).await, "308 https://dvc.vn/tra-cuu?ma=1");
        assert_eq!(arrives(&config, [10, 0, 0, 9], &[far, plain]).await, "10.0.0.9 false");
        let config = Config { address: "http://dvc.vn".into(), ..Config::default() };
        assert_eq!(arrives(&config, [127, 0, 0, 1], &[far, plain]).await, "203.0.113.9 false");
    }
}
