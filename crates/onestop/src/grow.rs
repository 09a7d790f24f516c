//! Growing a province of invented dossiers: as many as asked for, spread over the past two years, each
//! lived through by the rules of a dossier, with the step log, audit entries, events and numbers that a
//! real life would have left. For demonstrations, for measuring, and for whoever wants to see a list
//! that is full.
//!
//! What it does not make: printed papers (each is made when somebody first asks for it) and looks at
//! people's data. Scanned papers point at a few contents that all dossiers share.

mod answers;
mod life;
#[cfg(test)]
pub(crate) mod tests;
mod world;

use std::collections::HashMap;

use base::{Day, Instant};
use db::{Act, Rows, Tx};
use directory::seed::citizens;
use directory::seed::people::{Dice, Names};
use web::Problem;

use crate::App;
use crate::dossier::store::many;
use crate::measure;
use crate::number::{self, Series};
use life::{Birth, Life, Phrases, Scan};
use world::{Office, World};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub dossiers: u64,
    /// The same seed on the same data makes the same dossiers.
    pub seed: u64,
    pub now: Instant,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grown {
    pub dossiers: u64,
    pub steps: u64,
    pub citizens: u64,
    /// Counters that had nobody to work at them, and so received nothing, are not among these.
    pub counters: usize,
}

/// Over how long the dossiers are spread.
const DAYS: i64 = 730;
/// Events are kept for so long by the roof's sweep.
const EVENTS_KEPT_DAYS: i64 = 30;
/// Dossiers in one transaction.
const BATCH: u64 = 2_500;
/// From so many dossiers on the tables let go of their indexes first, unless more dossiers are there already
/// than come: making the indexes anew reads those too.
const LOAD: u64 = 50_000;
/// The tables that take the most rows.
const TABLES: [&str; 8] = [
    "account",
    "audit_entry",
    "dossier",
    "dossier_step",
    "dossier_file",
    "dossier_result",
    "measure",
    "measure_person",
];
/// Citizens in one transaction.
const CITIZENS_BATCH: u64 = 5_000;
/// Dossiers for one invented citizen, about.
const DOSSIERS_PER_CITIZEN: u64 = 3;

/// Grows a province. `progress` hears what is being made, how much is done, and of how much.
pub async fn grow(app: &App, plan: Plan, mut progress: impl FnMut(&str, u64, u64)) -> Result<Grown, Problem> {
    let catalogue = app.catalogue.clone();
    let now = plan.now;
    let db = &app.site.db;
    let world = db.read(async move |tx: &mut Tx| world::read(tx, &catalogue, now).await).await?;
    if world.offices.is_empty() {
        return Err(Problem::fault("no counter has officials for a single procedure: load people first"));
    }
    let there: i64 =
        db.read(async move |tx: &mut Tx| tx.get("select count(*) from dossier", db::args![]).await).await?;
    let there = there.unsigned_abs();
    if plan.dossiers >= LOAD && plan.dossiers >= there {
        db.let_go_of_indexes(&TABLES).await?;
    }
    let grown = fill(app, world, plan, there, &mut progress).await?;
    db.make_indexes(|done, total| progress("indexes", done as u64, total as u64)).await?;
    Ok(grown)
}

async fn fill(
    app: &App,
    world: World,
    plan: Plan,
    there: u64,
    progress: &mut impl FnMut(&str, u64, u64),
) -> Result<Grown, Problem> {
    let (db, now) = (&app.site.db, plan.now);
    let citizens = (plan.dossiers / DOSSIERS_PER_CITIZEN).max(1);
    put_citizens(app, citizens, now, progress).await?;
    let scans = put_scans(app, now).await?;
    let (books, series) = db
        .read(async |tx: &mut Tx| -> db::Result<_> {
            let series = (Series::read(tx, "dossier").await?, Series::read(tx, "result").await?);
            Ok((number::list_books(tx).await?, series))
        })
        .await?;
    let counters = world.offices.len();
    // What is there already changes the dice, so that a second load makes other dossiers.
    let dice = Dice::new(plan.seed ^ (there << 20));
    let grower = Grower::new(world, scans, citizens, plan, dice, books, series);
    let steps = write_all(app, grower, plan, progress).await?;
    Ok(Grown { dossiers: plan.dossiers, steps, citizens, counters })
}

/// Invents on one thread while the database writes on another.
async fn write_all(
    app: &App,
    mut grower: Grower,
    plan: Plan,
    progress: &mut impl FnMut(&str, u64, u64),
) -> Result<u64, Problem> {
    let (to, mut batches) = tokio::sync::mpsc::channel::<Result<Batch, Problem>>(1);
    let inventing = tokio::task::spawn_blocking(move || {
        while let Some(batch) = grower.next_batch() {
            let failed = batch.is_err();
            if to.blocking_send(batch).is_err() || failed {
                return;
            }
        }
    });
    let (mut done, mut steps) = (0, 0);
    progress("dossiers", 0, plan.dossiers);
    while let Some(batch) = batches.recv().await {
        let batch = std::sync::Arc::new(batch?);
        done += batch.dossiers;
        steps += batch.steps;
        let act = Act::system("onestop.grow", done.to_string(), plan.now);
        app.site.db.write(act, async move |tx: &mut Tx| save(tx, &batch).await).await?;
        progress("dossiers", done, plan.dossiers);
    }
    inventing.await.map_err(|e| Problem::fault(format!("inventing ended: {e}")))?;
    Ok(steps)
}

async fn save(tx: &mut Tx, batch: &Batch) -> Result<(), Problem> {
    for rows in &batch.rows {
        rows.put(tx).await?;
    }
    number::save_books(tx, &batch.books).await?;
    for (hash, rows) in &batch.scans {
        db::blobs::commit_times(tx, hash, *rows).await?;
    }
    db::audit::put_past(tx, &batch.acts).await?;
    Ok(())
}

/// What one transaction writes, made ready for it: the writer has nothing to do but write.
struct Batch {
    dossiers: u64,
    steps: u64,
    /// In an order in which each row finds those it names.
    rows: Vec<Rows>,
    books: Vec<(String, i64)>,
    scans: Vec<(db::blobs::Hash, i64)>,
    acts: Vec<Act>,
}

fn rows(lives: &[Life], events: &[db::outbox::Event]) -> Vec<Rows> {
    let measured = lives.iter().map(|l| (measure::about(&l.dossier, !l.files.is_empty()), &l.facts));
    vec![
        many::dossiers(lives.iter().map(|l| &l.dossier)),
        many::lines(lives.iter().flat_map(|l| &l.log)),
        many::files(lives.iter().flat_map(|l| l.files.iter().map(|f| (l.dossier.id, f)))),
        many::decisions(lives.iter().filter_map(|l| Some((l.dossier.id, l.decision.as_ref()?)))),
        measure::store::first_rows(measured),
        measure::store::people(lives.iter().map(|l| (l.dossier.id, &l.facts))),
        measure::store::missed(lives.iter().map(|l| (l.dossier.id, &l.facts))),
        db::outbox::heard(events),
    ]
}

/// The next numbers of the books, and which of them have moved since the last batch.
struct Books {
    last: HashMap<String, i64>,
    moved: HashMap<String, i64>,
}

impl Books {
    fn next(&mut self, book: String) -> i64 {
        let last = self.last.entry(book).or_default();
        *last += 1;
        *last
    }
}

struct Grower {
    world: World,
    phrases: Phrases,
    names: Names,
    scans: Vec<Scan>,
    citizens: u64,
    plan: Plan,
    dice: Dice,
    books: Books,
    codes: Series,
    results: Series,
    /// The working days over which dossiers are spread.
    days: Vec<Day>,
    done: u64,
    /// Deeds and events later than what has been written, so that book and outbox go by time.
    acts: Vec<Act>,
    events: Vec<db::outbox::Event>,
    /// For the choice of a counter: the sums of weights up to each.
    weights: Vec<u32>,
}

impl Grower {
    fn new(
        world: World,
        scans: Vec<Scan>,
        citizens: u64,
        plan: Plan,
        dice: Dice,
        books: Vec<(String, i64)>,
        (codes, results): (Series, Series),
    ) -> Grower {
        let first = plan.now.day().plus(-DAYS);
        let calendar = &world.offices[0].calendar;
        let days: Vec<Day> =
            (0..DAYS).map(|n| first.plus(n)).filter(|day| calendar.is_working_day(*day)).collect();
        let mut sum = 0;
        let weights = world.offices.iter().map(|o| (sum += o.weight, sum).1).collect();
        let phrases = toml::from_str(include_str!("grow/phrases.toml")).expect("compiled in and tested");
        let books = Books { last: books.into_iter().collect(), moved: HashMap::new() };
        let (acts, events) = (Vec::new(), Vec::new());
        let names = citizens::names();
        Grower {
            world,
            phrases,
            names,
            scans,
            citizens,
            plan,
            dice,
            books,
            codes,
            results,
            days,
            done: 0,
            acts,
            events,
            weights,
        }
    }

    fn next_batch(&mut self) -> Option<Result<Batch, Problem>> {
        let left = self.plan.dossiers - self.done;
        if left == 0 {
            return None;
        }
        let mut lives = Vec::with_capacity(usize::try_from(left.min(BATCH)).unwrap_or(0));
        for _ in 0..left.min(BATCH) {
            match self.life() {
                Ok(life) => lives.push(life),
                Err(problem) => return Some(Err(problem)),
            }
            self.done += 1;
        }
        Some(Ok(self.batch(lives)))
    }

    fn batch(&mut self, mut lives: Vec<Life>) -> Batch {
        let mut scans: HashMap<db::blobs::Hash, i64> = HashMap::new();
        for life in &mut lives {
            self.acts.append(&mut life.acts);
            self.events.append(&mut life.events);
            life.files.iter().for_each(|f| *scans.entry(f.sha256).or_default() += 1);
        }
        // Nothing that comes later can be earlier than the next filing.
        let horizon =
            if self.done == self.plan.dossiers { Instant::MAX } else { self.filing_time(self.done) };
        let mut acts = take_before(&mut self.acts, horizon, |a| a.at);
        let mut events = take_before(&mut self.events, horizon, |e| e.at);
        acts.sort_by_key(|a| a.at);
        events.sort_by_key(|e| e.at);
        let mut scans: Vec<_> = scans.into_iter().collect();
        scans.sort_by_key(|(hash, _)| *hash);
        let mut books: Vec<_> = self.books.moved.drain().collect();
        books.sort();
        Batch {
            dossiers: lives.len() as u64,
            steps: lives.iter().map(|l| l.log.len() as u64).sum(),
            rows: rows(&lives, &events),
            books,
            scans,
            acts,
        }
    }

    /// When the n-th dossier is filed: evenly over the working days, and over the hours of each.
    fn filing_time(&self, n: u64) -> Instant {
        const FIRST_MINUTE: u16 = 7 * 60;
        const SECONDS: u64 = 9 * 3_600;
        let days = self.days.len() as u64;
        let place = n * days / self.plan.dossiers;
        let day = self.days[usize::try_from(place).unwrap_or(0).min(self.days.len() - 1)];
        let of_day = n * days % self.plan.dossiers;
        let second = of_day * SECONDS / self.plan.dossiers;
        day.at(FIRST_MINUTE).plus_seconds(i64::try_from(second).unwrap_or(0))
    }

    fn life(&mut self) -> Result<Life, Problem> {
        let total = *self.weights.last().expect("a world has an office");
        let ticket = self.dice.below(total);
        let at = self.weights.partition_point(|sum| *sum <= ticket);
        let office: &Office = &self.world.offices[at];
        let kinds = u32::try_from(office.kinds.len()).unwrap_or(u32::MAX);
        // The first ones are asked for most.
        let (a, b) = (self.dice.below(kinds), self.dice.below(kinds));
        let kind = &office.kinds[a.min(b) as usize];
        let online = kind.sample.is_some() && self.dice.below(100) < 60;
        let citizen = citizens::citizen(self.dice.bits() % self.citizens, &self.names);
        let filed_at = self.filing_time(self.done);
        let day = filed_at.day();
        let book = self.codes.book(&office.ident, day);
        let n = self.books.next(book.clone());
        self.books.moved.insert(book, n);
        let code = self.codes.nth(n, &[("ident", &office.ident)], day);
        let code =
            code.ok_or_else(|| Problem::fault(format!("the book of {} is full on {day}", office.ident)))?;
        let birth = Birth {
            world: &self.world,
            office,
            kind,
            phrases: &self.phrases,
            scans: &self.scans,
            citizen: &citizen,
            code,
            filed_at,
            online,
            now: self.plan.now,
            events_since: self.plan.now.plus_days(-EVENTS_KEPT_DAYS),
        };
        let (books, results) = (&mut self.books, &self.results);
        let mut number = |office: &Office, day: Day| {
            let book = results.book(office.agency.as_str(), day);
            let n = books.next(book.clone());
            books.moved.insert(book, n);
            results.nth(n, &[], day)
        };
        life::live(birth, &mut self.dice, &mut number)
    }
}

/// Takes out what lies before `horizon`.
fn take_before<T>(list: &mut Vec<T>, horizon: Instant, at: impl Fn(&T) -> Instant) -> Vec<T> {
    let (now, later) = std::mem::take(list).into_iter().partition(|x| at(x) < horizon);
    *list = later;
    now
}

async fn put_citizens(
    app: &App,
    total: u64,
    now: Instant,
    progress: &mut impl FnMut(&str, u64, u64),
) -> Result<(), Problem> {
    let names = citizens::names();
    let mut from = 0;
    while from < total {
        let to = (from + CITIZENS_BATCH).min(total);
        let people: Vec<_> = (from..to).map(|n| citizens::citizen(n, &names)).collect();
        let act = Act::system("onestop.grow-citizens", to.to_string(), now);
        let put = async move |tx: &mut Tx| citizens::put_citizens(tx, &people, now).await;
        app.site.db.write(act, put).await?;
        progress("citizens", to, total);
        from = to;
    }
    Ok(())
}

/// The contents that stand for scanned papers: small pages of our own making.
async fn put_scans(app: &App, now: Instant) -> Result<Vec<Scan>, Problem> {
    let mut scans = Vec::new();
    for n in 1..=4_u32 {
        let bytes = page(n);
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let act = Act::system("onestop.grow-scan", n.to_string(), now);
        let sha256 = app.site.blobs.store(&app.site.db, act, bytes).await?;
        scans.push(Scan { sha256, size });
    }
    Ok(scans)
}

/// A PDF of one page that says which sample it is.
fn page(n: u32) -> Vec<u8> {
    let text = format!("BT /F1 24 Tf 72 760 Td (Sample paper {n}: an invented dossier) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_string(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_string(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_string(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_string(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", i + 1));
    }
    let table = pdf.len();
    pdf.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    places.iter().for_each(|at| pdf.push_str(&format!("{at:010} 00000 n \n")));
    let size = objects.len() + 1;
    pdf.push_str(&format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"));
    pdf.into_bytes()
}
