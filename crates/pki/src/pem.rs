//! PEM: bytes between lines of dashes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One block of a PEM text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands between `BEGIN` and the dashes.
    pub label: String,
    /// The bytes.
    pub der: Vec<u8>,
}

/// The text holds a block that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// A block without its end line.
    #[error("a block without its end")]
    Unclosed,
    /// Not base64 inside.
    #[error("a block that is not base64")]
    NotBase64,
    /// More than [`BLOCKS_MAX`] blocks.
    #[error("too many blocks")]
    TooMany,
}

/// How many blocks one text may have.
pub const BLOCKS_MAX: usize = 20_000;

const BEGIN: &str = "-----BEGIN ";

/// The text looks like PEM.
pub fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).take(64 * 1024).any(|window| window == BEGIN.as_bytes())
}

/// All blocks of a text, in order; words between them are passed over.
pub fn read(bytes: &[u8]) -> Result<Vec<Block>, PemError> {
    let text = String::from_utf8_lossy(bytes);
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix("-----")) else {
            continue;
        };
        if blocks.len() >= BLOCKS_MAX {
            return Err(PemError::TooMany);
        }
        let end = format!("-----END {label}-----");
        let mut base64 = String::new();
        loop {
            match lines.next() {
                None => return Err(PemError::Unclosed),
                Some(line) if line == end => break,
                // headers of encrypted keys of old
                Some(line) if line.contains(':') => {}
                Some(line) => base64.push_str(line),
            }
        }
        let der = STANDARD.decode(base64.as_bytes()).map_err(|_| PemError::NotBase64)?;
        blocks.push(Block { label: label.to_string(), der });
    }
    Ok(blocks)
}

/// One block as text, 64 characters a line.
pub fn write(label: &str, der: &[u8]) -> String {
    let mut text = format!("{BEGIN}{label}-----\n");
    let base64 = STANDARD.encode(der);
    for line in base64.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
