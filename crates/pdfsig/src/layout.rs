//! Where signatures are shown on documents, and how: Nghị định 30/2020, Phụ lục I and III, as data with
//! dates.
//!
//! A person's signature is its picture alone, blue, in box 7c between title and name. An agency's is its
//! seal, red, in its real size, over a third of the person's on its left, with the agency's name and the
//! time. Copies and appendices in files of their own bear a mark at the top right of the first page: words
//! without a picture. All places here are on the page as it is shown, in points from its left bottom.

use crate::appearance::{Align, Appearance, BLACK, Font, Image, PageBox, Part, Rect};
use base::{Day, Instant};

/// Points in a millimetre.
pub const MM: f64 = 72.0 / 25.4;
/// The shorter side of A4, in points.
const A4_WIDTH: f64 = 210.0 * MM;

/// A colour that a picture is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Ink {
    Blue,
    Red,
}

/// What the rules in force at a time say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Year, month and day from which it holds.
    pub valid_from: (i32, u8, u8),
    /// And the last on which it does; `None` is open.
    pub valid_to: Option<(i32, u8, u8)>,
    /// Where it is written.
    pub source: &'static str,
    /// The colour of a person's signature.
    pub personal_ink: Ink,
    /// The colour of a seal.
    pub seal_ink: Ink,
    /// How much of the person's picture the seal covers, on its left.
    pub seal_covers: f64,
    /// The size of letters beside a seal and in a mark, in points.
    pub letters: f64,
    /// How far a mark stands from the right edge and from the top, in millimetres. Not said by the rules: it
    /// is within the margins they leave.
    pub mark_from_right: f64,
    /// The same from the top.
    pub mark_from_top: f64,
    /// Marks grow with pages larger than A4, so that they can be read when these are printed smaller.
    pub mark_grows: bool,
}

/// All rules, by the day from which they hold.
// law: nd30/signature, nd30/copy-mark
pub const LAYOUTS: [Layout; 1] = [Layout {
    valid_from: (2020, 3, 5),
    valid_to: None,
    source: "nd30/signature",
    personal_ink: Ink::Blue,
    seal_ink: Ink::Red,
    seal_covers: 1.0 / 3.0,
    letters: 10.0,
    mark_from_right: 15.0,
    mark_from_top: 8.0,
    mark_grows: true,
}];

/// The rules in force on a day; `None` before the first.
pub fn in_force(day: Day) -> Option<&'static Layout> {
    let day = day.civil();
    LAYOUTS
        .iter()
        .rev()
        .find(|layout| layout.valid_from <= day && layout.valid_to.is_none_or(|last| day <= last))
}

/// What speaks against a picture. It can be used all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Nothing can be seen through it.
    NotTransparent,
    /// It is not, on the whole, of the colour that is wanted.
    NotOfColor(Ink),
    /// Nothing can be seen of it.
    Empty,
}

impl Ink {
    /// What speaks against a picture that is to have this colour.
    pub fn doubts(self, image: &Image) -> Vec<Doubt> {
        let Some([red, green, blue]) = image.mean_color() else { return vec![Doubt::Empty] };
        let mut doubts = vec![];
        if !image.is_transparent() {
            doubts.push(Doubt::NotTransparent);
        }
        let (wanted, others) = match self {
            Ink::Blue => (blue, [red, green]),
            Ink::Red => (red, [green, blue]),
        };
        // A tenth more than the others: a hue that can be told from grey.
        if others.iter().any(|other| wanted < other + 0.1) {
            doubts.push(Doubt::NotOfColor(self));
        }
        doubts
    }
}

/// A page, and which it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Page {
    /// The first being 0.
    pub index: usize,
    /// What is shown of it.
    pub shown: PageBox,
}

impl Page {
    fn appearance<'a>(self, shown: Rect, font: Option<&'a Font>, parts: Vec<Part<'a>>) -> Appearance<'a> {
        Appearance { page: self.index, rect: self.shown.to_page(shown), turn: self.shown.turn, font, parts }
    }
}

impl Layout {
    /// Where a person's picture goes in box 7c: as large as fits, in its middle.
    pub fn personal_place(&self, image: &Image, box_7c: Rect) -> Rect {
        let (width, height) = image.size();
        let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let scale = (box_7c.width() / width).min(box_7c.height() / height);
        let (width, height) = (width * scale, height * scale);
        let left = box_7c.left + (box_7c.width() - width) / 2.0;
        let bottom = box_7c.bottom + (box_7c.height() - height) / 2.0;
        Rect::sized(left, bottom, width, height)
    }

    /// A person's signature: the picture alone, at [`Layout::personal_place`].
    pub fn personal<'a>(&self, page: Page, image: &'a Image, place: Rect) -> Appearance<'a> {
        let parts = vec![Part::Image { image, place: place.from((place.left, place.bottom)) }];
        page.appearance(place, None, parts)
    }

    /// Where a seal of this size in millimetres goes: over the left part of the person's picture, at its
    /// middle.
    pub fn seal_place(&self, personal: Rect, size_mm: (f64, f64)) -> Rect {
        let (width, height) = (size_mm.0 * MM, size_mm.1 * MM);
        let left = personal.left + personal.width() * self.seal_covers - width;
        Rect::sized(left, personal.bottom + (personal.height() - height) / 2.0, width, height)
    }

    /// An agency's signature: the seal at [`Layout::seal_place`], and below it the agency's name and the
    /// time.
    pub fn seal<'a>(
        &self,
        page: Page,
        image: &'a Image,
        place: Rect,
        font: &'a Font,
        lines: &[String],
    ) -> Appearance<'a> {
        let width = lines.iter().map(|line| font.width(line, self.letters)).fold(0.0, f64::max);
        let height = lines.len() as f64 * self.letters * 1.2;
        let middle = place.left + place.width() / 2.0;
        let text = Rect::sized(middle - width / 2.0, place.bottom - height, width, height);
        let whole = if lines.is_empty() { place } else { place.around(text) };
        let origin = (whole.left, whole.bottom);
        let mut parts = vec![Part::Image { image, place: place.from(origin) }];
        if !lines.is_empty() {
            parts.push(Part::Text {
                lines: lines.to_vec(),
                size: self.letters,
                color: BLACK,
                align: Align::Center,
                place: text.from(origin),
            });
        }
        page.appearance(whole, Some(font), parts)
    }

    /// The mark of a copy or an appendix: words at the top right, without a picture.
    pub fn mark<'a>(&self, page: Page, font: &'a Font, lines: &[String]) -> Appearance<'a> {
        let (width, height) = page.shown.shown();
        let scale = if self.mark_grows { (width.min(height) / A4_WIDTH).max(1.0) } else { 1.0 };
        let size = self.letters * scale;
        let text_width = lines.iter().map(|line| font.width(line, size)).fold(0.0, f64::max);
        let text_height = lines.len() as f64 * size * 1.2;
        let (right, top) =
            (width - self.mark_from_right * MM * scale, height - self.mark_from_top * MM * scale);
        let place = Rect::sized(right - text_width, top - text_height, text_width, text_height);
        let part = Part::Text {
            lines: lines.to_vec(),
            size,
            color: BLACK,
            align: Align::Center,
            place: place.from((place.left, place.bottom)),
        };
        page.appearance(place, Some(font), vec![part])
    }
}

/// A time as the rules want it shown: ISO 8601 to the second, in Viet Nam's zone.
pub fn shown_time(at: Instant) -> String {
    let whole = at.micros() - at.micros().rem_euclid(1_000_000);
    Instant::from_micros(whole).to_string()
}
