//! Certificates and signatures: what the addresses answer that certificates name, beside the bare signatures
//! of aws-lc in the same minutes; how fast certificates are issued and a revocation is seen; and what the
//! examples of the pure crates say of files. Every answer that is counted was believed by OpenSSL first.

use super::demo::Demo;
use super::filing::{accounts, sign_in, with_role};
use super::http::Line;
use super::{CONNECTIONS, Figure, Plan, Tools, peers, wrk};
use crate::shell::{Outcome, Program, cargo};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Examples that print rows of the table, each in the package of this name.
pub const EXAMPLES: [&str; 3] = ["pki_speed", "pdfsig_speed", "xmlsig_speed"];

const REGISTER: &str = "/quan-tri/chung-thu-so";
/// Certificates that are revoked to see how soon it is seen.
const REVOKED: usize = 5;
/// Certificates that are issued.
const ISSUED: u64 = 10_000;
/// How long a revocation is waited for.
const SEEN_WITHIN: Duration = Duration::from_secs(20);

/// Builds the examples: as users of the pure crates would.
pub fn build() -> Outcome {
    cargo(&["build", "--release", "-p", "pki", "-p", "pdfsig", "-p", "xmlsig", "--examples"]).run()
}

/// All of it, each row told as it is taken.
pub(super) fn measure(plan: &Plan, tools: &Tools, folder: &Path) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut took = |more: Vec<Figure>| {
        more.iter().for_each(|figure| println!("{}", figure.row()));
        figures.extend(more);
    };
    let data = folder.join("trust");
    Demo::start(&tools.product, &data)?.stop()?;
    let demo = Demo::start(&tools.product, &data)?;
    let desk = Desk::open(&demo, &data, folder)?;
    took(desk.answers(plan, tools, &demo)?);
    took(vec![desk.stamps(plan, tools, &demo, "P-256")?]);
    took(vec![desk.revocation(&demo)?]);
    demo.stop()?;
    took(vec![issuing(tools, &data)?]);

    let demo = Demo::start(&tools.product, &data)?;
    let token = sign_in(demo.port, with_role(&accounts(&data)?, "admin")?)?;
    let bearer = bearer(&token);
    let headers = [("authorization", bearer.as_str()), FORM];
    let wish = b"key_kind=rsa2048&shards=0";
    Line::open(demo.port)?.post("/quan-tri/co-quan-chung-thuc", &headers, wish)?.good()?;
    took(vec![desk.stamps(plan, tools, &demo, "RSA-2048")?]);
    demo.stop()?;

    for example in EXAMPLES {
        took(rows(&tools.example(example), &[folder.to_string_lossy().as_ref()])?);
    }
    took(peers::measure(plan, folder)?);
    Ok(figures)
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Runs OpenSSL in a folder; what it said.
fn openssl(folder: &Path, words: &str) -> Outcome<String> {
    Program::new("openssl").args(words.split_whitespace()).within(folder).output()
}

/// Somebody who administers, with the certificates that are asked about in a folder.
struct Desk {
    folder: PathBuf,
    token: String,
    /// Certificates of the authority, by the addresses of their pages.
    pages: Vec<String>,
}

impl Desk {
    /// Signs in, and lays the chain and one certificate of the authority into the folder.
    fn open(demo: &Demo, data: &Path, folder: &Path) -> Outcome<Desk> {
        let token = sign_in(demo.port, with_role(&accounts(data)?, "admin")?)?;
        let mut line = Line::open(demo.port)?;
        let own = format!("{REGISTER}?nguon=own&loai=official&trang-thai=valid");
        let list = line.get_as(&token, &own)?.body;
        let list = String::from_utf8_lossy(&list).into_owned();
        let link = format!("href=\"{REGISTER}/");
        let marks = list.match_indices(&link).map(|(at, _)| &list[at + 6..]);
        let pages: Vec<String> = marks
            .filter_map(|rest| rest.split('"').next())
            .filter(|href| href.rsplit('/').next().is_some_and(|id| id.len() == 36))
            .map(String::from)
            .collect();
        if pages.len() <= REVOKED {
            return Err(format!("the register shows {} certificates of its own", pages.len()));
        }
        let desk = Desk { folder: folder.to_path_buf(), token, pages };
        desk.chain(demo)?;
        desk.lay(demo, &desk.pages[REVOKED])?;
        Ok(desk)
    }

    /// Lays the chain, and the authority that issues.
    fn chain(&self, demo: &Demo) -> Outcome {
        let mut line = Line::open(demo.port)?;
        self.put("chain.pem", &line.get("/pki/ca.pem")?.body)?;
        self.put("issuing.der", &line.get("/pki/ca/ca-2.cer")?.body)?;
        openssl(&self.folder, "x509 -inform der -in issuing.der -out issuing.pem").map(drop)
    }

    /// Lays a certificate.
    fn lay(&self, demo: &Demo, page: &str) -> Outcome {
        let file = Line::open(demo.port)?.get_as(&self.token, &format!("{page}/tep"))?;
        self.put("leaf.der", &file.body)?;
        openssl(&self.folder, "x509 -inform der -in leaf.der -out leaf.pem").map(drop)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Outcome {
        std::fs::write(self.folder.join(name), bytes).map_err(|e| format!("cannot write {name}: {e}"))
    }

    fn take(&self, name: &str) -> Outcome<Vec<u8>> {
        std::fs::read(self.folder.join(name)).map_err(|e| format!("cannot read {name}: {e}"))
    }

    /// A question about the certificate that lies there, as the path of a GET.
    fn question(&self) -> Outcome<String> {
        openssl(&self.folder, "ocsp -no_nonce -issuer issuing.pem -cert leaf.pem -reqout kept.ocsp")?;
        let text = openssl(&self.folder, "base64 -A -in kept.ocsp")?;
        Ok(format!("/pki/ocsp/{}", text.trim().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")))
    }

    /// OCSP: kept answers, and answers signed anew.
    fn answers(&self, plan: &Plan, tools: &Tools, demo: &Demo) -> Outcome<Vec<Figure>> {
        let path = self.question()?;
        self.put("said.ocsp", &Line::open(demo.port)?.get(&path)?.body)?;
        self.believed("")?;
        let kept = wrk(plan, demo.port, &path, None)?;
        let kept = Figure {
            what: "OCSP answers kept, GET".into(),
            product: format!("{:.0}/s", kept.rate),
            raw: "-".into(),
            ratio: None,
            load: format!("{}; target ≥ 25,000/s", kept.load),
        };

        openssl(&self.folder, "ocsp -issuer issuing.pem -cert leaf.pem -reqout nonce.ocsp")?;
        let asked = self.take("nonce.ocsp")?;
        let kind = "application/ocsp-request";
        let answer = Line::open(demo.port)?.post("/pki/ocsp", &[("content-type", kind)], &asked)?;
        self.put("said.ocsp", &answer.body)?;
        self.believed("-reqin nonce.ocsp")?;
        let script = self.script("nonce.ocsp", kind)?;
        let (product, raw) = beside(tools, "P-256", || wrk(plan, demo.port, "/pki/ocsp", Some(&script)))?;
        let anew = Figure {
            what: "OCSP answers with nonce, signed anew, POST".into(),
            product: format!("{:.0}/s", product.rate),
            raw: format!("{raw:.0}/s"),
            ratio: Some(product.rate / raw),
            load: format!("{}; target ≥ 0.5 of one core's raw P-256", product.load),
        };
        Ok(vec![kept, anew])
    }

    /// OpenSSL believes the answer that lies there, and takes the certificate for good.
    fn believed(&self, question: &str) -> Outcome {
        let asked =
            if question.is_empty() { "-no_nonce -issuer issuing.pem -cert leaf.pem" } else { question };
        let said = Program::new("openssl")
            .args(format!("ocsp {asked} -respin said.ocsp -CAfile chain.pem").split_whitespace())
            .within(&self.folder)
            .all()?;
        let good = question.is_empty() == said.contains("leaf.pem: good");
        if said.contains("Response verify OK") && good { Ok(()) } else { Err(format!("OCSP: {said}")) }
    }

    /// Time-stamps with a key of this kind.
    fn stamps(&self, plan: &Plan, tools: &Tools, demo: &Demo, kind: &str) -> Outcome<Figure> {
        self.chain(demo)?;
        self.put("paper", b"a paper to be stamped")?;
        openssl(&self.folder, "ts -query -data paper -sha256 -cert -out ask.tsq")?;
        let asked = self.take("ask.tsq")?;
        let query = "application/timestamp-query";
        // A unit that takes over is seen within a second.
        let begin = Instant::now();
        loop {
            let answer = Line::open(demo.port)?.post("/pki/tsa", &[("content-type", query)], &asked)?;
            self.put("said.tsr", &answer.body)?;
            let text = openssl(&self.folder, "ts -reply -in said.tsr -token_out -out said.tst")
                .and_then(|_| openssl(&self.folder, "cms -cmsout -inform der -in said.tst -print"))?;
            let by_rsa = text.contains("rsaEncryption");
            if by_rsa == (kind == "RSA-2048") {
                break;
            }
            if begin.elapsed() > SEEN_WITHIN {
                return Err(format!("no time-stamp of {kind} came"));
            }
        }
        openssl(&self.folder, "ts -verify -queryfile ask.tsq -in said.tsr -CAfile chain.pem")?;
        let script = self.script("ask.tsq", query)?;
        let (product, raw) = beside(tools, kind, || wrk(plan, demo.port, "/pki/tsa", Some(&script)))?;
        let target = if kind == "P-256" { "≥ 12,000/s" } else { "≥ 0.85 of one core's raw RSA-2048" };
        Ok(Figure {
            what: format!("time-stamps {kind}, POST"),
            product: format!("{:.0}/s", product.rate),
            raw: format!("{raw:.0}/s"),
            ratio: Some(product.rate / raw),
            load: format!("{}; target {target}", product.load),
        })
    }

    /// What makes wrk post a file.
    fn script(&self, body: &str, kind: &str) -> Outcome<PathBuf> {
        let path = self.folder.join(format!("{body}.lua"));
        let body = self.folder.join(body);
        let lines = format!(
            "wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"{kind}\"\n\
             local file = io.open(\"{}\", \"rb\")\nwrk.body = file:read(\"*a\")\nfile:close()\n",
            body.display()
        );
        std::fs::write(&path, lines).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Ok(path)
    }

    /// From the click to the first answer and the first list that say so; the slowest of several.
    fn revocation(&self, demo: &Demo) -> Outcome<Figure> {
        let mut slowest = Duration::ZERO;
        for page in &self.pages[..REVOKED] {
            self.lay(demo, page)?;
            let (mut line, path) = (Line::open(demo.port)?, self.question()?);
            let list = "/pki/crl/ca-2.crl";
            let before = (line.get(&path)?.body, line.get(list)?.body);
            let shown = String::from_utf8_lossy(&line.get_as(&self.token, page)?.body).into_owned();
            let seen = shown.split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
            let seen = seen.ok_or("the certificate's page has no form")?;
            let bearer = bearer(&self.token);
            let headers = [("authorization", bearer.as_str()), FORM];
            let form = format!("step=revoke&reason=1&note=bench&seen={seen}");
            let begin = Instant::now();
            line.post(page, &headers, form.as_bytes())?.good()?;
            loop {
                let after = (line.get(&path)?.body, line.get(list)?.body);
                if after.0 != before.0 && after.1 != before.1 {
                    slowest = slowest.max(begin.elapsed());
                    self.put("said.ocsp", &after.0)?;
                    break;
                }
                if begin.elapsed() > SEEN_WITHIN {
                    return Err("a revocation was not seen".into());
                }
            }
            let words =
                "ocsp -no_nonce -issuer issuing.pem -cert leaf.pem -respin said.ocsp -CAfile chain.pem";
            if !openssl(&self.folder, words)?.contains("leaf.pem: revoked") {
                return Err("the answer after a revocation does not say so".into());
            }
        }
        Ok(Figure {
            what: "a revocation, from the click to the answer and the list that say so".into(),
            product: format!("{:.0} ms", slowest.as_secs_f64() * 1e3),
            raw: "-".into(),
            ratio: None,
            load: format!(
                "the slowest of {REVOKED}, at the node itself; others look every 200 ms; target ≤ 1 s"
            ),
        })
    }
}

/// A measurement, and one core's raw signatures a second: the mean of before and after it.
fn beside<T>(tools: &Tools, kind: &str, measurement: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64)> {
    let raw = || -> Outcome<f64> {
        let said = rows(&tools.example("pki_speed"), &["raw"])?;
        let row = said.into_iter().find(|row| row.what == format!("one signature of {kind}"));
        let rate = row.and_then(|row| row.raw.trim_end_matches("/s").parse().ok());
        rate.ok_or_else(|| format!("the example told no raw rate of {kind}"))
    };
    let before = raw()?;
    let product = measurement()?;
    Ok((product, f64::midpoint(before, raw()?)))
}

/// Certificates asked for and issued, in deeds that are durable each.
fn issuing(tools: &Tools, data: &Path) -> Outcome<Figure> {
    let count = ISSUED.to_string();
    let said = Program::new(&tools.product)
        .args(["seed", "--certificates", &count, "--data"])
        .args([data])
        .output()?;
    let issued_s: f64 = said
        .trim()
        .rsplit(' ')
        .nth(1)
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| format!("the issuing said {said:?}"))?;
    let rate = ISSUED as f64 / issued_s;
    let ((), raw) = beside(tools, "P-256", || Ok(()))?;
    Ok(Figure {
        what: "certificates issued with key, audit and event, durable".into(),
        product: format!("{rate:.0}/s"),
        raw: format!("{raw:.0}/s"),
        ratio: Some(rate / raw),
        load: format!("{}; 100 requests a deed; raw is signing alone; target ≥ 1,500/s", said.trim()),
    })
}

/// Runs a program that prints rows of the table.
pub(super) fn rows(program: &Path, args: &[&str]) -> Outcome<Vec<Figure>> {
    Ok(read(&Program::new(program).args(args).output()?))
}

/// The rows in what was printed.
pub(super) fn read(said: &str) -> Vec<Figure> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [what, product, raw, ratio, load] = cells[..] else { return None };
        Some(Figure {
            what: what.into(),
            product: product.into(),
            raw: raw.into(),
            ratio: ratio.parse().ok(),
            load: load.into(),
        })
    };
    said.lines().filter_map(row).collect()
}

/// Requests a second under wrk, and what it was.
pub(super) struct Rate {
    pub rate: f64,
    pub load: String,
}

impl Rate {
    /// Out of what wrk printed.
    pub fn read(said: &str, warm_up: u64, seconds: u64) -> Outcome<Rate> {
        let number = |mark: &str| said.lines().find_map(|line| line.trim().strip_prefix(mark)).map(str::trim);
        let rate = number("Requests/sec:").and_then(|text| text.parse().ok());
        let rate = rate.ok_or_else(|| format!("wrk did not tell a rate:\n{said}"))?;
        let slow = number("99%").unwrap_or("?");
        let load = format!("wrk, {CONNECTIONS} connections, warm-up {warm_up} s, {seconds} s, p99 {slow}");
        Ok(Rate { rate, load })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_other_lines_are_not() {
        let said =
            "begin\n| a list | 0.61 s, 80 MB | - | - | once |\n| b | 2/s | 4/s | 0.50 | 2 s |\n| c |\n";
        let rows = read(said);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].product.as_str(), rows[0].ratio), ("0.61 s, 80 MB", None));
        assert_eq!((rows[1].what.as_str(), rows[1].ratio), ("b", Some(0.5)));
    }

    #[test]
    fn a_rate_is_read_with_its_slowest_hundredth() {
        let said =
            "  Latency Distribution\n     50%  120.00us\n     99%    8.50ms\nRequests/sec:  35685.12\n";
        let rate = Rate::read(said, 3, 8).expect("a rate");
        assert_eq!(rate.rate, 35_685.12);
        assert_eq!(rate.load, "wrk, 8 connections, warm-up 3 s, 8 s, p99 8.50ms");
    }
}
