//! PINs that are taken and that are not.

use super::Part;
use super::rules::{PinFault, must_wait, pin_fault};

#[test]
fn a_pin_is_long_enough_and_no_row_of_signs() {
    let table = [
        ("", Some(PinFault::Length)),
        ("12345", Some(PinFault::Length)),
        (&"7a".repeat(17), Some(PinFault::Length)),
        ("111111", Some(PinFault::Simple)),
        ("123456", Some(PinFault::Simple)),
        ("987654", Some(PinFault::Simple)),
        ("abcdef", Some(PinFault::Simple)),
        ("246810", None),
        ("cửu long 9", None),
    ];
    for (pin, fault) in table {
        assert_eq!(pin_fault(pin), fault, "{pin:?}");
    }
}

#[test]
fn a_password_alone_neither_unlocks_a_key_at_once_nor_gives_a_seal_a_new_pin() {
    let mut text = String::from("\n                 first  anew  locked\n");
    for (name, part) in [("person", Part::Person), ("seal", Part::Seal)] {
        for (how, knows) in [("password", false), ("and the PIN", true)] {
            let word = |has_pin, is_locked| match must_wait(part, has_pin, is_locked, knows) {
                true => "waits",
                false => "now",
            };
            let row = [word(false, false), word(true, false), word(true, true)];
            let line = format!("{name:<7}{how:<12}{:<7}{:<6}{}\n", row[0], row[1], row[2]);
            text += line.trim_start_matches('\n');
        }
    }
    // A locked key takes no PIN, so that nobody comes to the last column with one.
    let expected = "
                 first  anew  locked
person password    now    now   waits
person and the PIN now    now   now
seal   password    now    waits waits
seal   and the PIN now    now   now
";
    assert_eq!(text, expected);
}
