//! Signed results are raised in the background from B-B to B-T and B-LT (PAdES): a time-stamp over the whole
//! file, then what proves who signed and that nobody was revoked. Each step is an update at the end of the
//! file, so that the signatures stay what they are; the citizen has the result meanwhile. The last step hands
//! it over to be kept ([`keeping`]).
//!
//! A step may be taken twice: it begins from the file as it is, and counts only when that file is still the
//! one it began from. What fails is tried again with growing waits, and the level is seen on the dossier.

use base::Instant;
use db::blobs::Hash;
use db::jobs::{self, Handler, Job};
use db::{Act, Tx, args};
use pki::Digest;
use pki::tsp::Imprint;
use serde::{Deserialize, Serialize};
use trust::validation::evidence;
use web::Problem;

use super::{keeping, store};
use crate::App;
use crate::dossier::DossierId;
use crate::words_office::say;

/// The kind of the job.
const JOB: &str = "onestop.raise-result";
/// With waits of at most an hour: more than a week.
const TRIES: u32 = 200;
/// Room for a time-stamp with its certificates, in bytes. A token that is longer is asked for anew with the
/// room that it needs.
const STAMP_ROOM_BYTES: usize = 16_384;
/// And a little more, since the next token may be longer by a number or two.
const MORE_ROOM_BYTES: usize = 1_024;
/// Characters kept of what went wrong.
const TROUBLE_CHARS_MAX: usize = 500;

/// How far a result has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Signed.
    BB,
    /// Under a time-stamp.
    BT,
    /// With all that judges it.
    BLT,
}

impl Level {
    /// All, the lowest first.
    pub const ALL: [Level; 3] = [Level::BB, Level::BT, Level::BLT];

    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            Level::BB => "B-B",
            Level::BT => "B-T",
            Level::BLT => "B-LT",
        }
    }

    /// The level of this word.
    pub fn from_word(word: &str) -> Option<Level> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }

    /// The level after it; none after the last.
    pub fn next(self) -> Option<Level> {
        match self {
            Level::BB => Some(Level::BT),
            Level::BT => Some(Level::BLT),
            Level::BLT => None,
        }
    }
}

/// The result that a job is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Which {
    dossier: DossierId,
    ordinal: i64,
}

db::record! {
    /// Where a result stands. `archived_at`: since when it is under the archive time-stamp that counts until
    /// `archived_until`.
    pub struct Row {
        level: String, tries: i64, trouble: String, since: Instant, archived_at: Option<Instant>,
        archived_until: Option<Instant>,
    }
}

/// Has a result raised that was just sealed, whose file is this one.
pub(super) async fn begin(
    tx: &mut Tx,
    (dossier, ordinal): (DossierId, i64),
    file: (Hash, i64),
    now: Instant,
) -> db::Result<()> {
    keeping::save(tx, (dossier, ordinal), Level::BB.word(), file, now).await?;
    tx.change_one(
        "insert into result_level (dossier, ordinal, level, tries, since) values ($1, $2, 'B-B', 0, $3)",
        args![dossier, ordinal, now],
    )
    .await?;
    jobs::put(tx, JOB, &Which { dossier, ordinal }, now).await.map(drop)
}

/// Where the result stands that was decided by this line of the log.
pub async fn find(tx: &mut Tx, dossier: DossierId, ordinal: i64) -> db::Result<Option<Row>> {
    tx.find(
        "select level, tries, trouble, since, archived_at, archived_until from result_level
          where dossier = $1 and ordinal = $2",
        args![dossier, ordinal],
    )
    .await
}

/// Does the job.
pub fn handler(app: &App) -> Handler {
    let raising = app.clone();
    let handler = Handler::new(JOB, move |_, job: Job| {
        let app = raising.clone();
        async move { run(&app, &job).await }
    });
    Handler { tries: TRIES, ..handler }
}

async fn run(app: &App, job: &Job) -> Result<(), String> {
    let which: Which = job.read()?;
    while let Some(level) = level(app, &which).await.map_err(|e| e.to_string())? {
        let Some(next) = level.next() else { break };
        if let Err(why) = step(app, &which, next).await {
            let why = why.to_string();
            failed(app, &which, &why).await.map_err(|e| e.to_string())?;
            return Err(why);
        }
    }
    Ok(())
}

async fn level(app: &App, which: &Which) -> Result<Option<Level>, Problem> {
    let (id, ordinal) = (which.dossier, which.ordinal);
    let row = app.site.db.read(async move |tx: &mut Tx| find(tx, id, ordinal).await).await?;
    Ok(row.and_then(|row| Level::from_word(&row.level)))
}

async fn failed(app: &App, which: &Which, why: &str) -> Result<(), Problem> {
    let (id, ordinal) = (which.dossier, which.ordinal);
    let why: String = why.chars().take(TROUBLE_CHARS_MAX).collect();
    let write = async move |tx: &mut Tx| {
        let sql = "update result_level set tries = tries + 1, trouble = $3
              where dossier = $1 and ordinal = $2";
        tx.change_one(sql, args![id, ordinal, &why]).await
    };
    Ok(app.site.db.upkeep(write).await?)
}

/// One level up, from the file as it is now.
async fn step(app: &App, which: &Which, to: Level) -> Result<(), Problem> {
    let trust = app.trust.as_ref().ok_or(Problem::NotFound)?;
    let now = app.site.clock.now();
    let (id, ordinal) = (which.dossier, which.ordinal);
    let read = async move |tx: &mut Tx| store::find_paper(tx, id, ordinal).await;
    let paper = app.site.db.read(read).await?.ok_or(Problem::NotFound)?;
    let file = app.site.blobs.get_kept(&paper.sha256).await?.to_vec();
    let raised = match to {
        Level::BB => return Ok(()),
        Level::BT => stamped(trust, file).await?,
        Level::BLT => with_evidence(trust, file, now).await?,
    };
    keep(app, which, to, paper.sha256, raised, now).await
}

/// The file under a time-stamp, in an update at its end.
async fn stamped(trust: &trust::App, file: Vec<u8>) -> Result<Vec<u8>, Problem> {
    match stamped_in(trust, file.clone(), STAMP_ROOM_BYTES).await? {
        Ok(stamped) => Ok(stamped),
        Err(needed) => {
            let again = stamped_in(trust, file, needed + MORE_ROOM_BYTES).await?;
            again.map_err(|bytes| Problem::fault(format!("tokens grow, now to {bytes} bytes")))
        }
    }
}

/// The same in so much room; how much the token needs when it is not enough.
async fn stamped_in(
    trust: &trust::App,
    file: Vec<u8>,
    room_bytes: usize,
) -> Result<Result<Vec<u8>, usize>, Problem> {
    let fault = |e: pdfsig::CannotSign| Problem::fault(format!("a result takes no time-stamp: {e:?}"));
    let preparing = tokio::task::spawn_blocking(move || {
        let field = field(&file)?;
        let made = pdfsig::prepare_time_stamp(&file, &field, Digest::Sha256, room_bytes);
        Ok::<_, Problem>((made.map_err(fault)?, file))
    });
    let (prepared, mut file) = preparing.await.map_err(Problem::fault)??;
    let imprint = Imprint { digest: prepared.digest(), hash: prepared.hash().to_vec() };
    let token = trust::time_stamps::token(trust, &trust.stamps, &imprint).await;
    let token = token.map_err(|why| Problem::fault(format!("no time-stamp: {why}")))?;
    match prepared.finish(&token) {
        Ok(update) => {
            file.extend(update);
            Ok(Ok(file))
        }
        Err(pdfsig::CannotSign::TooLong { message_bytes, .. }) => Ok(Err(message_bytes)),
        Err(other) => Err(fault(other)),
    }
}

/// A field that no signature of the file has.
fn field(file: &[u8]) -> Result<String, Problem> {
    let broken = |e: pdfsig::Unreadable| Problem::fault(format!("a result cannot be read: {e:?}"));
    let opened = pdfsig::File::open(&file).map_err(broken)?;
    let taken = pdfsig::signatures(&opened).map_err(broken)?;
    Ok(format!("DauThoiGian{}", taken.len() + 1))
}

/// The file with all that judges its signatures.
async fn with_evidence(trust: &trust::App, file: Vec<u8>, now: Instant) -> Result<Vec<u8>, Problem> {
    let gathered = evidence::gather(trust, file.clone(), now).await?;
    if !gathered.lacking.is_empty() {
        let whom = gathered.lacking.join("; ");
        return Err(Problem::fault(format!("nothing is known of the revocation of: {whom}")));
    }
    let made = tokio::task::spawn_blocking(move || {
        let broken = |e: pdfsig::Unreadable| Problem::fault(format!("a result cannot be read: {e:?}"));
        let fields: Vec<String> = {
            let opened = pdfsig::File::open(&file).map_err(broken)?;
            pdfsig::signatures(&opened).map_err(broken)?.into_iter().map(|s| s.field).collect()
        };
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let update = pdfsig::add_evidence(&file, &gathered.evidence, &fields)
            .map_err(|e| Problem::fault(format!("a result takes no evidence: {e:?}")))?;
        Ok::<_, Problem>([file, update].concat())
    });
    made.await.map_err(Problem::fault)?
}

/// Puts the raised file in the place of the one it continues.
async fn keep(
    app: &App,
    which: &Which,
    level: Level,
    before: Hash,
    bytes: Vec<u8>,
    now: Instant,
) -> Result<(), Problem> {
    let act = Act::system(JOB, which.dossier.to_string(), now);
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let hash = app.site.blobs.store(&app.site.db, act.clone(), bytes).await?;
    let (id, ordinal) = (which.dossier, which.ordinal);
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        if !keeping::replace(tx, (id, ordinal), (before, hash), size).await? {
            // Somebody else was there first; what is to be done is seen in the next turn.
            return Ok(());
        }
        keeping::save(tx, (id, ordinal), level.word(), (hash, size), now).await?;
        let sql = "update result_level set level = $3, tries = 0, trouble = '', since = $4
              where dossier = $1 and ordinal = $2";
        tx.change_one(sql, args![id, ordinal, level.word(), now]).await?;
        match level.next() {
            // From here on `trust` keeps it checkable.
            None => keeping::hand_over(tx, (id, ordinal), hash, now).await,
            Some(_) => Ok(()),
        }
    };
    app.site.db.write(act, write).await
}

/// Where a result stands, in a sentence for officials; none for one that nobody raises.
pub fn told(row: &Row) -> Option<String> {
    let level = Level::from_word(&row.level)?;
    if let Some((at, until)) = row.archived_at.zip(row.archived_until) {
        let (at, until) = (base::format::time_vn(at), base::format::date_vn(until.day()));
        return Some(say("signing.level_archived", &[("at", &at), ("until", &until)]));
    }
    let at = base::format::time_vn(row.since);
    let key = match (level, row.trouble.is_empty()) {
        (Level::BLT, _) => "signing.level_done",
        (Level::BT, true) => "signing.level_stamped",
        (Level::BB, true) => "signing.level_waits",
        (_, false) => "signing.level_trouble",
    };
    let tries = row.tries.to_string();
    Some(say(key, &[("level", level.word()), ("at", &at), ("tries", &tries)]))
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn a_result_is_raised_step_by_step_to_the_last_level() {
        let mut seen = vec![Level::BB];
        while let Some(next) = seen.last().and_then(|level| level.next()) {
            seen.push(next);
        }
        assert_eq!(seen, Level::ALL);
        for level in Level::ALL {
            assert_eq!(Level::from_word(level.word()), Some(level));
        }
    }
}
