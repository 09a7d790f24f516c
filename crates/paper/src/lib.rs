//! The papers of the one-stop shop: typed data in, PDF/A-2b out. Pure functions: no disk, no network,
//! no clock; the words on the papers live in `templates/*.typ`, the data comes from the caller.
//!
//! A render takes the processor for some milliseconds (README.md has figures), so async callers run it
//! in a blocking pool bounded by the number of cores. Text from people travels as JSON data and is never
//! read as Typst source.
//!
//! `at` is the instant written into the file's metadata and nothing else: dates on the paper are fields.
//! The same data and `at` give the same bytes.
//!
//! law: onestop/forms (forms 01 to 07), nd30/annex-1 (layout of letters and decisions)

mod clean;
mod codes;
mod engine;
pub mod fonts;
mod forms;
mod money;
mod office;
mod results;
#[cfg(test)]
mod tests;
mod validation;

use std::fmt;

use base::Instant;
use serde::Serialize;
use serde_json::Value;

pub use clean::{LIST_ITEMS_MAX, ROWS_MAX, TEXT_CHARS_MAX};
pub use forms::{
    Apology, Component, ControlSlip, Delivery, DeliveryWay, Fee, FileEntry, FormName, HandOver, Kept, Office,
    Party, ProofSlip, Receipt, Refusal, Register, Salutation, StopNotice, SupplementRequest,
};
pub use money::{MoneyLine, MoneyReceipt, MoneyReduction};
pub use office::{HandoverList, HandoverRow, RegisterBook, RegisterRow};
pub use results::{Field, ResultPaper, ResultTemplate, Signer, result_templates};
pub use validation::{Fact, Said, SignaturePart, ValidationPaper};

/// A finished paper.
#[derive(Clone, PartialEq)]
pub struct Pdf {
    /// The file, PDF/A-2b.
    pub bytes: Vec<u8>,
    /// Number of pages.
    pub pages: usize,
    /// Where an official signs, in papers that one official signs.
    pub sign_here: Option<SignHere>,
}

/// The place of a signature in the coordinates of PDF: points from the page's lower left corner. Below its
/// top there is room for the person's image and, over its left third, the seal. law: nd30/signature
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignHere {
    /// The page, from 1.
    pub page: usize,
    /// The middle of the signer's column.
    pub centre_pt: f64,
    /// The lower edge of the signer's position.
    pub top_pt: f64,
    /// The height kept free below it, down to the signer's name.
    pub room_pt: f64,
}

impl fmt::Debug for Pdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pdf({} bytes, {} pages)", self.bytes.len(), self.pages)
    }
}

/// Why a paper could not be made. All but `Template` are the caller's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderError {
    /// No result template has this name; `known` are those that exist.
    UnknownTemplate { name: String, known: Vec<&'static str> },
    /// The template needs these fields and they are absent or blank.
    Missing { template: &'static str, fields: Vec<&'static str> },
    /// The template does not print these fields (a misspelt key would vanish from the paper).
    UnknownFields { template: &'static str, fields: Vec<String>, known: Vec<&'static str> },
    /// The field must be a day written `YYYY-MM-DD`.
    NotADay { field: String, value: String },
    /// One text is longer than the bound.
    TooLong { field: String, chars: usize, chars_max: usize },
    /// One list is longer than the bound.
    TooMany { field: String, items: usize, items_max: usize },
    /// A dossier code or address that cannot become a bar code or QR code.
    BadCode(String),
    /// A fault of ours: the template does not compile with data that passed all checks.
    Template { template: String, problem: String },
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTemplate { name, known } => {
                write!(f, "no paper template {name:?}; there are {}", known.join(", "))
            }
            Self::Missing { template, fields } => write!(f, "{template} lacks {}", fields.join(", ")),
            Self::UnknownFields { template, fields, known } => {
                write!(f, "{template} does not print {}; it prints {}", fields.join(", "), known.join(", "))
            }
            Self::NotADay { field, value } => write!(f, "{field} is not a day YYYY-MM-DD: {value:?}"),
            Self::TooLong { field, chars, chars_max } => {
                write!(f, "{field} has {chars} characters, at most {chars_max} fit")
            }
            Self::TooMany { field, items, items_max } => {
                write!(f, "{field} has {items} entries, at most {items_max} fit")
            }
            Self::BadCode(text) => write!(f, "{text:?} cannot become a bar code or QR code"),
            Self::Template { template, problem } => write!(f, "paper template {template}: {problem}"),
        }
    }
}

impl std::error::Error for RenderError {}

/// Form 01, A5: receipt of a dossier with the promised time, and the list of files on an annex page.
/// It is signed and handed out in two copies; one render serves both.
pub fn receipt(paper: &Receipt, at: Instant) -> Result<Pdf, RenderError> {
    let mut data = data_of(paper)?;
    data["bar"] = codes::bar(&paper.code)?;
    data["qr"] = codes::qr(&paper.proof_url)?;
    engine::render("receipt.typ", &data, at)
}

/// Proof of filing, A4: what arrived when, file by file with its whole SHA-256. Not form 01.
pub fn slip(paper: &ProofSlip, at: Instant) -> Result<Pdf, RenderError> {
    let mut data = data_of(paper)?;
    data["bar"] = codes::bar(&paper.code)?;
    data["qr"] = codes::qr(&paper.proof_url)?;
    engine::render("slip.typ", &data, at)
}

/// Form 02, A5: what must be completed, said once and in full.
pub fn supplement_request(paper: &SupplementRequest, at: Instant) -> Result<Pdf, RenderError> {
    let mut data = data_of(paper)?;
    data["bar"] = codes::bar(&paper.code)?;
    engine::render("supplement-request.typ", &data, at)
}

/// Form 03, A5: reception refused, with the reason and how to complain.
pub fn refusal(paper: &Refusal, at: Instant) -> Result<Pdf, RenderError> {
    let mut data = data_of(paper)?;
    if let Some(code) = &paper.code {
        data["bar"] = codes::bar(code)?;
    }
    engine::render("refusal.typ", &data, at)
}

/// Form 04, A5: apology for lateness and the new time.
pub fn apology(paper: &Apology, at: Instant) -> Result<Pdf, RenderError> {
    engine::render("apology.typ", &data_of(paper)?, at)
}

/// Form 05 since 2025, A5: the dossier was stopped; why, and what becomes of papers and fees.
/// law: onestop/form-05
pub fn stop_notice(paper: &StopNotice, at: Instant) -> Result<Pdf, RenderError> {
    let mut data = data_of(paper)?;
    data["bar"] = codes::bar(&paper.code)?;
    engine::render("stop-notice.typ", &data, at)
}

/// Form 06 (05 in 2018), A5: the way of a dossier from hand to hand.
pub fn control_slip(paper: &ControlSlip, at: Instant) -> Result<Pdf, RenderError> {
    engine::render("control-slip.typ", &data_of(paper)?, at)
}

/// A list of papers handed over, A4, with the places of both signatures.
pub fn handover_list(paper: &HandoverList, at: Instant) -> Result<Pdf, RenderError> {
    engine::render("handover-list.typ", &data_of(paper)?, at)
}

/// Form 07 (06 in 2018), A4 landscape: the register of dossiers with the totals of each page.
/// law: onestop/form-07
pub fn register(paper: &RegisterBook, at: Instant) -> Result<Pdf, RenderError> {
    engine::render("register.typ", &data_of(paper)?, at)
}

/// Receipt for money taken (biên lai thu phí, lệ phí), A5, with the sum in words. A void one says so.
/// law: onestop/fee-receipt
pub fn money_receipt(paper: &MoneyReceipt, at: Instant) -> Result<Pdf, RenderError> {
    let mut data = data_of(paper)?;
    data["bar"] = codes::bar(&paper.code)?;
    engine::render("money-receipt.typ", &data, at)
}

/// What the signatures of a file are worth, A4.
pub fn validation(paper: &ValidationPaper, at: Instant) -> Result<Pdf, RenderError> {
    engine::render("validation.typ", &data_of(paper)?, at)
}

/// `text` as a QR code of error correction M, for a page: the path of its dark modules, and how many
/// modules a side has. Four modules of quiet zone are the page's to leave.
///
/// # Errors
/// `BadCode` when `text` is empty or too long.
pub fn qr_path(text: &str) -> Result<(String, usize), RenderError> {
    codes::qr_path(text)
}

/// A result document, A4, by the template that the procedure names ([`result_templates`]).
///
/// # Errors
/// `UnknownTemplate`, `Missing`, `UnknownFields` and `NotADay` check the fields before anything is set.
pub fn result(paper: &ResultPaper, at: Instant) -> Result<Pdf, RenderError> {
    let template = results::check(paper)?;
    let mut data = data_of(paper)?;
    data["fields"] = results::by_key(&data["fields"]);
    engine::render(&format!("{}.typ", template.name), &data, at)
}

fn data_of(paper: &impl Serialize) -> Result<Value, RenderError> {
    let mut data = serde_json::to_value(paper).expect("our structs have only text keys");
    clean::clean(&mut data, "")?;
    Ok(data)
}
