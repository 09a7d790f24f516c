//! The sentences of those who agree.

web::words!(include_str!("../../words/signer.vi.toml"), include_str!("../../words/signer.en.toml"); say);
