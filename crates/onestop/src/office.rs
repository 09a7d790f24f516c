//! What the officials' smaller forms share: one page of a form with its fields and faults, and what a
//! page of one dossier must read before it can be shown.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use base::{Day, Instant};
use db::{Act, Tx};
use directory::{AnyOfficial, CounterClerk};
use serde::Deserialize;
use web::{FieldError, Path, Problem, Query, Shell, page};

use crate::App;
use crate::desk::List;
use crate::desk::frame::{self, Place};
use crate::dossier::{Case, Who};
use crate::filters;
use crate::words_office::say;

/// What the addresses of these pages carry beside the path.
#[derive(Clone, Deserialize, Default)]
#[serde(default)]
pub struct OfficeQuery {
    pub post: Option<String>,
    /// Words by which a unit is looked for.
    pub noi: String,
    /// What has just been done, as the end of a key of `done_note`.
    pub da: String,
}

/// A way to answer a question of several.
#[derive(Clone, Debug)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// A question of a form.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub label: String,
    pub hint: String,
    /// An input's type, or `textarea`, `select`, `radio`, `checkbox`.
    pub kind: &'static str,
    pub value: String,
    pub optional: bool,
    pub choices: Vec<Choice>,
    pub error: String,
}

impl Field {
    /// A line or a box of text; its words stand under `field.NAME` and `field_hint.NAME`.
    pub fn text(name: &str, kind: &'static str, value: impl Into<String>) -> Field {
        let hint = format!("field_hint.{name}");
        let hint = if crate::words_office::WORDS.has(&hint) { say(&hint, &[]) } else { String::new() };
        Field { hint, ..Field::labelled(say(&format!("field.{name}"), &[]), name, kind, value) }
    }

    /// The same under a label of a feature's own.
    pub fn labelled(label: String, name: &str, kind: &'static str, value: impl Into<String>) -> Field {
        Field {
            name: name.to_string(),
            label,
            hint: String::new(),
            kind,
            value: value.into(),
            optional: false,
            choices: Vec::new(),
            error: String::new(),
        }
    }

    /// One or some of a list.
    pub fn choice(name: &str, kind: &'static str, choices: Vec<Choice>) -> Field {
        Field { choices, ..Field::text(name, kind, "") }
    }
}

/// What was wrong with a form that was sent.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    pub errors: Vec<FieldError>,
    pub message: String,
    pub status: Option<StatusCode>,
}

impl Wrong {
    /// The expected "no" in `problem`; everything else goes on.
    pub fn of(problem: Problem) -> Result<Wrong, Problem> {
        Ok(match problem {
            Problem::Invalid(errors) => {
                Wrong { errors, status: Some(StatusCode::UNPROCESSABLE_ENTITY), ..Wrong::default() }
            }
            Problem::Refused(message) => Wrong {
                message: message.outside,
                status: Some(StatusCode::UNPROCESSABLE_ENTITY),
                ..Wrong::default()
            },
            Problem::TryLater(message) => Wrong {
                message: message.outside,
                status: Some(StatusCode::SERVICE_UNAVAILABLE),
                ..Wrong::default()
            },
            Problem::Stale => Wrong {
                message: say("office.stale", &[]),
                status: Some(StatusCode::CONFLICT),
                ..Wrong::default()
            },
            other => return Err(other),
        })
    }
}

/// A form of the officials.
#[derive(Template)]
#[template(path = "office/form.html")]
pub struct FormPage {
    pub shell: Shell,
    pub back: String,
    pub back_label: String,
    pub heading: String,
    /// What it is about, in short facts.
    pub meta: Vec<String>,
    /// What it does, and what stands behind it.
    pub lead: Vec<String>,
    /// A search for units beside it: where it leads, and the words so far.
    pub search: Option<(String, String)>,
    pub post: String,
    pub action: String,
    pub hidden: Vec<(String, String)>,
    pub fields: Vec<Field>,
    pub button: String,
    pub serious: bool,
    /// It carries a file.
    pub multipart: bool,
    pub message: String,
    pub summary: String,
}

impl FormPage {
    /// A form with nothing in it yet.
    pub fn new(
        shell: Shell,
        place: &Place,
        back: (String, String),
        action: String,
        button: String,
    ) -> FormPage {
        FormPage {
            heading: shell.title.clone(),
            shell,
            back: back.0,
            back_label: back.1,
            meta: Vec::new(),
            lead: Vec::new(),
            search: None,
            post: post_field(place),
            action,
            hidden: Vec::new(),
            fields: Vec::new(),
            button,
            serious: false,
            multipart: false,
            message: String::new(),
            summary: String::new(),
        }
    }

    /// The page, with what was wrong beside the fields it is about.
    pub fn answer(mut self, wrong: Wrong) -> Response {
        for field in &mut self.fields {
            if let Some(error) = wrong.errors.iter().find(|e| e.field == field.name) {
                field.error = error.message.clone();
            }
        }
        let n = wrong.errors.len() + usize::from(!wrong.message.is_empty());
        let loose = wrong.errors.iter().filter(|e| !self.fields.iter().any(|f| f.name == e.field));
        let loose: Vec<&str> = loose.map(|e| e.message.as_str()).collect();
        self.message = [wrong.message.as_str(), &loose.join(" ")].concat();
        if n > 0 {
            self.summary = say("office.errors", &[("n", &n.to_string())]);
            self.shell = self.shell.errors();
        }
        page::html_with(wrong.status.unwrap_or(StatusCode::OK), self)
    }
}

/// The post as a hidden field; empty where there is no choice of posts.
pub fn post_field(place: &Place) -> String {
    if place.href("", &[]).is_empty() { String::new() } else { place.post.id.to_string() }
}

/// A dossier on an official's page, with what the frame needs.
pub struct Room {
    pub place: Place,
    pub case: Case,
    pub counts: Vec<(List, i64)>,
    pub who: Who,
    pub now: Instant,
}

impl Room {
    /// The dossier with this code as this official may see it, and what `more` reads beside it.
    pub async fn read<T, F>(
        app: &App,
        official: &AnyOfficial,
        post: Option<&str>,
        code: &str,
        more: F,
    ) -> Result<(Room, T), Problem>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx, &Case) -> Result<T, Problem> + Send + 'static,
    {
        let now = app.site.clock.now();
        let place = Place::of(official, post)?;
        let who = Who::from(&official.viewer);
        let (catalogue, at, asker, code) =
            (app.catalogue.clone(), place.clone(), who.clone(), code.to_string());
        let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
            let case = Case::find(tx, &catalogue, &asker, &code, now).await?;
            let more = more(tx, &case).await?;
            Ok((case, more, frame::counts(tx, &at, now).await?))
        });
        let (case, more, counts) = read.await?;
        Ok((Room { place, case, counts, who, now }, more))
    }

    /// A deed of this official on the dossier, in the name of the unit in which it is theirs.
    pub fn act(&self, official: &AnyOfficial, verb: &'static str) -> Act {
        let d = &self.case.dossier;
        let office = self.who.office(d).unwrap_or_else(|| self.place.post.unit.as_str().to_string());
        official.viewer.act(verb, d.id, self.now).in_office(office)
    }

    /// Works on the dossier as it then is, in one write with the record of the deed.
    pub async fn write<F>(&self, app: &App, act: Act, work: F) -> Result<(), Problem>
    where
        F: AsyncFn(&mut Tx, &mut Case, &Who) -> Result<(), Problem> + Send + 'static,
    {
        let (catalogue, who, now) = (app.catalogue.clone(), self.who.clone(), self.now);
        let code = self.case.dossier.code.clone();
        let write = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            let mut case = Case::find(tx, &catalogue, &who, &code, now).await?;
            work(tx, &mut case, &who).await
        });
        write.await
    }

    /// Leads back to the dossier's page.
    pub fn leave(&self) -> Response {
        Redirect::to(&self.back().0).into_response()
    }

    /// The frame of a page about this dossier.
    pub fn shell(&self, app: &App, official: &AnyOfficial, title: String) -> Shell {
        frame::shell(app, &official.viewer, &self.place, &self.counts, title, None)
    }

    /// A clerk's form with a scan, at this end of the dossier's address, in a feature's own words:
    /// `desk.title`, `desk.lead`, `desk.button`.
    pub fn scan_form(
        &self,
        app: &App,
        clerk: &CounterClerk,
        end: &str,
        words: fn(&str, &[(&str, &str)]) -> String,
    ) -> FormPage {
        let official = AnyOfficial { official: clerk.official.clone(), viewer: clerk.viewer.clone() };
        let action = self.place.href(&format!("{}/{end}", frame::dossier(&self.case.dossier.code)), &[]);
        let shell = self.shell(app, &official, words("desk.title", &[]));
        let mut page = FormPage::new(shell, &self.place, self.back(), action, words("desk.button", &[]));
        page.meta = self.meta();
        page.lead = vec![words("desk.lead", &[])];
        page.multipart = true;
        page
    }

    /// The way back to the dossier, with its words.
    pub fn back(&self) -> (String, String) {
        let code = &self.case.dossier.code;
        (self.place.dossier(code, None), say("office.back", &[("code", code)]))
    }

    /// The dossier in short facts.
    pub fn meta(&self) -> Vec<String> {
        let d = &self.case.dossier;
        vec![d.code.clone(), d.applicant.name.clone(), self.case.procedure.name.clone()]
    }
}

/// An official before a dossier that the address names: how every page below it begins.
pub struct Before {
    pub app: App,
    pub official: AnyOfficial,
    pub code: String,
    pub query: OfficeQuery,
}

impl FromRequestParts<App> for Before {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Before, Problem> {
        let official = AnyOfficial::from_request_parts(parts, app).await?;
        let Path(mut path) = Path::<BTreeMap<String, String>>::from_request_parts(parts, app).await?;
        let Query(query) = Query::from_request_parts(parts, app).await?;
        let code = path.remove("code").ok_or(Problem::NotFound)?;
        Ok(Before { app: app.clone(), official, code, query })
    }
}

impl Before {
    /// The dossier as this official may see it, for whoever is about to change it.
    pub async fn read<T, F>(&self, more: F) -> Result<(Room, T), Problem>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx, &Case) -> Result<T, Problem> + Send + 'static,
    {
        Room::read(&self.app, &self.official, self.query.post.as_deref(), &self.code, more).await
    }

    /// The same for whoever looks, which is recorded.
    pub async fn look<T, F>(&self, more: F) -> Result<(Room, T), Problem>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx, &Case) -> Result<T, Problem> + Send + 'static,
    {
        let (room, more) = self.read(more).await?;
        crate::dossier::look(&self.app, &self.official.viewer, "onestop.look", &self.code, room.now).await;
        Ok((room, more))
    }
}

/// For a page that reads nothing beside the dossier.
pub async fn nothing_more(_: &mut Tx, _: &Case) -> Result<(), Problem> {
    Ok(())
}

/// A day as the browser sends it, or as people write it: `2026-12-03`, `3/12/2026`.
pub fn day(text: &str) -> Option<Day> {
    if let Ok(day) = Day::parse(text) {
        return Some(day);
    }
    let mut parts = text.split('/').map(|part| part.trim().parse::<u16>().ok());
    let (day, month, year) = (parts.next()??, parts.next()??, parts.next()??);
    Day::new(i32::from(year), u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}

/// Text that must be there and fit.
pub fn needed(errors: &mut Vec<FieldError>, name: &str, text: &str, chars_max: usize) -> String {
    let text = text.trim();
    if text.is_empty() {
        errors.push(FieldError::new(name, say("office.needed", &[])));
    }
    if text.chars().count() > chars_max {
        let most = chars_max.to_string();
        errors.push(FieldError::new(name, say("office.too_long", &[("most", &most)])));
    }
    text.to_string()
}

/// All faults at once, or none.
pub fn settle(errors: Vec<FieldError>) -> Result<(), Problem> {
    if errors.is_empty() { Ok(()) } else { Err(Problem::Invalid(errors)) }
}
