//! Rows, and how they become records.

use std::{mem, sync::Arc};

use crate::{
    error::{Error, Result, fault},
    value::{FromValue, Value},
};

/// One row. Columns are taken out by name; a taken column is null afterwards.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub(crate) columns: Arc<[String]>,
    pub(crate) values: Vec<Value<'static>>,
    /// Where the next `take` looks first: records mostly name their fields in the select's order.
    pub(crate) next: usize,
}

impl Row {
    /// Takes the column called `name`. A fault when there is none or when it holds another kind.
    pub fn take<T: FromValue>(&mut self, name: &str) -> Result<T> {
        let guess = self.columns.get(self.next).is_some_and(|c| c == name).then_some(self.next);
        let Some(at) = guess.or_else(|| self.columns.iter().position(|c| c == name)) else {
            return fault(format!("no column {name} in the row"));
        };
        self.take_at(at)
    }

    fn take_at<T: FromValue>(&mut self, at: usize) -> Result<T> {
        let Some(slot) = self.values.get_mut(at) else {
            return fault(format!("no column number {at} in the row"));
        };
        self.next = at + 1;
        let value = mem::take(slot);
        let kind = value.kind();
        T::from_value(value).ok_or_else(|| {
            let name = &self.columns[at];
            Error::Fault(format!("column {name} holds {kind}, not a {}", std::any::type_name::<T>()))
        })
    }
}

/// What a row can become. Made by [`record!`](crate::record); single values and small tuples are
/// read by position.
pub trait FromRow: Sized {
    /// Takes the columns it needs.
    fn from_row(row: &mut Row) -> Result<Self>;
}

impl FromRow for Row {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Row { columns: row.columns.clone(), values: mem::take(&mut row.values), next: 0 })
    }
}

impl<T: FromValue> FromRow for T {
    fn from_row(row: &mut Row) -> Result<Self> {
        row.take_at(0)
    }
}

impl<A: FromValue, B: FromValue> FromRow for (A, B) {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok((row.take_at(0)?, row.take_at(1)?))
    }
}

impl<A: FromValue, B: FromValue, C: FromValue> FromRow for (A, B, C) {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok((row.take_at(0)?, row.take_at(1)?, row.take_at(2)?))
    }
}

/// A struct whose fields are read from the columns of the same names:
/// `record! { pub struct Case { id: CaseId, title: String, closed: Option<Instant> } }`.
/// The fields are public within the struct's reach; attributes and doc comments pass through.
#[macro_export]
macro_rules! record {
    ($(#[$m:meta])* $v:vis struct $n:ident {
        $($(#[$fm:meta])* $(pub)? $f:ident : $t:ty),* $(,)?
    }) => {
        $(#[$m])*
        #[derive(Debug, Clone)]
        $v struct $n { $($(#[$fm])* pub $f: $t),* }
        impl $crate::FromRow for $n {
            fn from_row(row: &mut $crate::Row) -> $crate::Result<Self> {
                Ok(Self { $($f: row.take(stringify!($f))?),* })
            }
        }
    };
}
