//! Certificates and what rests on them, as a province uses them: the register, the authority and its
//! lists, time-stamps, signing and validation. The bytes are made and judged by `pki`, `xmlsig` and
//! `pdfsig`; here they get holders, keys, approvals, pages and addresses. Only the face below is public.

#![warn(missing_docs)]

mod authority;
pub mod book;
mod certificate;
mod filters;
mod forms;
mod key;
pub mod mobile;
mod remote;
mod request;
mod revocation;
mod seed;
pub mod signing;
mod stamp;
pub mod validation;
pub mod words;

use std::path::PathBuf;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use base::Instant;
use db::deliver::Listener;
use db::jobs::Handler;
use db::{Act, Db, Migration};
use web::page::NavItem;
use web::{Problem, Site};

use crate::key::Keyring;
use crate::revocation::live::Live;
use crate::stamp::Stamper;

pub use crate::seed::{Loaded, Plan};

/// What the handlers of this system hold.
#[derive(Clone)]
pub struct App {
    /// The house around it.
    pub site: Site,
    /// The public address without a slash at its end, as certificates name their lists and answerers.
    pub address: String,
    /// Where signed files are judged, and whom it trusts.
    pub validation: validation::desk::Desk,
    keys: Keyring,
    live: Live,
    stamper: Stamper,
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
        let (stamper, mobile) = (Stamper::default(), mobile::Line::default());
        Ok(App { site, address, validation, keys, live, stamper, mobile })
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

impl App {
    /// The same with telephones that are played.
    pub fn with_simulated_phones(mut self) -> App {
        let (db, clock) = (self.site.db.clone(), self.site.clock.clone());
        self.mobile =
            mobile::Line::simulated(mobile::simulator::Simulator::new(db, self.keys.clone(), clock));
        self
    }
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
    ]
}

/// The pages, the JSON and the addresses that certificates name.
pub fn routes(app: &App) -> axum::Router {
    axum::Router::new()
        .route("/pki/ca.pem", get(revocation::answer::chain))
        .route("/pki/ca/{file}", get(revocation::answer::issuer))
        .route("/pki/crl/{file}", get(revocation::answer::list))
        .route("/pki/ocsp", get(revocation::answer::nothing).post(revocation::answer::post))
        .route("/pki/ocsp/{*request}", get(revocation::answer::get))
        .route("/pki/tsa", post(stamp::stamp))
        .layer(DefaultBodyLimit::max(pki::ocsp::REQUEST_BYTES_MAX))
        .merge(certificate::pages::routes())
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

/// Makes an authority that issues, and the root above it when there is none. Its id.
///
/// # Errors
/// When the store does not answer, or the keys cannot be made.
pub async fn establish(app: &App, key_kind: &str, now: Instant) -> Result<String, Problem> {
    let wish = authority::Wish { key_kind: key_kind.into(), ..authority::Wish::default() };
    authority::establish(app, &wish, Act::system("trust.establish", "", now), now).await
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

/// What follows from events.
pub fn listeners(_app: &App) -> Vec<Listener> {
    Vec::new()
}

/// What comes again: lists are renewed, keys that answer are replaced, ends are told, the
/// audit book is sealed, reports that nobody fetches are let go.
pub fn jobs(app: &App) -> Vec<Handler> {
    const QUARTER: Duration = Duration::from_secs(15 * 60);
    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let (lists, units, ends, book) = (app.clone(), app.clone(), app.clone(), app.clone());
    let clock = app.site.clock.clone();
    let told = |problem: Problem| problem.to_string();
    let mut jobs = vec![
        Handler::new("trust.renew-lists", move |db: Db, _| {
            let app = lists.clone();
            async move {
                revocation::renew(&db, app.site.clock.now()).await.map(drop).map_err(told)?;
                app.live.forget();
                Ok(())
            }
        })
        .every(QUARTER),
        Handler::new("trust.replace-units", move |db: Db, _| {
            let (app, now) = (units.clone(), units.site.clock.now());
            async move { authority::keep_units(&app, &db, now).await.map(drop).map_err(told) }
        })
        .every(DAY),
        Handler::new("trust.seal-book", move |_, _| {
            let app = book.clone();
            async move { book::seal(&app).await.map(drop).map_err(told) }
        })
        .every(DAY),
        Handler::new("trust.watch-expiry", move |db: Db, _| {
            let now = ends.site.clock.now();
            async move { certificate::watch(&db, now).await.map(drop).map_err(told) }
        })
        .every(DAY),
        Handler::new("trust.forget-reports", move |db, _| {
            let now = clock.now();
            async move {
                validation::sweep(&db, now).await?;
                remote::sweep(&db, now).await?;
                mobile::sweep(&db, now).await
            }
        })
        .every(HOUR),
    ];
    jobs.extend(app.mobile.operator.is_some().then(|| mobile::job(app)));
    jobs
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
