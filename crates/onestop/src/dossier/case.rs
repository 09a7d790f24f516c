//! A dossier before somebody who may see it: with its procedure, its calendar and the seats they have in it.

use std::sync::Arc;

use base::Instant;
use base::calendar::{Calendar, Limit};
use db::Tx;
use directory::Role;
use web::Problem;

use super::law::Law;
use super::rules::{Seat, Terms, Used, Verb};
use super::{Dossier, DossierId, Who, rules, store};
use crate::catalogue::Catalogue;
use crate::interlinked::{self, Family, Outer};
use crate::procedure::Procedure;
use crate::stated::{self, Stated};

/// A dossier on somebody's desk: all that the rules and the pages need to know of it.
pub struct Case {
    pub dossier: Dossier,
    pub procedure: Arc<Procedure>,
    pub calendar: Calendar,
    pub seats: Vec<Seat>,
    /// The readings of the law by day.
    pub law: Arc<Law>,
    /// The procedures of its children; none for most.
    pub family: Family,
    /// The interlinked dossier that this one is a child of, in short.
    pub outer: Option<Outer>,
    /// The limit that a clerk has stated, where the procedure's file has none.
    pub stated: Option<Stated>,
    pub now: Instant,
}

impl Case {
    /// The dossier with this code as `who` may see it. Somebody else's is `NotFound`.
    pub async fn find(
        tx: &mut Tx,
        catalogue: &Catalogue,
        who: &Who,
        code: &str,
        now: Instant,
    ) -> Result<Case, Problem> {
        let dossier = store::find(tx, code).await?.ok_or(Problem::NotFound)?;
        // Whoever has worked on a dossier may look back at it after handing it on.
        // So may the unit that is asked for its opinion.
        // A citizen who helped with it once has no such claim: a consent that ended is over.
        if !who.may_see(&dossier)
            && (who.posts.is_empty() || !store::has_acted(tx, dossier.id, &who.account).await?)
            && !crate::opinion::asks(tx, dossier.id, who).await?
            && !interlinked::is_near(tx, &dossier, who).await?
        {
            return Err(Problem::NotFound);
        }
        let mut seats = who.seats(&dossier);
        let procedure = catalogue.version(&dossier.procedure)?;
        let law = catalogue.law();
        let calendar = calendar(tx, &dossier, &law, now).await?;
        let (family, outer) = (catalogue.family(&procedure), interlinked::outer(tx, &dossier).await?);
        if outer.as_ref().is_some_and(Outer::is_over) && who.holds(Role::CounterClerk, &dossier.counter) {
            seats.push(Seat::Counter);
        }
        let stated = stated::find(tx, &dossier, &procedure).await?;
        Ok(Case { dossier, procedure, calendar, seats, law, family, outer, stated, now })
    }

    /// The dossier as proven money meets it, and nobody else.
    pub async fn of_money(
        tx: &mut Tx,
        catalogue: &Catalogue,
        id: DossierId,
        now: Instant,
    ) -> Result<Case, Problem> {
        let dossier = store::get(tx, id).await?;
        let procedure = catalogue.version(&dossier.procedure)?;
        let (seats, law) = (vec![Seat::Bank], catalogue.law());
        let calendar = calendar(tx, &dossier, &law, now).await?;
        let (family, outer) = (catalogue.family(&procedure), interlinked::outer(tx, &dossier).await?);
        let stated = stated::find(tx, &dossier, &procedure).await?;
        Ok(Case { dossier, procedure, calendar, seats, law, family, outer, stated, now })
    }

    /// The dossier as the clock meets it: nobody sits before it.
    pub async fn of_clock(
        tx: &mut Tx,
        catalogue: &Catalogue,
        id: DossierId,
        now: Instant,
    ) -> Result<Case, Problem> {
        let case = Case::of_money(tx, catalogue, id, now).await?;
        Ok(Case { seats: Vec::new(), ..case })
    }

    /// The dossier in its applicant's seat, for whom [`crate::helper::OnDossier`] has proven to sit there.
    pub async fn of_applicant(
        tx: &mut Tx,
        catalogue: &Catalogue,
        id: DossierId,
        now: Instant,
    ) -> Result<Case, Problem> {
        let dossier = store::get(tx, id).await?;
        let procedure = catalogue.version(&dossier.procedure)?;
        let (seats, law) = (vec![Seat::Applicant], catalogue.law());
        let calendar = calendar(tx, &dossier, &law, now).await?;
        let (family, outer) = (catalogue.family(&procedure), interlinked::outer(tx, &dossier).await?);
        let stated = stated::find(tx, &dossier, &procedure).await?;
        Ok(Case { dossier, procedure, calendar, seats, law, family, outer, stated, now })
    }

    /// The same, but only if the dossier is still as it was when the person looked at it.
    pub async fn seen(
        tx: &mut Tx,
        catalogue: &Catalogue,
        who: &Who,
        code: &str,
        version: i64,
        now: Instant,
    ) -> Result<Case, Problem> {
        let case = Case::find(tx, catalogue, who, code, now).await?;
        if case.dossier.version != version {
            return Err(Problem::Stale);
        }
        Ok(case)
    }

    /// The limit of this dossier: its procedure's, or the one a clerk has stated where that has none.
    pub fn limit(&self) -> Option<Limit> {
        self.procedure.limit.or(self.stated.as_ref().map(|stated| stated.limit))
    }

    /// The limit in words, with its source where a clerk stated it.
    pub fn limit_text(&self) -> String {
        match self.stated.as_ref().filter(|_| self.procedure.limit.is_none()) {
            Some(stated) => stated.printed(),
            None => crate::view::limit(self.procedure.limit),
        }
    }

    /// What the law in force says for this dossier.
    pub fn terms(&self) -> Terms<'_> {
        Terms {
            limit: self.limit(),
            law: &self.law,
            calendar: &self.calendar,
            stages: &self.procedure.steps,
            used: self.used(),
        }
    }

    /// What is used up of that which the law allows once. A citizen is asked once for the whole of an
    /// interlinked dossier, so a child counts what was asked through its parent. law: onestop/guide-once
    fn used(&self) -> Used {
        let own = self.dossier.used();
        let asked = self.outer.as_ref().map_or(0, |outer| outer.requests);
        Used { requests: own.requests.max(asked), ..own }
    }

    /// Whether this step may be taken on this dossier alone.
    fn alone(&self, verb: Verb) -> bool {
        self.outer.as_ref().is_none_or(|outer| interlinked::rules::of_child(verb, outer.is_over()))
    }

    /// The steps that may be laid before a leader now.
    pub fn proposable(&self) -> Vec<Verb> {
        let mut all = rules::proposable(&self.dossier.state, &self.seats, self.now, &self.terms());
        all.retain(|verb| self.alone(*verb));
        all
    }

    /// The steps that may be taken now, with the internal steps each may lead to.
    pub fn open(&self) -> Vec<(Verb, Vec<String>)> {
        let mut open = rules::open(&self.dossier.state, &self.seats, self.now, &self.terms());
        open.retain(|(verb, _)| self.alone(*verb));
        open
    }
}

/// The calendar of the counter that answers to the citizen, with today's reading of "the same day".
async fn calendar(tx: &mut Tx, d: &Dossier, law: &Law, now: Instant) -> db::Result<Calendar> {
    let calendar = directory::calendar(tx, &d.counter).await?;
    Ok(calendar.with_cut_off(law.cut_off_minute(now.day())))
}
