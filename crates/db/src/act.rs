//! Who does what, in which post, to what, and when: every write says it, and the audit book keeps it.

use base::Instant;

/// Who acts. An account by its id: never a name, a number or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The program itself: jobs, deliveries, seeds.
    System,
    /// Somebody not signed in.
    Anonymous,
    /// A signed-in account.
    Account(String),
}

impl Actor {
    /// The word kept in the audit book.
    pub fn kind(&self) -> &'static str {
        match self {
            Actor::System => "system",
            Actor::Anonymous => "anonymous",
            Actor::Account(_) => "account",
        }
    }

    /// The account's id, if it is one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Actor::Account(id) => Some(id),
            _ => None,
        }
    }
}

/// One deed. No personal data in any field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub actor: Actor,
    /// The unit in whose name the actor acts.
    pub office: Option<String>,
    /// `system.verb`, such as `onestop.receive`.
    pub verb: &'static str,
    /// The id of what it is done to, or empty.
    pub subject: String,
    pub at: Instant,
}

impl Act {
    /// A deed outside any office.
    pub fn new(actor: Actor, verb: &'static str, subject: impl Into<String>, at: Instant) -> Self {
        Act { actor, office: None, verb, subject: subject.into(), at }
    }

    /// A deed of the program itself.
    pub fn system(verb: &'static str, subject: impl Into<String>, at: Instant) -> Self {
        Act::new(Actor::System, verb, subject, at)
    }

    /// The same deed in the name of a unit.
    pub fn in_office(self, unit: impl Into<String>) -> Self {
        Act { office: Some(unit.into()), ..self }
    }
}
