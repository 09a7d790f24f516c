//! Formats for templates: `{{ day|date }}`. A crate has a module `filters` that repeats these and adds its
//! own sentences; a page's module says `use crate::filters;`.
//!
//! date 03/12/2026 · time 09:52, 19/11/2026 · hour 09:52 · promised 11:30, thứ Năm 03/12/2026 ·
//! iso for `<time datetime>` · money 37.500 ₫ · size 6,2 MB · number 12.408 · masked ·········482 ·
//! icon an icon by name · t a sentence in the language of the request, with the value of a hole in it.
//!
//! Numbers, days and money keep their Vietnamese form in every language: they are compared with papers,
//! receipts and calendars, and 03/12/2026 must not be read as the 12th of March on one of them.

use askama::filters::Safe;
use askama::{Result, Values};
use base::{Day, Dong, Instant, Weekday};

use crate::sentence::{Filled, SHELLS, Said};
use crate::words;

/// The body of a crate's module `filters`: the formats of this module, `t` for the crate's own sentences,
/// whose English stands in the files given, and the test that every sentence of its templates is there.
///
/// ```ignore
/// //! The filters of this crate's templates.
/// web::filters!([include_str!("../words/templates.en.toml")]);
/// ```
#[macro_export]
macro_rules! filters {
    ($english:expr) => {
        pub use $crate::filters::*;

        static SENTENCES: std::sync::LazyLock<$crate::sentence::Sentences> =
            std::sync::LazyLock::new(|| $crate::sentence::Sentences::load(&$english).in_shells());

        /// A sentence in the language of the request: `{{ "Đăng nhập"|t }}`.
        #[askama::filter_fn]
        pub fn t(
            sentence: impl Plain<&'static str>,
            _: &dyn askama::Values,
        ) -> askama::Result<$crate::sentence::Said> {
            Ok(SENTENCES.say(sentence.plain()))
        }

        #[cfg(test)]
        mod tests {
            #[test]
            fn every_sentence_of_the_templates_is_said_in_english() {
                let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
                assert_eq!($crate::sentence::check(templates, &super::SENTENCES), Vec::<String>::new());
            }
        }
    };
}

/// A value or a reference to one, as templates happen to hold it.
pub trait Plain<T> {
    /// The value itself.
    fn plain(self) -> T;
}

impl<T: Copy> Plain<T> for T {
    fn plain(self) -> T {
        self
    }
}

impl<T: Copy> Plain<T> for &T {
    fn plain(self) -> T {
        *self
    }
}

impl<T: Copy> Plain<T> for &&T {
    fn plain(self) -> T {
        **self
    }
}

/// "11:30, thứ Năm 03/12/2026": what people wait for carries its weekday.
pub fn promised_text(at: Instant) -> String {
    let parts = base::format::promised(at);
    format!("{}, {} {}", parts.hour, weekday_text(parts.weekday), parts.date)
}

/// "thứ Năm".
pub fn weekday_text(weekday: Weekday) -> String {
    words::own().t(&format!("weekday.{}", weekday.index() + 1), &[])
}

/// All but the last three characters as dots, for numbers of other people.
pub fn masked_text(text: &str) -> String {
    let hidden = text.chars().count().saturating_sub(3);
    text.chars().enumerate().map(|(at, c)| if at < hidden { '•' } else { c }).collect()
}

/// `03/12/2026`.
#[askama::filter_fn]
pub fn date(day: impl Plain<Day>, _: &dyn Values) -> Result<String> {
    Ok(base::format::date_vn(day.plain()))
}

/// `09:52, 19/11/2026`.
#[askama::filter_fn]
pub fn time(at: impl Plain<Instant>, _: &dyn Values) -> Result<String> {
    Ok(base::format::time_vn(at.plain()))
}

/// `09:52`.
#[askama::filter_fn]
pub fn hour(at: impl Plain<Instant>, _: &dyn Values) -> Result<String> {
    Ok(base::format::hour_vn(at.plain()))
}

/// `11:30, thứ Năm 03/12/2026`.
#[askama::filter_fn]
pub fn promised(at: impl Plain<Instant>, _: &dyn Values) -> Result<String> {
    Ok(promised_text(at.plain()))
}

/// For `<time datetime="…">`.
#[askama::filter_fn]
pub fn iso(at: impl Plain<Instant>, _: &dyn Values) -> Result<String> {
    Ok(at.plain().to_string())
}

/// `37.500 ₫`, with a space that does not break.
#[askama::filter_fn]
pub fn money(dong: impl Plain<Dong>, _: &dyn Values) -> Result<String> {
    Ok(base::format::money(dong.plain()))
}

/// `6,2 MB`, `184 kB`.
#[askama::filter_fn]
pub fn size(bytes: impl Plain<u64>, _: &dyn Values) -> Result<String> {
    Ok(base::format::size(bytes.plain()))
}

/// `12.408`.
#[askama::filter_fn]
pub fn number(number: impl Plain<i64>, _: &dyn Values) -> Result<String> {
    Ok(base::format::thousands(number.plain()))
}

/// `•••••••••482`.
#[askama::filter_fn]
pub fn masked(text: impl AsRef<str>, _: &dyn Values) -> Result<String> {
    Ok(masked_text(text.as_ref()))
}

/// A sentence of the shells, in the language of the request: `{{ "Đăng nhập"|t }}`. Every system has a
/// filter of this name beside its own sentences.
#[askama::filter_fn]
pub fn t(sentence: impl Plain<&'static str>, _: &dyn Values) -> Result<Said> {
    Ok(SHELLS.say(sentence.plain()))
}

/// Fills a hole of a sentence: `{{ "Tệp tới {size}"|t|with("size", max) }}`.
#[askama::filter_fn]
pub fn with<V: std::fmt::Display>(
    sentence: impl Into<Filled>,
    _: &dyn Values,
    name: &'static str,
    value: V,
) -> Result<Filled> {
    Ok(sentence.into().with(name, value))
}

/// An icon by name: `{{ "search"|icon }}`.
#[askama::filter_fn]
pub fn icon(name: impl AsRef<str>, _: &dyn Values) -> Result<Safe<&'static str>> {
    Ok(crate::icon::icon(name.as_ref()))
}
