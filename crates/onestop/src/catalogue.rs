//! The procedures this province offers, in memory: read once at the start from the table of
//! published versions, so that a page or a search never waits for the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{Day, Instant};
use db::{Act, Actor, Db, Tx, args};
use web::Problem;

use crate::dossier::rules::AfterSupplement;
use crate::interlinked::Family;
use crate::procedure::model::{self, Frame, Procedure};
use crate::procedure::search::Search;

/// Every version that a dossier may have been filed under, and the search over the current ones.
pub struct Catalogue {
    versions: BTreeMap<String, Arc<Procedure>>,
    current: Vec<Arc<Procedure>>,
    search: Search,
    pub frame: Frame,
    /// What happens to the clock when papers come.
    pub after_supplement: AfterSupplement,
}

/// The id of a version: `CODE@VERSION`.
pub fn version_id(p: &Procedure) -> String {
    format!("{}@{}", p.code, p.version)
}

db::record! { struct Published { id: String, source: String } }

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
        let published = db.read(async move |tx| published(tx).await).await?;
        let rows = if files_missing(&published) {
            db.write(act, async move |tx| -> Result<_, db::Error> {
                publish(tx).await?;
                self::published(tx).await
            })
            .await?
        } else {
            published
        };
        let mut versions = BTreeMap::new();
        for row in rows {
            let procedure = model::parse(&row.source)
                .map_err(|problem| db::Error::Fault(format!("procedure {}: {problem}", row.id)))?;
            versions.insert(row.id, Arc::new(procedure));
        }
        let after_supplement = db.read(async move |tx| after_supplement(tx, now.day()).await).await?;
        Ok(Catalogue::of(versions, frame, after_supplement, now.day()))
    }

    fn of(
        versions: BTreeMap<String, Arc<Procedure>>,
        frame: Frame,
        after_supplement: AfterSupplement,
        today: Day,
    ) -> Catalogue {
        let mut newest: BTreeMap<&str, &Arc<Procedure>> = BTreeMap::new();
        for p in versions.values().filter(|p| p.is_valid_on(today)) {
            let slot = newest.entry(p.code.as_str()).or_insert(p);
            if slot.version < p.version {
                *slot = p;
            }
        }
        let current: Vec<Arc<Procedure>> = newest.into_values().cloned().collect();
        let search = Search::new(current.iter().map(|p| p.as_ref()));
        Catalogue { versions, current, search, frame, after_supplement }
    }

    /// The version a dossier was filed under.
    pub fn version(&self, id: &str) -> Result<Arc<Procedure>, Problem> {
        self.versions.get(id).cloned().ok_or(Problem::NotFound)
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
        let all = self.current.iter().chain(self.versions.values()).filter(inside);
        Family::new(self.frame, all.cloned().collect())
    }

    /// The version now offered under this code.
    pub fn find(&self, code: &str) -> Option<&Arc<Procedure>> {
        self.current.binary_search_by(|p| p.code.as_str().cmp(code)).ok().map(|i| &self.current[i])
    }

    /// The version offered under this code on `day`, the newest where several were.
    pub fn on(&self, code: &str, day: Day) -> Option<Arc<Procedure>> {
        let valid = self.of_code(code).filter(|p| p.is_valid_on(day));
        valid.max_by_key(|p| p.version).cloned()
    }

    /// The first day on which anything was offered under this code.
    pub fn first_day(&self, code: &str) -> Option<Day> {
        self.of_code(code).map(|p| p.valid_from).min()
    }

    fn of_code<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Arc<Procedure>> {
        let from = format!("{code}@");
        self.versions.range(from.clone()..).take_while(move |(id, _)| id.starts_with(&from)).map(|(_, p)| p)
    }

    /// Every procedure now offered, in the order of codes.
    pub fn list(&self) -> &[Arc<Procedure>] {
        &self.current
    }

    /// The procedures that answer to these words, the best first.
    pub fn search(&self, words: &str, limit: usize) -> Vec<Arc<Procedure>> {
        self.search.find(words, limit).into_iter().filter_map(|code| self.find(code).cloned()).collect()
    }

    /// Other words to try when there is no hit.
    pub fn suggest(&self, words: &str) -> Vec<String> {
        self.search.suggest(words)
    }
}

async fn published(tx: &mut Tx) -> db::Result<Vec<Published>> {
    tx.list("select id, source from procedure_version order by code, version", args![]).await
}

async fn after_supplement(tx: &mut Tx, today: Day) -> db::Result<AfterSupplement> {
    let word: String = tx
        .get(
            "select value from parameter where id = 'after-supplement' and valid_from <= $1
               and (valid_to is null or valid_to >= $1)",
            args![today],
        )
        .await?;
    AfterSupplement::from_word(&word)
        .ok_or_else(|| db::Error::Fault(format!("the parameter after-supplement says “{word}”")))
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
