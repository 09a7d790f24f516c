//! `cargo x bench`.
use crate::shell::Outcome;
pub fn run(_words: &[String]) -> Outcome {
    crate::machine::ready_for_bench()
}
