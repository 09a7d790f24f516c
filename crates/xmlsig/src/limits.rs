//! How much a foreign document may ask of us.

/// What a document and the signatures in it may cost. Every field is an upper bound that is still allowed.
///
/// The defaults keep one judgement of a 10 MB document under 64 MB of memory and, in a release build, under a
/// second, whatever the document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The document itself.
    pub document_bytes_max: usize,
    /// Elements, texts, comments and processing instructions.
    pub nodes_max: u32,
    /// Attributes of the whole document, declarations of namespaces among them.
    pub attributes_max: u32,
    /// Attributes of one element, declarations of namespaces among them.
    pub attributes_per_element_max: u32,
    /// Elements inside each other.
    pub depth_max: u32,
    /// A qualified name.
    pub name_bytes_max: usize,
    /// Declarations of namespaces on the way from the root to one element.
    pub namespaces_in_scope_max: u32,
    /// The sum of those over all elements that declare any: what the tree keeps of them.
    pub namespaces_kept_max: u32,
    /// References of one signature.
    pub references_max: usize,
    /// Transforms of one reference.
    pub transforms_max: usize,
    /// Certificates of one signature that are tried as the signer's.
    pub certificates_max: usize,
    /// What all references of one signature come to in canonical form, and every step on the way there.
    pub octets_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            document_bytes_max: 20 << 20,
            nodes_max: 200_000,
            attributes_max: 120_000,
            attributes_per_element_max: 256,
            depth_max: 256,
            name_bytes_max: 1_024,
            namespaces_in_scope_max: 512,
            namespaces_kept_max: 2_000_000,
            references_max: 64,
            transforms_max: 5,
            certificates_max: 8,
            octets_max: 64 << 20,
        }
    }
}
