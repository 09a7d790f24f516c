//! Tables of points and bands; and figures that agree with their lists, with the log, and with what a
//! rebuild makes of it.

use std::io::Read;

use base::{Calendar, Day, Instant};
use db::testing::both;
use db::{Tx, args};

use super::behind::{self, Behind};
use super::rules::*;
use super::sheet::{Cell, Kind, Sheet};
use super::{Ask, By, Counts, Figure, Listed, rebuild, report};
use crate::App;
use crate::grow::tests::{all, now, plan, small};
use crate::grow::{self};

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(&format!("{text}:00+07:00")).unwrap()
}

#[test]
fn a_promise_is_kept_early_on_its_day_or_late() {
    let promised = at("2026-11-20T17:00");
    let table = [
        ("2026-11-19T23:59", Grade::Early),
        ("2026-11-20T00:00", Grade::OnTime),
        ("2026-11-20T17:00", Grade::OnTime),
        ("2026-11-20T17:01", Grade::Late),
        ("2026-11-21T08:00", Grade::Late),
    ];
    for (decided, grade) in table {
        assert_eq!(Grade::of(at(decided), promised), grade, "{decided}");
    }
    assert_eq!(Grade::ALL.map(Grade::points), [2, 1, 0]);
}

/// A row of the table below: what happened, when the whole was decided, and the parts of other agencies from
/// their promise to their end.
type Happened<'a> = (&'a str, &'a str, &'a [(&'a str, Option<&'a str>)]);

#[test]
fn a_late_part_is_charged_to_the_agency_that_settled_it_and_not_to_the_one_that_waited() {
    let calendar = Calendar::national();
    let promised = at("2026-11-13T17:00");
    let november = |text: &str| at(&format!("2026-11-{text}"));
    let table: [Happened<'_>; 10] = [
        ("part and whole in time", "13T16:00", &[("11T17:00", Some("11T10:00"))]),
        ("part late, whole in time", "13T16:00", &[("10T17:00", Some("12T10:00"))]),
        ("part late, whole late by less", "16T15:00", &[("11T17:00", Some("16T09:00"))]),
        ("part late, whole late by more", "16T15:00", &[("11T17:00", Some("12T08:30"))]),
        ("part in time, whole late", "16T15:00", &[("11T17:00", Some("10T10:00"))]),
        ("the agency's own parts alone", "16T15:00", &[]),
        (
            "two late at the same time",
            "17T11:30",
            &[("11T17:00", Some("12T17:00")), ("11T17:00", Some("12T17:00"))],
        ),
        (
            "two late one after another",
            "17T11:30",
            &[("10T17:00", Some("11T17:00")), ("12T17:00", Some("13T17:00"))],
        ),
        ("a part that never ended", "16T15:00", &[("11T17:00", None)]),
        ("in the evening, nobody late", "13T20:00", &[("11T17:00", Some("11T10:00"))]),
    ];
    let mut said = String::new();
    for (what, decided, parts) in table {
        let decided = november(decided);
        let part = |(promised, ended): &(&str, Option<&str>)| Other {
            promised: november(promised),
            ended: ended.map(november),
        };
        let others: Vec<Other> = parts.iter().map(part).collect();
        let citizen = Grade::of(decided, promised);
        let excused = citizen == Grade::Late && late_elsewhere(decided, promised, &others, &calendar);
        let own = if excused { Grade::OnTime } else { citizen };
        let theirs: Vec<&str> = others
            .iter()
            .map(|o| o.ended.map_or("no end", |ended| Grade::of(ended, o.promised).word()))
            .collect();
        let theirs = if theirs.is_empty() { "none".into() } else { theirs.join(", ") };
        said += &format!("{what:<30} {:<8} {:<8} {theirs}\n", citizen.word(), own.word());
    }
    let expected = "\
part and whole in time         on_time  on_time  on_time
part late, whole in time       on_time  on_time  late
part late, whole late by less  late     on_time  late
part late, whole late by more  late     late     late
part in time, whole late       late     late     early
the agency's own parts alone   late     late     none
two late at the same time      late     late     late, late
two late one after another     late     on_time  late, late
a part that never ended        late     on_time  no end
in the evening, nobody late    late     late     on_time
";
    assert_eq!(said, expected, "\n{said}");
}

#[test]
fn a_part_is_held_to_its_last_promise_before_its_end() {
    use crate::dossier::rules::Status;
    let mark = |verb, time, promised: Option<&str>| Mark {
        verb,
        to: Status::InProcess,
        to_stage: None,
        at: at(time),
        official: true,
        account: None,
        promised: promised.map(at),
        late: None,
    };
    let (first, later) = ("2026-11-18T17:00", "2026-11-20T17:00");
    let mut log = vec![
        mark("file", "2026-11-16T08:00", None),
        mark("receive", "2026-11-16T08:00", Some(first)),
        mark("pass_on", "2026-11-16T08:00", Some(first)),
    ];
    assert_eq!(other(&log[..1]), None);
    assert_eq!(other(&log), Some(Other { promised: at(first), ended: None }));
    log.push(mark("extend", "2026-11-17T09:00", Some(later)));
    log.push(mark("decide", "2026-11-19T09:00", Some(later)));
    assert_eq!(other(&log), Some(Other { promised: at(later), ended: Some(at("2026-11-19T09:00")) }));
}

#[test]
fn figures_of_parts_count_for_the_share_in_time_and_not_for_what_was_settled() {
    let mut line = Counts { early: 1, on_time: 1, late: 0, elsewhere: 1, ..Counts::default() };
    assert_eq!((line.settled(), line.in_time()), (3, Some(1_000)), "others were late, and nobody here");
    (line.parts, line.parts_late) = (2, 1);
    assert_eq!((line.settled(), line.in_time()), (3, Some(750)));
    let only = Counts { parts: 1, parts_late: 1, ..Counts::default() };
    assert_eq!((only.settled(), only.in_time(), only.days()), (0, Some(0), None));
}

#[test]
fn scores_are_means_rounded_to_one_decimal() {
    let table = [
        (0, 0, None),
        (1, 3, Some(3)),
        (2, 3, Some(7)),
        (1, 4, Some(3)),
        (3, 20, Some(2)),
        (40, 20, Some(20)),
    ];
    for (points, count, tenths_) in table {
        assert_eq!(tenths(points, count), tenths_, "{points} of {count}");
    }
    assert_eq!([0, 1, 2, 9].map(contact_points), [2, 1, 0, 0]);
}

#[test]
fn bands_begin_where_the_circular_says() {
    let agency = [
        (180, "excellent"),
        (150, "excellent"),
        (149, "good"),
        (120, "good"),
        (119, "fair"),
        (90, "fair"),
        (89, "average"),
        (60, "average"),
        (59, "weak"),
        (0, "weak"),
    ];
    for (total, word) in agency {
        assert_eq!(band(total, AGENCY_BANDS), word, "{total}");
    }
    for (total, word) in
        [(100, "full"), (50, "full"), (49, "most"), (35, "most"), (34, "below"), (0, "below")]
    {
        assert_eq!(band(total, OFFICIAL_BANDS), word, "{total}");
    }
}

#[test]
fn what_is_not_measured_gives_no_marks_and_may_leave_the_band_open() {
    let score = |index, tenths| Score { index, tenths };
    let good = [
        score(Index::TotalTime, Some(20)),
        score(Index::StepTime, Some(20)),
        score(Index::Contacts, Some(15)),
    ];
    let open = [&good[..], &[score(Index::Attitude, None)]].concat();
    assert_eq!(bounds(&good), (55, 55));
    assert_eq!(bounds(&open), (55, 75));
    assert_eq!(sure_band(&open, OFFICIAL_BANDS), Some("full"));
    let low = [score(Index::TotalTime, Some(20)), score(Index::Attitude, None)];
    assert_eq!(sure_band(&low, OFFICIAL_BANDS), None);
    let nothing = Sums { count: 5, time: 10, ..Sums::default() };
    for index in [Index::Organisation, Index::Publicity] {
        assert_eq!(from_sums(index, &nothing), None, "{index:?}");
    }
}

#[test]
fn petitions_are_judged_by_the_share_answered_in_time() {
    for (whole, late, points) in
        [(0, 0, 20), (10, 0, 20), (10, 1, 10), (100, 10, 10), (100, 11, 0), (1, 1, 0)]
    {
        assert_eq!(complaints(&Complaints { whole, late }), points, "{late} of {whole}");
    }
}

#[test]
fn online_services_are_judged_by_shares_and_by_lateness() {
    let o = |procedures_online, dossiers_online, late_online| OnlineWork {
        procedures: 100,
        procedures_online,
        dossiers: 100,
        dossiers_online,
        late_online,
    };
    let table = [
        (o(20, 30, 0), 20),
        (o(19, 30, 0), 10),
        (o(20, 29, 0), 10),
        (o(1, 15, 0), 10),
        (o(1, 14, 0), 0),
        (o(50, 90, 1), 0),
        (o(0, 0, 0), 0),
    ];
    for (work, points) in table {
        assert_eq!(online(&work), Some(points), "{work:?}");
    }
    assert_eq!(online(&OnlineWork::default()), None);
}

#[test]
fn a_share_reaches_its_full_marks_where_the_decision_says() {
    let table = [
        (0, 100, 80, Some(0)),
        (40, 100, 80, Some(220)),
        (80, 100, 80, Some(440)),
        (100, 100, 80, Some(440)),
        (25, 100, 50, Some(220)),
        (1, 0, 50, None),
    ];
    for (part, whole, full_at, points) in table {
        assert_eq!(share_points(part, whole, full_at, 440), points, "{part} of {whole}");
    }
}

#[test]
fn months_are_numbers() {
    assert_eq!(month(Day::new(2026, 11, 22).unwrap()), 202_611);
    assert_eq!(month_begins(202_611), Some(Day::new(2026, 11, 1).unwrap().at(0)));
    assert_eq!([202_600, 202_613, 0].map(month_begins), [None; 3]);
}

async fn ask(app: &App, by: By, from: i64, to: i64) -> Ask {
    let read = async |tx: &mut Tx| -> db::Result<_> {
        let root = directory::province(tx).await?.root;
        directory::agencies_within(tx, &root, now().day()).await
    };
    let agencies = app.site.db.read(read).await.unwrap().iter().map(|(id, _)| id.to_string()).collect();
    Ask { by, from, to, agencies }
}

async fn lines(app: &App, ask: &Ask) -> Vec<(String, Counts)> {
    let (catalogue, ask) = (app.catalogue.clone(), ask.clone());
    let read = async move |tx: &mut Tx| report(tx, &catalogue, &ask, now()).await;
    app.site.db.read(read).await.unwrap()
}

async fn listed(app: &App, behind: Behind) -> usize {
    let read = async move |tx: &mut Tx| -> db::Result<(i64, usize)> {
        Ok((behind::count(tx, &behind).await?, behind::list_many(tx, &behind, None).await?.len()))
    };
    let (count, listed) = app.site.db.read(read).await.unwrap();
    assert_eq!(count, listed as i64);
    listed
}

#[test]
fn every_figure_has_as_many_dossiers_behind_it_as_it_says() {
    both(async |t| {
        let app = small(&t).await;
        grow::grow(&app, plan(250), |_, _, _| {}).await.unwrap();
        for by in [By::Unit, By::Procedure, By::Month, By::Channel, By::Official] {
            let ask = ask(&app, by, 202_501, 202_612).await;
            let lines = lines(&app, &ask).await;
            assert!(!lines.is_empty(), "{by:?}");
            for (key, counts) in lines {
                for figure in Figure::ALL {
                    let skip = counts.of(figure) == 0
                        || by == By::Official && matches!(figure, Figure::Received | Figure::Online);
                    if !skip {
                        let keys = Some(vec![key.clone()]);
                        let (figure, expected) = (Listed::Figure(figure), counts.of(figure));
                        let behind = Behind { ask: ask.clone(), figure, keys, now: now() };
                        let n = listed(&app, behind).await;
                        assert_eq!(n as i64, expected, "{by:?} {key} {figure:?}");
                    }
                }
            }
        }
    });
}

#[test]
fn figures_agree_with_a_recount_of_the_log() {
    both(async |t| {
        let app = small(&t).await;
        grow::grow(&app, plan(400), |_, _, _| {}).await.unwrap();
        let (from, to) = (202_601, 202_612);
        let ask = ask(&app, By::Unit, from, to).await;
        let total = Counts::sum(lines(&app, &ask).await.iter().map(|l| &l.1));
        let mut recount = Counts::default();
        let in_year = |at: Instant| (from..=to).contains(&month(at.day()));
        for (d, log) in all(&app).await {
            let online = i64::from(d.channel == "online");
            if d.accepted_at.is_some_and(in_year) {
                recount.received += 1;
                recount.online += online;
            }
            if let Some(line) = log.iter().find(|h| h.verb == "decide" && in_year(h.at)) {
                match Grade::of(line.at, line.promised.unwrap()) {
                    Grade::Early => recount.early += 1,
                    Grade::OnTime => recount.on_time += 1,
                    Grade::Late => recount.late += 1,
                }
            }
            let open = !d.state.status().is_final() && d.state.status().word() != "settled";
            recount.open += i64::from(open);
            recount.overdue += i64::from(open && d.state.deadline().is_some_and(|due| due < now()));
        }
        for (_, log) in all(&app).await {
            let first = log.iter().find(|h| crate::dossier::limits::missed(h).is_some());
            recount.short += i64::from(first.is_some_and(|h| in_year(h.at)));
        }
        recount.minutes = total.minutes;
        assert_eq!(total, recount);
        assert!(total.received > 100 && total.late > 0 && total.minutes > 0 && total.short > 0, "{total:?}");
    });
}

#[test]
fn thrown_away_and_made_anew_the_rows_are_the_same() {
    both(async |t| {
        let app = small(&t).await;
        grow::grow(&app, plan(300), |_, _, _| {}).await.unwrap();
        let rows = async || {
            let read = async |tx: &mut Tx| -> db::Result<Vec<db::Row>> {
                tx.list("select * from measure order by dossier limit 1000", args![]).await
            };
            format!("{:?}", t.db.read(read).await.unwrap())
        };
        let before = rows().await;
        assert_eq!(rebuild(&app, &t.db).await.unwrap(), 300);
        assert_eq!(rows().await, before);
    });
}

#[test]
fn a_text_stays_a_text() {
    let mut csv = Sheet::new(Kind::Csv, &["Tên".to_string(), "Số".to_string()]);
    csv.row(&[Cell::Text("=1+1".into()), Cell::Number(-3)]);
    csv.row(&[Cell::Text("@a, \"b\"".into()), Cell::Tenths(985)]);
    csv.row(&[Cell::Text("Nguyễn\nAn".into()), Cell::At(at("2026-11-20T08:05"))]);
    csv.row(&[Cell::Text("-2".into()), Cell::Empty]);
    let text = String::from_utf8(csv.finish()).unwrap();
    assert_eq!(
        text,
        "\u{feff}\"Tên\",\"Số\"\r\n\"'=1+1\",-3\r\n\"'@a, \"\"b\"\"\",98.5\r\n\
         \"Nguyễn\nAn\",08:05 20/11/2026\r\n\"'-2\",\r\n"
    );
}

/// The plain bytes of the sheet, from the zip's own directory.
fn sheet_of(zip: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    assert_eq!(archive.len(), 6);
    let mut raw = Vec::new();
    let mut part = archive.by_index_raw(5).unwrap();
    assert_eq!(part.name().unwrap(), "xl/worksheets/sheet1.xml");
    let (size, crc) = (part.size(), part.crc32());
    part.read_to_end(&mut raw).unwrap();
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(&raw[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text.len() as u64, size);
    let mut sum = flate2::Crc::new();
    sum.update(text.as_bytes());
    assert_eq!(sum.sum(), crc);
    text
}

#[test]
fn a_sheet_taken_in_pieces_is_one_sound_file() {
    let mut sheet = Sheet::new(Kind::Xlsx, &["A".to_string()]);
    let mut file = sheet.take();
    for n in 0..5_000 {
        sheet.row(&[Cell::Text(format!("=cmd|' /C calc'!A{n}\u{1}<&>"))]);
        if n % 1_000 == 0 {
            file.extend(sheet.take());
        }
    }
    file.extend(sheet.finish());
    let xml = sheet_of(&file);
    assert_eq!(xml.matches("<row ").count(), 5_001);
    assert!(!xml.contains("<f>"), "no formula");
    let guarded = "<c s=\"3\" t=\"inlineStr\"><is><t xml:space=\"preserve\">\
         =cmd|' /C calc'!A7&lt;&amp;&gt;</t></is></c>";
    assert!(xml.contains(guarded));
    assert!(xml.ends_with("</sheetData></worksheet>"));
}
