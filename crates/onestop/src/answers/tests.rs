//! Which answers may be typed or corrected, and what has changed, as tables.

use serde_json::{Value, json};

use super::card;
use super::rules::{self, Change};
use crate::dossier::rules::{Seat, Status};
use crate::intake::card as scan;
use crate::procedure::model::{Answers, Form, newest};

fn object(value: Value) -> Answers {
    value.as_object().cloned().unwrap_or_default()
}

fn with_form(code: &str, use_it: impl FnOnce(&Form)) {
    let p = newest().into_iter().find(|p| p.code == code).expect("it ships with the program");
    use_it(p.form.as_ref().expect("it has a form"));
}

#[test]
fn who_types_when() {
    let mut table = String::new();
    for channel in ["counter", "post", "online"] {
        for seat in [Seat::Applicant, Seat::Counter, Seat::Desk, Seat::Leader, Seat::Bank] {
            let open: Vec<&str> = Status::ALL
                .into_iter()
                .filter(|status| rules::may_type(&[seat], *status, channel))
                .map(Status::word)
                .collect();
            if !open.is_empty() {
                table += &format!("{channel} {seat:?}: {}\n", open.join(" "));
            }
        }
    }
    let wanted = "counter Counter: filed received supplementing awaiting_fee\n\
                  counter Desk: in_process\n\
                  post Counter: filed received supplementing awaiting_fee\n\
                  post Desk: in_process\n";
    assert_eq!(table, wanted);
}

#[test]
fn another_answer_opens_the_questions_that_hang_on_it() {
    with_form("1.001193", |form| {
        let open = |asked: &[&str]| {
            rules::with_followers(form, &asked.iter().map(|f| f.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(open(&["child_name"]), ["child_name"]);
        let mother = open(&["mother_stated"]);
        assert!(mother.contains(&"mother_name".to_string()) && !mother.contains(&"father_name".to_string()));
        assert_eq!(open(&["no_such_question"]), Vec::<String>::new());
    });
}

#[test]
fn what_is_typed_for_a_question_not_asked_is_not_dropped_in_silence() {
    with_form("1.001193", |form| {
        let idle = |typed: Value, before: Value| rules::idle(form, &object(typed), &object(before));
        let no = Vec::<String>::new();
        assert_eq!(idle(json!({ "father_name": "Lê Văn A" }), json!({})), ["father_name"]);
        let asked = json!({ "father_stated": "yes", "father_name": "Lê Văn A" });
        assert_eq!(idle(asked.clone(), json!({})), no);
        // It was there before, and is taken away with a row that keeps it.
        let now = json!({ "father_stated": "no", "father_name": "Lê Văn A" });
        assert_eq!(idle(now, asked), no);
        assert_eq!(idle(json!({ "father_name": "  ", "mother_name": null }), json!({})), no);
    });
}

#[test]
fn changes_are_told_in_the_order_of_the_questions_and_undone_to_what_was_filed() {
    with_form("1.001193", |form| {
        let before = object(json!({ "child_name": "Khôi", "child_sex": "male" }));
        let after = object(json!({ "child_sex": "female", "declarant_name": "Hạnh" }));
        let changes = rules::changes(form, &before, &after);
        let change = |field: &str, before: Option<&str>, after: Option<&str>| Change {
            field: field.into(),
            before: before.map(Value::from),
            after: after.map(Value::from),
        };
        let wanted = [
            change("declarant_name", None, Some("Hạnh")),
            change("child_name", Some("Khôi"), None),
            change("child_sex", Some("male"), Some("female")),
        ];
        assert_eq!(changes, wanted);
        assert_eq!(rules::changes(form, &after, &after), []);
        let undone = rules::undo(after, &changes);
        assert!(undone.len() == before.len() && undone.iter().all(|(k, v)| before.get(k) == Some(v)));
    });
}

#[test]
fn a_part_of_an_interlinked_dossier_asks_through_the_questions_of_its_parent() {
    let p = newest().into_iter().find(|p| p.code == "2.000986").expect("it ships with the program");
    let child = p.children.iter().find(|c| !c.answers.is_empty()).expect("a part takes answers over");
    let (own, above) = child.answers.iter().next().expect("it is not empty");
    let code = child.code.clone().expect("a part with answers is a procedure");
    let asked = |details: Value| rules::asked(&p, &[details]);
    assert_eq!(asked(json!({ "of": code, "part_fields": [own] })), [above.clone()]);
    assert_eq!(asked(json!({ "of": "9.999999", "part_fields": [own] })), Vec::<String>::new());
    assert_eq!(asked(json!({ "components": ["x"] })), Vec::<String>::new());
    assert_eq!(asked(json!({ "fields": ["b", "a", "b"] })), ["a", "b"]);
}

#[test]
fn a_card_fills_the_questions_about_one_person_and_no_other() {
    let text = "086195000123||Trần Thị Bích Hạnh|12051995|Nữ|Ấp Phước Lợi A, Phước Hậu|20052021";
    let sent = |field: &str| vec![("child_name".to_string(), "a|b".to_string()), (field.into(), text.into())];
    with_form("1.001193", |form| {
        let (field, read) = card::scanned(form, &sent("mother_personal_number")).expect("it was scanned");
        let mut answers = object(json!({ "father_name": "Lê Văn A", "mother_name": "Nhầm" }));
        card::fill(form, &field, &read.expect("a whole card"), &mut answers);
        let wanted = json!({
            "father_name": "Lê Văn A",
            "mother_name": "Trần Thị Bích Hạnh",
            "mother_personal_number": "086195000123",
            "mother_address": "Ấp Phước Lợi A, Phước Hậu",
            "mother_birth_year": 1995,
        });
        assert_eq!(Value::Object(answers), wanted);
        assert!(card::scanned(form, &sent("child_name")).is_none(), "a bar in a name is no card");
    });
    with_form("1.000894", |form| {
        let mut answers = Answers::new();
        let read = scan::read(text).expect("a whole card");
        card::fill(form, "partner_personal_number", &read, &mut answers);
        assert_eq!(answers["partner_birth_date"], "1995-05-12");
        assert!(!answers.keys().any(|field| field.starts_with("requester_")));
    });
    // In a row of a group.
    with_form("1.004194", |form| {
        let group = form.fields().find(|f| form.property(&format!("{f}.0.personal_number")).is_some());
        let group = group.expect("members have numbers").to_string();
        let mut answers = Answers::new();
        let read = scan::read(text).expect("a whole card");
        card::fill(form, &format!("{group}.0.personal_number"), &read, &mut answers);
        assert_eq!(answers[&group][0]["personal_number"], "086195000123", "{answers:?}");
    });
}
