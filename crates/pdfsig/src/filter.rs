//! The filters that a file's own machinery uses: deflate, and the predictors of PNG.

use crate::file::Unreadable;
use crate::object::{Dict, Object};
use flate2::read::ZlibDecoder;
use std::io::Read as _;

/// One stream, unpacked, in bytes.
pub(crate) const UNPACKED_MAX: u64 = 16 << 20;

/// The bytes of a stream, plain or deflated, with or without a predictor. Other filters are `Malformed`: nothing
/// that is read here uses them.
pub(crate) fn unpack(dict: &Dict, packed: &[u8], offset: u64) -> Result<Vec<u8>, Unreadable> {
    let wrong = Unreadable::Malformed { offset };
    let bytes = match one(dict.get("Filter")) {
        Object::Null => packed.to_vec(),
        Object::Name(name) if name == b"FlateDecode" => {
            let mut bytes = vec![];
            let read = ZlibDecoder::new(packed).take(UNPACKED_MAX + 1).read_to_end(&mut bytes);
            read.map_err(|_| wrong)?;
            bytes
        }
        _ => return Err(wrong),
    };
    if bytes.len() as u64 > UNPACKED_MAX {
        return Err(Unreadable::TooMuch);
    }
    let parameters = one(dict.get("DecodeParms"));
    let number = |key: &str| parameters.dict().and_then(|dict| dict.get(key).size());
    let is_plain = number("Colors").unwrap_or(1) == 1 && number("BitsPerComponent").unwrap_or(8) == 8;
    match number("Predictor").unwrap_or(1) {
        1 => Ok(bytes),
        10..=15 if is_plain => unpredict(&bytes, number("Columns").unwrap_or(1)).ok_or(wrong),
        _ => Err(wrong),
    }
}

/// What stands alone in an array is meant itself.
fn one(object: &Object) -> Object {
    match object {
        Object::Array(members) if members.len() == 1 => members[0].clone(),
        Object::Array(members) if members.is_empty() => Object::Null,
        other => other.clone(),
    }
}

/// Undoes the predictors of PNG for one byte a pixel.
fn unpredict(bytes: &[u8], columns: usize) -> Option<Vec<u8>> {
    let row = columns.checked_add(1).filter(|row| *row as u64 <= UNPACKED_MAX)?;
    let mut above = vec![0u8; columns];
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.chunks(row) {
        let (kind, line) = line.split_first()?;
        let start = out.len();
        let (mut left, mut above_left) = (0u8, 0u8);
        for (index, byte) in line.iter().enumerate() {
            let up = above[index];
            let predicted = match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 => paeth(left, up, above_left),
                _ => return None,
            };
            left = byte.wrapping_add(predicted);
            above_left = up;
            out.push(left);
        }
        above.fill(0);
        above[..line.len()].copy_from_slice(&out[start..]);
    }
    Some(out)
}

fn paeth(left: u8, up: u8, above_left: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(above_left);
    let far = |from: u8| (estimate - i16::from(from)).abs();
    if far(left) <= far(up) && far(left) <= far(above_left) {
        left
    } else if far(up) <= far(above_left) {
        up
    } else {
        above_left
    }
}
