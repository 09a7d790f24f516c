//! The life of a correction: asked for, then decided by a leader or taken back. The dossier's own status
//! stays what it is.

/// Where a correction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Asked,
    /// A new version of the result was made.
    Corrected,
    Declined,
    TakenBack,
}

/// What somebody does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Correct,
    Decline,
    TakeBack,
}

/// Who meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// A leader of the agency that decided.
    Leader,
    /// Whoever asked.
    Asker,
    Other,
}

impl State {
    /// All, in the order of its life.
    #[cfg(test)]
    pub const ALL: [State; 4] = [State::Asked, State::Corrected, State::Declined, State::TakenBack];

    /// The word in rows and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            State::Asked => "asked",
            State::Corrected => "corrected",
            State::Declined => "declined",
            State::TakenBack => "taken-back",
        }
    }
}

impl Verb {
    /// All.
    pub const ALL: [Verb; 3] = [Verb::Correct, Verb::Decline, Verb::TakeBack];

    /// The word in forms and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Correct => "correct",
            Verb::Decline => "decline",
            Verb::TakeBack => "take_back",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Verb> {
        Self::ALL.into_iter().find(|v| v.word() == word)
    }
}

/// The state after a step that this person may take; none where there is no such step.
pub fn after(state: State, verb: Verb, seat: Seat) -> Option<State> {
    match (state, verb, seat) {
        (State::Asked, Verb::Correct, Seat::Leader) => Some(State::Corrected),
        (State::Asked, Verb::Decline, Seat::Leader) => Some(State::Declined),
        (State::Asked, Verb::TakeBack, Seat::Asker) => Some(State::TakenBack),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_step_and_seat() {
        let mut table = String::new();
        for state in State::ALL {
            for verb in Verb::ALL {
                let cell = |seat| after(state, verb, seat).map_or("-", State::word);
                let cells = [Seat::Leader, Seat::Asker, Seat::Other].map(cell);
                table += &format!("{:<10} {:<9} {}\n", state.word(), verb.word(), cells.join(" "));
            }
        }
        let expected = "asked      correct   corrected - -\n\
                        asked      decline   declined - -\n\
                        asked      take_back - taken-back -\n";
        let rest: String = State::ALL[1..]
            .iter()
            .flat_map(|s| Verb::ALL.map(|v| format!("{:<10} {:<9} - - -\n", s.word(), v.word())))
            .collect();
        assert_eq!(table, format!("{expected}{rest}"));
        for verb in Verb::ALL {
            assert_eq!(Verb::from_word(verb.word()), Some(verb));
        }
    }
}
