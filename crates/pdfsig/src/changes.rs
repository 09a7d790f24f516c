//! What changed in a file after each of its signatures.
//!
//! Each later revision is compared with the one before it, object by object. What may change, and how, is a list of
//! what is harmless wherever the object is used; everything else is a finding. Bytes that no cross-reference leads to,
//! objects that were hidden in signed bytes, and references that led nowhere when they were signed are findings too:
//! they are what shadow attacks (Mladenov et al., 2021) are made of.

mod compare;
mod step;

use crate::file::{File, Unreadable};
use crate::form::Permission;
use crate::verify::Signature;

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Change {
    /// Evidence was added to the document security store.
    Evidence,
    /// A time-stamp over the document was added.
    Stamped {
        /// The field's full name.
        field: String,
    },
    /// The document's information or metadata, which its pages do not show, or something that means nothing for them.
    Information,
    /// A signature was added, in a field of its own or one that was there.
    Signed {
        /// The field's full name.
        field: String,
    },
    /// A signature field was added that is not signed and shows nothing.
    FieldAdded {
        /// Its full name.
        field: String,
    },
    /// A form field was filled in.
    Filled {
        /// Its full name.
        field: String,
    },
    /// An annotation was added.
    AnnotationAdded {
        /// Its kind, such as `FreeText`.
        kind: String,
    },
    /// An annotation was changed or removed.
    AnnotationChanged {
        /// Its object number.
        object: u32,
    },
    /// A signature that was made already, or its picture, is another one.
    SignatureChanged {
        /// The field's full name.
        field: String,
    },
    /// A form field is another one, or shows something without being signed or filled in.
    FieldChanged {
        /// Its full name.
        field: String,
    },
    /// A page says something else.
    Page {
        /// Its object number.
        object: u32,
        /// Under this key.
        key: String,
    },
    /// The catalog or the form says something else under this key.
    Catalog {
        /// The key; `Root` when it is another catalog.
        key: String,
    },
    /// An object that was there is another one: contents of a page, a font, a picture, the tree of pages.
    Replaced {
        /// Its number.
        object: u32,
    },
    /// An object that was there is gone.
    Removed {
        /// Its number.
        object: u32,
    },
    /// Something that was hidden in signed bytes was brought out, or a reference that led nowhere leads to something
    /// now.
    Uncovered {
        /// The object's number.
        object: u32,
    },
    /// Bytes that no cross-reference leads to.
    Unlisted {
        /// Where they begin.
        at: u64,
    },
}

/// How far a change goes: what a certifying signature must have allowed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What keeps signatures checkable, and what nobody sees.
    Keeping,
    /// Signing and filling in.
    Forms,
    /// Annotations.
    Annotations,
    /// What no signature allows.
    Beyond,
}

impl Change {
    /// How far it goes.
    pub fn reach(&self) -> Reach {
        match self {
            Change::Evidence | Change::Stamped { .. } | Change::Information => Reach::Keeping,
            Change::Signed { .. } | Change::FieldAdded { .. } | Change::Filled { .. } => Reach::Forms,
            Change::AnnotationAdded { .. } | Change::AnnotationChanged { .. } => Reach::Annotations,
            _ => Reach::Beyond,
        }
    }

    /// The field that is meant.
    pub fn field(&self) -> Option<&str> {
        match self {
            Change::Signed { field } | Change::Filled { field } | Change::FieldAdded { field } => Some(field),
            _ => None,
        }
    }
}

/// What came after one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Later {
    /// Nothing.
    Nothing,
    /// Changes that the signature allows, each once.
    Allowed(Vec<Change>),
    /// Changes of which it does not allow these.
    Forbidden {
        /// All, each once.
        changes: Vec<Change>,
        /// Those that it does not allow.
        forbidden: Vec<Change>,
    },
    /// It does not cover a revision of the file.
    Unknown,
}

/// What changed from revision to revision.
#[derive(Debug, Clone)]
pub struct Changes {
    /// By section of cross-references: what it changed against the ones before it.
    steps: Vec<Vec<Change>>,
}

/// Compares the revisions of a file after the earliest of these signatures.
pub fn changes(file: &File<'_>, signatures: &[Signature]) -> Result<Changes, Unreadable> {
    let earliest = signatures.iter().filter_map(|signature| signature.section).max();
    Ok(Changes { steps: step::steps(file, earliest.unwrap_or(0))? })
}

impl Changes {
    /// What came after a signature, by what it allows itself: without certification signing and filling in, except in
    /// fields that it locks.
    pub fn after(&self, signature: &Signature) -> Later {
        let Some(steps) = signature.section.and_then(|section| self.steps.get(..section)) else {
            return Later::Unknown;
        };
        let mut changes: Vec<Change> = vec![];
        // The oldest first.
        for change in steps.iter().rev().flatten() {
            if !changes.contains(change) {
                changes.push(change.clone());
            }
        }
        let allowed = match signature.permission {
            Some(Permission::Nothing) => Reach::Keeping,
            Some(Permission::Annotations) => Reach::Annotations,
            Some(Permission::Forms) | None => Reach::Forms,
        };
        let is_locked = |change: &Change| {
            let lock = signature.lock.as_ref().zip(change.field());
            lock.is_some_and(|(lock, field)| lock.holds(field))
        };
        let is_forbidden = |change: &&Change| change.reach() > allowed || is_locked(change);
        let forbidden: Vec<Change> = changes.iter().filter(is_forbidden).cloned().collect();
        match (changes.is_empty(), forbidden.is_empty()) {
            (true, _) => Later::Nothing,
            (false, true) => Later::Allowed(changes),
            (false, false) => Later::Forbidden { changes, forbidden },
        }
    }
}
