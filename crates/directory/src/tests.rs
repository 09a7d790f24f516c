//! Stories of the whole crate, on both databases.

mod seeds;
