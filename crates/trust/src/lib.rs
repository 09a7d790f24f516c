//! Certificates and what rests on them, as a province uses them: the register, the authority and its
//! lists, time-stamps, signing and validation. The bytes are made and judged by `pki`, `xmlsig` and
//! `pdfsig`; here they get holders, keys, approvals, pages and addresses. Only the face below is public.

#![warn(missing_docs)]

mod filters;
pub mod validation;
pub mod words;

use db::Migration;
use db::deliver::Listener;
use db::jobs::Handler;
use web::{Problem, Site};

/// What the handlers of this system hold.
#[derive(Clone)]
pub struct App {
    /// The house around it.
    pub site: Site,
    /// The public address without a slash at its end, as certificates name their lists and answerers.
    pub address: String,
    /// Where signed files are judged, and whom it trusts.
    pub validation: validation::desk::Desk,
}

impl App {
    /// Stands ready to make [`routes`], [`listeners`] and [`jobs`].
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(site: Site, address: &str) -> Result<App, Problem> {
        let validation = validation::desk::Desk::default();
        Ok(App { site, address: address.trim_end_matches('/').to_string(), validation })
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

impl axum::extract::FromRef<App> for Site {
    fn from_ref(app: &App) -> Site {
        app.site.clone()
    }
}

/// The tables of this system.
pub fn migrations() -> Vec<Migration> {
    let own = |name, sql| Migration { system: "trust", name, sql };
    vec![own("0020_validation", include_str!("../migrations/0020_validation.sql"))]
}

/// The pages, the JSON and the addresses that certificates name.
pub fn routes(app: &App) -> axum::Router {
    axum::Router::new().merge(validation::routes()).with_state(app.clone())
}

/// The JSON of this system, for the OpenAPI document that the roof puts together.
pub fn openapi() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    #[derive(OpenApi)]
    #[openapi(paths(validation::api::validate))]
    struct Doc;
    Doc::openapi()
}

/// What follows from events.
pub fn listeners(_app: &App) -> Vec<Listener> {
    Vec::new()
}

/// What comes again.
pub fn jobs(app: &App) -> Vec<Handler> {
    const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);
    let clock = app.site.clock.clone();
    let forgetting = Handler::new("trust.forget-reports", move |db, _| {
        let now = clock.now();
        async move { validation::sweep(&db, now).await }
    });
    vec![forgetting.every(HOUR)]
}
