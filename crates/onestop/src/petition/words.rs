//! The sentences that the pages of petitions and ratings make of facts.

use super::rules::{Standing, Verb};

web::words!(include_str!("../../words/petition.vi.toml"), include_str!("../../words/petition.en.toml"); say);

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
    fn every_key_of_the_rules_has_words() {
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
