//! What taking over says: to whoever runs it, and in the history of what was taken over.

web::words!(include_str!("../../words/takeover.vi.toml"), include_str!("../../words/takeover.en.toml"); say);
