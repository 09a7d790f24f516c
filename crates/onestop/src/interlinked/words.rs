//! The words of interlinked dossiers.

use std::sync::LazyLock;

use web::words::Words;

/// The words of these pages.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/linked.vi.toml"), include_str!("../../words/linked.en.toml"))
});

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// The same as it is kept: in Vietnamese, whoever causes it.
pub fn kept(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.kept(key, args)
}

#[cfg(test)]
mod tests {
    use super::WORDS;

    #[test]
    fn both_languages_have_the_same_keys_and_every_key_that_is_said_has_words() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        for text in [include_str!("../interlinked.rs"), include_str!("pages.rs")] {
            for part in text.split("say(\"").skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                assert!(WORDS.has(key), "{key}");
            }
        }
        for part in super::super::rules::Part::ALL {
            assert!(WORDS.has(&format!("part.{}", part.word())));
        }
    }
}
