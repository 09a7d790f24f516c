//! A citizen who cannot sign in any more, helped by an official who has seen who stands there: a password
//! to be told once, and the telephone that is theirs now.

use base::Instant;
use base::number::Phone;
use db::Tx;
use web::Problem;

use super::{Account, AccountId, Kind, register, store};

/// Why an account is not helped at a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHelped {
    /// An official's: its administrator sets the password.
    Official,
    /// The helper's own, or of somebody who goes by the helper's name or telephone.
    Own,
    /// Nobody has seen yet whose it is.
    Unconfirmed,
    /// Nobody may sign in to it.
    Locked,
}

/// Whether `helper` may help the owner of `account`. Pure.
///
/// An official has no personal number here, so that a name and a telephone are all that could tell that a
/// citizen's account is the helper's own: whoever shares one of them is helped by a colleague.
///
/// # Errors
/// The first reason against it.
pub fn may_help(account: &Account, helper: &Account) -> Result<(), NotHelped> {
    let same_phone = account.phone.is_some() && account.phone == helper.phone;
    match account {
        a if a.kind != Kind::Citizen => Err(NotHelped::Official),
        a if a.id == helper.id || a.name_folded == helper.name_folded || same_phone => Err(NotHelped::Own),
        a if a.disabled_at.is_some() => Err(NotHelped::Locked),
        a if a.confirmed_at.is_none() => Err(NotHelped::Unconfirmed),
        _ => Ok(()),
    }
}

/// What is changed. At least one of the two, or nothing happens.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The hash of a password to be told once: it ends all sessions, and is to be changed at the first
    /// sign-in.
    pub password_hash: Option<String>,
    pub phone: Option<Phone>,
}

/// Changes it, as the version `seen`.
///
/// # Errors
/// `Stale` when the account has changed since; the store's.
pub async fn recover(
    tx: &mut Tx,
    id: AccountId,
    change: &Change,
    seen: i64,
    now: Instant,
) -> Result<(), Problem> {
    let mut seen = seen;
    if let Some(phone) = &change.phone {
        let mut account = store::get(tx, id).await?;
        account.phone = Some(phone.as_str().to_string());
        store::update(tx, &account, seen).await?;
        seen += 1;
    }
    if let Some(hash) = &change.password_hash {
        register::change_password(tx, id, hash, true, seen, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(kind: Kind, name: &str, phone: Option<&str>) -> Account {
        Account {
            id: AccountId::fresh(),
            kind,
            login: "x".into(),
            name: name.into(),
            name_folded: base::text::fold(name),
            personal_number: None,
            number_before: None,
            phone: phone.map(str::to_string),
            email: None,
            address: None,
            confirmed_at: Some(Instant::from_micros(1)),
            disabled_at: None,
            has_password: true,
            password_once: false,
            version: 1,
        }
    }

    #[test]
    fn whom_a_clerk_may_help() {
        let clerk = account(Kind::Official, "Nguyễn Hoài Linh", Some("0901000001"));
        let citizen = account(Kind::Citizen, "Nguyễn Hữu Ẩn", Some("0901000002"));
        assert_eq!(may_help(&citizen, &clerk), Ok(()));
        let told = |change: &dyn Fn(&mut Account)| {
            let mut other = citizen.clone();
            change(&mut other);
            may_help(&other, &clerk)
        };
        assert_eq!(told(&|a| a.kind = Kind::Official), Err(NotHelped::Official));
        assert_eq!(told(&|a| a.id = clerk.id), Err(NotHelped::Own));
        assert_eq!(told(&|a| a.name_folded.clone_from(&clerk.name_folded)), Err(NotHelped::Own));
        assert_eq!(told(&|a| a.phone.clone_from(&clerk.phone)), Err(NotHelped::Own));
        assert_eq!(told(&|a| a.phone = None), Ok(()));
        assert_eq!(told(&|a| a.disabled_at = a.confirmed_at), Err(NotHelped::Locked));
        assert_eq!(told(&|a| a.confirmed_at = None), Err(NotHelped::Unconfirmed));
    }
}
