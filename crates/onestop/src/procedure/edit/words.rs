//! What the pages on which procedures are edited say.

use std::sync::LazyLock;

use web::words::Words;

/// The words of these pages.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../../words/edit.vi.toml"), include_str!("../../../words/edit.en.toml"))
});

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}
