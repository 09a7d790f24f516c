//! Tables of what lines say, hostile files, and loads on both databases.

use std::io::Write;
use std::path::{Path, PathBuf};

use base::Instant;
use db::testing::{TestDb, both};
use db::{Tx, args};
use proptest::prelude::*;
use web::words::Lang;

use super::columns::Table;
use super::read::{Line, read};
use super::rules;
use super::words::WORDS;
use super::{Finding, Order, Outcome, Report, run, template};
use crate::App;
use crate::dossier::law::Law;
use crate::dossier::rules::{AfterSupplement, Status};
use crate::grow::tests::{now, small};
use crate::measure::sheet::{Cell, Kind, Sheet};

const HEAD: &str = "Mã hồ sơ;Mã thủ tục;Đơn vị tiếp nhận;Tên người nộp;Số định danh hoặc mã số thuế;\
                    Ngày tiếp nhận;Ngày hẹn trả;Trạng thái;Trạng thái từ ngày;Bước xử lý;Phí, lệ phí;\
                    Ngày giải quyết xong";

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}

fn all_of(path: &Path, table: Table) -> Vec<Result<Line, Finding>> {
    let mut all = Vec::new();
    read(path, table, &mut |chunk| {
        all.extend(chunk);
        true
    });
    all
}

/// The keys of what is wrong with a file of people with this content.
fn keys(bytes: &[u8]) -> Vec<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "f", bytes);
    all_of(&path, Table::People).into_iter().filter_map(|item| item.err().map(|f| f.key)).collect()
}

#[test]
fn both_languages_say_every_heading_finding_and_remedy() {
    assert_eq!(WORDS.differences(), Vec::<String>::new());
    for table in Table::ALL {
        assert!(WORDS.has(&format!("table.{}", table.word())));
        for column in table.columns() {
            for what in ["column", "explained"] {
                assert!(WORDS.has(&format!("{what}.{}.{}", table.word(), column.word)), "{}", column.word);
            }
        }
        // No heading means two columns.
        let columns = table.columns().iter().flat_map(|c| {
            [Lang::Vi, Lang::En].map(|lang| (super::columns::squeezed(&table.heading(c.word, lang)), c.word))
        });
        let headings = table.headings();
        for (heading, word) in columns {
            assert_eq!(headings[&heading], table.place(word).unwrap(), "{heading}");
        }
    }
    for file in ["read", "rules", "check"] {
        let path = format!("{}/src/takeover/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        for key in text.split('"').skip(1).step_by(2).filter(|k| WORDS.has(&format!("wrong.{k}"))) {
            assert!(WORDS.has(&format!("remedy.{key}")), "{key}");
        }
    }
}

#[test]
fn moments_are_read_as_people_and_spreadsheets_write_them() {
    let table = [
        ("20/08/2026", Some("2026-08-20 -")),
        ("2026-08-20 09:05", Some("2026-08-20 545")),
        ("09:05 20/8/2026", Some("2026-08-20 545")),
        ("2026-08-20T09:05:00+07:00", Some("2026-08-20 545")),
        ("2026-08-20T09:05:59", Some("2026-08-20 545")),
        ("31/02/2026", None),
        ("20/08/2026 24:00", None),
        ("44000", None),
        ("hôm qua", None),
        ("", None),
    ];
    for (text, expected) in table {
        let said = rules::moment(text)
            .map(|(day, minute)| format!("{day} {}", minute.map_or("-".into(), |m| m.to_string())));
        assert_eq!(said.as_deref(), expected, "{text}");
    }
}

#[test]
fn a_code_stays_what_people_type_and_fits_an_address() {
    for (old, code) in [
        ("H61.12-260820-0007", "H61.12-260820-0007"),
        ("h61.12/2026/0007", "H61.12-2026-0007"),
        (" 000.12.61 ", "000.12.61"),
    ] {
        assert_eq!(rules::code_of(old), code);
    }
    let shown = |code| rules::shown_by(code, "H61.12").map(|(day, n)| format!("{day} {n}"));
    assert_eq!(shown("H61.12-260820-0007").as_deref(), Some("2026-08-20 7"));
    for other in ["H61.12-260820", "H61.13-260820-0007", "H61.12-269920-0007", "H61.12-260820-0000"] {
        assert_eq!(shown(other), None, "{other}");
    }
}

#[test]
fn hostile_files_are_findings_and_nothing_worse() {
    assert_eq!(keys(b""), ["empty"]);
    assert_eq!(keys(b"\n\n ; ;\n"), ["empty"]);
    assert_eq!(keys(b"\xd0\xcf\x11\xe0old"), ["old_excel"]);
    assert_eq!(keys(b"\xff\xfeH\0"), ["utf16"]);
    assert_eq!(keys(b"PK\x03\x04rubbish"), ["not_xlsx"]);
    assert_eq!(keys(b"name,personal_number\nTr\xe7n V\xe2n,086090123456\nA,1\n"), ["not_utf8"]);
    assert_eq!(keys(b"n\xe2me,personal_number\nA,1\n"), ["not_utf8"]);
    assert_eq!(keys(b"name,colour\nA,1\n"), ["head_unknown", "head_missing"]);
    assert_eq!(keys(b"name,Full name,personal_number\n"), ["head_twice"]);
    assert_eq!(keys(b"name,personal_number\nA,1,more\nB\x01,2\n"), ["too_many_cells", "control"]);
    let open = [b"name,personal_number\nA,1\n\"".to_vec(), vec![b'x'; 3 << 20]].concat();
    assert_eq!(keys(&open), ["line_too_long"]);
    let long = [b"name,personal_number\n".to_vec(), vec![b'x'; 5_000], b",1\nB,2\n".to_vec()].concat();
    assert_eq!(keys(&long), ["cell"]);
    let commented = "\u{feff}Họ và tên\tSỐ ĐỊNH DANH CÁ NHÂN\n# giải thích\tx\n\nTrần Vân\t086090123456\n";
    assert_eq!(keys(commented.as_bytes()), Vec::<&str>::new());
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused_before_it_is_read() {
    let mut bytes = Vec::new();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(&mut bytes));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("xl/sharedStrings.xml", options).unwrap();
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..300 {
        zip.write_all(&zeros).unwrap();
    }
    zip.finish().unwrap();
    assert!(bytes.len() < 1 << 20, "a bomb is small");
    assert_eq!(keys(&bytes), ["too_large"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_fall(bytes in prop::collection::vec(any::<u8>(), 0..600), head in 0..3_u8) {
        let start: &[u8] = match head {
            0 => b"",
            1 => b"name,personal_number,confirmed\n",
            _ => b"PK\x03\x04",
        };
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), "f", &[start, &bytes].concat());
        for table in Table::ALL {
            for line in all_of(&path, table).into_iter().flatten() {
                let _ = rules::person(&line, &rules::Vocabulary::default());
                let _ = rules::book(&line, true, now());
            }
        }
    }

    #[test]
    fn no_text_makes_the_rules_fall(cells in prop::collection::vec(".{0,30}", 18)) {
        let line = Line { number: 2, cells };
        let then = rules::Then::Unknown;
        let vocabulary = rules::Vocabulary::default();
        let law = Law::shipped(AfterSupplement::Restart);
        let ground = rules::Ground {
            law: &law,
            now: now(),
            seat: None,
            agency: None,
            then: &then,
            vocabulary: &vocabulary,
        };
        prop_assert!(rules::dossier(&line, &ground).is_err());
    }
}

#[test]
fn templates_are_read_and_hold_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for lang in [Lang::Vi, Lang::En] {
        let made = template::templates(lang);
        assert_eq!(made.len(), 6);
        for (at, (name, bytes)) in made.iter().enumerate() {
            let path = file(folder.path(), name, bytes);
            assert_eq!(all_of(&path, Table::ALL[at / 2]), vec![], "{name}");
        }
    }
}

#[test]
fn a_spreadsheet_is_read_as_a_person_would_have_typed_it() {
    let heads = ["Mã hồ sơ", "Procedure code", "counter", "Người nộp", "Ngày tiếp nhận", "Trạng thái"];
    let mut heads = heads.map(str::to_string).to_vec();
    heads[3] = "Tên người nộp".into();
    let mut sheet = Sheet::new(Kind::Xlsx, &heads);
    let at = Instant::parse_rfc3339("2026-11-18T08:30:00+07:00").unwrap();
    let text = |text: &str| Cell::Text(text.into());
    sheet.row(&[
        text("H-1"),
        text("1.001193"),
        Cell::Number(29596),
        text("Lê Mai"),
        Cell::At(at),
        Cell::Number(1),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "f.xlsx", &sheet.finish());
    let lines: Vec<Line> = all_of(&path, Table::Dossiers).into_iter().map(Result::unwrap).collect();
    let cells = |word| rules::cell(Table::Dossiers, &lines[0], word).to_string();
    assert_eq!((lines.len(), lines[0].number), (1, 2));
    assert_eq!([cells("counter"), cells("status"), cells("applicant_name")], ["29596", "1", "Lê Mai"]);
    assert_eq!(rules::moment(&cells("received_at")).unwrap(), (at.day(), Some(8 * 60 + 30)), "{lines:?}");
}

async fn loaded(app: &App, order: &Order) -> (Outcome, String) {
    let mut out = Vec::new();
    let mut report = Report::new(order.lang, &mut out);
    let outcome = run(app, order, &mut report, |_, _, _| {}).await.unwrap();
    (outcome, String::from_utf8(out).unwrap())
}

fn order(files: Vec<(Table, PathBuf)>) -> Order {
    let source = "Một cửa Z".to_string();
    Order { files, check: false, skip_bad: false, source, lang: Lang::Vi, now: now() }
}

async fn count(t: &TestDb, sql: &'static str) -> i64 {
    t.db.read(async move |tx: &mut Tx| -> db::Result<i64> { tx.get(sql, args![]).await }).await.unwrap()
}

fn good(folder: &Path) -> Vec<(Table, PathBuf)> {
    let people = "name,personal_number,phone,email,address,confirmed\n\
                  Lê Thị Mai,086190111222,0912345678,,Ấp 1,có\nTrần Văn Tư,086090333444,,,,không\n";
    let rows = "h61.12/2026/1;1.001193.000.00.00.H61;29596;Lê Thị Mai;086190111222;\
                18/11/2026 08:30;20/11/2026;\
                Đang xử lý;;Ký Giấy khai sinh;;\n\
                CU-0002;1.001193;29596;Trần Văn Tư;086090333444;18/11/2026;\
                19/11/2026 17:00;5;19/11/2026;examine;;\n\
                CU-0003;1.001193;29596;Lê Thị Mai;086190111222;20/11/2026 08:00;;1;;;;\n\
                CU-0004;1.001193;29596;Lê Thị Mai;;10/11/2026;11/11/2026;9;;;;12/11/2026\n\
                CU-0005;1.001193;29596;Lê Thị Mai;;18/11/2026;23/11/2026;6;19/11/2026;;50.000;\n";
    let books = "scheme,unit,period,last\nresult,29596-UB,2026,41\n";
    vec![
        (Table::People, file(folder, "people.csv", people.as_bytes())),
        (Table::Dossiers, file(folder, "dossiers.csv", format!("{HEAD}\n{rows}").as_bytes())),
        (Table::Books, file(folder, "books.csv", books.as_bytes())),
    ]
}

#[test]
fn what_is_taken_over_lives_on_and_a_second_load_adds_nothing() {
    both(async |t| {
        let app = small(&t).await;
        let agency = t.db.read(async |tx: &mut Tx| -> db::Result<String> {
            let counter =
                directory::counter_of(tx, "29596", now().day()).await?.ok_or(db::Error::NotFound)?;
            Ok(directory::agency_of(tx, &counter.id).await?.code)
        });
        let agency = agency.await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut files = good(folder.path());
        let books = format!("scheme,unit,period,last\nresult,{agency},2026,41\n");
        files[2].1 = file(folder.path(), "books.csv", books.as_bytes());

        let only = Order { check: true, ..order(files.clone()) };
        let (outcome, report) = loaded(&app, &only).await;
        assert_eq!((outcome.bad(), outcome.stored), (0, false), "{report}");
        assert_eq!(count(&t, "select count(*) from dossier").await, 0);

        let (outcome, _) = loaded(&app, &order(files.clone())).await;
        let added: Vec<u64> = outcome.tallies.iter().map(|(_, tally)| tally.added).collect();
        assert_eq!(added, [2, 5, 1]);
        let (again, _) = loaded(&app, &order(files.clone())).await;
        let tallies: Vec<(u64, u64)> = again.tallies.iter().map(|(_, t)| (t.there, t.added)).collect();
        assert_eq!(tallies, [(2, 0), (5, 0), (1, 0)]);
        assert_eq!(again.bad(), 0);
        assert_eq!(count(&t, "select count(*) from dossier_step where verb = 'import'").await, 5);
        assert_eq!(count(&t, "select count(*) from measure").await, 5);
        assert_eq!(count(&t, "select last from number_book where book like 'result|%'").await, 41);
        let heard = "select count(*) from outbox where topic = 'onestop.dossier.taken-over' and fanned = 1";
        assert_eq!(count(&t, heard).await, 5);
        assert_eq!(count(&t, "select count(*) from outbox where fanned = 0").await, 0);
        // Only a confirmed owner is given their dossiers.
        assert_eq!(count(&t, "select count(*) from dossier where applicant is not null").await, 2);
        assert_eq!(count(&t, "select amount from fee_bill where state = 'open'").await, 50_000);

        let all = crate::grow::tests::all(&app).await;
        for (d, log) in &all {
            assert_eq!(d.version, log.len() as i64, "{}", d.code);
            assert_eq!(log.last().unwrap().to, d.state.status(), "{}", d.code);
            assert_eq!(log.last().unwrap().promised, d.promised, "{}", d.code);
        }
        let (first, _) =
            all.iter().find(|(d, _)| d.code == "H61.12-2026-1").expect("the code fits an address");
        assert_eq!(first.state.stage(), Some("sign"));
        assert_eq!(first.holder_role, "leader");
        assert_eq!(first.state.status(), Status::InProcess);
        let promised = Instant::parse_rfc3339("2026-11-20T17:00:00+07:00").unwrap();
        assert_eq!(first.promised.map(|at| at.day()), Some(promised.day()));
    });
}

#[test]
fn every_bad_line_is_told_and_nothing_is_stored_unless_it_is_to_be_skipped() {
    both(async |t| {
        let app = small(&t).await;
        let folder = tempfile::tempdir().unwrap();
        let rows = "A-1;1.001193;29596;Lê Mai;;18/11/2026;20/11/2026;2;;;;\n\
                    A-1;1.001193;29596;Lê Mai;;18/11/2026;20/11/2026;2;;;;\n\
                    A-2;9.999999;00000;;;18/11/2027;;12;;;;\n\
                    A-3;1.001193;29596;Lê Mai;12;18/11/2016;20/11/2026;4;;;;\n\
                    A-4;1.001193;29596;Lê Mai;;18/11/2026;17/11/2026;10;;;;\n\
                    A-5;1.001193;29596;Lê Mai;;18/11/2026;20/11/2026;6;;;;\n\
                    A-6;1.001193;29596;Lê Mai;;18/11/2026;20/11/2026;4;;nowhere;;\n\
                    A-7;1.001193;29596;Lê Mai;;18/11/2026;20/11/2026;9;;;;\n";
        let path = file(folder.path(), "dossiers.csv", format!("{HEAD}\n{rows}").as_bytes());
        let files = vec![(Table::Dossiers, path)];
        let (outcome, report) = loaded(&app, &order(files.clone())).await;
        assert_eq!((outcome.bad(), outcome.stored), (7, false), "{report}");
        assert_eq!(count(&t, "select count(*) from dossier").await, 0);
        let told = |line: u64, words: &str| {
            let found = report
                .lines()
                .any(|l| l.starts_with(&format!("\"dossiers.csv\",{line},")) && l.contains(words));
            assert!(found, "line {line}: {words}\n{report}");
        };
        told(3, "lặp lại một dòng phía trên");
        for words in [
            "Không có thủ tục mã",
            "Không có bộ phận một cửa",
            "Ô bắt buộc bị trống",
            "chưa đến",
            "Không hiểu trạng thái",
        ] {
            told(4, words);
        }
        told(5, "chưa có phiên bản nào có hiệu lực");
        told(5, "mã số thuế");
        told(6, "đã kết thúc");
        told(6, "trước ngày tiếp nhận");
        told(7, "Số tiền không đúng");
        told(7, "Thiếu ngày bắt đầu");
        told(8, "Ghi một trong các bước: examine, sign");
        told(9, "Thiếu ngày giải quyết xong");

        let (outcome, _) = loaded(&app, &Order { skip_bad: true, ..order(files) }).await;
        assert!(outcome.stored);
        assert_eq!(count(&t, "select count(*) from dossier").await, 1);
    });
}

#[test]
fn a_load_that_was_cut_off_goes_on_where_it_stopped() {
    both(async |t| {
        let app = small(&t).await;
        let folder = tempfile::tempdir().unwrap();
        let row = |n: u32| format!("CU-{n};1.001193;29596;Lê Mai;;18/11/2026;20/11/2026;2;;;;\n");
        let part: String = (0..700).map(row).collect();
        let whole: String = (0..1_300).map(row).collect();
        let cut = file(folder.path(), "cut.csv", format!("{HEAD}\n{part}").as_bytes());
        let (outcome, _) = loaded(&app, &order(vec![(Table::Dossiers, cut)])).await;
        assert_eq!(outcome.tallies[0].1.added, 700);
        let whole = file(folder.path(), "whole.csv", format!("{HEAD}\n{whole}").as_bytes());
        let (outcome, _) = loaded(&app, &order(vec![(Table::Dossiers, whole)])).await;
        assert_eq!((outcome.tallies[0].1.there, outcome.tallies[0].1.added), (700, 600));
        assert_eq!(count(&t, "select count(*) from dossier").await, 1_300);
    });
}
