//! What lines are read against: counters, agencies, calendars and procedures, looked up once each; and the
//! thread that reads a file while the database works.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use base::{Day, Instant};
use db::Tx;
use directory::UnitId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use web::Problem;
use web::words::Lang;

use super::Finding;
use super::columns::{Table, squeezed};
use super::read::{self, Line};
use super::rules::{self, Book, Coming, Ground, Person, Seat, Then, Vocabulary};
use super::words::WORDS;
use crate::catalogue::{Catalogue, version_id};
use crate::dossier;
use crate::dossier::rules::Status;
use crate::procedure::Procedure;

/// A chunk of a file.
pub type Chunk = Vec<Result<Line, Finding>>;

/// Reads a file on a thread of its own, a little ahead of whoever works on its lines.
pub fn lines_of(path: &Path, table: Table) -> (mpsc::Receiver<Chunk>, JoinHandle<()>) {
    let (to, chunks) = mpsc::channel(2);
    let path = path.to_path_buf();
    let reading = tokio::task::spawn_blocking(move || {
        read::read(&path, table, &mut |chunk| to.blocking_send(chunk).is_ok());
    });
    (chunks, reading)
}

/// A dossier on its way in, with all that it needs here.
#[derive(Clone)]
pub struct Arrival {
    pub coming: Coming,
    pub procedure: Arc<Procedure>,
    pub version: String,
    pub seat: Seat,
    pub agency: UnitId,
    pub holder: (UnitId, &'static str),
}

/// What a good line is.
#[derive(Clone)]
pub enum Matter {
    Person(Person),
    Dossier(Box<Arrival>),
    /// A book by its name, and how far it has come.
    Book(String, i64),
}

/// Everything that has been looked up so far.
#[derive(Clone)]
pub struct Field {
    now: Instant,
    vocabulary: Arc<Vocabulary>,
    seats: HashMap<String, Option<Seat>>,
    agencies: HashMap<String, Option<UnitId>>,
    holders: HashMap<(UnitId, String), UnitId>,
}

impl Field {
    /// Nothing looked up yet.
    pub fn new(now: Instant) -> Field {
        Field {
            now,
            vocabulary: Arc::new(vocabulary()),
            seats: HashMap::new(),
            agencies: HashMap::new(),
            holders: HashMap::new(),
        }
    }

    /// Reads a chunk: what each line is, or everything wrong with it.
    pub async fn read(
        &mut self,
        tx: &mut Tx,
        catalogue: &Catalogue,
        table: Table,
        chunk: Chunk,
    ) -> Result<Vec<(u64, Result<Matter, Vec<Finding>>)>, Problem> {
        let mut out = Vec::with_capacity(chunk.len());
        for item in chunk {
            out.push(match item {
                Err(finding) => (finding.line, Err(vec![finding])),
                Ok(line) => (line.number, self.one(tx, catalogue, table, &line).await?),
            });
        }
        Ok(out)
    }

    async fn one(
        &mut self,
        tx: &mut Tx,
        catalogue: &Catalogue,
        table: Table,
        line: &Line,
    ) -> Result<Result<Matter, Vec<Finding>>, Problem> {
        Ok(match table {
            Table::People => rules::person(line, &self.vocabulary).map(Matter::Person),
            Table::Dossiers => self.dossier(tx, catalogue, line).await?,
            Table::Books => self.book(tx, line).await?,
        })
    }

    async fn dossier(
        &mut self,
        tx: &mut Tx,
        catalogue: &Catalogue,
        line: &Line,
    ) -> Result<Result<Matter, Vec<Finding>>, Problem> {
        let cell = |word| rules::cell(Table::Dossiers, line, word);
        let (counter, agency) = (cell("counter"), cell("agency"));
        let seat = self.seat(tx, counter).await?;
        let named = match agency {
            "" => None,
            named => Some(self.agency(tx, named).await?),
        };
        let then = then(catalogue, cell("procedure"), rules::received_on(line));
        let law = catalogue.law();
        let ground = Ground {
            law: &law,
            now: self.now,
            seat: seat.as_ref(),
            agency: named.as_ref().map(Option::as_ref),
            then: &then,
            vocabulary: &self.vocabulary,
        };
        let coming = match rules::dossier(line, &ground) {
            Ok(coming) => coming,
            Err(findings) => return Ok(Err(findings)),
        };
        let (Some(seat), Then::Is(procedure)) = (seat, then) else {
            return Err(Problem::fault("a dossier was read without its counter or procedure"));
        };
        let agency = named.flatten().unwrap_or_else(|| seat.agency.clone());
        let (function, role) = dossier::hands(&coming.state, &procedure);
        let unit = self.holder(tx, &seat, &agency, function).await?;
        let (version, holder) = (version_id(&procedure), (unit, role));
        Ok(Ok(Matter::Dossier(Box::new(Arrival { coming, procedure, version, seat, agency, holder }))))
    }

    async fn book(&mut self, tx: &mut Tx, line: &Line) -> Result<Result<Matter, Vec<Finding>>, Problem> {
        let cell = |word| rules::cell(Table::Books, line, word);
        let (scheme, unit) = (squeezed(cell("scheme")), cell("unit"));
        // Papers of an agency are numbered in its own book, everything else at the counter.
        let owner = match scheme.as_str() {
            "result" | "petition" => self.agency(tx, unit).await?.map(|a| a.to_string()),
            "dossier" => self.seat(tx, unit).await?.map(|s| s.ident),
            _ => self.seat(tx, unit).await?.map(|s| s.counter.to_string()),
        };
        Ok(match rules::book(line, owner.is_some(), self.now) {
            Ok(Book { scheme, day, last }) => {
                let series = crate::number::Series::read(tx, scheme).await?;
                Ok(Matter::Book(series.book(&owner.unwrap_or_default(), day), last))
            }
            Err(findings) => Err(findings),
        })
    }

    /// The counter that a code or an identifier names: itself, or the one that receives for it.
    async fn seat(&mut self, tx: &mut Tx, named: &str) -> db::Result<Option<Seat>> {
        if let Some(seat) = self.seats.get(named) {
            return Ok(seat.clone());
        }
        let today = self.now.day();
        let seat = match unit(tx, named, today).await? {
            None => None,
            Some(unit) => match directory::counter_of(tx, &unit.code, today).await? {
                None => None,
                Some(counter) => Some(Seat {
                    ident: counter.ident.clone().unwrap_or_else(|| counter.code.clone()),
                    agency: directory::agency_of(tx, &counter.id).await?.id,
                    calendar: Arc::new(directory::calendar(tx, &counter.id).await?),
                    counter: counter.id,
                }),
            },
        };
        self.seats.insert(named.to_string(), seat.clone());
        Ok(seat)
    }

    async fn agency(&mut self, tx: &mut Tx, named: &str) -> db::Result<Option<UnitId>> {
        if let Some(agency) = self.agencies.get(named) {
            return Ok(agency.clone());
        }
        let agency = match unit(tx, named, self.now.day()).await? {
            // A territory settles nothing: its committee does.
            Some(unit) if !unit.territory => match directory::agency_of(tx, &unit.id).await {
                Ok(agency) => Some(agency.id),
                Err(db::Error::NotFound) => None,
                Err(other) => return Err(other),
            },
            _ => None,
        };
        self.agencies.insert(named.to_string(), agency.clone());
        Ok(agency)
    }

    async fn holder(
        &mut self,
        tx: &mut Tx,
        seat: &Seat,
        agency: &UnitId,
        function: &str,
    ) -> db::Result<UnitId> {
        match function {
            "counter" => return Ok(seat.counter.clone()),
            "agency" => return Ok(agency.clone()),
            _ => {}
        }
        let key = (agency.clone(), function.to_string());
        if let Some(unit) = self.holders.get(&key) {
            return Ok(unit.clone());
        }
        let unit = directory::unit_for(tx, agency, function).await?.id;
        self.holders.insert(key, unit.clone());
        Ok(unit)
    }
}

/// A unit that stands today, by its code or its identifier.
async fn unit(tx: &mut Tx, named: &str, today: Day) -> db::Result<Option<directory::Unit>> {
    if named.is_empty() {
        return Ok(None);
    }
    match directory::find_unit(tx, named, today).await? {
        Some(unit) => Ok(Some(unit)),
        None => directory::find_by_ident(tx, named, today).await,
    }
}

/// The version of a procedure on the day of reception. Old systems write the code with the letters of
/// province and counter behind it: `1.001193.000.00.00.H61`.
fn then(catalogue: &Catalogue, named: &str, day: Option<Day>) -> Then {
    let short = || named.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let code = if catalogue.first_day(named).is_some() { named.to_string() } else { short() };
    let (Some(first), Some(day)) = (catalogue.first_day(&code), day) else {
        return match catalogue.find(&code) {
            // The day's own fault is told; the rest of the line is read by today's version.
            Some(procedure) if day.is_none() => Then::Is(procedure.clone()),
            _ => Then::Unknown,
        };
    };
    catalogue.on(&code, day).map_or(Then::NotThen(first), Then::Is)
}

/// The words of both languages.
fn vocabulary() -> Vocabulary {
    let mut v = Vocabulary::default();
    for status in Status::ALL {
        let key = format!("status.{}", status.word());
        let words = [status.number().to_string(), status.word().to_string()];
        let said = [Lang::Vi, Lang::En].map(|lang| crate::words::WORDS.tr(lang, &key, &[]));
        v.statuses.extend(words.iter().chain(&said).map(|word| (squeezed(word), status)));
    }
    let both = |key: &str| [Lang::Vi, Lang::En].map(|lang| WORDS.tr(lang, key, &[]));
    let split = |text: &str| text.split(';').map(squeezed).collect::<Vec<_>>();
    for word in ["online", "counter", "post"] {
        for text in both(&format!("choice.{word}")) {
            v.channels.extend(split(&text).into_iter().map(|said| (said, word)));
            v.ways.extend(split(&text).into_iter().map(|said| (said, word)));
        }
        v.channels.insert(word.into(), word);
        v.ways.insert(word.into(), word);
    }
    v.yes = both("choice.yes").iter().flat_map(|text| split(text)).collect();
    v.no = both("choice.no").iter().flat_map(|text| split(text)).collect();
    v
}
