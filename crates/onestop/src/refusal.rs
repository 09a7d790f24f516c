//! Every "no" of the one-stop shop that is expected, with its facts. The words are in `words/`;
//! the match below is exhaustive, so a new refusal cannot be forgotten.

use web::{FieldError, Message, Problem};

use crate::dossier::rules::{NotAllowed, Verb};
use crate::words::{self, WORDS};

/// A fault of what was entered: the field, the key of its words, the facts in them.
pub type Fault = (String, &'static str, Vec<(&'static str, String)>);

/// An expected "no".
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The rules have no such move.
    NotAllowed(NotAllowed),
    /// The step is none of this person's business.
    NotYours(Verb),
    /// The step is a leader's; others lay it before one.
    NeedsLeader(Verb),
    /// Something else waits for a leader's word on this dossier.
    ProposalWaits,
    /// The dossier has moved since the step was laid before the leader.
    ProposalOutdated,
    /// The procedure can be read and taken at the counter, not filed online.
    NotOnline,
    /// The account's owner has not been confirmed yet.
    NotConfirmed,
    /// No unit receives this procedure there.
    NoCounter,
    /// The day's or year's book of numbers is full.
    BookFull,
    /// The file is none of the kinds we take.
    FileKind { name: String },
    /// The document carries macros.
    FileMacros { name: String },
    /// The scanner found malware in the file.
    FileInfected { name: String },
    /// The file is larger than the scanner looks at.
    FileNotScanned { name: String },
    /// The file is empty.
    FileEmpty { name: String },
    /// The file is larger than one file may be.
    FileTooLarge { name: String, size: u64 },
    /// Too many uploads of this account wait for a dossier.
    TooManyWaiting,
    /// One file came in too many pieces.
    TooManyPieces,
    /// The dossier has more files than it may have.
    TooManyFiles { most: usize },
    /// The dossier's files together are larger than they may be.
    DossierTooLarge { most: u64 },
    /// The answers and papers have these faults, all at once.
    Faults(Vec<Fault>),
}

impl From<NotAllowed> for Refusal {
    fn from(why: NotAllowed) -> Self {
        Refusal::NotAllowed(why)
    }
}

impl From<NotAllowed> for Problem {
    fn from(why: NotAllowed) -> Self {
        Refusal::from(why).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let say = |key: &str, args: &[(&str, &str)]| {
            Problem::Refused(Message::new(WORDS.t(key, args), format!("refused: {key}")))
        };
        match refusal {
            Refusal::NotAllowed(NotAllowed::FromHere(status, verb)) => {
                say("refusal.from_here", &[("status", &words::status(status)), ("step", &words::verb(verb))])
            }
            Refusal::NotAllowed(NotAllowed::NoSuchStage { to, .. }) => {
                say("refusal.no_such_stage", &[("to", &to)])
            }
            Refusal::NotAllowed(NotAllowed::NotAtSignature) => say("refusal.not_at_signature", &[]),
            Refusal::NotAllowed(NotAllowed::NoLimit) => say("refusal.no_limit", &[]),
            Refusal::NotAllowed(NotAllowed::Uncountable) => say("refusal.uncountable", &[]),
            Refusal::NotAllowed(NotAllowed::ExtendedBefore) => say("refusal.extended_before", &[]),
            Refusal::NotAllowed(NotAllowed::NotLater { promised }) => {
                say("refusal.not_later", &[("at", &base::format::time_vn(promised))])
            }
            Refusal::NeedsLeader(verb) => say("refusal.needs_leader", &[("step", &words::verb(verb))]),
            Refusal::ProposalWaits => say("refusal.proposal_waits", &[]),
            Refusal::ProposalOutdated => say("refusal.proposal_outdated", &[]),
            Refusal::NotYours(verb) => say("refusal.not_yours", &[("step", &words::verb(verb))]),
            Refusal::NotOnline => say("refusal.not_online", &[]),
            Refusal::NotConfirmed => say("refusal.not_confirmed", &[]),
            Refusal::NoCounter => say("refusal.no_counter", &[]),
            Refusal::BookFull => say("refusal.book_full", &[]),
            Refusal::FileKind { name } => say("refusal.file_kind", &[("name", &name)]),
            Refusal::FileMacros { name } => say("refusal.file_macros", &[("name", &name)]),
            Refusal::FileInfected { name } => say("refusal.file_infected", &[("name", &name)]),
            Refusal::FileNotScanned { name } => say("refusal.file_not_scanned", &[("name", &name)]),
            Refusal::FileEmpty { name } => say("refusal.file_empty", &[("name", &name)]),
            Refusal::FileTooLarge { name, size } => say(
                "refusal.file_too_large",
                &[
                    ("name", &name),
                    ("size", &base::format::size(size)),
                    ("most", &base::format::size(base::limits::FILE_SIZE_BYTES_MAX)),
                ],
            ),
            Refusal::TooManyWaiting => say("refusal.too_many_waiting", &[]),
            Refusal::TooManyPieces => say("refusal.too_many_pieces", &[]),
            Refusal::TooManyFiles { most } => say("refusal.too_many_files", &[("most", &most.to_string())]),
            Refusal::DossierTooLarge { most } => {
                say("refusal.dossier_too_large", &[("most", &base::format::size(most))])
            }
            Refusal::Faults(faults) => Problem::Invalid(
                faults
                    .into_iter()
                    .map(|(field, key, args)| {
                        let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
                        FieldError::new(field, WORDS.t(key, &args))
                    })
                    .collect(),
            ),
        }
    }
}
