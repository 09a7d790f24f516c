//! The sentences of the vault.

web::words!(include_str!("../../words/vault.vi.toml"), include_str!("../../words/vault.en.toml"); say, kept);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_said_has_words() {
        let mut missing = Vec::new();
        for file in
            ["vault", "vault/pages", "vault/scan", "filing/prefill", "filing/again", "filing/pages/taken"]
        {
            let path = format!("{}/src/{file}.rs", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split(" say(\"").chain(text.split("(say(\"")).skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                if key.contains('.') && !key.contains(' ') && !WORDS.has(key) {
                    missing.push(format!("{file}: {key}"));
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
