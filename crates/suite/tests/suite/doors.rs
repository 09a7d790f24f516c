//! The doors by which people come in: the front page, the catalogue, what happens in a life, an agency; and
//! how heavy they are on a bad line.

use db::testing::{TestDb, both, on_sqlite};
use db::{Tx, args};
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, says};
use crate::thirteen::unit_id;

/// The most that a first page may weigh, in bytes of HTML.
const PAGE_BYTES_MAX: usize = 60 * 1024;

/// Opens a page, and notes it where it is too heavy.
async fn weighs(who: &mut Person, path: &str, heavy: &mut Vec<String>) {
    let bytes = who.opens(path).await.expect(200).body.len();
    if bytes > PAGE_BYTES_MAX {
        heavy.push(format!("{path}: {bytes} bytes"));
    }
}

/// Somebody who may file in this province.
async fn a_citizen(town: &Town) -> String {
    let read = async |tx: &mut Tx| {
        let sql = "select login from account
                    where kind = 'citizen' and confirmed_at is not null and password_hash is not null
                    order by login limit 1";
        tx.get::<String>(sql, args![]).await
    };
    town.opened.site.db.read(read).await.expect("a demonstration has citizens")
}

/// Begins a draft at the first unit that is offered; its address.
async fn begins(who: &mut Person, code: &str) -> String {
    let page = who.opens(&format!("/nop-ho-so/{code}")).await.expect(200).text();
    let radio = page.split("name=\"unit\"").nth(1).expect("a unit is offered");
    let unit = radio.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("it has a code");
    let answer = who.submits("Bắt đầu điền hồ sơ", &[("unit", unit)]).await.expect(303);
    answer.header("location").to_string()
}

async fn every_page(t: &TestDb, province: &str) {
    let town = Town::in_province(t, province).await;
    let mut heavy = Vec::new();
    let mut stranger = town.stranger();
    for path in ["/", "/thu-tuc", "/viec-trong-doi", "/viec-trong-doi/sinh-con", "/co-quan", "/tra-cuu"] {
        weighs(&mut stranger, path, &mut heavy).await;
    }
    let login = a_citizen(&town).await;
    let mut who = browser(&town, &login).await;
    let online: Vec<_> = onestop::procedures().into_iter().filter(|p| p.is_online()).collect();
    assert_eq!(online.len(), 13);
    for p in online {
        weighs(&mut stranger, &format!("/thu-tuc/{}", p.code), &mut heavy).await;
        weighs(&mut who, &format!("/nop-ho-so/{}", p.code), &mut heavy).await;
        let draft = begins(&mut who, &p.code).await;
        let form = p.form.as_ref().expect("it can be filed online");
        for page in &form.pages {
            weighs(&mut who, &format!("{draft}/{}", page.id), &mut heavy).await;
        }
        weighs(&mut who, &format!("{draft}/giay-to"), &mut heavy).await;
    }
    assert_eq!(heavy, Vec::<String>::new(), "{province}");
}

#[test]
fn no_first_page_weighs_more_than_60_kb_of_html_with_districts() {
    on_sqlite(async |t| every_page(&t, "vinh-long").await);
}

#[test]
fn no_first_page_weighs_more_than_60_kb_of_html_without_districts() {
    on_sqlite(async |t| every_page(&t, "vinh-long-2025").await);
}

#[test]
fn what_happens_in_a_life_and_an_agency_lead_to_their_procedures() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.stranger();
        an.opens("/").await.expect(200);
        says(&an, "Theo việc trong đời");
        let birth = an.link("Sinh con");
        an.opens(&birth).await.expect(200);
        for words in ["Làm một lần cả khai sinh", "Đăng ký khai sinh", "Giải quyết hưởng chế độ thai sản"]
        {
            says(&an, words);
        }
        let text = an.page().text();
        let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words:?}"));
        assert!(at("Liên thông thủ tục hành chính về đăng ký khai sinh") < at("Giải quyết hưởng chế độ"));
        an.opens(&an.link("Đăng ký khai sinh")).await.expect(200);
        says(&an, "1.001193");
        an.opens("/viec-trong-doi/khong-co").await.expect(404);

        an.opens("/").await.expect(200);
        an.opens(&an.link("Tìm theo cơ quan")).await.expect(200);
        an.opens("/co-quan?q=phuoc+hau").await.expect(200);
        an.opens(&an.link("Xã Phước Hậu")).await.expect(200);
        says(&an, "Ủy ban nhân dân xã Phước Hậu");
        says(&an, "Đăng ký khai sinh");
        an.opens(&an.link("Đặt lịch đến quầy")).await;
        an.opens("/co-quan?q=khong+co+noi+nay").await.expect(200);
        says(&an, "Không có cơ quan nào khớp");
        an.opens("/co-quan/khong-co").await.expect(404);
    });
}

/// A commune of old, `name`, that ended in 2019 and to whose place these have come.
async fn ended(town: &Town, code: &'static str, name: &'static str, heirs: &'static [&'static str]) {
    let write = async move |tx: &mut Tx| -> db::Result<()> {
        tx.change_one(
            "insert into unit (id, code, valid_from, valid_to, name, name_folded, kind, level, territory,
                               parent, invented, position)
             select $1, $2, '2018-01-01', '2019-12-31', $3, $4, kind, level, territory, parent, 1, position
               from unit where code = '29596'",
            args![format!("{code}@2018-01-01"), code, name, base::text::fold(name)],
        )
        .await?;
        for heir in heirs {
            tx.change_one(
                "insert into unit_successor (unit, successor, fallback) values ($1, $2, 0)",
                args![format!("{code}@2018-01-01"), *heir],
            )
            .await?;
        }
        Ok(())
    };
    town.opened.site.db.upkeep(write).await.expect("the store answers");
}

/// The lodging page of a residence draft, with this commune typed; where it leads.
async fn lodges(who: &mut Person, commune: &str) -> u16 {
    let draft = begins(who, "1.004194").await;
    let p = onestop::procedures().into_iter().find(|p| p.code == "1.004194").expect("it is there");
    let form = p.form.as_ref().expect("it has a form");
    let page = form.pages.iter().find(|page| page.has("lodging")).expect("it asks where one lodges");
    who.opens(&format!("{draft}/{}", page.id)).await.expect(200);
    let typed = [("lodging.unit", commune), ("lodging.line", "Ấp Phước Lợi")];
    who.submits("Lưu và tiếp tục", &typed).await.status
}

#[test]
fn an_address_by_an_old_name_goes_to_who_took_over_or_asks_which() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (near, far) = ("29596", "29599");
        ended(&town, "99001", "Xã Cũ Một", &["29596"]).await;
        ended(&town, "99002", "Xã Cũ Hai", &["29596", "29599"]).await;
        let mut an = browser(&town, CITIZEN).await;
        assert_ne!(unit_id(&town, near).await, unit_id(&town, far).await);

        // Typed by its name, and divided since: asked on that very page.
        lodges(&mut an, "xa cu hai").await;
        says(&an, "Nơi này nay thuộc");
        says(&an, "Xã Phước Hậu");
        // One took over: nobody asks anything about the place.
        lodges(&mut an, "Xã Cũ Một").await;
        assert!(!an.page().text().contains("Nơi này nay thuộc"));
        let kept = async |tx: &mut Tx| {
            let sql = "select answers from draft order by created_at desc, id desc limit 1";
            tx.get::<String>(sql, args![]).await
        };
        let kept = town.opened.site.db.read(kept).await.expect("the store answers");
        assert!(kept.contains("99001@2018-01-01") && kept.contains("Xã Cũ Một"), "{kept}");

        // Filed by that name, the present commune settles it.
        let (code, agency) = files_lodging(&town, "99001@2018-01-01").await;
        assert!(agency.starts_with("29596-UBND"), "{code} went to {agency}");
        let refused = tries_lodging(&town, "99002@2018-01-01").await.expect(422).text();
        assert!(refused.contains("Nơi này nay thuộc"), "{refused}");
        // What only looks like a commune is refused as ever.
        lodges(&mut an, "Xã Không Có").await;
        says(&an, "Chọn xã, phường, thị trấn trong danh sách.");
    });
}

async fn tries_lodging(town: &Town, commune: &str) -> suite::person::Answer {
    let p = onestop::procedures().into_iter().find(|p| p.code == "1.004194").expect("it is there");
    let form = p.form.as_ref().expect("it has a form");
    let today = town.opened.site.clock.today();
    let mut dice = onestop::simulate::people::Dice::of(11, 3);
    let mut who = onestop::simulate::people::person(&mut dice);
    who.number = CITIZEN.into();
    let mut answers =
        onestop::simulate::people::answers(form, &who, &mut dice, today).expect("the form can be answered");
    let here = unit_id(town, COMMUNE).await;
    for (field, _) in form.communes(&answers) {
        answers[&field]["unit"] = serde_json::json!(here);
    }
    answers["lodging"]["unit"] = serde_json::json!(commune);
    let mut citizen = town.token(CITIZEN).await;
    let mut files = Vec::new();
    for paper in p.components_for(&answers).into_iter().filter(|c| c.required && !c.by_form) {
        let upload = uploads(&mut citizen, &paper.name).await;
        files.push(serde_json::json!({ "component": paper.id, "upload": upload }));
    }
    let body = serde_json::json!({
        "procedure": "1.004194", "unit": COMMUNE, "answers": answers, "uploads": files
    });
    citizen.calls(axum::http::Method::POST, "/api/v1/dossiers", Some(&body)).await
}

/// Files it; its code and the agency that settles it.
async fn files_lodging(town: &Town, commune: &str) -> (String, String) {
    let filed = tries_lodging(town, commune).await.expect(201).json();
    let code = filed["code"].as_str().expect("a code").to_string();
    let asked = code.clone();
    let read = async move |tx: &mut Tx| {
        tx.get::<String>("select agency from dossier where code = $1", args![&asked]).await
    };
    (code, town.opened.site.db.read(read).await.expect("the store answers"))
}
