//! Issuers outside: their lists and answers are fetched, believed under their own key alone, and what they
//! revoke stands in the register, reaches its holder, and counts when files are checked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use base::Instant;
use db::testing::both;
use pki::cert::{Serial, Validity};
use pki::crl::{self, Reason, Revoked};
use pki::issue::Draft;
use pki::key::{Digest, KeyKind, Signer};
use pki::ocsp::{self, Answer, CertStatus, ResponderId};
use pki::profile::{Addresses, Kind};
use pki::{Certificate, Name, PrivateKey, cms, oid};
use suite::person::{Person, Upload};
use suite::town::Town;
use suite::town::people::*;

use super::{REGISTER, establishes};
use crate::desk::{browser, says};

const OUTSIDE: &str = "/quan-tri/chung-thu-so/ben-ngoai";

type Shelf = Arc<Mutex<BTreeMap<String, (u16, Vec<u8>)>>>;

/// An issuer with a web server.
struct Issuer {
    key: PrivateKey,
    certificate: Certificate,
    server: SocketAddr,
    shelf: Shelf,
}

async fn give(State(shelf): State<Shelf>, uri: Uri) -> (StatusCode, Bytes) {
    let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, bytes) = shelf.get(uri.path()).cloned().unwrap_or((404, Vec::new()));
    (StatusCode::from_u16(status).expect("a status"), bytes.into())
}

fn draft(kind: Kind, name: &str, key: &PrivateKey, now: Instant) -> Draft {
    let subject = Name::builder().with(oid::COUNTRY, "VN").with(oid::COMMON_NAME, name).build();
    Draft {
        kind,
        serial: Serial::random(),
        issuer: subject.clone(),
        issuer_key_id: key.public_key().id(),
        subject,
        key: key.public_key().clone(),
        validity: Validity { not_before: now.plus_days(-30), not_after: now.plus_days(700) },
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses::default(),
    }
}

impl Issuer {
    async fn open(now: Instant) -> Issuer {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = listener.local_addr().expect("it listens");
        let shelf = Shelf::default();
        let router = Router::new().fallback(give).with_state(shelf.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let key = PrivateKey::generate(KeyKind::P256).expect("a key");
        let certificate = draft(Kind::Root, "CA ngoài tỉnh", &key, now).sign(&key).expect("it signs");
        Issuer { key, certificate, server, shelf }
    }

    fn puts(&self, path: &str, status: u16, bytes: Vec<u8>) {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).insert(path.into(), (status, bytes));
    }

    /// A certificate that names these places of the issuer's server.
    fn certifies(
        &self,
        name: &str,
        list: Option<&str>,
        answer: Option<&str>,
        now: Instant,
    ) -> (PrivateKey, Certificate) {
        let key = PrivateKey::generate(KeyKind::P256).expect("a key");
        let at = |path: &str| format!("http://{}{path}", self.server);
        let draft = Draft {
            issuer: self.certificate.subject().clone(),
            issuer_key_id: self.certificate.key_id(),
            addresses: Addresses { crl: list.map(at), ocsp: answer.map(at), ..Addresses::default() },
            ..draft(Kind::Official, name, &key, now)
        };
        let certificate = draft.sign(&self.key).expect("it signs");
        (key, certificate)
    }

    /// A list with these certificates on it, signed by this key.
    fn lists(
        &self,
        revoked: &[(&Certificate, Reason)],
        by: &PrivateKey,
        (at, hours): (Instant, i64),
    ) -> Vec<u8> {
        let draft = crl::Draft {
            issuer: self.certificate.subject().clone(),
            authority_key_id: self.certificate.key_id(),
            number: at.micros().unsigned_abs(),
            delta_base: None,
            this_update: at,
            next_update: at.plus_minutes(60 * hours),
            shard: None,
            freshest: None,
        };
        let entry = |(one, reason): &(&Certificate, Reason)| Revoked {
            serial: one.serial().clone(),
            at: at.plus_minutes(-1),
            reason: *reason,
            invalid_since: None,
        };
        draft.sign(revoked.iter().map(entry).collect::<Vec<_>>(), by).expect("it signs")
    }

    /// An answer about one certificate.
    fn answers(&self, of: &Certificate, status: CertStatus, at: Instant) -> Vec<u8> {
        let key = self.certificate.public_key();
        let id = ocsp::CertId::new(Digest::Sha1, self.certificate.subject(), key, of.serial());
        let answer = Answer {
            id,
            status,
            this_update: at,
            next_update: Some(at.plus_minutes(600)),
            invalid_since: None,
            archive_cutoff: None,
        };
        let draft = ocsp::Draft {
            responder: ResponderId::Key(Digest::Sha1.of(key.raw())),
            produced_at: at,
            answers: vec![answer],
            nonce: None,
            certificates: Vec::new(),
        };
        draft.sign(&self.key).expect("it signs")
    }
}

async fn imports(admin: &mut Person, certificates: &[&Certificate]) {
    let pem: String = certificates.iter().map(|one| one.pem()).collect();
    admin.opens(&format!("{REGISTER}/nhap")).await.expect(200);
    let file = Upload {
        field: "file",
        file_name: "chung-thu.pem",
        content_type: "application/x-pem-file",
        bytes: pem.as_bytes(),
    };
    admin.submits_files("Nhập vào sổ", &[("trust_class", "public")], &[file]).await.expect(200);
}

const ANCHORS: &str = "/quan-tri/neo-tin-cay";

/// Another administrator trusts the authority that was imported.
async fn confirms(town: &Town) {
    let mut second = browser(town, CHAIRMAN).await;
    second.opens(ANCHORS).await.expect(200);
    second.submits("Xác nhận tin cậy", &[]).await.expect(303);
}

/// Opens the page of a certificate by its holder's name.
async fn opens(admin: &mut Person, name: &str) -> String {
    admin.opens(&format!("{REGISTER}?nguon=imported&loai=official")).await.expect(200);
    let page = admin.link(name);
    admin.opens(&page).await.expect(200);
    page
}

/// A town whose register names an issuer's addresses, and has asked there in vain: they are inside the house.
pub async fn asks_in_vain(town: &Town) {
    let now = town.opened.site.clock.now();
    let issuer = Issuer::open(now).await;
    let (_, an) = issuer.certifies("Nguyễn Văn An", Some("/ca.crl"), Some("/ocsp"), now);
    let mut admin = browser(town, ADMIN).await;
    imports(&mut admin, &[&issuer.certificate, &an]).await;
    town.minutes_later(0).await;
    assert_eq!(town.minutes_later(6).await, 0);
}

async fn town(t: &db::testing::TestDb) -> Town {
    let town = Town::configured(t, |config| config.trust.networks = vec!["127.0.0.0/8".into()]).await;
    establishes(&town, "0").await;
    // The jobs are known from now on, and come when it is time.
    town.minutes_later(0).await;
    town
}

/// What a stranger's program is told of a signed message.
async fn judged(town: &Town, message: &[u8]) -> String {
    let (kind, body) = suite::person::multipart(
        &[],
        &[Upload {
            field: "file",
            file_name: "a.p7m",
            content_type: "application/pkcs7-mime",
            bytes: message,
        }],
    );
    let mut who = town.stranger();
    let said = who.sends(Method::POST, "/api/v1/validations", Some(&kind), body).await.expect(200);
    said.text()
}

#[test]
fn what_an_issuer_outside_revokes_stands_in_the_register_and_reaches_its_holder() {
    both(async |t| {
        let town = town(&t).await;
        let now = town.opened.site.clock.now();
        let issuer = Issuer::open(now).await;
        let (key, chairman) = issuer.certifies("Trần Thị Chủ Tịch", Some("/ca.crl"), Some("/ocsp"), now);
        let (_, other) = issuer.certifies("Lê Văn Khác", Some("/ca.crl"), None, now);
        issuer.puts("/ca.crl", 200, issuer.lists(&[], &issuer.key, (now, 48)));
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(OUTSIDE).await.expect(200);
        says(&admin, "Chưa có nơi nào để hỏi");
        imports(&mut admin, &[&issuer.certificate, &chairman, &other]).await;
        confirms(&town).await;
        let page = opens(&mut admin, "Trần Thị Chủ Tịch").await;
        admin.submits("Lưu người giữ", &[("login", CHAIRMAN)]).await.expect(303);
        assert_eq!(town.minutes_later(6).await, 0);
        admin.opens(OUTSIDE).await.expect(200);
        for words in ["Danh sách thu hồi", "/ca.crl", "Đang dùng được", "0 chứng thư bị thu hồi"]
        {
            says(&admin, words);
        }
        says(&admin, "Hỏi từng chứng thư");
        // Whoever checks a file knows from the list that its signer was not revoked.
        let message = cms::Draft::new(&chairman, &[]).at(now).sign(b"Cong van", true, &key).expect("signed");
        let told = judged(&town, &message).await;
        assert!(told.contains("\"total_passed\"") || told.contains("\"valid\""), "{told}");
        // Later the issuer revokes one and suspends the other; what was judged before counts.
        assert_eq!(town.minutes_later(5).await, 0);
        let at = town.opened.site.clock.now();
        let revoked = [(&chairman, Reason::KeyCompromise), (&other, Reason::CertificateHold)];
        issuer.puts("/ca.crl", 200, issuer.lists(&revoked, &issuer.key, (at, 48)));
        assert_eq!(town.minutes_later(6 * 60 + 5).await, 0);
        town.delivers().await;
        // The morning's session has ended.
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(&page).await.expect(200);
        for words in ["Đã thu hồi", "Lộ khóa", "Bên cấp đã công bố."] {
            says(&admin, words);
        }
        opens(&mut admin, "Lê Văn Khác").await;
        says(&admin, "Tạm dừng");
        let told = judged(&town, &message).await;
        assert!(told.contains("revoked_later"), "{told}");
        // The second comes back by the issuer's word; what was revoked does not.
        let at = town.opened.site.clock.now();
        issuer.puts("/ca.crl", 200, issuer.lists(&[], &issuer.key, (at, 48)));
        assert_eq!(town.minutes_later(6 * 60 + 5).await, 0);
        let mut admin = browser(&town, ADMIN).await;
        opens(&mut admin, "Lê Văn Khác").await;
        says(&admin, "Đang dùng");
        admin.opens(&page).await.expect(200);
        says(&admin, "Đã thu hồi");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_is_not_the_issuers_word_is_not_believed_and_the_page_says_why() {
    both(async |t| {
        let town = town(&t).await;
        let now = town.opened.site.clock.now();
        let issuer = Issuer::open(now).await;
        let (_, an) = issuer.certifies("Nguyễn Văn An", Some("/ca.crl"), None, now);
        let forger = PrivateKey::generate(KeyKind::P256).expect("a key");
        let revoked = [(&an, Reason::KeyCompromise)];
        issuer.puts("/ca.crl", 200, issuer.lists(&revoked, &forger, (now, 48)));
        let mut admin = browser(&town, ADMIN).await;
        // Without its issuer in the register nothing can be believed.
        imports(&mut admin, &[&an]).await;
        let at = town.opened.site.clock.now();
        let trouble = [
            ("Chưa có chứng thư của bên cấp trong sổ", None),
            ("Chữ ký không phải của bên cấp.", None),
            ("mã HTTP 500", Some((500, Vec::new()))),
            ("Không đọc được nội dung nhận về.", Some((200, b"<html>".to_vec()))),
            ("Đã quá hạn dùng", Some((200, issuer.lists(&revoked, &issuer.key, (at.plus_minutes(-120), 1))))),
        ];
        for (n, (words, served)) in trouble.into_iter().enumerate() {
            if n == 1 {
                imports(&mut admin, &[&issuer.certificate]).await;
            }
            if let Some((status, bytes)) = served {
                issuer.puts("/ca.crl", status, bytes);
            }
            if n > 0 {
                admin.opens(OUTSIDE).await.expect(200);
                admin.submits("Hỏi lại những nơi bị lỗi", &[]).await.expect(303);
            }
            assert_eq!(town.minutes_later(6).await, 0, "{words}");
            admin.opens(OUTSIDE).await.expect(200);
            says(&admin, words);
            says(&admin, "Không có bản dùng được");
            opens(&mut admin, "Nguyễn Văn An").await;
            says(&admin, "Đang dùng");
        }
        town.audit_book_is_whole().await;
    });
}

#[test]
fn where_there_is_no_list_the_responder_is_asked_about_each_certificate() {
    both(async |t| {
        let town = town(&t).await;
        let now = town.opened.site.clock.now();
        let issuer = Issuer::open(now).await;
        let (_, an) = issuer.certifies("Nguyễn Văn An", None, Some("/ocsp"), now);
        issuer.puts("/ocsp", 200, issuer.answers(&an, CertStatus::Good, now));
        let mut admin = browser(&town, ADMIN).await;
        imports(&mut admin, &[&issuer.certificate, &an]).await;
        assert_eq!(town.minutes_later(6).await, 0);
        admin.opens(OUTSIDE).await.expect(200);
        says(&admin, "Đang dùng được");
        let at = town.opened.site.clock.now();
        let status = CertStatus::Revoked { at, reason: Some(Reason::AffiliationChanged) };
        issuer.puts("/ocsp", 200, issuer.answers(&an, status, at));
        assert_eq!(town.minutes_later(6 * 60).await, 0);
        let mut admin = browser(&town, ADMIN).await;
        opens(&mut admin, "Nguyễn Văn An").await;
        says(&admin, "Đã thu hồi");
        says(&admin, "Thay đổi đơn vị, chức vụ");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn addresses_inside_the_house_are_not_asked_unless_they_are_allowed() {
    both(async |t| {
        let town = super::trusting(&t, "0").await;
        town.minutes_later(0).await;
        let now = town.opened.site.clock.now();
        let issuer = Issuer::open(now).await;
        let (_, an) = issuer.certifies("Nguyễn Văn An", Some("/ca.crl"), None, now);
        issuer.puts("/ca.crl", 200, issuer.lists(&[(&an, Reason::KeyCompromise)], &issuer.key, (now, 48)));
        let mut admin = browser(&town, ADMIN).await;
        imports(&mut admin, &[&issuer.certificate, &an]).await;
        assert_eq!(town.minutes_later(6).await, 0);
        admin.opens(OUTSIDE).await.expect(200);
        says(&admin, "Địa chỉ dẫn vào mạng nội bộ, không được phép hỏi.");
        opens(&mut admin, "Nguyễn Văn An").await;
        says(&admin, "Đang dùng");
        browser(&town, UNIT_ADMIN).await.opens(OUTSIDE).await.expect(403);
    });
}

#[test]
fn what_was_checked_here_stays_valid_when_its_certificate_is_revoked_later() {
    both(async |t| {
        let town = town(&t).await;
        let now = town.opened.site.clock.now();
        let issuer = Issuer::open(now).await;
        let (key, an) = issuer.certifies("Nguyễn Văn An", Some("/ca.crl"), None, now);
        issuer.puts("/ca.crl", 200, issuer.lists(&[], &issuer.key, (now, 48)));
        let mut admin = browser(&town, ADMIN).await;
        imports(&mut admin, &[&issuer.certificate, &an]).await;
        confirms(&town).await;
        assert_eq!(town.minutes_later(6).await, 0);
        let signs = |words: &[u8]| cms::Draft::new(&an, &[]).at(now).sign(words, true, &key).expect("signed");
        let (seen, unseen) = (signs(b"Quyet dinh 1"), signs(b"Quyet dinh 2"));
        let told = judged(&town, &seen).await;
        assert!(told.contains("\"verdict\":\"valid\"") && !told.contains("seen_before"), "{told}");
        // A month later it is revoked, and nobody knows since when the second letter existed.
        town.hand.advance(std::time::Duration::from_secs(30 * 24 * 3600));
        let at = town.opened.site.clock.now();
        issuer.puts("/ca.crl", 200, issuer.lists(&[(&an, Reason::KeyCompromise)], &issuer.key, (at, 48)));
        assert_eq!(town.minutes_later(6).await, 0);
        let told = judged(&town, &seen).await;
        assert!(told.contains("\"verdict\":\"valid\"") && told.contains("seen_before"), "{told}");
        let told = judged(&town, &unseen).await;
        assert!(told.contains("\"verdict\":\"indeterminate\""), "{told}");
        // Each piece of evidence is kept once, and what nobody rests on is let go.
        let count = async |tx: &mut db::Tx| -> db::Result<(i64, i64)> {
            let sql =
                "select (select count(*) from evidence_document), (select count(*) from evidence_piece)";
            tx.get(sql, db::args![]).await
        };
        let (documents, pieces) = town.opened.site.db.read(count).await.expect("the store answers");
        assert_eq!((documents, pieces), (1, 2), "a list and the signer's certificate");
        town.hand.advance(std::time::Duration::from_secs(11 * 365 * 24 * 3600));
        town.minutes_later(61).await;
        let left = town.opened.site.db.read(count).await.expect("the store answers");
        assert_eq!(left, (0, 0));
    });
}

#[test]
fn nobody_alone_makes_an_authority_outside_trusted() {
    both(async |t| {
        let town = town(&t).await;
        let now = town.opened.site.clock.now();
        let issuer = Issuer::open(now).await;
        let (key, an) = issuer.certifies("Nguyễn Văn An", Some("/ca.crl"), None, now);
        issuer.puts("/ca.crl", 200, issuer.lists(&[], &issuer.key, (now, 48)));
        let paper = cms::Draft::new(&an, &[]).at(now).sign(b"Quyet dinh", true, &key).expect("signed");
        let mut admin = browser(&town, ADMIN).await;
        imports(&mut admin, &[&issuer.certificate, &an]).await;
        assert_eq!(town.minutes_later(6).await, 0);
        let told = judged(&town, &paper).await;
        assert!(told.contains("NO_CERTIFICATE_CHAIN_FOUND"), "imported is not trusted: {told}");
        // Whoever proposed sees the fingerprint and no way to confirm; sent all the same, it is refused.
        let html = admin.opens(ANCHORS).await.expect(200).text();
        says(&admin, "Chờ người thứ hai xác nhận");
        let fingerprint: String = issuer.certificate.fingerprint(Digest::Sha256)[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        says(&admin, &fingerprint);
        assert!(!html.contains("Xác nhận tin cậy"), "{html}");
        let mut second = browser(&town, CHAIRMAN).await;
        second.opens(ANCHORS).await.expect(200);
        second.submits("Xác nhận tin cậy", &[]).await.expect(303);
        let told = judged(&town, &paper).await;
        assert!(told.contains("\"verdict\":\"valid\""), "{told}");
        // Trust is taken away by one.
        admin.opens(ANCHORS).await.expect(200);
        says(&admin, "Đang được tin");
        admin.submits("Thôi tin cậy", &[]).await.expect(303);
        assert!(judged(&town, &paper).await.contains("NO_CERTIFICATE_CHAIN_FOUND"));
        // An end-entity certificate is none.
        let page = opens(&mut admin, "Nguyễn Văn An").await;
        let id = page.rsplit('/').next().expect("an id").to_string();
        admin.opens(ANCHORS).await.expect(200);
        let filled = [("certificate", id.as_str()), ("class", "public")];
        admin.submits("Đề nghị tin cậy", &filled).await.expect(422);
        says(&admin, "Chỉ chứng thư gốc còn hiệu lực");
        browser(&town, UNIT_ADMIN).await.opens(ANCHORS).await.expect(403);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_the_register_keeps_as_revoked_counts_though_its_issuer_says_nothing() {
    both(async |t| {
        let town = town(&t).await;
        let now = town.opened.site.clock.now();
        let issuer = Issuer::open(now).await;
        let (key, an) = issuer.certifies("Nguyễn Văn An", Some("/ca.crl"), None, now);
        issuer.puts("/ca.crl", 200, issuer.lists(&[], &issuer.key, (now, 48)));
        let mut admin = browser(&town, ADMIN).await;
        imports(&mut admin, &[&issuer.certificate, &an]).await;
        confirms(&town).await;
        assert_eq!(town.minutes_later(6).await, 0);
        opens(&mut admin, "Nguyễn Văn An").await;
        let why = [("reason", "1"), ("note", "Bên cấp báo qua công văn"), ("since", "")];
        admin.submits("Thu hồi", &why).await.expect(303);
        let later = town.opened.site.clock.now().plus_minutes(10);
        let paper = cms::Draft::new(&an, &[]).at(later).sign(b"Quyet dinh", true, &key).expect("signed");
        town.hand.set(later.plus_minutes(1));
        let told = judged(&town, &paper).await;
        assert!(told.contains("revoked_in_register") && told.contains("\"verdict\":\"invalid\""), "{told}");
    });
}
