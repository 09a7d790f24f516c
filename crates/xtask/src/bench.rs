//! `cargo x bench`: the product's figures beside the machine's raw limits, taken in one run.
//!
//! A figure states its load: connections, warm-up, n, machine. "Raw" does only what cannot be
//! avoided: the same answer's bytes over the same loopback, the same files and rows made
//! durable. It is not a timed test; nothing fails because a machine is slow.

mod demo;
mod filing;
mod http;
mod load;
mod million;
mod peers;
#[cfg(feature = "raw")]
pub mod raw;
mod trust;

use crate::machine;
use crate::shell::{Outcome, Program, cargo, root, seconds, timed};
use demo::Demo;
use load::Load;
use std::path::{Path, PathBuf};
use std::time::Instant;
use trust::Rate;

/// How many connections ask at once, in every figure.
pub const CONNECTIONS: usize = 8;

/// What the command line asks for.
struct Plan {
    build: bool,
    only: Option<String>,
    /// Seconds of each measurement; the warm-up is a third of it.
    seconds: u64,
    /// How many dossiers the province is filled with; 0: the small figures, of an empty one.
    dossiers: u64,
    /// On PostgreSQL instead of SQLite; only with `dossiers`.
    postgres: bool,
}

impl Plan {
    fn read(words: &[String]) -> Outcome<Plan> {
        let mut plan = Plan { build: true, only: None, seconds: 30, dossiers: 0, postgres: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--skip-build" => plan.build = false,
                "--only" => plan.only = Some(value()?.clone()),
                "--seconds" => {
                    plan.seconds = value()?.parse().map_err(|_| "--seconds needs a whole number")?;
                }
                "--dossiers" => {
                    plan.dossiers = value()?.parse().map_err(|_| "--dossiers needs a whole number")?;
                }
                "--postgres" => plan.postgres = true,
                other => return Err(format!("`cargo x bench` does not know {other}")),
            }
        }
        Ok(plan)
    }

    fn wants(&self, figure: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == figure)
    }

    fn warm_up(&self) -> u64 {
        self.seconds.div_ceil(3)
    }

    fn load(&self) -> Load {
        Load { warm_up: self.warm_up(), seconds: self.seconds }
    }
}

/// One line of the table.
struct Figure {
    what: String,
    product: String,
    raw: String,
    ratio: Option<f64>,
    load: String,
}

impl Figure {
    fn row(&self) -> String {
        let ratio = self.ratio.map_or("-".into(), |ratio| format!("{ratio:.2}"));
        format!("| {} | {} | {} | {ratio} | {} |", self.what, self.product, self.raw, self.load)
    }
}

/// Measures everything, or what `--only` names, and prints the table.
pub fn run(words: &[String]) -> Outcome {
    #[cfg(feature = "raw")]
    if words.first().is_some_and(|word| word == "raw") {
        return raw::run(&words[1..]);
    }
    let plan = Plan::read(words)?;
    if !cfg!(feature = "raw") {
        return in_release(&plan, words);
    }
    let target = target_folder()?;
    let tools = Tools { product: target.join("cuulong"), raw: target.join("xtask") };
    let figures = measure(&plan, &tools)?;
    print_table(&figures);
    if plan.wants("statement") && root().join("crates/suite/examples/statement_cost.rs").exists() {
        cargo(&["run", "--release", "-p", "suite", "--example", "statement_cost"]).run()?;
    }
    Ok(())
}

/// Builds what is measured, and this program once more in release: a slow client on the same cores
/// would be counted as a slow product.
fn in_release(plan: &Plan, words: &[String]) -> Outcome {
    machine::ready_for_bench()?;
    if plan.build {
        timed("release build", || cargo(&["build", "--release", "-p", "cuulong"]).run())?;
        cargo(&["build", "--release", "-p", "xtask", "--features", "raw"]).run()?;
        if plan.wants("trust") {
            trust::build()?;
        }
    }
    let measuring = target_folder()?.join("xtask");
    if std::env::current_exe().is_ok_and(|me| me == measuring) {
        // it would start itself for ever
        let me = measuring.display();
        return Err(format!("{me} was built without --features raw: leave out --skip-build"));
    }
    Program::new(measuring).args(["bench"]).args(words).run()
}

/// The two release binaries: the product, and ourselves with the raw loops.
struct Tools {
    product: PathBuf,
    raw: PathBuf,
}

impl Tools {
    /// An example of a pure crate.
    fn example(&self, name: &str) -> PathBuf {
        self.raw.with_file_name("examples").join(name)
    }
}

fn measure(plan: &Plan, tools: &Tools) -> Outcome<Vec<Figure>> {
    let folder = std::env::temp_dir().join(format!("cuulong-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let figures = measure_in(&folder, plan, tools);
    let _ = std::fs::remove_dir_all(&folder);
    figures
}

fn measure_in(folder: &Path, plan: &Plan, tools: &Tools) -> Outcome<Vec<Figure>> {
    if plan.dossiers > 0 {
        return million::measure(plan, tools, folder);
    }
    if plan.only.as_deref() == Some("trust") {
        return trust::measure(plan, tools, folder);
    }
    let data = folder.join("data");
    let mut figures = Vec::new();
    let loading = Instant::now();
    Demo::start(&tools.product, &data)?.stop()?;
    println!("first start, province loaded: {}", seconds(loading));

    let starting = Instant::now();
    let demo = Demo::start(&tools.product, &data)?;
    let started = starting.elapsed();
    figures.push(Figure {
        what: "start on a loaded folder, to the first answer".into(),
        product: format!("{:.2} s", started.as_secs_f64()),
        raw: "-".into(),
        ratio: None,
        load: "1 start, the second on this folder".into(),
    });
    figures.push(alone("resident memory at rest", demo.resident_kb("VmRSS")));
    for (name, path, mark) in PAGES {
        if plan.wants(name) {
            figures.push(page(plan, tools, folder, &demo, path, mark)?);
        }
    }
    if plan.wants("search") {
        figures.extend(search(plan, tools, folder, &demo)?);
    }
    if plan.wants("filing") {
        let times = filing::rate(plan, &data, &demo)?;
        let database = data.join("cuulong.sqlite").to_string_lossy().to_string();
        figures.push(filing::beside_raw(plan, tools, folder, &database, &times)?);
    }
    figures.push(alone("resident memory at its highest, after all this", demo.resident_kb("VmHWM")));
    demo.stop()?;
    if plan.wants("trust") {
        figures.extend(trust::measure(plan, tools, folder)?);
    }
    Ok(figures)
}

/// Pages under wrk: the name for `--only`, the path, the words of the table.
const PAGES: [(&str, &str, &str); 1] = [("home", "/", "home page")];

fn alone(what: &str, kb: u64) -> Figure {
    let product = format!("{:.0} MB", kb as f64 / 1024.0);
    Figure { what: what.into(), product, raw: "-".into(), ratio: None, load: "-".into() }
}

/// Requests a second of one page, against a server that only sends the same bytes.
fn page(plan: &Plan, tools: &Tools, folder: &Path, demo: &Demo, path: &str, what: &str) -> Outcome<Figure> {
    let product = wrk(plan, demo.port, path, None)?;
    let answer = http::Line::open(demo.port)?.raw_answer(path)?;
    let file = folder.join("answer");
    std::fs::write(&file, &answer).map_err(|e| format!("cannot keep the answer: {e}"))?;
    let server = demo::RawServer::start(&tools.raw, &file)?;
    let raw = wrk(plan, server.port, path, None)?;
    Ok(Figure {
        what: format!("{what}, {} bytes", answer.len()),
        product: format!("{:.0}/s", product.rate),
        raw: format!("{:.0}/s", raw.rate),
        ratio: Some(product.rate / raw.rate),
        load: product.load,
    })
}

/// Runs wrk twice, warm-up and measurement, by a script if there is one; what the second gave.
fn wrk(plan: &Plan, port: u16, path: &str, script: Option<&Path>) -> Outcome<Rate> {
    let once = |seconds: u64| {
        let connections = CONNECTIONS.to_string();
        let mut wrk =
            Program::new("wrk").args(["-t2", "-c", &connections, "-d", &format!("{seconds}s"), "--latency"]);
        if let Some(script) = script {
            wrk = wrk.args([Path::new("-s"), script]);
        }
        wrk.args([format!("http://127.0.0.1:{port}{path}")]).output()
    };
    once(plan.warm_up())?;
    let said = once(plan.seconds)?;
    if said.contains("Non-2xx") {
        return Err(format!("{path} did not always answer 200:\n{said}"));
    }
    Rate::read(&said, plan.warm_up(), plan.seconds)
}

/// Words a citizen types: with marks, without, half, and nonsense.
const SEARCHES: [&str; 8] = [
    "dang%20ky%20khai%20sinh",
    "ch%E1%BB%A9ng%20th%E1%BB%B1c",
    "giay%20phep%20xay%20dung",
    "ho%20tich",
    "2.000815",
    "dat%20dai",
    "kinh%20doanh",
    "khong%20co%20gi",
];

/// Search by page and by API; the raw limit is the same client against a server that only
/// sends an answer of the same bytes.
fn search(plan: &Plan, tools: &Tools, folder: &Path, demo: &Demo) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for (what, path) in [("search, page", "/thu-tuc?q="), ("search, API", "/api/v1/procedures?q=")] {
        let paths: Vec<String> = SEARCHES.iter().map(|words| format!("{path}{words}")).collect();
        let load = plan.load();
        let product = load.gets(demo.port, &paths)?;
        let file = folder.join("answer");
        let answer = http::Line::open(demo.port)?.raw_answer(&paths[0])?;
        std::fs::write(&file, answer).map_err(|e| format!("cannot keep the answer: {e}"))?;
        let server = demo::RawServer::start(&tools.raw, &file)?;
        let raw = load.gets(server.port, &paths)?;
        figures.push(Figure {
            what: format!("{what}, p95"),
            product: format!("{:.2} ms", product.p95_ms()),
            raw: format!("{:.2} ms", raw.p95_ms()),
            ratio: Some(product.p95_ms() / raw.p95_ms()),
            load: format!("{CONNECTIONS} connections, warm-up {} s, n = {}", load.warm_up, product.count()),
        });
    }
    Ok(figures)
}

fn print_table(figures: &[Figure]) {
    println!("\nmachine: {}\n", demo::machine());
    println!("| figure | product | raw | product / raw | load |\n| --- | --- | --- | --- | --- |");
    figures.iter().for_each(|figure| println!("{}", figure.row()));
}

fn target_folder() -> Outcome<PathBuf> {
    let said = cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline"]).output()?;
    let said: serde_json::Value = serde_json::from_str(&said).map_err(|e| format!("cargo metadata: {e}"))?;
    let target = said["target_directory"].as_str().ok_or("cargo metadata names no target folder")?;
    Ok(Path::new(target).join("release"))
}
