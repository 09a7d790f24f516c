//! What the check, the simulation and the report of procedures say.

use std::sync::LazyLock;

use web::words::Words;

/// The words for whoever writes procedures.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/procedure.vi.toml"), include_str!("../../words/procedure.en.toml"))
});

#[cfg(test)]
mod tests {
    use super::WORDS;
    use crate::procedure::check::Finding;

    #[test]
    fn every_finding_has_a_sentence_and_a_remedy_in_both_languages() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        for key in Finding::KEYS {
            for table in ["finding", "remedy"] {
                assert!(WORDS.has(&format!("{table}.{key}")), "{table}.{key}");
            }
        }
    }
}
