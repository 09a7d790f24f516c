//! A result on its way by post: sent with a waybill, then delivered or come back. What came back may be sent
//! again. The dossier is returned when the result is delivered.

/// Where the last mailing of a result stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was sent.
    None,
    Sent,
    Delivered,
    CameBack,
}

/// What the counter writes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Send,
    Deliver,
    ComeBack,
}

impl State {
    /// All, in the order of its life.
    pub const ALL: [State; 4] = [State::None, State::Sent, State::Delivered, State::CameBack];

    /// The word in rows and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            State::None => "none",
            State::Sent => "sent",
            State::Delivered => "delivered",
            State::CameBack => "came-back",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<State> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

impl Verb {
    /// All.
    pub const ALL: [Verb; 3] = [Verb::Send, Verb::Deliver, Verb::ComeBack];

    /// The word in forms and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Send => "send",
            Verb::Deliver => "deliver",
            Verb::ComeBack => "come_back",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Verb> {
        Self::ALL.into_iter().find(|v| v.word() == word)
    }
}

/// The state after a step; none where there is no such step.
pub fn after(state: State, verb: Verb) -> Option<State> {
    match (state, verb) {
        (State::None | State::CameBack, Verb::Send) => Some(State::Sent),
        (State::Sent, Verb::Deliver) => Some(State::Delivered),
        (State::Sent, Verb::ComeBack) => Some(State::CameBack),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_step() {
        let row = |state: State| {
            let cells = Verb::ALL.map(|verb| after(state, verb).map_or("-", State::word));
            format!("{:<9} {}\n", state.word(), cells.join(" "))
        };
        let table: String = State::ALL.into_iter().map(row).collect();
        let expected = "none      sent - -\n\
                        sent      - delivered came-back\n\
                        delivered - - -\n\
                        came-back sent - -\n";
        assert_eq!(table, expected);
    }
}
