//! The words of reports. Fixed words stand in the templates.

web::words!(
    include_str!("../../words/measure.vi.toml"),
    include_str!("../../words/measure.en.toml");
    say, kept
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::export::{COLUMNS, by_word};
    use crate::measure::rules::{AGENCY_BANDS, Index, OFFICIAL_BANDS};
    use crate::measure::{By, Figure};

    #[test]
    fn every_key_of_the_rules_has_words() {
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
