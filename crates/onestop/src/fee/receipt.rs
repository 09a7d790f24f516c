//! Receipts for money taken (biên lai): numbered without gaps in the book of a counter and a year,
//! never deleted; a wrong one is made void with its reason, and its number stays. law: onestop/fee-receipt

use base::{Dong, Instant};
use db::blobs::Hash;
use db::{Act, Tx};
use directory::UnitId;
use web::Problem;

use super::account::RECEIPT_SCHEME;
use super::store::{self, Bill, Receipt};
use super::words::kept;
use super::{Refused, needed};
use crate::App;
use crate::dossier::{self, Case, Who};

/// How the money came, for the receipt.
pub struct Given<'a> {
    /// `cash` or `transfer`.
    pub way: &'static str,
    pub clerk: Option<&'a str>,
    /// The bank's reference.
    pub reference: &'a str,
    /// The void receipt in whose place this one stands.
    pub replaces: Option<&'a str>,
}

/// Gives the receipt for a bill that is paid, with the next number of the counter's book.
pub async fn give(tx: &mut Tx, bill: &Bill, given: &Given<'_>, now: Instant) -> Result<Receipt, Problem> {
    let day = now.day();
    let receipt = Receipt {
        id: store::fresh(),
        unit: bill.counter.clone(),
        series: day.year().to_string(),
        number: super::next(tx, RECEIPT_SCHEME, &bill.counter, day).await?,
        dossier: bill.dossier,
        bill: bill.id.clone(),
        way: given.way.into(),
        amount: bill.amount,
        clerk: given.clerk.map(str::to_string),
        reference: given.reference.into(),
        day,
        at: now,
        voided_at: None,
        void_reason: None,
        replaces: given.replaces.map(str::to_string),
        sha256: None,
    };
    store::save_receipt(tx, &receipt).await?;
    Ok(receipt)
}

/// A clerk makes a wrong receipt void and gives the right one in its place. Money does not move:
/// giving it back is a refund.
pub async fn replace(
    tx: &mut Tx,
    case: &mut Case,
    id: &str,
    reason: &str,
    who: &Who,
) -> Result<Receipt, Problem> {
    let reason = needed("reason", reason)?;
    let old = store::find_receipt(tx, case.dossier.id, id).await?.ok_or(Problem::NotFound)?;
    if old.voided_at.is_some() {
        return Err(Refused::AlreadyVoid.into());
    }
    store::void_receipt(tx, &old.id, &who.account, &reason, case.now).await?;
    if let Some(paper) = &old.sha256 {
        db::blobs::release(tx, paper).await?; // it is printed anew, with the word void
    }
    let bill = store::get_bill(tx, &old.bill).await?;
    let way = if old.way == "cash" { "cash" } else { "transfer" };
    let given =
        Given { way, clerk: old.clerk.as_deref(), reference: &old.reference, replaces: Some(&old.id) };
    let new = give(tx, &bill, &given, case.now).await?;
    let note = kept("log.void", &[("old", &old.number), ("new", &new.number), ("reason", &reason)]);
    let details = serde_json::json!({ "void": old.id, "receipt": new.id });
    dossier::record(tx, case, "void_receipt", &note, details).await?;
    Ok(new)
}

/// The printed receipt, made now if it is not there yet. The first one made is kept.
pub async fn paper(app: &App, code: &str, id: &str, who: &Who, now: Instant) -> Result<Hash, Problem> {
    let (catalogue, code, id, who) = (app.catalogue.clone(), code.to_string(), id.to_string(), who.clone());
    let brand = app.site.brand.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let case = Case::find(tx, &catalogue, &who, &code, now).await?;
        let r = store::find_receipt(tx, case.dossier.id, &id).await?.ok_or(Problem::NotFound)?;
        let unit = directory::get_unit(tx, &UnitId::from(r.unit.clone())).await?;
        let agency = directory::get_unit(tx, &case.dossier.agency).await?;
        let clerk = match r.clerk.as_deref().and_then(|c| c.parse().ok()) {
            Some(account) => directory::person(tx, account).await?.name,
            None => String::new(),
        };
        let lines = store::list_lines(tx, &r.bill).await?;
        let grants = store::list_grants(tx, &r.bill).await?;
        let data = paper::MoneyReceipt {
            office: paper::Office {
                above: Some(agency.name).filter(|name| *name != unit.name),
                name: unit.name,
                place: brand.province.clone(),
                phone: Some(brand.hotline.clone()).filter(|s| !s.is_empty()),
                website: None,
                demo: brand.demo,
            },
            series: r.series.clone(),
            number: r.number.clone(),
            code: case.dossier.code.clone(),
            at: r.at,
            payer: case.dossier.applicant.name.clone(),
            payer_identity: Some(case.dossier.applicant.number.clone()).filter(|s| !s.is_empty()),
            payer_address: Some(case.dossier.applicant.address.clone()).filter(|s| !s.is_empty()),
            procedure: case.procedure.name.clone(),
            lines: lines.into_iter().map(line).collect(),
            reductions: grants.into_iter().map(reduction).collect(),
            amount: dong(r.amount),
            way: kept(&format!("way.{}", r.way), &[]),
            reference: Some(r.reference.clone()).filter(|s| !s.is_empty()),
            clerk: Some(clerk).filter(|s| !s.is_empty()),
            void_reason: r.void_reason.clone(),
        };
        let units = [UnitId::from(r.unit.clone()), case.dossier.agency.clone()];
        Ok((r, data, units))
    });
    let (receipt, data, units) = read.await?;
    if let Some(hash) = receipt.sha256 {
        return Ok(hash);
    }
    let at = receipt.voided_at.unwrap_or(receipt.at);
    let pdf = app.press.print(move || paper::money_receipt(&data, at)).await?;
    let act = Act::system("onestop.print-fee-receipt", receipt.id.clone(), now);
    let bytes = crate::signing::service::signed(app, &units, pdf.bytes, now).await;
    let hash = app.site.blobs.store(&app.site.db, act.clone(), bytes).await?;
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            // The first one made stays; a second one's content is held by no row and is swept.
            if store::put_receipt_paper(tx, &receipt, hash).await? == 1 {
                db::blobs::commit(tx, &hash).await?;
            }
            Ok(())
        })
        .await?;
    Ok(hash)
}

fn dong(amount: i64) -> Dong {
    Dong::new(amount).unwrap_or(Dong::ZERO)
}

fn line(l: store::LineRow) -> paper::MoneyLine {
    paper::MoneyLine {
        name: l.name,
        unit: Some(l.unit).filter(|s| !s.is_empty()),
        quantity: u32::try_from(l.quantity).unwrap_or(u32::MAX),
        price: dong(l.price),
        amount: dong(l.price * l.quantity),
    }
}

fn reduction(g: store::Grant) -> paper::MoneyReduction {
    paper::MoneyReduction {
        name: g.name,
        percent: u32::try_from(g.percent).unwrap_or(0),
        amount: dong(g.amount),
    }
}
