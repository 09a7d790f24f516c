//! Who asks: extractors that are proof. A handler that takes a `CounterClerk` runs for counter clerks
//! and for nobody else; there is no other check to forget. Cookie and bearer token count alike.
//!
//! An official with several posts acts in the one whose role the handler asks for. Where several have
//! it, `?post=ID` chooses; without it the post held longest does.

use std::fmt::Display;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use base::{Day, Instant};
use db::{Act, Actor, Tx};
use web::page::{NavItem, ViewerBadge};
use web::session::{self, MaybeSigned};
use web::{Problem, Shell, Signed, Site};

use crate::account::{self, Account, AccountId, Kind, Official, Person, Post};
use crate::role::Role;
use crate::unit::UnitId;

/// Anybody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub account: AccountId,
    pub kind: Kind,
    pub name: String,
    /// The posts held today; none for citizens.
    pub posts: Vec<Post>,
    /// The token for the forms of this session.
    pub csrf: String,
    /// By cookie, and not by bearer token.
    pub via_cookie: bool,
    /// The password was set by an administrator and is to be changed.
    pub password_once: bool,
    /// The notices not opened, where there is an inbox.
    pub unread: Option<u64>,
    person: Person,
}

impl Viewer {
    /// What other systems may know of the person.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The person as an official.
    pub fn official(&self) -> Official {
        Official { account: self.account, name: self.name.clone(), posts: self.posts.clone() }
    }

    /// Every role held today; a citizen holds exactly one.
    pub fn roles(&self) -> Vec<Role> {
        if self.kind == Kind::Citizen {
            return vec![Role::Citizen];
        }
        let mut roles: Vec<Role> = self.posts.iter().map(|p| p.role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Is a post with this role among those held?
    pub fn holds(&self, role: Role) -> bool {
        self.roles().contains(&role)
    }

    /// A deed of this person, in no office.
    pub fn act(&self, verb: &'static str, subject: impl Display, now: Instant) -> Act {
        Act::new(Actor::Account(self.account.to_string()), verb, subject.to_string(), now)
    }

    /// Name and place for the header of a page.
    pub fn badge(&self) -> ViewerBadge {
        ViewerBadge::new(&self.name, self.posts.first().map_or("", |p| &p.unit_name))
    }

    /// The frame of a citizens' page seen by this person.
    pub fn citizen_shell(&self, site: &Site, title: impl Into<String>) -> Shell {
        let mut shell = Shell::citizen(site, Some(self.badge()), &self.csrf, title);
        shell.inbox = self.inbox(site);
        shell
    }

    /// The link to what this person is told, with the count of what was not opened.
    pub fn inbox(&self, site: &Site) -> Option<NavItem> {
        let inbox = site.inbox.as_ref()?;
        let link = match self.kind {
            Kind::Citizen => (inbox.citizen)(),
            Kind::Official => (inbox.official)(),
        };
        self.unread.map(|n| link.count(n))
    }

    /// The frame of an officials' page seen by this person.
    pub fn official_shell(&self, site: &Site, title: impl Into<String>) -> Shell {
        self.official_shell_at(site, self.posts.first().map_or("", |p| &p.unit_name), title)
    }

    /// The same, naming the unit in which the person works just now.
    pub fn official_shell_at(&self, site: &Site, place: &str, title: impl Into<String>) -> Shell {
        let mut shell = Shell::official(site, ViewerBadge::new(&self.name, place), &self.csrf, title);
        shell.inbox = self.inbox(site);
        if self.holds(Role::UnitAdmin) || self.holds(Role::Admin) {
            return shell;
        }
        // A link to a page that would refuse is no help.
        let open = site.spoken_brand().modules.iter().filter(|module| !module.href.starts_with("/quan-tri"));
        shell.modules(open.cloned().collect())
    }

    /// The post with this role in which the person acts: the one chosen, or the one held longest.
    fn acting(&self, role: Role, chosen: Option<&str>) -> Option<&Post> {
        let mut fitting = self.posts.iter().filter(|p| p.role == role);
        match chosen {
            Some(id) if self.posts.iter().any(|p| p.id.to_string() == id) => {
                fitting.find(|p| p.id.to_string() == id)
            }
            _ => fitting.next(),
        }
    }
}

/// Anybody: signed in or not. For pages that everybody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaybeViewer(pub Option<Viewer>);

impl MaybeViewer {
    /// A deed of this person, or of somebody not signed in.
    pub fn act(&self, verb: &'static str, subject: impl Display, now: Instant) -> Act {
        match &self.0 {
            Some(viewer) => viewer.act(verb, subject, now),
            None => Act::new(Actor::Anonymous, verb, subject.to_string(), now),
        }
    }

    /// The frame of a citizens' page.
    pub fn citizen_shell(&self, site: &Site, title: impl Into<String>) -> Shell {
        match &self.0 {
            Some(viewer) => viewer.citizen_shell(site, title),
            None => Shell::citizen(site, None, "", title),
        }
    }
}

/// Reads who is behind a session, in one transaction. None when the account is locked or gone.
async fn look_up(site: &Site, signed: Signed) -> Result<Option<Viewer>, Problem> {
    let Ok(id) = signed.account.parse::<AccountId>() else { return Ok(None) };
    let today: Day = site.clock.today();
    // Only pages show it.
    let unread = site.inbox.as_ref().filter(|_| signed.via_cookie).map(|inbox| inbox.unread);
    let found = site.db.read(async move |tx: &mut Tx| -> Result<Option<(Account, _, _)>, Problem> {
        let Some(account) = account::store::find(tx, id).await? else { return Ok(None) };
        let posts = match account.kind {
            Kind::Official => account::store::posts_on(tx, id, today).await?,
            Kind::Citizen => Vec::new(),
        };
        let unread = match unread {
            Some(count) => Some(count(tx, &id.to_string()).await?.unsigned_abs()),
            None => None,
        };
        Ok(Some((account, posts, unread)))
    });
    let Some((account, posts, unread)) = found.await? else { return Ok(None) };
    if account.disabled_at.is_some() {
        return Ok(None);
    }
    Ok(Some(Viewer {
        account: account.id,
        kind: account.kind,
        name: account.name.clone(),
        posts,
        csrf: signed.csrf,
        via_cookie: signed.via_cookie,
        password_once: account.password_once,
        unread,
        person: Person::from(account),
    }))
}

/// The viewer of this request, looked up once.
async fn viewer(parts: &mut Parts, site: &Site) -> Result<Option<Viewer>, Problem> {
    if let Some(MaybeViewer(known)) = parts.extensions.get::<MaybeViewer>() {
        return Ok(known.clone());
    }
    let MaybeSigned(signed) = MaybeSigned::from_request_parts(parts, site).await?;
    let found = match signed {
        Some(signed) => look_up(site, signed).await?,
        None => None,
    };
    parts.extensions.insert(MaybeViewer(found.clone()));
    Ok(found)
}

/// The pages that are open to a password told once: one's account and the way out.
fn is_own_account(path: &str) -> bool {
    path == "/tai-khoan"
        || path.starts_with("/tai-khoan/")
        || path == "/dang-xuat"
        || path == "/api/v1/session"
}

/// The viewer, who must be there and may not go on with a password that was told once.
async fn needed(parts: &mut Parts, site: &Site) -> Result<Viewer, Problem> {
    let found = viewer(parts, site).await?;
    let found = found.ok_or_else(|| Problem::SignInNeeded { back: session::back(parts) })?;
    // Somebody else has seen this password: nothing is done with it but giving it up.
    if found.password_once && !is_own_account(parts.uri.path()) {
        return Err(Problem::PasswordDue { at: "/tai-khoan?doi=1".into() });
    }
    Ok(found)
}

/// `?post=ID`, which of several posts to act in.
fn chosen_post(parts: &Parts) -> Option<String> {
    let query = parts.uri.query()?;
    query.split('&').find_map(|pair| pair.strip_prefix("post=")).map(str::to_string)
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer
where
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Viewer, Problem> {
        needed(parts, &Site::from_ref(state)).await
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Viewer
where
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Viewer>, Problem> {
        viewer(parts, &Site::from_ref(state)).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeViewer
where
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<MaybeViewer, Problem> {
        viewer(parts, &Site::from_ref(state)).await.map(MaybeViewer)
    }
}

/// A citizen, who acts for themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citizen {
    pub person: Person,
    pub viewer: Viewer,
}

impl Citizen {
    /// A deed of this citizen.
    pub fn act(&self, verb: &'static str, subject: impl Display, now: Instant) -> Act {
        self.viewer.act(verb, subject, now)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Citizen
where
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Citizen, Problem> {
        let viewer = needed(parts, &Site::from_ref(state)).await?;
        if viewer.kind != Kind::Citizen {
            return Err(Problem::Forbidden);
        }
        Ok(Citizen { person: viewer.person.clone(), viewer })
    }
}

/// An official with at least one post today, in whatever role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyOfficial {
    pub official: Official,
    pub viewer: Viewer,
}

impl AnyOfficial {
    /// A deed of this official in the name of the unit held longest.
    pub fn act(&self, verb: &'static str, subject: impl Display, now: Instant) -> Act {
        let act = self.viewer.act(verb, subject, now);
        match self.official.posts.first() {
            Some(post) => act.in_office(post.unit.as_str()),
            None => act,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AnyOfficial
where
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<AnyOfficial, Problem> {
        let viewer = needed(parts, &Site::from_ref(state)).await?;
        if viewer.kind != Kind::Official || viewer.posts.is_empty() {
            return Err(Problem::Forbidden);
        }
        Ok(AnyOfficial { official: viewer.official(), viewer })
    }
}

macro_rules! proof {
    ($(#[$doc:meta])* $name:ident, $role:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            pub official: Official,
            /// The post in which the official acts.
            pub post: Post,
            pub viewer: Viewer,
        }

        impl $name {
            /// The unit in whose name the official acts.
            pub fn unit(&self) -> &UnitId {
                &self.post.unit
            }

            /// A deed of this official in the name of the post's unit.
            pub fn act(&self, verb: &'static str, subject: impl Display, now: Instant) -> Act {
                self.viewer.act(verb, subject, now).in_office(self.post.unit.as_str())
            }
        }

        impl<S: Send + Sync> FromRequestParts<S> for $name
        where
            Site: FromRef<S>,
        {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<$name, Problem> {
                let viewer = needed(parts, &Site::from_ref(state)).await?;
                let chosen = chosen_post(parts);
                let post = viewer.acting(Role::$role, chosen.as_deref()).cloned();
                let post = post.ok_or(Problem::Forbidden)?;
                Ok($name { official: viewer.official(), post, viewer })
            }
        }
    };
}

proof!(
    /// Công chức một cửa, at the counter of the post's unit.
    CounterClerk, CounterClerk
);
proof!(
    /// Văn thư of the post's unit.
    RecordsClerk, RecordsClerk
);
proof!(
    /// Chuyên viên of the post's unit.
    Officer, Officer
);
proof!(
    /// Lãnh đạo of the post's unit.
    Leader, Leader
);
proof!(
    /// Who keeps one unit and all below it.
    UnitAdmin, UnitAdmin
);
proof!(
    /// Who keeps the whole province.
    Admin, Admin
);

/// Who may open the administration pages: an `Admin`, who sees all, or a `UnitAdmin`, who sees the
/// post's unit and what is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeper {
    pub viewer: Viewer,
    pub post: Post,
    /// The top of what may be seen and changed; none: the whole province.
    pub within: Option<UnitId>,
}

impl Keeper {
    /// A deed of this administrator in the name of the post's unit.
    pub fn act(&self, verb: &'static str, subject: impl Display, now: Instant) -> Act {
        self.viewer.act(verb, subject, now).in_office(self.post.unit.as_str())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Keeper
where
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Keeper, Problem> {
        let viewer = needed(parts, &Site::from_ref(state)).await?;
        let chosen = chosen_post(parts);
        if let Some(post) = viewer.acting(Role::Admin, chosen.as_deref()).cloned() {
            return Ok(Keeper { viewer, post, within: None });
        }
        let post = viewer.acting(Role::UnitAdmin, chosen.as_deref()).cloned().ok_or(Problem::Forbidden)?;
        let within = Some(post.unit.clone());
        Ok(Keeper { viewer, post, within })
    }
}
