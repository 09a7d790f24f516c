//! Everything the checks look at, read in one transaction.

use db::{Tx, args};

db::record! {
    #[derive(PartialEq, Eq)]
    pub struct Dossier {
        id: String, code: String, procedure: String, agency: String, status: i64, stage: Option<String>,
        filed_at: i64, answer_by: i64, due_at: Option<i64>, version: i64,
    }
}
db::record! {
    #[derive(PartialEq, Eq)]
    pub struct Step {
        dossier: String, ordinal: i64, verb: String, from_status: i64, to_status: i64,
        from_stage: Option<String>, to_stage: Option<String>, at: i64, due_at: Option<i64>,
        details: String,
    }
}
db::record! { pub struct Paper { dossier: String, kind: String, ordinal: i64, sha256: String } }
db::record! { pub struct File { dossier: String, sha256: String } }
db::record! { pub struct Outcome { dossier: String, number: String, day: String } }
db::record! {
    pub struct Bill { id: String, dossier: String, state: String, amount: i64, closed_by: Option<String> }
}
db::record! {
    pub struct Payment { reference: String, amount: i64, bill: Option<String>, applied: i64 }
}
db::record! {
    pub struct Receipt {
        unit: String, series: String, number: String, bill: String, amount: i64, voided_at: Option<i64>,
        sha256: Option<String>,
    }
}
db::record! {
    pub struct Refund { counter: String, number: String, dossier: Option<String>, cause: String, amount: i64 }
}
db::record! { pub struct Content { hash: String, refs: i64 } }
db::record! {
    #[derive(PartialEq, Eq)]
    pub struct Measure {
        dossier: String, filed: i64, received: Option<i64>, settled: Option<i64>, ended: Option<i64>,
        decided_at: Option<i64>, grade: Option<i64>, minutes: Option<i64>, requests: i64, paid: i64,
        version: i64,
    }
}
db::record! { pub struct Petition { id: String, number: String, state: String } }
db::record! {
    pub struct PetitionStep { petition: String, ordinal: i64, from_state: String, to_state: String }
}
db::record! { pub struct Waiting { what: String, name: String } }

/// What the tables hold.
pub struct Snapshot {
    pub dossiers: Vec<Dossier>,
    pub steps: Vec<Step>,
    pub papers: Vec<Paper>,
    pub files: Vec<File>,
    pub results: Vec<Outcome>,
    pub bills: Vec<Bill>,
    pub payments: Vec<Payment>,
    pub receipts: Vec<Receipt>,
    pub refunds: Vec<Refund>,
    pub contents: Vec<Content>,
    /// References to contents that are not rows of the lists above.
    pub other_references: Vec<String>,
    pub books: Vec<(String, i64)>,
    pub measures: Vec<Measure>,
    pub petitions: Vec<Petition>,
    pub petition_steps: Vec<PetitionStep>,
    pub waiting: Vec<Waiting>,
}

impl Snapshot {
    /// Reads it.
    pub async fn read(tx: &mut Tx) -> db::Result<Snapshot> {
        let dossiers =
            "select id, code, procedure, agency, status, stage, filed_at, answer_by, due_at, version
            from dossier order by id";
        let steps = "select dossier, ordinal, verb, from_status, to_status, from_stage, to_stage, at, due_at,
                details
            from dossier_step order by dossier, ordinal";
        let measures =
            "select dossier, filed, received, settled, ended, decided_at, grade, minutes, requests,
            paid, version from measure order by dossier";
        let petition_steps = "select petition, ordinal, from_state, to_state from petition_step
            order by petition, ordinal";
        let bills = "select id, dossier, state, amount, closed_by from fee_bill order by id";
        let payments = "select reference, amount, bill, applied from fee_payment order by id";
        let receipts =
            "select unit, series, number, bill, amount, voided_at, sha256 from fee_receipt order by id";
        let refunds = "select counter, number, dossier, cause, amount from fee_refund order by id";
        Ok(Snapshot {
            dossiers: tx.list(dossiers, args![]).await?,
            steps: tx.list(steps, args![]).await?,
            papers: tx.list("select dossier, kind, ordinal, sha256 from dossier_paper", args![]).await?,
            files: tx.list("select dossier, sha256 from dossier_file", args![]).await?,
            results: tx.list("select dossier, number, day from dossier_result", args![]).await?,
            bills: tx.list(bills, args![]).await?,
            payments: tx.list(payments, args![]).await?,
            receipts: tx.list(receipts, args![]).await?,
            refunds: tx.list(refunds, args![]).await?,
            contents: tx.list("select hash, refs from content order by hash", args![]).await?,
            other_references: Self::other_references(tx).await?,
            books: tx.list("select book, last from number_book order by book", args![]).await?,
            measures: tx.list(measures, args![]).await?,
            petitions: tx.list("select id, number, state from petition order by id", args![]).await?,
            petition_steps: tx.list(petition_steps, args![]).await?,
            waiting: Self::waiting(tx).await?,
        })
    }

    async fn other_references(tx: &mut Tx) -> db::Result<Vec<String>> {
        let drafts = "select sha256 from upload where draft is not null";
        let mut all: Vec<String> = tx.list(drafts, args![]).await?;
        let others = "select sha256 from petition_file
            union all select sha256 from vault_entry
            union all select sha256 from message_file
            union all select paper_sha256 as sha256 from helping where paper_sha256 is not null
            union all select held as sha256 from archive_item
            union all select held as sha256 from outside_source where held is not null";
        all.extend(tx.list::<String>(others, args![]).await?);
        Ok(all)
    }

    /// What has still to be done, or was given up: at the end of a story nothing.
    async fn waiting(tx: &mut Tx) -> db::Result<Vec<Waiting>> {
        let sql = "select 'event' as what, topic as name from outbox where fanned = 0
            union all select 'delivery' as what, listener as name from delivery
            union all select 'parked job' as what, kind as name from job where parked_at is not null
            union all select 'job' as what, kind as name from job
                where period_us is null and parked_at is null
            union all select 'batch' as what, id as name from batch where state = 'running'";
        tx.list(sql, args![]).await
    }

    /// The log of a dossier.
    pub fn log(&self, dossier: &str) -> Vec<&Step> {
        self.steps.iter().filter(|step| step.dossier == dossier).collect()
    }
}
