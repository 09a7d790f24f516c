//! Data of the papers that stay among the officials: lists of what is handed over, and the register.

use base::{Day, Instant};
use serde::{Deserialize, Serialize};

use crate::{FormName, Office};

/// A list of papers handed over between a counter and a unit (danh sách bàn giao).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandoverList {
    pub office: Office,
    pub number: String,
    pub date: Day,
    pub giver_unit: String,
    pub taker_unit: String,
    /// Name under the giver's signature.
    pub giver: String,
    /// Name under the taker's signature; absent until it was received.
    pub taker: Option<String>,
    pub rows: Vec<HandoverRow>,
}

/// One paper of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandoverRow {
    pub code: String,
    pub person: String,
    pub paper: String,
    /// Original, certified copy or photocopy, in words.
    pub form: String,
    pub count: u32,
    /// What the taker said of it; empty until then.
    pub received: String,
}

/// Form 07 (06 in 2018): sổ theo dõi hồ sơ.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegisterBook {
    pub office: Office,
    /// Absent prints the form's own title.
    pub form: Option<FormName>,
    /// The day on which it was printed.
    pub date: Day,
    pub from: Day,
    pub to: Day,
    /// Who printed it.
    pub maker: String,
    pub rows: Vec<RegisterRow>,
}

/// One dossier of the register.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegisterRow {
    pub code: String,
    pub procedure: String,
    pub sets: u32,
    pub person: String,
    /// Address and telephone.
    pub contact: String,
    pub agency: String,
    pub received: Option<Instant>,
    pub promised: Option<Instant>,
    /// Handed on to the agency that settles.
    pub sent: Option<Instant>,
    /// The result came back from it.
    pub back: Option<Instant>,
    pub returned: Option<Instant>,
    pub channel: String,
    pub note: String,
    /// `returned`, `late`: what the totals of a page count.
    pub marks: Vec<String>,
}
