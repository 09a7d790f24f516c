//! What programs that are not ours make of our bytes, and we of theirs: each story that asks one says so with
//! [`row`], and fails when `docs/interop.md` has no such row. `GOLDEN_WRITE=1` writes the rows that run, and
//! beside each judge the version it tells of itself; versions are not compared, so that an update breaks
//! nothing. For tests alone; it knows nothing of the house.

#![warn(missing_docs)]

mod table;
mod version;

use std::panic::Location;

pub use table::Table;

/// Who gave, who judged, and how it ended. A story that ends otherwise has failed and has no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Ours, accepted by the judge.
    Ours,
    /// Ours and then spoiled, refused by the judge.
    Spoiled,
    /// Theirs, accepted by us.
    Theirs,
    /// Published cases, judged by us as they say; where we judge otherwise, the reason stands in our table.
    Published,
}

impl Way {
    fn cells(self) -> [&'static str; 2] {
        match self {
            Way::Ours => ["ours to it", "accepted"],
            Way::Spoiled => ["ours, spoiled, to it", "refused"],
            Way::Theirs => ["its to us", "accepted"],
            Way::Published => ["published to us", "as published"],
        }
    }
}

/// Says that `judge` was asked about so many cases of `what`, and that they came out as `way` says. Stands at
/// the end of the story, `what` in one piece, so that a row whose story is gone is found.
///
/// # Panics
/// When `docs/interop.md` has no such row, or other than this many cases in it.
#[track_caller]
pub fn row(judge: &str, way: Way, what: &str, cases: usize) {
    let file = Location::caller().file().replace('\\', "/");
    let file = file.find("crates/").map_or(file.as_str(), |at| &file[at..]);
    let [from, verdict] = way.cells();
    let row = [what, judge, from, verdict, &cases.to_string(), file].map(String::from);
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        return table::write(row);
    }
    let kept = Table::read();
    assert!(
        kept.rows.contains(&row),
        "docs/interop.md lacks this row (GOLDEN_WRITE=1 writes it):\n| {} |",
        row.join(" | ")
    );
}
