//! The limits of the product, each with its unit in the name. What a deployment may change is
//! configuration elsewhere; these are the ceilings and the defaults.
//!
//! Sizes count as people's machines show them: 1 MB is 1,024 × 1,024 bytes, here as in
//! [`crate::format::size`].

/// 1 kB.
pub const KILOBYTE_BYTES: u64 = 1_024;
/// 1 MB.
pub const MEGABYTE_BYTES: u64 = 1_024 * KILOBYTE_BYTES;

/// One uploaded file: 20 MB.
pub const FILE_SIZE_BYTES_MAX: u64 = 20 * MEGABYTE_BYTES;
/// Files of one dossier.
pub const DOSSIER_FILES_MAX: usize = 30;
/// All files of one dossier together: 100 MB.
pub const DOSSIER_SIZE_BYTES_MAX: u64 = 100 * MEGABYTE_BYTES;
/// An upload that no dossier or draft refers to is removed after a day.
pub const UPLOAD_UNREFERENCED_HOURS_MAX: i64 = 24;
/// A file's name as the citizen sent it.
pub const FILE_NAME_CHARS_MAX: usize = 200;

/// A one-line field of a form.
pub const TEXT_LINE_CHARS_MAX: usize = 200;
/// A field of several lines: a reason, an opinion.
pub const TEXT_AREA_CHARS_MAX: usize = 4_000;
/// A person's or unit's name.
pub const NAME_CHARS_MAX: usize = 150;
/// An address on one line.
pub const ADDRESS_CHARS_MAX: usize = 300;
/// An e-mail address (RFC 5321).
pub const EMAIL_CHARS_MAX: usize = 254;
/// A search query; the rest is cut off.
pub const QUERY_CHARS_MAX: usize = 200;
/// A password has at least this many characters …
pub const PASSWORD_CHARS_MIN: usize = 8;
/// … and at most so many bytes, so that hashing it stays cheap to refuse.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// The body of a form without files: 256 kB.
pub const FORM_BODY_BYTES_MAX: usize = 256 * 1_024;
/// The body of a JSON request: 1 MB.
pub const JSON_BODY_BYTES_MAX: usize = 1_024 * 1_024;
/// Rows of one page of a list, unless asked otherwise.
pub const PAGE_ROWS_DEFAULT: u32 = 20;
/// Rows of one page of a list at most.
pub const PAGE_ROWS_MAX: u32 = 100;

/// A session ends after so long without a request.
pub const SESSION_IDLE_MINUTES_MAX: i64 = 30;
/// A session ends after so long in any case.
pub const SESSION_AGE_HOURS_MAX: i64 = 12;

/// A legal limit in days, working or calendar: ten years.
pub const LIMIT_DAYS_MAX: u32 = 3_660;
/// A legal limit in working hours: about five years.
pub const LIMIT_HOURS_MAX: u32 = 10_000;
/// Days that the arithmetic of one deadline lists, of each sort.
pub const DUE_DETAIL_DAYS_MAX: usize = 366;
