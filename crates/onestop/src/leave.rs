//! Officials who are away (vắng mặt): what would be assigned to them goes to a stand-in, and what they
//! have open is passed to another or spread over the unit, each dossier by the use case of one.

pub mod pages;

use base::{Day, Id, Instant};
use db::{Filter, Tx, args};
use directory::{AccountId, Role, UnitId};
use web::{FieldError, Problem};

use crate::batch::{self, BatchId, Deed, Pick};
use crate::dossier::DossierId;
use crate::office::{needed, settle};
use crate::words_office::say;

enum AbsenceKind {}
type AbsenceId = Id<AbsenceKind>;

/// Dossiers passed on at once.
const MOST: usize = 5_000;

db::record! {
    /// When somebody is away.
    pub struct Absence {
        id: String, account: AccountId, stand_in: Option<AccountId>, from_day: Day, to_day: Day,
        reason: String,
    }
}

/// What is entered.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub stand_in: Option<AccountId>,
    pub reason: String,
}

/// Enters that `account` is away. A stand-in must hold the same role in the same unit as one of its posts.
pub async fn go_away(
    tx: &mut Tx,
    account: AccountId,
    wish: &Wish,
    by: &str,
    now: Instant,
) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let reason = needed(&mut errors, "reason", &wish.reason, 300);
    let (from, to) = (wish.from.unwrap_or(now.day()), wish.to.unwrap_or(now.day()));
    if wish.from.is_none() || wish.to.is_none() || to < from || to < now.day() {
        errors.push(FieldError::new("from", say("leave.days", &[])));
    }
    if let Some(stand_in) = wish.stand_in
        && !colleagues(tx, account, now.day()).await?.iter().any(|(id, _)| *id == stand_in)
    {
        errors.push(FieldError::new("stand_in", say("leave.stand_in", &[])));
    }
    settle(errors)?;
    tx.change_one(
        "insert into absence (id, account, stand_in, from_day, to_day, reason, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![AbsenceId::fresh(), account, wish.stand_in, from, to, reason, by, now],
    )
    .await?;
    Ok(())
}

/// Back earlier, or not going at all.
pub async fn come_back(tx: &mut Tx, id: &str, account: AccountId, now: Instant) -> Result<(), Problem> {
    Ok(tx
        .change_one(
            "update absence set ended_at = $1 where id = $2 and account = $3 and ended_at is null",
            args![now, id, account],
        )
        .await?)
}

/// The absences of an official that are not over, the nearest first.
pub async fn list(tx: &mut Tx, account: AccountId, day: Day) -> Result<Vec<Absence>, Problem> {
    Ok(tx
        .list(
            "select id, account, stand_in, from_day, to_day, reason from absence
              where account = $1 and to_day >= $2 and ended_at is null order by from_day, id limit 20",
            args![account, day],
        )
        .await?)
}

/// Who is given what was meant for `account` on `day`: none for everybody of the unit. One stand-in may
/// be away too; the chain ends where it comes back to somebody.
pub async fn stand_in(tx: &mut Tx, account: AccountId, day: Day) -> Result<Option<AccountId>, Problem> {
    let mut met = vec![account];
    loop {
        let at = *met.last().unwrap_or(&account);
        let away: Option<Absence> = tx
            .find(
                "select id, account, stand_in, from_day, to_day, reason from absence
                  where account = $1 and from_day <= $2 and to_day >= $2 and ended_at is null
                  order by made_at desc limit 1",
                args![at, day],
            )
            .await?;
        match away {
            None => return Ok(Some(at)),
            Some(Absence { stand_in: Some(next), .. }) if !met.contains(&next) => met.push(next),
            Some(_) => return Ok(None),
        }
    }
}

/// Those who hold the same role in the same unit as one of this official's posts.
pub async fn colleagues(
    tx: &mut Tx,
    account: AccountId,
    day: Day,
) -> Result<Vec<(AccountId, String)>, Problem> {
    let mut found: Vec<(AccountId, String)> = Vec::new();
    for post in directory::account::store::posts_on(tx, account, day).await? {
        if matches!(post.role, Role::Officer | Role::Leader) {
            found.extend(directory::holders(tx, &post.unit, post.role, day).await?);
        }
    }
    found.retain(|(id, _)| *id != account);
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found.dedup();
    Ok(found)
}

db::record! {
    /// An official with open dossiers of their own.
    pub struct Holder { account: AccountId, dossiers: i64 }
}

/// Who has open dossiers of this agency assigned to them, and how many.
pub async fn holders(tx: &mut Tx, agency: &UnitId) -> Result<Vec<Holder>, Problem> {
    Ok(tx
        .list(
            "select assignee as account, count(*) as dossiers from dossier
              where agency = $1 and status = 4 and assignee is not null
              group by assignee order by assignee limit 200",
            args![agency.as_str()],
        )
        .await?)
}

db::record! {
    struct Open { id: DossierId, code: String, version: i64, holder_unit: String, holder_role: String }
}

/// Passes everything open of an official to `to`, or spreads it over those who hold the same role in the
/// unit of each dossier. What becomes of each is in the batch.
pub async fn pass_all(
    tx: &mut Tx,
    agency: &UnitId,
    of: AccountId,
    to: Option<AccountId>,
    reason: &str,
    (by, post): (&str, &str),
    now: Instant,
) -> Result<BatchId, Problem> {
    let mut errors = Vec::new();
    let reason = needed(&mut errors, "reason", reason, 300);
    if to == Some(of) {
        errors.push(FieldError::new("to", say("leave.same", &[])));
    }
    settle(errors)?;
    let q = Filter::new("select id, code, version, holder_unit, holder_role from dossier")
        .and("assignee = ?", Some(of))
        .and("agency = ?", Some(agency.as_str()))
        .and("status = ?", Some(4_i64))
        .tail("order by deadline, id limit 5001");
    let open: Vec<Open> = tx.list(&q, &q.args).await?;
    let (mut picks, mut turn) = (Vec::new(), 0_usize);
    for d in open.iter().take(MOST) {
        let assign_to = match to {
            Some(to) => Some(to),
            None => {
                let role: Role = d.holder_role.parse().map_err(Problem::fault)?;
                let unit = UnitId::from(d.holder_unit.as_str());
                let mut others = directory::holders(tx, &unit, role, now.day()).await?;
                others.retain(|(id, _)| *id != of);
                turn += 1;
                others.get(turn % others.len().max(1)).map(|(id, _)| *id)
            }
        };
        let assign_to = assign_to.map(|id| id.to_string());
        picks.push(Pick { dossier: d.id, code: d.code.clone(), seen: d.version, assign_to });
    }
    let id = batch::choose(tx, by, post, &picks, open.len() > MOST, now).await?;
    batch::begin(tx, id, by, &Deed::Assign { to: None, note: reason }, now).await?;
    Ok(id)
}
