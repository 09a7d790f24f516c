//! The words of the one-stop shop. Vietnamese is the source; English stands beside it.

use crate::dossier::rules::{Status, Verb};

web::words!(include_str!("../words/vi.toml"), include_str!("../words/en.toml"); t);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_rules_has_words() {
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
