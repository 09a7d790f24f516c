//! What must not be used twice after an installation was made anew from a backup: whatever was numbered
//! between the backup and the loss has numbers that nobody here knows. So the counters of time-stamps and
//! of revocation lists jump by more than can have been used, and the span is told.

use base::Instant;
use db::{Act, Db, Tx, args};
use web::Problem;

use crate::{authority, revocation, stamp};

/// More time-stamps than are given in a lifetime of backups: at 20,000 a second, more than a year and a half.
const STAMPS_GAP: i64 = 1 << 40;
/// More numbers of lists than an authority takes between two backups.
const LISTS_GAP: i64 = 1 << 24;

/// Where the counters stand now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raised {
    /// The next time-stamp's number, where one was ever given.
    pub stamps_from: Option<i64>,
    /// Authorities whose lists jumped.
    pub authorities: usize,
}

/// Raises the counters of an installation that was just restored.
///
/// # Errors
/// The store's.
pub async fn restored(db: &Db, now: Instant) -> Result<Raised, Problem> {
    let raise = async move |tx: &mut Tx| -> Result<Raised, Problem> {
        let mut raised = Raised::default();
        if let Some(counter) = stamp::store::find(tx).await? {
            let next = counter.next.saturating_add(STAMPS_GAP);
            stamp::store::save(tx, next, counter.last_at).await?;
            raised.stamps_from = Some(next);
        }
        for row in authority::store::list(tx).await? {
            let sql =
                "update authority set crl_number = crl_number + $1, crl_base = crl_number + $1 where id = $2";
            tx.change_one(sql, args![LISTS_GAP, row.id]).await?;
            // Under a number of its own the whole list is said anew, and no delta counts from before.
            let at = revocation::rules::whole_second(now);
            let next = at.plus_minutes(revocation::LIST_HOURS * 60);
            revocation::store::save_renewed(tx, &row.id, at, next).await?;
            raised.authorities += 1;
        }
        Ok(raised)
    };
    db.write(Act::system("trust.raise-numbers", "", now), raise).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use db::testing::both;

    #[test]
    fn after_a_restore_no_number_of_the_lost_span_comes_again() {
        both(async |t| {
            t.migrate(&crate::migrations()).await;
            let now = Instant::parse_rfc3339("2026-11-02T08:00:00+07:00").unwrap();
            assert_eq!(restored(&t.db, now).await.unwrap(), Raised::default(), "nothing was numbered");
            let before = async move |tx: &mut Tx| -> db::Result<()> {
                stamp::store::save(tx, 5_001, now).await?;
                let key = "insert into trust_key (id, kind, made_for, spki, wrapped, made_at)
                     values ('k', 'p256', 'authority', $1, $1, $2)";
                tx.change_one(key, args![b"x".to_vec(), now]).await?;
                let new = authority::store::New {
                    id: "ca-1".into(),
                    role: "root",
                    name: "CA".into(),
                    parent: None,
                    key: "k".into(),
                    der: b"x".to_vec(),
                    shards: 0,
                };
                authority::store::save(tx, &new, now, now.plus_minutes(60), now).await?;
                revocation::put(tx, "ca-1", "07", (pki::crl::Reason::KeyCompromise, None), now).await
            };
            t.db.upkeep(before).await.unwrap();
            let number = async |tx: &mut Tx| -> db::Result<(i64, i64)> {
                tx.get("select crl_number, crl_base from authority where id = 'ca-1'", args![]).await
            };
            let (old, _) = t.db.read(number).await.unwrap();
            let later = now.plus_days(2);
            let raised = restored(&t.db, later).await.unwrap();
            assert_eq!(raised, Raised { stamps_from: Some(5_001 + STAMPS_GAP), authorities: 1 });
            let (new, base) = t.db.read(number).await.unwrap();
            assert!(new >= old + LISTS_GAP, "{old} and then {new}");
            assert_eq!(base, new, "no delta counts from before");
            let changes = async |tx: &mut Tx| revocation::store::list_changes(tx, "ca-1", 0, "").await;
            assert_eq!(t.db.read(changes).await.unwrap().len(), 1, "what was revoked before stays so");
        });
    }
}
