//! From a document's text to its tree, by Extensible Markup Language 1.0 and Namespaces in XML 1.0, without
//! document types: whatever is not well-formed by both is refused. `scan` has been there and has bounded what
//! the tree may cost.

use crate::doc::XML;
use crate::escape;
use crate::limits::Limits;
use crate::scan::is_space;
use crate::source::{Excess, Unreadable};
use crate::tree::{Declared, Entry, Given, Instruction, Kind, NONE, Name, OF_XML, Scope, Tree};
use memchr::{memchr, memmem};
use std::borrow::Cow;

const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The tree of `text`.
pub(crate) fn parse<'s>(text: &'s str, limits: &Limits) -> Result<Tree<'s>, Unreadable> {
    if let Some(offset) = forbidden(text.as_bytes()) {
        return Err(Unreadable::Malformed { offset });
    }
    // Behind each piece of markup one text may stand.
    let markup = memchr::memchr_iter(b'<', text.as_bytes()).count();
    let nodes = Vec::with_capacity((2 * markup).min(limits.nodes_max as usize) + 1);
    let (attributes, namespaces, scopes) = (Vec::new(), Vec::new(), Vec::new());
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        tree: Tree { nodes, attributes, namespaces, scopes, top: NONE },
        nodes_max: limits.nodes_max as usize,
        open: NONE,
        scope: NONE,
        goes_on: false,
    };
    parser.document()?;
    Ok(parser.tree)
}

/// Where the first character stands that no document may have anywhere: a control character, U+FFFE, U+FFFF.
fn forbidden(bytes: &[u8]) -> Option<usize> {
    let control = |byte: u8| (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
    let first = escape::next(bytes, 0, control);
    let no_character = memmem::find_iter(bytes, b"\xEF\xBF");
    let mut no_character = no_character.filter(|at| matches!(bytes.get(at + 2), Some(0xBE | 0xBF)));
    first.into_iter().chain(no_character.next()).min()
}

struct Parser<'s> {
    text: &'s str,
    bytes: &'s [u8],
    at: usize,
    tree: Tree<'s>,
    nodes_max: usize,
    /// The innermost element that is open.
    open: u32,
    scope: u32,
    /// Whether the last node is a text to which what follows belongs.
    goes_on: bool,
}

impl<'s> Parser<'s> {
    fn malformed<T>(&self, offset: usize) -> Result<T, Unreadable> {
        Err(Unreadable::Malformed { offset })
    }

    fn begins(&self, with: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(with)
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Goes past white space; whether there was any.
    fn spaces(&mut self) -> bool {
        let start = self.at;
        while is_space(self.peek()) {
            self.at += 1;
        }
        self.at > start
    }

    fn expect(&mut self, wanted: &[u8]) -> Result<(), Unreadable> {
        if !self.begins(wanted) {
            return self.malformed(self.at);
        }
        self.at += wanted.len();
        Ok(())
    }

    fn document(&mut self) -> Result<(), Unreadable> {
        let end = self.bytes.len() as u32;
        self.tree.nodes.push(Entry { kind: Kind::Root, start: 0, end, parent: NONE, after: 0 });
        self.open = 0;
        self.declaration()?;
        self.beside()?;
        if self.peek() != b'<' {
            return self.malformed(self.at);
        }
        self.tree.top = self.tree.nodes.len() as u32;
        self.start_tag()?;
        while self.open != 0 {
            self.content()?;
        }
        self.beside()?;
        if self.at < self.bytes.len() {
            return self.malformed(self.at);
        }
        self.tree.nodes[0].after = self.tree.nodes.len() as u32;
        Ok(())
    }

    /// `<?xml version="1.0" encoding="…" standalone="…"?>`; `Source` has judged version and encoding.
    fn declaration(&mut self) -> Result<(), Unreadable> {
        if !self.begins(b"<?xml ") {
            return Ok(());
        }
        self.at += 5;
        let mut parted = self.spaces();
        for (name, is_needed) in [("version", true), ("encoding", false), ("standalone", false)] {
            if !self.begins(name.as_bytes()) {
                if is_needed {
                    return self.malformed(self.at);
                }
                continue;
            }
            if !parted {
                return self.malformed(self.at);
            }
            self.at += name.len();
            let start = self.at;
            let value = self.quoted()?;
            if name == "standalone" && !matches!(value, "yes" | "no") {
                return self.malformed(start);
            }
            parted = self.spaces();
        }
        self.expect(b"?>")
    }

    /// Comments, instructions and white space outside the document element.
    fn beside(&mut self) -> Result<(), Unreadable> {
        loop {
            self.spaces();
            if self.begins(b"<!--") {
                self.comment()?;
            } else if self.begins(b"<?") {
                self.instruction()?;
            } else {
                return Ok(());
            }
        }
    }

    /// The next piece of what is in an element.
    fn content(&mut self) -> Result<(), Unreadable> {
        if self.peek() != b'<' {
            return self.text();
        }
        match self.bytes.get(self.at + 1) {
            Some(b'/') => self.end_tag(),
            Some(b'?') => self.instruction(),
            Some(b'!') if self.begins(b"<!--") => self.comment(),
            Some(b'!') => self.character_data(),
            _ => self.start_tag(),
        }
    }

    fn push(&mut self, kind: Kind<'s>, start: usize) -> Result<u32, Unreadable> {
        if self.tree.nodes.len() >= self.nodes_max {
            return Err(Unreadable::TooMuch(Excess::Nodes));
        }
        let id = self.tree.nodes.len() as u32;
        let (start, end) = (start as u32, self.at as u32);
        self.tree.nodes.push(Entry { kind, start, end, parent: self.open, after: id + 1 });
        self.goes_on = false;
        Ok(id)
    }

    fn comment(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        let inside = start + 4;
        let Some(length) = memmem::find(&self.bytes[inside..], b"--") else { return self.malformed(start) };
        self.at = inside + length;
        self.expect(b"-->")?;
        self.push(Kind::Comment(&self.text[inside..inside + length]), start)?;
        Ok(())
    }

    fn instruction(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        self.at += 2;
        let from = self.at;
        while is_name_char(self.text[self.at..].chars().next()) {
            self.at += self.text[self.at..].chars().next().map_or(1, char::len_utf8);
        }
        let target = &self.text[from..self.at];
        if !is_name_start(target.chars().next()) || target.eq_ignore_ascii_case("xml") {
            return self.malformed(start);
        }
        let parted = self.spaces();
        let from = self.at;
        let Some(length) = memmem::find(&self.bytes[from..], b"?>") else { return self.malformed(start) };
        if length > 0 && !parted {
            return self.malformed(from);
        }
        self.at = from + length + 2;
        let value = Some(&self.text[from..from + length]).filter(|value| !value.is_empty());
        self.push(Kind::Instruction(Instruction { target, value }), start)?;
        Ok(())
    }

    fn text(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        let Some(length) = memchr(b'<', &self.bytes[start..]) else { return self.malformed(start) };
        self.at += length;
        let raw = &self.text[start..self.at];
        let special = |byte| (byte == b'&') | (byte == b'\r') | (byte == b'>');
        let text = match escape::next(raw.as_bytes(), 0, special) {
            None => Cow::Borrowed(raw),
            Some(_) if memmem::find(raw.as_bytes(), b"]]>").is_some() => return self.malformed(start),
            Some(at) => match decoded(raw, at, false) {
                Some(text) => text,
                None => return self.malformed(start),
            },
        };
        self.push_text(text, start)
    }

    fn character_data(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        self.expect(b"<![CDATA[")?;
        let from = self.at;
        let Some(length) = memmem::find(&self.bytes[from..], b"]]>") else { return self.malformed(start) };
        self.at = from + length + 3;
        self.push_text(with_line_feeds(&self.text[from..from + length]), start)
    }

    fn push_text(&mut self, text: Cow<'s, str>, start: usize) -> Result<(), Unreadable> {
        if self.goes_on
            && let Some(Kind::Text(before)) = self.tree.nodes.last_mut().map(|entry| &mut entry.kind)
        {
            before.to_mut().push_str(&text);
            return Ok(());
        }
        self.push(Kind::Text(text), start)?;
        self.goes_on = true;
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        let after = self.tree.nodes.len() as u32;
        let entry = &mut self.tree.nodes[self.open as usize];
        let Kind::Element { name, .. } = &entry.kind else {
            return Err(Unreadable::Malformed { offset: start });
        };
        let name = name.qualified.as_bytes();
        let mut at = start + 2;
        if !self.bytes[at..].starts_with(name) {
            return Err(Unreadable::Malformed { offset: start });
        }
        at += name.len();
        while self.bytes.get(at).is_some_and(|byte| is_space(*byte)) {
            at += 1;
        }
        if self.bytes.get(at) != Some(&b'>') {
            return Err(Unreadable::Malformed { offset: start });
        }
        self.at = at + 1;
        entry.end = self.at as u32;
        entry.after = after;
        self.open = entry.parent;
        self.scope = match self.tree.nodes[self.open as usize].kind {
            Kind::Element { scope, .. } => scope,
            _ => NONE,
        };
        self.goes_on = false;
        Ok(())
    }

    fn start_tag(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        self.at += 1;
        let name = self.name()?;
        let first = self.tree.attributes.len();
        let declared = self.tree.namespaces.len();
        let is_empty = loop {
            let parted = self.spaces();
            match self.peek() {
                b'>' => break false,
                b'/' => break true,
                _ if !parted => return self.malformed(self.at),
                _ => self.attribute(declared)?,
            }
        };
        self.expect(if is_empty { b"/>" } else { b">" })?;
        let (outer, own) = (self.scope, (declared as u32, self.tree.namespaces.len() as u32));
        let scope = if own.0 == own.1 { outer } else { self.tree.scopes.len() as u32 };
        if scope != outer {
            self.tree.scopes.push(Scope { own, outer });
        }
        self.name_attributes(first, scope, start)?;
        let namespace = match (self.tree.find(scope, name.prefix()), name.prefix()) {
            (Some(namespace), _) => namespace,
            (None, "") => NONE,
            (None, _) => return self.malformed(start),
        };
        let attributes = (first as u32, self.tree.attributes.len() as u32);
        let id = self.push(Kind::Element { name, namespace, attributes, scope }, start)?;
        if !is_empty {
            (self.open, self.scope) = (id, scope);
        }
        Ok(())
    }

    /// An attribute, or a declaration of a namespace; those from `declared` on are of the same element.
    fn attribute(&mut self, declared: usize) -> Result<(), Unreadable> {
        let start = self.at;
        let name = self.name()?;
        let raw = self.quoted()?;
        let special =
            |byte| (byte == b'&') | (byte == b'<') | (byte == b'\t') | (byte == b'\n') | (byte == b'\r');
        let value = match escape::next(raw.as_bytes(), 0, special) {
            None => Cow::Borrowed(raw),
            Some(_) if raw.contains('<') => return self.malformed(start),
            Some(at) => match decoded(raw, at, true) {
                Some(value) => value,
                None => return self.malformed(start),
            },
        };
        let prefix = match (name.prefix(), name.qualified) {
            ("xmlns", _) => name.local(),
            (_, "xmlns") => "",
            _ => {
                self.tree.attributes.push(Given { name, namespace: NONE, value });
                return Ok(());
            }
        };
        let (is_xml, is_reserved) = (prefix == "xml", value == XML || value == XMLNS);
        let is_twice = self.tree.namespaces[declared..].iter().any(|ns| ns.prefix == prefix);
        let is_undeclared = !prefix.is_empty() && value.is_empty();
        if is_twice
            || is_undeclared
            || prefix == "xmlns"
            || (is_xml && value != XML)
            || (!is_xml && is_reserved)
        {
            return self.malformed(start);
        }
        if !is_xml {
            self.tree.namespaces.push(Declared { prefix, uri: value });
        }
        Ok(())
    }

    /// Gives the attributes from `first` on their namespaces; no two may have the same name then.
    fn name_attributes(&mut self, first: usize, scope: u32, start: usize) -> Result<(), Unreadable> {
        for index in first..self.tree.attributes.len() {
            let namespace = match self.tree.attributes[index].name.prefix() {
                "" => NONE,
                "xml" => OF_XML,
                prefix => match self.tree.find(scope, prefix) {
                    Some(namespace) => namespace,
                    None => return self.malformed(start),
                },
            };
            self.tree.attributes[index].namespace = namespace;
            let (before, this) = self.tree.attributes[first..=index].split_at(index - first);
            let uri = |namespace: u32| self.tree.namespaces.get(namespace as usize).map(|ns| &*ns.uri);
            let same = |one: &Given<'_>| {
                one.name.local() == this[0].name.local()
                    && (one.namespace == namespace
                        || uri(one.namespace).is_some_and(|one| Some(one) == uri(namespace)))
            };
            if before.iter().any(same) {
                return self.malformed(start);
            }
        }
        Ok(())
    }

    /// `= "…"`, what is between the quotes.
    fn quoted(&mut self) -> Result<&'s str, Unreadable> {
        self.spaces();
        self.expect(b"=")?;
        self.spaces();
        let quote = self.peek();
        if quote != b'"' && quote != b'\'' {
            return self.malformed(self.at);
        }
        let from = self.at + 1;
        let Some(length) = memchr(quote, &self.bytes[from..]) else { return self.malformed(self.at) };
        self.at = from + length + 1;
        Ok(&self.text[from..from + length])
    }

    /// A name with or without a prefix.
    fn name(&mut self) -> Result<Name<'s>, Unreadable> {
        let start = self.at;
        let (mut local, mut is_ascii) = (start, true);
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | b'-' | b'.' => {}
                b':' if local == start && self.at > start => local = self.at + 1,
                0x80.. => is_ascii = false,
                _ => break,
            }
            self.at += 1;
        }
        let qualified = &self.text[start..self.at];
        let name = Name { qualified, local_at: (local - start) as u32 };
        let parts = [&qualified[..(local - start).saturating_sub(1)], &qualified[local - start..]];
        let begins_well = |part: &&str| is_name_start(part.chars().next());
        let is_well = begins_well(&parts[1])
            && (parts[0].is_empty() || begins_well(&parts[0]))
            && (is_ascii || qualified.chars().all(|c| c == ':' || is_name_char(Some(c))));
        if is_well { Ok(name) } else { self.malformed(start) }
    }
}

/// With line ends as they count: `\r\n` and `\r` are `\n`.
fn with_line_feeds(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\r') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
}

/// What a text or a value means, from `at` on where the first byte stands that may mean something else; in a
/// value white space is a space. `None` where a reference is none.
fn decoded(raw: &str, mut at: usize, in_value: bool) -> Option<Cow<'_, str>> {
    let mut out = String::with_capacity(raw.len());
    let (bytes, mut from) = (raw.as_bytes(), 0);
    let special = |byte| (byte == b'&') | (byte == b'\r') | (in_value & ((byte == b'\t') | (byte == b'\n')));
    loop {
        out.push_str(&raw[from..at]);
        from = match bytes.get(at) {
            None => return Some(Cow::Owned(out)),
            Some(b'&') => {
                let end = at + memchr(b';', &bytes[at..])?;
                out.push(referred(&raw[at + 1..end])?);
                end + 1
            }
            Some(b'\r') => {
                out.push(if in_value { ' ' } else { '\n' });
                at + if bytes.get(at + 1) == Some(&b'\n') { 2 } else { 1 }
            }
            Some(b'\t' | b'\n') if in_value => {
                out.push(' ');
                at + 1
            }
            // Only what must not stand here raw, and was looked for with the rest.
            Some(other) => {
                out.push(char::from(*other));
                at + 1
            }
        };
        at = escape::next(bytes, from, special).unwrap_or(bytes.len());
    }
}

/// The character that a reference means.
fn referred(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return Some(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => return None,
        });
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    let are_digits = digits.bytes().all(|digit| char::from(digit).is_digit(radix));
    let c = char::from_u32(u32::from_str_radix(digits, radix).ok().filter(|_| are_digits)?)?;
    let may_stand =
        !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    may_stand.then_some(c)
}

/// What a name may begin with; a colon parts a prefix, and is not asked about.
fn is_name_start(c: Option<char>) -> bool {
    matches!(
        c,
        Some(
            'a'..='z'
            | 'A'..='Z'
            | '_'
            | '\u{C0}'..='\u{D6}'
            | '\u{D8}'..='\u{F6}'
            | '\u{F8}'..='\u{2FF}'
            | '\u{370}'..='\u{37D}'
            | '\u{37F}'..='\u{1FFF}'
            | '\u{200C}'
            | '\u{200D}'
            | '\u{2070}'..='\u{218F}'
            | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}'
            | '\u{F900}'..='\u{FDCF}'
            | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}',
        )
    )
}

/// What may stand in a name.
fn is_name_char(c: Option<char>) -> bool {
    let more =
        matches!(c, Some('0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}'));
    more || is_name_start(c)
}
