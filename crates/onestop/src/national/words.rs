//! The sentences about the line to the national portal. Fixed words stand in the templates.

use std::sync::LazyLock;

use web::words::Words;

/// The words of this feature.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/national.vi.toml"), include_str!("../../words/national.en.toml"))
});

/// The words of a key that takes no values.
pub fn t(key: &str) -> String {
    WORDS.t(key, &[])
}

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}
