//! Tables: what may follow what, which hashes are taken, how keys sign, where signatures are seen, and what
//! is kept of a signed file.

use base::Instant;
use pki::SignatureAlgorithm;
use pki::key::{Curve, Digest, PublicKind};

use super::api::Added;
use super::csc::generalized;
use super::document::level;
use super::look::Place;
use super::rules::{AlgorithmFault, HASHES_MAX, HashFault, State, Step, after, algorithm, covers, digest};
use crate::validation::report::{Format, Level};

#[test]
fn every_pair_of_state_and_step() {
    let states = [State::Asked, State::Granted, State::Spent, State::Refused, State::Lapsed];
    let steps = [Step::Grant, Step::Refuse, Step::Spend];
    let mut table = format!("\n{:<10}{:<10}{:<10}{}\n", "", "grant", "refuse", "spend");
    for state in states {
        let to = |step: &Step| after(state, *step).map_or("-", State::word);
        let [grant, refuse, spend] = steps.each_ref().map(to);
        table += &format!("{:<10}{grant:<10}{refuse:<10}{spend}\n", state.word());
    }
    let expected = "
          grant     refuse    spend
asked     granted   refused   -
granted   -         refused   spent
spent     -         -         -
refused   -         -         -
lapsed    -         -         -
";
    assert_eq!(table, expected);
}

#[test]
fn what_is_over_lapses_unless_it_was_answered() {
    let table = [
        ("asked", State::Asked, State::Lapsed),
        ("granted", State::Granted, State::Lapsed),
        ("spent", State::Spent, State::Spent),
        ("refused", State::Refused, State::Refused),
    ];
    for (word, in_time, late) in table {
        assert_eq!((State::of(word, false), State::of(word, true)), (in_time, late), "{word}");
    }
}

#[test]
fn hashes_are_all_of_one_digest_and_not_too_many() {
    let of = |lengths: &[usize]| digest(&lengths.iter().map(|n| vec![7; *n]).collect::<Vec<_>>());
    let table: [(&[usize], Result<Digest, HashFault>); 8] = [
        (&[], Err(HashFault::None)),
        (&[32], Ok(Digest::Sha256)),
        (&[48, 48], Ok(Digest::Sha384)),
        (&[64], Ok(Digest::Sha512)),
        (&[20], Err(HashFault::Length)),
        (&[32, 48], Err(HashFault::Length)),
        (&[32; HASHES_MAX], Ok(Digest::Sha256)),
        (&[32; HASHES_MAX + 1], Err(HashFault::TooMany)),
    ];
    for (lengths, expected) in table {
        assert_eq!(of(lengths), expected, "{} hashes", lengths.len());
    }
}

#[test]
fn an_authorisation_covers_its_hashes_and_each_as_often_as_it_was_named() {
    let hashes = |text: &str| text.bytes().map(|byte| vec![byte; 32]).collect::<Vec<_>>();
    let table = [
        ("abc", "abc", true),
        ("abc", "cab", true),
        ("abc", "b", true),
        ("abc", "bb", false),
        ("abb", "bb", true),
        ("abc", "abd", false),
        ("abc", "abca", false),
    ];
    for (authorised, asked, expected) in table {
        assert_eq!(covers(&hashes(authorised), &hashes(asked)), expected, "{authorised} {asked}");
    }
}

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SHA512: &str = "2.16.840.1.101.3.4.2.3";
const SHA1: &str = "1.3.14.3.2.26";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const RSA: &str = "1.2.840.113549.1.1.1";
const SHA256_RSA: &str = "1.2.840.113549.1.1.11";
const PSS: &str = "1.2.840.113549.1.1.10";

#[test]
fn a_key_signs_hashes_only_the_ways_it_has() {
    let ec = PublicKind::Ec(Curve::P256);
    let rsa = PublicKind::Rsa { bits: 2048, pss_only: false };
    let pss = |digest: Digest, salt_bytes: u16| {
        let der = pki::der::Writer::build(|w| SignatureAlgorithm::RsaPss { digest, salt_bytes }.write(w));
        let id = pki::key::AlgorithmId::read(&mut pki::der::Reader::new(&der));
        id.expect("an algorithm that was just written").parameters
    };
    let (right, short) = (pss(Digest::Sha256, 32), pss(Digest::Sha256, 20));
    let v15 = SignatureAlgorithm::RsaPkcs1;
    type Row<'a> =
        (PublicKind, &'a str, Option<&'a str>, Option<&'a [u8]>, Result<SignatureAlgorithm, AlgorithmFault>);
    let table: [Row<'_>; 13] = [
        (ec, ECDSA_SHA256, None, None, Ok(SignatureAlgorithm::Ecdsa(Digest::Sha256))),
        (ec, ECDSA_SHA256, Some(SHA256), None, Ok(SignatureAlgorithm::Ecdsa(Digest::Sha256))),
        (ec, ECDSA_SHA256, Some(SHA512), None, Err(AlgorithmFault::Digest)),
        (ec, "1.2.840.10045.4.3.3", None, None, Err(AlgorithmFault::Algorithm)),
        (ec, SHA256_RSA, None, None, Err(AlgorithmFault::Algorithm)),
        (rsa, SHA256_RSA, None, None, Ok(v15(Digest::Sha256))),
        (rsa, RSA, Some(SHA512), None, Ok(v15(Digest::Sha512))),
        (rsa, RSA, None, None, Err(AlgorithmFault::DigestMissing)),
        (rsa, RSA, Some(SHA1), None, Err(AlgorithmFault::Digest)),
        (rsa, PSS, Some(SHA256), None, Err(AlgorithmFault::ParametersMissing)),
        (rsa, PSS, None, Some(&right), Ok(SignatureAlgorithm::pss(Digest::Sha256))),
        (rsa, PSS, None, Some(&short), Err(AlgorithmFault::Parameters)),
        (PublicKind::Ed25519, "1.3.101.112", None, None, Err(AlgorithmFault::Algorithm)),
    ];
    for (kind, named, digest, parameters, expected) in table {
        assert_eq!(algorithm(kind, named, digest, parameters), expected, "{kind:?} {named} {digest:?}");
    }
}

#[test]
fn a_place_is_a_rectangle_that_can_be_read() {
    let place = Place { page: 2, left: 320.0, bottom: 110.5, width: 180.0, height: 60.0 };
    assert_eq!(Place::parse("2, 320,110.5,180,60"), Some(place));
    for bad in [
        "",
        "0,1,1,100,100",
        "1,1,1,100",
        "1,1,1,100,100,1",
        "1,1,1,5,100",
        "1,-1,1,100,100",
        "1,NaN,1,100,100",
    ] {
        assert_eq!(Place::parse(bad), None, "{bad}");
    }
}

#[test]
fn levels_are_read_by_either_name() {
    let table = [
        ("B-B", Some(Level::BB)),
        ("Ades-B-B", Some(Level::BB)),
        ("AdES-B-T", Some(Level::BT)),
        ("ades-b-lt", Some(Level::BLT)),
        ("B-LTA", Some(Level::BLTA)),
        ("Ades-T", None),
        ("", None),
    ];
    for (name, expected) in table {
        assert_eq!(level(name), expected, "{name}");
    }
}

#[test]
fn times_of_validity_are_told_in_utc() {
    let at = Instant::parse_rfc3339("2026-01-01T06:30:15+07:00").expect("a time as the format wants it");
    assert_eq!(generalized(at), "20251231233015Z");
}

#[test]
fn a_signed_file_is_made_again_of_the_original_and_what_was_added() {
    let table: [(&str, &str); 6] = [
        ("%PDF body", "%PDF body more"),
        ("<a><b/></a>", "<a><b/><Signature/></a>"),
        ("abc", "a message beside it"),
        ("aaa", "aaaa"),
        ("", "beside nothing"),
        ("the same", "the same"),
    ];
    for (original, made) in table {
        let added = Added::between(original.as_bytes(), made.as_bytes(), Format::Cms);
        let again = added.onto(original.as_bytes()).expect("it fits its own original");
        assert_eq!(String::from_utf8(again).expect("text"), made, "{original}");
    }
    let added = Added::between(b"a long original", b"a long original, signed", Format::Pdf);
    assert_eq!(added.onto(b"short"), None);
}
