//! Vietnamese for everybody, English for who asks for it: pages, kept pages, refusals; and nothing that is
//! kept is English, whoever causes it.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::Method;
use db::testing::{both, on_sqlite};
use serde_json::json;
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};

/// What is shorter stands in data too: names of offices, questions of forms.
const TELLING: usize = 21;

/// The longest parts without a hole of all words in one language, from every crate's word files.
fn sentences(lang: &str) -> BTreeSet<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of crates");
    let mut all = BTreeSet::new();
    for name in ["web", "directory", "trust", "onestop", "cuulong"] {
        walk(&crates.join(name).join("words"), lang, &mut all);
    }
    all
}

fn walk(folder: &Path, lang: &str, all: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of words") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_string();
        if path.is_dir() {
            walk(&path, lang, all);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let table: toml::Table = text.parse().expect("a word file");
            let of_templates = path.to_string_lossy().contains("templates");
            let keys = of_templates && lang == "vi";
            if keys || name.ends_with(&format!("{lang}.toml")) {
                collect(&table, keys, all);
            }
        }
    }
}

fn collect(table: &toml::Table, keys: bool, all: &mut BTreeSet<String>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => collect(inner, keys, all),
            toml::Value::String(text) => all.extend(part(if keys { key } else { text })),
            _ => {}
        }
    }
}

fn part(text: &str) -> Option<String> {
    let outside =
        text.split(['{', '<']).map(|part| part.split_once(['}', '>']).map_or(part, |(_, rest)| rest));
    let longest = outside.max_by_key(|part| part.chars().count())?.trim();
    let foreign = longest.contains(' ');
    (foreign && longest.chars().count() >= TELLING).then(|| longest.to_string())
}

/// The Vietnamese sentences on the page last seen.
fn vietnamese(who: &Person, all: &BTreeSet<String>) -> Vec<String> {
    let text = who.page().text();
    all.iter().filter(|sentence| !sentence.is_ascii() && text.contains(*sentence)).cloned().collect()
}

#[test]
fn a_visitor_chooses_english_keeps_the_page_and_goes_back_to_vietnamese() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut lan = town.stranger();
        lan.says("accept-language", "en-GB,en;q=0.9");
        let home = lan.opens("/").await.expect(200);
        assert!(home.text().contains("<html lang=\"vi\""), "the cookie decides, not Accept-Language");
        says(&lan, "Cần làm thủ tục gì?");

        lan.opens("/thu-tuc?q=khai+sinh").await.expect(200);
        let link = lan.link("English");
        let chosen = lan.gets(&link).await.expect(303);
        assert_eq!(chosen.header("location"), "/thu-tuc?q=khai+sinh", "the page stays");
        let cookie = chosen.header("set-cookie");
        for part in ["=en;", "HttpOnly", "SameSite=Lax", "Max-Age=31536000"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let list = lan.follows(chosen).await.expect(200);
        assert!(list.text().contains("<html lang=\"en\""));
        assert_eq!(list.header("content-language"), "en");
        assert!(list.header("vary").contains("cookie"), "{}", list.header("vary"));

        let all = sentences("vi");
        assert!(all.len() > 1000, "{} sentences were read", all.len());
        let pages = [
            ("/", "What do you need to do?"),
            ("/thu-tuc", "Keyword or procedure code"),
            ("/thu-tuc/1.001193", "Papers you need"),
            ("/nop-ho-so/1.001193", "Sign in, so that the dossier"),
            ("/dang-nhap", "Sign in"),
            ("/dang-ky", "Create an account"),
            ("/tra-cuu", "It stands on the receipt."),
            ("/viec-trong-doi", "Choose what you are about to do"),
            ("/viec-trong-doi/sinh-con", "If only the birth is to be registered."),
            ("/co-quan", "Name of a commune, a ward or an agency"),
            ("/co-quan/29596", "Procedures taken here"),
            ("/phan-anh", "Tell an agency what is wrong"),
            ("/phan-anh/gui", "Find an agency"),
            ("/minh-bach", "How dossiers are settled"),
            ("/danh-gia", "Enter the code of the rating slip"),
            ("/kiem-tra-phieu", "Check a slip"),
        ];
        for (path, words) in pages {
            lan.opens(path).await.expect(200);
            says(&lan, words);
            assert_eq!(vietnamese(&lan, &all), Vec::<String>::new(), "{path}");
        }
        lan.opens("/khong-co-trang-nay").await.expect(404);
        says(&lan, "This page cannot be found");

        lan.opens("/tra-cuu").await.expect(200);
        let link = lan.link("Tiếng Việt");
        let back = lan.gets(&link).await.expect(303);
        assert_eq!(back.header("location"), "/tra-cuu");
        lan.follows(back).await.expect(200);
        assert!(!lan.holds_cookie("cl_ngon_ngu"));
        says(&lan, "In trên giấy hẹn.");
    });
}

/// The beginnings of sentences that are right to be Vietnamese on a page in English: what people agree to.
const VIETNAMESE_BY_RIGHT: [&str; 3] = [
    "Tôi đồng ý cho người này",
    // Where a day off has its source: data, which stays as it was kept.
    "Nghỉ bù theo khoản 3 Điều 111",
    "Điều 112 Bộ luật Lao động",
];

#[test]
fn no_page_in_english_says_a_vietnamese_sentence() {
    on_sqlite(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let all = sentences("vi");
        let (mut seen, mut found) = (0, Vec::new());
        for login in [CITIZEN, CLERK, REGISTRAR, CHAIRMAN, RECORDS, UNIT_ADMIN, ADMIN] {
            let mut who = browser(&town, login).await;
            who.opens("/ngon-ngu/en").await;
            let pages = suite::routes::all().into_iter().filter(|route| route.method == "GET");
            for route in pages.filter(|route| !crate::routes::LEFT_OUT.contains(&route.path.as_str())) {
                let path = crate::routes::filled(&route, &code);
                // These end the session or the choice.
                if path.starts_with("/ngon-ngu") || path.starts_with("/api/") {
                    continue;
                }
                let answer = who.gets(&path).await;
                if !answer.header("content-type").starts_with("text/html") || answer.status >= 300 {
                    continue;
                }
                seen += 1;
                let told = vietnamese(&who, &all).into_iter();
                let told =
                    told.filter(|told| !VIETNAMESE_BY_RIGHT.iter().any(|begins| told.starts_with(begins)));
                found.extend(told.map(|sentence| format!("{login} {path}: {sentence}")));
            }
        }
        assert!(seen > 100, "{seen} pages were seen");
        assert_eq!(found, Vec::<String>::new());
    });
}

#[test]
fn the_choice_leads_to_pages_of_ours_only() {
    both(async |t| {
        let town = Town::of(&t).await;
        let way = async |from: &str| {
            let mut who = town.stranger();
            who.says("referer", from);
            who.gets("/ngon-ngu/en").await.expect(303).header("location").to_string()
        };
        assert_eq!(way("http://cuulong.test/tra-cuu?ma=1").await, "/tra-cuu?ma=1");
        for from in ["https://elsewhere.example/tra-cuu", "http://cuulong.test//elsewhere.example/", "?", ""]
        {
            assert_eq!(way(from).await, "/", "{from}");
        }
        town.stranger().gets("/ngon-ngu/km").await.expect(404);
    });
}

/// What a person has typed, as no page says it by itself.
const TYPED: &str = "Nguyễn Thị Gõ Vào";

#[test]
fn what_was_typed_survives_the_switch_on_a_refused_form() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut lan = town.stranger();
        lan.opens("/dang-ky").await.expect(200);
        let typed = [("name", TYPED), ("personal_number", "086190999888"), ("password", PASSWORD)];
        lan.submits("Tạo tài khoản", &typed).await.expect(422);
        let refused = lan.page().forms();
        let carried =
            refused.iter().find(|form| form.action == "/ngon-ngu/en").expect("the switch is a form");
        assert!(carried.fields.iter().all(|(_, text)| text != PASSWORD), "no page shows a password again");
        lan.submits("English", &[]).await.expect(200);
        says(&lan, "The language has changed");
        lan.submits("Send again what you typed", &[]).await.expect(422);
        says(&lan, "Create an account");
        let fields =
            lan.page().forms().into_iter().find(|form| form.action == "/dang-ky").expect("it is back");
        for (name, text) in &typed[..2] {
            assert!(fields.fields.iter().any(|(n, t)| n == name && t == text), "{name}: {fields:?}");
        }
        // And back, twice: the page between can be read in both languages too.
        lan.submits("Tiếng Việt", &[]).await.expect(200);
        lan.submits("English", &[]).await.expect(200);
        lan.submits("Tiếng Việt", &[]).await.expect(200);
        lan.submits("Gửi lại những gì đã nhập", &[]).await.expect(422);
        assert!(lan.page().outline().contains("Tạo tài khoản"));

        // A form with files: its words survive, the file is chosen again.
        let mut an = browser(&town, CITIZEN).await;
        an.opens("/phan-anh/gui?noi=phuoc+hau").await.expect(200);
        an.submits_files("Gửi", &[("subject", TYPED)], &[]).await.expect(422);
        an.submits("English", &[]).await.expect(200);
        let again = an.submits_files("Send again what you typed", &[], &[]).await.expect(422).text();
        assert!(again.contains("<html lang=\"en\""));
        let subject = ("subject".to_string(), TYPED.to_string());
        let mut forms = an.page().forms().into_iter().filter(|form| form.action.starts_with("/phan-anh"));
        assert!(forms.any(|form| form.fields.contains(&subject)), "it is back");
    });
}

#[test]
fn every_page_that_answers_a_form_carries_what_was_typed_into_the_other_language() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut seen = 0;
        for login in [CITIZEN, CLERK, REGISTRAR, CHAIRMAN, UNIT_ADMIN, ADMIN] {
            let mut who = browser(&town, login).await;
            who.opens("/tai-khoan").await.expect(200);
            let token = who.page().forms().into_iter().flat_map(|form| form.fields);
            let token = token.into_iter().find(|(name, _)| name == "_csrf").expect("a token").1;
            let body: String = form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("_csrf", token.as_str()), ("go-vao", TYPED)])
                .finish();
            for route in suite::routes::all().into_iter().filter(|route| route.method == "POST") {
                let path = crate::routes::filled(&route, &code);
                let ends =
                    ["/dang-xuat", "/ngon-ngu", "/api/", "/pki/"].iter().any(|begin| path.starts_with(begin));
                if ends || crate::routes::LEFT_OUT.contains(&route.path.as_str()) {
                    continue;
                }
                let kind = Some("application/x-www-form-urlencoded");
                let answer = who.sends(Method::POST, &path, kind, body.clone().into()).await;
                if !answer.header("content-type").starts_with("text/html") {
                    continue;
                }
                seen += 1;
                let forms = who.page().forms();
                let switch = forms.iter().find(|form| form.action == "/ngon-ngu/en");
                let carries = |form: &suite::html::Form| {
                    form.fields.contains(&("go-vao".to_string(), TYPED.to_string()))
                        && form.fields.contains(&("_ve".to_string(), path.clone()))
                };
                // What is told once offers no switch at all.
                let none = !answer.text().contains("/ngon-ngu/");
                assert!(none || switch.is_some_and(carries), "{login} {path}: {}", answer.status);
            }
        }
        assert!(seen > 300, "{seen} pages were seen");
    });
}

#[test]
fn the_kept_front_page_never_serves_the_wrong_language() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut lan, mut minh) = (town.stranger(), town.stranger());
        minh.opens("/ngon-ngu/en").await.expect(200);
        for _ in 0..2 {
            for path in ["/", "/minh-bach"] {
                let vi = lan.opens(path).await.expect(200);
                let en = minh.opens(path).await.expect(200);
                assert!(vi.text().contains("<html lang=\"vi\""), "{path}");
                assert!(en.text().contains("<html lang=\"en\""), "{path}");
                assert!(vi.header("vary").contains("cookie") && en.header("vary").contains("cookie"));
                assert_eq!(
                    (vi.header("etag"), en.header("etag")),
                    ("", ""),
                    "a mark would need the language"
                );
                // Packed bytes are kept beside the plain ones: they must be those of the language too.
                let packed = [lan.clone(), minh.clone()].map(|mut who| {
                    who.says("accept-encoding", "gzip");
                    who
                });
                let [mut vi, mut en] = packed;
                let (vi, en) = (vi.gets(path).await.expect(200), en.gets(path).await.expect(200));
                assert_eq!((vi.header("content-encoding"), en.header("content-encoding")), ("gzip", "gzip"));
                assert_ne!(vi.body, en.body, "{path}");
                assert_eq!((vi.header("content-language"), en.header("content-language")), ("vi", "en"));
            }
        }
    });
}

#[test]
fn a_refusal_found_by_the_database_is_said_in_english_too() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        an.says("cookie", "cl_ngon_ngu=en");
        let code = files_a_birth(&mut an).await;
        let mut clerk = town.token(CLERK).await;
        clerk.says("cookie", "cl_ngon_ngu=en");
        takes(&mut clerk, &code, "receive", json!({})).await;
        let silent = tries_step(&mut clerk, &code, "ask_supplement", json!({})).await.expect(422).json();
        let said = silent["errors"][0]["message"].as_str().unwrap_or_default().to_string();
        assert!(said.is_ascii() && !said.is_empty(), "the closure of the write speaks English: {said}");
        let mut other = town.token(CLERK).await;
        let silent = tries_step(&mut other, &code, "ask_supplement", json!({})).await.expect(422).json();
        assert!(
            !silent["errors"][0]["message"].as_str().unwrap_or_default().is_ascii(),
            "others hear Vietnamese"
        );
    });
}

/// Every text of every table that holds one of these sentences.
fn kept(db: &Path, all: &BTreeSet<String>) -> Vec<String> {
    let db = rusqlite::Connection::open(db).expect("the database opens");
    let texts = |sql: &str, column: usize| -> Vec<String> {
        let mut statement = db.prepare(sql).expect("a statement");
        let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(column)).expect("rows");
        let text = |value| match value {
            rusqlite::types::Value::Text(text) => Some(text),
            _ => None,
        };
        rows.filter_map(|value| text(value.expect("a value"))).collect()
    };
    let mut found = Vec::new();
    for table in texts("select name from sqlite_master where type = 'table'", 0) {
        for column in texts(&format!("select name from pragma_table_info('{table}')"), 0) {
            for text in texts(&format!("select \"{column}\" from \"{table}\""), 0) {
                let english = all.iter().find(|sentence| text.contains(*sentence));
                found.extend(english.map(|sentence| format!("{table}.{column}: {sentence}")));
            }
        }
    }
    found
}

#[test]
fn what_english_speaking_people_do_is_written_down_in_vietnamese() {
    on_sqlite(async |t| {
        let town = Town::of(&t).await;
        let english = async |login: &str| {
            let mut person = browser(&town, login).await;
            person.opens("/ngon-ngu/en").await.expect(200);
            person
        };
        let mut an = town.token(CITIZEN).await;
        an.says("cookie", "cl_ngon_ngu=en");
        let code = files_a_birth(&mut an).await;

        let mut clerk = english(CLERK).await;
        presses(&mut clerk, &code, "Accept the dossier").await;
        let papers = format!("{}/ban-giay", page(&code));
        clerk.opens(&papers).await.expect(200);
        let typed = [("original.birth-record", "1"), ("copy.identity", "2")];
        let answer = clerk.submits("Record", &typed).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Papers and where they are");
        presses(&mut clerk, &code, "Pass on").await;
        let mut registrar = english(REGISTRAR).await;
        registrar.opens(&page(&code)).await.expect(200);
        says(&registrar, "Submit for signature");
        presses(&mut registrar, &code, "Submit for signature").await;
        let mut chairman = town.token(CHAIRMAN).await;
        chairman.says("cookie", "cl_ngon_ngu=en");
        takes(&mut chairman, &code, "decide", json!({ "outcome": "granted" })).await;
        town.delivers().await;
        let history = format!("/api/v1/dossiers/{code}/history");
        let history = chairman.calls(Method::GET, &history, None).await.expect(200).text();
        assert!(history.contains("Nhận: Giấy chứng sinh (bản chính, 1)"), "{history}");

        let all = sentences("en");
        assert!(all.len() > 1000, "{} sentences were read", all.len());
        assert_eq!(kept(&t.dir().join("test.db"), &all), Vec::<String>::new());
    });
}
