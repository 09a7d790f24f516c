//! Signing in and out, registering, one's own account.

use axum::http::StatusCode;
use db::testing::both;
use serde_json::json;

use super::{PASSWORD, Person, as_person, site};

#[test]
fn an_signs_in_sees_her_account_and_signs_out() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut an = Person::new(&site);
        let page = an.get("/dang-nhap?ve=/ho-so-cua-toi").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Số định danh cá nhân hoặc tên đăng nhập"));

        // the number may be written with spaces
        let fields = [("login", "086 195 000 123"), ("password", PASSWORD), ("ve", "/ho-so-cua-toi")];
        assert_eq!(an.post("/dang-nhap", "/dang-nhap", &fields).await.to(), "/ho-so-cua-toi");
        let own = an.get("/tai-khoan").await;
        assert_eq!(own.status, StatusCode::OK);
        assert!(own.body.contains("Trần Thị Bích Hạnh") && own.body.contains("Đã xác nhận"));
        assert_eq!(an.get("/dang-nhap").await.to(), "/", "who is signed in need not sign in");

        assert_eq!(an.post("/tai-khoan", "/dang-xuat", &[]).await.to(), "/");
        assert!(an.cookie.is_none());
        assert_eq!(an.get("/tai-khoan").await.to(), "/dang-nhap?ve=%2Ftai-khoan");
    });
}

#[test]
fn where_people_go_after_signing_in() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut to = Vec::new();
        for login in
            ["086090123456", "motcua.phuochau", "quantri.phuochau", "quantri.tinh", "MotCua.PhuocHau"]
        {
            to.push(Person::new(&site).signs_in(login, PASSWORD).await.to().to_string());
        }
        assert_eq!(to, ["/", "/mot-cua", "/mot-cua", "/quan-tri/don-vi", "/mot-cua"]);
        let elsewhere = [("login", "086090123456"), ("password", PASSWORD), ("ve", "//evil.example/")];
        let mut an = Person::new(&site);
        assert_eq!(an.post("/dang-nhap", "/dang-nhap", &elsewhere).await.to(), "/");
    });
}

#[test]
fn after_five_wrong_passwords_even_the_right_one_waits() {
    both(async |t| {
        let (site, hand) = site(&t).await;
        let mut eve = Person::new(&site);
        for _ in 0..5 {
            let answer = eve.signs_in("motcua.phuochau", "sai-mat-khau-1").await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.body.contains("Tên đăng nhập hoặc mật khẩu không đúng."));
            assert!(answer.body.contains(r#"value="motcua.phuochau""#), "what was typed stays");
            assert!(!answer.body.contains("sai-mat-khau-1"), "but the password does not come back");
        }
        let answer = eve.signs_in("motcua.phuochau", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(answer.body.contains("Hãy thử lại sau 5 giây."), "{}", answer.body);

        // from another address the account still waits
        let mut owner = Person { address: "198.51.100.7", ..Person::new(&site) };
        assert_eq!(owner.signs_in("motcua.phuochau", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        hand.set(site.clock.now().plus_seconds(6));
        assert_eq!(owner.signs_in("motcua.phuochau", PASSWORD).await.to(), "/mot-cua");
    });
}

#[test]
fn nobody_and_a_wrong_password_get_the_same_answer() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let answer = async |login: &str| {
            let mut eve = Person::new(&site);
            let answer =
                eve.post_json("/api/v1/session", json!({ "login": login, "password": "khong-biet-1" })).await;
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("request");
            (answer.status, body)
        };
        let known = answer("motcua.phuochau").await;
        let unknown = answer("khong.co.ai").await;
        let without_password = answer("").await;
        assert_eq!(known.0, StatusCode::UNAUTHORIZED);
        assert_eq!(known.1["code"], "sign-in-refused");
        assert_eq!(known, unknown);
        assert_eq!(known, without_password);
    });
}

#[test]
fn many_tries_at_once_gain_nothing() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let tries = (0..12).map(|i| {
            let mut eve = Person::new(&site);
            async move {
                let wrong = json!({ "login": "chutich.phuochau", "password": format!("doan-mo-{i}") });
                eve.post_json("/api/v1/session", wrong).await.status
            }
        });
        let tries: Vec<_> = tries.map(tokio::spawn).collect();
        let mut answered = 0;
        for one in tries {
            answered += usize::from(one.await.unwrap() == StatusCode::UNAUTHORIZED);
        }
        assert!(answered <= 5, "{answered} of 12 parallel guesses were answered");
    });
}

#[test]
fn an_expired_session_leads_to_the_sign_in_page_which_says_so() {
    both(async |t| {
        let (site, hand) = site(&t).await;
        let mut an = as_person(&site, "086195000123").await;
        hand.set(site.clock.now().plus_minutes(31));
        let to = an.get("/tai-khoan").await.to().to_string();
        assert_eq!(to, "/dang-nhap?ve=%2Ftai-khoan&het=1");
        let page = an.get(&to).await;
        assert!(page.body.contains("Phiên làm việc đã hết hạn do 30 phút không thao tác."));
    });
}

#[test]
fn a_number_of_eleven_digits_is_named_with_all_other_faults_at_once() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut hoa = Person::new(&site);
        let typed = [
            ("personal_number", "08619500012"),
            ("name", "Hoa"),
            ("phone", "12345"),
            ("email", "hoa@"),
            ("address", "Ấp 3"),
            ("password", "ngan1"),
            ("password_again", "khac"),
        ];
        let answer = hoa.post("/dang-ky", "/dang-ky", &typed).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("<title>Lỗi: Đăng ký tài khoản"));
        assert!(answer.body.contains("Còn 6 mục cần sửa"));
        let error = |field: &str| answer.error_of(field);
        assert_eq!(error("personal_number").as_deref(), Some("Nhập đủ 12 số, hiện mới có 11."));
        assert_eq!(error("name").as_deref(), Some("Nhập đủ họ và tên, chỉ gồm chữ cái."));
        assert_eq!(error("phone").as_deref(), Some("Nhập số điện thoại Việt Nam, bắt đầu bằng 0."));
        assert_eq!(error("email").as_deref(), Some("Nhập địa chỉ thư dạng ten@noinhan.vn."));
        assert_eq!(error("address"), None);
        assert_eq!(error("password").as_deref(), Some("Mật khẩu cần ít nhất 8 ký tự, hiện mới có 5."));
        assert_eq!(error("password_again").as_deref(), Some("Hai lần nhập mật khẩu chưa giống nhau."));
        assert!(answer.body.contains(r#"value="Ấp 3""#), "what was typed stays");
    });
}

#[test]
fn hoa_registers_and_is_signed_in_and_the_number_is_hers() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let typed = [
            ("personal_number", "086 301 000 001"),
            ("name", "  Lê  Thị Hoa "),
            ("phone", "+84 912 345 482"),
            ("email", ""),
            ("address", ""),
            ("password", "muaxuan-2026"),
            ("password_again", "muaxuan-2026"),
        ];
        let mut hoa = Person::new(&site);
        assert_eq!(hoa.post("/dang-ky", "/dang-ky", &typed).await.to(), "/tai-khoan?moi=1");
        let own = hoa.get("/tai-khoan?moi=1").await;
        assert!(own.body.contains("Đã tạo tài khoản.") && own.body.contains("Lê Thị Hoa"));
        assert!(own.body.contains("0912345482"), "the number is stored in one form");
        assert_eq!(Person::new(&site).signs_in("086301000001", "muaxuan-2026").await.to(), "/");

        let again = Person::new(&site).post("/dang-ky", "/dang-ky", &typed).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.error_of("personal_number").unwrap().starts_with("Số định danh này đã có tài khoản."));
    });
}

#[test]
fn an_changes_her_password_and_other_sessions_end() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut an = as_person(&site, "086195000123").await;
        let mut phone = as_person(&site, "086195000123").await;
        let seen = an.get("/tai-khoan").await.hidden("seen");
        let change = |now: &'static str| {
            [("password_now", now), ("password", "hoasen-2027"), ("password_again", "hoasen-2027")]
        };
        let mut wrong = change("khong-phai-1").to_vec();
        wrong.push(("seen", &seen));
        let answer = an.post("/tai-khoan", "/tai-khoan/mat-khau", &wrong).await;
        assert_eq!(answer.error_of("password_now").as_deref(), Some("Mật khẩu đang dùng không đúng."));

        let mut right = change(PASSWORD).to_vec();
        right.push(("seen", &seen));
        assert_eq!(an.post("/tai-khoan", "/tai-khoan/mat-khau", &right).await.to(), "/tai-khoan?mk=1");
        assert_eq!(an.get("/tai-khoan").await.status, StatusCode::OK);
        assert_eq!(phone.get("/tai-khoan").await.status, StatusCode::SEE_OTHER, "the phone is signed out");
        assert_eq!(Person::new(&site).signs_in("086195000123", "hoasen-2027").await.to(), "/");
    });
}

#[test]
fn two_windows_on_the_same_account_the_later_is_told_it_is_stale() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut an = as_person(&site, "086195000123").await;
        let seen = an.get("/tai-khoan").await.hidden("seen");
        let save = |phone: &'static str| [("phone", phone), ("email", ""), ("address", "")];
        let mut first = save("0909111222").to_vec();
        first.push(("seen", &seen));
        assert_eq!(an.post("/tai-khoan", "/tai-khoan", &first).await.to(), "/tai-khoan?luu=1");
        let mut second = save("0909333444").to_vec();
        second.push(("seen", &seen));
        let answer = an.post("/tai-khoan", "/tai-khoan", &second).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.body.contains("0909111222"), "the newest version is on the page");
        assert!(answer.body.contains("Thông tin vừa được người khác thay đổi."));
    });
}

#[test]
fn a_program_gets_a_token_says_who_it_is_and_gives_it_back() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut linh = Person::new(&site);
        let asked = json!({ "login": "motcua.phuochau", "password": PASSWORD });
        let answer = linh.post_json("/api/v1/session", asked).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.json()["expires_at"], "2026-11-23T21:00:00+07:00");
        linh.token = Some(answer.json()["token"].as_str().unwrap().to_string());

        let me = linh.get("/api/v1/me").await.json();
        assert_eq!(me["name"], "Nguyễn Hoài Linh");
        assert_eq!(me["kind"], "official");
        assert_eq!(me["roles"][0]["role"], "counter_clerk");
        assert_eq!(me["roles"][0]["unit"], "29596-MC@2018-01-01");
        assert_eq!(me["roles"][0]["unit_name"], "Bộ phận một cửa xã Phước Hậu");

        let gone = linh.send(axum::http::Request::delete("/api/v1/session"), String::new()).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        let after = linh.get("/api/v1/me").await;
        assert_eq!(after.status, StatusCode::UNAUTHORIZED);
        assert_eq!(after.json()["code"], "sign-in-needed");
    });
}

#[test]
fn units_are_found_without_marks_page_by_page() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut anybody = Person::new(&site);
        let found = anybody.get("/api/v1/units?q=xa%20phuoc%20hau").await.json();
        let first = &found["items"][0];
        assert_eq!((&first["code"], &first["name"]), (&json!("29596"), &json!("Xã Phước Hậu")));
        assert_eq!(first["parent_name"], "Huyện Long Hồ");
        assert_eq!(first["receives"], true);
        assert_eq!(first["valid_from"], "2018-01-01");
        assert!(found["items"].as_array().unwrap().iter().any(|u| u["code"] == "29596-UBND"));

        let one = anybody.get("/api/v1/units?q=29596").await.json();
        assert_eq!(one["items"].as_array().unwrap().len(), 1, "a code finds its unit");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = anybody.get(&format!("/api/v1/units?cursor={cursor}")).await.json();
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|u| u["code"].as_str().unwrap().to_string()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_string(),
                None => break,
            }
        }
        let all = crate::seed::Province::named("vinh-long").unwrap().units().len();
        assert_eq!(seen.len(), all);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), all, "no unit comes twice");
        let strange = anybody.get("/api/v1/units?q=%25%27%3B--&cursor=").await;
        assert_eq!(strange.status, StatusCode::OK);
    });
}
