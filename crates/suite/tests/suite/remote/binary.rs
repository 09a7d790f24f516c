//! The real binary as a signing service: an official signs in as a program does, pyHanko's client signs with
//! the key that the binary keeps, and both pyHanko and `cuulong verify` accept the files.

use axum::http::Method;
use judges::{Way, row};
use serde_json::{Value, json};
use suite::product::{Product, words};
use suite::town::PASSWORD;
use suite::town::people::*;

use super::{chain_root, credential, pyhanko_signs};
use crate::signing::PIN;
use crate::validation::commands::one_page;

#[tokio::test(flavor = "multi_thread")]
async fn pyhanko_signs_through_the_running_binary_and_its_verify_accepts_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let product = Product::start_demo(&folder.path().join("data")).await;
    let mut somebody = product.somebody();
    let account = json!({ "login": CHAIRMAN, "password": PASSWORD });
    let said = somebody.calls(Method::POST, "/api/v1/session", Some(&account)).await.expect(200).json();
    let token = said["token"].as_str().expect("a session has a token").to_string();
    let credential = credential(&mut product.somebody().with_token(&token)).await;
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
    let chain = somebody.gets("/pki/ca.pem").await.expect(200).body;
    put("root.pem", chain_root(&String::from_utf8_lossy(&chain)).as_bytes());
    for list in ["ca-1.crl", "ca-2.crl"] {
        put(list, &somebody.gets(&format!("/pki/crl/{list}")).await.expect(200).body);
    }
    let names = ["a.pdf", "b.pdf"];
    names.iter().for_each(|name| put(name, &one_page()));
    pyhanko_signs(folder.path(), product.address(), [&token, &credential, PIN], &names).await;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let verified = |name: &str| {
        let trusted =
            ["--trust".into(), path("root.pem"), "--crl".into(), path("ca-1.crl"), path("ca-2.crl")];
        let args: Vec<String> = [vec!["verify".into(), path(name), "--json".into()], trusted.into()].concat();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Product::run(&args)
    };
    for name in names {
        let output = verified(&format!("signed-{name}"));
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        let signature = &report["signatures"][0];
        assert_eq!((&report["verdict"], &signature["level"]), (&"valid".into(), &"B-B".into()), "{report}");
    }
    // One byte more is found.
    let mut forged = std::fs::read(folder.path().join("signed-a.pdf")).expect("pyHanko wrote it");
    let at = forged.windows(4).position(|bytes| bytes == b"/Pag").expect("a page");
    forged[at + 1] ^= 1;
    put("forged.pdf", &forged);
    assert_ne!(verified("forged.pdf").status.code(), Some(0));
    row("pyHanko", Way::Theirs, "PAdES B-B, signed by its CSC client with a key kept here", names.len());
}
