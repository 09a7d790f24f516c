//! Many dossiers with one word: looked at before, done one by one behind it, each once, and what was
//! refused told with its reason. A worker that dies in the middle loses nothing.

use db::testing::both;
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};

const CHOSEN: &str = "Làm hàng loạt hồ sơ đã chọn";

/// Ticks these dossiers, seen at this version, in the open list.
pub async fn ticks(who: &mut Person, codes: &[String], version: i64) {
    let ticks: Vec<String> = codes.iter().map(|code| format!("{code}:{version}")).collect();
    let filled: Vec<(&str, &str)> = ticks.iter().map(|tick| ("hs", tick.as_str())).collect();
    let answer = who.submits(CHOSEN, &filled).await.expect(303);
    who.follows(answer).await.expect(200);
}

/// Looks at what a step would do with the batch that is open.
pub async fn looks(who: &mut Person, step: &str) {
    let path = who.path().split('?').next().unwrap_or_default().to_string();
    who.opens(&format!("{path}?{step}")).await.expect(200);
}

pub async fn begins(who: &mut Person, button: &str) {
    let answer = who.submits(button, &[]).await.expect(303);
    who.follows(answer).await.expect(200);
}

async fn reloads(who: &mut Person) {
    let path = who.path().to_string();
    who.opens(&path).await.expect(200);
}

async fn times(who: &mut Person, code: &str, step: &str) -> usize {
    let history = who.gets(&format!("/api/v1/dossiers/{code}/history")).await.expect(200).json();
    history["items"].as_array().expect("a list").iter().filter(|h| h["step"] == step).count()
}

#[test]
fn three_are_received_with_one_word_and_the_one_that_moved_is_left_with_its_reason() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut citizen = town.token(CITIZEN).await;
        let mut codes = Vec::new();
        for _ in 0..3 {
            codes.push(files_a_birth(&mut citizen).await);
        }
        let (mut clerk, mut other) = (browser(&town, CLERK).await, browser(&town, SECOND_CLERK).await);
        clerk.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
        clerk.submits(CHOSEN, &[]).await.expect(422);
        clerk.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
        ticks(&mut clerk, &codes, 1).await;
        says(&clerk, "3 hồ sơ đã chọn");
        looks(&mut clerk, "viec=tiep-nhan").await;
        says(&clerk, "Sẽ làm 3 hồ sơ, để lại 0 hồ sơ.");
        let address = clerk.path().to_string();
        other.opens(&address).await.expect(404);

        presses(&mut other, &codes[2], "Tiếp nhận hồ sơ").await;
        begins(&mut clerk, "Tiếp nhận hồ sơ: 3 hồ sơ").await;
        says(&clerk, "Đang làm");
        says(&clerk, "Trang tự tải lại sau mỗi 3 giây.");
        assert_eq!(town.minutes_later(1).await, 0);
        reloads(&mut clerk).await;
        says(&clerk, "Đã làm xong");
        says(&clerk, "3 hồ sơ: làm được 2, không làm được 1");
        says(&clerk, "Hồ sơ đã thay đổi từ khi được chọn.");
        for code in &codes {
            assert_eq!(sees(&mut citizen, code).await["status"], 2, "{code}");
            assert_eq!(times(&mut citizen, code, "receive").await, 1, "{code}");
        }
        // A second press of the button begins nothing anew.
        clerk.opens("/mot-cua/hang-loat").await.expect(200);
        says(&clerk, "3 hồ sơ: làm được 2, không làm được 1");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn all_that_fit_are_passed_on_and_a_worker_that_dies_in_the_middle_loses_nothing() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut citizen = town.token(CITIZEN).await;
        let mut codes = Vec::new();
        for _ in 0..12 {
            codes.push(files_a_birth(&mut citizen).await);
        }
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
        begins(&mut clerk, "Chọn cả 12 hồ sơ khớp bộ lọc").await;
        looks(&mut clerk, "viec=tiep-nhan").await;
        begins(&mut clerk, "Tiếp nhận hồ sơ: 12 hồ sơ").await;
        // The worker goes as soon as something is done: whatever it held is left as it was.
        let db = town.opened.site.db.clone();
        let handlers = cuulong::background::jobs(&town.opened);
        let now = town.hand.advance(std::time::Duration::from_secs(1));
        let worker = db::jobs::run_due(&db, &handlers, now);
        let watch = async {
            loop {
                let done: i64 = db
                    .read(async |tx: &mut db::Tx| -> db::Result<i64> {
                        let done = "select count(*) from batch_item where state = 'done'";
                        tx.get(done, db::args![]).await
                    })
                    .await
                    .expect("the store answers");
                if done > 0 {
                    break done;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { biased; done = watch => assert!(done > 0), _ = worker => {} }
        // Its lease runs out, and the next worker goes on.
        assert_eq!(town.minutes_later(5).await, 0);
        reloads(&mut clerk).await;
        says(&clerk, "12 hồ sơ: làm được 12, không làm được 0");
        for code in &codes {
            assert_eq!(times(&mut citizen, code, "receive").await, 1, "{code}");
        }
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_is_assigned_to_one_is_nobody_elses_to_work_on() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.opens("/mot-cua/dang-xu-ly").await.expect(200);
        ticks(&mut registrar, std::slice::from_ref(&code), 3).await;
        let me = me(&town, REGISTRAR).await;
        looks(&mut registrar, &format!("viec=giao-viec&giao={me}")).await;
        let button = registrar.page().outline();
        assert!(button.contains("Giao cho"), "{button}");
        let name = town.token(REGISTRAR).await.gets("/api/v1/me").await.json()["name"].clone();
        begins(&mut registrar, &format!("Giao cho {}: 1 hồ sơ", name.as_str().expect("a name"))).await;
        assert_eq!(town.minutes_later(1).await, 0);
        registrar.opens("/mot-cua/dang-xu-ly?nguoi=toi").await.expect(200);
        registrar.link(&code);
        registrar.opens("/mot-cua/dang-xu-ly?nguoi=chua-giao").await.expect(200);
        assert!(!registrar.page().text().contains(&code));
        registrar.opens(&page(&code)).await.expect(200);
        says(&registrar, "giao việc");
        presses(&mut registrar, &code, "Trình ký").await;
        town.delivers().await;
    });
}

/// The account behind a login.
pub async fn me(town: &Town, login: &str) -> String {
    let login = login.to_string();
    let found = town.opened.site.db.read(async move |tx: &mut db::Tx| -> db::Result<_> {
        directory::account::store::find_secret(tx, &login).await
    });
    found.await.expect("the store answers").expect("a demonstration account").id.to_string()
}
