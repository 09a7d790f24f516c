//! Icons: Tabler's outline set (MIT), a chosen part of it, drawn into the page.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use askama::filters::Safe;

static TABLE: LazyLock<HashMap<&'static str, Drawn>> = LazyLock::new(|| {
    include_str!("../assets/icons.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, inner)| (name, Drawn::new(inner)))
        .collect()
});

struct Drawn {
    inner: &'static str,
    svg: String,
}

impl Drawn {
    fn new(inner: &'static str) -> Drawn {
        let svg = format!(r#"<svg class="ic" viewBox="0 0 24 24" aria-hidden="true">{inner}</svg>"#);
        Drawn { inner, svg }
    }
}

/// The icon as markup beside its words, hidden from screen readers. Unknown names draw nothing; a
/// crate's tests find them with [`check_sources`].
pub fn icon(name: &str) -> Safe<&'static str> {
    Safe(TABLE.get(name).map_or("", |drawn| drawn.svg.as_str()))
}

/// An icon that stands alone and so must say what it means.
pub fn labelled(name: &str, label: &str) -> Safe<String> {
    let inner = TABLE.get(name).map_or("", |drawn| drawn.inner);
    let mut text = String::with_capacity(label.len());
    for c in label.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '"' => text.push_str("&quot;"),
            c => text.push(c),
        }
    }
    Safe(format!(r#"<svg class="ic" viewBox="0 0 24 24" role="img" aria-label="{text}">{inner}</svg>"#))
}

/// Is there such an icon?
pub fn has(name: &str) -> bool {
    TABLE.contains_key(name)
}

/// For tests: icons named literally in the `.rs` and `.html` files under `dir`, as `icon("name")`,
/// `labelled("name"` or `"name"|icon`, that are not in the table, as "file: name".
pub fn check_sources(dir: impl AsRef<Path>) -> Vec<String> {
    let mut out = Vec::new();
    crate::words::walk(dir.as_ref(), &mut |path, text| {
        let mut names: Vec<&str> = Vec::new();
        for call in ["icon(\"", "labelled(\""] {
            names.extend(text.split(call).skip(1).filter_map(|t| t.split_once('"').map(|(n, _)| n)));
        }
        names.extend(text.split("\"|icon").filter_map(|t| t.rsplit_once('"').map(|(_, n)| n)).filter(plain));
        let missing = names.into_iter().filter(|n| plain(n) && !has(n));
        out.extend(missing.map(|n| format!("{}: {n}", path.display())));
    });
    out
}

fn plain(name: &&str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
