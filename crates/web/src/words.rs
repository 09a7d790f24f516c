//! The words of the interface: one TOML file per language, keys in dots, `{name}` placeholders.
//! Vietnamese is the source; English has the same keys, which each crate's tests prove with
//! [`Words::differences`] and [`check_sources`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

pub use crate::lang::Lang;

/// The words of one crate in every language.
pub struct Words {
    vi: BTreeMap<String, String>,
    en: BTreeMap<String, String>,
}

impl Words {
    /// Reads the two files, usually `include_str!("../words/vi.toml")` and `…/en.toml`.
    ///
    /// # Panics
    /// When a file is not TOML of tables and strings: the files are compiled in, so any test shows it.
    pub fn load(vi: &str, en: &str) -> Words {
        Words { vi: flat(vi), en: flat(en) }
    }

    /// The words for `key` in the language of the request, with `{name}` replaced by its value. A key
    /// nobody wrote comes back as itself, so that a page still renders; tests find it before people do.
    pub fn t(&self, key: &str, args: &[(&str, &str)]) -> String {
        self.tr(crate::lang::spoken(), key, args)
    }

    /// The same as it is kept, printed or sent: in Vietnamese, whoever causes it.
    pub fn kept(&self, key: &str, args: &[(&str, &str)]) -> String {
        self.tr(Lang::Vi, key, args)
    }

    /// The same in a given language; Vietnamese stands in where that language lacks the key.
    pub fn tr(&self, lang: Lang, key: &str, args: &[(&str, &str)]) -> String {
        let mine = match lang {
            Lang::Vi => None,
            Lang::En => self.en.get(key),
        };
        let Some(text) = mine.or_else(|| self.vi.get(key)) else {
            tracing::warn!(key, "a word is missing");
            return key.to_string();
        };
        fill(text, args)
    }

    /// Is there such a key?
    pub fn has(&self, key: &str) -> bool {
        self.vi.contains_key(key)
    }

    /// Keys that one language has and the other lacks, and keys whose placeholders differ.
    pub fn differences(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (key, vi) in &self.vi {
            match self.en.get(key) {
                None => out.push(format!("{key}: not in en")),
                Some(en) if holes(en) != holes(vi) => out.push(format!("{key}: other placeholders in en")),
                Some(_) => {}
            }
        }
        out.extend(self.en.keys().filter(|k| !self.vi.contains_key(*k)).map(|k| format!("{k}: not in vi")));
        out
    }
}

/// The words of a feature, from its two files: `WORDS`, those of the usual functions that are named, and the
/// test that both languages have the same keys.
///
/// ```ignore
/// //! The words of the hall.
/// web::words!(include_str!("../words/hall.vi.toml"), include_str!("../words/hall.en.toml"); say, kept);
/// ```
///
/// `t` says a key without values, `say` one with values, `kept` the same in Vietnamese whoever causes it,
/// `find` a key made of data if there is such a one.
#[macro_export]
macro_rules! words {
    (@t) => {
        /// The words of a key that takes no values.
        pub fn t(key: &str) -> String {
            WORDS.t(key, &[])
        }
    };
    (@say) => {
        /// The words of a key, with `{name}` replaced.
        pub fn say(key: &str, args: &[(&str, &str)]) -> String {
            WORDS.t(key, args)
        }
    };
    (@kept) => {
        /// The same as it is kept: in Vietnamese, whoever causes it.
        pub fn kept(key: &str, args: &[(&str, &str)]) -> String {
            WORDS.kept(key, args)
        }
    };
    (@find) => {
        /// The words of a key if there is one: for keys made of data.
        pub fn find(key: &str) -> Option<String> {
            WORDS.has(key).then(|| WORDS.t(key, &[]))
        }
    };
    ($vi:expr, $en:expr $(; $($face:ident),+)?) => {
        /// All words of these files.
        pub static WORDS: std::sync::LazyLock<$crate::words::Words> =
            std::sync::LazyLock::new(|| $crate::words::Words::load($vi, $en));

        $($($crate::words!(@$face);)+)?

        #[cfg(test)]
        mod languages {
            #[test]
            fn both_languages_have_the_same_keys() {
                assert_eq!(super::WORDS.differences(), Vec::<String>::new());
            }
        }
    };
}

/// Replaces `{name}`; one pass, so that a value holding braces is left as it is.
fn fill(text: &str, args: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let Some(len) = rest[start..].find('}') else { break };
        let name = &rest[start + 1..start + len];
        match args.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[start..=start + len]),
        }
        rest = &rest[start + len + 1..];
    }
    out.push_str(rest);
    out
}

fn holes(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn flat(source: &str) -> BTreeMap<String, String> {
    let table: toml::Table = source.parse().expect("word files are compiled in and read by tests");
    let mut out = BTreeMap::new();
    flatten("", &table, &mut out);
    out
}

fn flatten(prefix: &str, table: &toml::Table, out: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::String(text) => {
                out.insert(key, text.clone());
            }
            toml::Value::Table(inner) => flatten(&key, inner, out),
            other => panic!("{key} is not a text: {other}"),
        }
    }
}

/// This crate's own words, used by the shells and by problems.
pub fn own() -> &'static Words {
    static OWN: LazyLock<Words> =
        LazyLock::new(|| Words::load(include_str!("../words/vi.toml"), include_str!("../words/en.toml")));
    &OWN
}

/// For tests: every key written literally as `t("key"` or `tr(…, "key"` in the `.rs` and `.html` files
/// under `dir` (tests aside) that `words` lacks, as "file: key". Keys built at run time are not seen.
pub fn check_sources(words: &Words, dir: impl AsRef<Path>) -> Vec<String> {
    let mut out = Vec::new();
    walk(dir.as_ref(), &mut |path, text| {
        for key in keys_in(text) {
            if !words.has(key) {
                out.push(format!("{}: {key}", path.display()));
            }
        }
    });
    out.sort();
    out.dedup();
    out
}

/// For tests: calls `see` with every `.rs` and `.html` file under `dir`, but for tests and comments.
pub(crate) fn walk(dir: &Path, see: &mut dyn FnMut(&Path, &str)) {
    let Ok(entries) = std::fs::read_dir(dir) else { panic!("no folder {}", dir.display()) };
    let mut paths: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.sort();
    for path in paths {
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            walk(&path, see);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "html")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            see(&path, &code.collect::<Vec<_>>().join("\n"));
        }
    }
}

fn keys_in(text: &str) -> impl Iterator<Item = &str> {
    let calls = text.match_indices("t(").chain(text.match_indices("tr(")).filter_map(move |(at, call)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let args = text[at + call.len()..].trim_start();
        let args = match call {
            "tr(" => args.split_once(',')?.1.trim_start(),
            _ => args,
        };
        args.strip_prefix('"')?.split_once('"').map(|(key, _)| key)
    });
    calls.filter(|key| {
        key.contains('.') && key.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    })
}
