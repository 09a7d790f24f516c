//! Backup and restore: the rows of one instant and the contents they name, in a format that knows no
//! engine. `BACKUP.md` specifies it.
//!
//! A backup is taken while the installation runs. Whatever is cut off, by a crash or a full disk, is
//! never taken for a whole backup or a whole installation: the folder gets its name last, and a
//! restore's rows come in one transaction, after the contents.

mod contents;
mod files;
mod manifest;
mod restore;
mod rows;
mod take;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use manifest::{AuditEnd, Counted, Manifest, TableFile};
pub use restore::{Checked, Restored, check, restore};
pub use take::{Taken, take};

use crate::error::Error;

/// Hears what is going on, how much of it is done, and of how much.
pub type Progress = Arc<dyn Fn(&'static str, u64, u64) + Send + Sync>;

/// Why a backup or a restore came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    Store(Error),
    /// A file or folder cannot be read or written.
    File {
        path: PathBuf,
        why: String,
    },
    /// Another backup is being made into this folder.
    Busy(PathBuf),
    /// No whole backup lies here.
    NoBackup(PathBuf),
    /// The backup is of a format that this program does not know.
    Format(String),
    /// The backup was made by a newer program: it has a migration that this one does not know.
    Newer {
        system: String,
        name: String,
    },
    /// A migration of the backup has another text in this program.
    Changed {
        system: String,
        name: String,
    },
    /// A file of the backup is not as it was written.
    Damaged {
        path: PathBuf,
        why: String,
    },
    /// There are tables already where the backup should be restored to.
    NotEmpty {
        tables: usize,
    },
    /// The rows are in, but do not say what the manifest says: nothing of them was kept.
    Differs(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Store(e) => e.fmt(f),
            Failed::File { path, why } => write!(f, "{}: {why}", path.display()),
            Failed::Busy(path) => write!(f, "another backup is being made into {}", path.display()),
            Failed::NoBackup(path) => write!(f, "there is no whole backup in {}", path.display()),
            Failed::Format(found) => {
                write!(f, "the backup is in the format “{found}”, which this program does not know")
            }
            Failed::Newer { system, name } => {
                write!(f, "the backup was made by a newer version: it has migration {system}/{name}")
            }
            Failed::Changed { system, name } => {
                write!(f, "migration {system}/{name} of the backup has another text in this program")
            }
            Failed::Damaged { path, why } => write!(f, "the backup is damaged: {}: {why}", path.display()),
            Failed::NotEmpty { tables } => {
                write!(
                    f,
                    "a backup is restored into an empty database only, and this one has {tables} tables"
                )
            }
            Failed::Differs(why) => write!(f, "the restored rows are not those of the backup: {why}"),
        }
    }
}

impl std::error::Error for Failed {}

impl From<Error> for Failed {
    fn from(e: Error) -> Self {
        Failed::Store(e)
    }
}

impl Failed {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Failed {
        move |e| Failed::File { path: path.to_owned(), why: e.to_string() }
    }

    fn damaged(path: &Path, why: impl Into<String>) -> Failed {
        Failed::Damaged { path: path.to_owned(), why: why.into() }
    }
}
