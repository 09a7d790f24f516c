//! What the database can answer instead of a row.

use std::fmt;

/// `Result` with the store's own error unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kinds of "no" a store can say. `Stale`, `Taken` and `NotFound` are answers to expect;
/// `Unavailable` passes with time; `Fault` is a bug or a broken environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// `get` found no row.
    NotFound,
    /// `change_one` changed no row: somebody else changed it first.
    Stale,
    /// A unique constraint refused: `"table.column,column"`, the same text on both engines.
    Taken(String),
    /// The database cannot be reached, is full, busy or closing. Trying later may help.
    /// When a connection is lost while a commit is on its way, the outcome is unknown.
    Unavailable(String),
    /// Somebody else was quicker. Only a closure sees this: it runs again by itself, so there is nothing to
    /// tell anybody; who asked hears `Unavailable` when that goes on for too long.
    Conflict(String),
    /// A bug here or in the SQL, or a panic in a closure. The text is for the log only.
    Fault(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotFound => f.write_str("not found"),
            Error::Stale => f.write_str("changed by somebody else meanwhile"),
            Error::Taken(columns) => write!(f, "already taken: {columns}"),
            Error::Conflict(why) => write!(f, "a conflict with another writer: {why}"),
            Error::Unavailable(why) => write!(f, "database unavailable: {why}"),
            Error::Fault(why) => write!(f, "database fault: {why}"),
        }
    }
}

impl std::error::Error for Error {}

/// A fault, as the result of whatever was asked.
pub(crate) fn fault<T>(why: impl Into<String>) -> Result<T> {
    Err(Error::Fault(why.into()))
}

/// An engine's error: what to tell, and whether running the whole transaction again may help.
#[derive(Debug)]
pub(crate) struct Bad {
    pub error: Error,
    pub again: bool,
}

impl From<Error> for Bad {
    fn from(error: Error) -> Self {
        Bad { error, again: false }
    }
}

/// The text of an error and of everything that caused it.
pub(crate) fn chain(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut cause = e.source();
    while let Some(c) = cause {
        let more = c.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = c.source();
    }
    text
}
