//! What OpenSSL says of our bytes, and we of its.

mod chains;
mod lists;

use crate::world::{Holder, KINDS, World, name, now};
use judges::{Way, row};
use pki::cert::{Serial, import};
use pki::cms::{Content, Draft, Level, SignedData};
use pki::crl::{self, Crl, Reason, Revoked};
use pki::key::{Digest, KeyKind, PrivateKey, SignatureAlgorithm, Signer};
use pki::path::{Purpose, Revocation, validate};
use pki::profile::Kind;
use pki::{csr, ocsp, pem, tsp};
use std::path::PathBuf;
use std::process::Command;

/// What is signed.
pub const PAPER: &[u8] = "Giấy tiếp nhận hồ sơ và hẹn trả kết quả\n".as_bytes();

/// An authority as OpenSSL is told of it.
const TSA: &str = "[tsa]
default_tsa=t
[t]
serial=serial
signer_cert=unit.pem
signer_key=unit.key
certs=ca.pem
signer_digest=sha256
default_policy=1.2.3.4
digests=sha256,sha512
accuracy=secs:1,millisecs:500
ordering=yes
tsa_name=yes
ess_cert_id_chain=no
ess_cert_id_alg=sha256
";

/// What it is told of an authority's lists.
const CA: &str = "[ca]
default_ca=d
[d]
database=index.txt
crlnumber=crlnumber
default_md=sha256
crl_extensions=e
[e]
authorityKeyIdentifier=keyid
";

/// A folder with the world's certificates in it, and OpenSSL working there.
pub struct Bench {
    folder: tempfile::TempDir,
    pub world: World,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(World::new())
    }

    pub fn with(world: World) -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap(), world };
        bench.put("root.pem", bench.world.root.certificate.pem());
        bench.put("ca.pem", bench.world.ca.certificate.pem());
        bench.put(
            "both.pem",
            format!("{}{}", bench.world.root.certificate.pem(), bench.world.ca.certificate.pem()),
        );
        bench.put("paper.txt", PAPER);
        bench
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn put(&self, file: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(file), bytes).unwrap();
    }

    pub fn take(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap()
    }

    /// Writes `file.pem` and `file.key`.
    pub fn put_holder(&self, file: &str, holder: &Holder) {
        self.put(&format!("{file}.pem"), holder.certificate.pem());
        self.put(&format!("{file}.key"), pem::write("PRIVATE KEY", &holder.key.to_pkcs8()));
    }

    /// Runs `openssl WORDS`; whether it was content, and what it said.
    pub fn ask(&self, words: &str) -> (bool, String) {
        let words: Vec<String> = words
            .split_whitespace()
            .map(|word| word.replace("NOW", &(now().micros() / 1_000_000).to_string()))
            .collect();
        let output = Command::new("openssl").args(&words).current_dir(self.folder.path()).output();
        let output = output.expect("openssl is installed by `cargo x test`");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    pub fn must(&self, words: &str) -> String {
        let (content, said) = self.ask(words);
        assert!(content, "openssl {words}\n{said}");
        said
    }

    pub fn must_not(&self, words: &str) -> String {
        let (content, said) = self.ask(words);
        assert!(!content, "openssl {words}\n{said}");
        said
    }
}

fn crl_draft(issuer: &Holder) -> crl::Draft {
    crl::Draft {
        issuer: issuer.certificate.subject().clone(),
        authority_key_id: issuer.certificate.key_id(),
        number: 1,
        delta_base: None,
        this_update: now().plus_minutes(-60),
        next_update: now().plus_days(1),
        shard: None,
        freshest: None,
    }
}

#[test]
fn our_certificates_of_every_kind_and_key_verify_strictly() {
    let chains = [
        (KeyKind::P384, KeyKind::P256),
        (KeyKind::Rsa3072, KeyKind::Rsa2048),
        (KeyKind::Ed25519, KeyKind::P521),
    ];
    for (root, ca) in chains {
        let bench = Bench::with(World::with_keys(root, ca));
        for (n, (kind, key)) in KINDS.into_iter().enumerate() {
            let holder = bench.world.holder(kind, 100 + n as u64, key);
            bench.put_holder("end", &holder);
            bench.must("verify -x509_strict -attime NOW -CAfile root.pem -untrusted ca.pem end.pem");
            let serial = bench.must("x509 -in end.pem -noout -serial");
            assert_eq!(serial.trim(), format!("serial={}", holder.certificate.serial()));
            let print = bench.must("x509 -in end.pem -noout -fingerprint -sha256").replace(':', "");
            let own: String =
                holder.certificate.fingerprint(Digest::Sha256).iter().map(|b| format!("{b:02X}")).collect();
            assert!(print.contains(&own));
        }
        bench.must("verify -attime NOW -CAfile root.pem -untrusted ca.pem -purpose timestampsign end.pem");
        bench.must_not("verify -attime NOW -CAfile root.pem -untrusted ca.pem -purpose sslserver end.pem");
    }
    row(
        "openssl",
        Way::Ours,
        "certificates of every kind and key, verified strictly",
        chains.len() * KINDS.len(),
    );
}

#[test]
fn our_lists_revoke_in_its_eyes() {
    let bench = Bench::new();
    let an = bench.world.holder(Kind::Official, 100, KeyKind::P256);
    bench.put_holder("an", &an);
    let root_list = crl_draft(&bench.world.root).sign([], &bench.world.root.key).unwrap();
    let verify =
        "verify -attime NOW -crl_check_all -CAfile root.pem -untrusted ca.pem -CRLfile crls.pem an.pem";
    let lists = |revoked: Vec<Revoked>, draft: &crl::Draft| {
        let list = draft.sign(revoked, &bench.world.ca.key).unwrap();
        bench.put("ca.crl", &list);
        bench.must("crl -inform DER -in ca.crl -CAfile both.pem -noout");
        bench.put(
            "crls.pem",
            format!("{}{}", pem::write("X509 CRL", &root_list), pem::write("X509 CRL", &list)),
        );
    };
    let revoked = |serial| Revoked {
        serial: Serial::from_number(serial),
        at: now().plus_days(-1),
        reason: Reason::KeyCompromise,
        invalid_since: Some(now().plus_days(-2)),
    };
    lists(vec![revoked(99)], &crl_draft(&bench.world.ca));
    bench.must(verify);
    lists(vec![revoked(99), revoked(100)], &crl_draft(&bench.world.ca));
    assert!(bench.must_not(verify).contains("certificate revoked"));
    let shard = an.certificate.extensions().crl_points.as_ref().unwrap()[0].uris()[0].to_string();
    lists(vec![revoked(99)], &crl::Draft { shard: Some(shard), ..crl_draft(&bench.world.ca) });
    bench.must(verify);
    let text = bench.must("crl -inform DER -in ca.crl -noout -text");
    for word in ["Key Compromise", "Invalidity Date", "Issuing Distribution Point: critical"] {
        assert!(text.contains(word), "{text}");
    }
    row("openssl", Way::Ours, "revocation lists, without, with and in parts", 3);
}

#[test]
fn requests_for_certificates_go_both_ways() {
    let bench = Bench::new();
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    bench.put("ours.csr", csr::Request::make(&name("UBND xã", "Máy chủ"), &[], &key).unwrap());
    assert!(bench.must("req -inform DER -in ours.csr -noout -verify").contains("verify OK"));
    let kinds = ["ec -pkeyopt ec_paramgen_curve:P-384", "rsa:2048", "ed25519"];
    for kind in kinds {
        let said = format!(
            "req -new -newkey {kind} -nodes -keyout k.pem -subj /C=VN/CN=a.example \
             -addext subjectAltName=DNS:a.example -out their.csr"
        );
        bench.must(&said);
        let request = csr::Request::import(&bench.take("their.csr")).unwrap();
        assert_eq!(request.check_possession(), Ok(()), "{kind}");
        assert_eq!(request.subject.to_string(), "CN=a.example,C=VN");
        assert_eq!(request.extensions.subject_alt_names.len(), 1);
        let theirs = PrivateKey::from_pem(&String::from_utf8(bench.take("k.pem")).unwrap()).unwrap();
        assert_eq!(*theirs.public_key(), request.key);
    }
    row("openssl", Way::Ours, "requests for certificates", 1);
    row("openssl", Way::Theirs, "requests for certificates", kinds.len());
}

#[test]
fn keys_in_their_older_forms_are_read() {
    let bench = Bench::new();
    let makes = ["genrsa -traditional -out k.pem 2048", "ecparam -genkey -noout -name secp384r1 -out k.pem"];
    for make in makes {
        bench.must(make);
        let text = String::from_utf8(bench.take("k.pem")).unwrap();
        assert!(text.contains("RSA PRIVATE KEY") || text.contains("EC PRIVATE KEY"));
        let key = PrivateKey::from_pem(&text).unwrap();
        bench.must("pkey -in k.pem -pubout -outform DER -out k.pub");
        assert_eq!(key.public_key().spki(), bench.take("k.pub"));
    }
    row("openssl", Way::Theirs, "private keys in their older forms", makes.len());
}

#[test]
fn keys_under_a_password_are_opened_by_it_alone() {
    use pki::pkcs12::{OpenError, open, open_key};
    let bench = Bench::new();
    let mut opened = 0;
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let an = bench.world.holder(Kind::Official, 100, kind);
        bench.put_holder("an", &an);
        for how in ["", "-macalg sha512 -iter 5000", "-keypbe AES-128-CBC -certpbe NONE"] {
            opened += 1;
            bench.must(&format!(
                "pkcs12 -export -in an.pem -inkey an.key -certfile both.pem -passout pass:mậtKhẩu \
                 -out an.p12 {how}"
            ));
            let bundle = open(&bench.take("an.p12"), "mậtKhẩu").unwrap();
            assert_eq!(bundle.keys[0].public_key(), an.key.public_key(), "{how}");
            assert!(bundle.certificates.len() == 3 && bundle.certificates.contains(&an.certificate));
            assert_eq!(open(&bench.take("an.p12"), "matKhau").unwrap_err(), OpenError::WrongPassword);
        }
        bench.must(
            "pkcs8 -topk8 -in an.key -passout pass:abc -out enc.pem -v2 aes-256-cbc -v2prf hmacWithSHA512",
        );
        let block = pem::read(&bench.take("enc.pem")).unwrap().remove(0);
        assert_eq!(open_key(&block.der, "abc").unwrap().public_key(), an.key.public_key());
        assert!(open_key(&block.der, "abd").is_err());
    }
    let old = "pkcs12 -export -in an.pem -inkey an.key -passout pass:a -out an.p12 -keypbe PBE-SHA1-3DES";
    bench.must(old);
    assert_eq!(open(&bench.take("an.p12"), "a").unwrap_err(), OpenError::Unsupported);
    row("openssl", Way::Theirs, "PKCS#12 under a password", opened);
}

#[test]
fn bundles_go_both_ways() {
    let bench = Bench::new();
    bench.must("crl2pkcs7 -nocrl -certfile both.pem -out both.p7b");
    assert_eq!(import(&bench.take("both.p7b")).unwrap().certificates.len(), 2);
    let all = [bench.world.root.certificate.clone(), bench.world.ca.certificate.clone()];
    bench.put("ours.p7b", pki::cms::certificates_only(&all));
    let text = bench.must("pkcs7 -inform DER -in ours.p7b -print_certs -noout");
    assert_eq!(text.matches("subject=").count(), 2, "{text}");
    row("openssl", Way::Ours, "bundles of certificates", 1);
    row("openssl", Way::Theirs, "bundles of certificates", 1);
}

#[test]
fn our_signatures_verify_there() {
    let bench = Bench::new();
    let chain = [bench.world.ca.certificate.clone()];
    let verify = "cms -verify -cades -binary -inform DER -in s.p7s -CAfile root.pem -purpose any -attime NOW \
                  -out out.txt";
    let mut accepted = 0;
    // OpenSSL 3.0 knows no Ed25519 in CMS.
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let an = bench.world.holder(Kind::Official, 100, kind);
        for is_inside in [true, false] {
            for by_key_id in [true, false] {
                let mut draft = Draft::new(&an.certificate, &chain).at(now());
                draft.by_key_id = by_key_id;
                bench.put("s.p7s", draft.sign(PAPER, is_inside, &an.key).unwrap());
                let content = if is_inside { "" } else { " -content paper.txt" };
                bench.must(&format!("{verify}{content}"));
                accepted += 1;
                assert_eq!(bench.take("out.txt"), PAPER);
            }
        }
        bench.put("s.p7s", Draft::new(&an.certificate, &chain).sign(PAPER, false, &an.key).unwrap());
        bench.put("other.txt", "giấy khác");
        bench.must_not(&format!("{verify} -content other.txt"));
    }
    let seal = bench.world.holder(Kind::AgencySeal, 101, KeyKind::Rsa3072);
    let key = seal.key.using(SignatureAlgorithm::pss(Digest::Sha256)).unwrap();
    bench.put("s.p7s", Draft::new(&seal.certificate, &chain).sign(PAPER, true, &key).unwrap());
    bench.must(verify);
    row("openssl cms", Way::Ours, "CMS and CAdES B-B, inside and detached", accepted + 1);
    row("openssl cms", Way::Spoiled, "CAdES over another content", 3);
}

#[test]
fn its_signatures_verify_here() {
    let bench = Bench::new();
    let ways = [
        (KeyKind::P256, "-cades", Level::BB),
        (KeyKind::P256, "-cades -nodetach", Level::BB),
        (KeyKind::P256, "-cades -keyid -md sha512", Level::BB),
        (KeyKind::Rsa2048, "-cades -md sha384 -nodetach -stream", Level::BB),
        (KeyKind::Rsa2048, "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1", Level::None),
        (KeyKind::Rsa2048, "-keyopt rsa_padding_mode:pss", Level::None),
        (KeyKind::Rsa2048, "-noattr", Level::None),
        (KeyKind::P384, "-nocerts", Level::None),
    ];
    for (kind, way, level) in ways {
        let an = bench.world.holder(Kind::Official, 100, kind);
        bench.put_holder("an", &an);
        bench.must(&format!(
            "cms -sign -binary -in paper.txt -signer an.pem -inkey an.key -certfile ca.pem -outform DER \
             -out s.p7s {way}"
        ));
        let message = SignedData::import(&bench.take("s.p7s")).unwrap();
        let content = if message.content.is_some() { Content::Inside } else { Content::Bytes(PAPER) };
        let report = message.check(&message.signers[0], content, std::slice::from_ref(&an.certificate));
        assert!(report.is_intact(), "{kind:?} {way}: {report:?}");
        assert_eq!(report.level, level, "{way}");
        assert_eq!(report.certificate, Some(an.certificate.clone()));
        let mut material = bench.world.material();
        message.certificates.iter().for_each(|certificate| material.add_certificate(certificate.clone()));
        let rules = bench.world.rules().with_revocation(Revocation::Off).for_purpose(Purpose::Document);
        assert!(validate(&an.certificate, &bench.world.anchors(), &material, &rules).is_valid());
        if message.content.is_none() {
            let changed = message.check(
                &message.signers[0],
                Content::Bytes(b"khac"),
                std::slice::from_ref(&an.certificate),
            );
            assert!(!changed.is_intact(), "{way}");
        }
    }
    row("openssl cms", Way::Theirs, "CMS and CAdES B-B in every way it signs", ways.len());
}

#[test]
fn signed_mail_goes_both_ways() {
    let bench = Bench::new();
    let kinds = [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048];
    for kind in kinds {
        mail_goes_both_ways(&bench, &bench.world.holder(Kind::Official, 100, kind));
    }
    row("openssl cms", Way::Ours, "signed mail", kinds.len());
    row("openssl cms", Way::Theirs, "signed mail", kinds.len());
    row("openssl cms", Way::Spoiled, "signed mail with another word in it", kinds.len());
}

fn mail_goes_both_ways(bench: &Bench, an: &Holder) {
    bench.put_holder("an", an);
    let entity = "Content-Type: text/plain; charset=utf-8\n\nKính gửi bà Bình,\nhồ sơ đã có kết quả.\n";
    let chain = [bench.world.ca.certificate.clone()];
    let signed =
        pki::smime::sign(entity.as_bytes(), &Draft::new(&an.certificate, &chain).at(now()), &an.key).unwrap();
    let head = format!("MIME-Version: 1.0\r\nContent-Type: {}\r\n\r\n", signed.content_type);
    let mail = String::from_utf8([head.as_bytes(), &signed.body].concat()).unwrap();
    bench.put("mail.eml", &mail);
    bench.put("spoiled.eml", mail.replace("đã có", "chưa có"));
    let verify = "cms -verify -inform SMIME -CAfile root.pem -purpose any -attime NOW -out out.txt";
    bench.must(&format!("{verify} -in mail.eml"));
    assert_eq!(String::from_utf8(bench.take("out.txt")).unwrap().replace("\r\n", "\n"), entity);
    bench.must_not(&format!("{verify} -in spoiled.eml"));
    bench.put("entity.txt", entity);
    bench.must("cms -sign -in entity.txt -signer an.pem -inkey an.key -outform SMIME -out their.eml");
    let mail = String::from_utf8(bench.take("their.eml")).unwrap();
    let (head, body) = mail.split_once("\n\n").unwrap();
    let content_type = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap();
    let parts = pki::smime::split(content_type, body.as_bytes()).unwrap();
    let check = |entity: &[u8]| {
        let message = SignedData::parse(&parts.signature).unwrap();
        message.check(&message.signers[0], Content::Bytes(entity), &[]).is_intact()
    };
    assert!(check(&parts.entity));
    assert!(!check(&[&parts.entity[..], b"x"].concat()));
    assert!(pki::smime::split("multipart/mixed; boundary=a", body.as_bytes()).is_none());
    let own = pki::smime::split(&signed.content_type, &signed.body).unwrap();
    assert_eq!(own.entity, entity.replace('\n', "\r\n").as_bytes());
}

#[test]
fn our_time_stamps_verify_there() {
    let bench = Bench::new();
    let mut accepted = 0;
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let unit = bench.world.holder(Kind::Tsa, 60, kind);
        for asked in ["-sha256 -cert", "-sha512", "-sha384 -cert -no_nonce"] {
            bench.must(&format!("ts -query -data paper.txt -out q.tsq {asked}"));
            let request = tsp::Request::parse(&bench.take("q.tsq")).unwrap();
            let draft = tsp::Draft {
                request: &request,
                policy: "1.3.6.1.4.1.99999.2".parse().unwrap(),
                serial: Serial::random(),
                time: now(),
                accuracy_millis: Some(1000),
                certificate: &unit.certificate,
                chain: &[],
            };
            bench.put("r.tsr", draft.reply(&unit.key).unwrap());
            bench.put("chain.pem", format!("{}{}", bench.world.ca.certificate.pem(), unit.certificate.pem()));
            bench.must(
                "ts -verify -in r.tsr -queryfile q.tsq -CAfile root.pem -untrusted chain.pem -attime NOW",
            );
            accepted += 1;
            bench.put("other.txt", "giấy khác");
            bench.must_not(
                "ts -verify -in r.tsr -data other.txt -CAfile root.pem -untrusted chain.pem -attime NOW",
            );
        }
    }
    bench.put("r.tsr", tsp::Failure::TimeNotAvailable.reply());
    let said = bench.must("ts -reply -in r.tsr -text");
    assert!(said.contains("time source is not available"), "{said}");
    row("openssl ts", Way::Ours, "time-stamps", accepted);
    row("openssl ts", Way::Spoiled, "time-stamps of another paper", accepted);
}

#[test]
fn its_time_stamps_verify_here() {
    let bench = Bench::new();
    bench.put("ts.cnf", TSA);
    let ways = [
        (KeyKind::Rsa2048, Digest::Sha256, Some(&[0x91, 2, 3, 4, 5, 6, 7, 8][..])),
        (KeyKind::P256, Digest::Sha512, None),
        (KeyKind::P384, Digest::Sha256, Some(&[1][..])),
    ];
    for (kind, digest, nonce) in ways {
        let unit = bench.world.holder(Kind::Tsa, 60, kind);
        bench.put_holder("unit", &unit);
        bench.put("serial", "1000\n");
        let request = tsp::Request::new(tsp::Imprint::of(digest, PAPER), nonce);
        bench.put("q.tsq", request.der());
        bench.must("ts -reply -config ts.cnf -queryfile q.tsq -out r.tsr");
        let tsp::Reply::Granted(token) = tsp::Reply::parse(&bench.take("r.tsr")).unwrap() else {
            panic!("refused")
        };
        let report = token.check_reply(&request, std::slice::from_ref(&unit.certificate));
        assert_eq!(report.faults, [], "{kind:?}");
        assert_eq!(report.certificate, Some(unit.certificate));
        assert!(token.info.is_ordered && token.info.accuracy_micros == Some(1_500_000));
        let other = tsp::Request::new(tsp::Imprint::of(digest, b"giay khac"), nonce);
        assert!(!token.check_reply(&other, &[]).is_intact());
    }
    row("openssl ts", Way::Theirs, "time-stamps", ways.len());
}

fn issuer_id(bench: &Bench, digest: Digest, serial: u64) -> ocsp::CertId {
    let issuer = &bench.world.ca.certificate;
    ocsp::CertId::new(digest, issuer.subject(), issuer.public_key(), &Serial::from_number(serial))
}

#[test]
fn our_answers_are_believed_there() {
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        answers_are_believed_there(kind);
    }
}

fn answers_are_believed_there(kind: KeyKind) {
    let bench = Bench::new();
    let responder = bench.world.holder(Kind::Ocsp, 50, kind);
    let an = bench.world.holder(Kind::Official, 100, KeyKind::P256);
    bench.put_holder("an", &an);
    // It compares times with the machine's clock, and is told to be generous.
    let verify = "ocsp -issuer ca.pem -cert an.pem -respin r.ocsp -CAfile root.pem -verify_other ca.pem \
                  -validity_period 3000000000 -attime NOW";
    let statuses = [
        (ocsp::CertStatus::Good, "an.pem: good"),
        (ocsp::CertStatus::Unknown, "an.pem: unknown"),
        (ocsp::CertStatus::Revoked { at: now(), reason: Some(Reason::KeyCompromise) }, "an.pem: revoked"),
    ];
    for (status, words) in statuses {
        bench.must("ocsp -issuer ca.pem -cert an.pem -reqout q.ocsp -no_nonce");
        let request = ocsp::Request::parse(&bench.take("q.ocsp")).unwrap();
        assert_eq!(request.questions, [issuer_id(&bench, Digest::Sha1, 100)]);
        let (this_update, next_update) = (now(), Some(now().plus_days(3650)));
        let answers = request.questions.iter().cloned();
        let draft = ocsp::Draft {
            responder: ocsp::ResponderId::Key(responder.key.public_key().id()),
            produced_at: now(),
            answers: answers
                .map(|id| ocsp::Answer {
                    id,
                    status,
                    this_update,
                    next_update,
                    invalid_since: None,
                    archive_cutoff: None,
                })
                .collect(),
            nonce: request.nonce,
            certificates: vec![responder.certificate.clone()],
        };
        bench.put("r.ocsp", draft.sign(&responder.key).unwrap());
        let said = bench.must(verify);
        assert!(said.contains("Response verify OK") && said.contains(words), "{said}");
        bench.put("r.ocsp", draft.sign(&an.key).unwrap());
        assert!(!bench.ask(verify).1.contains("Response verify OK"));
    }
    bench.put("r.ocsp", ocsp::failure(ocsp::Failure::Unauthorized));
    assert!(bench.ask(verify).1.contains("unauthorized (6)"));
    let cases = 2 * statuses.len();
    row("openssl ocsp", Way::Ours, "OCSP answers: good, unknown, revoked; P-256 and RSA", cases);
    row("openssl ocsp", Way::Spoiled, "OCSP answers signed by another", 2 * statuses.len());
}

#[test]
fn its_answers_are_believed_here() {
    let kinds = [KeyKind::P256, KeyKind::Rsa2048];
    kinds.into_iter().for_each(its_answers_are_believed);
    row("openssl ocsp", Way::Theirs, "OCSP answers: good, revoked; P-256 and RSA", 2 * kinds.len());
}

fn its_answers_are_believed(kind: KeyKind) {
    let bench = Bench::new();
    let responder = bench.world.holder(Kind::Ocsp, 50, kind);
    bench.put_holder("responder", &responder);
    let index = "V\t360601000000Z\t\t64\tunknown\t/CN=good\n\
                 R\t360601000000Z\t260501000000Z,keyCompromise\t65\tunknown\t/CN=revoked\n";
    bench.put("index.txt", index);
    let nonce = vec![7; 16];
    let questions = vec![issuer_id(&bench, Digest::Sha256, 0x64), issuer_id(&bench, Digest::Sha1, 0x65)];
    let request = ocsp::Request { questions, nonce: Some(nonce.clone()), unknown_critical: false };
    bench.put("q.ocsp", request.der());
    bench.must(
        "ocsp -index index.txt -CA ca.pem -rsigner responder.pem -rkey responder.key \
         -reqin q.ocsp -respout r.ocsp -ndays 7",
    );
    let response = ocsp::Response::parse(&bench.take("r.ocsp")).unwrap();
    let issuer = &bench.world.ca.certificate;
    let status = |serial| {
        // Answered by the machine's clock; asked at the moment it was signed.
        let serial = Serial::from_number(serial);
        let question = ocsp::Question {
            serial: &serial,
            issuer: issuer.subject(),
            issuer_key: issuer.public_key(),
            nonce: Some(&nonce),
            at: response.produced_at,
        };
        response.check(&question).map(|single| single.status)
    };
    assert_eq!(status(0x64), Ok(ocsp::CertStatus::Good));
    let at = crate::world::at("2026-05-01T00:00:00Z");
    assert_eq!(status(0x65), Ok(ocsp::CertStatus::Revoked { at, reason: Some(Reason::KeyCompromise) }));
    assert_eq!(status(0x66), Err(ocsp::CheckError::NotAbout));
}

#[test]
fn its_lists_are_read_here() {
    let bench = Bench::new();
    bench.put_holder("ca", &bench.world.ca);
    bench.put("index.txt", "R\t360601000000Z\t260501000000Z,superseded\t65\tunknown\t/CN=revoked\n");
    bench.put("crlnumber", "0A\n");
    bench.put("ca.cnf", CA);
    bench.must("ca -config ca.cnf -gencrl -keyfile ca.key -cert ca.pem -crldays 7 -out ca.crl");
    let crl = Crl::import(&bench.take("ca.crl")).unwrap();
    assert_eq!(crl.verify_with(bench.world.ca.key.public_key()), Ok(()));
    assert_eq!((crl.len(), crl.number()), (1, Some(&[10u8][..])));
    let entry = crl.find(bench.world.ca.certificate.subject(), &Serial::from_number(0x65)).unwrap();
    assert_eq!(entry.reason, Some(Reason::Superseded));
    row("openssl ca", Way::Theirs, "revocation lists", 1);
}
