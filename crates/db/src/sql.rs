//! SQL text: written down in the program, or put together by [`Filter`] from parts that were.
//! There is no third way, so a value can never become a piece of SQL.

use std::borrow::Cow;

use crate::value::{ToValue, Value};

/// A statement's text.
pub struct Sql<'a>(pub(crate) Cow<'a, str>);

impl From<&'static str> for Sql<'static> {
    fn from(text: &'static str) -> Self {
        Sql(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a Filter> for Sql<'a> {
    fn from(filter: &'a Filter) -> Self {
        Sql(Cow::Borrowed(&filter.sql))
    }
}

/// A select with conditions that may be absent.
///
/// ```
/// # use db::Filter;
/// # let (unit, after) = (Some("u1"), None::<i64>);
/// let q = Filter::new("select * from dossier")
///     .and("unit = ?", unit)
///     .and("no < ?", after) // None: left out
///     .tail("order by no desc limit 20");
/// assert_eq!(q.text(), "select * from dossier where unit = $1 order by no desc limit 20");
/// ```
/// Run it as `tx.list::<Dossier>(&q, &q.args)`.
#[derive(Debug, Clone)]
pub struct Filter {
    sql: String,
    word: &'static str,
    /// The values of `$1` …, to be given beside the filter.
    pub args: Vec<Value<'static>>,
}

impl Filter {
    /// Starts with everything up to the first condition (without `where`).
    pub fn new(select: &'static str) -> Self {
        Filter { sql: select.into(), word: " where ", args: Vec::new() }
    }

    /// Starts with a text that has values of its own, `$1` … `$n`. `where` still comes with the
    /// first condition.
    pub fn with(select: &'static str, args: &[Value<'_>]) -> Self {
        let args = args.iter().map(|v| v.clone().into_owned()).collect();
        Filter { sql: select.into(), word: " where ", args }
    }

    fn word(&mut self) {
        self.sql.push_str(self.word);
        self.word = " and ";
    }

    /// Each `?` in `condition` stands for this one value. `None` leaves the condition out.
    pub fn and(mut self, condition: &'static str, value: Option<impl ToValue>) -> Self {
        let Some(value) = value else { return self };
        self.args.push(value.to_value().into_owned());
        let place = format!("${}", self.args.len());
        self.word();
        self.sql.push_str(&condition.replace('?', &place));
        self
    }

    /// A condition without a value, when `wanted`.
    pub fn when(mut self, condition: &'static str, wanted: bool) -> Self {
        if wanted {
            self.word();
            self.sql.push_str(condition);
        }
        self
    }

    /// `column in (values)`; no values: no row. The list is filled up to a power of two with its
    /// last value, so that there are few different texts to prepare.
    pub fn among(mut self, column: &'static str, values: &[impl ToValue]) -> Self {
        self.word();
        let Some(last) = values.last() else {
            self.sql.push_str("1 = 0");
            return self;
        };
        self.sql.push_str(column);
        self.sql.push_str(" in (");
        for i in 0..values.len().next_power_of_two() {
            self.args.push(values.get(i).unwrap_or(last).to_value().into_owned());
            self.sql.push_str(if i == 0 { "$" } else { ", $" });
            self.sql.push_str(&self.args.len().to_string());
        }
        self.sql.push(')');
        self
    }

    /// What comes after the conditions: order, limit.
    pub fn tail(mut self, tail: &'static str) -> Self {
        self.sql.push(' ');
        self.sql.push_str(tail);
        self
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.sql
    }
}
