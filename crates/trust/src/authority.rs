//! The province's own authority: a root, and below it those that issue. In law it is an internal one: what
//! it issues is no signature on official duty, and what a demonstration's issues says that it has no force.
//! law: e-transactions/three-kinds

pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::{Id, Instant};
use db::{Act, Db, Tx};
use pki::cert::{Serial, Validity};
use pki::crl::shard_of;
use pki::issue::Draft;
use pki::key::{PublicKey, PublicKind, Signer};
use pki::name::GeneralName;
use pki::profile::{Addresses, Kind};
use pki::{Certificate, Name, oid};
use web::Problem;

use self::store::{Authority, New, SigningUnit};
use crate::App;
use crate::certificate::{self, row_of};
use crate::key::NewKey;
use crate::revocation::LIST_HOURS;
use crate::revocation::rules::{Which, name_of, whole_second};
use crate::words::{self, WORDS};

enum UnitId {}

/// What an authority is made with.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The kind of all its keys.
    pub key_kind: String,
    /// How many lists its certificates are spread over; 0 for one.
    pub shards: u32,
    /// The hardware module in which its keys are made; here when none is named.
    pub module: Option<String>,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish { key_kind: "p256".into(), shards: 0, module: None }
    }
}

/// Shards an authority may have.
pub const SHARDS_MAX: u32 = 256;

/// A certificate that was kept, read again.
pub fn parse(der: &[u8]) -> Result<Certificate, Problem> {
    Certificate::parse(der).map_err(|e| Problem::fault(format!("a kept certificate: {e:?}")))
}

/// What is to be certified.
pub struct Order {
    /// What kind it is.
    pub kind: Kind,
    /// Whom it names.
    pub subject: Name,
    /// Other names.
    pub alt_names: Vec<GeneralName>,
    /// The key.
    pub key: PublicKey,
    /// How long.
    pub validity: Validity,
}

/// Who certifies: the certificate, its key, and where its lists lie.
pub struct Issuing {
    /// `ca-2`.
    pub id: String,
    /// Its own certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: Arc<dyn Signer>,
    /// How many lists.
    pub shards: u32,
}

impl Issuing {
    /// The authority of a row, ready to sign.
    pub async fn of(app: &App, row: &Authority) -> Result<Issuing, Problem> {
        let key = app.keys.signer(&app.site.db, &row.key).await?;
        Ok(Issuing { id: row.id.clone(), certificate: parse(&row.der)?, key, shards: row.shards })
    }

    /// Certifies an order under a fresh random serial number.
    pub fn issue(&self, address: &str, order: Order) -> Result<Certificate, Problem> {
        let serial = Serial::random();
        let which = match self.shards {
            0 => Which::Full,
            shards => Which::Shard(shard_of(&serial, shards)),
        };
        let list = |which| format!("{address}/pki/crl/{}", name_of(&self.id, which));
        let draft = Draft {
            kind: order.kind,
            serial,
            issuer: self.certificate.subject().clone(),
            issuer_key_id: self.certificate.key_id(),
            subject: order.subject,
            key: order.key,
            validity: order.validity,
            alt_names: order.alt_names,
            policies: Vec::new(),
            addresses: Addresses {
                crl: Some(list(which)),
                delta_crl: (which == Which::Full).then(|| list(Which::Delta)),
                ocsp: Some(format!("{address}/pki/ocsp")),
                issuer: Some(format!("{address}/pki/ca/{}.cer", self.id)),
            },
        };
        let key: &dyn Signer = self.key.as_ref();
        draft.sign(key).map_err(|e| Problem::fault(format!("no certificate was signed: {e}")))
    }

    fn end(&self) -> Instant {
        self.certificate.validity().not_after
    }
}

/// The province's name with what the certificate is called.
fn name(app: &App, key: &str, number: i64) -> Name {
    let brand = &app.site.brand;
    let number = number.to_string();
    let called = WORDS.kept(key, &[("place", &brand.province), ("number", &number)]);
    let warning = brand.demo.then(|| WORDS.kept("authority.no_force", &[]));
    Name::builder()
        .with(oid::COUNTRY, "VN")
        .with(oid::ORGANIZATION, &brand.owner)
        .with_some(oid::ORGANIZATIONAL_UNIT, warning.as_deref())
        .with(oid::COMMON_NAME, &called)
        .build()
}

/// Something made outside the transaction that keeps it.
struct Made {
    new: New,
    key: NewKey,
    certificate: Certificate,
}

struct MadeUnit {
    kind: &'static str,
    authority: String,
    key: NewKey,
    certificate: Certificate,
}

/// Makes an authority that issues, below the root, which is made when there is none; with a responder for
/// each and a time-stamping unit. Those that issued before issue no more, and answer on. The id of the new
/// one.
pub async fn establish(app: &App, wish: &Wish, act: Act, now: Instant) -> Result<String, Problem> {
    if crate::key::kind(&wish.key_kind).is_none() || wish.shards > SHARDS_MAX {
        return Err(Problem::Malformed("no such authority can be made".into()));
    }
    let known = app.site.db.read(async |tx: &mut Tx| store::list(tx).await).await?;
    let count = known.len() as i64;
    let root_there = known.into_iter().find(|one| one.role == "root");
    let mut keys = app.keys.make_in(&app.site.db, wish.module.as_deref(), &wish.key_kind, 5).await?;
    let mut next = || keys.pop().ok_or_else(|| Problem::fault("five keys were made"));
    let (mut made, mut units) = (Vec::new(), Vec::new());
    let from = whole_second(now);
    let root = match root_there {
        Some(row) => Issuing::of(app, &row).await?,
        None => {
            let one = make_root(app, next()?, count + 1, from)?;
            let root = issuing(&one);
            units.push(make_unit(app, &root, "ocsp", next()?, from)?);
            made.push(one);
            root
        }
    };
    let number = count + 1 + made.len() as i64;
    let one = make_issuing(app, &root, next()?, (number, wish.shards), from)?;
    let below = issuing(&one);
    units.push(make_unit(app, &below, "ocsp", next()?, from)?);
    units.push(make_unit(app, &below, "tsa", next()?, from)?);
    made.push(one);
    let id = below.id.clone();
    let kept = id.clone();
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        if store::count(tx).await? != count {
            return Err(Problem::Stale);
        }
        for one in &made {
            keep(tx, one, now).await?;
        }
        for unit in &units {
            keep_unit(tx, unit, now).await?;
        }
        store::save_retired(tx, &kept).await?;
        Ok(())
    };
    app.site.db.write(act, write).await?;
    app.live.forget();
    // What is said of signed files is signed from the first day.
    crate::validation::keep_reporter(app, now).await?;
    Ok(id)
}

fn issuing(made: &Made) -> Issuing {
    Issuing {
        id: made.new.id.clone(),
        certificate: made.certificate.clone(),
        key: made.key.private.clone(),
        shards: made.new.shards,
    }
}

fn make_root(app: &App, key: NewKey, number: i64, from: Instant) -> Result<Made, Problem> {
    let subject = name(app, "authority.root_name", number);
    let public = key.private.public_key();
    let draft = Draft {
        kind: Kind::Root,
        serial: Serial::random(),
        issuer: subject.clone(),
        issuer_key_id: public.id(),
        subject,
        key: public.clone(),
        validity: rules::validity(Kind::Root, from, 0, None),
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses::default(),
    };
    let signed = draft.sign(key.private.as_ref());
    let certificate = signed.map_err(|e| Problem::fault(format!("no root was signed: {e}")))?;
    Ok(made("root", number, None, 0, key, certificate))
}

fn make_issuing(
    app: &App,
    root: &Issuing,
    key: NewKey,
    (number, shards): (i64, u32),
    from: Instant,
) -> Result<Made, Problem> {
    let kind = Kind::IssuingCa { path_len: 0 };
    let order = Order {
        kind,
        subject: name(app, "authority.issuing_name", number),
        alt_names: Vec::new(),
        key: key.private.public_key().clone(),
        validity: rules::validity(kind, from, 0, Some(root.end())),
    };
    let certificate = root.issue(&app.address, order)?;
    Ok(made("issuing", number, Some(root.id.clone()), shards, key, certificate))
}

fn made(
    role: &'static str,
    number: i64,
    parent: Option<String>,
    shards: u32,
    key: NewKey,
    certificate: Certificate,
) -> Made {
    let new = New {
        id: format!("ca-{number}"),
        role,
        name: certificate.subject().common_name().unwrap_or_default().to_string(),
        parent,
        key: key.id.clone(),
        der: certificate.der().to_vec(),
        shards,
    };
    Made { new, key, certificate }
}

fn make_unit(
    app: &App,
    issuer: &Issuing,
    kind: &'static str,
    key: NewKey,
    from: Instant,
) -> Result<MadeUnit, Problem> {
    let number = issuer.id.trim_start_matches("ca-").parse().unwrap_or_default();
    let (profile, called) = match kind {
        "ocsp" => (Kind::Ocsp, "authority.ocsp_name"),
        _ => (Kind::Tsa, "authority.tsa_name"),
    };
    let order = Order {
        kind: profile,
        subject: name(app, called, number),
        alt_names: Vec::new(),
        key: key.private.public_key().clone(),
        validity: rules::validity(profile, from, 0, Some(issuer.end())),
    };
    let certificate = issuer.issue(&app.address, order)?;
    Ok(MadeUnit { kind, authority: issuer.id.clone(), key, certificate })
}

/// Where a key of ours lies, by the word of the register.
fn device(key: &NewKey) -> String {
    if key.module.is_some() { "hsm".into() } else { "server".into() }
}

async fn keep(tx: &mut Tx, made: &Made, now: Instant) -> Result<(), Problem> {
    made.key.save(tx, "authority", now).await?;
    let at = whole_second(now);
    store::save(tx, &made.new, at, at.plus_minutes(LIST_HOURS * 60), now).await?;
    let mut row = row_of(&made.certificate, "own", "internal", now);
    (row.authority, row.key) = (made.new.parent.clone(), Some(made.key.id.clone()));
    row.device = device(&made.key);
    certificate::store::save_all(tx, &[row]).await?;
    tx.audit("trust.establish-authority", &made.new.id).await?;
    Ok(())
}

async fn keep_unit(tx: &mut Tx, unit: &MadeUnit, now: Instant) -> Result<(), Problem> {
    unit.key.save(tx, unit.kind, now).await?;
    let mut row = row_of(&unit.certificate, "own", "internal", now);
    (row.authority, row.key) = (Some(unit.authority.clone()), Some(unit.key.id.clone()));
    row.device = device(&unit.key);
    let end = unit.certificate.validity().not_after;
    let id = Id::<UnitId>::fresh().to_string();
    certificate::store::save_all(tx, std::slice::from_ref(&row)).await?;
    store::save_unit(tx, &id, unit.kind, (&unit.authority, &row.id, &unit.key.id), end).await?;
    tx.audit("trust.certify-unit", &row.id).await?;
    Ok(())
}

/// Replaces the keys of responders and time-stamping units whose time comes to its end; how many.
pub async fn keep_units(app: &App, db: &Db, now: Instant) -> Result<usize, Problem> {
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        Ok((store::list(tx).await?, store::list_units(tx).await?))
    };
    let (authorities, units) = db.read(read).await?;
    let mut replaced = 0;
    for row in &authorities {
        let issuer = parse(&row.der)?;
        if !issuer.validity().holds(now) {
            continue;
        }
        let end = issuer.validity().not_after;
        for (kind, word) in wanted(row, &issuer, &units) {
            let is_it = |unit: &&SigningUnit| {
                let of_it = unit.authority == row.id && unit.kind == kind;
                of_it && (kind == "ocsp" || unit.key_kind == word)
            };
            let unit = units.iter().find(is_it);
            if unit.is_some_and(|unit| !rules::is_to_be_replaced(kind, unit.not_after, end, now)) {
                continue;
            }
            add_unit(app, row, (kind, &word), Act::system("trust.replace-unit", &row.id, now), now).await?;
            replaced += 1;
        }
    }
    if replaced > 0 {
        app.live.forget();
    }
    Ok(replaced)
}

/// The units that should answer for an authority, by kind and kind of key: a responder, and where it issues a
/// time-stamping unit with a key of its own kind, and of every other kind that stamps somewhere.
fn wanted(row: &Authority, issuer: &Certificate, units: &[SigningUnit]) -> Vec<(&'static str, String)> {
    let is_rsa = matches!(issuer.public_key().kind(), PublicKind::Rsa { .. });
    let own = if is_rsa { "rsa2048" } else { "p256" };
    let mut wanted = vec![("ocsp", own.to_string())];
    if row.role == "issuing" && row.state == "active" {
        let mut kinds: Vec<&str> =
            units.iter().filter(|unit| unit.kind == "tsa").map(|unit| unit.key_kind.as_str()).collect();
        if !units.iter().any(|unit| unit.kind == "tsa" && unit.authority == row.id) {
            kinds.push(own);
        }
        kinds.sort_unstable();
        kinds.dedup();
        wanted.extend(kinds.into_iter().map(|kind| ("tsa", kind.to_string())));
    }
    wanted
}

/// Makes a unit with a key of this kind, where the authority's own key lies.
async fn add_unit(
    app: &App,
    row: &Authority,
    (kind, word): (&'static str, &str),
    act: Act,
    now: Instant,
) -> Result<(), Problem> {
    let made = app.keys.make_in(&app.site.db, row.module.as_deref(), word, 1).await?.pop();
    let key = made.ok_or_else(|| Problem::fault("a key was made"))?;
    let issuing = Issuing::of(app, row).await?;
    let made = make_unit(app, &issuing, kind, key, whole_second(now))?;
    app.site.db.write(act, async move |tx: &mut Tx| keep_unit(tx, &made, now).await).await
}

/// Has the authority that issues stamp time with another kind of key beside those that stamp already. From
/// then on there is always one of this kind.
pub async fn add_stamper(app: &App, word: &str, act: Act, now: Instant) -> Result<(), Problem> {
    if crate::key::kind(word).is_none() {
        return Err(Problem::field("stamp_kind", words::t("request.wrong.no_choice")));
    }
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        Ok((store::find_issuing(tx).await?, store::list_units(tx).await?))
    };
    let (issuing, units) = app.site.db.read(read).await?;
    let Some(row) = issuing else {
        return Err(Problem::refused(words::t("request.no_authority"), "refused: no authority"));
    };
    let is_it = |unit: &SigningUnit| unit.authority == row.id && unit.kind == "tsa" && unit.key_kind == word;
    if units.iter().any(is_it) {
        return Err(Problem::field("stamp_kind", words::t("authority.stamps_already")));
    }
    add_unit(app, &row, ("tsa", word), act, now).await
}
