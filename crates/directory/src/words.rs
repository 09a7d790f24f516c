//! The words of this crate, and the sentences made of facts.

use std::sync::LazyLock;

use base::number::NumberError;
use web::FieldError;
use web::words::Words;

use crate::role::Role;
use crate::{account, unit};

/// This crate's words.
pub fn own() -> &'static Words {
    static OWN: LazyLock<Words> =
        LazyLock::new(|| Words::load(include_str!("../words/vi.toml"), include_str!("../words/en.toml")));
    &OWN
}

/// The words of a key.
pub fn t(key: &str) -> String {
    own().t(key, &[])
}

/// The name of a role.
pub fn role(role: Role) -> String {
    t(&format!("role.{}.name", role.as_str()))
}

/// What a role may do, in one sentence.
pub fn role_may(role: Role) -> String {
    t(&format!("role.{}.may", role.as_str()))
}

/// A field of a person that cannot stand.
pub fn person_field(field: &str, wrong: account::rules::Wrong) -> FieldError {
    use account::rules::Wrong;
    let message = match wrong {
        Wrong::Missing => t(&format!("missing.{field}")),
        Wrong::TooLong { most } => own().t("wrong.too_long", &[("most", &most.to_string())]),
        Wrong::NotAName => t("wrong.name"),
        Wrong::NotMail => t("wrong.mail"),
        Wrong::ShortPassword { least, has } => {
            own().t("wrong.short_password", &[("least", &least.to_string()), ("has", &has.to_string())])
        }
        Wrong::PlainPassword => t("wrong.plain_password"),
        Wrong::PasswordTellsWho => t("wrong.password_tells_who"),
        Wrong::CommonPassword => t("wrong.common_password"),
        Wrong::NotRepeated => t("wrong.not_repeated"),
        Wrong::BadLogin => t("wrong.login"),
    };
    FieldError::new(field, message)
}

/// A field of a unit that cannot stand.
pub fn unit_field(field: &str, wrong: unit::rules::Wrong) -> FieldError {
    use unit::rules::Wrong;
    let message = match wrong {
        Wrong::Missing => t(&format!("missing.{field}")),
        Wrong::TooLong { most } => own().t("wrong.too_long", &[("most", &most.to_string())]),
        Wrong::BadCode => t("wrong.code"),
        Wrong::BadIdent => t("wrong.ident"),
        Wrong::BadDay => t("wrong.day"),
        Wrong::EndsBeforeItBegins => t("wrong.ends_first"),
    };
    FieldError::new(field, message)
}

/// A personal number or a telephone number that cannot be read.
pub fn number_field(field: &str, wrong: NumberError) -> FieldError {
    let with = |key: &str, name: &str, value: String| own().t(key, &[(name, &value)]);
    let message = match wrong {
        NumberError::Empty => t(&format!("missing.{field}")),
        NumberError::NotDigits => t("wrong.digits"),
        NumberError::Length { got } => with(&format!("wrong.length.{field}"), "got", got.to_string()),
        NumberError::Province { code } => with("wrong.number_province", "code", format!("{code:03}")),
        NumberError::CheckDigit { .. } | NumberError::NoSuchNumber => t("wrong.check_digit"),
        NumberError::Branch => t("wrong.branch"),
        NumberError::Prefix => t("wrong.phone_prefix"),
    };
    FieldError::new(field, message)
}
