//! What people of a world do: file, pay, complain, work through many at once.

use axum::body::Bytes;
use axum::http::Method;
use db::{Tx, args};
use onestop::Notice;
use serde_json::{Value, json};
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use super::World;
use crate::batch::{begins, looks, ticks};

/// A dossier that the world has been told of.
pub struct Known {
    pub code: String,
    /// The login of its applicant; none where the district's counter filed it.
    pub owner: Option<String>,
    /// Nothing more can happen to it.
    pub is_over: bool,
}

/// A petition that the world has been told of.
pub struct Sent {
    pub number: String,
    pub stands: Stands,
}

/// How far a petition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    Received,
    Forwarded,
    Answered,
    Published,
}

/// What an official fills in on the way of a petition.
const FORWARD: &[(&str, &str)] = &[("to", "29596-TP")];
const ANSWER: &[(&str, &str)] = &[
    ("finding", "none"),
    ("answer", "Đã mở thêm quầy."),
    ("public_subject", "Thêm quầy"),
    ("public_content", "Sáng thứ Hai đông."),
    ("public_answer", "Đã mở thêm quầy."),
];
const NOTHING: &[(&str, &str)] = &[];

db::record! { struct Owed { words: String, amount: i64, account: String } }

impl World {
    /// One thing happens.
    pub async fn acts_once(&mut self) {
        match self.rng.weighted(&[22, 66, 3, 3, 5, 3, 2]) {
            0 => self.files().await,
            1 => self.moves_a_dossier().await,
            2 => self.receives_many().await,
            3 => self.complains().await,
            4 => self.answers_a_petition().await,
            5 => self.tells_again().await,
            _ => self.dies().await,
        }
    }

    async fn files(&mut self) {
        let key = self.name("filing");
        let (owner, login) = match self.rng.happens(80) {
            true => (true, self.rng.pick(&self.citizens).clone()),
            false => (false, self.rng.pick(&self.seats[DISTRICT_CLERK]).clone()),
        };
        let mut who = self.person(&login).await;
        let body = match owner {
            true => self.application(&mut who, &key).await,
            false => json!({
                "procedure": "1.013225",
                "unit": DISTRICT,
                "applicant": { "name": "Trần Thị Bích Hạnh", "personal_number": "086195000123" },
                "answers": self.typed_from_paper().await,
            }),
        };
        who.says("idempotency-key", &key);
        let first = files(&mut who, &body).await;
        self.tells(format!("{key} by {login} is {first}"));
        match self.rng.below(10) {
            // The answer is lost with the process; whoever asked asks again.
            0 => {
                self.dies().await;
                let mut who = self.person(&login).await;
                who.says("idempotency-key", &key);
                assert_eq!(files(&mut who, &body).await, first, "one key made two dossiers");
            }
            1 => assert_eq!(files(&mut who, &body).await, first, "one key made two dossiers"),
            // Pressed twice without a key: the file belongs to the first dossier already.
            2 if owner => {
                let mut who = self.person(&login).await;
                who.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(422);
            }
            _ => {}
        }
        self.ledger.acknowledge(&first, "file");
        self.dossiers.push(Known { code: first, owner: owner.then_some(login), is_over: false });
    }

    /// What a clerk types of the paper form: without it the permit could not be made.
    async fn typed_from_paper(&self) -> Value {
        crate::thirteen::invented_answers(self.town(), "1.013225").await.into()
    }

    /// What a citizen hands in, with a paper uploaded already.
    async fn application(&mut self, who: &mut Person, name: &str) -> Value {
        let upload = uploads(who, &format!("{name} of seed {}", self.seed)).await;
        if self.rng.happens(40) {
            return crate::kill::filing(COMMUNE, &upload);
        }
        json!({
            "procedure": "1.001193",
            "unit": COMMUNE,
            "answers": birth_answers(),
            "uploads": [{ "component": "birth-record", "upload": upload }],
        })
    }

    /// A clerk ticks some of those that wait, and receives them with one word. Some have moved meanwhile.
    async fn receives_many(&mut self) {
        let waiting = async |tx: &mut Tx| -> db::Result<Vec<(String, i64)>> {
            let sql = "select code, version from dossier where status = 1 and code like '001.09.22.%'
                order by code limit 5";
            tx.list(sql, args![]).await
        };
        let waiting = self.town().opened.site.db.read(waiting).await.expect("the tables can be read");
        let Some((first, version)) = waiting.first().cloned() else { return };
        let codes: Vec<String> =
            waiting.into_iter().filter(|(_, v)| *v == version).map(|(code, _)| code).collect();
        let mut clerk = self.seat(CLERK).await;
        clerk.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
        ticks(&mut clerk, &codes, version).await;
        looks(&mut clerk, "viec=tiep-nhan").await;
        begins(&mut clerk, &format!("Tiếp nhận hồ sơ: {} hồ sơ", codes.len())).await;
        let mut moved = Vec::new();
        if codes.len() > 1 && self.rng.happens(50) {
            let mut other = self.seat(CLERK).await;
            takes(&mut other, &first, "receive", json!({})).await;
            moved.push(first);
        }
        self.tells(format!("{} are received with one word, {} before them", codes.len(), moved.len()));
        self.later(5).await;
        if self.rng.happens(30) {
            self.dies().await;
        }
        for _ in 0..20 {
            if self.delivers_all().await {
                break;
            }
            self.later(61).await;
        }
        for code in codes {
            self.ledger.acknowledge(&code, "receive");
        }
    }

    /// Money comes for a dossier: once, twice, too little first, or with words that fit nothing.
    pub async fn pays(&mut self, code: &str) {
        let asked = code.to_string();
        let owed = async move |tx: &mut Tx| -> db::Result<Option<Owed>> {
            let sql = "select b.code as words, b.amount, a.number as account from fee_bill b
                join fee_account a on a.id = b.account join dossier d on d.id = b.dossier
                where b.state = 'open' and d.code = $1";
            tx.find(sql, args![asked]).await
        };
        let owed = self.town().opened.site.db.read(owed).await.expect("the tables can be read");
        let Some(Owed { words, amount, account }) = owed else { return };
        match self.rng.below(10) {
            0 => {
                self.tells_of(amount, &account, "chuyen tien", "task").await;
            }
            1 => {
                // The last part comes first, and both are too little alone.
                let part = amount / 4;
                self.tells_of(part, &account, &words, "task").await;
                self.tells_of(amount - part, &account, &words, "applied").await;
                self.ledger.acknowledge(code, "pay");
            }
            2 => {
                self.tells_of(amount, &account, &words, "applied").await;
                self.ledger.acknowledge(code, "pay");
                // A second transfer for the same bill is somebody's task.
                self.tells_of(amount, &account, &words, "task").await;
            }
            _ => {
                self.tells_of(amount, &account, &words, "applied").await;
                self.ledger.acknowledge(code, "pay");
            }
        }
    }

    async fn tells_of(&mut self, amount: i64, account: &str, words: &str, expected: &str) {
        let notice = Notice {
            reference: self.name("FT"),
            amount,
            account: account.into(),
            words: words.into(),
            payer_name: "NGUYEN HUU AN".into(),
            payer_account: "0011".into(),
            paid_at: self.now,
        };
        let heard = self.hears(&notice).await;
        self.tells(format!("{} brings {amount}: {heard}", notice.reference));
        assert_eq!(heard, expected);
        if self.rng.happens(30) {
            self.dies().await;
            assert_eq!(self.hears(&notice).await, "known", "told once more, it counts once");
        }
        self.notices.push(notice);
    }

    /// A bank repeats itself, days later and in no order.
    async fn tells_again(&mut self) {
        if self.notices.is_empty() {
            return;
        }
        let notice = self.rng.pick(&self.notices).clone();
        let heard = self.hears(&notice).await;
        self.tells(format!("{} comes once more: {heard}", notice.reference));
        assert_eq!(heard, "known");
    }

    async fn hears(&mut self, notice: &Notice) -> String {
        let body = Bytes::from(serde_json::to_vec(notice).expect("a notice is JSON"));
        let town = self.town();
        let bank = town.opened.onestop.demo_bank.as_ref().expect("the town is a demonstration");
        let mut who = town.stranger();
        for (name, value) in &bank.sign(&body, self.now) {
            who.says(name.as_str(), value.to_str().expect("digits and hexadecimal"));
        }
        let said =
            who.sends(Method::POST, "/api/v1/payments/ngan-hang-thu", Some("application/json"), body).await;
        said.expect(200).json()["state"].as_str().expect("a bank is told what became of it").to_string()
    }

    async fn complains(&mut self) {
        let (login, key) = (self.rng.pick(&self.citizens).clone(), self.name("petition"));
        let mut who = self.person(&login).await;
        who.says("idempotency-key", &key);
        let body = json!({
            "unit": COMMUNE, "kind": "proposal", "topic": "rules", "subject": "Mở thêm quầy",
            "content": "Sáng thứ Hai rất đông.", "name": "Nguyễn Hữu Ẩn", "phone": "0912345678",
        });
        let told = who.calls(Method::POST, "/api/v1/petitions", Some(&body)).await;
        let number = told.expect(201).json()["number"].as_str().expect("a receipt number").to_string();
        if self.rng.happens(30) {
            let again = who.calls(Method::POST, "/api/v1/petitions", Some(&body)).await.expect(201).json();
            assert_eq!(again["number"], number.as_str());
        }
        self.tells(format!("{login} sends {number}"));
        self.petitions.push(Sent { number, stands: Stands::Received });
    }

    /// The next step of some petition.
    async fn answers_a_petition(&mut self) {
        let open = |sent: &Sent| sent.stands != Stands::Published;
        let open: Vec<usize> = (0..self.petitions.len()).filter(|at| open(&self.petitions[*at])).collect();
        if open.is_empty() {
            return;
        }
        let at = *self.rng.pick(&open);
        let Sent { number, stands } = &self.petitions[at];
        let (desk, stands) = (format!("/mot-cua/phan-anh/{number}"), *stands);
        let (login, page, button, fields, next) = match stands {
            Stands::Received => (CLERK, "chuyen", "Chuyển đơn vị trả lời", FORWARD, Stands::Forwarded),
            Stands::Forwarded => (REGISTRAR, "tra-loi", "Trả lời", ANSWER, Stands::Answered),
            _ => (CHAIRMAN, "duyet", "Duyệt công khai", NOTHING, Stands::Published),
        };
        let mut who = self.seat(login).await;
        who.opens(&format!("{desk}/{page}")).await.expect(200);
        who.submits(button, fields).await.expect(303);
        self.tells(format!("{desk} is {next:?}"));
        self.petitions[at].stands = next;
    }
}

/// Files; the dossier's code.
async fn files(who: &mut Person, body: &Value) -> String {
    let said = who.calls(Method::POST, "/api/v1/dossiers", Some(body)).await.expect(201).json();
    said["code"].as_str().expect("a filing answers with a code").to_string()
}
