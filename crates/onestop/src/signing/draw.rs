//! How a signature looks on a result, and the file with it.
//!
//! The rules want the picture of the hand-written signature, blue, in its box, and the seal's, red, over the
//! left third of it. Whoever has brought no picture is shown by name: the person's in blue where the
//! signature goes, the agency's with the time, in red, where the seal goes. law: nd30/signature

use std::sync::{Arc, LazyLock};

use base::Instant;
use pdfsig::appearance::{Appearance, BLUE, Font, Image, Lines, PageBox, RED, Rect};
use pdfsig::layout::{Layout, Page};
use pdfsig::{CannotSign, File, Plan, layout};
use trust::signing::{Device, Key, Part};
use web::Problem;

/// Letters of a name that stands for a signature, and of a seal's lines, in points.
const NAME_PT: f64 = 20.0;
const SEAL_PT: f64 = 8.0;
/// The room for a name, in points to each side of the middle.
const HALF_WIDTH_PT: f64 = 90.0;

/// A place on a page in points from its lower left corner: the page from 1, the middle of the signer's
/// column, the top of the free room and its height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    pub page: usize,
    pub centre_pt: f64,
    pub top_pt: f64,
    pub room_pt: f64,
}

impl Spot {
    /// As rows keep it: `1:401.5:220.25:85`.
    pub fn text(&self) -> String {
        format!("{}:{:.2}:{:.2}:{:.2}", self.page, self.centre_pt, self.top_pt, self.room_pt)
    }

    /// Reads it back.
    pub fn parse(text: &str) -> Option<Spot> {
        let mut parts = text.split(':');
        let page = parts.next()?.parse().ok()?;
        let mut number = || parts.next()?.parse::<f64>().ok().filter(|n| n.is_finite());
        Some(Spot { page, centre_pt: number()?, top_pt: number()?, room_pt: number()? })
    }
}

/// A picture of a signature or of a seal.
#[derive(Debug)]
pub struct Picture {
    pub image: Image,
    /// How wide the stamp is, in millimetres; a person's signature fills its box.
    pub width_mm: Option<f64>,
}

/// Whose signature, where, when and by which picture.
pub struct Look {
    pub part: Part,
    pub holder: String,
    /// None: the paper has no place for it, and the signature is not seen.
    pub spot: Option<Spot>,
    pub at: Instant,
    pub picture: Option<Arc<Picture>>,
    /// Where the person's signature is seen, for the seal that goes over it.
    pub under: Option<Rect>,
}

/// A file that lacks nothing but the message of its last signature.
pub struct Prepared {
    pub file: Vec<u8>,
    /// What is signed.
    pub hash: Vec<u8>,
    /// Where the signature is seen.
    pub drawn: Option<Rect>,
}

static FONTS: LazyLock<Option<[Font; 2]>> = LazyLock::new(|| {
    let font = |bytes: &[u8]| Font::new(bytes.to_vec()).ok();
    Some([font(paper::fonts::ITALIC)?, font(paper::fonts::REGULAR)?])
});

/// The whole file with one more signature at its end, and where that is seen.
pub fn signed(file: &[u8], look: &Look, key: &Key) -> Result<(Vec<u8>, Option<Rect>), Problem> {
    let appearance = appearance_of(file, look)?;
    let plan = plan(look, appearance.as_ref());
    let update = key.sign(file, |draft, signer| -> Result<Vec<u8>, CannotSign> {
        pdfsig::sign(&file, &plan, draft, signer, None)
    })?;
    Ok(([file, &update].concat(), appearance.map(|a| a.rect)))
}

/// The same with room for the signature of a key that answers later.
pub fn prepared(file: &[u8], look: &Look, with: &Device) -> Result<Prepared, Problem> {
    let fault = |e: CannotSign| Problem::fault(format!("a result cannot be prepared for signing: {e:?}"));
    let algorithm = with.algorithm().ok_or_else(|| Problem::fault("no algorithm for this key"))?;
    let appearance = appearance_of(file, look)?;
    let plan = plan(look, appearance.as_ref());
    let made = pdfsig::prepare(&file, &plan, &with.draft(), algorithm).map_err(fault)?;
    Ok(Prepared {
        file: [file, made.update()].concat(),
        hash: made.hash().to_vec(),
        drawn: appearance.map(|a| a.rect),
    })
}

fn plan<'a>(look: &Look, appearance: Option<&'a Appearance<'a>>) -> Plan<'a> {
    let mut plan = Plan::new(field(look.part), look.at);
    plan.name = Some(look.holder.clone());
    plan.appearance = appearance;
    plan
}

/// The name of the signature's field.
pub fn field(part: Part) -> &'static str {
    match part {
        Part::Person => "ChuKySo",
        Part::Seal => "DauSo",
    }
}

fn appearance_of<'a>(file: &[u8], look: &'a Look) -> Result<Option<Appearance<'a>>, Problem> {
    let fonts = FONTS.as_ref().ok_or_else(|| Problem::fault("our own fonts cannot be read"))?;
    let Some(spot) = look.spot.filter(|spot| spot.page > 0) else { return Ok(None) };
    let pictured = look.picture.as_deref().zip(layout::in_force(look.at.day()));
    let Some((picture, layout)) = pictured else { return Ok(Some(by_name(look, spot, fonts))) };
    let broken = |e: pdfsig::Unreadable| Problem::fault(format!("a result of ours cannot be read: {e:?}"));
    let opened = File::open(&file).map_err(broken)?;
    let shown = PageBox::of(&opened, spot.page - 1).map_err(broken)?;
    let Some(shown) = shown else { return Ok(None) };
    let page = Page { index: spot.page - 1, shown };
    Ok(Some(by_picture(look, (picture, layout), (page, spot), &fonts[1])))
}

/// The box in which an official signs (7c).
fn box_7c(spot: Spot) -> Rect {
    let left = spot.centre_pt - HALF_WIDTH_PT;
    Rect::sized(left, spot.top_pt - spot.room_pt, 2.0 * HALF_WIDTH_PT, spot.room_pt)
}

fn by_picture<'a>(
    look: &Look,
    (picture, layout): (&'a Picture, &Layout),
    (page, spot): (Page, Spot),
    font: &'a Font,
) -> Appearance<'a> {
    match look.part {
        Part::Person => {
            let place = layout.personal_place(&picture.image, box_7c(spot));
            layout.personal(page, &picture.image, place)
        }
        Part::Seal => {
            let (width, height) = picture.image.size();
            let width_mm = picture.width_mm.unwrap_or(SEAL_MM);
            let height_mm = width_mm * f64::from(height.max(1)) / f64::from(width.max(1));
            let under = look.under.unwrap_or_else(|| box_7c(spot));
            let mut place = layout.seal_place(under, (width_mm, height_mm));
            // A seal that would leave the page on the left is moved in.
            let beyond = (page.shown.rect.left + 4.0 - place.left).max(0.0);
            (place.left, place.right) = (place.left + beyond, place.right + beyond);
            let lines = [look.holder.clone(), layout::shown_time(look.at)];
            layout.seal(page, &picture.image, place, font, &lines)
        }
    }
}

/// The width of a seal whose size nobody gave, in millimetres. From memory of the circular on seals; to be
/// settled by its text.
const SEAL_MM: f64 = 36.0;

fn by_name<'a>(look: &Look, spot: Spot, [italic, regular]: &'a [Font; 2]) -> Appearance<'a> {
    let (font, size, color, lines) = match look.part {
        Part::Person => (italic, NAME_PT, BLUE, vec![look.holder.clone()]),
        Part::Seal => (regular, SEAL_PT, RED, vec![look.holder.clone(), layout::shown_time(look.at)]),
    };
    // A long name is set smaller, so that it stays in its column.
    let lines = Lines { font, size, color, lines }.within(2.0 * HALF_WIDTH_PT, f64::INFINITY);
    let (width, height) = (lines.width(), lines.height());
    let middle = spot.top_pt - spot.room_pt / 2.0;
    let (left, bottom) = match look.part {
        Part::Person => (spot.centre_pt - width / 2.0, middle - height / 2.0),
        // Left of the signature and below its line, as the seal covers the left third of it.
        Part::Seal => (spot.centre_pt - HALF_WIDTH_PT - width / 3.0, spot.top_pt - height - 4.0),
    };
    lines.at(spot.page - 1, Rect::sized(left.max(4.0), bottom, width, height))
}

/// A place as rows keep it: left, bottom, width and height in points.
pub fn place_text(place: Rect) -> String {
    format!("{:.2}:{:.2}:{:.2}:{:.2}", place.left, place.bottom, place.width(), place.height())
}

/// Reads it back.
pub fn read_place(text: &str) -> Option<Rect> {
    let numbers: Option<Vec<f64>> = text.split(':').map(|part| part.parse().ok()).collect();
    match numbers?[..] {
        [left, bottom, width, height] if [left, bottom, width, height].iter().all(|n| n.is_finite()) => {
            Some(Rect::sized(left, bottom, width, height))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Rect, Spot, place_text, read_place};

    #[test]
    fn a_place_is_kept_as_text() {
        let place = Rect::sized(301.25, 120.5, 180.0, 60.75);
        assert_eq!(read_place(&place_text(place)), Some(place));
        for bad in ["", "1:2:3", "1:2:3:x", "1:2:3:inf", "1:2:3:4:5"] {
            assert_eq!(read_place(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_spot_is_kept_as_text() {
        let spot = Spot { page: 2, centre_pt: 401.5, top_pt: 220.25, room_pt: 85.0 };
        assert_eq!(Spot::parse(&spot.text()), Some(spot));
        for bad in ["", "1:2:3", "x:1:2:3", "1:NaN:2:3", "1:2:inf:3"] {
            assert_eq!(Spot::parse(bad), None, "{bad}");
        }
    }
}
