//! Administrators keep units and officials: theirs, and nobody else's.

use axum::http::{StatusCode, header};
use db::Tx;
use db::testing::both;
use web::Site;

use super::{PASSWORD, Person, as_person, site};
use crate::account::{AccountId, store};

const NEW_UNIT: [(&str, &str); 6] = [
    ("code", "29596-KT"),
    ("name", "Bộ phận Kinh tế xã Phước Hậu"),
    ("kind", "bộ phận"),
    ("parent", "29596-UBND"),
    ("valid_from", "2026-11-23"),
    ("function", "economy"),
];

async fn id_of(site: &Site, login: &'static str) -> AccountId {
    let found = site.db.read(async move |tx: &mut Tx| store::find_secret(tx, login).await);
    found.await.unwrap().unwrap().id
}

#[test]
fn a_unit_admin_makes_changes_and_ends_a_section() {
    both(async |t| {
        let (site, hand) = site(&t).await;
        let mut ung = as_person(&site, "quantri.phuochau").await;
        let to = ung.post("/quan-tri/don-vi/moi", "/quan-tri/don-vi", &NEW_UNIT).await.to().to_string();
        assert_eq!(to, "/quan-tri/don-vi/29596-KT@2026-11-23?luu=1");
        let page = ung.get(&to).await;
        assert!(page.body.contains("Đã lưu đơn vị.") && page.body.contains("Bộ phận Kinh tế xã Phước Hậu"));
        let here = "/quan-tri/don-vi/29596-KT@2026-11-23";

        let seen = page.hidden("seen");
        let save = |name: &'static str| [("name", name), ("kind", "bộ phận"), ("ident", ""), ("address", "")];
        let mut first = save("Bộ phận Kinh tế").to_vec();
        first.push(("seen", &seen));
        assert_eq!(ung.post(here, here, &first).await.to(), format!("{here}?luu=1"));
        let mut second = save("Bộ phận Khác").to_vec();
        second.push(("seen", &seen));
        let stale = ung.post(here, here, &second).await;
        assert_eq!(stale.status, StatusCode::CONFLICT);
        assert!(stale.body.contains(r#"value="Bộ phận Kinh tế""#), "the fresh version is shown");

        let seen = ung.get(here).await.hidden("seen");
        let end = [("valid_to", "2026-11-22"), ("successor", ""), ("seen", seen.as_str())];
        let wrong = ung.post(here, &format!("{here}/ket-thuc"), &end).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            wrong.error_of("valid_to").as_deref(),
            Some("Ngày kết thúc không được trước ngày bắt đầu.")
        );
        assert_eq!(wrong.error_of("successor").as_deref(), Some("Nhập mã đơn vị tiếp nhận công việc."));
        let end = [("valid_to", "2026-11-30"), ("successor", "29596-TC"), ("seen", seen.as_str())];
        let done = ung.post(here, &format!("{here}/ket-thuc"), &end).await;
        assert_eq!(done.to(), "/quan-tri/don-vi?xong=1");
        hand.set(site.clock.now().plus_minutes(1));
        let page = ung.get(here).await;
        assert!(page.body.contains("29596-TC") && page.body.contains("23/11/2026 đến 30/11/2026"));
    });
}

#[test]
fn a_wrong_unit_form_says_everything_and_keeps_what_was_typed() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut ung = as_person(&site, "quantri.phuochau").await;
        let typed = [
            ("code", "mã có dấu"),
            ("name", ""),
            ("kind", "phòng"),
            ("parent", "857-UBND"),
            ("valid_from", "2026-02-30"),
            ("ident", "H61-12"),
        ];
        let answer = ung.post("/quan-tri/don-vi/moi", "/quan-tri/don-vi", &typed).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let wrong: Vec<&str> = ["code", "name", "kind", "parent", "valid_from", "ident"]
            .into_iter()
            .filter(|f| answer.error_of(f).is_some())
            .collect();
        assert_eq!(wrong, ["code", "name", "valid_from", "ident"]);
        assert!(answer.body.contains(r#"value="mã có dấu""#));

        let outside = [("parent", "857-UBND"), ("code", "857-X"), ("name", "Phòng X"), ("kind", "phòng")];
        let outside = [&outside[..], &[("valid_from", "2026-11-23")]].concat();
        let answer = ung.post("/quan-tri/don-vi/moi", "/quan-tri/don-vi", &outside).await;
        assert_eq!(answer.error_of("parent").as_deref(), Some("Đơn vị cấp trên nằm ngoài phạm vi quản trị."));
        let mut twice = NEW_UNIT;
        twice[0] = ("code", "29596-TP");
        let twice = ung.post("/quan-tri/don-vi/moi", "/quan-tri/don-vi", &twice).await;
        assert_eq!(twice.error_of("code").as_deref(), Some("Mã này đang thuộc đơn vị khác còn hoạt động."));
    });
}

#[test]
fn a_unit_admin_sees_only_what_is_below() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut ung = as_person(&site, "quantri.phuochau").await;
        let list = ung.get("/quan-tri/don-vi").await;
        assert!(list.body.contains("29596-TP") && !list.body.contains("Huyện Long Hồ"));
        assert!(ung.get("/quan-tri/don-vi?q=long%20ho").await.body.contains("Không có đơn vị nào khớp"));
        assert_eq!(ung.get("/quan-tri/don-vi/857-UBND@2018-01-01").await.status, StatusCode::NOT_FOUND);
        assert_eq!(ung.get("/quan-tri/don-vi?trong=857@2018-01-01").await.status, StatusCode::NOT_FOUND);

        let officials = ung.get("/quan-tri/can-bo").await;
        assert!(officials.body.contains("Nguyễn Hoài Linh") && !officials.body.contains("Lê Văn Đởm"));
        let stranger = id_of(&site, "chutich.longho").await;
        assert_eq!(ung.get(&format!("/quan-tri/can-bo/{stranger}")).await.status, StatusCode::NOT_FOUND);

        let mut tinh = as_person(&site, "quantri.tinh").await;
        assert!(tinh.get("/quan-tri/don-vi?q=huyen%20long%20ho").await.body.contains("Huyện Long Hồ"));
        assert_eq!(tinh.get(&format!("/quan-tri/can-bo/{stranger}")).await.status, StatusCode::OK);
        assert!(tinh.get("/quan-tri/can-bo?q=le%20van%20dom").await.body.contains("Lê Văn Đởm"));
        assert!(tinh.get("/quan-tri/vai-tro").await.body.contains("Tiếp nhận hồ sơ tại quầy"));
    });
}

#[test]
fn a_new_official_gets_a_password_once_changes_it_and_works() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut ung = as_person(&site, "quantri.phuochau").await;
        let new = [
            ("login", "Hoa.PhuocHau"),
            ("name", "Lê Thị Hoa"),
            ("phone", ""),
            ("email", ""),
            ("unit", "29596-MC"),
            ("role", "counter_clerk"),
            ("title", "Công chức Bộ phận một cửa"),
            ("valid_from", "2026-11-23"),
        ];
        let to = ung.post("/quan-tri/can-bo/moi", "/quan-tri/can-bo", &new).await.to().to_string();
        let here = to.split('?').next().unwrap().to_string();
        let page = ung.get(&to).await;
        assert!(page.body.contains("Đã thêm cán bộ.") && page.body.contains("hoa.phuochau"));
        assert!(page.body.contains("chưa đăng nhập được"));
        let taken = ung.post("/quan-tri/can-bo/moi", "/quan-tri/can-bo", &new).await;
        assert_eq!(taken.error_of("login").as_deref(), Some("Tên đăng nhập này đã có người dùng."));

        let seen = page.hidden("seen");
        // the first `seen` on the page is the post's; both rows are at their first version
        let told = ung.post(&here, &format!("{here}/mat-khau"), &[("seen", seen.as_str())]).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.body);
        let at = told.body.find("Mật khẩu dùng một lần: ").unwrap() + "Mật khẩu dùng một lần: ".len();
        let once = told.body[at..].split('.').next().unwrap().to_string();

        let mut hoa = Person::new(&site);
        assert_eq!(hoa.signs_in("hoa.phuochau", &once).await.to(), "/tai-khoan?doi=1");
        let own = hoa.get("/tai-khoan").await;
        assert!(own.body.contains("Mật khẩu đang dùng do người quản trị đặt."));
        let seen = own.hidden("seen");
        let change = [
            ("password_now", once.as_str()),
            ("password", "muaxuan-2027"),
            ("password_again", "muaxuan-2027"),
            ("seen", &seen),
        ];
        assert_eq!(hoa.post("/tai-khoan", "/tai-khoan/mat-khau", &change).await.to(), "/tai-khoan?mk=1");
        assert_eq!(Person::new(&site).signs_in("hoa.phuochau", "muaxuan-2027").await.to(), "/mot-cua");
    });
}

#[test]
fn a_unit_admin_cannot_climb() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut ung = as_person(&site, "quantri.phuochau").await;
        let linh = id_of(&site, "motcua.phuochau").await;
        let here = format!("/quan-tri/can-bo/{linh}");
        let post = |unit: &'static str, role: &'static str| {
            [("unit", unit), ("role", role), ("title", "Chức vụ mới"), ("valid_from", "2026-11-23")]
        };
        let path = format!("{here}/chuc-vu");
        let admin = ung.post(&here, &path, &post("29596-UBND", "admin")).await;
        assert_eq!(admin.error_of("role").as_deref(), Some("Chỉ quản trị tỉnh được giao vai trò này."));
        let elsewhere = ung.post(&here, &path, &post("857-UBND", "leader")).await;
        assert_eq!(elsewhere.error_of("unit").as_deref(), Some("Đơn vị này nằm ngoài phạm vi quản trị."));

        // Linh also serves the district: the commune's administrator may end her post here, but not
        // take over the account.
        let mut tinh = as_person(&site, "quantri.tinh").await;
        assert_eq!(
            tinh.post(&here, &path, &post("857-MC", "counter_clerk")).await.to(),
            format!("{here}?viec=post_added")
        );
        let page = ung.get(&here).await;
        assert!(!page.body.contains("Đặt mật khẩu dùng một lần"));
        let seen = [("seen", "1"), ("locked", "1")];
        for what in ["mat-khau", "khoa"] {
            let refused = ung.post(&here, &format!("{here}/{what}"), &seen).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{what}");
        }
        assert_eq!(Person::new(&site).signs_in("motcua.phuochau", PASSWORD).await.to(), "/mot-cua");
    });
}

#[test]
fn the_province_locks_an_account_and_its_sessions_end() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut linh = as_person(&site, "motcua.phuochau").await;
        let mut tinh = as_person(&site, "quantri.tinh").await;
        let here = format!("/quan-tri/can-bo/{}", id_of(&site, "motcua.phuochau").await);
        let lock = [("seen", "1"), ("locked", "1")];
        assert_eq!(
            tinh.post(&here, &format!("{here}/khoa"), &lock).await.to(),
            format!("{here}?viec=disabled")
        );
        assert_eq!(linh.get("/tai-khoan").await.status, StatusCode::SEE_OTHER);
        let stale = tinh.post(&here, &format!("{here}/khoa"), &[("seen", "1"), ("locked", "0")]).await;
        assert_eq!(stale.status, StatusCode::CONFLICT);
        let open = [("seen", "2"), ("locked", "0")];
        assert_eq!(
            tinh.post(&here, &format!("{here}/khoa"), &open).await.to(),
            format!("{here}?viec=enabled")
        );
        assert_eq!(Person::new(&site).signs_in("motcua.phuochau", PASSWORD).await.to(), "/mot-cua");

        let own = format!("/quan-tri/can-bo/{}", id_of(&site, "quantri.tinh").await);
        let refused = tinh.post(&own, &format!("{own}/khoa"), &lock).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Không thể khóa tài khoản đang dùng."));
    });
}

#[test]
fn an_ended_post_gives_no_role_from_the_next_day() {
    both(async |t| {
        let (site, hand) = site(&t).await;
        let mut tinh = as_person(&site, "quantri.tinh").await;
        let here = format!("/quan-tri/can-bo/{}", id_of(&site, "motcua.phuochau").await);
        let page = tinh.get(&here).await;
        let at = page.body.find("/chuc-vu/").unwrap() + "/chuc-vu/".len();
        let post = page.body[at..].split('/').next().unwrap().to_string();
        let end = [("valid_to", "2026-11-23"), ("seen", "1")];
        let done = tinh.post(&here, &format!("{here}/chuc-vu/{post}/ket-thuc"), &end).await;
        assert_eq!(done.to(), format!("{here}?viec=post_ended"));
        let mut linh = Person::new(&site);
        assert_eq!(
            linh.signs_in("motcua.phuochau", PASSWORD).await.to(),
            "/mot-cua",
            "today it is still held"
        );
        hand.set(site.clock.now().plus_days(1));
        let mut linh = Person::new(&site);
        linh.signs_in("motcua.phuochau", PASSWORD).await;
        assert!(!linh.get("/tai-khoan").await.body.contains("Bộ phận một cửa xã Phước Hậu"));
    });
}

#[test]
fn lists_of_thousands_come_in_pages_without_gaps() {
    both(async |t| {
        let province = super::seeds::load(&t, "vinh-long").await;
        let blobs = db::blobs::Blobs::open(&db::blobs::Config::folder(t.dir())).await.unwrap();
        let clock = base::Clock::fixed(super::morning());
        let site = Site::new(t.db.clone(), blobs, clock, web::Brand::of("Vĩnh Long"));
        let mut tinh = as_person(&site, "quantri.tinh").await;
        let (mut path, mut names, mut pages) = ("/quan-tri/can-bo?q=nguyen".to_string(), 0, 0);
        loop {
            let page = tinh.get(&path).await;
            assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
            assert!(page.body.len() < 60_000, "{} bytes", page.body.len());
            names += page.body.matches("class=\"t t-start\"").count();
            pages += 1;
            let Some(at) = page.body.find("\">Trang sau</a>") else { break };
            let start = page.body[..at].rfind("href=\"").unwrap() + 6;
            path = page.body[start..at].replace("&#38;", "&").replace("&amp;", "&");
        }
        let people = province.officials();
        let demo = province.file().demo.officials.iter().map(|o| (o.name.as_str(), o.login.as_str()));
        let all = people.iter().map(|o| (o.name.as_str(), o.login.as_str())).chain(demo);
        let expected =
            all.filter(|(name, login)| base::text::fold(name).contains("nguyen") || login.contains("nguyen"));
        assert_eq!(names, expected.count());
        assert!(pages > 20, "{pages}");
    });
}
