//! Many rows in the binary format of PostgreSQL's COPY (its manual, COPY, "Binary Format"), encoded straight
//! from values and sent in large pieces: the driver's own writer wakes the connection every four kilobytes.

use std::pin::pin;

use bytes::{BufMut, Bytes, BytesMut};
use deadpool_postgres::Object;
use futures_util::SinkExt;
use tokio_postgres::types::{IsNull, ToSql, Type};

use super::AnyError;
use crate::value::Value;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// A piece goes when it is so long, in bytes.
const PIECE: usize = 64 * 1024;

/// Puts rows of as many values as `types` has, with the text `copy`. The inner error is of a value that its
/// column does not take; then nothing was put, and the transaction is as after any failed statement.
pub(super) async fn put(
    c: &Object,
    copy: &str,
    types: &[Type],
    values: &[Value<'_>],
) -> Result<Result<u64, AnyError>, tokio_postgres::Error> {
    let mut sink = pin!(c.copy_in::<_, Bytes>(copy).await?);
    let mut piece = BytesMut::with_capacity(PIECE + PIECE / 4);
    piece.put_slice(SIGNATURE);
    piece.put_u64(0); // no flags, and no longer header
    for row in values.chunks_exact(types.len().max(1)) {
        if let Err(e) = put_row(row, types, &mut piece) {
            return Ok(Err(e)); // the sink, dropped, makes the statement fail
        }
        if piece.len() >= PIECE {
            sink.send(piece.split().freeze()).await?;
            piece.reserve(PIECE + PIECE / 4);
        }
    }
    piece.put_i16(-1);
    sink.send(piece.freeze()).await?;
    sink.finish().await.map(Ok)
}

fn put_row(row: &[Value<'_>], types: &[Type], out: &mut BytesMut) -> Result<(), AnyError> {
    out.put_i16(i16::try_from(row.len())?);
    for (value, ty) in row.iter().zip(types) {
        let at = out.len();
        out.put_i32(-1); // null, until it turns out to be something
        if let IsNull::No = value.to_sql(ty, out)? {
            let length = i32::try_from(out.len() - at - 4)?;
            out[at..at + 4].copy_from_slice(&length.to_be_bytes());
        }
    }
    Ok(())
}
