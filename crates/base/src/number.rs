//! The numbers people and enterprises carry, read as they are typed and checked as far as the
//! numbers themselves allow. `Debug` shows only the masked form, so that no log gets the number.

use std::fmt;
use std::str::FromStr;

/// Why a text is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("nothing was given")]
    Empty,
    #[error("it holds something other than digits")]
    NotDigits,
    #[error("it has {got} digits")]
    Length { got: usize },
    #[error("no province has the code {code:03}")]
    Province { code: u16 },
    #[error("the check digit should be {expected}")]
    CheckDigit { expected: u8 },
    #[error("no number can have these first nine digits")]
    NoSuchNumber,
    #[error("the branch is not 001 to 999")]
    Branch,
    #[error("no telephone number begins so")]
    Prefix,
}

/// Sex as a number or a document states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    Male,
    Female,
}

/// Số định danh cá nhân, the number of the căn cước: 12 digits, namely the province of the birth's
/// registration (3), century and sex (1), year of birth (2) and a random part (6). No check digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonalNumber([u8; 12]);

impl PersonalNumber {
    /// The 12 digits.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }

    /// The province where the birth was registered, as the number says: 86 for the old Vĩnh Long.
    pub fn province(&self) -> u16 {
        self.0[..3].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'))
    }

    /// Sex as the number says: a reason to ask when a form differs, never a truth.
    pub fn sex(&self) -> Sex {
        if (self.0[3] - b'0').is_multiple_of(2) { Sex::Male } else { Sex::Female }
    }

    /// Year of birth as the number says: a reason to ask when a form differs, never a truth.
    pub fn birth_year(&self) -> i32 {
        let century = 1900 + i32::from((self.0[3] - b'0') / 2) * 100;
        century + i32::from(self.0[4] - b'0') * 10 + i32::from(self.0[5] - b'0')
    }

    /// The last three digits behind nine dots.
    pub fn masked(&self) -> String {
        masked(self.as_str())
    }
}

impl FromStr for PersonalNumber {
    type Err = NumberError;

    /// Spaces and dots between the digits do not matter.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let number = PersonalNumber(exactly(&clean(text)?)?);
        // codes run 001–096 with gaps that have changed; only 000 has never been any
        if number.province() == 0 { Err(NumberError::Province { code: 0 }) } else { Ok(number) }
    }
}

/// Số chứng minh nhân dân of old, 9 digits; kept as an alias of a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OldIdNumber([u8; 9]);

impl OldIdNumber {
    /// The 9 digits.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }

    /// The last three digits behind six dots.
    pub fn masked(&self) -> String {
        masked(self.as_str())
    }
}

impl FromStr for OldIdNumber {
    type Err = NumberError;

    /// Spaces and dots between the digits do not matter.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        Ok(OldIdNumber(exactly(&clean(text)?)?))
    }
}

/// Mã số thuế, which is the enterprise's number too: 10 digits with a check digit, and for a branch
/// three more. (A citizen's tax number is the [`PersonalNumber`] since 1 July 2025.)
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxNumber(String);

impl TaxNumber {
    /// `0300588569` or `0300588569-001`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ten digits of the head office.
    pub fn head(&self) -> &str {
        &self.0[..10]
    }

    /// The branch, 1–999.
    pub fn branch(&self) -> Option<u16> {
        self.0.get(11..).and_then(|branch| branch.parse().ok())
    }

    /// The last three digits behind dots, for the numbers of persons.
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

/// The weights of the first nine digits.
const TAX_WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];

impl FromStr for TaxNumber {
    type Err = NumberError;

    /// Reads 10 digits, or 13 with or without a hyphen before the last three; spaces and dots do not
    /// matter. The check digit is 10 less the weighted sum modulo 11; where that is 10, there is no
    /// such number.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let mut text = clean(text)?;
        if text.len() == 14 && text.as_bytes()[10] == b'-' {
            text.remove(10);
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::NotDigits);
        }
        if text.len() != 10 && text.len() != 13 {
            return Err(NumberError::Length { got: text.len() });
        }
        let digits = text.bytes().map(|byte| u32::from(byte - b'0'));
        let sum: u32 = digits.zip(TAX_WEIGHTS).map(|(digit, weight)| digit * weight).sum();
        match 10 - sum % 11 {
            10 => return Err(NumberError::NoSuchNumber),
            expected if text.as_bytes()[9] != b'0' + expected as u8 => {
                return Err(NumberError::CheckDigit { expected: expected as u8 });
            }
            _ => {}
        }
        if text.len() == 13 {
            if &text[10..] == "000" {
                return Err(NumberError::Branch);
            }
            text.insert(10, '-');
        }
        Ok(TaxNumber(text))
    }
}

/// A telephone number of Vietnam, kept with its leading 0: 10 digits for mobiles (03, 05, 07, 08,
/// 09), 11 for landlines (02).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

impl Phone {
    /// `0912345482`, the stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `0912 345 482`, as pages show it.
    pub fn spaced(&self) -> String {
        let groups = self.0.len() - 6;
        format!("{} {} {}", &self.0[..groups], &self.0[groups..groups + 3], self.last3())
    }

    /// `+84912345482`, as machines dial it.
    pub fn international(&self) -> String {
        format!("+84{}", &self.0[1..])
    }

    /// The last three digits, for the sentence that says which phone is meant.
    pub fn last3(&self) -> &str {
        &self.0[self.0.len() - 3..]
    }

    /// The last three digits behind dots.
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

impl FromStr for Phone {
    type Err = NumberError;

    /// Reads the number with 0, +84, 84 or 0084 in front; spaces, dots, hyphens and brackets do not
    /// matter.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let text: String = clean(text)?.chars().filter(|c| !matches!(c, '-' | '(' | ')')).collect();
        let (abroad, digits) = match text.strip_prefix('+').or_else(|| text.strip_prefix("00")) {
            Some(rest) => (true, rest),
            None => (text.starts_with("84"), &text[..]),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::NotDigits);
        }
        let digits = if abroad {
            let rest = digits.strip_prefix("84").ok_or(NumberError::Prefix)?;
            // people write +84 (0) 912 …
            format!("0{}", rest.strip_prefix('0').unwrap_or(rest))
        } else {
            digits.to_owned()
        };
        let length = match digits.as_bytes() {
            [b'0', b'3' | b'5' | b'7' | b'8' | b'9', ..] => 10,
            [b'0', b'2', ..] => 11,
            _ => return Err(NumberError::Prefix),
        };
        if digits.len() == length {
            Ok(Phone(digits))
        } else {
            Err(NumberError::Length { got: digits.len() })
        }
    }
}

/// `parse`, Display, Debug (masked) and serde of a number by its `FromStr` and `as_str`.
macro_rules! number {
    ($name:ident) => {
        impl $name {
            /// Reads the number as people type it; the same as its `FromStr`.
            pub fn parse(text: &str) -> Result<Self, NumberError> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self.masked())
            }
        }

        crate::serde_as_text!($name);
    };
}

number!(PersonalNumber);
number!(OldIdNumber);
number!(TaxNumber);
number!(Phone);

/// The text without white space and dots, which people put between groups.
fn clean(text: &str) -> Result<String, NumberError> {
    let cleaned: String = text.chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
    if cleaned.is_empty() { Err(NumberError::Empty) } else { Ok(cleaned) }
}

fn exactly<const N: usize>(text: &str) -> Result<[u8; N], NumberError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotDigits);
    }
    text.as_bytes().try_into().map_err(|_| NumberError::Length { got: text.len() })
}

fn ascii(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).expect("made of ASCII digits only")
}

/// Dots for all but the last three digits; separators stay.
fn masked(text: &str) -> String {
    let shown_from = text.len().saturating_sub(3);
    let hide = |(i, c): (usize, char)| if i < shown_from && c.is_ascii_digit() { '•' } else { c };
    text.char_indices().map(hide).collect()
}

#[cfg(test)]
mod tests;
