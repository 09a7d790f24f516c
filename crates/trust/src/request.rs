//! Requests for certificates (yêu cầu cấp chứng thư số): an official for themselves, or who keeps a unit for
//! its people, seals and servers; with a request of their own key (PKCS#10), or for a key that is made here.
//! Two persons stand behind every certificate: who asks does not approve, and nobody approves their own.

pub mod deed;
pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base::{Id, Instant};
use contracts::trust as event;
use db::{Act, Tx};
use directory::UnitId;
use pki::crl::Reason;
use pki::csr;
use pki::key::PublicKey;
use pki::name::GeneralName;
use pki::profile::Kind;
use pki::{Name, oid};
use web::{FieldError, Problem};

use self::rules::{No, Wrong, may_decide};
use self::store::Request;
use crate::App;
use crate::authority::{self, Issuing, Order};
use crate::certificate::store::New;
use crate::certificate::{self, row_of};
use crate::key::NewKey;
use crate::revocation::rules::whole_second;
use crate::words::{self, WORDS};

enum RequestId {}

/// Requests of one person that may wait at once.
const WAITING_MAX: i64 = 20;
/// Requests that one deed may approve: as many as the list shows at once.
pub const DEED_MAX: usize = 100;

/// What was typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// A word of `certificate::KINDS`.
    pub kind: String,
    /// The login of the official it is for.
    pub holder: String,
    /// The code of the unit it is for, where it is for no person.
    pub unit: String,
    pub email: String,
    /// The host of a TLS server.
    pub host: String,
    /// Number and day of the agency's letter.
    pub letter: String,
    pub reason: String,
    pub device: String,
    pub device_no: String,
    pub years: i64,
    /// A word of `key::KINDS`, where the key is made here.
    pub key_kind: String,
    /// The bytes of a PKCS#10, where the key is elsewhere.
    pub csr: Vec<u8>,
    /// The certificate it takes the place of.
    pub renews: Option<String>,
}

/// Who asks.
pub struct Asker<'a> {
    pub account: &'a str,
    /// May ask for others: within this unit, or everywhere.
    pub keeps: Option<Option<&'a UnitId>>,
}

fn message((field, wrong): (&'static str, Wrong)) -> FieldError {
    let most = rules::LINE_CHARS_MAX.to_string();
    let key = match wrong {
        Wrong::Missing => "missing",
        Wrong::TooLong => "too_long",
        Wrong::NoChoice => "no_choice",
        Wrong::NoMail => "no_mail",
        Wrong::NoHost => "no_host",
        Wrong::TooManyYears => "too_many_years",
    };
    FieldError::new(field, WORDS.t(&format!("request.wrong.{key}"), &[("most", &most)]))
}

/// Asks for a certificate. Everything that is wrong is told at once; the names in the certificate come from
/// the directory, never from the request of a key.
pub async fn ask(tx: &mut Tx, typed: &Typed, asker: &Asker<'_>, now: Instant) -> Result<String, Problem> {
    let mut wrong: Vec<FieldError> =
        rules::faults(typed, typed.renews.is_some()).into_iter().map(message).collect();
    let csr = checked_csr(typed, &mut wrong);
    let whose = holder(tx, typed, asker, now, &mut wrong).await?;
    let (true, Some(whose)) = (wrong.is_empty(), whose) else { return Err(Problem::Invalid(wrong)) };
    may_renew(tx, typed, &whose, now).await?;
    if let Some(der) = &csr {
        let read = csr::Request::import(der).map_err(Problem::fault)?;
        let hash = certificate::key_hash(&read.key);
        key_is_free(tx, &hash, (whose.account.as_deref(), &whose.unit)).await?;
    }
    if store::count_waiting(tx, asker.account).await? >= WAITING_MAX {
        return Err(Problem::refused(words::t("request.too_many"), "refused: too many wait"));
    }
    let request = Request {
        id: Id::<RequestId>::fresh().to_string(),
        kind: typed.kind.clone(),
        account: whose.account,
        post: whose.post,
        unit: whose.unit,
        holder: whose.name,
        title: whose.title,
        email: typed.email.clone(),
        host: typed.host.clone(),
        letter: typed.letter.clone(),
        reason: typed.reason.clone(),
        device: typed.device.clone(),
        device_no: typed.device_no.clone(),
        key_kind: csr.is_none().then(|| typed.key_kind.clone()),
        csr,
        years: typed.years,
        renews: typed.renews.clone(),
        state: "asked".into(),
        asked_by: asker.account.to_string(),
        asked_at: now,
        decided_by: None,
        decided_at: None,
        note: String::new(),
        certificate: None,
        version: 1,
    };
    store::save(tx, &request).await?;
    tx.audit("trust.ask-certificate", &request.id).await?;
    Ok(request.id)
}

/// One in use, of the same kind and the same holder, may be renewed.
async fn may_renew(tx: &mut Tx, typed: &Typed, whose: &Whose, now: Instant) -> Result<(), Problem> {
    let Some(id) = &typed.renews else { return Ok(()) };
    let old = certificate::get(tx, id).await?;
    let step = certificate::rules::after(old.stands(now), certificate::rules::Step::Renew);
    let same_unit = old.unit.as_deref() == Some(whose.unit.as_str());
    let same = old.account == whose.account && (whose.account.is_some() || same_unit);
    if step.is_err() || old.kind != typed.kind || !same {
        return Err(Problem::refused(words::t("request.not_renewed"), "refused: not renewed"));
    }
    Ok(())
}

/// A key that somebody else has a certificate for, or that is known to have got out, is not certified again.
async fn key_is_free(tx: &mut Tx, hash: &str, (account, unit): (Option<&str>, &str)) -> Result<(), Problem> {
    for known in certificate::store::list_of_key(tx, hash).await? {
        let compromised = [Reason::KeyCompromise, Reason::CaCompromise, Reason::AaCompromise];
        let is_out = compromised.iter().any(|reason| known.reason == Some(i64::from(reason.code())));
        if known.state == "revoked" && is_out {
            return Err(Problem::field("csr", words::t("request.wrong.key_out")));
        }
        let same = match (account, known.account.as_deref()) {
            (Some(own), Some(other)) => own == other,
            (None, None) => known.unit.as_deref() == Some(unit),
            _ => false,
        };
        if !same {
            return Err(Problem::field("csr", words::t("request.wrong.key_taken")));
        }
    }
    Ok(())
}

/// The request of a key, read and proven; or the kind of key that is made here.
fn checked_csr(typed: &Typed, wrong: &mut Vec<FieldError>) -> Option<Vec<u8>> {
    if typed.csr.is_empty() {
        if crate::key::kind(&typed.key_kind).is_none() {
            wrong.push(FieldError::new("key_kind", words::t("request.wrong.no_choice")));
        }
        return None;
    }
    match csr::Request::import(&typed.csr) {
        Err(_) => wrong.push(FieldError::new("csr", words::t("request.wrong.csr"))),
        Ok(read) if read.check_possession().is_err() => {
            wrong.push(FieldError::new("csr", words::t("request.wrong.possession")));
        }
        Ok(read) => return Some(read.der),
    }
    None
}

struct Whose {
    account: Option<String>,
    post: Option<String>,
    unit: String,
    name: String,
    title: String,
}

/// Whose the certificate will be: an official with a post today, or a unit that stands.
async fn holder(
    tx: &mut Tx,
    typed: &Typed,
    asker: &Asker<'_>,
    now: Instant,
    wrong: &mut Vec<FieldError>,
) -> Result<Option<Whose>, Problem> {
    let within = async |tx: &mut Tx, unit: &UnitId| -> db::Result<bool> {
        match asker.keeps {
            None => Ok(false),
            Some(None) => Ok(true),
            Some(Some(top)) => directory::is_within(tx, unit, top).await,
        }
    };
    if typed.kind != "official" {
        let Some(unit) = directory::find_unit(tx, &typed.unit, now.day()).await? else {
            wrong.push(FieldError::new("unit", words::t("request.wrong.no_unit")));
            return Ok(None);
        };
        if !within(tx, &unit.id).await? {
            wrong.push(FieldError::new("unit", words::t("request.wrong.not_yours")));
            return Ok(None);
        }
        let unit_id = unit.id.as_str().to_string();
        return Ok(Some(Whose {
            account: None,
            post: None,
            unit: unit_id,
            name: unit.name,
            title: String::new(),
        }));
    }
    let official = match directory::account::find_by_login(tx, &typed.holder).await? {
        Some(id) => Some(directory::official(tx, id, now.day()).await?),
        None => None,
    };
    let Some((official, post)) = official.and_then(|o| o.posts.first().cloned().map(|post| (o, post))) else {
        wrong.push(FieldError::new("holder", words::t("request.wrong.no_official")));
        return Ok(None);
    };
    let own = official.account.to_string() == asker.account;
    if !own && !within(tx, &post.unit).await? {
        wrong.push(FieldError::new("holder", words::t("request.wrong.not_yours")));
        return Ok(None);
    }
    Ok(Some(Whose {
        account: Some(official.account.to_string()),
        post: Some(post.id.to_string()),
        unit: post.unit.as_str().to_string(),
        name: official.name,
        title: post.title,
    }))
}

fn refused(no: No) -> Problem {
    let key = match no {
        No::Asker => "request.own",
        No::Holder => "request.holder",
        No::Decided => "request.decided",
    };
    Problem::refused(words::t(key), format!("a request is not decided: {no:?}"))
}

/// Another administrator says no, with the reason.
pub async fn decline(tx: &mut Tx, id: &str, note: &str, by: &str, now: Instant) -> Result<(), Problem> {
    let request = store::find(tx, id).await?.ok_or(Problem::NotFound)?;
    may_decide(&request.state, &request.asked_by, request.account.as_deref(), by).map_err(refused)?;
    let note: String = note.trim().chars().take(rules::REASON_CHARS_MAX).collect();
    if note.is_empty() {
        return Err(Problem::field("note", words::t("request.wrong.missing")));
    }
    Ok(store::save_decided(tx, id, ("declined", &note, None), by, now).await?)
}

/// Whoever asked takes it back.
pub async fn withdraw(tx: &mut Tx, id: &str, by: &str, now: Instant) -> Result<(), Problem> {
    let request = store::find(tx, id).await?.filter(|request| request.asked_by == by);
    let request = request.ok_or(Problem::NotFound)?;
    if request.state != "asked" {
        return Err(refused(No::Decided));
    }
    Ok(store::save_decided(tx, id, ("withdrawn", "", None), by, now).await?)
}

/// Another administrator agrees: the certificate is issued and registered in one commit. Its id.
pub async fn approve(app: &App, id: &str, by: &str, act: Act, now: Instant) -> Result<String, Problem> {
    let issued = approve_all(app, &[id.to_string()], by, act, now).await?.pop();
    issued.ok_or_else(|| Problem::fault("one request was approved"))
}

/// The same for several requests in one deed: all their certificates are there with one commit, or none. Keys
/// are made and certificates signed before it. The certificates' ids, in the order of the requests.
pub async fn approve_all(
    app: &App,
    ids: &[String],
    by: &str,
    act: Act,
    now: Instant,
) -> Result<Vec<String>, Problem> {
    if ids.len() > DEED_MAX {
        return Err(Problem::Malformed(format!("{} requests in one deed", ids.len())));
    }
    let wanted = ids.to_vec();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let mut waiting = Vec::with_capacity(wanted.len());
        for id in &wanted {
            let request = store::find(tx, id).await?.ok_or(Problem::NotFound)?;
            let unit = directory::get_unit(tx, &UnitId::from(request.unit.clone())).await?.name;
            waiting.push((request, unit));
        }
        Ok((waiting, authority::store::find_issuing(tx).await?))
    };
    let (waiting, issuing) = app.site.db.read(read).await?;
    for (request, _) in &waiting {
        may_decide(&request.state, &request.asked_by, request.account.as_deref(), by).map_err(refused)?;
    }
    let Some(issuing) = issuing else {
        return Err(Problem::refused(words::t("request.no_authority"), "refused: no authority"));
    };
    let issuer = Issuing::of(app, &issuing).await?;
    let keys = keys_for(app, waiting.iter().map(|(request, _)| request)).await?;
    let signing = app.clone();
    let made = tokio::task::spawn_blocking(move || {
        let one = |((request, unit), key): ((Request, String), _)| {
            certify(&signing, &issuer, request, &unit, key, now)
        };
        waiting.into_iter().zip(keys).map(one).collect::<Result<(Vec<_>, Vec<_>), Problem>>()
    });
    let (rows, issued) = made.await.map_err(Problem::fault)??;
    let ids = rows.iter().map(|row| row.id.clone()).collect();
    let by = by.to_string();
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let stands = authority::store::find_issuing(tx).await?.is_some_and(|now| now.id == issuing.id);
        if !stands {
            return Err(Problem::Stale);
        }
        keep(tx, &rows, &issued, &by, now).await
    };
    app.site.db.write(act, write).await?;
    Ok(ids)
}

/// The keys that are made here, in the order of the requests.
async fn keys_for(
    app: &App,
    requests: impl Iterator<Item = &Request> + Clone,
) -> Result<Vec<Option<NewKey>>, Problem> {
    let mut made: BTreeMap<&str, Vec<NewKey>> = BTreeMap::new();
    for (word, _) in crate::key::KINDS {
        let count = requests.clone().filter(|request| request.key_kind.as_deref() == Some(word)).count();
        if count > 0 {
            made.insert(word, app.keys.make_many(&app.site.db, word, count).await?);
        }
    }
    let taken = |request: &Request| -> Result<Option<NewKey>, Problem> {
        let Some(word) = request.key_kind.as_deref() else { return Ok(None) };
        let key = made.get_mut(word).and_then(Vec::pop);
        key.map(Some).ok_or_else(|| Problem::fault("a key for a kind that is not made"))
    };
    requests.map(taken).collect()
}

/// What one request becomes.
struct Issued {
    request: String,
    key: Option<NewKey>,
}

/// Signs the certificate of a request, which names this unit.
fn certify(
    app: &App,
    issuer: &Issuing,
    request: Request,
    unit: &str,
    made: Option<NewKey>,
    now: Instant,
) -> Result<(New, Issued), Problem> {
    let key = public_key(&request, made.as_ref())?;
    let kind = authority::rules::kind(&request.kind).ok_or_else(|| Problem::fault("an unknown kind"))?;
    let end = Some(issuer.certificate.validity().not_after);
    let order = Order {
        kind,
        subject: subject(app, &request, unit, kind),
        alt_names: alt_names(&request),
        key,
        validity: authority::rules::validity(kind, whole_second(now), request.years, end),
    };
    let issued = issuer.issue(&app.address, order)?;
    let mut row = row_of(&issued, "own", "internal", now);
    row.kind = certificate::KINDS.into_iter().find(|known| *known == request.kind).unwrap_or("other");
    row.holder = request.holder;
    row.folded = certificate::folded(&row.holder, &row.subject, &row.serial, &row.id);
    (row.authority, row.key) = (Some(issuer.id.clone()), made.as_ref().map(|key| key.id.clone()));
    (row.account, row.post, row.unit) = (request.account, request.post, Some(request.unit));
    (row.device, row.device_no, row.letter) = (request.device, request.device_no, request.letter);
    (row.request, row.renews) = (Some(request.id.clone()), request.renews);
    Ok((row, Issued { request: request.id, key: made }))
}

async fn keep(tx: &mut Tx, rows: &[New], issued: &[Issued], by: &str, now: Instant) -> Result<(), Problem> {
    for key in issued.iter().filter_map(|one| one.key.as_ref()) {
        key.save(tx, "holder", now).await?;
    }
    // Two may have asked for one key meanwhile.
    for row in rows.iter().filter(|row| row.key.is_none()) {
        let unit = row.unit.as_deref().unwrap_or_default();
        key_is_free(tx, &row.key_hash, (row.account.as_deref(), unit)).await?;
    }
    certificate::store::save_all(tx, rows).await?;
    for (row, one) in rows.iter().zip(issued) {
        store::save_decided(tx, &one.request, ("issued", "", Some(&row.id)), by, now).await?;
        tx.audit("trust.issue-certificate", &row.id).await?;
        certificate::tell(tx, event::CERTIFICATE_ISSUED, &row.id, now).await?;
    }
    Ok(())
}

fn public_key(request: &Request, made: Option<&NewKey>) -> Result<PublicKey, Problem> {
    match (made, &request.csr) {
        (Some(key), _) => Ok(key.private.public_key().clone()),
        (None, Some(der)) => {
            let read =
                csr::Request::parse(der).map_err(|e| Problem::fault(format!("a kept request: {e:?}")))?;
            Ok(read.key)
        }
        (None, None) => Err(Problem::fault("a request without a key")),
    }
}

/// Whom the certificate names: from the directory.
fn subject(app: &App, request: &Request, unit: &str, kind: Kind) -> Name {
    let brand = &app.site.brand;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    let warning = brand.demo.then(|| WORDS.kept("authority.no_force", &[]));
    let name = Name::builder().with(oid::COUNTRY, "VN").with(oid::ORGANIZATION, &brand.owner);
    let name = name.with_some(oid::ORGANIZATIONAL_UNIT, warning.as_deref());
    match kind {
        Kind::Tls => name.with(oid::COMMON_NAME, &request.host),
        Kind::Official => name
            .with_some(oid::ORGANIZATIONAL_UNIT, some(unit).as_deref())
            .with_some(oid::TITLE, some(&request.title).as_deref())
            .with(oid::COMMON_NAME, &request.holder),
        _ => name
            .with(oid::ORGANIZATION_IDENTIFIER, &format!("VN-{}", UnitId::from(request.unit.clone()).code()))
            .with(oid::COMMON_NAME, &request.holder),
    }
    .build()
}

fn alt_names(request: &Request) -> Vec<GeneralName> {
    let mail = (!request.email.is_empty()).then(|| GeneralName::Email(request.email.clone()));
    let host = (!request.host.is_empty()).then(|| GeneralName::Dns(request.host.clone()));
    mail.into_iter().chain(host).collect()
}
