//! The sentences of the page that checks a paper.

web::words!(
    include_str!("../../words/statement.vi.toml"),
    include_str!("../../words/statement.en.toml");
    say
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_said_has_words() {
        let text = include_str!("pages.rs");
        let keys = text.split("say(\"").skip(1).filter_map(|part| part.split('"').next());
        let missing: Vec<&str> = keys.filter(|key| !WORDS.has(key)).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}
