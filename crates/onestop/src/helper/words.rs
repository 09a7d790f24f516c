//! The sentences of helpers and consents.

use std::sync::LazyLock;

use web::words::Words;

/// The words of these pages.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/helper.vi.toml"), include_str!("../../words/helper.en.toml"))
});

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// The same as it is kept: in Vietnamese, whoever causes it.
pub fn kept(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.kept(key, args)
}
