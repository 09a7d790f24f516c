//! Rows of one table that were made ready before the transaction that puts them.

use crate::{Value, error::Result, tx::Tx};

/// What [`Tx::many`] needs, owned: whoever makes it can be on another thread than the writer, who has the
/// least time of all.
#[derive(Debug, Clone)]
pub struct Rows {
    head: &'static str,
    width: usize,
    tail: &'static str,
    values: Vec<Value<'static>>,
}

impl Rows {
    /// None yet. `head` is `insert into t(a, b) values` with `width` columns.
    pub fn new(head: &'static str, width: usize) -> Rows {
        Rows { head, width, tail: "", values: Vec::new() }
    }

    /// The same with an end for the statement, `on conflict …`.
    pub fn ending(self, tail: &'static str) -> Rows {
        Rows { tail, ..self }
    }

    /// Adds values; `width` of them make a row.
    pub fn add<'a>(&mut self, values: impl IntoIterator<Item = Value<'a>>) {
        self.values.extend(values.into_iter().map(Value::into_owned));
    }

    /// Puts them all; how many rows that changed.
    ///
    /// # Errors
    /// As [`Tx::many`].
    pub async fn put(&self, tx: &mut Tx) -> Result<u64> {
        tx.many(self.head, self.width, &self.values, self.tail).await
    }
}
