//! Certificates: the province makes its authority, two persons stand behind each certificate, what is revoked
//! is seen at every node at once, and OpenSSL believes lists, answers and time-stamps.

mod answers;
mod archive;
pub mod ends;
pub mod many;
mod modules;
pub mod outside;
mod register;
mod stamps;

use std::path::{Path, PathBuf};
use std::process::Command;

use axum::body::Bytes;
use axum::http::Method;
use base::Clock;
use db::testing::{TestDb, both};
use suite::person::{Answer, Person, Upload};
use suite::town::Town;
use suite::town::people::*;

use crate::desk::{browser, says};
use crate::edit::second_admin;

const AUTHORITY: &str = "/quan-tri/co-quan-chung-thuc";
const REQUESTS: &str = "/quan-tri/yeu-cau-chung-thu";
const REGISTER: &str = "/quan-tri/chung-thu-so";

/// A town whose clock goes right, since OpenSSL looks at the machine's, with an authority that issues.
pub async fn trusting(t: &TestDb, shards: &str) -> Town {
    let town = Town::of(t).await;
    town.hand.set(Clock::system().now());
    establishes(&town, shards).await;
    town
}

/// A second administrator, and an authority made in the pages.
pub async fn establishes(town: &Town, shards: &str) {
    second_admin(town).await;
    let mut admin = browser(town, ADMIN).await;
    admin.opens(AUTHORITY).await.expect(200);
    says(&admin, "Chưa có cơ quan chứng thực");
    admin.submits("Lập cơ quan chứng thực", &[("shards", "257")]).await.expect(422);
    says(&admin, "Nhập số từ 0 đến 256.");
    admin.submits("Lập cơ quan chứng thực", &[("shards", shards)]).await.expect(303);
}

/// Runs OpenSSL in a folder: whether it was content, and all it said.
pub fn openssl(folder: &Path, words: &str) -> (bool, String) {
    let run = Command::new("openssl").args(words.split_whitespace()).current_dir(folder).output();
    let run = run.expect("openssl is installed");
    let said = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (run.status.success(), said.concat())
}

/// The same, and it must be content.
pub fn does(folder: &Path, words: &str) -> String {
    let (well, said) = openssl(folder, words);
    assert!(well, "openssl {words}:\n{said}");
    said
}

/// Writes a file; its path.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("the file is written");
    path
}

pub async fn fetch(who: &mut Person, path: &str) -> Bytes {
    who.gets(path).await.expect(200).body
}

/// A request for a key that OpenSSL keeps, and the file of it.
pub fn csr(folder: &Path, name: &str) -> Vec<u8> {
    does(folder, &format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
    does(folder, &format!("req -new -key {name}.key -subj /CN=whatever -out {name}.csr"));
    std::fs::read(folder.join(format!("{name}.csr"))).expect("the request was written")
}

/// What a form says of a request, before its file.
pub const ASKED: [(&str, &str); 3] =
    [("letter", "12/UBND-VP ngày 20/08/2026"), ("reason", "Ký số văn bản đi"), ("device", "token")];

/// Asks with a file; the answer as it comes.
pub async fn asks(who: &mut Person, more: &[(&str, &str)], csr: &[u8]) -> Answer {
    who.opens(&format!("{REQUESTS}/moi")).await.expect(200);
    let filled = [&ASKED, more].concat();
    let file = Upload { field: "csr", file_name: "khoa.csr", content_type: "application/pkcs10", bytes: csr };
    let files = if csr.is_empty() { vec![] } else { vec![file] };
    who.submits_files("Gửi yêu cầu", &filled, &files).await
}

/// A certificate for the chairman's own key, asked for by who keeps the unit and approved by the province;
/// the address of its page.
pub async fn issued(town: &Town, folder: &Path) -> String {
    let request = csr(folder, "leaf");
    let mut keeper = browser(town, UNIT_ADMIN).await;
    let asked = asks(&mut keeper, &[("holder", CHAIRMAN)], &request).await.expect(303);
    let at = asked.header("location").to_string();
    let mut admin = browser(town, ADMIN).await;
    admin.opens(&at).await.expect(200);
    let done = admin.submits("Duyệt và cấp chứng thư", &[]).await.expect(303);
    admin.follows(done).await.expect(200);
    let page = admin.link("Xem chứng thư");
    let cer = fetch(&mut admin, &format!("{page}/tep")).await;
    put(folder, "leaf.der", &cer);
    does(folder, "x509 -inform der -in leaf.der -out leaf.pem");
    let chain = fetch(&mut town.stranger(), "/pki/ca.pem").await;
    put(folder, "chain.pem", &chain);
    let issuing = fetch(&mut town.stranger(), "/pki/ca/ca-2.cer").await;
    put(folder, "issuing.der", &issuing);
    does(folder, "x509 -inform der -in issuing.der -out issuing.pem");
    page
}

/// Revokes on the certificate's page.
pub async fn revokes(town: &Town, page: &str) {
    let mut admin = browser(town, ADMIN).await;
    admin.opens(page).await.expect(200);
    let filled = [("reason", "1"), ("note", "Mất USB token tại nhà.")];
    admin.submits("Thu hồi", &filled).await.expect(303);
}

#[test]
fn nobody_gets_a_certificate_alone() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let mut keeper = browser(&town, UNIT_ADMIN).await;
        asks(&mut keeper, &[("letter", ""), ("years", "9"), ("holder", "nobody")], b"").await.expect(422);
        for words in ["Nhập nội dung này.", "Cấp mới từ 1 đến 5 năm", "Không có cán bộ đang giữ chức vụ"]
        {
            says(&keeper, words);
        }
        asks(&mut keeper, &[("holder", "chutich.longho")], b"").await.expect(422);
        says(&keeper, "không thuộc phạm vi quản trị");
        csr(t.dir(), "other");
        does(t.dir(), "req -in other.csr -outform der -out other.der");
        let mut stolen = std::fs::read(t.dir().join("other.der")).expect("OpenSSL wrote it");
        *stolen.last_mut().expect("bytes") ^= 1;
        asks(&mut keeper, &[("holder", CHAIRMAN)], &stolen).await.expect(422);
        says(&keeper, "không chứng minh được người gửi có khóa bí mật");
        asks(&mut keeper, &[("holder", CHAIRMAN)], b"no request").await.expect(422);
        says(&keeper, "Không đọc được tệp yêu cầu.");

        // The administrator asks for a seal, and does not approve it.
        let mut one = browser(&town, ADMIN).await;
        let seal = [("kind", "agency_seal"), ("unit", "29596-UBND")];
        let asked = asks(&mut one, &seal, b"").await.expect(303);
        let at = asked.header("location").to_string();
        one.opens(&at).await.expect(200);
        says(&one, "Một quản trị viên khác của tỉnh duyệt yêu cầu này.");
        let alone = page_csrf(&one);
        let body = format!("_csrf={alone}&word=approve");
        let kind = Some("application/x-www-form-urlencoded");
        one.sends(Method::POST, &at, kind, body.into()).await.expect(422);
        says(&one, "Người đề nghị không tự duyệt");
        // Who keeps a unit does not see it, and does not decide.
        keeper.opens(&at).await.expect(404);
        let mut two = browser(&town, CHAIRMAN).await;
        two.opens(&at).await.expect(200);
        two.submits("Không duyệt", &[]).await.expect(422);
        two.opens(&at).await.expect(200);
        two.submits("Duyệt và cấp chứng thư", &[]).await.expect(303);
        two.opens(&at).await.expect(200);
        says(&two, "Đã cấp");

        // Nobody approves their own, whoever asked.
        let own = asks(&mut keeper, &[("holder", CHAIRMAN)], b"").await.expect(303);
        let own = own.header("location").to_string();
        two.opens(&own).await.expect(200);
        says(&two, "Một quản trị viên khác của tỉnh duyệt yêu cầu này.");
        // Whoever asked takes it back.
        keeper.opens(&own).await.expect(200);
        keeper.submits("Rút yêu cầu", &[]).await.expect(303);
        one.opens(&own).await.expect(200);
        says(&one, "Đã rút");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn many_are_issued_in_one_deed() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let now = town.opened.site.clock.now();
        let before = issued_by_the_book(&town).await;
        let issued = trust::issue_demo(&town.opened.trust, 23, now, |_, _, _| {}).await.expect("issued");
        assert_eq!(issued.certificates, 23);
        assert_eq!(issued_by_the_book(&town).await - before, 23, "each has its entry in the audit book");
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(&format!("{REGISTER}?nguon=own&loai=official")).await.expect(200);
        says(&admin, "23 chứng thư");
        let newest = async |tx: &mut db::Tx| -> db::Result<String> {
            tx.get("select max(id) from certificate where kind = 'official'", db::args![]).await
        };
        let id = town.opened.site.db.read(newest).await.expect("the store answers");
        put(t.dir(), "leaf.der", &fetch(&mut admin, &format!("{REGISTER}/{id}/tep")).await);
        put(t.dir(), "chain.pem", &fetch(&mut town.stranger(), "/pki/ca.pem").await);
        does(t.dir(), "x509 -inform der -in leaf.der -out leaf.pem");
        does(t.dir(), "verify -x509_strict -CAfile chain.pem leaf.pem");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// How many certificates the audit book says were issued.
async fn issued_by_the_book(town: &Town) -> i64 {
    let count = async |tx: &mut db::Tx| -> db::Result<i64> {
        tx.get("select count(*) from audit_entry where verb = 'trust.issue-certificate'", db::args![]).await
    };
    town.opened.site.db.read(count).await.expect("the store answers")
}

/// The token of the forms on the page last seen.
fn page_csrf(who: &Person) -> String {
    let forms = who.page().forms();
    let fields = forms.into_iter().flat_map(|form| form.fields);
    fields.into_iter().find(|(name, _)| name == "_csrf").expect("a form with its token").1
}

#[test]
fn a_key_of_another_holder_or_one_that_got_out_is_not_certified_again() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let page = issued(&town, t.dir()).await;
        let same = std::fs::read(t.dir().join("leaf.csr")).expect("the request was written");
        let mut keeper = browser(&town, UNIT_ADMIN).await;
        asks(&mut keeper, &[("holder", RECORDS)], &same).await.expect(422);
        says(&keeper, "đã có chứng thư của người hoặc cơ quan khác");
        // Its own holder may have another one for it, until it has got out.
        asks(&mut keeper, &[("holder", CHAIRMAN)], &same).await.expect(303);
        revokes(&town, &page).await;
        asks(&mut keeper, &[("holder", CHAIRMAN)], &same).await.expect(422);
        says(&keeper, "đã bị thu hồi vì lộ");
    });
}
