//! The sentences that the pages of petitions and ratings make of facts.

use std::sync::LazyLock;

use web::words::Words;

use super::rules::{Standing, Verb};

/// The words of these pages.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/petition.vi.toml"), include_str!("../../words/petition.en.toml"))
});

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// The words of a key that takes no values, for keys made of data; the empty text for no word.
pub fn of(list: &str, word: &str) -> String {
    let key = format!("{list}.{word}");
    if WORDS.has(&key) { WORDS.t(&key, &[]) } else { String::new() }
}

/// A state's name.
pub fn standing(standing: Standing) -> String {
    of("standing", standing.word())
}

/// A step's name, as on its button.
pub fn verb(verb: Verb) -> String {
    of("step", verb.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_every_key_of_the_rules() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        for standing in Standing::ALL {
            assert!(WORDS.has(&format!("standing.{}", standing.word())));
            assert!(WORDS.has(&format!("next.{}", standing.word())));
        }
        for verb in Verb::ALL {
            for list in ["step", "done", "explain"] {
                assert!(WORDS.has(&format!("{list}.{}", verb.word())), "{list} {}", verb.word());
            }
        }
        let lists: [(&str, &[&str]); 7] = [
            ("kind", &super::super::KINDS),
            ("topic", &super::super::TOPICS),
            ("finding", &super::super::FINDINGS),
            ("refuse_reason", &super::super::REFUSE_REASONS),
            ("withhold_reason", &super::super::WITHHOLD_REASONS),
            ("score", &crate::rating::SCORES),
            ("rate_topic", &crate::rating::TOPICS),
        ];
        for (list, words) in lists {
            for word in words {
                assert!(WORDS.has(&format!("{list}.{word}")), "{list}.{word}");
            }
        }
    }

    #[test]
    fn every_key_that_is_said_has_words() {
        let root = format!("{}/src", env!("CARGO_MANIFEST_DIR"));
        let files = ["petition", "petition/pages", "petition/pages/desk", "petition/pages/step", "rating"];
        let mut missing = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(format!("{root}/{file}.rs")).unwrap();
            for key in text.split("say(\"").skip(1).filter_map(|part| part.split('"').next()) {
                if !WORDS.has(key) {
                    missing.push(format!("{file}: {key}"));
                }
            }
            for key in text.split("\"fault.").skip(1).filter_map(|part| part.split('"').next()) {
                if !WORDS.has(&format!("fault.{key}")) {
                    missing.push(format!("{file}: fault.{key}"));
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
