mod stories;

use std::collections::BTreeMap;
use std::time::Instant as Stopwatch;

use base::Day;
use serde_json::{Map, Value, json};

use super::check::{Severity, check};
use super::form::FieldProblem;
use super::model::{self, Answers, Frame, Level, Procedure, embedded};
use super::search::Search;

fn procedure(code: &str) -> &'static Procedure {
    model::newest().into_iter().find(|procedure| procedure.code == code).unwrap()
}

fn answers(value: Value) -> Answers {
    value.as_object().cloned().unwrap()
}

fn today() -> Day {
    Day::parse("2026-11-20").unwrap()
}

#[test]
fn every_file_is_read_and_named_after_its_code_and_version() {
    let files = model::files();
    assert_eq!(files.len(), 164);
    assert_eq!(model::newest().len(), 125);
    for (name, text) in &files {
        let procedure = model::parse(text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(*name, format!("{}.{}.toml", procedure.code, procedure.version));
    }
    assert_eq!(embedded().len(), files.len());
}

#[test]
fn a_wrong_file_says_where() {
    let (_, good) = model::files().into_iter().find(|(name, _)| name == "2.000815.1.toml").unwrap();
    let at = |text: &str| model::parse(text).map(|_| ()).unwrap_err();
    assert_eq!(at(&good.replace("version = 1", "version = 1\ncolour = \"red\"")).line, 3);
    let wrong = at(&good.replace("limit = \"sameday\"", "limit = \"3 days\""));
    assert!(wrong.message.contains("'3 days' is no limit"), "{wrong}");
    assert_eq!(good.lines().nth(wrong.line - 1).unwrap(), "limit = \"sameday\"");
    assert!(at("code = ").line == 1);
    assert!(at(&good.replace("role = \"officer\"", "role = \"boss\"")).message.contains("boss"));
}

#[test]
fn no_file_has_errors_and_every_known_contradiction_is_listed() {
    let mut warnings = String::new();
    for procedure in embedded() {
        let errors = check(procedure).into_iter().filter(|finding| finding.severity() == Severity::Error);
        assert_eq!(errors.collect::<Vec<_>>(), [], "{}@{}", procedure.code, procedure.version);
    }
    for procedure in model::newest() {
        for finding in check(procedure) {
            warnings += &format!("{} {finding}\n", procedure.code);
        }
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/src/procedure/warnings.golden");
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        std::fs::write(golden, &warnings).unwrap();
    } else {
        assert_eq!(warnings, expected, "run with GOLDEN_WRITE=1 to accept");
    }
}

/// The hand-made file with one thing changed, and what the check then says.
fn spoilt(code: &str, from: &str, to: &str) -> Vec<String> {
    let (_, text) = model::files().into_iter().find(|(name, _)| name.starts_with(code)).unwrap();
    assert!(text.contains(from), "{code} has no {from}");
    let procedure = model::parse(&text.replacen(from, to, 1)).unwrap();
    let errors = check(&procedure).into_iter().filter(|f| f.severity() == Severity::Error);
    errors.map(|finding| finding.to_string()).collect()
}

/// What is changed in 1.013225, to what, and the errors found then.
const SPOILT: &[(&str, &str, &[&str])] = &[
    ("next = [\"draft\"]", "next = []", &["step 'site_visit' never leads to a signature"]),
    ("next = [\"site_visit\", \"draft\"]", "next = [\"draft\"]", &["step 'site_visit' cannot be reached"]),
    (
        "next = [\"review\"]",
        "next = [\"revue\"]",
        &[
            "step 'draft' names the unknown step 'revue'",
            "step 'examine' never leads to a signature",
            "step 'site_visit' never leads to a signature",
            "step 'draft' never leads to a signature",
            "step 'review' cannot be reached",
            "step 'sign' cannot be reached",
        ],
    ),
    (
        "next = [\"review\"]",
        "next = [\"review\", \"examine\"]",
        &["'next' leads in a circle through step 'examine'"],
    ),
    ("may_return_to = [\"draft\"]", "may_return_to = [\"x\"]", &["step 'review' names the unknown step 'x'"]),
    (
        "limit = \"3wd\"",
        "limit = \"12wd\"",
        &["the steps take up to 9120 working minutes \
           (examine + site_visit + draft + review + sign), the law gives 6720"],
    ),
    ("kind = \"sign\"", "kind = \"work\"", &["no step signs"]),
    (
        "[\"counter\", \"online\", \"post\"]",
        "[\"counter\"]",
        &["online, but the channel 'online' is missing"],
    ),
    ("online = true", "online = false", &["the channel 'online' is open, but online is false"]),
    ("id = \"design\"\nname", "id = \"application\"\nname", &["component 'application' appears twice"]),
    (
        "when = { field = \"works_kind\", equals = \"other\" }",
        "when = { field = \"works\", equals = \"other\" }",
        &["component 'project-approval' depends on 'works', which no question asks"],
    ),
    (
        "when = { field = \"works_kind\", equals = \"other\" }",
        "when = { field = \"works_kind\", equals = \"dam\" }",
        &["component 'project-approval' depends on an answer that cannot be given"],
    ),
    (
        "\"owner_kind\", \"owner_name\", \"owner_personal_number\"",
        "\"owner_personal_number\", \"owner_name\", \"owner_kind\"",
        &["field 'owner_personal_number' depends on 'owner_kind', which is not asked before it"],
    ),
    (
        "\"storeys_note\", \"ground_level\",",
        "\"storeys_note\",",
        &["field 'ground_level' is in the schema but on no page"],
    ),
    (
        "\"storeys_note\", \"ground_level\",",
        "\"storeys_note\", \"ground_level\", \"roof\", \"height\",",
        &["field 'roof' is asked but not in the schema", "field 'height' is asked twice"],
    ),
    ("required = [\n", "required = [ \"roof\",\n", &["'required' names the unknown field 'roof'"]),
    ("[form.ui]\n", "[form.ui]\nroof = { widget = \"text\" }\n", &["'ui' names the unknown field 'roof'"]),
    ("{ value = \"IV\", label", "{ value = \"V\", label", &["the options of 'works_grade' are not its enum"]),
    (
        "format = \"phone\"",
        "format = \"telephone\"",
        &["field 'owner_phone' has the unknown format 'telephone'"],
    ),
    (
        "\"person.phone\"",
        "\"person.telephone\"",
        &["field 'owner_phone' is filled from the unknown 'person.telephone'"],
    ),
    (
        "\"answers.height\"",
        "\"answers.tallness\"",
        &["result field 'height_m' comes from the unknown 'answers.tallness'"],
    ),
];

#[test]
fn the_check_finds_what_is_wrong() {
    for (from, to, expected) in SPOILT {
        assert_eq!(spoilt("1.013225", from, to), *expected, "{from} → {to}");
    }
    let broken = spoilt("1.013225", "type = \"number\"", "type = \"nombre\"");
    assert!(broken[0].starts_with("the form's schema: "), "{broken:?}");
    let slow = spoilt("1.001193", "limit = \"4wh\"", "limit = \"7wh\"");
    assert_eq!(slow, ["the steps take up to 540 working minutes (examine + sign), the law gives 480"]);
}

#[test]
fn levels_follow_the_frame() {
    let permit = procedure("1.013225");
    assert_eq!(permit.settled_at(Frame::Y2018), [Level::District]);
    assert_eq!(permit.settled_at(Frame::Y2025), [Level::Commune, Level::Other]);
    assert_eq!(procedure("1.001193").settled_at(Frame::Y2018), [Level::Commune]);
}

#[test]
fn a_procedure_with_an_error_cannot_be_filed_online() {
    let (_, text) = model::files().into_iter().find(|(name, _)| name.starts_with("2.000815")).unwrap();
    assert!(model::parse(&text).unwrap().is_online());
    assert!(!model::parse(&text.replace("\"3wh\"", "\"7wh\"")).unwrap().is_online());
}

#[test]
fn thirteen_procedures_can_be_filed_online() {
    let online: Vec<&str> = model::newest().iter().filter(|p| p.is_online()).map(|p| &p.code[..]).collect();
    let made = [
        "1.000656", "1.000894", "1.001193", "1.001612", "1.004194", "1.004873", "1.011607", "1.012812",
        "1.013225", "2.000635", "2.000815", "2.000884", "2.000986",
    ];
    assert_eq!(online, made);
    for procedure in embedded().iter().filter(|p| !p.is_online()) {
        assert_eq!(procedure.first_step().map(|step| &step.id[..]), Some("examine"));
    }
}

/// The result's template knows every field it is given, and gets what it cannot be without
/// from an answer that is always asked and needed.
#[test]
fn every_result_can_be_printed() {
    for procedure in embedded().iter().filter(|p| p.is_online()) {
        let (form, result) = (procedure.form.as_ref().unwrap(), &procedure.result);
        let template = paper::result_templates()
            .iter()
            .find(|template| template.name == result.template.as_str())
            .unwrap_or_else(|| panic!("{}: no template", procedure.code));
        for field in result.fields.keys() {
            let known = template.required.contains(&&field[..]) || template.optional.contains(&&field[..]);
            assert!(known || template.open, "{}: {field}", procedure.code);
        }
        for field in template.required {
            let from = result.fields.get(*field).unwrap_or_else(|| panic!("{}: {field}", procedure.code));
            if let Some(answer) = from.strip_prefix("answers.") {
                assert!(form.is_required(answer) && form.condition(answer).is_none(), "{from}");
            }
        }
    }
}

#[test]
fn the_papers_follow_the_answers() {
    let birth = procedure("1.001193");
    let asked = |case: &str, relation: &str| -> Vec<&str> {
        let given = answers(json!({ "birth_case": case, "declarant_relation": relation }));
        birth.components_for(&given).into_iter().map(|component| &component.id[..]).collect()
    };
    assert_eq!(asked("ordinary", "mother"), ["declaration", "birth-record", "identity"]);
    assert_eq!(
        asked("abandoned", "authorised"),
        ["declaration", "abandonment-record", "authorisation", "identity"]
    );
    assert_eq!(asked("surrogacy", "father"), ["declaration", "surrogacy-record", "identity"]);
    let undecided: Vec<_> = birth.components_for(&Map::new()).into_iter().map(|c| &c.id[..]).collect();
    assert_eq!(undecided, ["declaration", "identity"]);
}

/// A birth as a browser posts it: texts only, spaces and forms as people type them.
fn birth() -> Answers {
    answers(json!({
        "declarant_name": "  Nguyễn  Thị\u{202e} Lan\u{200b} ", "declarant_personal_number": "086 301 000001",
        "declarant_phone": "0912.345.678", "declarant_address": "Ấp An Thới,\r\n  xã An Bình",
        "declarant_relation": "mother", "birth_case": "ordinary", "child_name": "Trần Gia Hân",
        "child_sex": "female", "child_birth_date": "3/11/2026", "child_ethnicity": "Kinh",
        "child_nationality": "Việt Nam", "birth_place": "facility", "birth_address": "Bệnh viện huyện",
        "child_native_place": "xã An Bình", "mother_stated": "yes", "mother_name": "Nguyễn Thị Lan",
        "mother_birth_year": "2001", "mother_ethnicity": "Kinh", "mother_nationality": "Việt Nam",
        "mother_address": "xã An Bình", "father_stated": "no", "copies_wanted": "yes",
        "copies_count": " 3 ", "pledge": "on",
    }))
}

/// The problems of the birth with one answer changed, as `field key args`.
fn problems(field: &str, value: Value) -> Vec<String> {
    let form = procedure("1.001193").form.as_ref().unwrap();
    let mut given = birth();
    given.insert(field.into(), value);
    told(form.check(&given, today()))
}

fn told(found: Vec<super::form::FieldFinding>) -> Vec<String> {
    let args = |problem: &FieldProblem| {
        problem.args().into_iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>()
    };
    found.iter().map(|f| format!("{} {}{}", f.field, f.problem.key(), args(&f.problem))).collect()
}

#[test]
fn a_whole_birth_is_accepted_and_tidied() {
    let form = procedure("1.001193").form.as_ref().unwrap();
    let clean = form.clean(&birth());
    assert_eq!(form.check(&clean, today()), []);
    assert_eq!(form.clean(&clean), clean);
    let kept = [
        ("declarant_name", json!("Nguyễn Thị Lan")),
        ("declarant_personal_number", json!("086301000001")),
        ("declarant_phone", json!("0912345678")),
        ("declarant_address", json!("Ấp An Thới,\nxã An Bình")),
        ("child_birth_date", json!("2026-11-03")),
        ("mother_birth_year", json!(2001)),
        ("copies_count", json!(3)),
        ("pledge", json!(true)),
    ];
    for (field, value) in kept {
        assert_eq!(clean[field], value);
    }
}

#[test]
fn each_wrong_answer_is_named_with_its_facts() {
    let table = [
        ("declarant_name", json!(""), "declarant_name form.missing.enter"),
        ("declarant_name", json!("A"), "declarant_name form.too_short min=2 got=1"),
        ("declarant_name", json!("A".repeat(101)), "declarant_name form.too_long max=100 got=101"),
        ("declarant_name", json!(7), "declarant_name form.not_text"),
        ("declarant_name", json!("Lan\u{0}"), "declarant_name form.unprintable"),
        (
            "declarant_personal_number",
            json!("08630100000"),
            "declarant_personal_number form.personal_number.length got=11",
        ),
        (
            "declarant_personal_number",
            json!("08630100000x"),
            "declarant_personal_number form.personal_number.digits",
        ),
        (
            "declarant_personal_number",
            json!("000301000001"),
            "declarant_personal_number form.personal_number.wrong",
        ),
        ("declarant_phone", json!("091234567"), "declarant_phone form.phone.length got=9"),
        ("declarant_phone", json!("123"), "declarant_phone form.phone.wrong"),
        ("declarant_email", json!("lan@"), "declarant_email form.email"),
        ("declarant_email", json!("lan@xa..vn"), "declarant_email form.email"),
        ("declarant_relation", json!("uncle"), "declarant_relation form.not_an_option"),
        ("declarant_relation", json!(null), "declarant_relation form.missing.choose"),
        ("child_birth_date", json!("31/11/2026"), "child_birth_date form.not_a_day"),
        ("child_birth_date", json!("21/11/2026"), "child_birth_date form.day_ahead"),
        ("child_birth_date", json!(["2026-11-03"]), "child_birth_date form.not_text"),
        ("mother_birth_year", json!("hai nghìn"), "mother_birth_year form.not_integer"),
        ("mother_birth_year", json!(1.5), "mother_birth_year form.not_integer"),
        ("mother_birth_year", json!("200"), "mother_birth_year form.too_small min=1900"),
        ("copies_count", json!("51"), "copies_count form.too_big max=50"),
        ("copies_count", json!(u64::MAX), "copies_count form.too_big max=50"),
        ("pledge", json!("off"), "pledge form.missing.tick"),
        ("pledge", json!("maybe"), "pledge form.not_yes_no"),
        ("constructor", json!("x"), "constructor form.unknown"),
    ];
    for (field, value, expected) in table {
        assert_eq!(problems(field, value.clone()), [expected], "{field} = {value}");
    }
    assert_eq!(problems("declarant_email", json!("lan.nguyen+1@xa.vinhlong.gov.vn")), [] as [&str; 0]);
}

#[test]
fn questions_not_asked_are_dropped_and_questions_asked_are_needed() {
    let form = procedure("1.001193").form.as_ref().unwrap();
    let mut given = birth();
    given.insert("father_name".into(), json!("Trần Văn Hai"));
    assert!(!form.clean(&given).contains_key("father_name"));
    given.insert("father_stated".into(), json!("yes"));
    let clean = form.clean(&given);
    assert_eq!(clean["father_name"], "Trần Văn Hai");
    assert_eq!(
        told(form.check_page("father", &clean, today())),
        [
            "father_birth_year form.missing.enter",
            "father_ethnicity form.missing.enter",
            "father_nationality form.missing.enter",
            "father_address form.missing.enter",
        ]
    );
    assert_eq!(form.check_page("mother", &clean, today()), []);
}

#[test]
fn numbers_are_read_as_vietnamese_write_them() {
    let form = procedure("1.013225").form.as_ref().unwrap();
    let read = |text: &str| form.clean(&answers(json!({ "parcel_area": text })))["parcel_area"].clone();
    for (text, value) in [
        ("120,5", json!(120.5)),
        ("1.200", json!(1200)),
        ("1.200,5", json!(1200.5)),
        ("120.5", json!(120.5)),
        ("0.125", json!(0.125)),
        ("12 000", json!(12000)),
        ("-3", json!(-3)),
        ("1,2,3", json!("1,2,3")),
        ("1.2.3", json!("1.2.3")),
        ("NaN", json!("NaN")),
        ("1e9", json!("1e9")),
        ("٣", json!("٣")),
    ] {
        assert_eq!(read(text), value, "{text}");
    }
    assert_eq!(form.clean(&answers(json!({ "parcel_area": 120.0 })))["parcel_area"], json!(120));
    let found =
        form.check(&form.clean(&answers(json!({ "parcel_area": "0", "map_sheet": "<31>" }))), today());
    let told: Vec<String> = told(found).into_iter().filter(|t| !t.contains("missing")).collect();
    assert_eq!(told, ["map_sheet form.pattern", "parcel_area form.not_above bound=0"]);
}

#[test]
fn too_many_answers_are_refused_as_a_whole() {
    let form = procedure("2.000815").form.as_ref().unwrap();
    let many: Answers = (0..301).map(|n| (format!("f{n}"), json!(1))).collect();
    assert_eq!(told(form.check(&many, today())), [" form.too_many max=300"]);
}

/// Filed online, the file comes with the questions about it; at the counter the paper itself lies there, and
/// nobody is asked for a file.
#[test]
fn the_catalogue_asks_for_the_file_of_what_is_to_be_signed() {
    let files = model::newest().into_iter().filter(|p| p.components.iter().any(|c| c.question));
    let files: Vec<(&str, u32)> = files.map(|p| (&p.code[..], p.version)).collect();
    assert_eq!(files, [("2.000884", 5)]);
    let p = model::newest().into_iter().find(|p| p.code == "2.000884").unwrap();
    let asked = |answers: &Answers| -> Vec<&str> {
        let papers = p.components_for(answers).into_iter().filter(|c| c.required && !c.by_form);
        papers.map(|c| &c.id[..]).collect()
    };
    assert_eq!(asked(&answers(json!({ "document_name": "Giấy ủy quyền" }))), ["document_file"]);
    assert_eq!(asked(&Answers::new()), Vec::<&str>::new());
    assert_eq!(p.papers().map(|c| &c.id[..]).collect::<Vec<_>>(), ["document", "identity"]);
    // What was filed before the day on which it applies keeps a version that asks for a paper.
    let before = embedded().iter().find(|p| p.code == "2.000884" && p.version == 3).unwrap();
    assert!(before.valid_from < p.valid_from && before.components.iter().all(|c| !c.question));
}

#[test]
fn every_problem_has_a_key_in_the_list() {
    let mut keys = BTreeMap::new();
    for key in FieldProblem::KEYS {
        *keys.entry(key).or_insert(0) += 1;
    }
    assert!(keys.values().all(|count| *count == 1));
    assert!(keys.contains_key(FieldProblem::Schema { rule: "not".into() }.key()));
}

#[test]
fn search_ignores_marks_and_ranks_the_nearest_first() {
    let search = Search::new(model::newest());
    let first = |query: &str| search.find(query, 3).first().copied().unwrap_or("");
    for (query, code) in [
        ("dang ky khai sinh", "1.001193"),
        ("Đăng ký khai sinh", "1.001193"),
        ("ĐĂNG KÝ  KHAI SI", "1.001193"),
        ("khai sinh", "1.001193"),
        ("dang ky ket hon", "1.000894"),
        ("chung thuc ban sao", "2.000815"),
        ("sao y ban chinh", "2.000815"),
        ("cap giay phep xay dung", "1.013225"),
        ("xin phép xây nhà", "1.013225"),
        ("1.001193", "1.001193"),
        (" 1.0011", "1.001193"),
        ("tam tru", "1.004194"),
        ("sang ten dat", "1.013831"),
    ] {
        assert_eq!(first(query), code, "{query}");
    }
    assert_eq!(search.find("zzz", 3), [] as [&str; 0]);
    assert_eq!(search.find("", 500).len(), 125);
    assert_eq!(search.find("\u{0}';--%_", 5), search.find("", 5));
    assert_eq!(search.find(&"khai ".repeat(100_000), 5).len(), 5);
}

#[test]
fn a_search_without_hits_proposes_a_shorter_one() {
    let search = Search::new(model::newest());
    for (query, proposals) in [
        ("đăng ký khai sinh quận bảy", &["dang ky khai sinh"][..]),
        ("xin đăng ký khai sinh gấp", &["dang ky khai sinh"]),
        ("zzz yyy", &[]),
        ("zzz", &[]),
        ("", &[]),
    ] {
        assert_eq!(search.suggest(query), proposals, "{query}");
        assert!(proposals.iter().all(|proposal| !search.find(proposal, 1).is_empty()));
    }
}

/// Not a timed test: a wide bound that only a change of algorithm breaks; the figure is printed.
#[test]
fn a_search_takes_microseconds() {
    let search = Search::new(model::newest());
    let queries = ["dang ky khai sinh", "giay phep", "đất đai chuyển nhượng", "khong co gi ca"];
    let watch = Stopwatch::now();
    for _ in 0..50 {
        for query in queries {
            std::hint::black_box(search.find(query, 20));
        }
    }
    let each = watch.elapsed() / 200;
    println!("search: {each:?} a query over {} procedures", model::newest().len());
    assert!(each.as_millis() < 50, "{each:?}");
}
