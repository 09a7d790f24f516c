//! Joining `xml:base` values as Canonical XML 1.1 wants them: by RFC 3986, section 5.2, but for references
//! that may both be relative, and so with leading `..` kept.

/// `relative` as seen from `base`. Either may be empty, relative or absolute.
pub(super) fn join(base: &str, relative: &str) -> String {
    let base = split(base);
    let relative = split(relative);
    let mut joined = String::new();
    let (scheme, authority, path, query) = if relative.scheme.is_some() {
        (relative.scheme, relative.authority, tidy(relative.path), relative.query)
    } else if relative.authority.is_some() {
        (base.scheme, relative.authority, tidy(relative.path), relative.query)
    } else if relative.path.is_empty() {
        (base.scheme, base.authority, tidy(base.path), relative.query.or(base.query))
    } else if relative.path.starts_with('/') {
        (base.scheme, base.authority, tidy(relative.path), relative.query)
    } else {
        (base.scheme, base.authority, tidy(&merge(&base, relative.path)), relative.query)
    };
    for (before, part, after) in [("", scheme, ":"), ("//", authority, "")] {
        if let Some(part) = part {
            joined.extend([before, part, after]);
        }
    }
    joined.push_str(&path);
    if let Some(query) = query {
        joined.extend(["?", query]);
    }
    joined
}

/// The parts of a URI reference but its fragment, which no base has.
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

fn split(reference: &str) -> Parts<'_> {
    let rest = reference.split_once('#').map_or(reference, |(rest, _)| rest);
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    };
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, rest),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (Some(authority), path)
        }
        None => (None, rest),
    };
    Parts { scheme, authority, path, query }
}

fn merge(base: &Parts<'_>, relative: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{relative}");
    }
    // A base that ends in `..` is a folder.
    let folder = base.path.ends_with("/..") || base.path == "..";
    let kept = match (folder, base.path.rfind('/')) {
        (true, _) => format!("{}/", base.path),
        (false, Some(slash)) => base.path[..=slash].to_string(),
        (false, None) => String::new(),
    };
    kept + relative
}

/// Takes out `.` and what `..` takes back, makes one slash of several, keeps `..` that have nothing to take
/// back in a relative path, and ends a path on a slash that ends in `.` or `..`.
fn tidy(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut kept: Vec<&str> = vec![];
    for segment in path.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
        match (segment, kept.last()) {
            ("..", Some(last)) if *last != ".." => drop(kept.pop()),
            ("..", _) if absolute => {}
            _ => kept.push(segment),
        }
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let open = matches!(last, "" | "." | "..") && !kept.is_empty();
    let start = if absolute { "/" } else { "" };
    format!("{start}{}{}", kept.join("/"), if open { "/" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn bases_are_joined_like_references_and_may_stay_relative() {
        // the joined reference, as RFC 3986 section 5.4 has it for an absolute base, and as the
        // recommendation says for relative ones
        let table = [
            ("http://a/b/c/d;p?q", "g", "http://a/b/c/g"),
            ("http://a/b/c/d;p?q", "./g/", "http://a/b/c/g/"),
            ("http://a/b/c/d;p?q", "../../g", "http://a/g"),
            ("http://a/b/c/d;p?q", "../../../g", "http://a/g"),
            ("http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"),
            ("http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"),
            ("http://a/b/c/d;p?q", "//g", "http://g"),
            ("http://a/b/c/d;p?q", "g:h", "g:h"),
            ("http://a", "b", "http://a/b"),
            ("", "../x", "../x"),
            ("..", "x", "../x"),
            ("../x/", "../../y", "../../y"),
            ("a//b/", "c", "a/b/c"),
            ("a/b", "..", ""),
            ("a/b/c", "..", "a/"),
            ("", "", ""),
        ];
        for (base, relative, joined) in table {
            assert_eq!(join(base, relative), joined, "{relative:?} from {base:?}");
        }
    }
}
