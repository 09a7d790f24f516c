//! The certificates of a demonstration: 1,059 in use and 128 revoked, as many as the province had, of
//! invented officials and their agencies. Most are played as brought from outside, under simulated issuers
//! whose keys are thrown away; some are the province's own, with their keys here.

mod requests;

pub use requests::{Issued, issue};

use base::Instant;
use db::{Act, Db, Tx, args};
use directory::seed::people::Dice;
use directory::{Serving, UnitId};
use pki::cert::{Serial, Validity};
use pki::crl::Reason;
use pki::issue::Draft;
use pki::key::{KeyKind, Signer};
use pki::profile::{Addresses, Kind};
use pki::{Certificate, Name, PrivateKey, oid};
use web::Problem;

use crate::App;
use crate::authority::{self, Issuing, Order, Wish, rules};
use crate::certificate::rules::Step;
use crate::certificate::store::New;
use crate::certificate::{self, row_of};
use crate::key::NewKey;
use crate::revocation::rules::whole_second;
use crate::words::WORDS;
use crate::{mobile, signing};

/// How many certificates are loaded, and who is sure to have one of ours.
#[derive(Clone, Debug)]
pub struct Plan {
    /// From outside: in use and revoked.
    pub imported: (usize, usize),
    /// Our own, with their keys here.
    pub own: (usize, usize),
    /// Logins of officials who get one of ours, and the seal of their unit if they keep it.
    pub signers: Vec<String>,
    /// The PIN of all of these.
    pub pin: String,
    /// Those of them who also get one of ours in a simulated SIM card: logins and telephone numbers.
    pub phones: Vec<(String, String)>,
}

impl Plan {
    /// The whole register of a demonstration, 1,059 in use and 128 revoked, in which these officials sign.
    pub fn province(signers: Vec<String>, pin: &str) -> Plan {
        Plan { imported: (918, 116), own: (141, 12), signers, pin: pin.into(), phones: Vec::new() }
    }

    /// These officials, with their seals, and nobody else.
    pub fn signers(signers: Vec<String>, pin: &str) -> Plan {
        Plan { imported: (0, 0), own: (0, 0), signers, pin: pin.into(), phones: Vec::new() }
    }

    /// The same with a simulated SIM card for these of the signers.
    pub fn with_phones(self, phones: Vec<(String, String)>) -> Plan {
        Plan { phones, ..self }
    }
}

/// What was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Certificates in use.
    pub valid: usize,
    /// Certificates that were revoked.
    pub revoked: usize,
}

/// So many of those from outside come from a public authority.
const PUBLIC: usize = 150;
/// Every so many-th certificate is the seal of an agency.
const SEAL_EACH: usize = 5;
/// Every so many-th certificate from outside ends within a month.
const ENDING_EACH: usize = 60;
const SEED: u64 = 0x7472_7573_7421;
const FIVE_YEARS_DAYS: i64 = 5 * 365;

/// Somebody a certificate is for: an official in a post, or a unit with its seal.
#[derive(Clone, Debug)]
struct Holder {
    account: Option<String>,
    post: Option<String>,
    unit: String,
    name: String,
    title: String,
    unit_name: String,
    login: String,
    role: String,
}

impl From<Serving> for Holder {
    fn from(of: Serving) -> Holder {
        Holder {
            account: Some(of.account),
            post: Some(of.post),
            unit: of.unit,
            name: of.name,
            title: of.title,
            unit_name: of.unit_name,
            login: of.login,
            role: of.role,
        }
    }
}

/// Officials who sign or seal, leaders first.
async fn list_officials(tx: &mut Tx) -> db::Result<Vec<Holder>> {
    let serving = directory::list_signing_officials(tx).await?;
    Ok(serving.into_iter().map(Holder::from).collect())
}

/// Agencies that have a seal.
async fn list_agencies(tx: &mut Tx) -> db::Result<Vec<Holder>> {
    let none = String::new;
    let of = |(unit, name): (UnitId, String)| Holder {
        account: None,
        post: None,
        unit: unit.as_str().to_string(),
        unit_name: name.clone(),
        name,
        title: none(),
        login: none(),
        role: none(),
    };
    Ok(directory::list_agencies(tx).await?.into_iter().map(of).collect())
}

/// Takes out those who are sure to get one of ours: the officials named, and the units whose records clerks
/// they are.
fn take_signers(officials: &mut Vec<Holder>, agencies: &mut Vec<Holder>, logins: &[String]) -> Vec<Holder> {
    let (mut signers, others) =
        std::mem::take(officials).into_iter().partition::<Vec<_>, _>(|h| logins.contains(&h.login));
    *officials = others;
    let keeps = |unit: &str| signers.iter().any(|h| h.role == "records_clerk" && h.unit == unit);
    let (seals, others) =
        std::mem::take(agencies).into_iter().partition::<Vec<_>, _>(|agency| keeps(&agency.unit));
    *agencies = others;
    signers.extend(seals);
    signers
}

/// Those of the signers who get a SIM card too, with its number.
fn carded(signers: &[Holder], phones: &[(String, String)]) -> Vec<(Holder, String)> {
    let of = |login: &String| signers.iter().find(|holder| holder.login == *login).cloned();
    phones.iter().filter_map(|(login, number)| Some((of(login)?, number.clone()))).collect()
}

/// Has the keys of the first rows lie in SIM cards of these numbers: a card's key is the operator's, and no
/// key that the server signs with.
fn into_cards(rows: &mut [New], numbers: &[String]) -> Vec<(String, String)> {
    let mut cards = Vec::new();
    for (row, number) in rows.iter_mut().zip(numbers) {
        (row.device, row.device_no) = ("sim".into(), number.clone());
        cards.extend(row.key.take().map(|key| (number.clone(), key)));
    }
    cards
}

/// Who gets the how-manieth certificate: a seal for every [`SEAL_EACH`]-th.
fn holders(officials: Vec<Holder>, agencies: Vec<Holder>, wanted: usize) -> Option<Vec<Holder>> {
    let (mut officials, mut agencies) = (officials.into_iter(), agencies.into_iter());
    (0..wanted)
        .map(|n| match n % SEAL_EACH {
            0 => agencies.next().or_else(|| officials.next()),
            _ => officials.next().or_else(|| agencies.next()),
        })
        .collect()
}

/// Loads them, in a demonstration that has none.
pub async fn load(
    app: &App,
    plan: &Plan,
    now: Instant,
    mut progress: impl FnMut(&str, usize, usize),
) -> Result<Loaded, Problem> {
    let db = &app.site.db;
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        let authorities = authority::store::count(tx).await?;
        Ok((authorities, list_officials(tx).await?, list_agencies(tx).await?, is_loaded(tx).await?))
    };
    let (authorities, mut officials, mut agencies, loaded) = db.read(read).await?;
    let signers = take_signers(&mut officials, &mut agencies, &plan.signers);
    let carded = carded(&signers, &plan.phones);
    let own = (plan.own.0 + plan.own.1).max(signers.len() + carded.len());
    let total = plan.imported.0 + plan.imported.1 + own;
    if loaded {
        return Ok(Loaded::default());
    }
    progress("certificates", 0, total);
    if authorities == 0 {
        let act = Act::system("trust.establish", "", now);
        match authority::establish(app, &Wish::default(), act, now).await {
            // Another node made one in the same moment.
            Ok(_) | Err(Problem::Stale) => {}
            Err(problem) => return Err(problem),
        }
    }
    let issuing = db.read(async |tx: &mut Tx| authority::store::find_issuing(tx).await).await?;
    let issuing = Issuing::of(app, &issuing.ok_or(Problem::NotFound)?).await?;
    let keys = app.keys.make_many(db, "p256", own).await?;
    let mut holders = holders(officials, agencies, total - signers.len() - carded.len())
        .ok_or_else(|| Problem::fault("fewer officials and agencies than certificates"))?;
    let mut ours = holders.split_off(total - own);
    let with_pin = signers.len();
    // At the end, where nothing is revoked.
    let first_card = ours.len();
    let (holders_of_cards, numbers): (Vec<Holder>, Vec<String>) = carded.into_iter().unzip();
    ours.extend(holders_of_cards);
    ours.extend(signers);
    let (pin, revoked) = (plan.pin.clone(), plan.imported.1);
    let address = app.address.clone();
    let made = tokio::task::spawn_blocking(move || -> Result<_, Problem> {
        let mut rows = imported(&holders, revoked, now)?;
        let mut own = own_rows(&issuing, &address, &ours, &keys, now)?;
        let cards = into_cards(&mut own[first_card..], &numbers);
        rows.extend(own);
        let pin = directory::signin::password::hash_now(&pin).map_err(|e| Problem::fault(e.to_string()))?;
        Ok(Made { rows, keys, pin, with_pin, cards })
    });
    let made = made.await.map_err(Problem::fault)??;
    put(db, made, plan.own.1, now).await?;
    app.live.forget();
    progress("certificates", total, total);
    let revoked = plan.imported.1 + plan.own.1;
    Ok(Loaded { valid: total - revoked, revoked })
}

async fn is_loaded(tx: &mut Tx) -> db::Result<bool> {
    let sql = "select count(*) from certificate where kind in ('official', 'agency_seal')";
    Ok(tx.get::<i64>(sql, args![]).await? > 0)
}

/// Everything made, ready to be kept.
struct Made {
    rows: Vec<New>,
    keys: Vec<NewKey>,
    /// The hash of a PIN, for the last so many.
    pin: String,
    with_pin: usize,
    /// Simulated SIM cards: their numbers and keys.
    cards: Vec<(String, String)>,
}

/// Keeps all of it in one commit; those of ours that were revoked are revoked by the rules.
async fn put(db: &Db, made: Made, revoked: usize, now: Instant) -> Result<(), Problem> {
    let Made { rows, keys, pin, with_pin, cards } = made;
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        if is_loaded(tx).await? {
            return Ok(());
        }
        for key in &keys {
            key.save(tx, "holder", now).await?;
        }
        certificate::store::save_all(tx, &rows).await?;
        // The demonstration begins with its own authorities trusted: nobody is there yet to propose them.
        for row in rows.iter().filter(|row| row.origin == "imported" && row.kind == "authority") {
            certificate::anchor::store::save(tx, &row.id, &row.trust_class, "", now).await?;
            certificate::anchor::store::save_confirmed(tx, &row.id, "", now).await?;
        }
        let ours = rows.iter().filter(|row| row.origin == "own" && row.kind != "authority");
        for (n, row) in ours.take(revoked).enumerate() {
            let reason =
                [Reason::AffiliationChanged, Reason::KeyCompromise, Reason::CessationOfOperation][n % 3];
            let note = WORDS.kept(&format!("certificate.reason.{}", reason.code()), &[]);
            let wish =
                certificate::Wish { step: Step::Revoke, reason: Some(reason), since: None, note, seen: 1 };
            certificate::step(tx, &row.id, &wish, "", now).await?;
        }
        for (number, key) in &cards {
            mobile::simulator::save_card(tx, number, key).await?;
        }
        for row in rows.iter().rev().take(with_pin) {
            signing::store::put_pin(tx, &row.id, &pin, now).await?;
        }
        Ok(())
    };
    db.write(Act::system("trust.load-demo", "", now), write).await
}

/// An issuer outside, played.
struct Outside {
    certificate: Certificate,
    key: PrivateKey,
    class: &'static str,
}

fn outside(word: &'static str, now: Instant) -> Result<Outside, Problem> {
    let key = PrivateKey::generate(KeyKind::P256).map_err(Problem::fault)?;
    let subject = Name::builder()
        .with(oid::COUNTRY, "VN")
        .with(oid::ORGANIZATIONAL_UNIT, &WORDS.kept("authority.no_force", &[]))
        .with(oid::COMMON_NAME, &WORDS.kept(&format!("seed.{word}"), &[]))
        .build();
    let from = whole_second(now.plus_days(-6 * 365));
    let draft = Draft {
        kind: Kind::Root,
        serial: Serial::random(),
        issuer: subject.clone(),
        issuer_key_id: key.public_key().id(),
        subject,
        key: key.public_key().clone(),
        validity: rules::validity(Kind::Root, from, 0, None),
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses::default(),
    };
    let certificate = draft.sign(&key).map_err(Problem::fault)?;
    Ok(Outside { certificate, key, class: word })
}

fn kind_of(holder: &Holder) -> (Kind, &'static str) {
    match holder.account {
        Some(_) => (Kind::Official, "official"),
        None => (Kind::AgencySeal, "agency_seal"),
    }
}

fn subject(holder: &Holder) -> Name {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    Name::builder()
        .with(oid::COUNTRY, "VN")
        .with(oid::ORGANIZATIONAL_UNIT, &WORDS.kept("authority.no_force", &[]))
        .with_some(
            oid::ORGANIZATIONAL_UNIT,
            some(&holder.unit_name).filter(|_| holder.account.is_some()).as_deref(),
        )
        .with_some(oid::TITLE, some(&holder.title).as_deref())
        .with(oid::COMMON_NAME, &holder.name)
        .build()
}

fn imported(holders: &[Holder], revoked: usize, now: Instant) -> Result<Vec<New>, Problem> {
    if holders.is_empty() {
        return Ok(Vec::new());
    }
    let mut dice = Dice::new(SEED);
    let issuers = [outside("official_duty", now)?, outside("public", now)?];
    let mut rows: Vec<New> =
        issuers.iter().map(|issuer| row_of(&issuer.certificate, "imported", issuer.class, now)).collect();
    for (n, holder) in holders.iter().enumerate() {
        let issuer = &issuers[usize::from(n % (holders.len() / PUBLIC).max(1) == 0)];
        let days = match n % ENDING_EACH {
            0 => FIVE_YEARS_DAYS - i64::from(dice.between(4, 28)),
            _ => i64::from(dice.between(30, 1_700)),
        };
        let from = whole_second(now.plus_days(-days));
        let (kind, word) = kind_of(holder);
        let key = PrivateKey::generate(KeyKind::P256).map_err(Problem::fault)?;
        let draft = Draft {
            kind,
            serial: Serial::random(),
            issuer: issuer.certificate.subject().clone(),
            issuer_key_id: issuer.certificate.key_id(),
            subject: subject(holder),
            key: key.public_key().clone(),
            validity: Validity { not_before: from, not_after: from.plus_days(FIVE_YEARS_DAYS) },
            alt_names: Vec::new(),
            policies: Vec::new(),
            addresses: Addresses::default(),
        };
        let certificate = draft.sign(&issuer.key).map_err(Problem::fault)?;
        let mut row = row_of(&certificate, "imported", issuer.class, now);
        belongs(&mut row, holder, word);
        row.device = if n.is_multiple_of(4) { "sim".into() } else { "token".into() };
        row.device_no = format!("{:08}", dice.between(10_000_000, 99_999_999));
        if revoked > 0
            && n % (holders.len() / revoked) == 0
            && rows.iter().filter(|r| r.state == "revoked").count() < revoked
        {
            let since = i64::from(dice.between(1, u32::try_from(days).unwrap_or(1)));
            row.state = "revoked";
            row.reason = Some(i64::from(Reason::AffiliationChanged.code()));
            row.changed_at = now.plus_days(-since).micros();
        }
        rows.push(row);
    }
    Ok(rows)
}

fn belongs(row: &mut New, holder: &Holder, word: &'static str) {
    row.kind = word;
    (row.account, row.post) = (holder.account.clone(), holder.post.clone());
    row.unit = Some(holder.unit.clone());
    row.folded = certificate::folded(&row.holder, &row.subject, &row.serial, &row.id);
}

fn own_rows(
    issuing: &Issuing,
    address: &str,
    holders: &[Holder],
    keys: &[NewKey],
    now: Instant,
) -> Result<Vec<New>, Problem> {
    let end = Some(issuing.certificate.validity().not_after);
    let mut rows = Vec::new();
    for (holder, key) in holders.iter().zip(keys) {
        let (kind, word) = kind_of(holder);
        let order = Order {
            kind,
            subject: subject(holder),
            alt_names: Vec::new(),
            key: key.private.public_key().clone(),
            validity: rules::validity(kind, whole_second(now), 3, end),
        };
        let certificate = issuing.issue(address, order)?;
        let mut row = row_of(&certificate, "own", "internal", now);
        belongs(&mut row, holder, word);
        (row.authority, row.key) = (Some(issuing.id.clone()), Some(key.id.clone()));
        row.device = "server".into();
        rows.push(row);
    }
    Ok(rows)
}
