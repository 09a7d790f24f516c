//! What administrators do with officials and their posts.

use base::{Day, Instant};
use db::Tx;
use web::{FieldError, Problem};

use super::register::day_field;
use super::rules::{self};
use super::{Account, AccountId, Kind, PostId, store};
use crate::role::Role;
use crate::unit::{self, Unit, UnitId};
use crate::words;

/// What was typed about an official, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedOfficial {
    pub login: String,
    pub name: String,
    pub phone: String,
    pub email: String,
}

/// What was typed about a post, as typed; `unit` is a code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedPost {
    pub unit: String,
    pub role: String,
    pub title: String,
    pub valid_from: String,
}

/// All that is wrong with an official's fields. `login` is checked for new ones only.
pub fn check_official(typed: &TypedOfficial, new: bool) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if new && let Err(why) = rules::check_login(&rules::fold_login(&typed.login)) {
        wrong.push(words::person_field("login", why));
    }
    if let Err(why) = rules::check_name(&typed.name) {
        wrong.push(words::person_field("name", why));
    }
    if !typed.phone.is_empty()
        && let Err(why) = typed.phone.parse::<base::number::Phone>()
    {
        wrong.push(words::number_field("phone", why));
    }
    if let Err(why) = rules::check_email(&typed.email) {
        wrong.push(words::person_field("email", why));
    }
    wrong
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_string())
}

/// The telephone number as it is stored.
fn phone(text: &str) -> Option<String> {
    text.parse::<base::number::Phone>().ok().map(|p| p.as_str().to_string())
}

/// The standing unit with this code, if the administrator may act in it.
async fn unit_within(
    tx: &mut Tx,
    code: &str,
    within: Option<&UnitId>,
    day: Day,
) -> Result<Result<Unit, FieldError>, Problem> {
    let Some(unit) = unit::find_unit(tx, code, day).await? else {
        return Ok(Err(FieldError::new("unit", words::t("officials.no_unit"))));
    };
    if let Some(top) = within
        && !unit::is_within(tx, &unit.id, top).await?
    {
        return Ok(Err(FieldError::new("unit", words::t("officials.not_yours"))));
    }
    Ok(Ok(unit))
}

/// A post as it may be stored, or all that is wrong with it.
async fn read_post(
    tx: &mut Tx,
    typed: &TypedPost,
    within: Option<&UnitId>,
    today: Day,
) -> Result<Result<(Unit, Role, Day), Vec<FieldError>>, Problem> {
    let mut wrong = Vec::new();
    let unit = match typed.unit.as_str() {
        "" => Err(FieldError::new("unit", words::t("missing.unit"))),
        code => unit_within(tx, code, within, today).await?,
    };
    let role = match typed.role.parse::<Role>() {
        Ok(Role::Citizen) | Err(_) => Err(FieldError::new("role", words::t("officials.no_role"))),
        // The province's administrators are made by one of them.
        Ok(Role::Admin) if within.is_some() => {
            Err(FieldError::new("role", words::t("officials.role_not_yours")))
        }
        Ok(role) => Ok(role),
    };
    let title = unit::rules::check_text(&typed.title, 200).map_err(|w| words::unit_field("title", w));
    let from = day_field("valid_from", &typed.valid_from);
    wrong.extend(unit.as_ref().err().cloned());
    wrong.extend(role.as_ref().err().cloned());
    wrong.extend(title.err());
    wrong.extend(from.as_ref().err().cloned());
    Ok(match (unit, role, from) {
        (Ok(unit), Ok(role), Ok(from)) if wrong.is_empty() => Ok((unit, role, from)),
        _ => Err(wrong),
    })
}

/// A new official with a first post. There is no password yet: an administrator sets one.
pub async fn add_official(
    tx: &mut Tx,
    typed: &TypedOfficial,
    post: &TypedPost,
    within: Option<&UnitId>,
    now: Instant,
) -> Result<AccountId, Problem> {
    let mut wrong = check_official(typed, true);
    let read = read_post(tx, post, within, now.day()).await?;
    if let Err(more) = &read {
        wrong.extend(more.iter().cloned());
    }
    let login = rules::fold_login(&typed.login);
    if wrong.is_empty() && store::find_secret(tx, &login).await?.is_some() {
        wrong.push(FieldError::new("login", words::t("officials.login_taken")));
    }
    let (true, Ok((unit, role, from))) = (wrong.is_empty(), read) else {
        return Err(Problem::Invalid(wrong));
    };
    let id = AccountId::fresh();
    let (phone, email) = (phone(&typed.phone), some(&typed.email));
    let new = store::New {
        id,
        kind: Kind::Official,
        login: &login,
        password_hash: None,
        password_once: false,
        name: &typed.name,
        personal_number: None,
        phone: phone.as_deref(),
        email: email.as_deref(),
        address: None,
        confirmed_at: Some(now),
        created_at: now,
    };
    if !store::insert(tx, &new).await? {
        return Err(Problem::field("login", words::t("officials.login_taken")));
    }
    store::insert_post(tx, id, &unit.id, role, &post.title, from).await?;
    Ok(id)
}

/// The official's row, if the administrator may keep it: somebody with a post in the unit or below it.
pub async fn official_within(
    tx: &mut Tx,
    id: AccountId,
    within: Option<&UnitId>,
) -> Result<Account, Problem> {
    let account = store::find(tx, id).await?.ok_or(Problem::NotFound)?;
    if account.kind != Kind::Official {
        return Err(Problem::NotFound);
    }
    let Some(top) = within else { return Ok(account) };
    for post in store::posts_ever(tx, id).await?.iter().filter(|p| p.valid_to.is_none()) {
        if unit::is_within(tx, &post.unit, top).await? {
            return Ok(account);
        }
    }
    Err(Problem::NotFound)
}

/// May this administrator change the account itself (name, password, lock)? Not when it also holds a
/// post outside the administrator's unit: a section must not take over a leader's account.
pub async fn owns(tx: &mut Tx, id: AccountId, within: Option<&UnitId>) -> Result<bool, Problem> {
    let Some(top) = within else { return Ok(true) };
    for post in store::posts_ever(tx, id).await?.iter().filter(|p| p.valid_to.is_none()) {
        if post.role == Role::Admin || !unit::is_within(tx, &post.unit, top).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Changes an official's name, telephone and mail.
pub async fn edit_official(
    tx: &mut Tx,
    id: AccountId,
    typed: &TypedOfficial,
    within: Option<&UnitId>,
    seen: i64,
) -> Result<(), Problem> {
    let mut account = official_within(tx, id, within).await?;
    if !owns(tx, id, within).await? {
        return Err(Problem::Forbidden);
    }
    let wrong = check_official(typed, false);
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong));
    }
    account.name.clone_from(&typed.name);
    account.phone = phone(&typed.phone);
    account.email = some(&typed.email);
    Ok(store::update(tx, &account, seen).await?)
}

/// Locks an account and ends its sessions, or opens it again.
pub async fn set_locked(
    tx: &mut Tx,
    id: AccountId,
    locked: bool,
    within: Option<&UnitId>,
    seen: i64,
    now: Instant,
) -> Result<(), Problem> {
    let mut account = official_within(tx, id, within).await?;
    if !owns(tx, id, within).await? {
        return Err(Problem::Forbidden);
    }
    account.disabled_at = locked.then_some(now);
    store::update(tx, &account, seen).await?;
    if locked {
        web::session::end_all(tx, &id.to_string(), now).await?;
    }
    Ok(())
}

/// Gives an official one more post.
pub async fn add_post(
    tx: &mut Tx,
    id: AccountId,
    typed: &TypedPost,
    within: Option<&UnitId>,
    today: Day,
) -> Result<PostId, Problem> {
    official_within(tx, id, within).await?;
    let (unit, role, from) = read_post(tx, typed, within, today).await?.map_err(Problem::Invalid)?;
    Ok(store::insert_post(tx, id, &unit.id, role, &typed.title, from).await?)
}

/// Ends a post after a last day, which may not lie before its first.
pub async fn end_post(
    tx: &mut Tx,
    id: AccountId,
    post: PostId,
    last: &str,
    within: Option<&UnitId>,
    seen: i64,
) -> Result<(), Problem> {
    official_within(tx, id, within).await?;
    let post = store::find_post(tx, id, post).await?.ok_or(Problem::NotFound)?;
    if let Some(top) = within
        && (post.role == Role::Admin || !unit::is_within(tx, &post.unit, top).await?)
    {
        return Err(Problem::Forbidden);
    }
    let last = day_field("valid_to", last).map_err(|e| Problem::Invalid(vec![e]))?;
    unit::rules::check_end(post.valid_from, last)
        .map_err(|why| Problem::Invalid(vec![words::unit_field("valid_to", why)]))?;
    Ok(store::end_post(tx, post.id, last, seen).await?)
}
