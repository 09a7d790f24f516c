//! Data made by every earlier release is read by this one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::Method;
use db::backup::{self, Progress};
use db::blobs::{self, Blobs};
use db::testing::{Schema, TestDb, both};
use db::{Db, Kind};
use serde_json::{Value, json};
use suite::town::people::*;
use suite::town::*;

/// One backup a release, in a folder named after it.
fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases");
    let entries = std::fs::read_dir(folder).expect("the releases are there");
    let mut all: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|p| p.is_dir()).collect();
    all.sort();
    all
}

/// A place of the same engine as the story's, but without tables.
pub async fn empty_place(t: &TestDb, name: &str) -> (Db, Blobs, Option<Schema>) {
    let schema = if t.kind() == Kind::Postgres { Some(Schema::create().await) } else { None };
    let url = match &schema {
        Some(schema) => schema.url.clone(),
        None => format!("sqlite:{}", t.dir().join(format!("{name}.db")).display()),
    };
    let db = Db::open(&db::Config { connections: 4, ..db::Config::new(url) }).await.expect("it opens");
    let folder = blobs::Config::folder(&t.dir().join(format!("blobs-{name}")));
    (db, Blobs::open(&folder).await.expect("a folder for contents"), schema)
}

#[test]
fn what_an_earlier_release_left_is_read_and_goes_on() {
    both(async |t| {
        let all = releases();
        assert!(!all.is_empty());
        for release in all {
            let name = release.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            let (db, blobs, schema) = empty_place(&t, &name).await;
            let quiet: Progress = Arc::new(|_, _, _| {});
            let old = backup::check(&release, &quiet).unwrap_or_else(|e| panic!("{name}: {e}"));
            let migrations = cuulong::open::migrations();
            let restored = backup::restore(&db, &blobs, &old, &migrations, morning(), quiet).await;
            restored.unwrap_or_else(|e| panic!("{name}: {e}"));
            db.migrate(&migrations).await.unwrap_or_else(|e| panic!("{name}: {e}"));
            // As every start does: a newer release brings parameters and keys that the older had not.
            onestop::seed(&db, morning()).await.unwrap_or_else(|e| panic!("{name}: {e}"));
            let town = Town::around(db.clone(), blobs, t.dir()).await;
            goes_on(&town, old.manifest.audit.head.as_deref()).await;
            drop(town);
            db.close().await;
            if let Some(schema) = schema {
                schema.remove().await;
            }
        }
    });
}

/// The three dossiers of the earlier release are as they were, and take their next steps.
async fn goes_on(town: &Town, head: Option<&str>) {
    let [done, waiting, filed] = [1, 2, 3].map(|n| format!("001.09.22.Z61-260820-000{n}"));
    let report = db::audit::verify(&town.opened.site.db).await.expect("the book can be read");
    assert_eq!(report.broken, None);
    assert!(head.is_some() && report.head.as_deref() == head, "the chain ends where it ended");

    let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
    let mine = sees(&mut an, &done).await;
    assert_eq!((&mine["status"], &mine["steps"]), (&json!(10), &json!([])));
    let file = mine["files"][0]["url"].as_str().expect("the owner sees the file").to_string();
    assert!(an.gets(&file).await.expect(200).body.starts_with(b"%PDF"));
    let path = format!("/api/v1/dossiers/{done}/history");
    let history: Value = an.calls(Method::GET, &path, None).await.expect(200).json();
    assert_eq!(history["items"].as_array().map(Vec::len), Some(6));
    an.opens(&format!("/ho-so-cua-toi/{done}")).await.expect(200);

    town.delivers().await; // events of the earlier release, by the listeners of this one
    let kinds = |dossier: &Value| -> Vec<String> {
        let papers = dossier["papers"].as_array().into_iter().flatten();
        papers.filter_map(|paper| paper["kind"].as_str().map(str::to_string)).collect()
    };
    assert_eq!(kinds(&sees(&mut an, &done).await), ["receipt", "result"]);

    assert_eq!(sees(&mut clerk, &waiting).await["status"], 5);
    let upload = uploads(&mut an, "căn cước").await;
    let brought = json!({ "uploads": [{ "component": "identity", "upload": upload }] });
    assert_eq!(takes(&mut an, &waiting, "supplement", brought).await["status"], 2);
    assert_eq!(takes(&mut clerk, &filed, "receive", json!({})).await["status"], 2);
    assert_eq!(files_a_birth(&mut an).await, "001.09.22.Z61-260820-0004", "numbers go on");
    town.delivers().await;
    town.audit_book_is_whole().await;
}
