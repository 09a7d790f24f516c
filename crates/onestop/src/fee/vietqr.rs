//! VietQR, the QR text by which a bank's app fills in a transfer: EMVCo's tag, length, value, with
//! the fields that NAPAS gave a meaning. Pure: text in, value out, and back.
//!
//! Lengths count characters, and a text is printable ASCII, so that characters are bytes. The last
//! field is a checksum over everything before it. law: onestop/vietqr

/// NAPAS's own identifier in tag 38.
const NAPAS: &str = "A000000727";
/// Đồng, by its number in ISO 4217.
const DONG: &str = "704";
/// More than any payment of ours has; a longer text is not read at all.
const TEXT_BYTES_MAX: usize = 512;
/// The longest account or card number.
const NUMBER_CHARS_MAX: usize = 19;
/// The longest field of tag 62, and the longest name.
const FIELD_CHARS_MAX: usize = 25;
const CITY_CHARS_MAX: usize = 15;
/// The longest amount, in digits.
const AMOUNT_DIGITS_MAX: usize = 13;

/// To what the money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Account,
    Card,
}

impl Service {
    fn word(self) -> &'static str {
        match self {
            Service::Account => "QRIBFTTA",
            Service::Card => "QRIBFTTC",
        }
    }
}

/// What is told beside a transfer (tag 62). Each text has 1 to 25 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additional {
    pub bill: Option<String>,
    pub mobile: Option<String>,
    pub store: Option<String>,
    pub reference: Option<String>,
    pub terminal: Option<String>,
    /// What the payer's bank writes into the transfer.
    pub purpose: Option<String>,
}

/// One transfer to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VietQr {
    /// The bank's number with NAPAS, six digits.
    pub bin: String,
    pub service: Service,
    /// Account or card, at most 19 letters and digits.
    pub number: String,
    /// Whole đồng, at least 1; without one the payer types it.
    pub amount: Option<i64>,
    /// Merchant category, four digits.
    pub category: Option<String>,
    pub name: Option<String>,
    pub city: Option<String>,
    pub additional: Additional,
}

/// Why a text is no VietQR, or a value cannot become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QrFault {
    /// Longer than any payment.
    TooLong,
    /// Something else than printable ASCII.
    NotAscii,
    /// A tag or a length is not two digits, or a value breaks off; the byte at which it stands.
    BrokenOff { at: usize },
    /// The same tag twice on one level.
    Twice(String),
    /// A tag that must be there is not, or not in its place.
    Missing(&'static str),
    /// The checksum says another text.
    Checksum { said: String, counted: String },
    /// The value of this tag is not what the tag allows.
    Value(&'static str),
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, from 0xFFFF, nothing reflected.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

fn is_text(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

fn field(tag: &str, value: &str) -> String {
    format!("{tag}{:02}{value}", value.len())
}

impl Additional {
    fn fields(&self) -> [(&'static str, &'static str, &Option<String>); 6] {
        [
            ("01", "62.01", &self.bill),
            ("02", "62.02", &self.mobile),
            ("03", "62.03", &self.store),
            ("05", "62.05", &self.reference),
            ("07", "62.07", &self.terminal),
            ("08", "62.08", &self.purpose),
        ]
    }
}

impl VietQr {
    /// A transfer of `amount` đồng to an account, with the words the payer's bank passes on.
    pub fn transfer(bin: &str, number: &str, amount: i64, purpose: &str) -> VietQr {
        VietQr {
            bin: bin.into(),
            service: Service::Account,
            number: number.into(),
            amount: Some(amount),
            category: None,
            name: None,
            city: None,
            additional: Additional { purpose: Some(purpose.into()), ..Additional::default() },
        }
    }

    /// What of this value VietQR cannot carry.
    fn check(&self) -> Result<(), QrFault> {
        let number =
            is_text(&self.number, NUMBER_CHARS_MAX) && self.number.bytes().all(|b| b.is_ascii_alphanumeric());
        let within = |text: &Option<String>, most: usize| text.as_ref().is_none_or(|t| is_text(t, most));
        let checks = [
            ("38.01.00", is_digits(&self.bin, 6)),
            ("38.01.01", number),
            ("52", self.category.as_ref().is_none_or(|c| is_digits(c, 4))),
            ("54", self.amount.is_none_or(|a| a >= 1 && a.to_string().len() <= AMOUNT_DIGITS_MAX)),
            ("59", within(&self.name, FIELD_CHARS_MAX)),
            ("60", within(&self.city, CITY_CHARS_MAX)),
        ];
        let wrong = checks.iter().find(|(_, fine)| !fine).map(|(tag, _)| *tag);
        let more = self.additional.fields().into_iter().find(|(_, _, text)| !within(text, FIELD_CHARS_MAX));
        match wrong.or(more.map(|(_, tag, _)| tag)) {
            Some(tag) => Err(QrFault::Value(tag)),
            None => Ok(()),
        }
    }

    /// The text of the QR.
    ///
    /// # Errors
    /// `Value` names the first field that does not fit.
    pub fn make(&self) -> Result<String, QrFault> {
        self.check()?;
        let bank = field("00", &self.bin) + &field("01", &self.number);
        let whom = field("00", NAPAS) + &field("01", &bank) + &field("02", self.service.word());
        let mut text = field("00", "01");
        text += &field("01", if self.amount.is_some() { "12" } else { "11" });
        text += &field("38", &whom);
        if let Some(category) = &self.category {
            text += &field("52", category);
        }
        text += &field("53", DONG);
        if let Some(amount) = self.amount {
            text += &field("54", &amount.to_string());
        }
        text += &field("58", "VN");
        for (tag, value) in [("59", &self.name), ("60", &self.city)] {
            if let Some(value) = value {
                text += &field(tag, value);
            }
        }
        let told = self.additional.fields();
        let told: String =
            told.iter().filter_map(|(tag, _, value)| value.as_ref().map(|v| field(tag, v))).collect();
        if told.len() > 99 {
            return Err(QrFault::Value("62"));
        }
        if !told.is_empty() {
            text += &field("62", &told);
        }
        text += "6304";
        let crc = crc16(text.as_bytes());
        Ok(text + &format!("{crc:04X}"))
    }

    /// The transfer that a QR's text asks for. Tags that NAPAS gave no meaning are passed over.
    ///
    /// # Errors
    /// A text that is not whole, says something twice, or whose checksum is another.
    pub fn parse(text: &str) -> Result<VietQr, QrFault> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(QrFault::TooLong);
        }
        if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(QrFault::NotAscii);
        }
        let fields = Fields::split(text)?;
        if fields.0.first().is_none_or(|(tag, value)| (*tag, *value) != ("00", "01")) {
            return Err(QrFault::Missing("00"));
        }
        let Some(("63", said)) = fields.0.last().copied() else { return Err(QrFault::Missing("63")) };
        let counted = format!("{:04X}", crc16(&text.as_bytes()[..text.len().saturating_sub(said.len())]));
        if said != counted {
            return Err(QrFault::Checksum { said: said.into(), counted });
        }
        let amount = fields.find("54").map(amount).transpose()?;
        // Static or dynamic says no more than whether there is an amount; some apps write it wrongly.
        if !matches!(fields.get("01")?, "11" | "12") {
            return Err(QrFault::Value("01"));
        }
        if fields.get("53")? != DONG {
            return Err(QrFault::Value("53"));
        }
        if fields.get("58")? != "VN" {
            return Err(QrFault::Value("58"));
        }
        let whom = Fields::split(fields.get("38")?)?;
        if whom.get("00")? != NAPAS {
            return Err(QrFault::Value("38.00"));
        }
        let bank = Fields::split(whom.get("01")?)?;
        let service = match whom.get("02")? {
            "QRIBFTTA" => Service::Account,
            "QRIBFTTC" => Service::Card,
            _ => return Err(QrFault::Value("38.02")),
        };
        let told = Fields::split(fields.find("62").unwrap_or_default())?;
        let own = |tag: &str| told.find(tag).map(str::to_string);
        let qr = VietQr {
            bin: bank.get("00")?.into(),
            service,
            number: bank.get("01")?.into(),
            amount,
            category: fields.find("52").map(str::to_string),
            name: fields.find("59").map(str::to_string),
            city: fields.find("60").map(str::to_string),
            additional: Additional {
                bill: own("01"),
                mobile: own("02"),
                store: own("03"),
                reference: own("05"),
                terminal: own("07"),
                purpose: own("08"),
            },
        };
        qr.check()?;
        Ok(qr)
    }
}

/// Digits alone, and no zero in front: one amount has one text.
fn amount(text: &str) -> Result<i64, QrFault> {
    let plain =
        text.len() <= AMOUNT_DIGITS_MAX && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(amount) if plain => Ok(amount),
        _ => Err(QrFault::Value("54")),
    }
}

/// The fields of one level in their order.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    /// Splits ASCII; the caller has seen that it is.
    fn split(text: &'a str) -> Result<Fields<'a>, QrFault> {
        let (mut fields, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let broken = QrFault::BrokenOff { at };
            let (Some(tag), Some(length)) = (text.get(at..at + 2), text.get(at + 2..at + 4)) else {
                return Err(broken);
            };
            if !is_digits(tag, 2) || !is_digits(length, 2) {
                return Err(broken);
            }
            let length: usize = length.parse().map_err(|_| broken.clone())?;
            let value = text.get(at + 4..at + 4 + length).ok_or(broken)?;
            if fields.iter().any(|(known, _)| *known == tag) {
                return Err(QrFault::Twice(tag.into()));
            }
            fields.push((tag, value));
            at += 4 + length;
        }
        Ok(Fields(fields))
    }

    fn find(&self, tag: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == tag).map(|(_, value)| *value)
    }

    fn get(&self, tag: &'static str) -> Result<&'a str, QrFault> {
        self.find(tag).ok_or(QrFault::Missing(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The four texts of law: onestop/vietqr with their checksums.
    const VECTORS: [(&str, &str); 4] = [
        (
            "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN6304",
            "9E6F",
        ),
        (
            "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN6304",
            "4F52",
        ),
        (
            "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA\
             530370454061800005802VN62340107NPS68690819thanh toan don hang6304",
            "2E2E",
        ),
        (
            "00020101021238600010A00000072701300006970403011697040311012345670208QRIBFTTC\
             530370454061800005802VN62340107NPS68690819thanh toan don hang6304",
            "A203",
        ),
    ];

    fn vector(at: usize) -> String {
        VECTORS[at].0.to_string() + VECTORS[at].1
    }

    #[test]
    fn the_checksum_is_the_one_that_everybody_counts() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        for (text, crc) in VECTORS {
            assert_eq!(format!("{:04X}", crc16(text.as_bytes())), crc);
        }
    }

    #[test]
    fn the_published_texts_are_read_and_made_again() {
        let mut qr = VietQr::parse(&vector(0)).unwrap();
        assert_eq!((qr.bin.as_str(), qr.number.as_str()), ("970403", "0011012345678"));
        assert_eq!((qr.service, qr.amount), (Service::Account, None));
        for at in 0..4 {
            assert_eq!(VietQr::parse(&vector(at)).unwrap().make().unwrap(), vector(at));
        }
        qr.amount = Some(180_000);
        qr.additional.bill = Some("NPS6869".into());
        qr.additional.purpose = Some("thanh toan don hang".into());
        assert_eq!(qr.make().unwrap(), vector(2));
        qr = VietQr { service: Service::Card, number: "9704031101234567".into(), ..qr };
        assert_eq!(qr.make().unwrap(), vector(3));
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        // A copy that goes about: twelve said for a number of thirteen digits.
        let typo = vector(0).replace("01130011012345678", "01120011012345678").replace("9E6F", "F4E5");
        assert!(VietQr::parse(&typo).is_err());
        let good = vector(2);
        let wrong = [
            (good.replace("2E2E", "2E2F"), "a wrong checksum"),
            (good.replace("2E2E", "2e2e"), "a checksum in small letters"),
            (good.replace("180000", "180001"), "another amount under the old checksum"),
            (good[..good.len() - 4].to_string(), "no checksum"),
            (good.clone() + "0", "something behind it"),
            (good.replace("thanh", "th\u{e0}nh"), "letters with marks"),
            ("0".repeat(513), "a text without end"),
            (String::new(), "nothing"),
        ];
        for (text, what) in wrong {
            assert!(VietQr::parse(&text).is_err(), "{what} was read");
        }
        assert_eq!(VietQr::parse(&"0".repeat(600)), Err(QrFault::TooLong));
    }

    #[test]
    fn what_the_fields_cannot_carry_is_not_made() {
        let good = VietQr::transfer("970403", "0011012345678", 37_500, "CL7K2M9QXDH");
        assert!(good.make().is_ok());
        let wrong = [
            (VietQr { bin: "97040".into(), ..good.clone() }, "38.01.00"),
            (VietQr { number: "1".repeat(20), ..good.clone() }, "38.01.01"),
            (VietQr { number: String::new(), ..good.clone() }, "38.01.01"),
            (VietQr { amount: Some(0), ..good.clone() }, "54"),
            (VietQr { amount: Some(-5), ..good.clone() }, "54"),
            (VietQr { name: Some("x".repeat(26)), ..good.clone() }, "59"),
            (VietQr::transfer("970403", "1", 1, "l\u{1ec7} ph\u{ed}"), "62.08"),
        ];
        for (qr, tag) in wrong {
            assert_eq!(qr.make(), Err(QrFault::Value(tag)));
        }
    }

    fn some(pattern: &'static str) -> impl Strategy<Value = Option<String>> {
        proptest::option::of(pattern)
    }

    prop_compose! {
        fn any_qr()(
            bin in "[0-9]{6}", number in "[0-9A-Za-z]{1,19}", card in any::<bool>(),
            amount in proptest::option::of(1_i64..10_000_000_000_000), category in some("[0-9]{4}"),
            name in some("[ -~]{1,25}"), city in some("[ -~]{1,15}"), bill in some("[ -~]{1,20}"),
            reference in some("[ -~]{1,20}"), purpose in some("[ -~]{1,25}"),
        ) -> VietQr {
            let service = if card { Service::Card } else { Service::Account };
            let additional = Additional { bill, reference, purpose, ..Additional::default() };
            VietQr { bin, service, number, amount, category, name, city, additional }
        }
    }

    proptest! {
        #[test]
        fn what_was_made_is_read_back(qr in any_qr()) {
            prop_assert_eq!(VietQr::parse(&qr.make().unwrap()), Ok(qr));
        }

        #[test]
        fn one_changed_character_is_noticed(
            qr in any_qr(), at in any::<prop::sample::Index>(), to in b' '..=b'~',
        ) {
            let text = qr.make().unwrap();
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            prop_assert_ne!(VietQr::parse(std::str::from_utf8(&bytes).unwrap()), Ok(qr));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
            let _ = VietQr::parse(&text);
        }
    }
}
