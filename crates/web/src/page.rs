//! The frame around a page. A view embeds a [`Shell`] as its field `shell` and its template extends
//! `shell/citizen.html`, `shell/official.html` or `shell/plain.html`, filling `title` and `main`.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use askama::Template;
use askama::filters::Safe;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;

use crate::lang::{Lang, spoken};
use crate::posted::Posted;
use crate::problem::Problem;
use crate::site::{Brand, Site};

/// A link of a header, a menu or a side list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NavItem {
    pub label: String,
    pub href: String,
    /// Icon name, or "".
    pub icon: &'static str,
    /// Count shown beside the label.
    pub count: Option<u64>,
    pub tone: Tone,
}

/// How loud a count is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    /// Soon due.
    Amber,
    /// Late.
    Red,
}

impl Tone {
    /// The class of the link in the side list.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Amber => "amb",
            Tone::Red => "red",
        }
    }
}

impl NavItem {
    /// A plain link.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> NavItem {
        NavItem { label: label.into(), href: href.into(), ..NavItem::default() }
    }

    /// With an icon before the label.
    pub fn icon(self, icon: &'static str) -> NavItem {
        NavItem { icon, ..self }
    }

    /// With a count after it.
    pub fn count(self, count: u64) -> NavItem {
        NavItem { count: Some(count), ..self }
    }

    /// Coloured, where the count is not zero.
    pub fn tone(self, tone: Tone) -> NavItem {
        let tone = if self.count == Some(0) { Tone::Plain } else { tone };
        NavItem { tone, ..self }
    }
}

/// A titled group of the side list; the first group usually has no title.
#[derive(Clone, Debug, Default)]
pub struct NavGroup {
    pub title: String,
    pub items: Vec<NavItem>,
}

/// The side list of an officials' module.
#[derive(Clone, Debug, Default)]
pub struct SideNav {
    /// "Hồ sơ một cửa": names the list for screen readers and on phones.
    pub title: String,
    pub groups: Vec<NavGroup>,
}

/// A link column of the footer.
#[derive(Clone, Debug, Default)]
pub struct FootColumn {
    pub title: String,
    pub items: Vec<NavItem>,
}

/// Who is signed in, as the header shows it.
#[derive(Clone, Debug, Default)]
pub struct ViewerBadge {
    pub name: String,
    /// The office of an official ("Một cửa phường Phước Hậu"); empty for citizens.
    pub place: String,
    /// At most two letters.
    pub initials: String,
}

impl ViewerBadge {
    /// A badge with the name's initials.
    pub fn new(name: impl Into<String>, place: impl Into<String>) -> ViewerBadge {
        let name = name.into();
        ViewerBadge { initials: base::text::initials(&name), place: place.into(), name }
    }
}

/// The search box of the officials' bar: a GET form with the field `q`.
#[derive(Clone, Debug)]
pub struct Search {
    pub action: String,
    pub label: String,
}

/// A line above the page's content, after something was done.
#[derive(Clone, Debug)]
pub struct Notice {
    pub kind: NoticeKind,
    pub text: String,
}

/// How a notice looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    Done,
    Info,
    Warning,
}

impl Notice {
    /// The classes of the note.
    pub fn class(&self) -> &'static str {
        match self.kind {
            NoticeKind::Done => "cl-note cl-note--ok",
            NoticeKind::Info => "cl-note",
            NoticeKind::Warning => "cl-note cl-note--warn",
        }
    }

    /// The icon before it.
    pub fn icon(&self) -> &'static str {
        match self.kind {
            NoticeKind::Done => "circle-check",
            NoticeKind::Info => "info-circle",
            NoticeKind::Warning => "alert-triangle",
        }
    }
}

/// Everything around a page's content.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The page's title, without the site's name.
    pub title: String,
    /// One sentence for search engines; "" leaves it out.
    pub description: String,
    pub lang: Lang,
    /// The address of the navigation item (header, module, side list) this page belongs to.
    pub active: String,
    /// The module of the officials' bar this page belongs to.
    pub module: String,
    pub viewer: Option<ViewerBadge>,
    /// The session's token for forms; "" for visitors.
    pub csrf: String,
    pub brand: Arc<Brand>,
    pub modules: Vec<NavItem>,
    pub account: Vec<NavItem>,
    /// The viewer's notices, with the count of those not opened.
    pub inbox: Option<NavItem>,
    pub side: Option<SideNav>,
    pub search: Option<Search>,
    pub notice: Option<Notice>,
    /// The page shows errors of a form: "Lỗi:" stands before its title.
    pub has_errors: bool,
    /// Officials' pages listen to single keys (J, K, U, /, ?); people can turn that off.
    pub single_keys: bool,
    /// Header without sign-in and account, for pages made when nobody could be looked up.
    pub anonymous: bool,
    /// What the form has sent that this page answers: switching the language carries it.
    pub posted: Option<Arc<Posted>>,
    /// The page shows what is never shown again, so that it offers no other language.
    pub told_once: bool,
}

impl Shell {
    /// The citizens' frame. `csrf` is the session's token, or "" when nobody is signed in.
    pub fn citizen(
        site: &Site,
        viewer: Option<ViewerBadge>,
        csrf: impl Into<String>,
        title: impl Into<String>,
    ) -> Shell {
        Shell {
            title: title.into(),
            description: String::new(),
            lang: spoken(),
            active: String::new(),
            module: String::new(),
            viewer,
            csrf: csrf.into(),
            brand: site.spoken_brand().clone(),
            modules: site.spoken_brand().modules.clone(),
            account: site.spoken_brand().account.clone(),
            inbox: None,
            side: None,
            search: None,
            notice: None,
            has_errors: false,
            single_keys: true,
            anonymous: false,
            posted: crate::posted::here(),
            told_once: false,
        }
    }

    /// The officials' frame; side list, search and a narrower set of modules are added by the page.
    pub fn official(
        site: &Site,
        viewer: ViewerBadge,
        csrf: impl Into<String>,
        title: impl Into<String>,
    ) -> Shell {
        let account = site.spoken_brand().official_account.clone();
        Shell { account, ..Shell::citizen(site, Some(viewer), csrf, title) }
    }

    /// The navigation item this page belongs to, by address.
    pub fn active(mut self, href: impl Into<String>) -> Shell {
        self.active = href.into();
        self
    }

    /// The officials' module this page belongs to, by address.
    pub fn module(mut self, href: impl Into<String>) -> Shell {
        self.module = href.into();
        self
    }

    /// The modules this viewer may open, instead of all.
    pub fn modules(mut self, modules: Vec<NavItem>) -> Shell {
        self.modules = modules;
        self
    }

    /// The account menu, instead of the brand's.
    pub fn account(mut self, account: Vec<NavItem>) -> Shell {
        self.account = account;
        self
    }

    /// The side list.
    pub fn side(mut self, side: SideNav) -> Shell {
        self.side = Some(side);
        self
    }

    /// The search box of the officials' bar.
    pub fn search(mut self, action: impl Into<String>, label: impl Into<String>) -> Shell {
        self.search = Some(Search { action: action.into(), label: label.into() });
        self
    }

    /// A line above the content.
    pub fn notice(mut self, kind: NoticeKind, text: impl Into<String>) -> Shell {
        self.notice = Some(Notice { kind, text: text.into() });
        self
    }

    /// The page shows a form again with its errors.
    pub fn errors(mut self) -> Shell {
        self.has_errors = true;
        self
    }

    /// Single keys do nothing on this page: the viewer has turned them off.
    pub fn without_keys(mut self) -> Shell {
        self.single_keys = false;
        self
    }

    /// The page shows a password, a key or a code that nobody can look at again.
    pub fn told_once(mut self) -> Shell {
        self.told_once = true;
        self
    }

    /// Leaves out who is signed in and how to sign in.
    pub fn brand_only(&mut self) {
        self.anonymous = true;
    }

    /// `aria-current` for a link, where the page belongs to it.
    pub fn current(&self, item: &NavItem) -> Safe<&'static str> {
        let here = item.href == self.active || item.href == self.module;
        Safe(if here && !item.href.is_empty() { r#" aria-current="page""# } else { "" })
    }

    /// An icon by name.
    pub fn icon(&self, name: &str) -> Safe<&'static str> {
        crate::icon::icon(name)
    }

    /// Where an asset is.
    pub fn asset(&self, name: &str) -> &'static str {
        crate::assets::url(name)
    }

    /// The hidden field every POST form of a signed-in person carries, as its first field.
    pub fn csrf_field(&self) -> Safe<String> {
        Safe(csrf_field(&self.csrf))
    }

    /// How many notices the viewer has not opened.
    pub fn unread(&self) -> u64 {
        self.inbox.as_ref().and_then(|item| item.count).unwrap_or_default()
    }

    /// Can the viewer sign out from this page?
    pub fn can_sign_out(&self) -> bool {
        !self.brand.sign_out.is_empty() && !self.csrf.is_empty()
    }
}

/// The hidden field for a token; nothing for no token, or for a text that is none.
pub fn csrf_field(token: &str) -> String {
    let plain = token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if token.is_empty() || !plain {
        return String::new();
    }
    format!(r#"<input type="hidden" name="_csrf" value="{token}">"#)
}

/// The page as an answer, or a fault if it does not render.
pub fn html(page: impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The same under another status: 422 for a form shown again.
pub fn html_with(status: axum::http::StatusCode, page: impl Template) -> Response {
    let mut response = html(page);
    if response.status().is_success() {
        *response.status_mut() = status;
    }
    response
}

/// Has the browser ask again after this many seconds, for the same page or for `to`. It is a header, so
/// that a page which people read offers, in words of its own, the way to end it.
pub fn again(mut response: Response, seconds: u32, to: Option<&str>) -> Response {
    let wish = match to {
        None => seconds.to_string(),
        Some(to) => format!("{seconds}; url={to}"),
    };
    if let Ok(wish) = HeaderValue::from_str(&wish) {
        response.headers_mut().insert(HeaderName::from_static("refresh"), wish);
    }
    response
}

/// Pages for visitors, rendered once per version of their data and language, and kept packed.
///
/// The caller reads the version in the same request and hands it over, so that a page is never older
/// than its data; a page made from other data than `version` says would be the caller's lie.
#[derive(Clone, Default)]
pub struct Cached(Arc<RwLock<HashMap<Name, Kept>>>);

/// A page's key, and its language: each language has a page of its own.
type Name = (Lang, String);

#[derive(Clone)]
struct Kept {
    version: i64,
    plain: Bytes,
    gzip: Bytes,
}

/// More pages than this are not kept; the first to come stay.
const PAGES_MAX: usize = 128;

impl Cached {
    /// An empty cache; one per process, in the state of the routes that use it.
    pub fn new() -> Cached {
        Cached::default()
    }

    /// The kept page for `key` if it was made from `version` or newer data, else a fresh one, kept
    /// from now on.
    pub fn answer<T: Template>(
        &self,
        headers: &HeaderMap,
        key: &str,
        version: i64,
        page: impl FnOnce() -> T,
    ) -> Response {
        let name: Name = (spoken(), key.to_string());
        let known = self.0.read().unwrap_or_else(|e| e.into_inner()).get(&name).cloned();
        let kept = match known {
            // Newer data serves whoever still holds the older: two first visitors may count
            // at once.
            Some(kept) if kept.version >= version => kept,
            _ => match page().render() {
                Ok(html) => self.keep(name, version, html),
                Err(error) => return Problem::from(error).into_response(),
            },
        };
        kept.response(crate::assets::takes_gzip(headers))
    }

    fn keep(&self, name: Name, version: i64, html: String) -> Kept {
        let gzip = Bytes::from(crate::assets::gzip(html.as_bytes(), 6));
        let fresh = Kept { version, plain: Bytes::from(html), gzip };
        let mut pages = self.0.write().unwrap_or_else(|e| e.into_inner());
        // Two may render at once; the newer data stays.
        let newer = pages.get(&name).is_some_and(|kept| kept.version > version);
        if !newer && (pages.len() < PAGES_MAX || pages.contains_key(&name)) {
            pages.insert(name, fresh.clone());
        }
        fresh
    }
}

impl Kept {
    fn response(self, gzip: bool) -> Response {
        let mut response = Html(if gzip { self.gzip } else { self.plain }).into_response();
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, cookie"));
        if gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}
