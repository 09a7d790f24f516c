//! The files that are taken over and their columns, as data: headings, explanations and templates are made
//! from it, and a file is read by it.

use std::collections::BTreeMap;

use web::words::Lang;

use super::words::WORDS;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Records of citizens.
    People,
    /// Dossiers that are not finished.
    Dossiers,
    /// The last numbers given in each book.
    Books,
}

/// A column: its word, and whether every line must have it.
pub struct Column {
    pub word: &'static str,
    pub required: bool,
}

const fn must(word: &'static str) -> Column {
    Column { word, required: true }
}

const fn may(word: &'static str) -> Column {
    Column { word, required: false }
}

const PEOPLE: [Column; 6] =
    [must("name"), must("personal_number"), may("phone"), may("email"), may("address"), may("confirmed")];

const DOSSIERS: [Column; 18] = [
    must("code"),
    must("procedure"),
    must("counter"),
    may("agency"),
    must("applicant_name"),
    may("applicant_number"),
    may("applicant_phone"),
    may("applicant_email"),
    may("applicant_address"),
    may("channel"),
    may("return_by"),
    must("received_at"),
    may("promised_at"),
    must("status"),
    may("status_since"),
    may("stage"),
    may("fee"),
    may("decided_at"),
];

const BOOKS: [Column; 4] = [must("scheme"), must("unit"), must("period"), must("last")];

impl Table {
    /// All, in the order in which they are taken over.
    pub const ALL: [Table; 3] = [Table::People, Table::Dossiers, Table::Books];

    /// The word of keys in `words/` and of the templates' names.
    pub fn word(self) -> &'static str {
        match self {
            Table::People => "people",
            Table::Dossiers => "dossiers",
            Table::Books => "counters",
        }
    }

    /// Its columns in the order of the template.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Table::People => &PEOPLE,
            Table::Dossiers => &DOSSIERS,
            Table::Books => &BOOKS,
        }
    }

    /// The place of a column.
    pub fn place(self, word: &str) -> Option<usize> {
        self.columns().iter().position(|c| c.word == word)
    }

    /// What stands above a column.
    pub fn heading(self, word: &str, lang: Lang) -> String {
        WORDS.tr(lang, &format!("column.{}.{word}", self.word()), &[])
    }

    /// What is written into a column.
    pub fn explained(self, word: &str, lang: Lang) -> String {
        WORDS.tr(lang, &format!("explained.{}.{word}", self.word()), &[])
    }

    /// The place of each heading that is understood: the column's own word, or either language's heading,
    /// whatever its capitals, marks and spaces.
    pub fn headings(self) -> BTreeMap<String, usize> {
        let names =
            |c: &Column| [c.word.to_string(), self.heading(c.word, Lang::Vi), self.heading(c.word, Lang::En)];
        let columns = self.columns().iter().enumerate();
        columns.flat_map(|(place, c)| names(c).map(|name| (squeezed(&name), place))).collect()
    }
}

/// A heading without what people change in it: capitals, marks, stars, spaces.
pub fn squeezed(heading: &str) -> String {
    base::text::fold(heading).chars().filter(|c| c.is_alphanumeric()).collect()
}
