//! What a helper may do, and whether a consent holds at an instant.

use base::Instant;

/// What somebody is let do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Fill in the draft and bring its papers.
    pub fill: bool,
    /// Bring what the counter asks for.
    pub supplement: bool,
    /// See where it stands.
    pub follow: bool,
}

impl Rights {
    /// Their words, in the order of the form.
    pub const WORDS: [&str; 3] = ["fill", "supplement", "follow"];

    /// Is there one?
    pub fn any(self) -> bool {
        self.fill || self.supplement || self.follow
    }

    /// The rights named by these words.
    pub fn of<'w>(words: impl Iterator<Item = &'w str>) -> Rights {
        let mut rights = Rights::default();
        for word in words {
            match word {
                "fill" => rights.fill = true,
                "supplement" => rights.supplement = true,
                "follow" => rights.follow = true,
                _ => {}
            }
        }
        rights
    }

    /// The words of these rights.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS
            .into_iter()
            .zip([self.fill, self.supplement, self.follow])
            .filter(|(_, has)| *has)
            .map(|(w, _)| w)
    }

    /// Whether they hold this one. Whoever may bring papers must see what is asked for.
    pub fn hold(self, right: Right) -> bool {
        match right {
            Right::Own => false,
            Right::Fill => self.fill,
            Right::Supplement => self.supplement,
            Right::Follow => self.follow || self.supplement,
        }
    }
}

/// What a page needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To be the owner: no helper has it.
    Own,
    Fill,
    Supplement,
    Follow,
}

/// How far a consent has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Invited,
    Agreed,
    /// The time it was given for is over.
    Over,
    /// Somebody ended it.
    Ended,
}

impl Standing {
    /// As keys of words name it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Invited => "invited",
            Standing::Agreed => "agreed",
            Standing::Over => "over",
            Standing::Ended => "ended",
        }
    }
}

/// How a consent stands at `now`: only `Agreed` lets anybody do anything.
pub fn standing(accepted: Option<Instant>, until: Instant, ended: Option<Instant>, now: Instant) -> Standing {
    match (ended, accepted) {
        (Some(_), _) => Standing::Ended,
        _ if now >= until => Standing::Over,
        (None, Some(_)) => Standing::Agreed,
        (None, None) => Standing::Invited,
    }
}
