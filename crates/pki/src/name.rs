//! Distinguished names: reading, making, comparing as RFC 5280 §7.1 wants, and showing as RFC 4514 does.

use crate::der::{Element, Malformed, Read, Reader, Tag, Writer};
use crate::oid::{self, Oid};
use std::fmt;
use std::hash::{Hash, Hasher};
use unicode_normalization::UnicodeNormalization;

/// A distinguished name.
///
/// Two names are equal when RFC 5280 says so: the kind of string, case and spaces in excess do not count.
#[derive(Clone)]
pub struct Name {
    der: Vec<u8>,
    parts: Vec<Vec<Attribute>>,
    folded: Vec<Vec<u8>>,
}

/// One attribute of a name: `CN=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its type.
    pub oid: Oid,
    /// Its text; `None` when it is not a string we can read.
    pub text: Option<String>,
    /// Its value as it stood.
    pub raw: Vec<u8>,
}

impl Name {
    /// The name without attributes.
    pub fn empty() -> Name {
        Name { der: vec![0x30, 0], parts: Vec::new(), folded: Vec::new() }
    }

    /// Begins a new name.
    pub fn builder() -> NameBuilder {
        NameBuilder::default()
    }

    /// Reads the DER of a name.
    pub fn parse(der: &[u8]) -> Read<Name> {
        let mut reader = Reader::new(der);
        let name = Name::read(&mut reader)?;
        reader.end()?;
        Ok(name)
    }

    /// Reads the next element as a name.
    pub fn read(reader: &mut Reader<'_>) -> Read<Name> {
        let element = reader.expect(Tag::SEQUENCE)?;
        let parts = element.inside()?.each(|r| r.set()?.each(attribute))?;
        Ok(Name::from_parts(element.raw.to_vec(), parts))
    }

    /// Reads one relative name (of a distribution point) as the last part of a name under `parent`.
    pub fn relative(parent: &Name, attributes: &Element<'_>) -> Read<Name> {
        let attributes = attributes.inside()?.each(attribute)?;
        let mut parts = parent.parts.clone();
        parts.push(attributes);
        let der = Writer::build(|w| {
            w.sequence(|w| {
                for part in &parts {
                    w.set_of(Tag::SET, part.iter().map(Attribute::der).collect());
                }
            });
        });
        Ok(Name::from_parts(der, parts))
    }

    fn from_parts(der: Vec<u8>, parts: Vec<Vec<Attribute>>) -> Name {
        let folded = parts.iter().map(|part| fold_part(part)).collect();
        Name { der, parts, folded }
    }

    /// The DER as it was read or made.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// No attributes.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The attributes from the top of the tree down, those of one level together.
    pub fn parts(&self) -> &[Vec<Attribute>] {
        &self.parts
    }

    /// The texts of all attributes of this type, from the top down.
    pub fn texts(&self, oid: Oid) -> impl Iterator<Item = &str> {
        let all = self.parts.iter().flatten().filter(move |attribute| attribute.oid == oid);
        all.filter_map(|attribute| attribute.text.as_deref())
    }

    /// The most specific common name, for people.
    pub fn common_name(&self) -> Option<&str> {
        self.texts(oid::COMMON_NAME).last()
    }

    /// This name lies in the subtree under `top` (or is it).
    pub fn is_under(&self, top: &Name) -> bool {
        self.folded.starts_with(&top.folded)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.der == other.der || self.folded == other.folded
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl Attribute {
    /// The short name of the type as RFC 4514 writes it, if it has one.
    pub fn keyword(&self) -> Option<&'static str> {
        KEYWORDS.iter().find(|(oid, _)| *oid == self.oid).map(|(_, word)| *word)
    }

    fn der(&self) -> Vec<u8> {
        Writer::build(|w| {
            w.sequence(|w| {
                w.oid(self.oid).raw(&self.raw);
            });
        })
    }
}

fn attribute(reader: &mut Reader<'_>) -> Read<Attribute> {
    let mut inner = reader.sequence()?;
    let oid = inner.oid()?;
    let value = inner.any()?;
    inner.end()?;
    Ok(Attribute { oid, text: text(&value), raw: value.raw.to_vec() })
}

/// The text of a string element; `None` for other elements and for bytes that are no such string.
pub fn text(element: &Element<'_>) -> Option<String> {
    let bytes = element.value;
    match element.tag {
        Tag::UTF8_STRING => String::from_utf8(bytes.to_vec()).ok(),
        Tag::PRINTABLE_STRING | Tag::NUMERIC_STRING | Tag::IA5_STRING | Tag::VISIBLE_STRING => {
            bytes.is_ascii().then(|| bytes.iter().map(|byte| char::from(*byte)).collect())
        }
        // In practice Latin-1.
        Tag::TELETEX_STRING => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BMP_STRING if bytes.len().is_multiple_of(2) => {
            let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        Tag::UNIVERSAL_STRING if bytes.len().is_multiple_of(4) => bytes
            .chunks_exact(4)
            .map(|four| char::from_u32(u32::from_be_bytes([four[0], four[1], four[2], four[3]])))
            .collect(),
        _ => None,
    }
}

/// One level in a form that is equal when the levels match: members sorted, texts prepared.
fn fold_part(part: &[Attribute]) -> Vec<u8> {
    let mut members: Vec<Vec<u8>> = part
        .iter()
        .map(|attribute| {
            let (kind, value) = match &attribute.text {
                Some(text) => (0, fold(text).into_bytes()),
                None => (1, attribute.raw.clone()),
            };
            let oid = attribute.oid.as_bytes();
            [&[oid.len() as u8], oid, &[kind], &(value.len() as u32).to_be_bytes(), &value].concat()
        })
        .collect();
    members.sort();
    members.concat()
}

/// RFC 4518 in short: compatibility forms joined, case folded, spaces in excess taken out.
fn fold(text: &str) -> String {
    let joined: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}

const KEYWORDS: &[(Oid, &str)] = &[
    (oid::COMMON_NAME, "CN"),
    (oid::SURNAME, "SN"),
    (oid::SERIAL_NUMBER, "serialNumber"),
    (oid::COUNTRY, "C"),
    (oid::LOCALITY, "L"),
    (oid::STATE, "ST"),
    (oid::STREET, "STREET"),
    (oid::ORGANIZATION, "O"),
    (oid::ORGANIZATIONAL_UNIT, "OU"),
    (oid::TITLE, "title"),
    (oid::GIVEN_NAME, "GN"),
    (oid::ORGANIZATION_IDENTIFIER, "organizationIdentifier"),
    (oid::USER_ID, "UID"),
    (oid::DOMAIN_COMPONENT, "DC"),
    (oid::EMAIL_ADDRESS, "emailAddress"),
];

/// RFC 4514: the most specific part first.
impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, part) in self.parts.iter().rev().enumerate() {
            if n > 0 {
                out.write_str(",")?;
            }
            for (m, attribute) in part.iter().enumerate() {
                if m > 0 {
                    out.write_str("+")?;
                }
                write_attribute(out, attribute)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Name({self})")
    }
}

fn write_attribute(out: &mut fmt::Formatter<'_>, attribute: &Attribute) -> fmt::Result {
    match attribute.keyword() {
        Some(word) => write!(out, "{word}=")?,
        None => write!(out, "{}=", attribute.oid)?,
    }
    let Some(text) = &attribute.text else {
        out.write_str("#")?;
        return attribute.raw.iter().try_for_each(|byte| write!(out, "{byte:02x}"));
    };
    let last = text.chars().count().saturating_sub(1);
    for (n, letter) in text.chars().enumerate() {
        let at_edge = (n == 0 && matches!(letter, ' ' | '#')) || (n == last && letter == ' ');
        if letter == '\0' {
            out.write_str("\\00")?;
            continue;
        }
        if at_edge || matches!(letter, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            out.write_str("\\")?;
        }
        write!(out, "{letter}")?;
    }
    Ok(())
}

/// Makes a name, one attribute a level, from the top down: country first, common name last.
#[derive(Clone, Debug, Default)]
pub struct NameBuilder {
    parts: Vec<Vec<Attribute>>,
}

impl NameBuilder {
    /// Adds a level. Country, serial number and DN qualifier are PrintableString, domain and mail IA5String
    /// where the text allows it, everything else UTF8String.
    pub fn with(mut self, oid: Oid, text: &str) -> NameBuilder {
        let printable =
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte));
        let tag = match oid {
            oid::COUNTRY | oid::SERIAL_NUMBER | oid::DN_QUALIFIER if printable => Tag::PRINTABLE_STRING,
            oid::DOMAIN_COMPONENT | oid::EMAIL_ADDRESS if text.is_ascii() => Tag::IA5_STRING,
            _ => Tag::UTF8_STRING,
        };
        let raw = Writer::build(|w| {
            w.text(tag, text);
        });
        self.parts.push(vec![Attribute { oid, text: Some(text.to_string()), raw }]);
        self
    }

    /// The same as [`NameBuilder::with`] unless there is no text.
    pub fn with_some(self, oid: Oid, text: Option<&str>) -> NameBuilder {
        match text {
            Some(text) => self.with(oid, text),
            None => self,
        }
    }

    /// The finished name.
    pub fn build(self) -> Name {
        let der = Writer::build(|w| {
            w.sequence(|w| {
                for part in &self.parts {
                    w.set_of(Tag::SET, part.iter().map(Attribute::der).collect());
                }
            });
        });
        Name::from_parts(der, self.parts)
    }
}

/// A name in one of the forms of GeneralName.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GeneralName {
    /// otherName: its type and the DER of its value.
    Other(Oid, Vec<u8>),
    /// rfc822Name.
    Email(String),
    /// dNSName.
    Dns(String),
    /// directoryName.
    Directory(Name),
    /// uniformResourceIdentifier.
    Uri(String),
    /// iPAddress: 4 or 16 bytes, twice that in a constraint.
    Ip(Vec<u8>),
    /// registeredID.
    RegisteredId(Oid),
    /// x400Address (3) or ediPartyName (5), unread.
    Unread(u8, Vec<u8>),
}

impl GeneralName {
    /// Reads the next element.
    pub fn read(reader: &mut Reader<'_>) -> Read<GeneralName> {
        let element = reader.any()?;
        GeneralName::of(&element)
    }

    /// Reads an element.
    pub fn of(element: &Element<'_>) -> Read<GeneralName> {
        let ia5 = |element: &Element<'_>| -> Read<String> {
            let text = std::str::from_utf8(element.value).ok().filter(|text| text.is_ascii());
            text.map(str::to_string).ok_or_else(|| element.wrong("not IA5 text"))
        };
        Ok(match element.tag.0 {
            0xa0 => {
                let mut inner = element.inside()?;
                GeneralName::Other(inner.oid()?, inner.context(0)?.map_or(Vec::new(), |r| r.rest().to_vec()))
            }
            0x81 => GeneralName::Email(ia5(element)?),
            0x82 => GeneralName::Dns(ia5(element)?),
            0xa4 => {
                let mut inner = element.inside()?;
                let name = Name::read(&mut inner)?;
                inner.end()?;
                GeneralName::Directory(name)
            }
            0x86 => GeneralName::Uri(ia5(element)?),
            0x87 => GeneralName::Ip(element.value.to_vec()),
            0x88 => GeneralName::RegisteredId(
                Oid::from_bytes(element.value).map_err(|_| element.wrong("object identifier"))?,
            ),
            0xa3 | 0xa5 => GeneralName::Unread(element.tag.0 & 0x1f, element.value.to_vec()),
            _ => return Err(Malformed { why: crate::der::Why::Value("general name"), at: element.at }),
        })
    }

    /// Writes it.
    pub fn write(&self, w: &mut Writer) {
        match self {
            GeneralName::Other(oid, value) => w.context(0, |w| {
                w.oid(*oid).context(0, |w| {
                    w.raw(value);
                });
            }),
            GeneralName::Email(text) => w.element(Tag::primitive(1), text.as_bytes()),
            GeneralName::Dns(text) => w.element(Tag::primitive(2), text.as_bytes()),
            GeneralName::Directory(name) => w.context(4, |w| {
                w.raw(name.der());
            }),
            GeneralName::Uri(text) => w.element(Tag::primitive(6), text.as_bytes()),
            GeneralName::Ip(bytes) => w.element(Tag::primitive(7), bytes),
            GeneralName::RegisteredId(oid) => w.element(Tag::primitive(8), oid.as_bytes()),
            GeneralName::Unread(n, value) => w.element(Tag::context(*n), value),
        };
    }
}

#[cfg(test)]
mod tests;
