//! What the systems tell one another. One module per owner; data only: no logic, no SQL, no HTTP,
//! and no personal data, because events are kept and copied.

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
    /// A fee was asked for.
    pub const FEE_ASKED: &str = "onestop.dossier.fee-asked";
    /// The fee was paid.
    pub const PAID: &str = "onestop.dossier.paid";
    /// The promised time was moved, with an apology: form 04 follows.
    pub const EXTENDED: &str = "onestop.dossier.extended";
    /// The agency ended it.
    pub const STOPPED: &str = "onestop.dossier.stopped";
    /// The citizen has the result.
    pub const RETURNED: &str = "onestop.dossier.returned";
}
