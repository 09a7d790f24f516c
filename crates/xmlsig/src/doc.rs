//! A parsed document: the tree, where its parts stand in the text, and who is called by which Id.

use crate::source::{Excess, Source, Unreadable};
use roxmltree::{Document, ParsingOptions};
use std::collections::HashMap;
use std::ops::Range;

/// A node of a document.
pub type Node<'d, 's> = roxmltree::Node<'d, 's>;

/// The namespace of `xml:id`, `xml:lang`, `xml:space` and `xml:base`.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of XML signatures.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The namespace of keys in XML signatures 1.1.
pub const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";
/// The namespace of exclusive canonicalization.
pub const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The namespace of XAdES.
pub const XADES: &str = "http://uri.etsi.org/01903/v1.3.2#";
/// The namespace of XAdES's additions of 1.4.1.
pub const XADES141: &str = "http://uri.etsi.org/01903/v1.4.1#";
/// The namespace of `wsu:Id`.
pub const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// A document's tree over its text.
#[derive(Debug)]
pub struct Doc<'s> {
    source: &'s Source<'s>,
    tree: Document<'s>,
}

/// Who is called by an Id.
#[derive(Debug, Clone, Copy)]
pub enum Called<'d, 's> {
    /// Nobody.
    Nobody,
    /// This element.
    One(Node<'d, 's>),
    /// More than one: a document in which a reference would mean whichever we meet first.
    Several,
}

impl<'s> Doc<'s> {
    /// Builds the tree. Fails when the text is not well-formed or declares a prefix for no namespace.
    pub fn parse(source: &'s Source<'s>) -> Result<Doc<'s>, Unreadable> {
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: source.limits().nodes_max,
            entity_resolver: None,
        };
        let tree = Document::parse_with_options(source.text(), options)
            .map_err(|e| unreadable(source.text(), &e))?;
        let doc = Doc { source, tree };
        if !source.scan.declaring.is_empty() {
            doc.refuse_undeclared_prefixes()?;
        }
        Ok(doc)
    }

    /// Namespaces in XML 1.0 knows `xmlns=""`, but no `xmlns:p=""`.
    fn refuse_undeclared_prefixes(&self) -> Result<(), Unreadable> {
        for node in self.tree.descendants().filter(|node| node.is_element()) {
            if self.own_namespaces(node).any(|ns| ns.name().is_some() && ns.uri().is_empty()) {
                return Err(Unreadable::Malformed { offset: node.range().start });
            }
        }
        Ok(())
    }

    /// The text it was built over.
    pub fn text(&self) -> &'s str {
        self.source.text()
    }

    /// What it was measured by.
    pub fn limits(&self) -> &'s crate::Limits {
        self.source.limits()
    }

    /// The node above the document element.
    pub fn root(&self) -> Node<'_, 's> {
        self.tree.root()
    }

    /// The document element.
    pub fn root_element(&self) -> Node<'_, 's> {
        self.tree.root_element()
    }

    /// The element that begins at this offset of the text.
    pub fn element_at(&self, offset: usize) -> Option<Node<'_, 's>> {
        self.tree.descendants().find(|node| node.is_element() && node.range().start == offset)
    }

    /// All elements of this name, in document order.
    pub fn elements(&self, namespace: &str, name: &str) -> impl Iterator<Item = Node<'_, 's>> {
        self.tree.descendants().filter(move |node| is(*node, namespace, name))
    }

    /// The namespaces an element itself declares. The tree lists an element's own before those it inherits.
    pub(crate) fn own_namespaces<'d>(
        &self,
        node: Node<'d, 's>,
    ) -> impl Iterator<Item = &'d roxmltree::Namespace<'s>> + use<'d, 's> {
        let declaring = &self.source.scan.declaring;
        let start = node.range().start as u32;
        let count = match declaring.binary_search_by_key(&start, |(at, _)| *at) {
            Ok(index) if node.is_element() => declaring[index].1,
            _ => 0,
        };
        node.namespaces().take(count.into())
    }

    /// An element's name as it is written, prefix and all.
    pub(crate) fn qualified_name(&self, node: Node<'_, 's>) -> &'s str {
        let rest = &self.text()[node.range().start + 1..];
        let end = rest.bytes().take_while(|b| crate::scan::is_name_byte(*b)).count();
        &rest[..end]
    }

    /// Where the inside of an element stands in the text; `None` for `<a/>`.
    pub(crate) fn inside(&self, node: Node<'_, 's>) -> Option<Range<usize>> {
        let range = node.range();
        let text = &self.text()[range.clone()];
        if text.ends_with("/>") && node.first_child().is_none() {
            return None;
        }
        let end = range.start + text.rfind("</")?;
        let start = match node.first_child() {
            Some(child) => child.range().start,
            None => end,
        };
        Some(start..end)
    }

    /// Who is called by which Id: by `Id`, `ID`, `id`, `xml:id` or `wsu:Id`, or by one of `more` names that
    /// have no namespace. Without a document type nobody can say which attribute is meant, so all of them
    /// are.
    pub fn ids(&self, more: &[String]) -> Ids<'_, 's> {
        let mut ids = HashMap::new();
        for node in self.tree.descendants().filter(|node| node.is_element()) {
            for attribute in node.attributes() {
                let name = attribute.name();
                let is_id = match attribute.namespace() {
                    None => matches!(name, "Id" | "ID" | "id") || more.iter().any(|other| other == name),
                    Some(XML) => name == "id",
                    Some(WSU) => name == "Id",
                    Some(_) => false,
                };
                if !is_id {
                    continue;
                }
                let called = ids.entry(attribute.value()).or_insert(Called::One(node));
                if !matches!(called, Called::One(known) if *known == node) {
                    *called = Called::Several;
                }
            }
        }
        Ids(ids)
    }
}

/// Who is called by which Id.
#[derive(Debug, Clone)]
pub struct Ids<'d, 's>(HashMap<&'d str, Called<'d, 's>>);

impl<'d, 's> Ids<'d, 's> {
    /// Who is called by this one.
    pub fn called(&self, id: &str) -> Called<'d, 's> {
        self.0.get(id).copied().unwrap_or(Called::Nobody)
    }
}

/// Whether a node is the element of this name.
pub fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && node.tag_name().namespace() == Some(namespace)
}

/// The first child element of this name.
pub fn child<'d, 's>(node: Node<'d, 's>, namespace: &str, name: &str) -> Option<Node<'d, 's>> {
    children(node, namespace, name).next()
}

/// All child elements of this name.
pub fn children<'d, 's>(
    node: Node<'d, 's>,
    namespace: &str,
    name: &str,
) -> impl Iterator<Item = Node<'d, 's>> + use<'d, 's> {
    let (namespace, name) = (namespace.to_string(), name.to_string());
    node.children().filter(move |node| is(*node, &namespace, &name))
}

/// The text directly inside an element, comments left out.
pub fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter(|child| child.is_text()).filter_map(|child| child.text()).collect()
}

fn unreadable(text: &str, error: &roxmltree::Error) -> Unreadable {
    match error {
        roxmltree::Error::NodesLimitReached => Unreadable::TooMuch(Excess::Nodes),
        roxmltree::Error::AttributesLimitReached => Unreadable::TooMuch(Excess::Attributes),
        roxmltree::Error::NamespacesLimitReached => Unreadable::TooMuch(Excess::Namespaces),
        other => Unreadable::Malformed { offset: offset(text, other.pos()) },
    }
}

/// The parser says rows and columns; everything else here counts bytes.
fn offset(text: &str, pos: roxmltree::TextPos) -> usize {
    let row = pos.row.saturating_sub(1) as usize;
    let line = match row {
        0 => 0,
        _ => memchr::memchr_iter(b'\n', text.as_bytes()).nth(row - 1).map_or(text.len(), |at| at + 1),
    };
    let column = pos.col.saturating_sub(1) as usize;
    text[line..].char_indices().nth(column).map_or(text.len(), |(at, _)| line + at)
}
