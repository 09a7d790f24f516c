//! A parsed document: the tree, where its parts stand in the text, and who is called by which Id.

use crate::parse;
use crate::source::{Source, Unreadable};
use crate::tree::Tree;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

pub use crate::tree::{Attribute, Instruction, Node, TagName};

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
    tree: Tree<'s>,
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
    /// Builds the tree. Fails when the text is not well-formed.
    pub fn parse(source: &'s Source<'s>) -> Result<Doc<'s>, Unreadable> {
        Ok(Doc { source, tree: parse::parse(source.text(), source.limits())? })
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
        self.tree.node(0)
    }

    /// The document element.
    pub fn root_element(&self) -> Node<'_, 's> {
        self.tree.node(self.tree.top)
    }

    /// The element that begins at this offset of the text.
    pub fn element_at(&self, offset: usize) -> Option<Node<'_, 's>> {
        self.root().descendants().find(|node| node.is_element() && node.range().start == offset)
    }

    /// All elements of this name, in document order.
    pub fn elements(&self, namespace: &str, name: &str) -> impl Iterator<Item = Node<'_, 's>> {
        self.root().descendants().filter(move |node| is(*node, namespace, name))
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
        for node in self.root().descendants().filter(|node| node.is_element()) {
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

/// Who is called by which Id, found out when somebody first asks: most signatures sign the whole document.
pub(crate) struct Named<'d, 's> {
    doc: &'d Doc<'s>,
    more: &'d [String],
    ids: OnceCell<Ids<'d, 's>>,
}

impl<'d, 's> Named<'d, 's> {
    /// Of this document, with `more` names of attributes that are Ids.
    pub fn new(doc: &'d Doc<'s>, more: &'d [String]) -> Named<'d, 's> {
        Named { doc, more, ids: OnceCell::new() }
    }

    /// Who is called by this one.
    pub fn called(&self, id: &str) -> Called<'d, 's> {
        self.ids.get_or_init(|| self.doc.ids(self.more)).called(id)
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
pub fn children<'d, 's, 'n>(
    node: Node<'d, 's>,
    namespace: &'n str,
    name: &'n str,
) -> impl Iterator<Item = Node<'d, 's>> + use<'d, 's, 'n> {
    node.children().filter(move |node| is(*node, namespace, name))
}

/// The text directly inside an element, comments left out.
pub fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter(|child| child.is_text()).filter_map(|child| child.text()).collect()
}
