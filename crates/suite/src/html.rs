//! Just enough HTML to act as a person does: our own well-formed pages, their forms and their
//! words. It is no browser; the browser is in `browser`.

use std::fmt::Write;

/// A piece of a page.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Open { name: String, attributes: Vec<(String, String)> },
    Close(String),
    Text(String),
}

/// A page as it was sent.
#[derive(Debug, Default)]
pub struct Page {
    pieces: Vec<Piece>,
}

/// A form with the values it would send if nobody touched it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pub action: String,
    pub post: bool,
    pub fields: Vec<(String, String)>,
    /// Names of all controls, also of those that send nothing untouched.
    pub controls: Vec<String>,
    /// The words on its buttons, with the name and value each adds.
    pub buttons: Vec<(String, Option<(String, String)>)>,
}

impl Page {
    pub fn parse(html: &str) -> Page {
        let mut pieces = Vec::new();
        let mut rest = html;
        while !rest.is_empty() {
            let Some(start) = rest.find('<') else {
                pieces.push(Piece::Text(decode(rest)));
                break;
            };
            if start > 0 {
                pieces.push(Piece::Text(decode(&rest[..start])));
            }
            rest = &rest[start..];
            if rest.starts_with("<!--") {
                rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
                continue;
            }
            let end = tag_end(rest);
            let tag = &rest[1..end.saturating_sub(1).max(1)];
            rest = &rest[end..];
            if let Some(name) = tag.strip_prefix('/') {
                pieces.push(Piece::Close(name.trim().to_ascii_lowercase()));
            } else if !tag.starts_with('!') {
                let (name, attributes) = read_tag(tag);
                if ["script", "style", "svg"].contains(&name.as_str()) && !tag.ends_with('/') {
                    rest = rest.find(&format!("</{name}")).map_or("", |at| &rest[at..]);
                }
                pieces.push(Piece::Open { name, attributes });
            }
        }
        Page { pieces }
    }

    /// All words of the page, spaces squeezed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(words) => text.push_str(words),
                _ => text.push(' '),
            }
        }
        squeeze(&text)
    }

    /// The page as one line per heading, link, control, button, row and alert, for tests that
    /// print a page: it changes when the page says something else, not when its markup moves.
    pub fn outline(&self) -> String {
        const SHOWN: [&str; 14] = [
            "h1", "h2", "h3", "h4", "a", "label", "legend", "button", "summary", "th", "td", "dt", "dd", "p",
        ];
        let mut lines = String::new();
        for (at, piece) in self.pieces.iter().enumerate() {
            let Piece::Open { name, attributes } = piece else { continue };
            let alert = find(attributes, "role").is_some_and(|role| role == "alert" || role == "status");
            if SHOWN.contains(&name.as_str()) || alert {
                let words = self.words_within(at);
                let label = if alert { "!" } else { name };
                if !words.is_empty() {
                    let _ = writeln!(lines, "{label} {words}");
                }
            }
        }
        lines
    }

    /// Every form in the order of the page.
    pub fn forms(&self) -> Vec<Form> {
        let mut forms: Vec<Form> = Vec::new();
        let mut ids: Vec<Option<&str>> = Vec::new();
        let mut open = false;
        let mut select: Option<String> = None;
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Open { name, attributes } if name == "form" => {
                    let post = find(attributes, "method").is_some_and(|m| m.eq_ignore_ascii_case("post"));
                    let action = find(attributes, "action").unwrap_or_default().to_string();
                    forms.push(Form { action, post, ..Form::default() });
                    ids.push(find(attributes, "id"));
                    open = true;
                }
                Piece::Close(name) if name == "form" => open = false,
                Piece::Close(name) if name == "select" => select = None,
                Piece::Open { name, attributes } if open && find(attributes, "form").is_none() => {
                    let form = forms.last_mut().expect("an open form was pushed");
                    if name == "select" {
                        select = find(attributes, "name").map(str::to_string);
                        form.controls.extend(select.clone());
                    } else {
                        self.control(form, at, name, attributes, select.as_deref());
                    }
                }
                _ => {}
            }
        }
        // Controls that stand elsewhere on the page and name their form.
        for (at, piece) in self.pieces.iter().enumerate() {
            let Piece::Open { name, attributes } = piece else { continue };
            let Some(id) = find(attributes, "form") else { continue };
            let form = ids.iter().position(|other| *other == Some(id)).map(|nth| &mut forms[nth]);
            if let Some(form) = form {
                self.control(form, at, name, attributes, None);
            }
        }
        forms
    }

    fn control(&self, form: &mut Form, at: usize, tag: &str, attributes: &Attributes, select: Option<&str>) {
        let name = find(attributes, "name").map(str::to_string);
        let value = || find(attributes, "value").unwrap_or_default().to_string();
        let kind = find(attributes, "type").unwrap_or("text");
        match (tag, kind) {
            ("button", "button") | ("input", "button" | "reset" | "image") => {}
            ("button", _) => form.buttons.push((self.words_within(at), name.map(|n| (n, value())))),
            ("input", "submit") => form.buttons.push((value(), name.map(|n| (n, value())))),
            ("input", "checkbox" | "radio") => {
                let Some(name) = name else { return };
                if has(attributes, "checked") {
                    let value = find(attributes, "value").unwrap_or("on").to_string();
                    form.fields.push((name.clone(), value));
                }
                form.controls.push(name);
            }
            ("input", "file") => form.controls.extend(name),
            ("input", _) => {
                let Some(name) = name else { return };
                form.fields.push((name.clone(), value()));
                form.controls.push(name);
            }
            ("textarea", _) => {
                let Some(name) = name else { return };
                form.fields.push((name.clone(), self.words_within(at)));
                form.controls.push(name);
            }
            ("option", _) => {
                let Some(select) = select else { return };
                let first = !form.fields.iter().any(|(name, _)| name == select);
                if first || has(attributes, "selected") {
                    let value = find(attributes, "value").map(str::to_string);
                    let value = value.unwrap_or_else(|| self.words_within(at));
                    form.fields.retain(|(name, _)| name != select);
                    form.fields.push((select.to_string(), value));
                }
            }
            _ => {}
        }
    }

    /// Where the link with these words leads.
    pub fn link(&self, words: &str) -> Option<String> {
        self.pieces.iter().enumerate().find_map(|(at, piece)| match piece {
            Piece::Open { name, attributes } if name == "a" && self.words_within(at).contains(words) => {
                find(attributes, "href").map(str::to_string)
            }
            _ => None,
        })
    }

    /// The words between an opening tag and its closing one.
    fn words_within(&self, open: usize) -> String {
        let Piece::Open { name, .. } = &self.pieces[open] else { return String::new() };
        let mut depth = 0;
        let mut text = String::new();
        for piece in &self.pieces[open + 1..] {
            match piece {
                Piece::Open { name: inner, .. } if inner == name => depth += 1,
                Piece::Close(inner) if inner == name && depth == 0 => break,
                Piece::Close(inner) if inner == name => depth -= 1,
                Piece::Text(words) => text.push_str(words),
                _ => text.push(' '),
            }
        }
        squeeze(&text)
    }
}

type Attributes = Vec<(String, String)>;

fn find<'a>(attributes: &'a Attributes, wanted: &str) -> Option<&'a str> {
    attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}

fn has(attributes: &Attributes, wanted: &str) -> bool {
    find(attributes, wanted).is_some()
}

/// Past the `>` that ends the tag at the start of `text`; one inside quotes does not.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn read_tag(tag: &str) -> (String, Attributes) {
    let tag = tag.trim_end_matches('/');
    let (name, mut rest) = tag.split_at(tag.find(char::is_whitespace).unwrap_or(tag.len()));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        if end == 0 {
            return (name.to_ascii_lowercase(), attributes);
        }
        let key = rest[..end].to_ascii_lowercase();
        rest = &rest[end..];
        let Some(after) = rest.strip_prefix('=') else {
            attributes.push((key, String::new()));
            continue;
        };
        let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'');
        let (value, left) = match quote {
            Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
        };
        attributes.push((key, decode(value)));
        rest = left;
    }
}

fn squeeze(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() && c != '\u{a0}')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Character references as our templates write them.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(';').filter(|end| *end < 10);
        match end.and_then(|end| Some((character(&rest[1..end])?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str, base| u32::from_str_radix(digits, base).ok().and_then(char::from_u32);
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => match name.strip_prefix("#x").or(name.strip_prefix("#X")) {
            Some(hex) => number(hex, 16),
            None => number(name.strip_prefix('#')?, 10),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><title>x</title><h1>Nộp  hồ sơ</h1>
<p role="alert">Thiếu <b>họ tên</b> &amp; số&#32;nhà</p><script>if (a < b) f("</p>")</script>
<form method="post" action="/nop?a=1&amp;b=2"><input type=hidden name=_csrf value='k"1'>
<label>Họ tên <input name="ten" value="An &lt;3"></label>
<select name="xa"><option value="1">Một</option><option value="2" selected>Hai</option></select>
<input type="checkbox" name="dong_y"><textarea name="ghi_chu">a &gt; b</textarea>
<input type="file" name="tep"><button name="buoc" value="tiep">Tiếp tục</button></form>
<a href="/tra-cuu">Tra cứu</a>"#;

    #[test]
    fn a_form_is_read_with_what_it_would_send() {
        let forms = Page::parse(PAGE).forms();
        let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
        };
        let expected = Form {
            action: "/nop?a=1&b=2".into(),
            post: true,
            fields: pairs(&[("_csrf", "k\"1"), ("ten", "An <3"), ("xa", "2"), ("ghi_chu", "a > b")]),
            controls: ["_csrf", "ten", "xa", "dong_y", "ghi_chu", "tep"].map(String::from).to_vec(),
            buttons: vec![("Tiếp tục".into(), Some(("buoc".into(), "tiep".into())))],
        };
        assert_eq!(forms, [expected]);
    }

    #[test]
    fn words_and_outline_are_what_a_person_reads() {
        let page = Page::parse(PAGE);
        assert!(page.text().contains("Thiếu họ tên & số nhà"), "{}", page.text());
        assert!(!page.text().contains("f("));
        assert_eq!(page.link("Tra cứu").as_deref(), Some("/tra-cuu"));
        let outline = "h1 Nộp hồ sơ\n! Thiếu họ tên & số nhà\nlabel Họ tên\nbutton Tiếp tục\na Tra cứu\n";
        assert_eq!(page.outline(), outline);
    }
}
