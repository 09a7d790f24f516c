use super::NumberError::*;
use super::*;
use proptest::prelude::*;

#[test]
fn personal_numbers_of_the_published_vectors() {
    let facts = |text: &str| {
        let number: PersonalNumber = text.parse().unwrap();
        (number.province(), number.sex(), number.birth_year())
    };
    assert_eq!(facts("086090123456"), (86, Sex::Male, 1990));
    assert_eq!(facts("086301000001"), (86, Sex::Female, 2001));
    assert_eq!(facts("083 199 000 001"), (83, Sex::Female, 1999));
    assert_eq!(facts("084.200.000.001"), (84, Sex::Male, 2000));
    assert_eq!(facts("001999000001"), (1, Sex::Female, 2399));
}

#[test]
fn texts_that_are_no_personal_number() {
    let table = [
        ("", Empty),
        (" . ", Empty),
        ("08609012345", Length { got: 11 }),
        ("0860901234567", Length { got: 13 }),
        ("08609012345a", NotDigits),
        ("08609012345６", NotDigits),
        ("-86090123456", NotDigits),
        ("086-090-123-456", NotDigits),
        ("000090123456", Province { code: 0 }),
    ];
    for (text, why) in table {
        assert_eq!(text.parse::<PersonalNumber>(), Err(why), "{text}");
    }
    assert_eq!("331234567".parse::<OldIdNumber>().unwrap().as_str(), "331234567");
    assert_eq!("086090123456".parse::<OldIdNumber>(), Err(Length { got: 12 }));
}

#[test]
fn numbers_hide_in_logs_and_stand_in_json() {
    let number: PersonalNumber = "086090123456".parse().unwrap();
    assert_eq!(number.masked(), "•••••••••456");
    assert_eq!(format!("{number:?}"), "PersonalNumber(•••••••••456)");
    assert_eq!(serde_json::to_string(&number).unwrap(), "\"086090123456\"");
    assert_eq!(serde_json::from_str::<PersonalNumber>("\"086 090 123 456\"").unwrap(), number);
    assert!(serde_json::from_str::<PersonalNumber>("86090123456").is_err());
    let branch: TaxNumber = "0300588569-001".parse().unwrap();
    assert_eq!(branch.masked(), "••••••••••-001");
    assert_eq!("331234567".parse::<OldIdNumber>().unwrap().masked(), "••••••567");
}

#[test]
fn tax_numbers_of_the_published_vectors() {
    for text in ["0300588569", "0100109106", "0101248141"] {
        let number: TaxNumber = text.parse().unwrap();
        assert_eq!((number.as_str(), number.head(), number.branch()), (text, text, None));
    }
    for text in ["0300588569-001", "0300588569001", "0300588569 - 001", "03.00588569.001"] {
        let number: TaxNumber = text.parse().unwrap();
        assert_eq!((number.as_str(), number.head()), ("0300588569-001", "0300588569"));
        assert_eq!(number.branch(), Some(1));
    }
    let table = [
        ("", Empty),
        ("0300588560", CheckDigit { expected: 9 }),
        ("0300588596", CheckDigit { expected: 0 }),
        ("030058856", Length { got: 9 }),
        ("0300588569-01", NotDigits),
        ("03005885690", Length { got: 11 }),
        ("0300588569-000", Branch),
        ("03005-88569", NotDigits),
        ("030058856x", NotDigits),
        ("086090123456", Length { got: 12 }),
        ("0000000000", NoSuchNumber),
    ];
    for (text, why) in table {
        assert_eq!(text.parse::<TaxNumber>(), Err(why), "{text}");
    }
}

#[test]
fn phones() {
    for text in [
        "0912345482",
        "0912 345 482",
        "+84912345482",
        "+84 912.345.482",
        "84912345482",
        "0084912345482",
        "(+84) 912-345-482",
        "+84 (0) 912 345 482",
    ] {
        let phone: Phone = text.parse().unwrap();
        assert_eq!(phone.as_str(), "0912345482", "{text}");
        assert_eq!(phone.spaced(), "0912 345 482");
        assert_eq!((phone.last3(), phone.masked().as_str()), ("482", "•••••••482"));
        assert_eq!(phone.international(), "+84912345482");
    }
    assert_eq!("0270 3822 123".parse::<Phone>().unwrap().spaced(), "02703 822 123");
    let table = [
        ("", Empty),
        ("091234548", Length { got: 9 }),
        ("09123454820", Length { got: 11 }),
        ("0270382212", Length { got: 10 }),
        ("912345482", Prefix),
        ("0112345482", Prefix),
        ("+1 202 555 0100", Prefix),
        ("1022", Prefix),
        ("+", NotDigits),
        ("()", NotDigits),
        ("0912x45482", NotDigits),
        ("+84", Prefix),
    ];
    for (text, why) in table {
        assert_eq!(text.parse::<Phone>(), Err(why), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,20}", digits in "[0-9 .+()-]{0,18}") {
        for text in [text, digits] {
            if let Ok(number) = text.parse::<PersonalNumber>() {
                prop_assert_eq!(number.to_string().parse(), Ok(number));
            }
            if let Ok(number) = text.parse::<TaxNumber>() {
                prop_assert_eq!(number.to_string().parse(), Ok(number));
            }
            if let Ok(phone) = text.parse::<Phone>() {
                prop_assert_eq!(phone.international().parse(), Ok(phone.clone()));
                prop_assert_eq!(phone.spaced().parse(), Ok(phone));
            }
        }
    }

    #[test]
    fn a_wrong_digit_in_a_tax_number_shows(at in 0..10_usize, digit in 0..10_u8) {
        let mut typed = *b"0300588569";
        typed[at] = b'0' + digit;
        let text = std::str::from_utf8(&typed).unwrap();
        prop_assert_eq!(text.parse::<TaxNumber>().is_ok(), text == "0300588569");
    }
}
