//! A vendor's PKCS#11 library: which tokens are there, what certificates they show, unlocking one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use pki::Certificate;
use zeroize::Zeroizing;

/// Tokens looked at in one library.
pub const TOKENS_MAX: usize = 32;
/// Certificates read from one token.
pub const CERTIFICATES_MAX: usize = 64;
/// The longest PIN that is passed on, in bytes; real ones have 4 to 16.
pub const PIN_BYTES_MAX: usize = 64;

/// A PIN, wiped from memory when it is let go.
pub type Pin = Zeroizing<String>;

/// Why a token did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The library cannot be loaded: a wrong path, or another machine's.
    #[error("the library cannot be loaded: {0}")]
    NoLibrary(String),
    /// No token with this serial number is plugged in.
    #[error("the token is not there")]
    Gone,
    /// The PIN is wrong. `last`: the next wrong one locks the token.
    #[error("the PIN is wrong")]
    WrongPin {
        /// One try is left.
        last: bool,
    },
    /// Too many wrong PINs: only the token's issuer can unlock it.
    #[error("the token is locked")]
    Locked,
    /// The token holds no key for this certificate.
    #[error("the token has no key for this certificate")]
    NoKey,
    /// The token cannot sign with a key of this kind.
    #[error("the token cannot sign with this kind of key")]
    Unsupported,
    /// Whatever else the library says, in its words.
    #[error("the token failed: {0}")]
    Failed(String),
}

impl From<Error> for TokenError {
    fn from(error: Error) -> TokenError {
        match error {
            Error::Pkcs11(RvError::PinIncorrect, _) => TokenError::WrongPin { last: false },
            Error::Pkcs11(RvError::PinLocked, _) => TokenError::Locked,
            Error::Pkcs11(RvError::TokenNotPresent | RvError::DeviceRemoved | RvError::SlotIdInvalid, _) => {
                TokenError::Gone
            }
            Error::Pkcs11(RvError::MechanismInvalid, _) => TokenError::Unsupported,
            other => TokenError::Failed(other.to_string()),
        }
    }
}

/// A token that is plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSeen {
    /// What its issuer called it.
    pub label: String,
    /// By which it is found again, whatever slot it is in.
    pub serial: String,
    /// Who made it.
    pub maker: String,
    /// Too many wrong PINs.
    pub locked: bool,
    /// The next wrong PIN locks it.
    pub last_try: bool,
}

/// A certificate in a token.
#[derive(Clone, Debug)]
pub struct Held {
    /// Joins it to its key (CKA_ID).
    pub id: Vec<u8>,
    /// The certificate.
    pub certificate: Certificate,
}

/// An opened library. Clones are the same one.
#[derive(Clone)]
pub struct Module {
    library: Arc<Pkcs11>,
    path: Arc<PathBuf>,
}

impl std::fmt::Debug for Module {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Module({})", self.path.display())
    }
}

impl Module {
    /// Loads a library and begins with it.
    ///
    /// # Errors
    /// [`TokenError::NoLibrary`] when it cannot be loaded or refuses to begin.
    pub fn open(path: &Path) -> Result<Module, TokenError> {
        let no = |e: Error| TokenError::NoLibrary(format!("{}: {e}", path.display()));
        let library = Pkcs11::new(path).map_err(no)?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(e) => return Err(no(e)),
        }
        Ok(Module { library: Arc::new(library), path: Arc::new(path.to_path_buf()) })
    }

    /// The tokens that are plugged in, at most [`TOKENS_MAX`].
    ///
    /// # Errors
    /// What the library says.
    pub fn tokens(&self) -> Result<Vec<TokenSeen>, TokenError> {
        let mut seen = Vec::new();
        for slot in self.library.get_slots_with_initialized_token()?.into_iter().take(TOKENS_MAX) {
            // One that is pulled out just now is no reason to hide the others.
            if let Ok(token) = self.seen(slot) {
                seen.push(token);
            }
        }
        Ok(seen)
    }

    fn seen(&self, slot: Slot) -> Result<TokenSeen, TokenError> {
        let info = self.library.get_token_info(slot)?;
        Ok(TokenSeen {
            label: info.label().trim().to_string(),
            serial: info.serial_number().trim().to_string(),
            maker: info.manufacturer_id().trim().to_string(),
            locked: info.user_pin_locked(),
            last_try: info.user_pin_final_try(),
        })
    }

    /// The serial number of the one token that has this serial number or this label.
    ///
    /// # Errors
    /// [`TokenError::Gone`] when none has it, or several; what the library says.
    pub fn serial_of(&self, name: &str) -> Result<String, TokenError> {
        let mut named = self.tokens()?.into_iter().filter(|one| one.serial == name || one.label == name);
        match (named.next(), named.next()) {
            (Some(one), None) => Ok(one.serial),
            _ => Err(TokenError::Gone),
        }
    }

    fn slot(&self, serial: &str) -> Result<Slot, TokenError> {
        let slots = self.library.get_slots_with_initialized_token()?;
        let is_it = |slot: &Slot| self.seen(*slot).is_ok_and(|token| token.serial == serial);
        slots.into_iter().take(TOKENS_MAX).find(is_it).ok_or(TokenError::Gone)
    }

    /// The certificates a token shows without a PIN, at most [`CERTIFICATES_MAX`]. What is no certificate
    /// we can read is left out.
    ///
    /// # Errors
    /// [`TokenError::Gone`] without such a token; what the library says.
    pub fn certificates(&self, serial: &str) -> Result<Vec<Held>, TokenError> {
        let session = self.library.open_ro_session(self.slot(serial)?)?;
        let mut held = Vec::new();
        let all = session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)])?;
        for object in all.into_iter().take(CERTIFICATES_MAX) {
            let (mut id, mut der) = (Vec::new(), Vec::new());
            for attribute in session.get_attributes(object, &[AttributeType::Id, AttributeType::Value])? {
                match attribute {
                    Attribute::Id(bytes) => id = bytes,
                    Attribute::Value(bytes) => der = bytes,
                    _ => {}
                }
            }
            if let Ok(certificate) = Certificate::parse(&der) {
                held.push(Held { id, certificate });
            }
        }
        Ok(held)
    }

    /// Opens a session and gives the PIN. The token stays unlocked for this process until its last session
    /// is closed.
    ///
    /// # Errors
    /// [`TokenError::WrongPin`], [`TokenError::Locked`], [`TokenError::Gone`]; what the library says.
    pub fn unlock(&self, serial: &str, pin: &Pin) -> Result<Session, TokenError> {
        let slot = self.slot(serial)?;
        if pin.is_empty() || pin.len() > PIN_BYTES_MAX {
            return Err(TokenError::WrongPin { last: self.seen(slot)?.last_try });
        }
        let session = self.library.open_rw_session(slot)?;
        match session.login(UserType::User, Some(&AuthPin::from(pin.as_str().to_string()))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(e) => Err(match TokenError::from(e) {
                TokenError::WrongPin { .. } => match self.seen(slot)? {
                    token if token.locked => TokenError::Locked,
                    token => TokenError::WrongPin { last: token.last_try },
                },
                other => other,
            }),
        }
    }
}
