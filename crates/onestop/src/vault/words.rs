//! The sentences of the vault.

use std::sync::LazyLock;

use web::words::Words;

/// The words of this feature.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/vault.vi.toml"), include_str!("../../words/vault.en.toml"))
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
    fn both_languages_have_the_same_keys_and_every_key_that_is_said_has_words() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        let mut missing = Vec::new();
        for file in
            ["vault", "vault/pages", "vault/scan", "filing/prefill", "filing/again", "filing/pages/taken"]
        {
            let path = format!("{}/src/{file}.rs", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split(" say(\"").chain(text.split("(say(\"")).skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                if key.contains('.') && !key.contains(' ') && !WORDS.has(key) {
                    missing.push(format!("{file}: {key}"));
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
