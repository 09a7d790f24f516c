//! Rules about Rust code, checked on its tokens: comments cannot trip them and macros cannot
//! hide from them.

use super::{Findings, Rules, Where};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

pub fn check(file: &str, text: &str, rules: &Rules, findings: &mut Findings) {
    let Ok(stream) = text.parse::<TokenStream>() else {
        findings.add(file, 1, "not Rust", "it must at least have whole tokens");
        return;
    };
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    let place = Place { tests: is_test_file(file), free: may_speak_vietnamese(file, rules) };
    let tested = tested(&tokens, place.tests);
    never(file, &tokens, &tested, rules, findings);
    functions(file, &tokens, rules.limits.lines_per_function, findings);
    literals(file, &tokens, &tested, place, findings);
}

#[derive(Clone, Copy)]
struct Place {
    tests: bool,
    free: bool,
}

/// A token with its line; groups are flattened into their brackets.
struct Token {
    text: String,
    line: usize,
    is_string: bool,
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    let mut before_is_hash = false;
    for tree in stream {
        let line = tree.span().start().line;
        let hash = matches!(&tree, TokenTree::Punct(p) if p.as_char() == '#');
        match tree {
            // A doc comment reaches us as `#[doc = "…"]`; it is a comment all the same.
            TokenTree::Group(group) if before_is_hash && is_doc(&group.stream()) => {
                out.pop();
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let end = group.span_close().end().line;
                out.push(Token { text: open.into(), line, is_string: false });
                flatten(group.stream(), out);
                out.push(Token { text: close.into(), line: end, is_string: false });
            }
            other => {
                let text = other.to_string();
                let literal = matches!(other, TokenTree::Literal(_));
                let is_string = literal && text.contains('"');
                out.push(Token { text, line, is_string });
            }
        }
        // `#![…]` keeps the hash in mind over the exclamation mark.
        let bang = out.last().is_some_and(|token| token.text == "!");
        before_is_hash = hash || (before_is_hash && bang);
    }
}

fn is_doc(stream: &TokenStream) -> bool {
    matches!(stream.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == "doc")
}

/// For each token, whether it belongs to a test: an item under `#[cfg(test)]` or `#[…test]`.
fn tested(tokens: &[Token], whole_file: bool) -> Vec<bool> {
    let mut marks = vec![whole_file; tokens.len()];
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].text != "#" {
            at += 1;
            continue;
        }
        let attribute_end = group_end(tokens, at + 1);
        if is_test_attribute(&tokens[at..attribute_end]) {
            let end = item_end(tokens, attribute_end);
            marks[at..end].fill(true);
            at = end;
        } else {
            at = attribute_end;
        }
    }
    marks
}

fn is_test_attribute(tokens: &[Token]) -> bool {
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    match words.as_slice() {
        ["#", "[", "cfg", "(", inside @ ..] => inside.contains(&"test") && !inside.contains(&"not"),
        ["#", "[", .., "test", "]"] => true,
        ["#", "[", path @ ..] => path.windows(2).any(|pair| pair == ["test", "("]),
        _ => false,
    }
}

/// Past the item that begins at `from`: its `;` or the end of its braces, other attributes and
/// brackets skipped.
fn item_end(tokens: &[Token], from: usize) -> usize {
    let mut at = from;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at + 1,
            "{" => return group_end(tokens, at),
            "(" | "[" => at = group_end(tokens, at),
            _ => at += 1,
        }
    }
    tokens.len()
}

/// Past the group that opens at `open`, or one step on when nothing opens there.
fn group_end(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

fn never(file: &str, tokens: &[Token], tested: &[bool], rules: &Rules, findings: &mut Findings) {
    for rule in &rules.never {
        let here = rule.files.is_empty() || rule.files.iter().any(|end| file.ends_with(end));
        if !here || rule.except.iter().any(|path| file == path) {
            continue;
        }
        let said = words(&rule.say);
        for at in 0..tokens.len().saturating_sub(said.len() - 1) {
            let wanted = match rule.r#where {
                Where::All => true,
                Where::Tests => tested[at],
                Where::Product => !tested[at],
            };
            if wanted && said.iter().zip(&tokens[at..]).all(|(word, token)| *word == token.text) {
                findings.add(file, tokens[at].line, format!("says `{}`", rule.say), &rule.remedy);
            }
        }
    }
}

/// A rule's words cut as Rust cuts them; it may end inside a bracket, as `#[ignore` does.
fn words(say: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in say.chars() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        match words.last_mut() {
            Some(last) if is_word(c) && last.ends_with(is_word) => last.push(c),
            _ => words.push(c.into()),
        }
    }
    words
}

/// From `fn` to the closing brace, documentation not counted.
fn functions(file: &str, tokens: &[Token], limit: usize, findings: &mut Findings) {
    for at in 0..tokens.len().saturating_sub(1) {
        let name = &tokens[at + 1].text;
        let named = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if tokens[at].text != "fn" || !named {
            continue;
        }
        let last = &tokens[item_end(tokens, at) - 1];
        let lines = last.line + 1 - tokens[at].line;
        if last.text == "}" && lines > limit {
            let rule = format!("{lines} lines in `{name}`, a function of at most {limit}");
            findings.add(file, tokens[at].line, rule, "take out the parts that have a name");
        }
    }
}

fn literals(file: &str, tokens: &[Token], tested: &[bool], place: Place, findings: &mut Findings) {
    let strings = tokens.iter().zip(tested).filter(|(token, tested)| token.is_string && !**tested);
    for (token, _) in strings {
        if !place.free && token.text.chars().any(is_vietnamese) {
            let remedy = "words live in words/vi.toml and in templates";
            findings.add(file, token.line, "Vietnamese words in code", remedy);
        }
        let html = token.text.replace('\\', "");
        let ships = !place.tests && !file.starts_with("crates/xtask/");
        if ships && (html.contains(" style=\"") || html.contains("<script>")) {
            findings.add(file, token.line, "inline style or script", "the policy would block it");
        }
    }
}

/// Letters that Vietnamese has and English has not.
fn is_vietnamese(c: char) -> bool {
    let marked = "àáâãèéêìíòóôõùúýăđĩũơư";
    ('\u{1EA0}'..='\u{1EF9}').contains(&c) || c.to_lowercase().any(|c| marked.contains(c))
}

/// The test crates and the files named for tests.
fn is_test_file(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let named = ["tests.rs", "testing.rs"].contains(&name) || name.ends_with("_tests.rs");
    named || file.starts_with("crates/suite/") || file.contains("/tests/") || file.contains("/testing/")
}

fn may_speak_vietnamese(file: &str, rules: &Rules) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let seed = name.starts_with("seed") || file.contains("/seed/") || file.contains("/seeds/");
    seed || file.starts_with("crates/xtask/") || rules.vietnamese.files.iter().any(|p| file.starts_with(p))
}
