//! Fills an empty installation from a province file: units, calendar, and for a demonstration people.
//!
//! Everything is deterministic and idempotent: loading again adds what is missing and touches nothing
//! that is there, so a load cut off in the middle is finished by the next start.

use std::collections::HashSet;
use std::fmt;

use base::{Day, Instant};
use db::{Act, Db, Tx, Value, args};
use serde::Serialize;

pub mod citizens;
pub mod file;
pub mod people;
pub mod units;

use file::File;
use people::{Dice, Names, SeedOfficial};
use units::{BadFile, SeedUnit};

use crate::account::{AccountId, Kind, PostId, store::sort_key};
use crate::role::Role;
use crate::signin::password;
use crate::unit::UnitId;
use crate::working_time;

/// The provinces that ship with the program, by the name that `--province` takes.
pub const PROVINCES: [&str; 2] = ["vinh-long", "vinh-long-2025"];

/// A province file that has been read and checked.
#[derive(Clone, Debug)]
pub struct Province {
    /// Its name among [`PROVINCES`].
    pub key: &'static str,
    file: File,
    units: Vec<SeedUnit>,
    names: Names,
}

impl Province {
    /// The province with this name; none when there is no such file.
    ///
    /// # Panics
    /// When a file that ships with the program cannot be read: a test reads each of them.
    pub fn named(name: &str) -> Option<Province> {
        let (key, text) = match name {
            "vinh-long" => (PROVINCES[0], include_str!("../provinces/vinh-long.toml")),
            "vinh-long-2025" => (PROVINCES[1], include_str!("../provinces/vinh-long-2025.toml")),
            _ => return None,
        };
        let read = Province::read(key, text);
        Some(read.expect("the province files are compiled in and read by tests"))
    }

    fn read(key: &'static str, text: &str) -> Result<Province, BadFile> {
        let file: File = toml::from_str(text).map_err(|e| BadFile(e.to_string()))?;
        let names = toml::from_str(include_str!("../provinces/names.toml"));
        let names: Names = names.map_err(|e| BadFile(e.to_string()))?;
        let units = units::expand(&file)?;
        Ok(Province { key, file, units, names })
    }

    /// All units, in order.
    pub fn units(&self) -> &[SeedUnit] {
        &self.units
    }

    /// The file as read.
    pub fn file(&self) -> &File {
        &self.file
    }

    fn id_of(&self, code: &str) -> UnitId {
        UnitId::new(code, self.file.valid_from)
    }

    /// Everybody the staff rules invent; the same people every time.
    pub fn officials(&self) -> Vec<SeedOfficial> {
        let mut dice = Dice::new(SEED);
        let mut taken: HashSet<String> = self.file.demo.officials.iter().map(|o| o.login.clone()).collect();
        people::staff(&self.units, &self.file.staff_rules, &self.names, &mut dice, &mut taken)
    }

    /// The people one may sign in as, for `demo-accounts.json`.
    pub fn demo_accounts(&self) -> Vec<DemoAccount> {
        let name_of = |code: &str| {
            self.units.iter().find(|u| u.code == code).map_or_else(|| code.to_string(), |u| u.name.clone())
        };
        let password = &self.file.demo.password;
        let officials = self.file.demo.officials.iter().map(|o| DemoAccount {
            login: o.login.clone(),
            password: password.clone(),
            name: o.name.clone(),
            unit: o.posts.first().map(|p| name_of(&p.unit)),
            unit_code: o.posts.first().map(|p| p.unit.clone()),
            roles: o.posts.iter().map(|p| p.role).collect(),
        });
        let citizens = self.file.demo.citizens.iter().map(|c| DemoAccount {
            login: c.personal_number.clone(),
            password: password.clone(),
            name: c.name.clone(),
            unit: None,
            unit_code: None,
            roles: vec![Role::Citizen],
        });
        citizens.chain(officials).collect()
    }
}

/// Where the invented people begin.
const SEED: u64 = 0x6375_756C_6F6E_6721;
/// Officials stored in one transaction.
const BATCH: usize = 1_000;

/// Somebody one may sign in as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoAccount {
    pub login: String,
    pub password: String,
    pub name: String,
    /// The name of the unit of the first post; none for citizens.
    pub unit: Option<String>,
    pub unit_code: Option<String>,
    pub roles: Vec<Role>,
}

/// Why nothing could be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The data belongs to another province or frame.
    OtherProvince { there: String, asked: &'static str },
    /// The file contradicts itself.
    File(BadFile),
    /// The store refused.
    Store(db::Error),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::OtherProvince { there, asked } => {
                write!(f, "the data is that of province {there}, not of {asked}")
            }
            LoadError::File(e) => e.fmt(f),
            LoadError::Store(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<db::Error> for LoadError {
    fn from(e: db::Error) -> LoadError {
        LoadError::Store(e)
    }
}

/// What a load did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Units of the province.
    pub units: usize,
    /// Officials stored now; 0 when they were there already.
    pub officials: usize,
    /// Accounts of the demonstration.
    pub demo: usize,
}

/// Loads a province with its units, calendar, invented officials and demonstration accounts.
/// `progress` hears what is being loaded, how much is done, and of how much.
pub async fn load(
    db: &Db,
    province: &Province,
    now: Instant,
    mut progress: impl FnMut(&str, usize, usize),
) -> Result<Loaded, LoadError> {
    let units = load_units(db, province, now, &mut progress).await?;
    if is_seeded(db, "people").await? {
        return Ok(Loaded { units, officials: 0, demo: province.file.demo.officials.len() });
    }
    let officials = load_officials(db, province, now, &mut progress).await?;
    let demo = load_demo(db, province, now, &mut progress).await?;
    mark(db, "people", now).await?;
    Ok(Loaded { units, officials, demo })
}

/// Loads a province with the demonstration's accounts and without the thousands of invented officials:
/// enough for stories told in tests, in a fraction of the time.
pub async fn load_small(db: &Db, province: &Province, now: Instant) -> Result<(), LoadError> {
    let mut silent = |_: &str, _: usize, _: usize| {};
    load_units(db, province, now, &mut silent).await?;
    load_demo(db, province, now, &mut silent).await?;
    Ok(())
}

/// Loads a province without people: what an installation for real begins with. How many units.
pub async fn load_units(
    db: &Db,
    province: &Province,
    now: Instant,
    progress: &mut impl FnMut(&str, usize, usize),
) -> Result<usize, LoadError> {
    let there: Option<String> = db
        .read(async |tx: &mut Tx| -> db::Result<_> { tx.find("select seeded from province", args![]).await })
        .await?;
    let total = province.units.len();
    match there {
        Some(key) if key.split(' ').next() == Some(province.key) => return Ok(total),
        Some(there) => {
            let there = there.split(' ').next().unwrap_or_default().to_string();
            return Err(LoadError::OtherProvince { there, asked: province.key });
        }
        None => {}
    }
    progress("units", 0, total);
    let copy = province.clone();
    let act = Act::system("directory.load_province", province.key, now);
    db.write(act, async move |tx: &mut Tx| put_province(tx, &copy, now).await).await?;
    progress("units", total, total);
    Ok(total)
}

async fn put_province(tx: &mut Tx, province: &Province, now: Instant) -> db::Result<()> {
    let file = &province.file;
    put_units(tx, province).await?;
    working_time::put_holidays(tx, base::calendar::national()).await?;
    for (level, answered_by) in &file.levels {
        let sql = "insert into level_rule (level, answered_by) values ($1, $2)";
        tx.change(sql, args![level, answered_by]).await?;
    }
    let root = province.id_of(&file.code);
    tx.change(
        "insert into office_hours (unit, hours, source) values ($1, $2, $3)",
        args![root, file.office_hours, "province file"],
    )
    .await?;
    tx.change(
        "insert into province (code, name, short_name, frame, owner, hotline, ident, ident_qd20, root,
                               procedure_levels, registration_open, confirm_on_registration, seeded,
                               loaded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        args![
            file.code,
            file.name,
            file.short_name,
            file.frame,
            file.owner,
            file.hotline,
            file.ident,
            file.ident_qd20,
            root,
            file.procedure_levels,
            file.registration_open,
            file.confirm_on_registration,
            province.key,
            now
        ],
    )
    .await?;
    Ok(())
}

async fn put_units(tx: &mut Tx, province: &Province) -> db::Result<()> {
    let day: Day = province.file.valid_from;
    let (mut rows, mut functions, mut successors) = (Vec::new(), Vec::new(), Vec::new());
    for (position, unit) in province.units.iter().enumerate() {
        let id = province.id_of(&unit.code);
        let parent = unit.parent.as_deref().map(|p| province.id_of(p));
        own(
            &mut rows,
            args![
                id,
                unit.code,
                day,
                unit.name,
                base::text::fold(&unit.name),
                unit.kind,
                unit.level,
                unit.territory,
                unit.functions.first(),
                parent,
                unit.symbol,
                unit.ident,
                unit.invented,
                unit.source,
                unit.doubt,
                i64::try_from(position).unwrap_or(i64::MAX)
            ],
        );
        for function in &unit.functions {
            own(&mut functions, args![id, function]);
        }
        for (i, successor) in unit.successors.iter().enumerate() {
            own(&mut successors, args![id, successor, i == 0]);
        }
    }
    tx.many(
        "insert into unit (id, code, valid_from, name, name_folded, kind, level, territory, function, parent,
                           symbol, ident, invented, source, doubt, position) values",
        16,
        &rows,
        "",
    )
    .await?;
    tx.many("insert into unit_function (unit, function) values", 2, &functions, "").await?;
    tx.many("insert into unit_successor (unit, successor, fallback) values", 3, &successors, "").await?;
    Ok(())
}

/// Adds a row's values, owned, to the rows of one statement.
fn own(rows: &mut Vec<Value<'static>>, row: &[Value<'_>]) {
    rows.extend(row.iter().map(|v| v.clone().into_owned()));
}

async fn load_officials(
    db: &Db,
    province: &Province,
    now: Instant,
    progress: &mut impl FnMut(&str, usize, usize),
) -> Result<usize, LoadError> {
    let officials = province.officials();
    let total = officials.len();
    let mut dice = Dice::new(SEED ^ 1);
    progress("officials", 0, total);
    for (i, batch) in officials.chunks(BATCH).enumerate() {
        let (mut accounts, mut posts) = (Vec::new(), Vec::new());
        for official in batch {
            push_official(province, official, &mut dice, now, &mut accounts, &mut posts);
        }
        let act = Act::system("directory.load_officials", "", now);
        let put = db.write(act, async move |tx: &mut Tx| -> db::Result<()> {
            tx.many(INSERT_ACCOUNT, 9, &accounts, "on conflict do nothing").await?;
            tx.many(INSERT_POST, 6, &posts, "on conflict do nothing").await?;
            Ok(())
        });
        put.await?;
        progress("officials", (i * BATCH + batch.len()).min(total), total);
    }
    Ok(total)
}

const INSERT_ACCOUNT: &str = "insert into account (id, kind, login, name, name_folded, sort_key, email,
                          confirmed_at, created_at) values";
const INSERT_POST: &str = "insert into post (id, account, unit, role, title, valid_from) values";

fn push_official(
    province: &Province,
    official: &SeedOfficial,
    dice: &mut Dice,
    now: Instant,
    accounts: &mut Vec<Value<'static>>,
    posts: &mut Vec<Value<'static>>,
) {
    // Ids made from the seed's own time: loading again finds the same rows.
    let born = province.file.valid_from.at(0).micros();
    let id: AccountId = dice.id(born).parse().expect("made in the canonical form");
    let post: PostId = dice.id(born).parse().expect("made in the canonical form");
    own(
        accounts,
        args![
            id,
            Kind::Official,
            official.login,
            official.name,
            base::text::fold(&official.name),
            sort_key(&official.name, id),
            None::<String>,
            now,
            now
        ],
    );
    let unit = province.id_of(&official.unit);
    own(posts, args![post, id, unit, official.role, official.title, province.file.valid_from]);
}

async fn load_demo(
    db: &Db,
    province: &Province,
    now: Instant,
    progress: &mut impl FnMut(&str, usize, usize),
) -> Result<usize, LoadError> {
    let demo = &province.file.demo;
    let total = demo.officials.len() + demo.citizens.len();
    progress("demo accounts", 0, total);
    // One password known to everybody needs one hash.
    let hash = password::hash_now(&demo.password)
        .map_err(|e| LoadError::Store(db::Error::Fault(format!("a password was not hashed: {e}"))))?;
    let copy = province.clone();
    let act = Act::system("directory.load_demo", "", now);
    db.write(act, async move |tx: &mut Tx| put_demo(tx, &copy, &hash, now).await).await?;
    progress("demo accounts", total, total);
    Ok(total)
}

async fn put_demo(tx: &mut Tx, province: &Province, hash: &str, now: Instant) -> db::Result<()> {
    use crate::account::store::{New, insert};
    let mut dice = Dice::new(SEED ^ 2);
    let born = province.file.valid_from.at(0).micros();
    let mut next = || dice.id(born);
    let blank = |id, kind, login, name| New {
        id,
        kind,
        login,
        password_hash: Some(hash),
        password_once: false,
        name,
        personal_number: None,
        phone: None,
        email: None,
        address: None,
        confirmed_at: Some(now),
        created_at: now,
    };
    for citizen in &province.file.demo.citizens {
        let id: AccountId = next().parse().expect("made in the canonical form");
        let number = citizen.personal_number.as_str();
        let new = New {
            personal_number: Some(number),
            phone: Some(&citizen.phone),
            address: Some(&citizen.address),
            ..blank(id, Kind::Citizen, number, citizen.name.as_str())
        };
        insert(tx, &new).await?;
    }
    for official in &province.file.demo.officials {
        let id: AccountId = next().parse().expect("made in the canonical form");
        let fresh =
            insert(tx, &blank(id, Kind::Official, official.login.as_str(), official.name.as_str())).await?;
        for post in &official.posts {
            let post_id: PostId = next().parse().expect("made in the canonical form");
            if !fresh {
                continue;
            }
            let unit = province.id_of(&post.unit);
            tx.change(
                "insert into post (id, account, unit, role, title, valid_from)
                 values ($1, $2, $3, $4, $5, $6)",
                args![post_id, id, unit, post.role, post.title, province.file.valid_from],
            )
            .await?;
        }
    }
    Ok(())
}

/// Has this part of the seed been loaded to its end? The words stand in `province.seeded`.
async fn is_seeded(db: &Db, part: &'static str) -> db::Result<bool> {
    let seeded: String = db
        .read(async |tx: &mut Tx| -> db::Result<_> { tx.get("select seeded from province", args![]).await })
        .await?;
    Ok(seeded.split(' ').any(|p| p == part))
}

async fn mark(db: &Db, part: &'static str, now: Instant) -> db::Result<()> {
    let act = Act::system("directory.loaded", part, now);
    db.write(act, async move |tx: &mut Tx| -> db::Result<()> {
        tx.change_one("update province set seeded = seeded || ' ' || $1", args![part]).await
    })
    .await
}
