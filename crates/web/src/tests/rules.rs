//! Tables: problems, deadlines, waits, ways back; and the words behind them.

use base::{Calendar, Instant};

use crate::due::{arithmetic, done_pill, due_pill, held_pill};
use crate::problem::{FieldError, Message, Problem};
use crate::{back, fields, filters, icon, throttle, words};

#[test]
fn every_problem_its_status_code_and_title() {
    let all = [
        Problem::NotFound,
        Problem::Forbidden,
        Problem::SignInNeeded { back: "/".into() },
        Problem::PasswordDue { at: "/".into() },
        Problem::Stale,
        Problem::Taken("unit.code".into()),
        Problem::Refused(Message::new("Hồ sơ đã trả kết quả.", "return after return")),
        Problem::SignInRefused(Message::new("Tên đăng nhập hoặc mật khẩu chưa đúng.", "wrong password")),
        Problem::Invalid(vec![FieldError::new("a", "x"), FieldError::new("b", "y")]),
        Problem::Malformed("not JSON".into()),
        Problem::TooMany { retry_after_s: 40 },
        Problem::TooMany { retry_after_s: 640 },
        Problem::TooLarge { limit_bytes: 20 * 1024 * 1024 },
        Problem::UnsupportedMedia,
        Problem::ChecksumMismatch,
        Problem::VersionNotSpoken,
        Problem::MethodNotAllowed,
        Problem::CrossSite,
        Problem::FormExpired,
        Problem::KeyReused,
        Problem::TimedOut,
        Problem::Unavailable,
        Problem::TryLater(Message::new("Máy quét chưa trả lời. Hãy thử lại sau ít phút.", "scanner silent")),
        Problem::Fault { incident: "i".into(), log: "l".into() },
    ];
    let table: String = all
        .iter()
        .map(|p| format!("{} {:18} {} | {}\n", p.status().as_u16(), p.code(), p.title(), p.text()))
        .collect();
    let expected = include_str!("problems.txt");
    assert_eq!(table, expected, "\n{table}");
}

#[test]
fn store_errors_become_problems() {
    use db::Error as E;
    let table: Vec<String> = [
        E::NotFound,
        E::Stale,
        E::Taken("unit.code".into()),
        E::Unavailable("down".into()),
        E::Fault("bug".into()),
    ]
    .into_iter()
    .map(|error| Problem::from(error).kind())
    .map(|(status, code)| format!("{} {code}", status.as_u16()))
    .collect();
    assert_eq!(table, ["404 not-found", "409 stale", "409 taken", "503 unavailable", "500 fault"]);
}

#[test]
fn the_deadline_pill_always_says_it() {
    let at = |text: &str| Instant::parse_rfc3339(&format!("2026-{text}:00+07:00")).unwrap();
    let table: String = [
        ("11-23T12:10", "11-19T17:00"), // two working days late, over a weekend
        ("11-23T12:10", "11-20T17:00"),
        ("11-23T12:10", "11-23T08:00"), // hours
        ("11-23T08:25", "11-23T08:00"), // minutes
        ("11-21T10:00", "11-20T17:00"), // Saturday after a Friday: hours
        ("11-23T12:10", "11-23T16:30"), // today
        ("11-23T16:30", "11-23T16:30"), // the very minute is in time
        ("11-20T16:00", "11-23T11:30"), // over a weekend: one working day
        ("11-20T16:00", "11-21T11:30"), // due on a day off
        ("11-25T09:00", "11-27T11:30"),
        ("11-25T09:00", "11-30T11:30"),
        ("11-25T09:00", "12-07T11:30"),
    ]
    .into_iter()
    .map(|(now, due)| {
        let pill = due_pill(at(now), at(due), &Calendar::national());
        format!("{now} {due} {:8} {:6} {}\n", pill.class, pill.row_class(), pill.text())
    })
    .collect();
    let expected = "\
11-23T12:10 11-19T17:00 is-over  over   Quá hạn 2 ngày
11-23T12:10 11-20T17:00 is-over  over   Quá hạn 1 ngày
11-23T12:10 11-23T08:00 is-over  over   Quá hạn 4 giờ
11-23T08:25 11-23T08:00 is-over  over   Quá hạn 25 phút
11-21T10:00 11-20T17:00 is-over  over   Quá hạn 17 giờ
11-23T12:10 11-23T16:30 is-today today  Hôm nay, 16:30
11-23T16:30 11-23T16:30 is-today today  Hôm nay, 16:30
11-20T16:00 11-23T11:30 is-soon         Còn 1 ngày
11-20T16:00 11-21T11:30 is-soon         Còn 1 ngày
11-25T09:00 11-27T11:30 is-soon         Còn 2 ngày
11-25T09:00 11-30T11:30 is-ok           Còn 3 ngày
11-25T09:00 12-07T11:30 is-ok           Còn 8 ngày
";
    assert_eq!(table, expected, "\n{table}");
    assert_eq!((held_pill().class, held_pill().text()), ("is-hold", "Tạm dừng tính hạn".into()));
    assert_eq!((done_pill().class, done_pill().text()), ("is-done", "Đã xong".into()));
    assert!(held_pill().html().0.starts_with(r#"<span class="cl-due is-hold"><svg class="ic""#));
}

#[test]
fn a_deadline_shows_its_arithmetic() {
    let table: String = [
        ("2026-11-19T14:10:00", "10wd"),
        ("2026-11-20T17:30:00", "8wh"),
        ("2026-11-21T08:00:00", "0d"),
        ("2026-08-13T09:00:00", "20d"),
    ]
    .into_iter()
    .map(|(from, limit)| {
        let from = Instant::parse_rfc3339(&format!("{from}+07:00")).unwrap();
        let due = Calendar::national().due(from, limit.parse().unwrap()).unwrap();
        arithmetic(&due).join("\n") + "\n\n"
    })
    .collect();
    let expected = include_str!("arithmetic.txt");
    assert_eq!(table, expected, "\n{table}");
}

#[test]
fn waits_grow_and_stop_growing() {
    let waits: Vec<i64> = (0..=14).map(throttle::wait_s).collect();
    assert_eq!(waits, [0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    assert_eq!(throttle::wait_s(u32::MAX), 900);
}

#[test]
fn only_paths_of_this_site_lead_back() {
    for good in ["/", "/ho-so/a?b=c&d=%C3%A1", "/gui-lai/x_Y-9"] {
        assert_eq!(back::safe(good), Some(good));
    }
    for bad in ["", "//evil.test", "/\\evil.test", "https://evil.test/", "/a\r\nx: y", "a", "/ă", "/a b"] {
        assert_eq!(back::safe(bad), None, "{bad:?}");
    }
    assert_eq!(back::sign_in_url("", "/a?b=c&d=e", true), "/dang-nhap?ve=%2Fa%3Fb%3Dc%26d%3De&het=1");
    assert_eq!(back::sign_in_url("/vao", "//evil.test", false), "/vao?ve=%2F");
}

#[test]
fn promised_times_and_masked_numbers() {
    let at = Instant::parse_rfc3339("2026-12-03T11:30:00+07:00").unwrap();
    assert_eq!(filters::promised_text(at), "11:30, thứ Năm 03/12/2026");
    assert_eq!(filters::promised_text(at.plus_days(3)), "11:30, Chủ nhật 06/12/2026");
    assert_eq!(filters::masked_text("079190004482"), "•••••••••482");
    assert_eq!(filters::masked_text("12"), "12");
}

#[test]
fn both_languages_have_the_same_words_and_all_that_are_asked_for() {
    assert_eq!(words::own().differences(), [""; 0]);
    for folder in ["/src", "/templates"] {
        let folder = format!("{}{folder}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(words::check_sources(words::own(), &folder), [""; 0]);
        assert_eq!(icon::check_sources(&folder), [""; 0]);
    }
    assert_eq!(words::own().t("due.over_days", &[("n", "{n}")]), "Quá hạn {n} ngày");
    assert_eq!(words::own().tr(words::Lang::En, "due.held", &[]), "Clock paused");
    assert_eq!(words::own().t("no.such.word", &[]), "no.such.word");
}

#[test]
fn missing_words_and_icons_are_found() {
    let dir = std::env::temp_dir().join(format!("web-words-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let source =
        r#"w.t("due.held", &[]); w.t("due.nothing", &[]); tr(lang, "a.b", &[]); icon("search"); icon("nix")"#;
    std::fs::write(dir.join("a.rs"), source).unwrap();
    let short = |found: Vec<String>| -> Vec<String> {
        found.iter().map(|line| line.rsplit(": ").next().unwrap().to_string()).collect()
    };
    assert_eq!(short(words::check_sources(words::own(), &dir)), ["a.b", "due.nothing"]);
    assert_eq!(short(icon::check_sources(&dir)), ["nix"]);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn templates_carry_no_style_script_or_colour() {
    crate::words::walk(format!("{}/templates", env!("CARGO_MANIFEST_DIR")).as_ref(), &mut |path, text| {
        assert!(!text.contains("style="), "{}", path.display());
        assert!(!text.contains(" onclick"), "{}", path.display());
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" type=\"module\" src="), "{}", path.display());
        }
        let drawing = path.file_name().is_some_and(|name| name == "mark.html");
        let colour = text
            .split('#')
            .skip(1)
            .any(|t| t.len() >= 6 && t[..t.len().min(6)].chars().all(|c| c.is_ascii_hexdigit()));
        assert!(drawing || !colour, "{}", path.display());
    });
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Typed {
    name: String,
    age: Option<u32>,
    #[serde(default)]
    agree: bool,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    way: Option<Way>,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    Counter,
    Post,
}

fn read(encoded: &str) -> Result<Typed, Problem> {
    fields::read(&fields::pairs(encoded.as_bytes()))
}

#[test]
fn fields_are_read_with_their_names() {
    let full = read("name=+Tha%CC%81i%0D%0A+&age=7&agree=on&tags=a&tags=b&way=post&more=x").unwrap();
    let expected = Typed {
        name: "Thái".into(),
        age: Some(7),
        agree: true,
        tags: vec!["a".into(), "b".into()],
        way: Some(Way::Post),
    };
    assert_eq!(full, expected);
    let bare = read("name=&age=&way=").unwrap();
    assert_eq!((bare.name.as_str(), bare.age, bare.agree, bare.way), ("", None, false, None));
    let wrong = |encoded: &str| match read(encoded) {
        Err(Problem::Invalid(errors)) => format!("{}: {}", errors[0].field, errors[0].message),
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong("age=7"), "name: Nhập hoặc chọn mục này.");
    assert_eq!(wrong("name=a&age=bảy"), "age: Nhập một số nguyên.");
    assert_eq!(wrong("name=a&age=-1"), "age: Nhập một số nguyên.");
    assert_eq!(wrong("name=a&way=boat"), "way: Chọn một mục trong danh sách.");
}
