//! The sentences of helpers and consents.

web::words!(
    include_str!("../../words/helper.vi.toml"),
    include_str!("../../words/helper.en.toml");
    say, kept
);
