//! A document's tree, as `parse` builds it. Nodes lie in one list in the order of the document, so that what
//! is in an element follows it; names and most texts are slices of the document's text.

use crate::doc::XML;
use std::borrow::Cow;
use std::ops::Range;

/// No node, no namespace.
pub(crate) const NONE: u32 = u32::MAX;
/// The namespace of the prefix `xml`, which nobody declares.
pub(crate) const OF_XML: u32 = u32::MAX - 1;

/// All that a document says.
#[derive(Debug)]
pub(crate) struct Tree<'s> {
    pub nodes: Vec<Entry<'s>>,
    pub attributes: Vec<Given<'s>>,
    pub namespaces: Vec<Declared<'s>>,
    pub scopes: Vec<Scope>,
    /// The document element.
    pub top: u32,
}

#[derive(Debug)]
pub(crate) struct Entry<'s> {
    pub kind: Kind<'s>,
    pub start: u32,
    pub end: u32,
    pub parent: u32,
    /// The node that follows it and all that is in it; there may be none.
    pub after: u32,
}

#[derive(Debug)]
pub(crate) enum Kind<'s> {
    Root,
    Element {
        name: Name<'s>,
        namespace: u32,
        /// Where its attributes lie.
        attributes: (u32, u32),
        /// The innermost scope it is in.
        scope: u32,
    },
    Text(Cow<'s, str>),
    Comment(&'s str),
    Instruction(Instruction<'s>),
}

/// A name as it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'s> {
    pub qualified: &'s str,
    /// Where the local part begins in it.
    pub local_at: u32,
}

impl<'s> Name<'s> {
    pub fn local(&self) -> &'s str {
        &self.qualified[self.local_at as usize..]
    }

    /// Empty where there is none.
    pub fn prefix(&self) -> &'s str {
        &self.qualified[..(self.local_at as usize).saturating_sub(1)]
    }
}

#[derive(Debug)]
pub(crate) struct Given<'s> {
    pub name: Name<'s>,
    pub namespace: u32,
    pub value: Cow<'s, str>,
}

/// A declaration of a namespace: the prefix is empty for the default, the name for none.
#[derive(Debug)]
pub(crate) struct Declared<'s> {
    pub prefix: &'s str,
    pub uri: Cow<'s, str>,
}

/// An element that declares namespaces: where its declarations lie, and the scope around it.
#[derive(Debug)]
pub(crate) struct Scope {
    pub own: (u32, u32),
    pub outer: u32,
}

impl<'s> Tree<'s> {
    pub fn node(&self, id: u32) -> Node<'_, 's> {
        Node { tree: self, id }
    }

    /// Which declaration a prefix means in a scope.
    pub fn find(&self, mut scope: u32, prefix: &str) -> Option<u32> {
        while let Some(Scope { own, outer }) = self.scopes.get(scope as usize) {
            let mut own = own.0..own.1;
            if let Some(found) = own.find(|index| self.namespaces[*index as usize].prefix == prefix) {
                return Some(found);
            }
            scope = *outer;
        }
        None
    }

    fn uri(&self, namespace: u32) -> Option<&str> {
        match namespace {
            OF_XML => Some(XML),
            _ => self.namespaces.get(namespace as usize).map(|ns| &*ns.uri).filter(|uri| !uri.is_empty()),
        }
    }
}

/// A node of a document.
#[derive(Clone, Copy)]
pub struct Node<'d, 's> {
    tree: &'d Tree<'s>,
    id: u32,
}

impl PartialEq for Node<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && std::ptr::eq(self.tree, other.tree)
    }
}

impl Eq for Node<'_, '_> {}

impl std::fmt::Debug for Node<'_, '_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Node({}, {:?})", self.id, self.entry().kind)
    }
}

/// An instruction: `<?target value?>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction<'s> {
    /// What it is for.
    pub target: &'s str,
    /// The rest, as it stands.
    pub value: Option<&'s str>,
}

/// The name of an element: its namespace and its local part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagName<'d, 's> {
    namespace: Option<&'d str>,
    local: &'s str,
}

impl<'d, 's> TagName<'d, 's> {
    /// Its namespace, if it has one.
    pub fn namespace(&self) -> Option<&'d str> {
        self.namespace
    }

    /// Its local part.
    pub fn name(&self) -> &'s str {
        self.local
    }
}

/// An attribute of an element. Declarations of namespaces are none.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'d, 's> {
    tree: &'d Tree<'s>,
    given: &'d Given<'s>,
}

impl<'d, 's> Attribute<'d, 's> {
    /// Its namespace, if it has one.
    pub fn namespace(&self) -> Option<&'d str> {
        self.tree.uri(self.given.namespace)
    }

    /// The local part of its name.
    pub fn name(&self) -> &'s str {
        self.given.name.local()
    }

    /// Its name as it is written, prefix and all.
    pub fn qualified_name(&self) -> &'s str {
        self.given.name.qualified
    }

    /// Its value.
    pub fn value(&self) -> &'d str {
        &self.given.value
    }
}

impl<'d, 's> Node<'d, 's> {
    fn entry(&self) -> &'d Entry<'s> {
        &self.tree.nodes[self.id as usize]
    }

    /// The node above the document element.
    pub fn is_root(&self) -> bool {
        matches!(self.entry().kind, Kind::Root)
    }

    /// An element.
    pub fn is_element(&self) -> bool {
        matches!(self.entry().kind, Kind::Element { .. })
    }

    /// A text; what stands in `CDATA` beside it is part of it.
    pub fn is_text(&self) -> bool {
        matches!(self.entry().kind, Kind::Text(_))
    }

    /// A comment.
    pub fn is_comment(&self) -> bool {
        matches!(self.entry().kind, Kind::Comment(_))
    }

    /// What an instruction says.
    pub fn pi(&self) -> Option<Instruction<'s>> {
        match self.entry().kind {
            Kind::Instruction(instruction) => Some(instruction),
            _ => None,
        }
    }

    /// What a text or a comment says.
    pub fn text(&self) -> Option<&'d str> {
        match &self.entry().kind {
            Kind::Text(text) => Some(text),
            Kind::Comment(text) => Some(text),
            _ => None,
        }
    }

    /// Where it stands in the text.
    pub fn range(&self) -> Range<usize> {
        let entry = self.entry();
        entry.start as usize..entry.end as usize
    }

    /// The name of an element; empty for other nodes.
    pub fn tag_name(&self) -> TagName<'d, 's> {
        match &self.entry().kind {
            Kind::Element { name, namespace, .. } => {
                TagName { namespace: self.tree.uri(*namespace), local: name.local() }
            }
            _ => TagName { namespace: None, local: "" },
        }
    }

    /// The name of an element as it is written, prefix and all; empty for other nodes.
    pub fn qualified_name(&self) -> &'s str {
        match &self.entry().kind {
            Kind::Element { name, .. } => name.qualified,
            _ => "",
        }
    }

    /// The attributes of an element, as they stand.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'d, 's>> + use<'d, 's> {
        let (from, to) = match self.entry().kind {
            Kind::Element { attributes, .. } => attributes,
            _ => (0, 0),
        };
        let tree = self.tree;
        tree.attributes[from as usize..to as usize].iter().map(move |given| Attribute { tree, given })
    }

    /// The value of the attribute that has this name and no namespace.
    pub fn attribute(&self, name: &str) -> Option<&'d str> {
        let mut attributes = self.attributes();
        attributes.find(|one| one.given.namespace == NONE && one.name() == name).map(|one| one.value())
    }

    fn scope(&self) -> u32 {
        match self.entry().kind {
            Kind::Element { scope, .. } => scope,
            _ => NONE,
        }
    }

    /// The namespaces an element itself declares: prefix (empty for the default) and name (empty for none).
    pub fn own_namespaces(&self) -> impl Iterator<Item = (&'s str, &'d str)> + use<'d, 's> {
        let scope = self.scope();
        let is_own = self.parent().is_none_or(|parent| parent.scope() != scope);
        let own = self.tree.scopes.get(scope as usize).filter(|_| is_own);
        let (from, to) = own.map_or((0, 0), |scope| scope.own);
        self.tree.namespaces[from as usize..to as usize].iter().map(|ns| (ns.prefix, &*ns.uri))
    }

    /// All namespaces in scope, its own first.
    pub fn namespaces(&self) -> Vec<(&'s str, &'d str)> {
        let (mut all, mut scope) = (Vec::<(&str, &str)>::new(), self.scope());
        while let Some(Scope { own, outer }) = self.tree.scopes.get(scope as usize) {
            let inner = all.len();
            for ns in &self.tree.namespaces[own.0 as usize..own.1 as usize] {
                if all[..inner].iter().all(|(prefix, _)| *prefix != ns.prefix) {
                    all.push((ns.prefix, &*ns.uri));
                }
            }
            scope = *outer;
        }
        all
    }

    /// The namespace a prefix (empty for the default) means here; none where it is declared to be none.
    pub fn lookup_namespace_uri(&self, prefix: &str) -> Option<&'d str> {
        let found = self.tree.find(self.scope(), prefix)?;
        self.tree.uri(found)
    }

    /// The node it is in.
    pub fn parent(&self) -> Option<Node<'d, 's>> {
        let parent = self.entry().parent;
        (parent != NONE).then(|| self.tree.node(parent))
    }

    /// The first node in it.
    pub fn first_child(&self) -> Option<Node<'d, 's>> {
        (self.entry().after > self.id + 1).then(|| self.tree.node(self.id + 1))
    }

    /// The first element in it.
    pub fn first_element_child(&self) -> Option<Node<'d, 's>> {
        self.children().find(Node::is_element)
    }

    /// The next node in the same one.
    pub fn next_sibling(&self) -> Option<Node<'d, 's>> {
        let entry = self.entry();
        let next = self.tree.nodes.get(entry.after as usize)?;
        (next.parent == entry.parent).then(|| self.tree.node(entry.after))
    }

    /// The nodes in it.
    pub fn children(&self) -> impl Iterator<Item = Node<'d, 's>> + use<'d, 's> {
        std::iter::successors(self.first_child(), Node::next_sibling)
    }

    /// It, and all nodes it is in.
    pub fn ancestors(&self) -> impl Iterator<Item = Node<'d, 's>> + use<'d, 's> {
        std::iter::successors(Some(*self), Node::parent)
    }

    /// It, and all that is in it, in the order of the document.
    pub fn descendants(&self) -> impl DoubleEndedIterator<Item = Node<'d, 's>> + use<'d, 's> {
        let tree = self.tree;
        (self.id..self.entry().after).map(move |id| tree.node(id))
    }
}
