//! Looking for contents that the disk has lost or changed, and bringing them back from a backup. A read
//! tells of damage too, but only of what somebody happens to read.

use std::{fs::File, io::Read, path::Path};

use bytes::Bytes;
use futures_util::StreamExt;

use super::{Blobs, Hash, PutError};
use crate::{
    Act, Db, args,
    error::{Error, Result},
    tx::Tx,
};

/// Rows looked at in one go.
const BATCH: i64 = 256;
/// What is read of a file at a time.
const PIECE_BYTES: usize = 1 << 18;

/// What became of the contents that rows need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many are whole, and their size.
    pub whole: u64,
    pub whole_bytes: u64,
    /// Not there at all.
    pub lost: Vec<Hash>,
    /// There, with other bytes than were put.
    pub damaged: Vec<Hash>,
}

impl Findings {
    /// Whether every needed content is there as it was put.
    pub fn is_good(&self) -> bool {
        self.lost.is_empty() && self.damaged.is_empty()
    }
}

impl Blobs {
    /// Reads every content that a row needs and compares it with its hash. Takes as long as reading them
    /// all; may go on while the installation is served. `heard` is called with each batch's end.
    ///
    /// # Errors
    /// `Unavailable` when the database or the store does not answer.
    pub async fn check(&self, db: &Db, mut heard: impl FnMut(&Findings)) -> Result<Findings> {
        let mut found = Findings::default();
        let mut last = String::new();
        loop {
            let after = last.clone();
            let needed = async move |tx: &mut Tx| -> Result<Vec<Hash>> {
                let sql = "select hash from content where hash > $1 and refs > 0 order by hash limit $2";
                tx.list(sql, args![after, BATCH]).await
            };
            let needed = db.read(needed).await?;
            let Some(end) = needed.last() else { return Ok(found) };
            last = end.to_string();
            for hash in needed {
                match self.is_whole(&hash).await {
                    Ok(size) => {
                        found.whole += 1;
                        found.whole_bytes += size;
                    }
                    Err(Error::NotFound) => found.lost.push(hash),
                    Err(Error::Fault(_)) => found.damaged.push(hash),
                    Err(e) => return Err(e),
                }
            }
            heard(&found);
        }
    }

    /// The size of a content that fits its hash.
    async fn is_whole(&self, hash: &Hash) -> Result<u64> {
        let (size, pieces) = self.read(hash).await?;
        let mut pieces = std::pin::pin!(pieces);
        while let Some(piece) = pieces.next().await {
            piece?;
        }
        Ok(size)
    }

    /// Puts a lost or damaged content back from a folder with the layout of a store, as a backup's
    /// `contents` is. Whether the folder had it.
    ///
    /// # Errors
    /// `Fault` when the bytes there are damaged too; `Unavailable` when they cannot be read or put.
    pub async fn bring_back(&self, db: &Db, act: Act, hash: Hash, folder: &Path) -> Result<bool> {
        let name = hash.to_string();
        let Ok(mut file) = File::open(folder.join(&name[..2]).join(&name)) else { return Ok(false) };
        let mut upload = self.upload(db, act, u64::MAX);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let n = file.read(&mut piece).map_err(|e| super::unavailable("reading a backup", &e))?;
            if n == 0 {
                break;
            }
            upload.write(Bytes::copy_from_slice(&piece[..n])).await.map_err(|e| match e {
                PutError::Store(e) => e,
                PutError::TooLarge { .. } => Error::Fault("a content beyond all limits".into()),
            })?;
        }
        upload.bring(hash).await.map(|()| true)
    }
}
