//! What is believed of what comes, what it changes, when it is asked again, and where nobody is asked.

use std::net::IpAddr;
use std::sync::Arc;

use base::Instant;
use pki::cert::{Serial, Validity};
use pki::crl::{self, Reason, Revoked};
use pki::issue::Draft;
use pki::key::{KeyKind, Signer};
use pki::profile::{Addresses, Kind};
use pki::{Certificate, Crl, Name, PrivateKey, oid};

use super::line::Line;
use super::rules::{
    ANSWER, Fault, LIST, Said, addresses, after_failure, after_success, believe, is_public, told,
};

fn at(minutes: i64) -> Instant {
    Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap().plus_minutes(minutes)
}

struct Ca {
    key: PrivateKey,
    certificate: Certificate,
}

fn draft(kind: Kind, subject: &str, key: &PrivateKey, issuer: (&str, &PrivateKey), to: Addresses) -> Draft {
    let named = |text: &str| Name::builder().with(oid::COMMON_NAME, text).build();
    Draft {
        kind,
        serial: Serial::random(),
        issuer: named(issuer.0),
        issuer_key_id: issuer.1.public_key().id(),
        subject: named(subject),
        key: key.public_key().clone(),
        validity: Validity { not_before: at(-60), not_after: at(60 * 24 * 365) },
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: to,
    }
}

fn ca(name: &str) -> Ca {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let certificate = draft(Kind::Root, name, &key, (name, &key), Addresses::default()).sign(&key).unwrap();
    Ca { key, certificate }
}

fn list(of: &Ca, delta_base: Option<u64>, (this, next): (i64, i64)) -> Crl {
    let draft = crl::Draft {
        issuer: of.certificate.subject().clone(),
        authority_key_id: of.certificate.key_id(),
        number: 7,
        delta_base,
        this_update: at(this),
        next_update: at(next),
        shard: None,
        freshest: None,
    };
    let one = Revoked {
        serial: Serial::from_number(5),
        at: at(-30),
        reason: Reason::KeyCompromise,
        invalid_since: None,
    };
    Crl::parse(draft.sign([one], &of.key).unwrap()).unwrap()
}

#[test]
fn a_list_is_believed_when_its_issuer_signed_it_and_it_is_of_now() {
    let (ours, namesake, other) = (ca("CA"), ca("CA"), ca("Another CA"));
    let issuers = [ours.certificate.clone()];
    let good = list(&ours, None, (-10, 60));
    let judged = |list: &Crl, kept: Option<i64>| believe(list, &issuers, kept.map(at), at(0));
    assert_eq!(judged(&good, None), Ok(at(60)));
    assert_eq!(judged(&good, Some(-10)), Ok(at(60)), "the same once more");
    assert_eq!(judged(&good, Some(-9)), Err(Fault::Older));
    assert_eq!(believe(&good, &[], None, at(0)), Err(Fault::NoIssuer));
    assert_eq!(judged(&list(&namesake, None, (-10, 60)), None), Err(Fault::Signature));
    assert_eq!(judged(&list(&other, None, (-10, 60)), None), Err(Fault::OtherList));
    assert_eq!(judged(&list(&ours, Some(3), (-10, 60)), None), Err(Fault::OtherList), "a delta list");
    assert_eq!(judged(&list(&ours, None, (-90, 0)), None), Err(Fault::NotOfNow), "overtaken");
    assert_eq!(judged(&list(&ours, None, (6, 60)), None), Err(Fault::NotOfNow), "of the future");
    // Somebody with the issuer's name, but no authority.
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let leaf = draft(Kind::Official, "CA", &key, ("CA", &ours.key), Addresses::default());
    let leaf = Ca { certificate: leaf.sign(&ours.key).unwrap(), key };
    let forged = list(&leaf, None, (-10, 60));
    let both = [ours.certificate.clone(), leaf.certificate.clone()];
    assert_eq!(believe(&forged, &both, None, at(0)), Err(Fault::Signature));
}

#[test]
fn what_an_issuer_says_and_what_the_register_makes_of_it() {
    let said = |reason| Some(Said { at: at(-5), reason, invalid_since: None });
    let hold = said(Some(Reason::CertificateHold));
    let mut table = String::new();
    for state in ["valid", "suspended", "revoked"] {
        for by_this in [false, true] {
            for (word, said) in [
                ("nothing", None),
                ("hold", hold),
                ("off again", said(Some(Reason::RemoveFromCrl))),
                ("revoked", said(None)),
            ] {
                let to = told(state, by_this, said, at(0)).map_or("–", |told| told.to.word());
                let by = if by_this { "by this source" } else { "" };
                table += format!("{state:<10}{by:<15}{word:<10}{to}", word = word).trim_end();
                table += "\n";
            }
        }
    }
    let picture = "\
valid                    nothing   –
valid                    hold      suspended
valid                    off again –
valid                    revoked   revoked
valid     by this source nothing   –
valid     by this source hold      suspended
valid     by this source off again –
valid     by this source revoked   revoked
suspended                nothing   –
suspended                hold      –
suspended                off again –
suspended                revoked   revoked
suspended by this source nothing   valid
suspended by this source hold      –
suspended by this source off again –
suspended by this source revoked   revoked
revoked                  nothing   –
revoked                  hold      –
revoked                  off again –
revoked                  revoked   –
revoked   by this source nothing   –
revoked   by this source hold      –
revoked   by this source off again –
revoked   by this source revoked   –
";
    assert_eq!(table, picture, "the table is now:\n{table}");
}

#[test]
fn when_it_is_asked_again() {
    let minutes = |next: Instant| (next.micros() - at(0).micros()) / 60_000_000;
    let good: Vec<i64> =
        [-5, 1, 60, 8 * 60, 7 * 24 * 60].map(|n| minutes(after_success(at(0), at(n)))).into();
    assert_eq!(good, [10, 10, 30, 240, 360]);
    let bad: Vec<i64> = (0..=9).map(|n| minutes(after_failure(at(0), n))).collect();
    assert_eq!(bad, [5, 5, 10, 20, 40, 80, 160, 320, 360, 360]);
    assert_eq!(minutes(after_failure(at(0), i64::MAX)), 360);
}

#[test]
fn only_addresses_of_the_web_are_taken_from_a_certificate() {
    let ours = ca("CA");
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let to = |crl: &str, ocsp: &str| {
        let to = Addresses { crl: Some(crl.into()), ocsp: Some(ocsp.into()), ..Addresses::default() };
        let certificate = draft(Kind::Official, "An", &key, ("CA", &ours.key), to).sign(&ours.key).unwrap();
        addresses(&certificate).into_iter().map(|one| (one.kind, one.address)).collect::<Vec<_>>()
    };
    let (list, answer) = ("http://ca.test/a.crl".to_string(), "HTTPS://ca.test/ocsp".to_string());
    assert_eq!(to(&list, &answer), [(LIST, list.clone()), (ANSWER, answer.clone())]);
    assert_eq!(to("ldap://ca.test/cn=a", "ftp://ca.test"), []);
    assert_eq!(to(&format!("http://ca.test/{}", "a".repeat(500)), "file:///etc/passwd"), []);
}

#[test]
fn what_is_not_of_the_open_internet() {
    let public = ["8.8.8.8", "203.162.4.191", "2001:4860:4860::8888", "2405:4800::1", "100.128.0.1"];
    let not = [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
        "2001::1",
        "::127.0.0.1",
    ];
    for (addresses, expected) in [(&public[..], true), (&not[..], false)] {
        for address in addresses {
            assert_eq!(is_public(address.parse::<IpAddr>().unwrap()), expected, "{address}");
        }
    }
}

#[tokio::test]
async fn nobody_is_asked_in_a_private_network_unless_it_is_allowed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = axum::Router::new()
        .route("/list", axum::routing::get(|| async { "a list" }))
        .route("/moved", axum::routing::get(|| async { axum::response::Redirect::to("/list") }))
        .route("/large", axum::routing::get(|| async { vec![0_u8; super::line::LIST_BYTES_MAX + 1] }));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let closed = Line::new(Arc::new(|_| false)).unwrap();
    let open = Line::new(Arc::new(|address: IpAddr| address.is_loopback())).unwrap();
    let to = |host: &str, path: &str| format!("http://{host}:{port}/{path}");
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        assert_eq!(closed.get(&to(host, "list")).await, Err(Fault::Forbidden), "{host}");
    }
    // A name is looked up, and leads nowhere.
    assert_eq!(closed.get(&to("localhost", "list")).await, Err(Fault::Silent));
    assert_eq!(open.get(&to("localhost", "list")).await.as_deref(), Ok(&b"a list"[..]));
    assert_eq!(open.get(&to("127.0.0.1", "list")).await.as_deref(), Ok(&b"a list"[..]));
    assert_eq!(open.get(&to("127.0.0.1", "moved")).await, Err(Fault::Status(303)));
    assert_eq!(open.get(&to("127.0.0.1", "none")).await, Err(Fault::Status(404)));
    assert_eq!(open.get(&to("127.0.0.1", "large")).await, Err(Fault::TooBig));
    for (address, fault) in [("file:///etc/passwd", Fault::Forbidden), ("nonsense", Fault::Address)] {
        assert_eq!(open.get(address).await, Err(fault), "{address}");
    }
    server.abort();
}
