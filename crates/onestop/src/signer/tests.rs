//! How agreements stand, what is hashed, and that every word is there.

use base::Instant;
use db::blobs::Hash;
use serde_json::json;

use super::content::text;
use super::rules::{Facts, Standing, Why, standing};
use super::words::WORDS;
use crate::procedure::model;

#[test]
fn every_standing_and_whether_filing_waits_for_it() {
    let mut table = String::new();
    for standing in Standing::ALL {
        let yes = |b: bool| if b { "waits" } else { "-" };
        table += &format!(
            "{:<10} {:<6} {:<6} {}\n",
            standing.word(),
            yes(standing.holds_up(true)),
            yes(standing.holds_up(false)),
            if standing.may_ask() { "ask" } else { "-" }
        );
    }
    let expected = "
unasked    waits  -      ask
asked      waits  waits  -
agreed     -      -      -
declined   waits  waits  ask
changed    waits  waits  ask
withdrawn  waits  waits  ask
recalled   waits  -      ask
over       waits  -      ask
";
    assert_eq!(format!("\n{table}"), expected);
}

#[test]
fn an_agreement_holds_for_its_content_and_its_time_only() {
    let at = |minute: i64| Instant::from_micros(minute * 60_000_000);
    let (read, other) = (Hash::of(b"read"), Hash::of(b"other"));
    let facts = |agreed: Option<bool>, content: Option<Hash>, ended: Option<Why>| Facts {
        agreed,
        content,
        until: Some(at(10)),
        ended: ended.map(|why| why.word().to_string()),
    };
    let table = [
        (facts(None, None, None), 5, Standing::Asked),
        (facts(None, None, None), 10, Standing::Over),
        (facts(Some(true), Some(read), None), 5, Standing::Agreed),
        (facts(Some(true), Some(read), None), 10, Standing::Over),
        (facts(Some(true), Some(other), None), 5, Standing::Changed),
        (facts(Some(false), Some(other), None), 12, Standing::Declined),
        (facts(Some(true), Some(read), Some(Why::Changed)), 5, Standing::Changed),
        (facts(Some(true), Some(read), Some(Why::Withdrawn)), 5, Standing::Withdrawn),
        (facts(None, None, Some(Why::Recalled)), 5, Standing::Recalled),
        (facts(None, None, Some(Why::Discarded)), 12, Standing::Recalled),
    ];
    for (row, now, expected) in table {
        assert_eq!(standing(&row, &read, at(now)), expected, "{row:?} at {now}");
    }
}

#[test]
fn what_is_hashed_is_the_same_text_in_whatever_order_it_was_entered() {
    let answers = |text: &str| serde_json::from_str(text).unwrap();
    let one = answers(r#"{"b":"Hồng","a":{"unit":"29596@2018-01-01","line":"Ấp \"A\""},"c":[1,true]}"#);
    let two = answers(r#"{"c":[1,true],"a":{"line":"Ấp \"A\"","unit":"29596@2018-01-01"},"b":"Hồng"}"#);
    let papers = [("deed".to_string(), Hash::of(b"x"))];
    let said = text("1.000894@4", "Nguyễn Hữu Ẩn", "086090123456", &one, &papers);
    assert_eq!(said, text("1.000894@4", "Nguyễn Hữu Ẩn", "086090123456", &two, &papers));
    let expected = [
        r#"{"answers":{"a":{"line":"Ấp \"A\"","unit":"29596@2018-01-01"},"b":"Hồng","c":[1,true]}"#,
        r#","applicant":{"name":"Nguyễn Hữu Ẩn","number":"086090123456"}"#,
        r#","papers":[["deed","2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"]]"#,
        r#","procedure":"1.000894@4"}"#,
    ];
    let expected = expected.concat();
    assert_eq!(said, expected);
    // By another program, of the same text.
    assert_eq!(
        Hash::of(said.as_bytes()).to_string(),
        "3b24a08da3f5276ccdf0bb5d0f5d9f949010b0d950e2357f9877dd4feb9bc492"
    );
}

/// A household in which every adult agrees, and a procedure of two.
const GROUP: &str = "
[[signers]]
id = \"owners\"
name = \"Đồng chủ\"
group = \"owners\"
number = \"number\"
person = \"name\"
required = true

[[signers]]
id = \"partner\"
name = \"Bên còn lại\"
number = \"partner_personal_number\"
person = \"partner_name\"
required = true
";

#[test]
fn each_of_a_group_agrees_once_and_nobody_stands_for_another() {
    let (_, source) = model::files().into_iter().find(|(name, _)| name == "1.000894.3.toml").unwrap();
    let p = model::parse(
        &source.replace("[[steps]]\nid = \"examine\"", &format!("{GROUP}\n[[steps]]\nid = \"examine\"")),
    )
    .unwrap();
    let (an, hanh, thanh) = ("086090123456", "086195000123", "086190000456");
    let answers = json!({
        "owners": [
            { "number": an, "name": "Nguyễn Hữu Ẩn" },
            { "number": hanh, "name": "Lê Thị Hạnh" },
            { "number": "không rõ", "name": "Chưa biết" },
            { "number": hanh, "name": "Lê Thị Hạnh" },
            { "number": thanh, "name": "Trần Văn Thành" },
        ],
        "partner_personal_number": an,
        "partner_name": "Nguyễn Hữu Ẩn",
    });
    let wanted = p.signers_for(answers.as_object().unwrap(), an);
    let said: Vec<String> = wanted
        .iter()
        .map(|w| format!("{} {} {} {}", w.key, w.number.as_deref().unwrap_or("-"), w.person, w.own))
        .collect();
    let expected = [
        format!("owners.2 {hanh} Lê Thị Hạnh false"),
        "owners.3 - Chưa biết false".to_string(),
        format!("owners.5 {thanh} Trần Văn Thành false"),
        "partner - Nguyễn Hữu Ẩn true".to_string(),
    ];
    assert_eq!(said, expected);
    assert_eq!(p.signers_on_paper().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["owners", "partner"]);
}

#[test]
fn both_languages_have_every_word() {
    assert_eq!(WORDS.differences(), Vec::<String>::new());
    for standing in Standing::ALL {
        assert!(WORDS.has(&format!("standing.{}", standing.word())));
    }
    for way in ["online"].into_iter().chain(super::desk::WAYS) {
        assert!(WORDS.has(&format!("way.{way}")));
    }
    assert!(WORDS.has(&format!("consent.text_{}", super::TEXT_VERSION)));
    let sources = [
        include_str!("pages.rs"),
        include_str!("desk.rs"),
        include_str!("../signer.rs"),
        include_str!("../intake/signers.rs"),
    ];
    for text in sources {
        for part in text.split("say(\"").skip(1) {
            let key = part.split('"').next().unwrap_or_default();
            assert!(WORDS.has(key), "{key}");
        }
    }
}
