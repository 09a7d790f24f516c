//! The life of a dossier in the commune of Phước Hậu, over the JSON API and on both databases:
//! what must happen, and what must not.

use axum::http::Method;
use db::testing::both;
use serde_json::{Value, json};
use suite::person::{Person, Upload};
use suite::town::people::*;
use suite::town::*;

/// The fields that a refusal names.
pub fn fields(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().into_iter().flatten();
    errors.filter_map(|e| e["field"].as_str().map(str::to_string)).collect()
}

/// Files what `body` says; the answer.
async fn files(who: &mut Person, body: &Value) -> suite::person::Answer {
    who.calls(Method::POST, "/api/v1/dossiers", Some(body)).await
}

#[test]
fn a_birth_is_registered_from_filing_to_the_returned_certificate() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let (mut registrar, mut chairman) = (town.token(REGISTRAR).await, town.token(CHAIRMAN).await);

        let body = birth(&mut an).await;
        let filed = files(&mut an, &body).await.expect(201).json();
        let code = filed["code"].as_str().unwrap();
        assert_eq!(code, "001.09.22.Z61-260820-0001");
        assert_eq!(filed["answer_by"], "2026-08-21T09:00:00+07:00", "eight working hours");

        let public = sees(&mut town.stranger(), code).await;
        assert_eq!((&public["status"], &public["due"]), (&json!(1), &Value::Null));
        for hidden in ["applicant", "files", "answers", "version"] {
            assert_eq!(public.get(hidden), None, "{hidden} is nobody else's business");
        }

        let received = takes(&mut clerk, code, "receive", json!({})).await;
        assert_eq!((&received["status"], &received["due"]), (&json!(2), &json!("2026-08-20T17:00:00+07:00")));
        takes(&mut clerk, code, "pass_on", json!({})).await;
        takes(&mut registrar, code, "submit_for_signature", json!({ "note": "Đủ điều kiện" })).await;
        let after = sees(&mut registrar, code).await;
        assert_eq!(after["steps"], json!([]), "it is on another desk now");
        assert!(after["applicant"].is_object(), "but whoever worked on it may look back");
        takes(&mut chairman, code, "decide", json!({ "outcome": "granted" })).await;
        town.delivers().await;
        assert_eq!(returns(&mut clerk, code).await["status"], 10);

        let mine = sees(&mut an, code).await;
        let papers: Vec<&str> =
            mine["papers"].as_array().unwrap().iter().filter_map(|p| p["kind"].as_str()).collect();
        assert_eq!(papers, ["receipt", "result"]);
        assert_eq!(mine["steps"], json!([]), "nothing is left to do");
        let path = format!("/api/v1/dossiers/{code}/history");
        let history = an.calls(Method::GET, &path, None).await.expect(200).json();
        let steps: Vec<&str> =
            history["items"].as_array().unwrap().iter().filter_map(|h| h["step"].as_str()).collect();
        let desk = ["receive", "pass_on", "submit_for_signature", "decide", "sign_on_paper", "return_result"];
        assert_eq!((steps[0], &steps[1..]), ("file", &desk[..]));
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn papers_asked_for_stop_the_clock_and_start_it_anew() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let code = files_a_birth(&mut an).await;
        takes(&mut clerk, &code, "receive", json!({})).await;

        let silent = tries_step(&mut clerk, &code, "ask_supplement", json!({})).await.expect(422).json();
        assert_eq!(fields(&silent), ["reason", "note"], "a citizen must be told what is missing");
        let ask = lacks("identity", "Bổ sung giấy tờ tùy thân");
        assert_eq!(takes(&mut clerk, &code, "ask_supplement", ask).await["status"], 5);

        town.hand.set(morning().plus_days(4)); // a Monday
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let empty = tries_step(&mut an, &code, "supplement", json!({})).await.expect(422).json();
        assert_eq!(fields(&empty), ["explained.identity"], "each paper is brought or explained");
        let words_alone = json!({ "note": "Tôi đã gửi rồi." });
        tries_step(&mut an, &code, "supplement", words_alone).await.expect(422);
        let upload = uploads(&mut an, "căn cước").await;
        let brought = json!({ "uploads": [{ "component": "identity", "upload": upload }] });
        let again = takes(&mut an, &code, "supplement", brought).await;
        assert_eq!((&again["status"], &again["due"]), (&json!(2), &json!("2026-08-24T17:00:00+07:00")));
        assert_eq!(sees(&mut clerk, &code).await["files"].as_array().unwrap().len(), 2);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn the_second_clerk_is_told_that_the_page_is_stale() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        let (mut linh, mut thai) = (town.token(CLERK).await, town.token(SECOND_CLERK).await);
        let code = files_a_birth(&mut an).await;
        let seen = sees(&mut thai, &code).await["version"].clone();
        takes(&mut linh, &code, "receive", json!({})).await;
        let body = json!({ "step": "receive", "seen_version": seen });
        let path = format!("/api/v1/dossiers/{code}/steps");
        let told = thai.calls(Method::POST, &path, Some(&body)).await.expect(409).json();
        assert_eq!(told["code"], "stale");
        town.delivers().await;
    });
}

#[test]
fn somebody_elses_dossier_does_not_exist() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        for login in [NEIGHBOUR, DISTRICT_CLERK, SURVEYOR, RECORDS, ADMIN] {
            let mut other = town.token(login).await;
            assert_eq!(sees(&mut other, &code).await.get("applicant"), None, "{login}");
            let history = format!("/api/v1/dossiers/{code}/history");
            other.calls(Method::GET, &history, None).await.expect(404);
            tries_step(&mut other, &code, "receive", json!({})).await.expect(404);
        }
        tries_step(&mut town.stranger(), &code, "receive", json!({})).await.expect(401);
        town.delivers().await;
    });
}

#[test]
fn sent_twice_is_filed_once() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        let body = birth(&mut an).await;
        an.says("idempotency-key", "once-only");
        let first = files(&mut an, &body).await.expect(201).json();
        assert_eq!(files(&mut an, &body).await.expect(201).json(), first);
        let mut other = body.clone();
        other["return_by"] = json!("post");
        assert_eq!(files(&mut an, &other).await.expect(422).json()["code"], "key-reused");
        town.delivers().await;
    });
}

#[test]
fn every_fault_of_a_filing_is_named_and_nothing_is_stored() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        let good = birth(&mut an).await;
        let cases: [(&str, Value, &str); 12] = [
            ("/answers/child_birth_date", json!("2026-02-30"), "answers.child_birth_date"),
            ("/answers/pledge", json!(false), "answers.pledge"),
            ("/answers/nickname", json!("x"), "answers.nickname"),
            ("/uploads", json!([]), "uploads.birth-record"),
            ("/uploads/0/upload", json!("none"), "uploads.0.upload"),
            ("/uploads/0/component", json!("x"), "uploads.birth-record"),
            ("/return_by", json!("drone"), "return_by"),
            ("/procedure", json!("9.999999"), "procedure"),
            ("/applicant", json!({ "personal_number": "08609012345" }), "applicant.personal_number"),
            ("/applicant", json!({ "phone": "12" }), "applicant.phone"),
            ("/unit", json!("00000"), ""),
            ("/procedure", json!("1.001022"), ""),
        ];
        for (place, value, named) in cases {
            let mut body = good.clone();
            let (above, last) = place.rsplit_once('/').unwrap();
            let slot = if above.is_empty() { &mut body } else { body.pointer_mut(above).unwrap() };
            match slot {
                Value::Array(items) => items[last.parse::<usize>().unwrap()] = value,
                other => other[last] = value,
            }
            let told = files(&mut an, &body).await.expect(422).json();
            assert_eq!(fields(&told).join(" "), named, "{place}: {told}");
        }
        let mut two = good.clone();
        two["answers"]["child_name"] = json!("");
        two["answers"]["declarant_phone"] = json!("12");
        let told = files(&mut an, &two).await.expect(422).json();
        assert_eq!(fields(&told), ["answers.declarant_phone", "answers.child_name"], "all at once");
        // After all that the day's first number is still free.
        let said = files(&mut an, &good).await.expect(201).json();
        assert_eq!(said["code"], "001.09.22.Z61-260820-0001");
        town.delivers().await;
    });
}

#[test]
fn files_are_told_from_their_bytes() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        let kinds: [(&[u8], u16); 6] = [
            (b"%PDF-1.7\n...", 201),
            (b"\xff\xd8\xff\xe0 picture", 201),
            (b"\x89PNG\r\n\x1a\n picture", 201),
            (b"MZ this is a program named giay-to.pdf", 422),
            (b"PK\x03\x04 no archive at all", 422),
            (b"", 422),
        ];
        for (bytes, status) in kinds {
            let file =
                Upload { field: "file", file_name: "giay-to.pdf", content_type: "application/pdf", bytes };
            an.uploads("/api/v1/uploads", file).await.expect(status);
        }
        let large = vec![b'x'; usize::try_from(base::limits::FILE_SIZE_BYTES_MAX).unwrap() + 1];
        let file =
            Upload { field: "file", file_name: "lon.pdf", content_type: "application/pdf", bytes: &large };
        let told = an.uploads("/api/v1/uploads", file).await;
        assert!([413, 422].contains(&told.status), "{}", told.status);
    });
}

#[test]
fn an_upload_serves_one_dossier_and_only_its_owner() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut neighbour) = (town.token(CITIZEN).await, town.token(NEIGHBOUR).await);
        let body = birth(&mut an).await;
        let stolen = files(&mut neighbour, &body).await.expect(422).json();
        assert_eq!(fields(&stolen), ["uploads.0.upload"]);
        files(&mut an, &body).await.expect(201);
        assert_eq!(fields(&files(&mut an, &body).await.expect(422).json()), ["uploads.0.upload"]);
        town.delivers().await;
    });
}

#[test]
fn guessing_codes_gets_slower() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut guesser = town.stranger().from_address([203, 0, 113, 9]);
        let mut statuses = Vec::new();
        for n in 1..=6 {
            let path = format!("/api/v1/dossiers/001.09.22.Z61-260820-90{n:02}");
            statuses.push(guesser.calls(Method::GET, &path, None).await.status);
        }
        assert_eq!(statuses, [404, 404, 404, 404, 404, 429]);
        let mut other = town.stranger().from_address([203, 0, 113, 10]);
        other.calls(Method::GET, "/api/v1/dossiers/001.09.22.Z61-260820-9001", None).await.expect(404);
    });
}

#[test]
fn the_time_to_pay_does_not_count() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let code = files_a_birth(&mut an).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        tries_step(&mut clerk, &code, "ask_fee", json!({ "amount": -5 })).await.expect(422);
        assert_eq!(takes(&mut clerk, &code, "ask_fee", json!({ "amount": 8000 })).await["status"], 6);
        town.hand.set(morning().plus_days(1));
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        tries_step(&mut an, &code, "pay", json!({})).await.expect(422);
        let paid = takes(&mut clerk, &code, "pay", json!({})).await;
        assert_eq!((&paid["status"], &paid["due"]), (&json!(4), &json!("2026-08-21T17:00:00+07:00")));
        assert_eq!(sees(&mut an, &code).await["fee_paid"], 8000);
        town.delivers().await;
    });
}

#[test]
fn a_negative_decision_is_a_result_too() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let (mut registrar, mut chairman) = (town.token(REGISTRAR).await, town.token(CHAIRMAN).await);
        let code = files_a_birth(&mut an).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        takes(&mut clerk, &code, "pass_on", json!({})).await;
        tries_step(&mut registrar, &code, "decide", json!({ "outcome": "granted" })).await.expect(422);
        takes(&mut registrar, &code, "submit_for_signature", json!({})).await;
        let silent = tries_step(&mut chairman, &code, "decide", json!({ "outcome": "denied" })).await;
        assert_eq!(
            fields(&silent.expect(422).json()),
            ["reason", "note", "basis"],
            "a refusal without grounds is none"
        );
        let why = json!({ "outcome": "denied", "reason": "conditions_unmet", "basis": ["123/2015/NĐ-CP"],
            "note": "Trẻ đã được đăng ký khai sinh tại nơi khác." });
        assert_eq!(takes(&mut chairman, &code, "decide", why).await["status"], 9);
        town.delivers().await;
        assert_eq!(returns(&mut clerk, &code).await["status"], 10);
        town.delivers().await;
    });
}

#[test]
fn refusing_needs_a_reason_of_the_list_and_words() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let code = files_a_birth(&mut an).await;
        let told =
            tries_step(&mut clerk, &code, "refuse", json!({ "reason": "mood" })).await.expect(422).json();
        assert_eq!(fields(&told), ["reason", "note", "basis"]);
        let note = "Trẻ cư trú tại xã khác.";
        let why = json!({ "reason": "wrong_agency", "basis": ["123/2015/NĐ-CP"], "note": note });
        assert_eq!(takes(&mut clerk, &code, "refuse", why).await["status"], 3);
        town.delivers().await;
        assert_eq!(sees(&mut an, &code).await["papers"][0]["kind"], "refusal");
    });
}

#[test]
fn the_list_of_the_counter_follows_what_happens() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let codes = [files_a_birth(&mut an).await, files_a_birth(&mut an).await];
        let first =
            clerk.calls(Method::GET, "/api/v1/desk?list=waiting&limit=1", None).await.expect(200).json();
        assert_eq!(first["items"].as_array().unwrap().len(), 1);
        assert_eq!(first["counts"][0], json!({ "list": "waiting", "count": 2 }));
        let cursor = first["next_cursor"].as_str().expect("there is a second page");
        let path = format!("/api/v1/desk?list=waiting&limit=1&cursor={cursor}");
        let second = clerk.calls(Method::GET, &path, None).await.expect(200).json();
        assert_eq!((&second["items"][0]["code"], &second["next_cursor"]), (&json!(codes[1]), &Value::Null));
        town.delivers().await;
    });
}

#[test]
fn a_house_is_permitted_where_the_frame_says() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = town.token(DISTRICT_CLERK).await;
        // A person without an account brings paper; the clerk files it.
        let body = json!({
            "procedure": "1.013225",
            "unit": DISTRICT,
            "applicant": { "name": "Trần Thị Bích Hạnh", "personal_number": "086 195 000 123" },
        });
        let filed = files(&mut clerk, &body).await.expect(201).json();
        let code = filed["code"].as_str().unwrap();
        let received = takes(&mut clerk, code, "receive", json!({})).await;
        assert_eq!(received["due"], "2026-09-09T17:00:00+07:00", "twenty calendar days");
        takes(&mut clerk, code, "pass_on", json!({})).await;
        let mut engineer = town.token(DISTRICT_ENGINEER).await;
        let seen = sees(&mut engineer, code).await;
        assert_eq!(seen["holder"]["role"], "officer");
        assert_eq!(seen["applicant"]["number"], "086195000123");
        town.delivers().await;
    });
}

#[test]
fn only_whom_a_clerk_has_seen_files_online() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut neighbour, mut clerk) = (town.token(NEIGHBOUR).await, town.token(CLERK).await);
        // An account that only claims to be hers, as registration leaves it where the province wants proof.
        let unseen = async |tx: &mut db::Tx| -> db::Result<u64> {
            tx.change("update account set confirmed_at = null where login = $1", db::args![NEIGHBOUR]).await
        };
        assert_eq!(town.opened.site.db.upkeep(unseen).await.unwrap(), 1);
        let body = birth(&mut neighbour).await;
        assert_eq!(files(&mut neighbour, &body).await.expect(422).json()["code"], "refused");

        let page = clerk.opens(&format!("/mot-cua/xac-nhan?so={NEIGHBOUR}")).await.expect(200).text();
        assert!(page.contains("Đã đối chiếu thẻ, xác nhận"), "the clerk is asked to compare the card");
        let form = format!("number={NEIGHBOUR}");
        let kind = Some("application/x-www-form-urlencoded");
        clerk.sends(Method::POST, "/mot-cua/xac-nhan", kind, form.clone().into()).await.expect(303);
        neighbour.sends(Method::POST, "/mot-cua/xac-nhan", kind, form.into()).await.expect(403);

        let mut neighbour = town.token(NEIGHBOUR).await;
        files(&mut neighbour, &body).await.expect(201);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
