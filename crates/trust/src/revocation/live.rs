//! The views of all authorities in memory, kept up with the rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant as Moment;

use base::Instant;
use db::{Db, Tx};
use pki::cert::Serial;
use pki::crl::Reason;
use pki::ocsp::{CertId, ResponderId};
use pki::{Certificate, Digest, Signer};
use web::Problem;

use super::rules::{Change, Entry, Head, apply, serial};
use super::store::{self, CHANGES_MAX, HeadRow};
use super::view::{Issuer, View};
use super::{LOOK_EVERY, RENEW_HOURS, renew};
use crate::authority;
use crate::key::Keyring;

/// Who signs OCSP answers for an authority.
pub struct Responder {
    pub id: String,
    /// How answers name it.
    pub name: ResponderId,
    pub certificate: Certificate,
    pub key: Arc<dyn Signer>,
}

/// An authority as this node knows it.
pub struct Standing {
    pub issuer: Arc<Issuer>,
    pub responder: Option<Arc<Responder>>,
    pub view: Arc<View>,
    /// The last change that was read, and since which number each serial has changed.
    read: Arc<Read>,
}

#[derive(Default)]
struct Read {
    last: (i64, String),
    changed: BTreeMap<Serial, i64>,
}

/// All authorities, and when this node last looked.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    db: Db,
    keys: Keyring,
    /// Everything before the file name of a list.
    folder: String,
    looked: Mutex<Option<Moment>>,
    /// Rises when something was changed here: a look that began before does not count.
    changes: AtomicU64,
    looking: tokio::sync::Mutex<()>,
    known: RwLock<HashMap<String, Arc<Standing>>>,
}

/// What one reading brought of one authority.
struct News {
    head: HeadRow,
    changes: Vec<Change>,
    last: (i64, String),
}

impl Live {
    /// Knows nothing yet.
    pub fn new(db: Db, keys: Keyring, address: &str) -> Live {
        Live(Arc::new(Inner {
            db,
            keys,
            folder: format!("{address}/pki/crl/"),
            looked: Mutex::default(),
            changes: AtomicU64::new(0),
            looking: tokio::sync::Mutex::default(),
            known: RwLock::default(),
        }))
    }

    /// Something was changed at this node: the next who asks looks.
    pub fn forget(&self) {
        self.0.changes.fetch_add(1, Ordering::SeqCst);
        *self.0.looked.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The authority with this id, as it stands now.
    pub async fn get(&self, id: &str, now: Instant) -> Result<Option<Arc<Standing>>, Problem> {
        self.look(now).await?;
        Ok(self.known().get(id).cloned())
    }

    /// The authority that is meant by a question.
    pub async fn find(&self, asked: &CertId, now: Instant) -> Result<Option<Arc<Standing>>, Problem> {
        self.look(now).await?;
        let known = self.known();
        Ok(known.values().find(|standing| standing.issuer.is_meant(asked)).cloned())
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, HashMap<String, Arc<Standing>>> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_fresh(&self) -> bool {
        let looked = self.0.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.is_some_and(|at| at.elapsed() < LOOK_EVERY)
    }

    /// Looks at the rows, unless it did a moment ago. While the store is silent, what is known is still said:
    /// it is true until its own end.
    async fn look(&self, now: Instant) -> Result<(), Problem> {
        if self.is_fresh() {
            return Ok(());
        }
        let _one = self.0.looking.lock().await;
        if self.is_fresh() {
            return Ok(());
        }
        let (began, changes) = (Moment::now(), self.0.changes.load(Ordering::SeqCst));
        match self.catch_up(now).await {
            Ok(()) => {
                let mut looked = self.0.looked.lock().unwrap_or_else(PoisonError::into_inner);
                if self.0.changes.load(Ordering::SeqCst) == changes {
                    *looked = Some(began);
                }
                Ok(())
            }
            Err(problem) if self.known().is_empty() => Err(problem),
            Err(problem) => {
                tracing::error!("the lists are not kept up: {problem}");
                Ok(())
            }
        }
    }

    async fn catch_up(&self, now: Instant) -> Result<(), Problem> {
        let mut news = self.read().await?;
        let of_age = now.plus_minutes(-RENEW_HOURS * 60);
        if news.iter().any(|one| one.head.crl_base_at < of_age) && renew(&self.0.db, now).await? > 0 {
            news = self.read().await?;
        }
        for one in news {
            self.take(one).await?;
        }
        Ok(())
    }

    /// The numbers, and the changes this node does not know, of one instant.
    async fn read(&self) -> Result<Vec<News>, Problem> {
        let known: HashMap<String, (Head, (i64, String))> = {
            let known = self.known();
            known.iter().map(|(id, s)| (id.clone(), (s.view.head, s.read.last.clone()))).collect()
        };
        let read = async move |tx: &mut Tx| -> Result<Vec<News>, Problem> {
            let mut news = Vec::new();
            for head in store::list_heads(tx).await? {
                let (number, mut last) = match known.get(&head.id) {
                    Some((known, last)) => (known.number, last.clone()),
                    None => (0, (0, String::new())),
                };
                let mut changes = Vec::new();
                let mut more = number != head.crl_number;
                while more {
                    let rows = store::list_changes(tx, &head.id, last.0, &last.1).await?;
                    more = rows.len() == CHANGES_MAX;
                    if let Some(row) = rows.last() {
                        last = (row.no, row.serial.clone());
                    }
                    changes.extend(rows.into_iter().filter_map(change));
                }
                news.push(News { head, changes, last });
            }
            Ok(news)
        };
        self.0.db.read(read).await
    }

    /// Takes in what was read of one authority.
    async fn take(&self, news: News) -> Result<(), Problem> {
        let known = self.known().get(&news.head.id).cloned();
        let head = Head {
            number: news.head.crl_number,
            base: news.head.crl_base,
            at: news.head.crl_at,
            next: news.head.crl_next,
        };
        let same_responder = |standing: &Standing| {
            standing.responder.as_ref().map(|r| r.id.as_str()) == news.head.responder.as_deref()
        };
        if known.as_ref().is_some_and(|standing| standing.view.head == head && same_responder(standing)) {
            return Ok(());
        }
        let standing = match known {
            Some(standing) if same_responder(&standing) => standing,
            _ => Arc::new(self.load(&news.head.id).await?),
        };
        // A responder that takes over signs anew what the earlier one had signed.
        let read_before =
            self.known().get(&news.head.id).map(|known| (known.view.clone(), known.read.clone()));
        let (view, read) = read_before.unwrap_or_else(|| (standing.view.clone(), standing.read.clone()));
        let keeps_answers = view.head.base == head.base && Arc::ptr_eq(&view, &standing.view);
        let fresh = moved(&view, &read, head, news, standing.issuer.shards, keeps_answers);
        let (view, read) = (Arc::new(fresh.0), Arc::new(fresh.1));
        let (issuer, responder) = (standing.issuer.clone(), standing.responder.clone());
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(issuer.id.clone(), Arc::new(Standing { issuer, responder, view, read }));
        Ok(())
    }

    /// An authority with its keys, before anything is known of its lists.
    async fn load(&self, id: &str) -> Result<Standing, Problem> {
        let wanted = id.to_string();
        let read = async move |tx: &mut Tx| -> Result<_, Problem> {
            let authority = authority::store::find(tx, &wanted).await?.ok_or(Problem::NotFound)?;
            Ok((authority, authority::store::find_unit(tx, "ocsp", &wanted).await?))
        };
        let (authority, unit) = self.0.db.read(read).await?;
        let responder = match unit {
            None => None,
            Some(unit) => {
                let certificate = authority::parse(&unit.der)?;
                Some(Arc::new(Responder {
                    name: ResponderId::Key(Digest::Sha1.of(certificate.public_key().raw())),
                    certificate,
                    key: self.0.keys.signer(&self.0.db, &unit.key).await?,
                    id: unit.id,
                }))
            }
        };
        let certificate = authority::parse(&authority.der)?;
        let issuer = Issuer {
            ids: Issuer::ids_of(&certificate),
            certificate,
            key: self.0.keys.signer(&self.0.db, &authority.key).await?,
            shards: authority.shards,
            folder: self.0.folder.clone(),
            issued: RwLock::default(),
            id: authority.id,
        };
        let nothing = Head { number: 0, base: 0, at: Instant::from_micros(0), next: Instant::from_micros(0) };
        let view = View::new(nothing, Arc::default(), Arc::default(), 0, HashMap::new());
        Ok(Standing { issuer: Arc::new(issuer), responder, view: Arc::new(view), read: Arc::default() })
    }
}

fn change(row: store::ChangeRow) -> Option<Change> {
    Some(Change {
        no: row.no,
        serial: serial(&row.serial)?,
        reason: Reason::from_code(u64::try_from(row.reason).ok()?)?,
        at: row.at,
        invalid_since: row.invalid_since,
    })
}

/// The view after the news.
fn moved(view: &View, read: &Read, head: Head, news: News, shards: u32, keeps: bool) -> (View, Read) {
    let mut entries: Arc<BTreeMap<Serial, Entry>> = view.entries.clone();
    let mut changed = read.changed.clone();
    let mut touched = BTreeSet::new();
    if !news.changes.is_empty() {
        let entries = Arc::make_mut(&mut entries);
        for change in &news.changes {
            apply(entries, change);
            changed.insert(change.serial.clone(), change.no);
            touched.insert(change.serial.clone());
        }
    }
    changed.retain(|_, no| *no > head.base);
    let since_base: BTreeSet<Serial> = changed.keys().cloned().collect();
    let answers = if keeps { view.answers_without(&touched) } else { HashMap::new() };
    let view = View::new(head, entries, Arc::new(since_base), shards, answers);
    (view, Read { last: news.last, changed })
}
