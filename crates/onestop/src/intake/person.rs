//! Whom a paper dossier is about: read from a scanned card, found by a number in an account or in the
//! latest dossier at this counter. Looking somebody up is a look at a person's data, and is in the
//! audit book.

use base::Instant;
use base::number::{PersonalNumber, TaxNumber};
use db::{Tx, args};
use directory::CounterClerk;
use web::page::NoticeKind;
use web::{FieldError, Problem};

use super::card::{self, Card, NoCard};
use crate::App;
use crate::desk::words::say;
use crate::dossier::Applicant;

/// A person or an enterprise that is known.
struct Found {
    applicant: Applicant,
    /// By an account, and not by an earlier dossier.
    account: bool,
    /// What was looked at, for the audit book.
    subject: String,
}

/// A number as it is stored; the text without spaces when it is none.
pub fn plain_number(text: &str) -> String {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    PersonalNumber::parse(&bare)
        .map(|n| n.to_string())
        .or_else(|_| TaxNumber::parse(&bare).map(|n| n.to_string()))
        .unwrap_or(bare)
}

/// Fills in what the number or the card tells, and says how it went; else what is wrong with the
/// number. `filled` is the number that the form was filled by before: another person's words do not
/// stay beside this one's.
pub async fn look_up(
    app: &App,
    clerk: &CounterClerk,
    applicant: &mut Applicant,
    filled: &str,
    now: Instant,
) -> Result<Result<(NoticeKind, String), FieldError>, Problem> {
    let card = match card::is_scanned(&applicant.number) {
        true => match card::read(&applicant.number) {
            Ok(card) => Some(card),
            Err(no) => return Ok(Err(FieldError::new("number", no_card(no)))),
        },
        false => None,
    };
    let number = match &card {
        Some(card) => card.number.to_string(),
        None => plain_number(&applicant.number),
    };
    if !filled.is_empty() && filled != number {
        *applicant = Applicant::default();
    }
    applicant.number = number.clone();
    if let Some(card) = &card {
        // The card in the clerk's hand goes before what was typed.
        for (mine, theirs) in [(&mut applicant.name, &card.name), (&mut applicant.address, &card.address)] {
            if !theirs.is_empty() {
                mine.clone_from(theirs);
            }
        }
    }
    let found = find(app, clerk, number, card.as_ref().and_then(|c| c.old_number.clone())).await?;
    if let Some(found) = &found {
        db::audit::looked(&app.site.db, clerk.act("onestop.look-person", &found.subject, now)).await?;
        complete(applicant, &found.applicant);
    }
    Ok(Ok(told(card.as_ref(), found.as_ref())))
}

/// Why what was scanned is no card, in words.
pub fn no_card(no: NoCard) -> String {
    match no {
        NoCard::Parts => say("intake.no_card", &[]),
        NoCard::Number => say("intake.no_card_number", &[]),
    }
}

/// Fills what is still empty.
fn complete(mine: &mut Applicant, theirs: &Applicant) {
    for (mine, theirs) in [
        (&mut mine.name, &theirs.name),
        (&mut mine.phone, &theirs.phone),
        (&mut mine.email, &theirs.email),
        (&mut mine.address, &theirs.address),
    ] {
        if mine.is_empty() {
            mine.clone_from(theirs);
        }
    }
}

/// How it went, and what of the card needs a look.
fn told(card: Option<&Card>, found: Option<&Found>) -> (NoticeKind, String) {
    let doubts = card.map(|c| c.doubts.as_slice()).unwrap_or_default();
    let mut words = match (card, found) {
        (Some(_), _) => say("intake.read_card", &[]),
        (None, Some(found)) if found.account => say("intake.found_account", &[]),
        (None, Some(_)) => say("intake.found_dossier", &[]),
        (None, None) => say("intake.not_found", &[]),
    };
    for doubt in doubts {
        words.push(' ');
        words.push_str(&match doubt {
            card::Doubt::Name => say("intake.doubt_name", &[]),
            card::Doubt::Address => say("intake.doubt_address", &[]),
            card::Doubt::Number => say("intake.doubt_number", &[]),
        });
    }
    let kind = match (doubts.is_empty(), card.is_some() || found.is_some()) {
        (false, _) => NoticeKind::Warning,
        (true, true) => NoticeKind::Done,
        (true, false) => NoticeKind::Info,
    };
    (kind, words)
}

/// The account with this number, or the latest dossier at this counter under it or under the number
/// of the card of old.
async fn find(
    app: &App,
    clerk: &CounterClerk,
    number: String,
    old_number: Option<String>,
) -> Result<Option<Found>, Problem> {
    let counter = clerk.post.unit.clone();
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<Option<Found>, Problem> {
            if number.is_empty() {
                return Ok(None);
            }
            if let Some(found) = find_account(tx, &number).await? {
                return Ok(Some(found));
            }
            for number in [Some(&number), old_number.as_ref()].into_iter().flatten() {
                if let Some(found) = find_earlier(tx, &counter, number).await? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
        .await
}

async fn find_account(tx: &mut Tx, number: &str) -> Result<Option<Found>, Problem> {
    // Citizens sign in by their personal number, so it names their account.
    let Some(secret) = directory::account::store::find_secret(tx, number).await? else { return Ok(None) };
    let person = directory::person(tx, secret.id).await?;
    if person.personal_number.as_deref() != Some(number) {
        return Ok(None);
    }
    Ok(Some(Found {
        subject: secret.id.to_string(),
        account: true,
        applicant: Applicant {
            name: person.name,
            number: number.to_string(),
            phone: person.phone.unwrap_or_default(),
            email: person.email.unwrap_or_default(),
            address: person.address.unwrap_or_default(),
        },
    }))
}

db::record! {
    struct Earlier {
        id: String, applicant_name: String, applicant_phone: String, applicant_email: String,
        applicant_address: String,
    }
}

async fn find_earlier(
    tx: &mut Tx,
    counter: &directory::UnitId,
    number: &str,
) -> Result<Option<Found>, Problem> {
    let row: Option<Earlier> = tx
        .find(
            "select id, applicant_name, applicant_phone, applicant_email, applicant_address from dossier
              where counter = $1 and applicant_number = $2 order by filed_at desc limit 1",
            args![counter, number],
        )
        .await?;
    Ok(row.map(|r| Found {
        subject: r.id,
        account: false,
        applicant: Applicant {
            name: r.applicant_name,
            number: number.to_string(),
            phone: r.applicant_phone,
            email: r.applicant_email,
            address: r.applicant_address,
        },
    }))
}

/// The account of this person, if somebody has confirmed that it is theirs: an account that only
/// claims a number must not be given that person's dossiers.
pub async fn confirmed(tx: &mut Tx, number: &str) -> Result<Option<String>, Problem> {
    let Some(secret) = directory::account::store::find_secret(tx, number).await? else { return Ok(None) };
    let person = directory::person(tx, secret.id).await?;
    let theirs = person.personal_number.as_deref() == Some(number) && person.confirmed_at.is_some();
    Ok(theirs.then(|| secret.id.to_string()))
}
