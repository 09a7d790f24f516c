//! What form 01 says beside the dossier itself: how many sets were handed in and by whom, and what of the
//! fees was asked, paid or forgiven by then. The register's book and entry stay open on it: the register is
//! made from the log for any period and gives no lasting numbers. law: onestop/form-01, onestop/form-07

use base::Dong;
use base::number::TaxNumber;
use db::Tx;
use paper::{Fee, Party, Salutation};
use web::Problem;

use crate::dossier::{Dossier, DossierId, History};
use crate::fee::store as fees;
use crate::fee::words::kept;
use crate::procedure::Procedure;

/// The fees of a dossier as its papers tell them.
#[derive(Default)]
pub struct Money {
    /// Whole đồng, after what was forgiven.
    asked: i64,
    all_paid: bool,
    ways: Vec<String>,
    receipts: Vec<String>,
    spared: Vec<String>,
}

impl Money {
    /// Reads bills, receipts and what was granted.
    pub async fn read(tx: &mut Tx, id: DossierId) -> Result<Money, Problem> {
        let mut bills = fees::list_bills(tx, id).await?;
        bills.retain(|bill| bill.state != "cancelled");
        bills.reverse();
        let mut money = Money { all_paid: true, ..Money::default() };
        for bill in &bills {
            money.asked += bill.amount;
            money.all_paid &= bill.state == "paid";
            for grant in fees::list_grants(tx, &bill.id).await? {
                money.spared.push(grant.name);
            }
        }
        let mut receipts = fees::list_receipts(tx, id).await?;
        receipts.retain(|r| r.voided_at.is_none());
        receipts.reverse();
        for r in receipts {
            let way = kept(&format!("way.{}", r.way), &[]);
            if !money.ways.contains(&way) {
                money.ways.push(way);
            }
            money.receipts.push(format!("{}/{}", r.number, r.series));
        }
        money.spared.dedup();
        // Where nothing was ever asked for, the catalogue speaks.
        money.all_paid &= !bills.is_empty();
        Ok(money)
    }

    /// The line of form 01; none where neither the counter nor the catalogue names a sum.
    pub fn line(&self, p: &Procedure) -> Option<Fee> {
        let by_catalogue = || p.fees.iter().find_map(|fee| fee.amount);
        let nothing_asked = self.asked == 0 && self.spared.is_empty();
        let amount = if nothing_asked { by_catalogue()? } else { self.asked };
        let joined = |all: &[String]| Some(all.join(", ")).filter(|text| !text.is_empty());
        Some(Fee {
            amount: Dong::new(amount)?,
            paid: self.all_paid,
            way: joined(&self.ways),
            receipt_number: joined(&self.receipts),
            exemption: joined(&self.spared),
        })
    }
}

/// The applicant as the papers address them. Under a tax number it is an organisation; a person may still
/// have a number of nine digits, or none.
pub fn party(d: &Dossier) -> Party {
    let a = &d.applicant;
    let some = |text: &str| Some(text.to_string()).filter(|t| !t.is_empty());
    let is_organisation = TaxNumber::parse(&a.number).is_ok();
    Party {
        // Sex is not told from the number (law: identity/personal-number), so both forms stand.
        salutation: if is_organisation { Salutation::Organisation } else { Salutation::Unknown },
        name: a.name.clone(),
        address: some(&a.address),
        phone: some(&a.phone),
        email: some(&a.email),
        identity: some(&a.number),
    }
}

/// Who came to the counter in the applicant's place, where somebody did.
pub fn submitter(history: &[History]) -> Option<String> {
    let name = |h: &History| h.details["submitter"].as_str().map(str::to_string);
    history.iter().rev().find(|h| h.verb == "receive").and_then(name).filter(|name| !name.is_empty())
}

/// Somebody of whom the counter wrote down the name alone.
pub fn named(name: &str) -> Party {
    Party {
        salutation: Salutation::Unknown,
        name: name.to_string(),
        address: None,
        phone: None,
        email: None,
        identity: None,
    }
}

/// How many sets were handed in: as counted at the counter, else one.
pub fn sets(history: &[History]) -> u32 {
    let counted = |h: &History| h.details["sets"].as_u64().and_then(|n| u32::try_from(n).ok());
    history.iter().rev().find(|h| h.verb == "receive").and_then(counted).unwrap_or(1).max(1)
}
