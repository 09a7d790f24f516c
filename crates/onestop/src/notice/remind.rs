//! Officials are told before a deadline ends, and once when it is past: whoever holds the dossier and the
//! counter, and then the leader and the citizen too. How near is a dated parameter in working hours of the
//! counter's own calendar.

use std::collections::{BTreeMap, BTreeSet};

use base::calendar::{Calendar, Limit};
use base::{Instant, format};
use db::Tx;
use directory::UnitId;
use web::Problem;

use super::rules::{self, DUE_SOON, HAND_ON_SOON, OVERDUE, PROMISE_PASSED, To};
use super::store::{self, Running};
use super::{Facts, News, WARN_HOURS, follow};
use crate::App;
use crate::dossier;

/// Working hours are looked for within so many days: longer than any row of holidays.
const AHEAD_DAYS: i64 = 30;
/// What has been late for longer than this is nobody's news.
const LATE_DAYS_MAX: i64 = 30;
/// Dossiers of one pass; the next one goes on.
const PASS_MAX: usize = 5_000;

/// Tells of everything that has come near since the last time; of how many dossiers.
pub async fn remind_all(app: &App) -> Result<u64, String> {
    let now = app.site.clock.now();
    let hours = app.site.db.read(async move |tx: &mut Tx| store::parameter(tx, WARN_HOURS, now.day()).await);
    let hours = hours.await.map_err(|e| e.to_string())?;
    let hours = hours.as_deref().and_then(rules::warnings).unwrap_or_default();
    let mut told = hand_on(app, now).await.map_err(|e| format!("{e:?}"))?;
    for (at, near) in hours.iter().copied().chain([0]).enumerate() {
        let (next, mut seen) = (hours.get(at + 1).copied(), 0);
        while seen < PASS_MAX {
            let some = some(app, (near, next), now).await.map_err(|e| format!("{e:?}"))?;
            told += some;
            if some == 0 {
                break;
            }
            seen += usize::try_from(some).unwrap_or(PASS_MAX);
        }
    }
    Ok(told)
}

/// The next dossiers that have come so near. Those whose calendar says "not yet" are looked at again later.
async fn some(app: &App, (hours, next): (u32, Option<u32>), now: Instant) -> Result<u64, Problem> {
    let channels = app.channels();
    let work = async move |tx: &mut Tx| -> Result<u64, Problem> {
        let span = match hours {
            0 => (now.plus_days(-LATE_DAYS_MAX), now),
            _ => (now, now.plus_days(AHEAD_DAYS)),
        };
        let mut calendars: BTreeMap<String, Calendar> = BTreeMap::new();
        let mut told = 0;
        for running in store::list_running(tx, i64::from(hours), span).await? {
            if !calendars.contains_key(&running.counter) {
                let calendar = directory::calendar(tx, &UnitId::from(running.counter.as_str())).await?;
                calendars.insert(running.counter.clone(), calendar);
            }
            let calendar = &calendars[&running.counter];
            if is_near(calendar, now, running.deadline, hours) {
                let is_news = is_news(calendar, &running, (hours, next), now);
                tell(tx, &running, (hours, is_news), now, &channels).await?;
                told += 1;
            }
        }
        Ok(told)
    };
    app.site.db.upkeep(work).await
}

/// Whether fewer working hours than `hours` are left.
fn is_near(calendar: &Calendar, now: Instant, deadline: Instant, hours: u32) -> bool {
    hours == 0 || calendar.due(now, Limit::WorkingHours(hours)).is_ok_and(|due| due.at >= deadline)
}

/// Whether being so near is worth saying: not where the whole time was no longer than that, nor where the
/// next warning is due as well.
fn is_news(calendar: &Calendar, running: &Running, (hours, next): (u32, Option<u32>), now: Instant) -> bool {
    let also = next.is_some_and(|next| is_near(calendar, now, running.deadline, next));
    hours == 0 || !(also || is_near(calendar, running.began, running.deadline, hours))
}

/// Tells the counter of what it has accepted and must hand on within the hour. law: onestop/transfer
async fn hand_on(app: &App, now: Instant) -> Result<u64, Problem> {
    let (channels, catalogue) = (app.channels(), app.catalogue.clone());
    let work = async move |tx: &mut Tx| -> Result<u64, Problem> {
        let (mut told, mut holders) = (0, follow::Holders::on(now.day()));
        let cut_off = catalogue.law().cut_off_minute(now.day());
        for id in store::list_not_handed_on(tx, now.plus_days(-LATE_DAYS_MAX)).await? {
            let d = dossier::store::get(tx, id).await?;
            let calendar = directory::calendar(tx, &d.counter).await?.with_cut_off(cut_off);
            let Some(by) = dossier::limits::hand_on_by(&d, &calendar) else { continue };
            if !is_near(&calendar, now, by, 1) || !store::put_hand_on_alert(tx, id, by, now).await? {
                continue;
            }
            let facts = Facts { code: d.code.clone(), at: format::time_vn(by), ..Facts::default() };
            for account in follow::of_dossier(tx, &d, To::Counter, &mut holders).await? {
                let news = News {
                    account: &account,
                    word: HAND_ON_SOON,
                    facts: &facts,
                    link: &crate::desk::frame::dossier(&d.code),
                    cause: &format!("hand-on {} {}", d.id, by.micros()),
                    urgent: false,
                    by_mail: false,
                };
                super::put(tx, &news, &channels, now).await?;
            }
            told += 1;
        }
        Ok(told)
    };
    app.site.db.upkeep(work).await
}

async fn tell(
    tx: &mut Tx,
    running: &Running,
    (hours, is_news): (u32, bool),
    now: Instant,
    channels: &[rules::Channel],
) -> Result<(), Problem> {
    if !store::put_alert(tx, running.id, running.deadline, i64::from(hours), now).await? || !is_news {
        return Ok(());
    }
    let d = dossier::store::get(tx, running.id).await?;
    let (word, to): (_, &[To]) = match hours {
        0 => (OVERDUE, &[To::Holder, To::Counter, To::Leader]),
        _ => (DUE_SOON, &[To::Holder, To::Counter]),
    };
    let unit = directory::get_unit(tx, &d.holder_unit).await?.name;
    let facts =
        Facts { code: d.code.clone(), at: format::time_vn(running.deadline), unit, ..Facts::default() };
    let mut holders = follow::Holders::on(now.day());
    // A promise that was not kept is said by whoever made it; a child has made none.
    if hours == 0 && d.promised == Some(running.deadline) && d.parent.is_none() {
        for account in follow::of_dossier(tx, &d, To::Owner, &mut holders).await? {
            let news = News {
                account: &account,
                word: PROMISE_PASSED,
                facts: &facts,
                link: &format!("/ho-so-cua-toi/{}", d.code),
                cause: &format!("passed {} {}", d.id, running.deadline.micros()),
                urgent: true,
                by_mail: true,
            };
            super::put(tx, &news, channels, now).await?;
        }
    }
    let mut told = BTreeSet::new();
    for to in to {
        for account in follow::of_dossier(tx, &d, *to, &mut holders).await? {
            if !told.insert(account.clone()) {
                continue;
            }
            let news = News {
                account: &account,
                word,
                facts: &facts,
                link: &crate::desk::frame::dossier(&d.code),
                cause: &format!("due {} {} {hours}", d.id, running.deadline.micros()),
                urgent: false,
                by_mail: false,
            };
            super::put(tx, &news, channels, now).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearness_is_counted_in_working_hours() {
        let at = |text: &str| Instant::parse_rfc3339(text).unwrap();
        let calendar = Calendar::national();
        // Due on a Monday at 17:00; Saturday and Sunday are no working days.
        let deadline = at("2026-09-14T17:00:00+07:00");
        let near = |now: &str, hours| is_near(&calendar, at(now), deadline, hours);
        assert!(!near("2026-09-11T16:00:00+07:00", 8));
        assert!(near("2026-09-12T10:00:00+07:00", 8));
        assert!(!near("2026-09-14T14:30:00+07:00", 2));
        assert!(near("2026-09-14T15:00:00+07:00", 2));
        assert!(near("2026-09-14T17:00:01+07:00", 0));
    }
}
