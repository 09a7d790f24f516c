//! PDF objects: read from bytes, written to bytes. What is read and written again means the same; numbers keep their
//! spelling.

use std::ops::Range;

/// Arrays and dictionaries inside each other.
const DEPTH_MAX: u32 = 64;
/// Members of all arrays and dictionaries that are read at once.
const MEMBERS_MAX: usize = 250_000;

/// An object.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// `null`, and whatever is not there.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a point, as it is written.
    Real(String),
    /// A name, without its slash, its `#xx` resolved.
    Name(Vec<u8>),
    /// A string, literal or hexadecimal.
    Text(Vec<u8>),
    /// `[…]`.
    Array(Vec<Object>),
    /// `<<…>>`.
    Dict(Dict),
    /// `n g R`.
    Reference(Id),
    /// A dictionary and the range of its bytes in the file.
    Stream(Dict, Range<u64>),
}

/// Number and generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// The object's number.
    pub number: u32,
    /// Its generation.
    pub generation: u16,
}

/// A dictionary in the order it was written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dict(pub Vec<(Vec<u8>, Object)>);

impl Dict {
    /// The value of a key; `Null` when it has none.
    pub fn get(&self, key: &str) -> &Object {
        self.0.iter().find(|(known, _)| known == key.as_bytes()).map_or(&Object::Null, |(_, value)| value)
    }

    /// Sets a key, in its place if it is there.
    pub fn set(&mut self, key: &str, value: Object) {
        match self.0.iter_mut().find(|(known, _)| known == key.as_bytes()) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.into(), value)),
        }
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Object> {
        self.0.iter_mut().find(|(known, _)| known == key.as_bytes()).map(|(_, value)| value)
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key.as_bytes());
    }

    /// Whether a key stands twice, of which some readers take the first and some the last.
    pub fn has_twice(&self) -> bool {
        let mut keys: Vec<&[u8]> = self.0.iter().map(|(key, _)| key.as_slice()).collect();
        keys.sort_unstable();
        keys.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// A dictionary of these keys and values.
    pub fn of<const N: usize>(members: [(&str, Object); N]) -> Dict {
        Dict(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Whether a key's value is this name.
    pub fn is(&self, key: &str, name: &str) -> bool {
        matches!(self.get(key), Object::Name(found) if found == name.as_bytes())
    }
}

impl Object {
    /// The name of these letters.
    pub fn name(name: &str) -> Object {
        Object::Name(name.into())
    }

    /// The dictionary, a stream's too.
    pub fn dict(&self) -> Option<&Dict> {
        match self {
            Object::Dict(dict) | Object::Stream(dict, _) => Some(dict),
            _ => None,
        }
    }

    /// The whole number.
    pub fn int(&self) -> Option<i64> {
        match self {
            Object::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The members of an array.
    pub fn array(&self) -> Option<&[Object]> {
        match self {
            Object::Array(members) => Some(members),
            _ => None,
        }
    }

    /// The object another one points to.
    pub fn reference(&self) -> Option<Id> {
        match self {
            Object::Reference(id) => Some(*id),
            _ => None,
        }
    }

    /// The number, whole or not.
    pub fn number(&self) -> Option<f64> {
        match self {
            Object::Int(number) => Some(*number as f64),
            Object::Real(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// The whole number, not negative, as an offset in a file.
    pub fn offset(&self) -> Option<u64> {
        self.int().and_then(|number| u64::try_from(number).ok())
    }

    /// The whole number, not negative and small enough for a place in memory.
    pub fn size(&self) -> Option<usize> {
        self.int().and_then(|number| usize::try_from(number).ok())
    }

    /// Writes the object; a stream's bytes are not of it.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Object::Null => out.extend_from_slice(b"null"),
            Object::Bool(true) => out.extend_from_slice(b"true"),
            Object::Bool(false) => out.extend_from_slice(b"false"),
            Object::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Object::Real(digits) => out.extend_from_slice(digits.as_bytes()),
            Object::Name(name) => write_name(name, out),
            Object::Text(text) => {
                out.push(b'<');
                write_hexadecimal(text, out);
                out.push(b'>');
            }
            Object::Array(members) => {
                out.push(b'[');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b' ');
                    }
                    member.write(out);
                }
                out.push(b']');
            }
            Object::Dict(dict) | Object::Stream(dict, _) => {
                out.extend_from_slice(b"<<");
                for (key, value) in &dict.0 {
                    write_name(key, out);
                    out.push(b' ');
                    value.write(out);
                }
                out.extend_from_slice(b">>");
            }
            Object::Reference(id) => {
                out.extend_from_slice(format!("{} {} R", id.number, id.generation).as_bytes());
            }
        }
    }
}

/// Two digits for each byte.
pub(crate) fn write_hexadecimal(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn write_name(name: &[u8], out: &mut Vec<u8>) {
    out.push(b'/');
    for byte in name {
        match byte {
            b'!'..=b'~' if !is_delimiter(*byte) && *byte != b'#' => out.push(*byte),
            other => out.extend_from_slice(format!("#{other:02X}").as_bytes()),
        }
    }
}

/// What stands after `n g obj`.
#[derive(Debug)]
pub(crate) enum Body {
    /// An object and its end.
    Object(Object),
    /// A stream's dictionary; its bytes begin where the parser stands.
    StreamFrom(Dict),
}

/// The bytes are not what the format wants at this offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Where.
    pub offset: usize,
}

/// Reads objects from a place in some bytes on.
#[derive(Debug, Clone)]
pub struct Parser<'a> {
    bytes: &'a [u8],
    /// Where it stands.
    pub at: usize,
    members_left: usize,
}

impl<'a> Parser<'a> {
    /// From `at` on.
    pub fn new(bytes: &'a [u8], at: usize) -> Parser<'a> {
        Parser { bytes, at: at.min(bytes.len()), members_left: MEMBERS_MAX }
    }

    fn wrong<T>(&self) -> Result<T, Malformed> {
        Err(Malformed { offset: self.at })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes past white space and comments.
    pub fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let rest = &self.bytes[self.at..];
                self.at += rest.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// Takes this word, if it stands here as a whole.
    pub fn word(&mut self, word: &str) -> bool {
        self.skip();
        let rest = &self.bytes[self.at..];
        let ends = rest.get(word.len()).is_none_or(|next| is_space(*next) || is_delimiter(*next));
        let found = rest.starts_with(word.as_bytes()) && ends;
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// The next whole number, not negative.
    pub fn number(&mut self) -> Result<u64, Malformed> {
        self.skip();
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = std::str::from_utf8(&rest[..length]).unwrap_or_default();
        match digits.parse() {
            Ok(number) => {
                self.at += length;
                Ok(number)
            }
            Err(_) => self.wrong(),
        }
    }

    /// `n g obj …` up to `endobj` or to the bytes of a stream.
    pub(crate) fn indirect(&mut self) -> Result<(Id, Body), Malformed> {
        let number = self.number()?;
        let generation = self.number()?;
        let id = id(number, generation).ok_or(Malformed { offset: self.at })?;
        if !self.word("obj") {
            return self.wrong();
        }
        let object = self.object()?;
        if let Object::Dict(dict) = object {
            if !self.word("stream") {
                self.end_of_object()?;
                return Ok((id, Body::Object(Object::Dict(dict))));
            }
            // One end of line stands between the word and the bytes.
            self.at += match &self.bytes[self.at..] {
                [b'\r', b'\n', ..] => 2,
                [b'\n' | b'\r', ..] => 1,
                _ => return self.wrong(),
            };
            return Ok((id, Body::StreamFrom(dict)));
        }
        self.end_of_object()?;
        Ok((id, Body::Object(object)))
    }

    fn end_of_object(&mut self) -> Result<(), Malformed> {
        if self.word("endobj") { Ok(()) } else { self.wrong() }
    }

    /// The next object.
    pub fn object(&mut self) -> Result<Object, Malformed> {
        self.nested(0)
    }

    fn nested(&mut self, depth: u32) -> Result<Object, Malformed> {
        if depth > DEPTH_MAX {
            return self.wrong();
        }
        self.skip();
        let rest = &self.bytes[self.at..];
        match rest {
            [b'<', b'<', ..] => self.dict(depth).map(Object::Dict),
            [b'<', ..] => self.hexadecimal(),
            [b'(', ..] => self.literal(),
            [b'[', ..] => self.array(depth),
            [b'/', ..] => self.name().map(Object::Name),
            [b'0'..=b'9' | b'+' | b'-' | b'.', ..] => self.numeric(),
            _ => {
                for (word, object) in
                    [("true", Object::Bool(true)), ("false", Object::Bool(false)), ("null", Object::Null)]
                {
                    if self.word(word) {
                        return Ok(object);
                    }
                }
                self.wrong()
            }
        }
    }

    fn count(&mut self) -> Result<(), Malformed> {
        match self.members_left.checked_sub(1) {
            Some(left) => {
                self.members_left = left;
                Ok(())
            }
            None => self.wrong(),
        }
    }

    fn array(&mut self, depth: u32) -> Result<Object, Malformed> {
        self.at += 1;
        let mut members = vec![];
        loop {
            self.skip();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Object::Array(members));
            }
            self.count()?;
            members.push(self.nested(depth + 1)?);
        }
    }

    fn dict(&mut self, depth: u32) -> Result<Dict, Malformed> {
        self.at += 2;
        let mut dict = Dict::default();
        loop {
            self.skip();
            if self.bytes[self.at..].starts_with(b">>") {
                self.at += 2;
                return Ok(dict);
            }
            if self.peek() != Some(b'/') {
                return self.wrong();
            }
            self.count()?;
            let key = self.name()?;
            let value = self.nested(depth + 1)?;
            dict.0.push((key, value));
        }
    }

    fn name(&mut self) -> Result<Vec<u8>, Malformed> {
        self.at += 1;
        let mut name = vec![];
        while let Some(byte) = self.peek().filter(|byte| !is_space(*byte) && !is_delimiter(*byte)) {
            let escaped =
                self.bytes.get(self.at + 1..self.at + 3).filter(|_| byte == b'#').and_then(hex_pair);
            name.push(escaped.unwrap_or(byte));
            self.at += if escaped.is_some() { 3 } else { 1 };
        }
        Ok(name)
    }

    /// A number, or a reference, which begins like one.
    fn numeric(&mut self) -> Result<Object, Malformed> {
        let rest = &self.bytes[self.at..];
        let length =
            rest.iter().take_while(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.')).count();
        let written = std::str::from_utf8(&rest[..length]).unwrap_or_default();
        if written.contains('.') {
            if !written.bytes().any(|b| b.is_ascii_digit()) {
                return self.wrong();
            }
            self.at += length;
            return Ok(Object::Real(written.into()));
        }
        let Ok(number) = written.parse::<i64>() else {
            return self.wrong();
        };
        self.at += length;
        let mut ahead = self.clone();
        if let Ok(generation) = ahead.number()
            && ahead.word("R")
            && let Some(id) = u64::try_from(number).ok().and_then(|number| id(number, generation))
        {
            self.at = ahead.at;
            return Ok(Object::Reference(id));
        }
        Ok(Object::Int(number))
    }

    fn hexadecimal(&mut self) -> Result<Object, Malformed> {
        self.at += 1;
        let rest = &self.bytes[self.at..];
        let Some(end) = memchr::memchr(b'>', rest) else {
            return self.wrong();
        };
        let mut digits: Vec<u8> = rest[..end].iter().copied().filter(|byte| !is_space(*byte)).collect();
        if digits.len() % 2 == 1 {
            digits.push(b'0');
        }
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(hex_pair).collect();
        match bytes {
            Some(bytes) => {
                self.at += end + 1;
                Ok(Object::Text(bytes))
            }
            None => self.wrong(),
        }
    }

    fn literal(&mut self) -> Result<Object, Malformed> {
        self.at += 1;
        let mut text = vec![];
        let mut open = 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(Object::Text(text));
                    }
                }
                b'\\' => {
                    self.escape(&mut text);
                    continue;
                }
                b'\r' => {
                    self.at += usize::from(self.peek() == Some(b'\n'));
                    text.push(b'\n');
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
        self.wrong()
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\r' => self.at += usize::from(self.peek() == Some(b'\n')),
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else {
                        break;
                    };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                text.push(code as u8);
            }
            other => text.push(other),
        }
    }
}

fn id(number: u64, generation: u64) -> Option<Id> {
    Some(Id { number: u32::try_from(number).ok()?, generation: u16::try_from(generation).ok()? })
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match pair {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    }
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}
