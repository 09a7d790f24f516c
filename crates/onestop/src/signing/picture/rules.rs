//! What a picture of a signature or of a seal must be. Colours are the law's; sizes are ours.

use pdfsig::appearance::Image;
use pdfsig::layout::{Doubt, Ink};
use trust::signing::Part;

/// Pixels a side has at least, so that a print is not coarse.
pub const SIDE_PX_MIN: u32 = 100;
/// And at most.
pub const SIDE_PX_MAX: u32 = 2_000;
/// How wide a seal is, in millimetres. The circular on seals has sizes by agency; these bounds only catch
/// slips.
pub const SEAL_MM: std::ops::RangeInclusive<i64> = 20..=60;

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NotPng,
    TooBig,
    /// A side is shorter or longer than ours may be.
    Sides,
    /// Nothing is seen.
    Empty,
    /// A signature that is not blue.
    NotBlue,
    /// A seal that is not red.
    NotRed,
    /// A seal through which the signature would not be seen.
    Opaque,
    /// No width of the seal, or one that no seal has.
    Width,
}

/// Everything that is wrong.
pub fn faults(part: Part, image: &Image, width_mm: Option<i64>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (width, height) = image.size();
    if [width, height].iter().any(|side| !(SIDE_PX_MIN..=SIDE_PX_MAX).contains(side)) {
        faults.push(Fault::Sides);
    }
    let ink = if part == Part::Person { Ink::Blue } else { Ink::Red };
    for doubt in ink.doubts(image) {
        match (doubt, part) {
            (Doubt::Empty, _) => faults.push(Fault::Empty),
            (Doubt::NotOfColor(Ink::Blue), _) => faults.push(Fault::NotBlue),
            (Doubt::NotOfColor(Ink::Red), _) => faults.push(Fault::NotRed),
            // The seal lies over the signature.
            (Doubt::NotTransparent, Part::Seal) => faults.push(Fault::Opaque),
            (Doubt::NotTransparent, Part::Person) => {}
        }
    }
    if part == Part::Seal && width_mm.is_none_or(|mm| !SEAL_MM.contains(&mm)) {
        faults.push(Fault::Width);
    }
    faults
}
