//! Results that have come to B-LT are kept checkable by `trust::archive`: handed over in the same write,
//! stamped, stamped again over the years, and back in the dossier as new versions.

use db::testing::both;
use db::{Tx, args};
use pdfsig::Level;
use suite::town::Town;
use suite::town::people::*;

use super::raise::{levels, sealed};
use super::{judged_by_others, result, signers_get_certificates};
use crate::desk;

const ARCHIVE: &str = "/quan-tri/chung-thu-so/luu-tru";
const QUARTER_MINUTES: u64 = 91 * 24 * 60;

/// How many results are kept, and how many contents of theirs nobody holds.
async fn kept(town: &Town) -> (i64, i64) {
    let count = async |tx: &mut Tx| -> db::Result<(i64, i64)> {
        tx.get(
            "select count(*) as kept, coalesce(sum(case when c.refs < 1 or c.doomed = 1 then 1 else 0 end), 0)
                    as lost
               from archive_item a join content c on c.hash = a.held where a.system = 'onestop'",
            args![],
        )
        .await
    };
    town.opened.site.db.read(count).await.expect("the store answers")
}

/// The same file in the dossier and in the citizen's vault.
async fn everywhere(town: &Town, code: &str) -> Vec<u8> {
    let file = result(town, code).await;
    let mut citizen = desk::browser(town, CITIZEN).await;
    citizen.opens("/kho-du-lieu").await.expect(200);
    let entry = citizen.link("Giấy khai sinh");
    let held = citizen.gets(&format!("{entry}/tep?tai=true")).await.expect(200).body;
    assert_eq!(held, file, "the vault has the same file");
    file
}

#[test]
fn a_result_gets_its_archive_time_stamp_by_itself_and_another_one_before_that_lapses() {
    both(async |t| {
        let town = Town::of(&t).await;
        signers_get_certificates(&town).await;
        let (code, file) = sealed(&town).await;
        town.delivers().await;
        assert_eq!(kept(&town).await, (0, 0), "what may still change is not kept");
        assert_eq!(town.minutes_later(1).await, 0);
        let raised = result(&town, &code).await;
        assert_eq!(levels(&raised), [Level::BLT, Level::BLT]);
        assert_eq!(kept(&town).await, (1, 0), "handed over with the last step");
        let mut admin = desk::browser(&town, ADMIN).await;
        admin.opens(ARCHIVE).await.expect(200);
        desk::says(&admin, "Chờ đóng dấu");
        let link = admin.link(&format!("Kết quả {code}/"));
        admin.opens(&link).await.expect(200);
        desk::says(&admin, &code);

        assert_eq!(town.minutes_later(61).await, 0);
        town.delivers().await;
        let first = everywhere(&town, &code).await;
        assert!(first.starts_with(&raised) && first.len() > raised.len(), "an update at the end");
        judged_by_others(t.dir(), &town, &first).await;
        let own = format!("/ho-so-cua-toi/{code}");
        let mut citizen = desk::browser(&town, CITIZEN).await;
        citizen.opens(&own).await.expect(200);
        desk::says(&citizen, "Chữ ký số hợp lệ, văn bản nguyên vẹn.");
        desk::says(&citizen, "Tệp được lưu giữ để kiểm tra chữ ký trong nhiều năm (mức B-LTA)");

        // Whoever looks at the result finds what it was before, step by step.
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        let at = format!("{}?giay=result", desk::page(&code));
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Chữ ký mức B-LTA: dấu thời gian lưu trữ từ");
        for (name, before) in [("bản 1 (mức B-B)", &file), ("bản 3 (mức B-LT)", &raised)] {
            let link = chairman.link(&format!("Kết quả, {name}"));
            assert_eq!(&chairman.gets(&link).await.expect(200).body[..], &before[..], "{name}");
        }
        let link = chairman.link("Kết quả, bản 1").replace("lan=1", "lan=9");
        chairman.gets(&link).await.expect(404);
        desk::browser(&town, NEIGHBOUR).await.gets(&link.replace("lan=9", "lan=1")).await.expect(404);

        // Time-stamping keys of five years are followed by others after four, and the file before the first
        // ends; the signers' certificates end meanwhile.
        for quarter in 1..=20 {
            assert_eq!(town.minutes_later(QUARTER_MINUTES).await, 0, "quarter {quarter}");
            assert_eq!(town.minutes_later(61).await, 0, "quarter {quarter}");
        }
        town.delivers().await;
        let later = everywhere(&town, &code).await;
        assert!(later.starts_with(&first) && later.len() > first.len(), "stamped anew");
        let mut citizen = desk::browser(&town, CITIZEN).await;
        citizen.opens(&own).await.expect(200);
        desk::says(&citizen, "Chữ ký số hợp lệ, văn bản nguyên vẹn.");
        desk::says(&citizen, "(mức B-LTA)");
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        chairman.opens(&at).await.expect(200);
        let link = chairman.link("Kết quả, bản 4 (mức B-LTA)");
        assert_eq!(chairman.gets(&link).await.expect(200).body, first);
        assert_eq!(kept(&town).await, (1, 0));
        town.audit_book_is_whole().await;
    });
}

#[test]
fn results_of_before_are_handed_over_too_and_an_event_that_comes_twice_changes_nothing() {
    both(async |t| {
        let town = Town::of(&t).await;
        signers_get_certificates(&town).await;
        let (code, _) = sealed(&town).await;
        assert_eq!(town.minutes_later(1).await, 0);
        // As a release left it that kept nothing.
        let forget = async |tx: &mut Tx| -> db::Result<()> {
            tx.change("update result_level set kept_as = null", args![]).await?;
            tx.change("delete from archive_item where system = 'onestop'", args![]).await.map(drop)
        };
        town.opened.site.db.upkeep(forget).await.expect("the store answers");
        assert_eq!(kept(&town).await, (0, 0));
        for _ in 0..2 {
            assert_eq!(town.minutes_later(61).await, 0);
        }
        town.delivers().await;
        assert_eq!(kept(&town).await, (1, 0));
        let archived = everywhere(&town, &code).await;
        assert_eq!(levels(&archived).len(), 2);
        let again = async |tx: &mut Tx| -> db::Result<u64> {
            tx.change(
                "insert into delivery (listener, aggregate, seq, due_at, attempts)
                 select 'onestop.kept-results', aggregate, seq, 0, 0 from outbox
                  where topic = 'trust.archive.renewed'",
                args![],
            )
            .await
        };
        let versions = async |tx: &mut Tx| -> db::Result<i64> {
            tx.get("select count(*) from result_version", args![]).await
        };
        let db = &town.opened.site.db;
        let before = db.read(versions).await.expect("the store answers");
        assert_eq!(before, 4, "signed, stamped, with evidence, kept");
        assert!(db.upkeep(again).await.expect("the store answers") > 0, "an event comes again");
        town.delivers().await;
        assert_eq!(db.read(versions).await.expect("the store answers"), before);
        assert_eq!(everywhere(&town, &code).await, archived);
        town.audit_book_is_whole().await;
    });
}
