//! The frame of the officials' pages: from which post somebody looks, the side list with its
//! counts, and the addresses of lists.

use base::Instant;
use db::Tx;
use directory::{AnyOfficial, CounterClerk, Post, Role, Viewer};
use web::page::{NavGroup, NavItem, NoticeKind, SideNav, Tone};
use web::{Problem, Shell};

use super::words::{find, say};
use super::{List, Scope, soon, store};
use crate::App;
use crate::answers::words::say as answer_words;
use crate::dossier::rules::{Status, Verb};

/// What `da=` says of a dossier that was filed at the counter and not received yet.
pub const FILED: &str = "ghi-nhan";
/// What `da=` says of a dossier that was received together with its fee in cash.
pub const RECEIVED_PAID: &str = "tiep-nhan-thu-phi";
/// What `da=` says of a step that was laid before a leader.
pub const PROPOSED: &str = "trinh-duyet";
/// What `da=` says of a proposal that a leader approved, or declined.
pub const APPROVED: &str = "da-duyet";
pub const DECLINED: &str = "khong-duyet";
/// The module of the officials' bar.
pub const MODULE: &str = "/mot-cua";

/// The post from which somebody looks at the desk.
#[derive(Clone, Debug)]
pub struct Place {
    pub post: Post,
    pub scope: Scope,
    /// The other posts with a desk of their own.
    others: Vec<Post>,
}

impl Place {
    /// The post chosen by `?post=`, or the first one that settles dossiers. `Forbidden` without one.
    pub fn of(official: &AnyOfficial, chosen: Option<&str>) -> Result<Place, Problem> {
        let desks = || official.official.posts.iter().filter_map(|p| Some((p, Scope::of(p)?)));
        let named = chosen.and_then(|id| desks().find(|(p, _)| p.id.to_string() == id));
        let (post, scope) = named.or_else(|| desks().next()).ok_or(Problem::Forbidden)?;
        let others = desks().map(|(p, _)| p.clone()).filter(|p| p.id != post.id).collect();
        Ok(Place { post: post.clone(), scope, others })
    }

    /// The place of a counter clerk, in the post of this request.
    pub fn of_clerk(clerk: &CounterClerk) -> Result<Place, Problem> {
        let official = AnyOfficial { official: clerk.official.clone(), viewer: clerk.viewer.clone() };
        Place::of(&official, Some(&clerk.post.id.to_string()))
    }

    /// `path` with the query pairs, and with the post where there is a choice of posts. Empty
    /// values are left out.
    pub fn href(&self, path: &str, pairs: &[(&str, &str)]) -> String {
        let post = self.post.id.to_string();
        let post = (!self.others.is_empty()).then_some(("post", post.as_str()));
        address(path, pairs.iter().copied().chain(post))
    }

    /// Where a list is.
    pub fn list(&self, list: List) -> String {
        self.href(&format!("{MODULE}/{}", slug(list)), &[])
    }

    /// Where a dossier is, as met in `list`.
    pub fn dossier(&self, code: &str, list: Option<List>) -> String {
        self.href(&dossier(code), &[("tu", list.map_or("", slug))])
    }

    /// Whether this is a clerk's place at a counter, who takes papers by hand.
    pub fn is_counter(&self) -> bool {
        self.post.role == Role::CounterClerk
    }
}

/// `path` with these query pairs; empty values are left out.
pub fn address<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = path.to_string();
    for (name, value) in pairs {
        if !value.is_empty() {
            out.push(if out.contains('?') { '&' } else { '?' });
            out.push_str(name);
            out.push('=');
            out.push_str(&encode(value));
        }
    }
    out
}

/// The path of a dossier's page for officials.
pub fn dossier(code: &str) -> String {
    format!("{MODULE}/ho-so/{}", encode(code))
}

/// A text as part of an address.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The word of a list in addresses.
pub fn slug(list: List) -> &'static str {
    match list {
        List::Waiting => "cho-tiep-nhan",
        List::Processing => "dang-xu-ly",
        List::Soon => "sap-den-han",
        List::Overdue => "qua-han",
        List::Supplementing => "cho-bo-sung",
        List::AwaitingFee => "cho-nop-phi",
        List::ToSign => "cho-ky",
        List::ToApprove => "cho-duyet",
        List::ToReturn => "cho-tra-ket-qua",
        List::ToAnswer => "cho-tra-loi",
        List::Done => "da-xong",
    }
}

/// The list at this word.
pub fn list_at(word: &str) -> Option<List> {
    List::ALL.into_iter().find(|list| slug(*list) == word)
}

/// The word of a step in addresses.
pub fn step_slug(verb: Verb) -> &'static str {
    match verb {
        Verb::Receive => "tiep-nhan",
        Verb::AskSupplement => "yeu-cau-bo-sung",
        Verb::Supplement => "nhan-bo-sung",
        Verb::Refuse => "tu-choi",
        Verb::Withdraw => "rut",
        Verb::PassOn => "chuyen",
        Verb::ReturnStep => "tra-lai",
        Verb::SubmitForSignature => "trinh-ky",
        Verb::Decide => "quyet-dinh",
        Verb::AskFee => "yeu-cau-phi",
        Verb::Pay => "ghi-phi",
        Verb::Extend => "gia-han",
        Verb::Stop => "dung",
        Verb::ReturnResult => "tra-ket-qua",
    }
}

/// The step at this word.
pub fn step_at(word: &str) -> Option<Verb> {
    Verb::ALL.into_iter().find(|verb| step_slug(*verb) == word)
}

/// The name of a list.
pub fn list_name(list: List) -> String {
    say(&format!("list.{}", list.word()), &[])
}

/// A status in the short words of the work lists; what waits for a signature says so.
pub fn short_status(status: Status, at_signature: bool) -> String {
    match (status, at_signature) {
        (Status::InProcess, true) => say("short.to_sign", &[]),
        _ => say(&format!("short.{}", status.word()), &[]),
    }
}

/// The colour of a status.
pub fn status_class(status: Status) -> &'static str {
    match status {
        Status::Filed | Status::Received => "",
        Status::InProcess => "is-work",
        Status::Supplementing | Status::AwaitingFee => "is-hold",
        Status::Settled | Status::Returned => "is-done",
        Status::Declined | Status::Withdrawn | Status::Stopped => "",
    }
}

/// How many dossiers wait in the lists of the side bar. What is over is not counted.
pub async fn counts(tx: &mut Tx, place: &Place, now: Instant) -> Result<Vec<(List, i64)>, Problem> {
    let soon = soon(&directory::calendar(tx, &place.post.unit).await?, now);
    let mut counts = Vec::new();
    for list in place.scope.lists().iter().filter(|l| **l != List::Done) {
        counts.push((*list, store::count(tx, &place.scope, *list, now, soon).await?));
    }
    Ok(counts)
}

/// The officials' frame with the side list; `list` is the one this page belongs to.
pub fn shell(
    app: &App,
    viewer: &Viewer,
    place: &Place,
    counts: &[(List, i64)],
    title: String,
    list: Option<List>,
) -> Shell {
    let active = list.map(|l| place.list(l)).unwrap_or_default();
    viewer
        .official_shell_at(&app.site, &place.post.unit_name, title)
        .module(MODULE)
        .active(active)
        .search(format!("{MODULE}/tim"), say("frame.search", &[]))
        .side(side(place, counts, viewer.inbox(&app.site)))
}

fn side(place: &Place, counts: &[(List, i64)], inbox: Option<NavItem>) -> SideNav {
    let mut groups = vec![NavGroup { title: String::new(), items: inbox.into_iter().collect() }];
    if place.is_counter() {
        let href = place.href(&format!("{MODULE}/tiep-nhan-moi"), &[]);
        let intake = NavItem::new(say("frame.intake", &[]), href).icon("file-plus");
        let href = place.href(crate::identity::PATH, &[]);
        let identity = NavItem::new(say("identity.title", &[]), href).icon("user-check");
        let href = place.href(crate::fee::desk::PATH, &[]);
        let money = NavItem::new(crate::fee::desk::title(), href).icon("cash");
        let href = place.href(crate::rating::SLIPS, &[]);
        let slips = NavItem::new(say("frame.slips", &[]), href).icon("star");
        let href = place.href(crate::hall::pages::PATH, &[]);
        let hall = NavItem::new(say("frame.hall", &[]), href).icon("ticket");
        groups.push(NavGroup { title: String::new(), items: vec![intake, identity, hall, money, slips] });
    }
    if place.post.role == directory::Role::Leader {
        let href = place.href(crate::fee::desk::REFUNDS, &[]);
        let refunds = NavItem::new(crate::fee::desk::refunds_title(), href).icon("arrow-back-up");
        let href = place.href(crate::recount::pages::PATH, &[]);
        let recount = NavItem::new(say("frame.recount", &[]), href).icon("calendar");
        groups.push(NavGroup { title: String::new(), items: vec![refunds, recount] });
    }
    let href = place.href(crate::petition::pages::desk::PATH, &[]);
    let petitions = NavItem::new(say("frame.petitions", &[]), href).icon("message");
    let href = place.href(crate::opinion::pages::PATH, &[]);
    let opinions = NavItem::new(say("frame.opinions", &[]), href).icon("messages");
    let href = place.href(crate::batch::pages::PATH, &[]);
    let batches = NavItem::new(say("frame.batches", &[]), href).icon("progress-check");
    let href = place.href(crate::custody::pages::PATH, &[]);
    let papers = NavItem::new(say("frame.papers", &[]), href).icon("arrows-exchange");
    let href = place.href(crate::leave::pages::PATH, &[]);
    let leave = NavItem::new(say("frame.leave", &[]), href).icon("user-x");
    let href = place.href(crate::register::PATH, &[]);
    let register = NavItem::new(say("frame.register", &[]), href).icon("book");
    let href = place.href(crate::correction::pages::PATH, &[]);
    let after = NavItem::new(crate::correction::pages::title(), href).icon("certificate");
    let href = place.href(crate::signing::pages::PATH, &[]);
    let signing = NavItem::new(say("frame.signing", &[]), href).icon("signature");
    let signing = Some(signing).filter(|_| crate::signing::pages::is_for(place.post.role));
    let items = [petitions, opinions].into_iter().chain(signing);
    let items = items.chain([papers, after, batches, register, leave]).collect();
    groups.push(NavGroup { title: String::new(), items });
    let lists = place.scope.lists().iter().map(|list| {
        let item = NavItem::new(list_name(*list), place.list(*list)).icon(list.icon());
        let tone = match list {
            List::Overdue => Tone::Red,
            List::Soon => Tone::Amber,
            _ => Tone::Plain,
        };
        match counts.iter().find(|(l, _)| l == list) {
            Some((_, count)) => item.count(count.unsigned_abs()).tone(tone),
            None => item,
        }
    });
    groups.push(NavGroup { title: say("frame.lists", &[]), items: lists.collect() });
    if matches!(place.scope, Scope::Counter(_) | Scope::Agency(_)) {
        let href = place.href(crate::measure::pages::PATH, &[]);
        let reports = NavItem::new(say("frame.reports", &[]), href).icon("chart-bar");
        groups.push(NavGroup { title: String::new(), items: vec![reports] });
    }
    let posts = place.others.iter().map(|post| {
        let href = address(MODULE, [("post", post.id.to_string().as_str())]);
        NavItem::new(format!("{}, {}", post.title, post.unit_name), href).icon("arrows-exchange")
    });
    let posts: Vec<NavItem> = posts.collect();
    if !posts.is_empty() {
        groups.push(NavGroup { title: say("frame.other_posts", &[]), items: posts });
    }
    SideNav { title: say("frame.side", &[]), groups }
}

/// What a step has just done, for the line above the next page. Only words of our own and a code
/// get there: both come out of an address that anybody may write.
pub fn noticed(shell: Shell, done: Option<&str>, code: Option<&str>) -> Shell {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let code = code.filter(|code| code.len() <= 40 && code.chars().all(plain)).unwrap_or_default();
    let words = match done {
        Some(FILED) => Some(say("intake.filed", &[])),
        Some(RECEIVED_PAID) => Some(say("after.received_paid", &[])),
        Some(PROPOSED) => Some(say("after.proposed", &[])),
        Some(APPROVED) => Some(say("after.approved", &[])),
        Some(crate::answers::pages::SAVED) => Some(answer_words("type.saved", &[])),
        Some(DECLINED) => Some(say("after.proposal_declined", &[])),
        other => other.and_then(step_at).and_then(|verb| find(&format!("after.{}", verb.word()))),
    };
    match words {
        Some(words) if code.is_empty() => shell.notice(NoticeKind::Done, words),
        Some(words) => {
            shell.notice(NoticeKind::Done, say("after.line", &[("code", code), ("words", &words)]))
        }
        None => shell,
    }
}
