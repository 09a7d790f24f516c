//! The desk (bàn làm việc): which dossiers wait for whom. A person sits at one post at a time,
//! and every list is a view of the dossiers that this post may see.

pub mod api;
pub mod frame;
pub mod pages;
pub mod saved;
pub mod store;
pub mod words;

use base::Instant;
use directory::{Role, UnitId};

use crate::dossier::rules::Status;

/// A list of work, as the side bar and the API name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Filed, waiting for the counter's answer.
    Waiting,
    /// Accepted and under way.
    Processing,
    /// Under way, and due within the next two working days.
    Soon,
    /// Under way, and late.
    Overdue,
    /// Waiting for the citizen's papers.
    Supplementing,
    /// Waiting for the citizen's payment.
    AwaitingFee,
    /// Laid before this leader for signature.
    ToSign,
    /// A step of it was laid before this leader.
    ToApprove,
    /// Decided, waiting to be returned.
    ToReturn,
    /// The applicant wrote, and nobody has answered.
    ToAnswer,
    /// Over, in whatever way.
    Done,
}

impl List {
    /// Every list, in the order of the side bar.
    pub const ALL: [List; 11] = [
        List::Waiting,
        List::Processing,
        List::Soon,
        List::Overdue,
        List::Supplementing,
        List::AwaitingFee,
        List::ToSign,
        List::ToApprove,
        List::ToReturn,
        List::ToAnswer,
        List::Done,
    ];

    /// The word in addresses, in the API and in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            List::Waiting => "waiting",
            List::Processing => "processing",
            List::Soon => "soon",
            List::Overdue => "overdue",
            List::Supplementing => "supplementing",
            List::AwaitingFee => "awaiting_fee",
            List::ToSign => "to_sign",
            List::ToApprove => "to_approve",
            List::ToReturn => "to_return",
            List::ToAnswer => "to_answer",
            List::Done => "done",
        }
    }

    /// The list of this word.
    pub fn from_word(word: &str) -> Option<List> {
        Self::ALL.into_iter().find(|l| l.word() == word)
    }

    /// The statuses whose dossiers are in it.
    pub fn statuses(self) -> &'static [Status] {
        match self {
            List::Waiting => &[Status::Filed],
            List::Processing | List::Soon | List::Overdue => &[Status::Received, Status::InProcess],
            List::Supplementing => &[Status::Supplementing],
            List::AwaitingFee => &[Status::AwaitingFee],
            List::ToSign => &[Status::InProcess],
            List::ToApprove => &[Status::Filed, Status::Received, Status::InProcess],
            List::ToReturn => &[Status::Settled],
            List::ToAnswer => &Status::ALL,
            List::Done => &[Status::Declined, Status::Withdrawn, Status::Stopped, Status::Returned],
        }
    }

    /// The icon of the side bar.
    pub fn icon(self) -> &'static str {
        match self {
            List::Waiting => "inbox",
            List::Processing => "file-text",
            List::Soon => "clock",
            List::Overdue => "clock-exclamation",
            List::Supplementing => "player-pause",
            List::AwaitingFee => "cash",
            List::ToSign => "signature",
            List::ToApprove => "user-check",
            List::ToReturn => "package",
            List::ToAnswer => "message-circle",
            List::Done => "archive",
        }
    }
}

/// From which post somebody looks, and so which dossiers are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that this counter received.
    Counter(UnitId),
    /// All that this agency settles: its leaders.
    Agency(UnitId),
    /// What this unit holds now: its officers.
    Holder(UnitId, Role),
}

impl Scope {
    /// The scope of a post; none for posts that settle nothing.
    pub fn of(post: &directory::Post) -> Option<Scope> {
        match post.role {
            Role::CounterClerk => Some(Scope::Counter(post.unit.clone())),
            // Who leads a counter settles nothing, and looks after all that it received.
            Role::Leader if post.at_counter => Some(Scope::Counter(post.unit.clone())),
            Role::Leader => Some(Scope::Agency(post.unit.clone())),
            Role::Officer => Some(Scope::Holder(post.unit.clone(), Role::Officer)),
            _ => None,
        }
    }

    /// The lists that make sense from here.
    pub fn lists(&self) -> &'static [List] {
        match self {
            Scope::Counter(_) => &[
                List::Waiting,
                List::Processing,
                List::Soon,
                List::Overdue,
                List::Supplementing,
                List::AwaitingFee,
                List::ToReturn,
                List::ToAnswer,
                List::Done,
            ],
            Scope::Agency(_) => &[
                List::ToSign,
                List::ToApprove,
                List::Waiting,
                List::Processing,
                List::Soon,
                List::Overdue,
                List::Supplementing,
                List::AwaitingFee,
                List::ToReturn,
                List::ToAnswer,
                List::Done,
            ],
            Scope::Holder(..) => &[List::Processing, List::Soon, List::Overdue, List::ToAnswer],
        }
    }
}

/// What is asked of a list.
#[derive(Clone, Debug)]
pub struct Ask {
    pub list: List,
    /// Words of the applicant's name without tone marks, a number or a code; empty for all.
    pub words: String,
    /// Where the last page ended.
    pub after: Option<String>,
    pub limit: usize,
    pub now: Instant,
    /// Due before this instant counts as soon.
    pub soon: Instant,
}

/// Until when a deadline counts as near: the end of the day that is the second working day from now,
/// so that what is due at its close is near too.
pub fn soon(calendar: &base::calendar::Calendar, now: Instant) -> Instant {
    let second = calendar.due(now, base::calendar::Limit::WorkingDays(2));
    second.map_or(now.plus_days(2), |due| due.at.day().next().at(0))
}

#[cfg(test)]
mod tests {
    use base::calendar::Calendar;

    use super::*;

    #[test]
    fn what_is_due_at_the_close_of_the_second_working_day_is_near() {
        let at = |text: &str| Instant::parse_rfc3339(text).unwrap();
        let calendar = Calendar::national();
        // A Thursday; Friday is the first working day, and Saturday 22 August 2026 is worked for 31 August.
        let soon = soon(&calendar, at("2026-08-20T09:00:00+07:00"));
        assert!(at("2026-08-22T17:00:00+07:00") < soon);
        assert!(soon < at("2026-08-24T07:00:00+07:00"));
    }
}
