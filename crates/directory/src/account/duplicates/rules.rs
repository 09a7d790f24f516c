//! Whether two accounts may be one person's, and what speaks for it. Pure. law: identity/one-person

use base::number::PersonalNumber;

/// What the rules look at of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    pub id: String,
    pub citizen: bool,
    pub name_folded: String,
    /// The personal number, or the one it had before it stepped aside.
    pub number: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub confirmed: bool,
    /// It has a password, so that somebody reads what it is given.
    pub signs_in: bool,
    /// It leads to another one already.
    pub gone: bool,
}

/// Why two accounts are not made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// It is one account.
    Same,
    /// Officials' accounts belong to their offices.
    NotCitizens,
    /// One of them leads to another account.
    Gone,
    /// Somebody confirmed who the one is that would go, and not who the other is.
    ConfirmedGoes,
    /// Nobody has seen who would read what so far nobody can read.
    Unseen,
    /// Both are confirmed, under different numbers: they are two people until an office finds otherwise.
    TwoPeople,
}

/// Whether `goes` may lead to `stays`.
pub fn may_merge(goes: &Side, stays: &Side) -> Result<(), No> {
    if goes.id == stays.id {
        return Err(No::Same);
    }
    if !goes.citizen || !stays.citizen {
        return Err(No::NotCitizens);
    }
    if goes.gone || stays.gone {
        return Err(No::Gone);
    }
    match (goes.confirmed, stays.confirmed) {
        (true, true) if goes.number == stays.number => Ok(()),
        (true, true) => Err(No::TwoPeople),
        (true, false) => Err(No::ConfirmedGoes),
        (false, false) if stays.signs_in && !goes.signs_in => Err(No::Unseen),
        (false, _) => Ok(()),
    }
}

/// What speaks for one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The same personal number.
    Number,
    /// The same name and telephone.
    Phone,
    /// The same name and address.
    Address,
    /// The same name, year of birth and sex, and numbers that one slip of a finger tells apart.
    Near,
    /// An administrator's own reason.
    Other,
    /// The record of an old system, and the account its person registered under the same number.
    Claim,
}

impl Ground {
    /// All of them.
    pub const ALL: [Ground; 6] =
        [Ground::Number, Ground::Phone, Ground::Address, Ground::Near, Ground::Other, Ground::Claim];

    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            Ground::Number => "number",
            Ground::Phone => "phone",
            Ground::Address => "address",
            Ground::Near => "near",
            Ground::Other => "other",
            Ground::Claim => "claim",
        }
    }
}

/// What speaks for one person, the strongest; none: nothing does. No birth date is kept here, so that the
/// number's year and sex stand for it.
pub fn ground(a: &Side, b: &Side) -> Option<Ground> {
    let same = |x: &Option<String>, y: &Option<String>| x.is_some() && x == y;
    let named_alike = a.name_folded == b.name_folded;
    if same(&a.number, &b.number) {
        return Some(Ground::Number);
    }
    match (&a.number, &b.number) {
        _ if !named_alike => None,
        (Some(x), Some(y)) if near(x, y) => Some(Ground::Near),
        _ if same(&a.phone, &b.phone) => Some(Ground::Phone),
        _ if same(&a.address, &b.address) => Some(Ground::Address),
        _ => None,
    }
}

/// Whether one slip of a finger tells two numbers apart (a digit, or two neighbours in the wrong order), and
/// both tell the same year of birth and sex.
pub fn near(a: &str, b: &str) -> bool {
    let (Ok(x), Ok(y)) = (a.parse::<PersonalNumber>(), b.parse::<PersonalNumber>()) else { return false };
    if x.birth_year() != y.birth_year() || x.sex() != y.sex() {
        return false;
    }
    let differ: Vec<usize> = (0..a.len()).filter(|i| a.as_bytes().get(*i) != b.as_bytes().get(*i)).collect();
    match differ.as_slice() {
        [_] => true,
        [i, j] if j - i == 1 => {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            a[*i] == b[*j] && a[*j] == b[*i]
        }
        _ => false,
    }
}

/// Which of two stays, unless somebody chooses otherwise: the confirmed one, else the one that can sign in,
/// else `a`.
pub fn stays<'s>(a: &'s Side, b: &'s Side) -> (&'s Side, &'s Side) {
    let rank = |side: &Side| (side.confirmed, side.signs_in);
    if rank(b) > rank(a) { (b, a) } else { (a, b) }
}
