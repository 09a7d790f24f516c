//! The procedures this province offers, in memory: read from the table of published versions, so that
//! a page or a search never waits for the database. Every node looks for new versions, and for a new
//! day, every [`LOOK_EVERY`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::{Clock, Day, Instant};
use db::{Act, Actor, Db, Tx, args};
use tokio::sync::watch;
use web::Problem;

use crate::dossier::law::{self, Law};
use crate::interlinked::Family;
use crate::procedure::model::{self, Frame, Procedure};
use crate::procedure::search::Search;

/// How long another node may offer the old version after a new one was published or came into force.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Every version that a dossier may have been filed under, and the search over the current ones.
pub struct Catalogue {
    shelf: RwLock<Arc<Shelf>>,
    /// The readings of the law by day.
    law: RwLock<Arc<Law>>,
    /// The frame that the province is configured with.
    pub frame: Frame,
}

/// What is offered on one day, as the table then was.
struct Shelf {
    versions: BTreeMap<String, Arc<Procedure>>,
    current: Arc<[Arc<Procedure>]>,
    search: Search,
    stamp: Stamp,
    day: Day,
}

/// The id of a version: `CODE@VERSION`.
pub fn version_id(p: &Procedure) -> String {
    format!("{}@{}", p.code, p.version)
}

db::record! { struct Published { id: String, source: String, withdrawn: bool } }

db::record! {
    /// Tells whether the table has changed since it was read.
    #[derive(PartialEq, Eq)]
    struct Stamp { versions: i64, withdrawn: i64, changed: i64 }
}

impl Catalogue {
    /// Publishes the files that come with the program and are not in the table yet, then reads
    /// the table. A version once published never changes: what the table has, stays.
    pub async fn load(db: &Db, frame: Frame, now: Instant) -> Result<Catalogue, Problem> {
        let act = Act {
            actor: Actor::System,
            office: None,
            verb: "onestop.publish-procedures",
            subject: String::new(),
            at: now,
        };
        let read = db.read(async move |tx| read(tx).await).await?;
        let (stamp, rows) = if files_missing(&read.1) {
            db.write(act, async move |tx| -> Result<_, db::Error> {
                publish(tx).await?;
                self::read(tx).await
            })
            .await?
        } else {
            read
        };
        let shelf = Shelf::of(&BTreeMap::new(), rows, stamp, now.day())?;
        let law = readings(db, frame, now).await?;
        Ok(Catalogue { shelf: RwLock::new(Arc::new(shelf)), law: RwLock::new(Arc::new(law)), frame })
    }

    /// The readings of the law by day, as they now stand.
    pub fn law(&self) -> Arc<Law> {
        self.law.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn shelf(&self) -> Arc<Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up what was published or withdrawn since, and what comes into force on `today`; whether
    /// anything did. On an error everything stays as it was.
    pub async fn refresh(&self, db: &Db, today: Day) -> Result<bool, Problem> {
        let known = self.shelf();
        let before = known.clone();
        let (stamp, rows, law) = db
            .read(async move |tx: &mut Tx| -> db::Result<_> {
                let stamp = stamp(tx).await?;
                let changed = stamp != before.stamp || today != before.day;
                let rows = if changed { Some(published(tx).await?) } else { None };
                Ok((stamp, rows, law::read(tx).await?))
            })
            .await?;
        let other = law != *self.law();
        if other {
            *self.law.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(law);
        }
        let Some(rows) = rows else { return Ok(other) };
        let fresh = Shelf::of(&known.versions, rows, stamp, today)?;
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(true)
    }

    /// Looks again and again until told to stop: every node does, each for its own memory.
    pub async fn follow(self: Arc<Self>, db: Db, clock: Clock, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if let Err(problem) = self.refresh(&db, clock.today()).await {
                tracing::warn!(%problem, "the catalogue of procedures could not be read again");
            }
        }
    }

    /// The version a dossier was filed under. One that the table has and this node has not met yet is
    /// `Unavailable`: it will be there within [`LOOK_EVERY`].
    pub fn version(&self, id: &str) -> Result<Arc<Procedure>, Problem> {
        self.shelf().versions.get(id).cloned().ok_or(Problem::Unavailable)
    }

    /// The procedures inside an interlinked one that runs them: those now offered first, then every other
    /// version, because children made before keep theirs.
    pub fn family(&self, parent: &Procedure) -> Family {
        if !parent.run_children {
            return Family::new(self.frame, Vec::new());
        }
        let inside = |p: &&Arc<Procedure>| {
            parent.children.iter().any(|child| child.code.as_deref() == Some(p.code.as_str()))
        };
        let shelf = self.shelf();
        let all = shelf.current.iter().chain(shelf.versions.values()).filter(inside);
        Family::new(self.frame, all.cloned().collect())
    }

    /// The version offered under this code on `day`, the newest where several were.
    pub fn on(&self, code: &str, day: Day) -> Option<Arc<Procedure>> {
        let shelf = self.shelf();
        let valid = shelf.of_code(code).filter(|p| p.is_valid_on(day));
        valid.max_by_key(|p| p.version).cloned()
    }

    /// The first day on which anything was offered under this code.
    pub fn first_day(&self, code: &str) -> Option<Day> {
        self.shelf().of_code(code).map(|p| p.valid_from).min()
    }

    /// The version now offered under this code.
    pub fn find(&self, code: &str) -> Option<Arc<Procedure>> {
        self.shelf().find(code).cloned()
    }

    /// Every procedure now offered, in the order of codes.
    pub fn list(&self) -> Arc<[Arc<Procedure>]> {
        self.shelf().current.clone()
    }

    /// The procedures that answer to these words, the best first.
    pub fn search(&self, words: &str, limit: usize) -> Vec<Arc<Procedure>> {
        let shelf = self.shelf();
        shelf.search.find(words, limit).into_iter().filter_map(|code| shelf.find(code).cloned()).collect()
    }

    /// Other words to try when there is no hit.
    pub fn suggest(&self, words: &str) -> Vec<String> {
        self.shelf().search.suggest(words)
    }
}

impl Shelf {
    /// A version's text never changes, so what was read before is not read again.
    fn of(
        known: &BTreeMap<String, Arc<Procedure>>,
        rows: Vec<Published>,
        stamp: Stamp,
        day: Day,
    ) -> Result<Shelf, Problem> {
        let mut versions = BTreeMap::new();
        let mut withdrawn = BTreeSet::new();
        for row in rows {
            let procedure = match known.get(&row.id) {
                Some(procedure) => procedure.clone(),
                None => Arc::new(
                    model::parse(&row.source)
                        .map_err(|problem| db::Error::Fault(format!("procedure {}: {problem}", row.id)))?,
                ),
            };
            if row.withdrawn {
                withdrawn.insert(row.id.clone());
            }
            versions.insert(row.id, procedure);
        }
        let mut newest: BTreeMap<&str, &Arc<Procedure>> = BTreeMap::new();
        let offered = versions.iter().filter(|(id, p)| p.is_valid_on(day) && !withdrawn.contains(*id));
        for (_, p) in offered {
            let slot = newest.entry(p.code.as_str()).or_insert(p);
            if slot.version < p.version {
                *slot = p;
            }
        }
        let current: Arc<[Arc<Procedure>]> = newest.into_values().cloned().collect();
        let search = Search::new(current.iter().map(|p| p.as_ref()));
        Ok(Shelf { versions, current, search, stamp, day })
    }

    fn of_code<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Arc<Procedure>> {
        let from = format!("{code}@");
        self.versions.range(from.clone()..).take_while(move |(id, _)| id.starts_with(&from)).map(|(_, p)| p)
    }

    fn find(&self, code: &str) -> Option<&Arc<Procedure>> {
        self.current.binary_search_by(|p| p.code.as_str().cmp(code)).ok().map(|i| &self.current[i])
    }
}

async fn read(tx: &mut Tx) -> db::Result<(Stamp, Vec<Published>)> {
    Ok((stamp(tx).await?, published(tx).await?))
}

async fn stamp(tx: &mut Tx) -> db::Result<Stamp> {
    tx.get(
        "select count(*) as versions, count(withdrawn_at) as withdrawn,
                cast(coalesce(max(changed_at), 0) as bigint) as changed
           from procedure_version",
        args![],
    )
    .await
}

async fn published(tx: &mut Tx) -> db::Result<Vec<Published>> {
    tx.list(
        "select id, source, cast(case when withdrawn_at is null then 0 else 1 end as bigint) as withdrawn
           from procedure_version order by code, version",
        args![],
    )
    .await
}

/// The readings of the law, with the rows that a database has not had yet.
async fn readings(db: &Db, frame: Frame, now: Instant) -> Result<Law, Problem> {
    let today = now.day();
    let known = db.read(async move |tx: &mut Tx| law::read(tx).await).await?;
    if law::missing(&known, frame, today).is_empty() {
        return Ok(known);
    }
    let act = Act::new(Actor::System, "onestop.publish-law", String::new(), now);
    db.write(act, async move |tx: &mut Tx| -> Result<Law, Problem> {
        law::publish(tx, frame, today).await?;
        Ok(law::read(tx).await?)
    })
    .await
}

fn files_missing(published: &[Published]) -> bool {
    model::embedded().iter().any(|p| {
        let id = version_id(p);
        !published.iter().any(|row| row.id == id)
    })
}

async fn publish(tx: &mut Tx) -> db::Result<()> {
    for (_, source) in model::files() {
        let p = model::parse(&source).map_err(|problem| db::Error::Fault(problem.to_string()))?;
        tx.change(
            "insert into procedure_version (id, code, version, valid_from, valid_to, source)
             values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing",
            args![version_id(&p), &p.code, i64::from(p.version), p.valid_from, p.valid_to, &source],
        )
        .await?;
    }
    Ok(())
}
