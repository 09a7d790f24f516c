//! Certificates out of what people upload: PEM, DER, PKCS#7.

use super::Certificate;
use crate::der::{self, INPUT_BYTES_MAX, Malformed, Reader, Tag};
use crate::oid;
use crate::pem::{self, PemError};

/// How many certificates one file may hold.
pub const IMPORT_MAX: usize = 10_000;

/// What a file held.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The certificates, in the file's order.
    pub certificates: Vec<Certificate>,
    /// The ones that could not be read: the how-manieth, and why.
    pub unreadable: Vec<(usize, Malformed)>,
}

/// Why nothing could be taken from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Larger than [`INPUT_BYTES_MAX`], or more than [`IMPORT_MAX`] certificates.
    #[error("too big")]
    TooBig,
    /// A PEM text that is broken.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Neither PEM, nor a certificate, nor PKCS#7.
    #[error("neither PEM nor a certificate nor PKCS#7")]
    Unknown,
    /// None inside.
    #[error("no certificate inside")]
    Empty,
}

/// All certificates of a file, whatever it is. A private key among them is not looked at.
pub fn import(bytes: &[u8]) -> Result<Imported, ImportError> {
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(ImportError::TooBig);
    }
    let ders: Vec<Vec<u8>> = if pem::is_pem(bytes) {
        let mut ders = Vec::new();
        for block in pem::read(bytes)? {
            match block.label.as_str() {
                "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => ders.push(block.der),
                "PKCS7" | "CMS" => ders.extend(pkcs7(&block.der).ok_or(ImportError::Unknown)?),
                _ => {}
            }
        }
        ders
    } else {
        match pkcs7(bytes) {
            Some(ders) => ders,
            None if Certificate::parse(bytes).is_ok() => vec![bytes.to_vec()],
            None => return Err(ImportError::Unknown),
        }
    };
    if ders.len() > IMPORT_MAX {
        return Err(ImportError::TooBig);
    }
    let mut imported = Imported::default();
    for (n, der) in ders.iter().enumerate() {
        match Certificate::parse(der) {
            Ok(certificate) => imported.certificates.push(certificate),
            Err(why) => imported.unreadable.push((n, why)),
        }
    }
    match imported.certificates.is_empty() && imported.unreadable.is_empty() {
        true => Err(ImportError::Empty),
        false => Ok(imported),
    }
}

/// The certificates of a SignedData; `None` if it is none.
fn pkcs7(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let bytes = der::ber::to_der(bytes).ok()?;
    let mut reader = Reader::whole_sequence(&bytes).ok()?;
    (reader.oid().ok()? == oid::CMS_SIGNED_DATA).then_some(())?;
    let mut signed = reader.context(0).ok()??.sequence().ok()?;
    signed.number().ok()?;
    signed.expect(Tag::SET).ok()?;
    signed.expect(Tag::SEQUENCE).ok()?;
    let Some(mut set) = signed.context(0).ok()? else { return Some(Vec::new()) };
    let mut ders = Vec::new();
    while !set.is_empty() {
        let element = set.any().ok()?;
        // One more than is taken, so that the caller sees it is too many.
        if element.tag == Tag::SEQUENCE && ders.len() <= IMPORT_MAX {
            ders.push(element.raw.to_vec());
        }
    }
    Some(ders)
}
