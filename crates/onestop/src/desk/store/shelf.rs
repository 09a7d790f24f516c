//! The statements behind the desk's pages: a list cut into bands of deadlines, the place of one
//! dossier in it and its neighbours, and the search over everything that a post may see.

use base::{Day, Instant};
use db::{Filter, Tx, args};

use super::{LINES_AMONG, Line, narrowed, searched};
use crate::desk::{List, Scope};

/// A band of deadlines within a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    All,
    /// Missed already.
    Late,
    /// Due later today.
    Today,
    /// Due after today, within the two working days that count as soon.
    Near,
    /// Due later than that.
    InTime,
}

impl Band {
    /// In the order of the tabs.
    pub const ALL: [Band; 5] = [Band::All, Band::Late, Band::Today, Band::Near, Band::InTime];
}

/// To whom a dossier is assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    Everybodys,
    Nobodys,
    /// This account's.
    Of(String),
}

/// What is on the page: a list, cut and searched.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub scope: Scope,
    /// None: everything the scope may see.
    pub list: Option<List>,
    pub band: Band,
    pub words: String,
    /// Only these procedure versions; none: all.
    pub procedures: Option<Vec<String>>,
    pub whose: Whose,
    pub now: Instant,
    /// Due before this instant counts as soon.
    pub soon: Instant,
}

db::record! {
    /// How many dossiers are in each band.
    #[derive(PartialEq, Eq)]
    pub struct Bands { total: i64, late: i64, today: i64, near: i64, in_time: i64 }
}

impl Bands {
    /// The count of one band.
    pub fn of(&self, band: Band) -> i64 {
        match band {
            Band::All => self.total,
            Band::Late => self.late,
            Band::Today => self.today,
            Band::Near => self.near,
            Band::InTime => self.in_time,
        }
    }
}

impl Shelf {
    /// What waits stands by urgency; what is over, and what was searched for, by newness.
    pub fn newest_first(&self) -> bool {
        matches!(self.list, None | Some(List::Done))
    }

    fn tomorrow(&self) -> Instant {
        let day: Day = self.now.day();
        day.plus(1).at(0)
    }

    fn on(&self, q: Filter) -> Filter {
        let q = match self.list {
            Some(list) => narrowed(q, &self.scope, list, self.now, self.soon),
            None => scoped(q, &self.scope),
        };
        let q = searched(q, &self.words);
        let q = match &self.whose {
            Whose::Everybodys => q,
            Whose::Nobodys => q.when("assignee is null", true),
            Whose::Of(account) => q.and("assignee = ?", Some(account.as_str())),
        };
        match &self.procedures {
            Some(ids) => q.among("procedure", ids),
            None => q,
        }
    }

    fn within(&self, q: Filter) -> Filter {
        let (now, tomorrow, soon) = (Some(self.now), Some(self.tomorrow()), Some(self.soon));
        let q = self.on(q);
        match self.band {
            Band::All => q,
            Band::Late => q.and("deadline < ?", now),
            Band::Today => q.and("deadline >= ?", now).and("deadline < ?", tomorrow),
            Band::Near => q.and("deadline >= ?", tomorrow).and("deadline < ?", soon),
            Band::InTime => q.and("deadline >= ?", tomorrow).and("deadline >= ?", soon),
        }
    }
}

/// All that the scope may see, whatever its status.
fn scoped(q: Filter, scope: &Scope) -> Filter {
    match scope {
        Scope::Counter(unit) => q.and("counter = ?", Some(unit.as_str())),
        Scope::Agency(unit) => q.and("agency = ?", Some(unit.as_str())),
        Scope::Holder(unit, role) => {
            q.and("holder_unit = ?", Some(unit.as_str())).and("holder_role = ?", Some(role.as_str()))
        }
    }
}

/// A page of the shelf after the cursor `after`, in the shelf's order. Which lines they are is found in
/// an index alone; only those are then read whole.
pub async fn page(tx: &mut Tx, shelf: &Shelf, after: Option<&str>, limit: usize) -> db::Result<Vec<Line>> {
    let newest = shelf
        .within(Filter::new(LINES_AMONG))
        .and("cast(coalesce(deadline, since) as text) || ':' || id < ?", after)
        .tail("order by coalesce(deadline, since) desc, id desc limit 101) order by place desc");
    let urgent = shelf
        .within(Filter::new(LINES_AMONG))
        .and("cast(coalesce(deadline, since) as text) || ':' || id > ?", after)
        .tail("order by coalesce(deadline, since), id limit 101) order by place");
    let mut lines: Vec<Line> = if shelf.newest_first() {
        tx.list(&newest, &newest.args).await?
    } else {
        tx.list(&urgent, &urgent.args).await?
    };
    lines.truncate(limit);
    Ok(lines)
}

/// How many lines of the shelf stand up to and with the cursor.
pub async fn until(tx: &mut Tx, shelf: &Shelf, cursor: &str) -> db::Result<i64> {
    let newest = shelf
        .within(Filter::new("select count(*) from dossier"))
        .and("cast(coalesce(deadline, since) as text) || ':' || id >= ?", Some(cursor));
    let urgent = shelf
        .within(Filter::new("select count(*) from dossier"))
        .and("cast(coalesce(deadline, since) as text) || ':' || id <= ?", Some(cursor));
    if shelf.newest_first() {
        tx.get(&newest, &newest.args).await
    } else {
        tx.get(&urgent, &urgent.args).await
    }
}

/// The counts of all bands.
pub async fn bands(tx: &mut Tx, shelf: &Shelf) -> db::Result<Bands> {
    let q = shelf.on(Filter::with(
        "select count(*) as total,
                cast(coalesce(sum(case when deadline < $1 then 1 else 0 end), 0) as bigint) as late,
                cast(coalesce(sum(case when deadline >= $1 and deadline < $2 then 1 else 0 end), 0) as bigint)
                    as today,
                cast(coalesce(sum(case when deadline >= $2 and deadline < $3 then 1 else 0 end), 0) as bigint)
                    as near,
                cast(coalesce(sum(case when deadline >= $2 and deadline >= $3 then 1 else 0 end), 0)
                    as bigint) as in_time
           from dossier",
        args![shelf.now, shelf.tomorrow(), shelf.soon],
    ));
    tx.get(&q, &q.args).await
}

db::record! { struct Neighbour { code: String } }

/// The codes before and after `cursor` on the shelf, in its order.
pub async fn neighbours(
    tx: &mut Tx,
    shelf: &Shelf,
    cursor: &str,
) -> db::Result<(Option<String>, Option<String>)> {
    const PLACED: &str = "select code from dossier where id in (select id from dossier";
    let before = shelf
        .within(Filter::new(PLACED))
        .and("cast(coalesce(deadline, since) as text) || ':' || id < ?", Some(cursor))
        .tail("order by coalesce(deadline, since) desc, id desc limit 1)");
    let after = shelf
        .within(Filter::new(PLACED))
        .and("cast(coalesce(deadline, since) as text) || ':' || id > ?", Some(cursor))
        .tail("order by coalesce(deadline, since), id limit 1)");
    let before: Option<Neighbour> = tx.find(&before, &before.args).await?;
    let after: Option<Neighbour> = tx.find(&after, &after.args).await?;
    let (before, after) = if shelf.newest_first() { (after, before) } else { (before, after) };
    Ok((before.map(|n| n.code), after.map(|n| n.code)))
}
