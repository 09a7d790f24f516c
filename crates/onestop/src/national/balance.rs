//! The balance sheet of a day: what the other side acknowledged or changed on it, here and there. What
//! differs is a task; what is level again closes its task. law: national/balance

use std::collections::BTreeMap;

use base::{Day, Instant};
use db::{Act, Tx};

use super::client::Failure;
use super::rules::{self, Difference, Matter};
use super::store::{self, Balance};
use super::wire::Listed;
use super::{Link, send};
use crate::App;

/// Ours read in one go.
const PAGE: i64 = 500;
/// Pages of their list; more is a list without end.
const PAGES_MAX: usize = 2_000;
/// The hour from which yesterday's sheet is made, when nobody waits for the line.
const NIGHT_MINUTE: u16 = 60;

/// What one dossier came to.
enum Found {
    Level,
    /// Sent and not acknowledged yet, or moved meanwhile: nothing can be said of it.
    UnderWay,
    MissingThere,
    MissingHere,
    Differs(Vec<Difference>),
}

/// Yesterday's sheet, once a night.
pub async fn nightly(app: &App, link: &Link) -> Result<(), String> {
    let now = app.site.clock.now();
    let yesterday = now.day().plus(-1);
    if now.minute_of_day() < NIGHT_MINUTE {
        return Ok(());
    }
    let read = app.site.db.read(async move |tx: &mut Tx| store::find_balance(tx, yesterday).await);
    // A sheet made while its day still ran is not its last one.
    let whole = |b: &Balance| b.made_at >= yesterday.next().at(0);
    if read.await.map_err(|e| e.to_string())?.as_ref().is_some_and(whole) {
        return Ok(());
    }
    make(app, link, yesterday).await.map(drop)
}

/// Compares a day and keeps its sheet and its tasks.
pub async fn make(app: &App, link: &Link, day: Day) -> Result<Balance, String> {
    let theirs = match theirs(link, day).await {
        Ok(theirs) => theirs,
        Err(failure) => {
            if let Failure::Silent(why) = &failure {
                send::note_line(app, Some(why.clone())).await?;
            }
            return Err(format!("their list: {failure}"));
        }
    };
    let mut found = BTreeMap::new();
    let mut here = 0;
    let mut after = String::new();
    loop {
        let page = ours(app, day, &after).await?;
        let Some(last) = page.last() else { break };
        after = last.clone();
        here += page.len();
        for code in page {
            let one = compare(app, link, &code, theirs.get(&code)).await?;
            found.insert(code, one);
        }
    }
    for (code, listed) in &theirs {
        if !found.contains_key(code) {
            found.insert(code.clone(), compare(app, link, code, Some(listed)).await?);
        }
    }
    let again = look_again(app, link, &found).await?;
    keep(app, day, (here, theirs.len()), found, again).await
}

/// Open tasks about dossiers of other days: each is looked at once more, so that what has become level
/// closes by itself.
async fn look_again(
    app: &App,
    link: &Link,
    found: &BTreeMap<String, Found>,
) -> Result<BTreeMap<String, Found>, String> {
    let tasks = app.site.db.read(async |tx: &mut Tx| store::list_tasks(tx).await);
    let mut again = BTreeMap::new();
    for task in tasks.await.map_err(|e| e.to_string())? {
        let compared = task.kind != Matter::Arrival.word() && !found.contains_key(&task.subject);
        if !compared {
            continue;
        }
        let code = task.subject;
        let one = match compare(app, link, &code, None).await? {
            // Neither here nor, any longer, there.
            Found::MissingHere if there(link, &code).await?.is_none() => Found::Level,
            one => one,
        };
        again.insert(code, one);
    }
    Ok(again)
}

async fn there(link: &Link, code: &str) -> Result<Option<Listed>, String> {
    link.client.find(code).await.map_err(|f| format!("looking {code} up there: {f}"))
}

async fn theirs(link: &Link, day: Day) -> Result<BTreeMap<String, Listed>, Failure> {
    let (mut all, mut place) = (BTreeMap::new(), String::new());
    for _ in 0..PAGES_MAX {
        let (page, next) = link.client.list(day, &place).await?;
        all.extend(page.into_iter().map(|listed| (listed.code.clone(), listed)));
        match next {
            Some(next) if next != place => place = next,
            _ => return Ok(all),
        }
    }
    Err(Failure::Garbled("a list without end".into()))
}

/// The codes acknowledged on the day, after one of them.
async fn ours(app: &App, day: Day, after: &str) -> Result<Vec<String>, String> {
    let after = after.to_string();
    let (from, to) = (day.at(0), day.next().at(0));
    let read = async move |tx: &mut Tx| store::list_acked(tx, from, to, &after, PAGE).await;
    let rows = app.site.db.read(read).await.map_err(|e| e.to_string())?;
    Ok(rows.into_iter().map(|row| row.code).collect())
}

async fn compare(app: &App, link: &Link, code: &str, listed: Option<&Listed>) -> Result<Found, String> {
    let read = send::read_level(app, code).await.map_err(|p| p.to_string())?;
    let Some((whole, acked)) = read else { return Ok(Found::MissingHere) };
    if whole.dossier.version != acked {
        return Ok(Found::UnderWay);
    }
    let asked;
    let there = match listed {
        Some(listed) => listed,
        None => match self::there(link, code).await? {
            None => return Ok(Found::MissingThere),
            Some(found) => {
                asked = found;
                &asked
            }
        },
    };
    let facts = whole.facts("");
    let differences = rules::differences(&rules::dossier(&facts), facts.lines.len(), there);
    Ok(if differences.is_empty() { Found::Level } else { Found::Differs(differences) })
}

async fn keep(
    app: &App,
    day: Day,
    (here, there): (usize, usize),
    found: BTreeMap<String, Found>,
    again: BTreeMap<String, Found>,
) -> Result<Balance, String> {
    let now = app.site.clock.now();
    let count = |wanted: fn(&Found) -> bool| found.values().filter(|f| wanted(f)).count() as i64;
    let sheet = Balance {
        day,
        made_at: now,
        here: here as i64,
        there: there as i64,
        level: count(|f| matches!(f, Found::Level)),
        differing: count(|f| matches!(f, Found::Differs(_))),
        missing_there: count(|f| matches!(f, Found::MissingThere)),
        missing_here: count(|f| matches!(f, Found::MissingHere)),
        under_way: count(|f| matches!(f, Found::UnderWay)),
    };
    let act = Act::system("onestop.balance-national", day.to_string(), now);
    let kept = sheet.clone();
    let save = async move |tx: &mut Tx| -> db::Result<()> {
        store::save_balance(tx, &kept).await?;
        for (code, one) in found.iter().chain(&again) {
            note(tx, code, one, now).await?;
        }
        Ok(())
    };
    app.site.db.write(act, save).await.map_err(|e| e.to_string())?;
    Ok(sheet)
}

async fn note(tx: &mut Tx, code: &str, found: &Found, now: Instant) -> db::Result<()> {
    let (open, facts) = match found {
        Found::UnderWay => return Ok(()),
        Found::Level => (None, String::new()),
        Found::MissingThere => (Some(Matter::MissingThere), "[]".into()),
        Found::MissingHere => (Some(Matter::MissingHere), "[]".into()),
        Found::Differs(lines) => (
            Some(Matter::Differs),
            serde_json::to_string(lines).map_err(|e| db::Error::Fault(format!("differences: {e}")))?,
        ),
    };
    for matter in [Matter::MissingThere, Matter::Differs, Matter::MissingHere] {
        if open != Some(matter) {
            store::close_level(tx, matter, code, now).await?;
        }
    }
    match open {
        Some(matter) => store::put_task(tx, matter, code, &facts, now).await,
        None => Ok(()),
    }
}
