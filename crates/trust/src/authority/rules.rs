//! How long what is issued is good, and when keys that answer are replaced. Pure.

use base::Instant;
use pki::cert::Validity;
use pki::profile::Kind;

/// Years of an authority's certificate. law: e-transactions/validity
const ROOT_YEARS: i64 = 20;
const ISSUING_YEARS: i64 = 10;
/// Days of a responder's certificate: it is not asked for, so it ends soon.
const OCSP_DAYS: i64 = 90;
const TSA_YEARS: i64 = 5;
const YEAR_DAYS: i64 = 365;

/// The most years of a holder's first certificate, and of one that renews another.
/// law: e-transactions/validity
pub const YEARS_MAX: i64 = 5;
pub const RENEWED_YEARS_MAX: i64 = 3;

/// From `from` for as long as a certificate of this kind is good; `years` is for those of holders. Never
/// beyond its issuer's end.
pub fn validity(kind: Kind, from: Instant, years: i64, issuer_end: Option<Instant>) -> Validity {
    let days = match kind {
        Kind::Root => ROOT_YEARS * YEAR_DAYS,
        Kind::IssuingCa { .. } => ISSUING_YEARS * YEAR_DAYS,
        Kind::Ocsp => OCSP_DAYS,
        Kind::Tsa => TSA_YEARS * YEAR_DAYS,
        Kind::Official | Kind::AgencySeal | Kind::Service | Kind::Tls => years * YEAR_DAYS,
    };
    let end = from.plus_days(days);
    let not_after = issuer_end.map_or(end, |issuer_end| end.min(issuer_end));
    Validity { not_before: from, not_after }
}

/// Whether a key that answers is to be replaced by another: a third of its time is left, or a year. One that
/// ends with its issuer is not: none can be made that is good for longer.
pub fn is_to_be_replaced(kind: &str, not_after: Instant, issuer_end: Instant, now: Instant) -> bool {
    let days_left = if kind == "ocsp" { OCSP_DAYS / 3 } else { YEAR_DAYS };
    now >= not_after.plus_days(-days_left) && not_after < issuer_end
}

/// The kind of certificate a request is for, by its word.
pub fn kind(word: &str) -> Option<Kind> {
    match word {
        "official" => Some(Kind::Official),
        "agency_seal" => Some(Kind::AgencySeal),
        "service" => Some(Kind::Service),
        "tls" => Some(Kind::Tls),
        _ => None,
    }
}
