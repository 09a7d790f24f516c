//! Letters: of a TrueType font what the text needs is embedded, and which letters its glyphs mean.

use crate::append::Update;
use crate::object::{Dict, Id, Object};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use subsetter::GlyphRemapper;
use ttf_parser::Face;
use unicode_normalization::UnicodeNormalization as _;

/// A TrueType font whose licence allows embedding.
#[derive(Clone)]
pub struct Font {
    data: Vec<u8>,
    name: String,
    units: f64,
}

impl std::fmt::Debug for Font {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Font({})", self.name)
    }
}

/// Why bytes are no font we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FontFault {
    /// They cannot be read, or have no TrueType outlines.
    NotTrueType,
    /// The font forbids embedding or subsetting.
    Forbidden,
}

impl Font {
    /// Takes the bytes of a TrueType font.
    pub fn new(data: Vec<u8>) -> Result<Font, FontFault> {
        let face = Face::parse(&data, 0).map_err(|_| FontFault::NotTrueType)?;
        if face.tables().glyf.is_none() {
            return Err(FontFault::NotTrueType);
        }
        let is_restricted = face.permissions() == Some(ttf_parser::Permissions::Restricted);
        if is_restricted || !face.is_subsetting_allowed() {
            return Err(FontFault::Forbidden);
        }
        let names =
            face.names().into_iter().filter(|name| name.name_id == ttf_parser::name_id::POST_SCRIPT_NAME);
        let name = names.filter_map(|name| name.to_string()).next().unwrap_or_default();
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let units = f64::from(face.units_per_em());
        Ok(Font { name: if name.is_empty() { "Font".into() } else { name }, units, data })
    }

    /// The first character of a text that the font has no glyph for.
    pub fn missing(&self, text: &str) -> Option<char> {
        let face = Face::parse(&self.data, 0).ok()?;
        text.nfc().find(|letter| face.glyph_index(*letter).is_none())
    }

    /// How wide a line is, in points.
    pub fn width(&self, line: &str, size: f64) -> f64 {
        Subset::new(self).line(line, size).0
    }
}

/// The glyphs a text uses.
pub(super) struct Subset<'a> {
    font: &'a Font,
    face: Option<Face<'a>>,
    glyphs: GlyphRemapper,
    /// What each new glyph is: its letter and its width in thousandths of the size.
    used: BTreeMap<u16, (char, f64)>,
}

impl<'a> Subset<'a> {
    pub fn new(font: &'a Font) -> Subset<'a> {
        let face = Face::parse(&font.data, 0).ok();
        Subset { font, face, glyphs: GlyphRemapper::new(), used: BTreeMap::new() }
    }

    /// How far letters of this size reach above their line.
    pub fn ascent(&self, size: f64) -> f64 {
        let ascent = self.face.as_ref().map_or(0.0, |face| f64::from(face.ascender()));
        ascent / self.font.units * size
    }

    /// A line's width in points, and its glyphs in hexadecimal.
    pub fn line(&mut self, line: &str, size: f64) -> (f64, String) {
        let (mut width, mut glyphs) = (0.0, String::new());
        let Some(face) = &self.face else { return (width, glyphs) };
        for letter in line.nfc() {
            let old = face.glyph_index(letter).unwrap_or_default();
            let advance = f64::from(face.glyph_hor_advance(old).unwrap_or(0)) * 1000.0 / self.font.units;
            let new = self.glyphs.remap(old.0);
            self.used.entry(new).or_insert((letter, advance));
            width += advance * size / 1000.0;
            let _ = write!(glyphs, "{new:04X}");
        }
        (width, glyphs)
    }

    /// Writes the font with what was used of it; `None` when that was nothing.
    pub fn write(self, update: &mut Update<'_, '_>) -> Option<Id> {
        let face = self.face.as_ref().filter(|_| !self.used.is_empty())?;
        let program = subsetter::subset(&self.font.data, 0, &self.glyphs).ok()?;
        let mut file = Dict::of([("Length1", Object::Int(program.len() as i64))]);
        file.set("Filter", Object::name("FlateDecode"));
        let file = update.add_stream(file, &super::image::deflate(&program));

        let name = Object::Name(format!("{}+{}", self.tag(), self.font.name).into_bytes());
        let scaled = |value: i16| Object::Int((f64::from(value) * 1000.0 / self.font.units) as i64);
        let bounds = face.global_bounding_box();
        let bounds = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(scaled);
        let descriptor = update.add(&Object::Dict(Dict::of([
            ("Type", Object::name("FontDescriptor")),
            ("FontName", name.clone()),
            // Serif letters whose glyphs are found by number (9.8.2).
            ("Flags", Object::Int(2 | 4)),
            ("FontBBox", Object::Array(bounds.to_vec())),
            ("ItalicAngle", Object::Int(face.italic_angle() as i64)),
            ("Ascent", scaled(face.ascender())),
            ("Descent", scaled(face.descender())),
            ("CapHeight", scaled(face.capital_height().unwrap_or(face.ascender()))),
            ("StemV", Object::Int(80)),
            ("FontFile2", Object::Reference(file)),
        ])));
        let widths: Vec<Object> =
            self.used.values().map(|(_, width)| Object::Int(width.round() as i64)).collect();
        let system = Dict::of([
            ("Registry", Object::Text(b"Adobe".to_vec())),
            ("Ordering", Object::Text(b"Identity".to_vec())),
            ("Supplement", Object::Int(0)),
        ]);
        let first = self.used.keys().next().copied().unwrap_or_default();
        let descendant = update.add(&Object::Dict(Dict::of([
            ("Type", Object::name("Font")),
            ("Subtype", Object::name("CIDFontType2")),
            ("BaseFont", name.clone()),
            ("CIDSystemInfo", Object::Dict(system)),
            ("FontDescriptor", Object::Reference(descriptor)),
            // New glyphs are numbered one after the other.
            ("W", Object::Array(vec![Object::Int(first.into()), Object::Array(widths)])),
            ("CIDToGIDMap", Object::name("Identity")),
        ])));
        let meanings = update.add_stream(Dict::default(), self.meanings().as_bytes());
        Some(update.add(&Object::Dict(Dict::of([
            ("Type", Object::name("Font")),
            ("Subtype", Object::name("Type0")),
            ("BaseFont", name),
            ("Encoding", Object::name("Identity-H")),
            ("DescendantFonts", Object::Array(vec![Object::Reference(descendant)])),
            ("ToUnicode", Object::Reference(meanings)),
        ]))))
    }

    /// Six letters that tell subsets of a font apart (9.9.2).
    fn tag(&self) -> String {
        let letters: String = self.used.values().map(|(letter, _)| *letter).collect();
        let hash = pki::key::Digest::Sha256.of(letters.as_bytes());
        hash.iter().take(6).map(|byte| char::from(b'A' + byte % 26)).collect()
    }

    /// Which letter each glyph means, as a CMap (9.10.3).
    fn meanings(&self) -> String {
        let mut map = String::from(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo\n\
             <</Registry (Adobe)/Ordering (UCS)/Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n\
             /CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
        );
        let used: Vec<_> = self.used.iter().collect();
        // A section holds a hundred.
        for some in used.chunks(100) {
            let _ = writeln!(map, "{} beginbfchar", some.len());
            for (glyph, (letter, _)) in some {
                let units = letter.encode_utf16(&mut [0; 2]).iter().fold(String::new(), |mut out, unit| {
                    let _ = write!(out, "{unit:04X}");
                    out
                });
                let _ = writeln!(map, "<{glyph:04X}> <{units}>");
            }
            map.push_str("endbfchar\n");
        }
        map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend");
        map
    }
}
