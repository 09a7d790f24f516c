//! What the check, the simulation and the report of procedures say.

web::words!(include_str!("../../words/procedure.vi.toml"), include_str!("../../words/procedure.en.toml"));

#[cfg(test)]
mod tests {
    use super::WORDS;
    use crate::procedure::check::Finding;

    #[test]
    fn every_finding_has_a_sentence_and_a_remedy_in_both_languages() {
        for key in Finding::KEYS {
            for table in ["finding", "remedy"] {
                assert!(WORDS.has(&format!("{table}.{key}")), "{table}.{key}");
            }
        }
    }
}
