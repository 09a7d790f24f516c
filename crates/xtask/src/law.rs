//! `cargo x law`: what the code cites of the law, against what docs/law states.
//!
//! An anchor is `file/slug`: the file is the name of a page in docs/law, the slug stands in a
//! heading of that page, either as `{#slug}` or as the heading's first word. A citation is a
//! comment with the word "law", a colon, and one or more anchors with commas between.

use crate::shell::{Outcome, files, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A place in the code that cites the law.
#[derive(Debug, PartialEq, Eq)]
pub struct Citation {
    pub file: String,
    pub line: usize,
    pub anchor: String,
}

/// Prints each page's anchors with the number of places that cite them; fails when a citation
/// leads nowhere.
pub fn run() -> Outcome {
    let root = root();
    let anchors = anchors(&root);
    let citations = citations(&root);
    let mut cited: BTreeMap<&str, usize> = BTreeMap::new();
    for citation in &citations {
        *cited.entry(&citation.anchor).or_default() += 1;
    }
    let mut page = "";
    for anchor in &anchors {
        let (file, slug) = anchor.split_once('/').expect("an anchor is made with its file");
        if file != page {
            println!("docs/law/{file}.md");
            page = file;
        }
        match cited.get(anchor.as_str()) {
            Some(times) => println!("  {slug:<40} {times}"),
            None => println!("  {slug:<40} not cited"),
        }
    }
    let covered = anchors.iter().filter(|anchor| cited.contains_key(anchor.as_str())).count();
    println!("{covered} of {} statements are cited, in {} places", anchors.len(), citations.len());
    let dead: Vec<String> = citations
        .iter()
        .filter(|citation| !anchors.contains(&citation.anchor))
        .map(|c| format!("{}:{} cites {}, which docs/law does not have", c.file, c.line, c.anchor))
        .collect();
    if dead.is_empty() { Ok(()) } else { Err(dead.join("\n")) }
}

/// Every anchor of docs/law.
pub fn anchors(root: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for file in files(root, "docs/law").iter().filter(|file| file.ends_with(".md")) {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        let page = file.trim_start_matches("docs/law/").trim_end_matches(".md");
        all.extend(anchors_of(page, &text));
    }
    all
}

fn anchors_of(page: &str, text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .filter_map(|heading| {
            let braced = heading.split_once("{#").and_then(|(_, rest)| rest.split_once('}'));
            let first = heading.trim_start_matches('#').split_whitespace().next();
            let slug = braced.map(|(slug, _)| slug).or(first)?.trim_matches(['`', ':']);
            let slug = slug.strip_prefix(page).and_then(|rest| rest.strip_prefix('/')).unwrap_or(slug);
            is_slug(slug).then(|| format!("{page}/{slug}"))
        })
        .collect()
}

/// Every citation in our code; xtask stands aside, because its tests hold samples.
pub fn citations(root: &Path) -> Vec<Citation> {
    const KINDS: [&str; 5] = [".rs", ".sql", ".toml", ".html", ".typ"];
    let mut all = Vec::new();
    for file in files(root, "crates") {
        if file.starts_with("crates/xtask/") || !KINDS.iter().any(|kind| file.ends_with(kind)) {
            continue;
        }
        let text = std::fs::read_to_string(root.join(&file)).unwrap_or_default();
        all.extend(citations_of(&file, &text));
    }
    all
}

fn citations_of(file: &str, text: &str) -> Vec<Citation> {
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((before, after)) = line.split_once("law: ") else { continue };
        if !["//", "--", "#", "{#"].iter().any(|mark| before.contains(mark)) {
            continue;
        }
        for part in after.split(", ") {
            let anchor = part.split_whitespace().next().unwrap_or("").trim_end_matches(['.', ';', ')', ',']);
            let Some((page, slug)) = anchor.split_once('/') else { break };
            if !is_slug(page) || !is_slug(slug) {
                break;
            }
            all.push(Citation { file: file.into(), line: number + 1, anchor: anchor.into() });
        }
    }
    all
}

/// Small letters, digits, dots and dashes, beginning with a letter or digit.
fn is_slug(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    word.starts_with(plain) && word.chars().all(|c| plain(c) || c == '-' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_stand_in_headings() {
        let page = "# Decree 30\n\n## art-13 Registering\n### Papers {#art-8.1}\n## Other words\n";
        assert_eq!(anchors_of("nd30", page), ["nd30/art-13", "nd30/art-8.1"]);
        assert_eq!(anchors_of("onestop", "## onestop/supplement-clock\n"), ["onestop/supplement-clock"]);
    }

    #[test]
    fn citations_stand_in_comments_and_may_be_several() {
        let code = "// law: nd30/art-13, onestop/fees.\nlet s = \"law: no/body\";\n-- law: a/b (see there)\n";
        let found: Vec<_> = citations_of("x.rs", code).into_iter().map(|c| (c.line, c.anchor)).collect();
        let found: Vec<_> = found.iter().map(|(line, anchor)| (*line, anchor.as_str())).collect();
        assert_eq!(found, [(1, "nd30/art-13"), (1, "onestop/fees"), (3, "a/b")]);
    }
}
