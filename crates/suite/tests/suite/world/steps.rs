//! The next step of some dossier, by whoever may take it: chosen among those that the product offers.

use axum::http::Method;
use base::Instant;
use serde_json::{Value, json};
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use super::World;
use crate::checks::oracle::{Oracle, Promise};

/// How likely each step is taken where it is offered.
const LIKELY: [(&str, usize); 14] = [
    ("receive", 60),
    ("ask_supplement", 8),
    ("supplement", 60),
    ("refuse", 4),
    ("withdraw", 1),
    ("pass_on", 40),
    ("return_step", 5),
    ("submit_for_signature", 60),
    ("decide", 60),
    ("ask_fee", 12),
    ("pay", 4),
    ("extend", 6),
    ("stop", 1),
    ("return_result", 60),
];

/// The papers that may be asked for.
fn paper(procedure: &str) -> &'static str {
    match procedure {
        "1.001193" => "identity",
        "2.000815" => "copy",
        _ => "land-title",
    }
}

impl World {
    /// Takes a step on one of the open dossiers, or lets money come for it.
    pub async fn moves_a_dossier(&mut self) {
        let open: Vec<usize> = (0..self.dossiers.len()).filter(|at| !self.dossiers[*at].is_over).collect();
        if open.is_empty() {
            return;
        }
        // The youngest more often, so that most come to an end.
        let at = open[self.rng.below(open.len()).max(self.rng.below(open.len()))];
        let (code, owner) = (self.dossiers[at].code.clone(), self.dossiers[at].owner.clone());
        let district = owner.is_none();
        let mut clerk = self.seat(if district { DISTRICT_CLERK } else { CLERK }).await;
        let seen = sees(&mut clerk, &code).await;
        let status = seen["status"].as_i64().expect("a status is a number");
        self.dossiers[at].is_over = [3, 7, 8, 10].contains(&status);
        if status == 6 && self.rng.happens(80) {
            return self.pays(&code).await;
        }
        let seat = match (status, seen["holder"]["role"].as_str(), district) {
            (2, ..) if self.rng.happens(10) => {
                if district {
                    DISTRICT_CHAIRMAN
                } else {
                    CHAIRMAN
                }
            }
            (4, Some("leader"), true) => DISTRICT_CHAIRMAN,
            (4, Some("leader"), false) => CHAIRMAN,
            (4, _, true) => DISTRICT_ENGINEER,
            (4, _, false) => REGISTRAR,
            (_, _, true) => DISTRICT_CLERK,
            (_, _, false) => CLERK,
        };
        let citizen = owner.filter(|_| status == 5 || self.rng.happens(2));
        let login = citizen.unwrap_or_else(|| self.rng.pick(&self.seats[seat]).clone());
        let mut who = self.person(&login).await;
        let seen = sees(&mut who, &code).await;
        let Some(body) = self.chooses(&mut who, &seen).await else { return };
        self.takes(&code, &login, &body).await;
    }

    /// One of the offered steps, filled.
    async fn chooses(&mut self, who: &mut Person, seen: &Value) -> Option<Value> {
        let offered = seen["steps"].as_array().filter(|steps| !steps.is_empty())?;
        let likely =
            |step: &Value| LIKELY.iter().find(|(verb, _)| step["step"] == *verb).map_or(0, |(_, n)| *n);
        let weights: Vec<usize> = offered.iter().map(likely).collect();
        if weights.iter().sum::<usize>() == 0 {
            return None;
        }
        let step = &offered[self.rng.weighted(&weights)];
        let procedure = seen["procedure"]["code"].as_str().expect("a dossier has a procedure");
        let verb = step["step"].as_str().expect("a step has a name");
        let mut body = match verb {
            "ask_supplement" => {
                let code = seen["code"].as_str().expect("a dossier has a code");
                lacks_of_all(who, code, paper(procedure), "Bổ sung giấy tờ.").await
            }
            // Brought as a file, or said why not.
            "supplement" if self.rng.happens(25) => explains(paper(procedure), "Đã mất, đang xin cấp lại."),
            "supplement" => {
                let name = self.name("supplement");
                let upload = uploads(who, &format!("{name} of seed {}", self.seed)).await;
                json!({ "uploads": [{ "component": paper(procedure), "upload": upload }] })
            }
            "refuse" => {
                let basis = &step["schema"]["properties"]["basis"]["items"]["enum"][0];
                json!({ "reason": "not_entitled", "basis": [basis],
                    "note": "Không thuộc trường hợp được giải quyết." })
            }
            "stop" => {
                let basis = &step["schema"]["properties"]["basis"]["items"]["enum"][0];
                json!({ "reason": "no_answer", "basis": [basis], "note": "Quá hạn bổ sung." })
            }
            "decide" if self.rng.happens(15) => {
                let basis = &step["schema"]["properties"]["basis"]["items"]["enum"][0];
                json!({ "outcome": "denied", "reason": "conditions_unmet", "basis": [basis],
                    "note": "Không đủ điều kiện." })
            }
            "decide" => json!({ "outcome": "granted" }),
            "ask_fee" => json!({ "amount": 8_000 * (1 + self.rng.below(9)) }),
            "extend" => {
                json!({ "until": self.later_day(seen), "reason": "checking", "note": "Chờ xác minh." })
            }
            "return_result" => json!({ "signed_by": "Nguyễn Văn Hòa" }),
            "return_step" => json!({ "reason": "mistake", "note": "Soạn lại." }),
            _ => json!({}),
        };
        let ways = step["schema"]["properties"]["to"]["enum"].as_array();
        let ways: Vec<&Value> =
            ways.into_iter().flatten().filter(|to| to.as_str() != Some("site_visit")).collect();
        if !ways.is_empty() {
            body["to"] = (*self.rng.pick(&ways)).clone();
        }
        body["step"] = verb.into();
        body["seen_version"] = seen["version"].clone();
        Some(body)
    }

    /// A working day after the promised one and after today.
    fn later_day(&mut self, seen: &Value) -> String {
        let due = seen["due"].as_str().expect("what is extended has a promise");
        let due = Instant::parse_rfc3339(due).expect("the API writes RFC 3339").micros();
        let days = 1 + self.rng.below(5) as i64;
        let later = Oracle::new().due(due.max(self.now.micros()), Promise::WorkingDays(days));
        Instant::from_micros(later).day().to_string()
    }

    /// Takes it. The answer may be lost, the button pressed twice, and the page of a colleague is stale.
    async fn takes(&mut self, code: &str, login: &str, body: &Value) {
        let key = self.name("step");
        let path = format!("/api/v1/dossiers/{code}/steps");
        let mut who = self.person(login).await;
        who.says("idempotency-key", &key);
        let told = who.calls(Method::POST, &path, Some(body)).await.expect(200).json();
        let verb = body["step"].as_str().expect("a step has a name");
        self.tells(format!("{code}: {verb} by {login} makes it {}", told["status"]));
        self.ledger.acknowledge(code, verb);
        match self.rng.below(12) {
            0 => {
                self.dies().await;
                let mut who = self.person(login).await;
                who.says("idempotency-key", &key);
                let again = who.calls(Method::POST, &path, Some(body)).await.expect(200).json();
                assert_eq!(again, told, "one key took two steps");
            }
            1 => {
                let again = who.calls(Method::POST, &path, Some(body)).await.expect(200).json();
                assert_eq!(again, told, "one key took two steps");
            }
            2 | 3 => {
                // The same page in another window.
                let mut stale = self.person(login).await;
                let told = stale.calls(Method::POST, &path, Some(body)).await.expect(409).json();
                assert_eq!(told["code"], "stale");
            }
            _ => {}
        }
    }
}
