//! A power cut of a disk that lied: files are short, full of zeros, or without their name. Nothing wrong is
//! served, `cuulong blobs check` names each, and the backup brings them back.

use std::path::PathBuf;

use suite::person::Person;
use suite::product::{Installation, Product, words};
use suite::town::PASSWORD;
use suite::town::people::CITIZEN;

use crate::kill::{filing, pdf, sha256, sign_in, uploads};
use crate::running::{account, unit};

/// Files a dossier with this file; the address of the file.
async fn files(citizen: &mut Person, file: &[u8]) -> String {
    let upload = uploads(citizen, file).await.expect("the server lives");
    let body = filing(&unit(), &upload);
    let said =
        citizen.calls(axum::http::Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    let path = format!("/api/v1/dossiers/{}", said["code"].as_str().expect("a dossier has a code"));
    let seen = citizen.gets(&path).await.expect(200).json();
    seen["files"][0]["url"].as_str().expect("a file has an address").to_string()
}

async fn citizen(product: &Product) -> Person {
    let token = sign_in(product.somebody(), &account(CITIZEN, PASSWORD)).await;
    product.somebody().with_token(&token)
}

fn content(place: &Installation, file: &[u8]) -> PathBuf {
    let hash = sha256(file);
    place.data.join("blobs").join(&hash[..2]).join(hash)
}

fn says(place: &Installation, more: &[&str]) -> (bool, String) {
    let said = place.command(&[&["blobs", "check"][..], more].concat()).output().expect("the binary runs");
    (said.status.success(), words(&said))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lying_disk_broke_is_never_served_is_named_and_comes_back_from_the_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Installation::in_folder(folder.path(), "demo = true");
    let mut product = place.serve().await;
    let mut who = citizen(&product).await;
    let papers: Vec<Vec<u8>> = ["short", "zeros", "nameless", "whole", "young"].map(pdf).into();
    let mut addresses = Vec::new();
    for paper in &papers[..4] {
        addresses.push(files(&mut who, paper).await);
    }
    let backups = folder.path().join("backups");
    let to = backups.to_string_lossy().into_owned();
    let taken = place.command(&["backup", "--to", &to]).output().expect("the binary runs");
    assert!(taken.status.success(), "{}", words(&taken));
    addresses.push(files(&mut who, &papers[4]).await);

    product.kill();
    std::fs::write(content(&place, &papers[0]), &papers[0][..7_000]).expect("it was there");
    std::fs::write(content(&place, &papers[1]), vec![0; papers[1].len()]).expect("it was there");
    let nameless = place.data.join("blobs/spool/.tmpNameless");
    std::fs::rename(content(&place, &papers[2]), nameless).expect("it was there");
    std::fs::remove_file(content(&place, &papers[4])).expect("it was there");

    let product = place.serve().await;
    let mut who = citizen(&product).await;
    for (at, address) in addresses.iter().enumerate() {
        let answer = who.gets(address).await.expect(if at == 3 { 200 } else { 500 });
        assert_eq!(answer.body == papers[at], at == 3, "only what is whole is served");
    }
    let (good, told) = says(&place, &[]);
    assert!(!good);
    for (word, at) in [("DAMAGED", 0), ("DAMAGED", 1), ("LOST", 2), ("LOST", 4)] {
        assert!(told.contains(&format!("{word} {}", sha256(&papers[at]))), "{told}");
    }

    // While it is served: what the backup has comes back, and what is younger is told.
    let (good, told) = says(&place, &["--mend-from", &to]);
    assert!(!good && told.matches("MENDED").count() == 3, "{told}");
    assert!(told.contains(&format!("LOST {}: the backups do not have it", sha256(&papers[4]))), "{told}");
    for (address, paper) in addresses.iter().zip(&papers).take(4) {
        assert!(who.gets(address).await.expect(200).body == *paper);
    }
    // The citizen files the same paper once more: then it is there for the first dossier too.
    files(&mut who, &papers[4]).await;
    assert!(who.gets(&addresses[4]).await.expect(200).body == papers[4]);
    let (good, told) = says(&place, &[]);
    assert!(good, "{told}");
}
