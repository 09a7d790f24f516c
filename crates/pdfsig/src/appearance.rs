//! How a visible signature looks: pictures and lines of text in a rectangle on a page, written as the
//! appearance stream of its field (ISO 32000-2, 12.5.5).
//!
//! What is written stays within PDF/A-2b: colours do not depend on a device, the font is embedded with the
//! meaning of its letters, and there is no script.

mod font;
mod image;

pub use font::{Font, FontFault};
pub use image::{Image, ImageFault, clean_png};

use crate::append::Update;
use crate::file::{File, Unreadable};
use crate::form::page;
use crate::object::{Dict, Object};
use font::Subset;
use std::fmt::Write as _;

/// A rectangle, in points (1/72 inch), the origin at the left bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)] // the names say it
pub struct Rect {
    pub left: f64,
    pub bottom: f64,
    pub right: f64,
    pub top: f64,
}

impl Rect {
    /// The rectangle of this corner and size.
    pub fn sized(left: f64, bottom: f64, width: f64, height: f64) -> Rect {
        Rect { left, bottom, right: left + width, top: bottom + height }
    }

    /// From left to right.
    pub fn width(self) -> f64 {
        self.right - self.left
    }

    /// From bottom to top.
    pub fn height(self) -> f64 {
        self.top - self.bottom
    }

    /// The smallest rectangle around both.
    pub fn around(self, other: Rect) -> Rect {
        Rect {
            left: self.left.min(other.left),
            bottom: self.bottom.min(other.bottom),
            right: self.right.max(other.right),
            top: self.top.max(other.top),
        }
    }

    /// The same seen from another origin.
    pub fn from(self, origin: (f64, f64)) -> Rect {
        Rect {
            left: self.left - origin.0,
            bottom: self.bottom - origin.1,
            right: self.right - origin.0,
            top: self.top - origin.1,
        }
    }

    fn write(self) -> Object {
        Object::Array([self.left, self.bottom, self.right, self.top].map(real).to_vec())
    }
}

/// A colour: red, green and blue of sRGB's primaries, each from 0 to 1.
pub type Color = [f64; 3];

/// Black.
pub const BLACK: Color = [0.0; 3];

/// Blue, as the ink of a hand-written signature is.
pub const BLUE: Color = [0.05, 0.15, 0.6];

/// Red, as the ink of a seal is.
pub const RED: Color = [0.8, 0.05, 0.05];

/// Where lines begin in their rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Align {
    Left,
    Center,
    Right,
}

/// Something in an appearance. Places are seen from its left bottom corner.
#[derive(Debug, Clone)]
pub enum Part<'a> {
    /// A picture, filling its place.
    Image {
        /// The picture.
        image: &'a Image,
        /// Its place.
        place: Rect,
    },
    /// Lines of text, from the top down.
    Text {
        /// The lines.
        lines: Vec<String>,
        /// The letters' size, in points.
        size: f64,
        /// Their colour.
        color: Color,
        /// Where lines begin.
        align: Align,
        /// Where they stand.
        place: Rect,
    },
}

/// How a visible signature looks.
#[derive(Debug, Clone)]
pub struct Appearance<'a> {
    /// The page, the first being 0.
    pub page: usize,
    /// Where on the page, in its own coordinates.
    pub rect: Rect,
    /// By how many degrees the page is turned clockwise when it is shown, so that the signature stands
    /// upright.
    pub turn: u16,
    /// The letters of all text.
    pub font: Option<&'a Font>,
    /// What it consists of, the lowest first.
    pub parts: Vec<Part<'a>>,
}

/// The distance between lines, in sizes of the letters.
const LEADING: f64 = 1.2;

/// Lines that stand for a picture: of one font, size and colour, one below the other, each in the middle.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    /// The letters.
    pub font: &'a Font,
    /// Their size, in points.
    pub size: f64,
    /// Their colour.
    pub color: Color,
    /// The lines, from the top down.
    pub lines: Vec<String>,
}

impl<'a> Lines<'a> {
    /// How wide they are, in points.
    pub fn width(&self) -> f64 {
        self.lines.iter().map(|line| self.font.width(line, self.size)).fold(1.0, f64::max)
    }

    /// How high they are, in points.
    pub fn height(&self) -> f64 {
        self.lines.len() as f64 * self.size * LEADING
    }

    /// The same, set smaller where they would not fit into so much room.
    pub fn within(self, width: f64, height: f64) -> Lines<'a> {
        let fit = (width / self.width()).min(height / self.height()).min(1.0);
        Lines { size: self.size * fit, ..self }
    }

    /// On a page, the first being 0, in this place of it.
    pub fn at(self, page: usize, rect: Rect) -> Appearance<'a> {
        let place = Rect::sized(0.0, 0.0, rect.width(), rect.height());
        let Lines { font, size, color, lines } = self;
        let text = Part::Text { lines, size, color, align: Align::Center, place };
        Appearance { page, rect, turn: 0, font: Some(font), parts: vec![text] }
    }
}

impl Appearance<'_> {
    /// Writes what it needs into the update; answers the keys of the widget.
    pub(crate) fn write(&self, update: &mut Update<'_, '_>) -> Vec<(&'static str, Object)> {
        let space = Object::Reference(update.add(&color_space()));
        let has_text = self.parts.iter().any(|part| matches!(part, Part::Text { .. }));
        let mut subset = self.font.filter(|_| has_text).map(Subset::new);
        let mut content = String::new();
        let mut pictures = Dict::default();
        for part in &self.parts {
            match part {
                Part::Image { image, place } => {
                    let name = format!("I{}", pictures.0.len());
                    let (width, height) = (number(place.width()), number(place.height()));
                    let (left, bottom) = (number(place.left), number(place.bottom));
                    let _ = writeln!(content, "q {width} 0 0 {height} {left} {bottom} cm /{name} Do Q");
                    pictures.set(&name, Object::Reference(image.write(update, &space)));
                }
                Part::Text { lines, size, color, align, place } => {
                    let Some(subset) = &mut subset else { continue };
                    let color = color.map(number).join(" ");
                    let _ = writeln!(content, "BT /C0 cs {color} sc /F0 {} Tf", number(*size));
                    let mut baseline = place.top - subset.ascent(*size);
                    for line in lines {
                        let (width, glyphs) = subset.line(line, *size);
                        let left = match align {
                            Align::Left => place.left,
                            Align::Center => place.left + (place.width() - width) / 2.0,
                            Align::Right => place.right - width,
                        };
                        let (left, base) = (number(left), number(baseline));
                        let _ = writeln!(content, "1 0 0 1 {left} {base} Tm <{glyphs}> Tj");
                        baseline -= size * LEADING;
                    }
                    content.push_str("ET\n");
                }
            }
        }
        let mut resources = Dict::of([("ColorSpace", Object::Dict(Dict::of([("C0", space)])))]);
        if !pictures.0.is_empty() {
            resources.set("XObject", Object::Dict(pictures));
        }
        if let Some(font) = subset.and_then(|subset| subset.write(update)) {
            resources.set("Font", Object::Dict(Dict::of([("F0", Object::Reference(font))])));
        }
        let form = update.add_stream(self.form(resources), content.as_bytes());
        let looks = Dict::of([("N", Object::Reference(form))]);
        vec![("Rect", self.rect.write()), ("AP", Object::Dict(looks))]
    }

    fn form(&self, resources: Dict) -> Dict {
        let is_on_its_side = self.turn % 180 == 90;
        let (width, height) = (self.rect.width(), self.rect.height());
        let (width, height) = if is_on_its_side { (height, width) } else { (width, height) };
        let mut form = Dict::of([
            ("Type", Object::name("XObject")),
            ("Subtype", Object::name("Form")),
            ("BBox", Rect::sized(0.0, 0.0, width, height).write()),
            ("Resources", Object::Dict(resources)),
        ]);
        // The reader moves the turned box onto the rectangle by itself.
        let matrix = match self.turn {
            90 => Some([0, 1, -1, 0, 0, 0]),
            180 => Some([-1, 0, 0, -1, 0, 0]),
            270 => Some([0, -1, 1, 0, 0, 0]),
            _ => None,
        };
        if let Some(matrix) = matrix {
            form.set("Matrix", Object::Array(matrix.map(Object::Int).to_vec()));
        }
        form
    }
}

/// The primaries of sRGB and a plain gamma: the same on every device.
fn color_space() -> Object {
    let array = |numbers: &[&str]| Object::Array(numbers.iter().map(|n| Object::Real((*n).into())).collect());
    let matrix = ["0.4124", "0.2126", "0.0193", "0.3576", "0.7152", "0.1192", "0.1805", "0.0722", "0.9505"];
    let dict = Dict::of([
        ("WhitePoint", array(&["0.9505", "1.0", "1.089"])),
        ("Gamma", array(&["2.2", "2.2", "2.2"])),
        ("Matrix", array(&matrix)),
    ]);
    Object::Array(vec![Object::name("CalRGB"), Object::Dict(dict)])
}

/// A number as a content stream has it: three digits behind the point are a thousandth of a point.
fn number(value: f64) -> String {
    let mut text = format!("{value:.3}");
    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    if text == "-0" { "0".into() } else { text }
}

fn real(value: f64) -> Object {
    Object::Real(number(value) + if value.fract().abs() < 0.0005 { ".0" } else { "" })
}

/// What is shown of a page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageBox {
    /// In the page's own coordinates.
    pub rect: Rect,
    /// By how many degrees it is turned clockwise: 0, 90, 180 or 270.
    pub turn: u16,
}

impl PageBox {
    /// The box of the page of this index, the first being 0; `None` when there is no such page, or it has no
    /// size.
    pub fn of(file: &File<'_>, index: usize) -> Result<Option<PageBox>, Unreadable> {
        let view = file.now();
        let Some(page) = page(view, index)? else { return Ok(None) };
        let read = |key: &str| -> Result<Option<Rect>, Unreadable> {
            let mut numbers = vec![];
            for number in view.array(page.inherited(key))? {
                numbers.extend(view.resolve(&number)?.number().filter(|number| number.is_finite()));
            }
            let [a, b, c, d] = numbers[..] else { return Ok(None) };
            Ok(Some(Rect { left: a.min(c), bottom: b.min(d), right: a.max(c), top: b.max(d) }))
        };
        let Some(media) = read("MediaBox")? else { return Ok(None) };
        let rect = read("CropBox")?.map_or(media, |crop| Rect {
            left: crop.left.max(media.left),
            bottom: crop.bottom.max(media.bottom),
            right: crop.right.min(media.right),
            top: crop.top.min(media.top),
        });
        let turn = view.resolve(page.inherited("Rotate"))?.int().unwrap_or(0).rem_euclid(360);
        let turn = if turn % 90 == 0 { turn as u16 } else { 0 };
        Ok((rect.width() > 0.0 && rect.height() > 0.0).then_some(PageBox { rect, turn }))
    }

    /// How wide and how high it is when shown.
    pub fn shown(&self) -> (f64, f64) {
        let (width, height) = (self.rect.width(), self.rect.height());
        if self.turn % 180 == 90 { (height, width) } else { (width, height) }
    }

    /// A rectangle on the page as it is shown, in the page's own coordinates.
    pub fn to_page(&self, shown: Rect) -> Rect {
        let Rect { left, bottom, right, top } = self.rect;
        let corner = |x: f64, y: f64| match self.turn {
            90 => (right - y, bottom + x),
            180 => (right - x, top - y),
            270 => (left + y, top - x),
            _ => (left + x, bottom + y),
        };
        let (one, other) = (corner(shown.left, shown.bottom), corner(shown.right, shown.top));
        Rect {
            left: one.0.min(other.0),
            bottom: one.1.min(other.1),
            right: one.0.max(other.0),
            top: one.1.max(other.1),
        }
    }
}
