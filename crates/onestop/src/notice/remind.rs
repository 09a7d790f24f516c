//! Officials are told before a deadline ends, and once when it is past: whoever holds the dossier, and then
//! the leader too. How near is a dated parameter in working hours of the counter's own calendar.

use std::collections::BTreeMap;

use base::calendar::{Calendar, Limit};
use base::{Instant, format};
use db::Tx;
use directory::UnitId;
use web::Problem;

use super::rules::{self, DUE_SOON, OVERDUE, To};
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
    let mut told = 0;
    for near in hours.into_iter().chain([0]) {
        let mut seen = 0;
        while seen < PASS_MAX {
            let some = some(app, near, now).await.map_err(|e| format!("{e:?}"))?;
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
async fn some(app: &App, hours: u32, now: Instant) -> Result<u64, Problem> {
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
            if is_near(&calendars[&running.counter], now, running.deadline, hours) {
                tell(tx, &running, hours, now, &channels).await?;
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

async fn tell(
    tx: &mut Tx,
    running: &Running,
    hours: u32,
    now: Instant,
    channels: &[rules::Channel],
) -> Result<(), Problem> {
    if !store::put_alert(tx, running.id, running.deadline, i64::from(hours), now).await? {
        return Ok(());
    }
    let d = dossier::store::get(tx, running.id).await?;
    let (word, to): (_, &[To]) =
        if hours == 0 { (OVERDUE, &[To::Holder, To::Leader]) } else { (DUE_SOON, &[To::Holder]) };
    let facts = Facts { code: d.code.clone(), at: format::time_vn(running.deadline), unit: String::new() };
    let mut holders = follow::Holders::on(now.day());
    for to in to {
        for account in follow::of_dossier(tx, &d, *to, &mut holders).await? {
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
