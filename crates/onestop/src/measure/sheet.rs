//! Tables as files, written row by row: CSV, and XLSX as a zip whose one sheet is deflated while it
//! grows, so that a hundred thousand rows take no more memory than one batch of them.
//!
//! A text stays a text: XLSX cells are inline strings, which no program computes; in CSV a text that
//! begins like a formula gets an apostrophe in front.

use std::io::Write;

use base::Instant;
use flate2::Crc;
use flate2::write::DeflateEncoder;

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Number(i64),
    /// A number with one decimal, in tenths.
    Tenths(i64),
    /// Day and time, as the clock here shows it.
    At(Instant),
}

impl From<Option<Instant>> for Cell {
    fn from(at: Option<Instant>) -> Cell {
        at.map_or(Cell::Empty, Cell::At)
    }
}

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Csv,
    Xlsx,
}

impl Kind {
    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Kind> {
        match word {
            "csv" => Some(Kind::Csv),
            "xlsx" => Some(Kind::Xlsx),
            _ => None,
        }
    }

    /// The end of the file's name.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Csv => "csv",
            Kind::Xlsx => "xlsx",
        }
    }

    /// The media type.
    pub fn media(self) -> &'static str {
        match self {
            Kind::Csv => "text/csv; charset=utf-8",
            Kind::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// The most rows that a sheet of a spreadsheet program holds, the head included.
pub const ROWS_MAX: u64 = 1_048_576;

/// A table being written.
pub struct Sheet {
    rows: u64,
    file: File,
}

enum File {
    Csv(Vec<u8>),
    Xlsx(Box<Zip>),
}

impl Sheet {
    /// Begins a file with its head.
    pub fn new(kind: Kind, head: &[String]) -> Sheet {
        let file = match kind {
            // The mark by which spreadsheet programs know UTF-8.
            Kind::Csv => File::Csv("\u{feff}".into()),
            Kind::Xlsx => File::Xlsx(Box::new(Zip::new(head.len()))),
        };
        let mut sheet = Sheet { rows: 0, file };
        let cells: Vec<Cell> = head.iter().cloned().map(Cell::Text).collect();
        sheet.write(&cells, true);
        sheet
    }

    /// Adds a row. False: the sheet is full, and the row was left out.
    pub fn row(&mut self, cells: &[Cell]) -> bool {
        if self.rows >= ROWS_MAX {
            return false;
        }
        self.write(cells, false);
        true
    }

    fn write(&mut self, cells: &[Cell], head: bool) {
        self.rows += 1;
        match &mut self.file {
            File::Csv(out) => csv_row(out, cells),
            File::Xlsx(zip) => {
                let row = xml_row(cells, self.rows, head);
                zip.sheet(row.as_bytes());
            }
        }
    }

    /// What has been written since the last taking.
    pub fn take(&mut self) -> Vec<u8> {
        match &mut self.file {
            File::Csv(out) => std::mem::take(out),
            File::Xlsx(zip) => zip.take(),
        }
    }

    /// The rest of the file.
    pub fn finish(self) -> Vec<u8> {
        match self.file {
            File::Csv(out) => out,
            File::Xlsx(zip) => zip.finish(),
        }
    }
}

/// Whether a spreadsheet program might take this text for a formula.
fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

fn csv_row(out: &mut Vec<u8>, cells: &[Cell]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        match cell {
            Cell::Empty => {}
            Cell::Number(n) => out.extend_from_slice(n.to_string().as_bytes()),
            Cell::Tenths(n) => out.extend_from_slice(decimal(*n).as_bytes()),
            Cell::At(at) => out.extend_from_slice(base::format::time_vn(*at).replace(',', "").as_bytes()),
            Cell::Text(text) => {
                let guard = if looks_like_formula(text) { "'" } else { "" };
                let quoted = format!("\"{guard}{}\"", text.replace('"', "\"\""));
                out.extend_from_slice(quoted.as_bytes());
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// With a point, as files have it.
fn decimal(tenths: i64) -> String {
    format!("{}{}.{}", if tenths < 0 { "-" } else { "" }, tenths.abs() / 10, tenths.abs() % 10)
}

/// Day and time as spreadsheets count: days since 30 December 1899 on the clock here.
fn serial(at: Instant) -> f64 {
    const EPOCH: f64 = 25_569.0;
    const MICROS_PER_DAY: f64 = 86_400_000_000.0;
    const OFFSET_MICROS: i64 = 7 * 3_600_000_000; // Asia/Ho_Chi_Minh has no summer time
    (at.micros() + OFFSET_MICROS) as f64 / MICROS_PER_DAY + EPOCH
}

/// Cell formats of styles.xml, by their place there.
const PLAIN: u8 = 0;
const HEAD: u8 = 1;
const TIME: u8 = 2;
const GUARDED: u8 = 3;
const TENTHS: u8 = 4;

fn xml_row(cells: &[Cell], row: u64, head: bool) -> String {
    let mut xml = format!("<row r=\"{row}\">");
    for cell in cells {
        match cell {
            Cell::Empty => xml.push_str("<c/>"),
            Cell::Number(n) => xml.push_str(&format!("<c><v>{n}</v></c>")),
            Cell::Tenths(n) => xml.push_str(&format!("<c s=\"{TENTHS}\"><v>{}</v></c>", decimal(*n))),
            Cell::At(at) => xml.push_str(&format!("<c s=\"{TIME}\"><v>{:.6}</v></c>", serial(*at))),
            Cell::Text(text) => {
                let style = match head {
                    true => HEAD,
                    // Stays a text even after somebody has edited the cell.
                    false if looks_like_formula(text) => GUARDED,
                    false => PLAIN,
                };
                xml.push_str(&format!("<c s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"));
                escape(&mut xml, text);
                xml.push_str("</t></is></c>");
            }
        }
    }
    xml.push_str("</row>");
    xml
}

/// Text as XML 1.0 may carry it; the characters that it may not are left out.
fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\t' | '\n' => xml.push(c),
            c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => xml.push(c),
        }
    }
}

const TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
<Default Extension=\"xml\" ContentType=\"application/xml\"/>\
<Override PartName=\"/xl/workbook.xml\" \
ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>\
<Override PartName=\"/xl/styles.xml\" \
ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>\
<Override PartName=\"/xl/worksheets/sheet1.xml\" \
ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>";
const RELS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
<Relationship Id=\"rId1\" \
Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
Target=\"xl/workbook.xml\"/></Relationships>";
const BOOK: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
<sheets><sheet name=\"Cuu Long\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
const BOOK_RELS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
<Relationship Id=\"rId1\" \
Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" \
Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/>\
</Relationships>";
const STYLES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
<numFmts count=\"2\"><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\\ hh:mm\"/>\
<numFmt numFmtId=\"165\" formatCode=\"0.0\"/></numFmts>\
<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>\
<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>\
<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>\
<fill><patternFill patternType=\"gray125\"/></fill></fills>\
<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
<cellXfs count=\"5\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>\
<xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/>\
<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" quotePrefix=\"1\" \
applyNumberFormat=\"1\"/>\
<xf numFmtId=\"165\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
</cellXfs></styleSheet>";
const SHEET_END: &str = "</sheetData></worksheet>";

fn sheet_begin(columns: usize) -> String {
    let columns = columns.max(1);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
         <sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" \
         activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews>\
         <cols><col min=\"1\" max=\"{columns}\" width=\"22\" customWidth=\"1\"/></cols><sheetData>"
    )
}

/// A part of the zip, for its directory at the end.
struct Part {
    name: &'static str,
    method: u16,
    flags: u16,
    crc: u32,
    packed: u32,
    plain: u32,
    at: u32,
}

/// A zip written forward only: small parts stored, the sheet deflated with its sizes behind it.
struct Zip {
    parts: Vec<Part>,
    deflate: DeflateEncoder<Vec<u8>>,
    crc: Crc,
    /// Bytes of the file that were taken already.
    taken: u32,
    /// Where the sheet's content begins.
    sheet_at: u32,
}

const SHEET: &str = "xl/worksheets/sheet1.xml";
/// Sizes follow the content.
const SIZES_BEHIND: u16 = 1 << 3;
const DEFLATED: u16 = 8;

impl Zip {
    fn new(columns: usize) -> Zip {
        let (mut out, mut parts) = (Vec::new(), Vec::new());
        let fixed = [
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", RELS),
            ("xl/workbook.xml", BOOK),
            ("xl/_rels/workbook.xml.rels", BOOK_RELS),
            ("xl/styles.xml", STYLES),
        ];
        for (name, text) in fixed {
            let mut crc = Crc::new();
            crc.update(text.as_bytes());
            let size = u32::try_from(text.len()).expect("a text of ours");
            let at = u32::try_from(out.len()).expect("texts of ours");
            let part = Part { name, method: 0, flags: 0, crc: crc.sum(), packed: size, plain: size, at };
            local_head(&mut out, &part);
            out.extend_from_slice(text.as_bytes());
            parts.push(part);
        }
        let at = u32::try_from(out.len()).expect("texts of ours");
        let (method, flags) = (DEFLATED, SIZES_BEHIND);
        let part = Part { name: SHEET, method, flags, crc: 0, packed: 0, plain: 0, at };
        local_head(&mut out, &part);
        parts.push(part);
        let sheet_at = u32::try_from(out.len()).expect("texts of ours");
        // What stands before the sheet leaves with its first bytes.
        let deflate = DeflateEncoder::new(out, flate2::Compression::new(4));
        let mut zip = Zip { parts, deflate, crc: Crc::new(), taken: 0, sheet_at };
        zip.sheet(sheet_begin(columns).as_bytes());
        zip
    }

    fn sheet(&mut self, xml: &[u8]) {
        self.crc.update(xml);
        self.deflate.write_all(xml).expect("a vector takes everything");
    }

    fn take(&mut self) -> Vec<u8> {
        let bytes = std::mem::take(self.deflate.get_mut());
        self.taken += u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        bytes
    }

    fn finish(mut self) -> Vec<u8> {
        self.sheet(SHEET_END.as_bytes());
        let mut out = self.deflate.finish().expect("a vector takes everything");
        let end = self.taken + u32::try_from(out.len()).unwrap_or(u32::MAX);
        let part = self.parts.last_mut().expect("the sheet is the last part");
        (part.crc, part.packed, part.plain) = (self.crc.sum(), end - self.sheet_at, self.crc.amount());
        out.extend_from_slice(&0x0807_4b50_u32.to_le_bytes());
        for n in [part.crc, part.packed, part.plain] {
            out.extend_from_slice(&n.to_le_bytes());
        }
        let directory_at = self.taken + u32::try_from(out.len()).unwrap_or(u32::MAX);
        let before = out.len();
        self.parts.iter().for_each(|part| directory_line(&mut out, part));
        let size = u32::try_from(out.len() - before).unwrap_or(u32::MAX);
        let count = u16::try_from(self.parts.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&0x0605_4b50_u32.to_le_bytes());
        for n in [0, 0, count, count] {
            out.extend_from_slice(&n.to_le_bytes());
        }
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&directory_at.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        out
    }
}

/// 1 January 1980: the same rows give the same bytes.
const DOS_DATE: u16 = 0x21;

fn local_head(out: &mut Vec<u8>, part: &Part) {
    out.extend_from_slice(&0x0403_4b50_u32.to_le_bytes());
    for n in [20, part.flags, part.method, 0, DOS_DATE] {
        out.extend_from_slice(&n.to_le_bytes());
    }
    for n in [part.crc, part.packed, part.plain] {
        out.extend_from_slice(&n.to_le_bytes());
    }
    let length = u16::try_from(part.name.len()).expect("a name of ours");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&0_u16.to_le_bytes());
    out.extend_from_slice(part.name.as_bytes());
}

fn directory_line(out: &mut Vec<u8>, part: &Part) {
    out.extend_from_slice(&0x0201_4b50_u32.to_le_bytes());
    for n in [20, 20, part.flags, part.method, 0, DOS_DATE] {
        out.extend_from_slice(&n.to_le_bytes());
    }
    for n in [part.crc, part.packed, part.plain] {
        out.extend_from_slice(&n.to_le_bytes());
    }
    let length = u16::try_from(part.name.len()).expect("a name of ours");
    for n in [length, 0, 0, 0, 0] {
        out.extend_from_slice(&n.to_le_bytes());
    }
    out.extend_from_slice(&0_u32.to_le_bytes());
    out.extend_from_slice(&part.at.to_le_bytes());
    out.extend_from_slice(part.name.as_bytes());
}
