//! The sentences about the line to the national portal. Fixed words stand in the templates.

web::words!(
    include_str!("../../words/national.vi.toml"),
    include_str!("../../words/national.en.toml");
    say, t
);
