//! The rules of units, as tables.

use super::UnitId;
use super::rules::{Typed, Wrong, check, check_code, check_end, check_ident, tokens};

#[test]
fn identifiers_of_both_standards_and_nothing_else() {
    let good = ["000.00.00.H61", "000.17.22.H56", "001.02.24.Z61", "H61", "H61.12", "H61.12.3", "Z61.137.1"];
    for ident in good {
        assert_eq!(check_ident(ident), Ok(()), "{ident}");
    }
    let bad = [
        "",
        "61",
        "h61",
        "H6",
        "H611",
        "H61.",
        "H61.1234",
        "H61.a",
        "00.00.00.H61",
        "000.0.00.H61",
        "H61 .1",
    ];
    for ident in bad {
        assert_eq!(check_ident(ident), Err(Wrong::BadIdent), "{ident}");
    }
}

#[test]
fn codes_stand_in_addresses() {
    assert_eq!(check_code("29596-UBND"), Ok(()));
    assert_eq!(check_code("VL25-STP"), Ok(()));
    assert_eq!(check_code(""), Err(Wrong::Missing));
    assert_eq!(check_code("a/b"), Err(Wrong::BadCode));
    assert_eq!(check_code("29596@2018"), Err(Wrong::BadCode));
    assert_eq!(check_code(&"x".repeat(41)), Err(Wrong::TooLong { most: 40 }));
}

#[test]
fn all_faults_at_once() {
    let typed = Typed { ident: "x".into(), symbol: "s".repeat(41), ..Typed::default() };
    let fields: Vec<&str> = check(&typed).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["code", "name", "kind", "ident", "symbol", "valid_from"]);
}

#[test]
fn a_unit_ends_on_its_first_day_at_the_earliest() {
    let day = |d: &str| d.parse().unwrap();
    assert_eq!(check_end(day("2026-11-23"), day("2026-11-23")), Ok(()));
    assert_eq!(check_end(day("2026-11-23"), day("2026-11-22")), Err(Wrong::EndsBeforeItBegins));
}

#[test]
fn searches_fold_and_cannot_break_out() {
    assert_eq!(tokens("  Xã  PHƯỚC hậu "), ["% xa%", "% phuoc%", "% hau%"]);
    assert_eq!(tokens("%_\\"), Vec::<String>::new());
    assert_eq!(tokens("Đ'; drop table"), ["% d';%", "% drop%", "% table%"]);
    assert_eq!(tokens(&"a ".repeat(50)).len(), 6);
}

#[test]
fn an_id_is_code_and_first_day() {
    let id = UnitId::new("29596", "2018-01-01".parse().unwrap());
    assert_eq!((id.as_str(), id.code()), ("29596@2018-01-01", "29596"));
}
