//! Helpers (người giúp nộp hộ): the owner of a draft or dossier lets somebody fill in, supplement or
//! follow it, for a time, under words both agree to. What a helper does is recorded as done for the
//! owner; the owner ends it at any time. A helper never files, takes back, pays, or sees anything else
//! of the owner's.

pub mod desk;
pub mod pages;
pub mod proof;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;
pub mod words;

use base::number::PersonalNumber;
use base::{Id, Instant};
use db::Tx;
use directory::Person;
use web::{FieldError, Problem, throttle};

pub use self::proof::{Fill, Follow, OnDossier, OnDraft, Own, Supplement};
use self::rules::Rights;
use self::store::Helping;
use self::words::{kept, say};
use crate::dossier::DossierId;
use crate::office::settle;
use crate::refusal::Refusal;

enum HelpingKind {}

/// The words agreed to now. Older ones stay in the words file under their number.
pub const TEXT_VERSION: &str = "1";
/// Helpers of one draft or dossier at once.
const HELPERS_MAX: usize = 5;
/// Our own limit, so that no consent is forgotten.
const DAYS_MAX: i64 = 365;
/// A code that nobody has used by then is worth nothing.
const CODE_DAYS: i64 = 7;
/// Letters and digits that nobody mistakes for one another.
const CODE_SIGNS: &[u8] = b"23456789BCDFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 10;

/// What the help is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Draft(String),
    Dossier(DossierId),
}

/// What is entered about a helper.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The helper's personal number; empty for a code.
    pub number: String,
    pub rights: Rights,
    pub until: Option<base::Day>,
    /// The words were agreed to.
    pub agreed: bool,
}

/// A consent on paper, as a counter takes it.
#[derive(Clone, Debug)]
pub struct Paper {
    pub office: String,
    pub name: String,
    pub media: String,
    pub sha256: db::blobs::Hash,
}

/// Invites a helper; the code to tell, if no number was given. All faults are told at once.
pub async fn invite(
    tx: &mut Tx,
    owner: Option<&Person>,
    subject: &Subject,
    wish: &Wish,
    paper: Option<Paper>,
    code: &str,
    (by, now): (&str, Instant),
) -> Result<Option<String>, Problem> {
    let mut errors = Vec::new();
    let number = invitee(wish, owner, paper.is_some(), &mut errors);
    let fits = match subject {
        Subject::Draft(_) => wish.rights.any(),
        Subject::Dossier(_) => wish.rights.supplement || wish.rights.follow,
    };
    if !fits {
        errors.push(FieldError::new("rights", say("fault.rights", &[])));
    }
    let last = now.day().plus(DAYS_MAX);
    if !wish.until.is_some_and(|day| now.day() <= day && day <= last) {
        let last = base::format::date_vn(last);
        errors.push(FieldError::new("until", say("fault.until", &[("last", &last)])));
    }
    if !wish.agreed {
        errors.push(FieldError::new("agreed", say("fault.agreed", &[])));
    }
    settle(errors)?;
    if store::list_of(tx, subject, now).await?.len() >= HELPERS_MAX {
        let words = say("refusal.too_many", &[("most", &HELPERS_MAX.to_string())]);
        return Err(Problem::refused(words, "too many helpers"));
    }
    let by_code = number.is_none();
    let text = kept(&format!("consent.owner_{TEXT_VERSION}"), &[]);
    let new = store::New {
        id: Id::<HelpingKind>::fresh().to_string(),
        owner: owner.map(|p| p.account.to_string()),
        subject: subject.clone(),
        invitee: number,
        code_hash: by_code.then(|| hash(code)),
        code_until: by_code.then(|| now.plus_days(CODE_DAYS)),
        rights: wish.rights,
        until: wish.until.unwrap_or(last).next().at(0),
        text_sha256: db::blobs::Hash::of(text.as_bytes()).to_string(),
        by: by.to_string(),
        paper,
    };
    store::save(tx, &new, now).await?;
    if let Some(paper) = &new.paper {
        db::blobs::commit(tx, &paper.sha256).await?;
    }
    Ok(by_code.then(|| code.to_string()))
}

/// Whom the wish names: another person's number, or none for a code.
fn invitee(
    wish: &Wish,
    owner: Option<&Person>,
    needed: bool,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    if wish.number.trim().is_empty() && !needed {
        return None;
    }
    let Ok(number) = PersonalNumber::parse(&wish.number) else {
        errors.push(FieldError::new("number", crate::words::t("fault.number")));
        return None;
    };
    let number = number.to_string();
    if owner.is_some_and(|p| p.personal_number.as_deref() == Some(number.as_str())) {
        errors.push(FieldError::new("number", say("fault.self", &[])));
    }
    Some(number)
}

/// A fresh code to tell somebody. Not made inside a write, which may run twice.
pub fn fresh_code() -> Result<String, Problem> {
    let mut code = String::new();
    while code.len() < CODE_LENGTH {
        let mut lot = [0_u8; 16];
        aws_lc_rs::rand::fill(&mut lot).map_err(|_| Problem::fault("no random bytes"))?;
        // 9 × 28 = 252: what is above would make some signs likelier.
        let fair = lot.iter().filter(|b| **b < 252).map(|b| CODE_SIGNS[usize::from(*b) % CODE_SIGNS.len()]);
        code.extend(fair.map(char::from).take(CODE_LENGTH - code.len()));
    }
    Ok(code)
}

fn hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    web::secret::sha256_hex(plain.to_ascii_uppercase().as_bytes())
}

/// Whoever has the code becomes the one invited; accepting comes after. False when no such code is out;
/// wrong ones are counted, and the waits grow.
pub async fn redeem(tx: &mut Tx, me: &Person, code: &str, now: Instant) -> Result<bool, Problem> {
    confirmed(me)?;
    let key = format!("helper-code:{}", me.account);
    throttle::check(tx, &key, now).await?;
    if store::take_code(tx, &hash(code), &me.account.to_string(), now).await? {
        return Ok(true);
    }
    throttle::failed(tx, &key, now).await?;
    Ok(false)
}

/// Only a person whom somebody has confirmed helps, or agrees with others: anybody can claim a number.
pub(crate) fn confirmed(me: &Person) -> Result<(), Problem> {
    match me.confirmed_at {
        Some(_) => Ok(()),
        None => Err(Refusal::NotConfirmed.into()),
    }
}

/// The person invited agrees. `NotFound` for whoever was not.
pub async fn accept(tx: &mut Tx, me: &Person, id: &str, agreed: bool, now: Instant) -> Result<(), Problem> {
    confirmed(me)?;
    find_invitation(tx, me, id, now).await?;
    if !agreed {
        return Err(Problem::field("agreed", say("fault.agreed", &[])));
    }
    Ok(store::save_accepted(tx, id, &me.account.to_string(), now).await?)
}

async fn find_invitation(tx: &mut Tx, me: &Person, id: &str, now: Instant) -> Result<Helping, Problem> {
    let open = invitations(tx, me, now).await?;
    open.into_iter().find(|h| h.id == id).ok_or(Problem::NotFound)
}

/// Invitations that this person may take up. A number counts only once somebody has confirmed it.
pub async fn invitations(tx: &mut Tx, me: &Person, now: Instant) -> Result<Vec<Helping>, Problem> {
    let number = me.personal_number.clone().filter(|_| me.confirmed_at.is_some());
    Ok(store::list_invited(tx, &me.account.to_string(), number.as_deref(), now).await?)
}

/// The owner ends it, or the helper; before or after it was accepted.
pub async fn end(tx: &mut Tx, me: &Person, id: &str, now: Instant) -> Result<(), Problem> {
    let account = me.account.to_string();
    let own = store::find(tx, id).await?.ok_or(Problem::NotFound)?;
    let concerns =
        own.owner.as_deref() == Some(account.as_str()) || own.helper.as_deref() == Some(account.as_str());
    if !concerns {
        find_invitation(tx, me, id, now).await?;
    }
    Ok(store::save_ended(tx, id, &account, now).await?)
}
