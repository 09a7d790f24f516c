//! Sessions, waits, kept answers: on both databases.

use db::testing::both;
use db::{Act, Tx, args};

use super::{signed_in, site};
use crate::idempotent::{self, Known};
use crate::session::{self, Kind, Standing};
use crate::{Problem, throttle};

#[test]
fn a_session_ends_by_rest_by_age_and_by_hand() {
    both(async |t| {
        let (site, hand) = site(&t).await;
        let (token, _) = signed_in(&site, Kind::Browser).await;
        let begun = site.clock.now();
        let look = async |now: base::Instant| {
            let token = token.clone();
            let read = async move |tx: &mut Tx| -> Result<_, Problem> {
                Ok(match session::look(tx, &token, now).await? {
                    Standing::Live(_) => "live",
                    Standing::Over { .. } => "over",
                    Standing::Unknown => "unknown",
                    Standing::Visitor => "visitor",
                })
            };
            site.db.read(read).await.unwrap()
        };
        assert_eq!(look(begun.plus_minutes(29)).await, "live");
        assert_eq!(look(begun.plus_minutes(30)).await, "over");
        // used all day long, it still ends after twelve hours
        let late = begun.plus_minutes(11 * 60 + 59);
        let act = Act::system("test.use", "", late);
        let used = site.db.write(act, async move |tx: &mut Tx| -> Result<_, Problem> {
            Ok(tx.change("update session set seen_at = $1", args![late]).await?)
        });
        assert_eq!(used.await.unwrap(), 1);
        assert_eq!(look(late).await, "live");
        assert_eq!(look(begun.plus_minutes(12 * 60)).await, "over");
        hand.set(late);
        let (ended, mine) = (token.clone(), t.act());
        let end = site.db.write(mine, async move |tx: &mut Tx| -> Result<_, Problem> {
            session::end(tx, &ended, late).await?;
            Ok(session::find(tx, &ended, late).await?)
        });
        assert_eq!(end.await.unwrap(), None);
        assert_eq!(look(late).await, "over");
        let swept = site.db.write(t.act(), async move |tx: &mut Tx| -> Result<_, Problem> {
            Ok((crate::sweep(tx, late).await?, crate::sweep(tx, late.plus_days(8)).await?))
        });
        assert_eq!(swept.await.unwrap(), (0, 1));
        assert_eq!(look(late).await, "unknown");
    });
}

#[test]
fn only_hashes_of_tokens_are_stored() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let (token, _) = signed_in(&site, Kind::Browser).await;
        let all = async move |tx: &mut Tx| -> Result<String, Problem> {
            Ok(tx.get("select token_hash from session", args![]).await?)
        };
        let stored = site.db.read(all).await.unwrap();
        assert_ne!(stored, token);
        assert_eq!(stored, crate::secret::sha256_hex(token.as_bytes()));
        assert_eq!((token.len(), stored.len()), (43, 64));
    });
}

#[test]
fn guesses_wait_longer_and_longer_until_one_is_right() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let now = site.clock.now();
        let told = site.db.write(t.act(), async move |tx: &mut Tx| -> Result<_, Problem> {
            let mut told = Vec::new();
            for _ in 0..6 {
                let may = throttle::check(tx, "sign-in:0912345678", now).await;
                told.push(match may {
                    Ok(()) => "may".to_string(),
                    Err(problem) => format!("{problem:?}"),
                });
                throttle::failed(tx, "sign-in:0912345678", now).await?;
            }
            throttle::check(tx, "sign-in:other", now).await?;
            throttle::check(tx, "sign-in:0912345678", now.plus_seconds(10)).await?;
            throttle::passed(tx, "sign-in:0912345678").await?;
            throttle::check(tx, "sign-in:0912345678", now).await?;
            throttle::failed(tx, "sign-in:0912345678", now).await?;
            let key: String = tx.get("select key from throttle", args![]).await?;
            assert!(!key.contains("0912345678"));
            assert_eq!(throttle::failed(tx, "sign-in:0912345678", now.plus_days(2)).await?, 1);
            Ok(told)
        });
        let told = told.await.unwrap();
        assert_eq!(told, ["may", "may", "may", "may", "may", "TooMany { retry_after_s: 5 }"]);
    });
}

#[test]
fn a_request_sent_twice_has_its_effect_once() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let now = site.clock.now();
        let known = site.db.write(t.act(), async move |tx: &mut Tx| -> Result<_, Problem> {
            let hash = idempotent::request_hash("POST", "/api/v1/dossiers", b"{}");
            let first = idempotent::find(tx, "an", "k1", &hash).await?;
            idempotent::keep(tx, "an", "k1", &hash, (201, b"{\"code\":1}"), now).await?;
            let again = idempotent::find(tx, "an", "k1", &hash).await?;
            let other = idempotent::request_hash("POST", "/api/v1/dossiers", b"{1}");
            let reused = idempotent::find(tx, "an", "k1", &other).await?;
            let somebody_else = idempotent::find(tx, "binh", "k1", &hash).await?;
            Ok([first, again, reused, somebody_else])
        });
        let replay = Known::Replay { status: 201, body: b"{\"code\":1}".to_vec() };
        assert_eq!(known.await.unwrap(), [Known::First, replay, Known::Mismatch, Known::First]);
    });
}
