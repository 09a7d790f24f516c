//! The words of this crate. Vietnamese is the source; English stands beside it.

use std::sync::LazyLock;

use web::words::Words;

/// All words of this system.
pub static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::load(include_str!("../words/vi.toml"), include_str!("../words/en.toml")));

/// The words of a key that takes no values.
pub fn t(key: &str) -> String {
    WORDS.t(key, &[])
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_languages_have_the_same_keys() {
        assert_eq!(super::WORDS.differences(), Vec::<String>::new());
    }
}
