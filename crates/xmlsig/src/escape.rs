//! Text that is put into XML.

use std::borrow::Cow;

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
