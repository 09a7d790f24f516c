//! What a request for a file in pieces says in its headers, and how much one account may have on its
//! way. The words of the headers are those of the tus protocol 1.0.0 and its extensions creation,
//! checksum, expiration and termination.

use aws_lc_rs::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base::Instant;
use base::limits::{DOSSIER_FILES_MAX, DOSSIER_SIZE_BYTES_MAX};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::Refusal;

/// Files of one account that may be on their way at once: those of a full dossier.
const OPEN_FILES_MAX: i64 = DOSSIER_FILES_MAX as i64;
/// The bytes they may have together.
const OPEN_BYTES_MAX: u64 = DOSSIER_SIZE_BYTES_MAX;
/// Rows one file may be cut into.
const PIECES_MAX: i64 = 4_000;

/// What the sender says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    pub name: String,
    pub draft: Option<String>,
    pub component: Option<String>,
}

/// Reads `Upload-Metadata`: pairs of a key and a value in Base64, with commas between. Unknown keys
/// are passed over; `None` for what is no such list.
pub fn metadata(header: &str) -> Option<Metadata> {
    let mut told = Metadata::default();
    for pair in header.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        match key {
            "filename" => told.name = value,
            "draft" => told.draft = Some(value),
            "component" => told.component = Some(value),
            _ => {}
        }
    }
    Some(told)
}

/// The digest a sender tells of its piece.
#[derive(Clone, Debug)]
pub struct Checksum {
    algorithm: &'static Algorithm,
    told: Vec<u8>,
}

impl Checksum {
    /// The algorithms as the protocol names them.
    pub const NAMES: &'static str = "sha256,sha1";

    /// Reads `Upload-Checksum`; `None` for another algorithm or what is no Base64.
    pub fn read(header: &str) -> Option<Checksum> {
        let (name, told) = header.split_once(' ')?;
        let algorithm = match name {
            "sha256" => &SHA256,
            "sha1" => &SHA1_FOR_LEGACY_USE_ONLY,
            _ => return None,
        };
        Some(Checksum { algorithm, told: STANDARD.decode(told.trim()).ok()? })
    }

    /// Whether these are the bytes that were sent.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        digest::digest(self.algorithm, bytes).as_ref() == self.told
    }
}

/// Whether an account with so many files on their way may begin one more.
pub fn room(files: i64, bytes: i64, more: i64) -> Result<(), Refusal> {
    let too_many = files >= OPEN_FILES_MAX || (bytes + more).unsigned_abs() > OPEN_BYTES_MAX;
    if too_many { Err(Refusal::TooManyWaiting) } else { Ok(()) }
}

/// Whether a file may be cut once more.
pub fn may_grow(pieces: i64) -> Result<(), Refusal> {
    if pieces >= PIECES_MAX { Err(Refusal::TooManyPieces) } else { Ok(()) }
}

/// An instant as HTTP writes it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(at: Instant) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = at.micros().div_euclid(1_000_000);
    let day =
        base::Day::new(1970, 1, 1).expect("the first day of the count").plus(seconds.div_euclid(86_400));
    let (year, month, of_month) = day.civil();
    // 1 January 1970 was a Thursday.
    let weekday = DAYS[usize::try_from((seconds.div_euclid(86_400) + 3).rem_euclid(7)).unwrap_or(0)];
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let month = MONTHS[usize::from(month) - 1];
    format!("{weekday}, {of_month:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_are_read_as_the_protocol_writes_them() {
        let told = metadata("filename Z2nhuqV5LnBkZg==, draft ZDE=,component Yw==,is_confidential").unwrap();
        let component = Some("c".to_string());
        assert_eq!(told, Metadata { name: "giấy.pdf".into(), draft: Some("d1".into()), component });
        assert_eq!(metadata(""), Some(Metadata::default()));
        assert_eq!(metadata("filename !"), None);

        let right = Checksum::read("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=").unwrap();
        assert!(right.fits(b"hello world"));
        assert!(!right.fits(b"hello  world"));
        let right = Checksum::read("sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=").unwrap();
        assert!(right.fits(b"hello world"));
        assert!(Checksum::read("md5 XrY7u+Ae7tCTyyK7j1rNww==").is_none());
        assert!(Checksum::read("sha256").is_none());
    }

    #[test]
    fn an_account_has_room_for_one_full_dossier() {
        const MB: i64 = 1 << 20;
        let table = [
            (0, 0, 20 * MB, true),
            (29, 80 * MB, 20 * MB, true),
            (30, 30 * MB, 1, false),
            (5, 80 * MB, 20 * MB + 1, false),
        ];
        for (files, bytes, more, fits) in table {
            assert_eq!(room(files, bytes, more).is_ok(), fits, "{files} {bytes} {more}");
        }
        assert!(may_grow(3_999).is_ok() && may_grow(4_000).is_err());
    }

    #[test]
    fn a_date_is_written_as_http_writes_it() {
        let at = |text| Instant::parse_rfc3339(text).unwrap();
        assert_eq!(http_date(at("1994-11-06T15:49:37+07:00")), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(at("2026-08-20T03:00:05+07:00")), "Wed, 19 Aug 2026 20:00:05 GMT");
    }
}
