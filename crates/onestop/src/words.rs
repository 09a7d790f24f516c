//! The words of the one-stop shop. Vietnamese is the source; English stands beside it.

use std::sync::LazyLock;

use web::words::Words;

use crate::dossier::rules::{Status, Verb};

/// All words of this system.
pub static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::load(include_str!("../words/vi.toml"), include_str!("../words/en.toml")));

/// The shared name of a status. law: onestop/statuses
pub fn status(status: Status) -> String {
    WORDS.t(&format!("status.{}", status.word()), &[])
}

/// The name of a step, as on its button.
pub fn verb(verb: Verb) -> String {
    WORDS.t(&format!("step.{}", verb.word()), &[])
}

/// What a step did, as a line of the history tells it. `word` is `file` or a verb's word.
pub fn done(word: &str) -> String {
    WORDS.t(&format!("done.{word}"), &[])
}

/// The words of a key that takes no values.
pub fn t(key: &str) -> String {
    WORDS.t(key, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_every_key_of_the_rules() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        for status in Status::ALL {
            assert!(WORDS.has(&format!("status.{}", status.word())));
        }
        for verb in Verb::ALL {
            assert!(WORDS.has(&format!("step.{}", verb.word())));
            assert!(WORDS.has(&format!("done.{}", verb.word())));
        }
        for key in crate::procedure::form::FieldProblem::KEYS {
            assert!(WORDS.has(key), "{key}");
        }
    }
}
