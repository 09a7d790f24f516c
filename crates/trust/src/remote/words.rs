//! What signing from afar and by telephone says.

use std::sync::LazyLock;

use web::words::Words;

/// The words of both, apart from the crate's others.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/remote.vi.toml"), include_str!("../../words/remote.en.toml"))
});

/// The words of a key.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// The same as it is kept, or shown on a telephone.
pub fn kept(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.kept(key, args)
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_languages_have_the_same_keys() {
        assert_eq!(super::WORDS.differences(), Vec::<String>::new());
    }
}
