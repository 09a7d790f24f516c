//! Which agency settles what is handed in (phi địa giới): the counter that received answers to the citizen,
//! the rules in the procedure's file name the agency. law: onestop/anywhere

use base::Day;
use db::Tx;
use directory::{Unit, UnitId};
use web::Problem;

use crate::procedure::Procedure;
use crate::procedure::model::{Answers, Frame, Level, Route};
use crate::refusal::Refusal;

/// The agency that settles a dossier which this counter received.
pub async fn agency(
    tx: &mut Tx,
    frame: Frame,
    procedure: &Procedure,
    answers: &Answers,
    counter: &Unit,
    day: Day,
) -> Result<Unit, Problem> {
    match rule(procedure, answers) {
        None => Ok(directory::agency_of(tx, &counter.id).await?),
        Some(route) => {
            let place = place(route, answers).unwrap_or(counter.id.as_str()).to_string();
            let level = route.level.or(level(procedure, frame));
            match at(tx, &place, level, route.unit_kind.as_deref(), day).await? {
                At::Agency(agency) => Ok(*agency),
                At::Nobody => Err(nobody_there(route)),
                At::Several(names) => Err(several_there(route, &names)),
            }
        }
    }
}

/// The first rule that holds and can be followed: an address nobody gave leads nowhere.
pub fn rule<'p>(procedure: &'p Procedure, answers: &Answers) -> Option<&'p Route> {
    procedure.routing.iter().find(|route| {
        route.when.as_ref().is_none_or(|when| when.holds(answers))
            && (route.field.is_none() || place(route, answers).is_some())
    })
}

fn place<'a>(route: &Route, answers: &'a Answers) -> Option<&'a str> {
    answers.get(route.field.as_ref()?)?["unit"].as_str()
}

/// The level that settles the procedure in this frame, of those that have territories here.
pub fn level(procedure: &Procedure, frame: Frame) -> Option<Level> {
    let mut settles = procedure.settled_at(frame).iter().copied();
    settles.find(|level| matches!(level, Level::Commune | Level::District | Level::Province))
}

/// Who is at a place today.
#[derive(Debug)]
pub enum At {
    Agency(Box<Unit>),
    /// The unit was abolished and nobody knows who took over, or no counter stands there.
    Nobody,
    /// The place was divided among these.
    Several(Vec<String>),
}

/// The agency at the place of this unit, at this level: where the unit stands no more, that of whoever took
/// over. None where that is nobody, or more than one.
pub async fn find(
    tx: &mut Tx,
    unit: &str,
    level: Option<Level>,
    kind: Option<&str>,
    day: Day,
) -> Result<Option<Unit>, Problem> {
    Ok(match at(tx, unit, level, kind, day).await? {
        At::Agency(agency) => Some(*agency),
        At::Nobody | At::Several(_) => None,
    })
}

async fn at(
    tx: &mut Tx,
    unit: &str,
    level: Option<Level>,
    kind: Option<&str>,
    day: Day,
) -> Result<At, Problem> {
    let mut here = match unit.contains('@') {
        true => directory::heirs(tx, &UnitId::from(unit), day).await?,
        false => Vec::new(),
    };
    if here.is_empty() && !is_known(tx, unit).await? {
        let code = unit.split('@').next().unwrap_or_default();
        here.extend(directory::find_unit(tx, code, day).await?);
    }
    let (mut agencies, mut names): (Vec<Unit>, Vec<String>) = (Vec::new(), Vec::new());
    for unit in here {
        let name = unit.name.clone();
        let Some(agency) = of_unit(tx, unit, level, kind, day).await? else { continue };
        names.push(name);
        if agencies.iter().all(|known| known.id != agency.id) {
            agencies.push(agency);
        }
    }
    Ok(match agencies.len() {
        0 => At::Nobody,
        1 => At::Agency(Box::new(agencies.remove(0))),
        _ => At::Several(names),
    })
}

/// Whether a unit of this id ever stood: then its code says nothing more.
async fn is_known(tx: &mut Tx, unit: &str) -> Result<bool, Problem> {
    match directory::get_unit(tx, &UnitId::from(unit)).await {
        Ok(_) => Ok(true),
        Err(db::Error::NotFound) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

async fn of_unit(
    tx: &mut Tx,
    unit: Unit,
    level: Option<Level>,
    kind: Option<&str>,
    day: Day,
) -> Result<Option<Unit>, Problem> {
    let mut territory = None;
    for above in directory::ancestors(tx, &unit.id).await? {
        if above.territory && level.is_none_or(|level| above.level == level.as_str()) {
            territory = Some(above);
            break;
        }
    }
    let Some(territory) = territory else { return Ok(None) };
    let Some(counter) = directory::counter_of(tx, &territory.code, day).await? else { return Ok(None) };
    let agency = directory::agency_of(tx, &counter.id).await?;
    let Some(kind) = kind else { return Ok(Some(agency)) };
    let section: UnitId = directory::unit_for(tx, &agency.id, kind).await?.id;
    Ok(Some(directory::agency_of(tx, &section).await?))
}

/// The field of the address that decides who settles it, and the communes that its place was divided among:
/// whoever fills the form in chooses one of them.
pub async fn divided(
    tx: &mut Tx,
    frame: Frame,
    procedure: &Procedure,
    answers: &Answers,
    day: Day,
) -> Result<Option<(String, String)>, Problem> {
    let Some(route) = rule(procedure, answers) else { return Ok(None) };
    let (Some(field), Some(place)) = (&route.field, place(route, answers)) else { return Ok(None) };
    let level = route.level.or(level(procedure, frame));
    match at(tx, place, level, route.unit_kind.as_deref(), day).await? {
        At::Several(names) => Ok(Some((field.clone(), names.join(", ")))),
        At::Agency(_) | At::Nobody => Ok(None),
    }
}

fn several_there(route: &Route, names: &[String]) -> Problem {
    match &route.field {
        Some(field) => {
            let args = vec![("names", names.join(", "))];
            Refusal::Faults(vec![(format!("answers.{field}"), "fault.place_divided", args)]).into()
        }
        None => Refusal::NoCounter.into(),
    }
}

fn nobody_there(route: &Route) -> Problem {
    match &route.field {
        Some(field) => {
            Refusal::Faults(vec![(format!("answers.{field}"), "fault.no_agency_there", vec![])]).into()
        }
        None => Refusal::NoCounter.into(),
    }
}
