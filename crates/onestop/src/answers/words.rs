//! The words of answers after filing, and of limits that a clerk states.

use std::sync::LazyLock;

use web::words::Words;

/// The words of these pages.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/answers.vi.toml"), include_str!("../../words/answers.en.toml"))
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
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_every_key_that_is_said() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        let mut missing = Vec::new();
        for file in ["answers", "answers/pages", "answers/told", "stated", "stated/pages"] {
            let path = format!("{}/src/{file}.rs", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            for part in ["say(\"", "kept(\""].iter().flat_map(|said| text.split(said).skip(1)) {
                let key = part.split('"').next().unwrap_or_default();
                if !WORDS.has(key) {
                    missing.push(format!("{file}: {key}"));
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
