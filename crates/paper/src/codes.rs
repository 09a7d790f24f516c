//! Bar codes (Code 128) and QR codes as vector pictures: one path, so that no seam shows between modules.

use barcoders::sym::code128::Code128;
use fast_qr::{ECL, QRBuilder};
use serde_json::{Value, json};

use crate::RenderError;

/// Longer codes do not fit the width of an A5 sheet at a module a hand scanner can read.
const CODE_CHARS_MAX: usize = 40;

/// A QR of about 57 modules, still readable at 25 mm.
const URL_BYTES_MAX: usize = 300;

/// Digits are packed two by two from this length on; shorter runs cost more to switch than they save.
const PACK_DIGITS_MIN: usize = 6;

/// `{svg, modules}` of `code` in Code 128 without the quiet zone, which is the template's margin.
///
/// # Errors
/// `BadCode` when `code` is empty, too long or not printable ASCII.
pub(crate) fn bar(code: &str) -> Result<Value, RenderError> {
    let bad = || RenderError::BadCode(code.to_owned());
    let printable = code.bytes().all(|b| (b' '..=b'~').contains(&b));
    if code.is_empty() || code.len() > CODE_CHARS_MAX || !printable {
        return Err(bad());
    }
    let bars = Code128::new(with_sets(code)).map_err(|_| bad())?.encode();
    let row: Vec<bool> = bars.iter().map(|&bar| bar == 1).collect();
    Ok(json!({ "svg": svg(std::slice::from_ref(&row), row.len(), 1), "modules": row.len() }))
}

/// `{svg, modules}` of `url` as a QR code of error correction M, without the quiet zone.
///
/// # Errors
/// `BadCode` when `url` is empty or too long.
pub(crate) fn qr(url: &str) -> Result<Value, RenderError> {
    let rows = modules(url)?;
    Ok(json!({ "svg": svg(&rows, rows.len(), rows.len()), "modules": rows.len() }))
}

/// The path of the dark modules of a QR code, and the modules of a side.
///
/// # Errors
/// `BadCode` when `text` is empty or too long.
pub(crate) fn qr_path(text: &str) -> Result<(String, usize), RenderError> {
    let rows = modules(text)?;
    Ok((path(&rows), rows.len()))
}

fn modules(text: &str) -> Result<Vec<Vec<bool>>, RenderError> {
    let bad = || RenderError::BadCode(text.to_owned());
    if text.is_empty() || text.len() > URL_BYTES_MAX {
        return Err(bad());
    }
    let code = QRBuilder::new(text).ecl(ECL::M).build().map_err(|_| bad())?;
    Ok((0..code.size).map(|y| code[y][..code.size].iter().map(|m| m.value()).collect()).collect())
}

/// Writes the set switches that the encoder wants: B for text, C for long even runs of digits.
fn with_sets(code: &str) -> String {
    const SET_B: char = '\u{181}';
    const SET_C: char = '\u{106}';
    let mut out = String::from(SET_B);
    let mut rest = code;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let packed = digits - digits % 2;
        if packed >= PACK_DIGITS_MIN {
            if out.len() == SET_B.len_utf8() {
                out.clear();
            }
            out.push(SET_C);
            out.push_str(&rest[..packed]);
            rest = &rest[packed..];
            if !rest.is_empty() {
                out.push(SET_B);
            }
        } else {
            let taken = digits.max(1);
            out.push_str(&rest[..taken]);
            rest = &rest[taken..];
        }
    }
    out
}

/// Attributes of every picture; the template gives a bar code its height.
const SVG: &str = r#"xmlns="http://www.w3.org/2000/svg" preserveAspectRatio="none""#;

fn svg(rows: &[Vec<bool>], width: usize, height: usize) -> String {
    format!(r#"<svg {SVG} viewBox="0 0 {width} {height}"><path d="{}"/></svg>"#, path(rows))
}

/// Dark modules of `rows` as one SVG path, a rectangle for each run.
fn path(rows: &[Vec<bool>]) -> String {
    let mut path = String::new();
    for (y, row) in rows.iter().enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] {
                path.push_str(&format!("M{x} {y}h{n}v1h-{n}z", n = run.len()));
            }
            x += run.len();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_digit_runs_are_packed() {
        assert_eq!(with_sets("H61.12-261119-0011"), "\u{181}H61.12-\u{106}261119\u{181}-0011");
        assert_eq!(with_sets("12345678"), "\u{106}12345678");
        assert_eq!(with_sets("1234567"), "\u{106}123456\u{181}7");
    }

    #[test]
    fn a_code_that_a_scanner_cannot_give_back_is_refused() {
        for code in ["", "Đ-1", "a\nb", &"9".repeat(41)] {
            assert_eq!(bar(code), Err(RenderError::BadCode(code.to_owned())));
        }
        assert!(qr("").is_err() && qr(&"x".repeat(301)).is_err());
    }
}
