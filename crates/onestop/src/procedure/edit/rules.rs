//! What may become of the next version of a procedure, and of a version once published.

use base::Day;

/// Where a draft stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Being written.
    Draft,
    /// Laid before another administrator.
    Proposed,
    Published,
    Dropped,
}

impl State {
    pub const ALL: [State; 4] = [State::Draft, State::Proposed, State::Published, State::Dropped];

    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Proposed => "proposed",
            State::Published => "published",
            State::Dropped => "dropped",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// What somebody does with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Save,
    Propose,
    SendBack,
    Publish,
    Drop,
}

impl Deed {
    #[cfg(test)]
    pub const ALL: [Deed; 5] = [Deed::Save, Deed::Propose, Deed::SendBack, Deed::Publish, Deed::Drop];

    /// The word of its column and of its refusal.
    pub fn word(self) -> &'static str {
        match self {
            Deed::Save => "save",
            Deed::Propose => "propose",
            Deed::SendBack => "send_back",
            Deed::Publish => "publish",
            Deed::Drop => "drop",
        }
    }
}

/// What decides beside the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Errors of the check; warnings are no hindrance.
    pub errors: usize,
    /// Whether who acts wrote in the draft or laid it before others.
    pub own_hand: bool,
    /// The first day of the version, and today.
    pub valid_from: Day,
    pub today: Day,
}

/// Why a deed is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// Not in this state.
    NotNow(Deed, State),
    /// The check found errors.
    Errors(usize),
    /// Published by another pair of eyes only.
    OwnHand,
    /// The first day is over.
    Past,
}

/// The state after the deed.
pub fn after(state: State, deed: Deed, facts: &Facts) -> Result<State, No> {
    match (state, deed) {
        (State::Draft, Deed::Save) => Ok(State::Draft),
        (State::Draft, Deed::Propose) if facts.errors > 0 => Err(No::Errors(facts.errors)),
        (State::Draft, Deed::Propose) => Ok(State::Proposed),
        (State::Draft, Deed::Drop) => Ok(State::Dropped),
        (State::Proposed, Deed::SendBack) => Ok(State::Draft),
        (State::Proposed, Deed::Publish) if facts.own_hand => Err(No::OwnHand),
        (State::Proposed, Deed::Publish) if facts.errors > 0 => Err(No::Errors(facts.errors)),
        (State::Proposed, Deed::Publish) if facts.valid_from < facts.today => Err(No::Past),
        (State::Proposed, Deed::Publish) => Ok(State::Published),
        (State::Draft, Deed::SendBack | Deed::Publish)
        | (State::Proposed, Deed::Save | Deed::Propose | Deed::Drop)
        | (State::Published | State::Dropped, _) => Err(No::NotNow(deed, state)),
    }
}

/// How a published version stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its first day is to come.
    Ahead,
    InForce,
    /// Over, or replaced by a newer one; dossiers keep it.
    Closed,
    /// Taken back before its first day.
    Withdrawn,
}

impl Standing {
    #[cfg(test)]
    pub const ALL: [Standing; 4] =
        [Standing::Ahead, Standing::InForce, Standing::Closed, Standing::Withdrawn];

    /// The end of its key in the words.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Ahead => "ahead",
            Standing::InForce => "in_force",
            Standing::Closed => "closed",
            Standing::Withdrawn => "withdrawn",
        }
    }

    /// Only what nobody could have filed under is taken back.
    pub fn may_be_withdrawn(self) -> bool {
        self == Standing::Ahead
    }
}

/// The standing of a version; `replaced`: a newer version is in force.
pub fn standing(
    valid_from: Day,
    valid_to: Option<Day>,
    withdrawn: bool,
    replaced: bool,
    today: Day,
) -> Standing {
    match () {
        () if withdrawn => Standing::Withdrawn,
        () if replaced || valid_to.is_some_and(|last| last < today) => Standing::Closed,
        () if today < valid_from => Standing::Ahead,
        () => Standing::InForce,
    }
}
