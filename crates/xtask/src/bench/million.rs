//! The figures of a full province: as many dossiers as asked for, grown by the rules themselves, then
//! asked of like any others. `cargo x bench --dossiers 1000000 [--postgres]`.

use super::demo::Demo;
use super::filing::{accounts, sign_in, with_role};
use super::http::Line;
use super::load::Times;
use super::{CONNECTIONS, Figure, Plan, Tools, filing, wrk};
use crate::postgres::Cluster;
use crate::shell::{Outcome, seconds};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Requests a second at half of which the latency of the front page is taken.
const HOME_PER_SECOND: f64 = 5_000.0;

/// Grows the province, starts it, and measures what it answers.
pub(super) fn measure(plan: &Plan, tools: &Tools, folder: &Path) -> Outcome<Vec<Figure>> {
    let cluster = plan.postgres.then(Cluster::start_durable).transpose()?;
    let database = cluster.as_ref().map(Cluster::url).unwrap_or_default();
    let data = folder.join("million");
    let mut figures = vec![grow(plan, tools, &data, &database)?];

    let starting = Instant::now();
    let demo = Demo::start_on(&tools.product, &data, &database)?;
    let started = format!("{:.2} s", starting.elapsed().as_secs_f64());
    figures.push(one("start, to the first answer", started, "target < 2 s"));
    let first = Instant::now();
    Line::open(demo.port)?.raw_answer("/")?;
    figures.push(one("the first home page after a start", seconds(first), "1 request"));
    figures.push(one("resident at rest", megabytes(demo.resident_kb("VmRSS")), "< 200 MB"));

    let desk = Desk::open(&demo, &data)?;
    figures.extend(home(plan, &demo)?);
    figures.push(tracking(plan, tools, folder, &demo, &desk.codes)?);
    for (what, target, paths) in desk.pages() {
        let times = plan.load().gets_as(demo.port, &desk.token, &paths)?;
        figures.push(p95(&format!("{what}, p95"), &times, target, plan));
    }
    figures.extend(reports(&demo, &data)?);
    let times = filing::rate(plan, &data, &demo)?;
    let paced = filing_at_half(plan, &data, &demo, times.rate())?;
    let highest = megabytes(demo.resident_kb("VmHWM"));
    demo.stop()?;
    let lite = data.join("cuulong.sqlite").to_string_lossy().to_string();
    let database = if plan.postgres { &database } else { &lite };
    figures.push(filing::beside_raw(plan, tools, folder, database, &times)?);
    figures.push(paced);
    figures.push(one("resident at its highest, after all this", highest, "-"));
    Ok(figures)
}

fn grow(plan: &Plan, tools: &Tools, data: &Path, database: &str) -> Outcome<Figure> {
    // The province and its people first: only the dossiers are timed.
    Demo::start_on(&tools.product, data, database)?.stop()?;
    let mut command = Command::new(&tools.product);
    command.args(["seed", "--dossiers", &plan.dossiers.to_string(), "--data"]).arg(data);
    if !database.is_empty() {
        command.args(["--database", database]);
    }
    let said = command.stderr(Stdio::null()).output().map_err(|e| format!("cannot seed: {e}"))?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_string();
    println!("{said}");
    let took: f64 = said
        .rsplit(' ')
        .nth(1)
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| format!("the seeding said {said:?}"))?;
    Ok(Figure {
        what: "seeding dossiers by the rules".into(),
        product: format!("{:.0}/s", plan.dossiers as f64 / took),
        raw: "-".into(),
        ratio: None,
        load: format!("{said}; target ≥ 10,000/s"),
    })
}

fn home(plan: &Plan, demo: &Demo) -> Outcome<Vec<Figure>> {
    let rate = wrk(plan, demo.port, "/", None)?.rate;
    let times = plan.load().paced(HOME_PER_SECOND / 2.0, |_| {
        let mut line = Line::open(demo.port)?;
        Ok(move || line.get("/")?.good())
    })?;
    let (warm_up, spent) = (plan.warm_up(), plan.seconds);
    let load = format!("wrk, {CONNECTIONS} connections, warm-up {warm_up} s, {spent} s; target ≥ 5,000/s");
    let slow = format!("{:.0}/s asked for, n = {}; target < 20 ms", HOME_PER_SECOND / 2.0, times.count());
    Ok(vec![
        one("home page", format!("{rate:.0}/s"), &load),
        one("home page at half that target, p99", format!("{:.2} ms", times.at(99)), &slow),
    ])
}

fn tracking(plan: &Plan, tools: &Tools, folder: &Path, demo: &Demo, codes: &[String]) -> Outcome<Figure> {
    let paths: Vec<String> = codes.iter().map(|code| format!("/tra-cuu?ma={code}")).collect();
    let times = plan.load().gets(demo.port, &paths)?;
    let file = folder.join("tracked");
    std::fs::write(&file, Line::open(demo.port)?.raw_answer(&paths[0])?).map_err(|e| e.to_string())?;
    let server = super::demo::RawServer::start(&tools.raw, &file)?;
    let raw = plan.load().gets(server.port, &paths)?;
    Ok(Figure {
        what: "tracking by code".into(),
        product: format!("{:.0}/s (p95 {:.2} ms)", times.rate(), times.p95_ms()),
        raw: format!("{:.0}/s", raw.rate()),
        ratio: Some(times.rate() / raw.rate()),
        load: format!("{} codes, {}; target ≥ 3,000/s", codes.len(), said(plan, &times)),
    })
}

/// What the clerk of the demonstration's counter sees.
struct Desk {
    token: String,
    codes: Vec<String>,
    names: Vec<String>,
    numbers: Vec<String>,
}

impl Desk {
    /// Signs in and reads a few hundred lines of the counter's lists.
    fn open(demo: &Demo, data: &Path) -> Outcome<Desk> {
        let token = sign_in(demo.port, with_role(&accounts(data)?, "counter_clerk")?)?;
        let mut desk = Desk { token, codes: Vec::new(), names: Vec::new(), numbers: Vec::new() };
        let mut line = Line::open(demo.port)?;
        for list in ["waiting", "processing", "done"] {
            let mut cursor = String::new();
            for _ in 0..10 {
                let path = format!("/api/v1/desk?list={list}{cursor}");
                let answer = line.get_as(&desk.token, &path)?.json(200)?;
                for item in answer["items"].as_array().into_iter().flatten() {
                    desk.codes.extend(item["code"].as_str().map(str::to_string));
                }
                match answer["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={}", next.replace(':', "%3A")),
                    None => break,
                }
            }
        }
        if desk.codes.is_empty() {
            return Err("the demonstration's counter has no dossiers".into());
        }
        for code in desk.codes.iter().step_by(desk.codes.len().div_ceil(20)) {
            let dossier = line.get_as(&desk.token, &format!("/api/v1/dossiers/{code}"))?.json(200)?;
            let text = |key: &str| dossier["applicant"][key].as_str().unwrap_or_default().to_string();
            desk.names.push(text("name"));
            desk.numbers.push(text("number"));
        }
        Ok(desk)
    }

    /// The pages asked for: what, its target, and the paths in turn.
    fn pages(&self) -> Vec<(&'static str, &'static str, Vec<String>)> {
        let search = |words: &[String]| -> Vec<String> {
            words.iter().filter(|w| !w.is_empty()).map(|w| format!("/mot-cua/tim?q={}", plain(w))).collect()
        };
        let lists = ["cho-tiep-nhan", "dang-xu-ly", "sap-den-han", "qua-han", "da-xong"];
        vec![
            ("work list of a unit", "< 30 ms", lists.map(|l| format!("/mot-cua/{l}")).to_vec()),
            ("dossier page", "< 30 ms", self.codes.iter().map(|c| format!("/mot-cua/ho-so/{c}")).collect()),
            ("search by name without marks", "< 50 ms", search(&self.names)),
            ("search by personal number", "< 50 ms", search(&self.numbers)),
            ("search by code, to the redirect", "< 50 ms", search(&self.codes)),
        ]
    }
}

/// A name as somebody types it in haste: small letters, no marks.
fn plain(name: &str) -> String {
    let folded: String = name.chars().map(unmarked).collect();
    folded.replace(' ', "%20")
}

/// The bare letter of a Vietnamese one.
fn unmarked(letter: char) -> char {
    const GROUPS: [(&str, char); 7] = [
        ("àáảãạăằắẳẵặâầấẩẫậ", 'a'),
        ("èéẻẽẹêềếểễệ", 'e'),
        ("ìíỉĩị", 'i'),
        ("òóỏõọôồốổỗộơờớởỡợ", 'o'),
        ("ùúủũụưừứửữự", 'u'),
        ("ỳýỷỹỵ", 'y'),
        ("đ", 'd'),
    ];
    let small = letter.to_lowercase().next().unwrap_or(letter);
    GROUPS.iter().find(|(group, _)| group.contains(small)).map_or(small, |(_, bare)| *bare)
}

/// The report of the year over the whole province, and a list of a hundred thousand lines as XLSX.
fn reports(demo: &Demo, data: &Path) -> Outcome<Vec<Figure>> {
    let accounts = accounts(data)?;
    // The leader who sits where the province's administrator does sees all of it.
    let unit = &with_role(&accounts, "admin")?["unit_code"];
    let there: Vec<_> = accounts.iter().filter(|a| a["unit_code"] == *unit).cloned().collect();
    let token = sign_in(demo.port, with_role(&there, "leader")?)?;
    let mut line = Line::open(demo.port)?;
    let span = "tu=2025-01&den=2026-12";
    let mut worst = 0.0_f64;
    for by in ["don-vi", "linh-vuc", "thu-tuc", "thang", "kenh"] {
        let asked = Instant::now();
        let answer = line.get_as(&token, &format!("/bao-cao?{span}&theo={by}"))?;
        if answer.status != 200 {
            return Err(format!("the report by {by} answers {}", answer.status));
        }
        worst = worst.max(asked.elapsed().as_secs_f64());
    }
    let before = demo.forget_peak();
    let asked = Instant::now();
    // Three months of a million over two years are some 125,000 lines.
    let quarter = "tu=2026-07&den=2026-09&o=received&dang=xlsx";
    let sheet = line.get_as(&token, &format!("/bao-cao/ho-so/xuat?{quarter}"))?;
    let took = asked.elapsed().as_secs_f64();
    let grown = demo.resident_kb("VmHWM").saturating_sub(before);
    let size = sheet.body.len();
    if sheet.status != 200 {
        return Err(format!("the list answers {}", sheet.status));
    }
    let load = format!("{size} bytes, the usual columns; target < 60 s, < 100 MB more");
    let worst = format!("{worst:.2} s");
    Ok(vec![
        one("report of the province, the slowest of five cuts", worst, "two years; target < 2 s"),
        one("list of a quarter's dossiers as XLSX", format!("{took:.1} s, {} more", megabytes(grown)), &load),
    ])
}

/// The latency of filing at half the rate that was reached.
fn filing_at_half(plan: &Plan, data: &Path, demo: &Demo, rate: f64) -> Outcome<Figure> {
    let times = filing::paced(plan, data, demo, rate / 2.0)?;
    let load = format!("{:.0}/s asked for, n = {}; target < 150 ms", rate / 2.0, times.count());
    Ok(one("filing at half that rate, p95", format!("{:.0} ms", times.p95_ms()), &load))
}

fn p95(what: &str, times: &Times, target: &str, plan: &Plan) -> Figure {
    one(what, format!("{:.2} ms", times.p95_ms()), &format!("{}; target {target}", said(plan, times)))
}

fn said(plan: &Plan, times: &Times) -> String {
    format!("{CONNECTIONS} connections, warm-up {} s, n = {}", plan.warm_up(), times.count())
}

fn one(what: &str, product: String, load: &str) -> Figure {
    Figure { what: what.into(), product, raw: "-".into(), ratio: None, load: load.into() }
}

fn megabytes(kb: u64) -> String {
    format!("{:.0} MB", kb as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_typed_without_its_marks() {
        assert_eq!(super::plain("Đặng Thị Hữu Nghĩa"), "dang%20thi%20huu%20nghia");
    }
}
