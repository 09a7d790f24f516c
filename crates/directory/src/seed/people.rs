//! Invented people: names, logins and posts, the same ones for the same province every time. Pure.

use std::collections::HashSet;

use serde::Deserialize;

use super::file::StaffRule;
use super::units::SeedUnit;
use crate::role::Role;

/// A small generator (SplitMix64): seeded data must not depend on a library's version.
pub struct Dice(u64);

impl Dice {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0. The bias of the remainder does not matter for names.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.bits() % u64::from(end.max(1))).expect("a remainder of a u32 is a u32")
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    fn pick<'a>(&mut self, from: &'a [String]) -> &'a str {
        let count = u32::try_from(from.len()).expect("a list of names is short");
        &from[self.below(count) as usize]
    }

    fn weighted<'a>(&mut self, from: &'a [(String, u32)]) -> &'a str {
        let mut left = self.below(from.iter().map(|f| f.1).sum());
        for (text, weight) in from {
            if left < *weight {
                return text;
            }
            left -= weight;
        }
        &from[0].0
    }

    /// An id in the shape of a UUIDv7 at `micros`, for rows that must be the same every time.
    pub fn id(&mut self, micros: i64) -> String {
        let millis = u64::try_from(micros / 1000).unwrap_or(0);
        let (a, b) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
            millis >> 16 & 0xffff_ffff,
            millis & 0xffff,
            a & 0xfff,
            0x8000 | (a >> 12 & 0x3fff),
            b & 0xffff_ffff_ffff
        )
    }
}

/// Parts of names with their weights.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    family: Vec<(String, u32)>,
    middle_male: Vec<String>,
    middle_female: Vec<String>,
    given_male: Vec<String>,
    given_female: Vec<String>,
    khmer_share_percent: u32,
    khmer_family: Vec<(String, u32)>,
    khmer_male: Vec<String>,
    khmer_female: Vec<String>,
}

impl Names {
    /// A whole name, family name first.
    pub fn draw(&self, dice: &mut Dice) -> String {
        let woman = dice.below(100) < 47;
        if dice.below(100) < self.khmer_share_percent {
            let family = dice.weighted(&self.khmer_family).to_string();
            let rest = dice.pick(if woman { &self.khmer_female } else { &self.khmer_male });
            return format!("{family} {rest}");
        }
        let family = dice.weighted(&self.family).to_string();
        let middle = dice.pick(if woman { &self.middle_female } else { &self.middle_male }).to_string();
        let given = dice.pick(if woman { &self.given_female } else { &self.given_male });
        format!("{family} {middle} {given}")
    }
}

/// An official with one post, not yet an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedOfficial {
    pub login: String,
    pub name: String,
    pub unit: String,
    pub role: Role,
    pub title: String,
}

/// Fills every unit by the staff rules. `taken` holds logins already in use.
pub fn staff(
    units: &[SeedUnit],
    rules: &[StaffRule],
    names: &Names,
    dice: &mut Dice,
    taken: &mut HashSet<String>,
) -> Vec<SeedOfficial> {
    let mut out = Vec::new();
    for unit in units {
        for rule in rules.iter().filter(|r| r.level == unit.level && unit.does(&r.function)) {
            for _ in 0..dice.between(rule.count[0], rule.count[1]) {
                let name = names.draw(dice);
                let login = login_for(&name, taken);
                let (unit, title) = (unit.code.clone(), rule.title.clone());
                out.push(SeedOfficial { login, name, unit, role: rule.role, title });
            }
        }
    }
    out
}

/// The given name and the initials of the rest, numbered when somebody has it: "Nguyễn Văn An" is
/// `annv`, the next one `annv2`.
pub fn login_for(name: &str, taken: &mut HashSet<String>) -> String {
    let folded = base::text::fold(name);
    let mut words: Vec<&str> = folded.split(' ').filter(|w| !w.is_empty()).collect();
    let given = words.pop().unwrap_or("canbo");
    let initials: String = words.iter().filter_map(|w| w.chars().next()).collect();
    let plain: String = format!("{given}{initials}").chars().filter(char::is_ascii_alphanumeric).collect();
    let mut login = plain.clone();
    let mut n = 1;
    while !taken.insert(login.clone()) {
        n += 1;
        login = format!("{plain}{n}");
    }
    login
}
