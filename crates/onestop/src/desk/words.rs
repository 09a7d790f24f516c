//! The sentences that the officials' pages make of facts. Fixed words stand in the templates.

web::words!(
    include_str!("../../words/desk.vi.toml"),
    include_str!("../../words/desk.en.toml");
    say, kept, find
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_said_has_words() {
        let files = [
            "desk/frame",
            "desk/pages",
            "dossier/files",
            "dossier/pages",
            "dossier/pages/panels",
            "dossier/pages/step",
            "identity",
            "intake",
            "intake/papers",
            "intake/person",
        ];
        let mut missing = Vec::new();
        for file in files {
            let path = format!("{}/src/{file}.rs", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("say(\"").skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                if !WORDS.has(key) {
                    missing.push(format!("{file}: {key}"));
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
