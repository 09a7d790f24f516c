//! An authority whose keys lie in a hardware module, as SoftHSM2 plays one: what it signs is judged by
//! OpenSSL, and neither the database nor a node without the module can sign in its name.

use std::path::Path;

use axum::http::Method;
use base::Clock;
use cuulong::config::{Config, Module};
use db::testing::{TestDb, both};
use db::{Tx, args};
use suite::town::Town;
use suite::town::people::*;
use token::testing::{LIBRARY, in_softhsm};

use super::{AUTHORITY, does, fetch, issued, put, revokes};
use crate::desk::{browser, says};
use crate::edit::second_admin;

/// One more instance on the town's data that has this module, or none.
async fn node(t: &TestDb, module: Option<Module>) -> Town {
    let (clock, hand) = Clock::manual(Clock::system().now());
    let mut config = Config { data: t.dir().to_path_buf(), demo: true, ..Config::default() };
    config.trust.modules.extend(module);
    let opened = cuulong::open::assemble(t.again().await, t.blobs().await, &config, clock).await;
    Town { opened: opened.unwrap_or_else(|e| panic!("the product opens: {e}")), hand }
}

fn module(folder: &Path, token: &str) -> Option<Module> {
    Some(Module {
        name: "hsm".into(),
        library: LIBRARY.into(),
        token: token.into(),
        pin_file: folder.join("pin"),
        sessions: 2,
    })
}

/// Asks with a fresh nonce, and lets OpenSSL judge what comes.
async fn status(town: &Town, folder: &Path) -> String {
    does(folder, "ocsp -issuer issuing.pem -cert leaf.pem -reqout ask.der");
    let asked = std::fs::read(folder.join("ask.der")).expect("the question was written");
    let kind = Some("application/ocsp-request");
    let said = town.stranger().sends(Method::POST, "/pki/ocsp", kind, asked.into()).await.expect(200);
    put(folder, "said.der", &said.body);
    let words = "ocsp -no_nonce -issuer issuing.pem -cert leaf.pem -respin said.der -CAfile chain.pem";
    let said = does(folder, words);
    assert!(said.contains("Response verify OK"), "{said}");
    said
}

async fn is_good(town: &Town, folder: &Path) {
    does(folder, "verify -x509_strict -CAfile chain.pem leaf.pem");
    assert!(status(town, folder).await.contains("leaf.pem: good"));
    is_stamped(town, folder).await;
}

async fn is_stamped(town: &Town, folder: &Path) {
    put(folder, "paper", "Quyết định số 12".as_bytes());
    does(folder, "ts -query -data paper -sha256 -cert -out ask.tsq");
    let asked = std::fs::read(folder.join("ask.tsq")).expect("the query was written");
    let kind = Some("application/timestamp-query");
    let said = town.stranger().sends(Method::POST, "/pki/tsa", kind, asked.into()).await.expect(200);
    put(folder, "said.tsr", &said.body);
    does(folder, "ts -verify -queryfile ask.tsq -in said.tsr -CAfile chain.pem");
}

#[test]
fn an_authority_in_a_hardware_module_signs_certificates_lists_answers_and_time_stamps() {
    let name = "trust::modules::\
                an_authority_in_a_hardware_module_signs_certificates_lists_answers_and_time_stamps";
    in_softhsm(name, |module| both(async |t| signs(&t, module).await));
}

async fn signs(t: &TestDb, hsm: &Path) {
    Town::of(t).await;
    let town = node(t, module(hsm, "Cuu Long")).await;
    let folder = t.dir();
    second_admin(&town).await;
    let mut admin = browser(&town, ADMIN).await;
    admin.opens(AUTHORITY).await.expect(200);
    admin.submits("Lập cơ quan chứng thực", &[("module", "nowhere")]).await.expect(422);
    admin.opens(AUTHORITY).await.expect(200);
    admin.submits("Lập cơ quan chứng thực", &[("module", "hsm")]).await.expect(303);
    admin.opens(AUTHORITY).await.expect(200);
    says(&admin, "khóa trong thiết bị hsm");
    let page = issued(&town, folder).await;
    is_good(&town, folder).await;
    // Nothing of it is in the database. The key that signs reports is no authority's, and lies wrapped there.
    let here = async |tx: &mut Tx| -> db::Result<i64> {
        tx.get(
            "select count(*) from trust_key
              where made_for <> 'report' and (module is null or length(wrapped) > 0)",
            args![],
        )
        .await
    };
    assert_eq!(town.opened.site.db.read(here).await.expect("the store answers"), 0);
    revokes(&town, &page).await;
    assert!(status(&town, folder).await.contains("leaf.pem: revoked"));
    let text = listed(&town, folder, "ca-2").await;
    assert!(text.contains("Key Compromise") && text.contains("ecdsa-with-SHA256"), "{text}");
    // Another node with the module signs too; one that finds no such token, or has no module, signs nothing.
    let other = node(t, module(hsm, "Cuu Long")).await;
    assert!(status(&other, folder).await.contains("leaf.pem: revoked"));
    for unable in [module(hsm, "another"), None] {
        let unable = node(t, unable).await;
        unable.stranger().gets("/pki/crl/ca-2.crl").await.expect(503);
    }
    // Its issuing key is followed by an RSA one in the module.
    admin.opens(AUTHORITY).await.expect(200);
    let rsa = [("module", "hsm"), ("key_kind", "rsa2048")];
    admin.submits("Thay khóa cấp", &rsa).await.expect(303);
    put(folder, "chain.pem", &fetch(&mut town.stranger(), "/pki/ca.pem").await);
    assert!(listed(&town, folder, "ca-3").await.contains("sha256WithRSAEncryption"));
    let fresh = node(t, module(hsm, "Cuu Long")).await;
    is_stamped(&fresh, folder).await;
    town.audit_book_is_whole().await;
}

/// A list that OpenSSL verifies, in its words.
async fn listed(town: &Town, folder: &Path, id: &str) -> String {
    let list = fetch(&mut town.stranger(), &format!("/pki/crl/{id}.crl")).await;
    put(folder, "list.der", &list);
    let said = does(folder, "crl -inform der -in list.der -text -CAfile chain.pem");
    assert!(said.contains("verify OK"), "{said}");
    said
}
