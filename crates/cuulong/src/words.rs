//! The words of the roof: names of places, and of the product.

web::words!(include_str!("../words/vi.toml"), include_str!("../words/en.toml"));

/// The product's name.
pub fn product() -> String {
    WORDS.t("product.name", &[])
}
