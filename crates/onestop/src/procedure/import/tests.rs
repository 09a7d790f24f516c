//! Each kind made in a real file, and the traps of the real source.

use std::collections::BTreeSet;

use web::words::Lang;

use super::{Item, KINDS, contradictions, heading, text};
use crate::procedure::model::{self, Procedure};

/// Kind, code, what is changed in its newest file, to what.
const MADE: &[(&str, &str, &str, &str)] = &[
    ("limit_unknown", "1.001662", "limit = ", "# limit = "),
    ("limit_unit_lost", "1.013225", "portal_limit = \"20 Ngày\"", "portal_limit = \"20\""),
    ("limit_not_at_portal", "1.013225", "portal_limit = \"20 Ngày\"\n", ""),
    ("limit_differs", "1.013225", "portal_limit = \"20 Ngày\"", "portal_limit = \"20 Ngày làm việc\""),
    ("fee_unknown", "2.000815", "amount = 2000\n", ""),
    ("fee_local", "2.000815", "note = \"Từ", "note = \"Mức thu do HĐND cấp tỉnh quyết định. Từ"),
    ("fee_odd", "2.000815", "amount = 2000\n", "amount = 100\n"),
    ("decision_odd", "1.013225", "56/QĐ-BXD", "QĐ56-BXD"),
    ("result_code_odd", "1.013225", "KQ.G17.000311", "dsfas"),
    ("result_code_missing", "1.013225", "code = \"KQ.G17.000311\"\n", ""),
    ("result_cut", "2.000815", "Bản sao được chứng thực từ bản chính\"", "Bản sao (có chứng\""),
    ("result_is_a_paper", "2.000815", "Bản sao được chứng thực từ bản chính", "Bản sao cần chứng thực"),
    ("level_of_agency", "1.001193", "levels = [\"commune\"]", "levels = [\"province\"]"),
    ("basis_odd", "1.013225", "{ id = \"14/2026/NĐ-CP\" }", "{ id = \"Nghị định 14\" }"),
    ("basis_near_twice", "1.013225", "{ id = \"14/2026/NĐ-CP\" }", "{ id = \"144/2025/NĐ-CPP\" }"),
    ("noted", "1.013225", "limit = \"20d\"\n", "limit = \"20d\"\ndoubts = [\"Không rõ.\"]\n"),
];

fn newest(code: &str) -> String {
    model::files().into_iter().rev().find(|(name, _)| name.starts_with(code)).unwrap().1
}

fn kinds(procedures: &[&Procedure]) -> Vec<&'static str> {
    contradictions(procedures).iter().map(|item| item.kind).collect()
}

#[test]
fn each_kind_is_found_where_it_is_and_not_where_it_is_not() {
    for (kind, code, from, to) in MADE {
        let good = newest(code);
        assert!(good.contains(from), "{kind}: {from}");
        let before = kinds(&[&model::parse(&good).unwrap()]);
        let after = kinds(&[&model::parse(&good.replacen(from, to, 1)).unwrap()]);
        let count = |all: &[&str]| all.iter().filter(|k| *k == kind).count();
        assert_eq!(count(&after), count(&before) + 1, "{kind}");
    }
    let one = model::parse(&newest("1.013225")).unwrap();
    let other = newest("1.013225").replacen("1.013225", "1.999999", 1);
    let other = model::parse(&other.replacen("name = \"Giấy phép", "name = \"Giấy", 1)).unwrap();
    let both = kinds(&[&one, &other]);
    assert!(both.contains(&"result_code_shared") && both.contains(&"name_twice"), "{both:?}");
    let made: BTreeSet<&str> = MADE.iter().map(|(kind, ..)| *kind).collect();
    let rest: Vec<&&str> = KINDS.iter().filter(|kind| !made.contains(**kind)).collect();
    assert_eq!(rest, [&"result_code_shared", &"name_twice"]);
}

#[test]
fn the_report_names_the_traps_of_the_source() {
    let all = model::newest();
    let found = contradictions(&all);
    let has = |kind: &str, code: &str| found.iter().any(|item: &Item| item.kind == kind && item.code == code);
    for (kind, code) in [
        ("result_code_missing", "2.000942"),
        ("noted", "1.002755"),
        ("noted", "2.001610"),
        ("limit_unit_lost", "1.001193"),
        ("limit_not_at_portal", "2.000635"),
        ("result_code_odd", "1.002693"),
        ("decision_odd", "2.000986"),
        ("basis_near_twice", "2.000986"),
        ("level_of_agency", "1.001612"),
        ("fee_local", "1.001612"),
    ] {
        assert!(has(kind, code), "{kind} {code}");
    }
    let text = text(all.len(), &found, Lang::Vi);
    assert!(text.starts_with("125 thủ tục"), "{text}");
    assert!(text.contains("2.000942"));
    for kind in KINDS {
        for lang in [Lang::Vi, Lang::En] {
            let (title, remedy) = heading(kind, lang);
            assert!(!title.starts_with("import") && !remedy.starts_with("import"), "{kind}");
        }
    }
}
