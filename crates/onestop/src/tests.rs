//! What tests of this crate begin with.

use db::Migration;
use db::testing::TestDb;
use trust::safe::Safe;

/// The tables of this system and of those below it.
pub fn migrations() -> Vec<Migration> {
    [web::migrations(), directory::migrations(), trust::migrations(), crate::migrations()].concat()
}

/// A safe of the test's own.
pub fn safe(t: &TestDb) -> Safe {
    Safe::new(t.dir().join("trust.secret"))
}
