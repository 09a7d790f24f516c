//! What administrators do with units.

use base::Day;
use db::Tx;
use web::{FieldError, Problem};

use super::rules::{self, Typed, Wrong};
use super::{Unit, UnitId, find_unit, is_within, store};
use crate::words;

/// The unit, if the administrator may see it.
pub async fn unit_within(tx: &mut Tx, id: &UnitId, within: Option<&UnitId>) -> Result<Unit, Problem> {
    let unit = store::get(tx, id).await?;
    match within {
        Some(top) if !is_within(tx, id, top).await? => Err(Problem::NotFound),
        _ => Ok(unit),
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn wrong_fields(typed: &Typed) -> Vec<FieldError> {
    rules::check(typed).into_iter().map(|(field, why)| words::unit_field(field, why)).collect()
}

/// A new unit under an existing one. An agency or section stands at its parent's level; only the
/// province's administrator makes a territory, and says at which level.
pub async fn create(
    tx: &mut Tx,
    typed: &Typed,
    territory: bool,
    level: &str,
    within: Option<&UnitId>,
) -> Result<UnitId, Problem> {
    let mut wrong = wrong_fields(typed);
    let from = rules::day(&typed.valid_from).ok();
    let parent = match (typed.parent.as_str(), from) {
        ("", _) => {
            wrong.push(words::unit_field("parent", Wrong::Missing));
            None
        }
        (code, Some(day)) => find_unit(tx, code, day).await?,
        (_, None) => None,
    };
    match (&parent, from) {
        (None, Some(_)) if !typed.parent.is_empty() => {
            wrong.push(FieldError::new("parent", words::t("units.no_parent")));
        }
        (Some(parent), _) => {
            if let Some(top) = within
                && !is_within(tx, &parent.id, top).await?
            {
                wrong.push(FieldError::new("parent", words::t("units.not_yours")));
            }
        }
        _ => {}
    }
    if let Some(day) = from
        && rules::check_code(&typed.code).is_ok()
        && find_unit(tx, &typed.code, day).await?.is_some()
    {
        wrong.push(FieldError::new("code", words::t("units.code_stands")));
    }
    let (true, Some(parent), Some(valid_from)) = (wrong.is_empty(), parent, from) else {
        return Err(Problem::Invalid(wrong));
    };
    let territory = territory && within.is_none();
    let id = UnitId::new(&typed.code, valid_from);
    let new = store::New {
        id: &id,
        code: &typed.code,
        valid_from,
        name: &typed.name,
        kind: &typed.kind,
        level: if territory && !level.is_empty() { level } else { &parent.level },
        territory,
        function: some(&typed.function),
        parent: &parent.id,
        symbol: some(&typed.symbol),
        ident: some(&typed.ident),
        address: some(&typed.address),
    };
    match store::insert(tx, &new).await {
        Err(db::Error::Taken(_)) => Err(Problem::field("code", words::t("units.code_taken"))),
        done => Ok(done.map(|()| id)?),
    }
}

/// Changes name, kind, symbol, identifier and address of a unit. `Stale` when it has moved since `seen`.
pub async fn edit(
    tx: &mut Tx,
    id: &UnitId,
    typed: &Typed,
    within: Option<&UnitId>,
    seen: i64,
) -> Result<(), Problem> {
    let mut unit = unit_within(tx, id, within).await?;
    let fixed = Typed { code: unit.code.clone(), valid_from: unit.valid_from.to_string(), ..typed.clone() };
    let wrong = wrong_fields(&fixed);
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong));
    }
    let own = |text: &str| some(text).map(str::to_string);
    unit.name.clone_from(&typed.name);
    unit.kind.clone_from(&typed.kind);
    unit.symbol = own(&typed.symbol);
    unit.ident = own(&typed.ident);
    unit.address = own(&typed.address);
    Ok(store::update(tx, &unit, seen).await?)
}

/// Ends a unit on a last day and names who takes over. Nothing below it may still stand.
pub async fn close(
    tx: &mut Tx,
    id: &UnitId,
    last: &str,
    successor: &str,
    within: Option<&UnitId>,
    seen: i64,
) -> Result<(), Problem> {
    let unit = unit_within(tx, id, within).await?;
    let mut wrong = Vec::new();
    let last: Option<Day> = match rules::day(last) {
        Ok(day) => Some(day),
        Err(why) => {
            wrong.push(words::unit_field("valid_to", why));
            None
        }
    };
    if let Some(last) = last
        && let Err(why) = rules::check_end(unit.valid_from, last)
    {
        wrong.push(words::unit_field("valid_to", why));
    }
    match (successor, last) {
        ("", _) => wrong.push(FieldError::new("successor", words::t("units.successor_missing"))),
        (code, Some(last)) => match find_unit(tx, code, last.next()).await? {
            None => wrong.push(FieldError::new("successor", words::t("units.no_successor"))),
            Some(other) if other.id == unit.id => {
                wrong.push(FieldError::new("successor", words::t("units.self_successor")));
            }
            Some(_) => {}
        },
        _ => {}
    }
    let (true, Some(last)) = (wrong.is_empty(), last) else { return Err(Problem::Invalid(wrong)) };
    let below = store::standing_below(tx, id).await?;
    if below > 0 {
        let text = words::own().t("units.has_children", &[("n", &below.to_string())]);
        return Err(Problem::refused(text, "units below still stand"));
    }
    store::close(tx, id, last, seen).await?;
    store::put_successor(tx, id, successor, true).await?;
    Ok(())
}
