//! Invented citizens in any number, the same ones every time: the n-th is always the same person. They
//! have no password, so nobody can sign in as one.

use base::Instant;
use db::{Tx, Value, args};

use super::people::{Dice, Names};
use crate::account::store::sort_key;
use crate::account::{AccountId, Kind};

/// Somebody who does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citizen {
    pub account: AccountId,
    pub name: String,
    /// 12 digits in the right shape.
    pub personal_number: String,
    /// One of a thousand numbers: several people share one, and nobody is rung up.
    pub phone: String,
}

/// Names for them, from the list that ships with the program.
///
/// # Panics
/// When that list cannot be read: a test reads it.
pub fn names() -> Names {
    toml::from_str(include_str!("../../provinces/names.toml")).expect("the list is compiled in and tested")
}

/// The n-th citizen.
pub fn citizen(n: u64, names: &Names) -> Citizen {
    const BORN_MICROS: i64 = 1_514_764_800_000_000; // ids of 2018: before anything they do
    let mut dice = Dice::new(0x6e67_7569 ^ n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let account = dice.id(BORN_MICROS).parse().expect("made in the canonical form");
    let name = names.draw(&mut dice);
    // The last six digits count the people; a second million gets other years of birth.
    let (year, million) = (50 + dice.below(40), u32::try_from(n / 1_000_000).unwrap_or(0) % 10);
    let personal_number = format!("086{}{year:02}{:06}", million % 2, n % 1_000_000);
    let phone = format!("0909000{:03}", n % 1_000);
    Citizen { account, name, personal_number, phone }
}

/// Makes their accounts; who is there already stays as they are.
pub async fn put_citizens(tx: &mut Tx, citizens: &[Citizen], now: Instant) -> db::Result<()> {
    const WIDTH: usize = 10;
    let mut rows: Vec<Value<'static>> = Vec::with_capacity(WIDTH * citizens.len());
    for c in citizens {
        super::own(
            &mut rows,
            args![
                c.account,
                Kind::Citizen,
                c.personal_number,
                c.name,
                base::text::fold(&c.name),
                sort_key(&c.name, c.account),
                c.personal_number,
                c.phone,
                now,
                now
            ],
        );
    }
    tx.many(
        "insert into account (id, kind, login, name, name_folded, sort_key, personal_number, phone,
                              confirmed_at, created_at) values",
        WIDTH,
        &rows,
        "on conflict do nothing",
    )
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_the_same_person_and_two_numbers_are_two() {
        let names = names();
        assert_eq!(citizen(7, &names), citizen(7, &names));
        let many: Vec<Citizen> = (0..2_000).map(|n| citizen(n, &names)).collect();
        let mut numbers: Vec<&str> = many.iter().map(|c| c.personal_number.as_str()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), many.len());
        for c in &many {
            assert!(base::number::PersonalNumber::parse(&c.personal_number).is_ok(), "{c:?}");
        }
    }
}
