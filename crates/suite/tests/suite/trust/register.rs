//! The register: what a demonstration has in it, what is taken out of files, and who may look.

use cuulong::config::Config;
use db::testing::both;
use directory::seed::Province;
use suite::person::{Answer, Person, Upload};
use suite::town::people::*;
use suite::town::{Town, morning};

use super::{ASKED, REGISTER, csr, does, issued, put, trusting};
use crate::desk::{browser, says};

#[test]
fn a_demonstration_has_1059_certificates_in_use_and_128_revoked() {
    both(async |t| {
        t.migrate(&cuulong::open::migrations()).await;
        let province = Province::named("vinh-long").expect("it ships with the program");
        directory::seed::load(&t.db, &province, morning(), |_, _, _| {}).await.expect("a province");
        onestop::seed(&t.db, morning()).await.expect("the number schemes fit");
        let town = Town::around(t.db.clone(), t.blobs().await, t.dir()).await;
        let people = province.demo_accounts().into_iter().map(|account| account.login).collect();
        let plan = trust::Plan::province(people, "246810");
        for valid in [1_059, 0] {
            let loaded = trust::seed_demo(&town.opened.trust, &plan, morning(), |_, _, _| {}).await;
            assert_eq!(loaded.expect("the store answers").valid, valid, "once and not again");
        }
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(REGISTER).await.expect(200);
        for words in ["Bên ngoài cấp 918 0 116 0", "Tỉnh cấp 141 0 12 0", "Tất cả 1.059 0 128 0"]
        {
            says(&admin, words);
        }
        says(&admin, "50 chứng thư");
        admin.opens(&admin.link("Trang sau")).await.expect(200);
        says(&admin, "50 chứng thư");
        admin.opens(&format!("{REGISTER}?trang-thai=revoked&nguon=own")).await.expect(200);
        says(&admin, "12 chứng thư");
        admin.opens(&format!("{REGISTER}?trang-thai=expiring")).await.expect(200);
        let config = Config { data: t.dir().to_path_buf(), ..Config::default() };
        assert!(config.secret_file().exists());
        // Their ends are told, once.
        assert_eq!(town.minutes_later(25 * 60).await, 0);
        town.delivers().await;
    });
}

async fn imports(who: &mut Person, bytes: &[u8], password: &str) -> Answer {
    who.opens(&format!("{REGISTER}/nhap")).await.expect(200);
    let file =
        Upload { field: "file", file_name: "chung-thu", content_type: "application/octet-stream", bytes };
    who.submits_files("Nhập vào sổ", &[("trust_class", "public"), ("password", password)], &[file]).await
}

#[test]
fn a_file_of_certificates_is_taken_in_and_every_bad_one_is_named() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        let mut admin = browser(&town, ADMIN).await;
        does(
            folder,
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=NgoaiTinh -days 99",
        );
        csr(folder, "an");
        does(folder, "x509 -req -in an.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out an.pem");
        // The same name, another key.
        does(
            folder,
            "req -x509 -newkey rsa:2048 -nodes -keyout gia.key -out gia.pem -subj /CN=NgoaiTinh -days 9",
        );
        csr(folder, "binh");
        does(
            folder,
            "x509 -req -in binh.csr -CA gia.pem -CAkey gia.key -CAcreateserial -days 30 -out binh.pem",
        );
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("OpenSSL wrote it");
        let broken = "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n";
        let file = [read("an.pem"), broken.into(), read("binh.pem"), read("ca.pem")].concat();
        imports(&mut admin, file.as_bytes(), "").await.expect(200);
        for words in
            ["Đã nhập 2 trong 4 chứng thư", "Không đọc được, hỏng ở byte", "Không do bên cấp đã ghi ký"]
        {
            says(&admin, words);
        }
        imports(&mut admin, read("an.pem").as_bytes(), "").await.expect(200);
        says(&admin, "Đã có trong sổ");
        csr(folder, "chi");
        does(folder, "x509 -req -in chi.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out chi.pem");
        does(folder, "pkcs12 -export -in chi.pem -inkey chi.key -passout pass:mat-khau -out chi.p12");
        let p12 = std::fs::read(folder.join("chi.p12")).expect("OpenSSL wrote it");
        imports(&mut admin, &p12, "sai").await.expect(422);
        says(&admin, "Mật khẩu của tệp không đúng");
        imports(&mut admin, &p12, "mat-khau").await.expect(200);
        says(&admin, "Khóa bí mật trong tệp không được giữ lại.");
        imports(&mut admin, "một tệp văn bản".as_bytes(), "").await.expect(422);
        says(&admin, "Không đọc được tệp.");
        put(folder, "none", b"");
        browser(&town, UNIT_ADMIN).await.opens(&format!("{REGISTER}/nhap")).await.expect(403);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_certificate_is_given_its_holder_and_stale_pages_change_nothing() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let page = issued(&town, t.dir()).await;
        let mut one = browser(&town, ADMIN).await;
        let mut two = browser(&town, ADMIN).await;
        one.opens(&page).await.expect(200);
        two.opens(&page).await.expect(200);
        one.submits("Lưu người giữ", &[("login", "nobody")]).await.expect(422);
        says(&one, "Không có cán bộ đang giữ chức vụ");
        one.opens(&page).await.expect(200);
        let filled = [("login", RECORDS), ("device", "sim"), ("device_no", "0912")];
        one.submits("Lưu người giữ", &filled).await.expect(303);
        two.submits("Thu hồi", &[("reason", "1"), ("note", "Lộ khóa")]).await.expect(409);
        says(&two, "Trang này đã cũ");
        one.opens(&page).await.expect(200);
        says(&one, "SIM PKI 0912");
        one.submits("Thu hồi", &[("reason", "1"), ("note", ""), ("since", "2999-01-01")]).await.expect(422);
        says(&one, "Ghi rõ vì sao.");
        says(&one, "Ngày này chưa đến.");
        let mut records = browser(&town, RECORDS).await;
        records.opens("/chung-thu-so").await.expect(200);
        says(&records, "Báo mất, tạm dừng ngay");
    });
}

#[test]
fn a_certificate_in_use_is_renewed_for_its_holder_alone() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let page = issued(&town, t.dir()).await;
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(&page).await.expect(200);
        let form = admin.link("Yêu cầu gia hạn");
        let mut keeper = browser(&town, UNIT_ADMIN).await;
        keeper.opens(&form).await.expect(200);
        let filled = [&ASKED[..], &[("years", "4")]].concat();
        keeper.submits_files("Gửi yêu cầu", &filled, &[]).await.expect(422);
        says(&keeper, "gia hạn từ 1 đến 3 năm");
        keeper.opens(&form).await.expect(200);
        let other = [&ASKED[..], &[("holder", RECORDS)]].concat();
        keeper.submits_files("Gửi yêu cầu", &other, &[]).await.expect(422);
        says(&keeper, "cùng người giữ");
        keeper.opens(&form).await.expect(200);
        let asked = keeper.submits_files("Gửi yêu cầu", &ASKED, &[]).await.expect(303);
        admin.opens(asked.header("location")).await.expect(200);
        says(&admin, "ECDSA P-256");
        admin.submits("Duyệt và cấp chứng thư", &[]).await.expect(303);
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens("/chung-thu-so").await.expect(200);
        assert_eq!(chairman.page().text().matches("Báo mất, tạm dừng ngay").count(), 2, "old and new");
        // What was revoked is not renewed.
        super::revokes(&town, &page).await;
        keeper.opens(&form).await.expect(200);
        keeper.submits_files("Gửi yêu cầu", &ASKED, &[]).await.expect(422);
        says(&keeper, "chỉ gia hạn chứng thư đang dùng");
    });
}
