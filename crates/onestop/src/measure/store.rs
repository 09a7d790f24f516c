//! The rows of figures: one a dossier, and what is counted over them. The dossiers behind a count are listed
//! by `behind`.

use base::Instant;
use db::{Filter, Rows, Tx, Value, args};

use super::rules::{Complaints, Facts, Grade, Sums, month_begins};
use super::{Ask, By};
use crate::dossier::{Dossier, DossierId};

/// What a row says beside the facts.
#[derive(Clone, Debug)]
pub struct About<'a> {
    pub dossier: DossierId,
    pub agency: &'a str,
    pub procedure: &'a str,
    pub channel: &'a str,
    pub scanned: bool,
    pub version: i64,
}

/// Rows to put; a newer one takes the place of an older.
pub fn rows<'a>(measured: impl IntoIterator<Item = (About<'a>, &'a Facts)>) -> Rows {
    let mut rows = Rows::new(
        "insert into measure (dossier, agency, procedure, channel, filed, received, settled, ended,
            decided_at, grade, elsewhere, minutes, stage_points, stages, requests, paid, scanned, version,
            short) values",
        19,
    )
    .ending(
        "on conflict (dossier) do update set received = excluded.received, settled = excluded.settled,
            ended = excluded.ended, decided_at = excluded.decided_at, grade = excluded.grade,
            elsewhere = excluded.elsewhere, minutes = excluded.minutes,
            stage_points = excluded.stage_points, stages = excluded.stages,
            requests = excluded.requests, paid = excluded.paid, scanned = excluded.scanned,
            version = excluded.version, short = excluded.short where measure.version <= excluded.version",
    );
    measured.into_iter().for_each(|(about, facts)| rows.add(values(&about, facts)));
    rows
}

/// The same for dossiers that have no row yet, which can go faster.
pub fn first_rows<'a>(measured: impl IntoIterator<Item = (About<'a>, &'a Facts)>) -> Rows {
    rows(measured).ending("")
}

/// Rows of parts of interlinked dossiers, with the parent of each; a newer one takes the place of an older.
pub fn part_rows<'a>(parts: impl IntoIterator<Item = (&'a Dossier, DossierId, &'a Facts)>) -> Rows {
    let mut rows = Rows::new(
        "insert into measure_part (dossier, parent, agency, procedure, channel, settled, decided_at, grade,
            stage_points, stages, version) values",
        11,
    )
    .ending(
        "on conflict (dossier) do update set settled = excluded.settled,
            decided_at = excluded.decided_at, grade = excluded.grade,
            stage_points = excluded.stage_points, stages = excluded.stages,
            version = excluded.version where measure_part.version <= excluded.version",
    );
    for (d, parent, f) in parts {
        rows.add([
            Value::Text(d.id.to_string().into()),
            Value::Text(parent.to_string().into()),
            Value::Text(d.agency.as_str().into()),
            Value::Text(d.procedure.as_str().into()),
            Value::Text(d.channel.as_str().into()),
            number(f.settled),
            number(f.decided_at.map(Instant::micros)),
            number(f.grade.map(Grade::points)),
            Value::Int(f.stage_points),
            Value::Int(f.stages),
            Value::Int(d.version),
        ]);
    }
    rows
}

fn number(n: Option<i64>) -> Value<'static> {
    n.map_or(Value::Null, Value::Int)
}

fn values<'a>(about: &About<'a>, f: &Facts) -> [Value<'a>; 19] {
    [
        Value::Text(about.dossier.to_string().into()),
        Value::Text(about.agency.into()),
        Value::Text(about.procedure.into()),
        Value::Text(about.channel.into()),
        Value::Int(f.filed),
        number(f.received),
        number(f.settled),
        number(f.ended),
        number(f.decided_at.map(Instant::micros)),
        number(f.grade.map(Grade::points)),
        Value::Int(i64::from(f.elsewhere)),
        number(f.minutes),
        Value::Int(f.stage_points),
        Value::Int(f.stages),
        Value::Int(f.requests),
        Value::Int(f.paid),
        Value::Int(i64::from(about.scanned)),
        Value::Int(about.version),
        number(f.short),
    ]
}

/// Dossiers whose row is missing or older than they are, at most `limit`; first the parts of interlinked
/// ones.
pub async fn list_behind(tx: &mut Tx, limit: i64) -> db::Result<Vec<DossierId>> {
    let parts: Vec<DossierId> = tx
        .list(
            "select d.id from dossier d left join measure_part m on m.dossier = d.id
              where (m.version is null or m.version < d.version) and d.parent is not null limit $1",
            args![limit],
        )
        .await?;
    if !parts.is_empty() {
        return Ok(parts);
    }
    tx.list(
        "select d.id from dossier d left join measure m on m.dossier = d.id
          where (m.version is null or m.version < d.version) and d.parent is null limit $1",
        args![limit],
    )
    .await
}

/// The parts of this dossier that others than this agency settle.
pub async fn list_parts_elsewhere(
    tx: &mut Tx,
    parent: DossierId,
    agency: &str,
) -> db::Result<Vec<DossierId>> {
    tx.list(
        "select id from dossier where parent = $1 and agency <> $2 order by id limit 20",
        args![parent, agency],
    )
    .await
}

/// Whether files lie in a dossier.
pub async fn has_files(tx: &mut Tx, id: DossierId) -> db::Result<bool> {
    let files: Option<i64> =
        tx.find("select size from dossier_file where dossier = $1 limit 1", args![id]).await?;
    Ok(files.is_some())
}

/// Throws all rows away, to be made anew.
pub async fn delete_all(tx: &mut Tx) -> db::Result<u64> {
    tx.change("delete from measure_person", args![]).await?;
    tx.change("delete from measure_part", args![]).await?;
    tx.change("delete from measure_short", args![]).await?;
    tx.change("delete from measure", args![]).await
}

/// What officials' own steps came to.
pub fn people<'a>(dossiers: impl IntoIterator<Item = (DossierId, &'a Facts)>) -> Rows {
    let mut rows = Rows::new("insert into measure_person (dossier, account, points, steps) values", 4);
    for (dossier, facts) in dossiers {
        for own in &facts.people {
            rows.add(args![dossier, own.account, own.points, own.steps].iter().cloned());
        }
    }
    rows
}

/// The short limits that officials missed.
pub fn missed<'a>(dossiers: impl IntoIterator<Item = (DossierId, &'a Facts)>) -> Rows {
    let mut rows = Rows::new("insert into measure_short (dossier, account, missed, times) values", 4);
    for (dossier, facts) in dossiers {
        for one in &facts.missed {
            rows.add(args![dossier, one.account, one.short.word(), one.times].iter().cloned());
        }
    }
    rows
}

/// Takes away what is about to be written anew.
pub async fn delete_missed(tx: &mut Tx, dossier: DossierId) -> db::Result<u64> {
    tx.change("delete from measure_short where dossier = $1", args![dossier]).await
}

/// Takes away what is about to be written anew.
pub async fn delete_people(tx: &mut Tx, dossier: DossierId) -> db::Result<u64> {
    tx.change("delete from measure_person where dossier = $1", args![dossier]).await
}

db::record! {
    /// What was received, by some key.
    #[derive(PartialEq, Eq)]
    pub struct Received { key: String, count: i64, online: i64 }
}

db::record! {
    /// What was settled, by some key and grade.
    #[derive(PartialEq, Eq)]
    pub struct Settled { key: String, grade: i64, count: i64, minutes: i64 }
}

db::record! {
    /// What is under way now, by some key.
    #[derive(PartialEq, Eq)]
    pub struct Under { key: String, count: i64, overdue: i64 }
}

macro_rules! received {
    ($key:literal) => {
        concat!(
            "select ",
            $key,
            " as key, count(*) as count,",
            " cast(sum(case when m.channel = 'online' then 1 else 0 end) as bigint) as online from measure m"
        )
    };
}

macro_rules! settled {
    ($key:literal) => {
        concat!(
            "select ",
            $key,
            " as key, m.grade, count(*) as count, cast(coalesce(sum(m.minutes), 0) as bigint) as minutes",
            " from measure m"
        )
    };
}

/// How much was received in the months asked for.
pub async fn received(tx: &mut Tx, ask: &Ask) -> db::Result<Vec<Received>> {
    if ask.by == By::Official {
        return Ok(Vec::new()); // reception is the counter's, whoever sits there
    }
    let select = match ask.by {
        By::Procedure | By::Field => received!("m.procedure"),
        By::Month => received!("cast(m.received as text)"),
        By::Channel => received!("m.channel"),
        By::Unit | By::Official => received!("m.agency"),
    };
    let q = in_months_received(Filter::new(select), ask);
    let q = q.tail("group by key order by key limit 5000");
    tx.list(&q, &q.args).await
}

/// How much was settled in the months asked for, and how the promised time was kept.
pub async fn settled(tx: &mut Tx, ask: &Ask) -> db::Result<Vec<Settled>> {
    let select = match ask.by {
        By::Unit => settled!("m.agency"),
        By::Procedure | By::Field => settled!("m.procedure"),
        By::Month => settled!("cast(m.settled as text)"),
        By::Channel => settled!("m.channel"),
        By::Official => {
            // Somebody who took three steps on a dossier dealt with one dossier.
            "select s.account as key, m.grade, count(distinct m.dossier) as count,
                    cast(0 as bigint) as minutes
               from measure m join dossier_step s on s.dossier = m.dossier and s.office is not null
                and s.account is not null"
        }
    };
    let q = in_months_settled(Filter::new(select), ask);
    let q = q.tail("group by key, m.grade order by key, m.grade limit 15000");
    tx.list(&q, &q.args).await
}

db::record! {
    /// What was late only because of others, by some key.
    #[derive(PartialEq, Eq)]
    pub struct Elsewhere { key: String, count: i64 }
}

macro_rules! elsewhere {
    ($key:literal) => {
        concat!("select ", $key, " as key, count(*) as count from measure m")
    };
}

/// How much of what was settled late in the months asked for was so only because of other agencies.
pub async fn elsewhere(tx: &mut Tx, ask: &Ask) -> db::Result<Vec<Elsewhere>> {
    let select = match ask.by {
        By::Unit => elsewhere!("m.agency"),
        By::Procedure | By::Field => elsewhere!("m.procedure"),
        By::Month => elsewhere!("cast(m.settled as text)"),
        By::Channel => elsewhere!("m.channel"),
        By::Official => {
            "select s.account as key, count(distinct m.dossier) as count
               from measure m join dossier_step s on s.dossier = m.dossier and s.office is not null
                and s.account is not null"
        }
    };
    let q = in_months_settled(Filter::new(select), ask).when("m.elsewhere = 1", true);
    let q = q.tail("group by key order by key limit 5000");
    tx.list(&q, &q.args).await
}

db::record! {
    /// Parts of interlinked dossiers that were settled, by some key.
    #[derive(PartialEq, Eq)]
    pub struct Parts { key: String, count: i64, late: i64 }
}

macro_rules! parts {
    ($key:literal) => {
        concat!(
            "select ",
            $key,
            " as key, count(*) as count,",
            " cast(sum(case when p.grade = 0 then 1 else 0 end) as bigint) as late from measure_part p"
        )
    };
}

/// How many parts of interlinked dossiers were settled in the months asked for, and how many of them late.
pub async fn parts(tx: &mut Tx, ask: &Ask) -> db::Result<Vec<Parts>> {
    let select = match ask.by {
        By::Unit => parts!("p.agency"),
        By::Procedure | By::Field => parts!("p.procedure"),
        By::Month => parts!("cast(p.settled as text)"),
        By::Channel => parts!("p.channel"),
        By::Official => {
            "select s.account as key, count(distinct p.dossier) as count,
                    count(distinct case when p.grade = 0 then p.dossier end) as late
               from measure_part p join dossier_step s on s.dossier = p.dossier and s.office is not null
                and s.account is not null"
        }
    };
    let q = of_parts(Filter::new(select), ask).tail("group by key order by key limit 5000");
    tx.list(&q, &q.args).await
}

macro_rules! under {
    ($key:literal) => {
        concat!(
            "select ",
            $key,
            " as key, count(*) as count, cast(sum(case when m.deadline < $1 then 1 else 0 end) as bigint)",
            " as overdue from dossier m"
        )
    };
}

/// How much is under way at `now`, whatever the months.
pub async fn under_way(tx: &mut Tx, ask: &Ask, now: Instant) -> db::Result<Vec<Under>> {
    if matches!(ask.by, By::Month | By::Official) {
        return Ok(Vec::new()); // what is under way belongs to no month and to whoever holds it
    }
    let select = match ask.by {
        By::Procedure | By::Field => under!("m.procedure"),
        By::Channel => under!("m.channel"),
        By::Unit | By::Month | By::Official => under!("m.agency"),
    };
    let q = Filter::with(select, args![now]).among("m.agency", &ask.agencies).among("m.status", &OPEN);
    let q = q.tail("group by key order by key limit 5000");
    tx.list(&q, &q.args).await
}

db::record! {
    /// Dossiers with a short limit that was missed, by some key.
    #[derive(PartialEq, Eq)]
    pub struct Missing { key: String, count: i64 }
}

macro_rules! missing {
    ($key:literal) => {
        concat!("select ", $key, " as key, count(*) as count from measure m")
    };
}

/// Dossiers that first missed a short limit in the months asked for; of an official, those in which the step
/// that came too late was theirs.
pub async fn short(tx: &mut Tx, ask: &Ask) -> db::Result<Vec<Missing>> {
    let select = match ask.by {
        By::Unit => missing!("m.agency"),
        By::Procedure | By::Field => missing!("m.procedure"),
        By::Month => missing!("cast(m.short as text)"),
        By::Channel => missing!("m.channel"),
        By::Official => {
            "select x.account as key, count(distinct m.dossier) as count
               from measure m join measure_short x on x.dossier = m.dossier"
        }
    };
    let q = in_months_short(Filter::new(select), ask).tail("group by key order by key limit 5000");
    tx.list(&q, &q.args).await
}

pub(super) fn in_months_short(q: Filter, ask: &Ask) -> Filter {
    q.among("m.agency", &ask.agencies).and("m.short >= ?", Some(ask.from)).and("m.short <= ?", Some(ask.to))
}

/// The statuses in which somebody still waits for something.
pub const OPEN: [i64; 5] = [1, 2, 4, 5, 6];

pub(super) fn in_months_received(q: Filter, ask: &Ask) -> Filter {
    q.among("m.agency", &ask.agencies)
        .and("m.received >= ?", Some(ask.from))
        .and("m.received <= ?", Some(ask.to))
}

pub(super) fn in_months_settled(q: Filter, ask: &Ask) -> Filter {
    q.among("m.agency", &ask.agencies)
        .and("m.settled >= ?", Some(ask.from))
        .and("m.settled <= ?", Some(ask.to))
}

pub(super) fn of_parts(q: Filter, ask: &Ask) -> Filter {
    q.among("p.agency", &ask.agencies)
        .and("p.settled >= ?", Some(ask.from))
        .and("p.settled <= ?", Some(ask.to))
}

/// Somebody complained of the attitude shown over a dossier, in a petition that was not found untrue or in a
/// rating. law: onestop/evaluation
pub(super) const COMPLAINED: &str =
    "(exists (select 1 from petition p where p.dossier = m.dossier and p.topic = 'attitude'
        and p.kind = 'complaint' and p.state <> 'refused' and p.finding <> 'unfounded')
    or exists (select 1 from rating r where r.kind = 'dossier' and r.subject = m.dossier and r.score = 'not'
        and r.topics like '%\"attitude\"%'))";

/// Late, or rated as not content. law: onestop/index-766
pub(super) const DISPLEASED: &str = "(m.grade = 0 or exists (select 1 from rating r
    where r.kind = 'dossier' and r.subject = m.dossier and r.score = 'not'))";

/// The result had an official's error and was made anew. law: onestop/results
pub(super) const CORRECTED: &str = "exists (select 1 from correction c
    where c.dossier = m.dossier and c.state = 'corrected' and c.fault = 'official')";

/// The sums from which the indices of agencies follow.
pub async fn sums(tx: &mut Tx, ask: &Ask) -> db::Result<Sums> {
    db::record! {
        struct Row {
            count: i64, time: i64, stage_points: i64, stages: i64, contacts: i64, agencies: i64,
        }
    }
    let q = in_months_settled(
        Filter::new(
            "select count(*) as count, cast(coalesce(sum(m.grade), 0) as bigint) as time,
                    cast(coalesce(sum(m.stage_points), 0) as bigint) as stage_points,
                    cast(coalesce(sum(m.stages), 0) as bigint) as stages,
                    cast(coalesce(sum(case when m.requests = 0 then 2 when m.requests = 1 then 1 else 0 end),
                        0) as bigint) as contacts,
                    cast(coalesce(sum(case when m.requests = 0 and m.channel = 'online' then 2 else 1 end),
                        0) as bigint) as agencies
               from measure m",
        ),
        ask,
    );
    let r: Row = tx.get(&q, &q.args).await?;
    // Of many dossiers few are complained of: their points are taken away.
    let q = Filter::new("select cast(coalesce(sum(m.grade + m.elsewhere), 0) as bigint) from measure m");
    let q = in_months_settled(q, ask).when(COMPLAINED, true);
    let lost: i64 = tx.get(&q, &q.args).await?;
    // As few are late because of others alone: on time, as far as this agency goes.
    let q = in_months_settled(Filter::new("select count(*) from measure m"), ask);
    let q = q.when("m.elsewhere = 1", true);
    let excused: i64 = tx.get(&q, &q.args).await?;
    db::record! { struct Part { count: i64, grades: i64, stage_points: i64, stages: i64 } }
    let q = of_parts(
        Filter::new(
            "select count(*) as count, cast(coalesce(sum(p.grade), 0) as bigint) as grades,
                    cast(coalesce(sum(p.stage_points), 0) as bigint) as stage_points,
                    cast(coalesce(sum(p.stages), 0) as bigint) as stages
               from measure_part p",
        ),
        ask,
    );
    let p: Part = tx.get(&q, &q.args).await?;
    Ok(Sums {
        count: r.count,
        time: r.time + excused,
        stage_points: r.stage_points + p.stage_points + p.grades,
        stages: r.stages + p.stages + p.count,
        parts: p.count,
        contacts: r.contacts,
        agencies: r.agencies,
        attitude: r.time + excused - lost,
    })
}

db::record! {
    /// A settled dossier and somebody who took a step on it.
    pub struct Judged {
        key: String, dossier: String, grade: i64, stage_points: i64, stages: i64, requests: i64,
        agencies: i64, complained: bool,
    }
}

/// Who dealt with what was settled in the months asked for; one row a person and dossier.
pub async fn judged(tx: &mut Tx, ask: &Ask) -> db::Result<Vec<Judged>> {
    let q = in_months_settled(
        Filter::new(
            "select distinct s.account as key, m.dossier as dossier,
                    coalesce(m.grade, 0) + m.elsewhere as grade,
                    coalesce(o.points, 0) as stage_points, coalesce(o.steps, 0) as stages, m.requests,
                    case when m.requests = 0 and m.channel = 'online' then 2 else 1 end as agencies,
                    case when exists (select 1 from petition p where p.dossier = m.dossier
                            and p.topic = 'attitude' and p.kind = 'complaint' and p.state <> 'refused'
                            and p.finding <> 'unfounded')
                        or exists (select 1 from rating r where r.kind = 'dossier' and r.subject = m.dossier
                            and r.score = 'not' and r.topics like '%\"attitude\"%')
                        then 1 else 0 end as complained
               from measure m join dossier_step s on s.dossier = m.dossier and s.office is not null
                and s.account is not null
               left join measure_person o on o.dossier = m.dossier and o.account = s.account",
        ),
        ask,
    );
    let q = q.tail("order by key, m.dossier limit 200000");
    tx.list(&q, &q.args).await
}

db::record! {
    /// Somebody who ended steps with a limit on parts of interlinked dossiers.
    pub struct JudgedPart { key: String, stage_points: i64, stages: i64 }
}

/// What officials' own steps came to on parts that were settled in the months asked for.
pub async fn judged_parts(tx: &mut Tx, ask: &Ask) -> db::Result<Vec<JudgedPart>> {
    let q = of_parts(
        Filter::new(
            "select o.account as key, cast(sum(o.points) as bigint) as stage_points,
                    cast(sum(o.steps) as bigint) as stages
               from measure_part p join measure_person o on o.dossier = p.dossier",
        ),
        ask,
    );
    let q = q.tail("group by key order by key limit 20000");
    tx.list(&q, &q.args).await
}

/// What index 766 asks of dossiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Service {
    pub received: i64,
    pub scanned: i64,
    /// Without the parts of interlinked dossiers.
    pub settled: i64,
    /// Dossiers and parts, and those of them in time, with one request for papers at most. What others were
    /// late with is in time here; a part is asked through its parent, which the request counts for.
    pub counted: i64,
    pub in_time: i64,
    /// With a fee that was paid, and those of them that were paid by the citizen, not at a counter.
    pub paid: i64,
    pub paid_online: i64,
}

/// Counts them over the months asked for.
pub async fn service(tx: &mut Tx, ask: &Ask) -> db::Result<Service> {
    db::record! { struct Came { received: i64, scanned: i64, paid: i64, paid_online: i64 } }
    db::record! { struct Went { settled: i64, in_time: i64 } }
    let q = in_months_received(
        Filter::new(
            "select count(*) as received, cast(coalesce(sum(m.scanned), 0) as bigint) as scanned,
                    cast(coalesce(sum(case when m.paid >= 2 then 1 else 0 end), 0) as bigint) as paid,
                    cast(coalesce(sum(case when m.paid = 3 then 1 else 0 end), 0) as bigint) as paid_online
               from measure m",
        ),
        ask,
    );
    let came: Came = tx.get(&q, &q.args).await?;
    let q = in_months_settled(
        Filter::new(
            "select count(*) as settled,
                    cast(coalesce(sum(case when m.grade + m.elsewhere > 0 and m.requests <= 1
                        then 1 else 0 end), 0) as bigint) as in_time
               from measure m",
        ),
        ask,
    );
    let went: Went = tx.get(&q, &q.args).await?;
    let parts = parts(tx, &Ask { by: By::Unit, ..ask.clone() }).await?;
    let (all, late) = parts.iter().fold((0, 0), |(all, late), p| (all + p.count, late + p.late));
    Ok(Service {
        received: came.received,
        scanned: came.scanned,
        settled: went.settled,
        counted: went.settled + all,
        in_time: went.in_time + all - late,
        paid: came.paid,
        paid_online: came.paid_online,
    })
}

/// The points of the five groups of index 766 on a day: parameters with their doubt.
/// law: onestop/index-766
pub async fn weights(tx: &mut Tx, day: base::Day) -> db::Result<Vec<(i64, i64)>> {
    let rows: Vec<(String, String)> = tx
        .list(
            "select id, value from parameter where id like 'index-766-%' and valid_from <= $1
               and (valid_to is null or valid_to >= $1) order by id limit 20",
            args![day],
        )
        .await?;
    let number = |text: &str| text.rsplit('-').next().and_then(|n| n.parse::<i64>().ok());
    rows.iter()
        .map(|(id, value)| {
            let bad = || db::Error::Fault(format!("the parameter {id} says “{value}”"));
            Ok((number(id).ok_or_else(bad)?, value.parse().map_err(|_| bad())?))
        })
        .collect()
}

/// Which petitions a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Whose answer was given or due in the months asked for.
    Answers,
    /// With any step under a limit in them.
    Steps,
}

macro_rules! heard {
    ($select:literal, $verbs:literal) => {
        concat!(
            $select,
            " from petition p join (select petition, max(late) as late from (
                select s.petition, s.late from petition_step s
                 where s.due_at is not null and s.at >= $1 and s.at < $2 ",
            $verbs,
            " union all
                select w.id as petition, cast(1 as bigint) as late from petition w
                 where w.state in ('received', 'forwarded') and w.answer_by >= $1 and w.answer_by < $2
                   and w.answer_by < $3) y group by petition) x on x.petition = p.id"
        )
    };
}

/// The months asked for as instants, and now: an answer that is due already and not given is late.
fn span(ask: &Ask, now: Instant) -> [Value<'static>; 3] {
    let after = if ask.to % 100 == 12 { (ask.to / 100 + 1) * 100 + 1 } else { ask.to + 1 };
    let micros = |month: i64| Value::Int(month_begins(month).map_or(0, Instant::micros));
    [micros(ask.from), micros(after), Value::Int(now.micros())]
}

/// How many petitions, and how many of them were late.
pub async fn petitions(tx: &mut Tx, ask: &Ask, heard: Heard, now: Instant) -> db::Result<Complaints> {
    db::record! { struct Row { whole: i64, late: i64 } }
    let select = match heard {
        Heard::Answers => heard!(
            "select count(*) as whole, cast(coalesce(sum(x.late), 0) as bigint) as late",
            "and s.verb = 'answer'"
        ),
        Heard::Steps => {
            heard!("select count(*) as whole, cast(coalesce(sum(x.late), 0) as bigint) as late", "")
        }
    };
    let q = Filter::with(select, &span(ask, now)).among("p.agency", &ask.agencies);
    let Row { whole, late } = tx.get(&q, &q.args).await?;
    Ok(Complaints { whole, late })
}

db::record! {
    /// A petition behind a figure; nothing of its sender.
    pub struct Petition {
        number: String, agency: String, topic: String, state: String, received_at: Instant, late: i64,
    }
}

/// The petitions that [`petitions`] counted, the newest first, after the one numbered `after`; all, or the
/// late ones.
pub async fn list_petitions(
    tx: &mut Tx,
    ask: &Ask,
    heard: Heard,
    late: Option<i64>,
    after: Option<&str>,
    now: Instant,
) -> db::Result<Vec<Petition>> {
    let select = match heard {
        Heard::Answers => heard!(
            "select p.number, p.agency, p.topic, p.state, p.received_at, x.late",
            "and s.verb = 'answer'"
        ),
        Heard::Steps => heard!("select p.number, p.agency, p.topic, p.state, p.received_at, x.late", ""),
    };
    let q = Filter::with(select, &span(ask, now))
        .among("p.agency", &ask.agencies)
        .and("x.late = ?", late)
        .and("p.number < ?", after)
        .tail("order by p.number desc limit 51");
    tx.list(&q, &q.args).await
}

/// Settled dossiers whose result had an official's error and was made anew.
pub async fn corrected(tx: &mut Tx, ask: &Ask) -> db::Result<i64> {
    let q = in_months_settled(Filter::new("select count(*) from measure m"), ask).when(CORRECTED, true);
    tx.get(&q, &q.args).await
}

/// Settled dossiers with whose service somebody is not content: late, or rated so.
pub async fn displeased(tx: &mut Tx, ask: &Ask) -> db::Result<i64> {
    let q = in_months_settled(Filter::new("select count(*) from measure m"), ask).when(DISPLEASED, true);
    tx.get(&q, &q.args).await
}
