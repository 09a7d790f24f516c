//! The result of a dossier is signed by the chairman who decided and sealed by the records clerk; others
//! judge the file.

mod device;
mod keeping;
pub mod phone;
mod picture;
mod raise;
mod receipt;

use std::process::Command;

use db::Tx;
use db::testing::both;
use judges::{Way, row};
use serde_json::json;
use suite::person::Person;
use suite::town::people::*;
use suite::town::{Town, morning, takes, tries_step};

use crate::{after_result, desk};

/// The records clerk of the commune.
pub const RECORDS: &str = "vanthu.phuochau";
/// The PIN of those who sign.
pub const PIN: &str = "246810";

/// A town in which the chairman, the records clerk and the seal of the commune sign.
async fn signing_town(t: &db::testing::TestDb) -> Town {
    let town = Town::of(t).await;
    signers_get_certificates(&town).await;
    town
}

/// The chairman, the records clerk and the commune's seal get certificates of the province's own authority.
pub async fn signers_get_certificates(town: &Town) {
    let plan = trust::Plan::signers(vec![CHAIRMAN.into(), RECORDS.into()], PIN);
    trust::seed_demo(&town.opened.trust, &plan, morning(), |_, _, _| {})
        .await
        .expect("they get certificates");
}

/// The result as the citizen gets it.
pub async fn result(town: &Town, code: &str) -> Vec<u8> {
    let mut citizen = town.token(CITIZEN).await;
    citizen.gets(&format!("/ho-so/{code}/giay/result")).await.expect(200).body.to_vec()
}

/// The result as the one who decided sees it, signed or not.
pub async fn printed(town: &Town, code: &str) -> Vec<u8> {
    let mut chairman = town.token(CHAIRMAN).await;
    chairman.gets(&format!("/ho-so/{code}/giay/result")).await.expect(200).body.to_vec()
}

/// The citizen asks for the result and is told that it is not there yet.
async fn is_not_out(town: &Town, code: &str) {
    let mut citizen = town.token(CITIZEN).await;
    let told = citizen.gets(&format!("/ho-so/{code}/giay/result")).await.expect(422).text();
    assert!(told.contains("đang chờ ký và đóng dấu"), "{told}");
}

/// Opens the list and signs what is on it with the first certificate.
async fn signs(person: &mut Person, pin: &str) -> suite::person::Answer {
    person.opens("/mot-cua/ky-so").await.expect(200);
    person.submits("Ký số", &[("pin", pin)]).await
}

#[test]
fn a_result_is_signed_then_sealed_and_each_signature_covers_what_was_before() {
    both(async |t| {
        let town = signing_town(&t).await;
        let code = after_result::decided(&town, "counter").await;
        is_not_out(&town, &code).await;
        let bare = printed(&town, &code).await;

        let mut records = desk::browser(&town, RECORDS).await;
        let page = records.opens("/mot-cua/ky-so").await.expect(200).text();
        assert!(
            page.contains("Không có kết quả nào chờ ký số"),
            "the seal comes after the signature: {page}"
        );

        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        let wrong = signs(&mut chairman, "000000").await.expect(422).text();
        assert!(wrong.contains("Mã PIN không đúng. Còn 4 lần thử."), "{wrong}");
        assert_eq!(printed(&town, &code).await, bare, "nothing was signed");
        signs(&mut chairman, PIN).await.expect(303);
        is_not_out(&town, &code).await;
        let signed = printed(&town, &code).await;
        assert!(signed.starts_with(&bare) && signed.len() > bare.len(), "an update at the end");

        signs(&mut records, PIN).await.expect(303);
        let sealed = result(&town, &code).await;
        assert!(sealed.starts_with(&signed) && sealed.len() > signed.len());
        judged_by_others(t.dir(), &town, &sealed).await;

        let mut citizen = desk::browser(&town, CITIZEN).await;
        let page = citizen.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200).text();
        for said in ["Đã ký số: ", "Cơ quan đã đóng dấu số: ", "Chữ ký số hợp lệ, văn bản nguyên vẹn."]
        {
            assert!(page.contains(said), "{said} in {page}");
        }
        let page = chairman.opens("/mot-cua/ky-so").await.expect(200).text();
        assert!(page.contains("Không có kết quả nào chờ ký số"), "{page}");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// Asks for the hand-over; what is said when it is refused.
async fn is_refused(town: &Town, code: &str) -> String {
    tries_step(&mut town.token(CLERK).await, code, "return_result", json!({})).await.expect(422).text()
}

#[test]
fn a_result_leaves_only_with_signature_and_seal() {
    both(async |t| {
        let town = signing_town(&t).await;
        let code = after_result::decided(&town, "counter").await;
        let told = is_refused(&town, &code).await;
        assert!(told.contains("chưa được ký số nên chưa trả được"), "{told}");
        assert!(!told.contains("bản giấy"), "both have certificates: {told}");
        let mut clerk = desk::browser(&town, CLERK).await;
        clerk.gets(&format!("{}/ky-giay", desk::page(&code))).await.expect(303);
        let by_pen = json!({ "signed_by": "Nguyễn Văn Hòa" });
        let told = tries_step(&mut town.token(CLERK).await, &code, "return_result", by_pen).await;
        let told = told.expect(422).text();
        assert!(told.contains("đều có chứng thư số"), "{told}");

        signs(&mut desk::browser(&town, CHAIRMAN).await, PIN).await.expect(303);
        let told = is_refused(&town, &code).await;
        assert!(told.contains("chưa có dấu của cơ quan"), "{told}");
        clerk.opens(&desk::page(&code)).await.expect(200);
        desk::says(&clerk, "Đang chờ cơ quan đóng dấu.");
        signs(&mut desk::browser(&town, RECORDS).await, PIN).await.expect(303);
        takes(&mut town.token(CLERK).await, &code, "return_result", json!({})).await;
        result(&town, &code).await;
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_corrected_result_waits_for_signature_and_seal_anew() {
    both(async |t| {
        let town = signing_town(&t).await;
        let code = after_result::decided(&town, "counter").await;
        for login in [CHAIRMAN, RECORDS] {
            signs(&mut desk::browser(&town, login).await, PIN).await.expect(303);
        }
        takes(&mut town.token(CLERK).await, &code, "return_result", json!({})).await;
        let first = result(&town, &code).await;

        let own = format!("/ho-so-cua-toi/{code}");
        let mut an = desk::browser(&town, CITIZEN).await;
        an.opens(&own).await.expect(200);
        let asked = [("what", "Tên con là Khoa, in nhầm là Khôi."), ("fault", "official")];
        an.submits("Gửi đề nghị đính chính", &asked).await.expect(303);
        after_result::corrects(&town, &code).await;
        is_not_out(&town, &code).await;
        an.opens(&own).await.expect(200);
        desk::says(&an, "Đang chờ người ký duyệt ký.");
        let old = an.link("đã bị thay thế");
        assert_eq!(an.gets(&old).await.expect(200).body, first, "what left before stays");

        signs(&mut desk::browser(&town, CHAIRMAN).await, PIN).await.expect(303);
        is_not_out(&town, &code).await;
        signs(&mut desk::browser(&town, RECORDS).await, PIN).await.expect(303);
        let second = result(&town, &code).await;
        assert_ne!(first, second);
        judged_by_others(t.dir(), &town, &second).await;
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// The province settles otherwise when results may go out on paper.
async fn paper_goes_out(town: &Town, word: &str) {
    let word = word.to_string();
    let set = async move |tx: &mut Tx| {
        let sql = "update parameter set value = $1 where id = 'result-on-paper'";
        tx.change_one(sql, db::args![&word]).await
    };
    town.opened.site.db.upkeep::<_, db::Error, _>(set).await.expect("the parameter is there");
}

#[test]
fn a_result_on_paper_leaves_when_somebody_says_who_signed_it_and_the_parameter_allows_it() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = after_result::decided(&town, "counter").await;
        paper_goes_out(&town, "never").await;
        let by_pen = || json!({ "signed_by": "Nguyễn Văn Hòa" });
        let told = tries_step(&mut town.token(CLERK).await, &code, "return_result", by_pen()).await;
        assert!(told.expect(422).text().contains("phải được ký số"));
        paper_goes_out(&town, "without-certificate").await;
        let mut clerk = desk::browser(&town, CLERK).await;
        clerk.opens(&desk::page(&code)).await.expect(200);
        let link = clerk.link("Kết quả đã ký trên giấy");
        clerk.opens(&link).await.expect(200);
        for day in ["19/08/2026", "21/08/2026", "x"] {
            clerk.submits("Ghi nhận", &[("day", day)]).await.expect(422);
            desk::says(&clerk, "Ghi một ngày từ 20/08/2026 đến hôm nay.");
        }
        clerk.submits("Ghi nhận", &[("signer", ""), ("day", "20/08/2026")]).await.expect(422);
        let answer = clerk.submits("Ghi nhận", &[("signer", "Nguyễn Văn Hòa")]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        desk::says(&clerk, "Đã ký, đóng dấu trên giấy: Nguyễn Văn Hòa, 20/08/2026.");
        result(&town, &code).await;
        // Said once; and nobody signs digitally what has gone out on paper.
        clerk.gets(&format!("{}/ky-giay", desk::page(&code))).await.expect(303);
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        let page = chairman.opens("/mot-cua/ky-so").await.expect(200).text();
        assert!(page.contains("Không có kết quả nào chờ ký số"), "{page}");
        town.delivers().await;
        let told = async |tx: &mut Tx| {
            let sql = "select count(*) from audit_entry where verb = 'onestop.sign-on-paper'";
            tx.get::<i64>(sql, db::args![]).await
        };
        assert_eq!(town.opened.site.db.read::<_, db::Error, _>(told).await.expect("the store answers"), 1);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_key_is_locked_after_five_wrong_pins_and_opened_by_a_new_one() {
    both(async |t| {
        let town = signing_town(&t).await;
        after_result::decided(&town, "counter").await;
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        for left in ["4", "3", "2", "1"] {
            let page = signs(&mut chairman, "135791").await.expect(422).text();
            assert!(page.contains(&format!("Còn {left} lần thử")), "{page}");
        }
        for pin in ["135791", PIN] {
            let page = signs(&mut chairman, pin).await.expect(422).text();
            assert!(page.contains("Khóa ký đã bị khóa"), "{page}");
        }
        chairman.opens("/chung-thu-so/ky").await.expect(200);
        let link = chairman.link("Đặt mã PIN");
        chairman.opens(&link).await.expect(200);
        let bad = [("account_password", "x"), ("pin", "123456"), ("again", "654321")];
        let page = chairman.submits("Đặt mã PIN", &bad).await.expect(422).text();
        for said in ["Mật khẩu tài khoản không đúng", "quá dễ đoán", "không giống nhau"] {
            assert!(page.contains(said), "{said} in {page}");
        }
        let good = [("account_password", "CuuLong-2026"), ("pin", "97531864"), ("again", "97531864")];
        // After the lock the password alone is not enough: the new PIN waits, and its holder hears of it.
        chairman.submits("Đặt mã PIN", &good).await.expect(303);
        signs(&mut chairman, "97531864").await.expect(422);
        chairman.opens("/chung-thu-so/ky").await.expect(200);
        desk::says(&chairman, "Mã PIN mới có hiệu lực từ");
        town.delivers().await;
        assert_eq!(crate::trust::ends::count(&town, CHAIRMAN, "certificate_pin_waits").await, 1);
        town.hand.advance(std::time::Duration::from_secs(24 * 3600));
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        signs(&mut chairman, "97531864").await.expect(303);
    });
}

#[test]
fn nobody_signs_what_waits_for_another() {
    both(async |t| {
        let town = signing_town(&t).await;
        after_result::decided(&town, "counter").await;
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        let page = chairman.opens("/mot-cua/ky-so").await.expect(200).text();
        let file = page.split("href=\"/mot-cua/ky-so/").nth(1).expect("a result waits");
        let file = format!("/mot-cua/ky-so/{}", file.split('"').next().expect("an address"));
        chairman.opens(&file).await.expect(200);
        for other in [RECORDS, CLERK, REGISTRAR] {
            let mut other = desk::browser(&town, other).await;
            other.opens(&file).await.expect(404);
        }
        let mut citizen = desk::browser(&town, CITIZEN).await;
        assert_ne!(citizen.opens("/mot-cua/ky-so").await.status, 200);
    });
}

/// poppler's pdfsig and qpdf.
async fn judged_by_others(folder: &std::path::Path, town: &Town, file: &[u8]) {
    let path = folder.join("result.pdf");
    std::fs::write(&path, file).expect("a temporary folder");
    let said = Command::new("qpdf").arg("--check").arg(&path).output().expect("qpdf is installed");
    assert!(said.status.success(), "{said:?}");
    let chain = town.stranger().gets("/pki/ca.pem").await.expect(200).body;
    let nss = folder.join("nss");
    std::fs::create_dir_all(&nss).expect("a temporary folder");
    let db = format!("sql:{}", nss.display());
    let run = |program: &str, args: &[&str]| {
        let out = Command::new(program).args(args).output().expect("libnss3-tools and poppler-utils");
        assert!(out.status.success(), "{program} {args:?}: {out:?}");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    run("certutil", &["-N", "-d", &db, "--empty-password"]);
    for (n, pem) in String::from_utf8_lossy(&chain).split_inclusive("-----END CERTIFICATE-----").enumerate() {
        if pem.contains("BEGIN") {
            let one = folder.join(format!("ca-{n}.pem"));
            std::fs::write(&one, pem.trim_start()).expect("a temporary folder");
            run(
                "certutil",
                &["-A", "-d", &db, "-n", &format!("ca{n}"), "-t", "CT,C,C", "-i", &one.display().to_string()],
            );
        }
    }
    let said = run("pdfsig", &["-nocert", "-nssdir", &db, &path.display().to_string()]);
    assert_eq!(said.matches("Signature is Valid").count(), 2, "{said}");
    assert!(said.contains("ETSI.CAdES.detached"), "{said}");
    row("qpdf", Way::Ours, "a result signed by a person and sealed by the agency", 1);
    row("pdfsig", Way::Ours, "a result signed by a person and sealed by the agency", 2);
}

/// How many files of results are held: each signature keeps the one before it.
#[test]
fn the_files_before_each_signature_are_kept() {
    both(async |t| {
        let town = signing_town(&t).await;
        let code = after_result::decided(&town, "counter").await;
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        printed(&town, &code).await;
        signs(&mut chairman, PIN).await.expect(303);
        let lost = async |tx: &mut Tx| {
            let sql = "select count(*) from result_signature s join content c on c.hash = s.before
                  where c.refs < 1 or c.doomed = 1";
            tx.get::<i64>(sql, db::args![]).await
        };
        assert_eq!(town.opened.site.db.read::<_, db::Error, _>(lost).await.expect("the store answers"), 0);
    });
}

#[test]
fn the_audit_book_is_sealed_and_a_remade_entry_is_found() {
    both(async |t| {
        let town = signing_town(&t).await;
        after_result::decided(&town, "counter").await;
        let db = &town.opened.site.db;
        let seals = async || {
            trust::book::check(db, &[], town.opened.site.clock.now()).await.expect("the store answers")
        };
        assert_eq!(seals().await, trust::book::Seals::default());
        town.audit_book_is_whole().await;
        assert!(trust::book::seal(&town.opened.trust).await.expect("it is stamped"));
        while db::audit::chain_once(db).await.expect("the store answers") > 0 {}
        let found = seals().await;
        assert_eq!((found.count, found.broken), (1, None));
        let forge = async |tx: &mut Tx| {
            let sql = "update audit_entry set hash = $1 where no = (select max(no) from book_seal)";
            tx.change(sql, db::args!["00"]).await
        };
        db.upkeep::<_, db::Error, _>(forge).await.expect("the store lets its owner forge");
        assert!(seals().await.broken.is_some());
    });
}
