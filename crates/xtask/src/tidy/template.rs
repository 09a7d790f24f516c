//! Rules about templates: the content policy allows no inline style or script, so there is none.

use super::Findings;

const REMEDY: &str = "a class in the style sheets, or a module beside them; the policy would block it";

pub fn check(file: &str, text: &str, findings: &mut Findings) {
    let page = without_template_code(text);
    let line_of = |at: usize| page[..at].matches('\n').count() + 1;
    for (start, tag) in tags(&page) {
        let (name, attributes) = parts(tag);
        for attribute in &attributes {
            let handler = attribute.starts_with("on") && attribute.len() > 3;
            if attribute == "style" || handler {
                findings.add(file, line_of(start), format!("inline `{attribute}=` on <{name}>"), REMEDY);
            }
        }
        let is_data = tag.contains("application/json");
        if name == "script" && !is_data && !attributes.iter().any(|a| a == "src") {
            findings.add(file, line_of(start), "an inline <script>", REMEDY);
        }
        if name == "style" {
            findings.add(file, line_of(start), "an inline <style>", REMEDY);
        }
    }
}

/// The page with `{% … %}`, `{{ … }}` and `{# … #}` blanked out, line breaks kept.
fn without_template_code(text: &str) -> String {
    let mut page = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let close = match rest.as_bytes().get(start + 1) {
            Some(b'%') => "%}",
            Some(b'{') => "}}",
            Some(b'#') => "#}",
            _ => {
                page.push_str(&rest[..=start]);
                rest = &rest[start + 1..];
                continue;
            }
        };
        let end = rest[start..].find(close).map_or(rest.len(), |at| start + at + close.len());
        page.push_str(&rest[..start]);
        page.extend(rest[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[end..];
    }
    page.push_str(rest);
    page
}

/// Every opening tag with the place where it starts; `>` inside quotes does not end a tag.
fn tags(page: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = page[from..].find('<').map(|at| from + at) {
        from = start + 1;
        if !page[from..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let mut quote = None;
        let end = page[from..].find(|c: char| match (quote, c) {
            (Some(open), c) if c == open => {
                quote = None;
                false
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                false
            }
            (None, '>') => true,
            _ => false,
        });
        let Some(end) = end else { break };
        found.push((start, &page[from..from + end]));
        from += end;
    }
    found
}

/// A tag's name and the names of its attributes, in small letters.
fn parts(tag: &str) -> (String, Vec<String>) {
    let mut bare = String::new();
    let mut quote = None;
    for c in tag.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                bare.push(' ');
            }
            None => bare.push(c),
        }
    }
    let mut words = bare
        .split_whitespace()
        .map(|word| word.trim_end_matches('/').split('=').next().unwrap_or_default().to_ascii_lowercase());
    let name = words.next().unwrap_or_default();
    (name, words.collect())
}
