//! Results that can be judged for long (B-LT) are handed over to `trust::archive`, which puts archive
//! time-stamps on them (B-LTA) and another one before the last lapses. What it makes comes back as a new
//! version of the result's file; every version only adds to the one before it, and stays to be had.

use std::time::Duration;

use base::Instant;
use contracts::trust as event;
use db::blobs::Hash;
use db::jobs::Handler;
use db::outbox::Event;
use db::{Act, Tx, args};
use trust::archive::rules::Kind;
use trust::archive::{self, Deposit, Standing};
use web::Problem;

use super::store::{self, Paper};
use crate::App;
use crate::dossier::DossierId;

/// What is heard of kept results.
pub const TOPICS: [&str; 1] = [event::ARCHIVE_RENEWED];
/// This system's name, where documents are kept.
const SYSTEM: &str = "onestop";
/// The level that a version gets by an archive time-stamp.
pub const ARCHIVED: &str = "B-LTA";
/// Results of before that are handed over at a time.
const CAUGHT_UP_MAX: i64 = 200;

db::record! {
    /// The file of a result as it was after a step: so many bytes from its beginning.
    pub struct Version { no: i64, level: String, sha256: Hash, size: i64, at: Instant }
}

/// The versions of a result, the oldest first; one in some years, so the limit is far.
pub async fn list(tx: &mut Tx, dossier: DossierId, ordinal: i64) -> db::Result<Vec<Version>> {
    tx.list(
        "select no, level, sha256, size, at from result_version
          where dossier = $1 and ordinal = $2 order by no limit 200",
        args![dossier, ordinal],
    )
    .await
}

/// Writes down that the result's file is another one now.
pub(super) async fn save(
    tx: &mut Tx,
    (dossier, ordinal): (DossierId, i64),
    level: &str,
    (sha256, size): (Hash, i64),
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "insert into result_version (dossier, ordinal, no, level, sha256, size, at)
         values ($1, $2, (select coalesce(max(no), 0) + 1 from result_version
                where dossier = $1 and ordinal = $2), $3, $4, $5, $6)",
        args![dossier, ordinal, level, sha256, size, at],
    )
    .await
}

/// The file as it was at one of its versions.
///
/// # Errors
/// `NotFound` when there is no such version; a fault when the bytes are not those of then.
pub fn as_it_was(versions: &[Version], no: i64, now: &bytes::Bytes) -> Result<bytes::Bytes, Problem> {
    let version = versions.iter().find(|version| version.no == no).ok_or(Problem::NotFound)?;
    let size = usize::try_from(version.size).map_err(Problem::fault)?;
    if size > now.len() || Hash::of(&now[..size]) != version.sha256 {
        return Err(Problem::fault("an earlier version of a result is not the beginning of the newest"));
    }
    Ok(now.slice(..size))
}

/// Puts a longer file in the place of the one it continues, wherever that one is: in the dossier, at its last
/// signature, in the vault. Whether that one was still there.
pub(super) async fn replace(
    tx: &mut Tx,
    (dossier, ordinal): (DossierId, i64),
    (before, after): (Hash, Hash),
    size: i64,
) -> Result<bool, Problem> {
    if !store::raise_paper(tx, dossier, ordinal, (before, after), size).await? {
        return Ok(false);
    }
    db::blobs::commit(tx, &after).await?;
    db::blobs::release(tx, &before).await?;
    let source = crate::vault::source_of_result(dossier);
    if crate::vault::store::raise(tx, &source, (before, after), size).await? {
        db::blobs::commit(tx, &after).await?;
        db::blobs::release(tx, &before).await?;
    }
    Ok(true)
}

/// Hands a result over that has come as far as it is raised here, in the write that brings it there.
pub(super) async fn hand_over(
    tx: &mut Tx,
    (dossier, ordinal): (DossierId, i64),
    content: Hash,
    now: Instant,
) -> Result<(), Problem> {
    let code = crate::dossier::store::get(tx, dossier).await?.code;
    let subject = format!("{code}/{ordinal}");
    // Whoever keeps the archive has no seat in the dossier, and reads of it what everybody may.
    let page = format!("/tra-cuu?ma={code}");
    let deposit = Deposit { content, kind: Kind::Pdf, system: SYSTEM, subject: &subject, page: &page };
    let item = archive::keep(tx, &deposit, now).await?;
    let sql = "update result_level set kept_as = $3 where dossier = $1 and ordinal = $2";
    Ok(tx.change_one(sql, args![dossier, ordinal, item]).await?)
}

db::record! {
    struct Which { dossier: DossierId, ordinal: i64 }
}

async fn find_kept(tx: &mut Tx, item: &str) -> db::Result<Option<Which>> {
    tx.find("select dossier, ordinal from result_level where kept_as = $1", args![item]).await
}

/// Takes a result as the archive has it now, with its newest time-stamp. Twice is once, and of two events the
/// later one finds nothing to do.
pub async fn follow(app: &App, event: &Event) -> Result<(), String> {
    let renewed: event::ArchiveRenewed = event.read()?;
    if renewed.system != SYSTEM {
        return Ok(());
    }
    take(app, &renewed.item, app.site.clock.now()).await.map_err(|problem| problem.to_string())
}

async fn take(app: &App, item: &str, now: Instant) -> Result<(), Problem> {
    let wanted = item.to_string();
    let read = async move |tx: &mut Tx| -> Result<Option<(Which, Standing, Paper)>, Problem> {
        let Some(which) = find_kept(tx, &wanted).await? else { return Ok(None) };
        let paper = store::find_paper(tx, which.dossier, which.ordinal).await?.ok_or(Problem::NotFound)?;
        Ok(Some((which, archive::standing(tx, &wanted).await?, paper)))
    };
    let Some((which, standing, paper)) = app.site.db.read(read).await? else { return Ok(()) };
    let Some((at, until)) = standing.stamped.filter(|_| standing.content != paper.sha256) else {
        return Ok(());
    };
    let old = app.site.blobs.get_kept(&paper.sha256).await?;
    let new = app.site.blobs.get_kept(&standing.content).await?;
    if !new.starts_with(&old) {
        return Err(Problem::fault("what the archive made does not continue the result"));
    }
    let size = i64::try_from(new.len()).map_err(Problem::fault)?;
    let id = (which.dossier, which.ordinal);
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        // Whoever was first has done it; what came after that is the next event's.
        if !replace(tx, id, (paper.sha256, standing.content), size).await? {
            return Ok(());
        }
        save(tx, id, ARCHIVED, (standing.content, size), at).await?;
        let sql = "update result_level set archived_at = $3, archived_until = $4
              where dossier = $1 and ordinal = $2";
        Ok(tx.change_one(sql, args![id.0, id.1, at, until]).await?)
    };
    let act = Act::system("onestop.renew-result", which.dossier.to_string(), now);
    app.site.db.write(act, write).await
}

/// Hands over what had come to B-LT before results were kept.
pub fn handler(app: &App) -> Handler {
    let app = app.clone();
    Handler::new("onestop.hand-results-over", move |_, _| {
        let app = app.clone();
        async move { catch_up(&app).await.map_err(|problem| problem.to_string()) }
    })
    .every(Duration::from_secs(3600))
}

async fn catch_up(app: &App) -> Result<(), Problem> {
    let now = app.site.clock.now();
    let waiting = async |tx: &mut Tx| -> db::Result<Vec<Which>> {
        tx.list(
            "select dossier, ordinal from result_level
              where level = 'B-LT' and kept_as is null order by since limit $1",
            args![CAUGHT_UP_MAX],
        )
        .await
    };
    for Which { dossier, ordinal } in app.site.db.read(waiting).await? {
        let write = async move |tx: &mut Tx| -> Result<(), Problem> {
            let paper = store::find_paper(tx, dossier, ordinal).await?.ok_or(Problem::NotFound)?;
            hand_over(tx, (dossier, ordinal), paper.sha256, now).await
        };
        let act = Act::system("onestop.hand-result-over", dossier.to_string(), now);
        app.site.db.write(act, write).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_version_is_the_beginning_of_the_newest_and_nothing_else() {
        let now = bytes::Bytes::from_static(b"signed, stamped");
        let version = |no, size: usize, of: &[u8]| Version {
            no,
            level: "B-B".into(),
            sha256: Hash::of(of),
            size: i64::try_from(size).unwrap(),
            at: Instant::from_micros(0),
        };
        let versions =
            [version(1, 6, b"signed"), version(2, 15, &now), version(3, 6, b"forged"), version(4, 99, &now)];
        assert_eq!(as_it_was(&versions, 1, &now).unwrap(), "signed");
        assert_eq!(as_it_was(&versions, 2, &now).unwrap(), now);
        for (no, word) in [(3, "fault"), (4, "fault"), (5, "not found")] {
            let problem = as_it_was(&versions, no, &now).unwrap_err();
            assert_eq!(matches!(problem, Problem::NotFound), word == "not found", "{no}: {problem}");
        }
    }
}
