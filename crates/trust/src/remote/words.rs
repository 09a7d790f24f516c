//! What signing from afar and by telephone says.

web::words!(
    include_str!("../../words/remote.vi.toml"),
    include_str!("../../words/remote.en.toml");
    say, kept
);
