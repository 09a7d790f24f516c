//! The register of certificates (chứng thư số): the province's own, and those of Ban Cơ yếu and of public
//! authorities that its officials and agencies hold. Each has an origin, a class of trust, a holder with post
//! or seal, the device of its key, a state, and the letter by which it was asked for.

pub mod anchor;
pub mod import;
pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;

use base::{Id, Instant};
use contracts::trust as event;
use db::{Db, Tx, outbox};
use pki::cert::Extensions;
use pki::crl::Reason;
use pki::key::Digest;
use pki::{Certificate, PublicKey};
use web::{FieldError, Problem};

use self::rules::{NotAllowed, State, Step, Wrong, after, faults};
use self::store::{Moved, New, Row};
use crate::revocation;
use crate::words;

enum CertificateId {}

/// Kinds of certificates in the register, by the word in data.
pub const KINDS: [&str; 8] =
    ["official", "agency_seal", "service", "tls", "authority", "ocsp", "tsa", "other"];
/// Classes of trust: on official duty (Ban Cơ yếu), public, internal, other.
/// law: e-transactions/three-kinds
pub const CLASSES: [&str; 4] = ["official_duty", "public", "internal", "other"];
/// Where a key lies.
pub const DEVICES: [&str; 5] = ["token", "sim", "server", "hsm", "unknown"];

/// As much of what a certificate says is searched, in characters.
const FOLDED_CHARS_MAX: usize = 600;

/// Lower-case hexadecimal of the SHA-256 of the whole certificate.
pub fn fingerprint(certificate: &Certificate) -> String {
    certificate.fingerprint(Digest::Sha256).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// By which a key is known again: lower-case hexadecimal of the SHA-256 of its SubjectPublicKeyInfo.
pub fn key_hash(key: &PublicKey) -> String {
    Digest::Sha256.of(key.spki()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives hashes to the keys of rows of before; how many.
pub async fn hash_keys(db: &Db) -> Result<usize, Problem> {
    let mut done = 0;
    loop {
        let rows = db.read(async |tx: &mut Tx| store::list_unhashed(tx).await).await?;
        if rows.is_empty() {
            return Ok(done);
        }
        let hashed: Vec<(String, String)> = rows
            .into_iter()
            .map(|row| {
                let key = Certificate::parse(&row.der).map(|one| key_hash(one.public_key()));
                (row.id, key.unwrap_or_default())
            })
            .collect();
        done += hashed.len();
        let write = async move |tx: &mut Tx| -> db::Result<()> {
            for (id, hash) in &hashed {
                store::save_key_hash(tx, id, hash).await?;
            }
            Ok(())
        };
        db.upkeep(write).await?;
    }
}

/// A row for a certificate, with what the certificate itself says. Whose it is comes after.
pub fn row_of(certificate: &Certificate, origin: &'static str, class: &str, now: Instant) -> New {
    let subject = certificate.subject();
    let holder = subject.common_name().map_or_else(|| subject.to_string(), str::to_string);
    let validity = certificate.validity();
    let mut new = New {
        id: Id::<CertificateId>::fresh().to_string(),
        der: certificate.der().to_vec(),
        fingerprint: fingerprint(certificate),
        key_hash: key_hash(certificate.public_key()),
        serial: certificate.serial().to_string(),
        issuer: certificate.issuer().to_string(),
        subject: subject.to_string(),
        holder,
        kind: kind_of(certificate),
        origin,
        trust_class: class.to_string(),
        device: "unknown".into(),
        not_before: validity.not_before.micros(),
        not_after: validity.not_after.micros(),
        state: "valid",
        changed_at: now.micros(),
        added_at: now.micros(),
        ..New::default()
    };
    new.folded = folded(&new.holder, &new.subject, &new.serial, &new.id);
    new
}

/// What is searched and sorted by: the holder first, the id last, so that no two are alike.
pub fn folded(holder: &str, subject: &str, serial: &str, id: &str) -> String {
    let text = base::text::fold(&format!("{} {holder} {serial} {subject}", base::text::name_key(holder)));
    let head: String = text.chars().take(FOLDED_CHARS_MAX).collect();
    format!("{head} {id}")
}

/// What a certificate from outside is for, as far as it says so.
fn kind_of(certificate: &Certificate) -> &'static str {
    use pki::oid;
    let says: &Extensions = certificate.extensions();
    let purposes = says.ext_key_usage.as_deref().unwrap_or_default();
    let is_for = |purpose| purposes.contains(&purpose);
    let subject = certificate.subject();
    let person = [oid::USER_ID, oid::TITLE, oid::GIVEN_NAME, oid::SURNAME, oid::SERIAL_NUMBER];
    let names_person = person.into_iter().any(|oid| subject.texts(oid).next().is_some());
    match () {
        () if certificate.is_ca() => "authority",
        () if is_for(oid::TIME_STAMPING) => "tsa",
        () if is_for(oid::OCSP_SIGNING) => "ocsp",
        () if is_for(oid::SERVER_AUTH) => "tls",
        () if names_person => "official",
        () if subject.texts(oid::ORGANIZATION_IDENTIFIER).next().is_some() => "agency_seal",
        () if is_for(oid::DOCUMENT_SIGNING) || is_for(oid::EMAIL_PROTECTION) => "official",
        () => "other",
    }
}

/// The certificate with this id. Absent is `NotFound`.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Row, Problem> {
    store::find(tx, id).await?.ok_or(Problem::NotFound)
}

impl Row {
    /// Where it stands.
    pub fn stands(&self, now: Instant) -> State {
        State::of(&self.state, self.not_after, now)
    }

    /// The certificate itself.
    pub fn certificate(&self) -> Result<Certificate, Problem> {
        Certificate::parse(&self.der).map_err(|e| Problem::fault(format!("a kept certificate: {e:?}")))
    }
}

/// What somebody wants to happen to a certificate.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which step.
    pub step: Step,
    /// Why it is revoked.
    pub reason: Option<Reason>,
    /// Since when it is known or suspected to have been unfit.
    pub since: Option<Instant>,
    /// In words.
    pub note: String,
    /// The version on the page.
    pub seen: i64,
}

fn message(wrong: Wrong) -> FieldError {
    let most = rules::NOTE_CHARS_MAX.to_string();
    match wrong {
        Wrong::Reason => FieldError::new("reason", words::t("certificate.wrong.reason")),
        Wrong::Note => FieldError::new("note", words::t("certificate.wrong.note")),
        Wrong::NoteTooLong => {
            FieldError::new("note", words::WORDS.t("certificate.wrong.note_long", &[("most", &most)]))
        }
        Wrong::SinceLater => FieldError::new("since", words::t("certificate.wrong.since_later")),
        Wrong::SinceBefore => FieldError::new("since", words::t("certificate.wrong.since_before")),
    }
}

fn refused(NotAllowed(state, step): NotAllowed) -> Problem {
    let state = words::t(&format!("certificate.state.{}", state.word()));
    let outside = words::WORDS.t(&format!("certificate.not.{}", step.word()), &[("state", &state)]);
    Problem::refused(outside, format!("a certificate does not move: {step:?}"))
}

/// Suspends, resumes or revokes. What one of our authorities issued goes on its list in the same commit; of
/// one from outside it is kept what its issuer did. Whoever suspended does not resume alone.
/// law: e-transactions/suspend-revoke
pub async fn step(tx: &mut Tx, id: &str, wish: &Wish, by: &str, now: Instant) -> Result<State, Problem> {
    let row = get(tx, id).await?;
    if row.version != wish.seen {
        return Err(Problem::Stale);
    }
    let to = after(row.stands(now), wish.step).map_err(refused)?;
    let note = wish.note.trim();
    let wrong = faults(wish.step, wish.reason, wish.since, note, (row.not_before, now));
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong.into_iter().map(message).collect()));
    }
    if wish.step == Step::Resume && row.changed_by.as_deref() == Some(by) {
        return Err(Problem::refused(words::t("certificate.four_eyes"), "refused: four eyes"));
    }
    let reason = match wish.step {
        Step::Suspend => Some(Reason::CertificateHold),
        Step::Revoke => wish.reason,
        _ => None,
    };
    let code = reason.map(|reason| i64::from(reason.code()));
    let moved = Moved { state: to.word(), reason: code, invalid_since: wish.since, by, note, at: now };
    store::save_moved(tx, id, wish.seen, &moved).await?;
    if let Some(authority) = &row.authority {
        let reason = reason.unwrap_or(Reason::RemoveFromCrl);
        revocation::put(tx, authority, &row.serial, (reason, wish.since), now).await?;
    }
    tell(tx, topic_of(to), id, now).await?;
    Ok(to)
}

/// What is told of a certificate that stands so now.
pub fn topic_of(to: State) -> &'static str {
    match to {
        State::Suspended => event::CERTIFICATE_SUSPENDED,
        State::Revoked => event::CERTIFICATE_REVOKED,
        _ => event::CERTIFICATE_RESUMED,
    }
}

/// Other systems hear of it.
pub async fn tell(tx: &mut Tx, topic: &'static str, id: &str, now: Instant) -> Result<(), Problem> {
    let until = store::get_whose(tx, id).await?.not_after;
    tell_until(tx, topic, id, until, now).await
}

/// The same, of something that happens at `until`.
pub async fn tell_until(
    tx: &mut Tx,
    topic: &'static str,
    id: &str,
    until: Instant,
    now: Instant,
) -> Result<(), Problem> {
    let whose = store::get_whose(tx, id).await?;
    let told = event::CertificateMoved {
        certificate: id.to_string(),
        serial: whose.serial,
        account: whose.account,
        unit: whose.unit,
        until: Some(until),
        at: now,
    };
    outbox::put(tx, topic, id, &told).await?;
    Ok(())
}

/// Tells of every certificate whose end has come near, once at each of [`rules::WARN_DAYS`].
pub async fn watch(db: &Db, now: Instant) -> Result<usize, Problem> {
    let act = db::Act::system("trust.watch-expiry", "", now);
    let write = async move |tx: &mut Tx| -> Result<usize, Problem> {
        let mut told = 0;
        for ending in store::list_ending(tx, now).await? {
            let Some(days) = rules::warning(ending.not_after, ending.warned_days, now) else { continue };
            store::save_warned(tx, &ending.id, days).await?;
            tell(tx, event::CERTIFICATE_EXPIRING, &ending.id, now).await?;
            told += 1;
        }
        Ok(told)
    };
    db.write(act, write).await
}
