//! The rows of reports.

use base::Instant;
use db::{Tx, args};

/// Keeps a report.
pub async fn save(tx: &mut Tx, id: &str, report: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into validation_report (id, made_at, report) values ($1, $2, $3)",
        args![id, now, report],
    )
    .await
}

/// The report of this id that was made after `since`.
pub async fn find(tx: &mut Tx, id: &str, since: Instant) -> db::Result<Option<String>> {
    tx.find("select report from validation_report where id = $1 and made_at > $2", args![id, since]).await
}

/// Forgets reports made before; how many.
pub async fn sweep(tx: &mut Tx, before: Instant) -> db::Result<u64> {
    tx.change("delete from validation_report where made_at < $1", args![before]).await
}
