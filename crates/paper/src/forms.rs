//! Data of forms 01 to 06 and of the proof slip. Field order follows the printed form.

use base::{Day, Dong, Instant};
use serde::{Deserialize, Serialize};

/// Who issues the paper, and where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Office {
    /// The agency above, printed over the name; absent for a top agency.
    pub above: Option<String>,
    /// The issuing agency or one-stop counter; printed in capitals.
    pub name: String,
    /// Place in the dateline.
    pub place: String,
    pub phone: Option<String>,
    pub website: Option<String>,
    /// Prints on every page that the paper is a demonstration without legal value.
    pub demo: bool,
}

/// How the legal frame in force on the paper's day lists a form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormName {
    /// `03`, printed in the corner.
    pub number: String,
    /// Printed in capitals over the paper.
    pub title: String,
}

/// How a person is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Salutation {
    Mr,
    Ms,
    Organisation,
    /// Prints both forms of address.
    Unknown,
}

/// A person or organisation as a form shows it; absent lines are left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Party {
    pub salutation: Salutation,
    pub name: String,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    /// Personal number, or the enterprise's tax number.
    pub identity: Option<String>,
}

/// One line of the table of components (thành phần hồ sơ).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Component {
    pub name: String,
    pub originals: u32,
    pub certified: u32,
    pub photocopies: u32,
    /// Files and data taken from a database; the column is printed when one line has some.
    pub electronic: u32,
    pub note: Option<String>,
}

/// Where and how the result is handed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub way: DeliveryWay,
    /// The counter or the postal address; may be absent for online.
    pub place: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryWay {
    Counter,
    Post,
    Online,
}

/// Fee and charge together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fee {
    /// 0 prints as free of charge.
    pub amount: Dong,
    pub paid: bool,
    /// Way of payment in words.
    pub way: Option<String>,
    pub receipt_number: Option<String>,
    /// Reason of an exemption or reduction.
    pub exemption: Option<String>,
}

/// The line of the register of dossiers (form 06).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Register {
    pub book: String,
    pub entry: String,
}

/// One received file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileEntry {
    /// As the citizen named it.
    pub name: String,
    /// The component it was filed under.
    pub component: Option<String>,
    pub size_bytes: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// Form 01: giấy tiếp nhận hồ sơ và hẹn trả kết quả.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipt {
    pub office: Office,
    /// Absent prints the form's own title.
    pub form: Option<FormName>,
    /// Number without the symbol (`0011`); absent leaves dots to fill in by hand.
    pub number: Option<String>,
    /// Symbol after the number; absent prints the form's own.
    pub symbol: Option<String>,
    /// Dossier code, printed and as a bar code.
    pub code: String,
    /// Address behind the QR code: where this paper is checked.
    pub proof_url: String,
    /// Who hands in the dossier.
    pub applicant: Party,
    /// The owner, when somebody else hands in.
    pub owner: Option<Party>,
    /// What is asked for: the procedure, or the citizen's own words.
    pub request: String,
    pub components: Vec<Component>,
    pub sets: u32,
    /// Legal processing time in words.
    pub legal_time: String,
    pub received_at: Instant,
    /// Absent for procedures without a limit.
    pub due_at: Option<Instant>,
    pub delivery: Delivery,
    pub fee: Option<Fee>,
    pub register: Option<Register>,
    /// Printed after the form's own notes.
    pub notes: Vec<String>,
    /// Name under the submitter's signature; absent leaves room to write it.
    pub submitter: Option<String>,
    /// Name under the receiving official's signature.
    pub receiver: String,
    /// Files listed on the annex page; none means no annex.
    pub files: Vec<FileEntry>,
}

/// Proof that a dossier was filed online; does not start the deadline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProofSlip {
    pub office: Office,
    pub code: String,
    /// Address behind the QR code: where this paper is checked.
    pub proof_url: String,
    pub filed_at: Instant,
    /// When the office must answer whether it accepts the dossier.
    pub answer_by: Instant,
    pub applicant: Party,
    pub procedure_code: String,
    pub procedure: String,
    pub files: Vec<FileEntry>,
}

/// Form 02: phiếu yêu cầu bổ sung, hoàn thiện hồ sơ.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SupplementRequest {
    pub office: Office,
    /// Absent prints the form's own title.
    pub form: Option<FormName>,
    pub number: Option<String>,
    pub symbol: Option<String>,
    pub date: Day,
    pub code: String,
    pub applicant: Party,
    pub request: String,
    /// What must be handed in or corrected.
    pub items: Vec<Component>,
    /// May have several lines.
    pub reason: String,
    /// The last day to hand it in, if the procedure sets one.
    pub answer_by: Option<Day>,
    /// Official to ask.
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
    /// How many requests this dossier has had, this one included.
    pub count: u32,
    /// Name under the guiding official's signature.
    pub official: String,
}

/// Form 03: phiếu từ chối tiếp nhận giải quyết hồ sơ.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    pub office: Office,
    /// Absent prints the form's own title.
    pub form: Option<FormName>,
    pub number: Option<String>,
    pub symbol: Option<String>,
    pub date: Day,
    /// Absent when the dossier was turned away at the counter before it had a code.
    pub code: Option<String>,
    pub applicant: Party,
    pub request: String,
    /// May have several lines.
    pub reason: String,
    /// Legal provisions the refusal rests on.
    pub legal_basis: Vec<String>,
    /// Agency that takes a complaint.
    pub complain_to: String,
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
    pub submitter: Option<String>,
    pub receiver: String,
}

/// Form 05 since 2025: thông báo dừng giải quyết hồ sơ.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StopNotice {
    pub office: Office,
    /// Absent prints the form's own title.
    pub form: Option<FormName>,
    pub number: Option<String>,
    pub symbol: Option<String>,
    pub date: Day,
    pub code: String,
    pub applicant: Party,
    pub request: String,
    /// May have several lines.
    pub reason: String,
    /// Legal provisions that it rests on.
    pub legal_basis: Vec<String>,
    /// What becomes of the papers that were handed in.
    pub papers: String,
    /// What becomes of the money that was paid.
    pub fees: String,
    /// Agency that takes a complaint.
    pub complain_to: String,
    pub contact_phone: Option<String>,
    pub signer: crate::Signer,
    /// Besides the addressee and the archive.
    pub recipients: Vec<String>,
}

/// Form 06 (05 in 2018): phiếu kiểm soát quá trình giải quyết hồ sơ, made from the step log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ControlSlip {
    pub office: Office,
    /// Absent prints the form's own title.
    pub form: Option<FormName>,
    /// The day on which it was printed; the log may go on.
    pub date: Day,
    pub code: String,
    pub applicant: Party,
    pub request: String,
    pub promised_at: Option<Instant>,
    pub rows: Vec<HandOver>,
}

/// A row of the control slip: the electronic confirmation stands for the two signatures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandOver {
    pub giver: String,
    pub taker: String,
    pub at: Instant,
    /// How the giver kept its own limit; none where it has none.
    pub kept: Option<Kept>,
    /// Who confirmed it.
    pub by: String,
    pub note: String,
}

/// Result of the giver's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    Early,
    OnTime,
    Late,
}

/// Form 04: phiếu xin lỗi và hẹn lại ngày trả kết quả.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Apology {
    /// The unit at fault.
    pub office: Office,
    /// Absent prints the form's own title.
    pub form: Option<FormName>,
    pub number: Option<String>,
    pub symbol: Option<String>,
    pub date: Day,
    pub code: String,
    pub applicant: Party,
    pub request: String,
    pub received_at: Instant,
    pub promised_at: Instant,
    /// May have several lines.
    pub reason: String,
    pub new_due_at: Instant,
    /// The head of the unit at fault.
    pub signer: crate::Signer,
    /// Besides the addressee and the archive; the one-stop counter belongs here.
    pub recipients: Vec<String>,
}
