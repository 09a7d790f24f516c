//! Vietnamese text: normal form, folding for search, and the order of names.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;

/// The text in NFC, the form in which everything is stored. Where the tone mark stands (`hòa`,
/// `hoà`) is the writer's choice and stays.
pub fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// The text as searched: lower case, tone marks and letter marks off, đ as d, white space squeezed
/// to single spaces and trimmed, invisible characters gone. `Cấp  Giấy phép` becomes `cap giay phep`.
///
/// Only the marks of the Latin script are taken off, so that Khmer keeps its vowels.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase) {
        if c.is_whitespace() {
            space = !folded.is_empty();
            continue;
        }
        decompose_canonical(c, |part| {
            if !is_latin_mark(part) {
                if std::mem::take(&mut space) {
                    folded.push(' ');
                }
                folded.push(if is_d_with_stroke(part) { 'd' } else { part });
            }
        });
    }
    // an NFC text of other scripts, decomposed above, is put together again
    if folded.is_ascii() { folded } else { folded.nfc().collect() }
}

/// The folded words of a text or a query, in order. Punctuation separates, except a dot between two
/// digits: `1.001193` is one word, `61/2018/NĐ-CP` is four.
pub fn tokens(text: &str) -> Vec<String> {
    let folded: Vec<char> = fold(text).chars().collect();
    let digit = |i: usize| folded.get(i).is_some_and(char::is_ascii_digit);
    let mut words = Vec::new();
    let mut word = String::new();
    for (i, c) in folded.iter().enumerate() {
        let inner_dot = *c == '.' && i > 0 && digit(i - 1) && digit(i + 1);
        // Khmer signs between letters are not all "alphabetic"
        if c.is_alphanumeric() || inner_dot || ('\u{1780}'..='\u{17d3}').contains(c) {
            word.push(*c);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A person's initials for a badge: the first letters of the first and the last word, capital, with
/// their marks. `Nguyễn Hoài Linh` has `NL`; one word has one letter.
pub fn initials(name: &str) -> String {
    let name = nfc(name);
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphabetic()));
    let first = words.next();
    [first, words.next_back()].into_iter().flatten().flat_map(char::to_uppercase).collect()
}

/// A key that sorts names as Vietnamese lists do, by plain comparison of its ASCII letters and digits
/// (SQLite, any PostgreSQL collation, Rust alike).
///
/// The convention:
/// 1. the given name (last word), then the middle names from left to right, then the family name
///    (first word); a name with fewer middle names comes first;
/// 2. within a word first its letters, in the order a ă â b c d đ e ê f g h i j k l m n o ô ơ p q r s
///    t u ư v w x y z; a shorter word comes first;
/// 3. if all letters of a word are equal, its tone: none, huyền, hỏi, ngã, sắc, nặng, wherever it is
///    written; so all Hà stand before all Hạ, whatever the family names;
/// 4. capitals, other marks and punctuation do not count; digits stand before letters, other scripts
///    after them by code point.
pub fn name_key(name: &str) -> String {
    let name = nfc(name);
    let mut words: Vec<&str> = name.split_whitespace().collect();
    let mut key = String::with_capacity(name.len() * 2 + 8);
    let Some(given) = words.pop() else { return key };
    push_word(&mut key, given);
    let (family, middle) = match words.split_first() {
        Some((family, middle)) => (Some(*family), middle),
        None => (None, &[][..]),
    };
    for word in middle {
        push_word(&mut key, word);
    }
    key.push(END);
    if let Some(family) = family {
        push_word(&mut key, family);
    }
    key
}

/// Ends a list of letters, of tones, of words; lower than all that can follow in their place.
const END: char = '0';

/// The letters of a word, two characters each, and its tones.
fn push_word(key: &mut String, word: &str) {
    let mut tones = String::new();
    for c in word.chars().flat_map(char::to_lowercase) {
        let mut letter = None;
        let mut shape = '0';
        decompose_canonical(c, |part| match part {
            '\u{300}' => tones.push('1'),
            '\u{309}' => tones.push('2'),
            '\u{303}' => tones.push('3'),
            '\u{301}' => tones.push('4'),
            '\u{323}' => tones.push('5'),
            // breve, circumflex, horn: the second and third letters of a, e, o, u
            '\u{306}' => shape = '1',
            '\u{302}' if letter == Some('o') => shape = '1',
            '\u{302}' => shape = if letter == Some('a') { '2' } else { '1' },
            '\u{31b}' => shape = if letter == Some('o') { '2' } else { '1' },
            part if is_latin_mark(part) => {}
            part => letter = Some(part),
        });
        match letter {
            Some(d) if is_d_with_stroke(d) => key.push_str("d1"),
            Some(letter @ 'a'..='z') => key.extend([letter, shape]),
            Some(digit @ '0'..='9') => key.extend(['3', digit]),
            Some(other) if other.is_alphabetic() => key.push_str(&format!("z9{:06x}", u32::from(other))),
            _ => {}
        }
    }
    key.push(END);
    key.push_str(&tones);
    key.push(END);
}

fn is_latin_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// đ, and its look-alikes of other alphabets, which old fonts and keyboards put in its place.
fn is_d_with_stroke(c: char) -> bool {
    matches!(c, '\u{111}' | '\u{f0}' | '\u{256}')
}

/// Soft hyphen, zero-width space and joiners outside Khmer's needs, byte-order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
