//! What taking over says: to whoever runs it, and in the history of what was taken over.

use std::sync::LazyLock;

use web::words::Words;

/// The words.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/takeover.vi.toml"), include_str!("../../words/takeover.en.toml"))
});

/// The Vietnamese words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}
