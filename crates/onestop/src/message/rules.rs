//! Who may write about a dossier, and how much.

use base::Instant;

/// Characters of a message.
pub const WORDS_CHARS_MAX: usize = 2_000;
/// Files of a message.
pub const FILES_MAX: usize = 5;
/// What an applicant writes about one dossier in a day.
pub const OWNER_DOSSIER_DAY_MAX: i64 = 10;
/// What an applicant writes about all dossiers in a day.
pub const OWNER_DAY_MAX: i64 = 30;
/// What an official writes in a day.
pub const OFFICIAL_DAY_MAX: i64 = 200;
/// How long a dossier that is over still takes messages.
pub const OVER_DAYS_MAX: i64 = 30;

/// Between whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The applicant and the office that has the dossier.
    Talk,
    /// Officials alone.
    Note,
}

impl Kind {
    /// Both.
    pub const ALL: [Kind; 2] = [Kind::Talk, Kind::Note];

    /// The word in rows and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Talk => "talk",
            Kind::Note => "note",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// As what somebody meets the dossier's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Its applicant, whatever else they are.
    Owner,
    /// Whoever works on it: the counter, the desk that holds it, the leader of the agency.
    Office,
    /// An official who may see it, and no more.
    Colleague,
}

impl Side {
    /// Whether messages of this kind exist for this side.
    pub fn sees(self, kind: Kind) -> bool {
        kind == Kind::Talk || self != Side::Owner
    }
}

/// What is known when somebody wants to write.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub kind: Kind,
    pub side: Side,
    /// The dossier belongs to an account, so that somebody can read what is written.
    pub has_owner: bool,
    /// Since when the dossier is over.
    pub over_since: Option<Instant>,
    pub now: Instant,
    /// What this account has written today about this dossier, and about all.
    pub today: i64,
    pub today_in_all: i64,
}

/// Why nobody may write this now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// There is no such kind for this side.
    NotThere,
    /// Only whoever works on the dossier answers its applicant.
    NotYours,
    /// Filed on paper: there is no account that could read it.
    NoAccount,
    /// Over for longer than messages are taken.
    Over,
    /// Enough for one day.
    TooMany(i64),
}

/// Whether it may be written.
pub fn check(asked: &Asked) -> Result<(), No> {
    if !asked.side.sees(asked.kind) {
        return Err(No::NotThere);
    }
    match (asked.kind, asked.side) {
        (Kind::Talk, Side::Colleague) => return Err(No::NotYours),
        (Kind::Talk, Side::Office) if !asked.has_owner => return Err(No::NoAccount),
        _ => {}
    }
    if asked.over_since.is_some_and(|since| asked.now > since.plus_days(OVER_DAYS_MAX)) {
        return Err(No::Over);
    }
    let (of_dossier, in_all) = match asked.side {
        Side::Owner => (OWNER_DOSSIER_DAY_MAX, OWNER_DAY_MAX),
        Side::Office | Side::Colleague => (OFFICIAL_DAY_MAX, OFFICIAL_DAY_MAX),
    };
    if asked.today >= of_dossier {
        return Err(No::TooMany(of_dossier));
    }
    if asked.today_in_all >= in_all {
        return Err(No::TooMany(in_all));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_write_what_and_when() {
        let now = Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap();
        let mut table = String::new();
        for kind in Kind::ALL {
            for side in [Side::Owner, Side::Office, Side::Colleague] {
                let asked =
                    Asked { kind, side, has_owner: true, over_since: None, now, today: 0, today_in_all: 0 };
                let said = |asked: Asked| match check(&asked) {
                    Ok(()) => "yes".to_string(),
                    Err(no) => format!("{no:?}"),
                };
                let columns = [
                    said(asked),
                    said(Asked { has_owner: false, ..asked }),
                    said(Asked { over_since: Some(now.plus_days(-30)), ..asked }),
                    said(Asked { over_since: Some(now.plus_days(-31)), ..asked }),
                    said(Asked { today: 9, today_in_all: 29, ..asked }),
                    said(Asked { today: 10, today_in_all: 10, ..asked }),
                    said(Asked { today: 0, today_in_all: 30, ..asked }),
                    said(Asked { today: 200, today_in_all: 200, ..asked }),
                ];
                table += &format!("{kind:?} {side:?}: {}\n", columns.join(" "));
            }
        }
        let picture = "\
Talk Owner: yes yes yes Over yes TooMany(10) TooMany(30) TooMany(10)
Talk Office: yes NoAccount yes Over yes yes yes TooMany(200)
Talk Colleague: NotYours NotYours NotYours NotYours NotYours NotYours NotYours NotYours
Note Owner: NotThere NotThere NotThere NotThere NotThere NotThere NotThere NotThere
Note Office: yes yes yes Over yes yes yes TooMany(200)
Note Colleague: yes yes yes Over yes yes yes TooMany(200)
";
        assert_eq!(table, picture, "{table}");
    }
}
