//! Evaluation of agencies and officials by nine indices, and the index of service to citizens. What
//! nothing measures yet is said to be so. law: onestop/evaluation, onestop/index-766

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::{Instant, format};
use db::Tx;
use directory::AnyOfficial;
use web::{Problem, Query, Shell, page};

use super::behind::{self, Behind};
use super::pages::{self, Choice, ReportQuery, Seen, month_text, quarter_before, tenths};
use super::rules::{
    AGENCY_BANDS, Bands, Complaints, Index, OFFICIAL_BANDS, OnlineWork, Score, Sums, bounds, complaints,
    from_sums, online, share_points, sure_band,
};
use super::store::{self, Heard, Judged, JudgedPart};
use super::words::say;
use super::{Ask, By, Figure, Listed};
use crate::App;
use crate::catalogue::Catalogue;
use crate::filters;

const PATH: &str = "/bao-cao/danh-gia";

/// The quarter before this one, unless the address names months.
fn by_quarter(query: &ReportQuery, now: Instant) -> ReportQuery {
    let mut query = query.clone();
    if query.tu.is_empty() && query.den.is_empty() {
        let (from, to) = quarter_before(now.day());
        (query.tu, query.den) = (month_text(from), month_text(to));
    }
    query
}

struct Line {
    number: i64,
    name: String,
    /// None: not measured.
    score: Option<String>,
    /// From what it was computed.
    from: String,
    /// Where what took points away is listed.
    href: Option<String>,
}

struct Person {
    name: String,
    href: String,
    dossiers: String,
    scores: Vec<Option<String>>,
    verdict: String,
}

#[derive(Template)]
#[template(path = "measure/evaluation.html")]
struct EvaluationPage {
    shell: Shell,
    period: String,
    from: String,
    to: String,
    by: &'static str,
    post: String,
    agencies: Vec<Choice>,
    agency: String,
    settled: String,
    settled_href: String,
    corrected: String,
    corrected_href: String,
    lines: Vec<Line>,
    verdict: String,
    indices: Vec<i64>,
    people: Vec<Person>,
}

/// `GET /bao-cao/danh-gia?dv=&tu=&den=`: one agency and its officials.
pub async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    // Officials are judged within one agency: without a choice, the viewer's own.
    let query = ReportQuery { theo: By::Official.slug().into(), ..by_quarter(&query, now) };
    let seen = Seen::read(&app, official, query, now).await?;
    let (ask, catalogue) = (seen.ask.clone(), app.catalogue.clone());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let sums = store::sums(tx, &ask).await?;
        let online = online_work(tx, &catalogue, &ask).await?;
        let mut people = Vec::new();
        let judged = (store::judged(tx, &ask).await?, store::judged_parts(tx, &ask).await?);
        for (account, sums) in by_person(judged.0, judged.1) {
            let id = account.parse().map_err(|_| Problem::fault("an account without an id"))?;
            people.push((account, directory::person(tx, id).await?.name, sums));
        }
        let heard = store::petitions(tx, &ask, Heard::Answers, now).await?;
        let corrected = store::corrected(tx, &ask).await?;
        Ok((sums, online, heard, corrected, people))
    };
    let (sums, work, heard, corrected, mut people) = app.site.db.read(read).await?;
    people.sort_by_key(|(_, name, _)| base::text::name_key(name));
    let scores = scores(&sums, &work, &heard);
    let agency = seen.ask.agencies.first().cloned().unwrap_or_default();
    let name = seen.all.iter().find(|(id, _)| id.as_str() == agency).map(|(_, name)| name.clone());
    let listed = |pairs: &[(&str, &str)]| {
        let settled = ("o", "settled");
        let own = [("dv", agency.as_str())].into_iter();
        let own = own.chain((!pairs.iter().any(|(name, _)| *name == "o")).then_some(settled));
        let pairs: Vec<(&str, &str)> = own.chain(pairs.iter().copied()).collect();
        seen.href("/bao-cao/ho-so", &pairs)
    };
    let answers = [("dv", agency.as_str()), ("o", "answers")];
    let behind = |index: Index| match index {
        Index::Attitude => Some(listed(&[("theo", By::Unit.slug()), ("o", "complained")])),
        Index::Complaints => Some(seen.href(super::heard::PATH, &answers)),
        Index::StepTime if sums.parts > 0 => {
            Some(listed(&[("theo", By::Unit.slug()), ("o", Figure::Parts.word())]))
        }
        _ => None,
    };
    let view = EvaluationPage {
        period: pages::period(&seen.ask),
        from: month_text(seen.ask.from),
        to: month_text(seen.ask.to),
        by: seen.ask.by.slug(),
        post: seen.query.post.clone().unwrap_or_default(),
        agencies: pages::agencies(&seen),
        agency: name.unwrap_or_default(),
        settled: format::thousands(sums.count),
        corrected: format::thousands(corrected),
        corrected_href: listed(&[("theo", By::Unit.slug()), ("o", "corrected")]),
        settled_href: listed(&[("theo", By::Unit.slug())]),
        lines: scores.iter().map(|s| line(s, (&sums, &work, &heard), behind(s.index))).collect(),
        verdict: verdict(&scores, AGENCY_BANDS),
        indices: Index::OFFICIAL.iter().map(|i| i.number()).collect(),
        people: people
            .iter()
            .map(|(account, name, sums)| person(name, listed(&[("k", account)]), sums))
            .collect(),
        shell: seen.shell(&app, PATH, "evaluation"),
    };
    Ok(page::html(view))
}

/// All nine indices of an agency.
fn scores(sums: &Sums, work: &OnlineWork, heard: &Complaints) -> Vec<Score> {
    let tenths = |index: Index| match index {
        Index::Online => online(work),
        Index::Complaints => Some(complaints(heard)),
        _ => from_sums(index, sums),
    };
    Index::ALL.into_iter().map(|index| Score { index, tenths: tenths(index) }).collect()
}

fn line(score: &Score, (s, o, c): (&Sums, &OnlineWork, &Complaints), href: Option<String>) -> Line {
    let of = |part: i64, whole: i64| format!("{} / {}", format::thousands(part), format::thousands(whole));
    Line {
        number: score.index.number(),
        name: say(&format!("index.{}", score.index.number()), &[]),
        score: score.tenths.map(tenths),
        from: match score.index {
            Index::TotalTime => of(s.time, s.count),
            Index::StepTime => of(s.stage_points, s.stages),
            Index::Contacts => of(s.contacts, s.count),
            Index::Agencies => of(s.agencies, s.count),
            Index::Attitude => of(s.attitude, s.count),
            Index::Complaints => of(c.whole - c.late, c.whole),
            Index::Online => of(o.dossiers_online, o.dossiers),
            _ => String::new(),
        },
        href,
    }
}

fn verdict(scores: &[Score], bands: Bands) -> String {
    let (least, most) = bounds(scores);
    match sure_band(scores, bands) {
        Some(word) => say(&format!("band.{word}"), &[]),
        None => say("band.open", &[("least", &tenths(least)), ("most", &tenths(most))]),
    }
}

fn person(name: &str, href: String, sums: &Sums) -> Person {
    let scores: Vec<Score> =
        Index::OFFICIAL.into_iter().map(|index| Score { index, tenths: from_sums(index, sums) }).collect();
    Person {
        name: name.to_string(),
        href,
        dossiers: format::thousands(sums.count),
        scores: scores.iter().map(|s| s.tenths.map(tenths)).collect(),
        verdict: verdict(&scores, OFFICIAL_BANDS),
    }
}

/// The sums of each official over the dossiers they took a step on, and their own steps on parts.
fn by_person(rows: Vec<Judged>, parts: Vec<JudgedPart>) -> BTreeMap<String, Sums> {
    let mut people = BTreeMap::<String, Sums>::new();
    for r in rows {
        let s = people.entry(r.key).or_default();
        s.count += 1;
        s.time += r.grade;
        s.stage_points += r.stage_points;
        s.stages += r.stages;
        s.contacts += super::rules::contact_points(r.requests);
        s.agencies += r.agencies;
        s.attitude += if r.complained { 0 } else { r.grade };
    }
    for p in parts {
        let s = people.entry(p.key).or_default();
        s.stage_points += p.stage_points;
        s.stages += p.stages;
    }
    people
}

async fn online_work(tx: &mut Tx, catalogue: &Catalogue, ask: &Ask) -> Result<OnlineWork, Problem> {
    let procedures = store::received(tx, &Ask { by: By::Procedure, ..ask.clone() }).await?;
    let mut work = OnlineWork::default();
    for p in &procedures {
        work.procedures += 1;
        work.procedures_online += i64::from(catalogue.version(&p.key).is_ok_and(|p| p.is_online()));
        work.dossiers += p.count;
        work.dossiers_online += p.online;
    }
    let settled = store::settled(tx, &Ask { by: By::Channel, ..ask.clone() }).await?;
    work.late_online = settled.iter().filter(|s| s.key == "online" && s.grade == 0).map(|s| s.count).sum();
    let excused = store::elsewhere(tx, &Ask { by: By::Channel, ..ask.clone() }).await?;
    let online_parts = store::parts(tx, &Ask { by: By::Channel, ..ask.clone() }).await?;
    work.late_online -= excused.iter().filter(|e| e.key == "online").map(|e| e.count).sum::<i64>();
    work.late_online += online_parts.iter().filter(|p| p.key == "online").map(|p| p.late).sum::<i64>();
    Ok(work)
}

/// An item of index 766: its group, its number there, and at which share it has full marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    group: i64,
    number: i64,
    full_at: i64,
}

impl Item {
    const fn new(group: i64, number: i64, full_at: i64) -> Item {
        Item { group, number, full_at }
    }

    /// The end of its key in `words/`.
    pub fn key(&self) -> String {
        format!("{}_{}", self.group, self.number)
    }
}

/// The items known to us. Where no source says at which share an item has full marks, it is all of it.
pub const ITEMS: [Item; 18] = [
    Item::new(1, 1, 100),
    Item::new(1, 2, 100),
    Item::new(1, 3, 100),
    Item::new(1, 4, 100),
    Item::new(2, 1, 100),
    Item::new(2, 2, 100),
    Item::new(3, 1, 80),
    Item::new(3, 2, 100),
    Item::new(3, 3, 50),
    Item::new(3, 5, 80),
    Item::new(3, 6, 100),
    Item::new(4, 1, 100),
    Item::new(4, 2, 80),
    Item::new(4, 3, 80),
    Item::new(4, 4, 100),
    Item::new(4, 5, 100),
    Item::new(5, 1, 100),
    Item::new(5, 2, 90),
];

struct ItemLine {
    number: String,
    name: String,
    /// Part, whole and share, if measured.
    part: Option<(String, String, String)>,
    href: Option<String>,
    points: Option<String>,
    most: String,
}

struct Group {
    name: String,
    points: String,
    most: String,
    lines: Vec<ItemLine>,
}

#[derive(Template)]
#[template(path = "measure/index766.html")]
struct IndexPage {
    shell: Shell,
    period: String,
    from: String,
    to: String,
    by: &'static str,
    post: String,
    agencies: Vec<Choice>,
    groups: Vec<Group>,
    least: String,
    most: String,
}

/// `GET /bao-cao/chi-so-766?dv=&tu=&den=`: what of the index dossiers tell.
pub async fn index766(State(app): State<App>, seen: Seen) -> Result<Response, Problem> {
    let (ask, catalogue, today) = (seen.ask.clone(), app.catalogue.clone(), seen.now.day());
    let now = seen.now;
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let weights = store::weights(tx, today).await?;
        let work = online_work(tx, &catalogue, &ask).await?;
        let used = store::received(tx, &Ask { by: By::Procedure, ..ask.clone() }).await?;
        let of_vaults = Behind { ask: ask.clone(), figure: Listed::Reused, keys: None, now };
        let reused = behind::count(tx, &of_vaults).await?;
        let heard = store::petitions(tx, &ask, Heard::Steps, now).await?;
        let displeased = store::displeased(tx, &ask).await?;
        Ok((weights, work, store::service(tx, &ask).await?, used, heard, displeased, reused))
    };
    let (weights, work, service, used, heard, displeased, reused) = app.site.db.read(read).await?;
    let offered = i64::try_from(app.catalogue.list().len()).unwrap_or(i64::MAX);
    let on_offer = app.catalogue.list().iter().filter(|p| p.is_online()).count();
    let on_offer = i64::try_from(on_offer).unwrap_or(i64::MAX);
    let alive = used.iter().filter(|p| p.online > 0).count();
    let shares = |item: &Item| match (item.group, item.number) {
        (2, 1) => Some((service.in_time, service.counted, Some("counted"))),
        (3, 1) => Some((on_offer, offered, None)),
        (3, 2) => Some((i64::try_from(alive).unwrap_or(0), on_offer, None)),
        (3, 3) => Some((work.dossiers_online, work.dossiers, Some("online"))),
        (3, 6) => Some((service.paid_online, service.paid, None)),
        (4, 2) => Some((service.scanned, service.received, Some("digitised"))),
        (4, 3) => Some((reused, service.received, Some("reused"))),
        (5, 1) => Some((heard.whole - heard.late, heard.whole, Some("steps"))),
        (5, 2) => Some((service.settled - displeased, service.settled, Some("displeased"))),
        _ => None,
    };
    let listed = |figure: &str| {
        let path = if figure == "steps" { super::heard::PATH } else { "/bao-cao/ho-so" };
        seen.href(path, &[("o", figure), ("theo", By::Unit.slug())])
    };
    let (mut groups, mut sum, mut open) = (Vec::new(), 0, 0);
    for (group, weight) in &weights {
        let items: Vec<&Item> = ITEMS.iter().filter(|i| i.group == *group).collect();
        // How the points of a group are split is not known to us: evenly, in hundredths.
        let most = weight * 100 / i64::try_from(items.len().max(1)).unwrap_or(1);
        let (mut points, mut lines) = (0, Vec::new());
        for item in items {
            let share = shares(item).filter(|(_, whole, _)| *whole > 0);
            let got = share.and_then(|(part, whole, _)| share_points(part, whole, item.full_at, most));
            points += got.unwrap_or(0);
            open += if got.is_none() { most } else { 0 };
            lines.push(item_line(item, share, got, most, listed));
        }
        sum += points;
        let name = say(&format!("group.{group}"), &[]);
        groups.push(Group { name, points: hundredths(points), most: hundredths(weight * 100), lines });
    }
    let view = IndexPage {
        period: pages::period(&seen.ask),
        from: month_text(seen.ask.from),
        to: month_text(seen.ask.to),
        by: seen.ask.by.slug(),
        post: seen.query.post.clone().unwrap_or_default(),
        agencies: pages::agencies(&seen),
        groups,
        least: hundredths(sum),
        most: hundredths(sum + open),
        shell: seen.shell(&app, "/bao-cao/chi-so-766", "index766"),
    };
    Ok(page::html(view))
}

/// Part, whole, and the figure that lists what was counted, if one does.
type Share = (i64, i64, Option<&'static str>);

fn item_line(
    item: &Item,
    share: Option<Share>,
    points: Option<i64>,
    most: i64,
    listed: impl Fn(&str) -> String,
) -> ItemLine {
    ItemLine {
        number: item.key().replace('_', "."),
        name: say(&format!("item.{}", item.key()), &[]),
        part: share.map(|(part, whole, _)| {
            let share = format::percent((part * 1_000 + whole / 2) / whole);
            (format::thousands(part), format::thousands(whole), share)
        }),
        href: share.and_then(|(_, _, figure)| figure).map(listed),
        points: points.map(hundredths),
        most: hundredths(most),
    }
}

fn hundredths(n: i64) -> String {
    format!("{},{:02}", format::thousands(n / 100), n % 100)
}
