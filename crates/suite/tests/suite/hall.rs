//! The hall: a clerk sets it up, people take numbers and are called, somebody books from home.

use db::testing::both;
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

const SETUP: &str = "/mot-cua/hang-cho/thiet-lap";
const QUEUE: &str = "/mot-cua/hang-cho";
const NEXT: &str = "Gọi số tiếp theo Alt+G";

/// Sets the hall up with two services and two desks; the path of the kiosk.
pub async fn sets_up(clerk: &mut Person) -> String {
    clerk.opens(SETUP).await.expect(200);
    clerk.submits("Lưu thiết lập", &[("names", ""), ("desks", "900")]).await.expect(422);
    let form = [("names", "Hộ tịch\nĐất đai"), ("desks", "2"), ("per_slot", "1"), ("new_kiosk", "1")];
    let page = clerk.submits("Lưu thiết lập", &form).await.expect(200).text();
    let key = page.split("/lay-so/").nth(1).and_then(|s| s.split('<').next()).expect("the kiosk's key");
    format!("/lay-so/{}", key.trim())
}

async fn takes(kiosk: &mut Person, path: &str, button: &str, group: &str) -> String {
    kiosk.opens(path).await.expect(200);
    let answer = kiosk.submits(button, &[("group", group)]).await.expect(303);
    kiosk.follows(answer).await.expect(200).text()
}

#[test]
fn people_take_numbers_and_are_called_to_desks() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut linh, mut an) = (town.token(CLERK).await, town.token(SECOND_CLERK).await);
        let none = linh.opens(QUEUE).await.expect(200).text();
        assert!(none.contains("chưa thiết lập hàng chờ"), "{none}");
        let path = sets_up(&mut linh).await;
        let mut kiosk = town.stranger();
        town.stranger().opens("/lay-so/not-the-key").await.expect(404);
        assert!(takes(&mut kiosk, &path, "Hộ tịch", "").await.contains("001"));
        assert!(takes(&mut kiosk, &path, "Đất đai", "").await.contains("002"));
        assert!(takes(&mut kiosk, &path, "Hộ tịch", "pregnant").await.contains("Ưu tiên"));

        for (clerk, desk) in [(&mut linh, "1"), (&mut an, "2")] {
            clerk.opens(QUEUE).await.expect(200);
            clerk.submits("Nhận quầy", &[("desk", desk)]).await.expect(303);
            clerk.opens(QUEUE).await.expect(200);
        }
        let called = linh.submits(NEXT, &[]).await.expect(303);
        assert!(called.header("location").contains("so=003"), "priority goes first");
        linh.submits(NEXT, &[]).await.expect(409);
        an.submits(NEXT, &[]).await.expect(303);
        let screen = town.stranger().opens("/goi-so/29596-MC").await.expect(200).text();
        assert!(screen.contains("003") && screen.contains("001") && !screen.contains("002"), "{screen}");

        linh.opens(QUEUE).await.expect(200);
        linh.submits("Vắng mặt Alt+V", &[]).await.expect(303);
        linh.opens(QUEUE).await.expect(200);
        linh.submits("Gọi lại số 003", &[]).await.expect(303);
        linh.opens(QUEUE).await.expect(200);
        linh.submits("Bắt đầu phục vụ Alt+B", &[]).await.expect(303);
        linh.opens(QUEUE).await.expect(200);
        linh.submits("Chuyển số", &[]).await.expect(303);
        an.opens(QUEUE).await.expect(200);
        let called = an.submits("Xong, gọi số tiếp theo Alt+G", &[]).await.expect(303);
        assert!(called.header("location").contains("so=003"), "who was handed on does not wait anew");
        let figures = linh.opens("/mot-cua/hang-cho/so-lieu").await.expect(200).text();
        assert!(figures.contains("Số đã lấy</dt><dd class=\"num\">3"), "{figures}");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn hanh_books_comes_with_her_code_and_cancels_another() {
    both(async |t| {
        let town = Town::of(&t).await;
        let path = sets_up(&mut town.token(CLERK).await).await;
        let mut hanh = town.token(NEIGHBOUR).await;
        assert!(hanh.opens("/dat-lich").await.expect(200).text().contains("Bộ phận một cửa xã Phước Hậu"));
        let place = "/dat-lich/29596-MC";
        let page = hanh.opens(place).await.expect(200).text();
        let service = page.split("id=\"service-1\" value=\"").nth(1).and_then(|s| s.split('"').next());
        let service = service.expect("a service").to_string();
        hanh.submits("Đặt lịch", &[("service", &service), ("slot", "480")]).await.expect(422);
        hanh.submits("Đặt lịch", &[("service", &service), ("slot", "570")]).await.expect(303);
        let mut an = town.token(CITIZEN).await;
        an.opens(place).await.expect(200);
        let full = an.submits("Đặt lịch", &[("service", &service), ("slot", "570")]).await.expect(422);
        assert!(full.text().contains("Giờ này vừa hết chỗ"));
        an.opens(&format!("{place}?ngay=2026-08-21")).await.expect(200);
        an.submits("Đặt lịch", &[("service", &service), ("slot", "570")]).await.expect(303);

        let own = hanh.opens("/lich-hen").await.expect(200).text();
        assert!(own.contains("09:30, thứ Năm 20/08/2026"), "{own}");
        let code = own.split("cl-code\">").nth(1).and_then(|s| s.split('<').next()).expect("a code");
        let cancel = format!("/lich-hen/{code}/huy");
        let kind = Some("application/x-www-form-urlencoded");
        an.sends(axum::http::Method::POST, &cancel, kind, "x=1".into()).await.expect(404);
        let mut kiosk = town.stranger();
        kiosk.opens(&path).await.expect(200);
        kiosk.submits("Lấy số theo lịch hẹn", &[("code", "00000000")]).await.expect(422);
        let answer = kiosk.submits("Lấy số theo lịch hẹn", &[("code", code)]).await.expect(303);
        assert!(kiosk.follows(answer).await.expect(200).text().contains("Đã hẹn"));
        hanh.sends(axum::http::Method::POST, &cancel, kind, "x=1".into()).await.expect(409);

        let own = an.opens("/lich-hen").await.expect(200).text();
        let code = own.split("cl-code\">").nth(1).and_then(|s| s.split('<').next()).expect("a code");
        let button = format!("Hủy lịch hẹn {code}");
        an.submits(&button, &[]).await.expect(303);
        assert!(an.opens("/lich-hen").await.expect(200).text().contains("Đã hủy"));
        town.delivers().await;
    });
}
