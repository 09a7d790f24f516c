//! The thirteen procedures, each played once over HTTP from filing with invented answers to the returned
//! result, on both databases: the day that was promised, and the words of the paper that came of it.

use std::io::Write;
use std::process::Command;

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use onestop::simulate::people::{self, Dice};
use serde_json::{Value, json};
use suite::person::Upload;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page};

/// Procedure, unit at which it is filed, promised day, and words of the result.
const PLAYED: [(&str, &str, &str, &[&str]); 12] = [
    (
        "1.000656",
        COMMUNE,
        "2026-08-20",
        &["TRÍCH LỤC KHAI TỬ", "Nơi đăng ký khai tử: Ủy ban nhân dân xã Phước Hậu"],
    ),
    (
        "1.000894",
        COMMUNE,
        "2026-08-20",
        &["GIẤY CHỨNG NHẬN KẾT HÔN", "Thông tin về vợ", "Thông tin về chồng"],
    ),
    ("1.001193", COMMUNE, "2026-08-20", &["GIẤY KHAI SINH", "NGƯỜI KÝ GIẤY KHAI SINH"]),
    // Settled by the district of the address, whoever received it.
    ("1.001612", COMMUNE, "2026-08-24", &["GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH", "HUYỆN LONG HỒ"]),
    ("1.004194", COMMUNE, "2026-08-24", &["Kết quả giải quyết đăng ký tạm trú", "xã Phước Hậu"]),
    ("1.004873", COMMUNE, "2026-08-24", &["GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", "Tình trạng hôn nhân:"]),
    ("1.011607", COMMUNE, "2026-09-04", &["Điều 1. Chấp thuận đề nghị", "xã Phước Hậu"]),
    ("1.013225", DISTRICT, "2026-09-09", &["GIẤY PHÉP XÂY DỰNG"]),
    ("2.000635", COMMUNE, "2026-08-20", &["TRÍCH LỤC HỘ TỊCH", "(BẢN SAO)"]),
    ("2.000815", COMMUNE, "2026-08-20", &["CHỨNG THỰC BẢN SAO TỪ BẢN CHÍNH"]),
    ("2.000884", COMMUNE, "2026-08-20", &["CHỨNG THỰC CHỮ KÝ TRONG GIẤY TỜ, VĂN BẢN", "tôi, Bùi Thanh Đẳng"]),
    // The last, because its council meets tomorrow.
    ("1.012812", COMMUNE, "2026-09-21", &["BIÊN BẢN", "Hòa giải tranh chấp đất đai", "HUYỆN LONG HỒ"]),
];

#[test]
fn each_procedure_is_played_from_filing_to_the_returned_result() {
    both(async |t| {
        let town = Town::of(&t).await;
        for (procedure, unit, day, words) in PLAYED {
            let code = files_invented(&town, procedure, unit).await;
            let counter = if unit == DISTRICT { DISTRICT_CLERK } else { CLERK };
            let received = takes(&mut town.token(counter).await, &code, "receive", json!({})).await;
            assert_eq!(received["due"], format!("{day}T17:00:00+07:00"), "{procedure}");
            takes(&mut town.token(counter).await, &code, "pass_on", json!({})).await;
            plays(&town, &code).await;
            town.delivers().await;
            let said = result_text(&town, &code, counter).await;
            for words in words {
                assert!(said.contains(words), "{procedure} does not say {words:?}: {said}");
            }
            let returned = returns(&mut town.token(counter).await, &code).await;
            assert_eq!(returned["status"], 10, "{procedure}");
        }
        let mut offered: Vec<&str> =
            onestop::procedures().iter().filter(|p| p.is_online()).map(|p| p.code.as_str()).collect();
        // The interlinked one has a story of its own.
        offered.retain(|code| *code != "2.000986");
        let mut played = PLAYED.map(|(code, ..)| code);
        played.sort_unstable();
        assert_eq!(offered, played);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// Files a procedure with invented answers and a file for each paper they make necessary; its code.
pub async fn files_invented(town: &Town, procedure: &str, unit: &str) -> String {
    files_invented_at(town, procedure, unit, &[]).await
}

/// The same, where these address fields of the form lie in other communes than the usual one.
pub async fn files_invented_at(town: &Town, procedure: &str, unit: &str, places: &[(&str, &str)]) -> String {
    let p = onestop::procedures().into_iter().find(|p| p.code == procedure).expect("it is in the catalogue");
    let mut answers = invented_answers(town, procedure).await;
    for (field, code) in places {
        answers[*field]["unit"] = json!(unit_id(town, code).await);
    }
    let mut citizen = town.token(CITIZEN).await;
    let mut files = Vec::new();
    for paper in p.components_for(&answers).into_iter().filter(|c| c.required && !c.by_form) {
        let upload = uploads(&mut citizen, &paper.name).await;
        files.push(json!({ "component": paper.id, "upload": upload }));
    }
    let body = json!({ "procedure": procedure, "unit": unit, "answers": answers, "uploads": files });
    let filed = citizen.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    filed["code"].as_str().expect("a filing answers with a code").to_string()
}

/// Invented answers to a procedure's form, at home in the commune.
pub async fn invented_answers(town: &Town, procedure: &str) -> serde_json::Map<String, Value> {
    let p = onestop::procedures().into_iter().find(|p| p.code == procedure).expect("it is in the catalogue");
    let form = p.form.as_ref().expect("it can be filed online");
    let today = town.opened.site.clock.today();
    let mut dice = Dice::of(11, 3);
    let mut who = people::person(&mut dice);
    who.number = CITIZEN.into();
    let mut answers = people::answers(form, &who, &mut dice, today).expect("the form can be answered");
    let commune = unit_id(town, COMMUNE).await;
    for (field, _) in form.communes(&answers) {
        answers[&field]["unit"] = json!(commune);
    }
    answers
}

/// The id of a unit, as addresses name it.
pub async fn unit_id(town: &Town, code: &str) -> String {
    let (code, today) = (code.to_string(), town.opened.site.clock.today());
    let unit = async move |tx: &mut Tx| directory::find_unit(tx, &code, today).await;
    town.opened.site.db.read(unit).await.expect("the store answers").expect("it stands").id.to_string()
}

/// Takes the dossier over every desk to the decision.
pub async fn plays(town: &Town, code: &str) {
    for _ in 0..12 {
        let holder = holder(town, code).await;
        let mut who = town.token(&holder).await;
        let seen = sees(&mut who, code).await;
        if seen["status"] != 4 {
            assert_eq!(seen["status"], 9, "{seen}");
            return;
        }
        if seen["stage"] == "council" {
            holds_council(town, &holder, code).await;
            // A day has passed, and nobody is signed in any more.
            who = town.token(&holder).await;
        }
        let open: Vec<(&str, &Value)> = seen["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|s| Some((s["step"].as_str()?, &s["schema"])))
            .collect();
        let step = ["decide", "submit_for_signature", "pass_on"];
        let step = step.into_iter().find(|s| open.iter().any(|(o, _)| o == s));
        let step = step.unwrap_or_else(|| panic!("{holder} can do nothing with {seen}"));
        let schema = open.iter().find(|(o, _)| *o == step).expect("it is open").1;
        let more = match step {
            "decide" => json!({ "outcome": "granted" }),
            _ => match schema["properties"]["to"]["enum"].as_array().and_then(|ways| ways.first()) {
                Some(way) => json!({ "to": way }),
                None => json!({}),
            },
        };
        takes(&mut who, code, step, more).await;
    }
    panic!("{code} runs in a circle");
}

/// Somebody who holds the post at which the dossier lies. Where the town has nobody, the surveyor is
/// given the post.
pub async fn holder(town: &Town, code: &str) -> String {
    db::record! { struct Held { holder_unit: String, holder_role: String } }
    let code = code.to_string();
    let found = town.opened.site.db.upkeep(async move |tx: &mut Tx| -> db::Result<String> {
        let sql = "select holder_unit, holder_role from dossier where code = $1";
        let held: Held = tx.get(sql, args![&code]).await?;
        let login: Option<String> = tx
            .find(
                "select a.login from post p join account a on a.id = p.account
                  where p.unit = $1 and p.role = $2 order by a.login limit 1",
                args![&held.holder_unit, &held.holder_role],
            )
            .await?;
        if let Some(login) = login {
            return Ok(login);
        }
        tx.change_one(
            "insert into post (id, account, unit, role, title, valid_from)
             select $1, id, $2, $3, 'Công chức', '2018-01-01' from account where login = $4",
            args![base::Id::<()>::fresh(), &held.holder_unit, &held.holder_role, SURVEYOR],
        )
        .await?;
        Ok(SURVEYOR.to_string())
    });
    found.await.expect("the store answers")
}

/// The council meets tomorrow, and its minutes are there.
async fn holds_council(town: &Town, login: &str, code: &str) {
    let tomorrow = town.opened.site.clock.today().next();
    let mut who = browser(town, login).await;
    who.opens(&format!("{}/kiem-tra", page(code))).await.expect(200);
    let day = tomorrow.to_string();
    let typed = [
        ("kind", "council"),
        ("day", day.as_str()),
        ("hour", "08:00"),
        ("place", "Hội trường UBND"),
        ("people", "Chủ tịch\nTrưởng ấp"),
    ];
    who.submits("Lên lịch kiểm tra, họp hội đồng", &typed).await.expect(303);
    town.minutes_later(24 * 60).await;
    let mut who = browser(town, login).await;
    who.opens(&page(code)).await.expect(200);
    let link = who.link("Ghi kết quả");
    who.opens(&link).await.expect(200);
    let typed = [("outcome", "agreed"), ("conclusion", "Hai bên thống nhất ranh giới.")];
    let bytes = pdf("biên bản");
    let minutes =
        Upload { field: "tep", file_name: "bien-ban.pdf", content_type: "application/pdf", bytes: &bytes };
    who.submits_files("Ghi kết quả", &typed, &[minutes]).await.expect(303);
}

/// The words of the result, as an official who has worked on it reads them.
pub async fn result_text(town: &Town, code: &str, login: &str) -> String {
    paper_text(town, code, "result", login).await
}

/// The words of a paper of the dossier.
pub async fn paper_text(town: &Town, code: &str, kind: &str, login: &str) -> String {
    let mut official = town.token(login).await;
    let pdf = official.gets(&format!("/ho-so/{code}/giay/{kind}")).await.expect(200).body;
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&pdf).expect("room for it");
    let said = Command::new("pdftotext").args(["-enc", "UTF-8"]).arg(file.path()).arg("-").output();
    let said = said.expect("poppler-utils is installed").stdout;
    String::from_utf8(said).expect("UTF-8").split_whitespace().collect::<Vec<_>>().join(" ")
}
