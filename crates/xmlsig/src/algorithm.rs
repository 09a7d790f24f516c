//! Digests and signature algorithms by the identifiers they have in XML. What has no row here is unknown to
//! us.

use aws_lc_rs::digest as lc;
use pki::key::{Digest, SignatureAlgorithm};

const DIGESTS: [(&str, Digest); 4] = [
    ("http://www.w3.org/2000/09/xmldsig#sha1", Digest::Sha1),
    ("http://www.w3.org/2001/04/xmlenc#sha256", Digest::Sha256),
    ("http://www.w3.org/2001/04/xmldsig-more#sha384", Digest::Sha384),
    ("http://www.w3.org/2001/04/xmlenc#sha512", Digest::Sha512),
];

/// RSA-PSS with a salt as long as the hash, which the identifiers of RFC 6931 imply.
const fn pss(digest: Digest, salt_bytes: u16) -> SignatureAlgorithm {
    SignatureAlgorithm::RsaPss { digest, salt_bytes }
}

const ALGORITHMS: [(&str, SignatureAlgorithm); 12] = [
    ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", SignatureAlgorithm::RsaPkcs1(Digest::Sha1)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", SignatureAlgorithm::RsaPkcs1(Digest::Sha256)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", SignatureAlgorithm::RsaPkcs1(Digest::Sha384)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", SignatureAlgorithm::RsaPkcs1(Digest::Sha512)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", pss(Digest::Sha256, 32)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1", pss(Digest::Sha384, 48)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1", pss(Digest::Sha512, 64)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", SignatureAlgorithm::Ecdsa(Digest::Sha1)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", SignatureAlgorithm::Ecdsa(Digest::Sha256)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", SignatureAlgorithm::Ecdsa(Digest::Sha384)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", SignatureAlgorithm::Ecdsa(Digest::Sha512)),
    ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", SignatureAlgorithm::Ed25519),
];

/// The digest of this identifier.
pub fn digest(uri: &str) -> Option<Digest> {
    DIGESTS.iter().find(|(known, _)| *known == uri).map(|(_, digest)| *digest)
}

/// A digest's identifier.
pub fn digest_uri(digest: Digest) -> &'static str {
    DIGESTS.iter().find(|(_, known)| *known == digest).expect("the table has every digest").0
}

/// The signature algorithm of this identifier.
pub fn signature(uri: &str) -> Option<SignatureAlgorithm> {
    ALGORITHMS.iter().find(|(known, _)| *known == uri).map(|(_, algorithm)| *algorithm)
}

/// A signature algorithm's identifier; `None` when XML has none for it (RSA-PSS with another salt).
pub fn signature_uri(algorithm: SignatureAlgorithm) -> Option<&'static str> {
    ALGORITHMS.iter().find(|(_, known)| *known == algorithm).map(|(uri, _)| *uri)
}

/// Begins a digest of octets that come in pieces.
pub(crate) fn begin(digest: Digest) -> lc::Context {
    lc::Context::new(match digest {
        Digest::Sha1 => &lc::SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha256 => &lc::SHA256,
        Digest::Sha384 => &lc::SHA384,
        Digest::Sha512 => &lc::SHA512,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_leads_to_its_row_and_back() {
        for (uri, algorithm) in ALGORITHMS {
            assert_eq!((signature(uri), signature_uri(algorithm)), (Some(algorithm), Some(uri)));
        }
        for (uri, known) in DIGESTS {
            assert_eq!((digest(uri), digest_uri(known)), (Some(known), uri));
        }
        for known in [Digest::Sha256, Digest::Sha384, Digest::Sha512] {
            assert!(signature_uri(SignatureAlgorithm::pss(known)).is_some(), "{known:?}");
        }
        assert_eq!(digest("http://www.w3.org/2001/04/xmldsig-more#md5"), None);
        assert_eq!(signature("http://www.w3.org/2000/09/xmldsig#hmac-sha1"), None);
    }
}
