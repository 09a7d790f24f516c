//! Months of a commune and its district, driven by one seed: citizens file, officials work, money comes,
//! and the process dies in between. What was acknowledged and what must hold is checked on the way and at
//! the end by rules of their own. The same seed is the same world.
//!
//! `CUULONG_SIM_SEED` chooses the seed, `CUULONG_SIM_DAYS` how long the world lives.

mod acts;
mod delivery;
mod harm;
mod rng;
mod steps;

use std::collections::HashMap;

use base::Instant;
use cuulong::open;
use db::{Blobs, Config, Db, Tx, args, blobs};
use directory::seed::{self, Province};
use suite::person::Person;
use suite::town::people::*;
use suite::town::{Town, morning};

use crate::checks::snapshot::Snapshot;
use crate::checks::{Ledger, faults, faults_of};
use rng::Rng;

/// How long a world lives where nobody says otherwise: some half a minute on two busy cores.
const DAYS: u64 = 45;
const ACTS_PER_DAY: usize = 8;
/// How many acts are told when something is wrong.
const TOLD_MAX: usize = 40;
const CITIZENS: usize = 300;
/// Officials who work beside each one of the stories.
const COLLEAGUES: usize = 5;

/// A place, its people, and what they were told.
pub struct World {
    seed: u64,
    rng: Rng,
    now: Instant,
    config: Config,
    folder: tempfile::TempDir,
    town: Option<Town>,
    citizens: Vec<String>,
    /// Who sits where: the logins for each login of the stories.
    seats: HashMap<&'static str, Vec<String>>,
    ledger: Ledger,
    dossiers: Vec<acts::Known>,
    notices: Vec<onestop::Notice>,
    petitions: Vec<acts::Sent>,
    /// How many requests, files and notices there were: for their names.
    named: usize,
    acts: Vec<String>,
}

impl Drop for World {
    /// A world that ends in a panic says how to live it again.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let told = self.acts.len().saturating_sub(TOLD_MAX);
            eprintln!("the last acts of the world with CUULONG_SIM_SEED={}:", self.seed);
            for (at, act) in self.acts.iter().enumerate().skip(told) {
                eprintln!("{at:>5} {act}");
            }
        }
    }
}

impl World {
    /// A young world at this database; empty: a file of its own.
    pub async fn new(seed: u64, url: &str) -> World {
        let folder = tempfile::tempdir().expect("a folder for the world");
        let own = format!("sqlite:{}", folder.path().join("world.db").display());
        let config = Config::new(if url.is_empty() { own } else { url.into() });
        let db = Db::open(&config).await.expect("an empty database opens");
        db.migrate(&open::migrations()).await.expect("the migrations fit");
        let province = Province::named("vinh-long").expect("it ships with the program");
        seed::load_small(&db, &province, morning()).await.expect("an empty database takes a province");
        onestop::seed(&db, morning()).await.expect("the number schemes fit");
        onestop::seed_demo(&db, morning()).await.expect("the invented accounts fit");
        let mut world = World {
            seed,
            rng: Rng::new(seed),
            now: morning(),
            config,
            folder,
            town: None,
            citizens: Vec::new(),
            seats: HashMap::new(),
            ledger: Ledger::default(),
            dossiers: Vec::new(),
            notices: Vec::new(),
            petitions: Vec::new(),
            named: 0,
            acts: Vec::new(),
        };
        world.populate(&db).await;
        db.close().await;
        world.wakes().await;
        world
    }

    /// Hundreds of citizens and tens of officials, like those of the stories.
    async fn populate(&mut self, db: &Db) {
        let seats = [CLERK, REGISTRAR, CHAIRMAN, DISTRICT_CLERK, DISTRICT_ENGINEER, DISTRICT_CHAIRMAN];
        for login in seats {
            let mut all = vec![login.to_string()];
            all.extend((1..COLLEAGUES).map(|n| format!("{login}.{n}")));
            for new in &all[1..] {
                like(db, login, new, None).await;
            }
            self.seats.insert(login, all);
        }
        for n in 0..CITIZENS {
            let number = format!("0860901{n:05}");
            like(db, CITIZEN, &number, Some(&number)).await;
            self.citizens.push(number);
        }
    }

    /// Opens what is there, as a process does when it starts.
    async fn wakes(&mut self) {
        let db = Db::open(&self.config).await.expect("the database opens");
        let place = blobs::Config::folder(&self.folder.path().join("blobs"));
        let blobs = Blobs::open(&place).await.expect("the folder opens");
        let town = Town::around(db, blobs, self.folder.path()).await;
        town.hand.set(self.now);
        self.town = Some(town);
    }

    /// The process is gone without a goodbye, and another one starts.
    async fn dies(&mut self) {
        self.tells("the process dies");
        self.town = None;
        self.wakes().await;
    }

    fn town(&self) -> &Town {
        self.town.as_ref().expect("a process runs between two deaths")
    }

    fn tells(&mut self, act: impl std::fmt::Display) {
        self.acts.push(format!("{} {act}", self.now));
    }

    fn name(&mut self, kind: &str) -> String {
        self.named += 1;
        format!("{kind}-{}", self.named)
    }

    async fn later(&mut self, minutes: i64) {
        self.now = self.now.plus_minutes(minutes);
        self.town().hand.set(self.now);
    }

    /// Somebody who has just signed in.
    async fn person(&mut self, login: &str) -> Person {
        self.town().token(login).await
    }

    /// Somebody who sits where this person of the stories sits.
    async fn seat(&mut self, login: &'static str) -> Person {
        let who = self.rng.pick(&self.seats[login]).clone();
        self.person(&who).await
    }

    /// Lives so many days.
    pub async fn lives(&mut self, days: u64) {
        for day in 1..=days {
            for _ in 0..ACTS_PER_DAY {
                let minutes = 10 + self.rng.below(110) as i64;
                self.later(minutes).await;
                self.acts_once().await;
            }
            self.goes_to_bed().await;
            if day % 15 == 0 {
                self.holds().await;
            }
        }
        self.comes_to_rest().await;
    }

    /// Until seven o'clock of the next morning, now and then with nothing delivered in between.
    async fn goes_to_bed(&mut self) {
        if self.rng.happens(80) {
            self.delivers().await;
        }
        let next = self.now.day().next().at(7 * 60);
        let next = if next > self.now { next } else { next.plus_days(1) };
        self.later(self.now.minutes_until(next)).await;
    }

    /// Everything that waits is done, however often it takes.
    async fn comes_to_rest(&mut self) {
        for _ in 0..20 {
            self.later(61).await;
            if self.delivers_all().await {
                break;
            }
        }
        let town = self.town();
        let found = faults(&town.opened.site.db, &town.opened.site.blobs).await;
        assert!(found.is_empty(), "{found:#?}");
        let snapshot = self.snapshot().await;
        let lost = self.ledger.faults(&snapshot);
        assert!(lost.is_empty(), "{lost:#?}");
        let numbers: Vec<&String> = snapshot.petitions.iter().map(|petition| &petition.number).collect();
        let sent = |sent: &acts::Sent| numbers.contains(&&sent.number);
        assert!(self.petitions.iter().all(sent) && self.petitions.len() == numbers.len());
        // Thrown away and counted anew, the figures are the same.
        onestop::rebuild_measures(&town.opened.onestop, &town.opened.site.db)
            .await
            .expect("they are counted");
        assert!(self.snapshot().await.measures == snapshot.measures, "the figures differ when counted anew");
    }

    /// What must hold also while things are under way.
    async fn holds(&mut self) {
        let snapshot = self.snapshot().await;
        let mut found = faults_of(&snapshot);
        found.retain(|(check, _)| !["papers", "figures", "quiet"].contains(check));
        found.extend(self.ledger.faults(&snapshot).into_iter().map(|why| ("ledger", why)));
        assert!(found.is_empty(), "{found:#?}");
    }

    async fn snapshot(&self) -> Snapshot {
        let db = &self.town().opened.site.db;
        db.read(async |tx: &mut Tx| Snapshot::read(tx).await).await.expect("the tables can be read")
    }

    /// What happened, line by line, for comparing two worlds.
    pub fn story(&self) -> String {
        self.acts.join("\n")
    }
}

db::record! { struct Post { unit: String, role: String, title: String, valid_from: String } }

/// One more account like another, with its posts.
async fn like(db: &Db, login: &str, new: &str, number: Option<&str>) {
    enum AccountKind {}
    let (login, new, number) = (login.to_string(), new.to_string(), number.map(str::to_string));
    let id = base::Id::<AccountKind>::fresh().to_string();
    let copy = async move |tx: &mut Tx| -> db::Result<()> {
        let account = "insert into account (id, kind, login, password_hash, name, name_folded, sort_key,
                personal_number, phone, email, address, confirmed_at, created_at)
            select $1, kind, $2, password_hash, name, name_folded, sort_key, $3, phone, email, address,
                confirmed_at, created_at from account where login = $4";
        tx.change_one(account, args![id, new, number, login]).await?;
        let posts = "select p.unit, p.role, p.title, p.valid_from from post p
            join account a on a.id = p.account where a.login = $1";
        for post in tx.list::<Post>(posts, args![login]).await? {
            let sql = "insert into post (id, account, unit, role, title, valid_from)
                values ($1, $2, $3, $4, $5, $6)";
            let fresh = base::Id::<AccountKind>::fresh();
            tx.change_one(sql, args![fresh, id, post.unit, post.role, post.title, post.valid_from]).await?;
        }
        Ok(())
    };
    db.upkeep(copy).await.expect("an account like another fits");
}

fn chosen(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(otherwise, |n| n.parse().unwrap_or_else(|_| panic!("{name} is not a number: {n}")))
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime for the world")
}

#[test]
fn months_of_a_commune_lose_nothing_on_sqlite() {
    runtime().block_on(async {
        let mut world = World::new(chosen("CUULONG_SIM_SEED", 20_260_820), "").await;
        world.lives(chosen("CUULONG_SIM_DAYS", DAYS)).await;
    });
}

#[test]
fn weeks_of_a_commune_lose_nothing_on_postgresql() {
    runtime().block_on(async {
        let schema = db::testing::Schema::create().await;
        let mut world = World::new(chosen("CUULONG_SIM_SEED", 1_945), &schema.url).await;
        world.lives(chosen("CUULONG_SIM_DAYS", 10)).await;
        drop(world);
        schema.remove().await;
    });
}

#[test]
fn the_same_seed_is_the_same_world_and_another_one_is_another() {
    runtime().block_on(async {
        let mut stories = Vec::new();
        for seed in [7, 7, 8] {
            let mut world = World::new(seed, "").await;
            world.lives(3).await;
            stories.push(world.story());
        }
        assert_eq!(stories[0], stories[1]);
        assert_ne!(stories[1], stories[2]);
    });
}
