//! The dossiers behind figures. Every count and every list is narrowed by the same function, so that a figure
//! and its list cannot differ.

use base::Instant;
use db::{Filter, Tx};

use super::rules::Grade;
use super::store::{
    COMPLAINED, CORRECTED, DISPLEASED, OPEN, in_months_received, in_months_settled, in_months_short, of_parts,
};
use super::{Ask, By, Figure, Listed};

db::record! {
    /// A dossier behind a figure.
    pub struct Line {
        id: String,
        code: String,
        /// The code of the dossier that it is a part of.
        parent: Option<String>,
        procedure: String,
        applicant_name: String,
        applicant_number: String,
        applicant_phone: String,
        applicant_address: String,
        channel: String,
        return_by: String,
        agency: String,
        counter: String,
        status: i64,
        filed_at: Instant,
        accepted_at: Option<Instant>,
        due_at: Option<Instant>,
        decided_at: Option<Instant>,
        since: Instant,
        grade: Option<i64>,
        requests: i64,
        fee_asked: i64,
        fee_paid: i64,
    }
}

/// What is told of the dossiers `d`, with the figures of `$m`.
macro_rules! lines {
    ($m:literal, $from:literal) => {
        concat!(
            "select d.id, d.code, (select o.code from dossier o where o.id = d.parent) as parent,
                d.procedure, d.applicant_name, d.applicant_number, d.applicant_phone, d.applicant_address,
                d.channel, d.return_by, d.agency, d.counter, d.status, d.filed_at, d.accepted_at, d.due_at, ",
            $m,
            ".decided_at, d.since, ",
            $m,
            ".grade, d.supplement_requests as requests, d.fee_asked, d.fee_paid ",
            $from
        )
    };
}

const MEASURED: &str = lines!("m", "from dossier d join measure m on m.dossier = d.id");
const PARTS: &str = lines!("p", "from dossier d join measure_part p on p.dossier = d.id");
const COUNTED: &str = lines!(
    "u",
    "from dossier d join (select dossier, agency, settled, decided_at, grade from measure
        union all select dossier, agency, settled, decided_at, grade from measure_part) u on u.dossier = d.id"
);
const UNDER_WAY: &str = lines!("m", "from dossier d left join measure m on m.dossier = d.id");

/// Which dossiers a figure counted.
#[derive(Clone, Debug)]
pub struct Behind {
    pub ask: Ask,
    pub figure: Listed,
    /// The keys of the figure's line: one, or the procedures of a field. None: the whole table.
    pub keys: Option<Vec<String>>,
    pub now: Instant,
}

/// Which rows a figure counts.
#[derive(Clone, Copy)]
enum Kind {
    /// Dossiers with figures.
    Measured,
    /// Parts of interlinked dossiers with figures.
    Parts,
    /// Both.
    Counted,
    /// What is under way, parts with the rest.
    Open,
}

impl Behind {
    fn kind(&self) -> Kind {
        match self.figure {
            Listed::Figure(Figure::Open | Figure::Overdue) => Kind::Open,
            Listed::Figure(Figure::Parts | Figure::PartsLate) => Kind::Parts,
            Listed::Counted => Kind::Counted,
            _ => Kind::Measured,
        }
    }

    fn narrow(&self, q: Filter) -> Filter {
        const REUSED: &str = "exists (select 1 from vault_use v where v.dossier = m.dossier)";
        let settled = |q: Filter| in_months_settled(q, &self.ask);
        let received = |q: Filter| in_months_received(q, &self.ask);
        let graded = |q: Filter, grade: Grade| settled(q).and("m.grade = ?", Some(grade.points()));
        let q = match self.figure {
            Listed::Complained => settled(q).when(COMPLAINED, true),
            Listed::Displeased => settled(q).when(DISPLEASED, true),
            Listed::Corrected => settled(q).when(CORRECTED, true),
            Listed::Digitised => received(q).when("m.scanned = 1", true),
            Listed::Reused => received(q).when(REUSED, true),
            Listed::Figure(Figure::Received) => received(q),
            Listed::Figure(Figure::Online) => received(q).and("m.channel = ?", Some("online")),
            Listed::Figure(Figure::Early) => graded(q, Grade::Early),
            Listed::Figure(Figure::OnTime) => graded(q, Grade::OnTime),
            Listed::Figure(Figure::Late) => graded(q, Grade::Late).when("m.elsewhere = 0", true),
            Listed::Figure(Figure::Short) => in_months_short(q, &self.ask),
            Listed::Figure(Figure::Elsewhere) => settled(q).when("m.elsewhere = 1", true),
            // The others have rows of their own.
            Listed::Figure(_) | Listed::Counted => settled(q),
        };
        self.keyed(q)
    }

    /// Only the dossiers of one line of the report.
    fn keyed(&self, q: Filter) -> Filter {
        let Some(keys) = &self.keys else { return q };
        let received = [Figure::Received, Figure::Online].map(Listed::Figure);
        match self.ask.by {
            By::Unit => q.among("m.agency", keys),
            By::Procedure | By::Field => q.among("m.procedure", keys),
            By::Channel => q.among("m.channel", keys),
            By::Month if received.contains(&self.figure) => q.among("cast(m.received as text)", keys),
            By::Month if self.figure == Listed::Figure(Figure::Short) => {
                q.among("cast(m.short as text)", keys)
            }
            By::Month => q.among("cast(m.settled as text)", keys),
            By::Official if self.figure == Listed::Figure(Figure::Short) => q.and(
                "exists (select 1 from measure_short x where x.dossier = m.dossier and x.account = ?)",
                keys.first(),
            ),
            By::Official => q.and(
                "exists (select 1 from dossier_step s where s.dossier = m.dossier and s.account = ?
                    and s.office is not null)",
                keys.first(),
            ),
        }
    }

    fn narrow_parts(&self, q: Filter) -> Filter {
        let late = matches!(self.figure, Listed::Figure(Figure::PartsLate));
        let q = of_parts(q, &self.ask).when("p.grade = 0", late);
        let Some(keys) = &self.keys else { return q };
        match self.ask.by {
            By::Unit => q.among("p.agency", keys),
            By::Procedure | By::Field => q.among("p.procedure", keys),
            By::Channel => q.among("p.channel", keys),
            By::Month => q.among("cast(p.settled as text)", keys),
            By::Official => q.and(
                "exists (select 1 from dossier_step s where s.dossier = p.dossier and s.account = ?
                    and s.office is not null)",
                keys.first(),
            ),
        }
    }

    /// Whole agencies alone: no report is cut by this figure.
    fn narrow_counted(&self, q: Filter) -> Filter {
        q.among("u.agency", &self.ask.agencies)
            .and("u.settled >= ?", Some(self.ask.from))
            .and("u.settled <= ?", Some(self.ask.to))
    }

    fn narrow_open(&self, q: Filter) -> Filter {
        let overdue = matches!(self.figure, Listed::Figure(Figure::Overdue));
        let q = q.among("d.agency", &self.ask.agencies).among("d.status", &OPEN);
        let q = q.and("d.deadline < ?", overdue.then_some(self.now));
        let Some(keys) = &self.keys else { return q };
        match self.ask.by {
            By::Procedure | By::Field => q.among("d.procedure", keys),
            By::Channel => q.among("d.channel", keys),
            // What is under way belongs to no month and to whoever holds it: no such line.
            By::Unit | By::Month | By::Official => q.among("d.agency", keys),
        }
    }
}

/// The first 51 dossiers behind a figure in the order of their filing, after the one with the id `after`.
pub async fn list(tx: &mut Tx, behind: &Behind, after: Option<&str>) -> db::Result<Vec<Line>> {
    match behind.kind() {
        Kind::Measured => {
            let q = behind.narrow(Filter::new(MEASURED)).and("m.dossier > ?", after);
            let q = q.tail("order by m.dossier limit 51");
            tx.list(&q, &q.args).await
        }
        Kind::Parts => {
            let q = behind.narrow_parts(Filter::new(PARTS)).and("p.dossier > ?", after);
            let q = q.tail("order by p.dossier limit 51");
            tx.list(&q, &q.args).await
        }
        Kind::Counted => {
            let q = behind.narrow_counted(Filter::new(COUNTED)).and("u.dossier > ?", after);
            let q = q.tail("order by u.dossier limit 51");
            tx.list(&q, &q.args).await
        }
        Kind::Open => {
            let q = behind.narrow_open(Filter::new(UNDER_WAY)).and("d.id > ?", after);
            let q = q.tail("order by d.id limit 51");
            tx.list(&q, &q.args).await
        }
    }
}

/// The same, as many as a file takes at once.
pub async fn list_many(tx: &mut Tx, behind: &Behind, after: Option<&str>) -> db::Result<Vec<Line>> {
    match behind.kind() {
        Kind::Measured => {
            let q = behind.narrow(Filter::new(MEASURED)).and("m.dossier > ?", after);
            let q = q.tail("order by m.dossier limit 2000");
            tx.list(&q, &q.args).await
        }
        Kind::Parts => {
            let q = behind.narrow_parts(Filter::new(PARTS)).and("p.dossier > ?", after);
            let q = q.tail("order by p.dossier limit 2000");
            tx.list(&q, &q.args).await
        }
        Kind::Counted => {
            let q = behind.narrow_counted(Filter::new(COUNTED)).and("u.dossier > ?", after);
            let q = q.tail("order by u.dossier limit 2000");
            tx.list(&q, &q.args).await
        }
        Kind::Open => {
            let q = behind.narrow_open(Filter::new(UNDER_WAY)).and("d.id > ?", after);
            let q = q.tail("order by d.id limit 2000");
            tx.list(&q, &q.args).await
        }
    }
}

/// How many dossiers are behind a figure.
pub async fn count(tx: &mut Tx, behind: &Behind) -> db::Result<i64> {
    match behind.kind() {
        Kind::Measured => {
            let q = Filter::new("select count(*) from dossier d join measure m on m.dossier = d.id");
            let q = behind.narrow(q);
            tx.get(&q, &q.args).await
        }
        Kind::Parts => {
            let q = behind.narrow_parts(Filter::new("select count(*) from measure_part p"));
            tx.get(&q, &q.args).await
        }
        Kind::Counted => {
            let q = Filter::new(
                "select count(*) from (select agency, settled from measure
                    union all select agency, settled from measure_part) u",
            );
            let q = behind.narrow_counted(q);
            tx.get(&q, &q.args).await
        }
        Kind::Open => {
            let q = behind.narrow_open(Filter::new("select count(*) from dossier d"));
            tx.get(&q, &q.args).await
        }
    }
}
