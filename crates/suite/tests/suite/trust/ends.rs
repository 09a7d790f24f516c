//! The end of a certificate, and what befalls it before: its holder and who keeps the unit are told, in the
//! inbox and by letter, once for each time.

use db::testing::both;
use db::{Tx, args};
use suite::outside::MailHost;
use suite::town::Town;
use suite::town::people::*;

use super::{establishes, issued, revokes};
use crate::batch::me;
use crate::desk::{browser, says};

const INBOX: &str = "/mot-cua/thong-bao";

async fn gives_email(town: &Town, login: &str, email: &str) {
    let (account, email) = (me(town, login).await, email.to_string());
    let give = async move |tx: &mut Tx| -> db::Result<()> {
        tx.change_one("update account set email = $2 where id = $1", args![account, email]).await
    };
    town.opened.site.db.upkeep(give).await.expect("the store answers");
}

/// How many notices of this word somebody has.
pub async fn count(town: &Town, login: &str, word: &'static str) -> i64 {
    let account = me(town, login).await;
    let read = async move |tx: &mut Tx| -> db::Result<i64> {
        tx.get("select count(*) from notice where account = $1 and word = $2", args![account, word]).await
    };
    town.opened.site.db.read(read).await.expect("the store answers")
}

#[test]
fn a_certificate_that_ends_is_told_to_its_holder_and_to_who_keeps_the_unit() {
    both(async |t| {
        let host = MailHost::open(([127, 0, 0, 1], 0).into(), &[]).await;
        let town = Town::configured(&t, |config| {
            config.mail.server = "127.0.0.1".into();
            config.mail.port = host.address.port();
            config.mail.secrecy = "none".into();
            config.mail.from = "Chứng thư số <chung-thu@vinhlong.example>".into();
        })
        .await;
        town.hand.set(base::Clock::system().now());
        establishes(&town, "0").await;
        town.minutes_later(0).await;
        gives_email(&town, CHAIRMAN, "chutich@vinhlong.example").await;
        let page = issued(&town, t.dir()).await;
        town.delivers().await;
        assert_eq!(count(&town, CHAIRMAN, "certificate_issued").await, 1);
        assert_eq!(host.took().len(), 0, "that it was issued needs no letter");
        // Three years, less twenty days, then less two: two of the three warnings are due.
        for (days, told) in [(3 * 365 - 20, 1), (8, 2), (10, 3)] {
            assert_eq!(town.minutes_later(days * 24 * 60).await, 0);
            town.delivers().await;
            assert_eq!(count(&town, CHAIRMAN, "certificate_expiring").await, told, "after {days} days");
            assert_eq!(
                count(&town, UNIT_ADMIN, "unit_certificate_expiring").await,
                told,
                "after {days} days"
            );
        }
        assert_eq!(town.minutes_later(60).await, 0);
        assert_eq!(count(&town, CHAIRMAN, "certificate_expiring").await, 3, "and not again");
        let letters = host.took();
        assert_eq!(letters.len(), 3);
        assert!(letters.iter().all(|mail| mail.to == "chutich@vinhlong.example"), "{letters:?}");
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(INBOX).await.expect(200);
        let link = chairman.link("Chứng thư số sắp hết hạn");
        let answer = chairman.opens(&link).await;
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Chứng thư số của tôi");
        says(&chairman, "Còn 2 ngày: xin cấp chứng thư mới");
        let mut keeper = browser(&town, UNIT_ADMIN).await;
        keeper.opens(INBOX).await.expect(200);
        says(&keeper, "Chứng thư số trong đơn vị sắp hết hạn");
        // Taken away, it is told at once.
        revokes(&town, &page).await;
        town.delivers().await;
        assert_eq!(count(&town, CHAIRMAN, "certificate_revoked").await, 1);
        assert_eq!(count(&town, UNIT_ADMIN, "unit_certificate_revoked").await, 1);
        town.audit_book_is_whole().await;
    });
}
