//! Data of the receipt for money taken.

use base::{Dong, Instant};
use serde::{Deserialize, Serialize};

use crate::Office;

/// One line of what was paid for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MoneyLine {
    pub name: String,
    /// What one price pays for; absent for a single sum.
    pub unit: Option<String>,
    pub quantity: u32,
    pub price: Dong,
    pub amount: Dong,
}

/// What was forgiven.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MoneyReduction {
    pub name: String,
    pub percent: u32,
    pub amount: Dong,
}

/// Biên lai thu phí, lệ phí. Its number is taken from a book without gaps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MoneyReceipt {
    pub office: Office,
    /// The book, here the year.
    pub series: String,
    pub number: String,
    /// Dossier code, printed and as a bar code.
    pub code: String,
    pub at: Instant,
    pub payer: String,
    pub payer_identity: Option<String>,
    pub payer_address: Option<String>,
    /// What the dossier is about.
    pub procedure: String,
    pub lines: Vec<MoneyLine>,
    pub reductions: Vec<MoneyReduction>,
    /// What was paid.
    pub amount: Dong,
    /// Way of payment in words.
    pub way: String,
    /// The bank's reference of a transfer.
    pub reference: Option<String>,
    /// Who took the cash; absent for a transfer.
    pub clerk: Option<String>,
    /// Why the receipt is void; absent while it stands.
    pub void_reason: Option<String>,
}
