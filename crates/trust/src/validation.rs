//! Checking signatures (kiểm tra chữ ký số): a file goes in, a report comes out, whoever asks: the public
//! page, the programs of others, the command line. What is right and what is wrong is in [`rules`].

mod format;
mod found;
pub mod make;
mod message;
mod pdf;
pub mod policy;
pub mod report;
pub mod rules;
#[cfg(test)]
mod tests;
mod words;
mod xml;

pub use format::detect;
pub use found::Bag;
pub use words::{advice, line, sentence};
