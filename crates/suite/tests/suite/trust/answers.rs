//! Lists and answers: OpenSSL believes them, they agree, and every node says so at once.

use std::path::Path;
use std::time::{Duration, Instant as Moment};

use axum::body::Bytes;
use axum::http::Method;
use db::testing::both;
use judges::{Way, row};
use pki::ocsp::{self, CertId, CertStatus};
use pki::{Certificate, Crl, Digest};
use suite::person::Person;
use suite::town::Town;
use suite::town::people::*;

use super::{AUTHORITY, REGISTER, does, fetch, issued, openssl, page_csrf, put, revokes, trusting};
use crate::desk::{browser, says};

/// A list, as OpenSSL reads it.
async fn list(who: &mut Person, folder: &Path, file: &str) -> String {
    let der = fetch(who, &format!("/pki/crl/{file}")).await;
    put(folder, "list.der", &der);
    does(folder, "crl -inform der -in list.der -out list.pem");
    does(folder, "crl -in list.pem -noout -text -CAfile chain.pem")
}

/// Asks over POST, and lets OpenSSL judge the answer.
async fn ocsp(who: &mut Person, folder: &Path, more: &str) -> String {
    does(folder, &format!("ocsp -issuer issuing.pem -cert leaf.pem -reqout ask.der {more}"));
    let asked = std::fs::read(folder.join("ask.der")).expect("the question was written");
    let kind = Some("application/ocsp-request");
    let said = who.sends(Method::POST, "/pki/ocsp", kind, asked.into()).await.expect(200);
    assert_eq!(said.header("content-type"), "application/ocsp-response");
    put(folder, "said.der", &said.body);
    judged(folder, more)
}

fn judged(folder: &Path, more: &str) -> String {
    if more.is_empty() {
        // The nonce is that of the question.
        let said = does(folder, "ocsp -reqin ask.der -respin said.der -CAfile chain.pem");
        assert!(said.contains("Response verify OK") && !said.contains("WARNING"), "{said}");
    }
    let words = "ocsp -no_nonce -issuer issuing.pem -cert leaf.pem -respin said.der -CAfile chain.pem";
    let said = does(folder, words);
    assert!(said.contains("Response verify OK"), "{said}");
    assert!(!said.contains("WARNING") && !said.contains("ERROR"), "{said}");
    said
}

/// Whether OpenSSL takes the certificate with the lists of both authorities.
async fn verifies(who: &mut Person, folder: &Path) -> (bool, String) {
    let mut bundle = std::fs::read(folder.join("chain.pem")).expect("the chain");
    for id in ["ca-1", "ca-2"] {
        let der = fetch(who, &format!("/pki/crl/{id}.crl")).await;
        put(folder, "one.der", &der);
        does(folder, "crl -inform der -in one.der -out one.pem");
        bundle.extend(std::fs::read(folder.join("one.pem")).expect("the list"));
    }
    put(folder, "bundle.pem", &bundle);
    openssl(folder, "verify -x509_strict -crl_check_all -CAfile bundle.pem leaf.pem")
}

/// What the README promises of every node, from the commit of a revocation on.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

/// Whether a node says that the certificate of this folder is revoked: on its list, in its kept answer, and
/// in one that is signed for the question. Nothing but the node's own work counts: no other program runs.
async fn says_revoked(node: &mut Person, folder: &Path) -> [bool; 3] {
    let certificate = |name: &str| {
        let der = std::fs::read(folder.join(name)).expect("it was written");
        Certificate::parse(&der).expect("a certificate")
    };
    let (leaf, issuer) = (certificate("leaf.der"), certificate("issuing.der"));
    let der = fetch(node, "/pki/crl/ca-2.crl").await;
    let list = Crl::parse(&der[..]).expect("a list");
    list.verify_with(issuer.public_key()).expect("the issuer's");
    let mut said = [list.find(issuer.subject(), leaf.serial()).is_some(), false, false];
    for (said, nonce) in said[1..].iter_mut().zip([None, Some(vec![7; 16])]) {
        let id = CertId::new(Digest::Sha1, issuer.subject(), issuer.public_key(), leaf.serial());
        let asked = ocsp::Request { questions: vec![id], nonce, unknown_critical: false };
        let kind = Some("application/ocsp-request");
        let answer = node.sends(Method::POST, "/pki/ocsp", kind, asked.der().into()).await.expect(200);
        let answer = ocsp::Response::parse(&answer.body).expect("an answer");
        let found = answer.find(leaf.serial(), issuer.subject(), issuer.public_key());
        let single = found.expect("no contradiction").expect("about this certificate");
        *said = matches!(single.status, CertStatus::Revoked { .. });
    }
    said
}

/// How long after `committed` a node that is asked all the time says so everywhere.
async fn seen_after(node: &mut Person, folder: &Path, committed: Moment) -> Duration {
    let mut pulse = tokio::time::interval(Duration::from_millis(10));
    let seen = async {
        loop {
            pulse.tick().await;
            let said = says_revoked(node, folder).await;
            // A list before an answer, an answer before the next: none may go back behind the one before.
            assert!(said.is_sorted(), "list, kept and fresh answer say {said:?}");
            if said[0] {
                return committed.elapsed();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("the node sees it at all")
}

#[test]
fn a_revocation_is_in_the_list_and_in_the_answers_of_two_nodes_at_once() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        let page = issued(&town, folder).await;
        let text = does(folder, "x509 -in leaf.pem -noout -text");
        for words in
            ["/pki/crl/ca-2.crl", "/pki/ocsp", "/pki/ca/ca-2.cer", "Digital Signature, Non Repudiation"]
        {
            assert!(text.contains(words), "{words} is missing in:\n{text}");
        }
        assert!(!text.contains("whatever"), "the request of a key names nobody");
        let node = town.second_node(&t).await;
        let (mut here, mut there) = (town.stranger(), Person::inside(node.router.clone()));
        for who in [&mut here, &mut there] {
            let (well, said) = verifies(who, folder).await;
            assert!(well, "{said}");
            assert!(ocsp(who, folder, "").await.contains("leaf.pem: good"), "with a nonce");
            assert!(ocsp(who, folder, "-no_nonce").await.contains("leaf.pem: good"), "kept");
        }
        let serial = does(folder, "x509 -in leaf.pem -noout -serial");
        let serial = serial.trim().trim_start_matches("serial=").to_string();

        let mut admin = browser(&town, ADMIN).await;
        admin.opens(&page).await.expect(200);
        // Asked a moment before, a node will not look again at once: this is the longest it can take.
        assert_eq!(says_revoked(&mut there, folder).await, [false; 3]);
        let filled = [("reason", "1"), ("note", "Mất USB token tại nhà.")];
        admin.submits("Thu hồi", &filled).await.expect(303);
        let committed = Moment::now();
        for (name, who) in [("its own node", &mut here), ("the other node", &mut there)] {
            let after = seen_after(who, folder, committed).await;
            assert!(after <= SEEN_WITHIN, "{name} says it {after:?} after the commit");
        }
        for who in [&mut here, &mut there] {
            let (well, said) = verifies(who, folder).await;
            assert!(!well && said.contains("revoked"), "{said}");
        }
        let said = ocsp(&mut here, folder, "-no_nonce").await;
        assert!(said.contains("leaf.pem: revoked") && said.contains("Reason: keyCompromise"), "{said}");
        row("openssl ocsp", Way::Ours, "answers of two served nodes, before and after a revocation", 6);
        row("openssl verify", Way::Ours, "a certificate under the lists of two served nodes", 2);
        row("openssl verify", Way::Spoiled, "a certificate that was revoked, under the served lists", 1);
        assert!(list(&mut here, folder, "ca-2.delta.crl").await.contains(&serial), "on the delta list");
        assert!(!list(&mut here, folder, "ca-1.crl").await.contains(&serial), "on no other's list");
        // It does not come back, nor a second time.
        admin.opens(&page).await.expect(200);
        says(&admin, "Đã thu hồi");
        assert!(admin.page().forms().iter().all(|f| f.buttons.iter().all(|(b, _)| b != "Thu hồi")));
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn an_official_who_has_lost_the_key_suspends_it_and_another_person_resumes() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        let page = issued(&town, folder).await;
        let serial = does(folder, "x509 -in leaf.pem -noout -serial");
        let serial = serial.trim().trim_start_matches("serial=").to_string();
        let id = page.rsplit('/').next().expect("an id").to_string();
        browser(&town, RECORDS).await.opens("/chung-thu-so").await.expect(200);
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens("/chung-thu-so").await.expect(200);
        let answer = chairman.submits("Báo mất, tạm dừng ngay", &[]).await.expect(303);
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Đã tạm dừng chứng thư.");
        let mut who = town.stranger();
        let said = list(&mut who, folder, "ca-2.crl").await;
        assert!(said.contains(&serial) && said.contains("Certificate Hold"), "{said}");
        // He keeps the province too, and still does not resume what he suspended.
        chairman.opens(&page).await.expect(200);
        chairman.submits("Khôi phục", &[("note", "Đã tìm thấy.")]).await.expect(422);
        says(&chairman, "Người đã tạm dừng không tự khôi phục.");
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(&page).await.expect(200);
        admin.submits("Khôi phục", &[("note", "Đã tìm thấy, còn niêm phong.")]).await.expect(303);
        assert!(!list(&mut who, folder, "ca-2.crl").await.contains(&serial));
        let delta = list(&mut who, folder, "ca-2.delta.crl").await;
        assert!(delta.contains(&serial) && delta.contains("Remove From CRL"), "{delta}");
        assert!(ocsp(&mut who, folder, "").await.contains("leaf.pem: good"));
        // Somebody else's certificate does not exist.
        let mut other = browser(&town, RECORDS).await;
        other.opens("/chung-thu-so").await.expect(200);
        let kind = Some("application/x-www-form-urlencoded");
        let foreign = format!("/chung-thu-so/{id}/bao-mat");
        let body = format!("_csrf={}&seen=3", page_csrf(&other));
        other.sends(Method::POST, &foreign, kind, body.into()).await.expect(404);
    });
}

#[test]
fn lists_in_parts_and_a_new_key_beside_the_old_one() {
    both(async |t| {
        let town = trusting(&t, "4").await;
        let folder = t.dir();
        let page = issued(&town, folder).await;
        let text = does(folder, "x509 -in leaf.pem -noout -text");
        let named = text.split("/pki/crl/").nth(1).and_then(|rest| rest.split_whitespace().next());
        let named = named.expect("the certificate names its list").to_string();
        revokes(&town, &page).await;
        let serial = does(folder, "x509 -in leaf.pem -noout -serial");
        let serial = serial.trim().trim_start_matches("serial=").to_string();
        let mut who = town.stranger();
        for part in 0..4 {
            let file = format!("ca-2.{part}.crl");
            let on_it = list(&mut who, folder, &file).await.contains(&serial);
            assert_eq!(on_it, file == named, "{file}");
        }
        who.gets("/pki/crl/ca-2.4.crl").await.expect(404);
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(AUTHORITY).await.expect(200);
        let answer = admin.submits("Thay khóa cấp", &[("key_kind", "rsa2048")]).await.expect(303);
        admin.follows(answer).await.expect(200);
        says(&admin, "Không cấp nữa");
        let said = ocsp(&mut who, folder, "").await;
        assert!(said.contains("leaf.pem: revoked"), "the old one answers on: {said}");
        fetch(&mut who, "/pki/ca/ca-3.cer").await;
        row("openssl crl", Way::Ours, "revocation lists in parts, served", 4);
        admin.opens(REGISTER).await.expect(200);
    });
}

#[test]
fn caches_are_told_how_long_and_a_list_is_renewed_before_its_end() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        issued(&town, folder).await;
        let mut who = town.stranger();
        let first = who.gets("/pki/crl/ca-2.crl").await.expect(200);
        assert_eq!(first.header("content-type"), "application/pkix-crl");
        assert!(first.header("cache-control").contains("max-age=60"), "{}", first.header("cache-control"));
        who.says("if-none-match", first.header("etag"));
        assert!(who.gets("/pki/crl/ca-2.crl").await.expect(304).body.is_empty());
        does(folder, "ocsp -no_nonce -issuer issuing.pem -cert leaf.pem -reqout ask.der");
        let asked = std::fs::read(folder.join("ask.der")).expect("the question was written");
        let text = base64(&asked).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let said = town.stranger().gets(&format!("/pki/ocsp/{text}")).await.expect(200);
        put(folder, "said.der", &said.body);
        assert!(judged(folder, "-no_nonce").contains("leaf.pem: good"));
        for name in ["etag", "last-modified", "expires"] {
            assert!(!said.header(name).is_empty(), "{name} is missing");
        }
        // Half a day later nobody has done anything, and there is a younger list.
        town.hand.advance(Duration::from_secs(12 * 3600));
        let node = town.second_node(&t).await;
        let later = fetch(&mut Person::inside(node.router), "/pki/crl/ca-2.crl").await;
        assert_ne!(later, first.body);
        put(folder, "later.der", &later);
        assert!(does(folder, "crl -inform der -in later.der -noout -crlnumber").contains("0x02"));
    });
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Answers without a certificate in them: why there is no answer.
async fn why(town: &Town, body: Vec<u8>) -> u8 {
    let kind = Some("application/ocsp-request");
    let said = town.stranger().sends(Method::POST, "/pki/ocsp", kind, body.into()).await.expect(200);
    assert_eq!(&said.body[..4], &[0x30, 0x03, 0x0a, 0x01], "a response that says why");
    said.body[4]
}

#[test]
fn hostile_questions_are_told_what_is_wrong_and_nothing_else() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        issued(&town, folder).await;
        does(folder, "ocsp -issuer issuing.pem -cert leaf.pem -reqout ask.der");
        let asked = std::fs::read(folder.join("ask.der")).expect("the question was written");
        assert_eq!(why(&town, Vec::new()).await, 1);
        assert_eq!(why(&town, vec![0x30; 60_000]).await, 1);
        for cut in (1..asked.len()).step_by(7) {
            assert_eq!(why(&town, asked[..cut].to_vec()).await, 1, "cut at {cut}");
        }
        // An issuer that is not ours.
        does(folder, "req -x509 -newkey rsa:2048 -nodes -keyout x.key -out x.pem -subj /CN=x -days 9");
        does(folder, "ocsp -issuer x.pem -serial 7 -reqout foreign.der");
        assert_eq!(why(&town, std::fs::read(folder.join("foreign.der")).expect("there")).await, 6);
        // A number that we never gave: not good, and kept nowhere.
        does(folder, "ocsp -no_nonce -issuer issuing.pem -serial 7 -reqout ask.der");
        let asked = std::fs::read(folder.join("ask.der")).expect("the question was written");
        let text = base64(&asked).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let said = town.stranger().gets(&format!("/pki/ocsp/{text}")).await.expect(200);
        assert_eq!(said.header("cache-control"), "no-store");
        put(folder, "said.der", &said.body);
        let words = "ocsp -no_nonce -issuer issuing.pem -serial 7 -respin said.der -CAfile chain.pem";
        assert!(does(folder, words).contains("7: unknown"));
        let mut who = town.stranger();
        let form = Some("application/x-www-form-urlencoded");
        who.sends(Method::POST, "/pki/ocsp", form, Bytes::from_static(b"a=b")).await.expect(415);
        let kind = Some("application/ocsp-request");
        who.sends(Method::POST, "/pki/ocsp", kind, vec![0; 70_000].into()).await.expect(413);
        for path in ["/pki/crl/ca-9.crl", "/pki/crl/ca-2", "/pki/crl/..%2f..%2fetc", "/pki/ca/ca-9.cer"] {
            who.gets(path).await.expect(404);
        }
        who.gets("/pki/ocsp/%21%21").await.expect(200);
    });
}
