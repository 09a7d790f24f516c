//! Many requests approved with one word (duyệt nhiều yêu cầu): an administrator chooses them in the list,
//! reads what will be approved, and a job issues the certificates, some with each commit, so that the page
//! can say how far it is. Two persons stand behind each of them all the same: a request that the
//! administrator asked, or that is for them, is left out and says why.
//!
//! What became of a request stands with the request itself; after a crash the job finds it there.

pub mod pages;
mod store;

use base::{Id, Instant};
use db::jobs::{self, Handler, Job};
use db::{Act, Actor, Tx};
use directory::{AccountId, Role};
use serde::{Deserialize, Serialize};
use web::Problem;

use self::store::{Deed, Item};
use super::rules::{No, may_decide};
use super::store::Request;
use super::{DEED_MAX, approve, approve_all, store as requests};
use crate::App;

pub enum DeedKind {}
/// The id of a deed.
pub type DeedId = Id<DeedKind>;

/// The kind of the job.
const JOB: &str = "trust.approve-requests";
/// Certificates with one commit: few enough that the page moves, and enough that commits are few.
const AT_ONCE: usize = 10;

/// Why a request was not approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The administrator asked for it.
    Asker,
    /// It would be the administrator's own.
    Holder,
    /// Somebody has decided, or it was taken back.
    Decided,
    /// The administrator keeps the province no more.
    NoPost,
    /// There is no authority that issues.
    NoAuthority,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 5] =
        [Reason::Asker, Reason::Holder, Reason::Decided, Reason::NoPost, Reason::NoAuthority];

    /// The word in rows and word files.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Asker => "asker",
            Reason::Holder => "holder",
            Reason::Decided => "decided",
            Reason::NoPost => "no_post",
            Reason::NoAuthority => "no_authority",
        }
    }
}

impl From<No> for Reason {
    fn from(no: No) -> Reason {
        match no {
            No::Asker => Reason::Asker,
            No::Holder => Reason::Holder,
            No::Decided => Reason::Decided,
        }
    }
}

/// Why this account may not decide about a request; nothing when it may.
pub fn against(request: &Request, by: &str) -> Option<Reason> {
    may_decide(&request.state, &request.asked_by, request.account.as_deref(), by).err().map(Reason::from)
}

/// The newest deed of an administrator that is not done.
///
/// # Errors
/// The store's.
pub async fn find_running(tx: &mut Tx, account: &str) -> db::Result<Option<DeedId>> {
    store::find_running(tx, account).await
}

/// What a job is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Which {
    deed: DeedId,
}

/// Begins a deed of this administrator over these requests; the job follows the commit. Said twice under one
/// id, it is done once.
///
/// # Errors
/// A refusal at the field `request` when there are none; `Malformed` when there are too many; `NotFound` for
/// requests that are not there, and for somebody else's deed; the store's.
pub async fn begin(
    tx: &mut Tx,
    id: DeedId,
    chosen: &[String],
    (account, office): (&str, &str),
    now: Instant,
) -> Result<(), Problem> {
    if let Some(known) = store::find(tx, id).await? {
        return if known.account == account { Ok(()) } else { Err(Problem::NotFound) };
    }
    if chosen.is_empty() {
        return Err(Problem::field("request", crate::words::t("deed.none_chosen")));
    }
    if chosen.len() > DEED_MAX {
        return Err(Problem::Malformed(format!("{} requests in one deed", chosen.len())));
    }
    store::save(tx, &Deed { id, account: account.into(), office: office.into(), at: now }).await?;
    for (n, request) in (0_i64..).zip(chosen) {
        requests::find(tx, request).await?.ok_or(Problem::NotFound)?;
        store::save_item(tx, id, n, request).await?;
    }
    Ok(jobs::put(tx, JOB, &Which { deed: id }, now).await.map(drop)?)
}

/// Does the job.
pub(crate) fn handler(app: &App) -> Handler {
    let app = app.clone();
    Handler::new(JOB, move |_, job: Job| {
        let app = app.clone();
        async move {
            let which: Which = job.read()?;
            run(&app, which.deed).await.map_err(|problem| problem.to_string())
        }
    })
}

/// Works the deed off; what is done already is found with the requests.
async fn run(app: &App, id: DeedId) -> Result<(), Problem> {
    let read = async move |tx: &mut Tx| store::find(tx, id).await;
    let Some(deed) = app.site.db.read(read).await? else { return Ok(()) };
    loop {
        let (waiting, is_admin) = read_next(app, &deed).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let (mut fit, mut told) = (Vec::new(), Vec::new());
        for (item, request) in waiting {
            match standing(&deed, &request, is_admin) {
                Standing::Issued => told.push((item, None)),
                Standing::Against(reason) => told.push((item, Some(reason))),
                Standing::Fits => fit.push(item),
            }
        }
        told.extend(issue(app, &deed, fit).await?);
        let write = async move |tx: &mut Tx| -> db::Result<()> {
            for (item, reason) in &told {
                store::save_told(tx, id, item.n, reason.map(Reason::word)).await?;
            }
            Ok(())
        };
        app.site.db.upkeep(write).await?;
    }
}

async fn read_next(app: &App, deed: &Deed) -> Result<(Vec<(Item, Request)>, bool), Problem> {
    let account: AccountId = deed.account.parse().map_err(|_| Problem::fault("a kept account's id"))?;
    let (id, today) = (deed.id, app.site.clock.today());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let mut waiting = Vec::new();
        for item in store::list_waiting(tx, id, AT_ONCE).await? {
            let request = requests::find(tx, &item.request).await?.ok_or(Problem::NotFound)?;
            waiting.push((item, request));
        }
        let posts = directory::official(tx, account, today).await?.posts;
        Ok((waiting, posts.iter().any(|post| post.role == Role::Admin)))
    };
    app.site.db.read(read).await
}

/// How a request of a deed stands.
enum Standing {
    /// It may be approved.
    Fits,
    /// Whoever does the deed has approved it: before a crash, or on its own page.
    Issued,
    Against(Reason),
}

fn standing(deed: &Deed, request: &Request, is_admin: bool) -> Standing {
    let is_theirs = request.decided_by.as_deref() == Some(deed.account.as_str());
    match against(request, &deed.account) {
        _ if request.state == "issued" && is_theirs => Standing::Issued,
        Some(reason) => Standing::Against(reason),
        None if !is_admin => Standing::Against(Reason::NoPost),
        None => Standing::Fits,
    }
}

/// Issues all of these with one commit; where that is refused, each alone, to learn which was not to be.
async fn issue(app: &App, deed: &Deed, fit: Vec<Item>) -> Result<Vec<(Item, Option<Reason>)>, Problem> {
    if fit.is_empty() {
        return Ok(Vec::new());
    }
    let now = app.site.clock.now();
    let act = |subject: &str| {
        let actor = Actor::Account(deed.account.clone());
        Act::new(actor, "trust.approve-request", subject, now).in_office(deed.office.as_str())
    };
    let ids: Vec<String> = fit.iter().map(|item| item.request.clone()).collect();
    match approve_all(app, &ids, &deed.account, act(&deed.id.to_string()), now).await {
        Ok(_) => return Ok(fit.into_iter().map(|item| (item, None)).collect()),
        // Somebody decided about one of them at this moment.
        Err(Problem::Refused(_) | Problem::Stale) => {}
        Err(other) => return Err(other),
    }
    let mut told = Vec::new();
    for item in fit {
        let done = approve(app, &item.request, &deed.account, act(&item.request), now).await;
        let reason = match done {
            Ok(_) => None,
            Err(Problem::Refused(_)) => Some(why(app, deed, &item).await?),
            Err(other) => return Err(other),
        };
        told.push((item, reason));
    }
    Ok(told)
}

/// Why a request was refused that had looked fit.
async fn why(app: &App, deed: &Deed, item: &Item) -> Result<Reason, Problem> {
    let id = item.request.clone();
    let request = app.site.db.read(async move |tx: &mut Tx| requests::find(tx, &id).await).await?;
    let against = against(&request.ok_or(Problem::NotFound)?, &deed.account);
    Ok(against.unwrap_or(Reason::NoAuthority))
}
