//! NIST PKITS, and what it does not ask.

use super::*;
use crate::crl::Crl;
use judges::{Way, row};
use std::io::Read as _;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    cert: String,
    valid: bool,
    #[serde(default)]
    indeterminate: bool,
    #[serde(default)]
    policies: Vec<u32>,
    #[serde(default)]
    explicit_policy: bool,
    #[serde(default)]
    inhibit_mapping: bool,
    #[serde(default)]
    inhibit_any_policy: bool,
    otherwise: Option<String>,
}

#[derive(serde::Deserialize)]
struct Table {
    case: Vec<Case>,
}

struct Suite {
    certificates: HashMap<String, Certificate>,
    material: Material,
    anchors: Vec<Anchor>,
}

fn suite() -> Suite {
    let archive = std::io::Cursor::new(include_bytes!("../../vectors/pkits.zip"));
    let mut archive = zip::ZipArchive::new(archive).unwrap();
    let (mut certificates, mut material) = (HashMap::new(), Material::new());
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut der = Vec::new();
        file.read_to_end(&mut der).unwrap();
        if let Some(name) = name.strip_prefix("certs/") {
            let certificate = Certificate::parse(&der).unwrap_or_else(|e| panic!("{name}: {e}"));
            certificates.insert(name.strip_suffix(".crt").unwrap().to_string(), certificate.clone());
            material.add_certificate(certificate);
        } else {
            material.add_crl(Crl::parse(der).unwrap_or_else(|e| panic!("{name}: {e}")));
        }
    }
    let anchors = vec![Anchor::from(certificates["TrustAnchorRootCertificate"].clone())];
    Suite { certificates, material, anchors }
}

fn rules(case: &Case) -> Rules {
    Rules {
        policies: case
            .policies
            .iter()
            .map(|n| format!("2.16.840.1.101.3.2.1.48.{n}").parse().unwrap())
            .collect(),
        explicit_policy: case.explicit_policy,
        inhibit_mapping: case.inhibit_mapping,
        inhibit_any_policy: case.inhibit_any_policy,
        ..Rules::at(Instant::parse_rfc3339("2022-05-01T08:00:00Z").unwrap())
    }
}

#[test]
fn every_case_of_pkits_is_judged_as_nist_says_or_with_a_written_reason() {
    let suite = suite();
    let table: Table = toml::from_str(include_str!("../../vectors/pkits.toml")).unwrap();
    assert_eq!(table.case.len(), 246);
    let mut wrong = Vec::new();
    let mut otherwise = Vec::new();
    for case in &table.case {
        let report = validate(&suite.certificates[&case.cert], &suite.anchors, &suite.material, &rules(case));
        let expected = match (case.valid, case.indeterminate) {
            (true, _) => Verdict::Valid,
            (false, true) => Verdict::Indeterminate,
            (false, false) => Verdict::Invalid,
        };
        let agrees = report.verdict() == expected;
        if agrees == case.otherwise.is_some() {
            wrong.push(format!("{} {}: {:?} {:?}", case.id, case.cert, report.problems, report.policies));
        }
        otherwise.extend(case.otherwise.as_ref().map(|_| case.id.as_str()));
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.case.len(), wrong.join("\n"));
    assert_eq!(otherwise, ["4.1.4", "4.1.5"]);
    row("NIST PKITS", Way::Published, "certificate paths", table.case.len() - otherwise.len());
}

#[test]
fn an_anchor_that_came_as_a_certificate_binds_by_its_name_constraints() {
    let suite = suite();
    let rules = Rules::at(Instant::parse_rfc3339("2022-05-01T08:00:00Z").unwrap());
    let anchor = Anchor::from(suite.certificates["nameConstraintsDN1CACert"].clone());
    let bare = Anchor { certificate: None, ..anchor.clone() };
    let judge = |end: &str, anchor: &Anchor| {
        validate(&suite.certificates[end], std::slice::from_ref(anchor), &suite.material, &rules)
    };
    assert!(judge("ValidDNnameConstraintsTest1EE", &anchor).is_valid());
    let report = judge("InvalidDNnameConstraintsTest2EE", &anchor);
    assert!(matches!(report.problems[0].fault, Fault::NameNotPermitted(_)), "{report:?}");
    assert!(judge("InvalidDNnameConstraintsTest2EE", &bare).is_valid());
}

#[test]
fn strict_rules_refuse_what_issuers_must_not_write() {
    let suite = suite();
    let rules = Rules::at(Instant::parse_rfc3339("2022-05-01T08:00:00Z").unwrap());
    let end = &suite.certificates["ValidGeneralizedTimenotBeforeDateTest4EE"];
    assert!(validate(end, &suite.anchors, &suite.material, &rules).is_valid());
    let strict = Rules { strict: true, ..rules };
    let report = validate(end, &suite.anchors, &suite.material, &strict);
    assert_eq!(report.problems[0].fault, Fault::Finding(Finding::TimeType));
    let good = &suite.certificates["ValidCertificatePathTest1EE"];
    assert!(validate(good, &suite.anchors, &suite.material, &strict).is_valid());
}
