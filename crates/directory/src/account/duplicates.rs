//! A person who appears twice (người trùng): typed under a wrong number, taken over from an old system, or
//! registered again. One account leads to the other and stays as its trace; whatever other systems keep
//! follows by event. Who has no account and is known by what a system wrote down ([`Unregistered`]) is
//! given a record with the first proposal, an account that nobody signs in to, and is merged like any
//! other. Two administrators agree, and a merge can be taken back while nothing has come of it.
//! law: identity/one-person

pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;

use base::{Id, Instant};
use contracts::directory as event;
use db::{Tx, outbox};
use web::site::{Holdings, Unregistered};
use web::{FieldError, Problem};

use self::rules::{Ground, No, Side, ground, may_merge};
use self::store::{Merge, Whole};
use super::{AccountId, Kind};
use crate::words;

enum MergeKind {}

/// Days in which a merge can be taken back. Ours: no rule we know of names any.
pub const UNDO_DAYS: i64 = 7;
/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 1_000;
/// Pairs suggested at once.
const PAIRS_MAX: usize = 50;

/// Two accounts that may be one person's.
pub struct Pair {
    pub goes: Whole,
    pub stays: Whole,
    pub ground: Ground,
}

fn fresh() -> String {
    Id::<MergeKind>::fresh().to_string()
}

/// Why two accounts are not made one, in words.
fn message(no: No) -> String {
    words::t(match no {
        No::Same => "duplicates.same",
        No::NotCitizens => "duplicates.not_citizens",
        No::Gone => "duplicates.gone",
        No::ConfirmedGoes => "duplicates.confirmed_goes",
        No::Unseen => "duplicates.unseen",
        No::TwoPeople => "duplicates.two_people",
    })
}

fn refused(no: No) -> Problem {
    Problem::refused(message(no), format!("two accounts are not merged: {no:?}"))
}

impl Whole {
    /// A person without an account, as the record that would be made of them: it has no number of its own,
    /// so that it stands in nobody's way, and no version until it is kept.
    pub fn unregistered(person: Unregistered) -> Whole {
        Whole {
            id: AccountId::fresh(),
            kind: Kind::Citizen,
            login: person.key,
            name_folded: base::text::fold(&person.name),
            name: person.name,
            personal_number: None,
            number_before: person.number,
            phone: person.phone,
            email: person.email,
            address: person.address,
            confirmed_at: None,
            disabled_at: None,
            created_at: person.since,
            has_password: false,
            leads_to: None,
            version: 0,
        }
    }
}

/// Pairs that something speaks for and nobody has decided about, the strongest first.
pub async fn suggest(tx: &mut Tx, holdings: Option<Holdings>) -> Result<Vec<Pair>, Problem> {
    let unregistered = match holdings {
        Some(holdings) => (holdings.unregistered)(tx).await?,
        None => Vec::new(),
    };
    let mut people = accounts_beside(tx, &unregistered).await?;
    for whole in unregistered.into_iter().map(Whole::unregistered) {
        // With a record, the record speaks for them; with an account of their own, its confirmation.
        if !people.iter().any(|known| known.is_written_as(&whole)) {
            people.push(whole);
        }
    }
    let mut pairs = Vec::new();
    people.sort_by(|a, b| a.name_folded.cmp(&b.name_folded));
    for group in people.chunk_by(|a, b| a.name_folded == b.name_folded) {
        pairs.extend(pairs_of(group));
    }
    people.retain(|whole| whole.number().is_some());
    people.sort_by(|a, b| a.number().cmp(&b.number()));
    for group in people.chunk_by(|a, b| a.number() == b.number()) {
        // Those of one name were found by it.
        pairs.extend(pairs_of(group).filter(|p| p.goes.name_folded != p.stays.name_folded));
    }
    let decided = store::list_decided(tx).await?;
    let known = |a: &str, b: &str| decided.iter().any(|(x, y)| x == a && y == b);
    pairs.retain(|p| {
        let (goes, stays) = (p.goes.id.to_string(), p.stays.id.to_string());
        !known(&goes, &stays) && !known(&stays, &goes)
    });
    pairs.sort_by_key(|p| (p.ground != Ground::Number, p.ground != Ground::Near));
    pairs.truncate(PAIRS_MAX);
    Ok(pairs)
}

/// Accounts that look like one another, or may like one of these people.
async fn accounts_beside(tx: &mut Tx, unregistered: &[Unregistered]) -> db::Result<Vec<Whole>> {
    let mut names = store::list_shared_names(tx).await?;
    names.extend(store::list_shared_phones(tx).await?);
    names.extend(unregistered.iter().map(|person| base::text::fold(&person.name)));
    names.sort_unstable();
    names.dedup();
    let mut numbers = store::list_aside_numbers(tx).await?;
    numbers.extend(unregistered.iter().filter_map(|person| person.number.clone()));
    numbers.sort_unstable();
    numbers.dedup();
    let mut people = store::list_named(tx, &names).await?;
    people.extend(store::list_numbered(tx, &numbers).await?);
    people.sort_by_key(|whole| whole.id.to_string());
    people.dedup_by_key(|whole| whole.id);
    Ok(people)
}

fn pairs_of(group: &[Whole]) -> impl Iterator<Item = Pair> {
    let pairs_with = |(nth, a)| group[nth + 1..].iter().filter_map(move |b| pair(a, b));
    group.iter().enumerate().flat_map(pairs_with)
}

/// The two as a pair that could be merged, if something speaks for it and nothing against.
fn pair(a: &Whole, b: &Whole) -> Option<Pair> {
    let (x, y): (Side, Side) = (a.side(), b.side());
    let ground = ground(&x, &y)?;
    let (stays, goes) = rules::stays(&x, &y);
    may_merge(goes, stays).ok()?;
    let (stays, goes) = if stays.id == x.id { (a, b) } else { (b, a) };
    Some(Pair { goes: goes.clone(), stays: stays.clone(), ground })
}

async fn get(tx: &mut Tx, id: &str) -> Result<Whole, Problem> {
    store::find(tx, id).await?.ok_or(Problem::NotFound)
}

/// The account with this id, or the person without one who has this key; and what a system has of the latter.
async fn find(
    tx: &mut Tx,
    holdings: Option<Holdings>,
    key: &str,
) -> db::Result<Option<(Whole, Vec<(String, i64)>)>> {
    if let Some(account) = store::find(tx, key).await? {
        return Ok(Some((account, Vec::new())));
    }
    let Some(holdings) = holdings else { return Ok(None) };
    let person = (holdings.find)(tx, key).await?;
    Ok(person.map(|mut person| {
        let held = std::mem::take(&mut person.held);
        (Whole::unregistered(person), held)
    }))
}

/// The account, or the record that is made of a person who has none.
async fn kept(tx: &mut Tx, whole: Whole, now: Instant) -> Result<Whole, Problem> {
    if whole.is_kept() {
        return Ok(whole);
    }
    tx.audit("directory.make-record-of", &whole.login).await?;
    Ok(store::save_record(tx, &whole, now).await?)
}

/// What an administrator proposes.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The account's id, or the key of a person without one ([`Unregistered::key`]).
    pub goes: String,
    pub stays: String,
    pub reason: String,
    /// The versions on the page.
    pub seen: (i64, i64),
}

/// Lays before another administrator that two accounts are one person's.
pub async fn propose(
    tx: &mut Tx,
    holdings: Option<Holdings>,
    wish: &Wish,
    by: &str,
    now: Instant,
) -> Result<String, Problem> {
    let (goes, _) = find(tx, holdings, &wish.goes).await?.ok_or(Problem::NotFound)?;
    let (stays, _) = find(tx, holdings, &wish.stays).await?.ok_or(Problem::NotFound)?;
    if (goes.version, stays.version) != wish.seen {
        return Err(Problem::Stale);
    }
    let reason = checked(&wish.reason)?;
    may_merge(&goes.side(), &stays.side()).map_err(refused)?;
    if store::is_proposed(tx, &goes.id.to_string(), &stays.id.to_string()).await? {
        return Err(Problem::refused(words::t("duplicates.waits"), "refused: a proposal waits"));
    }
    let ground = ground(&goes.side(), &stays.side()).unwrap_or(Ground::Other);
    let (goes, stays) = (kept(tx, goes, now).await?, kept(tx, stays, now).await?);
    let id = fresh();
    store::save_proposed(tx, &id, (&goes, &stays), (ground.word(), reason), by, now).await?;
    tx.audit("directory.propose-merge-of", &goes.id.to_string()).await?;
    Ok(id)
}

/// A reason as it is kept, or everything that is wrong with it.
fn checked(reason: &str) -> Result<&str, Problem> {
    let reason = reason.trim();
    let mut errors = Vec::new();
    if reason.is_empty() {
        errors.push(FieldError::new("reason", words::t("missing.reason")));
    }
    if reason.chars().count() > REASON_CHARS_MAX {
        let most = REASON_CHARS_MAX.to_string();
        errors.push(FieldError::new("reason", words::own().t("wrong.too_long", &[("most", &most)])));
    }
    if errors.is_empty() { Ok(reason) } else { Err(Problem::Invalid(errors)) }
}

/// Another administrator agrees, or says why not.
pub async fn decide(
    tx: &mut Tx,
    id: &str,
    agrees: bool,
    note: &str,
    by: &str,
    now: Instant,
) -> Result<(), Problem> {
    let merge = store::find_merge(tx, id).await?.ok_or(Problem::NotFound)?;
    if merge.proposed_by == by {
        return Err(Problem::refused(words::t("duplicates.own"), "refused: four eyes"));
    }
    if !agrees {
        let note: String = note.trim().chars().take(REASON_CHARS_MAX).collect();
        if note.is_empty() {
            return Err(Problem::field("note", words::t("missing.reason")));
        }
        return Ok(store::save_decided(tx, id, ("declined", &note), by, now).await?);
    }
    let (goes, stays) = (get(tx, &merge.goes).await?, get(tx, &merge.stays).await?);
    if (goes.version, stays.version) != (merge.goes_seen, merge.stays_seen) {
        return Err(Problem::refused(words::t("duplicates.outdated"), "refused: an account has changed"));
    }
    may_merge(&goes.side(), &stays.side()).map_err(refused)?;
    store::save_decided(tx, id, ("done", ""), by, now).await?;
    lead(tx, id, &goes, &stays, now).await
}

/// One account leads to the other from now on, and other systems hear of it.
async fn lead(tx: &mut Tx, merge: &str, goes: &Whole, stays: &Whole, now: Instant) -> Result<(), Problem> {
    store::save_before(tx, merge, goes).await?;
    store::save_gone(tx, goes, stays.id, now).await?;
    web::session::end_all(tx, &goes.id.to_string(), now).await?;
    tx.audit("directory.merge-into", &stays.id.to_string()).await?;
    tell(tx, event::ACCOUNTS_MERGED, merge, (goes, stays), now).await
}

async fn tell(
    tx: &mut Tx,
    topic: &'static str,
    merge: &str,
    (goes, stays): (&Whole, &Whole),
    now: Instant,
) -> Result<(), Problem> {
    let told = event::AccountsMerged {
        merge: merge.to_string(),
        goes: goes.id.to_string(),
        stays: stays.id.to_string(),
        at: now,
    };
    outbox::put(tx, topic, &told.stays, &told).await?;
    Ok(())
}

/// Takes a merge back: within its time, and while nothing was done with what followed it.
pub async fn undo(
    tx: &mut Tx,
    holdings: Option<Holdings>,
    id: &str,
    by: &str,
    now: Instant,
) -> Result<(), Problem> {
    let merge = store::find_merge(tx, id).await?.ok_or(Problem::NotFound)?;
    let (goes, stays) = (get(tx, &merge.goes).await?, get(tx, &merge.stays).await?);
    if merge.state != "done" || goes.leads_to.as_deref() != Some(merge.stays.as_str()) {
        return Err(Problem::Stale);
    }
    if !may_undo(&merge, now) {
        let days = UNDO_DAYS.to_string();
        let words = words::own().t("duplicates.too_late", &[("days", &days)]);
        return Err(Problem::refused(words, "refused: too late to take a merge back"));
    }
    let taken = match &merge.number {
        Some(number) => store::find_by_number(tx, number).await?.is_some(),
        None => false,
    };
    let used = match holdings {
        Some(holdings) => (holdings.used)(tx, id).await?,
        None => false,
    };
    if taken || used || stays.leads_to.is_some() {
        return Err(Problem::refused(words::t("duplicates.used"), "refused: something has come of it"));
    }
    store::save_undone(tx, id, by, now).await?;
    store::save_back(tx, &merge, &goes).await?;
    tx.audit("directory.part-from", &merge.stays).await?;
    tell(tx, event::ACCOUNTS_PARTED, id, (&goes, &stays), now).await
}

/// Whether there is still time.
pub fn may_undo(merge: &Merge, now: Instant) -> bool {
    merge.decided_at.is_some_and(|at| now < at.plus_days(UNDO_DAYS))
}

/// The record of an old system steps aside for the person who registers under its number. What it has stays
/// its own until somebody confirms who registered. False when the number is somebody's who can sign in.
pub async fn step_aside(tx: &mut Tx, number: &str) -> db::Result<bool> {
    let Some(record) = store::find_by_number(tx, number).await? else { return Ok(false) };
    if record.kind != Kind::Citizen || record.has_password || record.disabled_at.is_some() {
        return Ok(false);
    }
    store::save_aside(tx, record.id, number, record.version).await?;
    tx.audit("directory.step-aside", &record.id.to_string()).await?;
    Ok(true)
}

/// Somebody has confirmed who has this account: other systems hear of it, and records of the same number and
/// name, which stepped aside for it, lead to it. Those of another name wait for administrators.
pub async fn confirmed(tx: &mut Tx, account: AccountId, now: Instant) -> Result<(), Problem> {
    let id = account.to_string();
    let told = event::AccountConfirmed { account: id.clone(), at: now };
    outbox::put(tx, event::ACCOUNT_CONFIRMED, &id, &told).await?;
    let stays = get(tx, &id).await?;
    let Some(number) = stays.personal_number.clone() else { return Ok(()) };
    for goes in store::list_aside(tx, &number).await? {
        if goes.name_folded != stays.name_folded || may_merge(&goes.side(), &stays.side()).is_err() {
            continue;
        }
        let (merge, by) = (fresh(), tx.act().actor.account().unwrap_or("system").to_string());
        let claim = (Ground::Claim.word(), "");
        store::save_proposed(tx, &merge, (&goes, &stays), claim, &by, now).await?;
        store::save_decided(tx, &merge, ("done", ""), &by, now).await?;
        lead(tx, &merge, &goes, &stays, now).await?;
    }
    Ok(())
}
