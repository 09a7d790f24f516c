//! Many requests approved with one word: chosen, read once more, issued by a job; and two persons behind each
//! certificate all the same.

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::json;
use suite::person::{Answer, Person};
use suite::town::Town;
use suite::town::people::*;

use super::{REQUESTS, asks, issued_by_the_book, page_csrf, trusting};
use crate::desk::{browser, says};

/// What opens that which is read before it is approved.
pub const LOOK: &str = "Xem trước khi duyệt những yêu cầu đã chọn";

/// The requests that the list lets this person choose.
async fn choosable(who: &mut Person) -> Vec<String> {
    let page = who.opens(REQUESTS).await.expect(200).text();
    let boxes = page.split("name=\"request\" value=\"").skip(1);
    let mut ids: Vec<String> = boxes.filter_map(|rest| rest.split('"').next()).map(str::to_string).collect();
    ids.sort();
    ids
}

/// Chooses these on the list, and opens what is read before they are approved.
async fn looks(who: &mut Person, ids: &[String]) -> Answer {
    who.opens(REQUESTS).await.expect(200);
    let filled: Vec<(&str, &str)> = ids.iter().map(|id| ("request", id.as_str())).collect();
    who.submits(LOOK, &filled).await
}

/// Approves everything that may be; the address of the deed.
pub async fn approves_all(who: &mut Person) -> String {
    let ids = choosable(who).await;
    looks(who, &ids).await.expect(200);
    let answer = who.submits(&format!("Duyệt và cấp {} chứng thư", ids.len()), &[]).await.expect(303);
    answer.header("location").to_string()
}

/// Somebody asks; the request's id.
async fn asked(who: &mut Person, more: &[(&str, &str)]) -> String {
    let answer = asks(who, more, b"").await.expect(303);
    answer.header("location").rsplit('/').next().expect("an id").to_string()
}

/// A form that no page has.
async fn forges(who: &mut Person, path: &str, deed: &str, request: &str) -> Answer {
    who.opens("/tai-khoan").await.expect(200);
    let body = format!("_csrf={}&deed={deed}&request={request}", page_csrf(who));
    who.sends(Method::POST, path, Some("application/x-www-form-urlencoded"), body.into()).await
}

async fn the_job_dies_and_makes_nothing_twice(town: &Town, one: &mut Person, deed: &str, before: i64) {
    // The job dies between the certificates and its own word: they are found, and not made twice.
    let id = deed.rsplit('/').next().expect("an id").to_string();
    let now = town.opened.site.clock.now();
    let dies = async move |tx: &mut Tx| -> db::Result<()> {
        tx.change("update request_deed_item set state = 'waiting' where state = 'issued'", args![]).await?;
        let which = json!({ "deed": id });
        db::jobs::put(tx, "trust.approve-requests", &which, now).await.map(drop)
    };
    town.opened.site.db.upkeep(dies).await.expect("the store answers");
    assert_eq!(town.minutes_later(1).await, 0);
    one.opens(deed).await.expect(200);
    says(one, "Đã cấp 11 trong 12 yêu cầu");
    assert_eq!(issued_by_the_book(town).await - before, 11);
}

async fn a_forged_form_is_refused(town: &Town, one: &mut Person, two: &mut Person, own: &str) {
    // A form that no page offers is refused by the rules themselves, with the reason.
    let forged = "019aa000-0000-7000-8000-000000000001";
    let answer = forges(one, &format!("{REQUESTS}/duyet"), forged, own).await.expect(303);
    assert_eq!(town.minutes_later(1).await, 0);
    one.opens(answer.header("location")).await.expect(200);
    says(one, "Đã cấp 0 trong 1 yêu cầu; 1 yêu cầu không cấp được.");
    says(one, "Ông/bà đề nghị nên không tự duyệt");
    // Another administrator cannot go on with it, and an unknown request is none.
    forges(two, &format!("{REQUESTS}/duyet"), forged, own).await.expect(404);
    forges(two, &format!("{REQUESTS}/xem-truoc"), forged, forged).await.expect(404);
}

#[test]
fn many_requests_are_approved_with_one_word_and_each_that_is_not_says_why() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let mut keeper = browser(&town, UNIT_ADMIN).await;
        // More than go with one commit.
        let mut ids = Vec::new();
        for holder in [RECORDS, CLERK, SECOND_CLERK, SURVEYOR, REGISTRAR, CHAIRMAN] {
            for _ in 0..2 {
                ids.push(asked(&mut keeper, &[("holder", holder)]).await);
            }
        }
        ids.sort();
        let mut one = browser(&town, ADMIN).await;
        let own = asked(&mut one, &[("kind", "agency_seal"), ("unit", "29596-UBND")]).await;

        // Nobody chooses what they asked for, nor what would be theirs, and is told why.
        assert_eq!(choosable(&mut one).await, ids);
        says(&one, "Ông/bà đề nghị nên không tự duyệt; một quản trị viên khác duyệt.");
        let mut two = browser(&town, CHAIRMAN).await;
        let theirs = choosable(&mut two).await;
        assert_eq!((theirs.len(), theirs.contains(&own)), (11, true));
        says(&two, "Chứng thư này là của ông/bà nên một quản trị viên khác duyệt.");
        keeper.opens(REQUESTS).await.expect(200);
        assert!(!keeper.page().text().contains(LOOK), "who keeps a unit decides nothing");

        looks(&mut one, &[]).await.expect(422);
        says(&one, "Chọn ít nhất một yêu cầu để duyệt.");
        let before = issued_by_the_book(&town).await;
        let chosen = [ids.clone(), vec![own.clone()]].concat();
        looks(&mut one, &chosen).await.expect(200);
        says(&one, "Để lại, và vì sao");
        says(&one, "Ông/bà đề nghị nên không tự duyệt");
        // What is read changes nothing, and one is taken back meanwhile.
        assert_eq!(choosable(&mut browser(&town, ADMIN).await).await, ids);
        keeper.opens(&format!("{REQUESTS}/{}", ids[8])).await.expect(200);
        keeper.submits("Rút yêu cầu", &[]).await.expect(303);
        let answer = one.submits("Duyệt và cấp 12 chứng thư", &[]).await.expect(303);
        let deed = answer.header("location").to_string();
        // Pressed twice, it is one deed.
        let again = one.submits("Duyệt và cấp 12 chứng thư", &[]).await.expect(303);
        assert_eq!(again.header("location"), deed);

        let waits = one.opens(&deed).await.expect(200);
        assert_eq!(waits.header("refresh"), "3");
        says(&one, "Đã cấp 0 trong 12 yêu cầu");
        assert_eq!(one.opens(&format!("{deed}?dung=1")).await.expect(200).header("refresh"), "");
        one.opens(REQUESTS).await.expect(200);
        assert_eq!(one.link("Đang cấp những yêu cầu ông/bà đã duyệt"), deed);
        assert_eq!(town.minutes_later(1).await, 0);
        let done = one.opens(&deed).await.expect(200);
        assert_eq!(done.header("refresh"), "");
        says(&one, "Đã cấp 11 trong 12 yêu cầu; 1 yêu cầu không cấp được.");
        says(&one, "Yêu cầu đã được giải quyết hoặc đã rút.");
        assert_eq!(issued_by_the_book(&town).await - before, 11, "each has its entry in the audit book");
        one.opens(&one.link("Xem chứng thư")).await.expect(200);
        says(&one, "Đang dùng");
        // Others do not see it.
        two.opens(&deed).await.expect(404);
        keeper.opens(&deed).await.expect(403);

        the_job_dies_and_makes_nothing_twice(&town, &mut one, &deed, before).await;

        a_forged_form_is_refused(&town, &mut one, &mut two, &own).await;
        approves_all(&mut two).await;
        assert_eq!(town.minutes_later(1).await, 0);
        assert_eq!(issued_by_the_book(&town).await - before, 12, "the seal, by the other one");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn whoever_keeps_the_province_no_more_approves_nothing_that_was_not_done_yet() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let mut keeper = browser(&town, UNIT_ADMIN).await;
        asked(&mut keeper, &[("holder", RECORDS)]).await;
        let before = issued_by_the_book(&town).await;
        let mut two = browser(&town, CHAIRMAN).await;
        let deed = approves_all(&mut two).await;
        let ends = async |tx: &mut Tx| -> db::Result<u64> {
            let sql = "delete from post where role = 'admin' and account =
                    (select id from account where login = $1)";
            tx.change(sql, args![CHAIRMAN]).await
        };
        assert_eq!(town.opened.site.db.upkeep(ends).await.expect("the store answers"), 1);
        assert_eq!(town.minutes_later(1).await, 0);
        two.opens(&deed).await.expect(403);
        assert_eq!(issued_by_the_book(&town).await, before);
        let reason = async |tx: &mut Tx| -> db::Result<String> {
            tx.get("select reason from request_deed_item", args![]).await
        };
        assert_eq!(town.opened.site.db.read(reason).await.expect("the store answers"), "no_post");
        town.audit_book_is_whole().await;
    });
}
