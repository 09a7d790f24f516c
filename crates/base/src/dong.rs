//! Money.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whole đồng, never negative. JSON carries the plain integer; pages use [`crate::format::money`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dong(i64);

/// Why an amount was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DongError {
    #[error("an amount is not negative")]
    Negative,
    #[error("an amount is written in digits, with dots or spaces between groups of three")]
    NotDigits,
    #[error("the amount is too large")]
    TooLarge,
}

impl Dong {
    /// Nothing to pay.
    pub const ZERO: Dong = Dong(0);

    /// An amount, or `None` if it is negative.
    pub const fn new(dong: i64) -> Option<Dong> {
        if dong < 0 { None } else { Some(Dong(dong)) }
    }

    /// The number of đồng.
    pub const fn amount(self) -> i64 {
        self.0
    }

    /// Nothing to pay.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` beyond 2⁶³ − 1.
    pub const fn checked_add(self, other: Dong) -> Option<Dong> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Dong(sum)),
            None => None,
        }
    }

    /// What is left after taking `other` off, or `None` if that is more than there is.
    pub const fn checked_sub(self, other: Dong) -> Option<Dong> {
        if other.0 > self.0 { None } else { Some(Dong(self.0 - other.0)) }
    }

    /// The price of `count` pieces, or `None` beyond 2⁶³ − 1.
    pub const fn checked_mul(self, count: u32) -> Option<Dong> {
        match self.0.checked_mul(count as i64) {
            Some(product) => Some(Dong(product)),
            None => None,
        }
    }

    /// The sum of all, or `None` beyond 2⁶³ − 1.
    pub fn sum(all: impl IntoIterator<Item = Dong>) -> Option<Dong> {
        all.into_iter().try_fold(Dong::ZERO, Dong::checked_add)
    }
}

impl fmt::Display for Dong {
    /// The bare digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for Dong {
    type Err = DongError;

    /// Reads `37500`, `37.500` and `37 500`; groups, when marked, must be complete.
    fn from_str(text: &str) -> Result<Dong, DongError> {
        let groups: Vec<&str> = text.trim().split(['.', ' ', '\u{a0}']).collect();
        let digits = |group: &&str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
        if text.trim().starts_with('-') {
            return Err(DongError::Negative);
        }
        let grouped_well =
            groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
        if !grouped_well || !groups.iter().all(digits) {
            return Err(DongError::NotDigits);
        }
        groups.concat().parse().map(Dong).map_err(|_| DongError::TooLarge)
    }
}

impl Serialize for Dong {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Dong {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Dong::new(i64::deserialize(input)?).ok_or_else(|| serde::de::Error::custom(DongError::Negative))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_from_digits() {
        let read = |text: &str| text.parse::<Dong>().map(Dong::amount);
        assert_eq!(read("0"), Ok(0));
        assert_eq!(read(" 37500 "), Ok(37_500));
        assert_eq!(read("1.037.500"), Ok(1_037_500));
        assert_eq!(read("37\u{a0}500"), Ok(37_500));
        assert_eq!(read("37.50"), Err(DongError::NotDigits));
        assert_eq!(read("3750.000"), Err(DongError::NotDigits));
        for bad in ["", ".", "+1", "1,5", "1e3", "٣", "37..500", "mười"] {
            assert_eq!(read(bad), Err(DongError::NotDigits), "{bad}");
        }
        assert_eq!(read("-1"), Err(DongError::Negative));
        assert_eq!(read("9223372036854775807"), Ok(i64::MAX));
        assert_eq!(read("9223372036854775808"), Err(DongError::TooLarge));
    }

    #[test]
    fn sums_never_wrap() {
        let dong = |n| Dong::new(n).unwrap();
        assert_eq!(Dong::sum([dong(8_000), dong(37_500)]), Some(dong(45_500)));
        assert_eq!(Dong::sum([dong(i64::MAX), dong(1)]), None);
        assert_eq!(dong(10).checked_sub(dong(11)), None);
        assert_eq!(dong(10).checked_sub(dong(10)), Some(Dong::ZERO));
        assert_eq!(dong(2_000).checked_mul(12), Some(dong(24_000)));
        assert_eq!(dong(i64::MAX).checked_mul(2), None);
        assert_eq!(serde_json::to_string(&dong(37_500)).unwrap(), "37500");
        assert!(serde_json::from_str::<Dong>("-1").is_err());
        assert!(serde_json::from_str::<Dong>("1.5").is_err());
    }
}
