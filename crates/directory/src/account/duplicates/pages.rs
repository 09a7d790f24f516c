//! `/quan-tri/nguoi-trung`: pairs that may be one person's, two accounts side by side, and what two
//! administrators agreed on.

use crate::filters;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base::{Instant, format};
use db::Tx;
use serde::Deserialize;
use web::page::NoticeKind;
use web::site::Holdings;
use web::{Form, Path, Problem, Query, Shell, Site, page};

use super::rules::{Ground, may_merge, stays};
use super::store::{self, Merge, Whole};
use super::{Wish, may_undo};
use crate::forms::told;
use crate::unit::pages::shell_of;
use crate::viewer::Admin;
use crate::words;

/// Where administrators find persons who appear twice.
pub const HERE: &str = "/quan-tri/nguoi-trung";

fn shell(site: &Site, admin: &Admin, title: &str) -> Shell {
    shell_of(site, &admin.viewer, true, words::t(title), HERE)
}

fn ground(word: &str) -> String {
    words::t(&format!("duplicates.ground.{word}"))
}

/// One pair in a list.
struct PairLine {
    name: String,
    other: String,
    ground: String,
    href: String,
    /// Both have an account.
    kept: bool,
}

/// One merge in a list.
struct MergeLine {
    href: String,
    goes: String,
    stays: String,
    ground: String,
    at: Instant,
    state: String,
}

#[derive(Template)]
#[template(path = "directory/duplicates.html")]
struct ListPage {
    shell: Shell,
    a: String,
    b: String,
    error: String,
    waiting: Vec<MergeLine>,
    pairs: Vec<PairLine>,
    done: Vec<MergeLine>,
}

/// What the address carries.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ListQuery {
    /// Something was just done.
    da: String,
}

async fn line(tx: &mut Tx, m: &Merge) -> Result<MergeLine, Problem> {
    let name = |whole: Option<Whole>| whole.map(|w| w.name).unwrap_or_default();
    Ok(MergeLine {
        href: format!("{HERE}/{}", m.id),
        goes: name(store::find(tx, &m.goes).await?),
        stays: name(store::find(tx, &m.stays).await?),
        ground: ground(&m.ground),
        at: m.decided_at.unwrap_or(m.proposed_at),
        state: words::t(&format!("duplicates.state.{}", m.state)),
    })
}

async fn list_page(site: &Site, admin: &Admin) -> Result<ListPage, Problem> {
    let holdings = site.holdings;
    let read = site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let pairs = super::suggest(tx, holdings).await?;
        let mut lists = [Vec::new(), Vec::new()];
        for (into, state) in lists.iter_mut().zip(["proposed", "done"]) {
            for merge in store::list_merges(tx, state).await? {
                into.push(line(tx, &merge).await?);
            }
        }
        Ok((pairs, lists))
    });
    let (pairs, [waiting, done]) = read.await?;
    let pair = |p: super::Pair| PairLine {
        href: format!("{HERE}/so-sanh?a={}&b={}", p.stays.key(), p.goes.key()),
        kept: p.goes.is_kept() && p.stays.is_kept(),
        name: p.stays.name,
        other: p.goes.name,
        ground: ground(p.ground.word()),
    };
    Ok(ListPage {
        shell: shell(site, admin, "duplicates.title"),
        a: String::new(),
        b: String::new(),
        error: String::new(),
        waiting,
        pairs: pairs.into_iter().map(pair).collect(),
        done,
    })
}

/// `GET /quan-tri/nguoi-trung`.
pub async fn list(
    State(site): State<Site>,
    admin: Admin,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let mut page = list_page(&site, &admin).await?;
    if ["proposed", "done", "declined", "undone"].contains(&query.da.as_str()) {
        page.shell = page.shell.notice(NoticeKind::Done, words::t(&format!("duplicates.did.{}", query.da)));
    }
    Ok(page::html(page))
}

/// A line of the comparison.
struct Row {
    label: String,
    a: String,
    b: String,
    same: bool,
}

#[derive(Template)]
#[template(path = "directory/duplicate.html")]
struct PairPage {
    shell: Shell,
    a: String,
    b: String,
    a_name: String,
    b_name: String,
    rows: Vec<Row>,
    /// The one that stays, unless somebody chooses otherwise.
    stays: String,
    seen: [i64; 2],
    ground: String,
    /// Why the two cannot be one, whichever stays.
    never: String,
    error: String,
    reason: String,
    reason_error: String,
    /// Where a merge is decided or taken back; empty where one is proposed.
    decide: String,
    /// Who goes and who stays, in words, of a merge.
    told: String,
    said: String,
    own: bool,
    can_undo: bool,
    open: bool,
}

/// Two accounts to compare, by id or by personal number.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct PairQuery {
    a: String,
    b: String,
}

type Told = (Whole, Vec<(String, i64)>);

/// Whom an id, a personal number or a dossier's code names, and what systems have of them.
async fn named(tx: &mut Tx, holdings: Option<Holdings>, text: &str) -> Result<Option<Told>, Problem> {
    let number: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = Some(number).filter(|number| number.len() == 12 && !text.contains('-'));
    let by_number = match &number {
        Some(number) => store::find_by_number(tx, number).await?,
        None => None,
    };
    let found = match by_number {
        Some(account) => Some((account, Vec::new())),
        None => super::find(tx, holdings, number.as_deref().unwrap_or(text.trim())).await?,
    };
    let Some((whole, mut held)) = found else { return Ok(None) };
    if let (Some(holdings), true) = (holdings, whole.is_kept()) {
        held = (holdings.count)(tx, &whole.id.to_string()).await?;
    }
    Ok(Some((whole, held)))
}

type Two = ([Whole; 2], [Vec<(String, i64)>; 2]);

async fn read_two(site: &Site, a: &str, b: &str) -> Result<Option<Two>, Problem> {
    let (a, b, holdings) = (a.to_string(), b.to_string(), site.holdings);
    let read = site.db.read(async move |tx: &mut Tx| -> Result<Option<Two>, Problem> {
        let (a, b) = (named(tx, holdings, &a).await?, named(tx, holdings, &b).await?);
        Ok(a.zip(b).map(|((a, a_held), (b, b_held))| ([a, b], [a_held, b_held])))
    });
    read.await
}

fn rows([a, b]: &[Whole; 2], held: &[Vec<(String, i64)>; 2]) -> Vec<Row> {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let row = |key: &str, value: &dyn Fn(&Whole) -> String| {
        let (x, y) = (value(a), value(b));
        Row { label: words::t(&format!("duplicates.row.{key}")), same: x == y, a: x, b: y }
    };
    let confirmed = |w: &Whole| match w.confirmed_at {
        Some(at) => words::own().t("duplicates.confirmed_at", &[("at", &format::time_vn(at))]),
        None => words::t("duplicates.unconfirmed"),
    };
    let signs_in = |w: &Whole| match (w.disabled_at, w.has_password) {
        _ if !w.is_kept() => words::own().t("duplicates.unregistered", &[("code", &w.login)]),
        (Some(_), _) => words::t("duplicates.locked"),
        (None, true) => words::t("duplicates.has_password"),
        (None, false) => words::t("duplicates.no_password"),
    };
    let mut rows = vec![
        row("name", &|w| w.name.clone()),
        row("number", &|w| w.number().unwrap_or_default().to_string()),
        row("phone", &|w| text(&w.phone)),
        row("email", &|w| text(&w.email)),
        row("address", &|w| text(&w.address)),
        row("confirmed", &confirmed),
        row("signs_in", &signs_in),
        row("created", &|w| format::time_vn(w.created_at)),
    ];
    rows.extend(held[0].iter().zip(&held[1]).map(|((label, x), (_, y))| Row {
        label: label.clone(),
        same: x == y,
        a: x.to_string(),
        b: y.to_string(),
    }));
    rows
}

/// The two side by side, with nothing proposed yet.
fn pair_page(site: &Site, admin: &Admin, two: &Two) -> PairPage {
    let [a, b] = &two.0;
    let (x, y) = (a.side(), b.side());
    let both_ways = may_merge(&x, &y).and(may_merge(&y, &x));
    let either = may_merge(&x, &y).or(may_merge(&y, &x));
    let never = match (either, both_ways) {
        (Err(_), Err(no)) => super::message(no),
        _ => String::new(),
    };
    let spoken = super::rules::ground(&x, &y).unwrap_or(Ground::Other);
    PairPage {
        shell: shell(site, admin, "duplicates.compare"),
        a: a.key(),
        b: b.key(),
        a_name: a.name.clone(),
        b_name: b.name.clone(),
        rows: rows(&two.0, &two.1),
        stays: if stays(&x, &y).0.id == x.id { a.key() } else { b.key() },
        seen: [a.version, b.version],
        ground: ground(spoken.word()),
        never,
        error: String::new(),
        reason: String::new(),
        reason_error: String::new(),
        decide: String::new(),
        told: String::new(),
        said: String::new(),
        own: false,
        can_undo: false,
        open: false,
    }
}

/// Looks at two persons' data are entries of the audit book.
async fn looked(site: &Site, admin: &Admin, two: &Two) -> Result<(), Problem> {
    for whole in &two.0 {
        let verb = if whole.is_kept() { "directory.look-account" } else { "directory.look-unregistered" };
        let act = admin.act(verb, whole.key(), site.clock.now());
        db::audit::looked(&site.db, act).await?;
    }
    Ok(())
}

/// `GET /quan-tri/nguoi-trung/so-sanh?a=&b=`.
pub async fn compare(
    State(site): State<Site>,
    admin: Admin,
    Query(query): Query<PairQuery>,
) -> Result<Response, Problem> {
    let Some(two) = read_two(&site, &query.a, &query.b).await? else {
        let mut page = list_page(&site, &admin).await?;
        page.error = words::t("duplicates.not_found");
        (page.a, page.b) = (query.a, query.b);
        page.shell = page.shell.errors();
        return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page));
    };
    looked(&site, &admin, &two).await?;
    Ok(page::html(pair_page(&site, &admin, &two)))
}

/// A proposal as it is sent.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct WishForm {
    a: String,
    b: String,
    stays: String,
    reason: String,
    seen_a: i64,
    seen_b: i64,
}

/// `POST /quan-tri/nguoi-trung`: lays it before another administrator.
pub async fn propose(
    State(site): State<Site>,
    admin: Admin,
    Form(form): Form<WishForm>,
) -> Result<Response, Problem> {
    let now = site.clock.now();
    let a_stays = form.stays == form.a;
    if !a_stays && form.stays != form.b {
        return Err(Problem::Malformed("neither of the two stays".into()));
    }
    let (goes, seen) =
        if a_stays { (&form.b, (form.seen_b, form.seen_a)) } else { (&form.a, (form.seen_a, form.seen_b)) };
    let wish = Wish { goes: goes.clone(), stays: form.stays.clone(), reason: form.reason.clone(), seen };
    let act = admin.act("directory.propose-merge", &form.stays, now);
    let (by, holdings) = (admin.viewer.account.to_string(), site.holdings);
    let write = async move |tx: &mut Tx| super::propose(tx, holdings, &wish, &by, now).await;
    let done = site.db.write(act, write).await;
    let problem = match done {
        Ok(_) => return Ok(Redirect::to(&format!("{HERE}?da=proposed")).into_response()),
        Err(problem) => problem,
    };
    let status = problem.status();
    let two = read_two(&site, &form.a, &form.b).await?.ok_or(Problem::NotFound)?;
    let mut page = pair_page(&site, &admin, &two);
    (page.reason, page.stays) = (form.reason, form.stays);
    let of_reason = matches!(problem, Problem::Invalid(_));
    *(if of_reason { &mut page.reason_error } else { &mut page.error }) = told(problem)?;
    page.shell = page.shell.errors();
    Ok(page::html_with(status, page))
}

async fn merge_page(site: &Site, admin: &Admin, id: &str) -> Result<PairPage, Problem> {
    let wanted = id.to_string();
    let now = site.clock.now();
    let merge = site
        .db
        .read(async move |tx: &mut Tx| -> Result<Merge, Problem> {
            store::find_merge(tx, &wanted).await?.ok_or(Problem::NotFound)
        })
        .await?;
    let two = read_two(site, &merge.stays, &merge.goes).await?.ok_or(Problem::NotFound)?;
    looked(site, admin, &two).await?;
    let mut page = pair_page(site, admin, &two);
    let args = [("stays", page.a_name.as_str()), ("goes", page.b_name.as_str())];
    page.told = words::own().t(&format!("duplicates.told.{}", merge.state), &args);
    page.ground = ground(&merge.ground);
    page.said = [merge.reason.as_str(), merge.note.as_str()].join(" ").trim().to_string();
    page.decide = format!("{HERE}/{id}");
    page.open = merge.state == "proposed";
    page.own = merge.proposed_by == admin.viewer.account.to_string();
    page.can_undo = merge.state == "done" && may_undo(&merge, now);
    page.never = String::new();
    Ok(page)
}

/// `GET /quan-tri/nguoi-trung/{id}`: a merge that was proposed.
pub async fn show(
    State(site): State<Site>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(page::html(merge_page(&site, &admin, &id).await?))
}

/// What an administrator says of a merge.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct WordForm {
    word: String,
    note: String,
}

/// `POST /quan-tri/nguoi-trung/{id}`: agrees, says why not, or takes it back.
pub async fn decide(
    State(site): State<Site>,
    admin: Admin,
    Path(id): Path<String>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    let now = site.clock.now();
    let by = admin.viewer.account.to_string();
    let (merge, note, holdings) = (id.clone(), form.note.clone(), site.holdings);
    let (verb, did) = match form.word.as_str() {
        "approve" => ("directory.approve-merge", "done"),
        "decline" => ("directory.decline-merge", "declined"),
        "undo" => ("directory.undo-merge", "undone"),
        _ => return Err(Problem::Malformed("no such word about a merge".into())),
    };
    let act = admin.act(verb, &id, now);
    let write = async move |tx: &mut Tx| match did {
        "undone" => super::undo(tx, holdings, &merge, &by, now).await,
        word => super::decide(tx, &merge, word == "done", &note, &by, now).await,
    };
    let problem = match site.db.write(act, write).await {
        Ok(()) => return Ok(Redirect::to(&format!("{HERE}?da={did}")).into_response()),
        Err(problem) => problem,
    };
    let status = problem.status();
    let mut page = merge_page(&site, &admin, &id).await?;
    page.error = told(problem)?;
    page.reason = form.note;
    page.shell = page.shell.errors();
    Ok(page::html_with(status, page))
}
