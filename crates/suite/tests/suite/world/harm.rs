//! No check that cannot fail: a small world is harmed behind the product's back, and the check that is
//! there for it tells.

use db::{Tx, args};
use rusqlite::Connection;

use super::{World, runtime};
use crate::checks::faults_of;
use crate::checks::snapshot::Snapshot;

/// The check that must tell, and the harm.
const HARMS: [(&str, &str); 25] = [
    ("moves", "delete from dossier_step where verb = 'receive'"),
    ("moves", "update dossier_step set verb = 'decide' where verb = 'pass_on'"),
    ("moves", "update dossier_step set to_status = 9 where verb = 'receive'"),
    ("moves", "update dossier set status = 4, stage = 'sign' where status = 10"),
    ("promises", "update dossier_step set due_at = due_at + 60000000 where verb = 'receive'"),
    ("promises", "update dossier_step set due_at = null where verb = 'pass_on'"),
    ("promises", "update dossier set answer_by = answer_by - 60000000"),
    ("promises", "update dossier set due_at = due_at + 86400000000 where due_at is not null"),
    ("numbers", "update number_book set last = last + 1 where book like 'dossier|%'"),
    ("numbers", "update dossier set code = code || '9' where status = 10"),
    ("numbers", "update dossier_result set number = '77'"),
    ("numbers", "update fee_receipt set number = '0000077' where number = '0000001'"),
    ("papers", "delete from dossier_paper where kind = 'receipt'"),
    ("papers", "update dossier_paper set ordinal = ordinal + 50 where kind = 'result'"),
    ("papers", "delete from dossier_result"),
    ("money", "update fee_payment set applied = applied - 1 where applied > 0"),
    ("money", "update fee_bill set state = 'cancelled' where state = 'paid'"),
    ("money", "update fee_receipt set voided_at = 1"),
    (
        "money",
        "update dossier set status = 8 where id in (select dossier from fee_bill where state = 'paid')",
    ),
    ("references", "update content set refs = refs + 1 where refs > 0"),
    ("references", "delete from content where refs > 0"),
    ("figures", "delete from measure"),
    ("figures", "update measure set requests = requests + 1"),
    ("petitions", "update petition set state = 'refused'"),
    ("quiet", "update outbox set fanned = 0"),
];

/// Why a harm does not stay.
enum Undone {
    Seen(Box<Snapshot>),
    Failed(db::Error),
}

impl From<db::Error> for Undone {
    fn from(e: db::Error) -> Self {
        Undone::Failed(e)
    }
}

/// What a snapshot of the harmed tables tells; nothing of the harm stays.
async fn told(world: &World, harm: &'static str) -> Vec<(&'static str, String)> {
    let harmed = async move |tx: &mut Tx| -> Result<(), Undone> {
        let rows = tx.change(harm, args![]).await?;
        assert!(rows > 0, "nothing was harmed by {harm}");
        Err(Undone::Seen(Box::new(Snapshot::read(tx).await?)))
    };
    match world.town().opened.site.db.upkeep(harmed).await {
        Err(Undone::Seen(snapshot)) => faults_of(&snapshot),
        Err(Undone::Failed(e)) => panic!("{harm}: {e}"),
        Ok(()) => unreachable!("the harm is always undone"),
    }
}

#[test]
fn every_check_tells_of_the_harm_it_is_there_for() {
    runtime().block_on(async {
        let mut world = World::new(20_260_821, "").await;
        world.lives(20).await;
        for (check, harm) in HARMS {
            let told = told(&world, harm).await;
            assert!(told.iter().any(|(name, _)| *name == check), "{check} is silent about {harm}: {told:?}");
        }
        let unharmed = world.snapshot().await;
        let found = faults_of(&unharmed);
        assert!(found.is_empty(), "{found:#?}");

        // A dossier that was acknowledged and never stored, and a step that was.
        world.ledger.acknowledge("001.09.22.Z61-260820-9999", "file");
        assert!(world.ledger.faults(&unharmed).iter().any(|why| why.ends_with("is lost")));
        let code = unharmed.dossiers[0].code.clone();
        world.ledger.acknowledge(&code, "stop");
        assert!(world.ledger.faults(&unharmed).iter().any(|why| why.starts_with(&code)));

        // The audit book and the bytes are harmed on the disk.
        let site = world.town().opened.site.clone();
        let (db, blobs) = (&site.db, &site.blobs);
        let found = crate::checks::faults(db, blobs).await;
        assert!(found.is_empty(), "{found:#?}");
        let hash = &unharmed.files[0].sha256;
        let file = world.folder.path().join("blobs").join(&hash[..2]).join(hash);
        std::fs::write(file, "other bytes").expect("the file is there");
        let book = Connection::open(world.folder.path().join("world.db")).expect("the file opens");
        let harm = "update audit_entry set verb = 'harmed' where no = 5";
        assert_eq!(book.execute(harm, []).expect("the entry is there"), 1);
        let told: Vec<&str> =
            crate::checks::faults(db, blobs).await.iter().map(|(check, _)| *check).collect();
        assert_eq!(told, ["audit", "bytes"]);
    });
}
