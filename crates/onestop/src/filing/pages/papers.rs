//! The papers: one upload at a time, limits said before and after, files that may be taken out again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base::format;
use base::limits::{DOSSIER_FILES_MAX, DOSSIER_SIZE_BYTES_MAX, FILE_SIZE_BYTES_MAX};
use db::Tx;
use directory::Citizen;
use web::layers::UPLOAD_BYTES_MAX;
use web::page::NoticeKind;
use web::{Path, Problem, RawForm, Shell, Upload, page};

use super::{Around, Fault, Stop, next_step, open, papers_missing, see_other, shell, summary};
use crate::App;
use crate::filing::draft::{self, Draft};
use crate::filing::uploads;
use crate::words_citizen::say;

/// A file of the draft.
struct FileLine {
    id: String,
    name: String,
    /// "PDF · 184 kB".
    about: String,
}

/// A paper that is asked for, with the files brought for it.
struct PaperBox {
    id: String,
    name: String,
    note: String,
    required: bool,
    by_form: bool,
    files: Vec<FileLine>,
    error: String,
}

#[derive(Template)]
#[template(path = "filing/papers.html")]
struct PapersPage {
    shell: Shell,
    around: Around,
    draft: String,
    faults: Vec<Fault>,
    summary: String,
    papers: Vec<PaperBox>,
    file_max: String,
    files_max: usize,
    all_max: String,
    brought: usize,
    brought_size: String,
}

/// `GET …/giay-to`.
pub(super) async fn show(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &citizen, &id).await?;
    Ok(page::html(papers_page(&app, &citizen, &draft, &unit, &[])))
}

/// `POST …/giay-to`: goes on when every paper that must be there is there.
pub(super) async fn go_on(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    form: RawForm,
) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &citizen, &id).await?;
    if form.get("luu").is_some() {
        return Ok(see_other("/ho-so-cua-toi?bao=luu"));
    }
    let missing = papers_missing(&draft);
    if missing.is_empty() {
        return Ok(see_other(&next_step(&draft, super::PAPERS)));
    }
    let word = say("paper.missing", &[]);
    let errors: Vec<(String, String)> = missing.into_iter().map(|(id, _)| (id, word.clone())).collect();
    let page = papers_page(&app, &citizen, &draft, &unit, &errors);
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// `POST …/giay-to/{component}`: takes the chosen files.
pub(super) async fn upload(
    State(app): State<App>,
    citizen: Citizen,
    Path((id, component)): Path<(String, String)>,
    form: Upload,
) -> Result<Response, Stop> {
    take(&app, &citizen, &id, &component, form).await
}

async fn take(
    app: &App,
    citizen: &Citizen,
    id: &str,
    component: &str,
    mut form: Upload,
) -> Result<Response, Stop> {
    let (draft, _) = open(app, citizen, id).await?;
    if draft.procedure.component(component).is_none_or(|c| c.by_form) {
        return Err(Problem::NotFound.into());
    }
    let account = citizen.viewer.account.to_string();
    let mut brought = 0;
    let mut wrong: Vec<String> = Vec::new();
    loop {
        let part = match form.next_file(UPLOAD_BYTES_MAX as u64).await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(problem) => {
                wrong.push(refused(problem)?);
                break;
            }
        };
        brought += 1;
        let (name, now) = (part.file_name.clone(), app.site.clock.now());
        let kept = uploads::keep(app, &account, Some(id), Some(component), &name, part, now).await;
        match kept {
            Ok(_) => {}
            Err(problem @ Problem::TooLarge { .. }) => {
                // The request as a whole was cut off: nothing more can be read of it.
                wrong.push(refused(problem)?);
                break;
            }
            Err(problem) => wrong.push(refused(problem)?),
        }
    }
    if brought == 0 && wrong.is_empty() {
        wrong.push(say("paper.none_chosen", &[]));
    }
    if wrong.is_empty() {
        return Ok(see_other(&format!("/nop-ho-so/ban-nhap/{id}/{}#to-{component}", super::PAPERS)));
    }
    let (draft, unit) = open(app, citizen, id).await?;
    let errors: Vec<(String, String)> = wrong.into_iter().map(|text| (component.to_string(), text)).collect();
    let page = papers_page(app, citizen, &draft, &unit, &errors);
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// The words of a refusal; anything else stays the problem it is.
pub(crate) fn refused(problem: Problem) -> Result<String, Problem> {
    match problem {
        Problem::Refused(message) => Ok(message.outside),
        Problem::TooLarge { limit_bytes } => {
            let (most, one) = (format::size(limit_bytes), format::size(FILE_SIZE_BYTES_MAX));
            Ok(say("paper.too_large_all", &[("most", &most), ("one", &one)]))
        }
        other => Err(other),
    }
}

/// `POST …/bo-tep/{upload}`: takes a file out.
pub(super) async fn remove(
    State(app): State<App>,
    citizen: Citizen,
    Path((id, upload)): Path<(String, String)>,
    _: RawForm,
) -> Result<Response, Stop> {
    open(&app, &citizen, &id).await?;
    let act = citizen.act("onestop.remove-upload", &id, app.site.clock.now());
    let (catalogue, account) = (app.catalogue.clone(), citizen.viewer.account.to_string());
    let back = format!("/nop-ho-so/ban-nhap/{id}/{}", super::PAPERS);
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Draft, Problem> {
            draft::remove_upload(tx, &catalogue, &id, &account, &upload).await
        })
        .await?;
    Ok(see_other(&back))
}

fn papers_page(
    app: &App,
    citizen: &Citizen,
    draft: &Draft,
    unit: &str,
    errors: &[(String, String)],
) -> PapersPage {
    let papers = papers(draft, errors);
    let name = |id: &str| papers.iter().find(|p| p.id == id).map_or(String::new(), |p| p.name.clone());
    let faults: Vec<Fault> = errors
        .iter()
        .map(|(id, text)| Fault { href: format!("#{id}"), text: format!("{}: {text}", name(id)) })
        .collect();
    let title = say("title.page", &[("page", &say("title.papers", &[])), ("name", &draft.procedure.name)]);
    let mut shell = shell(app, citizen, title);
    shell.has_errors = !faults.is_empty();
    let bytes: u64 = draft.uploads.iter().map(|u| u.size.unsigned_abs()).sum();
    if bytes > DOSSIER_SIZE_BYTES_MAX {
        let most = format::size(DOSSIER_SIZE_BYTES_MAX);
        let words = crate::words::WORDS.t("refusal.dossier_too_large", &[("most", &most)]);
        shell = shell.notice(NoticeKind::Warning, words);
    }
    PapersPage {
        shell,
        around: Around::new(draft, super::PAPERS, unit, app.site.clock.today()),
        draft: draft.row.id.clone(),
        summary: summary(&faults),
        faults,
        papers,
        file_max: format::size(FILE_SIZE_BYTES_MAX),
        files_max: DOSSIER_FILES_MAX,
        all_max: format::size(DOSSIER_SIZE_BYTES_MAX),
        brought: draft.uploads.len(),
        brought_size: format::size(bytes),
    }
}

fn papers(draft: &Draft, errors: &[(String, String)]) -> Vec<PaperBox> {
    let clean = draft.clean();
    draft
        .procedure
        .components_for(&clean)
        .into_iter()
        .filter(|c| !c.question)
        .map(|c| {
            let mine = draft.uploads.iter().filter(|u| u.component.as_deref() == Some(c.id.as_str()));
            let wrong = errors.iter().filter(|(id, _)| *id == c.id).map(|(_, text)| text.as_str());
            PaperBox {
                id: c.id.clone(),
                name: c.name.clone(),
                note: c.note.clone().unwrap_or_default(),
                required: c.required,
                by_form: c.by_form,
                files: mine
                    .map(|u| FileLine {
                        id: u.id.clone(),
                        name: u.name.clone(),
                        about: about(&u.media, u.size.unsigned_abs()),
                    })
                    .collect(),
                error: wrong.collect::<Vec<_>>().join(" "),
            }
        })
        .collect()
}

/// "PDF · 184 kB".
pub(crate) fn about(media: &str, size: u64) -> String {
    let kind = match media {
        "application/pdf" => "PDF",
        "image/jpeg" => "JPEG",
        "image/png" => "PNG",
        _ => "DOCX",
    };
    format!("{kind} · {}", format::size(size))
}
