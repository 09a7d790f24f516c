//! Signed files: checked by a stranger on the public page, by programs over the API, and by the real
//! command; made by tools that are not ours, and ours judged by them.

pub mod commands;

use axum::http::Method;
use base::Instant;
use db::testing::both;
use judges::{Way, row};
use pki::cert::{Serial, Validity};
use pki::issue::Draft;
use pki::key::{KeyKind, PrivateKey};
use pki::name::Name;
use pki::profile::{Addresses, Kind};
use pki::{Certificate, Signer, cms, oid};
use suite::person::{Person, Upload};
use suite::town::*;

use suite::town::people::CLERK;

use crate::desk::{browser, says};

/// A key and its certificate, good on the day of the stories.
struct Holder {
    certificate: Certificate,
    key: PrivateKey,
}

fn holder(kind: Kind, common: &str, issuer: Option<&Holder>) -> Holder {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let organisation = if kind == Kind::Root { "Tỉnh Vĩnh Long" } else { "UBND xã Nhơn Phú" };
    let subject = Name::builder()
        .with(oid::COUNTRY, "VN")
        .with(oid::ORGANIZATION, organisation)
        .with(oid::COMMON_NAME, common)
        .build();
    let draft = Draft {
        kind,
        serial: Serial::random(),
        issuer: issuer.map_or(subject.clone(), |above| above.certificate.subject().clone()),
        issuer_key_id: issuer.map_or(key.public_key().id(), |above| above.certificate.key_id()),
        subject,
        key: key.public_key().clone(),
        validity: Validity { not_before: morning().plus_days(-30), not_after: morning().plus_days(300) },
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses::default(),
    };
    let certificate = draft.sign(issuer.map_or(&key, |above| &above.key)).unwrap();
    Holder { certificate, key }
}

fn signed(an: &Holder, at: Instant) -> Vec<u8> {
    cms::Draft::new(&an.certificate, &[]).at(at).sign("Kính gửi Sở Nội vụ".as_bytes(), true, &an.key).unwrap()
}

/// An installation's folder: this root is its own, and a key of it signs reports.
fn trusts(folder: &std::path::Path, root: &Holder) {
    let (trusted, report) = (folder.join("internal"), folder.join("report"));
    std::fs::create_dir_all(&trusted).unwrap();
    std::fs::create_dir_all(&report).unwrap();
    std::fs::write(trusted.join("root.pem"), root.certificate.pem()).unwrap();
    let service = holder(Kind::Service, "Dịch vụ kiểm tra", Some(root));
    let pem = pki::pem::write("PRIVATE KEY", &service.key.to_pkcs8());
    std::fs::write(report.join("key.pem"), pem).unwrap();
    std::fs::write(report.join("cert.pem"), service.certificate.pem()).unwrap();
}

fn file<'a>(field: &'a str, file_name: &'a str, bytes: &'a [u8]) -> Upload<'a> {
    Upload { field, file_name, content_type: "application/octet-stream", bytes }
}

#[test]
fn a_stranger_learns_what_a_signed_file_is_worth_and_takes_the_report_home() {
    both(async |t| {
        let root = holder(Kind::Root, "Gốc của tỉnh", None);
        let an = holder(Kind::Official, "Nguyễn Văn Ẩn", Some(&root));
        trusts(&t.dir().join("trust"), &root);
        let town = Town::of(&t).await;
        let mut stranger = town.stranger();

        let good = signed(&an, morning());
        stranger.opens("/kiem-tra-chu-ky").await.expect(200);
        let sent = [file("tep", "cong-van.p7m", &good)];
        let answer = stranger.submits_files("Kiểm tra chữ ký", &[], &sent).await.expect(303);
        stranger.follows(answer).await.expect(200);
        for words in ["Chữ ký hợp lệ", "Nguyễn Văn Ẩn", "UBND xã Nhơn Phú", "Toàn bộ tệp", "B-B"]
        {
            says(&stranger, words);
        }
        says(&stranger, "Chữ ký điện tử chuyên dùng của cơ quan");

        takes_the_report_home(&mut stranger, t.dir()).await;

        // One letter is another one.
        let mut changed = good.clone();
        let place = changed.windows(4).position(|window| window == "Kín".as_bytes()).unwrap();
        changed[place] = b'k';
        stranger.opens("/kiem-tra-chu-ky").await.expect(200);
        let sent = [file("tep", "cong-van.p7m", &changed)];
        let answer = stranger.submits_files("Kiểm tra chữ ký", &[], &sent).await.expect(303);
        stranger.follows(answer).await.expect(200);
        says(&stranger, "Chữ ký không hợp lệ");
        says(&stranger, "Nội dung đã bị sửa sau khi ký.");
        says(&stranger, "Xin lại bản gốc từ nơi gửi và kiểm tra lại.");

        // Somebody nobody vouches for; then no signature at all, and no file.
        let other = holder(Kind::Root, "Gốc lạ", None);
        let foreign = signed(&holder(Kind::Official, "Ai Đó", Some(&other)), morning());
        for (bytes, words) in [
            (foreign.as_slice(), "không có trong danh sách tin cậy"),
            (b"Kinh gui".as_slice(), "Không đọc được chữ ký trong tệp này"),
            (b"<cv/>".as_slice(), "Tệp này chưa được ký số"),
            (changed.as_slice(), "Chữ ký không hợp lệ"),
        ] {
            stranger.opens("/kiem-tra-chu-ky").await.expect(200);
            let answer = stranger.submits_files("Kiểm tra chữ ký", &[], &[file("tep", "a", bytes)]).await;
            stranger.follows(answer.expect(303)).await.expect(200);
            says(&stranger, words);
            let report = stranger.gets(&stranger.link("Tải báo cáo XML")).await.expect(200);
            obeys_the_schema(t.dir(), &report.body);
        }
        row("xmllint", Way::Ours, "reports of every verdict, by the schema", 5);
        let kept = stranger.path().to_string();
        stranger.opens("/kiem-tra-chu-ky").await.expect(200);
        stranger.submits_files("Kiểm tra chữ ký", &[], &[]).await.expect(422);
        says(&stranger, "Chọn tệp cần kiểm tra.");

        // A day later the report is gone, whoever has its address.
        town.minutes_later(24 * 60 + 1).await;
        stranger.opens(&kept).await.expect(404);
        stranger.opens("/kiem-tra-chu-ky/0123456789abcdef").await.expect(404);
    });
}

#[test]
fn programs_send_one_file_or_several_and_are_slowed() {
    both(async |t| {
        let root = holder(Kind::Root, "Gốc của tỉnh", None);
        let an = holder(Kind::Official, "Nguyễn Văn Ẩn", Some(&root));
        let town = Town::of(&t).await;
        let mut program = town.stranger();
        let one = signed(&an, morning());
        let path = "/api/v1/validations";
        let report = program.uploads(path, file("file", "a.p7m", &one)).await.expect(200).json();
        assert_eq!(report["verdict"], "indeterminate", "{report}");
        let signature = &report["signatures"][0];
        assert_eq!(signature["indication"], "INDETERMINATE");
        assert_eq!(signature["sub_indication"], "NO_CERTIFICATE_CHAIN_FOUND");
        assert_eq!((&signature["is_intact"], &signature["level"]), (&true.into(), &"B-B".into()));
        assert_eq!(signature["signer"]["name"], "Nguyễn Văn Ẩn");
        assert_eq!(signature["claimed_time"], "2026-08-20T09:00:00+07:00");

        let detached = cms::Draft::new(&an.certificate, &[]).sign(b"noi dung", false, &an.key).unwrap();
        let both = [file("file", "a.p7s", &detached), file("content", "a.txt", b"noi dung")];
        let report = sends(&mut program, &both).await.expect(200).json();
        assert_eq!(report["signatures"][0]["is_intact"], true, "{report}");
        let other = [file("file", "a.p7s", &detached), file("content", "a.txt", b"noi khac")];
        let report = sends(&mut program, &other).await.expect(200).json();
        assert_eq!(report["signatures"][0]["sub_indication"], "HASH_FAILURE", "{report}");

        let several = [file("file", "a.p7m", &one), file("file", "b.txt", b"b")];
        let reports = sends(&mut program, &several).await.expect(200).json();
        let verdicts: Vec<_> = reports["reports"].as_array().unwrap().iter().map(|r| &r["verdict"]).collect();
        assert_eq!(verdicts, ["indeterminate", "unreadable"]);

        sends(&mut program, &[]).await.expect(422);
        let kind = Some("application/json");
        program.sends(Method::POST, path, kind, "{}".into()).await.expect(415);
        let twenty: Vec<_> = (0..20).map(|_| file("file", "a", b"a")).collect();
        let more: Vec<_> = (0..21).map(|_| file("file", "a", b"a")).collect();
        sends(&mut program, &more).await.expect(422);
        for _ in 0..5 {
            sends(&mut program, &twenty).await.expect(200);
        }
        let slowed = sends(&mut program, &twenty).await.expect(429);
        assert!(!slowed.header("retry-after").is_empty());
        sends(&mut program.clone().from_address([203, 0, 113, 9]), &twenty).await.expect(200);
    });
}

/// An envelope as one agency sends it to another, its attachment inside under its name.
fn envelope(an: &Holder) -> String {
    use xmlsig::c14n::{Method, Rules};
    use xmlsig::dsig::{self, KeyInfo, Plan, Transform, Wanted, Where};
    let attachment = "Kính gửi Sở Nội vụ".as_bytes();
    let paper = format!(
        "<edXML xmlns=\"http://www.mic.gov.vn/TBT/QCVN_102_2016\"><edXMLEnvelope Id=\"e\"><edXMLHeader>\
         <MessageHeader>12/UBND</MessageHeader></edXMLHeader><edXMLBody><edXMLManifest><Reference>\
         <ContentId>cid:cv.pdf</ContentId></Reference></edXMLManifest></edXMLBody></edXMLEnvelope>\
         <AttachmentEncoded><Attachment><ContentId>cid:cv.pdf</ContentId><ContentTransferEncoded>{}\
         </ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, attachment)
    );
    let exclusive = Method::new(Rules::Exclusive);
    let wanted = |uri: &str, transforms| Wanted {
        uri: uri.into(),
        id: None,
        kind: None,
        transforms,
        digest: pki::Digest::Sha256,
    };
    let plan = Plan {
        algorithm: pki::Signer::algorithm(&an.key),
        canonicalization: exclusive.clone(),
        id: None,
        references: vec![wanted("#e", vec![Transform::Canonical(exclusive)]), wanted("cid:cv.pdf", vec![])],
        key_info: KeyInfo::Certificates(vec![an.certificate.der().to_vec()]),
        objects: vec![],
        place: Where::LastInDocument,
    };
    let outside = |uri: &str| (uri == "cid:cv.pdf").then(|| attachment.to_vec());
    let prepared = dsig::prepare(paper.as_bytes(), &plan, &outside, &xmlsig::Limits::default()).unwrap();
    String::from_utf8(prepared.sign(&an.key).unwrap()).unwrap()
}

#[test]
fn a_stranger_drops_an_envelope_of_the_exchange_and_reads_what_it_is_worth() {
    both(async |t| {
        let root = holder(Kind::Root, "Gốc của tỉnh", None);
        let an = holder(Kind::Official, "Nguyễn Văn Ẩn", Some(&root));
        trusts(&t.dir().join("trust"), &root);
        let town = Town::of(&t).await;
        let mut stranger = town.stranger();
        let good = envelope(&an);
        let other = good.replace("12/UBND", "13/UBND");
        let added = good.replace("</AttachmentEncoded>", "<Attachment>x</Attachment></AttachmentEncoded>");
        for (bytes, words) in [
            (&good, ["Chữ ký hợp lệ", "Nguyễn Văn Ẩn"]),
            (&other, ["Chữ ký không hợp lệ", "Nội dung đã bị sửa sau khi ký."]),
            (&added, ["Có phần của tệp không được chữ ký nào bảo vệ", "Attachment"]),
        ] {
            stranger.opens("/kiem-tra-chu-ky").await.expect(200);
            let sent = [file("tep", "cong-van.edxml", bytes.as_bytes())];
            let answer = stranger.submits_files("Kiểm tra chữ ký", &[], &sent).await.expect(303);
            stranger.follows(answer).await.expect(200);
            words.iter().for_each(|words| says(&stranger, words));
            says(&stranger, "edXML");
        }
    });
}

#[test]
fn a_report_is_signed_by_the_provinces_own_service_and_says_so_where_nobody_signs() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut stranger = town.stranger();
        let drop = async |stranger: &mut Person| {
            stranger.opens("/kiem-tra-chu-ky").await.expect(200);
            let sent = [file("tep", "a.xml", b"<cv/>")];
            let answer = stranger.submits_files("Kiểm tra chữ ký", &[], &sent).await.expect(303);
            stranger.follows(answer).await.expect(200);
            let link = stranger.link("Tải báo cáo XML");
            stranger.gets(&link).await.expect(200).text()
        };
        let bare = drop(&mut stranger).await;
        says(&stranger, "Chưa ký: báo cáo chỉ để tham khảo");
        assert!(bare.contains("report=\"unsigned\"") && !bare.contains("SignatureValue"), "{bare}");
        crate::trust::establishes(&town, "0").await;
        let signed = drop(&mut stranger).await;
        says(&stranger, "Người ký báo cáo");
        says(&stranger, "Kiểm tra chữ ký");
        assert!(signed.contains("report=\"signed\"") && signed.contains("SignatureValue"), "{signed}");
        let report = stranger.uploads("/api/v1/validations", file("file", "bao-cao.xml", signed.as_bytes()));
        let report = report.await.expect(200).json();
        assert_eq!(report["verdict"], "valid", "{report}");
        // Followed before its end, and not made twice.
        let services = async |tx: &mut db::Tx| -> db::Result<i64> {
            let sql = "select count(*) from trust_key where made_for = 'report'";
            tx.get(sql, db::args![]).await
        };
        town.minutes_later(2 * 24 * 60).await;
        assert_eq!(town.opened.site.db.read(services).await.unwrap(), 1);
    });
}

#[test]
fn strangers_make_only_one_anothers_documents_forgotten() {
    both(async |t| {
        let root = holder(Kind::Root, "Gốc của tỉnh", None);
        let an = holder(Kind::Official, "Nguyễn Văn Ẩn", Some(&root));
        trusts(&t.dir().join("trust"), &root);
        let town = Town::of(&t).await;
        let one = signed(&an, morning());
        let anonymous = async |tx: &mut db::Tx| -> db::Result<Vec<i64>> {
            tx.list("select is_anonymous from evidence_document order by first_at", db::args![]).await
        };
        let seen = async || town.opened.site.db.read(anonymous).await.unwrap();
        let path = "/api/v1/validations";
        town.stranger().uploads(path, file("file", "a.p7m", &one)).await.expect(200);
        assert_eq!(seen().await, [1]);
        // The same signature with more certificates around it is the same document.
        let message = cms::SignedData::parse(&one).unwrap();
        let more = cms::archive::add_evidence(&message, &[root.certificate.clone()], &[], &[]).unwrap();
        assert_ne!(one, more);
        town.stranger().uploads(path, file("file", "b.p7m", &more)).await.expect(200);
        assert_eq!(seen().await, [1]);
        // Whoever has signed in asks for it too: from now on no stranger makes it forgotten.
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/kiem-tra-chu-ky").await.expect(200);
        clerk.submits_files("Kiểm tra chữ ký", &[], &[file("tep", "a.p7m", &one)]).await.expect(303);
        assert_eq!(seen().await, [0]);
    });
}

/// The report goes home signed, and is itself a file that can be checked.
async fn takes_the_report_home(stranger: &mut Person, folder: &std::path::Path) {
    let link = stranger.link("Tải báo cáo XML");
    let xml = stranger.gets(&link).await.expect(200);
    assert!(xml.text().contains("urn:etsi:019102:mainindication:total-passed"), "{}", xml.text());
    xmlsec1_accepts(folder, &xml.body);
    let pdf = stranger.gets(&stranger.link("Tải báo cáo PDF")).await.expect(200);
    assert_eq!(pdf.header("content-type"), "application/pdf");
    for (name, bytes) in [("bao-cao.xml", &xml.body), ("bao-cao.pdf", &pdf.body)] {
        stranger.opens("/kiem-tra-chu-ky").await.expect(200);
        let answer = stranger.submits_files("Kiểm tra chữ ký", &[], &[file("tep", name, bytes)]).await;
        stranger.follows(answer.expect(303)).await.expect(200);
        says(stranger, "Chữ ký hợp lệ");
        says(stranger, "Dịch vụ kiểm tra");
    }
}

/// The report under its signature, on the day of the story; and not when a word of it is another.
fn xmlsec1_accepts(folder: &std::path::Path, report: &[u8]) {
    let changed = String::from_utf8_lossy(report).replace("total-passed", "total-failed");
    let judge = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).unwrap();
        let root = folder.join("trust/internal/root.pem");
        let run = std::process::Command::new("xmlsec1")
            .args(["--verify", "--verification-time", "2026-08-20 12:00:00", "--id-attr:Id"])
            .args(["http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--trusted-pem"])
            .arg(root)
            .arg(folder.join(name))
            .output()
            .expect("xmlsec1 is installed");
        (run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    let (well, said) = judge("report.xml", report);
    assert!(well, "{said}");
    assert!(!judge("changed.xml", changed.as_bytes()).0);
    obeys_the_schema(folder, report);
    row("xmlsec1", Way::Ours, "the signed report about a checked file", 1);
    row("xmlsec1", Way::Spoiled, "a report with another verdict in it", 1);
}

/// xmllint takes the report by the schema.
fn obeys_the_schema(folder: &std::path::Path, report: &[u8]) {
    let path = folder.join("held.xml");
    std::fs::write(&path, report).unwrap();
    let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/validation");
    let mut command = std::process::Command::new("xmllint");
    let command = command.args(["--noout", "--nonet", "--schema"]).arg(home.join("report.xsd")).arg(path);
    let run = command.output().expect("xmllint is installed");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

async fn sends(who: &mut suite::person::Person, files: &[Upload<'_>]) -> suite::person::Answer {
    let (kind, body) = suite::person::multipart(&[], files);
    who.sends(Method::POST, "/api/v1/validations", Some(&kind), body).await
}
