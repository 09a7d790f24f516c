//! Messages about a dossier (trao đổi về hồ sơ): the applicant asks, the office that has the dossier
//! answers; and notes among officials, which no applicant ever sees. Nothing written is taken back.

pub mod api;
pub mod pages;
pub mod rules;
mod store;

use std::sync::LazyLock;

use base::{Id, Instant};
use contracts::onestop as event;
use db::{Tx, outbox};
use web::words::Words;
use web::{FieldError, Problem};

use crate::dossier::rules::Seat;
use crate::dossier::{Case, Dossier, Who};
use crate::filing;
use rules::{Asked, Kind, No, Side};

pub enum MessageKind {}
/// The id of a message; a form carries the one it would write, so that sent twice is written once.
pub type MessageId = Id<MessageKind>;

/// The words of messages.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../words/message.vi.toml"), include_str!("../words/message.en.toml"))
});

/// The words of a key, with `{name}` replaced.
pub fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// How many answers of the office an applicant has not opened yet.
pub fn unread(n: i64) -> String {
    say("unread", &[("n", &n.to_string())])
}

/// What an applicant reads after having written.
pub fn sent() -> String {
    say("done.asked", &[])
}

/// What somebody wants to say.
#[derive(Clone, Debug)]
pub struct Draft {
    pub id: MessageId,
    pub kind: Kind,
    pub words: String,
    /// Uploads of the writer that no dossier has taken.
    pub uploads: Vec<String>,
}

/// As what this person meets the messages of the dossier.
pub fn side(case: &Case, who: &Who) -> Side {
    if case.dossier.account.as_deref() == Some(who.account.as_str()) {
        Side::Owner
    } else if case.seats.iter().any(|seat| matches!(seat, Seat::Counter | Seat::Desk | Seat::Leader)) {
        Side::Office
    } else {
        Side::Colleague
    }
}

/// Since when a dossier is over.
fn over_since(d: &Dossier) -> Option<Instant> {
    d.state.status().is_final().then_some(d.since)
}

async fn check(tx: &mut Tx, case: &Case, who: &Who, kind: Kind) -> Result<Result<(), No>, Problem> {
    let d = &case.dossier;
    let written = store::written(tx, &who.account, d.id, case.now.day().at(0)).await?;
    Ok(rules::check(&Asked {
        kind,
        side: side(case, who),
        has_owner: d.account.is_some(),
        over_since: over_since(d),
        now: case.now,
        today: written.of_dossier,
        today_in_all: written.in_all,
    }))
}

/// Why it may not be written, and what to do instead.
fn why(no: No) -> String {
    let (key, most) = match no {
        No::NotThere => return String::new(),
        No::NotYours => ("refused.not_yours", 0),
        No::NoAccount => ("refused.no_account", 0),
        No::Over => ("refused.over", rules::OVER_DAYS_MAX),
        No::TooMany(most) => ("refused.too_many", most),
    };
    say(key, &[("most", &most.to_string())])
}

fn refusal(no: No) -> Problem {
    match no {
        No::NotThere => Problem::NotFound,
        no => Problem::refused(why(no), format!("message: {no:?}")),
    }
}

/// Writes a message, in the name of `office` where an official writes. One that is there already is not
/// written again.
pub async fn write(
    tx: &mut Tx,
    case: &Case,
    who: &Who,
    office: Option<&str>,
    draft: &Draft,
) -> Result<(), Problem> {
    if store::is_there(tx, draft.id, &who.account).await? {
        return Ok(());
    }
    check(tx, case, who, draft.kind).await?.map_err(refusal)?;
    let words = draft.words.trim();
    let mut errors = Vec::new();
    if words.is_empty() {
        errors.push(FieldError::new("text", say("refused.empty", &[])));
    }
    if words.chars().count() > rules::WORDS_CHARS_MAX {
        let most = base::format::thousands(rules::WORDS_CHARS_MAX as i64);
        errors.push(FieldError::new("text", say("refused.too_long", &[("most", &most)])));
    }
    if draft.uploads.len() > rules::FILES_MAX {
        let most = rules::FILES_MAX.to_string();
        errors.push(FieldError::new("uploads", say("refused.files", &[("most", &most)])));
    }
    crate::office::settle(errors)?;
    let (d, side) = (&case.dossier, side(case, who));
    let new = store::New {
        id: draft.id,
        dossier: d.id,
        kind: draft.kind.word(),
        side: if side == Side::Owner { "owner" } else { "office" },
        account: &who.account,
        office: office.filter(|_| side != Side::Owner),
        words,
        at: case.now,
    };
    store::save(tx, &new).await?;
    for upload in &draft.uploads {
        attach(tx, d, draft.id, upload, &who.account).await?;
    }
    let topic = match (draft.kind, side) {
        (Kind::Note, _) => event::MESSAGE_NOTED,
        (Kind::Talk, Side::Owner) => {
            store::put_waiting(tx, d.id, case.now).await?;
            event::MESSAGE_SENT
        }
        (Kind::Talk, _) => {
            store::put_answered(tx, d.id).await?;
            event::MESSAGE_ANSWERED
        }
    };
    let told = event::MessageWritten {
        message: draft.id.to_string(),
        dossier: d.id.to_string(),
        code: d.code.clone(),
        account: who.account.clone(),
        at: case.now,
    };
    outbox::put(tx, topic, &d.id.to_string(), &told).await?;
    Ok(())
}

/// Takes an upload of the writer over; one that is gone, or somebody else's, is told.
async fn attach(
    tx: &mut Tx,
    d: &Dossier,
    message: MessageId,
    upload: &str,
    account: &str,
) -> Result<(), Problem> {
    let found = filing::store::find_upload(tx, upload, account).await?;
    let gone = || Problem::field("uploads", say("refused.upload_gone", &[]));
    let u = found.ok_or_else(gone)?;
    filing::store::save_taken(tx, upload, account, d.id).await?;
    let file =
        store::File { id: u.id, message, name: u.name, media: u.media, size: u.size, sha256: u.sha256 };
    store::save_file(tx, &file).await?;
    db::blobs::commit(tx, &file.sha256).await?;
    Ok(())
}

/// What waits for an answer wants none: whoever works on the dossier has read it.
pub async fn settle(tx: &mut Tx, case: &Case, who: &Who) -> Result<(), Problem> {
    if side(case, who) != Side::Office {
        return Err(refusal(No::NotYours));
    }
    Ok(store::save_settled(tx, case.dossier.id).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_every_key_that_is_said() {
        assert_eq!(WORDS.differences(), Vec::<String>::new());
        let root = format!("{}/src/message", env!("CARGO_MANIFEST_DIR"));
        let mut missing = Vec::new();
        for file in [".rs", "/pages.rs", "/api.rs"] {
            let text = std::fs::read_to_string(format!("{root}{file}")).unwrap();
            for quote in ["say(\"", "(\"refused."] {
                let lead = if quote.contains("refused") { "refused." } else { "" };
                for part in text.split(quote).skip(1) {
                    let key = format!("{lead}{}", part.split('"').next().unwrap_or_default());
                    if !WORDS.has(&key) && !key.is_empty() {
                        missing.push(format!("{file}: {key}"));
                    }
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}
