//! A citizen makes an account, and keeps it.

use base::number::{NumberError, PersonalNumber, Phone};
use base::{Day, Instant};
use db::Tx;
use web::{FieldError, Problem};

use super::rules::{self, Wrong};
use super::{AccountId, Kind, duplicates, store};
use crate::{province, words};

/// What was typed, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub personal_number: String,
    pub name: String,
    pub phone: String,
    pub email: String,
    pub address: String,
    pub password: String,
    pub password_again: String,
}

/// What may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub personal_number: PersonalNumber,
    pub name: String,
    pub phone: Phone,
    pub email: Option<String>,
    pub address: Option<String>,
}

/// Reads what was typed; all that is wrong with it at once.
pub fn check(typed: &Typed) -> Result<Checked, Vec<FieldError>> {
    let mut wrong: Vec<FieldError> = Vec::new();
    let number: Result<PersonalNumber, NumberError> = typed.personal_number.parse();
    if let Err(why) = number {
        wrong.push(words::number_field("personal_number", why));
    }
    let name = typed.name.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Err(why) = rules::check_name(&name) {
        wrong.push(words::person_field("name", why));
    }
    let phone: Result<Phone, NumberError> = typed.phone.parse();
    if let Err(why) = &phone {
        wrong.push(words::number_field("phone", *why));
    }
    let mut see = |field: &str, result: Result<(), Wrong>| {
        if let Err(why) = result {
            wrong.push(words::person_field(field, why));
        }
    };
    see("email", rules::check_email(&typed.email));
    see("address", rules::check_address(&typed.address));
    let known = [typed.personal_number.as_str(), phone.as_ref().map_or("", |p| p.as_str())];
    see("password", rules::check_password(&typed.password, &known));
    if typed.password != typed.password_again {
        see("password_again", Err(Wrong::NotRepeated));
    }
    match (number, phone) {
        (Ok(personal_number), Ok(phone)) if wrong.is_empty() => {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
            let (email, address) = (some(&typed.email), some(&typed.address));
            Ok(Checked { personal_number, name, phone, email, address })
        }
        _ => Err(wrong),
    }
}

/// Stores a citizen's account. It begins confirmed where the province says so; otherwise a counter or
/// an identity provider confirms it later. The login is the personal number.
pub async fn register(
    tx: &mut Tx,
    id: AccountId,
    person: &Checked,
    password_hash: &str,
    now: Instant,
) -> Result<(), Problem> {
    let province = province::province(tx).await?;
    if !province.registration_open {
        return Err(Problem::refused(words::t("register.closed"), "registration is closed"));
    }
    let number = person.personal_number.as_str();
    let new = store::New {
        id,
        kind: Kind::Citizen,
        login: number,
        password_hash: Some(password_hash),
        password_once: false,
        name: &person.name,
        personal_number: Some(number),
        phone: Some(person.phone.as_str()),
        email: person.email.as_deref(),
        address: person.address.as_deref(),
        confirmed_at: province.confirm_on_registration.then_some(now),
        created_at: now,
    };
    let aside = async |tx: &mut Tx| -> Result<bool, Problem> {
        Ok(duplicates::step_aside(tx, number).await? && store::insert(tx, &new).await?)
    };
    if !store::insert(tx, &new).await? && !aside(tx).await? {
        return Err(Problem::field("personal_number", words::t("register.taken")));
    }
    match new.confirmed_at {
        Some(_) => duplicates::confirmed(tx, id, now).await,
        None => Ok(()),
    }
}

/// Changes what people may change of their own account. `Stale` when it has moved since `seen`.
pub async fn update_own(
    tx: &mut Tx,
    id: AccountId,
    phone: Option<Phone>,
    email: &str,
    address: &str,
    seen: i64,
) -> Result<(), Problem> {
    let mut account = store::get(tx, id).await?;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    account.phone = phone.map(|p| p.as_str().to_string());
    account.email = some(email);
    account.address = some(address);
    Ok(store::update(tx, &account, seen).await?)
}

/// Sets a password and signs out every session there is; the caller begins a new one.
pub async fn change_password(
    tx: &mut Tx,
    id: AccountId,
    hash: &str,
    once: bool,
    seen: i64,
    now: Instant,
) -> Result<(), Problem> {
    store::set_password(tx, id, hash, once, seen).await?;
    web::session::end_all(tx, &id.to_string(), now).await?;
    Ok(())
}

/// A day in a form, or the field error that names it.
pub(crate) fn day_field(field: &str, text: &str) -> Result<Day, FieldError> {
    crate::unit::rules::day(text).map_err(|why| words::unit_field(field, why))
}
