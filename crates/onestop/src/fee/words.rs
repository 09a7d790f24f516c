//! The sentences about money.

use std::sync::LazyLock;

use web::words::Words;

/// The words of this feature.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/fee.vi.toml"), include_str!("../../words/fee.en.toml"))
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
    use crate::fee::rules::{RefundState, Trouble};

    #[test]
    fn both_languages_have_the_same_keys_and_every_key_that_is_said_has_words() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        let mut missing = Vec::new();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fee");
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fee.rs").into();
        let list = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
            std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect()
        };
        let (folders, mut files): (Vec<_>, Vec<_>) =
            list(folder.as_ref()).into_iter().partition(|path| path.is_dir());
        files.extend(folders.iter().flat_map(|folder| list(folder)));
        for path in files.into_iter().chain([own]) {
            if path.ends_with("words.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("say(\"").skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                if !WORDS.has(key) {
                    missing.push(format!("{}: {key}", path.display()));
                }
            }
            for part in text.split("(\"refused.").skip(1) {
                let key = format!("refused.{}", part.split('"').next().unwrap_or_default());
                if !WORDS.has(&key) {
                    missing.push(key);
                }
            }
        }
        let troubles = Trouble::ALL.map(|t| format!("trouble.{}", t.word()));
        let states = RefundState::ALL.map(|s| format!("refund_state.{}", s.word()));
        missing.extend(troubles.into_iter().chain(states).filter(|key| !WORDS.has(key)));
        assert_eq!(missing, Vec::<String>::new());
    }
}
