//! What the systems tell one another. One module per owner; data only: no logic, no SQL, no HTTP,
//! and no personal data, because events are kept and copied.

/// Events of the directory. Whoever keeps something for accounts follows them.
pub mod directory {
    use base::Instant;
    use serde::{Deserialize, Serialize};

    /// Somebody has confirmed who a citizen is.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct AccountConfirmed {
        /// The account's id.
        pub account: String,
        /// When.
        pub at: Instant,
    }

    /// Two accounts were found to be one person's, or that was taken back.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct AccountsMerged {
        /// The merge's id, under which a consumer keeps what it moved.
        pub merge: String,
        /// The account that now only leads to the other.
        pub goes: String,
        /// The account that stays.
        pub stays: String,
        /// When.
        pub at: Instant,
    }

    /// What was kept for a person's number and name is theirs from now on ([`AccountConfirmed`]).
    pub const ACCOUNT_CONFIRMED: &str = "directory.account.confirmed";
    /// What belongs to the one that goes belongs to the one that stays ([`AccountsMerged`]).
    pub const ACCOUNTS_MERGED: &str = "directory.account.merged";
    /// The merge is taken back: what was moved for it goes back.
    pub const ACCOUNTS_PARTED: &str = "directory.account.parted";
}

/// Events of certificates and signatures.
pub mod trust {
    use base::Instant;
    use serde::{Deserialize, Serialize};

    /// Something happened to a certificate of the register.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct CertificateMoved {
        /// The certificate's id in the register.
        pub certificate: String,
        /// Its serial number, in hexadecimal.
        #[serde(default)]
        pub serial: String,
        /// The account of the official it belongs to.
        #[serde(default)]
        pub account: Option<String>,
        /// The unit whose seal, service or official it is.
        #[serde(default)]
        pub unit: Option<String>,
        /// Its end.
        #[serde(default)]
        pub until: Option<Instant>,
        /// When.
        pub at: Instant,
    }

    /// A kept document has got another archive time-stamp.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct ArchiveRenewed {
        /// Under which it is kept.
        pub item: String,
        /// The system that handed it over.
        pub system: String,
        /// What it is there.
        pub subject: String,
        /// The SHA-256 of its bytes as they are now, in hexadecimal: of a record as they always were.
        pub content: String,
        /// When.
        pub at: Instant,
    }

    /// Whoever handed it over may point to the new bytes ([`ArchiveRenewed`]).
    pub const ARCHIVE_RENEWED: &str = "trust.archive.renewed";

    /// One of the province's authorities issued it ([`CertificateMoved`]).
    pub const CERTIFICATE_ISSUED: &str = "trust.certificate.issued";
    /// It is not to be relied on for the time being.
    pub const CERTIFICATE_SUSPENDED: &str = "trust.certificate.suspended";
    /// It may be relied on again.
    pub const CERTIFICATE_RESUMED: &str = "trust.certificate.resumed";
    /// It is never to be relied on again.
    pub const CERTIFICATE_REVOKED: &str = "trust.certificate.revoked";
    /// Its end is near.
    pub const CERTIFICATE_EXPIRING: &str = "trust.certificate.expiring";
}

/// Events of the one-stop shop.
pub mod onestop {
    use base::Instant;
    use serde::{Deserialize, Serialize};

    /// A dossier was filed or moved. One payload serves all topics of `onestop.dossier.*`.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct DossierMoved {
        /// The dossier's id.
        pub dossier: String,
        /// The dossier's code.
        pub code: String,
        /// The place in its step log; the filing is 0.
        pub ordinal: i64,
        /// The status before, 0 when it has just been filed.
        pub from: i64,
        /// The status after, 1 to 10.
        pub to: i64,
        /// When.
        pub at: Instant,
    }

    /// A citizen handed a dossier in.
    pub const FILED: &str = "onestop.dossier.filed";
    /// A counter accepted it: form 01 follows.
    pub const RECEIVED: &str = "onestop.dossier.received";
    /// Papers were asked for: form 02 follows.
    pub const SUPPLEMENT_ASKED: &str = "onestop.dossier.supplement-asked";
    /// The papers came.
    pub const SUPPLEMENTED: &str = "onestop.dossier.supplemented";
    /// Reception was refused: form 03 follows.
    pub const DECLINED: &str = "onestop.dossier.declined";
    /// The citizen took it back.
    pub const WITHDRAWN: &str = "onestop.dossier.withdrawn";
    /// It went on to the next internal step.
    pub const PASSED_ON: &str = "onestop.dossier.passed-on";
    /// It went back to an earlier internal step.
    pub const SENT_BACK: &str = "onestop.dossier.sent-back";
    /// It waits for a signature.
    pub const SUBMITTED: &str = "onestop.dossier.submitted";
    /// It was decided: the result document follows.
    pub const DECIDED: &str = "onestop.dossier.decided";
    /// Its result is signed and sealed, on paper or digitally: it may leave.
    pub const SIGNED: &str = "onestop.dossier.signed";
    /// A fee was asked for.
    pub const FEE_ASKED: &str = "onestop.dossier.fee-asked";
    /// The fee was paid.
    pub const PAID: &str = "onestop.dossier.paid";
    /// The applicant says that the law forgives what is owed, or a part.
    pub const REDUCTION_CLAIMED: &str = "onestop.dossier.reduction-claimed";
    /// The counter granted it.
    pub const REDUCTION_GRANTED: &str = "onestop.dossier.reduction-granted";
    /// The counter did not, and said why.
    pub const REDUCTION_DECLINED: &str = "onestop.dossier.reduction-declined";
    /// The promised time was moved, with an apology: form 04 follows.
    pub const EXTENDED: &str = "onestop.dossier.extended";
    /// The agency ended it.
    pub const STOPPED: &str = "onestop.dossier.stopped";
    /// The citizen has the result.
    pub const RETURNED: &str = "onestop.dossier.returned";

    /// Somebody wrote about a dossier: all topics of `onestop.message.*`. What was written is not told.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct MessageWritten {
        /// The message's id.
        pub message: String,
        /// The dossier's id.
        pub dossier: String,
        /// The dossier's code.
        pub code: String,
        /// The account that wrote it, which needs no notice.
        pub account: String,
        /// When.
        pub at: Instant,
    }

    /// The applicant wrote to the office that has the dossier ([`MessageWritten`]).
    pub const MESSAGE_SENT: &str = "onestop.message.sent";
    /// The office wrote to the applicant.
    pub const MESSAGE_ANSWERED: &str = "onestop.message.answered";
    /// An official wrote to the others, where the applicant does not look.
    pub const MESSAGE_NOTED: &str = "onestop.message.noted";
    /// A corrected result takes the place of one with an error: the new version follows.
    pub const CORRECTED: &str = "onestop.dossier.corrected";
    /// It was taken over from an earlier system. Put as heard already: nobody prints or sends what that
    /// system printed and sent.
    pub const TAKEN_OVER: &str = "onestop.dossier.taken-over";

    /// Somebody is asked to agree to what a draft declares, or has answered: all topics of
    /// `onestop.signing.*`. Neither what is declared nor why somebody does not agree is told.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct SigningMoved {
        /// The row of the agreement.
        pub signing: String,
        /// The draft's id.
        pub draft: String,
        /// When.
        pub at: Instant,
    }

    /// Somebody is asked ([`SigningMoved`]).
    pub const SIGNING_ASKED: &str = "onestop.signing.asked";
    /// They agreed.
    pub const SIGNING_AGREED: &str = "onestop.signing.agreed";
    /// They said no.
    pub const SIGNING_DECLINED: &str = "onestop.signing.declined";
    /// What they had agreed to was changed: this row asks again.
    pub const SIGNING_VOIDED: &str = "onestop.signing.voided";
    /// They took their agreement back.
    pub const SIGNING_WITHDRAWN: &str = "onestop.signing.withdrawn";
    /// Whoever asked no longer does.
    pub const SIGNING_RECALLED: &str = "onestop.signing.recalled";

    /// Another unit is asked for its opinion about a dossier, answers, or is silent.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct OpinionMoved {
        /// The question's id.
        pub opinion: String,
        /// The dossier's id.
        pub dossier: String,
        /// The dossier's code.
        pub code: String,
        /// The unit that is asked.
        pub unit: String,
        /// The unit that asks.
        pub asked_office: String,
        /// The counter that answers to the citizen, and presses where nobody answers.
        pub counter: String,
        /// By when.
        pub due: Instant,
        /// When.
        pub at: Instant,
    }

    /// A unit is asked ([`OpinionMoved`]).
    pub const OPINION_ASKED: &str = "onestop.opinion.asked";
    /// It answered.
    pub const OPINION_ANSWERED: &str = "onestop.opinion.answered";
    /// Its time is over without an answer: both sides and the counter are to know.
    pub const OPINION_LAPSED: &str = "onestop.opinion.lapsed";

    /// A petition (phản ánh, kiến nghị) came in or moved: all topics of `onestop.petition.*` but
    /// [`PETITION_ANSWERED`]. States are the words of its life, not numbers of the country.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct PetitionMoved {
        /// The petition's id.
        pub petition: String,
        /// Its receipt number.
        pub number: String,
        /// The place in its log; the sending is 0.
        pub ordinal: i64,
        /// `received`, `incomplete`, `refused`, `forwarded`, `answered`, `published`, `withheld`.
        pub from: String,
        /// The state after.
        pub to: String,
        /// The limit that ran for this step had passed.
        pub late: bool,
        /// When.
        pub at: Instant,
    }

    /// A petition was answered: what the evaluation of officials and agencies counts.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct PetitionAnswered {
        /// The petition's id.
        pub petition: String,
        /// Its receipt number.
        pub number: String,
        /// The id of the dossier it speaks of, if it names one.
        pub dossier: Option<String>,
        /// The agency that answers for it.
        pub agency: String,
        /// The unit that answered.
        pub unit: String,
        /// `attitude`, `delay`, `papers`, `fee`, `rules`, `other`.
        pub topic: String,
        /// `upheld`, `partly`, `unfounded`, or `none` where there was nothing to find true or untrue.
        pub finding: String,
        /// After the promised time.
        pub late: bool,
        /// When.
        pub at: Instant,
    }

    /// Somebody sent a petition.
    pub const PETITION_RECEIVED: &str = "onestop.petition.received";
    /// Its sender was asked for what is missing.
    pub const PETITION_COMPLETION_ASKED: &str = "onestop.petition.completion-asked";
    /// The sender brought it.
    pub const PETITION_COMPLETED: &str = "onestop.petition.completed";
    /// It was not taken.
    pub const PETITION_REFUSED: &str = "onestop.petition.refused";
    /// It went to the unit that is to answer.
    pub const PETITION_FORWARDED: &str = "onestop.petition.forwarded";
    /// The sender has the answer ([`PetitionAnswered`]).
    pub const PETITION_ANSWERED: &str = "onestop.petition.answered";
    /// Anybody may read the answer.
    pub const PETITION_PUBLISHED: &str = "onestop.petition.published";
    /// The answer stays between the agency and the sender.
    pub const PETITION_WITHHELD: &str = "onestop.petition.withheld";

    /// A citizen said how content they were, once a dossier and once a petition.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct Rated {
        /// The id of the dossier or petition.
        pub subject: String,
        /// `very`, `content`, `not`.
        pub score: String,
        /// What was not good, by the topics of the law.
        pub topics: Vec<String>,
        /// `online`, or `slip` for a code on paper.
        pub channel: String,
        /// The counter that received it.
        pub counter: String,
        /// The agency that settled it.
        pub agency: String,
        /// When.
        pub at: Instant,
    }

    /// A time at a counter was booked, given back, or is near.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct Appointment {
        /// The appointment's id.
        pub appointment: String,
        /// The account it belongs to, for whoever sends notices.
        pub account: String,
        /// The counter.
        pub unit: String,
        /// The day.
        pub day: base::Day,
        /// Minutes after midnight.
        pub minute: i64,
        /// When it was booked, given back or found near.
        pub at: Instant,
    }

    /// Somebody booked a time ([`Appointment`]).
    pub const APPOINTMENT_BOOKED: &str = "onestop.appointment.booked";
    /// It was given back.
    pub const APPOINTMENT_CANCELLED: &str = "onestop.appointment.cancelled";
    /// It is today or tomorrow: a reminder may go out.
    pub const APPOINTMENT_NEAR: &str = "onestop.appointment.near";

    /// A version of a procedure was published, or taken back before its first day.
    #[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
    pub struct ProcedureMoved {
        /// `CODE@VERSION`.
        pub version: String,
        /// The procedure's code.
        pub code: String,
        /// The first day on which it is offered.
        pub valid_from: base::Day,
        /// When.
        pub at: Instant,
    }

    /// A version was published ([`ProcedureMoved`]).
    pub const PROCEDURE_PUBLISHED: &str = "onestop.procedure.published";
    /// It was taken back.
    pub const PROCEDURE_WITHDRAWN: &str = "onestop.procedure.withdrawn";

    /// A returned dossier was rated ([`Rated`]).
    pub const DOSSIER_RATED: &str = "onestop.dossier.rated";
    /// An answered petition was rated ([`Rated`]).
    pub const PETITION_RATED: &str = "onestop.petition.rated";
}
