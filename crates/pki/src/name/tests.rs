//! When names are the same, and how they look.

use super::*;

fn name(tag: Tag, text: &[u8]) -> Name {
    let der = Writer::build(|w| {
        w.sequence(|w| {
            w.set(|w| {
                w.sequence(|w| {
                    w.oid(oid::COMMON_NAME).element(tag, text);
                });
            });
        });
    });
    Name::parse(&der).unwrap()
}

#[test]
fn kind_case_and_spaces_do_not_count_letters_do() {
    let utf8 = |text: &str| name(Tag::UTF8_STRING, text.as_bytes());
    let bmp: Vec<u8> = "Sở Y tế".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let same = [
        (utf8("Good CA"), name(Tag::PRINTABLE_STRING, b"good   ca ")),
        (utf8("SỞ Y TẾ"), name(Tag::BMP_STRING, &bmp)),
        // composed and decomposed
        (utf8("S\u{1edf}"), utf8("So\u{31b}\u{309}")),
        (utf8("café"), name(Tag::TELETEX_STRING, b"caf\xe9")),
    ];
    for (a, b) in same {
        assert_eq!(a, b);
    }
    let different = [(utf8("Sở"), utf8("So")), (utf8("Good CA"), utf8("GoodCA")), (utf8("a"), Name::empty())];
    for (a, b) in different {
        assert_ne!(a, b);
    }
}

#[test]
fn order_counts_between_levels_and_not_inside_one() {
    let (one, two) = (
        Name::builder().with(oid::COUNTRY, "VN").with(oid::COMMON_NAME, "A").build(),
        Name::builder().with(oid::COMMON_NAME, "A").with(oid::COUNTRY, "VN").build(),
    );
    assert_ne!(one, two);
    let level = |first: &str, second: &str| {
        let attribute = |oid: Oid, text: &str| {
            Writer::build(|w| {
                w.sequence(|w| {
                    w.oid(oid).text(Tag::UTF8_STRING, text);
                });
            })
        };
        let (a, b) = (attribute(oid::COMMON_NAME, "A"), attribute(oid::LOCALITY, "B"));
        let both = if first < second { [a, b].concat() } else { [b, a].concat() };
        let der = Writer::build(|w| {
            w.sequence(|w| {
                w.set(|w| {
                    w.raw(&both);
                });
            });
        });
        Name::parse(&der).unwrap()
    };
    assert_eq!(level("1", "2"), level("2", "1"));
}

#[test]
fn a_name_is_shown_from_the_most_specific_part_with_marks_escaped() {
    let name = Name::builder()
        .with(oid::COUNTRY, "VN")
        .with(oid::ORGANIZATION, "UBND xã Nhơn Phú, huyện Mang Thít")
        .with(oid::COMMON_NAME, "#Nguyễn Văn An ")
        .build();
    assert_eq!(name.to_string(), r"CN=\#Nguyễn Văn An\ ,O=UBND xã Nhơn Phú\, huyện Mang Thít,C=VN");
    assert_eq!(Name::parse(name.der()).unwrap(), name);
    assert_eq!(name.common_name(), Some("#Nguyễn Văn An "));
}

#[test]
fn a_subtree_holds_its_top_and_what_is_below() {
    let top = Name::builder().with(oid::COUNTRY, "VN").with(oid::ORGANIZATION, "Tỉnh Vĩnh Long").build();
    let below = Name::builder()
        .with(oid::COUNTRY, "vn")
        .with(oid::ORGANIZATION, "tỉnh  Vĩnh Long")
        .with(oid::COMMON_NAME, "An")
        .build();
    assert!(below.is_under(&top) && top.is_under(&top) && !top.is_under(&below));
}
