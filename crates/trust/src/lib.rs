//! Certificates and what rests on them, as a province uses them: the register, the authority and its
//! lists, time-stamps, signing and validation. The bytes are made and judged by `pki`, `xmlsig` and
//! `pdfsig`; here they get holders, keys, approvals, pages and addresses. Only the face below is public.

#![warn(missing_docs)]

pub mod archive;
mod authority;
pub mod book;
mod certificate;
mod filters;
mod forms;
mod jobs;
mod key;
pub mod mobile;
mod outside;
mod remote;
mod request;
mod restored;
mod revocation;
pub mod safe;
mod seed;
pub mod signing;
mod stamp;
pub mod validation;
pub mod words;

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header;
use axum::routing::{get, post};
use base::Instant;
use db::deliver::Listener;
use db::jobs::Handler;
use db::{Act, Migration};
use web::page::NavItem;
use web::request::read_body;
use web::{Problem, Site};

use crate::key::Keyring;
use crate::outside::Outside;
use crate::outside::line::Line;
use crate::revocation::live::Live;
use crate::stamp::Stamper;

pub use crate::key::module::ModuleSettings;
pub use crate::outside::line::Allowed;
pub use crate::restored::{Raised, restored};
pub use crate::seed::{Issued, Loaded, Plan};
pub use crate::stamp::client as time_stamps;

/// What the handlers of this system hold.
#[derive(Clone)]
pub struct App {
    /// The house around it.
    pub site: Site,
    /// The public address without a slash at its end, as certificates name their lists and answerers.
    pub address: String,
    /// Where signed files are judged, and whom it trusts.
    pub validation: validation::desk::Desk,
    /// So many days before its archive time-stamp lapses a kept document gets another one.
    pub archive_lead_days: i64,
    /// Hours for which a new PIN waits that replaces one nobody has shown to know, where it must.
    pub pin_wait_hours: i64,
    /// Who stamps the time of what is signed here, in the order in which they are asked.
    pub stamps: std::sync::Arc<[time_stamps::Source]>,
    /// How long each of them is waited for before the next one is asked beside it.
    patience: time_stamps::Patience,
    keys: Keyring,
    live: Live,
    stamper: Stamper,
    outside: Outside,
    /// The line to a mobile operator with SIM PKI.
    pub mobile: mobile::Line,
}

impl App {
    /// Stands ready to make [`routes`], [`listeners`] and [`jobs`]. `secret` is the file under whose secret
    /// the private keys are wrapped; it is made with the first key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(site: Site, address: &str, secret: PathBuf) -> Result<App, Problem> {
        let address = address.trim_end_matches('/').to_string();
        let keys = Keyring::new(secret);
        let live = Live::new(site.db.clone(), keys.clone(), &address);
        let validation = validation::desk::Desk::default();
        let outside = Outside::new(line_to(Arc::new(|_| false))?);
        let (stamper, archive_lead_days) = (Stamper::default(), archive::LEAD_DAYS);
        let stamps = Arc::new([time_stamps::Source::Own]);
        let mobile = mobile::Line::default();
        let pin_wait_hours = signing::PIN_WAIT_HOURS;
        let patience = time_stamps::Patience::default();
        Ok(App {
            site,
            address,
            validation,
            archive_lead_days,
            pin_wait_hours,
            stamps,
            patience,
            keys,
            live,
            stamper,
            outside,
            mobile,
        })
    }

    /// Where other systems have their secrets kept.
    pub fn safe(&self) -> safe::Safe {
        safe::Safe::of(self.keys.clone())
    }

    /// The same, with another time before the end of an archive time-stamp; 0 means the usual one.
    pub fn with_lead(mut self, days: i64) -> App {
        if days > 0 {
            self.archive_lead_days = days;
        }
        self
    }

    /// The same, with another time for which a new PIN waits; 0 means the usual one.
    pub fn with_pin_wait(mut self, hours: i64) -> App {
        if hours > 0 {
            self.pin_wait_hours = hours;
        }
        self
    }

    /// The same, with hardware modules in which keys may lie.
    pub fn with_modules(self, modules: Vec<ModuleSettings>) -> App {
        self.keys.name_modules(modules);
        self
    }

    /// The same, asking issuers outside also at those private addresses that `allowed` says.
    ///
    /// # Errors
    /// A fault when no HTTP client can be made.
    pub fn with_networks(mut self, allowed: Allowed) -> Result<App, Problem> {
        self.outside = Outside::new(line_to(allowed)?);
        Ok(self)
    }

    /// The same, with the time stamped by these, in their order.
    pub fn with_time_stamps(self, stamps: Vec<time_stamps::Source>) -> App {
        App { stamps: stamps.into(), ..self }
    }

    /// The same, with other patience for those who stamp.
    pub fn with_patience(self, patience: time_stamps::Patience) -> App {
        App { patience, ..self }
    }

    /// The same with telephones that are played.
    pub fn with_simulated_phones(mut self) -> App {
        let (db, clock) = (self.site.db.clone(), self.site.clock.clone());
        let played = mobile::simulator::Simulator::new(db, self.keys.clone(), clock);
        self.mobile = mobile::Line::simulated(played);
        self
    }

    /// The same, trusting what this folder holds (`validation::known`).
    ///
    /// # Errors
    /// The file that cannot be read, and why.
    pub fn with_trust(mut self, folder: &std::path::Path) -> Result<App, String> {
        self.validation = validation::desk::Desk::new(validation::known::Known::read(folder)?);
        Ok(self)
    }
}

fn line_to(allowed: Allowed) -> Result<Line, Problem> {
    Line::new(allowed).map_err(Problem::fault)
}

impl axum::extract::FromRef<App> for Site {
    fn from_ref(app: &App) -> Site {
        app.site.clone()
    }
}

/// The tables of this system.
pub fn migrations() -> Vec<Migration> {
    let own = |name, sql| Migration { system: "trust", name, sql };
    vec![
        own("0001_trust", include_str!("../migrations/0001_trust.sql")),
        own("0010_signing", include_str!("../migrations/0010_signing.sql")),
        own("0011_book_seal", include_str!("../migrations/0011_book_seal.sql")),
        own("0020_validation", include_str!("../migrations/0020_validation.sql")),
        own("0030_remote", include_str!("../migrations/0030_remote.sql")),
        own("0031_mobile", include_str!("../migrations/0031_mobile.sql")),
        own("0040_outside", include_str!("../migrations/0040_outside.sql")),
        own("0041_modules", include_str!("../migrations/0041_modules.sql")),
        own("0042_archive", include_str!("../migrations/0042_archive.sql")),
        own("0043_evidence", include_str!("../migrations/0043_evidence.sql")),
        own("0044_archive_page", include_str!("../migrations/0044_archive_page.sql")),
        own("0045_request_deed", include_str!("../migrations/0045_request_deed.sql")),
        own("0050_secret", include_str!("../migrations/0050_secret.sql")),
        own("0050_anchor", include_str!("../migrations/0050_anchor.sql")),
        own("0051_evidence_of_strangers", include_str!("../migrations/0051_evidence_of_strangers.sql")),
        own("0052_pin_wait", include_str!("../migrations/0052_pin_wait.sql")),
        own("0053_key_hash", include_str!("../migrations/0053_key_hash.sql")),
    ]
}

/// The addresses that certificates name, which programs ask, to stand in `web::programs`.
pub fn addresses(app: &App) -> axum::Router {
    axum::Router::new()
        .route("/pki/ca.pem", get(revocation::answer::chain))
        .route("/pki/ca/{file}", get(revocation::answer::issuer))
        .route("/pki/crl/{file}", get(revocation::answer::list))
        .route("/pki/ocsp", get(revocation::answer::nothing).post(revocation::answer::post))
        .route("/pki/ocsp/{*request}", get(revocation::answer::get))
        .route("/pki/tsa", post(stamp::stamp))
        // Shared, for handing over its parts one by one is felt here.
        .with_state(Arc::new(app.clone()))
}

/// The body of a program's request, if it is of this kind and not larger.
async fn asked(request: Request, kind: &str, bytes_max: usize) -> Result<Bytes, Problem> {
    let told = request.headers().get(header::CONTENT_TYPE);
    if !told.is_some_and(|told| told.as_bytes().starts_with(kind.as_bytes())) {
        return Err(Problem::UnsupportedMedia);
    }
    let (parts, body) = request.into_parts();
    read_body(&parts.headers, body, bytes_max).await
}

/// The pages and the JSON.
pub fn routes(app: &App) -> axum::Router {
    axum::Router::new()
        .merge(certificate::pages::routes())
        .merge(certificate::anchor::pages::routes())
        .merge(outside::pages::routes())
        .merge(archive::pages::routes())
        .merge(request::pages::routes())
        .merge(authority::pages::routes())
        .merge(signing::pages::routes())
        .merge(validation::routes())
        .merge(remote::routes())
        .merge(mobile::pages::routes())
        .with_state(app.clone())
}

/// What the province's administrators find in their side list, in the language spoken.
pub fn administration() -> Vec<NavItem> {
    vec![
        NavItem::new(words::t("certificate.title"), certificate::pages::HERE).icon("certificate"),
        NavItem::new(words::t("anchor.title"), certificate::anchor::pages::HERE).icon("shield-check"),
        NavItem::new(words::t("outside.title"), outside::pages::HERE).icon("globe"),
        NavItem::new(words::t("archive.title"), archive::pages::HERE).icon("archive"),
        NavItem::new(words::t("request.title"), request::pages::HERE).icon("file-certificate"),
        NavItem::new(words::t("authority.title"), authority::pages::HERE).icon("key"),
    ]
}

/// What officials find in their own menu, in the language spoken.
pub fn account() -> NavItem {
    NavItem::new(words::t("certificate.own"), certificate::pages::OWN)
}

/// The JSON of this system, for the OpenAPI document that the roof puts together.
pub fn openapi() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    #[derive(OpenApi)]
    #[openapi(paths(validation::api::validate, remote::api::sign))]
    struct Doc;
    Doc::openapi()
}

/// Makes an authority that issues, and the root above it when there is none; with its keys here, or in the
/// hardware module of this name. Its id.
///
/// # Errors
/// When the store does not answer, or the keys cannot be made.
pub async fn establish(
    app: &App,
    key_kind: &str,
    module: Option<&str>,
    now: Instant,
) -> Result<String, Problem> {
    let module = module.map(str::to_string);
    let wish = authority::Wish { key_kind: key_kind.into(), module, ..authority::Wish::default() };
    authority::establish(app, &wish, Act::system("trust.establish", "", now), now).await
}

/// Has the authority that issues stamp time with another kind of key beside those that stamp already.
///
/// # Errors
/// When there is no authority, or one of this kind stamps already; the store's.
pub async fn add_stamper(app: &App, key_kind: &str, now: Instant) -> Result<(), Problem> {
    authority::add_stamper(app, key_kind, Act::system("trust.add-stamper", "", now), now).await
}

/// Fills the register of a demonstration: the province's own authority, and the certificates of its officials
/// and agencies. Does nothing where there is an authority.
///
/// # Errors
/// When the store does not answer, or there are fewer officials than certificates.
pub async fn seed_demo(
    app: &App,
    plan: &Plan,
    now: Instant,
    progress: impl FnMut(&str, usize, usize),
) -> Result<Loaded, Problem> {
    seed::load(app, plan, now, progress).await
}

/// Has so many certificates of a demonstration asked for and issued by the rules.
///
/// # Errors
/// When the store does not answer, or there is nobody who asks or approves.
pub async fn issue_demo(
    app: &App,
    count: usize,
    now: Instant,
    progress: impl FnMut(&str, usize, usize),
) -> Result<Issued, Problem> {
    seed::issue(app, count, now, progress).await
}

/// What follows from events.
pub fn listeners(_app: &App) -> Vec<Listener> {
    Vec::new()
}

/// What comes again: lists are renewed and fetched, keys that answer are replaced, ends are told, the
/// audit book is sealed, reports that nobody fetches are let go.
pub fn jobs(app: &App) -> Vec<Handler> {
    jobs::all(app)
}

/// A text for an address.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        use std::fmt::Write;
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let _ = if plain { write!(out, "{}", char::from(byte)) } else { write!(out, "%{byte:02X}") };
        out
    })
}
