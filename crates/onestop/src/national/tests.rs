//! What the other side is told, printed for every status and channel, and the rules around it.

use base::{Day, Instant};
use serde_json::{Map, json};

use super::rules::*;
use super::simulator::{Fault, Faults};
use super::wire::Listed;
use super::words::WORDS;
use crate::dossier::rules::{State, Status, Was};
use crate::dossier::store::Decision;
use crate::dossier::{Applicant, Dossier, DossierId, History};
use crate::procedure::Procedure;
use crate::procedure::model;

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

fn birth() -> &'static Procedure {
    model::embedded().iter().find(|p| p.code == "1.001193").unwrap()
}

fn codes() -> Codes {
    Codes {
        filed_at_portal: "1".into(),
        filed_here: "2".into(),
        person_number: "1".into(),
        enterprise_number: "3".into(),
    }
}

fn line(ordinal: i64, verb: &str, from: Status, to: Status, at: Instant) -> Line {
    let due = (to != Status::Filed).then(|| self::at("2026-08-20T17:00:00+07:00"));
    Line {
        history: History {
            ordinal,
            verb: verb.into(),
            from,
            to,
            from_stage: None,
            to_stage: None,
            at,
            account: Some("a".into()),
            office: None,
            reason_code: None,
            note: if verb == "receive" { String::new() } else { format!("lời {verb}") },
            details: json!({ "amount": 8000 }),
            promised: due,
        },
        who: "Nguyễn Hoài Linh".into(),
        office: "Bộ phận Một cửa".into(),
        what: verb.into(),
    }
}

fn an() -> Applicant {
    let (name, number) = ("Nguyễn Hữu Ẩn".into(), "086090123456".into());
    Applicant { name, number, ..Applicant::default() }
}

/// A dossier in this status, by the shortest way there.
fn life(status: Status, channel: &str) -> (Dossier, Vec<Line>) {
    use Status::*;
    let minute = |n: i64| at("2026-08-20T09:00:00+07:00").plus_minutes(n);
    let way: &[(&str, Status)] = match status {
        Filed => &[],
        Declined => &[("refuse", Declined)],
        Received => &[("receive", Received)],
        InProcess => &[("receive", Received), ("pass_on", InProcess)],
        Supplementing => &[("receive", Received), ("ask_supplement", Supplementing)],
        AwaitingFee => &[("receive", Received), ("ask_fee", AwaitingFee)],
        Withdrawn => &[("receive", Received), ("withdraw", Withdrawn)],
        Stopped => &[("receive", Received), ("stop", Stopped)],
        Settled => &[("receive", Received), ("pass_on", InProcess), ("decide", Settled)],
        Returned => {
            &[("receive", Received), ("pass_on", InProcess), ("decide", Settled), ("return_result", Returned)]
        }
    };
    let mut lines = vec![line(0, "file", Filed, Filed, minute(0))];
    let mut from = Filed;
    for (n, (verb, to)) in way.iter().enumerate() {
        lines.push(line(n as i64 + 1, verb, from, *to, minute(10 * (n as i64 + 1))));
        from = *to;
    }
    let due = at("2026-08-20T17:00:00+07:00");
    let since = lines.last().unwrap().history.at;
    let stage = birth().steps[0].id.clone();
    let state = match status {
        Filed => State::Filed { answer_by: due },
        Received => State::Received { due },
        Declined => State::Declined { at: since },
        InProcess => State::InProcess { due, at: stage },
        Supplementing => State::Supplementing { asked: since, was: Was::Received { due } },
        AwaitingFee => State::AwaitingFee { asked: since, due, at: stage },
        Withdrawn => State::Withdrawn { at: since },
        Stopped => State::Stopped { at: since },
        Settled => State::Settled { at: since },
        Returned => State::Returned { at: since },
    };
    let accepted = lines.iter().any(|l| l.history.verb == "receive");
    let dossier = Dossier {
        id: DossierId::fresh(),
        code: "001.09.22.Z61-260820-0001".into(),
        procedure: "1.001193@1".into(),
        counter: "c@2018-01-01".into(),
        agency: "a@2018-01-01".into(),
        account: Some("a".into()),
        applicant: an(),
        channel: channel.into(),
        return_by: if channel == "post" { "post" } else { "counter" }.into(),
        answers: Map::new(),
        state,
        holder_unit: "c@2018-01-01".into(),
        holder_role: "counter_clerk".into(),
        filed_at: minute(0),
        answer_by: due,
        accepted_at: accepted.then(|| minute(10)),
        promised: accepted.then_some(due),
        since,
        supplement_requests: 0,
        assignee: None,
        extensions: 0,
        fee_asked: 0,
        fee_paid: 0,
        parent: None,
        version: lines.len() as i64,
    };
    (dossier, lines)
}

fn with_facts<T>(status: Status, channel: &str, use_them: impl FnOnce(&Facts) -> T) -> T {
    let (dossier, lines) = life(status, channel);
    let decision = Decision {
        outcome: "granted".into(),
        number: "01".into(),
        symbol: "GKS".into(),
        day: Day::new(2026, 8, 20).unwrap(),
        reason: String::new(),
        signer_name: String::new(),
        signer_title: String::new(),
        agency: String::new(),
    };
    let decided = lines.iter().any(|l| l.history.verb == "decide");
    use_them(&Facts {
        dossier: &dossier,
        procedure: birth(),
        agency: "Ủy ban nhân dân xã Phước Hậu",
        field: "Z00-LV07",
        lines: &lines,
        files: &[],
        decision: decided.then_some(&decision),
        origin: None,
        codes: &codes(),
    })
}

#[test]
fn every_status_as_it_is_told_there() {
    let expected = "
st  received        promised        ended           returned        note               result
1   -               -               -               -               -                  -
2   20260820091000  20260820170000  -               -               -                  -
3   -               -               20260820091000  -               lời refuse         -
4   20260820091000  20260820170000  -               -               -                  -
5   20260820091000  20260820170000  -               -               lời ask_supplement -
6   20260820091000  20260820170000  -               -               lời ask_fee        -
7   20260820091000  20260820170000  20260820092000  -               lời withdraw       -
8   20260820091000  20260820170000  20260820092000  -               lời stop           -
9   20260820091000  20260820170000  20260820093000  -               -                  01/GKS
10  20260820091000  20260820170000  20260820093000  20260820094000  -                  01/GKS
";
    let dash = |text: &str| if text.is_empty() { "-".to_string() } else { text.to_string() };
    let mut table = format!(
        "\n{:<4}{:<16}{:<16}{:<16}{:<16}{:<19}{}\n",
        "st", "received", "promised", "ended", "returned", "note", "result"
    );
    for number in 1..=10 {
        let status = Status::from_number(number).unwrap();
        let told = with_facts(status, "online", dossier);
        table += &format!(
            "{:<4}{:<16}{:<16}{:<16}{:<16}{:<19}{}\n",
            told.status,
            dash(&told.received),
            dash(&told.promised),
            dash(&told.ended),
            dash(&told.returned),
            dash(&told.note),
            dash(&told.return_note),
        );
    }
    assert_eq!(table, expected);
}

#[test]
fn every_channel_as_it_is_told_there() {
    let mut table = String::from("\n");
    for channel in ["counter", "online", "post"] {
        let told = with_facts(Status::Received, channel, dossier);
        table += &format!("{channel:<9}KenhThucHien {} HinhThuc {}\n", told.channel, told.return_way);
    }
    assert_eq!(
        table,
        "
counter  KenhThucHien 1 HinhThuc 0
online   KenhThucHien 2 HinhThuc 0
post     KenhThucHien 3 HinhThuc 1
"
    );
}

#[test]
fn a_dossier_travels_under_its_national_names() {
    let told = with_facts(Status::AwaitingFee, "online", |f| serde_json::to_value(dossier(f)).unwrap());
    let names: Vec<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names.join(" "),
        "MaHoSo MaTTHC TenTTHC MaLinhVuc TenLinhVuc ChuHoSo LoaiDoiTuong MaDoiTuong Email Fax SoDienThoai \
         TrichYeuHoSo NgayTiepNhan NgayHenTra TrangThaiHoSo NgayTra ThongTinTra HinhThuc NgayKetThucXuLy \
         DonViXuLy GhiChu NoiNopHoSo HoSoCoThanhPhanSoHoa TaiKhoanDuocXacThucVoiVNeID \
         DuocThanhToanTrucTuyen LoaiDinhDanh SoDinhDanh MaCSDL KenhThucHien TaiLieuNop DanhSachLePhi \
         DanhSachTepDinhKemKhac DanhSachHoSoBoSung DanhSachGiayToKetQua PhienBan"
    );
    assert_eq!(told["DanhSachLePhi"][0]["Gia"], "8000");
    assert_eq!(told["DanhSachLePhi"][0]["HinhThucThu"], "1", "asked for at receipt");
    let lines = with_facts(Status::Returned, "online", |f| progress(f, 2));
    let first = serde_json::to_value(&lines[0]).unwrap();
    let names: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names.join(" "),
        "MaHoSo NguoiXuLy ChucDanh ThoiDiemXuLy PhongBanXuLy NoiDungXuLy TrangThai NgayBatDau \
         NgayKetThucTheoQuyDinh PhienBan"
    );
    let told: Vec<String> = lines.iter().map(|l| format!("{} {} {}", l.version, l.status, l.what)).collect();
    assert_eq!(
        told,
        ["3 4 pass_on: lời pass_on", "4 9 decide: lời decide", "5 10 return_result: lời return_result"]
    );
}

#[test]
fn a_request_for_papers_is_told_with_its_answer() {
    let (dossier, mut lines) = life(Status::Supplementing, "online");
    lines.push(line(
        3,
        "supplement",
        Status::Supplementing,
        Status::Received,
        at("2026-08-21T08:00:00+07:00"),
    ));
    let facts = Facts {
        dossier: &dossier,
        procedure: birth(),
        agency: "",
        field: "",
        lines: &lines,
        files: &[],
        decision: None,
        origin: Some(Origin { identified: true }),
        codes: &codes(),
    };
    let told = super::rules::dossier(&facts);
    let [one] = told.supplements.as_slice() else { panic!("one request: {:?}", told.supplements) };
    assert_eq!((one.asked_at.as_str(), one.taken_at.as_str()), ("20260820092000", "20260821080000"));
    assert_eq!((one.state.as_str(), one.promised_before.as_str()), ("1", "20260820170000"));
    assert_eq!((told.filed_at_portal.as_str(), told.identified.as_str()), ("1", "1"));
}

#[test]
fn times_are_written_and_read_alike() {
    let table = [
        ("2026-08-20T09:00:05+07:00", "20260820090005"),
        ("2026-12-31T17:00:00Z", "20270101000000"),
        ("2024-02-29T23:59:59+07:00", "20240229235959"),
    ];
    for (instant, written) in table {
        assert_eq!(stamp(at(instant)), written);
        assert_eq!(read_stamp(written), Some(at(instant)));
    }
    for wrong in
        ["", "2026082009000", "20260230090000", "20260820240000", "2026082009006x", "２０２６0820090000"]
    {
        assert_eq!(read_stamp(wrong), None, "{wrong}");
    }
    assert_eq!(day_stamp(Day::new(2026, 8, 2).unwrap()), "20260802");
}

#[test]
fn waits_grow_spread_and_end() {
    for failures in 1..40 {
        let most = (5_i64 << (failures - 1).min(20)).min(3600);
        for spread in [0, 1, 7, 12_345, u64::MAX] {
            let wait = wait_s(failures, spread);
            assert!((most / 2..=most).contains(&wait), "{failures} {spread}: {wait}");
        }
    }
    assert_ne!(wait_s(8, 3), wait_s(8, 100), "two dossiers do not come back at one moment");
    assert_eq!((parks(REFUSALS_MAX - 1), parks(REFUSALS_MAX)), (false, true));
}

#[test]
fn each_field_that_differs_is_named() {
    let here = with_facts(Status::Returned, "online", dossier);
    let there = Listed {
        code: here.code.clone(),
        status: here.status.clone(),
        received: here.received.clone(),
        promised: here.promised.clone(),
        ended: here.ended.clone(),
        returned: here.returned.clone(),
        lines: None,
    };
    assert_eq!(differences(&here, 5, &there), []);
    let changed = Listed { status: "4".into(), returned: String::new(), lines: Some("4".into()), ..there };
    let fields: Vec<String> = differences(&here, 5, &changed).into_iter().map(|d| d.field).collect();
    assert_eq!(fields, ["TrangThaiHoSo", "NgayTra", "SoDongTienDo"]);
}

#[test]
fn every_matter_and_its_remedies() {
    let expected = "
                send_again  take_theirs  explain  decline
missing-there   x           -            x        -
differs         x           -            x        -
missing-here    -           -            x        -
arrival         -           x            -        x
";
    let mut table =
        format!("\n{:<16}{:<12}{:<13}{:<9}{}\n", "", "send_again", "take_theirs", "explain", "decline");
    for matter in Matter::ALL {
        let [a, b, c, d] = Remedy::ALL.map(|r| if fits(matter, r) { "x" } else { "-" });
        table += &format!("{:<16}{a:<12}{b:<13}{c:<9}{d}\n", matter.word());
        assert_eq!(Matter::from_word(matter.word()), Some(matter));
    }
    assert_eq!(table, expected);
}

#[test]
fn their_clock_cannot_file_in_the_future() {
    let now = at("2026-08-20T09:00:00+07:00");
    assert_eq!(filed_at(Some(now.plus_minutes(-90)), now), now.plus_minutes(-90));
    assert_eq!(filed_at(Some(now.plus_minutes(1)), now), now);
    assert_eq!(filed_at(None, now), now);
}

#[test]
fn faults_fall_the_same_way_from_the_same_seed_and_patience_has_an_end() {
    let (one, same, other) =
        (Faults::of(&Fault::ALL, 1), Faults::of(&Fault::ALL, 1), Faults::of(&Fault::ALL, 2));
    let falls = |f: &Faults| (0..200).map(|n| f.choose(&format!("k{n}"), 0)).collect::<Vec<_>>();
    assert_eq!(falls(&one), falls(&same));
    assert_ne!(falls(&one), falls(&other));
    for kind in Fault::ALL {
        assert!(falls(&one).contains(&Some(kind)), "{kind:?} never falls");
        assert_eq!(kind.word().parse(), Ok(kind));
    }
    assert!((0..200).all(|n| one.choose(&format!("k{n}"), 4).is_none()));
}

#[test]
fn both_languages_have_the_same_keys_and_every_key_of_the_rules() {
    assert_eq!(WORDS.differences(), Vec::<String>::new());
    for matter in Matter::ALL {
        assert!(WORDS.has(&format!("task.{}", matter.word())));
    }
    for remedy in Remedy::ALL {
        assert!(WORDS.has(&format!("remedy.{}", remedy.word())));
        assert!(WORDS.has(&format!("notice.{}", remedy.word())));
    }
    for file in ["pages", "arrive", "simulator/pages"] {
        let path = format!("{}/src/national/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        for start in ["say(\"", " t(\"", "why(\"", "(t(\""] {
            for part in text.split(start).skip(1) {
                let key = part.split('"').next().unwrap_or_default();
                assert!(WORDS.has(key), "{file}: {key}");
            }
        }
    }
}

/// law: onestop/statuses. The other side's table has no 5 → 1 and no 5 → 3.
#[test]
fn papers_brought_before_reception_stay_asked_for_there_until_the_counter_answers() {
    let t = |text: &str| at(&format!("2026-08-21T{text}:00+07:00"));
    let again = |more: &[(&str, Status, Status)]| {
        let (dossier, mut lines) = life(Status::Filed, "online");
        let first = [
            ("ask_supplement", Status::Filed, Status::Supplementing),
            ("supplement", Status::Supplementing, Status::Filed),
        ];
        for (n, (verb, from, to)) in first.iter().chain(more).enumerate() {
            lines.push(line(n as i64 + 1, verb, *from, *to, t(&format!("{:02}:00", 8 + n))));
        }
        let facts = Facts {
            dossier: &dossier,
            procedure: birth(),
            agency: "",
            field: "",
            lines: &lines,
            files: &[],
            decision: None,
            origin: None,
            codes: &codes(),
        };
        progress(&facts, 0).iter().map(|l| l.status.clone()).collect::<Vec<_>>()
    };
    assert_eq!(again(&[]), ["1", "5", "5"]);
    assert_eq!(again(&[("receive", Status::Filed, Status::Received)]), ["1", "5", "5", "2"]);
    assert_eq!(again(&[("refuse", Status::Filed, Status::Declined)]), ["1", "5", "5", "8"]);
}
