//! Somebody who has forgotten the password comes to the counter with the card, and is not shut out.

use db::testing::both;
use db::{Tx, args};
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, says};

const PAGE: &str = "/mot-cua/xac-nhan";
const CARD: &str = "086090123456|331234567|Nguyễn Hữu Ẩn|05031990|Nam|Ấp Phước Lợi A, Phước Hậu|20052021";

/// The account on the page, from its card.
async fn finds(clerk: &mut Person, card: &str) {
    clerk.opens(PAGE).await.expect(200);
    clerk.submits("Tìm tài khoản", &[("so", card)]).await.expect(200);
}

/// The password that the page shows once.
fn told(clerk: &Person) -> String {
    let text = clerk.page().text();
    let at = text.find("Mật khẩu dùng một lần: ").expect("it is told") + "Mật khẩu dùng một lần: ".len();
    text[at..].split('.').next().expect("a password").to_string()
}

async fn signs_in(town: &Town, password: &str) -> (Person, String) {
    let mut who = town.stranger();
    who.opens("/dang-nhap").await.expect(200);
    let answer = who.submits("Đăng nhập", &[("login", CITIZEN), ("password", password)]).await;
    let to = answer.header("location").to_string();
    (who, to)
}

async fn count(town: &Town, sql: &'static str) -> i64 {
    let read = async move |tx: &mut Tx| tx.get::<i64>(sql, args![]).await;
    town.opened.site.db.read(read).await.expect("the store answers")
}

#[test]
fn a_forgotten_password_is_replaced_at_the_counter_and_used_once() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = browser(&town, CITIZEN).await;
        let mut clerk = browser(&town, CLERK).await;
        finds(&mut clerk, CARD).await;
        says(&clerk, "Nguyễn Hữu Ẩn");
        // Without saying what was seen nothing happens.
        clerk.submits("Đặt mật khẩu dùng một lần", &[]).await.expect(422);
        says(&clerk, "Chọn giấy tờ đã xem.");
        clerk.submits("Đặt mật khẩu dùng một lần", &[("seen", "other")]).await.expect(422);
        says(&clerk, "Ghi tên và số giấy tờ đã xem.");
        let set = [("seen", "card"), ("note", ""), ("phone", "0909 000 999")];
        clerk.submits("Đặt mật khẩu dùng một lần", &set).await.expect(200);
        let once = told(&clerk);
        let text = clerk.page().text();
        assert!(text.contains("đặt lại mật khẩu (Thẻ căn cước)"), "{text}");
        town.delivers().await;

        // Whoever sat in his sessions is out, and the old password is worth nothing.
        an.gets("/ho-so-cua-toi").await.expect(303);
        assert_eq!(signs_in(&town, PASSWORD).await.1, "");
        // The new one leads nowhere but to its own change.
        let (mut an, to) = signs_in(&town, &once).await;
        assert_eq!(to, "/tai-khoan?doi=1");
        assert_eq!(an.gets("/ho-so-cua-toi").await.expect(303).header("location"), "/tai-khoan?doi=1");
        let own = an.opens("/tai-khoan").await.expect(200).text();
        says(&an, "bộ phận một cửa đặt và chỉ dùng một lần");
        assert!(own.contains("0909000999"), "the new telephone stands in the account");
        let own = [
            ("password_now", once.as_str()),
            ("password", "muanuocnoi-2026"),
            ("password_again", "muanuocnoi-2026"),
        ];
        an.submits("Đổi mật khẩu", &own).await.expect(303);
        an.opens("/ho-so-cua-toi").await.expect(200);
        an.opens("/thong-bao").await.expect(200);
        says(&an, "Mật khẩu tài khoản vừa được đặt lại tại quầy");
        says(&an, "Số điện thoại của tài khoản vừa được đổi tại quầy");

        let audited = "select count(*) as n from audit_entry where verb = 'onestop.set-password'";
        assert_eq!(count(&town, audited).await, 1);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_clerk_helps_neither_officials_nor_themselves_and_only_whom_somebody_has_seen() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(PAGE).await.expect(200);
        // An official's login is no personal number, and so nothing is found by it.
        clerk.submits("Tìm tài khoản", &[("so", REGISTRAR)]).await.expect(422);
        clerk.submits("Tìm tài khoản", &[("so", CITIZEN)]).await.expect(200);
        // Her own number in a form that she bends: still nothing of an official's.
        clerk.opens(&format!("{PAGE}?so={CITIZEN}")).await.expect(200);
        let bent = [("number", CLERK), ("seen", "card")];
        clerk.submits("Đặt mật khẩu dùng một lần", &bent).await.expect(422);

        // A citizen with the clerk's own name is a colleague's business.
        let name = async |tx: &mut Tx| {
            tx.change(
                "update account set name_folded =
                    (select name_folded from account where login = $1) where login = $2",
                args![CLERK, NEIGHBOUR],
            )
            .await
        };
        town.opened.site.db.upkeep(name).await.expect("the store answers");
        clerk.opens(&format!("{PAGE}?so={NEIGHBOUR}")).await.expect(200);
        says(&clerk, "Đồng nghiệp khác làm việc này.");
        assert!(!clerk.page().text().contains("Đặt mật khẩu dùng một lần"));
        let mut second = browser(&town, SECOND_CLERK).await;
        second.opens(&format!("{PAGE}?so={NEIGHBOUR}")).await.expect(200);
        // The one whose page is older than the deed is told so.
        let mut third = second.clone();
        let only = [("seen", "vneid"), ("phone", "0909000888")];
        second.submits("Chỉ đổi số điện thoại", &only).await.expect(200);
        says(&second, "Đã đổi số điện thoại của tài khoản.");
        third.submits("Đặt mật khẩu dùng một lần", &[("seen", "card")]).await.expect(409);
        second.submits("Chỉ đổi số điện thoại", &[("seen", "card")]).await.expect(422);
        says(&second, "số này đang là số của tài khoản");

        let unconfirm = async |tx: &mut Tx| {
            tx.change("update account set confirmed_at = null where login = $1", args![CITIZEN]).await
        };
        town.opened.site.db.upkeep(unconfirm).await.expect("the store answers");
        finds(&mut clerk, CARD).await;
        says(&clerk, "Xác nhận danh tính trước");
        let other = CARD.replace("Nguyễn Hữu Ẩn", "Trần Văn Khác");
        finds(&mut clerk, &other).await;
        says(&clerk, "Tên trên thẻ là Trần Văn Khác");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
