//! The officials' pages of petitions: what waits for this post, one petition, its files.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::{Instant, format};
use db::Tx;
use directory::{AnyOfficial, UnitId};
use serde::Deserialize;
use web::due::Pill;
use web::page::NoticeKind;
use web::{Path, Problem, Query, Shell, page};

use super::step;
use super::{Around, pill};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::desk::{List as DossierList, Scope};
use crate::dossier::follow::plain;
use crate::filters;
use crate::petition::rules::{self, Standing, Verb};
use crate::petition::words::{self, of, say};
use crate::petition::{Petition, Who, store};

/// The path of the list.
pub const PATH: &str = "/mot-cua/phan-anh";
/// Lines on one page; the store gives one more.
const LINES: usize = 50;

/// The routes of this file and of the steps.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/phan-anh", get(list))
        .route("/mot-cua/phan-anh/{number}", get(show))
        .route("/mot-cua/phan-anh/{number}/tep/{file}", get(file))
        .route("/mot-cua/phan-anh/{number}/{step}", get(step::show).post(step::take))
}

/// A list of petitions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Received,
    Forwarded,
    Answered,
    Incomplete,
    Overdue,
    Done,
}

impl Tab {
    const ALL: [Tab; 6] =
        [Tab::Received, Tab::Forwarded, Tab::Answered, Tab::Incomplete, Tab::Overdue, Tab::Done];

    fn word(self) -> &'static str {
        match self {
            Tab::Received => "received",
            Tab::Forwarded => "forwarded",
            Tab::Answered => "answered",
            Tab::Incomplete => "incomplete",
            Tab::Overdue => "overdue",
            Tab::Done => "done",
        }
    }

    fn slug(self) -> &'static str {
        match self {
            Tab::Received => "cho-phan-loai",
            Tab::Forwarded => "cho-tra-loi",
            Tab::Answered => "cho-duyet",
            Tab::Incomplete => "cho-bo-sung",
            Tab::Overdue => "qua-han",
            Tab::Done => "da-xong",
        }
    }

    fn states(self) -> &'static [Standing] {
        match self {
            Tab::Received => &[Standing::Received],
            Tab::Forwarded => &[Standing::Forwarded],
            Tab::Answered => &[Standing::Answered],
            Tab::Incomplete => &[Standing::Incomplete],
            Tab::Overdue => &[Standing::Received, Standing::Forwarded, Standing::Answered],
            Tab::Done => &[Standing::Refused, Standing::Published, Standing::Withheld],
        }
    }

    /// Where each post begins.
    fn first(scope: &Scope) -> Tab {
        match scope {
            Scope::Counter(_) => Tab::Received,
            Scope::Agency(_) => Tab::Answered,
            Scope::Holder(..) => Tab::Forwarded,
        }
    }
}

struct TabLink {
    label: String,
    href: String,
    count: i64,
    late: bool,
    here: bool,
}

struct Row {
    class: &'static str,
    href: String,
    number: String,
    subject: String,
    sender: String,
    topic: String,
    status: String,
    holder: String,
    pill: Option<Pill>,
    when: String,
}

#[derive(Template)]
#[template(path = "petition/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<TabLink>,
    rows: Vec<Row>,
    next: String,
    count: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    ds: String,
    sau: Option<String>,
    post: Option<String>,
    /// A step was just taken.
    da: String,
}

/// `GET /mot-cua/phan-anh?ds=&sau=`.
async fn list(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let first = Tab::first(&place.scope);
    let tab = Tab::ALL.into_iter().find(|t| t.slug() == query.ds).unwrap_or(first);
    let (at, after) = (place.clone(), query.sau.clone());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let counts = frame::counts(tx, &at, now).await?;
        let late = |tab: Tab| (tab == Tab::Overdue).then_some(now);
        let mut tabs = Vec::new();
        for t in Tab::ALL {
            tabs.push((t, store::count(tx, &at.scope, t.states(), late(t)).await?));
        }
        let lines = store::list(tx, &at.scope, tab.states(), late(tab), after.as_deref()).await?;
        let mut rows = Vec::new();
        for line in lines {
            let holder = directory::get_unit(tx, &UnitId::from(line.holder.as_str())).await?.name;
            rows.push((line, holder));
        }
        let calendar = directory::calendar(tx, &at.post.unit).await?;
        Ok((counts, tabs, rows, calendar))
    };
    let (counts, tabs, mut lines, calendar) = app.site.db.read(read).await?;
    let more = lines.len() > LINES;
    lines.truncate(LINES);
    let to = |tab: Tab, after: &str| place.href(PATH, &[("ds", tab.slug()), ("sau", after)]);
    let next = lines.last().filter(|_| more).map(|(l, _)| to(tab, &l.place)).unwrap_or_default();
    let rows: Vec<Row> =
        lines.into_iter().map(|(line, holder)| row(&place, line, holder, &calendar, now)).collect();
    let mut shell = desk_shell(&app, &official, &place, &counts, say("title.desk", &[]));
    if let Some(verb) = Verb::ALL.into_iter().find(|v| v.word() == query.da) {
        shell = shell.notice(NoticeKind::Done, of("done", verb.word()));
    }
    Ok(page::html(ListPage {
        shell,
        count: say("list.page", &[("n", &rows.len().to_string())]),
        tabs: tabs
            .into_iter()
            .map(|(t, count)| TabLink {
                label: of("list", t.word()),
                href: to(t, ""),
                count,
                late: t == Tab::Overdue && count > 0,
                here: t == tab,
            })
            .collect(),
        rows,
        next,
    }))
}

/// The frame of the officials' pages, with this module's line marked.
pub(super) fn desk_shell(
    app: &App,
    official: &AnyOfficial,
    place: &Place,
    counts: &[(DossierList, i64)],
    title: String,
) -> Shell {
    frame::shell(app, &official.viewer, place, counts, title, None).active(place.href(PATH, &[]))
}

fn row(place: &Place, line: store::Line, holder: String, calendar: &base::Calendar, now: Instant) -> Row {
    let standing = Standing::from_word(&line.state);
    let pill = match (line.deadline, standing) {
        (Some(deadline), _) => Some(web::due::due_pill(now, deadline, calendar)),
        (None, Some(Standing::Incomplete)) => Some(web::due::held_pill()),
        _ => None,
    };
    Row {
        class: pill.as_ref().map_or("", Pill::row_class),
        href: place.href(&format!("{PATH}/{}", line.number), &[]),
        topic: of("topic", &line.topic),
        status: of("standing", &line.state),
        when: format::time_vn(line.deadline.unwrap_or(line.since)),
        number: line.number,
        subject: line.subject,
        sender: line.sender_name,
        holder,
        pill,
    }
}

/// The petition with this number as this official may see it; somebody else's does not exist.
pub(super) async fn find(tx: &mut Tx, number: &str, who: &Who) -> Result<Petition, Problem> {
    let found = store::find(tx, &plain(number)).await?.ok_or(Problem::NotFound)?;
    if who.seats(&found).is_empty() {
        return Err(Problem::NotFound);
    }
    Ok(found)
}

/// Who an official is before petitions. An official's own petition is seen on the citizens' pages.
pub(super) fn who(official: &AnyOfficial) -> Who {
    Who {
        account: Some(official.viewer.account.to_string()),
        posts: official.viewer.posts.clone(),
        has_code: false,
    }
}

/// The unit in whose name this person acts on the petition.
pub(super) fn office(who: &Who, p: &Petition) -> Option<String> {
    let units = [&p.holder, &p.intake, &p.agency];
    let found = units.into_iter().find(|unit| who.posts.iter().any(|post| post.unit == **unit));
    found.map(|unit| unit.as_str().to_string())
}

struct FileLine {
    name: String,
    about: String,
    href: String,
}

struct Happened {
    at: Instant,
    who: String,
    what: String,
    late: String,
    said: Vec<String>,
}

struct ActLink {
    label: String,
    href: String,
    primary: bool,
}

#[derive(Template)]
#[template(path = "petition/show.html")]
struct ShowPage {
    shell: Shell,
    back: String,
    number: String,
    status: String,
    pill: Option<Pill>,
    subject: String,
    content: String,
    files: Vec<FileLine>,
    answer: String,
    finding: String,
    facts: Vec<(String, String)>,
    acts: Vec<ActLink>,
    arithmetic: Vec<String>,
    history: Vec<Happened>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PostQuery {
    pub post: Option<String>,
    pub da: String,
}

/// `GET /mot-cua/phan-anh/{number}`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(number): Path<String>,
    Query(query): Query<PostQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let asker = who(&official);
    let (at, person) = (place.clone(), asker.clone());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let p = find(tx, &number, &person).await?;
        let around = Around::read(tx, &p, now.day()).await?;
        let files = store::list_files(tx, &p.id).await?;
        let counts = frame::counts(tx, &at, now).await?;
        Ok((p, around, files, counts))
    };
    let (p, around, files, counts) = app.site.db.read(read).await?;
    crate::dossier::look(&app, &official.viewer, "onestop.look-petition", &p.number, now).await;
    let open = rules::open(p.state, &asker.seats(&p), now, &around.limits.terms(&around.calendar));
    let account = asker.account.clone().unwrap_or_default();
    let open = open.into_iter().filter(|v| rules::four_eyes(*v, p.answered_by.as_deref(), &account).is_ok());
    let title = say("list.slug", &[("number", &p.number)]);
    let mut shell = desk_shell(&app, &official, &place, &counts, title);
    if let Some(verb) = Verb::ALL.into_iter().find(|v| v.word() == query.da) {
        shell = shell.notice(NoticeKind::Done, of("done", verb.word()));
    }
    let here = format!("{PATH}/{}", p.number);
    let acts = open.enumerate().map(|(n, verb)| ActLink {
        label: words::verb(verb),
        href: place.href(&format!("{here}/{}", step::slug(verb)), &[]),
        primary: n == 0,
    });
    Ok(page::html(ShowPage {
        back: place.href(PATH, &[]),
        status: words::standing(p.state.standing()),
        pill: pill(p.state, &around.calendar, now),
        files: files.iter().map(|f| file_line(&p, f)).collect(),
        finding: of("finding", &p.finding),
        facts: facts(&p, &around),
        acts: acts.collect(),
        arithmetic: around.arithmetic(&p),
        history: around.steps.iter().rev().map(happened).collect(),
        number: p.number,
        subject: p.subject,
        content: p.content,
        answer: p.answer,
        shell,
    }))
}

fn file_line(p: &Petition, f: &store::File) -> FileLine {
    FileLine {
        name: f.name.clone(),
        about: crate::filing::pages::about(&f.media, f.size.unsigned_abs()),
        href: format!("{PATH}/{}/tep/{}", p.number, f.id),
    }
}

fn facts(p: &Petition, around: &Around) -> Vec<(String, String)> {
    let fact = |key: &str, value: String| (of("fact", key), value);
    let mut facts = vec![
        fact("sender", p.sender_name.clone()),
        fact("phone", p.sender_phone.clone()),
        fact("kind", of("kind", &p.kind)),
        fact("topic", of("topic", &p.topic)),
        fact("about", around.about.clone()),
        fact("intake", around.intake.clone()),
        fact("holder", around.holder.clone()),
        fact("received", format::time_vn(p.received_at)),
    ];
    if !p.sender_email.is_empty() {
        facts.insert(2, fact("email", p.sender_email.clone()));
    }
    if let Some(code) = &p.dossier_code {
        facts.push(fact("dossier", code.clone()));
    }
    facts
}

fn happened((step, by): &(store::Step, String)) -> Happened {
    let list = if step.verb == "refuse" { "refuse_reason" } else { "withhold_reason" };
    let reason = step.reason_code.as_deref().map(|code| of(list, code));
    let late = step.due_at.filter(|_| step.late);
    Happened {
        at: step.at,
        who: by.clone(),
        what: of("done", &step.verb),
        late: late.map(|at| say("done.late", &[("at", &format::time_vn(at))])).unwrap_or_default(),
        said: reason
            .into_iter()
            .chain([step.basis.clone(), step.note.clone()])
            .filter(|text| !text.is_empty())
            .collect(),
    }
}

/// `GET /mot-cua/phan-anh/{number}/tep/{file}`: foreign bytes, saved or shown in a box of their own.
async fn file(
    State(app): State<App>,
    official: AnyOfficial,
    Path((number, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let asker = who(&official);
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let p = find(tx, &number, &asker).await?;
        let files = store::list_files(tx, &p.id).await?;
        let file = files.into_iter().find(|f| f.id == id).ok_or(Problem::NotFound)?;
        Ok((p.number, file))
    };
    let (number, file) = app.site.db.read(read).await?;
    let bytes = app.site.blobs.get_kept(&file.sha256).await?;
    let now = app.site.clock.now();
    crate::dossier::look(&app, &official.viewer, "onestop.look-petition-file", &number, now).await;
    Ok(crate::dossier::files::answer(bytes, &file.media, &file.name, false))
}

/// Back to the petition after a step, or to the list where it is no longer this person's.
pub(super) fn after_step(place: &Place, p: &Petition, who: &Who, verb: Verb) -> Response {
    let path = if who.seats(p).is_empty() { PATH.to_string() } else { format!("{PATH}/{}", p.number) };
    Redirect::to(&place.href(&path, &[("da", verb.word())])).into_response()
}
