//! What becomes of results that are signed on a telephone, one after the other. Nothing here knows a clock, a
//! database or an operator.

use trust::mobile::rules::State as Heard;

/// Where a result stands in its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its turn has not come, or comes again.
    Waiting,
    /// The phone is asked.
    Asked,
    /// It bears the signature.
    Signed,
    /// Somebody else has signed or changed it meanwhile.
    Overtaken,
    /// The phone's owner said no.
    Refused,
    /// Nobody answered in time.
    Lapsed,
    /// The operator does not take the number, or the signature is none of the certificate's.
    Failed,
    /// Not sent any more.
    Dropped,
}

impl State {
    /// All of them.
    pub const ALL: [State; 8] = [
        State::Waiting,
        State::Asked,
        State::Signed,
        State::Overtaken,
        State::Refused,
        State::Lapsed,
        State::Failed,
        State::Dropped,
    ];

    /// The word in rows and word files.
    pub fn word(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Asked => "asked",
            State::Signed => "signed",
            State::Overtaken => "overtaken",
            State::Refused => "refused",
            State::Lapsed => "lapsed",
            State::Failed => "failed",
            State::Dropped => "dropped",
        }
    }

    /// The state of this word.
    pub fn of(word: &str) -> State {
        Self::ALL.into_iter().find(|state| state.word() == word).unwrap_or(State::Failed)
    }

    /// It could be sent once more.
    pub fn may_repeat(self) -> bool {
        matches!(self, State::Refused | State::Lapsed | State::Failed)
    }
}

/// What the phone's answer makes of the result that was asked about; nothing while it has not answered.
pub fn after(heard: Heard) -> Option<State> {
    match heard {
        Heard::Asked | Heard::Sent => None,
        Heard::Signed => Some(State::Signed),
        Heard::Refused => Some(State::Refused),
        Heard::Lapsed => Some(State::Lapsed),
        Heard::Failed => Some(State::Failed),
    }
}

/// What is to be done in a round: with which of its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Hear what became of this one.
    Follow(usize),
    /// Ask about this one.
    Ask(usize),
    /// One was not signed: the phone is not asked further until its owner says so.
    Stopped,
    /// Nothing.
    Over,
}

/// What is to be done next.
pub fn next(states: &[State]) -> Next {
    let first = |wanted: State| states.iter().position(|state| *state == wanted);
    match (first(State::Asked), first(State::Waiting)) {
        (Some(asked), _) => Next::Follow(asked),
        (None, None) => Next::Over,
        (None, Some(_)) if states.iter().any(|state| state.may_repeat()) => Next::Stopped,
        (None, Some(waiting)) => Next::Ask(waiting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_next_with_two_results() {
        let mut table = format!("\n{:<11}", "");
        for second in State::ALL {
            table += &format!("{:<11}", second.word());
        }
        table = table.trim_end().to_string() + "\n";
        for first in State::ALL {
            let mut line = format!("{:<11}", first.word());
            for second in State::ALL {
                let told = match next(&[first, second]) {
                    Next::Follow(n) => format!("follow {n}"),
                    Next::Ask(n) => format!("ask {n}"),
                    Next::Stopped => "stopped".into(),
                    Next::Over => "-".into(),
                };
                line += &format!("{told:<11}");
            }
            table += &format!("{}\n", line.trim_end());
        }
        let expected = "
           waiting    asked      signed     overtaken  refused    lapsed     failed     dropped
waiting    ask 0      follow 1   ask 0      ask 0      stopped    stopped    stopped    ask 0
asked      follow 0   follow 0   follow 0   follow 0   follow 0   follow 0   follow 0   follow 0
signed     ask 1      follow 1   -          -          -          -          -          -
overtaken  ask 1      follow 1   -          -          -          -          -          -
refused    stopped    follow 1   -          -          -          -          -          -
lapsed     stopped    follow 1   -          -          -          -          -          -
failed     stopped    follow 1   -          -          -          -          -          -
dropped    ask 1      follow 1   -          -          -          -          -          -
";
        assert_eq!(table, expected);
    }

    #[test]
    fn what_the_phone_answers_makes_of_a_result() {
        let told: Vec<String> = Heard::ALL
            .into_iter()
            .map(|heard| format!("{} {}", heard.word(), after(heard).map_or("-", State::word)))
            .collect();
        let expected =
            ["asked -", "sent -", "signed signed", "refused refused", "lapsed lapsed", "failed failed"];
        assert_eq!(told, expected);
        for state in State::ALL {
            assert_eq!(State::of(state.word()), state);
        }
    }
}
