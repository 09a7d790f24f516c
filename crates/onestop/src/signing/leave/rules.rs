//! What a result lacks before it may leave, and when a pen and a stamp do instead.

use trust::signing::Part;

/// The parameter that says when a result may go out signed on paper.
pub const PARAMETER: &str = "result-on-paper";

/// When a result may go out signed with a pen and sealed with a stamp. law: onestop/result-signature
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPaper {
    /// Every result is signed and sealed digitally.
    Never,
    /// While whoever decided has no certificate to sign with, or the agency has no seal.
    WithoutCertificate,
    /// Whenever the agency says so.
    Always,
}

impl OnPaper {
    /// All, by their words in the parameter.
    pub const ALL: [OnPaper; 3] = [OnPaper::Never, OnPaper::WithoutCertificate, OnPaper::Always];

    /// The word of the parameter.
    pub fn word(self) -> &'static str {
        match self {
            OnPaper::Never => "never",
            OnPaper::WithoutCertificate => "without-certificate",
            OnPaper::Always => "always",
        }
    }

    /// The rule of this word. Without a word, or with one nobody knows, the stricter one holds.
    pub fn from_word(word: &str) -> OnPaper {
        Self::ALL.into_iter().find(|rule| rule.word() == word).unwrap_or(OnPaper::Never)
    }

    /// Whether a result goes out on paper when these two certificates can sign.
    pub fn allows(self, has_person: bool, has_seal: bool) -> bool {
        match self {
            OnPaper::Never => false,
            OnPaper::WithoutCertificate => !(has_person && has_seal),
            OnPaper::Always => true,
        }
    }
}

/// How a version of a result stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has no signature of this part.
    Lacks(Part),
    /// Signed and sealed digitally.
    Signed,
    /// Signed and sealed on paper, as somebody has declared.
    OnPaper,
    /// The citizen got it before this rule was kept here.
    Left,
}

impl Standing {
    /// What these counts come to: signatures, seals, declarations, hand-overs.
    pub fn of(signatures: i64, seals: i64, on_paper: i64, left: i64) -> Standing {
        match (signatures > 0, seals > 0, on_paper > 0, left > 0) {
            (true, true, _, _) => Standing::Signed,
            (_, _, true, _) => Standing::OnPaper,
            (_, _, _, true) => Standing::Left,
            (true, false, ..) => Standing::Lacks(Part::Seal),
            (false, ..) => Standing::Lacks(Part::Person),
        }
    }

    /// Whether a citizen may have it.
    pub fn may_leave(self) -> bool {
        !matches!(self, Standing::Lacks(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paper_goes_out_as_the_parameter_says() {
        let mut table = String::from("                     both person seal none\n");
        for rule in OnPaper::ALL {
            let cells = [(true, true), (true, false), (false, true), (false, false)]
                .map(|(person, seal)| if rule.allows(person, seal) { "yes" } else { "-" });
            table += &format!("{:<20} {}\n", rule.word(), cells.join(" "));
            assert_eq!(OnPaper::from_word(rule.word()), rule);
        }
        let expected = "                     both person seal none\n\
                        never                - - - -\n\
                        without-certificate  - yes yes yes\n\
                        always               yes yes yes yes\n";
        assert_eq!(table, expected);
        assert_eq!(OnPaper::from_word("maybe"), OnPaper::Never);
    }

    #[test]
    fn a_result_leaves_with_both_signatures_or_as_declared() {
        let mut table = String::new();
        for (signature, seal, paper, left) in
            [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0), (0, 0, 1, 0), (1, 0, 0, 1), (1, 1, 1, 1)]
        {
            let standing = Standing::of(signature, seal, paper, left);
            let goes = if standing.may_leave() { "leaves" } else { "stays" };
            table += &format!("{signature}{seal}{paper}{left} {standing:?} {goes}\n");
        }
        let expected = "0000 Lacks(Person) stays\n\
                        1000 Lacks(Seal) stays\n\
                        0100 Lacks(Person) stays\n\
                        1100 Signed leaves\n\
                        0010 OnPaper leaves\n\
                        1001 Left leaves\n\
                        1111 Signed leaves\n";
        assert_eq!(table, expected);
    }
}
