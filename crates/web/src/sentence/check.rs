//! For tests: what is wrong between a folder of templates and its English. English may say of a value that
//! it is Vietnamese, `<span lang='vi'>{name}</span>`, for those who hear the page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Sentences;

/// Attributes that people read or hear.
const READ: [&str; 5] = ["aria-label", "placeholder", "title", "alt", "label"];
/// Elements whose content is not prose: keys of a keyboard, drawings.
const NOT_PROSE: [&str; 4] = ["kbd", "script", "style", "svg"];

/// Everything wrong, as "file: what". Nothing is wrong when each text that people read is a sentence,
/// each sentence has English with the same holes and the same markup, each hole is filled, and no English
/// stands for a sentence that no template says.
///
/// # Panics
/// When the folder cannot be read.
pub fn check(templates: impl AsRef<Path>, sentences: &'static Sentences) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    crate::words::walk(templates.as_ref(), &mut |path, text| {
        let mut tell = |what: String| wrong.push(format!("{}: {what}", path.display()));
        let page = Page::read(text);
        for said in &page.said {
            used.insert(said.key.clone());
            if let Some(what) = said.fault(sentences) {
                tell(format!("{what}: {:?}", said.key));
            }
        }
        page.unsaid.iter().for_each(|text| tell(format!("not a sentence: {text:?}")));
    });
    let unused = sentences.english.keys().filter(|key| !used.contains(*key));
    wrong.extend(unused.map(|key| format!("no template says {key:?}")));
    wrong.sort();
    wrong
}

/// A sentence as a template says it.
struct Use {
    key: String,
    /// Names given to `with`.
    filled: BTreeSet<String>,
    /// The attribute it stands in; `None` between tags.
    attribute: Option<String>,
}

impl Use {
    fn fault(&self, sentences: &'static Sentences) -> Option<&'static str> {
        let Some(english) = sentences.english(&self.key) else { return Some("no English") };
        // The browser fills what stands in `data-…`.
        let by_script = self.attribute.as_ref().is_some_and(|name| name.starts_with("data-"));
        if holes(&self.key) != holes(english) {
            Some("other holes in English")
        } else if !by_script && holes(&self.key) != self.filled {
            Some("its holes and what fills them differ")
        } else if tags(&self.key) != tags(&unmarked(english)) {
            Some("other markup in English")
        } else if [&self.key[..], english].iter().any(|text| !self.may_stand(text)) {
            Some("a sign that would break the page")
        } else {
            None
        }
    }

    /// Sentences are printed as they are: between tags they may hold markup, in an attribute nothing that
    /// ends it, and `&` only as the beginning of an entity.
    fn may_stand(&self, text: &str) -> bool {
        let mut entities = text.split('&').skip(1);
        let sound = entities.all(|rest| {
            let name = rest.split_once(';').map_or("", |(name, _)| name);
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
        });
        let outside: String =
            text.split('<').map(|part| part.split_once('>').map_or(part, |(_, t)| t)).collect();
        let quotes = if self.attribute.is_some() { text } else { &outside };
        sound && !quotes.contains('"') && (self.attribute.is_none() || !text.contains('<'))
    }
}

fn holes(text: &str) -> BTreeSet<String> {
    text.split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name.to_string())
        .collect()
}

/// Without the marks that a value is Vietnamese, `<span lang='vi'>{name}</span>`.
fn unmarked(english: &str) -> String {
    let mut parts = english.split("<span lang='vi'>");
    let mut text = parts.next().unwrap_or_default().to_string();
    parts.for_each(|part| text += &part.replacen("</span>", "", 1));
    text
}

/// How often each tag stands in it.
fn tags(text: &str) -> BTreeMap<&str, usize> {
    let mut tags = BTreeMap::new();
    for tag in text.split('<').skip(1) {
        *tags.entry(tag.split_once('>').map_or(tag, |(tag, _)| tag)).or_default() += 1;
    }
    tags
}

/// What a template says, and what it fails to.
#[derive(Default)]
struct Page {
    said: Vec<Use>,
    unsaid: Vec<String>,
    /// The attribute that is being read, inside a tag.
    attribute: Option<String>,
}

impl Page {
    fn read(text: &str) -> Page {
        let mut page = Page::default();
        let mut rest = text;
        let mut skip: Option<String> = None;
        while !rest.is_empty() {
            if let Some((code, after)) = code_at(rest) {
                page.code(code);
                rest = after;
            } else if let Some(tag) = tag_at(rest) {
                if skip.as_deref().is_some_and(|name| tag.closes(name)) {
                    skip = None;
                } else if skip.is_none() && NOT_PROSE.contains(&tag.name.as_str()) && !tag.is_end {
                    skip = Some(tag.name.clone());
                }
                rest = page.tag(tag, &rest[1..]);
            } else {
                let mut signs = rest.char_indices().skip(1);
                let end = signs.find(|(_, c)| matches!(c, '<' | '{')).map_or(rest.len(), |(at, _)| at);
                if skip.is_none() {
                    page.prose(&rest[..end]);
                }
                rest = &rest[end..];
            }
        }
        page
    }

    /// The inside of a tag, up to its end; the rest of the text.
    fn tag<'a>(&mut self, tag: Tag, text: &'a str) -> &'a str {
        let mut rest = text;
        let mut literal = String::new();
        let (mut name, mut quoted) = (String::new(), false);
        let own = text.split_once('>').map_or(text, |(own, _)| own);
        let is_button = tag.name == "input" && (own.contains("\"submit\"") || own.contains("\"button\""));
        while let Some(c) = rest.chars().next() {
            if let Some((code, after)) = code_at(rest) {
                self.attribute = Some(name.clone());
                self.code(code);
                self.attribute = None;
                rest = after;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match (quoted, c) {
                (true, '"') => {
                    if READ.contains(&name.as_str()) || (is_button && name == "value") {
                        self.prose(&literal);
                    }
                    (quoted, name) = (false, String::new());
                    literal.clear();
                }
                (true, c) => literal.push(c),
                (false, '>') => break,
                (false, '"') => quoted = true,
                (false, c) if c.is_whitespace() => name.clear(),
                (false, '=') => {}
                (false, c) => name.push(c),
            }
        }
        rest
    }

    /// Text as it stands: two letters in a row are a word somebody forgot.
    fn prose(&mut self, text: &str) {
        let entity = |part: &str| part.split_once(';').map(|(_, after)| after.to_string());
        let plain: String = match text.split_once('&') {
            Some((before, _)) => {
                let after = text.split('&').skip(1).filter_map(entity).collect::<String>();
                before.to_string() + &after
            }
            None => text.to_string(),
        };
        // A block may give the class of the page it stands in.
        let is_class = plain.contains('-') && plain.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if !is_class && plain.split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() > 1) {
            self.unsaid.push(plain.trim().to_string());
        }
    }

    /// A piece of template code: literals before `|t` are sentences, others must not be Vietnamese.
    fn code(&mut self, code: &str) {
        let mut rest = code;
        while let Some((_, after)) = rest.split_once('"') {
            let (text, after) = literal(after);
            if after.starts_with("|t") && !after[2..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
                let filled = after.split("|with(\"").skip(1).filter_map(|w| w.split_once('"'));
                let filled = filled.map(|(name, _)| name.to_string()).collect();
                self.said.push(Use { key: text, filled, attribute: self.attribute.clone() });
                // The names of holes and their values are no sentences.
                return;
            }
            if !text.is_ascii() && text.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
                self.unsaid.push(text);
            }
            rest = after;
        }
    }
}

/// A literal that has begun: its text, and what follows.
fn literal(text: &str) -> (String, &str) {
    let mut said = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (said, &text[at + 1..]),
            '\\' => said.extend(chars.next().map(|(_, c)| c)),
            c => said.push(c),
        }
    }
    (said, "")
}

/// `{{ … }}`, `{% … %}` or `{# … #}` at the beginning of a text, and what follows.
fn code_at(text: &str) -> Option<(&str, &str)> {
    for (open, close) in [("{{", "}}"), ("{%", "%}"), ("{#", "#}")] {
        let Some(inside) = text.strip_prefix(open) else { continue };
        if open == "{#" {
            return Some(("", inside.split_once(close)?.1));
        }
        let mut is_literal = false;
        let mut before = ' ';
        for (at, c) in inside.char_indices() {
            match c {
                '"' if before != '\\' => is_literal = !is_literal,
                _ if !is_literal && inside[at..].starts_with(close) => {
                    return Some((&inside[..at], &inside[at + 2..]));
                }
                _ => {}
            }
            before = c;
        }
    }
    None
}

struct Tag {
    name: String,
    is_end: bool,
}

impl Tag {
    fn closes(&self, name: &str) -> bool {
        self.is_end && self.name == name
    }
}

/// A tag at the beginning of a text.
fn tag_at(text: &str) -> Option<Tag> {
    let inside = text.strip_prefix('<')?;
    let (is_end, inside) = inside.strip_prefix('/').map_or((false, inside), |inside| (true, inside));
    let name: String = inside.chars().take_while(char::is_ascii_alphanumeric).collect();
    let is_tag = !name.is_empty() || inside.starts_with('!');
    is_tag.then_some(Tag { name, is_end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let page = Page::read(text);
        (page.said.iter().map(|said| said.key.clone()).collect(), page.unsaid)
    }

    #[test]
    fn what_people_read_is_a_sentence_or_found() {
        let none = Vec::<String>::new();
        let fine = r#"<p title="{{ "Mở"|t }}">{{ "Xem <a href=\"/x\">tất cả</a>"|t }} · {{ n }}</p>"#;
        assert_eq!(read(fine), (vec!["Mở".into(), "Xem <a href=\"/x\">tất cả</a>".into()], none.clone()));
        assert_eq!(read("<p>Xem</p>").1, ["Xem"]);
        assert_eq!(read("{% if a > b %}Xem{% endif %}").1, ["Xem"]);
        assert_eq!(read(r#"<a aria-label="Xem {{ n }}" href="/thu-tuc">"#).1, ["Xem"]);
        assert_eq!(read(r#"<input type="submit" value="Xem">"#).1, ["Xem"]);
        assert_eq!(read(r#"<input type="hidden" value="xem"><input type="submit">"#).1, none);
        assert_eq!(read(r#"{{ say("Mở") }}"#).1, ["Mở"]);
        assert_eq!(read("<kbd>Enter</kbd> &nbsp; · {# Xem #} 7 <svg><path d=\"M 10\"/></svg>").1, none);
        assert_eq!(read("<kbd>Enter</kbd> mở").1, ["mở"]);
    }

    #[test]
    fn sentences_that_would_come_out_wrong_are_found() {
        static ENGLISH: std::sync::LazyLock<Sentences> = std::sync::LazyLock::new(|| {
            Sentences::load(&[r#"
                "Xem {n}" = "See {m}"
                "Xem {k} tệp" = "See {k} files"
                "Xem <b>tệp</b>" = "See the file"
                "Xem tệp" = "See the \"file\""
                "Xem" = "See & go"
                "Mở" = "Open"
                "Mở {k}" = "Open <span lang='vi'>{k}</span>"
            "#])
        });
        let fault = |text: &str| Page::read(text).said[0].fault(&ENGLISH);
        assert_eq!(fault(r#"{{ "Đóng"|t }}"#), Some("no English"));
        assert_eq!(fault(r#"{{ "Xem {n}"|t|with("n", n) }}"#), Some("other holes in English"));
        let unfilled = Some("its holes and what fills them differ");
        assert_eq!(fault(r#"{{ "Xem {k} tệp"|t }}"#), unfilled);
        assert_eq!(fault(r#"{{ "Xem {k} tệp"|t|with("n", n) }}"#), unfilled);
        assert_eq!(fault(r#"{{ "Xem {k} tệp"|t|with("k", n) }}"#), None);
        assert_eq!(fault(r#"<p data-said="{{ "Xem {k} tệp"|t }}">"#), None);
        assert_eq!(fault(r#"{{ "Xem <b>tệp</b>"|t }}"#), Some("other markup in English"));
        let breaks = Some("a sign that would break the page");
        assert_eq!(fault(r#"{{ "Xem tệp"|t }}"#), breaks);
        assert_eq!(fault(r#"{{ "Xem"|t }}"#), breaks);
        assert_eq!(fault(r#"{{ "Mở"|t }}"#), None);
        assert_eq!(fault(r#"{{ "Mở {k}"|t|with("k", k) }}"#), None);
        assert_eq!(fault(r#"<p title="{{ "Mở {k}"|t|with("k", k) }}">"#), breaks);
    }
}
