//! The installation's secret: a file that only this program reads.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::KeyTrouble;
use super::envelope::SALT_BYTES;

const SECRET_BYTES: usize = 32;
/// A file larger than this is no secret of ours.
const FILE_BYTES_MAX: u64 = 4 * 1024;

/// The secret, and the salt with which new keys are wrapped.
pub struct Secret {
    pub bytes: pki::key::Secret,
    pub salt: [u8; SALT_BYTES],
}

impl Secret {
    /// Reads the file, or makes it when there is none and `may_make`: 32 random bytes and a salt, mode 0600.
    pub fn read_or_make(place: &Path, may_make: bool) -> Result<Secret, KeyTrouble> {
        match std::fs::metadata(place) {
            Ok(about) => read(place, &about),
            Err(e) if e.kind() == ErrorKind::NotFound && may_make => make(place),
            Err(e) => Err(KeyTrouble::SecretMissing(format!("{}: {e}", place.display()))),
        }
    }
}

fn unfit(place: &Path, why: &str) -> KeyTrouble {
    KeyTrouble::SecretUnfit(format!("{}: {why}", place.display()))
}

fn read(place: &Path, about: &std::fs::Metadata) -> Result<Secret, KeyTrouble> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(unfit(place, "others can read it; set its mode to 0600"));
        }
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(unfit(place, "too large"));
    }
    let text = std::fs::read_to_string(place).map_err(|e| unfit(place, &e.to_string()))?;
    let text = zeroize::Zeroizing::new(text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let secret = lines.next().and_then(|line| unhex(line, SECRET_BYTES));
    let salt = lines.next().and_then(|line| unhex(line, SALT_BYTES)?.as_slice().try_into().ok());
    match (secret, salt) {
        (Some(bytes), Some(salt)) => Ok(Secret { bytes, salt }),
        _ => Err(unfit(place, "two lines are wanted: 64 and 32 hexadecimal digits")),
    }
}

fn make(place: &Path) -> Result<Secret, KeyTrouble> {
    let (mut bytes, mut salt) = (pki::key::Secret::new(vec![0; SECRET_BYTES]), [0; SALT_BYTES]);
    let filled = aws_lc_rs::rand::fill(&mut bytes).and_then(|()| aws_lc_rs::rand::fill(&mut salt));
    filled.map_err(|_| KeyTrouble::NotMade)?;
    let text = format!(
        "# Secret of this installation's private keys. Keep a copy apart from the backups: without it no \
         key can be opened.\n{}\n{}\n",
        hex(&bytes),
        hex(&salt)
    );
    let text = zeroize::Zeroizing::new(text);
    match whole(place, text.as_bytes()) {
        Ok(()) => Ok(Secret { bytes, salt }),
        // Somebody else made it in the same moment: theirs stands.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Secret::read_or_make(place, false),
        Err(e) => Err(unfit(place, &e.to_string())),
    }
}

/// Makes the file with all its bytes or not at all, and never over another: a node that starts in the same
/// moment must not read half of it.
fn whole(place: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // mode 0600
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(place).map_err(|e| e.error)?;
    std::fs::File::open(folder)?.sync_all()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        use std::fmt::Write;
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn unhex(text: &str, bytes: usize) -> Option<pki::key::Secret> {
    if text.len() != 2 * bytes || !text.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok();
    (0..bytes).map(byte).collect::<Option<Vec<u8>>>().map(pki::key::Secret::new)
}
