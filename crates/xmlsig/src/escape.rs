//! Text that is put into XML.

use std::borrow::Cow;

/// Where the next byte stands, from `from` on, that `is_special`. Sixteen bytes are looked at together: most
/// text has nothing in it that must be written otherwise.
pub(crate) fn next(bytes: &[u8], from: usize, is_special: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let (chunks, _) = rest.as_chunks::<16>();
    let plain = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |any, byte| any | is_special(*byte));
    let passed = 16 * chunks.iter().take_while(plain).count();
    let ahead = rest[passed..].iter().position(|byte| is_special(*byte))?;
    Some(from + passed + ahead)
}

/// As the value of an attribute in double quotes.
pub(crate) fn attribute(value: &str) -> Cow<'_, str> {
    replace(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

/// As the text of an element.
pub(crate) fn text(value: &str) -> Cow<'_, str> {
    replace(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

fn replace(value: &str, entity: fn(char) -> Option<&'static str>) -> Cow<'_, str> {
    if !value.chars().any(|c| entity(c).is_some()) {
        return value.into();
    }
    let mut out = String::with_capacity(value.len() + 16);
    for c in value.chars() {
        match entity(c) {
            Some(entity) => out.push_str(entity),
            None => out.push(c),
        }
    }
    out.into()
}
