//! What a province needs before money can come: numbers of receipts and refunds, the reductions that
//! the catalogue names, and, in a demonstration, accounts to pay into.

use base::{Day, Instant};
use db::{Act, Db, Tx, args};
use web::Problem;

use super::store::{self, Account, Reduction};
use super::words::say;
use crate::procedure::model::{self, Level};

/// The scheme of receipts' numbers: seven digits, anew each year. law: onestop/fee-receipt
pub const RECEIPT_SCHEME: &str = "fee-receipt";
/// The scheme of refunds' numbers.
pub const REFUND_SCHEME: &str = "fee-refund";
/// The parameter that says what follows for the money when the agency ends a dossier.
pub const ON_STOP: &str = "fee-refund-on-stop";

/// The schemes, the parameter and the reductions. May be repeated.
pub async fn seed(tx: &mut Tx) -> Result<(), Problem> {
    const SCHEMES: [(&str, &str, i64, i64, &str); 2] = [
        (RECEIPT_SCHEME, "{n}", 7, 7, "onestop/fee-receipt"),
        (REFUND_SCHEME, "{n}/{yyyy}", 2, 6, "onestop/fee-refunds"),
    ];
    for (id, pattern, width, width_max, source) in SCHEMES {
        tx.change(
            "insert into number_scheme (id, pattern, width, width_max, resets, source)
             values ($1, $2, $3, $4, 'year', $5) on conflict (id) do nothing",
            args![id, pattern, width, width_max, source],
        )
        .await?;
    }
    // No source says what becomes of the money: the program proposes, a leader decides.
    tx.change(
        "insert into parameter (id, value, valid_from, source)
         values ($1, 'propose', '2018-01-01', 'onestop/fee-refunds')
         on conflict (id, valid_from) do nothing",
        args![ON_STOP],
    )
    .await?;
    for (at, p) in model::embedded().iter().enumerate() {
        let newer = model::embedded().iter().skip(at + 1).any(|q| q.code == p.code);
        if newer {
            continue;
        }
        for fee in &p.fees {
            for (n, who) in fee.exempt.iter().enumerate() {
                // A newer version of a file says again what an older one has said.
                if store::has_reduction(tx, &p.code, who).await? {
                    continue;
                }
                let reduction = Reduction {
                    id: format!("{}@{}/{}/{n}", p.code, p.version, base::text::fold(&fee.name)),
                    procedure: p.code.clone(),
                    name: who.clone(),
                    percent: 100,
                    proof: String::new(),
                    source: p.source.text.clone(),
                    doubt: fee.confidence.clone().unwrap_or_else(|| say("reduction.doubt", &[])),
                };
                store::put_reduction(tx, &reduction, p.valid_from).await?;
            }
        }
    }
    Ok(())
}

/// A bank's number that no bank has.
const DEMO_BIN: &str = "999999";

/// Accounts of a demonstration, one for each unit that receives: their bank and numbers are invented.
pub async fn seed_demo(db: &Db, now: Instant) -> Result<(), Problem> {
    let act = Act::system("onestop.seed-demo-accounts", "", now);
    let today = now.day();
    db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        if store::has_accounts(tx).await? {
            return Ok(());
        }
        for level in [Level::Commune, Level::District, Level::Province] {
            for unit in directory::list_receiving(tx, level.as_str(), "", today, 200).await? {
                if let Some(counter) = directory::counter_of(tx, &unit.code, today).await? {
                    put_demo(tx, &unit.code, &counter, today).await?;
                }
            }
        }
        Ok(())
    })
    .await
}

async fn put_demo(tx: &mut Tx, code: &str, counter: &directory::Unit, today: Day) -> Result<(), Problem> {
    let digits: String = code.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let account = Account {
        id: format!("demo-{code}"),
        bin: DEMO_BIN.into(),
        number: format!("9900{digits}"),
        bank: say("demo.bank", &[]),
        holder: counter.name.clone(),
        keeper: counter.id.to_string(),
    };
    Ok(store::put_account(tx, &account, counter.id.as_str(), today.plus(-3650), "demo").await?)
}
