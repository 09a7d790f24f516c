//! What a handler holds: the doors to the data, the clock, and whose site this is.

use std::sync::Arc;

use base::{Clock, Instant};
use db::blobs::Blobs;
use db::{Db, Tx};
use futures_util::future::LocalBoxFuture;

use crate::lang::{Lang, spoken};
use crate::page::{FootColumn, NavItem};

/// The application's state. Cheap to clone; systems take it in `routes(site)`.
#[derive(Clone)]
pub struct Site {
    pub db: Db,
    pub blobs: Blobs,
    pub clock: Clock,
    /// The Vietnamese one, and whatever is the same in both; pages take [`Site::spoken_brand`].
    pub brand: Arc<Brand>,
    /// The same links and names in English; none where nobody translated them.
    pub brand_en: Option<Arc<Brand>>,
    /// `Secure` on cookies and `Strict-Transport-Security`: true wherever TLS stands in front.
    pub secure_cookies: bool,
    /// Where people read what they are told; none where no system tells them anything.
    pub inbox: Option<Inbox>,
    /// What systems keep for an account; none where no system keeps anything.
    pub holdings: Option<Holdings>,
    /// Paths that take forms from pages of elsewhere, which browsers send without a cookie. Whoever handles
    /// them believes nothing but what the form itself proves.
    pub open_forms: &'static [&'static str],
}

/// What is kept for an account, for whoever compares two of them. A system brings it.
#[derive(Clone, Copy)]
pub struct Holdings {
    /// What an account has: words and a number each.
    pub count: for<'t> fn(&'t mut Tx, &'t str) -> LocalBoxFuture<'t, db::Result<Vec<(String, i64)>>>,
    /// Whether anything has been done since with what this merge (by its id) moved.
    pub used: for<'t> fn(&'t mut Tx, &'t str) -> LocalBoxFuture<'t, db::Result<bool>>,
    /// People without an account who look like somebody else, with an account or without.
    pub unregistered: for<'t> fn(&'t mut Tx) -> LocalBoxFuture<'t, db::Result<Vec<Unregistered>>>,
    /// Whom a code or a personal number names, if it is one person and has no account.
    pub find: for<'t> fn(&'t mut Tx, &'t str) -> LocalBoxFuture<'t, db::Result<Option<Unregistered>>>,
}

/// Somebody without an account, as a system knows them by what was written down.
#[derive(Clone, Debug)]
pub struct Unregistered {
    /// What [`Holdings::find`] finds them by; no account's id or number.
    pub key: String,
    pub name: String,
    /// 12 digits; none where nobody wrote it down.
    pub number: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
    /// Known since.
    pub since: Instant,
    /// What they have, as [`Holdings::count`] says it; empty in lists.
    pub held: Vec<(String, i64)>,
}

/// Where notices are read, as the frame around every page shows it. A system brings it.
#[derive(Clone)]
pub struct Inbox {
    /// How many an account has not opened.
    pub unread: for<'t> fn(&'t mut Tx, &'t str) -> LocalBoxFuture<'t, db::Result<i64>>,
    /// The link of citizens, and that of officials, in the language of the request.
    pub citizen: fn() -> NavItem,
    pub official: fn() -> NavItem,
}

impl Site {
    /// A site with insecure cookies (development, tests); the roof sets `secure_cookies` itself.
    pub fn new(db: Db, blobs: Blobs, clock: Clock, brand: Brand) -> Site {
        Site {
            db,
            blobs,
            clock,
            brand: Arc::new(brand),
            brand_en: None,
            secure_cookies: false,
            inbox: None,
            holdings: None,
            open_forms: &[],
        }
    }

    /// With the brand in English.
    pub fn with_english(self, brand: Brand) -> Site {
        Site { brand_en: Some(Arc::new(brand)), ..self }
    }

    /// The brand in the language of the request.
    pub fn spoken_brand(&self) -> &Arc<Brand> {
        match (spoken(), &self.brand_en) {
            (Lang::En, Some(english)) => english,
            _ => &self.brand,
        }
    }
}

/// Whose site this is, and the links every page carries. All of it is data of the province.
#[derive(Clone, Debug, Default)]
pub struct Brand {
    /// The province's short name: "Vĩnh Long".
    pub province: String,
    /// The wordmark of the citizens' pages: "Dịch vụ công Vĩnh Long".
    pub name: String,
    /// Under the wordmark: "UBND tỉnh Vĩnh Long".
    pub place: String,
    /// The body that answers for the site, in full: "Ủy ban nhân dân tỉnh Vĩnh Long".
    pub owner: String,
    /// "1022"; empty when there is none.
    pub hotline: String,
    /// "miễn phí, 7:00–21:00 hằng ngày"; empty when unknown.
    pub hotline_hours: String,
    /// Invented people and figures: every page says so.
    pub demo: bool,
    /// Header links of citizens' pages, at most five. Only links that exist.
    pub nav: Vec<NavItem>,
    /// Menu of a signed-in citizen, without sign-out (which is a form of its own).
    pub account: Vec<NavItem>,
    /// Menu of a signed-in official, without sign-out.
    pub official_account: Vec<NavItem>,
    /// Modules of the officials' bar; a page may narrow them to what the viewer may open.
    pub modules: Vec<NavItem>,
    /// What other systems add to the side list of the province's administrators.
    pub administration: Vec<NavItem>,
    /// Link columns of the footer.
    pub foot: Vec<FootColumn>,
    /// "/dang-nhap"; empty hides the sign-in button.
    pub sign_in: String,
    /// "/dang-xuat", taken by POST; empty hides sign-out.
    pub sign_out: String,
}

impl Brand {
    /// A brand without links, with the usual wordings of the language spoken around the province's name.
    pub fn of(province: &str) -> Brand {
        let word = |key| crate::words::own().t(key, &[("province", province)]);
        Brand {
            province: province.to_string(),
            name: word("brand.name"),
            place: word("brand.place"),
            owner: word("brand.owner"),
            ..Brand::default()
        }
    }
}
