//! The closed room in which a template becomes a PDF: four fonts, our own templates, one data file.
//! A template can read nothing else: no disk, no network, no package, no clock.

use std::sync::LazyLock;

use base::Instant;
use serde_json::Value;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Label, Smart, Value as Typed};
use typst::introspection::MetadataElem;
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::{LazyHash, PicoStr};
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::{Pdf, RenderError, SignHere, fonts};

/// Vietnam keeps UTC+7 all year.
const OFFSET_MINUTES: i32 = 7 * 60;

/// Results of a layout step are kept while one of the last ten renders used them.
const EVICT_AFTER_RENDERS: usize = 10;

const DATA: &str = "data.json";

const FONTS: [&[u8]; 4] = [fonts::REGULAR, fonts::ITALIC, fonts::BOLD, fonts::BOLD_ITALIC];

macro_rules! templates {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("../templates/", $name)))),*] };
}

const TEMPLATES: [(&str, &str); 27] = templates![
    "house.typ",
    "receipt.typ",
    "slip.typ",
    "validation.typ",
    "supplement-request.typ",
    "refusal.typ",
    "money-receipt.typ",
    "apology.typ",
    "stop-notice.typ",
    "control-slip.typ",
    "handover-list.typ",
    "register.typ",
    "birth-certificate.typ",
    "certified-copy.typ",
    "building-permit.typ",
    "decision-letter.typ",
    "record.typ",
    "marriage-certificate.typ",
    "death-extract.typ",
    "civil-status-extract.typ",
    "marital-status.typ",
    "certified-signature.typ",
    "residence-notice.typ",
    "household-business.typ",
    "mediation-minutes.typ",
    "poverty-decision.typ",
    "interlinked-notice.typ",
];

/// What all renders of the process share.
struct Kit {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    sources: Vec<Source>,
    data: FileId,
}

static KIT: LazyLock<Kit> = LazyLock::new(|| {
    let fonts: Vec<Font> = FONTS.iter().flat_map(|bytes| Font::iter(Bytes::new(*bytes))).collect();
    Kit {
        library: LazyHash::new(Library::default()),
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        fonts,
        sources: TEMPLATES.iter().map(|(name, text)| Source::new(id(name), (*text).to_owned())).collect(),
        data: id(DATA),
    }
});

fn id(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("our template names are plain file names");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

/// Whether each of the four fonts can show `c`; a missing glyph is an error of PDF/A.
pub(crate) fn can_print(c: char) -> bool {
    KIT.fonts.iter().all(|font| font.info().coverage.contains(u32::from(c)))
}

struct Room {
    main: FileId,
    data: Bytes,
}

impl World for Room {
    fn library(&self) -> &LazyHash<Library> {
        &KIT.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &KIT.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        KIT.sources.iter().find(|source| source.id() == id).cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == KIT.data { Ok(self.data.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        KIT.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// Compiles `template` with `data` and exports PDF/A-2b stamped with `at`. The same template, data and
/// instant give the same bytes.
pub(crate) fn render(template: &str, data: &Value, at: Instant) -> Result<Pdf, RenderError> {
    let room = Room { main: id(template), data: Bytes::from_string(data.to_string()) };
    let pdf = typeset(&room, template, at);
    comemo::evict(EVICT_AFTER_RENDERS);
    pdf
}

fn typeset(room: &Room, template: &str, at: Instant) -> Result<Pdf, RenderError> {
    let fault = |problems: &[SourceDiagnostic]| RenderError::Template {
        template: template.to_owned(),
        problem: problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>().join("; "),
    };
    let compiled = typst::compile::<PagedDocument>(room);
    if cfg!(test) && !compiled.warnings.is_empty() {
        return Err(fault(&compiled.warnings));
    }
    let document = compiled.output.map_err(|problems| fault(&problems))?;
    let options = PdfOptions {
        timestamp: Some(timestamp(at)),
        creator: Smart::Custom(Some("paper".into())),
        standards: PdfStandards::new(&[PdfStandard::A_2b]).expect("one standard agrees with itself"),
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&document, &options).map_err(|problems| fault(&problems))?;
    Ok(Pdf { bytes, pages: document.pages().len(), sign_here: sign_here(&document) })
}

/// Where the template's one mark for the signature lies.
fn sign_here(document: &PagedDocument) -> Option<SignHere> {
    let label = Label::new(PicoStr::intern("sign-here"))?;
    let introspector = document.introspector();
    let mark = introspector.elements().query_label(label).ok()?;
    let at = introspector.position(mark.location()?)?;
    let page = document.pages().get(at.page.get() - 1)?;
    let Typed::Length(room) = mark.to_packed::<MetadataElem>()?.value else { return None };
    Some(SignHere {
        room_pt: room.abs.to_pt(),
        page: at.page.get(),
        centre_pt: at.point.x.to_pt(),
        top_pt: page.frame.height().to_pt() - at.point.y.to_pt(),
    })
}

/// `at` on a Vietnamese clock, read from its own text form (`2026-11-19T14:10:22+07:00`).
fn timestamp(at: Instant) -> Timestamp {
    let text = at.to_string();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<i32>().unwrap_or_default());
    let mut next = || numbers.next().unwrap_or_default();
    let (year, month, day, hour, minute, second) = (next(), next(), next(), next(), next(), next());
    let small = |n: i32| u8::try_from(n).unwrap_or_default();
    Datetime::from_ymd_hms(year, small(month), small(day), small(hour), small(minute), small(second))
        .and_then(|local| Timestamp::new_local(local, OFFSET_MINUTES))
        .expect("an Instant prints as a date that exists")
}
