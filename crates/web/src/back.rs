//! Where to go after signing in: a path of this site, and nothing else.

/// `path` if it is a path (with query) of this very site; anything that a browser could read as another
/// host, a scheme or a header is not.
pub fn safe(path: &str) -> Option<&str> {
    let plain = path.len() <= 2000
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.chars().all(|c| c.is_ascii_graphic());
    plain.then_some(path)
}

/// The sign-in page's address with the way back, and with the notice that a session has expired.
pub fn sign_in_url(sign_in: &str, back: &str, expired: bool) -> String {
    let sign_in = if sign_in.is_empty() { "/dang-nhap" } else { sign_in };
    let back: String = form_urlencoded::byte_serialize(safe(back).unwrap_or("/").as_bytes()).collect();
    let notice = if expired { "&het=1" } else { "" };
    format!("{sign_in}?ve={back}{notice}")
}
