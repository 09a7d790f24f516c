//! How a signature looks on a result, and the file with it.
//!
//! The rules want the picture of the hand-written signature, blue, and of the seal, red. Until officials and
//! agencies have brought their pictures, the name stands in blue where the signature goes, and the agency with
//! the time, in red, where the seal goes. law: nd30/signature

use std::sync::LazyLock;

use base::Instant;
use pdfsig::appearance::{Align, Appearance, Color, Font, Part as Drawn, Rect};
use pdfsig::{CannotSign, Plan, layout};
use trust::signing::{Key, Part};
use web::Problem;

/// Blue and red as ink is.
const BLUE: Color = [0.05, 0.15, 0.6];
const RED: Color = [0.8, 0.05, 0.05];
/// Letters of a name that stands for a signature, and of a seal's lines, in points.
const NAME_PT: f64 = 20.0;
const SEAL_PT: f64 = 8.0;
const LEADING: f64 = 1.2;
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

/// Whose signature, where and when.
pub struct Look {
    pub part: Part,
    pub holder: String,
    /// None: the paper has no place for it, and the signature is not seen.
    pub spot: Option<Spot>,
    pub at: Instant,
}

static FONTS: LazyLock<Option<[Font; 2]>> = LazyLock::new(|| {
    let font = |bytes: &[u8]| Font::new(bytes.to_vec()).ok();
    Some([font(paper::fonts::ITALIC)?, font(paper::fonts::REGULAR)?])
});

/// The whole file with one more signature at its end.
pub fn signed(file: &[u8], look: &Look, key: &Key) -> Result<Vec<u8>, Problem> {
    let fonts = FONTS.as_ref().ok_or_else(|| Problem::fault("our own fonts cannot be read"))?;
    let appearance = look.spot.filter(|spot| spot.page > 0).map(|spot| appearance(look, spot, fonts));
    let mut plan = Plan::new(field(look.part), look.at);
    plan.name = Some(look.holder.clone());
    plan.appearance = appearance.as_ref();
    let update = key.sign(file, |draft, signer| -> Result<Vec<u8>, CannotSign> {
        pdfsig::sign(&file, &plan, draft, signer, None)
    })?;
    Ok([file, &update].concat())
}

/// The name of the signature's field.
fn field(part: Part) -> &'static str {
    match part {
        Part::Person => "ChuKySo",
        Part::Seal => "DauSo",
    }
}

fn appearance<'a>(look: &Look, spot: Spot, [italic, regular]: &'a [Font; 2]) -> Appearance<'a> {
    let (font, size, color, lines) = match look.part {
        Part::Person => (italic, NAME_PT, BLUE, vec![look.holder.clone()]),
        Part::Seal => (regular, SEAL_PT, RED, vec![look.holder.clone(), layout::shown_time(look.at)]),
    };
    let widest = lines.iter().map(|line| font.width(line, size)).fold(1.0, f64::max);
    // A long name is set smaller, so that it stays in its column.
    let size = size * (2.0 * HALF_WIDTH_PT / widest).min(1.0);
    let width = lines.iter().map(|line| font.width(line, size)).fold(1.0, f64::max);
    let height = lines.len() as f64 * size * LEADING;
    let middle = spot.top_pt - spot.room_pt / 2.0;
    let (left, bottom) = match look.part {
        Part::Person => (spot.centre_pt - width / 2.0, middle - height / 2.0),
        // Left of the signature and below its line, as the seal covers the left third of it.
        Part::Seal => (spot.centre_pt - HALF_WIDTH_PT - width / 3.0, spot.top_pt - height - 4.0),
    };
    let place = Rect::sized(0.0, 0.0, width, height);
    Appearance {
        page: spot.page - 1,
        rect: Rect::sized(left.max(4.0), bottom, width, height),
        turn: 0,
        font: Some(font),
        parts: vec![Drawn::Text { lines, size, color, align: Align::Center, place }],
    }
}

#[cfg(test)]
mod tests {
    use super::Spot;

    #[test]
    fn a_spot_is_kept_as_text() {
        let spot = Spot { page: 2, centre_pt: 401.5, top_pt: 220.25, room_pt: 85.0 };
        assert_eq!(Spot::parse(&spot.text()), Some(spot));
        for bad in ["", "1:2:3", "x:1:2:3", "1:NaN:2:3", "1:2:inf:3"] {
            assert_eq!(Spot::parse(bad), None, "{bad}");
        }
    }
}
