//! What goes out: the service and its credentials as the two versions describe them.

use base::Instant;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::key::{Curve, PublicKind};
use pki::oid::Oid;
use serde_json::{Value, json};
use web::Site;

use super::request::Version;
use crate::remote::rules::{self, HASHES_MAX};
use crate::remote::words::WORDS;
use crate::signing::Credential;
use crate::validation::rules::hex;

/// Which certificates are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// None.
    None,
    /// The signer's.
    Single,
    /// And those above it.
    Chain,
}

/// How much of a credential is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Details {
    /// The certificates themselves.
    pub certificates: Certificates,
    /// What they say.
    pub has_certificate_info: bool,
    /// How it is authorised.
    pub has_auth_info: bool,
}

/// The language of what is said.
const LANG: &str = "vi-VN";

/// `info`.
pub fn info(site: &Site, address: &str, version: Version) -> Value {
    let mut methods = vec![
        "info",
        "auth/login",
        "auth/revoke",
        "credentials/list",
        "credentials/info",
        "credentials/authorize",
    ];
    if version == Version::V2 {
        methods.extend(["credentials/authorizeCheck", "signatures/signDoc"]);
    }
    methods.extend(["signatures/signHash", "signatures/timestamp"]);
    let mut info = json!({
        "specs": match version { Version::V1 => "1.0.4.0", Version::V2 => "2.0.0.2" },
        "name": site.brand.name,
        "logo": format!("{address}/favicon.ico"),
        "region": "VN",
        "lang": LANG,
        "description": WORDS.kept("service", &[("owner", &site.brand.owner)]),
        "authType": ["basic"],
        "methods": methods,
    });
    if version == Version::V2 {
        let kinds = [
            PublicKind::Ec(Curve::P256),
            PublicKind::Ec(Curve::P384),
            PublicKind::Rsa { bits: 0, pss_only: false },
        ];
        let algorithms = kinds.into_iter().flat_map(|kind| texts(rules::algorithms(kind)));
        info["asynchronousOperationMode"] = false.into();
        info["signAlgorithms"] = json!({ "algos": algorithms.collect::<Vec<_>>() });
        info["signature_formats"] = json!({
            "formats": ["C", "X", "P"],
            "envelope_properties": [["Detached", "Attached"], ["Enveloped"], ["Revision"]],
        });
        info["conformance_levels"] = json!(["Ades-B-B", "Ades-B-T", "Ades-B-LT", "Ades-B-LTA"]);
    }
    info
}

fn texts(oids: &[Oid]) -> Vec<String> {
    oids.iter().map(|oid| oid.to_string()).collect()
}

/// A credential.
pub fn credential(one: &Credential, version: Version, wanted: &Details) -> Value {
    let kind = one.certificate.public_key().kind();
    let (bits, curve) = rules::size(kind);
    let can_sign = one.has_pin && !one.is_locked;
    let mut shown = json!({
        "credentialID": one.id,
        "description": one.holder,
        "key": {
            "status": if can_sign { "enabled" } else { "disabled" },
            "algo": texts(rules::algorithms(kind)),
            "len": bits,
        },
        // Only those that are in use are listed.
        "cert": { "status": "valid" },
        "multisign": HASHES_MAX,
        "SCAL": "2",
        "lang": LANG,
    });
    if let Some(curve) = curve {
        shown["key"]["curve"] = curve.to_string().into();
    }
    let one_der = |certificate: &pki::Certificate| STANDARD.encode(certificate.der());
    let all = std::iter::once(&one.certificate).chain(&one.chain);
    let certificates: Vec<String> = match wanted.certificates {
        Certificates::None => Vec::new(),
        Certificates::Single => all.take(1).map(one_der).collect(),
        Certificates::Chain => all.map(one_der).collect(),
    };
    if !certificates.is_empty() {
        shown["cert"]["certificates"] = certificates.into();
    }
    if wanted.has_certificate_info {
        let certificate = &one.certificate;
        shown["cert"]["issuerDN"] = certificate.issuer().to_string().into();
        shown["cert"]["serialNumber"] = hex(certificate.serial().contents()).to_ascii_uppercase().into();
        shown["cert"]["subjectDN"] = certificate.subject().to_string().into();
        shown["cert"]["validFrom"] = generalized(certificate.validity().not_before).into();
        shown["cert"]["validTo"] = generalized(certificate.validity().not_after).into();
    }
    let label = WORDS.kept("pin_label", &[]);
    let description = WORDS.kept("pin_description", &[]);
    match version {
        Version::V1 => {
            shown["authMode"] = "explicit".into();
            if wanted.has_auth_info {
                shown["PIN"] = json!({
                    "presence": "true", "format": "A", "label": label, "description": description,
                });
                shown["OTP"] = json!({ "presence": "false" });
            }
        }
        Version::V2 => {
            shown["auth"] = json!({ "mode": "explicit" });
            if wanted.has_auth_info {
                shown["auth"]["expression"] = "PIN".into();
                shown["auth"]["objects"] = json!([{
                    "type": "Password", "id": "PIN", "format": "A", "label": label,
                    "description": description,
                }]);
            }
        }
    }
    shown
}

/// `20260820020000Z`: UTC, as the protocol wants times of validity.
pub fn generalized(at: Instant) -> String {
    const VIETNAM_IS_AHEAD_MINUTES: i64 = 7 * 60;
    let utc = at.plus_minutes(-VIETNAM_IS_AHEAD_MINUTES);
    let (year, month, day) = utc.day().civil();
    let minute = utc.minute_of_day();
    let second = utc.micros().div_euclid(1_000_000).rem_euclid(60);
    format!("{year:04}{month:02}{day:02}{:02}{:02}{second:02}Z", minute / 60, minute % 60)
}
