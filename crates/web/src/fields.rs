//! From pairs of names and texts, as forms and queries send them, to a struct.
//!
//! A name that comes twice fills a `Vec`; an empty text is `None` for an `Option`; a check box is `true`
//! for any text but "", "0" and "false". Errors name the field, so that a page can say it there.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};

use crate::problem::{FieldError, Problem};
use crate::words;

/// Reads `T` from pairs whose texts are already normalised.
pub fn read<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Problem> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in pairs {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let grouped = names.into_iter().map(|name| {
        let texts = pairs.iter().filter(|(n, _)| n == name).map(|(_, text)| text.as_str()).collect();
        (name, Texts { name, texts })
    });
    T::deserialize(MapDeserializer::<_, Wrong>::new(grouped)).map_err(Wrong::into_problem)
}

/// Pairs of a url-encoded text, NFC and trimmed.
pub fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).map(|(name, text)| (name.into_owned(), clean(text))).collect()
}

/// NFC, no space around, line ends as `\n`: what is stored and compared is one text per meaning.
pub fn clean(text: Cow<'_, str>) -> String {
    let trimmed = text.trim();
    let lines: Cow<'_, str> =
        if trimmed.contains('\r') { trimmed.replace("\r\n", "\n").into() } else { trimmed.into() };
    if lines.is_ascii() { lines.into_owned() } else { base::text::nfc(&lines) }
}

struct Texts<'a> {
    name: &'a str,
    texts: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    /// The last one, as a reload of an edited form would have it.
    fn one(&self) -> &'a str {
        self.texts.last().copied().unwrap_or("")
    }

    fn wrong(&self, what: What) -> Wrong {
        Wrong { field: self.name.to_string(), what }
    }

    fn named(&self, wrong: Wrong) -> Wrong {
        if wrong.field.is_empty() { self.wrong(wrong.what) } else { wrong }
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Texts<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $kind:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            let number: $kind = self.one().parse().map_err(|_| self.wrong(What::NotANumber))?;
            visitor.$visit(number).map_err(|wrong: Wrong| self.named(wrong))
        }
    )*};
}

impl<'de> Deserializer<'de> for Texts<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_borrowed_str(self.one()).map_err(|wrong: Wrong| self.named(wrong))
    }

    numbers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64, deserialize_f64 visit_f64 f64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_bool(!matches!(self.one(), "" | "0" | "false"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.one().is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let name = self.name;
        let each = self.texts.iter().map(move |text| Texts { name, texts: vec![*text] });
        visitor.visit_seq(SeqDeserializer::new(each)).map_err(|wrong| self.named(wrong))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_enum(self.one().into_deserializer()).map_err(|wrong: Wrong| self.named(wrong))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 char str string bytes byte_buf unit_struct tuple tuple_struct map struct identifier
        ignored_any
    }
}

/// Which field cannot be read, and why.
#[derive(Debug, Default)]
pub struct Wrong {
    field: String,
    what: What,
}

#[derive(Debug, Default)]
enum What {
    Missing,
    NotANumber,
    NotAChoice,
    #[default]
    Unreadable,
}

impl Wrong {
    fn into_problem(self) -> Problem {
        let words = words::own();
        let message = match self.what {
            What::Missing => words.t("form.missing", &[]),
            What::NotANumber => words.t("form.number", &[]),
            What::NotAChoice => words.t("form.choice", &[]),
            What::Unreadable => words.t("form.unreadable", &[]),
        };
        Problem::Invalid(vec![FieldError::new(self.field, message)])
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.field, self.what)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    /// The message may repeat what somebody typed; it is dropped.
    fn custom<T: fmt::Display>(_: T) -> Wrong {
        Wrong::default()
    }

    fn missing_field(field: &'static str) -> Wrong {
        Wrong { field: field.to_string(), what: What::Missing }
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Wrong {
        Wrong { field: String::new(), what: What::NotAChoice }
    }
}
