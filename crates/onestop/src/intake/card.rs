//! The text of the QR code on an identity card (căn cước công dân, căn cước), as a scanner types it:
//! `number|old number|name|born|sex|address|issued`, days as ddmmyyyy. law: identity/card-qr
//!
//! Anybody can print such a code, so nothing in it is proof: every part is checked, what cannot be
//! read is left out and told, and the clerk compares with the card. Pure; knows no store.

use base::Day;
use base::number::{PersonalNumber, Sex};
use base::text::nfc;

/// The longest text that is looked at, in characters.
pub const CHARS_MAX: usize = 600;
/// Parts a code has at least, and at most: newer cards carry more after the day of issue.
const PARTS: std::ops::RangeInclusive<usize> = 6..=16;
/// The longest name and address, in characters.
const NAME_CHARS_MAX: usize = 120;
const ADDRESS_CHARS_MAX: usize = 300;

/// What the code says, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    pub number: PersonalNumber,
    /// The nine digits of the card of old, an alias of the person.
    pub old_number: Option<String>,
    /// Empty where it came damaged.
    pub name: String,
    pub address: String,
    /// The day of birth and the sex, where they can be read.
    pub born: Option<Day>,
    pub sex: Option<Sex>,
    /// What the clerk should look at on the card.
    pub doubts: Vec<Doubt>,
}

/// Something in the code that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The name came damaged, or there is none.
    Name,
    /// So did the address.
    Address,
    /// The number tells another sex or year of birth than the card.
    Number,
}

/// Why a text is no card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCard {
    /// Not the parts of a card's code: another code, or half of one.
    Parts,
    /// The first part is no personal number.
    Number,
}

/// Whether this came from a scanner and not from somebody's fingers.
pub fn is_scanned(text: &str) -> bool {
    text.contains('|')
}

/// Reads the text of a card's code.
pub fn read(text: &str) -> Result<Card, NoCard> {
    if text.chars().count() > CHARS_MAX {
        return Err(NoCard::Parts);
    }
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    if !PARTS.contains(&parts.len()) {
        return Err(NoCard::Parts);
    }
    let number = PersonalNumber::parse(parts[0]).map_err(|_| NoCard::Number)?;
    let old_number = Some(parts[1]).filter(|old| old.len() == 9 && old.bytes().all(|b| b.is_ascii_digit()));
    let name = words(parts[2], NAME_CHARS_MAX).filter(|name| !name.chars().any(|c| c.is_ascii_digit()));
    let address = words(parts[5], ADDRESS_CHARS_MAX);
    let mut doubts = Vec::new();
    doubts.extend(name.is_none().then_some(Doubt::Name));
    doubts.extend(address.is_none().then_some(Doubt::Address));
    doubts.extend((!fits(&number, parts[3], parts[4])).then_some(Doubt::Number));
    Ok(Card {
        number,
        old_number: old_number.map(str::to_string),
        name: name.unwrap_or_default(),
        address: address.unwrap_or_default(),
        born: day(parts[3]),
        sex: told_sex(parts[4]),
        doubts,
    })
}

/// A part made of words, with single spaces; none where it is empty, too long, or came with signs
/// that no name and no address has: a scanner set to another alphabet types such.
fn words(part: &str, chars_max: usize) -> Option<String> {
    let text = nfc(part).split_whitespace().collect::<Vec<_>>().join(" ");
    let strange = |c: char| c.is_control() || "\u{fffd}<>{}[]\\^~`?=*#@$%_".contains(c);
    let fine = !text.is_empty() && text.chars().count() <= chars_max && !text.chars().any(strange);
    fine.then_some(text)
}

/// Whether sex and year of birth are those the number tells. law: identity/personal-number
fn fits(number: &PersonalNumber, born: &str, sex: &str) -> bool {
    told_sex(sex) == Some(number.sex()) && day(born).is_some_and(|born| born.year() == number.birth_year())
}

fn told_sex(text: &str) -> Option<Sex> {
    match base::text::fold(text).as_str() {
        "nam" => Some(Sex::Male),
        "nu" => Some(Sex::Female),
        _ => None,
    }
}

/// `ddmmyyyy`.
fn day(text: &str) -> Option<Day> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Day::new(text[4..].parse().ok()?, text[2..4].parse().ok()?, text[..2].parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "086090123456|331234567|Nguyễn Hữu Ẩn|05031990|Nam|\
                         Ấp Phước Lợi A, Phước Hậu, Long Hồ, Vĩnh Long|20052021";

    #[test]
    fn a_whole_code_is_read() {
        let card = read(WHOLE).unwrap();
        assert_eq!(card.number.to_string(), "086090123456");
        assert_eq!(card.old_number.as_deref(), Some("331234567"));
        assert_eq!(card.name, "Nguyễn Hữu Ẩn");
        assert_eq!(card.address, "Ấp Phước Lợi A, Phước Hậu, Long Hồ, Vĩnh Long");
        assert_eq!((card.born, card.sex), (Day::new(1990, 3, 5), Some(Sex::Male)));
        assert_eq!(card.doubts, []);
    }

    #[test]
    fn every_broken_code_is_refused_or_told() {
        let told = |text: &str| match read(text) {
            Ok(card) => format!("{:?} {:?} {:?}", card.name, card.address, card.doubts),
            Err(no) => format!("no card: {no:?}"),
        };
        let long = format!("086090123456||{}|05031990|Nam|A|1", "Ẩ".repeat(700));
        let name = format!("086090123456||{}|05031990|Nam|Ấp A|1", "Ẩ".repeat(200));
        let table: Vec<(&str, &str)> = vec![
            ("", "no card: Parts"),
            ("||||||", "no card: Number"),
            ("086090123456", "no card: Parts"),
            ("086090123456|331234567|Nguyễn Hữu Ẩn", "no card: Parts"),
            ("08609012345|331234567|Ẩn|05031990|Nam|Ấp A|20052021", "no card: Number"),
            ("https://a.b/?x=1|2|3|4|5|6|7", "no card: Number"),
            ("086090123456||ẩn|05031990|Nam|Ấp A", r#""ẩn" "Ấp A" []"#),
            ("086090123456||ẩn|05031990|nam|Ấp A||||Cha|Mẹ", r#""ẩn" "Ấp A" []"#),
            (" 086090123456 || Nguyễn   Ẩn |05031990|NAM| Ấp A |x", r#""Nguyễn Ẩn" "Ấp A" []"#),
            ("086090123456||Nguy?n H?u ?n|05031990|Nam|Ấp A|1", r#""" "Ấp A" [Name]"#),
            ("086090123456||Nguy\u{fffd}n|05031990|Nam||1", r#""" "" [Name, Address]"#),
            ("086090123456||Ng4uye64n|05031990|Nam|Ấp A|1", r#""" "Ấp A" [Name]"#),
            ("086090123456||<b>Ẩn</b>|05031990|Nam|Ấp\u{1b}A|1", r#""" "" [Name, Address]"#),
            ("086090123456||Ẩn|05031991|Nam|Ấp A|1", r#""Ẩn" "Ấp A" [Number]"#),
            ("086090123456||Ẩn|05031990|Nữ|Ấp A|1", r#""Ẩn" "Ấp A" [Number]"#),
            ("086090123456||Ẩn|31021990|Nam|Ấp A|1", r#""Ẩn" "Ấp A" [Number]"#),
            ("086090123456||Ẩn|٠٥٠٣|Nam|Ấp A|1", r#""Ẩn" "Ấp A" [Number]"#),
            ("086090123456||Ẩn||x|Ấp A|1", r#""Ẩn" "Ấp A" [Number]"#),
            (&long, "no card: Parts"),
            (&name, r#""" "Ấp A" [Name]"#),
        ];
        for (text, expected) in table {
            assert_eq!(told(text), expected, "{text:?}");
        }
        let many = "086090123456|".repeat(17);
        assert_eq!(read(&many), Err(NoCard::Parts));
        // Cut off anywhere, it is never read as something else.
        for (at, _) in WHOLE.char_indices() {
            if let Ok(card) = read(&WHOLE[..at]) {
                assert_eq!(card.number.to_string(), "086090123456");
                assert_eq!(card.name, "Nguyễn Hữu Ẩn");
            }
        }
    }
}
