//! The message of a signature that was prepared earlier: the file with the empty room was kept, and the key
//! has answered since.

use super::{CannotSign, Patch};
use crate::file::File;
use crate::object::write_hexadecimal;
use crate::source::Source;
use crate::verify::{Covers, signatures};

/// Where the message of a prepared file goes: the file is the one that was prepared, with the update at its
/// end, and `field` the one that was signed. The message is taken when it is a signature over this very file
/// and fits; whom it is by is for the caller.
///
/// # Errors
/// [`CannotSign::NotLast`] when the field has no empty room or something came after it,
/// [`CannotSign::TooLong`], [`CannotSign::NotCms`] when the message is no signature over the file.
pub fn complete(source: &dyn Source, field: &str, message: &[u8]) -> Result<Patch, CannotSign> {
    let file = File::open(source)?;
    let found = signatures(&file)?;
    let mut signature =
        found.into_iter().find(|signature| signature.field == field).ok_or(CannotSign::NotLast)?;
    let is_last = signature.covers == Covers::File && signature.findings.is_empty();
    let is_empty = signature.message.iter().all(|byte| *byte == 0);
    let Some([before, after]) = signature.ranges.clone().filter(|_| is_last && is_empty) else {
        return Err(CannotSign::NotLast);
    };
    let room_bytes = ((after.start - before.end) as usize - 2) / 2;
    if message.len() > room_bytes {
        return Err(CannotSign::TooLong { message_bytes: message.len(), room_bytes });
    }
    signature.message = message.to_vec();
    signature.message.resize(room_bytes, 0);
    if !signature.check(&file, &[]).is_intact() {
        return Err(CannotSign::NotCms);
    }
    let mut bytes = vec![b'<'];
    write_hexadecimal(message, &mut bytes);
    bytes.resize(2 * room_bytes + 1, b'0');
    bytes.push(b'>');
    Ok(Patch { at: before.end, bytes })
}
