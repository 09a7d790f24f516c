//! Backup and restore as an administrator does them: the real binary, served meanwhile, killed
//! meanwhile, and moved from one engine to the other.

use std::path::Path;
use std::process::Output;

use suite::product::{Installation, Product, words};
use suite::town::PASSWORD;
use suite::town::people::{CITIZEN, CLERK};

use crate::kill::sign_in;
use crate::running::{account, files_once};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_served_installation_moves_to_the_other_engine_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = db::testing::Schema::create().await;
    let here = place(folder.path(), "here", "demo = true");
    let product = here.serve().await;
    let before = files_once(&product, "before").await;
    let backups = folder.path().join("backups");
    succeeds(&backup(&here, &backups), "1 files (1 new)");
    let after = files_once(&product, "after").await;
    succeeds(&backup(&here, &backups), "2 files (1 new)");
    assert!(product.stop());

    let more = format!("demo = true\n[database]\nurl = '{}'", schema.url);
    let there = place(folder.path(), "there", &more);
    let done = restore(&there, &backups);
    succeeds(&done, "restored");
    assert!(words(&done).contains("is not in the backup"), "{}", words(&done));
    has(&there.serve().await, &[&before, &after]).await;
    refuses(&restore(&there, &backups), "empty database only");

    let second = folder.path().join("second");
    succeeds(&backup(&there, &second), "rows");
    let home = place(folder.path(), "home", "demo = true");
    succeeds(&restore(&home, &second), "restored");
    has(&home.serve().await, &[&before, &after]).await;
    refuses(&restore(&home, &second), "is there already");
    let verified = home.command(&["audit", "verify"]).output().expect("the binary runs");
    succeeds(&verified, "the chain holds");
    schema.remove().await;
}

fn place(folder: &Path, name: &str, more: &str) -> Installation {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("a folder for the installation");
    Installation::in_folder(&folder, more)
}

fn backup(place: &Installation, to: &Path) -> Output {
    place.command(&["backup", "--to", &to.to_string_lossy()]).output().expect("the binary runs")
}

fn restore(place: &Installation, from: &Path) -> Output {
    place.command(&["restore", "--from", &from.to_string_lossy()]).output().expect("the binary runs")
}

#[track_caller]
fn succeeds(output: &Output, said: &str) {
    assert!(output.status.success() && words(output).contains(said), "{}", words(output));
}

/// One sentence and a non-zero exit.
#[track_caller]
fn refuses(output: &Output, said: &str) {
    let all = words(output);
    assert!(!output.status.success() && all.contains(said) && all.lines().count() == 1, "{all}");
}

/// The owner sees the dossiers whole, with their files; a clerk signs in as before.
async fn has(product: &Product, codes: &[&str]) {
    let token = sign_in(product.somebody(), &account(CITIZEN, PASSWORD)).await;
    let mut owner = product.somebody().with_token(&token);
    for code in codes {
        let dossier = owner.gets(&format!("/api/v1/dossiers/{code}")).await.expect(200).json();
        let url = dossier["files"][0]["url"].as_str().expect("the owner sees the file").to_string();
        assert!(owner.gets(&url).await.expect(200).body.starts_with(b"%PDF"));
    }
    sign_in(product.somebody(), &account(CLERK, PASSWORD)).await;
}

/// Killed at ever later moments, a backup is either not there at all or whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_or_restore_that_was_killed_is_never_taken_for_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = place(folder.path(), "here", "demo = true");
    let product = here.serve().await;
    let code = files_once(&product, "kept").await;
    let backups = folder.path().join("backups");
    let mut cut = 0;
    for kill in 0..12 {
        let mut child = here
            .command(&["backup", "--to", &backups.to_string_lossy()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the binary starts");
        // Not a nap: the kill falls after so many answers of the server beside it.
        for _ in 0..kill * 12 {
            product.somebody().gets("/").await;
        }
        let _ = child.kill();
        cut += usize::from(!child.wait().expect("the backup ends").success());
        let check = Product::run(&["restore", "--check", "--from", &backups.to_string_lossy()]);
        let said = words(&check);
        assert!(
            check.status.success() || said.contains("no whole backup") || said.contains("No such"),
            "{said}"
        );
    }
    assert!(cut > 2, "only {cut} backups were cut off");
    succeeds(&backup(&here, &backups), "rows");
    product.stop();

    let home = place(folder.path(), "home", "demo = true");
    let mut unfinished = 0;
    loop {
        let mut child = home
            .command(&["restore", "--from", &backups.to_string_lossy()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the binary starts");
        // Killed as soon as the database is being written.
        let writing = home.data.join("cuulong.sqlite.restoring");
        while !writing.exists() && child.try_wait().expect("it can be asked").is_none() {
            tokio::task::yield_now().await;
        }
        let _ = child.kill();
        let _ = child.wait();
        assert!(!home.data.join("cuulong.sqlite").exists(), "half an installation has the name of one");
        unfinished += 1;
        if unfinished == 3 {
            break;
        }
    }
    succeeds(&restore(&home, &backups), "restored");
    has(&home.serve().await, &[&code]).await;
}
