//! The sentences that the pages of the hall make of facts.

web::words!(include_str!("../../words/hall.vi.toml"), include_str!("../../words/hall.en.toml"); say);

/// The words of a key made of data; the empty text for no word.
pub fn of(list: &str, word: &str) -> String {
    let key = format!("{list}.{word}");
    if WORDS.has(&key) { WORDS.t(&key, &[]) } else { String::new() }
}

/// Whole minutes of a number of seconds, and the seconds below one minute.
pub fn wait(seconds: i64) -> String {
    if seconds < 60 {
        return say("wait.seconds", &[("n", &seconds.to_string())]);
    }
    say("wait.minutes", &[("n", &((seconds + 30) / 60).to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_said_has_words() {
        for state in super::super::rules::State::ALL {
            assert!(WORDS.has(&format!("state.{}", state.word())));
        }
        for action in super::super::rules::Action::ALL {
            assert!(WORDS.has(&format!("done.{}", action.word())));
        }
        let root = format!("{}/src", env!("CARGO_MANIFEST_DIR"));
        let mut missing = Vec::new();
        for file in ["hall", "hall/book", "hall/kiosk", "hall/pages", "hall/setup", "hall/words"] {
            let text = std::fs::read_to_string(format!("{root}/{file}.rs")).unwrap();
            for quote in ["say(\"", "full(\""] {
                for key in text.split(quote).skip(1).filter_map(|part| part.split('"').next()) {
                    if !WORDS.has(key) {
                        missing.push(format!("{file}: {key}"));
                    }
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
