//! The real command: exits and words for files of openssl, xmlsec1 and our own, and NIST's paths.

use std::path::{Path, PathBuf};
use std::process::Command;

use judges::{Way, row};
use serde_json::Value;
use suite::product::{Product, words};

/// A folder with a root, a signer and a time-stamping unit, all of openssl.
struct Desk {
    folder: tempfile::TempDir,
}

const EXTENSIONS: &str = "[ee]\nbasicConstraints=critical,CA:FALSE\n\
    keyUsage=critical,digitalSignature,nonRepudiation\nsubjectKeyIdentifier=hash\n\
    authorityKeyIdentifier=keyid\nsubjectAltName=email:an@example.vn\n\
    [tsa]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
    extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
    [ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\n\
    default_crl_days=30\n";

impl Desk {
    fn new() -> Desk {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        desk.put("ext", EXTENSIONS.as_bytes());
        desk.put("index.txt", b"");
        desk.put("crlnumber", b"01\n");
        desk.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=Root",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]);
        for (name, serial) in [("ee", "0x11"), ("tsa", "0x12")] {
            let (key, csr, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
            desk.openssl(&[
                "req",
                "-new",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                &key,
                "-subj",
                &format!("/C=VN/O=UBND/CN={name}"),
                "-out",
                &csr,
            ]);
            desk.openssl(&[
                "x509",
                "-req",
                "-in",
                &csr,
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-days",
                "365",
                "-set_serial",
                serial,
                "-extfile",
                "ext",
                "-extensions",
                name,
                "-out",
                &pem,
            ]);
        }
        desk.openssl(&[
            "ca", "-config", "ext", "-gencrl", "-keyfile", "ca.key", "-cert", "ca.pem", "-out", "crl.pem",
        ]);
        desk.put("a.txt", "Kính gửi\n".as_bytes());
        desk.put("a.xml", "<cv xmlns=\"urn:cv\"><so>12</so></cv>".as_bytes());
        desk.put("a.pdf", &one_page());
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, program: &str, args: &[&str]) -> std::process::Output {
        let output = Command::new(program).args(args).current_dir(self.folder.path()).output();
        output.unwrap_or_else(|e| panic!("{program} does not run ({e}); cargo x test installs it"))
    }

    fn openssl(&self, args: &[&str]) {
        let output = self.run("openssl", args);
        assert!(output.status.success(), "{args:?}: {}", words(&output));
    }

    /// Runs our command with names of this folder in place; the exit and the report.
    fn verify(&self, args: &[&str]) -> (i32, Value) {
        let mut all = vec!["verify".to_string(), "--json".into()];
        all.extend(args.iter().map(|arg| self.place(arg)));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let output = Product::run(&all);
        let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().unwrap_or(-1), report)
    }

    fn place(&self, arg: &str) -> String {
        let path = self.path(arg);
        let is_ours = arg.contains('.') && !arg.contains('/');
        if is_ours { path.to_str().unwrap().to_string() } else { arg.to_string() }
    }

    fn sign(&self, file: &str, out: &str, level: &str, more: &[&str]) -> std::process::Output {
        let mut all: Vec<String> = [
            "sign",
            file,
            "--key",
            "ee.key",
            "--cert",
            "ee.pem",
            "--chain",
            "ca.pem",
            "--out",
            out,
            "--tsa-key",
            "tsa.key",
            "--tsa-cert",
            "tsa.pem",
            "--crl",
            "crl.pem",
        ]
        .iter()
        .map(|arg| self.place(arg))
        .collect();
        all.extend(["--level".into(), level.into()]);
        all.extend(more.iter().map(|arg| (*arg).to_string()));
        Product::run(&all.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The least that every reader takes for a document.
pub fn one_page() -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<>>>>",
    ];
    let (mut text, mut places) = (String::from("%PDF-1.7\n"), String::new());
    for (n, object) in objects.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let start = text.len();
    text += &format!("xref\n0 4\n0000000000 65535 f \n{places}trailer<</Size 4/Root 1 0 R>>\n");
    text += &format!("startxref\n{start}\n%%EOF\n");
    text.into_bytes()
}

#[test]
fn files_of_openssl_and_xmlsec1_are_judged_by_the_exit_code() {
    let desk = Desk::new();
    let signer = ["-signer", "ee.pem", "-inkey", "ee.key", "-in", "a.txt", "-binary"];
    let cms = |more: &[&str]| desk.openssl(&[&["cms", "-sign"], &signer[..], more].concat());
    cms(&["-cades", "-nodetach", "-outform", "DER", "-out", "in.p7m"]);
    cms(&["-outform", "PEM", "-out", "out.p7s"]);
    cms(&["-nodetach", "-stream", "-outform", "DER", "-out", "ber.p7m"]);
    desk.openssl(&[
        "smime", "-sign", "-in", "a.txt", "-signer", "ee.pem", "-inkey", "ee.key", "-out", "m.eml",
    ]);
    desk.put(
        "template.xml",
        b"<cv><so>12</so><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>\
          <CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
          <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>\
          <Reference URI=\"\"><Transforms><Transform \
          Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/></Transforms>\
          <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue/></Reference>\
          </SignedInfo><SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature></cv>",
    );
    let args = ["--sign", "--privkey-pem", "ee.key,ee.pem", "--output", "peer.xml", "template.xml"];
    let output = desk.run("xmlsec1", &args);
    assert!(output.status.success(), "{}", words(&output));
    let text = std::fs::read_to_string(desk.path("peer.xml")).unwrap();
    desk.put("changed.xml", text.replace("<so>12<", "<so>21<").as_bytes());

    let trust = ["--trust", "ca.pem"];
    let table: [(&[&str], i32, &str); 10] = [
        (&["in.p7m"], 0, ""),
        (&["ber.p7m"], 0, ""),
        (&["out.p7s", "--content", "a.txt"], 0, ""),
        (&["out.p7s", "--content", "a.xml"], 1, "HASH_FAILURE"),
        (&["out.p7s"], 2, "SIGNED_DATA_NOT_FOUND"),
        (&["m.eml"], 0, ""),
        (&["peer.xml"], 0, ""),
        (&["changed.xml"], 1, "HASH_FAILURE"),
        (&["in.p7m", "--at", "2001-01-01T00:00:00Z"], 2, "OUT_OF_BOUNDS_NO_POE"),
        (&["a.txt"], 3, ""),
    ];
    for (args, exit, sub) in table {
        let (code, report) = desk.verify(&[args, &trust].concat());
        let told = report["signatures"][0]["sub_indication"].as_str().unwrap_or_default();
        assert_eq!((code, told), (exit, sub), "{args:?}: {report:#}");
    }
    let (code, report) = desk.verify(&["in.p7m"]);
    assert_eq!((code, &report["verdict"]), (2, &"indeterminate".into()));
    assert_eq!(desk.verify(&["nowhere.p7m"]).0, 3);
    row("openssl cms", Way::Theirs, "messages, inside, detached, BER and mail, by the command", 4);
    row("xmlsec1", Way::Theirs, "an XML signature, by the command", 1);
}

#[test]
fn a_certificate_that_was_revoked_before_is_told_by_the_list_given() {
    let desk = Desk::new();
    desk.openssl(&["ca", "-config", "ext", "-revoke", "ee.pem", "-keyfile", "ca.key", "-cert", "ca.pem"]);
    desk.openssl(&[
        "ca",
        "-config",
        "ext",
        "-gencrl",
        "-keyfile",
        "ca.key",
        "-cert",
        "ca.pem",
        "-out",
        "revoked.pem",
    ]);
    let output = desk.sign("a.txt", "a.p7m", "B-B", &[]);
    assert!(output.status.success(), "{}", words(&output));
    let (code, report) = desk.verify(&["a.p7m", "--trust", "ca.pem", "--crl", "revoked.pem"]);
    assert_eq!((code, &report["signatures"][0]["sub_indication"]), (1, &"REVOKED".into()), "{report:#}");
}

#[test]
fn what_the_command_signs_is_of_its_level_and_accepted_by_others() {
    let desk = Desk::new();
    let mut table = String::from("\n");
    for (file, ending) in [("a.txt", "p7m"), ("a.xml", "xml"), ("a.pdf", "pdf")] {
        for level in ["B-B", "B-T", "B-LT", "B-LTA"] {
            let out = format!("{level}.{ending}");
            let output = desk.sign(file, &out, level, &[]);
            if !output.status.success() {
                table += &format!("{ending} {level}: {}", words(&output).trim_start_matches("cuulong: "));
                continue;
            }
            let (code, report) = desk.verify(&[&out, "--trust", "ca.pem"]);
            let others = match ending {
                "p7m" => desk.run(
                    "openssl",
                    &[
                        "cms", "-verify", "-in", &out, "-inform", "DER", "-CAfile", "ca.pem", "-purpose",
                        "any", "-out", "content",
                    ],
                ),
                "xml" => desk.run(
                    "xmlsec1",
                    &[
                        "--verify",
                        "--trusted-pem",
                        "ca.pem",
                        "--id-attr:Id",
                        "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
                        &out,
                    ],
                ),
                _ => desk.run("pdfsig", &["-nocert", &out]),
            };
            let agrees = match ending {
                "pdf" => words(&others).contains("Signature is Valid"),
                _ => others.status.success(),
            };
            let made = &report["signatures"][0]["level"];
            table += &format!("{ending} {level}: exit {code}, {}, others {agrees}\n", made.as_str().unwrap());
        }
    }
    let expected = "
p7m B-B: exit 0, B-B, others true
p7m B-T: exit 0, B-T, others true
p7m B-LT: exit 0, B-LT, others true
p7m B-LTA: exit 0, B-LTA, others true
xml B-B: exit 0, B-B, others true
xml B-T: exit 0, B-T, others true
xml B-LT: exit 0, B-LT, others true
xml B-LTA: this level is not made in this format
pdf B-B: exit 0, B-B, others true
pdf B-T: exit 0, B-T, others true
pdf B-LT: exit 0, B-LT, others true
pdf B-LTA: exit 0, B-LTA, others true
";
    assert_eq!(table, expected);
    row("openssl cms", Way::Ours, "CAdES B-B to B-LTA by the command", 4);
    row("xmlsec1", Way::Ours, "XAdES B-B to B-LT by the command", 3);
    row("pdfsig", Way::Ours, "PAdES B-B to B-LTA by the command", 4);
}

#[test]
fn pyhanko_takes_our_pdf_files_and_we_take_its() {
    let desk = Desk::new();
    for level in ["B-B", "B-T", "B-LT", "B-LTA"] {
        let output = desk.sign("a.pdf", &format!("{level}.pdf"), level, &[]);
        assert!(output.status.success(), "{}", words(&output));
    }
    let peer = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/venv/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/validation/peer.py");
    let args = [script.to_str().unwrap(), "B-B.pdf", "B-T.pdf", "B-LT.pdf", "B-LTA.pdf"];
    let output = desk.run(peer.to_str().unwrap(), &args);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, "B-B.pdf True\nB-T.pdf True\nB-LT.pdf True\nB-LTA.pdf True\n", "{}", words(&output));
    let (code, report) = desk.verify(&["by-pyhanko.pdf", "--trust", "ca.pem"]);
    assert_eq!((code, &report["signatures"][0]["level"]), (0, &"B-B".into()), "{report:#}");
    row("pyHanko", Way::Ours, "PAdES B-B to B-LTA by the command", said.lines().count());
    row("pyHanko", Way::Theirs, "PAdES B-B, by the command", 1);
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    cert: String,
    valid: bool,
    /// Nothing is shown to be wrong: what is needed to know is not there.
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
struct Cases {
    case: Vec<Case>,
}

/// Every fourth case of NIST's, so that each of its chapters is asked.
#[test]
fn paths_of_nist_come_out_of_the_command_as_nist_says() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pki/vectors");
    let folder = tempfile::tempdir().unwrap();
    let archive = std::fs::File::open(vectors.join("pkits.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(archive).unwrap();
    let (mut chain, mut lists) = (Vec::new(), Vec::new());
    for n in 0..archive.len() {
        let mut entry = archive.by_index(n).unwrap();
        let name = entry.name().unwrap().replace('/', "_");
        let path = folder.path().join(&name);
        std::io::copy(&mut entry, &mut std::fs::File::create(&path).unwrap()).unwrap();
        let path = path.to_str().unwrap().to_string();
        if name.starts_with("certs_") { chain.push(path) } else { lists.push(path) }
    }
    let text = std::fs::read_to_string(vectors.join("pkits.toml")).unwrap();
    let cases: Cases = toml::from_str(&text).unwrap();
    let certificate =
        |name: &str| folder.path().join(format!("certs_{name}.crt")).to_str().unwrap().to_string();
    let (mut wrong, mut judged) = (Vec::new(), 0);
    for case in cases.case.iter().step_by(4).filter(|case| case.otherwise.is_none()) {
        judged += 1;
        let mut args: Vec<String> =
            vec!["path-validate".into(), "--at".into(), "2022-05-01T08:00:00Z".into()];
        args.extend(["--trust".into(), certificate("TrustAnchorRootCertificate")]);
        args.extend(["--chain".into(), certificate(&case.cert)]);
        args.extend(chain.iter().cloned());
        args.push("--crl".into());
        args.extend(lists.iter().cloned());
        for n in &case.policies {
            args.extend(["--policy".into(), format!("2.16.840.1.101.3.2.1.48.{n}")]);
        }
        let flags = [
            (case.explicit_policy, "--explicit-policy"),
            (case.inhibit_mapping, "--inhibit-policy-mapping"),
            (case.inhibit_any_policy, "--inhibit-any-policy"),
        ];
        args.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| (*flag).to_string()));
        let output = Product::run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let expected = match (case.valid, case.indeterminate) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        if output.status.code() != Some(expected) {
            let code = output.status.code();
            wrong.push(format!("{} {}: {code:?} and not {expected}: {}", case.id, case.cert, words(&output)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    row("NIST PKITS", Way::Published, "certificate paths, every fourth case by the command", judged);
}

#[test]
fn what_is_mistyped_is_not_taken_for_a_judgement() {
    for args in [
        &["verify", "--tust", "root.pem", "a.pdf"][..],
        &["verify"],
        &["path-validate", "--chain", "a.pem", "--purpose", "anything"],
        &["verfy", "a.pdf"],
    ] {
        let output = Product::run(args);
        assert_eq!(output.status.code(), Some(64), "{args:?}: {}", words(&output));
        assert!(!output.stderr.is_empty());
    }
    let help = Product::run(&["verify", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(!help.stdout.is_empty() && help.stderr.is_empty());
}
