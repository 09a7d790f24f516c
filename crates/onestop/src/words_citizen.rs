//! The sentences that the citizens' pages make of facts. Fixed words stand in the templates.

web::words!(
    include_str!("../words/citizen.vi.toml"),
    include_str!("../words/citizen.en.toml");
    say, kept, find
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_drawn() {
        let root = env!("CARGO_MANIFEST_DIR");
        assert_eq!(web::icon::check_sources(format!("{root}/templates")), Vec::<String>::new());
        for p in crate::procedure::model::embedded() {
            let slug = crate::home::slug(&p.field);
            let name = find(&format!("field_icon.{slug}")).unwrap_or_else(|| "file-text".into());
            assert!(web::icon::has(&name), "{slug}: {name}");
        }
    }

    #[test]
    fn every_key_that_is_said_has_words() {
        let mut missing = Vec::new();
        for file in [
            "home",
            "life",
            "life/agencies",
            "tracking",
            "mine",
            "mine/own",
            "mine/steps",
            "procedure/ask",
            "procedure/pages",
            "filing/pages",
            "filing/pages/check",
            "filing/pages/form",
            "filing/pages/papers",
            "filing/pages/start",
        ] {
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
