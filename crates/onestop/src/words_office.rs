//! The words of what officials do with many dossiers, with each other and with papers: batches,
//! assignments, opinions, custody, absences, filters, the register, corrections.

use std::sync::LazyLock;

use web::words::Words;

/// The words of these pages.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../words/office.vi.toml"), include_str!("../words/office.en.toml"))
});

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// The same as it is kept: in Vietnamese, whoever causes it.
pub fn kept(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.kept(key, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
    }

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
