//! What was grown is what the rules would have made: logs are replayed through them, forms checked
//! again, numbers and the audit book counted.

use std::collections::BTreeMap;

use base::{Clock, Instant};
use db::testing::{TestDb, both};
use db::{Tx, args};
use directory::seed::Province;
use web::{Brand, Site};

use super::{Plan, grow};
use crate::App;
use crate::dossier::rules::{self, State, Terms, Verb, step_with};
use crate::dossier::{Dossier, DossierId, History, store};
use crate::procedure::model::Frame;

const DOSSIERS: u64 = 1_000;

pub(crate) fn now() -> Instant {
    Instant::parse_rfc3339("2026-11-20T15:00:00+07:00").unwrap()
}

/// A small province with its demonstration people, and an application on it.
pub(crate) async fn small(t: &TestDb) -> App {
    t.migrate(&crate::tests::migrations()).await;
    let province = Province::named("vinh-long").unwrap();
    directory::seed::load_small(&t.db, &province, now()).await.unwrap();
    crate::seed(&t.db, now()).await.unwrap();
    let site = Site::new(t.db.clone(), t.blobs().await, Clock::fixed(now()), Brand::of("Vĩnh Long"));
    App::open(site, Frame::Y2018, "http://127.0.0.1".into(), crate::tests::safe(t)).await.unwrap()
}

pub(crate) fn plan(dossiers: u64) -> Plan {
    Plan { dossiers, seed: 7, now: now() }
}

pub(crate) async fn all(app: &App) -> Vec<(Dossier, Vec<History>)> {
    let read = async |tx: &mut Tx| -> db::Result<Vec<(Dossier, Vec<History>)>> {
        let ids: Vec<DossierId> =
            tx.list("select id from dossier order by filed_at limit 5000", args![]).await?;
        let mut all = Vec::new();
        for id in ids {
            all.push((store::get(tx, id).await?, store::list_history(tx, id).await?));
        }
        Ok(all)
    };
    app.site.db.read(read).await.unwrap()
}

/// The state to which the log leads by the rules alone.
fn replay(app: &App, d: &Dossier, log: &[History], calendar: &base::Calendar) -> State {
    let procedure = app.catalogue.version(&d.procedure).unwrap();
    let law = app.catalogue.law();
    let terms =
        Terms { limit: procedure.limit, law: &law, calendar, stages: &procedure.steps, used: d.used() };
    let mut state = State::Filed { answer_by: d.answer_by };
    let mut last = d.filed_at;
    for line in &log[1..] {
        assert!(last <= line.at && line.at <= now(), "{} goes back in time", d.code);
        last = line.at;
        assert_eq!(line.from, state.status(), "{}", d.code);
        assert_eq!(line.from_stage.as_deref(), state.stage(), "{}", d.code);
        let verb = Verb::from_word(&line.verb).unwrap();
        let step = step_with(verb, line.to_stage.clone().unwrap_or_default());
        state =
            rules::after(&state, &step, line.at, &terms).unwrap_or_else(|no| panic!("{}: {no:?}", d.code));
        assert_eq!(line.to, state.status(), "{}", d.code);
        assert_eq!(line.to_stage.as_deref(), state.stage(), "{}", d.code);
        assert_eq!(line.promised, state.promised().or(line.promised), "{}", d.code);
    }
    state
}

#[test]
fn a_thousand_lives_are_replayed_through_the_rules() {
    both(async |t| {
        let app = small(&t).await;
        let grown = grow(&app, plan(DOSSIERS), |_, _, _| {}).await.unwrap();
        let all = all(&app).await;
        assert_eq!(all.len() as u64, DOSSIERS);
        let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
        let mut calendars = BTreeMap::new();
        let mut steps = 0;
        let mut long = 0;
        for (d, log) in &all {
            if !calendars.contains_key(&d.counter) {
                let counter = d.counter.clone();
                let read = async move |tx: &mut Tx| directory::calendar(tx, &counter).await;
                calendars.insert(d.counter.clone(), app.site.db.read(read).await.unwrap());
            }
            assert_eq!(replay(&app, d, log, &calendars[&d.counter]), d.state, "{}", d.code);
            assert_eq!(d.version, log.len() as i64, "{}", d.code);
            *statuses.entry(d.state.status().word()).or_default() += 1;
            steps += log.len() as u64;
            long += usize::from(log.len() >= 6);
        }
        assert_eq!(steps, grown.steps);
        assert!(long > 800, "{long} of {DOSSIERS} have six lines or more");
        for status in ["declined", "withdrawn", "stopped", "returned"] {
            assert!(statuses.contains_key(status), "nothing is {status}: {statuses:?}");
        }
        assert!(all.iter().any(|(d, _)| !d.state.status().is_final()), "all is over: {statuses:?}");
    });
}

#[test]
fn what_was_filed_online_answers_its_form() {
    both(async |t| {
        let app = small(&t).await;
        grow(&app, plan(200), |_, _, _| {}).await.unwrap();
        let mut online = 0;
        for (d, _) in all(&app).await.iter().filter(|(d, _)| d.channel == "online") {
            let procedure = app.catalogue.version(&d.procedure).unwrap();
            let form = procedure.form.as_ref().unwrap();
            assert_eq!(form.check(&d.answers, d.filed_at.day()), vec![], "{}", d.procedure);
            assert!(d.account.is_some());
            online += 1;
        }
        assert!(online > 20, "{online} came online");
    });
}

#[test]
fn numbers_run_without_gaps_and_the_book_is_chained() {
    both(async |t| {
        let app = small(&t).await;
        grow(&app, plan(300), |_, _, _| {}).await.unwrap();
        // A second load goes on where the first one ended.
        grow(&app, plan(100), |_, _, _| {}).await.unwrap();
        let read = async |tx: &mut Tx| -> db::Result<(i64, i64, i64, i64)> {
            let dossiers = "select count(*) from dossier";
            let codes = "select cast(sum(last) as bigint) from number_book where book like 'dossier|%'";
            let results = "select count(*) from dossier_result";
            let numbers = "select cast(sum(last) as bigint) from number_book where book like 'result|%'";
            Ok((
                tx.get(dossiers, args![]).await?,
                tx.get(codes, args![]).await?,
                tx.get(results, args![]).await?,
                tx.get(numbers, args![]).await?,
            ))
        };
        let (dossiers, codes, results, numbers) = t.db.read(read).await.unwrap();
        assert_eq!((dossiers, results), (codes, numbers));
        assert_eq!(dossiers, 400);
        assert!(results > 200);

        db::audit::chain_once(&t.db).await.unwrap();
        let report = db::audit::verify(&t.db).await.unwrap();
        assert_eq!(report.broken, None);
        assert!(report.entries > 2_400, "{report:?}");
        let pending = t.db.read(async |tx: &mut Tx| db::outbox::pending(tx).await).await.unwrap();
        assert_eq!(pending, 0, "everybody has heard of what lies in the past");
    });
}
