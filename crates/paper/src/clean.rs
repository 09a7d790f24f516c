//! Text from people, made safe to print: NFC, no control or invisible characters, bounded.
//!
//! A character for which the fonts have no glyph is printed as `[U+1F600]`: PDF/A forbids the empty
//! box, and a proof that silently changed a file's name would prove nothing.

use serde_json::Value;

use crate::RenderError;
use crate::engine::can_print;

/// Longest single text, in characters: more than a full A4 page.
pub const TEXT_CHARS_MAX: usize = 4_000;

/// Most entries of one list (components, files, paragraphs, recipients).
pub const LIST_ITEMS_MAX: usize = 200;

/// Most rows of a table over many pages (`rows`: the register).
pub const ROWS_MAX: usize = 2_000;

/// Fields typed into a large box, whose line breaks are meant.
const LINES_KEPT: [&str; 3] = ["reason", "body", "explanation"];

/// Cleans every text in `value` in place; `path` names the field in an error.
pub(crate) fn clean(value: &mut Value, path: &str) -> Result<(), RenderError> {
    match value {
        Value::String(text) => {
            let name = path.rsplit('.').next().unwrap_or(path);
            let name = name.split('[').next().unwrap_or(name);
            *text = printable(text, LINES_KEPT.contains(&name));
            let chars = text.chars().count();
            if chars > TEXT_CHARS_MAX {
                return Err(RenderError::TooLong {
                    field: path.to_owned(),
                    chars,
                    chars_max: TEXT_CHARS_MAX,
                });
            }
        }
        Value::Array(items) => {
            let items_max = if path == "rows" { ROWS_MAX } else { LIST_ITEMS_MAX };
            if items.len() > items_max {
                let (field, items) = (path.to_owned(), items.len());
                return Err(RenderError::TooMany { field, items, items_max });
            }
            for (i, item) in items.iter_mut().enumerate() {
                clean(item, &format!("{path}[{i}]"))?;
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                let name = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                clean(field, &name)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn printable(text: &str, keep_lines: bool) -> String {
    let text = base::text::nfc(text).replace("\r\n", "\n");
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if keep_lines => out.push('\n'),
            c if c.is_whitespace() => out.push(if c == '\u{a0}' { c } else { ' ' }),
            c if c.is_control() || invisible(c) => {}
            c if can_print(c) && c != '\u{fffc}' => out.push(c),
            c => out.push_str(&format!("[U+{:04X}]", u32::from(c))),
        }
    }
    out.trim().to_owned()
}

/// Characters that show nothing, or that turn the reading direction so that a name reads as another.
fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_people_paste_becomes_printable() {
        let table = [
            ("Nguye\u{302}\u{303}n", "Nguyễn"),
            ("a\u{0}b\u{7}c\u{1b}[0m", "abc[0m"),
            ("hợp\u{202e}fdp.exe", "hợpfdp.exe"),
            ("  hai\tdòng\r\nở đây ", "hai dòng ở đây"),
            ("ảnh 😀.jpg", "ảnh [U+1F600].jpg"),
            ("ភាសា", "[U+1797][U+17B6][U+179F][U+17B6]"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
        ];
        for (typed, printed) in table {
            assert_eq!(printable(typed, false), printed);
        }
        assert_eq!(printable("một\r\nhai", true), "một\nhai");
    }

    #[test]
    fn all_vietnamese_letters_have_a_glyph() {
        let letters = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯYđĐ";
        let marks = ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"];
        for letter in letters.chars() {
            for mark in marks {
                for c in base::text::nfc(&format!("{letter}{mark}")).chars() {
                    assert!(can_print(c), "{c} U+{:04X}", u32::from(c));
                }
            }
        }
    }

    #[test]
    fn bounds_name_the_field() {
        let mut long = json!({ "applicant": { "name": "x".repeat(TEXT_CHARS_MAX + 1) } });
        let field = "applicant.name".to_owned();
        let (chars, chars_max) = (TEXT_CHARS_MAX + 1, TEXT_CHARS_MAX);
        assert_eq!(clean(&mut long, ""), Err(RenderError::TooLong { field, chars, chars_max }));
        let mut many = json!({ "files": vec![1; LIST_ITEMS_MAX + 1] });
        let (items, items_max) = (LIST_ITEMS_MAX + 1, LIST_ITEMS_MAX);
        assert_eq!(
            clean(&mut many, ""),
            Err(RenderError::TooMany { field: "files".into(), items, items_max })
        );
    }
}
