//! The rows of a citizen's own list.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// A line of the list.
    pub struct Line {
        id: String, code: String, procedure: String, counter: String, status: i64, filed_at: Instant,
        due_at: Option<Instant>, deadline: Option<Instant>,
        /// Answers that the applicant has not opened.
        unread: i64,
    }
}

impl Line {
    /// Where this line stands in the list: the cursor of what follows it.
    pub fn place(&self) -> String {
        format!("{}_{}", self.filed_at.micros(), self.id)
    }
}

/// The dossiers of an account, the newest first, after a place; at most 21.
pub async fn list_own(tx: &mut Tx, account: &str, after: &str) -> db::Result<Vec<Line>> {
    let place = after.split_once('_').and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id)));
    let Some((at, id)) = place else {
        let sql = "select id, code, procedure, counter, status, filed_at, due_at, deadline,
                coalesce((select t.unread from message_thread t where t.dossier = dossier.id), 0) as unread
           from dossier
            where applicant = $1 order by filed_at desc, id desc limit 21";
        return tx.list(sql, args![account]).await;
    };
    let sql = "select id, code, procedure, counter, status, filed_at, due_at, deadline,
                coalesce((select t.unread from message_thread t where t.dossier = dossier.id), 0) as unread
           from dossier
        where applicant = $1 and filed_at <= $2 and (filed_at < $2 or id < $3)
        order by filed_at desc, id desc limit 21";
    tx.list(sql, args![account, Instant::from_micros(at), id]).await
}
