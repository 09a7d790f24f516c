//! Who signs reports: the key that an operator has put into the trust folder, else a service certificate of
//! the province's own authority, which is made with it and followed before it ends. Without either a report
//! says that it is not signed.

use std::sync::Arc;

use base::Instant;
use db::{Act, Tx, args};
use pki::key::Signer;
use pki::profile::Kind;
use pki::{Certificate, Name, oid};
use web::Problem;

use super::found::Bag;
use super::make::{self, Order};
use super::report::{Format, Level};
use crate::authority::{self, Issuing, rules};
use crate::certificate::{row_of, store};
use crate::words::WORDS;
use crate::{App, signing};

/// What the key is made for, in its row: by that it is found again.
const MADE_FOR: &str = "report";
/// Years for which its certificate is good.
const YEARS: i64 = 3;
/// So many days before its end it is followed by another one.
const FOLLOWED_DAYS: i64 = 90;

/// A key that signs reports.
#[derive(Clone)]
pub struct Reporter {
    /// The key.
    pub key: Arc<dyn Signer>,
    /// Its certificate.
    pub certificate: Certificate,
    /// The issuers.
    pub chain: Vec<Certificate>,
}

impl Reporter {
    /// Signs a report at level B-B.
    pub fn sign(&self, bytes: &[u8], format: Format, at: Instant) -> Result<Vec<u8>, Problem> {
        let order = Order {
            bytes,
            format,
            is_detached: false,
            key: self.key.as_ref(),
            certificate: &self.certificate,
            chain: &self.chain,
            at,
            level: Level::BB,
            stamp: None,
            evidence: &Bag::default(),
            look: None,
        };
        make::sign(&order).map_err(|why| Problem::fault(format!("a report is not signed: {why:?}")))
    }
}

db::record! {
    struct Row { der: Vec<u8>, key: String, authority: Option<String>, not_after: Instant }
}

async fn find(tx: &mut Tx, now: Instant) -> db::Result<Option<Row>> {
    let sql = "select c.der, c.key, c.authority, c.not_after from certificate c
           join trust_key k on k.id = c.key
          where k.made_for = $1 and c.kind = 'service' and c.state = 'valid' and c.not_before <= $2
            and c.not_after > $2
          order by c.not_after desc, c.id limit 1";
    tx.find(sql, args![MADE_FOR, now]).await
}

/// The one of the province's own authority, where there is one.
///
/// # Errors
/// The store's; a fault when the key cannot be read.
pub async fn own(app: &App, now: Instant) -> Result<Option<Reporter>, Problem> {
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let Some(row) = find(tx, now).await? else { return Ok(None) };
        let chain = signing::chain(tx, row.authority.as_deref()).await?;
        Ok(Some((row, chain)))
    };
    let Some((row, chain)) = app.site.db.read(read).await? else { return Ok(None) };
    let key = app.keys.signer(&app.site.db, &row.key).await?;
    Ok(Some(Reporter { key, certificate: authority::parse(&row.der)?, chain }))
}

/// Makes the certificate where there is an authority and none that is good for long; whether one was made.
///
/// # Errors
/// The store's; a fault when no key can be made.
pub async fn keep(app: &App, now: Instant) -> Result<bool, Problem> {
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        Ok((authority::store::find_issuing(tx).await?, find(tx, now).await?))
    };
    let (issuing, there) = app.site.db.read(read).await?;
    let Some(issuing) = issuing else { return Ok(false) };
    let issuer = Issuing::of(app, &issuing).await?;
    let end = issuer.certificate.validity().not_after;
    let lasts = move |row: &Row| row.not_after > now.plus_days(FOLLOWED_DAYS) || row.not_after >= end;
    if there.as_ref().is_some_and(lasts) || end <= now {
        return Ok(false);
    }
    let key = app.keys.make_in(&app.site.db, None, "p256", 1).await?.pop();
    let key = key.ok_or_else(|| Problem::fault("a key was made"))?;
    let brand = &app.site.brand;
    let called = WORDS.kept("validation.service_name", &[("place", &brand.province)]);
    let warning = brand.demo.then(|| WORDS.kept("authority.no_force", &[]));
    let subject = Name::builder()
        .with(oid::COUNTRY, "VN")
        .with(oid::ORGANIZATION, &brand.owner)
        .with_some(oid::ORGANIZATIONAL_UNIT, warning.as_deref())
        .with(oid::COMMON_NAME, &called)
        .build();
    let from = crate::revocation::rules::whole_second(now);
    let certificate = issuer.issue(
        &app.address,
        authority::Order {
            kind: Kind::Service,
            subject,
            alt_names: Vec::new(),
            key: key.private.public_key().clone(),
            validity: rules::validity(Kind::Service, from, YEARS, Some(end)),
        },
    )?;
    let mut row = row_of(&certificate, "own", "internal", now);
    (row.kind, row.authority, row.key) = ("service", Some(issuing.id.clone()), Some(key.id.clone()));
    row.device = "server".into();
    let write = async move |tx: &mut Tx| -> Result<bool, Problem> {
        // Of two nodes at once one makes it.
        if find(tx, now).await?.as_ref().is_some_and(lasts) {
            return Ok(false);
        }
        key.save(tx, MADE_FOR, now).await?;
        store::save_all(tx, std::slice::from_ref(&row)).await?;
        tx.audit("trust.certify-reporter", &row.id).await?;
        Ok(true)
    };
    app.site.db.write(Act::system("trust.keep-reporter", "", now), write).await
}
