use base::Day;
use web::words::Lang;

use super::compare::{Line, changes, lines};
use super::rules::{Deed, Facts, No, Standing, State, after, standing};
use super::steps::{self, Deed as StepDeed};
use super::words::WORDS;
use super::{remarks, text};
use crate::procedure::inspect::inspect;
use crate::procedure::model;

fn facts() -> Facts {
    let today = Day::parse("2026-08-20").unwrap();
    Facts { errors: 0, own_hand: false, valid_from: today, today }
}

#[test]
fn every_state_and_deed() {
    let line = |state: State, facts: &Facts| {
        let said = |deed| match after(state, deed, facts) {
            Ok(next) => next.word().to_owned(),
            Err(No::NotNow(..)) => "-".to_owned(),
            Err(no) => format!("{no:?}"),
        };
        Deed::ALL
            .iter()
            .fold(format!("{:<10}", state.word()), |out, deed| format!("{out} {:<10}", said(*deed)))
    };
    let table =
        |facts: &Facts| State::ALL.iter().map(|s| line(*s, facts).trim_end().to_owned() + "\n").collect();
    let head =
        Deed::ALL.iter().fold(String::from("          "), |out, deed| format!("{out} {:<10}", deed.word()));
    let plain: String = table(&facts());
    let picture = "           save       propose    send_back  publish    drop
draft      draft      proposed   -          -          dropped
proposed   -          -          draft      published  -
published  -          -          -          -          -
dropped    -          -          -          -          -
";
    assert_eq!(format!("{}\n{plain}", head.trim_end()), picture);
    let own: String = table(&Facts { own_hand: true, ..facts() });
    assert!(own.contains("proposed   -          -          draft      OwnHand    -"), "{own}");
    let wrong: String = table(&Facts { errors: 2, ..facts() });
    assert!(wrong.contains("draft      draft      Errors(2)  -          -          dropped"), "{wrong}");
    assert!(wrong.contains("proposed   -          -          draft      Errors(2)  -"), "{wrong}");
    let past: String = table(&Facts { valid_from: facts().today.plus(-1), ..facts() });
    assert!(past.contains("proposed   -          -          draft      Past       -"), "{past}");
}

#[test]
fn only_what_nobody_could_have_filed_under_is_withdrawn() {
    let today = Day::parse("2026-08-20").unwrap();
    let (before, later) = (today.plus(-10), today.plus(10));
    let table = [
        (standing(later, None, false, false, today), Standing::Ahead, true),
        (standing(today, None, false, false, today), Standing::InForce, false),
        (standing(before, Some(today), false, false, today), Standing::InForce, false),
        (standing(before, Some(today.plus(-1)), false, false, today), Standing::Closed, false),
        (standing(before, None, false, true, today), Standing::Closed, false),
        (standing(later, None, true, false, today), Standing::Withdrawn, false),
    ];
    for (found, expected, may) in table {
        assert_eq!((found, found.may_be_withdrawn()), (expected, may));
    }
}

const SMALL: &str = r#"# what a file begins with
code = "1.000001"
version = 1
name = "Thử" # the name
field = "Thử"
agency = "Ủy ban nhân dân cấp xã"
levels = ["commune"]
channels = ["counter"]
online = false
valid_from = "2018-01-01"
limit = "5wd" # by law
limit_confidence = "portal"
legal_basis = [
  { id = "1/2020/NĐ-CP" }, # the decree
]

# what is paid
[[fees]]
name = "Lệ phí"
amount = 8000

[[components]]
id = "paper-1"
name = "Đơn"
required = true

[[steps]]
id = "examine"
name = "Kiểm tra"
role = "officer"
unit_kind = "agency"
limit = "3wd"
next = ["sign"]
kind = "work"

[[steps]]
id = "sign"
name = "Ký"
role = "leader"
unit_kind = "agency"
limit = "1wd"
kind = "sign"

[result]
template = "decision-letter"
name = "Quyết định"

[source]
text = "ours"
"#;

fn sent(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_form_that_changes_nothing_leaves_every_byte() {
    let all = text::read(SMALL).unwrap();
    assert_eq!(text::apply(SMALL, &all).unwrap(), SMALL);
    for (name, source) in model::files() {
        let all = text::read(&source).unwrap();
        assert_eq!(text::apply(&source, &all).unwrap(), source, "{name}");
    }
}

#[test]
fn a_form_writes_what_was_typed_and_keeps_comments() {
    let typed = [
        ("name", "Thử lần hai"),
        ("limit", "4wd"),
        ("valid_from", "1/9/2026"),
        ("fees.0.name", "Lệ phí"),
        ("fees.0.amount", "10.000"),
        ("fees.1.name", "Phí sao"),
        ("fees.1.amount", ""),
        ("components.0.name", "Đơn"),
        ("components.1.name", "Giấy khác"),
        ("components.1.copies", "2"),
        ("steps.0.limit", "2wd"),
        ("legal_basis.0.id", "1/2020/NĐ-CP"),
        ("legal_basis.1.id", "2/2026/NĐ-CP"),
    ];
    let written = text::apply(SMALL, &sent(&typed)).unwrap();
    for kept in ["# what a file begins with", "# the name", "# by law", "# the decree", "# what is paid"] {
        assert!(written.contains(kept), "{kept}:\n{written}");
    }
    let p = model::parse(&written).unwrap();
    assert_eq!(p.name, "Thử lần hai");
    assert_eq!(p.limit, Some(base::Limit::WorkingDays(4)));
    assert_eq!(p.valid_from.to_string(), "2026-09-01");
    assert_eq!(p.fees.iter().map(|f| f.amount).collect::<Vec<_>>(), [Some(10_000), None]);
    // A box without a tick is not sent.
    assert!(!p.components[0].required);
    assert_eq!((p.components[1].id.as_str(), p.components[1].copies), ("paper-2", 2));
    assert_eq!(p.steps[0].limit, Some(base::Limit::WorkingDays(2)));
    assert_eq!(p.legal_basis.len(), 2);
    // An empty name takes a row out.
    let p = model::parse(&text::apply(SMALL, &sent(&[("fees.0.name", "")])).unwrap()).unwrap();
    assert!(p.fees.is_empty());
    let faults = text::apply(SMALL, &sent(&[("limit", "soon"), ("fees.0.amount", "-3")])).unwrap_err();
    assert_eq!(faults, [("limit".to_owned(), "fault.limit"), ("fees.0.amount".to_owned(), "fault.number")]);
}

/// A file of the catalogue, with the values that the form has of it.
fn of_catalogue(wanted: &str) -> (String, Vec<(String, String)>) {
    let (_, source) = model::files().into_iter().find(|(name, _)| name == wanted).unwrap();
    let known = text::read(&source).unwrap();
    (source, known)
}

fn ids_of(known: &[(String, String)]) -> [String; 3] {
    [0, 1, 2].map(|at| known.iter().find(|(name, _)| *name == format!("steps.{at}.id")).unwrap().1.clone())
}

#[test]
fn a_branch_and_a_return_are_written_by_ticks() {
    let (source, known) = of_catalogue("1.004873.3.toml");
    let [first, second, last] = ids_of(&known);
    // A browser sends one pair for each tick; the name tells that the row was sent.
    let typed = [
        ("steps.0.name", "Bước một"),
        ("steps.0.next", last.as_str()),
        ("steps.0.next", second.as_str()),
        ("steps.1.name", "Bước hai"),
        ("steps.1.next", last.as_str()),
        ("steps.1.may_return_to", first.as_str()),
    ];
    let written = text::apply(&source, &sent(&typed)).unwrap();
    let p = model::parse(&written).unwrap();
    assert_eq!(p.steps[0].next, [second.clone(), last.clone()], "what was there keeps its place");
    assert_eq!(p.steps[1].may_return_to, [first]);
    let fewer = [("steps.0.name", "Bước một"), ("steps.0.next", last.as_str()), ("steps.1.name", "Bước hai")];
    let p = model::parse(&text::apply(&written, &sent(&fewer)).unwrap()).unwrap();
    assert_eq!(p.steps[0].next, [last]);
    assert!(p.steps[1].may_return_to.is_empty() && p.steps[1].next.is_empty(), "nothing was ticked");
}

#[test]
fn a_signer_is_written_by_choices_and_a_row_without_a_name_goes() {
    let (source, _) = of_catalogue("1.000894.4.toml");
    let typed = [
        ("signers.0.name", "Bên kia"),
        ("signers.0.when", r#"register_where="elsewhere""#),
        ("signers.0.required", "1"),
        ("signers.1.name", "Người làm chứng"),
        ("signers.1.group", ""),
        ("signers.1.number", "partner_personal_number"),
        ("signers.1.person", "partner_name"),
        ("signers.1.when", ""),
    ];
    let written = text::apply(&source, &sent(&typed)).unwrap();
    let p = model::parse(&written).unwrap();
    let when = p.signers[0].when.as_ref().map(|when| (when.field.as_str(), when.equals.as_str()));
    assert_eq!(when, Some(("register_where", Some("elsewhere"))));
    assert!(p.signers[0].required && p.signers[0].name == "Bên kia");
    assert_eq!((p.signers[1].id.as_str(), p.signers[1].required), ("signer-1", false));
    let fewer = [("signers.0.name", "Bên kia"), ("signers.0.when", ""), ("signers.1.name", "")];
    let p = model::parse(&text::apply(&written, &sent(&fewer)).unwrap()).unwrap();
    assert!(p.signers.len() == 1 && p.signers[0].when.is_none() && !p.signers[0].required);
    let odd = [("signers.0.when", "no condition"), ("signers.0.number", "")];
    let odd = text::apply(&source, &sent(&odd)).unwrap_err();
    let expected = [("signers.0.number", "fault.choose"), ("signers.0.when", "fault.word")];
    assert_eq!(odd, expected.map(|(field, key)| (field.to_owned(), key)));
}

/// What the check finds anew after these changes, and at which field of the form it is told.
fn told_anew(source: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let told = |source: &str| -> Vec<String> {
        let known = text::read(source).unwrap();
        let found = inspect("x", source, Lang::Vi);
        let at = |remark| super::beside::field(remark, &known);
        found.iter().filter_map(|r| Some(format!("{} {}", r.finding, at(r)?))).collect()
    };
    let begins = told(source);
    let mut anew = told(&text::apply(source, &sent(changes)).unwrap());
    anew.retain(|line| !begins.contains(line));
    anew.sort();
    anew
}

#[test]
fn a_finding_stands_at_the_field_that_mends_it() {
    let (source, known) = of_catalogue("1.004873.3.toml");
    let [first, second, _] = ids_of(&known);
    let dead = told_anew(&source, &[("steps.0.name", "Bước")]);
    for line in ["dead_end steps.0.next", "unreachable steps.1.name", "unreachable steps.2.name"] {
        assert!(dead.iter().any(|told| told == line), "{line}: {dead:?}");
    }
    let circle = told_anew(&source, &[("steps.2.name", "Bước"), ("steps.2.next", &first)]);
    assert!(circle.iter().any(|line| line.starts_with("cycle steps.")), "{circle:?}");
    let elsewhere =
        [("steps.0.name", "Bước"), ("steps.0.next", &*second), ("steps.0.may_return_to", &*second)];
    assert_eq!(told_anew(&source, &elsewhere), ["return_elsewhere steps.0.may_return_to"]);
    let unknown = [("steps.0.name", "Bước"), ("steps.0.next", &*second), ("steps.0.next", "nowhere")];
    assert_eq!(told_anew(&source, &unknown), ["unknown_step steps.0.next"]);

    let (source, _) = of_catalogue("1.000894.4.toml");
    let signer = [("signers.0.number", "partner_name"), ("signers.0.person", "nobody")];
    let expected = ["signer_number signers.0.number", "signer_person signers.0.person"];
    assert_eq!(told_anew(&source, &signer), expected);
    let case = [("signers.0.when", r#"nowhere="yes""#)];
    assert_eq!(told_anew(&source, &case), ["when_unknown signers.0.when"]);
}

/// The way through the steps of a text: "examine → sign, sign ← examine".
fn way(source: &str) -> String {
    let p = model::parse(source).unwrap();
    let line = |s: &model::Step| {
        let back = if s.may_return_to.is_empty() {
            String::new()
        } else {
            format!(" ← {}", s.may_return_to.join("+"))
        };
        format!("{} → {}{back}", s.id, s.next.join("+"))
    };
    p.steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_step_is_added_moved_and_taken_out_and_the_way_stays_whole() {
    let (_, first) = model::files().into_iter().find(|(name, _)| name == "1.012812.4.toml").unwrap();
    let begins = "verify → council\ncouncil → minutes ← verify\nminutes → sign ← council\nsign →  ← minutes";
    assert_eq!(way(&first), begins);
    let words = |source: &str| -> Vec<String> {
        let of = |deeds: Vec<StepDeed>| deeds.iter().map(|d| d.word()).collect::<Vec<_>>().join(" ");
        steps::offered(source).into_iter().map(of).collect()
    };
    assert_eq!(words(&first), ["down add remove", "up down add remove", "up add remove", ""]);

    let added = steps::after(&first, (StepDeed::Add, 1), "Bước mới").unwrap();
    let expected = "verify → council\ncouncil → step-1 ← verify\nstep-1 → minutes ← council\n\
                    minutes → sign ← council\nsign →  ← minutes";
    assert_eq!(way(&added), expected);
    assert!(added.contains("quy trình nội bộ"), "comments stay: {added}");
    // Taken out again, the file is the first one.
    assert_eq!(steps::after(&added, (StepDeed::Remove, 2), "").unwrap(), first);

    let up = steps::after(&first, (StepDeed::Up, 1), "").unwrap();
    let expected =
        "council → verify\nverify → minutes ← council\nminutes → sign ← council\nsign →  ← minutes";
    assert_eq!(way(&up), expected);
    assert_eq!(way(&steps::after(&up, (StepDeed::Down, 0), "").unwrap()), begins);

    let short = steps::after(&first, (StepDeed::Remove, 0), "").unwrap();
    assert_eq!(way(&short), "council → minutes\nminutes → sign ← council\nsign →  ← minutes");
    let heading = first.lines().find(|line| line.contains("quy trình nội bộ")).unwrap();
    assert!(short.contains(heading), "the heading of the steps stays: {short}");

    // The decision is neither moved nor taken out, nothing is put behind it, and no step is made up.
    for (deed, at) in [
        (StepDeed::Up, 3),
        (StepDeed::Down, 2),
        (StepDeed::Remove, 3),
        (StepDeed::Add, 3),
        (StepDeed::Add, 4),
    ] {
        assert_eq!(steps::after(&first, (deed, at), ""), None, "{deed:?} {at}");
    }
    assert_eq!(StepDeed::read("up.1"), Some((StepDeed::Up, 1)));
    assert_eq!((StepDeed::read("up"), StepDeed::read("sideways.1")), (None, None));
}

#[test]
fn where_ways_part_a_step_is_taken_out_and_not_moved() {
    let (_, permit) = model::files().into_iter().find(|(name, _)| name == "1.013225.2.toml").unwrap();
    let may: Vec<bool> = steps::offered(&permit).iter().map(|d| d.contains(&StepDeed::Up)).collect();
    assert_eq!(
        may,
        [false, false, false, true, false],
        "only the review follows one step and is led to by one"
    );
    let short = steps::after(&permit, (StepDeed::Remove, 1), "").unwrap();
    assert!(way(&short).starts_with("examine → draft\ndraft → review ← examine"), "{}", way(&short));
    // Whatever a button may do leaves a file that the check finds no new error in, but for the limit
    // that a new step waits for.
    for (name, source) in model::files() {
        let errors = |text: &str| {
            let found = crate::procedure::check::check(&model::parse(text).unwrap());
            let errors = found.iter().filter(|f| f.severity() == crate::procedure::check::Severity::Error);
            errors.map(|f| f.key()).filter(|key| *key != "step_without_limit").collect::<Vec<_>>()
        };
        let before = errors(&source);
        for (at, deeds) in steps::offered(&source).into_iter().enumerate() {
            for deed in deeds {
                let text = steps::after(&source, (deed, at), "Bước mới").unwrap();
                assert_eq!(errors(&text), before, "{name}: {deed:?} {at}\n{}", way(&text));
            }
        }
    }
}

#[test]
fn the_next_version_has_its_number_and_first_day_and_no_other_code() {
    let next = text::next(SMALL, 2, Day::parse("2026-08-21").unwrap()).unwrap();
    let p = model::parse(&next).unwrap();
    assert_eq!((p.version, p.valid_from.to_string().as_str()), (2, "2026-08-21"));
    let draft = super::Draft {
        id: super::DraftId::fresh(),
        code: "1.000001".into(),
        number: 2,
        base: "1.000001@1".into(),
        state: State::Draft,
        source: next.clone(),
        version: 1,
        changed_by: String::new(),
        changed_at: base::Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap(),
        proposed_by: None,
        proposed_at: None,
        note: String::new(),
    };
    let keys = |text: &str| remarks(&draft, text, Lang::En).iter().map(|r| r.finding).collect::<Vec<_>>();
    assert_eq!(keys(&next), Vec::<&str>::new());
    assert_eq!(keys(SMALL), ["version_changed"]);
    assert_eq!(keys(&next.replace("1.000001", "1.000002")), ["code_changed"]);
    assert_eq!(keys("name = "), ["not_read"]);
}

#[test]
fn two_versions_differ_by_meaning_and_by_lines() {
    let new =
        SMALL.replace("5wd", "6wd").replace("amount = 8000", "amount = 9000").replace("paper-1", "paper-9");
    let found = changes(&model::parse(SMALL).unwrap(), &model::parse(&new).unwrap());
    let parts: Vec<(&str, &str)> = found.iter().map(|c| (c.part, c.which.as_str())).collect();
    assert_eq!(parts, [("limit", ""), ("fee", "Lệ phí"), ("component", "paper-9"), ("component", "paper-1")]);
    assert_eq!((found[2].before.as_str(), found[3].after.as_str()), ("", ""));
    let found = lines("a\nb\nc\nd", "a\nx\nc\nd\ne");
    let expected =
        [Line::Same("a"), Line::Old("b"), Line::New("x"), Line::Same("c"), Line::Same("d"), Line::New("e")];
    assert_eq!(found, expected);
}

#[test]
fn a_file_question_is_a_paper_and_never_an_answer() {
    let (_, birth) = model::files().into_iter().find(|(name, _)| name == "1.001193.1.toml").unwrap();
    let with = with_file(&birth);
    let p = model::parse(&with).unwrap();
    let errors = crate::procedure::check::check(&p);
    let errors = errors.iter().filter(|f| f.severity() == crate::procedure::check::Severity::Error);
    assert_eq!(errors.map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let paper = p.component("child_photo").unwrap();
    assert!(paper.question && paper.required);
    let form = p.form.as_ref().unwrap();
    assert!(form.is_file("child_photo") && !form.accepts("child_photo", &"x.pdf".into()));
    let mut answers = model::Answers::new();
    answers.insert("child_photo".into(), "x.pdf".into());
    assert!(form.clean(&answers).is_empty());
    // Another control cannot ask for it, and nothing hangs on what is in a file.
    let odd = with.replace("format = \"file\"", "format = \"file\"\nexamples = [\"x\"]");
    let found = crate::procedure::check::check(&model::parse(&odd).unwrap());
    assert!(found.iter().any(|f| f.key() == "example_refused"), "{found:?}");
}

/// The birth registration with one question more, answered with a file.
fn with_file(source: &str) -> String {
    let asked = source
        .replace("\"declarant_relation\",\n  ] }", "\"declarant_relation\", \"child_photo\",\n  ] }")
        .replace("required = [\n  \"declarant_name\"", "required = [\n  \"child_photo\", \"declarant_name\"");
    let question = "title = \"Ảnh giấy chứng sinh\"\ntype = \"string\"\nformat = \"file\"\n";
    format!("{asked}\n[form.schema.properties.child_photo]\n{question}")
}

#[test]
fn every_word_that_is_said_is_there() {
    assert_eq!(WORDS.differences(), Vec::<String>::new());
    let root = format!("{}/src/procedure", env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    let files = [
        "edit",
        "edit/steps",
        "edit/trial",
        "edit/text",
        "edit/pages",
        "edit/pages/look",
        "edit/pages/tries",
        "edit/pages/write",
    ];
    for file in files {
        let source = std::fs::read_to_string(format!("{root}/{file}.rs")).unwrap();
        let said = source.split("say(\"").skip(1).filter_map(|part| part.split('"').next());
        let faults = source.split("\"fault.").skip(1).filter_map(|part| part.split('"').next());
        let keys = said.map(str::to_owned).chain(faults.map(|key| format!("fault.{key}")));
        missing.extend(keys.filter(|key| !WORDS.has(key)).map(|key| format!("{file}: {key}")));
    }
    let lists: [(&str, Vec<&str>); 3] = [
        ("state", State::ALL.iter().map(|s| s.word()).collect()),
        ("standing", Standing::ALL.iter().map(|s| s.word()).collect()),
        ("no", Deed::ALL.iter().map(|d| d.word()).collect()),
    ];
    for (list, words) in lists {
        missing.extend(words.iter().map(|w| format!("{list}.{w}")).filter(|key| !WORDS.has(key)));
    }
    missing.extend(
        StepDeed::ALL.map(|d| format!("step.{}", d.word())).into_iter().filter(|key| !WORDS.has(key)),
    );
    let parts = std::fs::read_to_string(format!("{root}/edit/compare.rs")).unwrap();
    let parts =
        parts.split("single(\"").chain(parts.split("rows(\"")).filter_map(|part| part.split('"').next());
    let parts = parts.filter(|part| part.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    missing.extend(parts.map(|part| format!("part.{part}")).filter(|key| !WORDS.has(key)));
    for list in &text::LISTS {
        for c in list.columns {
            let mut keys = vec![format!("field.{}_{}", list.key, c.key)];
            if matches!(c.kind, text::Kind::One(_) | text::Kind::When) {
                keys.push(format!("choose.{}", c.key));
            }
            missing.extend(keys.into_iter().filter(|key| !WORDS.has(key)));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
