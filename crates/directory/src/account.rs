//! Accounts: citizens, officials and the posts officials hold.

use base::{Day, Instant};
use db::{Tx, Value};
use web::Problem;

use crate::role::Role;
use crate::unit::UnitId;

pub mod admin;
pub mod duplicates;
pub mod official_pages;
pub mod pages;
pub mod recover;
pub mod register;
pub mod rules;
pub mod store;

#[cfg(test)]
mod tests;

/// What an account's id names.
pub enum AccountKind {}
/// The id of an account: what the audit book and other systems keep of a person.
pub type AccountId = base::Id<AccountKind>;
/// What a post's id names.
pub enum PostKind {}
/// The id of a post.
pub type PostId = base::Id<PostKind>;

impl db::ToValue for Role {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self.as_str().into())
    }
}

impl db::FromValue for Role {
    fn from_value(value: Value<'static>) -> Option<Role> {
        String::from_value(value)?.parse().ok()
    }
}

/// Citizen or official; nobody is both, since an official's account belongs to the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Citizen,
    Official,
}

impl Kind {
    /// The word in data and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Citizen => "citizen",
            Kind::Official => "official",
        }
    }
}

impl db::ToValue for Kind {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self.as_str().into())
    }
}

impl db::FromValue for Kind {
    fn from_value(value: Value<'static>) -> Option<Kind> {
        match String::from_value(value)?.as_str() {
            "citizen" => Some(Kind::Citizen),
            "official" => Some(Kind::Official),
            _ => None,
        }
    }
}

db::record! {
    /// An account as it stands in its row, without the password.
    #[derive(PartialEq, Eq)]
    pub struct Account {
        id: AccountId,
        kind: Kind,
        login: String,
        name: String,
        name_folded: String,
        personal_number: Option<String>,
        /// The one it had before it stepped aside for another account.
        number_before: Option<String>,
        phone: Option<String>,
        email: Option<String>,
        address: Option<String>,
        /// When a counter or an identity provider confirmed who this is.
        confirmed_at: Option<Instant>,
        /// Since when nobody can sign in.
        disabled_at: Option<Instant>,
        /// It has a password; without one nobody can sign in.
        has_password: bool,
        /// The password was set by an administrator and is to be changed.
        password_once: bool,
        version: i64,
    }
}

db::record! {
    /// What an official does in a unit.
    #[derive(PartialEq, Eq)]
    pub struct Post {
        id: PostId,
        unit: UnitId,
        unit_name: String,
        /// The unit is a counter and no agency of its own.
        at_counter: bool,
        role: Role,
        /// Chức vụ, chức danh, as written on papers.
        title: String,
        valid_from: Day,
        /// The last day; none while it is held.
        valid_to: Option<Day>,
        version: i64,
    }
}

/// A citizen, as other systems may know one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub account: AccountId,
    pub name: String,
    /// The name as it is searched and compared.
    pub name_folded: String,
    /// 12 digits; the caller masks it wherever somebody else reads it.
    pub personal_number: Option<String>,
    /// The number it had before it stepped aside, or led to another account.
    pub number_before: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
    /// When somebody confirmed who this is; none: only claimed so far.
    pub confirmed_at: Option<Instant>,
    /// It has a password: somebody uses it, or has.
    pub has_password: bool,
}

impl Person {
    /// Somebody has seen who this is, or nobody can sign in as them: what they are given is shown to no
    /// stranger.
    pub fn is_known(&self) -> bool {
        self.confirmed_at.is_some() || !self.has_password
    }

    /// The personal number, or the one it had before.
    pub fn number(&self) -> Option<&str> {
        self.personal_number.as_deref().or(self.number_before.as_deref())
    }
}

impl From<Account> for Person {
    fn from(a: Account) -> Person {
        Person {
            account: a.id,
            name: a.name,
            name_folded: a.name_folded,
            personal_number: a.personal_number,
            number_before: a.number_before,
            phone: a.phone,
            email: a.email,
            address: a.address,
            confirmed_at: a.confirmed_at,
            has_password: a.has_password,
        }
    }
}

/// An official with the posts held today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Official {
    pub account: AccountId,
    pub name: String,
    pub posts: Vec<Post>,
}

/// The person behind an account. `NotFound` when there is none.
pub async fn person(tx: &mut Tx, account: AccountId) -> db::Result<Person> {
    store::get(tx, account).await.map(Person::from)
}

/// The official behind an account, with the posts held on `day`.
pub async fn official(tx: &mut Tx, account: AccountId, day: Day) -> db::Result<Official> {
    let row = store::get(tx, account).await?;
    let posts = store::posts_on(tx, account, day).await?;
    Ok(Official { account: row.id, name: row.name, posts })
}

/// Records that somebody has seen who this citizen is. Confirming twice changes nothing.
pub async fn confirm(tx: &mut Tx, account: AccountId, now: Instant) -> Result<(), Problem> {
    match store::confirm(tx, account, now).await? {
        true => duplicates::confirmed(tx, account, now).await,
        false => Ok(()),
    }
}

/// The officials who hold a role in a unit on a day, by given name: whom a task can be handed to.
pub async fn holders(
    tx: &mut Tx,
    unit: &UnitId,
    role: Role,
    day: Day,
) -> db::Result<Vec<(AccountId, String)>> {
    store::holders(tx, unit, role, day).await
}

/// The account of this id, if there is one.
///
/// # Errors
/// The store's.
pub async fn find_account(tx: &mut Tx, id: AccountId) -> db::Result<Option<Account>> {
    store::find(tx, id).await
}

db::record! {
    /// An official in a post, with the names around it.
    pub struct Serving {
        account: String, login: String, name: String, post: String, title: String, role: String,
        unit: String, unit_name: String,
    }
}

/// The officials who lead, keep records or receive, in the posts that have no end yet, leaders first; at most
/// 4,000. For whoever does something for all who sign.
///
/// # Errors
/// The store's.
pub async fn list_signing_officials(tx: &mut Tx) -> db::Result<Vec<Serving>> {
    store::list_signing(tx).await
}

/// The account that signs in with this name, unless it is locked.
///
/// # Errors
/// The store's.
pub async fn find_by_login(tx: &mut Tx, login: &str) -> db::Result<Option<AccountId>> {
    let found = store::find_secret(tx, login).await?;
    Ok(found.filter(|one| one.disabled_at.is_none()).map(|one| one.id))
}

/// Whether this is the password of an account: for deeds that an open session alone must not do.
///
/// # Errors
/// The store's; `NotFound` without such an account.
pub async fn is_password(db: &db::Db, account: AccountId, password: &str) -> Result<bool, web::Problem> {
    let secret = db.read(async move |tx: &mut Tx| store::secret_of(tx, account).await).await?;
    crate::signin::password::matches(password, secret.password_hash).await
}
