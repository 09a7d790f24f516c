//! The words of what officials do with many dossiers, with each other and with papers: batches,
//! assignments, opinions, custody, absences, filters, the register, corrections.

web::words!(include_str!("../words/office.vi.toml"), include_str!("../words/office.en.toml"); say, kept);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_said_has_words() {
        let files = [
            "dossier/assign",
            "batch",
            "batch/pages",
            "office",
            "opinion",
            "opinion/pages",
            "inspection",
            "inspection/pages",
            "custody",
            "custody/pages",
            "leave",
            "leave/pages",
            "recount",
            "recount/pages",
            "register",
            "desk/saved",
            "signing",
            "signing/pages",
            "signing/device",
            "signing/device/pages",
            "signing/leave",
            "signing/phone",
            "signing/phone/pages",
            "signing/picture",
            "signing/raise",
            "signing/picture/pages",
            "signing/picture/rules",
            "signing/leave/pages",
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
