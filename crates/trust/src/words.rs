//! The words of this crate. Vietnamese is the source; English stands beside it.

web::words!(include_str!("../words/vi.toml"), include_str!("../words/en.toml"); t);
