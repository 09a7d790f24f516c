//! What pyHanko says of our signed messages and their time-stamps, and we of its.

use crate::openssl::{Bench, PAPER};
use crate::world::{Holder, now};
use judges::{Way, row};
use pki::cert::Serial;
use pki::cms::{Content, Draft, Level, SignedData, add_time_stamp};
use pki::key::{Digest, KeyKind};
use pki::profile::Kind;
use pki::tsp;
use std::path::Path;
use std::process::Command;

/// Who signs and who stamps.
const KINDS: [(KeyKind, KeyKind); 3] =
    [(KeyKind::P256, KeyKind::P256), (KeyKind::Rsa2048, KeyKind::P384), (KeyKind::P384, KeyKind::Rsa2048)];

/// Runs its script in the bench's folder; what it says, a line each.
fn pyhanko(bench: &Bench, words: &[&str]) -> Vec<String> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = home.join("../suite/peers/venv/bin/python");
    assert!(python.exists(), "{} is missing; `cargo x test` installs it", python.display());
    let mut command = Command::new(python);
    command.arg(home.join("tests/pki/peer/pyhanko_peer.py")).args(words).current_dir(bench.path("."));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_string).collect()
}

/// A token over these bytes.
fn token(bench: &Bench, unit: &Holder, over: &[u8]) -> Vec<u8> {
    let request = tsp::Request::new(tsp::Imprint::of(Digest::Sha256, over), None);
    let chain = [bench.world.ca.certificate.clone()];
    let draft = tsp::Draft {
        request: &request,
        policy: "1.3.6.1.4.1.99999.2".parse().unwrap(),
        serial: Serial::random(),
        time: now(),
        accuracy_millis: Some(1000),
        certificate: &unit.certificate,
        chain: &chain,
    };
    draft.sign(&unit.key).unwrap()
}

#[test]
fn our_messages_and_their_time_stamps_are_accepted() {
    let bench = Bench::new();
    let chain = [bench.world.ca.certificate.clone()];
    bench.put("other.txt", "giấy khác");
    for (kind, stamps) in KINDS {
        let an = bench.world.holder(Kind::Official, 100, kind);
        let unit = bench.world.holder(Kind::Tsa, 60, stamps);
        let signed = Draft::new(&an.certificate, &chain).at(now()).sign(PAPER, false, &an.key).unwrap();
        let message = SignedData::parse(&signed).unwrap();
        let signature = message.signers[0].signature.clone();
        let stamped = add_time_stamp(&message, 0, &token(&bench, &unit, &signature)).unwrap();
        let elsewhere = add_time_stamp(&message, 0, &token(&bench, &unit, b"another signature")).unwrap();
        bench.put("b.p7s", &signed);
        bench.put("t.p7s", &stamped);
        bench.put("elsewhere.p7s", elsewhere);
        let said = pyhanko(&bench, &["judge", "root.pem", "paper.txt", "b.p7s", "t.p7s", "elsewhere.p7s"]);
        assert_eq!(said[..2], ["True True True True unstamped", "True True True True stamped"], "{kind:?}");
        assert!(said[2].contains("False unstamped"), "a time-stamp of something else: {}", said[2]);
        let said = pyhanko(&bench, &["judge", "root.pem", "other.txt", "t.p7s"]);
        assert!(said[0].starts_with("False"), "{said:?}");
        openssl_finds_the_stamp(&bench, &stamped);
    }
    row("pyHanko", Way::Ours, "CAdES B-B and B-T", 2 * KINDS.len());
    row(
        "pyHanko",
        Way::Spoiled,
        "CAdES over another content, and a time-stamp of something else",
        2 * KINDS.len(),
    );
    row("openssl ts", Way::Ours, "what a time-stamp in CAdES is over", KINDS.len());
    row("openssl ts", Way::Spoiled, "a time-stamp in CAdES over something else", KINDS.len());
}

/// The token in the message is over the signature in it, says `openssl ts`.
fn openssl_finds_the_stamp(bench: &Bench, stamped: &[u8]) {
    let message = SignedData::parse(stamped).unwrap();
    let signer = &message.signers[0];
    bench.put("t.tst", signer.time_stamps().next().unwrap());
    bench.put("value", &signer.signature);
    let verify = "ts -verify -in t.tst -token_in -CAfile root.pem -untrusted ca.pem -attime NOW";
    bench.must(&format!("{verify} -data value"));
    bench.must_not(&format!("{verify} -data paper.txt"));
}

#[test]
fn its_messages_and_their_time_stamps_are_accepted_here() {
    let bench = Bench::new();
    // It stamps with RSA alone.
    let unit = bench.world.holder(Kind::Tsa, 60, KeyKind::Rsa2048);
    for (kind, _) in KINDS {
        let an = bench.world.holder(Kind::Official, 100, kind);
        bench.put_holder("an", &an);
        bench.put_holder("unit", &unit);
        for (place, level) in [("detached", "b"), ("inside", "b"), ("detached", "t"), ("inside", "t")] {
            pyhanko(&bench, &["sign", ".", "paper.txt", place, level, "their.p7s"]);
            let message = SignedData::parse(&bench.take("their.p7s")).unwrap();
            let signer = &message.signers[0];
            let content = if place == "inside" { Content::Inside } else { Content::Bytes(PAPER) };
            let report = message.check(signer, content, &[]);
            assert_eq!(report.faults, [], "{kind:?} {place} {level}");
            assert_eq!(report.certificate.as_ref(), Some(&an.certificate));
            assert_eq!(report.level, if level == "t" { Level::BT } else { Level::BB }, "{place}");
            let stamps: Vec<_> =
                signer.time_stamps().map(|token| tsp::Token::parse(token).unwrap()).collect();
            assert_eq!(stamps.len(), usize::from(level == "t"));
            for stamp in stamps {
                let report = stamp.check(|digest| digest.of(&signer.signature), &[]);
                assert_eq!(report.faults, [], "{kind:?} {place}");
                assert_eq!(report.certificate.as_ref(), Some(&unit.certificate));
                assert!(!stamp.check(|digest| digest.of(b"another"), &[]).is_intact());
            }
        }
    }
    row("pyHanko", Way::Theirs, "CAdES B-B and B-T, inside and detached", 4 * KINDS.len());
}
