//! Who may do what under which consent, and that every word is there.

use base::Instant;

use super::rules::{Right, Rights, Standing, standing};
use super::words::WORDS;

#[test]
fn every_right_and_what_it_lets_do() {
    let mut table = String::new();
    for word in Rights::WORDS {
        let rights = Rights::of([word].into_iter());
        let holds: Vec<String> = [Right::Own, Right::Fill, Right::Supplement, Right::Follow]
            .into_iter()
            .filter(|right| rights.hold(*right))
            .map(|right| format!("{right:?}"))
            .collect();
        table += &format!("{word:11}{}\n", holds.join(" "));
    }
    let expected = "
fill       Fill
supplement Supplement Follow
follow     Follow
";
    assert_eq!(format!("\n{table}"), expected);
    assert!(!Rights::of(["own", "file"].into_iter()).any());
}

#[test]
fn a_consent_holds_from_its_acceptance_to_its_end() {
    let at = |minute: i64| Instant::from_micros(minute * 60_000_000);
    let table = [
        (None, None, 5, Standing::Invited),
        (Some(at(3)), None, 5, Standing::Agreed),
        (Some(at(3)), None, 9, Standing::Agreed),
        (Some(at(3)), None, 10, Standing::Over),
        (None, None, 10, Standing::Over),
        (Some(at(3)), Some(at(4)), 5, Standing::Ended),
        (None, Some(at(4)), 12, Standing::Ended),
    ];
    for (accepted, ended, now, expected) in table {
        assert_eq!(standing(accepted, at(10), ended, at(now)), expected, "{accepted:?} {ended:?} {now}");
    }
}

#[test]
fn both_languages_have_every_word() {
    assert_eq!(WORDS.differences(), Vec::<String>::new());
    for standing in [Standing::Invited, Standing::Agreed, Standing::Over, Standing::Ended] {
        assert!(WORDS.has(&format!("standing.{}", standing.word())));
    }
    for word in Rights::WORDS {
        assert!(WORDS.has(&format!("right.{word}")));
    }
    for deed in ["look", "fill", "papers", "supplement"] {
        assert!(WORDS.has(&format!("deed.{deed}")));
    }
    for side in ["owner", "helper"] {
        assert!(WORDS.has(&format!("consent.{side}_{}", super::TEXT_VERSION)));
    }
    for text in [include_str!("pages.rs"), include_str!("desk.rs"), include_str!("../helper.rs")] {
        for part in text.split("say(\"").skip(1) {
            let key = part.split('"').next().unwrap_or_default();
            assert!(WORDS.has(key), "{key}");
        }
    }
}

#[test]
fn a_code_is_told_in_signs_that_nobody_mistakes() {
    let code = super::fresh_code().unwrap();
    assert_eq!(code.len(), super::CODE_LENGTH);
    assert!(code.bytes().all(|sign| super::CODE_SIGNS.contains(&sign)), "{code}");
    assert_ne!(code, super::fresh_code().unwrap());
    let told = format!(" {}-{} ", &code[..5].to_lowercase(), &code[5..]);
    assert_eq!(super::hash(&told), super::hash(&code));
}
