//! Published vectors: what other people's suites say, and what we say, one line each, with the reason where
//! the two differ. The table is `vectors.txt`.

use judges::{Way, row};
use pki::cert::Certificate;
use std::path::Path;
use xmlsig::dsig::{self, KeySource, Request, State, Verifier};
use xmlsig::{Doc, Limits, Source};

/// Files that name their key without carrying it.
const KEYS: [(&str, &str); 4] = [
    ("enveloped-x509-", "largersacert.der"),
    ("signature-two-keynames.xml", "rsacert.der"),
    ("x509data-sn-test.xml", "rsacert.der"),
    ("enveloping-sha256-rsa-sha256-der.xml", "rsacert.der"),
];

#[test]
fn every_published_vector_is_judged_as_the_table_says() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let table = std::fs::read_to_string(home.join("xmlsig/vectors.txt")).unwrap();
    let expected: Vec<_> = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let expected: Vec<_> = expected.iter().map(|line| line.split(" # ").next().unwrap_or_default()).collect();

    let mut judged = vec![];
    for suite in
        ["aleksey-xmldsig-01", "merlin-exc-c14n-one", "merlin-xmldsig-twenty-three", "phaos-xmldsig-three"]
    {
        let folder = home.join("vendor/xmlsec").join(suite);
        let mut files: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "xml"));
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap();
            if name.starts_with("document") {
                continue;
            }
            judged.push(format!("{suite}/{name}: {}", judge(&file, &home)));
        }
    }
    let differing: Vec<_> = judged.iter().filter(|line| !expected.contains(&line.as_str())).collect();
    assert!(differing.is_empty() && judged.len() == expected.len(), "not in the table:\n{differing:#?}");
    row("merlin, phaos and xmlsec suites", Way::Published, "XML signatures", judged.len());
}

/// One line: the verdict, the state of each reference, and the findings.
fn judge(file: &Path, home: &Path) -> String {
    let bytes = std::fs::read(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let source = match Source::read(&bytes, &Limits::default()) {
        Ok(source) => source,
        Err(why) => return format!("{why:?}"),
    };
    let doc = Doc::parse(&source).unwrap();
    let given = KEYS.iter().find(|(start, _)| name.starts_with(start)).map(|(_, key)| {
        let der = std::fs::read(home.join("vendor/xmlsec/keys").join(key)).unwrap();
        Certificate::parse(&der).unwrap().public_key().clone()
    });
    let phaos = home.join("vendor/xmlsec/phaos-xmldsig-three");
    let [document, base64] =
        ["document.xml", "document.b64"].map(|name| std::fs::read(phaos.join(name)).unwrap());
    let outside = |uri: &str| match uri {
        "document.xml" => Some(document.as_slice()),
        "document.b64" => Some(base64.as_slice()),
        _ => None,
    };
    let request = Request {
        key: given.as_ref().map_or(KeySource::Named, KeySource::Given),
        outside: &outside,
        legacy: true,
        ..Request::default()
    };
    let report = Verifier::new(&doc, &request).verify(dsig::signatures(&doc)[0]);
    let states = report.references.iter().map(|reference| match reference.state {
        State::Fits => "fits",
        State::Differs => "differs",
        State::NotChecked => "-",
    });
    let states: Vec<_> = states.collect();
    let value = if report.made_by.is_some() { "right" } else { "-" };
    format!("{:?}; {}; value {value}; {:?}", report.verdict(), states.join(" "), report.findings)
}
