//! Each procedure that is offered online is filed once by the use case that the pages and the
//! API call, on both databases, with invented answers and every paper they make necessary.

use base::{Clock, Instant};
use db::testing::{TestDb, both};
use db::{Act, Actor, Tx, args};
use serde_json::json;
use web::{Brand, Problem, Site};

use crate::filing::store::{NewUpload, save_upload};
use crate::filing::{self, Attached, Filed, Filing};
use crate::procedure::model::{self, Procedure};
use crate::procedure::simulate::people::{self, Dice};
use crate::{App, Frame};

const HANH: &str = "086195000123";

fn morning() -> Instant {
    Instant::parse_rfc3339("2026-11-23T09:00:00+07:00").unwrap()
}

struct World {
    app: App,
    account: String,
    /// A commune with a counter, its id in the unit tree, and its name.
    commune: (String, String, String),
}

/// The province of communes on a Monday morning, with a citizen whom a counter has confirmed.
async fn world(t: &TestDb) -> World {
    t.migrate(&crate::tests::migrations()).await;
    let province = directory::seed::Province::named("vinh-long-2025").unwrap();
    directory::seed::load_small(&t.db, &province, morning()).await.unwrap();
    crate::seed(&t.db, morning()).await.unwrap();
    let blobs = t.blobs().await;
    let site = Site::new(t.db.clone(), blobs, Clock::manual(morning()).0, Brand::of("Vĩnh Long"));
    let app =
        App::open(site, Frame::Y2025, "http://cuulong.test".into(), crate::tests::safe(t)).await.unwrap();
    let find = async move |tx: &mut Tx| -> db::Result<_> {
        let account: String = tx.get("select id from account where login = $1", args![HANH]).await?;
        let units = directory::list_receiving(tx, "commune", "", morning().day(), 1).await?;
        let unit = directory::find_unit(tx, &units[0].code, morning().day()).await?.unwrap();
        Ok((account, (unit.code, unit.id.to_string(), unit.name)))
    };
    let (account, commune) = app.site.db.read(find).await.unwrap();
    World { app, account, commune }
}

impl World {
    /// What a citizen would hand in: answers the form takes, at addresses of this commune.
    fn filing(&self, p: &Procedure) -> Filing {
        let mut dice = Dice::of(11, 0);
        let mut who = people::person(&mut dice);
        who.number = HANH.into();
        let form = p.form.as_ref().unwrap();
        let mut answers = people::answers(form, &who, &mut dice, morning().day()).unwrap();
        for (field, _) in form.communes(&answers) {
            answers[&field]["unit"] = json!(self.commune.1);
        }
        let needed = p.components_for(&answers).into_iter().filter(|c| c.required && !c.by_form);
        let upload = |id: &String| Attached::upload(id.clone(), format!("{}-{id}", p.code));
        let uploads = needed.map(|c| upload(&c.id)).collect();
        Filing {
            procedure: crate::catalogue::version_id(p),
            unit: self.commune.0.clone(),
            account: Some(self.account.clone()),
            applicant: who,
            channel: "online",
            return_by: "counter".into(),
            answers,
            uploads,
        }
    }

    /// Uploads what the filing names, then files.
    async fn file(&self, filing: Filing) -> Result<Filed, Problem> {
        let act = || Act::new(Actor::Account(self.account.clone()), "onestop.file", "", morning());
        let site = &self.app.site;
        for paper in &filing.uploads {
            let bytes = format!("%PDF-1.7 {}", paper.upload).into_bytes();
            let (size, sha256) =
                (bytes.len() as i64, site.blobs.store(&site.db, act(), bytes).await.unwrap());
            let (id, account) = (paper.upload.clone(), self.account.clone());
            let keep = async move |tx: &mut Tx| {
                let upload = NewUpload {
                    id: &id,
                    account: &account,
                    draft: None,
                    component: None,
                    name: "giay-to.pdf",
                    media: "application/pdf",
                    size,
                    sha256,
                };
                save_upload(tx, &upload, morning()).await
            };
            site.db.write(act(), keep).await.unwrap();
        }
        let (catalogue, account) = (self.app.catalogue.clone(), self.account.clone());
        let file =
            async move |tx: &mut Tx| filing::file(tx, &catalogue, filing.clone(), &account, morning()).await;
        site.db.write(act(), file).await
    }

    async fn answers(&self, filed: &Filed) -> model::Answers {
        let id = filed.id;
        let read = async move |tx: &mut Tx| crate::dossier::store::get(tx, id).await;
        self.app.site.db.read(read).await.unwrap().answers
    }
}

#[test]
fn each_of_the_thirteen_procedures_can_be_filed() {
    both(async |t| {
        let world = world(&t).await;
        let online = model::newest().into_iter().filter(|p| p.is_online());
        let mut codes = Vec::new();
        for p in online {
            let filing = world.filing(p);
            let papers = filing.uploads.len();
            let filed = world.file(filing).await.unwrap_or_else(|problem| panic!("{}: {problem:?}", p.code));
            assert_eq!(filed.answer_by, Instant::parse_rfc3339("2026-11-25T09:00:00+07:00").unwrap());
            let kept = world.answers(&filed).await;
            assert!(kept.len() >= 5, "{}", p.code);
            for (field, _) in p.form.as_ref().unwrap().communes(&kept) {
                let text = kept[&field]["text"].as_str().unwrap();
                assert!(text.contains(&world.commune.2), "{}: {text}", p.code);
            }
            codes.push((p.code.as_str(), papers));
        }
        assert_eq!(codes.len(), 13, "{codes:?}");
        assert!(codes.iter().any(|(_, papers)| *papers > 1));
    });
}

#[test]
fn an_address_in_no_commune_of_the_tree_is_refused_by_name() {
    both(async |t| {
        let world = world(&t).await;
        let p = model::newest().into_iter().find(|p| p.code == "1.004194").unwrap();
        let mut filing = world.filing(p);
        filing.answers["lodging"]["unit"] = json!("99999@2018-01-01");
        // The words of an address are the program's own, whatever was sent.
        filing.answers["lodging"]["text"] = json!("Nơi không có");
        let refused = world.file(filing).await.unwrap_err();
        assert!(format!("{refused:?}").contains("lodging.unit"), "{refused:?}");
    });
}

#[test]
fn a_row_without_its_name_is_refused_with_its_row() {
    both(async |t| {
        let world = world(&t).await;
        let p = model::newest().into_iter().find(|p| p.code == "1.011607").unwrap();
        let mut filing = world.filing(p);
        filing.answers["members"] = json!([
            { "name": "Nguyễn Thị Lan", "birth_year": 1990, "sex": "female", "relation": "Chủ hộ" },
            { "birth_year": 2015, "sex": "male", "relation": "Con" },
        ]);
        let refused = world.file(filing).await.unwrap_err();
        assert!(format!("{refused:?}").contains("answers.members.1.name"), "{refused:?}");
    });
}
