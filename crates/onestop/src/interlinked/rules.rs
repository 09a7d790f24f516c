//! When the children of an interlinked dossier begin, what keeps their parent from being decided, and what
//! may be done on a child alone. Nothing here reads a clock or a database. law: onestop/interlinked

use crate::dossier::rules::{Status, Verb};

/// How a child stands, as far as its parent is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// For the results of others.
    Waiting,
    /// Begun; the catalogue has no procedure for it, and the parent's officials write down what came.
    ByHand,
    /// Under way as a dossier of its own.
    Running,
    /// It gave its result.
    Granted,
    /// It ended without its result.
    Failed,
    /// It gives no result, and the parent's officials have said what follows from that.
    Faced,
}

impl Part {
    /// All, in the order of the table.
    #[cfg(test)]
    pub const ALL: [Part; 6] =
        [Part::Waiting, Part::ByHand, Part::Running, Part::Granted, Part::Failed, Part::Faced];

    /// The word of keys and of the API.
    pub fn word(self) -> &'static str {
        match self {
            Part::Waiting => "waiting",
            Part::ByHand => "by_hand",
            Part::Running => "running",
            Part::Granted => "granted",
            Part::Failed => "failed",
            Part::Faced => "faced",
        }
    }

    /// Whether the parent cannot be decided because of it.
    pub fn holds(self) -> bool {
        !matches!(self, Part::Granted | Part::Faced)
    }

    /// Whether there is no result of it to wait for any more.
    pub fn is_lost(self) -> bool {
        matches!(self, Part::Failed | Part::Faced)
    }
}

/// How a child dossier of this status, decided so or not at all, stands for its parent.
pub fn of_dossier(status: Status, granted: Option<bool>) -> Part {
    match (status, granted) {
        (Status::Settled | Status::Returned, Some(true)) => Part::Granted,
        (Status::Settled | Status::Returned, _) => Part::Failed,
        (Status::Declined | Status::Withdrawn | Status::Stopped, _) => Part::Failed,
        _ => Part::Running,
    }
}

/// A child with those it waits for.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    pub id: &'a str,
    pub after: &'a [String],
    pub part: Part,
}

/// The children that begin now: they wait, and all they wait for has given its result.
pub fn begin<'a>(links: &[Link<'a>]) -> Vec<&'a str> {
    let granted = |id: &String| links.iter().any(|l| l.id == id && l.part == Part::Granted);
    let ready = |l: &&Link| l.part == Part::Waiting && l.after.iter().all(granted);
    links.iter().filter(ready).map(|l| l.id).collect()
}

/// The children that can never begin, because something they wait for is lost. A file names only
/// children that stand before, so one look in its order is enough.
pub fn barred<'a>(links: &[Link<'a>]) -> Vec<&'a str> {
    let mut barred: Vec<&str> = Vec::new();
    for l in links.iter().filter(|l| l.part == Part::Waiting) {
        let lost = |id: &String| {
            barred.contains(&id.as_str()) || links.iter().any(|o| o.id == id && o.part.is_lost())
        };
        if l.after.iter().any(lost) {
            barred.push(l.id);
        }
    }
    barred
}

/// The children that keep the parent from being decided, in the order of the file.
pub fn holding<'a>(links: &[Link<'a>]) -> Vec<&'a str> {
    links.iter().filter(|l| l.part.holds()).map(|l| l.id).collect()
}

/// Whether the parent's officials may write down how this child ended.
pub fn may_be_faced(part: Part, barred: bool) -> bool {
    matches!(part, Part::ByHand | Part::Failed) || part == Part::Waiting && barred
}

/// Whether this step may be taken on a child alone. What concerns the citizen is done on the parent, and
/// the child follows; a result that is ready when its parent has ended early is still returned.
pub fn of_child(verb: Verb, parent_over: bool) -> bool {
    use Verb::*;
    match verb {
        AskSupplement | PassOn | ReturnStep | SubmitForSignature | Decide | Extend | Stop => true,
        ReturnResult => parent_over,
        Receive | Supplement | Refuse | Withdraw | AskFee | Pay => false,
    }
}

/// Whether a child may ask the citizen for papers while its parent has this status.
pub fn may_ask_through(parent: Status) -> bool {
    matches!(parent, Status::Received | Status::InProcess | Status::Supplementing)
}
