//! What must hold of an installation whatever happened to it: read from its tables, computed by rules of
//! their own, and told as sentences. Each check is shown to fail in `world::harm`.

pub mod oracle;
pub mod snapshot;

use std::collections::{BTreeMap, BTreeSet};

use db::{Blobs, Db, Tx};
use oracle::{Oracle, Promise};
use snapshot::{Snapshot, Step};

/// A check by its name: what is wrong, or nothing.
pub type Check = (&'static str, fn(&Snapshot) -> Vec<String>);

/// Those that need nothing but the tables.
pub const CHECKS: [Check; 9] = [
    ("moves", moves),
    ("promises", promises),
    ("numbers", numbers),
    ("papers", papers),
    ("money", money),
    ("references", references),
    ("figures", figures),
    ("petitions", petitions),
    ("quiet", quiet),
];

/// Every check by its name with what is wrong, all of one snapshot.
pub fn faults_of(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let told =
        |(name, check): &Check| check(snapshot).into_iter().map(|why| (*name, why)).collect::<Vec<_>>();
    CHECKS.iter().flat_map(told).collect()
}

/// What the product has acknowledged: each dossier's code with the steps that were answered well, in order.
#[derive(Default)]
pub struct Ledger(BTreeMap<String, Vec<String>>);

impl Ledger {
    /// A step was answered well; `file` begins.
    pub fn acknowledge(&mut self, code: &str, step: &str) {
        self.0.entry(code.into()).or_default().push(step.into());
    }

    /// What was acknowledged and is not there, or is there and was never asked for.
    pub fn faults(&self, s: &Snapshot) -> Vec<String> {
        let mut wrong = Vec::new();
        for (code, acknowledged) in &self.0 {
            let Some(d) = s.dossiers.iter().find(|d| d.code == *code) else {
                wrong.push(format!("{code} is lost"));
                continue;
            };
            // What the program writes down by itself is nobody's to acknowledge.
            let is_move = |verb: &&str| MOVES.iter().any(|(known, ..)| known == verb);
            let log = s.log(&d.id).into_iter().map(|step| step.verb.as_str());
            let log: Vec<&str> = log.filter(is_move).collect();
            if log != *acknowledged {
                wrong.push(format!("{code}: acknowledged {acknowledged:?}, its log {log:?}"));
            }
        }
        if s.dossiers.len() > self.0.len() {
            wrong.push(format!("{} dossiers, {} acknowledged", s.dossiers.len(), self.0.len()));
        }
        wrong
    }
}

/// Everything: the tables, the audit book and the bytes of the contents. The product is at rest.
pub async fn faults(db: &Db, blobs: &Blobs) -> Vec<(&'static str, String)> {
    let snapshot =
        db.read(async |tx: &mut Tx| Snapshot::read(tx).await).await.expect("the tables can be read");
    let mut found = faults_of(&snapshot);
    while db::audit::chain_once(db).await.expect("the store answers") > 0 {}
    let book = db::audit::verify(db).await.expect("the book can be read");
    if book.broken.is_some() || book.unchained_tail > 0 {
        found.push(("audit", format!("{book:?}")));
    }
    let bytes = blobs.check(db, |_| {}).await.expect("the contents can be read");
    if !bytes.is_good() {
        found.push(("bytes", format!("lost {:?}, damaged {:?}", bytes.lost, bytes.damaged)));
    }
    found
}

/// Where a step may lead, by the numbers of the statuses that the country shares: written down once more
/// from the law's table, not from the program's.
const MOVES: [(&str, &[i64], &[i64]); 15] = [
    ("file", &[1], &[1]),
    ("receive", &[1], &[2]),
    ("ask_supplement", &[1, 2, 4], &[5]),
    ("supplement", &[5], &[1, 2, 4]),
    ("refuse", &[1], &[3]),
    ("withdraw", &[1, 2, 4, 5, 6], &[7]),
    ("pass_on", &[2, 4], &[4]),
    ("return_step", &[4], &[4]),
    ("submit_for_signature", &[4], &[4]),
    ("decide", &[4], &[9]),
    ("ask_fee", &[2, 4], &[6]),
    ("pay", &[6], &[4]),
    ("extend", &[2, 4], &[2, 4]),
    ("stop", &[2, 4, 5, 6], &[8]),
    ("return_result", &[9], &[10]),
];

/// Every log begins with the filing, has no gap, goes on where it stood, by allowed moves only, and ends
/// where the dossier is.
fn moves(s: &Snapshot) -> Vec<String> {
    let mut wrong = Vec::new();
    for d in &s.dossiers {
        let log = s.log(&d.id);
        let (mut status, mut stage, mut signs) = (1, None, false);
        for (at, step) in log.iter().enumerate() {
            if step.ordinal != at as i64 || (at == 0) != (step.verb == "file") {
                wrong.push(format!("{}: line {at} is {} {}", d.code, step.ordinal, step.verb));
            }
            if step.from_status != status || step.from_stage != stage {
                wrong.push(format!("{}: line {at} begins at {}, not {status}", d.code, step.from_status));
            }
            if !is_allowed(step, signs) {
                let to = step.to_status;
                wrong.push(format!("{}: {} from {} to {to}", d.code, step.verb, step.from_status));
            }
            match step.verb.as_str() {
                "submit_for_signature" => signs = true,
                "pass_on" | "return_step" => signs = false,
                _ => {}
            }
            (status, stage) = (step.to_status, step.to_stage.clone());
        }
        if log.is_empty() || status != d.status || stage != d.stage || log.len() as i64 != d.version {
            wrong.push(format!("{} is at {} {:?}, its log at {status} {stage:?}", d.code, d.status, d.stage));
        }
    }
    wrong
}

fn is_allowed(step: &Step, signs: bool) -> bool {
    let known = MOVES.iter().find(|(verb, ..)| *verb == step.verb);
    let (from, to) = (step.from_status, step.to_status);
    match known {
        Some(("decide", from_any, to_any)) => signs && from_any.contains(&from) && to_any.contains(&to),
        Some(("extend", from_any, _)) => from_any.contains(&from) && from == to,
        Some((_, from_any, to_any)) => from_any.contains(&from) && to_any.contains(&to),
        // What is only written down leaves a dossier where it is.
        None => from == to && step.from_stage == step.to_stage,
    }
}

/// What the procedures of the stories promise.
fn promise(procedure: &str) -> Promise {
    match procedure.split('@').next() {
        Some("1.001193" | "2.000815") => Promise::SameDay,
        Some("1.013225") => Promise::CalendarDays(20),
        other => panic!("the oracle does not know what {other:?} promises"),
    }
}

/// Every promised time of every log, computed once more.
fn promises(s: &Snapshot) -> Vec<String> {
    let oracle = Oracle::new();
    let mut wrong = Vec::new();
    for d in &s.dossiers {
        let promise = promise(&d.procedure);
        // What was brought before reception is answered like what was filed.
        let log = s.log(&d.id);
        let refiled = log.iter().rev().find(|step| step.verb == "supplement" && step.to_status == 1);
        let filed_at = refiled.map_or(d.filed_at, |step| step.at);
        if d.answer_by != oracle.due(filed_at, Promise::WorkingMinutes(480)) {
            wrong.push(format!("{}: answered by {}", d.code, d.answer_by));
        }
        let (mut due, mut asked, mut extended) = (None, 0, 0);
        for step in s.log(&d.id) {
            let expected = match step.verb.as_str() {
                "supplement" if step.to_status == 1 => None,
                "receive" | "supplement" => Some(oracle.due(step.at, promise)),
                "pay" => due.map(|due| oracle.shift(due, asked, step.at)),
                "extend" => {
                    extended += 1;
                    let fits = |to: &i64| extended == 1 && Some(*to) > due && oracle.is_close(*to);
                    step.due_at.filter(fits)
                }
                _ => due,
            };
            if step.verb == "ask_fee" {
                asked = step.at;
            }
            if step.due_at != expected {
                let why = format!("{}: {} promises {:?}, not {expected:?}", d.code, step.verb, step.due_at);
                wrong.push(why);
            }
            due = step.due_at;
        }
        if d.due_at != due {
            wrong.push(format!("{}: due {:?}, its log {due:?}", d.code, d.due_at));
        }
    }
    wrong
}

/// Digits at the end of a number, or at its beginning where a year follows.
fn serial(number: &str) -> i64 {
    let part = number.split('/').next().and_then(|head| head.rsplit('-').next());
    part.and_then(|digits| digits.parse().ok()).unwrap_or(-1)
}

/// Every book of numbers has each number up to its last one, once.
fn numbers(s: &Snapshot) -> Vec<String> {
    let agency =
        |dossier: &str| s.dossiers.iter().find(|d| d.id == dossier).map_or("", |d| d.agency.as_str());
    let mut books: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    let mut take = |kind: &'static str, book: String, number: &str| {
        books.entry(book).or_default().push(serial(number));
        *totals.entry(kind).or_default() += 1;
    };
    for d in &s.dossiers {
        let book = d.code.rsplit_once('-').map_or("", |(book, _)| book);
        take("dossier", book.into(), &d.code);
    }
    for r in &s.results {
        take("result", format!("result {} {}", agency(&r.dossier), &r.day[..4]), &r.number);
    }
    for step in &s.steps {
        let details: serde_json::Value = serde_json::from_str(&step.details).unwrap_or_default();
        let Some(number) = details["number"].as_str() else { continue };
        let year = base::Instant::from_micros(step.at).day().year();
        let d = s.dossiers.iter().find(|d| d.id == step.dossier);
        let counter = d.and_then(|d| d.code.split_once('-')).map_or("", |(ident, _)| ident);
        let (kind, owner) = match step.verb.as_str() {
            "ask_supplement" => ("form-supplement", counter),
            "refuse" => ("form-refusal", counter),
            "extend" => ("form-apology", agency(&step.dossier)),
            "stop" => ("form-stop", agency(&step.dossier)),
            _ => continue,
        };
        take(kind, format!("{kind} {owner} {year}"), number);
    }
    for r in &s.receipts {
        take("fee-receipt", format!("receipt {} {}", r.unit, r.series), &r.number);
    }
    for r in &s.refunds {
        let year = r.number.rsplit('/').next().unwrap_or_default();
        take("fee-refund", format!("refund {} {year}", r.counter), &r.number);
    }
    for p in &s.petitions {
        let book = p.number.rsplit_once('-').map_or("", |(book, _)| book);
        take("petition", book.into(), &p.number);
    }
    let mut wrong = Vec::new();
    for (book, mut taken) in books {
        taken.sort_unstable();
        if !taken.iter().copied().eq(1..=taken.len() as i64) {
            wrong.push(format!("{book}: {taken:?}"));
        }
    }
    for (kind, total) in totals {
        let of_kind = s.books.iter().filter(|(book, _)| book.split('|').next() == Some(kind));
        let given: i64 = of_kind.map(|(_, last)| last).sum();
        if given != total {
            wrong.push(format!("{kind}: {given} numbers given, {total} in use"));
        }
    }
    wrong
}

/// Which paper follows a line of the log.
fn printed(step: &Step) -> Option<&'static str> {
    match step.verb.as_str() {
        "supplement" if step.to_status == 1 => None,
        "receive" | "supplement" => Some("receipt"),
        "ask_supplement" => Some("supplement"),
        "refuse" => Some("refusal"),
        "extend" => Some("apology"),
        "stop" => Some("stop"),
        "decide" => Some("result"),
        _ => None,
    }
}

/// The last line of each kind has its paper, and no paper belongs to another line; each decision has one
/// result, and each result a decision.
fn papers(s: &Snapshot) -> Vec<String> {
    let have: BTreeSet<(&str, &str, i64)> =
        s.papers.iter().map(|p| (p.dossier.as_str(), p.kind.as_str(), p.ordinal)).collect();
    let (mut may, mut must) = (BTreeSet::new(), BTreeMap::new());
    for step in &s.steps {
        if let Some(kind) = printed(step) {
            may.insert((step.dossier.as_str(), kind, step.ordinal));
            must.insert((step.dossier.as_str(), kind), step.ordinal);
        }
    }
    let needed = must.into_iter().map(|((dossier, kind), ordinal)| (dossier, kind, ordinal));
    let missing =
        needed.filter(|paper| !have.contains(paper)).map(|paper| format!("{paper:?} was never made"));
    let asked_for = |kind: &str| kind == "slip" || kind == "control";
    let strange = have.iter().filter(|paper| !asked_for(paper.1) && !may.contains(*paper));
    let strange = strange.map(|paper| format!("{paper:?} belongs to nothing"));
    let mut wrong: Vec<String> = missing.chain(strange).collect();
    let decided: Vec<&str> =
        s.steps.iter().filter(|step| step.verb == "decide").map(|step| step.dossier.as_str()).collect();
    let mut results: Vec<&str> = s.results.iter().map(|r| r.dossier.as_str()).collect();
    results.sort_unstable();
    if decided != results {
        wrong.push(format!("decided {decided:?}, results {results:?}"));
    }
    wrong
}

/// What was owed was paid once: by one receipt, by exactly the money that is said to have paid it.
fn money(s: &Snapshot) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut references = BTreeSet::new();
    for p in &s.payments {
        if !references.insert(&p.reference) {
            wrong.push(format!("the payment {} is kept twice", p.reference));
        }
        if p.applied > p.amount {
            wrong.push(format!("{} paid {} of its {}", p.reference, p.applied, p.amount));
        }
    }
    for bill in &s.bills {
        let receipts = s.receipts.iter().filter(|r| r.bill == bill.id && r.voided_at.is_none());
        let told: Vec<i64> = receipts.map(|r| r.amount).collect();
        let payments = s.payments.iter().filter(|p| p.bill.as_ref() == Some(&bill.id));
        let applied: i64 = payments.map(|p| p.applied).sum();
        let fits = match (bill.state.as_str(), bill.closed_by.as_deref()) {
            ("paid", Some("transfer")) => told == [bill.amount] && applied == bill.amount,
            ("paid", Some("cash")) => told == [bill.amount] && applied == 0,
            _ => told.is_empty() && applied == 0,
        };
        if !fits {
            wrong.push(format!("bill {}: {bill:?}, receipts {told:?}, applied {applied}", bill.id));
        }
    }
    for d in &s.dossiers {
        let of = |state: &str| s.bills.iter().filter(|b| b.dossier == d.id && b.state == state).count();
        let paid = s.steps.iter().filter(|step| step.dossier == d.id && step.verb == "pay").count();
        if (d.status == 6) != (of("open") == 1) || of("paid") != paid {
            wrong.push(format!("{}: {} open, {} paid, {paid} payments told", d.code, of("open"), of("paid")));
        }
        // Whom the agency has let down gets back what was paid.
        let paid = s.bills.iter().filter(|b| b.dossier == d.id && b.state == "paid");
        let paid: i64 = paid.map(|bill| bill.amount).sum();
        let owed = (d.status == 8 && paid > 0).then_some(paid);
        let refunds = s.refunds.iter().filter(|r| r.dossier.as_ref() == Some(&d.id) && r.cause == "stopped");
        let refunds: Vec<i64> = refunds.map(|refund| refund.amount).collect();
        if refunds != Vec::from_iter(owed) {
            wrong.push(format!("{}: {owed:?} goes back by {refunds:?}", d.code));
        }
    }
    wrong
}

/// Every content is held as often as rows name it.
fn references(s: &Snapshot) -> Vec<String> {
    let mut named: BTreeMap<&str, i64> = BTreeMap::new();
    let files = s.files.iter().map(|file| &file.sha256).chain(s.papers.iter().map(|paper| &paper.sha256));
    let receipts = s.receipts.iter().filter_map(|receipt| receipt.sha256.as_ref());
    for hash in files.chain(receipts).chain(&s.other_references) {
        *named.entry(hash).or_default() += 1;
    }
    let mut wrong = Vec::new();
    for content in &s.contents {
        let rows = named.remove(content.hash.as_str()).unwrap_or_default();
        if content.refs != rows {
            wrong.push(format!("{} is held {} times and named {rows} times", content.hash, content.refs));
        }
    }
    wrong.extend(named.keys().map(|hash| format!("{hash} is named and not kept")));
    wrong
}

/// The month of an instant in Vietnam: 202611.
fn month(at: i64) -> i64 {
    let day = base::Instant::from_micros(at).day();
    i64::from(day.year()) * 100 + i64::from(day.month())
}

/// Every dossier is counted as its log says.
fn figures(s: &Snapshot) -> Vec<String> {
    let mut wrong = Vec::new();
    if s.measures.len() != s.dossiers.len() {
        wrong.push(format!("{} dossiers, {} counted", s.dossiers.len(), s.measures.len()));
    }
    for m in &s.measures {
        let log = s.log(&m.dossier);
        let first = |verbs: &[&str]| log.iter().find(|step| verbs.contains(&step.verb.as_str()));
        let received = log.iter().find(|step| step.due_at.is_some()).map(|step| month(step.at));
        let decided = first(&["decide"]).map(|step| step.at);
        let ended = first(&["refuse", "withdraw", "stop"]).map(|step| month(step.at));
        let requests = log.iter().filter(|step| step.verb == "ask_supplement").count() as i64;
        let told = (m.received, m.decided_at, m.settled, m.ended, m.requests, m.version);
        let counted = (received, decided, decided.map(month), ended, requests, log.len() as i64);
        if told != counted {
            wrong.push(format!("{}: {told:?}, counted {counted:?}", m.dossier));
        }
    }
    wrong
}

/// Every petition goes on where it stood, and is where its log ends.
fn petitions(s: &Snapshot) -> Vec<String> {
    let mut wrong = Vec::new();
    for p in &s.petitions {
        let log: Vec<_> = s.petition_steps.iter().filter(|step| step.petition == p.id).collect();
        let goes_on = log.windows(2).all(|two| two[0].to_state == two[1].from_state);
        let whole = log.iter().map(|step| step.ordinal).eq(0..log.len() as i64);
        if !goes_on || !whole || log.last().map(|step| step.to_state.as_str()) != Some(p.state.as_str()) {
            wrong.push(format!("{} is {}, its log {log:?}", p.number, p.state));
        }
    }
    wrong
}

/// Nothing waits, and nothing was given up.
fn quiet(s: &Snapshot) -> Vec<String> {
    s.waiting.iter().map(|w| format!("{} {} waits", w.what, w.name)).collect()
}
