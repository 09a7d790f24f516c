//! The sentences of the page that checks a paper.

use std::sync::LazyLock;

use web::words::Words;

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/statement.vi.toml"), include_str!("../../words/statement.en.toml"))
});

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
    }

    #[test]
    fn every_key_that_is_said_has_words() {
        let text = include_str!("pages.rs");
        let keys = text.split("say(\"").skip(1).filter_map(|part| part.split('"').next());
        let missing: Vec<&str> = keys.filter(|key| !WORDS.has(key)).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}
