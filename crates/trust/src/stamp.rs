//! `POST /pki/tsa`: time-stamps (dấu thời gian) by RFC 3161 and RFC 5816. Serial numbers come in blocks that
//! are durable before the first is used, so that none is given twice whatever crashes; with each block the
//! instant is kept, and nobody is stamped while the clock stands before an instant that was kept.

pub mod belief;
pub mod client;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant as Moment;

use axum::extract::{self, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use db::{Act, Db, Tx};
use pki::cert::Serial;
use pki::tsp::{Draft, Failure, Imprint, Reply, Request};
use pki::{Certificate, Signer};
use web::Problem;

use self::rules::{BLOCK, Block, POLICY, Reading, Taken, Wanted};
use crate::revocation::LOOK_EVERY;
use crate::{App, authority};

/// The unit that stamps, with the chain that travels with its tokens.
struct Unit {
    id: String,
    certificate: Certificate,
    chain: Vec<Certificate>,
    key: Arc<dyn Signer>,
}

/// What a node holds for stamping.
#[derive(Clone, Default)]
pub struct Stamper(Arc<Inner>);

#[derive(Default)]
struct Inner {
    block: Mutex<Option<Block>>,
    taking: tokio::sync::Mutex<()>,
    units: RwLock<Option<(Moment, Units)>>,
}

/// The units that stamp, that with a key of the authority's own kind first.
type Units = Arc<[Arc<Unit>]>;

/// `POST /pki/tsa`. Whatever is wrong is said in the reply, as the RFC wants it; the status is 200.
pub async fn stamp(State(app): State<Arc<App>>, request: extract::Request) -> Result<Response, Problem> {
    // More than a request may have is read, to be answered with a reason.
    let der = crate::asked(request, "application/timestamp-query", pki::ocsp::REQUEST_BYTES_MAX).await?;
    let reply = match stamped(&app, &der).await {
        Ok(reply) => reply,
        Err(failure) => failure.reply(),
    };
    let kind = HeaderValue::from_static("application/timestamp-reply");
    Ok(([(header::CONTENT_TYPE, kind)], reply).into_response())
}

/// The reply to a request.
pub async fn stamped(app: &App, der: &[u8]) -> Result<Vec<u8>, Failure> {
    let request = Request::parse(der)?;
    let wanted = rules::wanted(request.policy).ok_or(Failure::UnacceptedPolicy)?;
    let broken = |problem: Problem| {
        tracing::error!("no time-stamp: {problem}");
        Failure::SystemFailure
    };
    let units = app.stamper.units(app).await.map_err(broken)?;
    let own = units.first().ok_or(Failure::SystemFailure)?;
    let mut fit = units.iter().filter(|unit| wanted.is_met_by(unit.certificate.public_key().kind()));
    let unit = if wanted == Wanted::Any { own } else { fit.next().ok_or(Failure::UnacceptedPolicy)? };
    let reading = Reading { now: app.site.clock.now(), passed_micros: app.site.clock.passed_micros() };
    let now = reading.now;
    if !unit.certificate.validity().holds(now) {
        return Err(Failure::TimeNotAvailable);
    }
    let number = app.stamper.number(&app.site.db, reading).await.map_err(broken)?;
    let number = number.ok_or_else(|| {
        tracing::error!(
            "no time-stamp: the clock stands before an instant that has been, or was put since the program \
             began; set it right, or begin the program anew when it is"
        );
        Failure::TimeNotAvailable
    })?;
    let draft = Draft {
        request: &request,
        policy: request.policy.unwrap_or(POLICY),
        serial: Serial::from_number(number.unsigned_abs()),
        time: now,
        accuracy_millis: Some(rules::ACCURACY_MILLIS),
        certificate: &unit.certificate,
        chain: &unit.chain,
    };
    draft.reply(unit.key.as_ref()).map_err(|_| Failure::SystemFailure)
}

/// A token of our own for an imprint; what stands against it is for the log.
pub async fn token(app: &App, imprint: &Imprint) -> Result<Vec<u8>, String> {
    answered(app, &Request::new(imprint.clone(), None)).await
}

/// The token that answers a request, checked against it.
pub async fn answered(app: &App, request: &Request) -> Result<Vec<u8>, String> {
    let reply = stamped(app, &request.der()).await.map_err(|e| format!("{e:?}"))?;
    match Reply::parse(&reply) {
        Ok(Reply::Granted(token)) if token.check_reply(request, &[]).is_intact() => Ok(token.message.der),
        other => Err(format!("{other:?}")),
    }
}

impl Stamper {
    /// A number that nobody had and nobody will have; `None` while the clock is in doubt.
    async fn number(&self, db: &Db, reading: Reading) -> Result<Option<i64>, Problem> {
        loop {
            match self.take(reading) {
                Taken::Number(number) => return Ok(Some(number)),
                Taken::InDoubt => return Ok(None),
                Taken::Another => {}
            }
            let _one = self.0.taking.lock().await;
            // Whoever waited finds the block that another took.
            if matches!(self.take_again(reading), Taken::Another) {
                let Some(block) = another(db, reading).await? else { return Ok(None) };
                *self.block() = Some(block);
            }
        }
    }

    fn block(&self) -> std::sync::MutexGuard<'_, Option<Block>> {
        self.0.block.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, reading: Reading) -> Taken {
        self.block().as_mut().map_or(Taken::Another, |block| rules::take(block, reading))
    }

    /// What `take` would say, without taking.
    fn take_again(&self, reading: Reading) -> Taken {
        let mut copy = *self.block();
        copy.as_mut().map_or(Taken::Another, |block| rules::take(block, reading))
    }

    /// Looks at the units anew before the next stamp: one has been followed by another.
    pub fn forget(&self) {
        *self.0.units.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The units that stamp now.
    async fn units(&self, app: &App) -> Result<Units, Problem> {
        if let Some((at, units)) = &*self.0.units.read().unwrap_or_else(PoisonError::into_inner)
            && at.elapsed() < LOOK_EVERY * 5
        {
            return Ok(units.clone());
        }
        let read = async |tx: &mut Tx| -> Result<_, Problem> {
            let Some(authority) = authority::store::find_issuing(tx).await? else { return Ok(None) };
            let mut rows = authority::store::list_units(tx).await?;
            rows.retain(|unit| unit.kind == "tsa" && unit.authority == authority.id);
            Ok(Some((rows, authority.der)))
        };
        let Some((rows, issuer)) = app.site.db.read(read).await? else { return Ok(Units::default()) };
        let known = self.0.units.read().unwrap_or_else(PoisonError::into_inner).clone();
        let known = known.map(|(_, units)| units).unwrap_or_default();
        let issuer = authority::parse(&issuer)?;
        let mut units = Vec::new();
        for row in rows {
            units.push(match known.iter().find(|unit| unit.id == row.id) {
                Some(unit) => unit.clone(),
                None => Arc::new(Unit {
                    certificate: authority::parse(&row.der)?,
                    chain: vec![issuer.clone()],
                    key: app.keys.signer(&app.site.db, &row.key).await?,
                    id: row.id,
                }),
            });
        }
        let own = Wanted::of(issuer.public_key().kind());
        units.sort_by_key(|unit| !own.is_met_by(unit.certificate.public_key().kind()));
        let units: Units = units.into();
        let seen = Some((Moment::now(), units.clone()));
        *self.0.units.write().unwrap_or_else(PoisonError::into_inner) = seen;
        Ok(units)
    }
}

/// Takes a block of numbers, durable before it is used. `None` when the clock stands before the instant that
/// the last block was taken at.
async fn another(db: &Db, reading: Reading) -> Result<Option<Block>, Problem> {
    let Reading { now, passed_micros } = reading;
    let take = async move |tx: &mut Tx| -> Result<Option<Block>, Problem> {
        let counter = store::find(tx).await?;
        let (next, last) = counter.map_or((1, now), |counter| (counter.next, counter.last_at));
        if rules::in_doubt(last, now) {
            return Ok(None);
        }
        store::save(tx, next + BLOCK, last.max(now)).await?;
        Ok(Some(Block { next, end: next + BLOCK, taken_at: now, passed_micros, last: last.max(now) }))
    };
    db.write(Act::system("trust.take-stamp-numbers", "", now), take).await
}
