//! What follows a person follows once, however often the event comes, and goes back as it was.

use std::sync::Arc;

use base::Instant;
use contracts::directory as event;
use db::outbox::{Event, EventId};
use db::testing::{TestDb, both};
use db::{Act, Tx, args};
use directory::account::store as accounts;
use serde_json::Map;
use web::Problem;

use super::{WORDS, follow, store, waiting};
use crate::catalogue::Catalogue;
use crate::dossier::Applicant;
use crate::filing::{self, Filing};
use crate::procedure::model::Frame;

const AN: &str = "086090123456";
const HANH: &str = "086195000123";

fn morning() -> Instant {
    Instant::parse_rfc3339("2026-11-23T09:00:00+07:00").unwrap()
}

/// The small province, and the accounts of two citizens.
async fn world(t: &TestDb) -> (Arc<Catalogue>, String, String) {
    t.migrate(&crate::tests::migrations()).await;
    let province = directory::seed::Province::named("vinh-long").unwrap();
    directory::seed::load_small(&t.db, &province, morning()).await.unwrap();
    crate::seed(&t.db, morning()).await.unwrap();
    let catalogue = Arc::new(Catalogue::load(&t.db, Frame::Y2018, morning()).await.unwrap());
    let id = async |login: &'static str| {
        let find = async move |tx: &mut Tx| accounts::find_secret(tx, login).await;
        t.db.read(find).await.unwrap().unwrap().id.to_string()
    };
    (catalogue, id(AN).await, id(HANH).await)
}

/// A dossier at the counter, of an account or of nobody.
async fn files(
    t: &TestDb,
    catalogue: &Arc<Catalogue>,
    account: Option<&str>,
    name: &str,
    number: &str,
) -> String {
    let filing = Filing {
        procedure: crate::catalogue::version_id(&catalogue.find("1.000894").unwrap()),
        unit: "29596".into(),
        account: account.map(str::to_string),
        applicant: Applicant { name: name.into(), number: number.into(), ..Applicant::default() },
        channel: "counter",
        return_by: "counter".into(),
        answers: Map::new(),
        uploads: Vec::new(),
    };
    let act = Act::system("test.file", "", morning());
    let catalogue = catalogue.clone();
    let write = async move |tx: &mut Tx| -> Result<_, Problem> {
        filing::file(tx, &catalogue, filing.clone(), "test", morning()).await
    };
    t.db.write(act, write).await.unwrap().id.to_string()
}

async fn owner(t: &TestDb, dossier: &str) -> Option<String> {
    let id = dossier.to_string();
    let find = async move |tx: &mut Tx| -> db::Result<Option<String>> {
        tx.get("select applicant from dossier where id = $1", args![&id]).await
    };
    t.db.read(find).await.unwrap()
}

fn told(topic: &str, payload: &impl serde::Serialize, aggregate: &str) -> Event {
    Event {
        id: EventId::fresh(),
        topic: topic.into(),
        aggregate: aggregate.into(),
        payload: serde_json::to_string(payload).unwrap(),
        at: morning(),
    }
}

async fn moves(t: &TestDb) -> i64 {
    let count = async |tx: &mut Tx| tx.get("select count(*) from person_move", args![]).await;
    t.db.read(count).await.unwrap()
}

#[test]
fn a_confirmed_person_is_given_what_waited_for_number_and_name_once() {
    both(async |t| {
        let (catalogue, an, _) = world(&t).await;
        let name = "Nguyễn Hữu Ẩn";
        let mine = files(&t, &catalogue, None, name, AN).await;
        let other = files(&t, &catalogue, None, "Trần Văn Lâm", AN).await;
        let said = t.db.read(async |tx: &mut Tx| waiting(tx, AN, "NGUYỄN HỮU ẨN").await).await.unwrap();
        assert_eq!(said.len(), 2, "{said:?}");
        let confirmed = event::AccountConfirmed { account: an.clone(), at: morning() };
        let event = told(event::ACCOUNT_CONFIRMED, &confirmed, &an);
        for _ in 0..2 {
            follow(&t.db, event.clone(), morning()).await.unwrap();
            assert_eq!((owner(&t, &mine).await.as_deref(), moves(&t).await), (Some(an.as_str()), 1));
            assert_eq!(owner(&t, &other).await, None, "a number alone gives nothing");
        }
    });
}

#[test]
fn a_merge_delivered_twice_moves_once_and_goes_back_to_what_it_was() {
    both(async |t| {
        let (catalogue, an, hanh) = world(&t).await;
        let theirs = files(&t, &catalogue, Some(&hanh), "Lê Thị Hạnh", HANH).await;
        let own = files(&t, &catalogue, Some(&an), "Nguyễn Hữu Ẩn", AN).await;
        let merged =
            event::AccountsMerged { merge: "m".into(), goes: hanh.clone(), stays: an.clone(), at: morning() };
        let once = told(event::ACCOUNTS_MERGED, &merged, &an);
        // The same event again, and the same news under another id, as after a restored inbox.
        for event in [once.clone(), once, told(event::ACCOUNTS_MERGED, &merged, &an)] {
            follow(&t.db, event, morning()).await.unwrap();
            assert_eq!(owner(&t, &theirs).await.as_deref(), Some(an.as_str()));
            assert_eq!(moves(&t).await, 1);
        }
        let used = async |tx: &mut Tx| store::used(tx, "m").await;
        assert!(!t.db.read(used).await.unwrap());
        for _ in 0..2 {
            follow(&t.db, told(event::ACCOUNTS_PARTED, &merged, &an), morning()).await.unwrap();
            assert_eq!(owner(&t, &theirs).await.as_deref(), Some(hanh.as_str()));
            assert_eq!(owner(&t, &own).await.as_deref(), Some(an.as_str()), "what was his stays his");
        }
    });
}

#[test]
fn both_languages_have_every_word() {
    assert_eq!(WORDS.differences(), Vec::<String>::new());
    for key in
        ["held.dossiers", "held.drafts", "held.vault", "held.petitions", "held.helping", "held.signing"]
    {
        assert!(WORDS.has(key), "{key}");
    }
    for part in include_str!("../people.rs").split("said(\"").skip(1) {
        let key = part.split('"').next().unwrap_or_default();
        assert!(WORDS.has(key), "{key}");
    }
}
