//! The rows of the calendar and the table that ships with the product.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::Day;

/// One dated row. An official confirms rows; nothing here decides what the law is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub day: Day,
    pub kind: Kind,
    /// What is celebrated, for the words on the page; none for swaps and local closures.
    pub occasion: Option<Occasion>,
    pub standing: Standing,
    /// For a swap: the other day of the exchange.
    pub swap: Option<Day>,
    /// Where the row comes from, or for a local row its reason, as its author wrote it.
    pub source: String,
}

/// What a row does to its day. In this order, the first wins where two rows meet on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One unit is closed, for instance in a storm.
    Local,
    /// A public holiday (Labour Code art. 112).
    Holiday,
    /// The working day off in lieu of a holiday on a rest day (art. 111.3).
    Compensation,
    /// A working day given up for a Saturday.
    SwappedOff,
    /// The Saturday worked for it.
    SwappedWork,
}

/// The public holidays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// 1 January.
    NewYear,
    /// The lunar new year, five days.
    Tet,
    /// 10 March of the lunar year (Giỗ Tổ Hùng Vương).
    HungKings,
    /// 30 April.
    Reunification,
    /// 1 May.
    Labour,
    /// 2 September, since 2021 with the day before or after.
    National,
    /// 24 November (Ngày Văn hóa Việt Nam), from 2026.
    Culture,
}

/// How sure a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Decided and published.
    Confirmed,
    /// In the table, but its source leaves doubt, which the row's source text names.
    Doubtful,
    /// Foreseen by a public source before the decision.
    Estimated,
    /// Computed by [`crate::lunar::propose`], waiting for an official.
    Proposed,
}

/// The text is none of the known words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a known word")]
pub struct UnknownWord;

impl Kind {
    /// Does the row close its day?
    pub const fn is_off(self) -> bool {
        !matches!(self, Kind::SwappedWork)
    }
}

/// Text forms equal to those of serde, for rows of a database.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $name {
            /// All values, in order.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The word that stands for it in rows and files.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<$name, UnknownWord> {
                match text { $($word => Ok($name::$variant),)* _ => Err(UnknownWord) }
            }
        }
    };
}

words!(Kind {
    Local = "local",
    Holiday = "holiday",
    Compensation = "compensation",
    SwappedOff = "swapped_off",
    SwappedWork = "swapped_work",
});
words!(Occasion {
    NewYear = "new_year",
    Tet = "tet",
    HungKings = "hung_kings",
    Reunification = "reunification",
    Labour = "labour",
    National = "national",
    Culture = "culture",
});
words!(Standing {
    Confirmed = "confirmed",
    Doubtful = "doubtful",
    Estimated = "estimated",
    Proposed = "proposed",
});

/// The table of the country that ships with the product, 2018–2027, in order of days.
pub fn national() -> &'static [Row] {
    static NATIONAL: LazyLock<Vec<Row>> = LazyLock::new(|| {
        parse_rows(include_str!("../../data/holidays.txt")).expect("a test reads the table that ships")
    });
    &NATIONAL
}

/// A line of a holiday table that cannot be read; lines count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct TableError {
    pub line: usize,
    pub fault: TableFault,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    #[error("a row is DAY KIND OCCASION|- STANDING [swap=DAY]; SOURCE")]
    Shape,
    #[error("the day is not in order, or stands twice")]
    Order,
    #[error("a swap, and only a swap, names its other day")]
    Swap,
}

/// Reads a table of lines `2026-02-16 holiday tet confirmed; source`, in strict order of days.
/// Empty lines and lines that begin with `#` are left out.
pub fn parse_rows(text: &str) -> Result<Vec<Row>, TableError> {
    let mut rows: Vec<Row> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fail = |fault| TableError { line: i + 1, fault };
        let row = parse_row(line).map_err(fail)?;
        if rows.last().is_some_and(|before| before.day >= row.day) {
            return Err(fail(TableFault::Order));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn parse_row(line: &str) -> Result<Row, TableFault> {
    let shape = |_: UnknownWord| TableFault::Shape;
    let (facts, source) = line.split_once(';').ok_or(TableFault::Shape)?;
    let mut words = facts.split_whitespace();
    let mut word = || words.next().ok_or(TableFault::Shape);
    let day = Day::parse(word()?).map_err(|_| TableFault::Shape)?;
    let kind: Kind = word()?.parse().map_err(shape)?;
    let occasion = match word()? {
        "-" => None,
        occasion => Some(occasion.parse().map_err(shape)?),
    };
    let standing = word()?.parse().map_err(shape)?;
    let swap = match words.next() {
        None => None,
        Some(swap) => {
            let day = swap.strip_prefix("swap=").ok_or(TableFault::Shape)?;
            Some(Day::parse(day).map_err(|_| TableFault::Shape)?)
        }
    };
    let source = source.trim().to_owned();
    if words.next().is_some() || source.is_empty() {
        return Err(TableFault::Shape);
    }
    if swap.is_some() != matches!(kind, Kind::SwappedOff | Kind::SwappedWork) {
        return Err(TableFault::Swap);
    }
    Ok(Row { day, kind, occasion, standing, swap, source })
}
