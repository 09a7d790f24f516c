//! The words of interlinked dossiers.

web::words!(
    include_str!("../../words/linked.vi.toml"),
    include_str!("../../words/linked.en.toml");
    say, kept
);

#[cfg(test)]
mod tests {
    use super::WORDS;

    #[test]
    fn every_key_that_is_said_has_words() {
        for text in [include_str!("../interlinked.rs"), include_str!("pages.rs")] {
            for part in text.split("say(\"").skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                assert!(WORDS.has(key), "{key}");
            }
        }
        for part in super::super::rules::Part::ALL {
            assert!(WORDS.has(&format!("part.{}", part.word())));
        }
    }
}
