//! Every SQL statement of our sources means something on both engines.

use std::path::Path;

/// The one statement made at run time: the audit chain's update of as many rows as there are,
/// inside `db` (nobody else can make one), which db's own tests run on both engines.
const MADE_IN_DB: &str = "db/src/audit.rs:";

#[test]
fn every_statement_prepares_on_both_engines() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("suite lies among the crates");
    let found = suite::sql::statements(crates);
    let (made, unseen): (Vec<&String>, Vec<_>) =
        found.unseen.iter().partition(|line| line.starts_with(MADE_IN_DB));
    assert!(unseen.is_empty() && made.len() == 1, "cannot be seen whole: {:#?}", found.unseen);
    assert!(found.statements.len() > 100, "only {} statements were found", found.statements.len());

    db::testing::both(async |t| {
        t.migrate(&cuulong::open::migrations()).await;
        let mut wrong = Vec::new();
        for statement in &found.statements {
            if let Err(e) = t.db.prepare(&statement.sql).await {
                wrong.push(format!("{}: {e}\n  {}", statement.place, statement.sql));
            }
        }
        assert!(wrong.is_empty(), "{:?}:\n{}", t.kind(), wrong.join("\n"));
    });
}
