//! Canonical XML 1.0 and 1.1 and Exclusive XML Canonicalization 1.0, each with and without comments, of a
//! document or of one element with what is in it. Node sets of other shapes exist only through XPath, which
//! we do not take.

mod base_uri;
#[cfg(test)]
mod tests;

use crate::doc::{Doc, Node, XML};
use crate::escape;
use std::borrow::Cow;

/// Which rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Canonical XML 1.0.
    Inclusive10,
    /// Canonical XML 1.1.
    Inclusive11,
    /// Exclusive XML Canonicalization 1.0.
    Exclusive,
}

/// A method of canonicalization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Which rules.
    pub rules: Rules,
    /// Whether comments stay.
    pub comments: bool,
    /// The prefixes that exclusive canonicalization treats inclusively; the empty one is the default
    /// namespace.
    pub inclusive: Vec<String>,
}

const METHODS: [(&str, Rules, bool); 6] = [
    ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", Rules::Inclusive10, false),
    ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments", Rules::Inclusive10, true),
    ("http://www.w3.org/2006/12/xml-c14n11", Rules::Inclusive11, false),
    ("http://www.w3.org/2006/12/xml-c14n11#WithComments", Rules::Inclusive11, true),
    ("http://www.w3.org/2001/10/xml-exc-c14n#", Rules::Exclusive, false),
    ("http://www.w3.org/2001/10/xml-exc-c14n#WithComments", Rules::Exclusive, true),
];

impl Method {
    /// Without comments and without prefixes treated inclusively.
    pub const fn new(rules: Rules) -> Method {
        Method { rules, comments: false, inclusive: Vec::new() }
    }

    /// The same with comments.
    pub fn with_comments(self) -> Method {
        Method { comments: true, ..self }
    }

    /// The same with a prefix list, as it stands in `PrefixList`.
    pub fn with_prefixes(self, list: &str) -> Method {
        let prefixes = list.split_ascii_whitespace();
        let inclusive = prefixes.map(|p| if p == "#default" { "" } else { p }.to_string()).collect();
        Method { inclusive, ..self }
    }

    /// The method of this algorithm identifier.
    pub fn find(uri: &str) -> Option<Method> {
        let (_, rules, comments) = METHODS.iter().find(|(known, ..)| *known == uri)?;
        Some(Method { rules: *rules, comments: *comments, inclusive: vec![] })
    }

    /// Its algorithm identifier.
    pub fn uri(&self) -> &'static str {
        let known =
            METHODS.iter().find(|(_, rules, comments)| (*rules, *comments) == (self.rules, self.comments));
        known.expect("the table has every pair").0
    }
}

/// What is canonicalized: a node with all that is in it, less one element, less the comments.
#[derive(Debug, Clone, Copy)]
pub struct Subset<'d, 's> {
    /// The document's root or an element.
    pub apex: Node<'d, 's>,
    /// An element left out with all that is in it.
    pub without: Option<Node<'d, 's>>,
    /// Whether comments belong to the set. They are written only if the method keeps them too.
    pub comments: bool,
}

impl<'d, 's> Subset<'d, 's> {
    /// A node with all that is in it.
    pub fn all(apex: Node<'d, 's>) -> Subset<'d, 's> {
        Subset { apex, without: None, comments: true }
    }
}

/// The canonical form was given up because its receiver did not want more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// Writes the canonical form of `subset` piece by piece to `to`, which stops the writing by answering false.
pub fn write<'d, 's>(
    doc: &'d Doc<'s>,
    subset: Subset<'d, 's>,
    method: &Method,
    to: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), Stopped> {
    let mut writer = Writer {
        doc,
        subset,
        method,
        comments: subset.comments && method.comments,
        out: Vec::with_capacity(PIECE + 1_024),
        to,
        rendered: vec![],
        open: vec![],
        declared: vec![],
        attributes: vec![],
    };
    writer.walk()?;
    writer.flush()
}

/// The canonical form of `subset` in memory; `None` when it is longer than `octets_max`.
pub fn octets<'d, 's>(
    doc: &'d Doc<'s>,
    subset: Subset<'d, 's>,
    method: &Method,
    octets_max: u64,
) -> Option<Vec<u8>> {
    let mut all = vec![];
    let mut take = |piece: &[u8]| {
        all.extend_from_slice(piece);
        all.len() as u64 <= octets_max
    };
    write(doc, subset, method, &mut take).ok()?;
    Some(all)
}

/// Octets are handed on in pieces of about this size.
const PIECE: usize = 16 << 10;

struct Writer<'w, 'd, 's> {
    doc: &'d Doc<'s>,
    subset: Subset<'d, 's>,
    method: &'w Method,
    comments: bool,
    out: Vec<u8>,
    to: &'w mut dyn FnMut(&[u8]) -> bool,
    /// Exclusive: the declarations written by the elements that are open, innermost last.
    rendered: Vec<Declared<'d>>,
    /// The elements that are open: the name of each as it is written, and how many of those declarations
    /// there were when it began.
    open: Vec<(&'d str, usize)>,
    /// What the element at hand declares; kept to be used again.
    declared: Vec<Declared<'d>>,
    /// The attributes of the element at hand; kept to be used again.
    attributes: Vec<Written<'d>>,
}

/// A prefix (empty for the default) and its namespace (empty for none).
type Declared<'d> = (&'d str, &'d str);

/// An attribute as it will be written: namespace, local name, name with prefix, value.
type Written<'d> = (&'d str, &'d str, &'d str, Cow<'d, str>);

impl<'d, 's: 'd> Writer<'_, 'd, 's> {
    fn walk(&mut self) -> Result<(), Stopped> {
        let apex = self.subset.apex;
        let mut node = apex;
        loop {
            if let Some(first) = self.enter(node)? {
                node = first;
                continue;
            }
            loop {
                if node == apex {
                    return Ok(());
                }
                if let Some(next) = node.next_sibling() {
                    node = next;
                    break;
                }
                node = node.parent().expect("below the apex every node has a parent");
                self.leave(node);
            }
        }
    }

    /// Writes what stands before a node's children; answers the first of them, if they are to be visited.
    fn enter(&mut self, node: Node<'d, 's>) -> Result<Option<Node<'d, 's>>, Stopped> {
        if self.subset.without == Some(node) {
            return Ok(None);
        }
        if node.is_element() {
            self.start_tag(node);
            if node.first_child().is_none() {
                self.leave(node);
            }
        } else if node.is_text() {
            self.text(node.text().unwrap_or_default())?;
        } else if node.is_comment() && self.comments {
            self.beside_root(node, |writer| {
                writer.out.extend_from_slice(b"<!--");
                writer.lines(node.text().unwrap_or_default());
                writer.out.extend_from_slice(b"-->");
            });
        } else if let Some(pi) = node.pi() {
            self.beside_root(node, |writer| {
                writer.out.extend_from_slice(b"<?");
                writer.out.extend_from_slice(pi.target.as_bytes());
                if let Some(value) = pi.value {
                    writer.out.push(b' ');
                    writer.lines(value);
                }
                writer.out.extend_from_slice(b"?>");
            });
        }
        if self.out.len() >= PIECE {
            self.flush()?;
        }
        Ok(node.first_child())
    }

    fn leave(&mut self, node: Node<'d, 's>) {
        if !node.is_element() {
            return;
        }
        let (name, mark) = self.open.pop().expect("what is left was entered");
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'>');
        self.rendered.truncate(mark);
    }

    /// Comments and instructions outside the document element stand on lines of their own.
    fn beside_root(&mut self, node: Node<'d, 's>, write: impl FnOnce(&mut Self)) {
        let outside = node.parent().is_some_and(|parent| parent.is_root());
        let after = outside && node.range().start > self.doc.root_element().range().start;
        if after {
            self.out.push(b'\n');
        }
        write(self);
        if outside && !after {
            self.out.push(b'\n');
        }
    }

    fn start_tag(&mut self, node: Node<'d, 's>) {
        self.declared.clear();
        self.attributes.clear();
        let name = node.qualified_name();
        self.open.push((name, self.rendered.len()));
        match self.method.rules {
            Rules::Exclusive => self.declare_what_is_used(node, name),
            _ => self.declare_what_is_new(node),
        }
        self.declared.sort_unstable();
        for attribute in node.attributes() {
            let namespace = attribute.namespace().unwrap_or_default();
            let value = Cow::Borrowed(attribute.value());
            self.attributes.push((namespace, attribute.name(), attribute.qualified_name(), value));
        }
        if node == self.subset.apex && self.method.rules != Rules::Exclusive {
            self.inherit(node);
        }
        self.attributes.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));

        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        for (prefix, namespace) in &self.declared {
            self.out.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            self.out.extend_from_slice(prefix.as_bytes());
            put_value(&mut self.out, namespace);
        }
        for (_, _, qualified, value) in &self.attributes {
            self.out.push(b' ');
            self.out.extend_from_slice(qualified.as_bytes());
            put_value(&mut self.out, value);
        }
        self.out.push(b'>');
    }

    /// Inclusive: at the apex every namespace in scope, below it what an element declares otherwise than its
    /// parent.
    fn declare_what_is_new(&mut self, node: Node<'d, 's>) {
        let top = node == self.subset.apex || node.parent().is_none_or(|parent| parent.is_root());
        if top {
            let all = node.namespaces().into_iter();
            self.declared.extend(all.filter(|(prefix, uri)| !(prefix.is_empty() && uri.is_empty())));
            return;
        }
        for (prefix, uri) in node.own_namespaces() {
            let above = node.parent().and_then(|parent| parent.lookup_namespace_uri(prefix));
            if above.unwrap_or_default() != uri {
                self.declared.push((prefix, uri));
            }
        }
    }

    /// Exclusive: what the element and its attributes use and no open element has written, and the listed
    /// prefixes.
    fn declare_what_is_used(&mut self, node: Node<'d, 's>, name: &'d str) {
        let prefix_of = |qualified: &'d str| qualified.split_once(':').map_or("", |(prefix, _)| prefix);
        self.declare(prefix_of(name), node.tag_name().namespace().unwrap_or_default());
        for attribute in node.attributes() {
            match attribute.namespace() {
                None | Some(XML) => {}
                Some(namespace) => self.declare(prefix_of(attribute.qualified_name()), namespace),
            }
        }
        if self.method.inclusive.is_empty() {
            return;
        }
        // Below the apex only an element's own declarations can differ from what is written already.
        match node == self.subset.apex {
            true => node.namespaces().into_iter().for_each(|(prefix, uri)| self.declare_listed(prefix, uri)),
            false => node.own_namespaces().for_each(|(prefix, uri)| self.declare_listed(prefix, uri)),
        }
    }

    fn declare_listed(&mut self, prefix: &'d str, namespace: &'d str) {
        if self.method.inclusive.iter().any(|listed| listed == prefix) {
            self.declare(prefix, namespace);
        }
    }

    fn declare(&mut self, prefix: &'d str, namespace: &'d str) {
        let known = self.rendered.iter().rev().find(|(known, _)| *known == prefix);
        if known.map_or("", |(_, uri)| uri) != namespace {
            self.rendered.push((prefix, namespace));
            self.declared.push((prefix, namespace));
        }
    }

    /// Inclusive: the apex takes over the `xml:` attributes of the elements above it, which are not written.
    fn inherit(&mut self, node: Node<'d, 's>) {
        let eleven = self.method.rules == Rules::Inclusive11;
        let mut bases = vec![];
        for above in node.ancestors().skip(1).filter(|above| above.is_element()) {
            for attribute in above.attributes().filter(|attribute| attribute.namespace() == Some(XML)) {
                let name = attribute.name();
                if eleven && name == "base" {
                    bases.push(attribute.value());
                }
                let taken = !eleven || matches!(name, "lang" | "space");
                if taken && !self.attributes.iter().any(|(uri, local, ..)| (*uri, *local) == (XML, name)) {
                    let value = Cow::Borrowed(attribute.value());
                    self.attributes.push((XML, name, attribute.qualified_name(), value));
                }
            }
        }
        if bases.is_empty() {
            return;
        }
        let own = self.attributes.iter().position(|(uri, local, ..)| (*uri, *local) == (XML, "base"));
        let own = own.map(|index| self.attributes.remove(index).3);
        let outermost_first = bases.iter().rev().copied().chain(own.as_deref());
        let joined = outermost_first.fold(String::new(), |base, relative| base_uri::join(&base, relative));
        if !joined.is_empty() {
            self.attributes.push((XML, "base", "xml:base", Cow::Owned(joined)));
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Stopped> {
        let bytes = text.as_bytes();
        let mut from = 0;
        let is_special = |byte| (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'\r');
        while let Some(at) = escape::next(bytes, from, is_special) {
            let replacement: &[u8] = match bytes[at] {
                b'&' => b"&amp;",
                b'<' => b"&lt;",
                b'>' => b"&gt;",
                _ => b"&#xD;",
            };
            self.run(&bytes[from..at])?;
            self.out.extend_from_slice(replacement);
            from = at + 1;
        }
        self.run(&bytes[from..])
    }

    fn run(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        if self.out.len() + bytes.len() < PIECE {
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush()?;
        if bytes.is_empty() || (self.to)(bytes) { Ok(()) } else { Err(Stopped) }
    }

    /// Comments and instructions as they stand, with the ends of lines the parser left as they were.
    fn lines(&mut self, text: &str) {
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => {}
                b'\r' => self.out.push(b'\n'),
                other => self.out.push(*other),
            }
        }
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        let goes_on = self.out.is_empty() || (self.to)(&self.out);
        self.out.clear();
        if goes_on { Ok(()) } else { Err(Stopped) }
    }
}

fn put_value(out: &mut Vec<u8>, value: &str) {
    out.extend_from_slice(b"=\"");
    let bytes = value.as_bytes();
    let mut from = 0;
    let is_white = |byte| (byte == b'\t') | (byte == b'\n') | (byte == b'\r');
    let is_special = |byte| (byte == b'&') | (byte == b'<') | (byte == b'"') | is_white(byte);
    while let Some(at) = escape::next(bytes, from, is_special) {
        let replacement: &[u8] = match bytes[at] {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'"' => b"&quot;",
            b'\t' => b"&#x9;",
            b'\n' => b"&#xA;",
            _ => b"&#xD;",
        };
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(replacement);
        from = at + 1;
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}
