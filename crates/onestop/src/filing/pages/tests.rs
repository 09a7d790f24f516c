//! Stories of citizens who file without script, on both databases.

use std::io::Write;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base::{Clock, Hand, Instant};
use db::testing::{TestDb, both};
use db::{Act, Actor, Tx, args};
use tower::ServiceExt;
use web::session::{self, Kind};
use web::{Brand, Site};

use crate::dossier::checklist::Mark;
use crate::dossier::{Ask, Case, Who, take};
use crate::{App, Frame};

/// The demonstration's citizens, by login.
const HANH: &str = "086195000123";
const OTHER: &str = "086090123456";
/// The clerk and the officer of Xã Phước Hậu.
const CLERK: &str = "motcua.phuochau";

struct World {
    app: App,
    router: Router,
    hand: Hand,
}

/// A province on a Monday morning.
async fn world(t: &TestDb) -> World {
    let morning = Instant::parse_rfc3339("2026-11-23T09:00:00+07:00").unwrap();
    t.migrate(&crate::tests::migrations()).await;
    let province = directory::seed::Province::named("vinh-long").unwrap();
    directory::seed::load_small(&t.db, &province, morning).await.unwrap();
    crate::seed(&t.db, morning).await.unwrap();
    let (clock, hand) = Clock::manual(morning);
    let blobs = db::blobs::Blobs::open(&db::blobs::Config::folder(t.dir())).await.unwrap();
    let brand = Brand { sign_in: "/dang-nhap".into(), hotline: "1022".into(), ..Brand::of("Vĩnh Long") };
    let site = Site::new(t.db.clone(), blobs, clock, brand);
    let app = App::open(site.clone(), Frame::Y2018, "http://cuulong.test".into(), crate::tests::safe(t))
        .await
        .unwrap();
    let router = web::layers(crate::routes(&app), &site);
    World { app, router, hand }
}

impl World {
    fn now(&self) -> Instant {
        self.app.site.clock.now()
    }

    /// The account behind a login.
    async fn account(&self, login: &'static str) -> String {
        let find = async move |tx: &mut Tx| -> db::Result<String> {
            tx.get("select id from account where login = $1", args![login]).await
        };
        self.app.site.db.read(find).await.unwrap()
    }

    /// Somebody signed in, before a browser.
    async fn as_citizen(&self, login: &'static str) -> Browser {
        let (account, now) = (self.account(login).await, self.now());
        let act = Act::new(Actor::Account(account.clone()), "test.sign-in", "", now);
        let start = async move |tx: &mut Tx| session::start(tx, &account, Kind::Browser, now).await;
        let token = self.app.site.db.write(act, start).await.unwrap();
        Browser {
            router: self.router.clone(),
            cookie: format!("cl_phien={}", token.as_str()),
            csrf: String::new(),
        }
    }

    fn stranger(&self) -> Browser {
        Browser { router: self.router.clone(), cookie: String::new(), csrf: String::new() }
    }

    /// What an official of the commune does with a dossier.
    async fn clerk(&self, code: &str, ask: Ask) {
        let (account, now, code) = (self.account(CLERK).await, self.now(), code.to_string());
        let catalogue = self.app.catalogue.clone();
        let act = Act::new(Actor::Account(account.clone()), crate::dossier::deed(ask.verb()), "", now);
        let step = async move |tx: &mut Tx| -> Result<(), web::Problem> {
            let official = directory::official(tx, account.parse().unwrap(), now.day()).await?;
            let who = Who { account: account.clone(), name: official.name, posts: official.posts };
            let mut case = Case::find(tx, &catalogue, &who, &code, now).await?;
            take(tx, &mut case, ask.clone(), &who).await
        };
        self.app.site.db.write(act, step).await.unwrap();
    }

    /// The token for the forms of this browser's session.
    async fn csrf(&self, browser: &Browser) -> String {
        let mut browser =
            Browser { router: browser.router.clone(), cookie: browser.cookie.clone(), csrf: String::new() };
        browser.opens("/nop-ho-so/1.001193?noi=phuoc+hau").await.expect(200);
        browser.csrf
    }

    async fn count(&self, sql: &'static str) -> i64 {
        self.app.site.db.read(async move |tx: &mut Tx| tx.get::<i64>(sql, args![]).await).await.unwrap()
    }
}

/// A browser without script: it keeps its cookie and fills the hidden token of the page last seen.
struct Browser {
    router: Router,
    cookie: String,
    csrf: String,
}

struct Answer {
    status: StatusCode,
    to: String,
    body: String,
}

impl Answer {
    #[track_caller]
    fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status.as_u16(), status, "{} {}", self.to, words(&self.body));
        self
    }

    #[track_caller]
    fn says(&self, text: &str) {
        let said = words(&self.body);
        assert!(said.contains(text), "{text:?} is not in: {said}");
    }

    #[track_caller]
    fn holds(&self, markup: &str) {
        assert!(self.body.contains(markup), "{markup:?} is not in: {}", self.body);
    }
}

/// A page's text without its markup, in one line.
fn words(html: &str) -> String {
    let main = html.split("<main").nth(1).unwrap_or(html);
    let mut text = String::new();
    let mut inside = false;
    for c in main.chars() {
        match c {
            '<' => inside = true,
            '>' => (inside, text) = (false, text + " "),
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Browser {
    async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let to = answer.headers().get(header::LOCATION).map_or("", |v| v.to_str().unwrap()).to_string();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(token) = body.split(r#"name="_csrf" value=""#).nth(1) {
            self.csrf = token.split('"').next().unwrap().to_string();
        }
        Answer { status, to, body }
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "cuulong.test");
        let request = request.header(header::ORIGIN, "http://cuulong.test");
        if self.cookie.is_empty() { request } else { request.header(header::COOKIE, &self.cookie) }
    }

    async fn opens(&mut self, path: &str) -> Answer {
        let path = path.split('#').next().unwrap();
        let request = self.request("GET", path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    async fn posts(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.sends_form("POST", path, fields).await
    }

    async fn puts(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.sends_form("PUT", path, fields).await
    }

    async fn sends_form(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = format!("_csrf={}", self.csrf);
        for (name, text) in fields {
            body += &format!("&{}={}", encoded(name), encoded(text));
        }
        let request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    /// A form with files: fields first, then the files with their field, name and bytes.
    async fn posts_files(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Answer {
        const LINE: &str = "----cuulong-test";
        let mut body = Vec::new();
        let token = self.csrf.clone();
        for (name, text) in [("_csrf", token.as_str())].iter().chain(fields) {
            write!(body, "--{LINE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
                .unwrap();
        }
        for (field, name, bytes) in files {
            let head = format!("form-data; name=\"{field}\"; filename=\"{name}\"");
            write!(body, "--{LINE}\r\nContent-Disposition: {head}\r\nContent-Type: application/pdf\r\n\r\n")
                .unwrap();
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        write!(body, "--{LINE}--\r\n").unwrap();
        let request = self
            .request("POST", path)
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={LINE}"))
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    /// Begins a draft of the birth registration at Xã Phước Hậu; the draft's address.
    async fn begins(&mut self) -> String {
        self.begins_at("1.001193").await
    }

    /// Begins a draft of any procedure there.
    async fn begins_at(&mut self, code: &str) -> String {
        let page = self.opens(&format!("/nop-ho-so/{code}?noi=phuoc+hau")).await.expect(200);
        let unit = page.body.split(r#"name="unit""#).nth(1).unwrap();
        let unit = unit.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
        self.posts(&format!("/nop-ho-so/{code}"), &[("unit", &unit)]).await.expect(303).to
    }

    /// Fills every page of the form as it should be.
    async fn fills(&mut self, draft: &str) {
        for (page, fields) in PAGES {
            self.opens(&format!("{draft}/{page}")).await.expect(200);
            self.posts(&format!("{draft}/{page}"), fields).await.expect(303);
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n";

type Fields = &'static [(&'static str, &'static str)];

/// The answers of Hạnh, page by page.
const PAGES: [(&str, Fields); 5] = [
    (
        "declarant",
        &[
            ("declarant_name", "Trần Thị Bích Hạnh"),
            ("declarant_personal_number", "086 195 000 123"),
            ("declarant_phone", "0912.345.678"),
            ("declarant_address", "Ấp Phước Lợi, xã Phước Hậu"),
            ("declarant_relation", "mother"),
        ],
    ),
    (
        "child",
        &[
            ("birth_case", "ordinary"),
            ("child_name", "Nguyễn Gia Bảo"),
            ("child_sex", "male"),
            ("child_birth_date.ngay", "03"),
            ("child_birth_date.thang", "11"),
            ("child_birth_date.nam", "2026"),
            ("child_ethnicity", "Kinh"),
            ("child_nationality", "Việt Nam"),
            ("birth_place", "facility"),
            ("birth_address", "Trạm Y tế xã Phước Hậu"),
            ("child_native_place", "Long Hồ, Vĩnh Long"),
        ],
    ),
    (
        "mother",
        &[
            ("mother_stated", "yes"),
            ("mother_name", "Trần Thị Bích Hạnh"),
            ("mother_birth_year", "1995"),
            ("mother_ethnicity", "Kinh"),
            ("mother_nationality", "Việt Nam"),
            ("mother_address", "Ấp Phước Lợi, xã Phước Hậu"),
        ],
    ),
    ("father", &[("father_stated", "no")]),
    ("copies", &[("copies_wanted", "yes"), ("copies_count", "3"), ("pledge", "1")]),
];

#[test]
fn hanh_files_a_birth_and_a_second_submit_finds_the_same_dossier() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let draft = hanh.begins().await;
        let first = hanh.opens(&draft).await.expect(303).to;
        assert_eq!(first, format!("{draft}/declarant"));
        hanh.opens(&first).await.expect(200).holds(r#"value="Trần Thị Bích Hạnh""#);
        hanh.fills(&draft).await;

        let papers = format!("{draft}/giay-to");
        hanh.posts(&papers, &[]).await.expect(422).says("Giấy chứng sinh: Chưa có giấy tờ này.");
        let birth = format!("{papers}/birth-record");
        hanh.posts_files(&birth, &[], &[("tep", "chứng sinh.pdf", PDF)]).await.expect(303);
        hanh.opens(&papers).await.expect(200).says("chứng sinh.pdf PDF · 45 B");
        hanh.posts(&papers, &[]).await.expect(303);
        hanh.posts(&format!("{draft}/nhan-ket-qua"), &[("return_by", "online")]).await.expect(303);

        let place = format!("{draft}/noi-nop");
        hanh.opens(&place).await.expect(200).says("Đang chọn: Bộ phận một cửa xã Phước Hậu");
        hanh.posts(&place, &[("unit", "")]).await.expect(422).says("Chọn nơi tiếp nhận hồ sơ.");
        hanh.posts(&place, &[("unit", "nowhere")])
            .await
            .expect(422)
            .says("Nơi đã chọn không có bộ phận một cửa");
        let check = format!("{draft}/kiem-tra");
        let page = hanh.opens(&check).await.expect(200);
        page.says("Ngày, tháng, năm sinh 03/11/2026 Sửa");
        page.says("Số bản sao 3 bản Sửa");
        page.says("Cách nhận Nhận bản điện tử Sửa");
        let done = hanh.posts(&check, &[]).await.expect(303).to;
        let again = hanh.posts(&check, &[]).await.expect(303).to;
        assert_eq!(done, again);
        assert_eq!(w.count("select count(*) from dossier").await, 1);

        let page = hanh.opens(&done).await.expect(200);
        let code = done.rsplit('/').next().unwrap();
        page.says(&format!("Mã hồ sơ: {code}"));
        page.says("Trả lời trước 09:00, thứ Tư 25/11/2026");
        hanh.opens(&check).await.expect(303);
        hanh.opens("/ho-so-cua-toi").await.expect(200).says(code);
        let own = hanh.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
        own.says("24/11/2026 (Ngày Văn hóa Việt Nam");
        own.holds(&format!("/ho-so/{code}/tep/"));
    });
}

#[test]
fn rows_are_added_and_dropped_and_an_address_is_chosen_without_script() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let draft = hanh.begins_at("1.011607").await;
        let page = format!("{draft}/household");
        let first = hanh.opens(&page).await.expect(200);
        first.says("Thành viên của hộ – dòng 1");
        first.holds(r#"name="members.0.name""#);
        first.holds("<option value=\"Xã Phước Hậu, Huyện Long Hồ\">");

        let lan = [("members.0.name", "Nguyễn Thị Lan"), ("members.0.birth_year", "1990")];
        let to = hanh.posts(&page, &[&lan[..], &[("them", "members")]].concat()).await.expect(303).to;
        assert!(to.ends_with("/household?them=members#members.1"), "{to}");
        let two = hanh.opens(&to).await.expect(200);
        two.holds(r#"value="Nguyễn Thị Lan""#);
        two.says("Thành viên của hộ – dòng 2");

        let mut all =
            vec![("home.unit", "xa phuoc hau"), ("home.line", "Ấp Phước Lợi"), ("request_kind", "poor")];
        all.extend([("reason", "Thu nhập giảm sau bệnh."), ("members.1.name", "Trần Văn Hai")]);
        all.extend([&lan[..], &[("members.0.sex", "female"), ("members.0.relation", "Chủ hộ")]].concat());
        let wrong = hanh.posts(&page, &all).await.expect(422);
        wrong.says("Dòng 2: Nhập mục “Năm sinh”.");
        wrong.holds("href=\"#members.1.birth_year\"");
        let dropped = hanh.posts(&page, &[&all[..], &[("bot", "members.1")]].concat()).await.expect(303).to;
        assert!(dropped.ends_with("/household#members"), "{dropped}");
        assert!(!hanh.opens(&dropped).await.expect(200).body.contains("Trần Văn Hai"));
        all.retain(|(name, _)| !name.starts_with("members.1"));
        hanh.posts(&page, &all).await.expect(303);
        let check = hanh.opens(&format!("{draft}/kiem-tra")).await.expect(200);
        check.says("Ấp Phước Lợi, Xã Phước Hậu, Huyện Long Hồ");
        check.says("(1) Nguyễn Thị Lan, 1990, Nữ, Chủ hộ");
    });
}

#[test]
fn one_answer_is_kept_while_the_page_is_open() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let draft = hanh.begins().await;
        let page = format!("{draft}/child");
        hanh.opens(&page).await.expect(200).holds("data-autosave=\"/api/v1/drafts/");
        let at = |field: &str| {
            let id = draft.rsplit('/').next().unwrap();
            format!("/api/v1/drafts/{id}/fields/{field}")
        };
        let kept = hanh.puts(&at("child_name"), &[("child_name", "Bảo")]).await.expect(200);
        assert_eq!(kept.body, r#"{"saved_at":"2026-11-23T09:00:00+07:00","saved":"09:00"}"#);
        let date = [("child_birth_date.ngay", "31"), ("child_birth_date.thang", "2")];
        hanh.puts(&at("child_birth_date"), &date).await.expect(200);
        // Nothing else changes, and what cannot be right is kept all the same.
        let answer = hanh.opens(&page).await.expect(200);
        answer.holds(r#"value="Bảo""#);
        answer.holds(r#"name="child_birth_date.ngay" inputmode="numeric" value="31""#);
        hanh.puts(&at("child_name"), &[]).await.expect(200);
        let emptied = hanh.opens(&page).await.expect(200);
        assert!(!emptied.body.contains(r#"value="Bảo""#));
        emptied.holds(r#"name="child_birth_date.ngay" inputmode="numeric" value="31""#);

        hanh.puts(&at("nothing_of_the_form"), &[]).await.expect(404);
        let token = std::mem::replace(&mut hanh.csrf, "another".into());
        hanh.puts(&at("child_name"), &[("child_name", "Khôi")]).await.expect(403);
        hanh.csrf = token;
        let mut other = w.as_citizen(OTHER).await;
        other.opens("/ho-so-cua-toi").await.expect(200);
        other.csrf = w.csrf(&other).await;
        other.puts(&at("child_name"), &[("child_name", "Khôi")]).await.expect(404);
        w.stranger().puts(&at("child_name"), &[]).await.expect(401);
    });
}

#[test]
fn a_draft_that_nobody_goes_on_with_is_warned_of_and_goes() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let draft = hanh.begins().await;
        hanh.fills(&draft).await;
        let birth = format!("{draft}/giay-to/birth-record");
        hanh.posts_files(&birth, &[], &[("tep", "chứng sinh.pdf", PDF)]).await.expect(303);
        hanh.opens("/ho-so-cua-toi").await.expect(200).says("giữ đến 21/02/2027");
        w.hand.set(w.now().plus_days(80));
        let mut hanh = w.as_citizen(HANH).await;
        hanh.opens("/ho-so-cua-toi").await.expect(200).says("bản nháp tự xóa sau ngày 21/02/2027");
        crate::filing::draft::let_old_go(&w.app.site.db, w.now()).await.unwrap();
        assert_eq!(w.count("select count(*) from draft").await, 1);
        w.hand.set(w.now().plus_days(11));
        crate::filing::draft::let_old_go(&w.app.site.db, w.now()).await.unwrap();
        assert_eq!(w.count("select count(*) from draft").await, 0);
        assert_eq!(w.count("select count(*) from upload").await, 0);
        assert_eq!(w.count("select count(*) from content where refs > 0").await, 0);
        w.as_citizen(HANH).await.opens(&draft).await.expect(404);
    });
}

#[test]
fn what_was_typed_stays_with_its_errors() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let draft = hanh.begins().await;
        let page = format!("{draft}/child");
        hanh.opens(&page).await.expect(200);
        let sent = [
            ("child_name", "Bảo <b>"),
            ("child_birth_date.ngay", "31"),
            ("child_birth_date.thang", "2"),
            ("child_birth_date.nam", "2026"),
        ];
        let answer = hanh.posts(&page, &sent).await.expect(422);
        answer.says("mục cần sửa");
        answer.holds("<title>Lỗi: ");
        for answer in [answer, hanh.opens(&page).await.expect(200)] {
            answer.holds(r#"value="Bảo &#60;b&#62;""#);
            answer.holds(r#"name="child_birth_date.ngay" inputmode="numeric" value="31""#);
            answer.holds(r#"name="child_birth_date.thang" inputmode="numeric" value="2""#);
        }
        // A name typed before its condition is answered is not lost either.
        let mother = format!("{draft}/mother");
        hanh.posts(&mother, &[("mother_name", "Hạnh"), ("mother_birth_year", "chín lăm")]).await.expect(422);
        let answer = hanh
            .posts(
                &mother,
                &[("mother_stated", "yes"), ("mother_name", "Hạnh"), ("mother_birth_year", "chín lăm")],
            )
            .await;
        answer.expect(422).holds(r#"value="chín lăm""#);
        // Saving for later asks nothing.
        let later = hanh.posts(&page, &[("child_name", "Bảo"), ("luu", "1")]).await.expect(303).to;
        assert_eq!(later, "/ho-so-cua-toi?bao=luu");
        hanh.opens(&later).await.expect(200).says("Đã lưu bản nháp.");
    });
}

#[test]
fn an_account_not_yet_confirmed_prepares_but_does_not_file() {
    both(async |t| {
        let w = world(&t).await;
        let act = Act::system("test.forget", "", w.now());
        let forget = async |tx: &mut Tx| {
            tx.change("update account set confirmed_at = null where login = $1", args![HANH]).await
        };
        w.app.site.db.write(act, forget).await.unwrap();
        let mut hanh = w.as_citizen(HANH).await;
        let why = "Tài khoản chưa được xác nhận danh tính.";
        hanh.opens("/nop-ho-so/1.001193").await.expect(200).says(why);
        let draft = hanh.begins().await;
        hanh.fills(&draft).await;
        let to = format!("{draft}/giay-to/birth-record");
        hanh.posts_files(&to, &[], &[("tep", "a.pdf", PDF)]).await.expect(303);
        let check = format!("{draft}/kiem-tra");
        hanh.opens(&check).await.expect(200).says(why);
        hanh.posts(&check, &[]).await.expect(422).says(why);
        assert_eq!(w.count("select count(*) from dossier").await, 0);
    });
}

#[test]
fn a_draft_is_nobody_elses() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let draft = hanh.begins().await;
        let mut other = w.as_citizen(OTHER).await;
        other.opens("/ho-so-cua-toi").await.expect(200);
        other.begins().await;
        for page in ["", "/declarant", "/giay-to", "/nhan-ket-qua", "/kiem-tra"] {
            other.opens(&format!("{draft}{page}")).await.expect(404);
        }
        for page in ["declarant", "giay-to", "nhan-ket-qua", "kiem-tra", "xoa"] {
            other.posts(&format!("{draft}/{page}"), &[]).await.expect(404);
        }
        let files = [("tep", "a.pdf", PDF)];
        other.posts_files(&format!("{draft}/giay-to/birth-record"), &[], &files).await.expect(404);
        assert_eq!(w.count("select count(*) from upload").await, 0);
        let mut nobody = w.stranger();
        let to = nobody.opens(&format!("{draft}/declarant")).await.expect(303).to;
        assert!(to.starts_with("/dang-nhap"), "{to}");
        // Its owner throws it away, and it is gone.
        hanh.posts(&format!("{draft}/xoa"), &[]).await.expect(303);
        hanh.opens(&draft).await.expect(404);
    });
}

/// A DOCX with or without macros, not compressed.
fn docx(macros: bool) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut names = vec!["[Content_Types].xml", "word/document.xml"];
    if macros {
        names.push("word/vbaProject.bin");
    }
    for name in names {
        archive.start_file(name, stored).unwrap();
        archive.write_all(b"<x/>").unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn files_are_taken_for_what_they_are() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let draft = hanh.begins().await;
        hanh.fills(&draft).await;
        let papers = format!("{draft}/giay-to");
        let to = format!("{papers}/birth-record");
        let large = [b"%PDF-1.7\n".as_slice(), &vec![b'0'; 21 * 1024 * 1024]].concat();
        let table: [(&str, &[u8], &str); 4] = [
            ("lon.pdf", &large, "Tệp “lon.pdf” dung lượng 21 MB. Hãy chọn tệp dưới 20 MB."),
            ("macro.docx", &docx(true), "Tệp “macro.docx” có chứa macro"),
            ("bai.pdf", b"xin chao", "không phải PDF, JPEG, PNG hoặc DOCX"),
            ("rong.pdf", b"", "Tệp “rong.pdf” không có nội dung."),
        ];
        for (name, bytes, words) in table {
            hanh.posts_files(&to, &[], &[("tep", name, bytes)]).await.expect(422).says(words);
        }
        hanh.posts_files(&to, &[], &[("tep", "", b"")]).await.expect(422).says("Chưa chọn tệp.");
        assert_eq!(w.count("select count(*) from upload").await, 0);
        hanh.posts_files(&to, &[], &[("tep", "đơn.docx", &docx(false))]).await.expect(303);
        let page = hanh.opens(&papers).await.expect(200);
        page.says("đơn.docx DOCX");
        let remove = page.body.split("/bo-tep/").nth(1).unwrap().split('"').next().unwrap().to_string();
        hanh.posts(&format!("{draft}/bo-tep/{remove}"), &[]).await.expect(303);
        hanh.posts(&format!("{draft}/bo-tep/{remove}"), &[]).await.expect(303);
        hanh.posts(&papers, &[]).await.expect(422).says("Chưa có giấy tờ này.");
        assert_eq!(w.count("select count(*) from content where refs > 0").await, 0);
    });
}

/// Files the birth as Hạnh; the dossier's code.
async fn filed(hanh: &mut Browser) -> String {
    let draft = hanh.begins().await;
    hanh.fills(&draft).await;
    let to = format!("{draft}/giay-to/birth-record");
    hanh.posts_files(&to, &[], &[("tep", "a.pdf", PDF)]).await.expect(303);
    let done = hanh.posts(&format!("{draft}/kiem-tra"), &[]).await.expect(303).to;
    done.rsplit('/').next().unwrap().to_string()
}

#[test]
fn the_applicant_supplements_withdraws_and_is_told_of_changes() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let code = filed(&mut hanh).await;
        let ask = Ask::AskSupplement {
            marks: [("birth-record".to_string(), Mark::Unfit)].into(),
            fields: Vec::new(),
            reason: "papers".into(),
            note: "Ảnh bị mờ".into(),
            components: Vec::new(),
        };
        w.clerk(&code, ask).await;
        let own = format!("/ho-so-cua-toi/{code}");
        let page = hanh.opens(&own).await.expect(200);
        page.says("Bộ phận một cửa ghi: “Ảnh bị mờ”");
        page.says("Tạm dừng tính hạn");

        let to = format!("{own}/bo-sung");
        // One good file and a bad one: the good one is kept and named for the next try.
        let files: [(&str, &str, &[u8]); 2] =
            [("tep.birth-record", "rõ.pdf", PDF), ("tep.birth-record", "b.pdf", b"x")];
        let page = hanh.posts_files(&to, &[("seen", "2")], &files).await.expect(422);
        page.says("Tệp “b.pdf” không phải");
        let kept =
            page.body.split(r#"name="kem" value=""#).nth(1).unwrap().split('"').next().unwrap().to_string();
        assert!(kept.ends_with("|rõ.pdf"), "{kept}");
        // A file that has expired meanwhile.
        let act = Act::system("test.expire", "", w.now());
        let gone = async |tx: &mut Tx| tx.change("delete from upload where dossier is null", args![]).await;
        w.app.site.db.write(act, gone).await.unwrap();
        let page = hanh.posts_files(&to, &[("seen", "2"), ("kem", &kept)], &[]).await.expect(422);
        page.says("Tệp chưa nộp chỉ được giữ 24 giờ, hãy tải lại.");
        hanh.posts_files(&to, &[("seen", "2")], &[]).await.expect(422).says("hoặc ghi vì sao chưa nộp");
        // Words to the counter are no paper; why it cannot be brought is an answer.
        hanh.posts_files(&to, &[("seen", "2"), ("note", "Đã gửi")], &[]).await.expect(422);
        // Whoever saw an older version gets the fresh page.
        hanh.posts_files(&to, &[("seen", "1"), ("note", "x")], &[])
            .await
            .expect(409)
            .says("tình trạng mới nhất");
        let files = [("tep.birth-record", "rõ.pdf", PDF)];
        let done = hanh.posts_files(&to, &[("seen", "2")], &files).await.expect(303).to;
        let page = hanh.opens(&done).await.expect(200);
        page.says("Đã nộp bổ sung.");
        // Filing is not acceptance: the counter looks at it first.
        page.says("Mới đăng ký");
        page.says("chưa phải là tiếp nhận");

        let mut other = w.as_citizen(OTHER).await;
        other.begins().await;
        other.opens(&own).await.expect(404);
        other.posts(&format!("{own}/rut"), &[("seen", "3")]).await.expect(404);
        other.posts_files(&to, &[("seen", "3")], &files).await.expect(404);
        let done =
            hanh.posts(&format!("{own}/rut"), &[("seen", "3"), ("note", "Nhầm nơi")]).await.expect(303).to;
        hanh.opens(&done).await.expect(200).says("Công dân yêu cầu rút hồ sơ");
    });
}

#[test]
fn anybody_follows_a_dossier_and_learns_no_name() {
    both(async |t| {
        let w = world(&t).await;
        let mut hanh = w.as_citizen(HANH).await;
        let code = filed(&mut hanh).await;
        let mut nobody = w.stranger();
        let typed = code.to_lowercase().replace('-', "%20-%20");
        let page = nobody.opens(&format!("/tra-cuu?ma={typed}")).await.expect(200);
        page.says(&format!("Hồ sơ {code}"));
        page.says("Mới đăng ký");
        for secret in ["Hạnh", "Gia Bảo", "a.pdf", "khai sinh", HANH] {
            assert!(!words(&page.body).contains(secret), "{secret}");
        }
        let missing = "/tra-cuu?ma=Z61-261123-9999";
        nobody.opens(missing).await.expect(404).says("Không tìm thấy hồ sơ Z61-261123-9999.");
        for _ in 0..4 {
            nobody.opens(missing).await.expect(404);
        }
        nobody.opens(missing).await.expect(429).says("Đã nhập sai mã nhiều lần.");
    });
}

#[test]
fn the_front_page_and_the_catalogue_answer_everybody() {
    both(async |t| {
        let w = world(&t).await;
        let mut nobody = w.stranger();
        let page = nobody.opens("/").await.expect(200);
        page.says("Đăng ký khai sinh Nộp trực tuyến · Hộ tịch");
        assert!(!words(&page.body).contains("Giải quyết đúng hạn"), "no figures before the first dossier");
        nobody.opens("/thu-tuc?q=dang+ky+khai+sinh").await.expect(200).says("Đăng ký khai sinh");
        nobody
            .opens("/thu-tuc?q=khai+sinh+tren+mat+trang")
            .await
            .expect(200)
            .says("Không có thủ tục nào khớp");
        nobody.opens("/thu-tuc?linh-vuc=ho-tich&cap=commune&trang=99").await.expect(200).says("thủ tục");
        for p in w.app.catalogue.list().iter() {
            let page = nobody.opens(&format!("/thu-tuc/{}", p.code)).await.expect(200);
            assert_eq!(page.body.contains("chưa cấu hình nộp trực tuyến"), !p.is_online(), "{}", p.code);
        }
        nobody.opens("/thu-tuc/9.999999").await.expect(404);
        nobody.opens("/nop-ho-so/1.001266").await.expect(200).says("chưa cấu hình nộp trực tuyến");
        nobody.posts("/nop-ho-so/1.001193", &[("unit", "x")]).await.expect(303);
    });
}
