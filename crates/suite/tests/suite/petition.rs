//! Petitions and ratings: somebody without an account is heard, answered and published; a citizen
//! says once how content they were.

use std::time::Duration;

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::json;
use suite::person::{Answer, Person, Upload};
use suite::town::people::*;
use suite::town::*;

const SENT: [(&str, &str); 8] = [
    ("unit", COMMUNE),
    ("kind", "complaint"),
    ("topic", "attitude"),
    ("subject", "Công chức nói cộc lốc"),
    ("content", "Sáng 20/8 tôi đến quầy 2 và bị nói nặng lời."),
    ("name", "Lê Văn Thạnh"),
    ("phone", "0939 111 222"),
    ("email", ""),
];

fn paper(bytes: &[u8]) -> Upload<'_> {
    Upload { field: "tep", file_name: "anh.pdf", content_type: "application/pdf", bytes }
}

/// Opens a page of a petition and fills the form behind the button.
async fn fills(who: &mut Person, path: &str, button: &str, fields: &[(&str, &str)]) -> Answer {
    who.opens(path).await.expect(200);
    who.submits(button, fields).await
}

/// Thạnh sends his petition with a file; the code he is told to follow it by.
pub async fn thanh_sends(thanh: &mut Person) -> String {
    let bytes = pdf("ảnh chụp");
    thanh.opens("/phan-anh/gui?noi=phuoc+hau").await.expect(200);
    let mut wrong = SENT;
    wrong[6].1 = "12";
    let refused = thanh.submits_files("Gửi", &wrong, &[paper(&bytes)]).await.expect(422).text();
    assert!(refused.contains("Nhập số điện thoại đúng"), "{refused}");
    assert!(refused.contains("Công chức nói cộc lốc"), "typed words stay");
    let answer = thanh.submits_files("Gửi", &SENT, &[paper(&bytes)]).await.expect(303);
    let to = answer.header("location").to_string();
    to.split("ma=").nth(1).and_then(|s| s.split('&').next()).expect("the code to follow").to_string()
}

const SAID: [(&str, &str); 5] = [
    ("finding", "upheld"),
    ("answer", "Đã nhắc nhở công chức."),
    ("public_subject", "Thái độ ở quầy 2"),
    ("public_content", "Công chức nói nặng lời."),
    ("public_answer", "Đã nhắc nhở."),
];

#[test]
fn thanh_without_an_account_is_asked_answered_and_published() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut thanh = town.stranger();
        let code = thanh_sends(&mut thanh).await;
        let follow = format!("/phan-anh/theo-doi?ma={code}");
        let page = thanh.opens(&follow).await.expect(200).text();
        assert!(page.contains("17:00, thứ Hai 14/09/2026"), "the promise is said: {page}");
        let number = number_of(&town).await;
        assert!(page.contains(&number), "{page}");
        town.stranger().opens("/phan-anh/theo-doi?ma=0000-0000-0000-0000").await.expect(404);
        town.stranger().opens(&format!("/phan-anh/theo-doi?so={number}")).await.expect(404);

        let desk = format!("/mot-cua/phan-anh/{number}");
        let mut clerk = town.token(CLERK).await;
        assert!(clerk.opens("/mot-cua/phan-anh").await.expect(200).text().contains(&number));
        town.token(DISTRICT_CLERK).await.opens(&desk).await.expect(404);
        town.token(REGISTRAR).await.opens(&desk).await.expect(404);
        let (ask, button) = (format!("{desk}/yeu-cau-bo-sung"), "Yêu cầu bổ sung thông tin");
        fills(&mut clerk, &ask, button, &[("note", "")]).await.expect(422);
        fills(&mut clerk, &ask, button, &[("note", "Lúc mấy giờ?")]).await.expect(303);
        assert!(thanh.opens(&follow).await.expect(200).text().contains("Lúc mấy giờ?"));
        let bytes = pdf("giấy hẹn");
        let more = [("note", "Khoảng 8 giờ.")];
        thanh.submits_files("Gửi phần bổ sung", &more, &[paper(&bytes)]).await.expect(303);
        assert_eq!(count(&town, "select count(*) from petition_file").await, 2);

        let (forward, button) = (format!("{desk}/chuyen"), "Chuyển đơn vị trả lời");
        let mut second = town.token(SECOND_CLERK).await;
        second.opens(&forward).await.expect(200);
        fills(&mut clerk, &forward, button, &[("to", "29596-TP")]).await.expect(303);
        let stale = second.submits(button, &[("to", "29596-DC")]).await.expect(409).text();
        assert!(stale.contains("đã thay đổi từ khi mở trang"), "{stale}");

        let mut officer = town.token(REGISTRAR).await;
        let reply = format!("{desk}/tra-loi");
        let mut careless = SAID;
        careless[0].1 = "none";
        careless[3].1 = "Ông Lê Văn Thạnh phản ánh";
        let refused = fills(&mut officer, &reply, "Trả lời", &careless).await.expect(422).text();
        assert!(refused.contains("Còn tên người gửi"), "{refused}");
        assert!(refused.contains("phải kết luận đúng hay không đúng"), "{refused}");
        officer.submits("Trả lời", &SAID).await.expect(303);
        assert_eq!(topics(&town, "onestop.petition.answered").await, 1);
        let list = town.stranger().opens("/phan-anh").await.expect(200).text();
        assert!(!list.contains("Thái độ ở quầy 2"), "nothing is public before a leader approves");

        let mut leader = town.token(CHAIRMAN).await;
        fills(&mut leader, &format!("{desk}/duyet"), "Duyệt công khai", &[]).await.expect(303);
        let page = town.stranger().opens(&format!("/phan-anh/cong-khai/{number}")).await.expect(200).text();
        assert!(page.contains("Đã nhắc nhở.") && !page.contains("Thạnh") && !page.contains("0939"));
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn an_answered_petition_is_rated_once() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut thanh = town.stranger();
        let code = thanh_sends(&mut thanh).await;
        let rate = format!("/danh-gia?pa={code}");
        thanh.opens(&rate).await.expect(422);
        let desk = format!("/mot-cua/phan-anh/{}", number_of(&town).await);
        let (mut clerk, mut officer) = (town.token(CLERK).await, town.token(REGISTRAR).await);
        let forward = [("to", "29596-TP")];
        fills(&mut clerk, &format!("{desk}/chuyen"), "Chuyển đơn vị trả lời", &forward).await.expect(303);
        fills(&mut officer, &format!("{desk}/tra-loi"), "Trả lời", &SAID).await.expect(303);
        let refused = fills(&mut thanh, &rate, "Gửi đánh giá", &[("score", "not")]).await.expect(422);
        assert!(refused.text().contains("Chọn ít nhất một việc chưa tốt"));
        let rating = [("score", "not"), ("topics", "explanation")];
        thanh.submits("Gửi đánh giá", &rating).await.expect(303);
        let again = thanh.opens(&rate).await.expect(422).text();
        assert!(again.contains("đã được đánh giá"), "{again}");
        assert_eq!(topics(&town, "onestop.petition.rated").await, 1);
        town.delivers().await;
    });
}

#[test]
fn a_leader_who_answered_cannot_approve() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut sender = town.token(CITIZEN).await;
        let body = serde_json::json!({
            "unit": COMMUNE, "kind": "proposal", "topic": "rules", "subject": "Mở thêm quầy",
            "content": "Sáng thứ Hai rất đông.", "name": "Nguyễn Hữu Ẩn", "phone": "0912345678",
        });
        let told = sender.calls(Method::POST, "/api/v1/petitions", Some(&body)).await.expect(201).json();
        let number = told["number"].as_str().expect("a receipt number").to_string();
        let own = format!("/phan-anh/theo-doi?so={number}");
        assert!(sender.opens(&own).await.expect(200).text().contains("Mở thêm quầy"));
        town.token(NEIGHBOUR).await.opens(&own).await.expect(404);
        let desk = format!("/mot-cua/phan-anh/{number}");
        let mut clerk = town.token(CLERK).await;
        let forward = [("to", "29596-UBND")];
        fills(&mut clerk, &format!("{desk}/chuyen"), "Chuyển đơn vị trả lời", &forward).await.expect(303);
        let mut leader = town.token(CHAIRMAN).await;
        let mut said = SAID;
        said[0].1 = "none";
        fills(&mut leader, &format!("{desk}/tra-loi"), "Trả lời", &said).await.expect(303);
        let page = leader.opens(&format!("{desk}/duyet")).await.expect(200).text();
        assert!(page.contains("không tự duyệt công khai"), "{page}");
        let body = "seen=3&public_subject=a&public_content=b&public_answer=c";
        let kind = Some("application/x-www-form-urlencoded");
        let sent = leader.sends(Method::POST, &format!("{desk}/duyet"), kind, body.into()).await;
        assert!(sent.expect(422).text().contains("không tự duyệt công khai"));
        town.delivers().await;
    });
}

/// Refusing after two working days is possible and told as late.
#[test]
fn a_late_refusal_is_told_as_late() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = thanh_sends(&mut town.stranger()).await;
        town.hand.advance(Duration::from_secs(4 * 24 * 3600));
        let desk = format!("/mot-cua/phan-anh/{}", number_of(&town).await);
        let mut clerk = town.token(CLERK).await;
        let (refuse, button) = (format!("{desk}/tu-choi"), "Từ chối tiếp nhận");
        let said = [("reason", "no_facts"), ("basis", ""), ("note", "Không có việc cụ thể.")];
        let refused = fills(&mut clerk, &refuse, button, &said).await.expect(422).text();
        assert!(refused.contains("Ghi căn cứ pháp lý"), "{refused}");
        clerk.submits(button, &[("basis", "Nghị định 20/2008/NĐ-CP")]).await.expect(303);
        assert!(clerk.opens(&desk).await.expect(200).text().contains("sau hạn 17:00, 22/08/2026"));
        let page = town.stranger().opens(&format!("/phan-anh/theo-doi?ma={code}")).await.expect(200).text();
        assert!(page.contains("Nghị định 20/2008/NĐ-CP") && page.contains("có quyền khiếu nại"), "{page}");
        town.delivers().await;
    });
}

/// A birth registration on its whole way, returned at the counter.
pub async fn returned(town: &Town) -> String {
    let code = files_a_birth(&mut town.token(CITIZEN).await).await;
    let (mut clerk, mut registrar) = (town.token(CLERK).await, town.token(REGISTRAR).await);
    takes(&mut clerk, &code, "receive", json!({})).await;
    takes(&mut clerk, &code, "pass_on", json!({})).await;
    takes(&mut registrar, &code, "submit_for_signature", json!({})).await;
    let mut chairman = town.token(CHAIRMAN).await;
    takes(&mut chairman, &code, "decide", json!({ "outcome": "granted" })).await;
    code
}

#[test]
fn a_returned_dossier_is_rated_once_by_its_owner_or_by_the_code_of_a_slip() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = returned(&town).await;
        let mut owner = town.token(CITIZEN).await;
        let own = format!("/danh-gia?hs={code}");
        let early = owner.opens(&own).await.expect(422).text();
        assert!(early.contains("sau khi đã trả kết quả"), "{early}");
        let mut clerk = town.token(CLERK).await;
        returns(&mut clerk, &code).await;
        let page = owner.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200).text();
        assert!(page.contains(&format!("/danh-gia?hs={code}")), "the way there is shown");
        town.token(NEIGHBOUR).await.opens(&own).await.expect(422);

        assert!(clerk.opens("/mot-cua/phieu-danh-gia").await.expect(200).text().contains(&code));
        let slip = clerk.submits("Lập phiếu", &[("code", &code)]).await.expect(200).text();
        let secret = slip.split("Mã đánh giá: <b class=\"num\">").nth(1).and_then(|s| s.split('<').next());
        let by_slip = format!("/danh-gia?ma={}", secret.expect("a code on the slip"));
        let mut holder = town.stranger();
        fills(&mut holder, &by_slip, "Gửi đánh giá", &[("score", "very")]).await.expect(303);
        holder.opens(&by_slip).await.expect(422);
        let again = owner.opens(&own).await.expect(422).text();
        assert!(again.contains("đã được đánh giá"), "{again}");
        assert_eq!(topics(&town, "onestop.dossier.rated").await, 1);
        town.delivers().await;
    });
}

/// The receipt number of the only petition.
pub async fn number_of(town: &Town) -> String {
    let read = async |tx: &mut Tx| tx.get::<String>("select number from petition", args![]).await;
    town.opened.site.db.read(read).await.expect("one petition")
}

async fn topics(town: &Town, topic: &'static str) -> i64 {
    let read = async move |tx: &mut Tx| -> db::Result<i64> {
        tx.get("select count(*) from outbox where topic = $1", args![topic]).await
    };
    town.opened.site.db.read(read).await.expect("the outbox can be read")
}

async fn count(town: &Town, sql: &'static str) -> i64 {
    let read = async move |tx: &mut Tx| -> db::Result<i64> { tx.get(sql, args![]).await };
    town.opened.site.db.read(read).await.expect("a count")
}
