//! The catalogue of administrative procedures (thủ tục hành chính): one TOML file per
//! procedure and version, in `procedures/`, read into strict types.

pub mod model;

#[cfg(test)]
mod tests;

pub use model::{Procedure, embedded};
