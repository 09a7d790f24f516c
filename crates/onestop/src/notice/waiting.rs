//! A dossier that waits for its applicant (papers to bring, a fee to pay) is not forgotten: the applicant is
//! reminded twice, and then its counter has a task. After how many days is a dated parameter; none is law.
//! law: onestop/reminders

use base::{Instant, format};
use db::{Tx, args};
use web::Problem;

use super::rules::{self, Channel, To};
use super::store::parameter;
use super::{Facts, News, follow};
use crate::App;
use crate::dossier::rules::Status;
use crate::dossier::{self, DossierId};

/// The parameter: the days of the first and the second reminder, and of the counter's task.
pub const DAYS: &str = "owner-reminder-days";
/// What has waited for longer than this was told before, or is nobody's news.
const WAITS_DAYS_MAX: i64 = 400;
/// Dossiers of one pass; the next one goes on.
const PASS_MAX: usize = 5_000;

/// Whom a step reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    First,
    Second,
    Task,
}

impl Step {
    const ALL: [Step; 3] = [Step::First, Step::Second, Step::Task];

    fn number(self) -> i64 {
        match self {
            Step::First => 1,
            Step::Second => 2,
            Step::Task => 3,
        }
    }

    fn to(self) -> To {
        match self {
            Step::First | Step::Second => To::Owner,
            Step::Task => To::Counter,
        }
    }

    /// The word of the notice, where the dossier stands so.
    fn word(self, status: Status) -> Option<&'static str> {
        match (self, status) {
            (Step::First | Step::Second, Status::Supplementing) => Some(rules::REMIND_SUPPLEMENT),
            (Step::First | Step::Second, Status::AwaitingFee) => Some(rules::REMIND_FEE),
            (Step::Task, Status::Supplementing) => Some(rules::NO_SUPPLEMENT),
            (Step::Task, Status::AwaitingFee) => Some(rules::NO_FEE),
            _ => None,
        }
    }
}

/// The days of the three steps: `3,7,15`, each later than the one before.
fn days(text: &str) -> Option<[i64; 3]> {
    let days: Option<Vec<i64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let days: [i64; 3] = days?.try_into().ok()?;
    (days[0] >= 1 && days[0] < days[1] && days[1] < days[2] && days[2] <= 365).then_some(days)
}

/// Reminds of everything that has waited for long enough; of how many dossiers.
pub async fn remind_all(app: &App) -> Result<u64, String> {
    let now = app.site.clock.now();
    let read = app.site.db.read(async move |tx: &mut Tx| parameter(tx, DAYS, now.day()).await).await;
    let text = read.map_err(|e| e.to_string())?.unwrap_or_default();
    let days = days(&text).ok_or_else(|| format!("{DAYS} is {text:?}, not three rising days"))?;
    let mut told = 0;
    for (step, days) in Step::ALL.into_iter().zip(days) {
        let mut seen = 0;
        while seen < PASS_MAX {
            let some = some(app, step, days, now).await.map_err(|e| format!("{e:?}"))?;
            told += some;
            if some == 0 {
                break;
            }
            seen += usize::try_from(some).unwrap_or(PASS_MAX);
        }
    }
    Ok(told)
}

async fn some(app: &App, step: Step, days: i64, now: Instant) -> Result<u64, Problem> {
    let channels = app.channels();
    let span = (now.plus_days(-WAITS_DAYS_MAX), now.plus_days(-days));
    let work = async move |tx: &mut Tx| -> Result<u64, Problem> {
        let waiting = list(tx, step, span).await?;
        for one in &waiting {
            if put(tx, one, step, now).await? {
                tell(tx, one, step, now, &channels).await?;
            }
        }
        Ok(waiting.len() as u64)
    };
    app.site.db.upkeep(work).await
}

db::record! {
    struct Waiting { id: DossierId, since: Instant }
}

/// Dossiers that wait for their applicant since a time in this span, and of which nobody was told at this
/// step, the longest first; at most 200. A child of an interlinked dossier waits with its parent.
async fn list(tx: &mut Tx, step: Step, (from, to): (Instant, Instant)) -> db::Result<Vec<Waiting>> {
    tx.list(
        "select d.id, d.since from dossier d
          where d.status in (5, 6) and d.since > $2 and d.since <= $3 and d.parent is null
            and not exists (select 1 from owner_reminder r
                where r.dossier = d.id and r.since = d.since and r.step = $1)
          order by d.since, d.id limit 200",
        args![step.number(), from, to],
    )
    .await
}

/// Notes it; whether it was not noted before.
async fn put(tx: &mut Tx, waiting: &Waiting, step: Step, at: Instant) -> db::Result<bool> {
    let put = tx
        .change(
            "insert into owner_reminder (dossier, since, step, told_at) values ($1, $2, $3, $4)
             on conflict (dossier, since, step) do nothing",
            args![waiting.id, waiting.since, step.number(), at],
        )
        .await?;
    Ok(put == 1)
}

async fn tell(
    tx: &mut Tx,
    waiting: &Waiting,
    step: Step,
    now: Instant,
    channels: &[Channel],
) -> Result<(), Problem> {
    let d = dossier::store::get(tx, waiting.id).await?;
    let Some(word) = step.word(d.state.status()) else { return Ok(()) };
    let since = format::date_vn(waiting.since.day());
    let facts = Facts { code: d.code.clone(), at: since, unit: String::new() };
    let mut holders = follow::Holders::on(now.day());
    let link = match (step.to(), d.state.status()) {
        (To::Owner, Status::AwaitingFee) => crate::fee::pages::path(&d.code),
        (To::Owner, _) => format!("/ho-so-cua-toi/{}", d.code),
        _ => crate::desk::frame::dossier(&d.code),
    };
    for account in follow::of_dossier(tx, &d, step.to(), &mut holders).await? {
        let news = News {
            account: &account,
            word,
            facts: &facts,
            link: &link,
            cause: &format!("waits {} {} {}", d.id, waiting.since.micros(), step.number()),
            urgent: step.to().is_citizen(),
            by_mail: step.to().is_citizen(),
        };
        super::put(tx, &news, channels, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_rising_days_or_nothing() {
        assert_eq!(days(" 3, 7,15 "), Some([3, 7, 15]));
        for wrong in ["", "3,7", "3,7,15,20", "0,7,15", "7,3,15", "3,7,7", "3,7,366", "a,b,c"] {
            assert_eq!(days(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn who_is_told_what() {
        let told = |step: Step| [Status::Supplementing, Status::AwaitingFee].map(|s| step.word(s).is_some());
        for step in Step::ALL {
            assert_eq!(told(step), [true, true], "{step:?}");
            assert_eq!(step.word(Status::InProcess), None);
        }
        assert_eq!(Step::ALL.map(Step::to), [To::Owner, To::Owner, To::Counter]);
    }
}
