//! What a backup says of itself.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Failed, files};
use crate::{
    audit,
    catalogue::Column,
    digest::{sha256_hex, unhex},
};

/// The format's name, which is in the manifest.
pub(super) const FORMAT: &str = "cuulong-backup-1";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const MANIFEST_SUM: &str = "manifest.sha256";
pub(super) const TABLES: &str = "tables";
pub(super) const CONTENTS: &str = "contents";

/// A backup's table of contents. `BACKUP.md` tells the meaning of each field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: String,
    /// UUIDv7.
    pub id: String,
    /// The version of the program that made it.
    pub product: String,
    /// The engine it was made from: for information, a restore does not look at it.
    pub engine: String,
    /// The snapshot is not older than this, in microseconds since 1970, UTC.
    pub began_at: i64,
    pub migrations: Vec<Applied>,
    pub tables: Vec<TableFile>,
    pub audit: AuditEnd,
    /// The contents that lie beside it.
    pub contents: Counted,
    /// SHA-256 of contents that the rows need and that were missing or damaged already when the backup
    /// was made.
    pub lost: Vec<String>,
}

/// A migration that had been applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    pub system: String,
    pub name: String,
    pub hash: String,
}

/// A table's rows in a file of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFile {
    pub name: String,
    pub(crate) columns: Vec<Column>,
    pub rows: u64,
    pub size_bytes: u64,
    pub sha256: String,
    /// The last number the database had given, where it gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_number: Option<i64>,
}

/// The audit book as the snapshot has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEnd {
    pub entries: u64,
    pub chained: u64,
    pub unchained_tail: u64,
    /// The chain's end; `None` when the chain was broken already.
    pub head: Option<String>,
    /// The first number at which it was broken already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<i64>,
}

impl From<audit::Report> for AuditEnd {
    fn from(report: audit::Report) -> Self {
        AuditEnd {
            entries: report.entries,
            chained: report.chained,
            unchained_tail: report.unchained_tail,
            head: report.head,
            broken_at: report.broken.map(|broken| broken.no),
        }
    }
}

/// So many, and how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub count: u64,
    pub size_bytes: u64,
}

impl Manifest {
    /// The rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Writes it and its sum, durably.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failed> {
        let path = folder.join(MANIFEST);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|e| Failed::File { path: path.clone(), why: e.to_string() })?;
        text.push('\n');
        files::write_durably(&path, text.as_bytes())?;
        let sum = format!("{}  {MANIFEST}\n", sha256_hex(text.as_bytes()));
        files::write_durably(&folder.join(MANIFEST_SUM), sum.as_bytes())
    }

    /// Reads it and compares it with its sum.
    pub(super) fn read(folder: &Path) -> Result<Manifest, Failed> {
        let (path, sum_path) = (folder.join(MANIFEST), folder.join(MANIFEST_SUM));
        let bytes = std::fs::read(&path).map_err(Failed::file(&path))?;
        let sum = std::fs::read_to_string(&sum_path).map_err(Failed::file(&sum_path))?;
        if sum != format!("{}  {MANIFEST}\n", sha256_hex(&bytes)) {
            return Err(Failed::damaged(&path, format!("it does not fit {MANIFEST_SUM}")));
        }
        // The format first: of another one nothing else need be readable.
        let not_json = |e: serde_json::Error| Failed::damaged(&path, e.to_string());
        let any: serde_json::Value = serde_json::from_slice(&bytes).map_err(not_json)?;
        let format = any["format"].as_str().unwrap_or_default();
        if format != FORMAT {
            return Err(Failed::Format(format.into()));
        }
        let manifest: Manifest = serde_json::from_value(any).map_err(not_json)?;
        let plain =
            |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        match manifest.tables.iter().find(|table| !plain(&table.name) || unhex(&table.sha256).is_none()) {
            Some(table) => Err(Failed::damaged(&path, format!("the table “{}”", table.name))),
            None => Ok(manifest),
        }
    }
}
