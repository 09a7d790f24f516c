//! Trying a draft: invented citizens with their report, and the promises of real dossiers counted again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base::format;
use db::Tx;
use directory::Admin;
use serde::Deserialize;
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::{HERE, keeper, shell};
use crate::App;
use crate::filters;
use crate::office::Wrong;
use crate::procedure::edit::store::{self, Trial};
use crate::procedure::edit::trial::{self, Past};
use crate::procedure::edit::words::say;
use crate::procedure::model;

struct TrialBox {
    heading: String,
    state: String,
    class: &'static str,
    running: bool,
    done: i64,
    people: i64,
    lines: Vec<String>,
}

struct PastBox {
    told: String,
    late: String,
    rows: Vec<[String; 4]>,
}

#[derive(Template)]
#[template(path = "edit/trial.html")]
struct TrialPage {
    shell: Shell,
    here: String,
    code: String,
    people: String,
    people_max: i64,
    error: String,
    reload: bool,
    again_s: u32,
    trials: Vec<TrialBox>,
    past: Option<PastBox>,
}

/// How soon the page of a running trial is asked for again.
const AGAIN_S: u32 = 3;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TrialQuery {
    /// The page stays as it is.
    dung: bool,
}

/// `GET …/chay-thu`.
pub(super) async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    Query(query): Query<TrialQuery>,
) -> Result<Response, Problem> {
    view(&app, &admin, &code, trial::PEOPLE.to_string(), Wrong::default(), query.dung).await
}

/// `POST …/chay-thu`.
pub(super) async fn ask(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let typed = form.get("people").unwrap_or_default().to_owned();
    let people = typed.replace('.', "").parse().unwrap_or(0);
    let (act, by) = (admin.act("onestop.try-procedure", &code, now), admin.viewer.account.to_string());
    let at = code.clone();
    let write = async move |tx: &mut Tx| trial::ask(tx, &at, people, (&by, now)).await;
    match app.site.db.write(act, write).await {
        Ok(_) => Ok(Redirect::to(&format!("{HERE}/{code}/chay-thu")).into_response()),
        Err(problem) => view(&app, &admin, &code, typed, Wrong::of(problem)?, true).await,
    }
}

async fn view(
    app: &App,
    admin: &Admin,
    code: &str,
    people: String,
    wrong: Wrong,
    stopped: bool,
) -> Result<Response, Problem> {
    let (at, catalogue) = (code.to_owned(), app.catalogue.clone());
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let draft = store::find_open(tx, &at).await?.ok_or(Problem::NotFound)?;
        let trials = store::list_trials(tx, draft.id).await?;
        let past = match model::parse(&draft.source) {
            Ok(p) => trial::past(tx, &catalogue, &p).await?,
            Err(_) => None,
        };
        Ok((draft, trials, past))
    });
    let (draft, trials, past) = read.await?;
    let errors: Vec<&str> = wrong.errors.iter().map(|e| e.message.as_str()).collect();
    let error = [wrong.message.as_str(), &errors.join(" ")].concat();
    let shell = shell(app, &keeper(admin), say("title.trial", &[("code", code)]));
    let reload = !stopped && trials.iter().any(|trial| trial.state == "running");
    let page = TrialPage {
        shell: if error.is_empty() { shell } else { shell.errors() },
        here: format!("{HERE}/{code}"),
        code: code.to_owned(),
        people,
        people_max: trial::PEOPLE_MAX,
        error,
        reload,
        again_s: AGAIN_S,
        trials: trials.into_iter().map(|trial| trial_box(trial, draft.version)).collect(),
        past: past.map(past_box),
    };
    let response = page::html_with(wrong.status.unwrap_or(StatusCode::OK), page);
    Ok(if reload { page::again(response, AGAIN_S, None) } else { response })
}

fn trial_box(trial: Trial, version: i64) -> TrialBox {
    let at = format::time_vn(trial.made_at);
    let key = if trial.seen == version { "trial.of_now" } else { "trial.of_before" };
    let (state, class) = match (trial.state.as_str(), trial.sound) {
        ("running", _) => ("trial.running", "is-work"),
        ("over", Some(true)) => ("trial.sound", "is-done"),
        ("over", _) => ("trial.unsound", "is-over"),
        _ => ("trial.failed", "is-over"),
    };
    TrialBox {
        heading: say(key, &[("n", &trial.people.to_string()), ("at", &at)]),
        state: say(state, &[]),
        class,
        running: trial.state == "running",
        done: trial.done,
        people: trial.people,
        lines: trial.report.lines().map(str::to_owned).collect(),
    }
}

fn past_box(past: Past) -> PastBox {
    let n = |n: usize| n.to_string();
    let told = [
        ("n", n(past.dossiers)),
        ("earlier", n(past.earlier)),
        ("same", n(past.same)),
        ("later", n(past.later)),
    ];
    let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let late = [n(past.late), n(past.late_now)];
    PastBox {
        told: say(if past.dossiers == 0 { "past.none" } else { "past.told" }, &told),
        late: match past.dossiers {
            0 => String::new(),
            _ => say("past.late", &[("was", &late[0]), ("would", &late[1])]),
        },
        rows: past
            .examples
            .into_iter()
            .map(|(code, at, was, would)| {
                [code, format::time_vn(at), format::time_vn(was), format::time_vn(would)]
            })
            .collect(),
    }
}
