//! One bad file for every finding, with the line it is found on.

use std::collections::BTreeSet;

use web::words::Lang;

use super::Finding;
use crate::procedure::inspect::inspect;
use crate::procedure::model;

/// A sound file; every bad one is this with one thing changed.
const GOOD: &str = r#"
code = "9.000001"
version = 1
name = "Cấp giấy thử"
field = "Thử"
agency = "UBND cấp xã"
levels = ["commune"]
channels = ["counter", "online"]
online = true
valid_from = "2018-01-01"
limit = "5wd"
limit_confidence = "portal"

[[components]]
id = "deed"
name = "Giấy tờ"
required = true
when = { field = "kind", equals = "b" }

[[components]]
id = "plan"
name = "Bản vẽ"
required = true

[form]
pages = [
  { id = "who", title = "Người nộp", fields = ["name", "phone", "father_name"] },
  { id = "what", title = "Việc", fields = ["kind", "day", "note", "grade", "pledge"] },
]

[form.schema]
type = "object"
required = ["name", "phone", "kind", "day", "pledge"]

[form.schema.properties]
name = { title = "Họ và tên", type = "string" }
phone = { title = "Số điện thoại", type = "string", format = "phone" }
father_name = { title = "Họ và tên người cha", type = "string" }
kind = { title = "Loại", type = "string", enum = ["a", "b"] }
day = { title = "Ngày cấp", type = "string", format = "date" }
grade = { title = "Hạng", type = "string" }
pledge = { title = "Tôi cam đoan", type = "boolean", const = true }

[form.schema.properties.note]
title = "Ghi chú"
type = "string"
pattern = "^[0-9]+$"
examples = ["214"]
x-when = { field = "kind", equals = "a" }

[form.ui]
name = { prefill = "person.name" }
phone = { prefill = "person.phone" }
day = { widget = "date" }
pledge = { widget = "checkbox" }
kind = { widget = "radio", options = [{ value = "a", label = "A" }, { value = "b", label = "B" }] }

[[steps]]
id = "examine"
name = "Thẩm tra"
role = "officer"
unit_kind = "justice"
limit = "2wd"
next = ["sign"]
kind = "work"

[[steps]]
id = "sign"
name = "Ký"
role = "leader"
unit_kind = "agency"
limit = "1wd"
may_return_to = ["examine"]
kind = "sign"

[result]
template = "building-permit"
name = "Giấy"
code = "KQ.G15.000031"

[result.fields]
owner_name = "answers.name"
building_name = "answers.kind"
site_address = "dossier.code"

[[children]]
id = "first"
name = "Việc thứ nhất"
agency = "UBND cấp xã"
limit = "1wd"
result = "Giấy"

[[children]]
id = "second"
name = "Việc thứ hai"
agency = "Công an cấp xã"
limit = "3d"
after = ["first"]
result = "Giấy"

[source]
text = "thử"
"#;

/// A signer whose number is asked for, and may stay unanswered.
const SIGNED: &str = "[[signers]]\nid = \"owner\"\nname = \"Đồng chủ\"\nnumber = \"number\"\n\
    person = \"father_name\"\nrequired = true\n\n[[steps]]";
const SIGNED_TWICE: &str = "[[signers]]\nid = \"owner\"\nname = \"Đồng chủ\"\nnumber = \"number\"\n\
    person = \"father_name\"\nrequired = false\n\n[[signers]]\nid = \"owner\"\nname = \"Đồng chủ\"\n\
    number = \"number\"\nperson = \"father_name\"\nrequired = false\n\n[[steps]]";

/// The finding's word, what is changed, to what, and the line on which it is found then.
const BAD: &[(&str, &str, &str, &str)] = &[
    ("no_level", "levels = [\"commune\"]", "levels = []", "levels = []"),
    (
        "valid_backwards",
        "limit = \"5wd\"",
        "limit = \"5wd\"\nvalid_to = \"2017-12-31\"",
        "valid_to = \"2017-12-31\"",
    ),
    ("online_without_form", "", "", "online = true"),
    ("online_without_limit", "limit = \"5wd\"\n", "", "online = true"),
    ("online_channel_missing", ", \"online\"]", "]", "channels = [\"counter\"]"),
    ("online_channel_open", "online = true", "online = false", "online = false"),
    ("duplicate_component", "id = \"plan\"", "id = \"deed\"", "[[components]]"),
    ("no_steps", "", "", ""),
    ("duplicate_step", "id = \"sign\"", "id = \"examine\"", "[[steps]]"),
    ("unknown_step", "next = [\"sign\"]", "next = [\"sign\", \"seal\"]", "next = [\"sign\", \"seal\"]"),
    ("unreachable", "next = [\"sign\"]", "next = []", "[[steps]]"),
    ("dead_end", "next = [\"sign\"]", "next = []", "next = []"),
    ("no_sign_step", "kind = \"sign\"", "kind = \"work\"", "[[steps]]"),
    ("sign_not_by_leader", "role = \"leader\"", "role = \"officer\"", "role = \"officer\""),
    ("cycle", "may_return_to = [\"examine\"]", "next = [\"examine\"]", "next = [\"sign\"]"),
    ("loop_without_exit", "next = [\"sign\"]", "next = [\"examine\"]", "next = [\"examine\"]"),
    (
        "return_elsewhere",
        "may_return_to = [\"examine\"]",
        "may_return_to = [\"sign\"]",
        "may_return_to = [\"sign\"]",
    ),
    ("step_without_limit", "limit = \"2wd\"\n", "", "[[steps]]"),
    ("steps_too_long", "limit = \"2wd\"", "limit = \"7wd\"", "limit = \"5wd\""),
    ("bad_schema", "type = \"object\"", "type = \"objekt\"", "[form.schema]"),
    ("page_twice", "id = \"what\"", "id = \"who\"", "{ id = \"who\", title = \"Việc\""),
    ("matter_unknown", "[form]\n", "[form]\nmatter = [\"grade\", \"roof\"]\n", "matter = ["),
    ("page_reserved", "id = \"what\"", "id = \"giay-to\"", "{ id = \"giay-to\""),
    (
        "page_empty",
        "\"father_name\"] },",
        "\"father_name\"] },\n  { id = \"none\", title = \"Trống\", fields = [] },",
        "{ id = \"none\"",
    ),
    ("field_twice", "\"kind\", \"day\"", "\"kind\", \"name\", \"day\"", "\"kind\", \"name\", \"day\""),
    ("field_name_odd", "father_name", "father-name", "\"father-name\"]"),
    ("field_not_in_schema", "\"grade\", \"pledge\"", "\"grade\", \"roof\", \"pledge\"", "\"roof\""),
    ("field_on_no_page", "\"grade\", \"pledge\"", "\"pledge\"", "grade = {"),
    ("field_without_title", "title = \"Hạng\", ", "", "grade = {"),
    (
        "required_unknown",
        "[\"name\", \"phone\", \"kind\"",
        "[\"roof\", \"phone\", \"kind\"",
        "required = [\"roof\"",
    ),
    ("ui_unknown", "[form.ui]\n", "[form.ui]\nroof = { hint = \"?\" }\n", "roof = {"),
    ("options_differ", "{ value = \"b\", label", "{ value = \"c\", label", "kind = { widget"),
    ("widget_unfit", "day = { widget = \"date\" }", "day = { hint = \"?\" }", "day = { title"),
    ("format_unknown", "format = \"phone\"", "format = \"telephone\"", "phone = { title"),
    ("prefill_unknown", "\"person.phone\"", "\"person.telephone\"", "phone = { prefill"),
    ("example_refused", "examples = [\"214\"]", "examples = [\"21a\"]", "[form.schema.properties.note]"),
    ("asks_known", "name = { prefill = \"person.name\" }\n", "", "name = { title"),
    (
        "asked_twice",
        "day = { widget = \"date\" }",
        "day = { widget = \"date\" }\ngrade = { prefill = \"person.name\" }",
        "grade = { title",
    ),
    ("one_answer", "enum = [\"a\", \"b\"]", "enum = [\"a\"]", "kind = { title"),
    (
        "unused_choice",
        "title = \"Hạng\", type = \"string\"",
        "title = \"Có gấp không?\", type = \"boolean\"",
        "grade = {",
    ),
    (
        "group_unfit",
        "grade = { title = \"Hạng\", type = \"string\" }",
        "grade = { title = \"Hạng\", type = \"array\" }",
        "grade = {",
    ),
    (
        "when_unknown",
        "{ field = \"kind\", equals = \"b\" }",
        "{ field = \"sort\", equals = \"b\" }",
        "when = {",
    ),
    (
        "when_later",
        "[\"kind\", \"day\", \"note\"",
        "[\"note\", \"kind\", \"day\"",
        "[form.schema.properties.note]",
    ),
    (
        "when_never",
        "{ field = \"kind\", equals = \"b\" }",
        "{ field = \"kind\", equals = \"z\" }",
        "when = {",
    ),
    ("result_unknown", "owner_name = \"answers.name\"", "owner_name = \"answers.owner\"", "owner_name ="),
    ("template_lacks", "owner_name = \"answers.name\"\n", "", "template ="),
    ("template_may_lack", "\"answers.kind\"", "\"answers.note\"", "building_name ="),
    (
        "template_unknown_field",
        "site_address =",
        "remarks = \"answers.grade\"\ncolor = \"answers.grade\"\nsite_address =",
        "color =",
    ),
    ("template_not_a_day", "", "", "child_birth_date ="),
    ("child_twice", "id = \"second\"", "id = \"first\"", "[[children]]"),
    (
        "child_unknown",
        "name = \"Việc thứ hai\"",
        "code = \"8.999999\"\nname = \"Việc thứ hai\"",
        "code = \"8.999999\"",
    ),
    ("child_order", "after = [\"first\"]", "after = [\"third\"]", "after = [\"third\"]"),
    ("children_too_long", "limit = \"3d\"", "limit = \"30d\"", "limit = \"5wd\""),
    ("child_limit_unknown", "limit = \"3d\"\n", "", "[[children]]"),
    ("child_map_odd", "id = \"second\"", "id = \"second\"\nplace = \"grade\"", "[[children]]"),
    ("child_answer_lacks", "id = \"second\"", "id = \"second\"\ncode = \"1.001193\"", "[[children]]"),
    ("child_limit_differs", "id = \"second\"", "id = \"second\"\ncode = \"1.001193\"", "[[children]]"),
    ("children_too_many", "", "", "[[children]]"),
    ("route_never", "[[children]]", "[[routing]]\n\n[[routing]]\n\n[[children]]", "[[routing]]"),
    ("route_field", "[[children]]", "[[routing]]\nfield = \"grade\"\n\n[[children]]", "[[routing]]"),
    ("route_level", "[[children]]", "[[routing]]\nlevel = \"province\"\n\n[[children]]", "[[routing]]"),
    ("signer_twice", "[[steps]]", SIGNED_TWICE, "[[signers]]"),
    ("signer_without_form", "", SIGNED, "[[signers]]"),
    ("signer_number", "[[steps]]", SIGNED, "number = \"grade\""),
    ("signer_person", "[[steps]]", SIGNED, "person = \"house\""),
    ("signer_may_lack", "[[steps]]", SIGNED, "number = \"number\""),
    ("limit_unknown", "", "", ""),
    ("limit_doubtful", "limit_confidence = \"portal\"", "limit_confidence = \"memory\"", "limit = \"5wd\""),
    ("result_code_odd", "KQ.G15.000031", "dsfas", "code = \"dsfas\""),
    ("doubt", "limit = \"5wd\"", "limit = \"5wd\"\ndoubts = [\n  \"Không rõ.\",\n]", "\"Không rõ.\""),
];

/// Those that one replacement cannot make.
fn bad(key: &str, from: &str, to: &str) -> String {
    let cut = |from: &str, to: &str| {
        let (start, end) = (GOOD.find(from).unwrap(), GOOD.find(to).unwrap());
        format!("{}{}", &GOOD[..start], &GOOD[end..])
    };
    match key {
        "online_without_form" => cut("[form]", "[[steps]]"),
        "signer_without_form" => cut("[form]", "[[steps]]")
            .replacen("online = true", "online = false", 1)
            .replacen("[[steps]]", to, 1),
        "signer_twice" | "signer_number" | "signer_person" | "signer_may_lack" => {
            let asked =
                "number = { title = \"Số của đồng chủ\", type = \"string\", format = \"personal-number\" }";
            let text = GOOD
                .replacen("father_name = { title", &format!("{asked}\nfather_name = {{ title"), 1)
                .replacen("\"phone\", \"father_name\"]", "\"phone\", \"number\", \"father_name\"]", 1)
                .replacen(from, to, 1);
            match key {
                "signer_number" => text.replacen("number = \"number\"", "number = \"grade\"", 1),
                "signer_person" => text.replacen("person = \"father_name\"", "person = \"house\"", 1),
                _ => text,
            }
        }
        "no_steps" => cut("[[steps]]", "[result]").replacen("version = 1", "version = 1\nsteps = []", 1),
        "limit_unknown" => GOOD
            .replacen("limit = \"5wd\"\n", "", 1)
            .replacen("online = true", "online = false", 1)
            .replacen(", \"online\"]", "]", 1),
        "template_not_a_day" => GOOD.replacen("building-permit", "birth-certificate", 1).replacen(
            "owner_name =",
            "child_birth_date =",
            1,
        ),
        "children_too_many" => {
            let child =
                |n| format!("\n[[children]]\nid = \"c{n}\"\nname = \"V\"\nagency = \"X\"\nresult = \"G\"\n");
            GOOD.to_owned() + &(0..10).map(child).collect::<String>()
        }
        "child_map_odd" | "child_answer_lacks" | "child_limit_differs" => {
            GOOD.replacen(from, to, 1).replacen("version = 1", "version = 1\nrun_children = true", 1)
        }
        _ => {
            assert!(GOOD.contains(from), "{key}: {from}");
            GOOD.replacen(from, to, 1)
        }
    }
}

#[test]
fn a_sound_file_has_no_findings() {
    assert!(inspect("good.toml", GOOD, Lang::En).is_empty(), "{:?}", inspect("good.toml", GOOD, Lang::En));
    assert!(model::parse(GOOD).unwrap().is_online());
}

#[test]
fn there_is_a_bad_file_for_every_finding_and_it_is_found_on_its_line() {
    let tried: BTreeSet<&str> = BAD.iter().map(|(key, ..)| *key).collect();
    let all: BTreeSet<&str> = Finding::KEYS.iter().copied().collect();
    assert_eq!(tried, all);
    for (key, from, to, line) in BAD {
        let text = bad(key, from, to);
        let remarks = inspect("bad.toml", &text, Lang::En);
        let remark = remarks.iter().find(|remark| remark.finding == *key);
        let remark = remark.unwrap_or_else(|| panic!("{key} is not among {remarks:#?}"));
        let found = text.lines().nth(remark.line - 1).unwrap_or_default();
        assert!(found.contains(line), "{key} is found on line {}: {found}", remark.line);
        assert!(!remark.sentence.contains('{') && !remark.remedy.contains('{'), "{remark:?}");
        assert_ne!(remark.remedy, format!("remedy.{key}"));
    }
}

#[test]
fn a_file_that_is_no_procedure_is_one_remark() {
    let remarks = inspect("bad.toml", &GOOD.replacen("5wd", "soon", 1), Lang::Vi);
    assert_eq!(remarks.len(), 1);
    assert_eq!((remarks[0].finding, remarks[0].line), ("not_read", 11));
    assert!(remarks[0].sentence.contains("soon"), "{:?}", remarks[0]);
}

#[test]
fn every_template_a_file_may_name_is_one_that_paper_prints() {
    use crate::procedure::model::ResultTemplate::*;
    for template in [
        BirthCertificate,
        CertifiedCopy,
        BuildingPermit,
        MarriageCertificate,
        DeathExtract,
        CivilStatusExtract,
        MaritalStatus,
        CertifiedSignature,
        ResidenceNotice,
        HouseholdBusiness,
        MediationMinutes,
        PovertyDecision,
        InterlinkedNotice,
        DecisionLetter,
    ] {
        assert!(paper::result_templates().iter().any(|known| known.name == template.as_str()));
    }
}
