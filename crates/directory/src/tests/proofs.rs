//! Who may call what: every route of this crate, and every proof, against every role.

use axum::Router;
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use db::Tx;
use db::testing::both;
use web::Site;

use super::{Person, as_person, site};
use crate::account::store;
use crate::{
    Admin, AnyOfficial, Citizen, CounterClerk, Leader, Officer, PostId, ROUTES, RecordsClerk, Role,
    UnitAdmin, UnitId, Viewer,
};

/// One of each role, by login.
const PEOPLE: [(&str, &str); 8] = [
    ("visitor", ""),
    ("citizen", "086090123456"),
    ("counter_clerk", "motcua.phuochau"),
    ("records_clerk", "vanthu.phuochau"),
    ("officer", "tuphap.phuochau"),
    ("leader", "chutich.phuochau"),
    ("unit_admin", "quantri.phuochau"),
    ("admin", "quantri.tinh"),
];

/// `-` not signed in, `x` forbidden, `o` let in.
fn mark(status: StatusCode, location: &str) -> char {
    match status {
        StatusCode::UNAUTHORIZED => '-',
        StatusCode::SEE_OTHER if location.starts_with("/dang-nhap?ve=") => '-',
        StatusCode::FORBIDDEN => 'x',
        s if s.is_server_error() => panic!("{s}"),
        _ => 'o',
    }
}

#[test]
fn every_route_against_every_role() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut table = String::new();
        for (method, path, who) in ROUTES {
            let mut line = String::new();
            for (_, login) in PEOPLE {
                let mut person =
                    if login.is_empty() { Person::new(&site) } else { as_person(&site, login).await };
                let path = path
                    .replace("/don-vi/{id}", "/don-vi/29596-VP@2018-01-01")
                    .replace("{id}", "0193f0a0-7b1c-7def-8abc-0123456789ab")
                    .replace("{post}", "0193f0a0-7b1c-7def-8abc-0123456789ab");
                let answer = if *method == "POST" && !path.starts_with("/api/") {
                    person.post("/tai-khoan", &path, &[]).await
                } else {
                    let request = Request::builder().method(*method).uri(&path);
                    let request = request.header(header::ORIGIN, "http://cuulong.test");
                    person.send(request, String::new()).await
                };
                line.push(mark(answer.status, answer.header(header::LOCATION)));
            }
            let expected = match *who {
                "everybody" => "oooooooo",
                "viewer" => "-ooooooo",
                "keeper" => "-xxxxxoo",
                "admin" => "-xxxxxxo",
                other => panic!("unknown: {other}"),
            };
            assert_eq!(line, expected, "{method} {path}");
            table.push_str(&format!("{line}  {method} {path}\n"));
        }
        assert_eq!(table.lines().count(), ROUTES.len());
    });
}

fn proofs(site: &Site) -> Router {
    Router::new()
        .route("/viewer", get(|_: Viewer| async { "o" }))
        .route("/citizen", get(|_: Citizen| async { "o" }))
        .route("/any_official", get(|_: AnyOfficial| async { "o" }))
        .route("/counter_clerk", get(|_: CounterClerk| async { "o" }))
        .route("/records_clerk", get(|_: RecordsClerk| async { "o" }))
        .route("/officer", get(|p: Officer| async move { p.unit().to_string() }))
        .route("/leader", get(|_: Leader| async { "o" }))
        .route("/unit_admin", get(|_: UnitAdmin| async { "o" }))
        .route("/admin", get(|_: Admin| async { "o" }))
        .route(
            "/act",
            get(|State(site): State<Site>, p: CounterClerk| async move {
                format!("{:?}", p.act("test.look", "", site.clock.now()).office)
            }),
        )
        .with_state(site.clone())
}

#[test]
fn every_proof_against_every_role() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut table = String::new();
        for (name, login) in PEOPLE {
            let mut person = Person::on(&site, proofs(&site));
            if !login.is_empty() {
                person.cookie = as_person(&site, login).await.cookie;
            }
            let mut line = String::new();
            for proof in [
                "viewer",
                "citizen",
                "any_official",
                "counter_clerk",
                "records_clerk",
                "officer",
                "leader",
                "unit_admin",
                "admin",
            ] {
                let answer = person.get(&format!("/{proof}")).await;
                line.push(mark(answer.status, answer.header(header::LOCATION)));
            }
            table.push_str(&format!("{name:<14}{line}\n"));
        }
        // quantri.phuochau holds a second post, as an officer
        let expected = "\
visitor       ---------
citizen       ooxxxxxxx
counter_clerk oxooxxxxx
records_clerk oxoxoxxxx
officer       oxoxxoxxx
leader        oxoxxxoxx
unit_admin    oxoxxoxox
admin         oxoxxxxxo
";
        assert_eq!(table, expected);
        let mut clerk = Person::on(&site, proofs(&site));
        clerk.cookie = as_person(&site, "motcua.phuochau").await.cookie;
        assert_eq!(clerk.get("/act").await.body, r#"Some("29596-MC@2018-01-01")"#);
    });
}

#[test]
fn of_two_posts_with_one_role_the_chosen_one_acts_else_the_older() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let today = site.clock.today();
        let second: PostId =
            t.db.write(t.act(), async move |tx: &mut Tx| -> db::Result<PostId> {
                let secret = store::find_secret(tx, "tuphap.phuochau").await?.unwrap();
                let unit = UnitId::from("29596-DC@2018-01-01");
                store::insert_post(tx, secret.id, &unit, Role::Officer, "Công chức Địa chính", today).await
            })
            .await
            .unwrap();
        let mut kiet = Person::on(&site, proofs(&site));
        kiet.cookie = as_person(&site, "tuphap.phuochau").await.cookie;
        assert_eq!(kiet.get("/officer").await.body, "29596-TP@2018-01-01");
        assert_eq!(kiet.get(&format!("/officer?post={second}")).await.body, "29596-DC@2018-01-01");
        assert_eq!(kiet.get("/officer?post=khong-co").await.body, "29596-TP@2018-01-01");

        t.db.write(t.act(), async move |tx: &mut Tx| -> db::Result<()> {
            store::end_post(tx, second, today.plus(-1), 1).await.unwrap_err();
            Ok(())
        })
        .await
        .unwrap_err();
    });
}

#[test]
fn a_locked_account_is_nobody_at_once() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut linh = as_person(&site, "motcua.phuochau").await;
        assert_eq!(linh.get("/tai-khoan").await.status, StatusCode::OK);
        let now = site.clock.now();
        t.db.write(t.act(), async move |tx: &mut Tx| -> db::Result<()> {
            let secret = store::find_secret(tx, "motcua.phuochau").await?.unwrap();
            let mut account = store::get(tx, secret.id).await?;
            account.disabled_at = Some(now);
            let seen = account.version;
            store::update(tx, &account, seen).await
        })
        .await
        .unwrap();
        assert_eq!(linh.get("/tai-khoan").await.status, StatusCode::SEE_OTHER);
        let again = Person::new(&site).signs_in("motcua.phuochau", super::PASSWORD).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.body.contains("Tên đăng nhập hoặc mật khẩu không đúng."));
    });
}
