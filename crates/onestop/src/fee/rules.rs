//! What is owed, what a payment does to it, and the life of a refund. Nothing here reads a clock, a
//! store or a request.

use base::text::fold;

use crate::procedure::model::{Channel, Fee};

/// The two kinds of money that law tells apart. law: onestop/fee-kinds
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Phí: pays for a service.
    Fee,
    /// Lệ phí: for the state's own act.
    Charge,
}

impl Kind {
    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Fee => "fee",
            Kind::Charge => "charge",
        }
    }
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    pub kind: Kind,
    /// What one price pays for; "" for the whole.
    pub unit: String,
    pub quantity: i64,
    /// Whole đồng.
    pub price: i64,
    /// Where the price comes from, in words.
    pub source: String,
}

/// Words that a bill needs and rules do not speak.
pub struct Names<'a> {
    /// How a charge's name begins.
    pub charge: &'a str,
    /// The name of a line that no price of the catalogue explains.
    pub general: &'a str,
    /// Whence the prices come where the fee itself says nothing.
    pub source: &'a str,
}

/// The lines of a bill over `amount`. Where exactly one price of the catalogue divides it, the line
/// says so many times that price; otherwise it is one sum that the official asked for.
pub fn lines(fees: &[Fee], channel: Option<Channel>, amount: i64, names: &Names) -> Vec<Line> {
    let meant = |fee: &&Fee| {
        let here = fee.channels.is_empty() || channel.is_some_and(|c| fee.channels.contains(&c));
        here && fee.amount.is_some_and(|price| price > 0 && amount % price == 0)
    };
    let kind = |name: &str| match fold(name).starts_with(&fold(names.charge)) {
        true => Kind::Charge,
        false => Kind::Fee,
    };
    let fitting: Vec<&Fee> = fees.iter().filter(meant).collect();
    if let [fee] = fitting.as_slice() {
        let price = fee.amount.unwrap_or(amount);
        return vec![Line {
            name: fee.name.clone(),
            kind: kind(&fee.name),
            unit: fee.unit.clone().unwrap_or_default(),
            quantity: amount / price,
            price,
            source: fee.note.clone().unwrap_or_else(|| names.source.into()),
        }];
    }
    let only = match fees {
        [fee] => Some(fee),
        _ => None,
    };
    let name = only.map_or(names.general, |fee| &fee.name);
    let source = only.and_then(|fee| fee.note.clone()).unwrap_or_else(|| names.source.into());
    vec![Line {
        kind: kind(name),
        name: name.into(),
        unit: String::new(),
        quantity: 1,
        price: amount,
        source,
    }]
}

/// What a reduction of `percent` takes off `amount`. A part of a đồng goes to the payer: the sources
/// say nothing of rounding. law: onestop/fee-exemptions
pub fn taken_off(amount: i64, percent: i64) -> i64 {
    let percent = percent.clamp(0, 100);
    (amount / 100) * percent + ((amount % 100) * percent + 99) / 100
}

/// Where a bill stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillState {
    Open,
    Paid,
    Cancelled,
}

impl BillState {
    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            BillState::Open => "open",
            BillState::Paid => "paid",
            BillState::Cancelled => "cancelled",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<BillState> {
        [BillState::Open, BillState::Paid, BillState::Cancelled].into_iter().find(|s| s.word() == word)
    }
}

/// What a payment meets when its words name a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    pub state: BillState,
    /// What the bill asks for, in đồng.
    pub amount: i64,
    /// What earlier transfers brought that were too small.
    pub held: i64,
    /// The money came to the account that the bill names.
    pub same_account: bool,
}

/// What is to be done with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It pays the bill, together with what is held; `excess` is more than was owed.
    Settles { excess: i64 },
    /// It stays where it is, and somebody looks at it.
    Task(Trouble),
}

/// Why a payment needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its words name no bill.
    Unknown,
    /// It came to another account than the bill's.
    Account,
    /// Less than is owed; the bill waits for the rest.
    TooLittle,
    /// More than was owed: the bill is paid, the rest is not ours.
    TooMuch,
    /// The bill was paid already.
    Twice,
    /// The bill is no longer owed: the dossier was withdrawn or stopped.
    Late,
    /// The bank gave one reference to two payments.
    Reference,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Trouble; 7] = [
        Trouble::Unknown,
        Trouble::Account,
        Trouble::TooLittle,
        Trouble::TooMuch,
        Trouble::Twice,
        Trouble::Late,
        Trouble::Reference,
    ];

    /// The word in rows and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Trouble::Unknown => "unknown",
            Trouble::Account => "account",
            Trouble::TooLittle => "too_little",
            Trouble::TooMuch => "too_much",
            Trouble::Twice => "twice",
            Trouble::Late => "late",
            Trouble::Reference => "reference",
        }
    }
}

/// What a payment of `amount` does.
pub fn judge(amount: i64, owed: Option<Owed>) -> Verdict {
    let Some(owed) = owed else { return Verdict::Task(Trouble::Unknown) };
    match (owed.state, owed.same_account) {
        (BillState::Paid, _) => Verdict::Task(Trouble::Twice),
        (BillState::Cancelled, _) => Verdict::Task(Trouble::Late),
        (BillState::Open, false) => Verdict::Task(Trouble::Account),
        (BillState::Open, true) => match owed.held.saturating_add(amount) - owed.amount {
            missing if missing < 0 => Verdict::Task(Trouble::TooLittle),
            excess => Verdict::Settles { excess },
        },
    }
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    Asked,
    Approved,
    Refused,
    Paid,
}

impl RefundState {
    /// All four.
    pub const ALL: [RefundState; 4] =
        [RefundState::Asked, RefundState::Approved, RefundState::Refused, RefundState::Paid];

    /// The word in rows and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            RefundState::Asked => "asked",
            RefundState::Approved => "approved",
            RefundState::Refused => "refused",
            RefundState::Paid => "paid",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<RefundState> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// What is done with a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStep {
    Approve,
    Refuse,
    Pay,
}

/// The state after a step; none where there is no such move. law: onestop/fee-refunds
pub fn refund_after(state: RefundState, step: RefundStep) -> Option<RefundState> {
    match (state, step) {
        (RefundState::Asked, RefundStep::Approve) => Some(RefundState::Approved),
        (RefundState::Asked, RefundStep::Refuse) => Some(RefundState::Refused),
        (RefundState::Approved, RefundStep::Pay) => Some(RefundState::Paid),
        _ => None,
    }
}
