//! Notices (thông báo): what a citizen or an official is told because something happened or a deadline came
//! near. Each is a row in somebody's inbox; where a mail server or a gateway is configured, further rows
//! carry it out of the house (`send`). Sentences are made of words and facts and hold no personal data.

mod admin;
pub mod carrier;
mod follow;
mod pages;
mod remind;
mod rules;
mod send;
mod store;
mod waiting;

use std::sync::LazyLock;
use std::time::Duration;

use base::Instant;
use db::deliver::Listener;
use db::jobs::{self, Handler};
use db::{Tx, args};
use directory::{Role, UnitId};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use web::page::NavItem;
use web::words::Words;
use web::{Problem, site::Inbox};

use crate::App;
pub use rules::{Channel, PASSWORD_SET, PHONE_CHANGED};
use rules::{Choice, Quiet};

/// The administrators' page.
pub use admin::HERE as ADMIN;

/// The job that sends at once, put with the first delivery of a commit.
const WAKE: &str = "onestop.notices-wake";
/// The parameter of the hours without short messages.
const QUIET: &str = "notice-sms-quiet";
/// The parameter of how near a deadline is told, in working hours.
const WARN_HOURS: &str = "notice-warn-hours";
/// How long deliveries and notices are kept.
const DELIVERIES_KEPT_DAYS: i64 = 90;
const NOTICES_KEPT_DAYS: i64 = 400;

/// The words of notices.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../words/notice.vi.toml"), include_str!("../words/notice.en.toml"))
});

/// The words of a key, with `{name}` replaced.
fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// What a sentence speaks of. Nothing of a person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    /// A dossier's code or a petition's number.
    code: String,
    /// A time as people read it.
    at: String,
    /// An office's name.
    unit: String,
    /// The key of a reason among the one-stop shop's words; empty for none.
    #[serde(default)]
    reason: String,
}

fn facts_of(json: &str) -> Result<Facts, String> {
    serde_json::from_str(json).map_err(|e| format!("facts of a notice: {e}"))
}

/// A sentence of a notice: its `title` or its `body`.
fn say_of(part: &str, word: &str, f: &Facts) -> String {
    // "Another reason" says nothing here: what was written is not for a letter.
    let known = !f.reason.ends_with(".other") && crate::words::WORDS.has(&f.reason);
    let why = if known { say("why", &[("reason", &crate::words::t(&f.reason))]) } else { String::new() };
    let facts =
        [("code", f.code.as_str()), ("at", f.at.as_str()), ("unit", f.unit.as_str()), ("why", why.as_str())];
    say(&format!("{part}.{word}"), &facts).replace("  ", " ").trim().to_string()
}

/// What somebody is to be told.
struct News<'a> {
    account: &'a str,
    word: &'a str,
    facts: &'a Facts,
    link: &'a str,
    /// The same cause is told once.
    cause: &'a str,
    urgent: bool,
    /// By letter too, until its reader chooses otherwise.
    by_mail: bool,
}

enum NoticeKind {}

fn fresh() -> String {
    base::Id::<NoticeKind>::fresh().to_string()
}

/// Puts a notice into an inbox, and queues it for the ways its reader wants and we have.
async fn put(tx: &mut Tx, news: &News<'_>, channels: &[Channel], now: Instant) -> Result<(), Problem> {
    let facts = serde_json::to_string(news.facts).map_err(Problem::fault)?;
    let (id, account) = (fresh(), news.account);
    let new = store::New {
        id: &id,
        account,
        word: news.word,
        facts: &facts,
        link: news.link,
        cause: news.cause,
        at: now,
    };
    if !store::put(tx, &new).await? || channels.is_empty() {
        return Ok(());
    }
    let choice = store::find_choice(tx, account).await?;
    let choice = choice.unwrap_or(Choice::usual(news.by_mail));
    if !channels.iter().any(|c| choice.takes(*c, news.urgent)) {
        return Ok(());
    }
    let person =
        directory::person(tx, account.parse().map_err(|_| Problem::fault("no account's id"))?).await?;
    for channel in channels.iter().filter(|c| choice.takes(**c, news.urgent)) {
        let address = match channel {
            Channel::Email => &person.email,
            Channel::Sms => &person.phone,
        };
        let Some(address) = address.as_deref().filter(|a| !a.is_empty()) else { continue };
        let next_at = match channel {
            Channel::Email => now,
            Channel::Sms => {
                let quiet = store::parameter(tx, QUIET, now.day()).await?;
                quiet.as_deref().and_then(Quiet::parse).map_or(now, |quiet| quiet.after(now))
            }
        };
        store::queue(tx, &fresh(), &id, *channel, address, (now, next_at)).await?;
        if next_at <= now {
            jobs::put_once(tx, WAKE, WAKE, &(), now).await?;
        }
    }
    Ok(())
}

/// Tells the leaders of an agency of something that comes from no event of one dossier. `cause` is its own
/// for each thing they are to be told of once.
pub(crate) async fn tell_leaders(
    tx: &mut Tx,
    agency: &UnitId,
    (word, cause): (&str, &str),
    link: &str,
    channels: &[Channel],
    now: Instant,
) -> Result<(), Problem> {
    let facts = Facts::default();
    for (account, _) in directory::holders(tx, agency, Role::Leader, now.day()).await? {
        let account = account.to_string();
        let news =
            News { account: &account, word, facts: &facts, link, cause, urgent: false, by_mail: false };
        put(tx, &news, channels, now).await?;
    }
    Ok(())
}

/// Tells the owner of an account what a counter is about to change about it. Call it before the change: what
/// leaves the house goes where the owner was reached until now.
pub async fn tell_owner(
    tx: &mut Tx,
    (account, word): (&str, &str),
    unit: &str,
    channels: &[Channel],
    now: Instant,
) -> Result<(), Problem> {
    let facts = Facts { at: base::format::time_vn(now), unit: unit.to_string(), ..Facts::default() };
    let cause = format!("{word} {}", now.micros());
    let news =
        News { account, word, facts: &facts, link: "/tai-khoan", cause: &cause, urgent: true, by_mail: true };
    put(tx, &news, channels, now).await
}

/// The parameters of notices that a province may set otherwise. Both are ours: no rule we know of names the
/// hours of a short message or how long before a deadline an official is told. The first two warnings come
/// while an apology is still in time, which ends a day before the promise. law: onestop/late
pub async fn seed(tx: &mut Tx) -> db::Result<()> {
    for (id, value) in [(QUIET, "21:00-07:00"), (WARN_HOURS, "16,8,4,1")] {
        tx.change(
            "insert into parameter (id, value, valid_from, source)
             values ($1, $2, '2018-01-01', 'ours: no rule known')
             on conflict (id, valid_from) do nothing",
            args![id, value],
        )
        .await?;
    }
    Ok(())
}

fn unread<'t>(tx: &'t mut Tx, account: &'t str) -> LocalBoxFuture<'t, db::Result<i64>> {
    store::unread(tx, account).boxed_local()
}

/// Where notices are read, for the frame around every page.
pub fn inbox() -> Inbox {
    Inbox {
        unread,
        citizen: || NavItem::new(say("page.title", &[]), pages::CITIZEN).icon("bell"),
        official: || NavItem::new(say("page.title", &[]), pages::OFFICIAL).icon("bell"),
    }
}

/// The routes of this feature.
pub fn routes() -> axum::Router<App> {
    pages::routes().merge(admin::routes())
}

/// Tells people of what happened.
pub fn listener(app: &App) -> Listener {
    let app = app.clone();
    Listener::of_batches("onestop.notices", &rules::TOPICS, move |db, events| {
        let app = app.clone();
        async move { follow::follow(&app, &db, events).await }
    })
}

/// What comes again: deadlines that came near, letters that are due, and what is kept too long.
pub fn jobs(app: &App) -> Vec<Handler> {
    const LOOK_EVERY: Duration = Duration::from_secs(300);
    const HOUR: Duration = Duration::from_secs(3_600);
    const SEND_EVERY: Duration = Duration::from_secs(10);
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let (near, waking, sending, clock) = (app.clone(), app.clone(), app.clone(), app.site.clock.clone());
    let owners = app.clone();
    let mut jobs = vec![
        Handler::new("onestop.remind-deadlines", move |_, _| {
            let app = near.clone();
            async move { remind::remind_all(&app).await.map(drop) }
        })
        .every(LOOK_EVERY),
        Handler::new("onestop.remind-owners", move |_, _| {
            let app = owners.clone();
            async move { waiting::remind_all(&app).await.map(drop) }
        })
        .every(HOUR),
        Handler::new("onestop.let-notices-go", move |db, _| {
            let now = clock.now();
            let (deliveries, notices) =
                (now.plus_days(-DELIVERIES_KEPT_DAYS), now.plus_days(-NOTICES_KEPT_DAYS));
            let let_go = async move |tx: &mut Tx| store::delete_old(tx, deliveries, notices).await;
            async move { db.upkeep(let_go).await.map_err(|e| e.to_string()) }
        })
        .every(DAY),
        Handler::new(WAKE, move |_, _| {
            let app = waking.clone();
            async move { send::send_due(&app).await.map(drop) }
        }),
    ];
    if !app.carriers.is_empty() {
        jobs.push(
            Handler::new("onestop.send-notices", move |_, _| {
                let app = sending.clone();
                async move { send::send_due(&app).await.map(drop) }
            })
            .every(SEND_EVERY),
        );
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_every_key_that_is_said() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        let root = format!("{}/src/notice", env!("CARGO_MANIFEST_DIR"));
        let mut missing = Vec::new();
        for file in [".rs", "/pages.rs", "/admin.rs", "/follow.rs", "/send.rs"] {
            let text = std::fs::read_to_string(format!("{root}{file}")).unwrap();
            for part in text.split("say(\"").skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                if !WORDS.has(key) {
                    missing.push(format!("{file}: {key}"));
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
