//! Dossiers handed in on the other side become dossiers here, exactly once each. law: national/arrivals
//!
//! What is heard is a row before anything else is done with it, in the commit that moves our place in
//! their list. What cannot be taken stays a row with its reason, and a task.

use std::io::Cursor;

use base::Instant;
use base::limits::{DOSSIER_FILES_MAX, FILE_SIZE_BYTES_MAX};
use bytes::Bytes;
use db::blobs::Hash;
use db::{Act, Tx, args};
use serde_json::Value;
use web::Problem;

use super::client::Failure;
use super::rules::{self, Matter, Origin};
use super::wire::{Arrival, ArrivalPaper, Told};
use super::{Link, send, store, words};
use crate::App;
use crate::dossier::law::Law;
use crate::dossier::{Applicant, DossierId};
use crate::filing::sniff::{self, NotTaken};
use crate::filing::store::NewUpload;
use crate::filing::{self, Attached, Filing};
use crate::{catalogue, intake};

/// Asked for in one request.
const ASKED_AT_ONCE: usize = 50;
/// Requests of one pass.
const PAGES_MAX: usize = 40;
/// Arrivals worked on in one pass.
const PASS_MAX: usize = 500;
/// Whose the files are between their arrival and the dossier.
const SENDER: &str = "national";

/// What the name of an arrival without a code of theirs begins with.
const NAMELESS: char = '?';

enum UploadKind {}

db::record! {
    /// An arrival that a worker holds.
    struct Held { id: String, body: String, filed_at: Instant, state: String, code: Option<String>,
        reason: String, attempts: i64, lease: String, }
}

db::record! {
    /// An arrival as a page shows it.
    pub struct Shown {
        id: String, filed_at: Instant, came_at: Instant, state: String, code: Option<String>,
        told_at: Option<Instant>,
    }
}

/// The newest arrivals, 30 at most.
pub async fn list_newest(tx: &mut Tx) -> db::Result<Vec<Shown>> {
    tx.list(
        "select id, filed_at, came_at, state, code, told_at from national_arrival
          order by came_at desc, id desc limit 30",
        args![],
    )
    .await
}

/// Whether a dossier came from there.
pub async fn find_origin(tx: &mut Tx, id: DossierId) -> db::Result<Option<Origin>> {
    let found: Option<i64> =
        tx.find("select identified from national_arrival where dossier = $1", args![id]).await?;
    Ok(found.map(|identified| Origin { identified: identified == 1 }))
}

/// Hears what is new, takes what waits, tells what became of it.
pub async fn receive(app: &App, link: &Link) -> Result<(), String> {
    if let Err(failure) = hear(app, link).await? {
        return silent_or(app, failure).await;
    }
    for _ in 0..PASS_MAX {
        let Some(held) = take_one(app).await? else { break };
        match work(app, link, &held).await {
            Ok(()) => {}
            Err(failure @ Failure::Silent(_)) => {
                later(app, &held, &failure).await?;
                return silent_or(app, failure).await;
            }
            Err(failure) => later(app, &held, &failure).await?,
        }
    }
    send::note_line(app, None).await
}

async fn silent_or(app: &App, failure: Failure) -> Result<(), String> {
    tracing::warn!(kind = failure.kind(), "arrivals could not be heard or answered");
    match failure {
        Failure::Silent(why) => send::note_line(app, Some(why)).await,
        _ => Ok(()),
    }
}

/// Reads their list on from our place. The rows and the place are one commit.
async fn hear(app: &App, link: &Link) -> Result<Result<(), Failure>, String> {
    for _ in 0..PAGES_MAX {
        let line = app.site.db.read(async |tx: &mut Tx| store::get_line(tx).await);
        let seen = line.await.map_err(|e| e.to_string())?.place;
        let (came, place) = match link.client.arrivals(&seen, ASKED_AT_ONCE).await {
            Ok(page) => page,
            Err(failure) => return Ok(Err(failure)),
        };
        if came.is_empty() && place == seen {
            break;
        }
        let n = came.len();
        let now = app.site.clock.now();
        let act = Act::system("onestop.hear-arrivals", "", now);
        let keep = async move |tx: &mut Tx| -> db::Result<()> {
            for body in &came {
                save_heard(tx, body, now).await?;
            }
            match store::save_place(tx, &seen, &place).await {
                // Another instance read the same page; its rows are these.
                Err(db::Error::Stale) => Ok(()),
                other => other,
            }
        };
        app.site.db.write(act, keep).await.map_err(|e| e.to_string())?;
        if n < ASKED_AT_ONCE {
            break;
        }
    }
    Ok(Ok(()))
}

/// An arrival without a code of theirs is kept under a name made of its content.
async fn save_heard(tx: &mut Tx, body: &Value, now: Instant) -> db::Result<()> {
    let told = |field: &str| body[field].as_str().unwrap_or_default().trim();
    let text = body.to_string();
    let id = match told("MaHoSoQG") {
        "" => format!("{NAMELESS}{}", &Hash::of(text.as_bytes()).to_string()[..16]),
        id => id.chars().take(100).collect(),
    };
    let filed_at = rules::filed_at(rules::read_stamp(told("NgayNop")), now);
    let identified = i64::from(told("TaiKhoanDuocXacThucVoiVNeID") == "1");
    tx.change(
        "insert into national_arrival (id, body, filed_at, came_at, state, identified, next_at)
         values ($1, $2, $3, $4, 'waiting', $5, $4) on conflict (id) do nothing",
        args![id, text, filed_at, now, identified],
    )
    .await
    .map(drop)
}

/// Takes one that waits for us, or for us to tell what became of it.
async fn take_one(app: &App) -> Result<Option<Held>, String> {
    let now = app.site.clock.now();
    let take = async move |tx: &mut Tx| -> db::Result<Option<Held>> {
        let due: Option<String> = tx
            .find(
                "select id from national_arrival
                  where next_at <= $1 and lease_until <= $1 and told_at is null and state <> 'refused'
                  order by next_at, id limit 1",
                args![now],
            )
            .await?;
        let Some(id) = due else { return Ok(None) };
        let lease = db::jobs::JobId::fresh();
        tx.find(
            "update national_arrival set lease = $2, lease_until = $3 where id = $1 and lease_until <= $4
             returning id, body, filed_at, state, code, reason, attempts, lease",
            args![id, lease, now.plus(store::LEASE), now],
        )
        .await
    };
    app.site.db.upkeep(take).await.map_err(|e| e.to_string())
}

async fn work(app: &App, link: &Link, held: &Held) -> Result<(), Failure> {
    let here = |e: String| Failure::Silent(format!("our own store: {e}"));
    let (code, reason) = match held.state.as_str() {
        "waiting" => match make(app, link, held).await? {
            Ok(code) => (Some(code), String::new()),
            Err(reasons) => return refuse(app, held, reasons).await.map_err(here),
        },
        _ => (held.code.clone(), held.reason.clone()),
    };
    let answer_by = match &code {
        Some(code) => answer_by(app, code).await.map_err(here)?,
        None => String::new(),
    };
    let told = Told {
        id: held.id.clone(),
        taken: if code.is_some() { "1" } else { "0" }.into(),
        code: code.unwrap_or_default(),
        reason,
        answer_by,
    };
    // Without a code of theirs there is nobody to tell.
    if !held.id.starts_with(NAMELESS) {
        link.client.tell(&told).await?;
    }
    let (now, id) = (app.site.clock.now(), held.id.clone());
    let note = async move |tx: &mut Tx| {
        tx.change(
            "update national_arrival set told_at = $2, attempts = 0, lease = null, lease_until = 0
              where id = $1 and told_at is null",
            args![id, now],
        )
        .await
    };
    app.site.db.upkeep(note).await.map(drop).map_err(|e| here(e.to_string()))
}

async fn answer_by(app: &App, code: &str) -> Result<String, String> {
    let code = code.to_string();
    let read = async move |tx: &mut Tx| crate::dossier::store::find(tx, &code).await;
    let found = app.site.db.read(read).await.map_err(|e| e.to_string())?;
    Ok(found.map(|d| rules::stamp(d.answer_by)).unwrap_or_default())
}

/// A file that has come, durable and told from its bytes.
#[derive(Clone)]
struct Fetched {
    component: String,
    name: String,
    media: &'static str,
    size: i64,
    sha256: Hash,
}

/// Makes a dossier of an arrival: its code, or the reasons why it cannot be one.
async fn make(app: &App, link: &Link, held: &Held) -> Result<Result<String, Vec<String>>, Failure> {
    let read = serde_json::from_str::<Arrival>(&held.body);
    let Ok(arrival) = read else { return Ok(Err(vec![words::t("arrival.shape")])) };
    if arrival.id.trim().is_empty() {
        return Ok(Err(vec![words::t("arrival.no_code")]));
    }
    let Some(procedure) = app.catalogue.find(arrival.procedure.trim()) else {
        return Ok(Err(vec![words::say("arrival.procedure", &[("code", &arrival.procedure)])]));
    };
    if arrival.papers.len() > DOSSIER_FILES_MAX {
        let most = DOSSIER_FILES_MAX.to_string();
        return Ok(Err(vec![words::say("arrival.too_many_files", &[("most", &most)])]));
    }
    let (mut files, mut reasons) = (Vec::new(), Vec::new());
    for paper in &arrival.papers {
        match fetch(app, link, held, paper).await? {
            Ok(file) => files.push(file),
            Err(why) => reasons.push(why),
        }
    }
    if !reasons.is_empty() {
        return Ok(Err(reasons));
    }
    let version = catalogue::version_id(&procedure);
    match file(app, held, &arrival, version, files).await {
        Ok(code) => Ok(Ok(code)),
        Err(Problem::Invalid(faults)) => Ok(Err(faults.into_iter().map(|f| f.message).collect())),
        Err(Problem::Refused(message)) => Ok(Err(vec![message.outside])),
        Err(Problem::Stale) => Err(Failure::Silent("somebody else holds this arrival".into())),
        Err(other) => Err(Failure::Silent(format!("our own store: {other}"))),
    }
}

/// Fetches one file with its limit, and judges it by its bytes; the reason when it is not taken.
async fn fetch(
    app: &App,
    link: &Link,
    held: &Held,
    paper: &ArrivalPaper,
) -> Result<Result<Fetched, String>, Failure> {
    let why = |key: &str| Ok(Err(words::say(key, &[("name", &paper.name)])));
    let bytes = match link.client.file(&paper.address, FILE_SIZE_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(silent @ Failure::Silent(_)) => return Err(silent),
        Err(_) => return why("arrival.file_gone"),
    };
    let told = paper.sha256.trim().to_ascii_lowercase();
    if !told.is_empty() && Hash::of(&bytes).to_string() != told {
        return why("arrival.file_hash");
    }
    if let Some(scanner) = &app.scanner {
        match scanner.pass(&paper.name, bytes.clone().into()).await {
            Ok(()) => {}
            Err(Problem::Refused(message)) => return Ok(Err(message.outside)),
            Err(problem) => return Err(Failure::Silent(problem.to_string())),
        }
    }
    let look = bytes.clone();
    let looked = tokio::task::spawn_blocking(move || sniff::kind(&mut Cursor::new(look))).await;
    let kind = match looked {
        Ok(Ok(kind)) => kind,
        Ok(Err(NotTaken::Unknown)) => return why("arrival.file_kind"),
        Ok(Err(NotTaken::Macros)) => return why("arrival.file_macros"),
        Ok(Err(NotTaken::Empty)) => return why("arrival.file_empty"),
        Err(_) => return Err(Failure::Silent("a file could not be looked at".into())),
    };
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let sha256 = keep(app, held, bytes).await?;
    let name = filing::uploads::tidy_name(&paper.name);
    Ok(Ok(Fetched { component: paper.component.clone(), name, media: kind.media(), size, sha256 }))
}

async fn keep(app: &App, held: &Held, bytes: Bytes) -> Result<Hash, Failure> {
    let act = Act::system("onestop.fetch-file", &held.id, app.site.clock.now());
    let kept = app.site.blobs.store(&app.site.db, act, bytes).await;
    kept.map_err(|e| Failure::Silent(format!("our own store: {e}")))
}

/// The dossier, its files and the mark on the arrival in one commit: all of it, once, or nothing.
async fn file(
    app: &App,
    held: &Held,
    arrival: &Arrival,
    version: String,
    files: Vec<Fetched>,
) -> Result<String, Problem> {
    let now = app.site.clock.now();
    let (catalogue, held) = (app.catalogue.clone(), held.clone());
    let filing = Filing {
        procedure: version,
        unit: arrival.unit.trim().to_string(),
        account: None,
        applicant: Applicant {
            name: base::text::nfc(arrival.owner.trim()),
            number: intake::plain_number(&arrival.number),
            phone: arrival.phone.trim().into(),
            email: arrival.email.trim().into(),
            address: base::text::nfc(arrival.address.trim()),
        },
        channel: "online",
        return_by: if arrival.return_way == "1" { "post" } else { "counter" }.into(),
        answers: arrival.answers.clone(),
        uploads: Vec::new(),
    };
    let act = Act::system("onestop.file", &held.id, now);
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<String, Problem> {
            let mut filing = filing.clone();
            filing.unit = unit_code(tx, &filing.unit, now).await?;
            filing.account = intake::confirmed(tx, &filing.applicant.number).await?;
            for file in &files {
                filing.uploads.push(bring(tx, file, now).await?);
            }
            let filed = filing::file(tx, &catalogue, filing, SENDER, now).await?;
            begin_clock(tx, &catalogue.law(), filed.id, held.filed_at).await?;
            tx.change_one(
                "update national_arrival set state = 'taken', dossier = $3, code = $4, reason = ''
                  where id = $1 and lease = $2 and state = 'waiting'",
                args![&held.id, &held.lease, filed.id, &filed.code],
            )
            .await?;
            store::close_level(tx, Matter::Arrival, &held.id, now).await?;
            Ok(filed.code)
        })
        .await
}

/// The unit's code: theirs may be its identifier.
async fn unit_code(tx: &mut Tx, told: &str, now: Instant) -> Result<String, Problem> {
    match directory::find_by_ident(tx, told, now.day()).await? {
        Some(unit) => Ok(unit.code),
        None => Ok(told.to_string()),
    }
}

async fn bring(tx: &mut Tx, file: &Fetched, now: Instant) -> Result<Attached, Problem> {
    let id = base::Id::<UploadKind>::fresh().to_string();
    let upload = NewUpload {
        id: &id,
        account: SENDER,
        draft: None,
        component: Some(&file.component),
        name: &file.name,
        media: file.media,
        size: file.size,
        sha256: file.sha256,
    };
    filing::store::save_upload(tx, &upload, now).await?;
    Ok(Attached::upload(file.component.clone(), id))
}

/// The citizen's clock began when they handed it in there. law: national/arrivals
async fn begin_clock(tx: &mut Tx, law: &Law, id: DossierId, filed_at: Instant) -> Result<(), Problem> {
    let dossier = crate::dossier::store::get(tx, id).await?;
    let answer_by = filing::answer_by(tx, law, &dossier.counter, filed_at).await?;
    tx.change_one(
        "update dossier set filed_at = $2, answer_by = $3, deadline = $3 where id = $1",
        args![id, filed_at, answer_by],
    )
    .await?;
    Ok(())
}

/// It cannot be taken: the reasons stay with it, and somebody gets a task.
async fn refuse(app: &App, held: &Held, reasons: Vec<String>) -> Result<(), String> {
    let (now, held) = (app.site.clock.now(), held.clone());
    let act = Act::system("onestop.refuse-arrival", &held.id, now);
    let save = async move |tx: &mut Tx| -> db::Result<()> {
        let changed = tx
            .change(
                "update national_arrival set state = 'refused', reason = $3, lease = null, lease_until = 0
                  where id = $1 and lease = $2 and state = 'waiting'",
                args![&held.id, &held.lease, reasons.join("\n")],
            )
            .await?;
        if changed == 1 {
            let facts = Value::from(reasons.clone()).to_string();
            store::put_task(tx, Matter::Arrival, &held.id, &facts, now).await?;
        }
        Ok(())
    };
    app.site.db.write(act, save).await.map_err(|e| e.to_string())
}

async fn later(app: &App, held: &Held, failure: &Failure) -> Result<(), String> {
    let now = app.site.clock.now();
    tracing::warn!(kind = failure.kind(), attempts = held.attempts + 1, "an arrival waits");
    let wait = rules::wait_s(held.attempts + 1, send::spread(&held.id, held.attempts));
    let (held, next_at) = (held.clone(), now.plus_seconds(wait));
    let save = async move |tx: &mut Tx| {
        tx.change(
            "update national_arrival set attempts = attempts + 1, next_at = $3, lease = null, lease_until = 0
              where id = $1 and lease = $2",
            args![&held.id, &held.lease, next_at],
        )
        .await
    };
    app.site.db.upkeep(save).await.map(drop).map_err(|e| e.to_string())
}

/// Somebody has mended what was wrong: it is tried once more.
pub async fn try_again(tx: &mut Tx, id: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update national_arrival set state = 'waiting', attempts = 0, next_at = $2
          where id = $1 and state = 'refused'",
        args![id, now],
    )
    .await
}

/// Somebody has decided that it cannot be taken; the citizen is told why, on the other side.
pub async fn decline(tx: &mut Tx, id: &str, reason: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update national_arrival set state = 'declined', reason = $2, attempts = 0, next_at = $3
          where id = $1 and state = 'refused'",
        args![id, reason, now],
    )
    .await
}
