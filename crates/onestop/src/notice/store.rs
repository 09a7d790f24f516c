//! The rows of notices and of what goes out.

use base::Instant;
use db::{Filter, Tx, args};

use super::rules::{Channel, Choice};
use crate::dossier::DossierId;

db::record! {
    /// A notice as it stands in somebody's inbox.
    pub struct Notice {
        id: String, word: String, facts: String, link: String, made_at: Instant, read_at: Option<Instant>,
        /// Where it stands in the list: the cursor after it.
        place: String,
    }
}

/// What is kept of a new notice.
pub struct New<'a> {
    pub id: &'a str,
    pub account: &'a str,
    pub word: &'a str,
    pub facts: &'a str,
    pub link: &'a str,
    pub cause: &'a str,
    pub at: Instant,
}

/// Puts a notice; whether this account was not told of this cause before.
pub async fn put(tx: &mut Tx, n: &New<'_>) -> db::Result<bool> {
    let put = tx
        .change(
            "insert into notice (id, account, word, facts, link, cause, made_at)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (account, cause, word) do nothing",
            args![n.id, n.account, n.word, n.facts, n.link, n.cause, n.at],
        )
        .await?;
    Ok(put == 1)
}

/// The most that an inbox counts.
pub async fn unread(tx: &mut Tx, account: &str) -> db::Result<i64> {
    tx.get(
        "select count(*) from (select 1 from notice where account = $1 and read_at is null limit 99) n",
        args![account],
    )
    .await
}

const NOTICES: &str = "select id, word, facts, link, made_at, read_at,
    cast(made_at as text) || ':' || id as place from notice";

/// The notices of an account after a place, the newest first; at most 31.
pub async fn list(tx: &mut Tx, account: &str, after: Option<&str>) -> db::Result<Vec<Notice>> {
    let place = after.and_then(|a| a.split_once(':')).and_then(|(at, id)| Some((at.parse().ok()?, id)));
    let q = Filter::new(NOTICES).and("account = ?", Some(account));
    let q = match place {
        Some((at, id)) => q
            .and("made_at <= ?", Some(Instant::from_micros(at)))
            .and("cast(made_at as text) || ':' || id < ?", Some(format!("{at}:{id}"))),
        None => q,
    };
    let q = q.tail("order by made_at desc, id desc limit 31");
    tx.list(&q, &q.args).await
}

/// A notice of this account.
pub async fn find(tx: &mut Tx, account: &str, id: &str) -> db::Result<Option<Notice>> {
    tx.find(
        "select id, word, facts, link, made_at, read_at, id as place from notice
          where account = $1 and id = $2",
        args![account, id],
    )
    .await
}

/// Marks one as opened, the first time.
pub async fn save_read(tx: &mut Tx, id: &str, at: Instant) -> db::Result<()> {
    tx.change("update notice set read_at = $2 where id = $1 and read_at is null", args![id, at])
        .await
        .map(drop)
}

/// Marks all of an account as opened.
pub async fn save_all_read(tx: &mut Tx, account: &str, at: Instant) -> db::Result<u64> {
    tx.change("update notice set read_at = $2 where account = $1 and read_at is null", args![account, at])
        .await
}

db::record! {
    struct Chosen { email: bool, sms: bool }
}

/// What an account has chosen.
pub async fn find_choice(tx: &mut Tx, account: &str) -> db::Result<Option<Choice>> {
    let row: Option<Chosen> =
        tx.find("select email, sms from notice_choice where account = $1", args![account]).await?;
    Ok(row.map(|r| Choice { email: r.email, sms: r.sms }))
}

/// Keeps a choice: the last one stands.
pub async fn save_choice(tx: &mut Tx, account: &str, c: Choice) -> db::Result<()> {
    tx.change_one(
        "insert into notice_choice (account, email, sms) values ($1, $2, $3)
         on conflict (account) do update set email = $2, sms = $3",
        args![account, c.email, c.sms],
    )
    .await
}

/// Queues a notice for a way out.
pub async fn queue(
    tx: &mut Tx,
    id: &str,
    notice: &str,
    channel: Channel,
    address: &str,
    (at, next_at): (Instant, Instant),
) -> db::Result<()> {
    tx.change_one(
        "insert into notice_delivery (id, notice, channel, address, state, tries, next_at, made_at)
         values ($1, $2, $3, $4, 'queued', 0, $5, $6)",
        args![id, notice, channel.word(), address, next_at, at],
    )
    .await
}

db::record! {
    /// A delivery that is due, taken under a lease.
    pub struct Due {
        id: String, address: String, tries: i64, word: String, facts: String, link: String,
        next_at: Instant,
    }
}

/// Deliveries of a channel that are due, the longest waiting first; at most 8.
pub async fn list_due(tx: &mut Tx, channel: Channel, now: Instant) -> db::Result<Vec<Due>> {
    tx.list(
        "select d.id, d.address, d.tries, n.word, n.facts, n.link, d.next_at
           from notice_delivery d join notice n on n.id = d.notice
          where d.channel = $1 and d.state = 'queued' and d.next_at <= $2
          order by d.next_at, d.id limit 8",
        args![channel.word(), now],
    )
    .await
}

/// Takes one: nobody else sends it until `until`. Whether it was still to be had.
pub async fn take(tx: &mut Tx, due: &Due, until: Instant) -> db::Result<bool> {
    let taken = tx
        .change(
            "update notice_delivery set tries = tries + 1, next_at = $3
              where id = $1 and state = 'queued' and next_at = $2",
            args![&due.id, due.next_at, until],
        )
        .await?;
    Ok(taken == 1)
}

/// It went out.
pub async fn save_sent(tx: &mut Tx, id: &str, carrier: &str, at: Instant) -> db::Result<()> {
    tx.change(
        "update notice_delivery set state = 'sent', sent_at = $3, carrier = $2, error = null
          where id = $1 and state = 'queued'",
        args![id, carrier, at],
    )
    .await
    .map(drop)
}

/// It did not: tried again at `next_at`, or ended in `state`.
pub async fn save_failed(
    tx: &mut Tx,
    id: &str,
    state: &str,
    next_at: Instant,
    error: &str,
) -> db::Result<()> {
    tx.change(
        "update notice_delivery set state = $2, next_at = $3, error = $4 where id = $1 and state = 'queued'",
        args![id, state, next_at, error],
    )
    .await
    .map(drop)
}

/// Lets one that failed or was put aside be tried again at once. `Stale` when it is neither.
pub async fn send_again(tx: &mut Tx, id: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update notice_delivery set state = 'queued', tries = 0, next_at = $2, error = null
          where id = $1 and state in ('failed', 'parked')",
        args![id, now],
    )
    .await
}

db::record! {
    /// How a way out is.
    pub struct Way { failures: i64, rests_until: Instant, error: Option<String> }
}

/// How a way out is; well, while nothing has failed.
pub async fn way(tx: &mut Tx, channel: Channel) -> db::Result<Way> {
    let sql = "select failures, rests_until, error from notice_line where channel = $1";
    let found = tx.find(sql, args![channel.word()]).await?;
    Ok(found.unwrap_or(Way { failures: 0, rests_until: Instant::from_micros(0), error: None }))
}

/// Keeps how a way out is.
pub async fn save_way(
    tx: &mut Tx,
    channel: Channel,
    failures: i64,
    rests_until: Instant,
    error: Option<&str>,
) -> db::Result<()> {
    tx.change_one(
        "insert into notice_line (channel, failures, rests_until, error) values ($1, $2, $3, $4)
         on conflict (channel) do update set failures = $2, rests_until = $3, error = $4",
        args![channel.word(), failures, rests_until, error],
    )
    .await
}

db::record! {
    /// How many deliveries of a channel are in a state.
    pub struct Tally { channel: String, state: String, n: i64 }
}

/// The figures of what goes out.
pub async fn tallies(tx: &mut Tx) -> db::Result<Vec<Tally>> {
    tx.list(
        "select channel, state, count(*) as n from notice_delivery group by channel, state
          order by channel, state limit 10",
        args![],
    )
    .await
}

db::record! {
    /// A delivery as administrators see it.
    pub struct Shown {
        id: String, channel: String, address: String, state: String, tries: i64, next_at: Instant,
        made_at: Instant, sent_at: Option<Instant>, carrier: Option<String>, error: Option<String>,
        word: String, facts: String, link: String,
    }
}

const SHOWN: &str = "select d.id, d.channel, d.address, d.state, d.tries, d.next_at, d.made_at, d.sent_at,
    d.carrier, d.error, n.word, n.facts, n.link
    from notice_delivery d join notice n on n.id = d.notice";

/// Deliveries in these states, the newest first; at most 50.
pub async fn list_shown(tx: &mut Tx, states: &[&str]) -> db::Result<Vec<Shown>> {
    let q = Filter::new(SHOWN).among("d.state", states).tail("order by d.made_at desc, d.id limit 50");
    tx.list(&q, &q.args).await
}

/// Lets old deliveries go, and old notices with theirs.
pub async fn delete_old(tx: &mut Tx, deliveries: Instant, notices: Instant) -> db::Result<()> {
    tx.change("delete from notice_delivery where made_at < $1 and state <> 'queued'", args![deliveries])
        .await?;
    tx.change(
        "delete from notice_delivery where notice in (select id from notice where made_at < $1)",
        args![notices],
    )
    .await?;
    tx.change("delete from notice where made_at < $1", args![notices]).await.map(drop)
}

/// A dated parameter of notices as it is on a day.
pub async fn parameter(tx: &mut Tx, id: &str, day: base::Day) -> db::Result<Option<String>> {
    tx.find(
        "select value from parameter where id = $2 and valid_from <= $1
            and (valid_to is null or valid_to >= $1) order by valid_from desc limit 1",
        args![day, id],
    )
    .await
}

db::record! {
    /// A dossier whose clock runs.
    pub struct Running { id: DossierId, counter: String, deadline: Instant, began: Instant }
}

/// Dossiers whose clock ends in a span of time and of which nobody was told at this nearness, the
/// nearest first; at most 200.
pub async fn list_running(
    tx: &mut Tx,
    hours: i64,
    (from, to): (Instant, Instant),
) -> db::Result<Vec<Running>> {
    tx.list(
        "select d.id, d.counter, d.deadline,
                cast(case when d.status = 1 then d.since else coalesce(d.accepted_at, d.since) end as bigint)
                    as began
           from dossier d
          where d.status in (1, 2, 4) and d.deadline > $2 and d.deadline <= $3
            and not exists (select 1 from deadline_alert a
                where a.dossier = d.id and a.deadline = d.deadline and a.hours = $1)
          order by d.deadline, d.id limit 200",
        args![hours, from, to],
    )
    .await
}

/// Dossiers accepted since then that still lie at the counter and of which nobody was told; at most 1,000.
pub async fn list_not_handed_on(tx: &mut Tx, since: Instant) -> db::Result<Vec<DossierId>> {
    tx.list(
        "select d.id from dossier d
          where d.status = 2 and d.since > $1 and d.parent is null
            and not exists (select 1 from hand_on_alert a where a.dossier = d.id and a.told_at >= d.since)
          order by d.since, d.id limit 1000",
        args![since],
    )
    .await
}

/// Notes that the counter was told to hand on. Whether it was not before.
pub async fn put_hand_on_alert(
    tx: &mut Tx,
    dossier: DossierId,
    by: Instant,
    at: Instant,
) -> db::Result<bool> {
    let put = tx
        .change(
            "insert into hand_on_alert (dossier, hand_on_by, told_at) values ($1, $2, $3)
             on conflict (dossier, hand_on_by) do nothing",
            args![dossier, by, at],
        )
        .await?;
    Ok(put == 1)
}

/// Notes that officials were told. Whether they were not before.
pub async fn put_alert(
    tx: &mut Tx,
    dossier: DossierId,
    deadline: Instant,
    hours: i64,
    at: Instant,
) -> db::Result<bool> {
    let put = tx
        .change(
            "insert into deadline_alert (dossier, deadline, hours, told_at) values ($1, $2, $3, $4)
             on conflict (dossier, deadline, hours) do nothing",
            args![dossier, deadline, hours, at],
        )
        .await?;
    Ok(put == 1)
}
