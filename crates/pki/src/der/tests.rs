//! Bytes that are DER, and bytes that are not quite.

use super::*;

#[test]
fn what_is_not_the_one_encoding_is_refused() {
    let table: &[(&[u8], Why)] = &[
        (&[0x30], Why::Truncated),
        (&[0x30, 0x05, 0x02], Why::Truncated),
        (&[0x30, 0x80, 0, 0], Why::NotDer),
        (&[0x30, 0x81, 0x05, 2, 1, 1, 5, 0], Why::NotDer),
        (&[0x30, 0x82, 0x00, 0x80], Why::NotDer),
        (&[0x30, 0x85, 1, 1, 1, 1, 1], Why::TooBig),
        (&[0x3f, 0x81, 0x01, 0x00], Why::NotDer),
        (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], Why::Truncated),
    ];
    for (bytes, why) in table {
        assert_eq!(Reader::new(bytes).any().map(|_| ()).unwrap_err().why, *why, "{bytes:02x?}");
    }
    let padded = [0x02, 0x02, 0x00, 0x01];
    assert_eq!(Reader::new(&padded).integer().unwrap_err().why, Why::NotDer);
    assert_eq!(Reader::new(&[0x01, 0x01, 0x01]).boolean().unwrap_err().why, Why::NotDer);
    assert_eq!(Reader::new(&[0x03, 0x02, 0x03, 0x04]).bits().unwrap_err().why, Why::NotDer);
}

#[test]
fn an_error_names_the_byte_in_the_outermost_input() {
    let der = Writer::build(|w| {
        w.sequence(|w| {
            w.number(5).sequence(|w| {
                w.boolean(true).octets(b"x");
            });
        });
    });
    let mut outer = Reader::whole_sequence(&der).unwrap();
    outer.number().unwrap();
    let mut inner = outer.sequence().unwrap();
    inner.boolean().unwrap();
    assert_eq!(inner.integer().unwrap_err().at, 10);
}

#[test]
fn depth_is_bounded() {
    let mut der = vec![0x05, 0x00];
    for _ in 0..60 {
        der = Writer::build(|w| {
            w.sequence(|w| {
                w.raw(&der);
            });
        });
    }
    let mut reader = Reader::new(&der);
    let why = loop {
        match reader.sequence() {
            Ok(inner) => reader = inner,
            Err(e) => break e.why,
        }
    };
    assert_eq!(why, Why::TooDeep);
    // Indefinite and as deep: refused as well, and not by overflowing the stack.
    let deep: Vec<u8> = [0x30, 0x80].repeat(100_000);
    assert_eq!(ber::to_der(&deep).unwrap_err().why, Why::TooDeep);
}

#[test]
fn times_are_read_and_written_in_utc() {
    let table = [
        (Tag::UTC_TIME, "500101000000Z", "1950-01-01T07:00:00+07:00"),
        (Tag::UTC_TIME, "491231235959Z", "2050-01-01T06:59:59+07:00"),
        (Tag::GENERALIZED_TIME, "20500101000000Z", "2050-01-01T07:00:00+07:00"),
        (Tag::GENERALIZED_TIME, "19990228173000.25Z", "1999-03-01T00:30:00.250000+07:00"),
        (Tag::UTC_TIME, "9901011201Z", "1999-01-01T19:01:00+07:00"),
    ];
    for (tag, text, expected) in table {
        let der = Writer::build(|w| {
            w.text(tag, text);
        });
        assert_eq!(Reader::new(&der).time().unwrap().to_string(), expected);
    }
    for at in ["1950-01-01T00:00:00Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z", "2026-11-19T02:52:07Z"]
    {
        let at = Instant::parse_rfc3339(at).unwrap();
        let der = Writer::build(|w| {
            w.time(at);
        });
        assert_eq!(Reader::new(&der).time().unwrap(), at);
    }
    for bad in ["9902301201Z", "99010112", "990101120100+0700", "990101126000Z", "990101120100.5Z"] {
        let der = Writer::build(|w| {
            w.text(Tag::UTC_TIME, bad);
        });
        assert!(Reader::new(&der).time().is_err(), "{bad}");
    }
    let half = Instant::parse_rfc3339("2026-01-01T00:00:00.500000Z").unwrap();
    assert_eq!(write_generalized(half, true), "20260101000000.5Z");
    assert_eq!(write_generalized(half, false), "20260101000000Z");
    for (at, text) in
        [("2049-11-09T02:52:07Z", "20491109025207Z"), ("0999-12-31T23:59:59Z", "09991231235959Z")]
    {
        assert_eq!(write_generalized(Instant::parse_rfc3339(at).unwrap(), true), text);
    }
}

#[test]
fn a_length_that_is_known_late_is_written_as_one_that_was_known_before() {
    for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0x12_3456] {
        let value: Vec<u8> = (0..length).map(|n| n as u8).collect();
        let late = Writer::build(|w| {
            w.octets(b"before").nest(Tag::OCTET_STRING, |w| {
                value.chunks(7_000).for_each(|piece| {
                    w.raw(piece);
                });
            });
        });
        let before = Writer::build(|w| {
            w.octets(b"before").octets(&value);
        });
        assert!(late == before, "{length}");
        let mut reader = Reader::new(&late);
        assert_eq!((reader.octets().unwrap(), reader.octets().unwrap().len()), (&b"before"[..], length));
    }
}

#[test]
fn ber_becomes_the_same_thing_in_der() {
    // SEQUENCE indefinite { OCTET STRING in two pieces, INTEGER with a long length }
    let ber = [
        0x30, 0x80, 0x24, 0x80, 0x04, 0x02, b'a', b'b', 0x04, 0x81, 0x01, b'c', 0x00, 0x00, 0x02, 0x82, 0x00,
        0x01, 0x07, 0x00, 0x00,
    ];
    let der = ber::to_der(&ber).unwrap();
    assert_eq!(*der, [0x30, 0x08, 0x04, 0x03, b'a', b'b', b'c', 0x02, 0x01, 0x07]);
    assert!(matches!(ber::to_der(&der).unwrap(), std::borrow::Cow::Borrowed(_)));
    for bad in [&ber[..ber.len() - 1], &[0x04, 0x80, 0, 0], &[0x24, 0x80, 0x02, 0x01, 0x01, 0, 0]] {
        assert!(ber::to_der(bad).is_err(), "{bad:02x?}");
    }
}

#[test]
fn named_bits_lose_their_trailing_zeros() {
    let table: &[(u16, &[u8])] =
        &[(0, &[3, 1, 0]), (1, &[3, 2, 7, 0x80]), (0b11, &[3, 2, 6, 0xc0]), (1 << 8, &[3, 3, 7, 0, 0x80])];
    for (bits, expected) in table {
        let der = Writer::build(|w| {
            w.named_bits(Tag::BIT_STRING, *bits);
        });
        assert_eq!(der, *expected);
        assert_eq!(Reader::new(&der).bits().unwrap().named(), *bits);
    }
}
