//! The statements behind the lists. The running clock (`deadline`) orders them; where no clock
//! runs, the day since when it stands.

pub mod shelf;

use base::Instant;
use db::{Filter, Tx};

use super::{Ask, List, Scope};
use crate::dossier::rules::Status;

db::record! {
    /// A line of a work list.
    pub struct Line {
        id: String,
        code: String,
        procedure: String,
        applicant_name: String,
        channel: String,
        status: i64,
        stage: Option<String>,
        holder_unit: String,
        holder_role: String,
        assignee: Option<String>,
        filed_at: Instant,
        due_at: Option<Instant>,
        deadline: Option<Instant>,
        since: Instant,
        version: i64,
        /// Where this line stands in the list's order: the cursor after it.
        place: String,
    }
}

/// The lines whose ids a list gives; the list's own conditions, order, limit and bracket follow.
const LINES_AMONG: &str = "select id, code, procedure, applicant_name, channel, status, stage, holder_unit,
    holder_role, assignee, filed_at, due_at, deadline, since, version,
    cast(coalesce(deadline, since) as text) || ':' || id as place from dossier
    where id in (select id from dossier";

/// The lines of a list in order of urgency, at most `limit`.
pub async fn list(tx: &mut Tx, scope: &Scope, ask: &Ask) -> db::Result<Vec<Line>> {
    let q = narrowed(Filter::new(LINES_AMONG), scope, ask.list, ask.now, ask.soon);
    let q = searched(q, &ask.words)
        .and("cast(coalesce(deadline, since) as text) || ':' || id > ?", ask.after.as_deref());
    let limit = i64::try_from(ask.limit.clamp(1, 200)).unwrap_or(200);
    let q = q.tail("order by coalesce(deadline, since), id limit 201) order by place");
    let mut lines: Vec<Line> = tx.list(&q, &q.args).await?;
    lines.truncate(usize::try_from(limit).unwrap_or(200));
    Ok(lines)
}

/// How many dossiers are in a list.
pub async fn count(tx: &mut Tx, scope: &Scope, list: List, now: Instant, soon: Instant) -> db::Result<i64> {
    // Few threads wait and a counter has many dossiers: the order of this join is kept by SQLite.
    let waiting = list == List::ToAnswer;
    let head = match waiting {
        true => Filter::new("select count(*) from message_thread t cross join dossier"),
        false => Filter::new("select count(*) from dossier"),
    };
    let head = head.when("dossier.id = t.dossier and t.waiting_since is not null", waiting);
    let q = narrowed(head, scope, list, now, soon);
    tx.get(&q, &q.args).await
}

fn narrowed(q: Filter, scope: &Scope, list: List, now: Instant, soon: Instant) -> Filter {
    let statuses: Vec<i64> = list.statuses().iter().map(|s: &Status| s.number()).collect();
    let q = match scope {
        Scope::Counter(unit) => not_a_child(q.and("counter = ?", Some(unit.as_str()))),
        Scope::Agency(unit) => q.and("agency = ?", Some(unit.as_str())),
        Scope::Holder(unit, role) => {
            q.and("holder_unit = ?", Some(unit.as_str())).and("holder_role = ?", Some(role.as_str()))
        }
    };
    let q = q.among("status", &statuses);
    match list {
        List::Overdue => q.and("deadline < ?", Some(now)),
        List::Soon => q.and("deadline >= ?", Some(now)).and("deadline < ?", Some(soon)),
        List::ToApprove => {
            q.when("exists (select 1 from proposal p where p.dossier = dossier.id and p.open = 1)", true)
        }
        List::ToAnswer => q.when(
            "exists (select 1 from message_thread w
                where w.dossier = dossier.id and w.waiting_since is not null)",
            true,
        ),
        List::ToSign => match scope {
            Scope::Agency(unit) => {
                q.and("holder_unit = ?", Some(unit.as_str())).and("holder_role = ?", Some("leader"))
            }
            _ => q.when("1 = 0", true),
        },
        _ => q,
    }
}

/// A child of an interlinked dossier is no work of the counter, which has its parent; but a result that is
/// there although the parent ended early is returned by itself.
fn not_a_child(q: Filter) -> Filter {
    q.when(
        "(parent is null or status = 9 and exists
            (select 1 from dossier above where above.id = dossier.parent and above.status in (7, 8)))",
        true,
    )
}

fn searched(q: Filter, words: &str) -> Filter {
    let words = words.trim();
    if words.is_empty() {
        return q;
    }
    if words.chars().any(|c| c.is_ascii_digit()) {
        // Four indexes give a few ids. As conditions joined by `or` they would have each dossier of the unit
        // read, for the number stands in no index of the unit's lists.
        return q.and(
            "id in (select f.id from dossier f where f.code = ?
                union all select f.id from dossier f where f.applicant_number = ?
                union all select f.id from dossier f where f.applicant_phone = ?
                union all select o.dossier from dossier_origin o where o.plain = ?)",
            Some(crate::dossier::follow::plain(words)),
        );
    }
    q.and("applicant_folded like ?", Some(format!("%{}%", base::text::fold(words).replace(['%', '_'], ""))))
}
