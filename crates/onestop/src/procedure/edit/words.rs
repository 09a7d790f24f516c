//! What the pages on which procedures are edited say.

web::words!(include_str!("../../../words/edit.vi.toml"), include_str!("../../../words/edit.en.toml"); say);
