//! What must hold of people's data before it is stored. Pure; the words are in `words/`.

use base::limits::{
    ADDRESS_CHARS_MAX, EMAIL_CHARS_MAX, NAME_CHARS_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN,
};

/// Why a field cannot stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing is in it.
    Missing,
    /// Longer than the field takes.
    TooLong { most: usize },
    /// A name has two words or more, of letters.
    NotAName,
    /// Not an address of electronic mail.
    NotMail,
    /// Fewer characters than a password needs.
    ShortPassword { least: usize, has: usize },
    /// A password needs a letter and a digit.
    PlainPassword,
    /// The password contains the login or the telephone number.
    PasswordTellsWho,
    /// One of the passwords everybody tries first.
    CommonPassword,
    /// The two passwords differ.
    NotRepeated,
    /// 3 to 40 letters, digits, dots and hyphens, beginning with a letter.
    BadLogin,
}

/// A person's name: two words at least, letters with an occasional apostrophe or hyphen.
pub fn check_name(name: &str) -> Result<(), Wrong> {
    let letters = |c: char| c.is_alphabetic() || matches!(c, ' ' | '\'' | '’' | '-' | '.');
    match name.chars().count() {
        0 => Err(Wrong::Missing),
        n if n > NAME_CHARS_MAX => Err(Wrong::TooLong { most: NAME_CHARS_MAX }),
        _ if name.split_whitespace().count() < 2 || !name.chars().all(letters) => Err(Wrong::NotAName),
        _ => Ok(()),
    }
}

/// An e-mail address, where one is given.
pub fn check_email(email: &str) -> Result<(), Wrong> {
    if email.is_empty() {
        return Ok(());
    }
    if email.len() > EMAIL_CHARS_MAX {
        return Err(Wrong::TooLong { most: EMAIL_CHARS_MAX });
    }
    let plain = email.chars().all(|c| c.is_ascii_graphic());
    match email.split_once('@') {
        Some((local, domain))
            if plain
                && !local.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && domain.split('.').all(|part| !part.is_empty()) =>
        {
            Ok(())
        }
        _ => Err(Wrong::NotMail),
    }
}

/// A postal address, where one is given.
pub fn check_address(address: &str) -> Result<(), Wrong> {
    if address.chars().count() > ADDRESS_CHARS_MAX {
        return Err(Wrong::TooLong { most: ADDRESS_CHARS_MAX });
    }
    Ok(())
}

/// An official's login.
pub fn check_login(login: &str) -> Result<(), Wrong> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let first = login.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let long_enough = (3..=40).contains(&login.len());
    match login {
        "" => Err(Wrong::Missing),
        l if !first || !long_enough || !l.chars().all(plain) => Err(Wrong::BadLogin),
        _ => Ok(()),
    }
}

/// Passwords found first in every guesser's list, folded.
const COMMON: [&str; 12] = [
    "12345678a",
    "a12345678",
    "abc12345",
    "abcd1234",
    "anhyeuem1",
    "iloveyou1",
    "matkhau1",
    "matkhau123",
    "password1",
    "passw0rd",
    "qwerty123",
    "vietnam1",
];

/// A password for somebody who is known by `secrets` (login, telephone): long enough, a letter and a
/// digit (law: TT 12/2022/TT-BTTTT asks for complexity), none of the first guesses, and not made of
/// what everybody knows about its owner.
pub fn check_password(password: &str, secrets: &[&str]) -> Result<(), Wrong> {
    let count = password.chars().count();
    let folded = base::text::fold(password);
    let tells = |known: &&str| known.len() >= 4 && folded.contains(&base::text::fold(known));
    match password {
        "" => Err(Wrong::Missing),
        p if p.len() > PASSWORD_BYTES_MAX => Err(Wrong::TooLong { most: PASSWORD_BYTES_MAX }),
        _ if count < PASSWORD_CHARS_MIN => {
            Err(Wrong::ShortPassword { least: PASSWORD_CHARS_MIN, has: count })
        }
        p if !p.chars().any(char::is_alphabetic) || !p.chars().any(char::is_numeric) => {
            Err(Wrong::PlainPassword)
        }
        _ if secrets.iter().any(tells) => Err(Wrong::PasswordTellsWho),
        _ if COMMON.contains(&folded.as_str()) => Err(Wrong::CommonPassword),
        _ => Ok(()),
    }
}

/// A login as typed: case and spaces around it do not matter, and a personal number may be written
/// with spaces or dots between its digits.
pub fn fold_login(typed: &str) -> String {
    let login = base::text::fold(typed);
    let digits: String = login.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    if digits.len() >= 9 && digits.bytes().all(|b| b.is_ascii_digit()) { digits } else { login }
}
