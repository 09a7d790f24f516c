//! Signed messages: CMS SignedData (RFC 5652) and CAdES baseline signatures (ETSI EN 319 122-1, levels B-B
//! to B-LTA), which PDF signatures, time-stamp tokens and signed mail are made of.
//!
//! [`Draft`] makes a signature, in one step or in two; [`add_time_stamp`] lifts it to B-T, [`archive`] to
//! B-LT and B-LTA; [`SignedData`] reads what others made, BER included, and [`SignedData::check`] says
//! everything that is wrong with one signature. Whether the signer's certificate is to be trusted is
//! [`crate::path`]'s question.

pub mod archive;
mod check;
mod make;

pub use check::{Content, Fault, Level, Note, Report};
pub use make::{Draft, Embed, Unsigned, add_time_stamp, certificates_only};

use crate::cert::{Certificate, Serial};
use crate::crl::Crl;
use crate::der::{self, INPUT_BYTES_MAX, Read, Reader, Tag, Why};
use crate::key::{AlgorithmId, Digest, SignatureAlgorithm};
use crate::name::Name;
use crate::ocsp;
use crate::oid::{self, Oid};

/// How many signatures, certificates, lists or attributes one message may hold.
const LIST_MAX: usize = 1024;

/// Who signed, as the message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerId {
    /// The certificate of this number and issuer (version 1).
    IssuerSerial(Name, Serial),
    /// The certificate with this subject key identifier (version 3).
    KeyId(Vec<u8>),
}

impl SignerId {
    /// Names this certificate.
    pub fn is(&self, certificate: &Certificate) -> bool {
        match self {
            SignerId::IssuerSerial(issuer, serial) => {
                certificate.issuer() == issuer && certificate.serial() == serial
            }
            SignerId::KeyId(id) => certificate.extensions().subject_key_id.as_ref() == Some(id),
        }
    }
}

/// An attribute as it stood: its type and the DER of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The type.
    pub oid: Oid,
    /// The values.
    pub values: Vec<Vec<u8>>,
}

impl Attribute {
    fn read(reader: &mut Reader<'_>) -> Read<Attribute> {
        let mut inner = reader.sequence()?;
        let oid = inner.oid()?;
        let values = inner.set()?.each(|r| Ok(r.any()?.raw.to_vec()))?;
        inner.end()?;
        Ok(Attribute { oid, values })
    }
}

/// One signature of a message.
#[derive(Clone, Debug)]
pub struct SignerInfo {
    /// Who signed.
    pub id: SignerId,
    /// The digest's algorithm as written.
    pub digest_id: AlgorithmId,
    /// The signature's algorithm as written.
    pub algorithm_id: AlgorithmId,
    /// What was signed beside the content; `None` when the content alone was.
    pub signed: Option<Vec<Attribute>>,
    /// What was added later.
    pub unsigned: Vec<Attribute>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The signed attributes as the SET the signature is over.
    pub(crate) signed_set: Vec<u8>,
}

impl SignerInfo {
    /// The digest, if we know it.
    pub fn digest(&self) -> Option<Digest> {
        self.digest_id.digest()
    }

    /// How it was signed, if we verify such.
    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::of_cms(&self.algorithm_id, self.digest()?)
    }

    /// The signed attribute of this type, when it stands once.
    pub fn signed_attribute(&self, oid: Oid) -> Option<&Attribute> {
        let mut found = self.signed.iter().flatten().filter(|attribute| attribute.oid == oid);
        found.next().filter(|_| found.next().is_none())
    }

    /// The only value of the signed attribute of this type.
    pub fn signed_value(&self, oid: Oid) -> Option<&[u8]> {
        match self.signed_attribute(oid)?.values.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// All values of unsigned attributes of this type.
    pub fn unsigned_values(&self, oid: Oid) -> impl Iterator<Item = &[u8]> {
        let all = self.unsigned.iter().filter(move |attribute| attribute.oid == oid);
        all.flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
    }

    /// How long what the signature is over is, beside the content, in bytes.
    pub fn signed_bytes(&self) -> usize {
        self.signed_set.len()
    }

    /// The time-stamp tokens over the signature.
    pub fn time_stamps(&self) -> impl Iterator<Item = &[u8]> {
        self.unsigned_values(oid::SIGNATURE_TIME_STAMP)
    }
}

/// A signed message.
#[derive(Clone, Debug)]
pub struct SignedData {
    /// The bytes of the ContentInfo, made definite.
    pub der: Vec<u8>,
    /// What kind of content is signed.
    pub content_type: Oid,
    /// The content, when it is inside.
    pub content: Option<Vec<u8>>,
    /// The certificates inside that can be read.
    pub certificates: Vec<Certificate>,
    /// The lists inside that can be read.
    pub crls: Vec<Crl>,
    /// The responders' answers inside that can be read.
    pub answers: Vec<ocsp::Response>,
    /// The signatures.
    pub signers: Vec<SignerInfo>,
}

impl SignedData {
    /// Reads a ContentInfo, DER or BER. Bytes after it are refused.
    pub fn parse(bytes: &[u8]) -> Read<SignedData> {
        der::within(bytes, INPUT_BYTES_MAX)?;
        let der = der::ber::to_der(bytes)?.into_owned();
        let mut signed = SignedData::read(&der)?;
        signed.der = der;
        Ok(signed)
    }

    /// Reads a ContentInfo that is padded with zeros, as PDF files keep it.
    pub fn parse_padded(bytes: &[u8]) -> Read<SignedData> {
        der::within(bytes, INPUT_BYTES_MAX)?;
        let (der, read) = der::ber::first_to_der(bytes)?;
        if bytes[read..].iter().any(|byte| *byte != 0) {
            return Err(der::Malformed { why: Why::Trailing, at: read });
        }
        let mut signed = SignedData::read(&der)?;
        signed.der = der;
        Ok(signed)
    }

    /// Reads from PEM or DER.
    pub fn import(bytes: &[u8]) -> Read<SignedData> {
        if !crate::pem::is_pem(bytes) {
            return SignedData::parse(bytes);
        }
        der::within(bytes, INPUT_BYTES_MAX)?;
        let blocks = crate::pem::read(bytes).map_err(|_| crate::cert::meaningless("PEM"))?;
        let block = blocks.into_iter().find(|block| matches!(block.label.as_str(), "CMS" | "PKCS7"));
        SignedData::parse(&block.ok_or(crate::cert::meaningless("no CMS in the PEM"))?.der)
    }

    fn read(bytes: &[u8]) -> Read<SignedData> {
        let mut info = Reader::whole_sequence(bytes)?;
        if info.oid()? != oid::CMS_SIGNED_DATA {
            return Err(info.fail(Why::Value("not SignedData")));
        }
        let mut explicit = info.context(0)?.ok_or_else(|| info.fail(Why::Truncated))?;
        info.end()?;
        let mut r = explicit.sequence()?;
        explicit.end()?;
        r.number()?;
        r.expect(Tag::SET)?;
        let mut inner = r.sequence()?;
        let content_type = inner.oid()?;
        let content = match inner.context(0)? {
            // PKCS#7 of old put other things than an OCTET STRING there; their contents are what is signed.
            Some(mut explicit) => Some(explicit.any()?.value.to_vec()),
            None => None,
        };
        inner.end()?;
        let mut message = SignedData {
            der: Vec::new(),
            content_type,
            content,
            certificates: Vec::new(),
            crls: Vec::new(),
            answers: Vec::new(),
            signers: Vec::new(),
        };
        if let Some(set) = r.context(0)? {
            message.read_certificates(set)?;
        }
        if let Some(set) = r.context(1)? {
            message.read_revocation(set)?;
        }
        message.signers = r.set()?.each(signer)?;
        r.end()?;
        if message.signers.len() > LIST_MAX {
            return Err(r.fail(Why::TooBig));
        }
        Ok(message)
    }

    /// What cannot be read cannot be trusted and is left out; it does not spoil the rest.
    fn read_certificates(&mut self, mut set: Reader<'_>) -> Read<()> {
        let mut count = 0;
        while !set.is_empty() {
            let element = set.any()?;
            if element.tag == Tag::SEQUENCE {
                self.certificates.extend(Certificate::parse(element.raw));
            }
            count += 1;
            if count > LIST_MAX {
                return Err(set.fail(Why::TooBig));
            }
        }
        Ok(())
    }

    fn read_revocation(&mut self, mut set: Reader<'_>) -> Read<()> {
        let mut count = 0;
        while !set.is_empty() {
            let element = set.any()?;
            if element.tag == Tag::SEQUENCE {
                self.crls.extend(Crl::parse(element.raw));
            } else if element.tag == Tag::context(1) {
                let mut other = element.inside()?;
                if other.oid()? == oid::RI_OCSP_RESPONSE {
                    self.answers.extend(ocsp::Response::parse(other.any()?.raw));
                }
            }
            count += 1;
            if count > LIST_MAX {
                return Err(set.fail(Why::TooBig));
            }
        }
        Ok(())
    }

    /// The certificates a signature may mean, among those inside and `others`: usually one.
    pub fn find_signers<'a>(
        &'a self,
        signer: &'a SignerInfo,
        others: &'a [Certificate],
    ) -> impl Iterator<Item = &'a Certificate> {
        self.certificates.iter().chain(others).filter(|certificate| signer.id.is(certificate))
    }
}

fn signer(r: &mut Reader<'_>) -> Read<SignerInfo> {
    let mut inner = r.sequence()?;
    inner.number()?;
    let id = match inner.optional(Tag::primitive(0))? {
        Some(element) => SignerId::KeyId(element.value.to_vec()),
        None => {
            let mut pair = inner.sequence()?;
            let issuer = Name::read(&mut pair)?;
            let serial = Serial::from_contents(pair.integer()?);
            pair.end()?;
            SignerId::IssuerSerial(issuer, serial)
        }
    };
    let digest_id = AlgorithmId::read(&mut inner)?;
    let (mut signed, mut signed_set) = (None, Vec::new());
    if let Some(element) = inner.optional(Tag::context(0))? {
        signed = Some(element.inside()?.each(Attribute::read)?);
        signed_set = element.raw.to_vec();
        signed_set[0] = Tag::SET.0;
    }
    let algorithm_id = AlgorithmId::read(&mut inner)?;
    let signature = inner.octets()?.to_vec();
    let unsigned = inner.context(1)?.map(|set| set.each(Attribute::read)).transpose()?.unwrap_or_default();
    inner.end()?;
    let count = signed.as_ref().map_or(0, Vec::len) + unsigned.len();
    if count > LIST_MAX {
        return Err(inner.fail(Why::TooBig));
    }
    Ok(SignerInfo { id, digest_id, algorithm_id, signed, unsigned, signature, signed_set })
}
