//! The sentences that the citizens' pages make of facts. Fixed words stand in the templates.

use std::sync::LazyLock;

use web::words::Words;

/// The words of the citizens' pages.
static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../words/citizen.vi.toml"), include_str!("../words/citizen.en.toml"))
});

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// The same as it is kept: in Vietnamese, whoever causes it.
pub fn kept(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.kept(key, args)
}

/// The words of a key if there is one: for keys made of data, such as a field of law.
pub fn find(key: &str) -> Option<String> {
    WORDS.has(key).then(|| WORDS.t(key, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
    }

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
