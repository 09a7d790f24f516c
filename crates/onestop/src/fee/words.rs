//! The sentences about money.

web::words!(include_str!("../../words/fee.vi.toml"), include_str!("../../words/fee.en.toml"); say, kept);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fee::rules::{RefundState, Trouble};

    #[test]
    fn every_key_that_is_said_has_words() {
        let mut missing = Vec::new();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fee");
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fee.rs").into();
        let list = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
            std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect()
        };
        let (folders, mut files): (Vec<_>, Vec<_>) =
            list(folder.as_ref()).into_iter().partition(|path| path.is_dir());
        files.extend(folders.iter().flat_map(|folder| list(folder)));
        for path in files.into_iter().chain([own]) {
            if path.ends_with("words.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("say(\"").skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                if !WORDS.has(key) {
                    missing.push(format!("{}: {key}", path.display()));
                }
            }
            for part in text.split("(\"refused.").skip(1) {
                let key = format!("refused.{}", part.split('"').next().unwrap_or_default());
                if !WORDS.has(&key) {
                    missing.push(key);
                }
            }
        }
        let troubles = Trouble::ALL.map(|t| format!("trouble.{}", t.word()));
        let states = RefundState::ALL.map(|s| format!("refund_state.{}", s.word()));
        missing.extend(troubles.into_iter().chain(states).filter(|key| !WORDS.has(key)));
        assert_eq!(missing, Vec::<String>::new());
    }
}
