//! The petitions behind a figure of evaluation: `/bao-cao/phan-anh?o=answers|steps`. Numbers, topics and
//! limits only; who sent one is not told here.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::{Instant, format};
use db::Tx;
use web::{Problem, Shell, page};

use super::pages::{self, Seen};
use super::store::{self, Heard};
use super::words::say;
use crate::App;
use crate::desk::frame;
use crate::filters;

/// Where they are listed.
pub const PATH: &str = "/bao-cao/phan-anh";
/// Lines on one page.
const LINES: usize = 50;

struct Line {
    number: String,
    /// For those whose post is at the agency itself.
    href: Option<String>,
    topic: String,
    agency: String,
    state: String,
    received: Instant,
    late: bool,
}

#[derive(Template)]
#[template(path = "measure/heard.html")]
struct HeardPage {
    shell: Shell,
    heading: String,
    counts: String,
    period: String,
    back: String,
    /// All, and only the late ones.
    all: String,
    late: String,
    only_late: bool,
    lines: Vec<Line>,
    next: Option<String>,
}

/// `GET /bao-cao/phan-anh?o=answers&k=late&sau=`.
pub async fn list(State(app): State<App>, seen: Seen) -> Result<Response, Problem> {
    let heard = match seen.query.o.as_str() {
        "answers" => Heard::Answers,
        "steps" => Heard::Steps,
        _ => return Err(Problem::NotFound),
    };
    let only_late = seen.query.k.as_deref() == Some("late");
    let (ask, after) = (seen.ask.clone(), seen.query.sau.clone());
    let read = async move |tx: &mut Tx| -> db::Result<_> {
        let counts = store::petitions(tx, &ask, heard, seen.now).await?;
        let late = only_late.then_some(1);
        Ok((counts, store::list_petitions(tx, &ask, heard, late, after.as_deref(), seen.now).await?))
    };
    let (counts, mut petitions) = app.site.db.read(read).await?;
    let more = petitions.len() > LINES;
    petitions.truncate(LINES);
    let mut pairs = vec![("o", seen.query.o.as_str())];
    let all = seen.href(PATH, &pairs);
    let late = seen.href(PATH, &[pairs.clone(), vec![("k", "late")]].concat());
    pairs.extend(only_late.then_some(("k", "late")));
    let last = petitions.last().map(|p| p.number.clone()).unwrap_or_default();
    let next = [pairs, vec![("sau", last.as_str())]].concat();
    let (whole, in_time) = (format::thousands(counts.whole), format::thousands(counts.whole - counts.late));
    let view = HeardPage {
        heading: say(&format!("heard.{}", seen.query.o), &[]),
        counts: say("heard.counts", &[("whole", &whole), ("in_time", &in_time)]),
        period: pages::period(&seen.ask),
        back: seen.href("/bao-cao/danh-gia", &[]),
        all,
        late,
        only_late,
        next: more.then(|| seen.href(PATH, &next)),
        lines: petitions.iter().map(|p| line(&seen, p)).collect(),
        shell: seen.shell(&app, PATH, "heard"),
    };
    Ok(page::html(view))
}

fn line(seen: &Seen, p: &store::Petition) -> Line {
    let agency = seen.all.iter().find(|(id, _)| id.as_str() == p.agency);
    let opens = seen.official.official.posts.iter().any(|post| post.unit.as_str() == p.agency);
    Line {
        href: opens.then(|| format!("/mot-cua/phan-anh/{}", frame::encode(&p.number))),
        number: p.number.clone(),
        topic: crate::petition::words::say(&format!("topic.{}", p.topic), &[]),
        agency: agency.map(|(_, name)| name.clone()).unwrap_or_default(),
        state: crate::petition::words::say(&format!("standing.{}", p.state), &[]),
        received: p.received_at,
        late: p.late == 1,
    }
}
