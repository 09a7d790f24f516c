//! Who may do what: every route against every role, as one table. A new route shows up here as a
//! new line, a forgotten check as a wrong number.

use axum::body::Bytes;
use axum::http::Method;
use db::testing::both;
use suite::person::Person;
use suite::routes::{Route, all};
use suite::town::people::*;
use suite::town::*;

/// The columns: nobody, then one person a role.
const ROLES: [(&str, &str); 9] = [
    ("nobody", ""),
    ("owner", CITIZEN),
    ("citizen", NEIGHBOUR),
    ("clerk", CLERK),
    ("records", RECORDS),
    ("officer", REGISTRAR),
    ("leader", CHAIRMAN),
    ("u-admin", UNIT_ADMIN),
    ("admin", ADMIN),
];

/// Pages that differ from one moment to the next, or that end what the test stands on.
pub const LEFT_OUT: [&str; 1] = ["/metrics"];

/// The path with real things in its holes: a procedure where one is meant, else the dossier.
pub fn filled(route: &Route, code: &str) -> String {
    let of_procedure = ["/thu-tuc/", "/api/v1/procedures/", "/nop-ho-so/{code}"];
    let meant = if of_procedure.iter().any(|p| route.path.starts_with(p)) { "1.001193" } else { code };
    route
        .path
        .replace("{code}", meant)
        .replace("{kind}", "slip")
        .replace("{step}", "tiep-nhan")
        .replace("{list}", "dang-xu-ly")
        .replace("{file}", "app.css")
        .replace("{lang}", "en")
        .replace("{id}", "29596-UBND@2018-01-01")
        .replace(['{', '}'], "")
}

async fn status(who: &mut Person, route: &Route, path: &str) -> u16 {
    let method: Method = route.method.parse().expect("a method of HTTP");
    let (kind, body) = match (route.method, path.starts_with("/api/")) {
        ("GET" | "DELETE" | "HEAD", _) => (None, Bytes::new()),
        (_, true) => (Some("application/json"), Bytes::from_static(b"{}")),
        (_, false) => (Some("application/x-www-form-urlencoded"), Bytes::new()),
    };
    who.sends(method, path, kind, body).await.status
}

#[test]
fn every_route_and_every_role() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut table = String::new();
        for route in all().iter().filter(|r| !LEFT_OUT.contains(&r.path.as_str())) {
            let path = filled(route, &code);
            table += &format!("{:<7}{:<58}", route.method, route.path);
            for (_, login) in ROLES {
                let mut who = if login.is_empty() { town.stranger() } else { town.token(login).await };
                table += &format!("{:>8}", status(&mut who, route, &path).await);
            }
            table += "\n";
        }
        let head: String = ROLES.iter().map(|(name, _)| format!("{name:>8}")).collect();
        golden("routes.golden", &format!("{:<65}{head}\n{table}", ""));
        town.delivers().await;
    });
}

/// Nobody who has not signed in gets further than the public pages: the rest sends to sign-in,
/// answers 401 (API), or does not exist.
#[test]
fn without_signing_in_only_public_pages_answer() {
    const PUBLIC: [&str; 31] = [
        "/",
        "/thu-tuc",
        "/thu-tuc/{code}",
        "/viec-trong-doi",
        "/viec-trong-doi/{event}",
        "/co-quan",
        "/co-quan/{code}",
        "/minh-bach",
        "/tra-cuu",
        "/kiem-tra-phieu",
        "/kiem-tra-chu-ky",
        "/nop-ho-so/{code}",
        "/phan-anh",
        "/phan-anh/gui",
        "/phan-anh/theo-doi",
        "/danh-gia",
        "/dang-nhap",
        "/dang-ky",
        "/giay-phep",
        "/giay-phep/{file}",
        "/api/openapi.json",
        "/api/v1/procedures",
        "/api/v1/procedures/{code}",
        "/api/v1/units",
        "/api/v1/statement-keys",
        "/api/v1/dossiers/{code}",
        "/healthz",
        "/pki/ocsp",
        "/pki/ocsp/{*request}",
        "/tai-nguyen/{file}",
        "/favicon.ico",
    ];
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        for route in all().iter().filter(|r| !LEFT_OUT.contains(&r.path.as_str())) {
            let path = filled(route, &code);
            let status = status(&mut town.stranger(), route, &path).await;
            let public = match route.method {
                "GET" => PUBLIC.contains(&route.path.as_str()),
                // Nothing but the language of pages changes; and what the signing service is, anybody may
                // ask.
                _ => ["/ngon-ngu/{lang}", "/csc/v1/info", "/csc/v2/info"].contains(&route.path.as_str()),
            };
            assert!(public || status != 200, "{} {} answers a stranger", route.method, route.path);
        }
    });
}

/// Compares with the file beside this one; `GOLDEN_WRITE=1` writes it anew.
fn golden(name: &str, printed: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite").join(name);
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        std::fs::write(&path, printed).expect("the golden table can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let changed: Vec<String> = printed
        .lines()
        .filter(|line| !kept.lines().any(|k| k == *line))
        .map(|line| format!("+ {line}"))
        .chain(kept.lines().filter(|k| !printed.lines().any(|l| l == *k)).map(|k| format!("- {k}")))
        .collect();
    assert!(
        changed.is_empty(),
        "{name} has changed (GOLDEN_WRITE=1 writes it anew):\n{}",
        changed.join("\n")
    );
}
