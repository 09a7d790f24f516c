//! The language in which a request is answered: Vietnamese, unless the visitor has chosen English.
//!
//! One middleware ([`crate::layers`]) reads the choice from a cookie and lets the whole answer be made
//! inside [`speaking`]; from there on [`spoken`] tells it to words and templates, so that no function
//! hands a language on. `db` carries it into closures of reads and writes.
//!
//! On a page that answers a form, the switch carries what was sent: see [`crate::posted`].
//!
//! What nobody has asked for speaks Vietnamese: jobs, listeners, tasks that were spawned, and so
//! whatever is sent out. What is kept or printed says so itself, with [`in_vietnamese`]: a line of a
//! dossier's history, a file's name, a paper, because others read it, and the law wants Vietnamese.

use std::future::Future;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use db::carry;

use crate::form::RawForm;
use crate::kept::SendAgain;
use crate::page::{self, Shell};
use crate::posted::{FILES_FIELD, PATH_FIELD, Posted, is_secret};
use crate::problem::Problem;
use crate::request::Path;
use crate::session::MaybeSigned;
use crate::site::Site;

/// A language the interface speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Vietnamese, the source.
    #[default]
    Vi,
    /// English.
    En,
}

/// The cookie's name; its only value is `en`.
const COOKIE: &str = "cl_ngon_ngu";
/// A year: who has chosen English once is not asked again.
const KEPT_SECONDS: u32 = 365 * 24 * 3600;

impl Lang {
    /// All of them, the source first.
    pub const ALL: [Lang; 2] = [Lang::Vi, Lang::En];

    /// As in `<html lang>` and in addresses: `vi`, `en`.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Vi => "vi",
            Lang::En => "en",
        }
    }

    /// Its own name: "Tiếng Việt", "English".
    pub fn name(self) -> String {
        crate::words::own().t(&format!("language.{}", self.code()), &[])
    }

    /// The one that a page offers instead.
    pub fn other(self) -> Lang {
        match self {
            Lang::Vi => Lang::En,
            Lang::En => Lang::Vi,
        }
    }

    /// The language of a code.
    pub fn of(code: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// What the browser has chosen. Only the cookie decides: many browsers of the province's citizens
    /// ask for English in `Accept-Language` because nobody ever set them up, and would get pages that
    /// their owners cannot read.
    pub fn asked(headers: &HeaderMap) -> Lang {
        crate::session::cookie_named(headers, COOKIE).and_then(Lang::of).unwrap_or_default()
    }

    /// The language of a request's answer: the chosen one, and at the choice itself the one that is chosen.
    pub(crate) fn of_request(path: &str, headers: &HeaderMap) -> Lang {
        path.strip_prefix("/ngon-ngu/").and_then(Lang::of).unwrap_or_else(|| Lang::asked(headers))
    }

    fn carried(self) -> u8 {
        match self {
            Lang::Vi => 0,
            Lang::En => 1,
        }
    }
}

/// The language of the answer that is being made; Vietnamese outside of requests.
pub fn spoken() -> Lang {
    match carry::carried() {
        1 => Lang::En,
        _ => Lang::Vi,
    }
}

/// Does `work` in a language.
pub fn speaking<F: Future>(lang: Lang, work: F) -> impl Future<Output = F::Output> {
    carry::carrying(lang.carried(), work)
}

/// Calls `work` in a language.
pub fn saying<T>(lang: Lang, work: impl FnOnce() -> T) -> T {
    carry::carrying_now(lang.carried(), work)
}

/// Words that are kept, printed or sent, whoever causes it.
pub fn in_vietnamese<T>(work: impl FnOnce() -> T) -> T {
    saying(Lang::Vi, work)
}

/// `/ngon-ngu/{vi|en}`.
pub fn routes(site: &Site) -> Router {
    Router::new().route("/ngon-ngu/{lang}", get(choose).post(choose_after_a_form)).with_state(site.clone())
}

/// `GET /ngon-ngu/en`: remembers the choice and goes back to the page it was made on. A link is enough,
/// for nothing but the look of pages changes.
async fn choose(
    State(site): State<Site>,
    Path(code): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let lang = Lang::of(&code).ok_or(Problem::NotFound)?;
    Ok(remembering(lang, &site, Redirect::to(&way_back(&headers, &uri)).into_response()))
}

/// `POST /ngon-ngu/en`: remembers the choice on a page that answered a form, and offers to send again what
/// the form had sent. Nothing is done with it here.
async fn choose_after_a_form(
    State(site): State<Site>,
    MaybeSigned(signed): MaybeSigned,
    Path(code): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let lang = Lang::of(&code).ok_or(Problem::NotFound)?;
    let action = form.get(PATH_FIELD).and_then(crate::back::safe).unwrap_or("/").to_string();
    let has_files = form.get(FILES_FIELD).is_some();
    let mut fields = form.0;
    fields.retain(|(name, _)| name != PATH_FIELD && name != FILES_FIELD && !is_secret(name));
    let title = crate::words::own().t("send_again.title", &[]);
    let mut shell = Shell::citizen(&site, None, signed.map(|s| s.csrf).unwrap_or_default(), title);
    shell.brand_only();
    shell.posted = Some(Posted::new(action.clone(), has_files, Some(fields.clone())));
    let page = page::html(SendAgain { shell, action, fields, chosen: Vec::new(), has_files, switched: true });
    Ok(remembering(lang, &site, page))
}

fn remembering(lang: Lang, site: &Site, mut response: Response) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie(lang, site));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The page the link was on, if it is one of ours, else the front page. Our own policy makes browsers
/// name it; an address in the link would stand in kept pages, for whoever reads them next.
fn way_back(headers: &HeaderMap, asked: &Uri) -> String {
    let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok()?.parse::<Uri>().ok());
    let ours = from.filter(|from| from.authority().map(|a| a.as_str()) == crate::csrf::host(headers, asked));
    let path = ours.as_ref().and_then(|from| from.path_and_query()).map_or("/", |path| path.as_str());
    crate::back::safe(path).filter(|path| !path.starts_with("/ngon-ngu/")).unwrap_or("/").to_string()
}

fn cookie(lang: Lang, site: &Site) -> HeaderValue {
    let (value, age) = match lang {
        Lang::Vi => ("", 0),
        Lang::En => ("en", KEPT_SECONDS),
    };
    let secure = if site.secure_cookies { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    HeaderValue::from_str(&text).expect("it is made of plain letters")
}
