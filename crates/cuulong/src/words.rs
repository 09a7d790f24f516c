//! The words of the roof: names of places, and of the product.

use std::sync::LazyLock;

use web::words::Words;

/// All of them.
pub static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::load(include_str!("../words/vi.toml"), include_str!("../words/en.toml")));

/// The product's name.
pub fn product() -> String {
    WORDS.t("product.name", &[])
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_languages_have_the_same_keys() {
        assert_eq!(super::WORDS.differences(), Vec::<String>::new());
    }
}
