//! The stage on which invented dossiers live: the counters that receive, the desks behind them with the
//! people who hold them, and the procedures each can take. Read once, before anything is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::calendar::Calendar;
use base::{Day, Instant};
use db::Tx;
use directory::{Role, UnitId};

use super::answers::{self, Sample};
use crate::catalogue::{Catalogue, version_id};
use crate::dossier::law::Law;
use crate::procedure::Procedure;
use crate::procedure::model::{Level, Step, StepKind};

/// Somebody who holds a post.
#[derive(Clone, Debug)]
pub struct Holder {
    pub account: String,
    pub name: String,
    pub title: String,
}

/// A unit and those who hold one role in it.
#[derive(Clone, Debug)]
pub struct Desk {
    pub unit: UnitId,
    pub people: Vec<Holder>,
}

/// A procedure as it can be lived through.
#[derive(Debug)]
pub struct Kind {
    pub procedure: Arc<Procedure>,
    /// `CODE@VERSION`.
    pub version: String,
    /// Answers for filing online; none: only at the counter.
    pub sample: Option<Sample>,
}

/// A counter, the agency behind it and its desks.
pub struct Office {
    pub counter: UnitId,
    pub ident: String,
    pub agency: UnitId,
    pub agency_name: String,
    /// Where its people live, as the end of an address.
    pub place: String,
    pub calendar: Calendar,
    /// By function (`counter`, `agency`, `justice` …) and role.
    pub desks: BTreeMap<(String, &'static str), Desk>,
    pub kinds: Vec<Arc<Kind>>,
    /// How many dossiers come here, in proportion.
    pub weight: u32,
}

/// Everything that a life needs.
pub struct World {
    pub offices: Vec<Office>,
    pub law: Arc<Law>,
}

impl Office {
    /// The desk of this function and role, if anybody sits there.
    pub fn desk(&self, function: &str, role: &'static str) -> Option<&Desk> {
        self.desks.get(&(function.to_string(), role)).filter(|desk| !desk.people.is_empty())
    }

    fn can_take(&self, procedure: &Procedure) -> bool {
        procedure.steps.iter().all(|s| self.desk(&s.unit_kind, s.role.as_str()).is_some())
    }
}

/// Whether a dossier of this procedure can come to its end: a limit to promise, and a way to a signature.
fn can_end(procedure: &Procedure) -> bool {
    let Some(mut stage) = procedure.first_step() else { return false };
    for _ in 0..procedure.steps.len() {
        if stage.kind == StepKind::Sign {
            return procedure.limit.is_some();
        }
        match stage.next.first().and_then(|id| procedure.step(id)) {
            Some(next) => stage = next,
            None => return false,
        }
    }
    false
}

/// Reads the stage of this installation. Counters where nobody sits, and procedures that cannot come to
/// an end there, are left out.
pub async fn read(tx: &mut Tx, catalogue: &Catalogue, now: Instant) -> db::Result<World> {
    let today = now.day();
    let mut kinds: Vec<Arc<Kind>> = Vec::new();
    for procedure in catalogue.list().iter().filter(|p| can_end(p)) {
        let sample = answers::sample(procedure, today).filter(|_| procedure.is_online());
        let version = version_id(procedure);
        kinds.push(Arc::new(Kind { procedure: procedure.clone(), version, sample }));
    }
    let mut offices: BTreeMap<UnitId, Office> = BTreeMap::new();
    for (level, weight) in [(Level::Commune, 6), (Level::District, 9), (Level::Province, 12)] {
        let here: Vec<Arc<Kind>> = kinds
            .iter()
            .filter(|k| k.procedure.settled_at(catalogue.frame).contains(&level))
            .cloned()
            .collect();
        for unit in directory::list_receiving(tx, level.as_str(), "", today, 5_000).await? {
            let Some(counter) = directory::counter_of(tx, &unit.code, today).await? else { continue };
            if !offices.contains_key(&counter.id) {
                let office = office(tx, &counter, &unit, weight, &kinds, today).await?;
                offices.insert(counter.id.clone(), office);
            }
            let office = offices.get_mut(&counter.id).expect("it was put there just now");
            let fitting: Vec<Arc<Kind>> =
                here.iter().filter(|k| office.can_take(&k.procedure)).cloned().collect();
            for kind in fitting {
                if !office.kinds.iter().any(|known| known.version == kind.version) {
                    office.kinds.push(kind);
                }
            }
        }
    }
    let counter_role = Role::CounterClerk.as_str();
    let mut offices: Vec<Office> = offices
        .into_values()
        .filter(|o| !o.kinds.is_empty() && o.desk("counter", counter_role).is_some())
        .collect();
    // What can be filed online is what is asked for most.
    offices.iter_mut().for_each(|o| o.kinds.sort_by_key(|k| k.sample.is_none()));
    Ok(World { offices, law: catalogue.law() })
}

async fn office(
    tx: &mut Tx,
    counter: &directory::Unit,
    named: &directory::Receiving,
    weight: u32,
    kinds: &[Arc<Kind>],
    today: Day,
) -> db::Result<Office> {
    let agency = directory::agency_of(tx, &counter.id).await?;
    let mut desks = BTreeMap::new();
    let clerk = Role::CounterClerk;
    desks.insert(("counter".to_string(), clerk.as_str()), desk(tx, &counter.id, clerk, today).await?);
    let stages: Vec<&Step> = kinds.iter().flat_map(|k| &k.procedure.steps).collect();
    for stage in stages {
        let key = (stage.unit_kind.clone(), stage.role.as_str());
        if desks.contains_key(&key) {
            continue;
        }
        let unit = match stage.unit_kind.as_str() {
            "counter" => counter.id.clone(),
            "agency" => agency.id.clone(),
            function => directory::unit_for(tx, &agency.id, function).await?.id,
        };
        let role = [Role::CounterClerk, Role::Officer, Role::Leader]
            .into_iter()
            .find(|role| role.as_str() == stage.role.as_str())
            .expect("the words of steps are the words of roles");
        desks.insert(key, desk(tx, &unit, role, today).await?);
    }
    let place = match &named.parent_name {
        Some(parent) => format!("{}, {parent}", named.name),
        None => named.name.clone(),
    };
    Ok(Office {
        calendar: directory::calendar(tx, &counter.id).await?,
        ident: counter.ident_or_code().to_string(),
        counter: counter.id.clone(),
        agency: agency.id,
        agency_name: agency.name,
        place,
        desks,
        kinds: Vec::new(),
        weight,
    })
}

async fn desk(tx: &mut Tx, unit: &UnitId, role: Role, today: Day) -> db::Result<Desk> {
    let mut people = Vec::new();
    for (account, name) in directory::holders(tx, unit, role, today).await? {
        let posts = if role == Role::Leader {
            directory::official(tx, account, today).await?.posts
        } else {
            Vec::new()
        };
        let title = posts.into_iter().find(|p| p.unit == *unit && p.role == role).map(|p| p.title);
        people.push(Holder { account: account.to_string(), name, title: title.unwrap_or_default() });
    }
    Ok(Desk { unit: unit.clone(), people })
}
