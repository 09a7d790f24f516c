//! The whole product inside a test: the roof's router over a small province, a clock in the
//! test's hand, and people of one commune to sign in as.

use std::path::Path;

use axum::http::Method;
use base::{Clock, Hand, Instant};
use cuulong::config::{Config, National, Scan};
use cuulong::open::{self, Opened};
use db::testing::TestDb;
use db::{Blobs, Db, Tx};
use directory::account::store;
use directory::seed::{self, Province};
use onestop::national::simulator::{Faults, Simulator};
use serde_json::{Value, json};
use web::session;

use crate::person::{Answer, Person, Upload};

/// The commune of the stories.
pub const COMMUNE: &str = "29596";
/// The district above it, in the frame with districts.
pub const DISTRICT: &str = "857";
/// What every demonstration account is opened with.
pub const PASSWORD: &str = "CuuLong-2026";

/// The people of the stories, by their logins.
pub mod people {
    pub const CITIZEN: &str = "086090123456";
    pub const NEIGHBOUR: &str = "086195000123";
    pub const CLERK: &str = "motcua.phuochau";
    pub const SECOND_CLERK: &str = "motcua2.phuochau";
    pub const REGISTRAR: &str = "tuphap.phuochau";
    pub const SURVEYOR: &str = "diachinh.phuochau";
    pub const CHAIRMAN: &str = "chutich.phuochau";
    pub const RECORDS: &str = "vanthu.phuochau";
    pub const UNIT_ADMIN: &str = "quantri.phuochau";
    pub const DISTRICT_CLERK: &str = "motcua.longho";
    pub const DISTRICT_ENGINEER: &str = "hatang.longho";
    pub const DISTRICT_CHAIRMAN: &str = "chutich.longho";
    pub const ADMIN: &str = "quantri.tinh";
}

/// A town with its product.
pub struct Town {
    pub opened: Opened,
    pub hand: Hand,
}

/// A simulated national portal that listens on this machine.
pub struct Portal {
    pub simulator: Simulator,
    pub address: std::net::SocketAddr,
}

impl Portal {
    /// Opens one on a free port.
    pub async fn open(clock: Clock, faults: Faults) -> Portal {
        Portal::open_at(([127, 0, 0, 1], 0).into(), clock, faults).await
    }

    /// Opens one at this address.
    pub async fn open_at(address: std::net::SocketAddr, clock: Clock, faults: Faults) -> Portal {
        let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let simulator = Simulator::new(clock, faults);
        let router = simulator.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Portal { simulator, address }
    }

    /// The configuration of a line to it, with little patience.
    pub fn line(&self) -> National {
        let line = National::to_simulator(format!("http://{}", self.address), "000.00.00.Z61");
        National { answer_within_s: 1, ..line }
    }
}

/// A Thursday morning at nine, an ordinary working day.
pub fn morning() -> Instant {
    Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").expect("a time as the format wants it")
}

impl Town {
    /// The province with districts, its demonstration accounts and nobody else.
    pub async fn of(t: &TestDb) -> Town {
        Town::in_province(t, "vinh-long").await
    }

    /// The same in a province of this name.
    pub async fn in_province(t: &TestDb, name: &str) -> Town {
        t.migrate(&open::migrations()).await;
        let province = Province::named(name).expect("it ships with the program");
        seed::load_small(&t.db, &province, morning()).await.expect("an empty database takes a province");
        onestop::seed(&t.db, morning()).await.expect("the number schemes fit");
        onestop::seed_demo(&t.db, morning()).await.expect("the invented accounts fit");
        Town::around(t.db.clone(), t.blobs().await, t.dir()).await
    }

    /// The product on data that is there already.
    pub async fn around(db: Db, blobs: Blobs, data: &Path) -> Town {
        let (clock, hand) = Clock::manual(morning());
        let config = Config { data: data.to_path_buf(), demo: true, ..Config::default() };
        let opened = open::assemble(db, blobs, &config, clock).await;
        Town { opened: opened.unwrap_or_else(|e| panic!("the product opens: {e}")), hand }
    }

    /// The same with a line to a national portal that has these faults, on the same clock.
    pub async fn linked(t: &TestDb, faults: Faults) -> (Town, Portal) {
        let town = Town::of(t).await;
        let (clock, hand) = (town.opened.site.clock.clone(), town.hand.clone());
        let portal = Portal::open(clock.clone(), faults).await;
        (Town::on(t, t.db.clone(), (clock, hand), portal.line()).await, portal)
    }

    /// The same, configured otherwise.
    pub async fn configured(t: &TestDb, change: impl FnOnce(&mut Config)) -> Town {
        let town = Town::of(t).await;
        let mut config = Config { data: t.dir().to_path_buf(), demo: true, ..Config::default() };
        change(&mut config);
        let clock = town.opened.site.clock.clone();
        let opened = open::assemble(t.db.clone(), t.blobs().await, &config, clock).await;
        Town { opened: opened.unwrap_or_else(|e| panic!("the product opens: {e}")), hand: town.hand }
    }

    /// One more instance of the product on the same data, clock and line.
    pub async fn again(&self, t: &TestDb, portal: &Portal) -> Town {
        let clock = (self.opened.site.clock.clone(), self.hand.clone());
        Town::on(t, t.again().await, clock, portal.line()).await
    }

    /// The product on a loaded database.
    pub async fn on(t: &TestDb, db: db::Db, (clock, hand): (Clock, Hand), national: National) -> Town {
        let config = Config { data: t.dir().to_path_buf(), demo: true, national, ..Config::default() };
        let opened = open::assemble(db, t.blobs().await, &config, clock).await;
        Town { opened: opened.unwrap_or_else(|e| panic!("the product opens: {e}")), hand }
    }

    /// The same town with a scanner in front of what comes in.
    pub async fn scanned(&self, t: &TestDb, scan: Scan) -> Town {
        let config = Config { data: t.dir().to_path_buf(), demo: true, scan, ..Config::default() };
        let clock = self.opened.site.clock.clone();
        let opened = open::assemble(t.again().await, t.blobs().await, &config, clock).await;
        let opened = opened.unwrap_or_else(|e| panic!("the product opens: {e}"));
        Town { opened, hand: self.hand.clone() }
    }

    /// Some minutes later: events are delivered and what is due is done; how many jobs failed.
    pub async fn minutes_later(&self, minutes: u64) -> u64 {
        let now = self.hand.advance(std::time::Duration::from_secs(60 * minutes));
        self.delivers().await;
        let handlers = cuulong::background::jobs(&self.opened);
        let done = db::jobs::run_due(&self.opened.site.db, &handlers, now).await;
        done.expect("the store answers").failed
    }

    /// Somebody nobody knows.
    pub fn stranger(&self) -> Person {
        Person::inside(self.opened.router.clone())
    }

    /// A program with a token of this account. The session is begun behind the sign-in, whose slow
    /// password check has stories of its own.
    pub async fn token(&self, login: &str) -> Person {
        self.stranger().with_token(&self.api_token(login).await)
    }

    /// The token alone, for those who bring their own line.
    pub async fn api_token(&self, login: &str) -> String {
        let site = &self.opened.site;
        let (login, now) = (login.to_string(), site.clock.now());
        let token = site.db.upkeep(async move |tx: &mut Tx| -> db::Result<_> {
            let account = store::find_secret(tx, &login).await?.ok_or(db::Error::NotFound)?;
            session::start(tx, &account.id.to_string(), session::Kind::Api, now).await
        });
        token.await.expect("a demonstration account").as_str().to_string()
    }

    /// A second node on the same data, as a cluster has it.
    pub async fn second_node(&self, t: &TestDb) -> Opened {
        let config = Config { data: t.dir().to_path_buf(), demo: true, ..Config::default() };
        let clock = self.opened.site.clock.clone();
        let opened = open::assemble(t.again().await, t.blobs().await, &config, clock).await;
        opened.unwrap_or_else(|e| panic!("a second node opens: {e}"))
    }

    /// Delivers every event and what follows from it. At the end of a story nothing may be left.
    pub async fn delivers(&self) {
        let listeners = cuulong::background::listeners(&self.opened);
        let now = self.opened.site.clock.now();
        let db = &self.opened.site.db;
        let done = db::deliver::run_until_idle(db, &listeners, now).await.expect("the store answers");
        let failed = async |tx: &mut db::Tx| {
            let sql = "select listener, error from delivery where attempts > 0 limit 9";
            tx.list::<(String, Option<String>)>(sql, db::args![]).await
        };
        let failed = db.read::<_, db::Error, _>(failed).await.expect("the store answers");
        assert!(done.failed == 0 && failed.is_empty(), "events could not be delivered: {failed:?}");
    }

    /// The audit book after the story: whole, with every entry chained.
    pub async fn audit_book_is_whole(&self) {
        let db = &self.opened.site.db;
        while db::audit::chain_once(db).await.expect("the store answers") > 0 {}
        let report = db::audit::verify(db).await.expect("the book can be read");
        assert_eq!(report.broken, None);
        assert_eq!(report.unchained_tail, 0);
    }
}

/// A small PDF by its first bytes, other content each time.
pub fn pdf(words: &str) -> Vec<u8> {
    format!("%PDF-1.4\n% {words}\n%%EOF\n").into_bytes()
}

/// Uploads a PDF over the API; its id.
pub async fn uploads(who: &mut Person, words: &str) -> String {
    let bytes = pdf(words);
    let file =
        Upload { field: "file", file_name: "giay-to.pdf", content_type: "application/pdf", bytes: &bytes };
    let said = who.uploads("/api/v1/uploads", file).await.expect(201).json();
    said["id"].as_str().expect("an upload has an id").to_string()
}

/// Complete answers to the birth registration's form.
pub fn birth_answers() -> Value {
    json!({
        "declarant_name": "Nguyễn Hữu Ẩn",
        "declarant_personal_number": "086090123456",
        "declarant_phone": "0912 345 678",
        "declarant_address": "Ấp Phước Lợi A, xã Phước Hậu",
        "declarant_relation": "father",
        "birth_case": "ordinary",
        "child_name": "Nguyễn Minh Khôi",
        "child_sex": "male",
        "child_birth_date": "2026-08-10",
        "child_ethnicity": "Kinh",
        "child_nationality": "Việt Nam",
        "birth_place": "facility",
        "birth_address": "Bệnh viện đa khoa Vĩnh Long",
        "child_native_place": "Xã Phước Hậu, huyện Long Hồ",
        "mother_stated": "no",
        "father_stated": "no",
        "copies_wanted": "no",
        "pledge": true,
    })
}

/// A complete filing of a birth, with its paper uploaded already.
pub async fn birth(who: &mut Person) -> Value {
    let upload = uploads(who, "giấy chứng sinh").await;
    json!({
        "procedure": "1.001193",
        "unit": COMMUNE,
        "answers": birth_answers(),
        "uploads": [{ "component": "birth-record", "upload": upload }],
    })
}

/// Files a birth; the dossier's code.
pub async fn files_a_birth(who: &mut Person) -> String {
    let body = birth(who).await;
    let said = who.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    said["code"].as_str().expect("a filing answers with a code").to_string()
}

/// The dossier as this person sees it.
pub async fn sees(who: &mut Person, code: &str) -> Value {
    who.calls(Method::GET, &format!("/api/v1/dossiers/{code}"), None).await.expect(200).json()
}

/// Takes a step on what the person sees now, with whatever `more` the step wants.
pub async fn tries_step(who: &mut Person, code: &str, step: &str, more: Value) -> Answer {
    let seen = sees(who, code).await["version"].clone();
    let mut body = json!({ "step": step, "seen_version": if seen.is_null() { json!(1) } else { seen } });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    who.calls(Method::POST, &format!("/api/v1/dossiers/{code}/steps"), Some(&body)).await
}

/// The same, and it must succeed; what came of it.
pub async fn takes(who: &mut Person, code: &str, step: &str, more: Value) -> Value {
    tries_step(who, code, step, more).await.expect(200).json()
}

/// Whoever is at the counter says that the result was signed on paper, as the form proposes.
pub async fn signed_on_paper(who: &mut Person, code: &str) {
    who.opens(&format!("/mot-cua/ho-so/{code}/ky-giay")).await.expect(200);
    who.submits("Ghi nhận", &[]).await.expect(303);
}

/// The result, signed on paper, is handed to the citizen; what came of it.
pub async fn returns(who: &mut Person, code: &str) -> Value {
    takes(who, code, "return_result", json!({ "signed_by": "Nguyễn Văn Hòa" })).await
}
