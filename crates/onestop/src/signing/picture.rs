//! Pictures of hand-written signatures and of seals: brought as PNG, looked at, written anew and kept with
//! their history. Results show them (`draw`); without one the name stands there. law: nd30/signature

pub mod pages;
mod rules;
pub mod store;

use base::Id;
use bytes::Bytes;
use db::blobs::Hash;
use db::{Act, Tx};
use pdfsig::appearance::{Image, ImageFault, clean_png};
use trust::signing::Part;
use web::{FieldError, Problem};

use super::draw::Picture;
use super::word;
use crate::App;
use crate::words_office::say;
use rules::Fault;

pub enum PictureKind {}
/// The id of a picture.
pub type PictureId = Id<PictureKind>;

/// The largest file that is taken, in bytes.
pub const SIZE_BYTES_MAX: u64 = 1024 * 1024;

/// What somebody brings.
#[derive(Clone, Debug)]
pub struct Brought {
    pub part: Part,
    /// The account, or the unit whose seal it is.
    pub whose: String,
    pub bytes: Bytes,
    /// How wide a seal is, in millimetres.
    pub width_mm: Option<i64>,
}

/// Takes a picture into use. The one before it stays as what was signed with it.
///
/// # Errors
/// Refusals at the fields `tep` (no PNG, too big, too small, empty, of another colour, opaque) and
/// `width_mm`, all at once; the store's.
pub async fn bring(app: &App, brought: Brought, by: &str, act: Act) -> Result<(), Problem> {
    let (part, bytes) = (brought.part, brought.bytes.clone());
    let read = tokio::task::spawn_blocking(move || -> Result<(Image, Vec<u8>), ImageFault> {
        let clean = clean_png(&bytes)?;
        Ok((Image::png(&clean)?, clean))
    });
    let read = read.await.map_err(Problem::fault)?;
    let faults = match &read {
        Ok((image, _)) => rules::faults(part, image, brought.width_mm),
        Err(ImageFault::NotPng) => vec![Fault::NotPng],
        Err(ImageFault::TooBig) => vec![Fault::TooBig],
    };
    if !faults.is_empty() {
        return Err(Problem::Invalid(faults.into_iter().map(at_field).collect()));
    }
    let Ok((image, clean)) = read else { return Ok(()) };
    let now = act.at;
    let size = i64::try_from(clean.len()).unwrap_or(i64::MAX);
    let sha256 = app.site.blobs.store(&app.site.db, act.clone(), clean).await?;
    let (width, height) = image.size();
    let row = store::Row {
        id: PictureId::fresh(),
        sha256,
        size,
        width: i64::from(width),
        height: i64::from(height),
        width_mm: brought.width_mm.filter(|_| part == Part::Seal),
        added_by: by.to_string(),
        added_at: now,
        ended_at: None,
    };
    let (whose, by) = (brought.whose, by.to_string());
    let write = async move |tx: &mut Tx| -> db::Result<()> {
        store::end(tx, word(part), &whose, &by, now).await?;
        db::blobs::commit(tx, &row.sha256).await?;
        store::save(tx, word(part), &whose, &row).await
    };
    app.site.db.write(act, write).await?;
    Ok(())
}

/// Takes the picture out of use; the name stands in its place from then on.
pub async fn put_away(app: &App, part: Part, whose: &str, by: &str, act: Act) -> Result<(), Problem> {
    let (whose, by, now) = (whose.to_string(), by.to_string(), act.at);
    let write = async move |tx: &mut Tx| store::end(tx, word(part), &whose, &by, now).await;
    Ok(app.site.db.write(act, write).await?)
}

/// The picture in use of this account or unit.
pub async fn find(app: &App, part: &str, whose: &str) -> Result<Option<Picture>, Problem> {
    let (part, whose) = (part.to_string(), whose.to_string());
    let read = async move |tx: &mut Tx| store::find(tx, &part, &whose).await;
    let Some(row) = app.site.db.read(read).await? else { return Ok(None) };
    let bytes = app.site.blobs.get_kept(&row.sha256).await?;
    let image = tokio::task::spawn_blocking(move || Image::png(&bytes));
    let image = image.await.map_err(Problem::fault)?;
    let image = image.map_err(|e| Problem::fault(format!("a kept picture cannot be read: {e:?}")))?;
    // Ours are whole millimetres; f64 holds every one of them.
    Ok(Some(Picture { image, width_mm: row.width_mm.map(|mm| mm as f64) }))
}

/// The bytes of a picture, for whoever may see it.
pub async fn bytes(app: &App, sha256: &Hash) -> Result<Bytes, Problem> {
    Ok(app.site.blobs.get_kept(sha256).await?)
}

/// What is said of the time a picture was in use.
pub fn told(row: &store::Row) -> String {
    let from = base::format::time_vn(row.added_at);
    match row.ended_at {
        None => say("signing.picture_since", &[("from", &from)]),
        Some(until) => {
            let until = base::format::time_vn(until);
            say("signing.picture_until", &[("from", &from), ("until", &until)])
        }
    }
}

/// A fault at its field, in words.
fn at_field(fault: Fault) -> FieldError {
    let (least, most) = (rules::SIDE_PX_MIN.to_string(), rules::SIDE_PX_MAX.to_string());
    let (mm_least, mm_most) = (rules::SEAL_MM.start().to_string(), rules::SEAL_MM.end().to_string());
    let sides = [("least", least.as_str()), ("most", most.as_str())];
    match fault {
        Fault::NotPng => FieldError::new("tep", say("signing.picture_not_png", &[])),
        Fault::TooBig => FieldError::new("tep", say("signing.picture_too_big", &[])),
        Fault::Sides => FieldError::new("tep", say("signing.picture_sides", &sides)),
        Fault::Empty => FieldError::new("tep", say("signing.picture_empty", &[])),
        Fault::NotBlue => FieldError::new("tep", say("signing.picture_not_blue", &[])),
        Fault::NotRed => FieldError::new("tep", say("signing.picture_not_red", &[])),
        Fault::Opaque => FieldError::new("tep", say("signing.picture_opaque", &[])),
        Fault::Width => {
            let mm = [("least", mm_least.as_str()), ("most", mm_most.as_str())];
            FieldError::new("width_mm", say("signing.picture_width", &mm))
        }
    }
}
