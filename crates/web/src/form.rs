//! What a page's form sends, checked before a handler sees it: from this site, from this session, not
//! too large, in NFC and without space around. Its errors are problems that name the field.

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::csrf;
use crate::fields;
use crate::problem::Problem;
use crate::request::read_body;
use crate::secret;
use crate::session::{self, Kind, Standing};
use crate::site::Site;

/// The largest url-encoded form we read.
pub const FORM_BYTES_MAX: usize = 1_000_000;
/// The most fields a form may have.
pub const FORM_FIELDS_MAX: usize = 2_000;
/// The hidden field with the session's token.
pub const CSRF_FIELD: &str = "_csrf";

/// A form with known fields.
#[derive(Clone, Debug)]
pub struct Form<T>(pub T);

/// A form whose fields are data (the e-forms of procedures): pairs in the order of the page, without
/// the hidden token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawForm(pub Vec<(String, String)>);

impl RawForm {
    /// The last text under a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, text)| text.as_str())
    }

    /// Every text under a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, text)| text.as_str())
    }

    /// The known part of the fields as a struct.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        fields::read(&self.0)
    }
}

impl<S> FromRequest<S> for RawForm
where
    S: Send + Sync,
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<RawForm, Problem> {
        let (mut parts, body) = request.into_parts();
        csrf::guard(&parts)?;
        if !csrf::is_urlencoded(&parts.headers) {
            return Err(Problem::UnsupportedMedia);
        }
        let bytes = read_body(&parts.headers, body, FORM_BYTES_MAX).await?;
        let mut pairs = fields::pairs(&bytes);
        if pairs.len() > FORM_FIELDS_MAX {
            return Err(Problem::Malformed(format!("{} fields", pairs.len())));
        }
        let sent = pairs.iter().find(|(name, _)| name == CSRF_FIELD).map(|(_, text)| text.as_str());
        check_token(&mut parts, &Site::from_ref(state), sent).await?;
        pairs.retain(|(name, _)| name != CSRF_FIELD);
        Ok(RawForm(pairs))
    }
}

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Form<T>, Problem> {
        RawForm::from_request(request, state).await?.read().map(Form)
    }
}

/// Where a cookie signs somebody in, `sent` must be that session's token.
pub(crate) async fn check_token(parts: &mut Parts, site: &Site, sent: Option<&str>) -> Result<(), Problem> {
    match session::standing(parts, site).await? {
        Standing::Live(session) if session.kind == Kind::Browser => {
            if sent.is_some_and(|token| secret::same(token, &session.csrf)) {
                Ok(())
            } else {
                Err(Problem::FormExpired)
            }
        }
        _ => Ok(()),
    }
}
