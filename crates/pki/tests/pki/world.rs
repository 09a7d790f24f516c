//! A small world: a root, an issuing authority, and the people and machines it certifies.

use base::Instant;
use pki::cert::{Serial, Validity};
use pki::issue::Draft;
use pki::key::{KeyKind, PrivateKey, PublicKey, Signer as _};
use pki::name::{GeneralName, Name};
use pki::path::{Anchor, Material, Rules};
use pki::profile::{Addresses, Kind, PolicyText};
use pki::{Certificate, oid};

/// Morning of 1 June 2026, UTC: the day on which everything happens.
pub fn now() -> Instant {
    at("2026-06-01T01:00:00Z")
}

pub fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

/// A certificate and its key.
pub struct Holder {
    pub certificate: Certificate,
    pub key: PrivateKey,
}

pub struct World {
    pub root: Holder,
    pub ca: Holder,
}

pub fn name(organisation: &str, common: &str) -> Name {
    Name::builder()
        .with(oid::COUNTRY, "VN")
        .with(oid::ORGANIZATION, organisation)
        .with(oid::COMMON_NAME, common)
        .build()
}

impl World {
    pub fn new() -> World {
        World::with_keys(KeyKind::P384, KeyKind::P256)
    }

    pub fn with_keys(root: KeyKind, ca: KeyKind) -> World {
        let key = PrivateKey::generate(root).unwrap();
        let subject = name("Tỉnh Vĩnh Long", "Cửu Long Root");
        let draft = Draft {
            kind: Kind::Root,
            serial: Serial::from_number(1),
            issuer: subject.clone(),
            issuer_key_id: key.public_key().id(),
            subject,
            key: key.public_key().clone(),
            validity: Validity { not_before: now().plus_days(-400), not_after: now().plus_days(7300) },
            alt_names: Vec::new(),
            policies: Vec::new(),
            addresses: Addresses::default(),
        };
        let root = Holder { certificate: draft.sign(&key).unwrap(), key };
        let ca_key = PrivateKey::generate(ca).unwrap();
        let subject = name("Tỉnh Vĩnh Long", "Cửu Long Issuing 1");
        let draft = draft_by(&root, Kind::IssuingCa { path_len: 0 }, 2, &subject, ca_key.public_key());
        let ca = Holder { certificate: draft.sign(&root.key).unwrap(), key: ca_key };
        World { root, ca }
    }

    /// A certificate of this kind, issued by the issuing authority.
    pub fn holder(&self, kind: Kind, serial: u64, key: KeyKind) -> Holder {
        let key = PrivateKey::generate(key).unwrap();
        let subject = name("UBND xã Nhơn Phú", &format!("{kind:?} {serial}"));
        let draft = draft_by(&self.ca, kind, serial, &subject, key.public_key());
        Holder { certificate: draft.sign(&self.ca.key).unwrap(), key }
    }

    pub fn anchors(&self) -> Vec<Anchor> {
        vec![Anchor::from(self.root.certificate.clone())]
    }

    /// The issuing authority's certificate and nothing else.
    pub fn material(&self) -> Material {
        let mut material = Material::new();
        material.add_certificate(self.ca.certificate.clone());
        material
    }

    pub fn rules(&self) -> Rules {
        Rules::at(now())
    }
}

/// What `issuer` would certify.
pub fn draft_by(issuer: &Holder, kind: Kind, serial: u64, subject: &Name, key: &PublicKey) -> Draft {
    // Long, so that tools that read the machine's clock agree for years.
    let days = if kind.is_ca() { 3650 } else { 3000 };
    let host = GeneralName::Dns("dichvucong.vinhlong.example".into());
    Draft {
        kind,
        serial: Serial::from_number(serial),
        issuer: issuer.certificate.subject().clone(),
        issuer_key_id: issuer.certificate.key_id(),
        subject: subject.clone(),
        key: key.clone(),
        validity: Validity { not_before: now().plus_days(-30), not_after: now().plus_days(days) },
        alt_names: if kind == Kind::Tls { vec![host] } else { Vec::new() },
        policies: vec![PolicyText {
            oid: "1.3.6.1.4.1.99999.1".parse().unwrap(),
            cps: Some("https://pki.vinhlong.example/cps".into()),
        }],
        addresses: Addresses {
            crl: Some("http://pki.vinhlong.example/pki/crl/1.crl".into()),
            delta_crl: None,
            ocsp: Some("http://pki.vinhlong.example/pki/ocsp".into()),
            issuer: Some("http://pki.vinhlong.example/pki/ca.pem".into()),
        },
    }
}

/// Every kind an issuing authority certifies, and a key for it.
pub const KINDS: [(Kind, KeyKind); 6] = [
    (Kind::Official, KeyKind::P256),
    (Kind::AgencySeal, KeyKind::Rsa2048),
    (Kind::Service, KeyKind::Ed25519),
    (Kind::Tls, KeyKind::P384),
    (Kind::Ocsp, KeyKind::P256),
    (Kind::Tsa, KeyKind::P256),
];
