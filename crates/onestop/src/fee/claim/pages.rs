//! Claiming a reduction on the page where one pays: the form, what became of earlier claims, and the post.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use db::Tx;
use directory::Citizen;
use web::layers::UPLOAD_BYTES_MAX;
use web::{FieldError, Problem, Upload};

use super::super::pages as pay;
use super::super::store::Reduction;
use super::super::words::say;
use super::{Claim, Wanted, ask};
use crate::App;
use crate::desk::frame::address;
use crate::dossier::Who;
use crate::filing::{Attached, uploads};
use crate::helper::{OnDossier, Own};
use crate::vault::{self, Keys};

/// The routes of this file.
pub fn routes() -> Router<App> {
    let files = DefaultBodyLimit::max(UPLOAD_BYTES_MAX);
    Router::new().route("/ho-so-cua-toi/{code}/mien-giam", post(claim).layer(files))
}

/// What was typed into a form that is shown again.
#[derive(Clone, Default)]
pub struct Typed {
    pub reduction: String,
    pub note: String,
    pub vault: String,
    /// A file that came with it: `upload|name`, sent along with the next try.
    pub kept: String,
}

impl Typed {
    /// The name of the file that is kept.
    pub fn kept_name(&self) -> &str {
        self.kept.split_once('|').map_or("", |(_, name)| name)
    }
}

/// The part of the pay page that is about reductions.
#[derive(Default)]
pub struct ClaimPart {
    /// What may be claimed now.
    pub offered: Vec<Reduction>,
    /// The applicant's own papers that could prove it: id and name.
    pub papers: Vec<(String, String)>,
    /// The form stands on the page. A page that comes again by itself has none: it would lose what is typed.
    pub form: bool,
    /// The claim that waits, in words; "" for none.
    pub waits: String,
    /// Earlier claims that were declined, with the reason.
    pub declined: Vec<String>,
    pub typed: Typed,
    pub errors: Vec<FieldError>,
    pub message: String,
    pub file_max: String,
}

impl ClaimPart {
    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }

    /// The claims as the applicant reads them; `offered` only while something is owed.
    pub fn of(claims: &[Claim], offered: Vec<Reduction>, papers: Vec<(String, String)>) -> ClaimPart {
        let open = claims.iter().find(|c| c.state == "asked").filter(|_| !offered.is_empty());
        let line = |c: &&Claim| {
            let at = base::format::time_vn(c.at);
            // Whoever is told no is told where to complain. law: onestop/refusal-reasons
            say("claim.declined", &[("at", &at), ("name", &c.name), ("reason", &c.reason)])
        };
        ClaimPart {
            waits: open
                .map(|c| say("claim.waits", &[("at", &base::format::time_vn(c.at)), ("name", &c.name)]))
                .unwrap_or_default(),
            declined: claims.iter().filter(|c| c.state == "declined").map(|c| line(&c)).collect(),
            offered: if open.is_some() { Vec::new() } else { offered },
            papers,
            file_max: base::format::size(base::limits::FILE_SIZE_BYTES_MAX),
            ..ClaimPart::default()
        }
    }
}

/// The papers of somebody's vault that may be used on this day.
pub async fn papers(
    tx: &mut Tx,
    citizen: &directory::Person,
    today: base::Day,
) -> Result<Vec<(String, String)>, Problem> {
    let entries = vault::store::list_offered(tx, &Keys::of(citizen)).await?;
    let usable = entries.into_iter().filter(|e| e.hindrance(today).is_none());
    Ok(usable.map(|e| (e.id.to_string(), e.name)).collect())
}

/// `POST /ho-so-cua-toi/{code}/mien-giam`: the reduction and its proof in one form.
async fn claim(
    State(app): State<App>,
    citizen: Citizen,
    at: OnDossier<Own>,
    mut form: Upload,
) -> Result<Response, Problem> {
    let (viewer, now, code) = (&citizen.viewer, app.site.clock.now(), at.code.clone());
    let before = pay::read(&app, viewer, &code, now).await?;
    let (typed, proof, errors) = receive(&app, &citizen, &mut form).await?;
    let done = match errors.is_empty() {
        true => {
            let wanted = Wanted { reduction: typed.reduction.clone(), proof, note: typed.note.clone() };
            let act = viewer.act("onestop.claim-reduction", before.case.dossier.id.to_string(), now);
            let (catalogue, who, asked) = (app.catalogue.clone(), Who::from(viewer), code.clone());
            app.site
                .db
                .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
                    let mut case = pay::own(tx, &catalogue, &who, &asked, now).await?;
                    ask(tx, &mut case, &wanted, &who).await
                })
                .await
        }
        false => Err(Problem::Invalid(errors)),
    };
    let (errors, message) = match done {
        Ok(()) => {
            let to = address(&pay::path(&code), [("bao", "mien-giam"), ("dung", "true")]);
            return Ok(Redirect::to(&to).into_response());
        }
        Err(Problem::Invalid(errors)) => (errors, String::new()),
        Err(Problem::Refused(message)) => (Vec::new(), message.outside),
        Err(other) => return Err(other),
    };
    Ok(pay::claimed_again(&app, viewer, before, (typed, errors, message)))
}

/// What came: what was typed, the proof that was chosen, and what is wrong with the file.
async fn receive(
    app: &App,
    citizen: &Citizen,
    form: &mut Upload,
) -> Result<(Typed, Option<Attached>, Vec<FieldError>), Problem> {
    let account = citizen.viewer.account.to_string();
    let (mut kept, mut errors) = (String::new(), Vec::new());
    loop {
        let part = match form.next_file(UPLOAD_BYTES_MAX as u64).await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(problem) => {
                errors.push(FieldError::new("tep", crate::filing::pages::refused(problem)?));
                break;
            }
        };
        if part.file_name.is_empty() || !kept.is_empty() {
            continue;
        }
        let (name, now) = (part.file_name.clone(), app.site.clock.now());
        match uploads::keep(app, &account, None, None, &name, part, now).await {
            Ok(upload) => kept = format!("{}|{name}", upload.id),
            Err(problem) => errors.push(FieldError::new("tep", crate::filing::pages::refused(problem)?)),
        }
    }
    let text = |name: &str| form.text(name).unwrap_or_default().to_string();
    if kept.is_empty() {
        kept = text("kem");
    }
    let typed = Typed { reduction: text("reduction"), note: text("note"), vault: text("vault"), kept };
    let proof = match (typed.kept.split_once('|'), typed.vault.as_str()) {
        (Some((upload, _)), _) => Some(Attached::upload("", upload)),
        (None, "") => None,
        (None, entry) => {
            Some(Attached { component: String::new(), upload: String::new(), vault: Some(entry.into()) })
        }
    };
    Ok((typed, proof, errors))
}
