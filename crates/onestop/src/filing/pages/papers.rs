//! The papers: one upload at a time, limits said before and after, files that may be taken out again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base::limits::{DOSSIER_FILES_MAX, DOSSIER_SIZE_BYTES_MAX, FILE_SIZE_BYTES_MAX};
use base::{Day, format};
use db::Tx;
use web::layers::UPLOAD_BYTES_MAX;
use web::page::NoticeKind;
use web::{Path, Problem, RawForm, Shell, Upload, page};

use super::{Around, Fault, Stop, next_step, open, papers_missing, see_other, shell, summary, taken};
use crate::App;
use crate::filing::draft::{self, Draft};
use crate::filing::uploads;
use crate::filters;
use crate::helper::proof::Needs;
use crate::helper::{Fill, OnDraft, Own};
use crate::vault::{self, Entry, Keys};
use crate::words_citizen::say;

/// A file of the draft.
struct FileLine {
    id: String,
    name: String,
    /// "PDF · 184 kB".
    about: String,
    /// That it is an entry of the vault, in words; "" for an uploaded one.
    from: String,
}

/// An entry of the vault that may be chosen for a paper.
struct Choice {
    id: String,
    label: String,
}

/// A paper that is asked for, with the files brought for it.
struct PaperBox {
    id: String,
    name: String,
    note: String,
    required: bool,
    by_form: bool,
    files: Vec<FileLine>,
    /// The person's vault, what fits this paper first; one that has expired is told so.
    choices: Vec<Choice>,
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
pub(super) async fn show(State(app): State<App>, at: OnDraft<Fill>) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &at).await?;
    let entries = entries(&app, &at).await?;
    Ok(page::html(papers_page(&app, &at, &draft, &unit, &entries, &[])))
}

/// `POST …/giay-to`: goes on when every paper that must be there is there.
pub(super) async fn go_on(
    State(app): State<App>,
    at: OnDraft<Fill>,
    form: RawForm,
) -> Result<Response, Stop> {
    let (draft, _) = open(&app, &at).await?;
    if form.get("luu").is_some() {
        return Ok(see_other("/ho-so-cua-toi?bao=luu"));
    }
    let missing = papers_missing(&draft);
    if missing.is_empty() {
        return Ok(see_other(&next_step(&draft, super::PAPERS)));
    }
    let word = say("paper.missing", &[]);
    let errors: Vec<(String, String)> = missing.into_iter().map(|(id, _)| (id, word.clone())).collect();
    refused_page(&app, &at, StatusCode::UNPROCESSABLE_ENTITY, &errors).await
}

/// `POST …/giay-to/{component}`: takes the chosen files.
pub(super) async fn upload(
    State(app): State<App>,
    at: OnDraft<Fill>,
    Path((_, component)): Path<(String, String)>,
    form: Upload,
) -> Result<Response, Stop> {
    take(&app, &at, &component, form).await
}

async fn take(app: &App, at: &OnDraft<Fill>, component: &str, mut form: Upload) -> Result<Response, Stop> {
    let (draft, _) = open(app, at).await?;
    let id = at.draft.as_str();
    if draft.procedure.component(component).is_none_or(|c| c.by_form) {
        return Err(Problem::NotFound.into());
    }
    let account = brings(app, at).await?;
    let mut brought = 0;
    let mut wrong: Vec<String> = Vec::new();
    // A scanner that does not answer makes it 503, so that nobody takes it for a fault of the file.
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
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
            Err(problem) => {
                status = status.max(problem.status());
                wrong.push(refused(problem)?);
            }
        }
    }
    // `component|upload|name`: what a helper's browser sent up in pieces before the form.
    let given: Vec<String> =
        form.texts().iter().filter(|(n, _)| n == "kem").map(|(_, t)| t.clone()).collect();
    for upload in given.iter().filter_map(|text| text.split('|').nth(1)) {
        brought += 1;
        let act = at.act("onestop.bring-papers", app.site.clock.now());
        let me = at.viewer.account.to_string();
        if let Err(problem) = uploads::give(app, act, (upload, &me), &account, (id, component)).await {
            wrong.push(refused(problem)?);
        }
    }
    if brought == 0 && wrong.is_empty() {
        wrong.push(say("paper.none_chosen", &[]));
    }
    if wrong.is_empty() {
        return Ok(see_other(&format!("/nop-ho-so/ban-nhap/{id}/{}#to-{component}", super::PAPERS)));
    }
    let errors: Vec<(String, String)> = wrong.into_iter().map(|text| (component.to_string(), text)).collect();
    refused_page(app, at, status, &errors).await
}

/// The page with what was wrong beside each paper.
async fn refused_page<R: Needs>(
    app: &App,
    at: &OnDraft<R>,
    status: StatusCode,
    errors: &[(String, String)],
) -> Result<Response, Stop> {
    let (draft, unit) = open(app, at).await?;
    let entries = entries(app, at).await?;
    let page = papers_page(app, at, &draft, &unit, &entries, errors);
    Ok(page::html_with(status, page))
}

/// The account to which the files belong: the owner's, who reads that a helper brought them.
pub(super) async fn brings(app: &App, at: &OnDraft<Fill>) -> Result<String, Problem> {
    if at.helped().is_empty() {
        return Ok(at.owner.account.to_string());
    }
    let (held, now) = (at.to_owned(), app.site.clock.now());
    let act = at.act("onestop.bring-papers", now);
    app.site.db.write(act, async move |tx: &mut Tx| held.owner_for(tx, "papers", now).await).await
}

/// The entries of the applicant's vault that may be chosen from; a helper is shown none.
async fn entries<R: Needs>(app: &App, at: &OnDraft<R>) -> Result<Vec<Entry>, Problem> {
    if !at.helped().is_empty() {
        return Ok(Vec::new());
    }
    let keys = Keys::of(&at.owner);
    Ok(app.site.db.read(async move |tx: &mut Tx| vault::store::list_offered(tx, &keys).await).await?)
}

/// `POST …/tu-kho/{component}`: takes the chosen entry of the vault for a paper.
pub(super) async fn pick(
    State(app): State<App>,
    at: OnDraft<Own>,
    Path((_, component)): Path<(String, String)>,
    form: RawForm,
) -> Result<Response, Stop> {
    open(&app, &at).await?;
    let now = app.site.clock.now();
    let act = at.act("onestop.pick-entry", now);
    let (catalogue, held) = (app.catalogue.clone(), at.clone());
    let entry = form.get("giay").unwrap_or_default().to_string();
    let paper = component.clone();
    let picked = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        vault::pick(tx, &catalogue, &held.draft, &paper, &entry, &held.owner, now).await
    });
    match picked.await {
        Ok(()) => {
            Ok(see_other(&format!("/nop-ho-so/ban-nhap/{}/{}#to-{component}", at.draft, super::PAPERS)))
        }
        Err(problem) => {
            let errors = [(component, refused(problem)?)];
            refused_page(&app, &at, StatusCode::UNPROCESSABLE_ENTITY, &errors).await
        }
    }
}

/// The words of a refusal; anything else stays the problem it is.
pub(crate) fn refused(problem: Problem) -> Result<String, Problem> {
    match problem {
        Problem::Refused(message) | Problem::TryLater(message) => Ok(message.outside),
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
    at: OnDraft<Fill>,
    Path((_, upload)): Path<(String, String)>,
    _: RawForm,
) -> Result<Response, Stop> {
    open(&app, &at).await?;
    let now = app.site.clock.now();
    let act = at.act("onestop.remove-upload", now);
    let (catalogue, held) = (app.catalogue.clone(), at.to_owned());
    let back = format!("/nop-ho-so/ban-nhap/{}/{}", at.draft, super::PAPERS);
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Draft, Problem> {
            let account = held.owner_for(tx, "papers", now).await?;
            draft::remove_upload(tx, &catalogue, &held.draft, &account, &upload).await
        })
        .await?;
    Ok(see_other(&back))
}

fn papers_page<R: Needs>(
    app: &App,
    at: &OnDraft<R>,
    draft: &Draft,
    unit: &str,
    entries: &[Entry],
    errors: &[(String, String)],
) -> PapersPage {
    let today = app.site.clock.today();
    let papers = papers(draft, entries, errors, today);
    let name = |id: &str| papers.iter().find(|p| p.id == id).map_or(String::new(), |p| p.name.clone());
    let faults: Vec<Fault> = errors
        .iter()
        .map(|(id, text)| Fault { href: format!("#{id}"), text: format!("{}: {text}", name(id)) })
        .collect();
    let title = say("title.page", &[("page", &say("title.papers", &[])), ("name", &draft.procedure.name)]);
    let mut shell = shell(app, &at.viewer, title);
    shell.has_errors = !faults.is_empty();
    let bytes: u64 = draft.uploads.iter().map(|u| u.size.unsigned_abs()).sum();
    if bytes > DOSSIER_SIZE_BYTES_MAX {
        let most = format::size(DOSSIER_SIZE_BYTES_MAX);
        let words = crate::words::WORDS.t("refusal.dossier_too_large", &[("most", &most)]);
        shell = shell.notice(NoticeKind::Warning, words);
    }
    PapersPage {
        shell,
        around: Around { helped: at.helped(), ..Around::new(draft, super::PAPERS, unit, today) },
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

fn papers(draft: &Draft, entries: &[Entry], errors: &[(String, String)], today: Day) -> Vec<PaperBox> {
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
                        from: u.vault.as_ref().map_or(String::new(), |_| taken::picked()),
                    })
                    .collect(),
                choices: choices(entries, &c.id, &c.name, today),
                error: wrong.collect::<Vec<_>>().join(" "),
            }
        })
        .collect()
}

/// The vault as choices for one paper: what fits it first.
fn choices(entries: &[Entry], component: &str, name: &str, today: Day) -> Vec<Choice> {
    let (fitting, others): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|e| vault::rules::fits(e, component, name));
    let choice = |e: &Entry| Choice { id: e.id.to_string(), label: vault::pages::label(e, today) };
    fitting.into_iter().chain(others).map(choice).collect()
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
