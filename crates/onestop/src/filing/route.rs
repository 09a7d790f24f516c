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
            match find(tx, &place, level, route.unit_kind.as_deref(), day).await? {
                Some(agency) => Ok(agency),
                None => Err(nobody_there(route)),
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

/// What decides which agency settles: the rule that holds, by its place in the file, and the unit it names.
pub fn decided_by<'a>(procedure: &Procedure, answers: &'a Answers) -> Option<(usize, Option<&'a str>)> {
    let rule = rule(procedure, answers)?;
    let at = procedure.routing.iter().position(|own| std::ptr::eq(own, rule))?;
    Some((at, place(rule, answers)))
}

fn place<'a>(route: &Route, answers: &'a Answers) -> Option<&'a str> {
    answers.get(route.field.as_ref()?)?["unit"].as_str()
}

/// The level that settles the procedure in this frame, of those that have territories here.
pub fn level(procedure: &Procedure, frame: Frame) -> Option<Level> {
    let mut settles = procedure.settled_at(frame).iter().copied();
    settles.find(|level| matches!(level, Level::Commune | Level::District | Level::Province))
}

/// The agency at the place of this unit, at this level. None where nobody is today: the unit was
/// abolished, or no counter stands there.
pub async fn find(
    tx: &mut Tx,
    unit: &str,
    level: Option<Level>,
    kind: Option<&str>,
    day: Day,
) -> Result<Option<Unit>, Problem> {
    let code = unit.split('@').next().unwrap_or_default();
    let Some(unit) = directory::find_unit(tx, code, day).await? else { return Ok(None) };
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

fn nobody_there(route: &Route) -> Problem {
    match &route.field {
        Some(field) => {
            Refusal::Faults(vec![(format!("answers.{field}"), "fault.no_agency_there", vec![])]).into()
        }
        None => Refusal::NoCounter.into(),
    }
}
