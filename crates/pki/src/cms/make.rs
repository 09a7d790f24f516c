//! Making signatures.

use super::SignedData;
use crate::cert::Certificate;
use crate::der::{Malformed, Reader, Tag, Why, Writer};
use crate::key::{Digest, SignError, SignatureAlgorithm, Signer};
use crate::name::GeneralName;
use crate::oid::{self, Oid};
use base::Instant;

/// A CAdES-B-B signature about to be made.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// What kind of content is signed; [`oid::CMS_DATA`] for papers.
    pub content_type: Oid,
    /// The signer's certificate.
    pub certificate: &'a Certificate,
    /// Its issuers, to travel with the signature.
    pub chain: &'a [Certificate],
    /// The signer's claim when it was; `None` where the format keeps it elsewhere (PDF).
    pub claimed_time: Option<Instant>,
    /// The signer's certificate is named by issuer and number (`false`, version 1) or by its key's
    /// identifier (`true`, version 3).
    pub by_key_id: bool,
    /// The certificates travel with the signature.
    pub with_certificates: bool,
    /// Further signed attributes: their types and the DER of their one value.
    pub more: Vec<(Oid, Vec<u8>)>,
}

/// Where the content goes.
#[derive(Clone, Copy, Debug)]
pub enum Embed<'a> {
    /// It stays elsewhere.
    Detached,
    /// Into the message.
    Content(&'a [u8]),
}

impl<'a> Draft<'a> {
    /// An ordinary signature on a paper: the certificates inside, named by issuer and number.
    pub fn new(certificate: &'a Certificate, chain: &'a [Certificate]) -> Draft<'a> {
        Draft {
            content_type: oid::CMS_DATA,
            certificate,
            chain,
            claimed_time: None,
            by_key_id: false,
            with_certificates: true,
            more: Vec::new(),
        }
    }

    /// The same with the signer's claim when it was.
    pub fn at(mut self, time: Instant) -> Draft<'a> {
        self.claimed_time = Some(time);
        self
    }

    /// Signs `content`, and puts it into the message or not.
    pub fn sign(&self, content: &[u8], is_inside: bool, signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
        let hash = signer.algorithm().digest().of(content);
        let unsigned = self.to_sign(&hash, signer.algorithm());
        let signature = signer.sign(unsigned.bytes())?;
        let embed = if is_inside { Embed::Content(content) } else { Embed::Detached };
        Ok(unsigned.finish(&signature, embed))
    }

    /// The most bytes the detached message can have, for a place that must be kept free before it is made. A
    /// time-stamp to be added later comes on top.
    pub fn size_max(&self, algorithm: SignatureAlgorithm) -> usize {
        let unsigned = self.to_sign(&vec![0; algorithm.digest().bytes()], algorithm);
        let longest = vec![0; self.certificate.public_key().signature_bytes_max()];
        unsigned.finish(&longest, Embed::Detached).len()
    }

    /// The signature over content of this hash, waiting for a key that answers later. The hash is made with
    /// [`SignatureAlgorithm::digest`].
    pub fn to_sign(&self, content_hash: &[u8], algorithm: SignatureAlgorithm) -> Unsigned<'_> {
        let digest = algorithm.digest();
        let mut attributes = vec![
            attribute(
                oid::CONTENT_TYPE,
                &Writer::build(|w| {
                    w.oid(self.content_type);
                }),
            ),
            attribute(
                oid::MESSAGE_DIGEST,
                &Writer::build(|w| {
                    w.octets(content_hash);
                }),
            ),
            attribute(oid::SIGNING_CERTIFICATE_V2, &signing_certificate(self.certificate, digest)),
            attribute(oid::CMS_ALGORITHM_PROTECTION, &protection(algorithm)),
        ];
        if let Some(at) = self.claimed_time {
            attributes.push(attribute(
                oid::SIGNING_TIME,
                &Writer::build(|w| {
                    w.time(at);
                }),
            ));
        }
        attributes.extend(self.more.iter().map(|(oid, value)| attribute(*oid, value)));
        let set = Writer::build(|w| {
            w.set_of(Tag::SET, attributes);
        });
        Unsigned { draft: self, algorithm, set }
    }
}

/// A signature that waits for its key.
#[derive(Clone, Debug)]
pub struct Unsigned<'a> {
    draft: &'a Draft<'a>,
    algorithm: SignatureAlgorithm,
    set: Vec<u8>,
}

impl Unsigned<'_> {
    /// The bytes to sign.
    pub fn bytes(&self) -> &[u8] {
        &self.set
    }

    /// The finished ContentInfo.
    pub fn finish(self, signature: &[u8], embed: Embed<'_>) -> Vec<u8> {
        let draft = self.draft;
        let digest = self.algorithm.digest();
        content_info(|w| {
            // RFC 5652 §5.1: version 1 only for plain data and signers named by issuer and number.
            let is_plain = draft.content_type == oid::CMS_DATA && !draft.by_key_id;
            w.number(if is_plain { 1 } else { 3 });
            w.set(|w| digest.write(w));
            w.sequence(|w| {
                w.oid(draft.content_type);
                if let Embed::Content(content) = embed {
                    w.context(0, |w| {
                        w.octets(content);
                    });
                }
            });
            if draft.with_certificates {
                let all = std::iter::once(draft.certificate).chain(draft.chain);
                w.set_of(Tag::context(0), all.map(|certificate| certificate.der().to_vec()).collect());
            }
            w.set(|w| self.write_signer(w, signature));
        })
    }

    fn write_signer(&self, w: &mut Writer, signature: &[u8]) {
        let draft = self.draft;
        w.sequence(|w| {
            if draft.by_key_id {
                w.number(3).element(Tag::primitive(0), &draft.certificate.key_id());
            } else {
                w.number(1).sequence(|w| {
                    w.raw(draft.certificate.issuer().der()).integer(draft.certificate.serial().contents());
                });
            }
            self.algorithm.digest().write(w);
            let mut attributes = self.set.clone();
            attributes[0] = Tag::context(0).0;
            w.raw(&attributes);
            self.algorithm.write(w);
            w.octets(signature);
        });
    }
}

/// A message without signature that carries certificates (`.p7b`).
pub fn certificates_only(certificates: &[Certificate]) -> Vec<u8> {
    content_info(|w| {
        w.number(1).set(|_| {}).sequence(|w| {
            w.oid(oid::CMS_DATA);
        });
        w.set_of(
            Tag::context(0),
            certificates.iter().map(|certificate| certificate.der().to_vec()).collect(),
        );
        w.set(|_| {});
    })
}

/// The same message with a time-stamp token over its `signer`th signature: CAdES-B-T. Everything signed
/// stays byte for byte.
pub fn add_time_stamp(message: &SignedData, signer: usize, token: &[u8]) -> Result<Vec<u8>, Malformed> {
    add_unsigned(message, signer, oid::SIGNATURE_TIME_STAMP, token)
}

/// The same message with an unsigned attribute on its `signer`th signature.
pub(super) fn add_unsigned(
    message: &SignedData,
    signer: usize,
    kind: Oid,
    value: &[u8],
) -> Result<Vec<u8>, Malformed> {
    let mut info = Reader::whole_sequence(&message.der)?;
    info.oid()?;
    let mut explicit = info.context(0)?.ok_or_else(|| info.fail(Why::Truncated))?;
    let mut signed = explicit.sequence()?;
    let mut parts = Vec::new();
    while !signed.is_empty() {
        parts.push(signed.any()?);
    }
    let set = parts.pop().ok_or_else(|| signed.fail(Why::Truncated))?;
    let mut signers = set.inside()?.each(|r| r.any())?;
    if signer >= signers.len() {
        return Err(set.wrong("no such signature"));
    }
    let chosen = signers.remove(signer);
    let stamped = with_attribute(&chosen, kind, value)?;
    let mut members: Vec<Vec<u8>> = signers.iter().map(|element| element.raw.to_vec()).collect();
    members.insert(signer, stamped);
    Ok(content_info(|w| {
        for part in &parts {
            w.raw(part.raw);
        }
        w.set_of(Tag::SET, members);
    }))
}

fn with_attribute(signer: &crate::der::Element<'_>, kind: Oid, value: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut fields = signer.inside()?.each(|r| r.any())?;
    let is_unsigned = |element: &crate::der::Element<'_>| element.tag == Tag::context(1);
    let unsigned = if fields.last().is_some_and(is_unsigned) { fields.pop() } else { None };
    let mut attributes = match unsigned {
        Some(element) => element.inside()?.each(|r| Ok(r.any()?.raw.to_vec()))?,
        None => Vec::new(),
    };
    attributes.push(attribute(kind, value));
    Ok(Writer::build(|w| {
        w.sequence(|w| {
            for field in &fields {
                w.raw(field.raw);
            }
            w.set_of(Tag::context(1), attributes);
        });
    }))
}

pub(super) fn content_info(signed: impl FnOnce(&mut Writer)) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            w.oid(oid::CMS_SIGNED_DATA).context(0, |w| {
                w.sequence(signed);
            });
        });
    })
}

fn attribute(oid: Oid, value: &[u8]) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            w.oid(oid).set(|w| {
                w.raw(value);
            });
        });
    })
}

/// SigningCertificateV2 (RFC 5035): the hash of the certificate, its issuer and number. SHA-256 is the
/// default and must be left out.
fn signing_certificate(certificate: &Certificate, digest: Digest) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            w.sequence(|w| {
                w.sequence(|w| {
                    if digest != Digest::Sha256 {
                        digest.write(w);
                    }
                    w.octets(&certificate.fingerprint(digest));
                    w.sequence(|w| {
                        w.sequence(|w| GeneralName::Directory(certificate.issuer().clone()).write(w));
                        w.integer(certificate.serial().contents());
                    });
                });
            });
        });
    })
}

/// CMSAlgorithmProtection (RFC 6211): the algorithms cannot be exchanged afterwards.
fn protection(algorithm: SignatureAlgorithm) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            algorithm.digest().write(w);
            let mut id = Writer::build(|w| algorithm.write(w));
            id[0] = Tag::context(1).0;
            w.raw(&id);
        });
    })
}
