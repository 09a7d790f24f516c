//! Tables: what may follow what, and what a phone shows.

use super::rules::{Heard, SHOWN_CHARS_MAX, State, after, code, shown};

#[test]
fn every_pair_of_state_and_what_was_heard() {
    let mut table = format!("\n{:<11}", "");
    for state in State::ALL {
        table += &format!("{:<15}", state.word());
    }
    table = table.trim_end().to_string() + "\n";
    for heard in Heard::ALL {
        let mut line = format!("{:<11}", format!("{heard:?}"));
        for state in State::ALL {
            let [in_time, late] = [false, true].map(|is_late| after(state, heard, is_late).word());
            let told = if in_time == late { in_time.to_string() } else { format!("{in_time}/{late}") };
            line += &format!("{told:<15}");
        }
        table += &format!("{}\n", line.trim_end());
    }
    // In time, and too late where that makes a difference.
    let expected = "
           asked          sent           signed         refused        lapsed         failed
Taken      sent           sent/lapsed    signed         refused        lapsed         failed
NotTaken   failed         failed         signed         refused        lapsed         failed
Nothing    asked/lapsed   sent/lapsed    signed         refused        lapsed         failed
Waits      asked/lapsed   sent/lapsed    signed         refused        lapsed         failed
No         asked/lapsed   refused        signed         refused        lapsed         failed
TooLate    asked/lapsed   lapsed         signed         refused        lapsed         failed
Right      asked/lapsed   signed         signed         refused        lapsed         failed
Wrong      asked/lapsed   failed         signed         refused        lapsed         failed
";
    assert_eq!(table, expected);
}

#[test]
fn states_are_read_as_they_are_kept() {
    for state in State::ALL {
        assert_eq!(State::of(state.word()), state);
    }
}

#[test]
fn the_digits_come_of_the_hash_alone() {
    let table: [(&[u8], &str); 4] = [
        (&[0, 0, 0, 7, 9], "0007"),
        (&[0, 0, 0x27, 0x10], "0000"),
        (&[0xff, 0xff, 0xff, 0xff], "7295"),
        (&[], "0000"),
    ];
    for (hash, expected) in table {
        assert_eq!(code(hash), expected, "{hash:?}");
    }
}

#[test]
fn a_phone_shows_one_line_that_fits() {
    assert_eq!(shown(" Ký số tệp:\n cong-van.pdf "), "Ký số tệp:  cong-van.pdf");
    let long = shown(&"ă".repeat(500));
    assert_eq!(long.chars().count(), SHOWN_CHARS_MAX);
    assert!(long.ends_with('…'));
}
