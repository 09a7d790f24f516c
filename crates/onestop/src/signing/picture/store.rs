//! Rows of pictures.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

use super::PictureId;

db::record! {
    /// A picture: the one in use, or an earlier one that has ended.
    pub struct Row {
        id: PictureId, sha256: Hash, size: i64, width: i64, height: i64, width_mm: Option<i64>,
        added_by: String, added_at: Instant, ended_at: Option<Instant>,
    }
}

/// The picture in use.
pub async fn find(tx: &mut Tx, part: &str, whose: &str) -> db::Result<Option<Row>> {
    let sql = "select id, sha256, size, width, height, width_mm, added_by, added_at, ended_at
           from signing_picture where part = $1 and whose = $2 and open = 1";
    tx.find(sql, args![part, whose]).await
}

/// All of them, the newest first; at most 50.
pub async fn list(tx: &mut Tx, part: &str, whose: &str) -> db::Result<Vec<Row>> {
    let sql = "select id, sha256, size, width, height, width_mm, added_by, added_at, ended_at
           from signing_picture where part = $1 and whose = $2 order by added_at desc, id desc limit 50";
    tx.list(sql, args![part, whose]).await
}

/// Ends the one in use, if there is one.
pub async fn end(tx: &mut Tx, part: &str, whose: &str, by: &str, now: Instant) -> db::Result<()> {
    let sql = "update signing_picture set open = null, ended_by = $3, ended_at = $4
          where part = $1 and whose = $2 and open = 1";
    tx.change(sql, args![part, whose, by, now]).await.map(drop)
}

/// Keeps one as the one in use.
pub async fn save(tx: &mut Tx, part: &str, whose: &str, r: &Row) -> db::Result<()> {
    tx.change_one(
        "insert into signing_picture
                (id, part, whose, open, sha256, size, width, height, width_mm, added_by, added_at)
         values ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)",
        args![r.id, part, whose, r.sha256, r.size, r.width, r.height, r.width_mm, &r.added_by, r.added_at],
    )
    .await
}
