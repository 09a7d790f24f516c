//! What a judgement says, as facts: the words of EN 319 102-1 for the outcome, and findings for the reasons.
//! Sentences for people are made of them in `words.rs`; programs read them as they stand.

use base::Instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a file was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A signed message (CMS, CAdES), its content inside or elsewhere.
    Cms,
    /// Signed mail.
    Smime,
    /// XML with signatures (XMLDSig, XAdES).
    Xml,
    /// An envelope of the exchange between agencies (QCVN 102:2016).
    EdXml,
    /// A PDF file.
    Pdf,
}

/// What it all comes to, for a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every signature holds, and they cover the file.
    Valid,
    /// At least one signature does not hold.
    Invalid,
    /// Nothing is shown to be wrong, and something is not known.
    Indeterminate,
    /// It can be read, and nobody has signed it.
    Unsigned,
    /// It is none of the formats, or broken.
    Unreadable,
}

impl Verdict {
    /// The exit code of `cuulong verify`.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Valid => 0,
            Verdict::Invalid => 1,
            Verdict::Indeterminate => 2,
            Verdict::Unsigned | Verdict::Unreadable => 3,
        }
    }

    /// Its key in the word files.
    pub fn key(self) -> &'static str {
        match self {
            Verdict::Valid => "valid",
            Verdict::Invalid => "invalid",
            Verdict::Indeterminate => "indeterminate",
            Verdict::Unsigned => "unsigned",
            Verdict::Unreadable => "unreadable",
        }
    }
}

/// The main indication of EN 319 102-1 §5.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Indication {
    /// The signature holds.
    TotalPassed,
    /// It is not known whether it does.
    Indeterminate,
    /// It does not.
    TotalFailed,
}

impl Indication {
    /// As the standard writes it.
    pub fn word(self) -> &'static str {
        match self {
            Indication::TotalPassed => "TOTAL-PASSED",
            Indication::Indeterminate => "INDETERMINATE",
            Indication::TotalFailed => "TOTAL-FAILED",
        }
    }
}

/// The sub-indication of EN 319 102-1 §5.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // The standard's own words.
pub enum SubIndication {
    FormatFailure,
    HashFailure,
    SigCryptoFailure,
    Revoked,
    Expired,
    NotYetValid,
    SigConstraintsFailure,
    ChainConstraintsFailure,
    CertificateChainGeneralFailure,
    CryptoConstraintsFailure,
    CryptoConstraintsFailureNoPoe,
    NoSigningCertificateFound,
    NoCertificateChainFound,
    RevokedNoPoe,
    RevokedCaNoPoe,
    OutOfBoundsNoPoe,
    TryLater,
    SignedDataNotFound,
}

impl SubIndication {
    /// As the standard writes it.
    pub fn word(self) -> &'static str {
        match self {
            SubIndication::FormatFailure => "FORMAT_FAILURE",
            SubIndication::HashFailure => "HASH_FAILURE",
            SubIndication::SigCryptoFailure => "SIG_CRYPTO_FAILURE",
            SubIndication::Revoked => "REVOKED",
            SubIndication::Expired => "EXPIRED",
            SubIndication::NotYetValid => "NOT_YET_VALID",
            SubIndication::SigConstraintsFailure => "SIG_CONSTRAINTS_FAILURE",
            SubIndication::ChainConstraintsFailure => "CHAIN_CONSTRAINTS_FAILURE",
            SubIndication::CertificateChainGeneralFailure => "CERTIFICATE_CHAIN_GENERAL_FAILURE",
            SubIndication::CryptoConstraintsFailure => "CRYPTO_CONSTRAINTS_FAILURE",
            SubIndication::CryptoConstraintsFailureNoPoe => "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            SubIndication::NoSigningCertificateFound => "NO_SIGNING_CERTIFICATE_FOUND",
            SubIndication::NoCertificateChainFound => "NO_CERTIFICATE_CHAIN_FOUND",
            SubIndication::RevokedNoPoe => "REVOKED_NO_POE",
            SubIndication::RevokedCaNoPoe => "REVOKED_CA_NO_POE",
            SubIndication::OutOfBoundsNoPoe => "OUT_OF_BOUNDS_NO_POE",
            SubIndication::TryLater => "TRY_LATER",
            SubIndication::SignedDataNotFound => "SIGNED_DATA_NOT_FOUND",
        }
    }
}

/// The baseline level of a signature, by what it carries and what of it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Level {
    /// Not a baseline signature: the signer's certificate is not protected.
    #[serde(rename = "none")]
    None,
    /// The signer's certificate is protected.
    #[serde(rename = "B-B")]
    BB,
    /// And a time-stamp over the signature holds.
    #[serde(rename = "B-T")]
    BT,
    /// And what is needed to judge it later is inside.
    #[serde(rename = "B-LT")]
    BLT,
    /// And a time-stamp protects that as well.
    #[serde(rename = "B-LTA")]
    BLTA,
}

impl Level {
    /// As the standards write it; empty for none.
    pub fn word(self) -> &'static str {
        match self {
            Level::None => "",
            Level::BB => "B-B",
            Level::BT => "B-T",
            Level::BLT => "B-LT",
            Level::BLTA => "B-LTA",
        }
    }
}

/// Whose certificates hang on an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustClass {
    /// Chữ ký số chuyên dùng công vụ.
    Government,
    /// Chữ ký số công cộng.
    Public,
    /// Chữ ký điện tử chuyên dùng: an organisation's own authority.
    Internal,
    /// Somebody who asks trusts it, and says so.
    Given,
}

impl TrustClass {
    /// Its key in the word files, and in the names of folders.
    pub fn key(self) -> &'static str {
        match self {
            TrustClass::Government => "government",
            TrustClass::Public => "public",
            TrustClass::Internal => "internal",
            TrustClass::Given => "given",
        }
    }

    /// The class of this key.
    pub fn of_key(key: &str) -> Option<TrustClass> {
        [TrustClass::Government, TrustClass::Public, TrustClass::Internal, TrustClass::Given]
            .into_iter()
            .find(|class| class.key() == key)
    }
}

/// A certificate as a reader needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Party {
    /// The subject's common name, or its whole name without one.
    pub name: String,
    /// The subject's organisation, if it names one.
    pub organisation: Option<String>,
    /// The whole subject, by RFC 4514.
    pub subject: String,
    /// The whole issuer, by RFC 4514.
    pub issuer: String,
    /// The number, hexadecimal.
    pub serial: String,
    /// First instant.
    #[schema(value_type = String, format = DateTime)]
    pub not_before: Instant,
    /// Last instant.
    #[schema(value_type = String, format = DateTime)]
    pub not_after: Instant,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// The certificate itself, DER in base64; empty when it is larger than any in use.
    pub certificate: String,
}

/// What is known of a certificate's revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RevocationState {
    /// Not revoked at the time that counts.
    Good {
        /// When that was said.
        #[schema(value_type = String, format = DateTime)]
        said_at: Instant,
        /// By an answer of a responder rather than by a list.
        by_ocsp: bool,
    },
    /// Revoked.
    Revoked {
        /// From when on.
        #[schema(value_type = String, format = DateTime)]
        since: Instant,
    },
    /// Nothing usable says so or otherwise.
    Unknown,
    /// It need not be asked about: an anchor, or a responder that says so.
    NotAsked,
}

/// One certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// Whose.
    pub party: Party,
    /// Its revocation.
    pub revocation: RevocationState,
}

/// Whom a chain leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trust {
    /// The anchor's name, as the list calls it.
    pub anchor: String,
    /// What kind of trust it is.
    pub class: TrustClass,
}

/// What a time-stamp is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StampKind {
    /// The signature.
    Signature,
    /// The signature and everything needed to judge it.
    Archive,
    /// The document as it was.
    Document,
}

/// A time-stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stamp {
    /// Over what.
    pub kind: StampKind,
    /// What it says; `None` when it cannot be read.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub time: Option<Instant>,
    /// Whose.
    pub authority: Option<Party>,
    /// Whom the authority's chain leads to.
    pub trust: Option<Trust>,
    /// It is right, and its authority is trusted at the time that counts.
    pub holds: bool,
    /// What speaks against it.
    pub findings: Vec<Finding>,
}

/// How much of a file a signature is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Coverage {
    /// All of it.
    Whole,
    /// The content given beside it.
    Outside,
    /// A part; what of it is outside.
    Part {
        /// Names of what is not covered, at most a few.
        uncovered: Vec<String>,
    },
    /// The file as it was when it was signed; more was added afterwards.
    Revision {
        /// So many bytes of it.
        bytes: u64,
    },
    /// It is not known.
    Unknown,
}

/// One signature, or one time-stamp that stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    /// What the file calls it: a field, an Id, or its number.
    pub name: String,
    /// A time-stamp over the document rather than somebody's signature.
    pub is_time_stamp: bool,
    /// Who signed.
    pub signer: Option<Party>,
    /// When, as the signer says.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_time: Option<Instant>,
    /// The earliest time at which it is proven to have existed; the time of the judgement without proof.
    #[schema(value_type = String, format = DateTime)]
    pub best_time: Instant,
    /// Whether a time-stamp proves it.
    pub is_proven: bool,
    /// How it was made.
    pub algorithm: Option<String>,
    /// What it is over.
    pub covers: Coverage,
    /// What it is over has not been changed, and the signature is the signer's.
    pub is_intact: bool,
    /// From the signer up.
    pub chain: Vec<Link>,
    /// Whom the chain leads to.
    pub trust: Option<Trust>,
    /// The level.
    pub level: Level,
    /// Its time-stamps.
    pub time_stamps: Vec<Stamp>,
    /// The outcome.
    pub indication: Indication,
    /// Why it is not passed.
    pub sub_indication: Option<SubIndication>,
    /// Everything there is to say, the weightiest first.
    pub findings: Vec<Finding>,
}

/// What was found about one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// The file's name, as its sender calls it.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// What it is.
    pub format: Option<Format>,
    /// As of when it was judged.
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// What it comes to.
    pub verdict: Verdict,
    /// What is to be said of the file as a whole.
    pub findings: Vec<Finding>,
    /// The signatures in it.
    pub signatures: Vec<Signature>,
}

/// Something found. `subject` is a certificate's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Finding {
    /// What was signed is not what is here.
    ContentChanged,
    /// The signature is not the signer's.
    SignatureWrong,
    /// Something is not as its standard wants: what.
    Malformed {
        /// Which part.
        what: String,
    },
    /// The signature protects another certificate than the one it comes with.
    OtherCertificate,
    /// Two elements bear the Id that is signed.
    DuplicateId,
    /// The certificate was revoked before the time the signer gives.
    RevokedWhenSigned {
        /// From when on.
        #[schema(value_type = String, format = DateTime)]
        since: Instant,
    },
    /// The certificate had ended before the time the signer gives.
    ExpiredWhenSigned {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        ended: Instant,
    },
    /// The certificate began after the time the signer gives.
    SignedTooEarly {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        begins: Instant,
    },
    /// The document was changed after it was signed, in a way no signature of it allows.
    ChangedAfterwards {
        /// What was changed.
        what: String,
    },

    /// The signer's certificate is not here.
    NoCertificate,
    /// What was signed is not here: which part.
    NoContent {
        /// A name or an address; empty for the content of a detached signature.
        what: String,
    },
    /// An algorithm we do not verify.
    Unsupported {
        /// Which.
        what: String,
    },
    /// An algorithm or a key that was no longer good at the time that counts.
    Weak {
        /// Which.
        what: String,
        /// Good before this day.
        until: String,
    },
    /// Nobody whom the list names vouches for the certificate.
    UnknownIssuer {
        /// Who issued the last certificate that is here.
        issuer: String,
    },
    /// It is not known whether a certificate is revoked.
    RevocationUnknown {
        /// Whose.
        subject: String,
    },
    /// The certificate is revoked, and nothing proves that the signature is older.
    RevokedWithoutProof {
        /// From when on.
        #[schema(value_type = String, format = DateTime)]
        since: Instant,
    },
    /// The register of this province keeps the certificate as revoked or suspended, and nothing proves that
    /// the signature is older.
    RevokedInRegister {
        /// Whose.
        subject: String,
        /// From when on.
        #[schema(value_type = String, format = DateTime)]
        since: Instant,
    },
    /// The certificate of an authority above is revoked.
    AuthorityRevoked {
        /// Whose.
        subject: String,
        /// From when on.
        #[schema(value_type = String, format = DateTime)]
        since: Instant,
    },
    /// A certificate has ended, and nothing proves that the signature is older.
    ExpiredWithoutProof {
        /// Whose.
        subject: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        ended: Instant,
    },
    /// A certificate begins after the time that counts.
    NotYetValid {
        /// Whose.
        subject: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        begins: Instant,
    },
    /// The certificate is not for signing documents.
    WrongPurpose {
        /// Whose.
        subject: String,
    },
    /// A rule for chains is broken: which.
    ChainBroken {
        /// Whose.
        subject: String,
        /// Which.
        what: String,
    },
    /// Parts of the file are covered by no signature.
    PartUnsigned {
        /// Which, at most a few.
        uncovered: Vec<String>,
    },
    /// What was added to the file after it was signed could not be judged.
    ChangeUnknown {
        /// What.
        what: String,
    },

    /// The signature is over a list of parts (a manifest) alone, and its parts were not compared.
    ManifestAlone,
    /// Judging the file would cost more than is spent on one.
    TooMuch,

    /// A revoked certificate is known or suspected to have been unfit since then, as its issuer says.
    UnfitSince {
        /// Whose.
        subject: String,
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Instant,
    },
    /// A time-stamp does not count.
    StampDoesNotHold,
    /// No time-stamp says when it was signed.
    NoTimeStamp,
    /// The certificate was revoked after the signature is proven to have existed.
    RevokedLater {
        /// From when on.
        #[schema(value_type = String, format = DateTime)]
        since: Instant,
    },
    /// No time-stamp proves that the signature existed as early as the service's own record of judging it
    /// before.
    SeenBefore {
        /// When it was first judged here.
        #[schema(value_type = String, format = DateTime)]
        at: Instant,
    },
    /// Rests on SHA-1, as messages of old exchange do.
    Sha1Legacy,
    /// Not a baseline signature: the signer's certificate is not protected.
    NotBaseline,
    /// The certificate names no place where its revocation could be asked for.
    RevocationNotOffered {
        /// Whose.
        subject: String,
    },
    /// Harmless things were added after it was signed: what.
    AddedAfterwards {
        /// What.
        what: String,
    },
    /// Time-stamps of the archive are not judged in this format.
    ArchiveNotJudged,
    /// A list of signed parts is signed, and its parts were not compared.
    ManifestNotFollowed,

    /// The file is none of the formats that are judged.
    UnknownFormat,
    /// The file is broken: how.
    Broken {
        /// How, in a word of the parser's.
        what: String,
    },
    /// The file is larger than is judged.
    TooBig {
        /// So much.
        bytes_max: u64,
    },
    /// There is no signature in it.
    NoSignature,
}
