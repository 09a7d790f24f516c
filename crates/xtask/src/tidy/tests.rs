//! Each rule on a small sample that breaks it, so that no rule is a rule in name only; and the
//! house itself, which breaks none.

use super::*;

/// The rules that the sample breaks, as `line rule`.
fn rust(file: &str, text: &str) -> Vec<String> {
    let rules = rules().expect("tidy.toml");
    let mut findings = Findings::default();
    text::check(file, text, &rules, &mut findings);
    rust::check(file, text, &rules, &mut findings);
    findings.0.iter().map(|f| format!("{} {}", f.line, f.rule)).collect()
}

fn template(text: &str) -> Vec<String> {
    let mut findings = Findings::default();
    template::check("crates/web/templates/x.html", text, &mut findings);
    findings.0.iter().map(|f| format!("{} {}", f.line, f.rule)).collect()
}

#[test]
fn the_house_is_tidy() {
    let findings = check(&root()).expect("the rules can be checked");
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "\n{}", said.join("\n"));
}

#[test]
fn long_files_lines_and_functions_are_found() {
    assert_eq!(rust("a/b.rs", &"\n".repeat(801)), ["801 801 lines in a file of at most 800"]);
    let wide = format!("// {}\n", "ơ".repeat(108));
    assert_eq!(rust("a/b.rs", &wide), ["1 111 columns in a line of at most 110"]);
    let body = |lines: usize| format!("/// Long.\nfn f() {{\n{}}}\n", "    g();\n".repeat(lines));
    assert_eq!(rust("a/b.rs", &body(68)), [""; 0]);
    assert_eq!(rust("a/b.rs", &body(69)), ["2 71 lines in `f`, a function of at most 70"]);
    assert_eq!(rust("a/b.rs", "trait T { fn f(&self); }\n type F = fn(u8);"), [""; 0]);
}

#[test]
fn forbidden_words_are_found_in_macros_and_not_in_comments_or_strings() {
    assert_eq!(rust("a/b.rs", "// x.unwrap()\nfn f() { say(\".unwrap()\"); }"), [""; 0]);
    assert_eq!(rust("a/b.rs", "fn f() {\n g!(x.unwrap());\n}"), ["2 says `.unwrap()`"]);
    assert_eq!(rust("a/b.rs", "fn f() { todo!() }"), ["1 says `todo!`"]);
    assert_eq!(rust("a/b.rs", "fn f() { std::time::SystemTime::now(); }"), ["1 says `SystemTime::now`"]);
    assert_eq!(rust("crates/base/src/clock.rs", "fn f() { SystemTime::now(); }"), [""; 0]);
    assert_eq!(rust("a/tests.rs", "fn f() { thread::sleep(d); }"), ["1 says `thread::sleep`"]);
}

#[test]
fn tests_may_unwrap_and_may_not_sleep_or_be_ignored() {
    let sample = "#[cfg(test)]\nmod tests {\n fn f() { x.unwrap(); }\n}\nfn g() { x.unwrap(); }";
    assert_eq!(rust("a/b.rs", sample), ["5 says `.unwrap()`"]);
    assert_eq!(rust("a/b.rs", "#[tokio::test]\nasync fn f() { x.unwrap(); }"), [""; 0]);
    assert_eq!(rust("a/b.rs", "#[cfg(not(test))]\nfn f() { x.unwrap(); }"), ["2 says `.unwrap()`"]);
    assert_eq!(rust("a/tests.rs", "fn f() { tokio::time::sleep(d); }"), ["1 says `time::sleep`"]);
    assert_eq!(rust("a/b.rs", "fn f() { tokio::time::sleep(d); }"), [""; 0]);
    assert_eq!(rust("a/tests.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"), ["2 says `#[ignore`"]);
}

#[test]
fn vietnamese_words_stay_out_of_code() {
    let code = "/// Hồ sơ.\nfn f() { say(\"Hồ sơ\"); }";
    assert_eq!(rust("crates/web/src/a.rs", code), ["2 Vietnamese words in code"]);
    assert_eq!(rust("crates/web/src/a.rs", "fn f() { say(r#\"TIẾP NHẬN\"#); }").len(), 1);
    for file in ["crates/web/src/tests.rs", "crates/directory/src/seed/names.rs", "crates/suite/src/a.rs"] {
        assert_eq!(rust(file, code), [""; 0], "{file}");
    }
}

#[test]
fn rules_are_pure_and_stores_know_no_http() {
    let rules = "crates/onestop/src/dossier/rules.rs";
    assert_eq!(rust(rules, "use db::Tx;\nasync fn f() {}"), ["2 says `async`", "1 says `db::`"]);
    assert_eq!(rust("crates/onestop/src/dossier/store.rs", "use axum::Json;"), ["1 says `axum::`"]);
    assert_eq!(rust("crates/onestop/src/dossier/pages.rs", "use axum::Json;"), [""; 0]);
}

#[test]
fn inline_style_and_script_are_found_in_pages_and_in_code() {
    assert_eq!(template("<p>\n<b class='a' style=\"x\">"), ["2 inline `style=` on <b>"]);
    assert_eq!(template("<a title=\"a > b\" onclick=\"f()\">"), ["1 inline `onclick=` on <a>"]);
    assert_eq!(template("<script>f()</script>"), ["1 an inline <script>"]);
    assert_eq!(template("<style>p {}</style>"), ["1 an inline <style>"]);
    let fine = "{% if a < b %}<script type=\"module\" src=\"{{ x }}\"></script>{% endif %}";
    assert_eq!(template(fine), [""; 0]);
    assert_eq!(template("<p class=\"style=\" data-style=\"a\">{{ \"<b style=1>\" }}"), [""; 0]);
    let code = "fn f() { say(\"<p style=\\\"x\\\">\"); }";
    assert_eq!(rust("a/b.rs", code), ["1 inline style or script"]);
}

#[test]
fn machine_paths_and_registries_are_found() {
    assert_eq!(rust("a/b.rs", "// see /home/an/notes\n"), ["1 says `/home/`"]);
    assert_eq!(rust("peers/package-lock.json", "1\n\"resolved\": 2"), ["2 says `\"resolved\":`"]);
}

#[test]
fn an_edge_upwards_between_systems_or_to_a_forbidden_crate_is_found() {
    let rules = rules().expect("tidy.toml");
    let package = |name: &str, uses: &[&str]| floors::Package {
        name: name.into(),
        uses: uses.iter().map(ToString::to_string).collect(),
    };
    let packages = [
        package("base", &["jiff", "tokio"]),
        package("db", &["base", "web"]),
        package("web", &["base", "db"]),
        package("onestop", &["web", "mail"]),
        package("mail", &["suite"]),
        package("suite", &["mail", "web"]),
        package("extra", &[]),
    ];
    let mut findings = Findings::default();
    floors::check(&packages, &rules, &mut findings);
    let said: Vec<&str> = findings.0.iter().map(|f| f.rule.as_str()).collect();
    let expected = [
        "base must not know tokio",
        "db uses web, which stands after it",
        "the systems onestop and mail know each other",
        "mail uses suite, which stands aside",
        "a crate without a floor",
    ];
    assert_eq!(said, expected);
}
