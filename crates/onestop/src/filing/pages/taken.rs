//! What a draft's pages say of answers and papers that were not typed anew: where they come from, what else
//! could be taken over, and how a copy of an earlier dossier came out.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use db::Tx;
use directory::Citizen;
use web::{Path, Problem, RawForm, Shell, page};

use super::{Stop, open, see_other, shell};
use crate::App;
use crate::dossier::follow::plain;
use crate::filing::again::{self, Copied, Lost};
use crate::filing::draft::Draft;
use crate::filing::prefill::{self, Taken};
use crate::filters;
use crate::helper::{Fill, OnDraft, Own};
use crate::procedure::ask::{self, Question};
use crate::vault::words::say;

/// An answer that may be taken over.
pub(super) struct Offer {
    pub title: String,
    pub answer: String,
    pub from: String,
}

/// Where the answers of a page come from, and what else could be taken over.
pub(super) struct Sources {
    taken: Vec<Taken>,
    pub offers: Vec<Offer>,
}

impl Sources {
    /// Those of one page of a draft. To a helper nothing of the applicant's is offered.
    pub async fn read(app: &App, at: &OnDraft<Fill>, draft: &Draft, page: &str) -> Result<Sources, Problem> {
        let (catalogue, person, own) = (app.catalogue.clone(), at.owner.clone(), at.helped().is_empty());
        let (draft, page) = (draft.clone(), page.to_string());
        app.site
            .db
            .read(async move |tx: &mut Tx| -> Result<Sources, Problem> {
                let (form, fields) = (draft.form()?, &draft.page(&page)?.fields);
                let earlier = match own {
                    true => prefill::earlier(tx, &catalogue, &person).await?,
                    false => Vec::new(),
                };
                let offered = prefill::same_questions(form, fields, &draft.answers, &earlier);
                let offer = |one: Taken| Offer {
                    title: form.title(&one.field).to_string(),
                    answer: ask::answer_text(form, &one.field, &one.value),
                    from: one.from(),
                };
                let offers = offered.into_iter().map(offer).collect();
                Ok(Sources { taken: prefill::standing(tx, &draft).await?, offers })
            })
            .await
    }

    /// Says beside each question where its answer was taken from.
    pub fn mark(&self, questions: &mut [Question]) {
        for question in questions {
            let Some(taken) = self.taken.iter().find(|one| one.field == question.field) else { continue };
            question.from = taken.from();
            let id = format!("{}-nguon", question.field);
            question.described = [question.described.as_str(), &id].join(" ").trim().to_string();
        }
    }
}

/// Takes the offered answers of a page over, after what was typed on it has been kept.
/// A helper is offered nothing, and so takes nothing over.
pub(super) async fn fill(app: &App, at: &OnDraft<Fill>, draft: &Draft, page: &str) -> Result<Response, Stop> {
    if !at.helped().is_empty() {
        return Err(Problem::NotFound.into());
    }
    let now = app.site.clock.now();
    let act = at.act("onestop.fill-draft", now);
    let (catalogue, person) = (app.catalogue.clone(), at.owner.clone());
    let (id, at) = (draft.row.id.clone(), page.to_string());
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            prefill::fill(tx, &catalogue, &id, &at, &person, now).await
        })
        .await?;
    Ok(see_other(&format!("/nop-ho-so/ban-nhap/{}/{page}", draft.row.id)))
}

/// That a file of a draft is an entry of the vault.
pub(super) fn picked() -> String {
    say("from.picked", &[])
}

/// `POST /ho-so-cua-toi/{code}/nop-lai`: a new draft as a copy of an earlier dossier.
pub(super) async fn copy(
    State(app): State<App>,
    citizen: Citizen,
    Path(code): Path<String>,
    _: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let code = plain(&code);
    let act = citizen.act("onestop.copy-dossier", &code, now);
    let (catalogue, person) = (app.catalogue.clone(), citizen.person.clone());
    let copied = app.site.db.write(act, async move |tx: &mut Tx| -> Result<String, Problem> {
        again::copy(tx, &catalogue, &code, &person, now).await
    });
    Ok(see_other(&format!("/nop-ho-so/ban-nhap/{}/da-chep", copied.await?)))
}

#[derive(Template)]
#[template(path = "filing/copied.html")]
struct CopiedPage {
    shell: Shell,
    procedure: String,
    code: String,
    done: String,
    lost: Vec<(String, String)>,
    unit: String,
    base: String,
}

/// `GET …/da-chep`: what was carried over from the earlier dossier, and what was not.
pub(super) async fn copied(State(app): State<App>, at: OnDraft<Own>) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &at).await?;
    let asked = draft.row.id.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| again::find(tx, &asked).await);
    let (Copied { code, answers, files }, lost) = read.await?.ok_or(Problem::NotFound)?;
    let line = |one: Lost| {
        let why = say(&format!("lost.{}_{}", one.kind, one.why), &[]);
        (one.name, why)
    };
    let title = say("copied.title", &[("name", &draft.procedure.name)]);
    Ok(page::html(CopiedPage {
        shell: shell(&app, &at.viewer, title),
        procedure: draft.procedure.name.clone(),
        done: say("copied.done", &[("answers", &answers.to_string()), ("files", &files.to_string())]),
        code,
        lost: lost.into_iter().map(line).collect(),
        unit,
        base: format!("/nop-ho-so/ban-nhap/{}", at.draft),
    }))
}
