//! The table as it is kept.

use crate::version::{self, program};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};

const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/interop.md");

const HEAD: &str = "# Judged by others

What programs that are not ours make of our bytes, and we of theirs. The tests write this page: each row is
a story that ran to its end, and a story fails whose row is not here. `GOLDEN_WRITE=1 cargo x test` writes
it anew. Who installs the judges: `cargo x test`, from Debian and from `crates/suite/peers/requirements.txt`.
";
const ROWS: &str =
    "| what | judge | way | verdict | cases | story |\n| --- | --- | --- | --- | --- | --- |\n";
const VERSIONS: &str = "Versions when this was last written; they are not compared.\n\n\
                        | program | version |\n| --- | --- |\n";

/// What, judge, way, verdict, cases and the file of the story.
pub type Row = [String; 6];

/// Everything on the page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The stories.
    pub rows: Vec<Row>,
    /// Judges and their versions.
    pub versions: Vec<[String; 2]>,
}

impl Table {
    /// The page as it is committed.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read() -> Table {
        Table::parse(&std::fs::read_to_string(PLACE).expect("docs/interop.md is there"))
    }

    fn parse(text: &str) -> Table {
        let mut table = Table::default();
        for line in text.lines().filter(|line| !line.contains("| --- |")) {
            let Some(cells) = line.strip_prefix("| ").and_then(|rest| rest.strip_suffix(" |")) else {
                continue;
            };
            let cells: Vec<String> =
                cells.split(" | ").map(|cell| cell.trim_matches('`').to_string()).collect();
            match <Row>::try_from(cells) {
                Ok(row) if row[0] != "what" => table.rows.push(row),
                Ok(_) => {}
                Err(cells) => {
                    let version = <[String; 2]>::try_from(cells).ok().filter(|pair| pair[0] != "program");
                    table.versions.extend(version);
                }
            }
        }
        table
    }

    /// Takes in what a story said, in the place of what it said before.
    fn take(&mut self, row: Row, version: impl Fn(&str) -> Option<String>) {
        let same = |other: &Row| other[..3] == row[..3] && other[5] == row[5];
        self.rows.retain(|other| !same(other));
        if let Some(program) = program(&row[1])
            && let Some(version) = version(program)
        {
            self.versions.retain(|pair| pair[0] != program);
            self.versions.push([program.into(), version]);
        }
        self.rows.push(row);
        self.rows.sort_by(|a, b| (&a[5], &a[1], &a[0], &a[2]).cmp(&(&b[5], &b[1], &b[0], &b[2])));
        self.versions.sort();
    }

    fn print(&self) -> String {
        let mut out = format!("{HEAD}\n{ROWS}");
        for [what, judge, way, verdict, cases, file] in &self.rows {
            out += &format!("| {what} | {judge} | {way} | {verdict} | {cases} | `{file}` |\n");
        }
        out += &format!("\n{VERSIONS}");
        for [judge, version] in &self.versions {
            out += &format!("| {judge} | {version} |\n");
        }
        out
    }
}

/// Writes a row. Stories run beside one another, in several processes: one writes at a time.
pub fn write(row: Row) {
    let change = || -> std::io::Result<()> {
        let mut file: File =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(PLACE)?;
        file.lock()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let mut table = Table::parse(&text);
        table.take(row, version::of);
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(table.print().as_bytes())
    };
    change().expect("docs/interop.md can be written");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn row(what: &str, cases: &str) -> Row {
        [what, "openssl", "ours to it", "accepted", cases, "crates/a.rs"].map(String::from)
    }

    #[test]
    fn what_is_printed_is_read_again_and_a_story_has_one_row() {
        let mut table = Table::default();
        table.take(row("b", "2"), |program| Some(format!("{program} 3.0")));
        table.take(row("a", "1"), |_| None);
        table.take(row("b", "3"), |program| Some(format!("{program} 3.1")));
        assert_eq!(Table::parse(&table.print()), table);
        assert_eq!(table.rows, [row("a", "1"), row("b", "3")]);
        assert_eq!(table.versions, [["openssl".to_string(), "openssl 3.1".into()]]);
    }

    #[test]
    fn every_row_has_its_story_and_every_judge_its_version() {
        let table = Table::read();
        assert_eq!(Table::parse(&table.print()), table);
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for [what, judge, _, _, _, file] in &table.rows {
            let story = std::fs::read_to_string(top.join(file)).unwrap_or_default();
            for words in [what, judge] {
                assert!(
                    story.contains(&format!("\"{words}\"")),
                    "{file} has no story of {what:?} by {judge}"
                );
            }
            let has_version = |program: &str| table.versions.iter().any(|pair| pair[0] == program);
            assert!(program(judge).is_none_or(has_version), "{judge} has no version");
        }
        assert!(table.rows.len() > 40, "{} rows", table.rows.len());
    }
}
