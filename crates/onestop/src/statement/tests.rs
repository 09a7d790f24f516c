//! The vector of STATEMENT.md, flipped bits, and what a paper is told beside what is held.

use super::hex;
use super::rules::*;
use db::blobs::Hash;

/// The seed of the vector; no installation has it.
const SEED: [u8; 32] = [7; 32];
/// The statement of the vector, as STATEMENT.md prints it.
const VECTOR: &str = include_str!("vector.txt");

/// As STATEMENT.md has them.
fn files() -> Vec<(Hash, u64)> {
    vec![(Hash::of(b"giay chung sinh"), 15), (Hash::of(b"to khai"), 7)]
}

fn statement() -> Statement {
    Statement {
        kind: Kind::Slip,
        at_s: 1_787_194_800,
        promised_s: Some(1_787_281_200),
        files: 2,
        digest: digest(files().into_iter()),
        code: "H61.12-260820-0001".into(),
    }
}

fn signer() -> Signer {
    Signer::of_seed(&SEED).unwrap()
}

#[test]
fn the_vector_of_the_specification_is_what_we_sign() {
    let signer = signer();
    let text = signer.sign(&statement()).unwrap();
    assert_eq!(text, VECTOR.trim());
    let said = include_str!("../../STATEMENT.md");
    let key = hex(signer.public());
    for part in [text.as_str(), &key, &hex(&statement().digest)] {
        assert!(said.contains(part), "STATEMENT.md does not have {part}");
    }
    assert_eq!(read(&text).unwrap().verified(signer.public()), Some(statement()));
    let address =
        format!("https://vinhlong.example.vn/kiem-tra-phieu?p={}\n{}&x=1", &text[..90], &text[90..]);
    assert_eq!(read(&address).unwrap().verified(signer.public()), Some(statement()));
}

#[test]
fn the_digest_does_not_depend_on_the_order_of_the_files() {
    assert_eq!(digest(files().into_iter()), digest(files().into_iter().rev()));
    assert_ne!(digest(files().into_iter()), digest(files().into_iter().take(1)));
}

#[test]
fn no_flipped_bit_is_taken() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (signer, text) = (signer(), signer().sign(&statement()).unwrap());
    let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        let read = read(&URL_SAFE_NO_PAD.encode(other));
        assert!(read.and_then(|r| r.verified(signer.public())).is_none(), "bit {bit}");
    }
    let stranger = Signer::of_seed(&[8; 32]).unwrap();
    assert_eq!(read(&text).unwrap().verified(stranger.public()), None);
    for cut in 0..text.len() {
        let read = read(&text[..cut]);
        assert!(read.and_then(|r| r.verified(signer.public())).is_none(), "cut at {cut}");
    }
}

#[test]
fn what_does_not_fit_the_format_is_not_signed() {
    let long = "9".repeat(41);
    for code in ["", "Đ-1", "a b", long.as_str()] {
        assert_eq!(signer().sign(&Statement { code: code.into(), ..statement() }), None, "{code}");
    }
    assert_eq!(signer().sign(&Statement { at_s: -1, ..statement() }), None);
}

#[test]
fn what_a_paper_is_told_beside_what_is_held() {
    let s = statement();
    let receipt = Statement { kind: Kind::Receipt, ..s.clone() };
    let held = Held { then: Some((2, s.digest)), files_now: 2, promised_s: s.promised_s, extended: None };
    let later = s.promised_s.map(|at| at + 86_400);
    let extended = Some((s.at_s + 60, s.at_s + 172_800));
    let table = [
        (&s, held.clone()),
        (&s, Held { files_now: 3, ..held.clone() }),
        (&s, Held { then: Some((1, s.digest)), ..held.clone() }),
        (&s, Held { then: Some((2, [0; 32])), ..held.clone() }),
        (&s, Held { then: None, ..held.clone() }),
        (&receipt, Held { promised_s: later, ..held.clone() }),
        (&receipt, Held { promised_s: extended.map(|e| e.1), extended, ..held.clone() }),
        (&receipt, Held { promised_s: None, ..held.clone() }),
    ];
    let told: Vec<String> = table.iter().map(|(s, held)| format!("{:?}", compare(s, held))).collect();
    assert_eq!(
        told,
        [
            "[FilesAgree { files: 2 }, PromiseStands]",
            "[FilesAgree { files: 2 }, MoreSince { more: 1 }, PromiseStands]",
            "[FilesDiffer { files: 1 }, MoreSince { more: 1 }, PromiseStands]",
            "[FilesDiffer { files: 2 }, PromiseStands]",
            "[NoSuchLine, PromiseStands]",
            "[FilesAgree { files: 2 }, PromiseMoved { to_s: Some(1787367600) }]",
            "[FilesAgree { files: 2 }, Extended { at_s: 1787194860, to_s: 1787367600 }]",
            "[FilesAgree { files: 2 }, PromiseMoved { to_s: None }]",
        ]
    );
}
