//! The directory of Cửu Long: units, officials, citizens, roles, and signing in.
//!
//! Other systems take their proof from here (`CounterClerk`, `Citizen` …), ask for the unit that
//! receives or settles, and count time by a unit's calendar. See `README.md`.

use axum::Router;
use db::Migration;
use web::Site;

pub mod account;
mod filters;
mod forms;
pub mod province;
pub mod role;
pub mod routes;
pub mod seed;
pub mod signin;
pub mod unit;
pub mod viewer;
pub mod words;
pub mod working_time;

pub use account::{
    Account, AccountId, AccountKind, Kind, Official, Person, Post, PostId, Serving, confirm, find_account,
    holders, list_signing_officials, official, person,
};
pub use province::{Province, level_rules, province};
pub use role::Role;
pub use routes::{ROUTES, openapi};
pub use unit::pages::shell_of as admin_shell;
pub use unit::{
    Commune, Receiving, Unit, UnitId, agencies_within, agency_of, ancestors, counter_of, find_by_ident,
    find_unit, get_unit, heirs, is_within, list_agencies, list_communes, list_receiving, realm_of, unit_for,
};
pub use viewer::{
    Admin, AnyOfficial, Citizen, CounterClerk, Keeper, Leader, MaybeViewer, Officer, RecordsClerk, UnitAdmin,
    Viewer,
};
pub use working_time::{calendar, close_on};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    let own = |name, sql| Migration { system: "directory", name, sql };
    vec![
        own("0001_directory", include_str!("../migrations/0001_directory.sql")),
        own("0002_holiday_stamp", include_str!("../migrations/0002_holiday_stamp.sql")),
        own("0003_duplicates", include_str!("../migrations/0003_duplicates.sql")),
    ]
}

/// The pages and the JSON of this crate.
pub fn routes(site: &Site) -> Router {
    routes::router(site)
}

#[cfg(test)]
mod tests;
