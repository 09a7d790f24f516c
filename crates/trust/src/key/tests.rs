//! Keys go out of memory wrapped, and come back under their own secret alone.

use super::envelope::Kek;
use super::secret::Secret;
use super::{KeyTrouble, Keyring, envelope};
use db::testing::both;
use db::{Act, Tx};
use web::Problem;

const ID: &str = "0190b5a0-0000-7000-8000-000000000001";

#[test]
fn a_wrapped_key_opens_under_its_own_secret_and_in_its_own_row_alone() {
    let kek = Kek::derive(&[7; 32], &[1; 16]).unwrap();
    let wrapped = envelope::wrap(&kek, ID, b"a key").unwrap();
    assert_eq!(envelope::unwrap(&kek, ID, &wrapped).unwrap().as_slice(), b"a key");
    assert!(!wrapped.windows(5).any(|w| w == b"a key"), "nothing of it is readable");
    assert_eq!(envelope::unwrap(&kek, "another", &wrapped), Err(KeyTrouble::WrongSecret));
    let other = Kek::derive(&[8; 32], &[1; 16]).unwrap();
    assert_eq!(envelope::unwrap(&other, ID, &wrapped), Err(KeyTrouble::WrongSecret));
    for at in 0..wrapped.len() {
        let mut bent = wrapped.clone();
        bent[at] ^= 1;
        assert!(envelope::unwrap(&kek, ID, &bent).is_err(), "byte {at} was changed");
    }
    for cut in 0..wrapped.len() {
        assert!(envelope::unwrap(&kek, ID, &wrapped[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_secret_that_others_can_read_or_that_is_lost_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(format!("trust-secret-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let place = folder.join("trust.secret");
    let _ = std::fs::remove_file(&place);
    assert!(matches!(Secret::read_or_make(&place, false), Err(KeyTrouble::SecretMissing(_))));
    let made = Secret::read_or_make(&place, true).unwrap();
    assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
    let again = Secret::read_or_make(&place, true).unwrap();
    assert_eq!((made.bytes.as_slice(), made.salt), (again.bytes.as_slice(), again.salt));
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Secret::read_or_make(&place, true), Err(KeyTrouble::SecretUnfit(_))));
    std::fs::remove_file(&place).unwrap();
    std::fs::write(&place, "mật khẩu").unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(Secret::read_or_make(&place, true), Err(KeyTrouble::SecretUnfit(_))));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_kept_key_signs_after_a_restart_and_no_second_secret_is_made_beside_it() {
    both(async |t| {
        t.migrate(&crate::migrations()).await;
        let place = t.dir().join("trust.secret");
        let keyring = Keyring::new(place.clone());
        let made = keyring.make_many(&t.db, "p256", 1).await.unwrap().remove(0);
        let (kept, id) = (made.clone(), made.id.clone());
        let act = Act::system("test.key", "", db::testing::now());
        let save = async move |tx: &mut Tx| -> Result<(), Problem> {
            Ok(kept.save(tx, "test", db::testing::now()).await?)
        };
        t.db.write(act, save).await.unwrap();
        let later = Keyring::new(place.clone());
        let signer = later.signer(&t.db, &id).await.unwrap();
        assert_eq!(signer.public_key().spki(), made.private.public_key().spki());
        std::fs::remove_file(&place).unwrap();
        let lost = Keyring::new(place.clone());
        assert!(matches!(lost.signer(&t.db, &id).await, Err(Problem::TryLater(_))));
        assert!(matches!(lost.make_many(&t.db, "p256", 1).await, Err(Problem::TryLater(_))));
        assert!(!place.exists(), "a lost secret is not papered over");
    });
}

#[test]
fn another_systems_secret_opens_after_a_restart_and_holds_the_installations_secret() {
    use crate::safe::{self, Safe};
    both(async |t| {
        t.migrate(&crate::migrations()).await;
        let place = t.dir().join("trust.secret");
        let bytes = || pki::key::Secret::new(b"a seed of another system".to_vec());
        let sealed = Safe::new(place.clone()).seal(&t.db, bytes()).await.unwrap();
        assert!(!sealed.wrapped.windows(6).any(|w| w == b"a seed"));
        let (kept, now) = (sealed.clone(), db::testing::now());
        let save = async move |tx: &mut Tx| safe::save(tx, &kept, "test", now).await;
        t.db.write(Act::system("test.secret", "", now), save).await.unwrap();
        let id = sealed.id.clone();
        let get = async move |tx: &mut Tx| safe::get(tx, &id).await;
        let kept = t.db.read(get).await.unwrap();
        assert_eq!(Safe::new(place.clone()).open(kept.clone()).await.unwrap(), bytes());
        let exchanged = safe::Sealed { id: "another".into(), ..kept.clone() };
        assert!(matches!(Safe::new(place.clone()).open(exchanged).await, Err(Problem::TryLater(_))));
        // No key is made under a second secret either while this one is kept, and the other way round.
        std::fs::remove_file(&place).unwrap();
        assert!(matches!(
            Keyring::new(place.clone()).make_many(&t.db, "p256", 1).await,
            Err(Problem::TryLater(_))
        ));
        assert!(matches!(Safe::new(place.clone()).seal(&t.db, bytes()).await, Err(Problem::TryLater(_))));
        assert!(!place.exists(), "a lost secret is not papered over");
        let id = sealed.id.clone();
        let forget = async move |tx: &mut Tx| safe::forget(tx, &id).await;
        t.db.write(Act::system("test.secret", "", now), forget).await.unwrap();
        assert!(Safe::new(place.clone()).seal(&t.db, bytes()).await.is_ok(), "nothing is kept any more");
    });
}
