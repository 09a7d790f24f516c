//! Foreign tables, line by line: CSV in UTF-8 whatever its separator, and XLSX. A file is never held whole;
//! a line, a cell and what an archive unpacks to have limits. What cannot be read is a finding.

use std::cell::Cell as Budget;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use calamine::{DataRef, Reader, Xlsx};

use super::columns::{Table, squeezed};
use super::{Args, Finding};

/// Lines of one file.
pub const LINES_MAX: u64 = 5_000_000;
/// Characters of one cell.
pub const CELL_CHARS_MAX: usize = 4_000;
/// Bytes of one line: a quote that is never closed ends here.
const LINE_BYTES_MAX: u64 = 512 * 1_024;
/// Columns of a file, known or not.
const COLUMNS_MAX: usize = 100;
/// What one part of an XLSX may unpack to; parts are read whole, but for the sheets.
const PART_BYTES_MAX: u64 = 256 * 1_024 * 1_024;
/// What a sheet may unpack to.
const SHEET_BYTES_MAX: u64 = 4 * 1_024 * 1_024 * 1_024;
/// Parts of an XLSX.
const PARTS_MAX: usize = 1_000;
/// Lines handed on at once.
pub const CHUNK_LINES: usize = 500;

/// A line with its cells in the order of the table's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// As the file counts, from 1.
    pub number: u64,
    pub cells: Vec<String>,
}

/// Reads a file and hands its lines and findings on, some at a time, until `take` says no. What keeps the
/// file from being read further is its last finding.
pub fn read(path: &Path, table: Table, take: &mut dyn FnMut(Vec<Result<Line, Finding>>) -> bool) {
    let mut sink = Sink { table, heads: None, waiting: Vec::new(), lines: 0, open: true, take };
    if let Err(finding) = read_into(path, &mut sink) {
        sink.push(Err(finding));
    } else if sink.heads.is_none() && sink.open && sink.lines == 0 {
        sink.push(Err(Finding::of_file("empty", vec![])));
    }
    sink.flush();
}

fn read_into(path: &Path, sink: &mut Sink<'_>) -> Result<(), Finding> {
    let broken = |e: std::io::Error| Finding::of_file("unreadable", vec![("why", e.to_string())]);
    let mut file = File::open(path).map_err(broken)?;
    let mut first = [0; 4];
    let n = file.read(&mut first).map_err(broken)?;
    file.seek(SeekFrom::Start(0)).map_err(broken)?;
    match &first[..n] {
        [b'P', b'K', 3, 4] => xlsx(file, sink),
        [0xD0, 0xCF, 0x11, 0xE0] => Err(Finding::of_file("old_excel", vec![])),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(Finding::of_file("utf16", vec![])),
        _ => csv(file, sink),
    }
}

/// Gathers lines, understands the head and hands on.
struct Sink<'a> {
    table: Table,
    /// For each column of the file, the column of the table.
    heads: Option<Vec<Option<usize>>>,
    waiting: Vec<Result<Line, Finding>>,
    lines: u64,
    open: bool,
    take: &'a mut dyn FnMut(Vec<Result<Line, Finding>>) -> bool,
}

impl Sink<'_> {
    fn push(&mut self, item: Result<Line, Finding>) {
        self.waiting.push(item);
        if self.waiting.len() >= CHUNK_LINES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.open && !self.waiting.is_empty() {
            self.open = (self.take)(std::mem::take(&mut self.waiting));
        }
    }

    /// One line of the file. False: read no further.
    fn line(&mut self, number: u64, cells: Vec<String>) -> bool {
        let says_nothing = cells.iter().all(|c| c.trim().is_empty());
        if says_nothing || cells.first().is_some_and(|c| c.trim_start().starts_with('#')) {
            return self.open;
        }
        self.lines += 1;
        if self.lines > LINES_MAX {
            let most = base::format::thousands(LINES_MAX as i64);
            self.push(Err(Finding::of_line(number, "too_many_lines", vec![("most", most)])));
            return false;
        }
        let Some(heads) = &self.heads else { return self.head(number, &cells) };
        let mut line = Line { number, cells: vec![String::new(); self.table.columns().len()] };
        let mut finding = None;
        for (at, text) in cells.into_iter().enumerate() {
            let text = base::text::nfc(text.trim());
            match heads.get(at).copied().flatten() {
                _ if text.is_empty() => {}
                None => finding = Some(("too_many_cells", None)),
                Some(place) if text.chars().count() > CELL_CHARS_MAX => finding = Some(("cell", Some(place))),
                Some(place)
                    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t') =>
                {
                    finding = Some(("control", Some(place)));
                }
                Some(place) => line.cells[place] = text,
            }
        }
        let columns = self.table.columns();
        self.push(match finding {
            None => Ok(line),
            Some((key, place)) => {
                let args = vec![("most", base::format::thousands(CELL_CHARS_MAX as i64))];
                let column = place.and_then(|p| columns.get(p)).map(|c| c.word);
                Err(Finding { line: number, column, key, args })
            }
        });
        self.open
    }

    fn head(&mut self, number: u64, cells: &[String]) -> bool {
        let known = self.table.headings();
        let columns = self.table.columns();
        let mut heads: Vec<Option<usize>> = Vec::new();
        let mut findings = Vec::new();
        for text in cells {
            let place = known.get(&squeezed(text)).copied();
            let name = || vec![("name", text.chars().take(60).collect::<String>())];
            match place {
                None if text.trim().is_empty() => {}
                None => findings.push(Finding::of_line(number, "head_unknown", name())),
                Some(p) if heads.contains(&Some(p)) => {
                    findings.push(Finding::of_line(number, "head_twice", name()));
                }
                Some(_) => {}
            }
            heads.push(place);
        }
        for (place, column) in columns.iter().enumerate() {
            if column.required && !heads.contains(&Some(place)) {
                let missing =
                    Finding { column: Some(column.word), ..Finding::of_line(number, "head_missing", vec![]) };
                findings.push(missing);
            }
        }
        let good = findings.is_empty();
        findings.into_iter().for_each(|finding| self.push(Err(finding)));
        self.heads = Some(heads);
        good
    }
}

/// A reader that ends a line which is too long.
struct Bounded<R> {
    inner: R,
    left: Rc<Budget<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left.get() == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        let n = self.inner.read(buffer)?;
        self.left.set(self.left.get().saturating_sub(n as u64));
        Ok(n)
    }
}

fn csv(file: File, sink: &mut Sink<'_>) -> Result<(), Finding> {
    let broken = |e: std::io::Error| Finding::of_file("unreadable", vec![("why", e.to_string())]);
    let mut inner = BufReader::new(file);
    let start = inner.fill_buf().map_err(broken)?;
    let mark = if start.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    let delimiter = separator(&start[mark..]);
    inner.consume(mark);
    let left = Rc::new(Budget::new(LINE_BYTES_MAX));
    let mut lines = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(Bounded { inner, left: left.clone() });
    let mut record = csv::ByteRecord::new();
    loop {
        left.set(LINE_BYTES_MAX);
        match lines.read_byte_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(e) => {
                let number = lines.position().line();
                return Err(match e.into_kind() {
                    csv::ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::FileTooLarge => {
                        Finding::of_line(number, "line_too_long", vec![])
                    }
                    csv::ErrorKind::Io(e) => broken(e),
                    other => Finding::of_line(number, "unreadable", vec![("why", format!("{other:?}"))]),
                });
            }
        }
        let number = record.position().map_or(0, csv::Position::line);
        let cells = record.iter().take(COLUMNS_MAX);
        let cells: Result<Vec<String>, _> =
            cells.map(|c| std::str::from_utf8(c).map(str::to_string)).collect();
        let goes_on = match cells {
            Ok(cells) => sink.line(number, cells),
            // Nothing can be said of a file whose head cannot be read.
            Err(_) if sink.heads.is_none() => return Err(Finding::of_line(number, "not_utf8", vec![])),
            Err(_) => {
                sink.push(Err(Finding::of_line(number, "not_utf8", vec![])));
                sink.open
            }
        };
        if !goes_on {
            return Ok(());
        }
    }
}

/// What separates the cells: whichever of the three stands most often, outside quotes, in the first line that
/// has one.
fn separator(start: &[u8]) -> u8 {
    let of_line = |line: &[u8]| {
        let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
        let mut quoted = false;
        for b in line {
            quoted ^= *b == b'"';
            if let Some((_, n)) = counts.iter_mut().find(|(s, _)| s == b && !quoted) {
                *n += 1;
            }
        }
        counts.into_iter().rev().max_by_key(|(_, n)| *n).filter(|(_, n)| *n > 0)
    };
    start.split(|b| *b == b'\n').find_map(of_line).map_or(b',', |(s, _)| s)
}

fn xlsx(file: File, sink: &mut Sink<'_>) -> Result<(), Finding> {
    let broken = |why: String| Finding::of_file("not_xlsx", vec![("why", why)]);
    let file = unpacked_within_limits(file)?;
    let mut book = Xlsx::new(BufReader::new(file)).map_err(|e| broken(e.to_string()))?;
    let sheet = book.sheet_names().first().cloned().ok_or_else(|| broken("-".into()))?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|e| broken(e.to_string()))?;
    let (mut row, mut line): (u32, Vec<String>) = (0, Vec::new());
    loop {
        let next = cells.next_cell().map_err(|e| broken(e.to_string()))?;
        let at = next.as_ref().map(calamine::Cell::get_position);
        if at.is_none_or(|(r, _)| r != row) && !line.is_empty() {
            if !sink.line(u64::from(row) + 1, std::mem::take(&mut line)) {
                return Ok(());
            }
        }
        let (Some(cell), Some((r, column))) = (next, at) else { return Ok(()) };
        row = r;
        let column = (column as usize).min(COLUMNS_MAX);
        if line.len() <= column {
            line.resize(column + 1, String::new());
        }
        line[column] = written(cell.get_value());
    }
}

/// A cell as a person would have typed it.
fn written(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) => n.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_string(),
        DataRef::Bool(yes) => i64::from(*yes).to_string(),
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
            // A spreadsheet keeps fractions of a day: 08:59:59,999 is nine o'clock.
            let minutes = u32::from(hour) * 60 + u32::from(minute) + u32::from(second == 59 && milli > 500);
            match minutes {
                0 | 1_440 => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60),
            }
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// Unpacks every part into nothing, counting: an archive says of itself how large it is, and may lie.
fn unpacked_within_limits(mut file: File) -> Result<File, Finding> {
    let broken = |why: String| Finding::of_file("not_xlsx", vec![("why", why)]);
    let too_large = || Finding::of_file("too_large", Args::new());
    let mut archive = zip::ZipArchive::new(BufReader::new(&mut file)).map_err(|e| broken(e.to_string()))?;
    if archive.len() > PARTS_MAX {
        return Err(too_large());
    }
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).map_err(|e| broken(e.to_string()))?;
        // Texts are held while the sheet is read, wherever the archive says that they lie.
        let name = part.name().map_err(|e| broken(e.to_string()))?;
        let is_sheet = name.starts_with("xl/worksheets/") && !name.ends_with("sharedStrings.xml");
        let most = if is_sheet { SHEET_BYTES_MAX } else { PART_BYTES_MAX };
        let mut bounded = (&mut part).take(most + 1);
        let n = std::io::copy(&mut bounded, &mut std::io::sink()).map_err(|e| broken(e.to_string()))?;
        if n > most {
            return Err(too_large());
        }
    }
    drop(archive);
    file.seek(SeekFrom::Start(0)).map_err(|e| broken(e.to_string()))?;
    Ok(file)
}
