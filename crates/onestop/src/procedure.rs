//! The catalogue of administrative procedures (thủ tục hành chính): one TOML file per
//! procedure and version, in `procedures/`, read into strict types.
//!
//! Everything but `api` and `pages` is pure: no clock, no database, no request. `model` is the file as
//! types, `check` finds what is wrong with one, `form` judges a citizen's answers,
//! `search` finds a procedure by words. How a file is written: `procedures/README.md`.

pub mod api;
pub mod ask;
pub mod check;
pub mod edit;
pub mod form;
pub mod import;
pub mod inspect;
pub mod model;
pub mod pages;
pub mod places;
pub mod search;
pub mod signers;
pub mod simulate;
pub mod words;

#[cfg(test)]
mod tests;

pub use model::Procedure;
