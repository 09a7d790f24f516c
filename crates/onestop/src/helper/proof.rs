//! Extractors that prove: this is the owner, or a helper who is let do this. The proof holds for the request;
//! every transaction asks again, so that a consent ended meanwhile lets nothing through.

use std::fmt::Display;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use base::Instant;
use db::{Act, Tx};
use directory::{Citizen, Person, Viewer};
use web::Problem;

use super::rules::{Right, Rights};
use super::{Subject, store};
use crate::App;
use crate::catalogue::Catalogue;
use crate::dossier::follow::plain;
use crate::dossier::{Case, DossierId};

/// A right as a type.
pub trait Needs: Clone + std::fmt::Debug + Send + Sync + 'static {
    const RIGHT: Right;
}

macro_rules! right {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl Needs for $name {
            const RIGHT: Right = Right::$name;
        }
    };
}

right!(
    /// To be the owner: no helper is.
    Own
);
right!(
    /// To fill in a draft and bring its papers.
    Fill
);
right!(
    /// To bring what the counter asks for.
    Supplement
);
right!(
    /// To see where a dossier stands.
    Follow
);

/// What all consents together let a helper do.
async fn let_do(
    tx: &mut Tx,
    subject: &Subject,
    helper: &str,
    right: Right,
    now: Instant,
) -> Result<Rights, Problem> {
    let live = store::list_live(tx, subject, helper, now).await?;
    let words: Vec<&str> = live.iter().flat_map(|h| h.rights().words()).collect();
    let rights = Rights::of(words.into_iter());
    if rights.hold(right) { Ok(rights) } else { Err(Problem::NotFound) }
}

/// Asks again, inside a transaction, and tells the owner of the deed.
async fn again(
    tx: &mut Tx,
    helps: Option<Rights>,
    (subject, viewer, right): (&Subject, &Viewer, Right),
    deed: Option<&str>,
    now: Instant,
) -> Result<(), Problem> {
    if helps.is_none() {
        return Ok(());
    }
    let live = store::list_live(tx, subject, &viewer.account.to_string(), now).await?;
    let under = live.iter().find(|h| h.rights().hold(right)).ok_or(Problem::NotFound)?;
    match deed {
        Some(deed) => Ok(store::save_deed(tx, &under.id, deed, now).await?),
        None => Ok(()),
    }
}

/// The path's variable of this name.
async fn variable(parts: &mut Parts, app: &App, name: &str) -> Result<String, Problem> {
    let all = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::NotFound)?;
    let found = all.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
    found.ok_or(Problem::NotFound)
}

/// The draft named by the path, before its owner or a helper with the right `R`.
#[derive(Clone, Debug)]
pub struct OnDraft<R> {
    pub viewer: Viewer,
    /// Whose draft it is: the applicant, whoever fills it in.
    pub owner: Person,
    pub draft: String,
    /// What a helper is let do; none for the owner.
    helps: Option<Rights>,
    needs: PhantomData<fn(R)>,
}

impl<R: Needs> OnDraft<R> {
    /// The owner's account, by which the draft is found, as long as the proof holds.
    pub async fn owner_in(&self, tx: &mut Tx, now: Instant) -> Result<String, Problem> {
        self.asked(tx, None, now).await
    }

    /// The same for something that is done: the owner will read of it.
    pub async fn owner_for(&self, tx: &mut Tx, deed: &str, now: Instant) -> Result<String, Problem> {
        self.asked(tx, Some(deed), now).await
    }

    async fn asked(&self, tx: &mut Tx, deed: Option<&str>, now: Instant) -> Result<String, Problem> {
        let subject = Subject::Draft(self.draft.clone());
        again(tx, self.helps, (&subject, &self.viewer, R::RIGHT), deed, now).await?;
        Ok(self.owner.account.to_string())
    }

    /// Whom the viewer helps; empty for the owner.
    pub fn helped(&self) -> String {
        self.helps.map(|_| self.owner.name.clone()).unwrap_or_default()
    }

    /// A deed of the viewer; a helper's names the owner for whom it is done.
    pub fn act(&self, verb: &'static str, now: Instant) -> Act {
        act(&self.viewer, verb, &self.draft, self.helps.is_some().then_some(&self.owner.account), now)
    }
}

fn act(
    viewer: &Viewer,
    verb: &'static str,
    subject: &impl Display,
    on_behalf: Option<&impl Display>,
    now: Instant,
) -> Act {
    match on_behalf {
        Some(owner) => viewer.act(verb, format!("{subject} for {owner}"), now),
        None => viewer.act(verb, subject, now),
    }
}

impl<R: Needs> FromRequestParts<App> for OnDraft<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<OnDraft<R>, Problem> {
        let citizen = Citizen::from_request_parts(parts, app).await?;
        let draft = variable(parts, app, "draft").await?;
        let now = app.site.clock.now();
        let (me, wanted) = (citizen.person.clone(), draft.clone());
        let find = async move |tx: &mut Tx| -> Result<(Person, Option<Rights>), Problem> {
            let owner = store::find_draft_owner(tx, &wanted).await?.ok_or(Problem::NotFound)?;
            if owner == me.account.to_string() {
                return Ok((me.clone(), None));
            }
            let subject = Subject::Draft(wanted.clone());
            let helps = let_do(tx, &subject, &me.account.to_string(), R::RIGHT, now).await?;
            let owner = owner.parse().map_err(|_| Problem::fault("a draft of no account"))?;
            Ok((directory::person(tx, owner).await?, Some(helps)))
        };
        let (owner, helps) = app.site.db.read(find).await?;
        Ok(OnDraft { viewer: citizen.viewer, owner, draft, helps, needs: PhantomData })
    }
}

/// The dossier named by the path, before its applicant or a helper with the right `R`.
#[derive(Clone, Debug)]
pub struct OnDossier<R> {
    pub viewer: Viewer,
    pub code: String,
    id: DossierId,
    /// The applicant's account; none where a counter filed for a person without one.
    owner: Option<String>,
    /// What a helper is let do; none for the owner.
    helps: Option<Rights>,
    needs: PhantomData<fn(R)>,
}

impl<R: Needs> OnDossier<R> {
    /// The dossier in the applicant's seat, as long as the proof holds.
    pub async fn case(
        &self,
        tx: &mut Tx,
        catalogue: &Arc<Catalogue>,
        deed: Option<&str>,
        now: Instant,
    ) -> Result<Case, Problem> {
        let subject = Subject::Dossier(self.id);
        again(tx, self.helps, (&subject, &self.viewer, R::RIGHT), deed, now).await?;
        Case::of_applicant(tx, catalogue, self.id, now).await
    }

    /// The dossier's id.
    pub fn id(&self) -> DossierId {
        self.id
    }

    /// Whether the viewer may also do this: an owner may do everything.
    pub fn may(&self, right: Right) -> bool {
        self.helps.is_none_or(|rights| rights.hold(right))
    }

    /// Is the viewer somebody else than the applicant?
    pub fn is_helper(&self) -> bool {
        self.helps.is_some()
    }

    /// A deed of the viewer; a helper's names the owner for whom it is done.
    pub fn act(&self, verb: &'static str, now: Instant) -> Act {
        let owner = self.owner.clone().unwrap_or_else(|| "nobody's account".into());
        act(&self.viewer, verb, &self.id, self.is_helper().then_some(&owner), now)
    }
}

impl<R: Needs> FromRequestParts<App> for OnDossier<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<OnDossier<R>, Problem> {
        let viewer = <Viewer as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let code = plain(&variable(parts, app, "code").await?);
        let now = app.site.clock.now();
        let (me, wanted) = (viewer.account.to_string(), code.clone());
        let find = async move |tx: &mut Tx| -> Result<_, Problem> {
            let dossier = crate::dossier::store::find(tx, &wanted).await?.ok_or(Problem::NotFound)?;
            if dossier.account.as_deref() == Some(me.as_str()) {
                return Ok((dossier.id, dossier.account, None));
            }
            let helps = let_do(tx, &Subject::Dossier(dossier.id), &me, R::RIGHT, now).await?;
            Ok((dossier.id, dossier.account, Some(helps)))
        };
        let (id, owner, helps) = app.site.db.read(find).await?;
        Ok(OnDossier { viewer, code, id, owner, helps, needs: PhantomData })
    }
}
