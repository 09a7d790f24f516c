//! Numbers of the forms that are issued about a dossier (mẫu 02 đến 05): each in a series of the office that
//! issues it, anew each year, taken in the transaction of the step that the paper follows. law: onestop/forms

use base::Instant;
use db::Tx;
use directory::UnitId;
use web::Problem;

use super::Dossier;
use super::rules::Verb;
use crate::number;

/// The series of the paper that follows this step, and whose it is.
fn series(verb: Verb, d: &Dossier) -> Option<(&'static str, &UnitId)> {
    Some(match verb {
        Verb::AskSupplement => ("form-supplement", &d.counter),
        Verb::Refuse => ("form-refusal", &d.counter),
        Verb::Extend => ("form-apology", &d.agency),
        Verb::Stop => ("form-stop", &d.agency),
        _ => return None,
    })
}

/// The number of the paper that follows this step, where one follows: a child has no forms of its own.
pub async fn take_number(
    tx: &mut Tx,
    d: &Dossier,
    verb: Verb,
    at: Instant,
) -> Result<Option<String>, Problem> {
    let Some((scheme, owner)) = series(verb, d).filter(|_| d.parent.is_none()) else { return Ok(None) };
    number::next(tx, scheme, owner.as_str(), &[], at.day()).await.map(Some)
}
