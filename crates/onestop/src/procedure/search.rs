//! Finding a procedure by words, in memory: the catalogue is a few hundred lines of text,
//! so every query reads all of them.

use base::limits::QUERY_CHARS_MAX;
use base::text;

use super::model::Procedure;

/// How many other queries are proposed when one finds nothing.
const PROPOSALS_MAX: usize = 3;

/// The folded words of the procedures it was made from.
#[derive(Debug)]
pub struct Search {
    entries: Vec<Entry>,
}

/// Texts are folded words with a space before and after each, so that a word is found as
/// `" word "` and the beginning of one as `" wor"`.
#[derive(Debug)]
struct Entry {
    code: String,
    name: String,
    synonyms: Vec<String>,
    /// Code, name, synonyms, field, agency and result.
    all: String,
    /// Words of the name: of two equal matches the shorter name is nearer.
    words: usize,
}

/// A query in the shapes it is looked for.
struct Query {
    /// `"ten dat"`, `" ten dat"`, `" ten dat "`.
    phrase: String,
    begun: String,
    whole: String,
    /// `" ten "`, `" dat"`: the last word may be only a beginning.
    words: Vec<String>,
}

impl Search {
    pub fn new<'a>(procedures: impl IntoIterator<Item = &'a Procedure>) -> Search {
        Search { entries: procedures.into_iter().map(Entry::of).collect() }
    }

    /// The codes of the procedures that answer the query, best first, at most `limit`.
    /// Tone marks and đ do not matter; every word must be found, the last may be cut short.
    /// An empty query answers with everything, in the order given.
    pub fn find(&self, query: &str, limit: usize) -> Vec<&str> {
        let tokens = tokens(query);
        if tokens.is_empty() {
            return self.entries.iter().take(limit).map(|entry| &entry.code[..]).collect();
        }
        let query = Query::of(&tokens);
        let hit = |(at, entry): (usize, &Entry)| Some((entry.rank(&query)?, usize::MAX - entry.words, at));
        let mut hits: Vec<(u8, usize, usize)> = self.entries.iter().enumerate().filter_map(hit).collect();
        hits.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then(a.2.cmp(&b.2)));
        hits.into_iter().take(limit).map(|(_, _, at)| &self.entries[at].code[..]).collect()
    }

    /// Other queries for one that finds nothing: the longest runs of its words that some
    /// procedure has, folded, the earlier run first.
    pub fn suggest(&self, query: &str) -> Vec<String> {
        let tokens: Vec<String> = tokens(query).into_iter().filter(|token| token.len() > 1).collect();
        let known = |run: &&[String]| {
            let words: Vec<String> = run.iter().map(|token| format!(" {token} ")).collect();
            self.entries.iter().any(|entry| entry.has(&words))
        };
        let runs = |length: usize| -> Vec<String> {
            tokens.windows(length).filter(known).take(PROPOSALS_MAX).map(|run| run.join(" ")).collect()
        };
        (1..tokens.len()).rev().map(runs).find(|runs| !runs.is_empty()).unwrap_or_default()
    }
}

impl Query {
    fn of(tokens: &[String]) -> Query {
        let phrase = tokens.join(" ");
        let mut words: Vec<String> = tokens.iter().map(|token| format!(" {token} ")).collect();
        if let Some(last) = words.last_mut() {
            last.pop();
        }
        Query { begun: format!(" {phrase}"), whole: format!(" {phrase} "), phrase, words }
    }
}

impl Entry {
    fn of(procedure: &Procedure) -> Entry {
        let spaced = |text: &str| format!(" {} ", text::tokens(text).join(" "));
        let mut all = spaced(&format!(
            "{} {} {} {} {}",
            procedure.code, procedure.name, procedure.field, procedure.agency, procedure.result.name
        ));
        let synonyms: Vec<String> = procedure.synonyms.iter().map(|synonym| spaced(synonym)).collect();
        all.extend(synonyms.iter().map(String::as_str));
        let name = spaced(&procedure.name);
        let words = name.split_whitespace().count();
        Entry { code: procedure.code.clone(), name, synonyms, all, words }
    }

    fn has(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.all.contains(word.as_str()))
    }

    /// How well it answers, greater is better; `None` when it does not.
    fn rank(&self, query: &Query) -> Option<u8> {
        if !self.has(&query.words) {
            return None;
        }
        let synonym = |test: &dyn Fn(&String) -> bool| self.synonyms.iter().any(test);
        Some(if self.code == query.phrase {
            8
        } else if self.name == query.whole || synonym(&|s| *s == query.whole) {
            7
        } else if self.name.starts_with(&query.whole) {
            6
        } else if self.name.starts_with(&query.begun) {
            5
        } else if synonym(&|s| s.starts_with(&query.begun)) {
            4
        } else if self.name.contains(&query.begun) {
            3
        } else if query.words.iter().all(|word| self.name.contains(word.as_str())) {
            2
        } else {
            1
        })
    }
}

/// The folded words of a query, of which only the beginning is looked at.
fn tokens(query: &str) -> Vec<String> {
    text::tokens(&query.chars().take(QUERY_CHARS_MAX).collect::<String>())
}
