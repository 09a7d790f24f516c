//! Which agency settles what is handed in elsewhere: whether each rule can be followed.
//! law: onestop/anywhere

use super::Finding;
use crate::procedure::model::{Frame, Procedure, Route};

pub fn check(procedure: &Procedure, found: &mut Vec<Finding>) {
    let mut always = false;
    for (nth, route) in procedure.routing.iter().enumerate() {
        if always {
            found.push(Finding::RouteNever { nth });
        }
        if let Some(when) = &route.when {
            let at = format!("route '{nth}'");
            super::questions::condition(procedure.form.as_ref(), when, None, at, found);
        }
        if let Some(field) = route.field.as_ref().filter(|field| !leads_somewhere(procedure, route, field)) {
            found.push(Finding::RouteField { nth, field: field.clone() });
        }
        let settles = |frame| procedure.settled_at(frame).to_vec();
        let levels = [settles(Frame::Y2018), settles(Frame::Y2025)].concat();
        if let Some(level) = route.level.filter(|level| !levels.contains(level)) {
            found.push(Finding::RouteLevel { nth, level: level.as_str() });
        }
        always |= route.when.is_none();
    }
}

/// Whether it is an address that is answered whenever the rule holds.
fn leads_somewhere(procedure: &Procedure, route: &Route, field: &str) -> bool {
    let Some(form) = &procedure.form else { return false };
    let address = form.property(field).is_some_and(|p| p["format"] == "address");
    let asked = form.condition(field).is_none_or(|when| route.when.as_ref() == Some(&when));
    address && asked && form.is_required(field)
}
