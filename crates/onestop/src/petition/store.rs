//! The rows of petitions. Each function takes the caller's transaction and calls no rules.

use base::{Day, Instant};
use db::blobs::Hash;
use db::{Filter, Tx, args};
use directory::UnitId;

use super::rules::{Standing, State};
use super::{Petition, Public};
use crate::desk::Scope;

db::record! {
    struct Row {
        id: String, number: String, kind: String, topic: String, subject: String, content: String,
        about: String, dossier: Option<String>, dossier_code: Option<String>, account: Option<String>,
        sender_name: String, sender_phone: String, sender_email: String, intake: String, agency: String,
        holder: String, state: String, refuse_by: Option<Instant>, sort_by: Option<Instant>,
        answer_by: Option<Instant>, publish_by: Option<Instant>, clock_at: Instant, received_at: Instant,
        since: Instant, answer: String, finding: String, answered_at: Option<Instant>,
        answered_by: Option<String>, public_subject: String, public_content: String,
        public_answer: String, version: i64,
    }
}

fn petition(row: Row) -> db::Result<Petition> {
    let state = state(&row).ok_or_else(|| db::Error::Fault(format!("petition {} in no state", row.id)))?;
    Ok(Petition {
        state,
        id: row.id,
        number: row.number,
        kind: row.kind,
        topic: row.topic,
        subject: row.subject,
        content: row.content,
        about: UnitId::from(row.about),
        dossier: row.dossier,
        dossier_code: row.dossier_code,
        account: row.account,
        sender_name: row.sender_name,
        sender_phone: row.sender_phone,
        sender_email: row.sender_email,
        intake: UnitId::from(row.intake),
        agency: UnitId::from(row.agency),
        holder: UnitId::from(row.holder),
        clock_at: row.clock_at,
        received_at: row.received_at,
        since: row.since,
        answer: row.answer,
        finding: row.finding,
        answered_at: row.answered_at,
        answered_by: row.answered_by,
        public: Public {
            subject: row.public_subject,
            content: row.public_content,
            answer: row.public_answer,
        },
        version: row.version,
    })
}

fn state(row: &Row) -> Option<State> {
    Some(match Standing::from_word(&row.state)? {
        Standing::Received => {
            State::Received { refuse_by: row.refuse_by?, sort_by: row.sort_by?, answer_by: row.answer_by? }
        }
        Standing::Incomplete => State::Incomplete { asked: row.since },
        Standing::Refused => State::Refused { at: row.since },
        Standing::Forwarded => State::Forwarded { answer_by: row.answer_by? },
        Standing::Answered => State::Answered { at: row.answered_at?, publish_by: row.publish_by? },
        Standing::Published => State::Published { at: row.since },
        Standing::Withheld => State::Withheld { at: row.since },
    })
}

/// The four limits of a state that has them.
fn limits(state: State) -> [Option<Instant>; 4] {
    match state {
        State::Received { refuse_by, sort_by, answer_by } => {
            [Some(refuse_by), Some(sort_by), Some(answer_by), None]
        }
        State::Forwarded { answer_by } => [None, None, Some(answer_by), None],
        State::Answered { publish_by, .. } => [None, None, None, Some(publish_by)],
        _ => [None; 4],
    }
}

/// The petition with this receipt number.
pub async fn find(tx: &mut Tx, number: &str) -> db::Result<Option<Petition>> {
    let row: Option<Row> = tx.find("select * from petition where number = $1", args![number]).await?;
    row.map(petition).transpose()
}

/// The petition whose code to follow has this hash.
pub async fn find_followed(tx: &mut Tx, hash: &str) -> db::Result<Option<Petition>> {
    let row: Option<Row> = tx.find("select * from petition where follow = $1", args![hash]).await?;
    row.map(petition).transpose()
}

/// Writes a petition that has just come in.
pub async fn save_new(tx: &mut Tx, p: &Petition, follow: &str) -> db::Result<()> {
    let [refuse_by, sort_by, answer_by, _] = limits(p.state);
    tx.change_one(
        "insert into petition (id, number, follow, kind, topic, subject, content, about, dossier,
            dossier_code, account, sender_name, sender_phone, sender_email, intake, agency, holder, state,
            refuse_by, sort_by, answer_by, deadline, clock_at, received_at, since, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
            $21, $22, $23, $23, $23, 1)",
        args![
            &p.id,
            &p.number,
            follow,
            &p.kind,
            &p.topic,
            &p.subject,
            &p.content,
            &p.about,
            &p.dossier,
            &p.dossier_code,
            &p.account,
            &p.sender_name,
            &p.sender_phone,
            &p.sender_email,
            &p.intake,
            &p.agency,
            &p.holder,
            p.state.standing().word(),
            refuse_by,
            sort_by,
            answer_by,
            p.state.deadline(),
            p.received_at
        ],
    )
    .await
}

/// Moves a petition; `Stale` unless it is still as it was when the person saw it.
pub async fn save_moved(tx: &mut Tx, seen: i64, p: &Petition) -> db::Result<()> {
    let [refuse_by, sort_by, answer_by, publish_by] = limits(p.state);
    let published = match p.state {
        State::Published { at } => Some(at),
        _ => None,
    };
    tx.change_one(
        "update petition set state = $1, refuse_by = $2, sort_by = $3, answer_by = coalesce($4, answer_by),
            publish_by = $5, deadline = $6, clock_at = $7, since = $8, agency = $9, holder = $10,
            answer = $11, finding = $12, answered_at = $13, answered_by = $14, public_subject = $15,
            public_content = $16, public_answer = $17, published_at = $18, version = version + 1
          where id = $19 and version = $20",
        args![
            p.state.standing().word(),
            refuse_by,
            sort_by,
            answer_by,
            publish_by,
            p.state.deadline(),
            p.clock_at,
            p.since,
            &p.agency,
            &p.holder,
            &p.answer,
            &p.finding,
            p.answered_at,
            &p.answered_by,
            &p.public.subject,
            &p.public.content,
            &p.public.answer,
            published,
            &p.id,
            seen
        ],
    )
    .await
}

db::record! {
    /// A line of the log.
    pub struct Step {
        ordinal: i64, verb: String, from_state: String, to_state: String, at: Instant,
        account: Option<String>, office: Option<String>, reason_code: Option<String>, basis: String,
        note: String, unit: Option<String>, due_at: Option<Instant>, late: bool,
    }
}

/// Appends to the log. Who acted, and in which office, is the transaction's own act.
pub async fn save_step(tx: &mut Tx, petition: &str, s: &Step) -> db::Result<()> {
    let account = tx.act().actor.account().map(str::to_string);
    let office = tx.act().office.clone();
    tx.change_one(
        "insert into petition_step (id, petition, ordinal, verb, from_state, to_state, at, account, office,
            reason_code, basis, note, unit, due_at, late)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        args![
            base::Id::<super::PetitionKind>::fresh(),
            petition,
            s.ordinal,
            &s.verb,
            &s.from_state,
            &s.to_state,
            s.at,
            account,
            office,
            &s.reason_code,
            &s.basis,
            &s.note,
            &s.unit,
            s.due_at,
            s.late
        ],
    )
    .await
}

/// The log from the beginning, at most 200 lines.
pub async fn list_steps(tx: &mut Tx, petition: &str) -> db::Result<Vec<Step>> {
    tx.list(
        "select ordinal, verb, from_state, to_state, at, account, office, reason_code, basis, note, unit,
                due_at, late from petition_step where petition = $1 order by ordinal limit 200",
        args![petition],
    )
    .await
}

db::record! {
    /// A file that came with a petition.
    pub struct File { id: String, name: String, media: String, size: i64, sha256: Hash, added_at: Instant }
}

/// Keeps a file; its bytes are in the blob store already.
pub async fn save_file(tx: &mut Tx, petition: &str, f: &File) -> db::Result<()> {
    tx.change_one(
        "insert into petition_file (id, petition, name, media, size, sha256, added_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        args![&f.id, petition, &f.name, &f.media, f.size, f.sha256, f.added_at],
    )
    .await
}

/// The files of a petition in the order they came, at most 50.
pub async fn list_files(tx: &mut Tx, petition: &str) -> db::Result<Vec<File>> {
    tx.list(
        "select id, name, media, size, sha256, added_at from petition_file
          where petition = $1 order by added_at, id limit 50",
        args![petition],
    )
    .await
}

db::record! {
    /// A line of a list.
    pub struct Line {
        id: String, number: String, topic: String, subject: String, sender_name: String, state: String,
        holder: String, deadline: Option<Instant>, since: Instant, received_at: Instant, place: String,
    }
}

const LINES: &str = "select id, number, topic, subject, sender_name, state, holder, deadline, since,
    received_at, cast(coalesce(deadline, since) as text) || ':' || id as place from petition";

/// The petitions in these states as a post sees them, the most urgent first; at most 51.
pub async fn list(
    tx: &mut Tx,
    scope: &Scope,
    states: &[Standing],
    late_at: Option<Instant>,
    after: Option<&str>,
) -> db::Result<Vec<Line>> {
    let q = scoped(Filter::new(LINES), scope, states, late_at)
        .and("cast(coalesce(deadline, since) as text) || ':' || id > ?", after)
        .tail("order by place limit 51");
    tx.list(&q, &q.args).await
}

/// How many there are.
pub async fn count(
    tx: &mut Tx,
    scope: &Scope,
    states: &[Standing],
    late_at: Option<Instant>,
) -> db::Result<i64> {
    let q = scoped(Filter::new("select count(*) from petition"), scope, states, late_at);
    tx.get(&q, &q.args).await
}

fn scoped(q: Filter, scope: &Scope, states: &[Standing], late_at: Option<Instant>) -> Filter {
    let words: Vec<&str> = states.iter().map(|s| s.word()).collect();
    let q = match scope {
        Scope::Counter(unit) => q.and("intake = ?", Some(unit.as_str())),
        Scope::Agency(unit) => q.and("agency = ?", Some(unit.as_str())),
        Scope::Holder(unit, _) => q.and("holder = ?", Some(unit.as_str())),
    };
    q.among("state", &words).and("deadline < ?", late_at)
}

/// What an account has sent, the newest first; at most 50.
pub async fn list_own(tx: &mut Tx, account: &str) -> db::Result<Vec<Line>> {
    tx.list(
        "select id, number, topic, subject, sender_name, state, holder, deadline, since, received_at,
                id as place from petition where account = $1 order by received_at desc, id desc limit 50",
        args![account],
    )
    .await
}

db::record! {
    /// A published answer, as anybody reads it.
    pub struct Published {
        number: String, agency: String, public_subject: String, public_content: String,
        public_answer: String, published_at: Instant,
    }
}

/// The published answers, the newest first, 21 at most, before a moment.
pub async fn list_published(tx: &mut Tx, before: Option<Instant>) -> db::Result<Vec<Published>> {
    let before = before.unwrap_or(Instant::MAX);
    tx.list(
        "select number, agency, public_subject, public_content, public_answer, published_at from petition
          where published_at < $1 order by published_at desc limit 21",
        args![before],
    )
    .await
}

/// One published answer.
pub async fn find_published(tx: &mut Tx, number: &str) -> db::Result<Option<Published>> {
    tx.find(
        "select number, agency, public_subject, public_content, public_answer, published_at from petition
          where number = $1 and published_at is not null",
        args![number],
    )
    .await
}

/// The reading of the law that is in force on a day.
pub async fn parameter(tx: &mut Tx, id: &str, day: Day) -> db::Result<Option<String>> {
    tx.find(
        "select value from parameter where id = $1 and valid_from <= $2
            and (valid_to is null or valid_to >= $2) order by valid_from desc limit 1",
        args![id, day],
    )
    .await
}
