//! Numbers that people see: dossier codes and document numbers. Each is taken in the transaction
//! that uses it, so a line has no gaps and nobody gets a number twice. law: onestop/dossier-code

use base::Day;
use db::{Tx, args};
use web::Problem;

use crate::refusal::Refusal;

db::record! { struct Scheme { pattern: String, width: i64, width_max: i64, resets: String } }
/// How one kind of number is made, for a load of many.
pub struct Series {
    scheme: &'static str,
    pattern: String,
    width: i64,
    width_max: i64,
    daily: bool,
}

impl Series {
    /// The scheme as it stands.
    pub async fn read(tx: &mut Tx, scheme: &'static str) -> db::Result<Series> {
        let Scheme { pattern, width, width_max, resets } = tx
            .get("select pattern, width, width_max, resets from number_scheme where id = $1", args![scheme])
            .await?;
        Ok(Series { scheme, pattern, width, width_max, daily: resets == "day" })
    }

    /// The book in which a number of this day is taken.
    pub fn book(&self, owner: &str, day: Day) -> String {
        book(self.scheme, owner, self.daily, day)
    }

    /// The `n`-th number of a book; none when the book is full.
    pub fn nth(&self, n: i64, words: &[(&str, &str)], day: Day) -> Option<String> {
        let full = n >= 10_i64.pow(u32::try_from(self.width_max).unwrap_or(9));
        (!full).then(|| fill(&self.pattern, self.width, n, words, day))
    }
}

/// The last number given in each book of these two schemes, as far as there are any.
pub async fn list_books(tx: &mut Tx) -> db::Result<Vec<(String, i64)>> {
    tx.list("select book, last from number_book order by book limit 2000000", args![]).await
}

/// Writes down how far these books have come.
pub async fn save_books(tx: &mut Tx, books: &[(String, i64)]) -> db::Result<()> {
    let rows: Vec<db::Value<'_>> =
        books.iter().flat_map(|(b, n)| [db::Value::Text(b.as_str().into()), db::Value::Int(*n)]).collect();
    let tail = "on conflict (book) do update set last = excluded.last";
    tx.many("insert into number_book (book, last) values", 2, &rows, tail).await.map(drop)
}

fn book(scheme: &str, owner: &str, daily: bool, day: Day) -> String {
    let period = if daily { day.to_string() } else { day.year().to_string() };
    format!("{scheme}|{owner}|{period}")
}

db::record! { struct Last { last: i64 } }

/// The next number of `scheme` in the book of `owner` (the identifier of a counter or an agency).
/// `words` fill the pattern beside `{n}`, `{yymmdd}` and `{yyyy}`. A full book refuses.
pub async fn next(
    tx: &mut Tx,
    scheme: &'static str,
    owner: &str,
    words: &[(&str, &str)],
    day: Day,
) -> Result<String, Problem> {
    let Scheme { pattern, width, width_max, resets } = tx
        .get("select pattern, width, width_max, resets from number_scheme where id = $1", args![scheme])
        .await?;
    let book = book(scheme, owner, resets == "day", day);
    let Last { last } = tx
        .get(
            "insert into number_book (book, last) values ($1, 1)
             on conflict (book) do update set last = number_book.last + 1 returning last",
            args![book],
        )
        .await?;
    if last >= 10_i64.pow(u32::try_from(width_max).unwrap_or(9)) {
        return Err(Refusal::BookFull.into());
    }
    Ok(fill(&pattern, width, last, words, day))
}

/// The number in its pattern.
fn fill(pattern: &str, width: i64, n: i64, words: &[(&str, &str)], day: Day) -> String {
    let width = usize::try_from(width).unwrap_or(1);
    let (year, month, date) = (day.year(), day.month(), day.day_of_month());
    let mut text = pattern
        .replace("{n}", &format!("{n:0width$}"))
        .replace("{yymmdd}", &format!("{:02}{month:02}{date:02}", year.rem_euclid(100)))
        .replace("{yyyy}", &year.to_string());
    for (word, value) in words {
        text = text.replace(&format!("{{{word}}}"), value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_filled() {
        let day = Day::new(2026, 11, 9).unwrap();
        let ident = [("ident", "Z61.12")];
        assert_eq!(fill("{ident}-{yymmdd}-{n}", 4, 11, &ident, day), "Z61.12-261109-0011");
        assert_eq!(fill("{ident}-{yymmdd}-{n}", 4, 10_000, &ident, day), "Z61.12-261109-10000");
        assert_eq!(fill("{n}", 2, 7, &[], day), "07");
        assert_eq!(fill("{n}/{yyyy}", 1, 123, &[], day), "123/2026");
    }
}
