//! The words of reports. Fixed words stand in the templates.

use std::sync::LazyLock;

use web::words::Words;

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../../words/measure.vi.toml"), include_str!("../../words/measure.en.toml"))
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
    use crate::measure::export::{COLUMNS, by_word};
    use crate::measure::rules::{AGENCY_BANDS, Index, OFFICIAL_BANDS};
    use crate::measure::{By, Figure};

    #[test]
    fn both_languages_have_the_same_keys_and_every_key_of_the_rules() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        let figures = Figure::ALL.iter().map(|f| format!("figure.{}", f.word()));
        let cuts = By::ALL.iter().map(|by| format!("by.{}", by_word(*by)));
        let columns = COLUMNS.iter().map(|c| format!("column.{c}"));
        let indices = Index::ALL.iter().map(|i| format!("index.{}", i.number()));
        let bands = OFFICIAL_BANDS.iter().chain(AGENCY_BANDS).map(|(_, word)| format!("band.{word}"));
        let items = crate::measure::evaluation::ITEMS.iter().map(|i| format!("item.{}", i.key()));
        let missing: Vec<String> = figures
            .chain(cuts)
            .chain(columns)
            .chain(indices)
            .chain(bands)
            .chain(items)
            .filter(|key| !WORDS.has(key))
            .collect();
        assert_eq!(missing, Vec::<String>::new());
    }
}
