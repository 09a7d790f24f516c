//! PINs that are taken and that are not.

use super::rules::{PinFault, pin_fault};

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
