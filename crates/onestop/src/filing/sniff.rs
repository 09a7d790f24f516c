//! What a file is, told from its bytes: a name or a declared type proves nothing.

use std::io::{Read, Seek};

/// The kinds of file we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pdf,
    Jpeg,
    Png,
    Docx,
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// None of our kinds, or a damaged one.
    Unknown,
    /// A document that carries macros.
    Macros,
    /// Nothing in it.
    Empty,
}

impl Kind {
    /// The media type.
    pub fn media(self) -> &'static str {
        match self {
            Kind::Pdf => "application/pdf",
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    }
}

/// The most entries a DOCX may list: a real one has some dozens.
const ENTRIES_MAX: usize = 2_000;

/// The kind of the file behind `bytes`.
pub fn kind(bytes: &mut (impl Read + Seek)) -> Result<Kind, NotTaken> {
    let mut head = [0_u8; 1024];
    let mut filled = 0;
    while filled < head.len() {
        match bytes.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(_) => return Err(NotTaken::Unknown),
        }
    }
    let head = &head[..filled];
    if head.is_empty() {
        return Err(NotTaken::Empty);
    }
    // PDF allows some bytes before its header; readers look in the first kilobyte.
    if head.windows(5).any(|w| w == b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    match head {
        [0xff, 0xd8, 0xff, ..] => Ok(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Ok(Kind::Png),
        [b'P', b'K', 3, 4, ..] => docx(bytes),
        _ => Err(NotTaken::Unknown),
    }
}

/// Reads the list of a zip archive, unpacking nothing.
fn docx(bytes: &mut (impl Read + Seek)) -> Result<Kind, NotTaken> {
    let archive = zip::ZipArchive::new(bytes).map_err(|_| NotTaken::Unknown)?;
    if archive.len() > ENTRIES_MAX {
        return Err(NotTaken::Unknown);
    }
    let names: Result<Vec<String>, _> =
        archive.file_names().map(|name| name.map(|n| n.to_ascii_lowercase())).collect();
    let names = names.map_err(|_| NotTaken::Unknown)?;
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let macros = names.iter().any(|name| {
        name.ends_with("vbaproject.bin") || name.ends_with("vbadata.xml") || name.contains("/activex/")
    });
    match (has("[content_types].xml") && has("word/document.xml"), macros) {
        (true, false) => Ok(Kind::Docx),
        (true, true) => Err(NotTaken::Macros),
        _ => Err(NotTaken::Unknown),
    }
}
