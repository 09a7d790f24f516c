//! Ratings (đánh giá sự hài lòng): after a result is returned, and after a petition is answered, the
//! citizen says once how content they were: signed in, with the code to follow a petition, or with the
//! code of a slip from the counter. law: onestop/rating

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use contracts::onestop as event;
use db::{Tx, args, outbox};
use directory::signin::Address;
use directory::{CounterClerk, MaybeViewer};
use serde::Deserialize;
use web::{FieldError, Form, Problem, Query, RawForm, Shell, page, throttle};

use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::rules::Status;
use crate::dossier::{self, follow::plain};
use crate::filters;
use crate::petition::words::{of, say};
use crate::petition::{self, rules::Standing};

/// How content.
pub const SCORES: [&str; 3] = ["very", "content", "not"];
/// What was not good. law: onestop/rating
pub const TOPICS: [&str; 9] =
    ["time", "agencies", "contacts", "information", "attitude", "cost", "explanation", "online", "other"];
/// Characters of the free words.
const NOTE_CHARS_MAX: usize = 1_000;

enum RatingKind {}

/// What may be rated, by whoever showed that it is theirs.
#[derive(Clone, Debug)]
pub struct Subject {
    /// `dossier` or `petition`.
    kind: &'static str,
    id: String,
    /// The code or number people see.
    name: String,
    counter: String,
    agency: String,
    /// `online` or `slip`.
    channel: &'static str,
}

/// What the citizen says.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub score: String,
    pub topics: Vec<String>,
    pub note: String,
}

impl Said {
    fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if !SCORES.contains(&self.score.as_str()) {
            faults.push(FieldError::new("score", say("fault.score", &[])));
        }
        let unknown = self.topics.iter().any(|t| !TOPICS.contains(&t.as_str()));
        if unknown || (self.score == "not" && self.topics.is_empty()) {
            faults.push(FieldError::new("topics", say("fault.topics", &[])));
        }
        faults
    }
}

/// Keeps a rating. There is one for each subject: a second is refused.
pub async fn rate(tx: &mut Tx, subject: &Subject, said: &Said, now: Instant) -> Result<(), Problem> {
    let faults = said.faults();
    if !faults.is_empty() {
        return Err(Problem::Invalid(faults));
    }
    let account = tx.act().actor.account().map(str::to_string);
    let note: String = said.note.trim().chars().take(NOTE_CHARS_MAX).collect();
    let topics = serde_json::to_string(&said.topics).map_err(Problem::fault)?;
    let kept = tx
        .change(
            "insert into rating (id, kind, subject, score, topics, note, channel, counter, agency, account,
                rated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             on conflict (kind, subject) do nothing",
            args![
                base::Id::<RatingKind>::fresh(),
                subject.kind,
                &subject.id,
                &said.score,
                topics,
                note,
                subject.channel,
                &subject.counter,
                &subject.agency,
                account,
                now
            ],
        )
        .await?;
    if kept == 0 {
        return Err(Problem::refused(say("refusal.rated", &[]), "rated before"));
    }
    let rated = event::Rated {
        subject: subject.id.clone(),
        score: said.score.clone(),
        topics: said.topics.clone(),
        channel: subject.channel.to_string(),
        counter: subject.counter.clone(),
        agency: subject.agency.clone(),
        at: now,
    };
    let topic = if subject.kind == "dossier" { event::DOSSIER_RATED } else { event::PETITION_RATED };
    outbox::put(tx, topic, &subject.id, &rated).await?;
    Ok(())
}

/// Whether it has been rated.
async fn is_rated(tx: &mut Tx, subject: &Subject) -> db::Result<bool> {
    let sql = "select count(*) from rating where kind = $1 and subject = $2";
    Ok(tx.get::<i64>(sql, args![subject.kind, &subject.id]).await? > 0)
}

/// By what somebody shows that a thing is theirs to rate.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Key {
    /// The code of a slip.
    ma: String,
    /// The code of one's own dossier.
    hs: String,
    /// The code to follow a petition.
    pa: String,
    /// The receipt number of one's own petition.
    so: String,
}

impl Key {
    fn is_empty(&self) -> bool {
        [&self.ma, &self.hs, &self.pa, &self.so].iter().all(|text| text.trim().is_empty())
    }

    /// The key as hidden fields of the form.
    fn fields(&self) -> Vec<(&'static str, String)> {
        [("ma", &self.ma), ("hs", &self.hs), ("pa", &self.pa), ("so", &self.so)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name, text.clone()))
            .collect()
    }

    /// What it opens, if anything.
    async fn opens(&self, tx: &mut Tx, account: Option<&str>) -> Result<Option<Subject>, Problem> {
        if !self.ma.is_empty() {
            let sql = "select dossier from rating_slip where code = $1";
            let id: Option<String> = tx.find(sql, args![petition::code_hash(&self.ma)]).await?;
            let Some(id) = id else { return Ok(None) };
            let id = id.parse().map_err(|_| Problem::fault("a slip of no dossier"))?;
            return of_dossier(dossier::store::get(tx, id).await?, "slip").map(Some);
        }
        if !self.hs.is_empty() {
            let found = dossier::store::find(tx, &plain(&self.hs)).await?;
            let own = found.filter(|d| d.account.is_some() && d.account.as_deref() == account);
            return own.map(|d| of_dossier(d, "online")).transpose();
        }
        let found = if self.pa.is_empty() {
            let found = petition::store::find(tx, &plain(&self.so)).await?;
            found.filter(|p| p.account.is_some() && p.account.as_deref() == account)
        } else {
            petition::store::find_followed(tx, &petition::code_hash(&self.pa)).await?
        };
        found.map(of_petition).transpose()
    }
}

fn of_dossier(d: dossier::Dossier, channel: &'static str) -> Result<Subject, Problem> {
    if d.state.status() != Status::Returned {
        return Err(Problem::refused(say("refusal.not_returned", &[]), "rating before the result"));
    }
    Ok(Subject {
        kind: "dossier",
        id: d.id.to_string(),
        name: d.code,
        counter: d.counter.as_str().to_string(),
        agency: d.agency.as_str().to_string(),
        channel,
    })
}

fn of_petition(p: petition::Petition) -> Result<Subject, Problem> {
    let answered = [Standing::Answered, Standing::Published, Standing::Withheld];
    if !answered.contains(&p.state.standing()) {
        return Err(Problem::refused(say("refusal.not_answered", &[]), "rating before the answer"));
    }
    Ok(Subject {
        kind: "petition",
        id: p.id,
        name: p.number,
        counter: p.intake.as_str().to_string(),
        agency: p.agency.as_str().to_string(),
        channel: "online",
    })
}

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/danh-gia", get(show).post(send))
        .route("/mot-cua/phieu-danh-gia", get(slips).post(slip))
}

/// A box to tick or a circle to choose.
struct Pick {
    value: &'static str,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "rating/rate.html")]
struct RatePage {
    shell: Shell,
    /// Empty until a thing to rate is known.
    name: String,
    of_petition: bool,
    keys: Vec<(&'static str, String)>,
    typed: String,
    scores: Vec<Pick>,
    topics: Vec<Pick>,
    note: String,
    errors: Vec<FieldError>,
    summary: String,
    done: bool,
}

impl RatePage {
    fn of(app: &App, viewer: &MaybeViewer, subject: Option<&Subject>, key: &Key, said: &Said) -> RatePage {
        let pick =
            |list: &str, value: &'static str, chosen: bool| Pick { value, label: of(list, value), chosen };
        RatePage {
            shell: viewer.citizen_shell(&app.site, say("title.rate", &[])),
            name: subject.map(|s| s.name.clone()).unwrap_or_default(),
            of_petition: subject.is_some_and(|s| s.kind == "petition"),
            keys: key.fields(),
            typed: key.ma.clone(),
            scores: SCORES.into_iter().map(|v| pick("score", v, said.score == v)).collect(),
            topics: TOPICS
                .into_iter()
                .map(|v| pick("rate_topic", v, said.topics.iter().any(|t| t == v)))
                .collect(),
            note: said.note.clone(),
            errors: Vec::new(),
            summary: String::new(),
            done: false,
        }
    }

    fn wrong(mut self, errors: Vec<FieldError>) -> Response {
        self.shell.has_errors = true;
        self.summary = say("fault.summary", &[("n", &errors.len().to_string())]);
        self.errors = errors;
        page::html_with(StatusCode::UNPROCESSABLE_ENTITY, self)
    }

    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    /// A rating has just been kept.
    xong: String,
}

/// `GET /danh-gia`: what may be rated with this key, or the box for the code of a slip.
async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    Query(key): Query<Key>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    if key.is_empty() {
        let mut page = RatePage::of(&app, &viewer, None, &key, &Said::default());
        page.done = done.xong == "1";
        return Ok(page::html(page));
    }
    let subject = match opened(&app, &viewer, &address, &key).await {
        Ok(subject) => subject,
        Err(problem) => return unopened(&app, &viewer, &key, problem),
    };
    Ok(page::html(RatePage::of(&app, &viewer, Some(&subject), &key, &Said::default())))
}

/// The page with the box, saying why the key opens nothing.
fn unopened(app: &App, viewer: &MaybeViewer, key: &Key, problem: Problem) -> Result<Response, Problem> {
    let words = match problem {
        Problem::NotFound => say("fault.code", &[]),
        Problem::TooMany { retry_after_s } => say("follow.wait", &[("n", &retry_after_s.to_string())]),
        Problem::Refused(message) => message.outside,
        other => return Err(other),
    };
    let page = RatePage::of(app, viewer, None, key, &Said::default());
    Ok(page.wrong(vec![FieldError::new("ma", words)]))
}

/// What a key opens. Wrong keys of one address are counted, and the waits grow.
async fn opened(app: &App, viewer: &MaybeViewer, address: &Address, key: &Key) -> Result<Subject, Problem> {
    let now = app.site.clock.now();
    let guard = format!("rate:{}", address.0);
    let account = viewer.0.as_ref().map(|v| v.account.to_string());
    let (asked, guarded) = (key.clone(), guard.clone());
    let read = async move |tx: &mut Tx| -> Result<Option<Subject>, Problem> {
        throttle::check(tx, &guarded, now).await?;
        let Some(subject) = asked.opens(tx, account.as_deref()).await? else { return Ok(None) };
        if is_rated(tx, &subject).await? {
            return Err(Problem::refused(say("refusal.rated", &[]), "rated before"));
        }
        Ok(Some(subject))
    };
    if let Some(subject) = app.site.db.read(read).await? {
        return Ok(subject);
    }
    let missed = async move |tx: &mut Tx| throttle::failed(tx, &guard, now).await;
    app.site.db.write(viewer.act("onestop.rate-missed", "", now), missed).await?;
    Err(Problem::NotFound)
}

/// `POST /danh-gia`.
async fn send(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    form: RawForm,
) -> Result<Response, Problem> {
    let key: Key = form.read()?;
    let said = Said {
        score: form.get("score").unwrap_or_default().to_string(),
        topics: form.all("topics").map(str::to_string).collect(),
        note: form.get("note").unwrap_or_default().to_string(),
    };
    let subject = match opened(&app, &viewer, &address, &key).await {
        Ok(subject) => subject,
        Err(problem) => return unopened(&app, &viewer, &key, problem),
    };
    let now = app.site.clock.now();
    let (rated, words) = (subject.clone(), said.clone());
    let write = async move |tx: &mut Tx| rate(tx, &rated, &words, now).await;
    match app.site.db.write(viewer.act("onestop.rate", &subject.id, now), write).await {
        Ok(()) => Ok(Redirect::to("/danh-gia?xong=1").into_response()),
        Err(Problem::Invalid(errors)) => {
            Ok(RatePage::of(&app, &viewer, Some(&subject), &key, &said).wrong(errors))
        }
        Err(other) => Err(other),
    }
}

/// A dossier whose citizen may be given a slip.
struct SlipLine {
    code: String,
    applicant: String,
    at: Instant,
}

#[derive(Template)]
#[template(path = "rating/slips.html")]
struct SlipsPage {
    shell: Shell,
    action: String,
    lines: Vec<SlipLine>,
}

#[derive(Template)]
#[template(path = "rating/slip.html")]
struct SlipPage {
    shell: Shell,
    code: String,
    secret: String,
    address: String,
    back: String,
}

/// The path of the clerk's page.
pub const SLIPS: &str = "/mot-cua/phieu-danh-gia";

/// `GET /mot-cua/phieu-danh-gia`: the dossiers returned last at this counter that nobody has rated.
async fn slips(State(app): State<App>, clerk: CounterClerk) -> Result<Response, Problem> {
    db::record! { struct Row { code: String, applicant_name: String, since: Instant } }
    let now = app.site.clock.now();
    let place = Place::of_clerk(&clerk)?;
    let at = place.clone();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let counts = frame::counts(tx, &at, now).await?;
        let rows: Vec<Row> = tx
            .list(
                "select d.code, d.applicant_name, d.since from dossier d
                  where d.counter = $1 and d.status = $2 and not exists (
                        select 1 from rating r where r.kind = 'dossier' and r.subject = d.id)
                  order by d.since desc limit 25",
                args![at.post.unit.as_str(), Status::Returned.number()],
            )
            .await?;
        Ok((counts, rows))
    };
    let (counts, rows) = app.site.db.read(read).await?;
    let here = place.href(SLIPS, &[]);
    let shell = frame::shell(&app, &clerk.viewer, &place, &counts, say("title.rate", &[]), None);
    let line = |r: Row| SlipLine { code: r.code, applicant: r.applicant_name, at: r.since };
    Ok(page::html(SlipsPage {
        shell: shell.active(here.clone()),
        action: here,
        lines: rows.into_iter().map(line).collect(),
    }))
}

#[derive(Deserialize)]
struct SlipForm {
    code: String,
}

/// `POST /mot-cua/phieu-danh-gia`: a slip to print, with a fresh code; an older slip stops working.
async fn slip(
    State(app): State<App>,
    clerk: CounterClerk,
    Form(form): Form<SlipForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (secret, code, unit) = (petition::fresh_code(), plain(&form.code), clerk.unit().clone());
    let (hash, asked) = (petition::code_hash(&secret), code.clone());
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let found = dossier::store::find(tx, &asked).await?;
        let d = found.filter(|d| d.counter == unit).ok_or(Problem::NotFound)?;
        let id = d.id;
        of_dossier(d, "slip")?;
        tx.change(
            "insert into rating_slip (dossier, code, made_at) values ($1, $2, $3)
             on conflict (dossier) do update set code = excluded.code, made_at = excluded.made_at",
            args![id, &hash, now],
        )
        .await?;
        Ok(())
    };
    app.site.db.write(clerk.act("onestop.rating-slip", &code, now), write).await?;
    let place = Place::of_clerk(&clerk)?;
    Ok(page::html(SlipPage {
        shell: clerk.viewer.official_shell(&app.site, say("title.slip", &[("code", &code)])).told_once(),
        code,
        secret: petition::grouped(&secret),
        address: format!("{}/danh-gia", app.address),
        back: place.href(SLIPS, &[]),
    }))
}
