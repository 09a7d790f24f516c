//! Every SQL statement of our sources means something on both engines.

use std::path::Path;

/// The statements made at run time, inside `db` (nobody else can make one), which db's own tests run
/// on both engines: the audit chain's update of as many rows as there are, and those of the backup,
/// which knows tables only from the engine's catalogue.
const MADE_IN_DB: [&str; 5] = [
    "db/src/audit.rs:",
    "db/src/backup/restore.rs:",
    "db/src/backup/rows.rs:",
    "db/src/backup/rows.rs:",
    "db/src/rows.rs:", // what `Rows::new` was given, which is read where that is called
];

#[test]
fn every_statement_prepares_on_both_engines() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("suite lies among the crates");
    let found = suite::sql::statements(crates);
    let (made, unseen): (Vec<&String>, Vec<_>) =
        found.unseen.iter().partition(|line| MADE_IN_DB.iter().any(|place| line.starts_with(place)));
    assert!(unseen.is_empty() && made.len() == MADE_IN_DB.len(), "cannot be seen whole: {:#?}", found.unseen);
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
