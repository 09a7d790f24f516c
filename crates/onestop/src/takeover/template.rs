//! Empty tables with explained headings, for whoever prepares the data of an old system.

use web::words::Lang;

use super::columns::Table;
use super::words::WORDS;
use crate::measure::sheet::{Cell, Kind, Sheet};

/// Each table as XLSX and as CSV: the file's name and its bytes. The second line explains the columns and is
/// not read, because it begins with `#`.
pub fn templates(lang: Lang) -> Vec<(String, Vec<u8>)> {
    let kinds = [Kind::Xlsx, Kind::Csv];
    Table::ALL.into_iter().flat_map(|table| kinds.map(|kind| template(table, kind, lang))).collect()
}

fn template(table: Table, kind: Kind, lang: Lang) -> (String, Vec<u8>) {
    let columns = table.columns();
    let heads: Vec<String> = columns.iter().map(|c| table.heading(c.word, lang)).collect();
    let mut sheet = Sheet::new(kind, &heads);
    let explained = columns.iter().enumerate().map(|(at, c)| {
        let begins = if at == 0 { "# " } else { "" };
        let need = if c.required { "template.required" } else { "template.optional" };
        Cell::Text(format!("{begins}{}{}", WORDS.tr(lang, need, &[]), table.explained(c.word, lang)))
    });
    sheet.row(&explained.collect::<Vec<_>>());
    (format!("{}.{}", table.word(), kind.word()), sheet.finish())
}
