//! Answers of parts: what is typed row by row, kept, judged and read back.

use base::Day;
use serde_json::{Value, json};

use crate::procedure::ask;
use crate::procedure::model::{self, Answers, Procedure};

const FILE: &str = r#"
code = "9.000002"
version = 1
name = "Cấp giấy thử"
field = "Thử"
agency = "UBND cấp xã"
levels = ["commune"]
channels = ["counter"]
online = false
valid_from = "2018-01-01"

[form]
pages = [{ id = "all", title = "Mọi mục", fields = ["home", "land", "income", "firm", "members"] }]

[form.schema]
type = "object"
required = ["home", "members"]

[form.schema.properties]
home = { title = "Nơi ở", type = "object", format = "address" }
land = { title = "Thửa đất", type = "object", format = "land-parcel" }
income = { title = "Thu nhập", type = "integer", format = "money" }
firm = { title = "Mã số doanh nghiệp", type = "string", format = "enterprise" }

[form.schema.properties.members]
title = "Thành viên"
type = "array"
minItems = 1
maxItems = 3
x-order = ["name", "sex", "born"]

[form.schema.properties.members.items]
type = "object"
required = ["name", "sex"]

[form.schema.properties.members.items.properties]
name = { title = "Họ và tên", type = "string", minLength = 2 }
sex = { title = "Giới tính", type = "string", enum = ["female", "male"] }
born = { title = "Ngày sinh", type = "string", format = "date", x-past = true }

[form.ui]
income = { widget = "number" }
"members.born" = { widget = "date" }

[form.ui."members.sex"]
widget = "radio"
options = [{ value = "female", label = "Nữ" }, { value = "male", label = "Nam" }]

[[steps]]
id = "sign"
name = "Ký"
role = "leader"
unit_kind = "agency"
kind = "sign"

[result]
template = "decision-letter"
name = "Giấy"

[source]
text = "thử"
"#;

fn file() -> Procedure {
    model::parse(FILE).unwrap()
}

fn sent(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn today() -> Day {
    Day::parse("2026-11-20").unwrap()
}

fn told(p: &Procedure, answers: &Value) -> Vec<String> {
    let answers: Answers = answers.as_object().cloned().unwrap();
    let form = p.form.as_ref().unwrap();
    form.check(&answers, today()).iter().map(|f| format!("{} {}", f.field, f.key())).collect()
}

const TYPED: &[(&str, &str)] = &[
    ("home.unit", "29584@2018-01-01"),
    ("home.line", "  ấp An Thới "),
    ("land.parcel", "214"),
    ("land.sheet", "31"),
    ("land.area", "1.200,5"),
    ("income", "4.500.000"),
    ("firm", "0300588569"),
    ("members.0.name", "Nguyễn  Thị Lan"),
    ("members.0.sex", "female"),
    ("members.0.born.ngay", "3"),
    ("members.0.born.thang", "2"),
    ("members.0.born.nam", "1990"),
    ("members.1.name", ""),
    ("members.2.name", "Trần Văn Hai"),
    ("members.2.sex", "male"),
];

#[test]
fn rows_and_parts_are_read_as_a_browser_posts_them_and_said_again() {
    let p = file();
    let form = p.form.as_ref().unwrap();
    assert_eq!(super::super::check::check(&p).iter().filter(|f| f.key() == "group_unfit").count(), 0);
    let answers = ask::read(form, &form.pages[0], &Answers::new(), &sent(TYPED));
    let expected = json!({
        "home": { "unit": "29584@2018-01-01", "line": "ấp An Thới" },
        "land": { "parcel": "214", "sheet": "31", "area": 1200.5 },
        "income": 4_500_000,
        "firm": "0300588569",
        "members": [
            { "name": "Nguyễn Thị Lan", "sex": "female", "born": "1990-02-03" },
            { "name": "Trần Văn Hai", "sex": "male" },
        ],
    });
    assert_eq!(Value::Object(answers.clone()), expected);
    assert_eq!(form.check(&answers, today()), []);
    assert_eq!(form.clean(&answers), answers);
    let said = |field: &str| ask::answer_text(form, field, &answers[field]);
    assert_eq!(said("members"), "(1) Nguyễn Thị Lan, Nữ, 03/02/1990; (2) Trần Văn Hai, Nam");
    assert_eq!(said("land"), "thửa 214, tờ bản đồ 31, 1200,5 m²");
    assert_eq!(said("income"), "4.500.000\u{a0}₫");
}

#[test]
fn a_row_can_be_added_and_dropped_without_losing_the_others() {
    let p = file();
    let form = p.form.as_ref().unwrap();
    let mut pairs = sent(TYPED);
    pairs.push((ask::DROP_ROW.to_owned(), "members.0".to_owned()));
    let answers = ask::read(form, &form.pages[0], &Answers::new(), &pairs);
    assert_eq!(answers["members"], json!([{ "name": "Trần Văn Hai", "sex": "male" }]));
    let rows = |longer| {
        let around = ask::Around { longer, ..Default::default() };
        let questions = ask::questions(form, &form.pages[0], &answers, &[], &around);
        let members = questions.into_iter().find(|q| q.field == "members").unwrap();
        (members.rows.len(), members.room, members.rows[0].parts[0].value.clone())
    };
    assert_eq!(rows(None), (1, true, "Trần Văn Hai".to_owned()));
    assert_eq!(rows(Some("members")), (2, true, "Trần Văn Hai".to_owned()));
    let three = json!([{ "name": "An" }, { "name": "Ba" }, { "name": "Tư" }]);
    let full = Answers::from_iter([("members".to_owned(), three)]);
    let around = ask::Around { longer: Some("members"), ..Default::default() };
    let questions = ask::questions(form, &form.pages[0], &full, &[], &around);
    let members = questions.iter().find(|q| q.field == "members").unwrap();
    assert_eq!((members.rows.len(), members.room), (3, false));
}

#[test]
fn each_part_is_judged_and_named_with_its_row() {
    let p = file();
    let good = json!({
        "home": { "unit": "29584@2018-01-01", "line": "ấp An Thới" },
        "members": [{ "name": "Nguyễn Thị Lan", "sex": "female" }],
    });
    assert_eq!(told(&p, &good), [] as [&str; 0]);
    let table = [
        ("/home", json!(null), "home form.missing.enter"),
        ("/home", json!("Ấp An Thới"), "home form.not_parts"),
        (concat!("/home", "/unit"), json!("An Bình"), "home.unit form.not_a_commune"),
        (concat!("/home", "/line"), json!(" "), "home.line form.missing.enter"),
        ("/members", json!([]), "members form.missing.enter"),
        ("/members/0/name", json!("L"), "members.0.name form.too_short"),
        ("/members/0/sex", json!("x"), "members.0.sex form.not_an_option"),
        ("/members/0/sex", json!(null), "members.0.sex form.missing.choose"),
        ("/members/0/name", json!(["x"]), "members.0.name form.not_text"),
    ];
    for (at, value, expected) in table {
        let mut given = good.clone();
        *given.pointer_mut(at).unwrap() = value.clone();
        assert_eq!(told(&p, &given), [expected], "{at} = {value}");
    }
    let more = [
        (
            "members",
            json!([{ "name": "An", "sex": "male" }, { "name": "Ba", "sex": "male" },
            { "name": "Tư", "sex": "male" }, { "name": "Sáu", "sex": "male" }]),
            "members form.too_many_rows",
        ),
        ("members", json!([{ "name": "An", "sex": "male", "rank": 1 }]), "members.0.rank form.unknown"),
        (
            "members",
            json!([{ "name": "An", "sex": "male", "born": "2026-12-01" }]),
            "members.0.born form.day_ahead",
        ),
        ("land", json!({ "parcel": "<1>", "sheet": "31" }), "land.parcel form.pattern"),
        ("land", json!({ "parcel": "1", "sheet": "31", "area": 0 }), "land.area form.not_above"),
        ("income", json!(-1), "income form.too_small"),
        ("firm", json!("086090123456"), "firm form.tax_number.length"),
        ("firm", json!("0300588560"), "firm form.tax_number.wrong"),
    ];
    for (field, value, expected) in more {
        let mut given = good.clone();
        given[field] = value.clone();
        assert_eq!(told(&p, &given), [expected], "{field} = {value}");
    }
}
