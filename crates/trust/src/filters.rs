//! The filters of this crate's templates: the formats of `web`, and its own sentences.

web::filters!([
    include_str!("../words/templates.en.toml"),
    include_str!("../words/templates.remote.en.toml"),
]);
