//! Papers on paper (bản chính, bản sao): which were handed in, who holds each now, the lists by which they
//! go from unit to unit, and back to the citizen. A dossier is not closed at the counter while an original
//! is neither given back nor accounted for with a reason. law: onestop/originals

pub mod pages;

use base::{Id, Instant};
use db::{Filter, Tx, args};
use directory::UnitId;
use serde_json::json;
use web::lang::in_vietnamese;
use web::{FieldError, Problem};

use crate::dossier::rules::Seat;
use crate::dossier::{self, Case, DossierId, Who};
use crate::number;
use crate::office::{needed, settle};
use crate::words_office::{kept, say};

pub enum PaperKind {}
/// The id of a paper somebody holds.
pub type PaperId = Id<PaperKind>;
pub enum HandoverKind {}
/// The id of a list of papers handed over.
pub type HandoverId = Id<HandoverKind>;

/// What a paper may be.
pub const FORMS: [&str; 3] = ["original", "certified", "copy"];
/// The scheme of the lists' numbers.
pub const SCHEME: &str = "handover";
/// Papers on one list.
const LINES_MAX: usize = 200;

db::record! {
    /// A paper on paper.
    #[derive(PartialEq, Eq)]
    pub struct Paper {
        id: PaperId, dossier: DossierId, component: String, name: String,
        /// One of [`FORMS`].
        form: String,
        count: i64,
        /// `held`, `moving`, `returned` or `excused`.
        state: String,
        /// The unit that holds it, or sent it last.
        unit: String,
        note: String,
    }
}

/// A paper handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub component: String,
    pub name: String,
    pub form: &'static str,
    pub count: i64,
}

/// The counter takes papers in; the log says which.
pub async fn take_in(tx: &mut Tx, case: &mut Case, papers: &[Taken], who: &Who) -> Result<(), Problem> {
    at_counter(case)?;
    if papers.is_empty() {
        return Err(Problem::field("papers", say("custody.none", &[])));
    }
    if case.dossier.state.status().is_final() {
        return Err(Problem::refused(say("custody.over", &[]), "refused: custody.over"));
    }
    let d = &case.dossier;
    let mut told = Vec::new();
    for paper in papers {
        if !(1..=99).contains(&paper.count) || paper.name.chars().count() > 500 {
            return Err(Problem::field("papers", say("custody.count", &[])));
        }
        tx.change_one(
            "insert into held_paper (id, dossier, component, name, form, count, state, unit, taken_by,
                taken_at) values ($1, $2, $3, $4, $5, $6, 'held', $7, $8, $9)",
            args![
                PaperId::fresh(),
                d.id,
                &paper.component,
                &paper.name,
                paper.form,
                paper.count,
                d.counter.as_str(),
                &who.account,
                case.now
            ],
        )
        .await?;
        told.push(in_vietnamese(|| line(&paper.name, paper.form, paper.count)));
    }
    let note = kept("custody.taken", &[("papers", &told.join("; "))]);
    dossier::record(tx, case, "take_papers", &note, json!({})).await
}

/// "Giấy khai sinh (bản chính, 1)".
pub fn line(name: &str, form: &str, count: i64) -> String {
    let form = say(&format!("paper_form.{form}"), &[]);
    say("custody.line", &[("name", name), ("form", &form), ("n", &count.to_string())])
}

fn at_counter(case: &Case) -> Result<(), Problem> {
    if case.seats.contains(&Seat::Counter) {
        return Ok(());
    }
    Err(Problem::refused(say("custody.not_yours", &[]), "refused: custody.not_yours"))
}

/// The counter gives papers back to the citizen. Only what lies at the counter can be given.
pub async fn give_back(tx: &mut Tx, case: &mut Case, papers: &[PaperId], who: &Who) -> Result<(), Problem> {
    at_counter(case)?;
    if papers.is_empty() {
        return Err(Problem::refused(say("custody.choose", &[]), "refused: custody.choose"));
    }
    let mut told = Vec::new();
    for id in papers {
        let paper = find(tx, case.dossier.id, *id).await?;
        if paper.state != "held" || paper.unit != case.dossier.counter.as_str() {
            let words = say("custody.elsewhere", &[("name", &paper.name)]);
            return Err(Problem::refused(words, "refused: custody.elsewhere"));
        }
        end(tx, &paper, "returned", "", &who.account, case.now).await?;
        told.push(in_vietnamese(|| line(&paper.name, &paper.form, paper.count)));
    }
    let note = kept("custody.given", &[("papers", &told.join("; "))]);
    dossier::record(tx, case, "return_papers", &note, json!({})).await
}

/// A paper will not come back, and why: lost, kept by law, taken by the citizen before.
pub async fn excuse(tx: &mut Tx, case: &mut Case, id: PaperId, why: &str, who: &Who) -> Result<(), Problem> {
    if !case.seats.iter().any(|seat| matches!(seat, Seat::Counter | Seat::Leader)) {
        return Err(Problem::refused(say("custody.not_yours", &[]), "refused: custody.not_yours"));
    }
    let mut errors = Vec::new();
    let why = needed(&mut errors, "note", why, 500);
    settle(errors)?;
    let paper = find(tx, case.dossier.id, id).await?;
    if !matches!(paper.state.as_str(), "held" | "moving") {
        return Err(Problem::Stale);
    }
    end(tx, &paper, "excused", &why, &who.account, case.now).await?;
    let told = in_vietnamese(|| line(&paper.name, &paper.form, paper.count));
    let note = kept("custody.excused", &[("paper", &told), ("why", &why)]);
    dossier::record(tx, case, "excuse_paper", &note, json!({ "paper": id })).await
}

async fn end(
    tx: &mut Tx,
    paper: &Paper,
    state: &'static str,
    note: &str,
    account: &str,
    now: Instant,
) -> Result<(), Problem> {
    Ok(tx
        .change_one(
            "update held_paper set state = $1, note = $2, ended_by = $3, ended_at = $4
              where id = $5 and state = $6",
            args![state, note, account, now, paper.id, &paper.state],
        )
        .await?)
}

/// Refuses to close a dossier whose originals are not accounted for. law: onestop/originals
pub async fn before_closing(tx: &mut Tx, case: &Case) -> Result<(), Problem> {
    let papers = of_dossier(tx, case.dossier.id).await?;
    let out: Vec<&str> = papers.iter().filter(|p| is_out(p)).map(|p| p.name.as_str()).collect();
    if out.is_empty() {
        return Ok(());
    }
    let words = say("custody.out", &[("names", &out.join("; "))]);
    Err(Problem::refused(words, "refused: custody.out"))
}

/// An original that is neither given back nor accounted for.
pub fn is_out(paper: &Paper) -> bool {
    paper.form == "original" && matches!(paper.state.as_str(), "held" | "moving")
}

/// The papers of a dossier in the order they came.
pub async fn of_dossier(tx: &mut Tx, dossier: DossierId) -> Result<Vec<Paper>, Problem> {
    Ok(tx
        .list(
            "select id, dossier, component, name, form, count, state, unit, note from held_paper
              where dossier = $1 order by taken_at, id limit 200",
            args![dossier],
        )
        .await?)
}

async fn find(tx: &mut Tx, dossier: DossierId, id: PaperId) -> Result<Paper, Problem> {
    let found = tx
        .find(
            "select id, dossier, component, name, form, count, state, unit, note from held_paper
              where dossier = $1 and id = $2",
            args![dossier, id],
        )
        .await?;
    found.ok_or(Problem::NotFound)
}

db::record! {
    /// A list of papers handed over.
    pub struct Handover {
        id: HandoverId, number: String, from_unit: String, to_unit: String, made_by: String,
        made_at: Instant, received_by: Option<String>, received_at: Option<Instant>,
    }
}

db::record! {
    /// A paper on a list, with the dossier it belongs to.
    pub struct Line {
        paper: PaperId, dossier: DossierId, code: String, applicant_name: String, name: String, form: String,
        count: i64,
        /// `sent`, `received` or `missing`; `held` before it is on a list.
        state: String,
        note: String,
        /// Where the dossier is worked on now.
        holder_unit: String,
    }
}

/// Makes a list of papers that lie in `from` and sends it to `to`.
pub async fn hand_over(
    tx: &mut Tx,
    from: &UnitId,
    to: &UnitId,
    papers: &[PaperId],
    who: &Who,
    now: Instant,
) -> Result<HandoverId, Problem> {
    if papers.is_empty() || papers.len() > LINES_MAX {
        return Err(Problem::refused(say("custody.choose", &[]), "refused: custody.choose"));
    }
    if from == to {
        return Err(Problem::field("unit", say("custody.same_unit", &[])));
    }
    directory::get_unit(tx, to).await?;
    let number = number::next(tx, SCHEME, from.as_str(), &[], now.day()).await?;
    let id = HandoverId::fresh();
    tx.change_one(
        "insert into handover (id, number, from_unit, to_unit, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6)",
        args![id, number, from.as_str(), to.as_str(), &who.account, now],
    )
    .await?;
    let mut ordinal = 0_i64;
    for paper in papers {
        ordinal += 1;
        tx.change_one(
            "update held_paper set state = 'moving' where id = $1 and state = 'held' and unit = $2",
            args![paper, from.as_str()],
        )
        .await?;
        tx.change_one(
            "insert into handover_line (handover, ordinal, paper, state) values ($1, $2, $3, 'sent')",
            args![id, ordinal, paper],
        )
        .await?;
    }
    Ok(id)
}

/// The taker says line by line what has come. What has not stays with the giver, who is told.
pub async fn receive(
    tx: &mut Tx,
    id: HandoverId,
    come: &[PaperId],
    note: &str,
    who: &Who,
    now: Instant,
) -> Result<(), Problem> {
    let list = get(tx, id).await?;
    let lines = lines(tx, id).await?;
    let missing = lines.iter().any(|l| !come.contains(&l.paper));
    if missing && note.trim().is_empty() {
        return Err(Problem::Invalid(vec![FieldError::new("note", say("custody.say_missing", &[]))]));
    }
    tx.change_one(
        "update handover set received_by = $1, received_at = $2 where id = $3 and received_at is null",
        args![&who.account, now, id],
    )
    .await?;
    for l in &lines {
        let here = come.contains(&l.paper);
        let (state, unit) = if here { ("received", &list.to_unit) } else { ("missing", &list.from_unit) };
        tx.change_one(
            "update handover_line set state = $1, note = $2
              where handover = $3 and paper = $4 and state = 'sent'",
            args![state, if here { "" } else { note.trim() }, id, l.paper],
        )
        .await?;
        // A paper that was accounted for on the way stays so.
        tx.change(
            "update held_paper set state = 'held', unit = $1 where id = $2 and state = 'moving'",
            args![unit, l.paper],
        )
        .await?;
    }
    Ok(())
}

/// The list with this id.
pub async fn get(tx: &mut Tx, id: HandoverId) -> Result<Handover, Problem> {
    let found = tx.find("select * from handover where id = $1", args![id]).await?;
    found.ok_or(Problem::NotFound)
}

/// The lines of a list.
pub async fn lines(tx: &mut Tx, id: HandoverId) -> Result<Vec<Line>, Problem> {
    Ok(tx
        .list(
            "select p.id as paper, d.id as dossier, d.code, d.applicant_name, p.name, p.form, p.count,
                    l.state, l.note, d.holder_unit
               from handover_line l join held_paper p on p.id = l.paper join dossier d on d.id = p.dossier
              where l.handover = $1 order by l.ordinal limit 200",
            args![id],
        )
        .await?)
}

/// The papers that lie in a unit, those of one dossier together.
pub async fn here(tx: &mut Tx, unit: &UnitId) -> Result<Vec<Line>, Problem> {
    Ok(tx
        .list(
            "select p.id as paper, d.id as dossier, d.code, d.applicant_name, p.name, p.form, p.count,
                    p.state, p.note, d.holder_unit
               from held_paper p join dossier d on d.id = p.dossier
              where p.unit = $1 and p.state = 'held' order by d.code, p.id limit 200",
            args![unit.as_str()],
        )
        .await?)
}

/// The lists that come to a unit or go from it, the newest first.
pub async fn list(tx: &mut Tx, unit: &UnitId, coming: bool) -> Result<Vec<Handover>, Problem> {
    let q = Filter::new("select * from handover");
    let q = match coming {
        true => q.and("to_unit = ?", Some(unit.as_str())),
        false => q.and("from_unit = ?", Some(unit.as_str())),
    };
    let q = q.tail("order by made_at desc, id limit 50");
    Ok(tx.list(&q, &q.args).await?)
}
