//! The sentences of templates, in the manner of gettext: the template holds the Vietnamese sentence,
//! `{{ "Tra cứu hồ sơ"|t }}`, and a word file gives what it is in English. Vietnamese is printed as it
//! stands, without a look at anything.
//!
//! A sentence is written by us, so it may hold simple markup (`<b>`, a link) and is printed as it is; the
//! values in its holes, `{name}`, are escaped. [`crate::sentence::check`] holds templates and word files
//! against one another.

mod check;

use std::collections::HashMap;
use std::fmt::{self, Display, Write};
use std::sync::LazyLock;

use askama::filters::{Escaper, Html, HtmlSafe};
use askama::{FastWritable, Values};

pub use check::check;

use crate::lang::{Lang, spoken};

/// The sentences of the shells and of this crate's pages.
pub static SHELLS: LazyLock<Sentences> =
    LazyLock::new(|| Sentences::load(&[include_str!("../words/templates.en.toml")]));

/// The English of one crate's templates.
pub struct Sentences {
    english: HashMap<String, String>,
    /// Pages stand in shells, whose sentences are another crate's.
    outer: Option<&'static LazyLock<Sentences>>,
}

impl Sentences {
    /// Reads word files of lines `"Tra cứu hồ sơ" = "Track a dossier"`.
    ///
    /// # Panics
    /// When a file is not TOML of strings, or a sentence stands in two: the files are compiled in, so any
    /// test shows it.
    pub fn load(files: &[&str]) -> Sentences {
        let mut english = HashMap::new();
        for file in files {
            let table: HashMap<String, String> =
                toml::from_str(file).expect("word files are compiled in and read by tests");
            for (vietnamese, said) in table {
                let before = english.insert(vietnamese.clone(), said);
                assert!(before.is_none(), "two files translate {vietnamese:?}");
            }
        }
        Sentences { english, outer: None }
    }

    /// With the sentences of the shells behind its own.
    pub fn in_shells(self) -> Sentences {
        Sentences { outer: Some(&SHELLS), ..self }
    }

    /// The sentence in the language of the request. One that nobody translated is said in Vietnamese;
    /// tests find it before people do.
    pub fn say(&'static self, vietnamese: &'static str) -> Said {
        match spoken() {
            Lang::Vi => Said(vietnamese),
            Lang::En => Said(self.english(vietnamese).unwrap_or(vietnamese)),
        }
    }

    fn english(&'static self, vietnamese: &str) -> Option<&'static str> {
        let outer = || self.outer.and_then(|outer| outer.english(vietnamese));
        self.english.get(vietnamese).map(String::as_str).or_else(outer)
    }
}

/// A sentence, ready to print.
#[derive(Clone, Copy, Debug)]
pub struct Said(&'static str);

impl Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FastWritable for Said {
    fn write_into(&self, out: &mut dyn Write, _: &dyn Values) -> askama::Result<()> {
        Ok(out.write_str(self.0)?)
    }
}

// The sentence is a text of the program, checked by tests; nothing a person typed gets into it.
impl HtmlSafe for Said {}

/// A sentence with values for its holes, escaped.
#[derive(Clone, Debug)]
pub struct Filled {
    sentence: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Filled {
    /// With one more value.
    pub fn with(mut self, name: &'static str, value: impl Display) -> Filled {
        let mut escaped = Escaping(String::new());
        write!(escaped, "{value}").expect("a String takes everything");
        self.values.push((name, escaped.0));
        self
    }
}

impl From<Said> for Filled {
    fn from(said: Said) -> Filled {
        Filled { sentence: said.0, values: Vec::new() }
    }
}

impl From<&Said> for Filled {
    fn from(said: &Said) -> Filled {
        Filled::from(*said)
    }
}

impl From<&Filled> for Filled {
    fn from(filled: &Filled) -> Filled {
        filled.clone()
    }
}

impl Display for Filled {
    /// One pass, so that a value holding braces is left as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.sentence;
        while let Some((before, after)) = rest.split_once('{') {
            f.write_str(before)?;
            let Some((name, after)) = after.split_once('}') else { break };
            match self.values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => f.write_str(value)?,
                None => write!(f, "{{{name}}}")?,
            }
            rest = after;
        }
        f.write_str(rest)
    }
}

impl FastWritable for Filled {
    fn write_into(&self, out: &mut dyn Write, _: &dyn Values) -> askama::Result<()> {
        Ok(write!(out, "{self}")?)
    }
}

// The sentence is ours and the values are escaped.
impl HtmlSafe for Filled {}

struct Escaping(String);

impl Write for Escaping {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        Html.write_escaped_str(&mut self.0, text)
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::*;
    use crate::filters;
    use crate::lang::saying;

    #[derive(Template)]
    #[template(
        source = r#"<p title="{{ "Đóng"|t }}">{{ "{unread} chưa đọc"|t|with("unread", name) }}</p>"#,
        ext = "html"
    )]
    struct Line<'a> {
        name: &'a str,
    }

    #[test]
    fn values_are_escaped_in_both_languages_and_a_value_with_braces_stays_as_it_is() {
        let line = |lang, name| saying(lang, || Line { name }.render()).unwrap();
        assert_eq!(line(Lang::Vi, "<b>"), "<p title=\"Đóng\">&#60;b&#62; chưa đọc</p>");
        assert_eq!(line(Lang::En, "<b>"), "<p title=\"Close\">&#60;b&#62; unread</p>");
        assert_eq!(line(Lang::En, "{unread}"), "<p title=\"Close\">{unread} unread</p>");
    }

    #[test]
    fn what_nobody_translated_is_said_in_vietnamese() {
        saying(Lang::En, || assert_eq!(SHELLS.say("Không ai dịch").to_string(), "Không ai dịch"));
    }

    #[test]
    fn every_sentence_of_the_templates_is_said_in_english() {
        let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        assert_eq!(check(templates, &SHELLS), Vec::<String>::new());
    }
}
