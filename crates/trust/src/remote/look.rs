//! How a visible signature looks where the caller says its place: who signed, and when.
//! law: nd30/signature

use std::sync::LazyLock;

use base::Instant;
use pdfsig::appearance::{Appearance, BLUE, Font, Lines, Rect};
use pdfsig::layout;

/// The largest letters, in points.
const SIZE_PT_MAX: f64 = 14.0;
/// A place must have room for something that can be read, in points.
const SIDE_PT_MIN: f64 = 12.0;
/// The largest page that PDF knows without units of its own, in points.
const SIDE_PT_MAX: f64 = 14_400.0;

/// A rectangle on a page, in points from the page's lower left corner; pages count from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub page: usize,
    pub left: f64,
    pub bottom: f64,
    pub width: f64,
    pub height: f64,
}

impl Place {
    /// Reads `PAGE,LEFT,BOTTOM,WIDTH,HEIGHT`.
    pub fn parse(text: &str) -> Option<Place> {
        let mut parts = text.split(',').map(str::trim);
        let page = parts.next()?.parse().ok().filter(|page| (1..=100_000).contains(page))?;
        let mut number = |from: f64| {
            let number = parts.next()?.parse::<f64>().ok()?;
            (from..=SIDE_PT_MAX).contains(&number).then_some(number)
        };
        let (left, bottom) = (number(0.0)?, number(0.0)?);
        let (width, height) = (number(SIDE_PT_MIN)?, number(SIDE_PT_MIN)?);
        parts.next().is_none().then_some(Place { page, left, bottom, width, height })
    }
}

static FONT: LazyLock<Option<Font>> = LazyLock::new(|| Font::new(paper::fonts::ITALIC.to_vec()).ok());

/// The signature's picture; `None` when our own letters cannot be read.
pub fn appearance(place: Place, holder: &str, at: Instant) -> Option<Appearance<'static>> {
    let font = FONT.as_ref()?;
    let lines = vec![holder.to_string(), layout::shown_time(at)];
    let lines = Lines { font, size: SIZE_PT_MAX, color: BLUE, lines }.within(place.width, place.height);
    let rect = Rect::sized(place.left, place.bottom, place.width, place.height);
    Some(lines.at(place.page - 1, rect))
}
