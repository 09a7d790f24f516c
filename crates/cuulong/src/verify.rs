//! `cuulong verify`: what the signatures of a file are worth, for scripts and for doubters.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base::{Clock, Instant};
use clap::Args;
use trust::validation::report::{Indication, Report, Signature, TrustClass, Verdict};
use trust::validation::rules::{self, Document, FILE_BYTES_MAX, Terms, TrustAnchor};
use trust::validation::{self, Bag};

use crate::cli::Failure;

/// What `verify` is asked.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The signed file: CMS (PEM, DER), signed mail, XML, edXML or PDF
    file: PathBuf,
    /// The content of a detached signature
    #[arg(long)]
    content: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceArgs,
    /// As of when, RFC 3339; now without it
    #[arg(long)]
    at: Option<String>,
    /// The whole report as JSON
    #[arg(long)]
    json: bool,
}

/// Whom to trust, and what is known beside the file.
#[derive(Args, Debug, Default)]
pub struct EvidenceArgs {
    /// Certificates of those who are trusted (PEM, DER, PKCS#7); may be repeated
    #[arg(long, num_args = 1..)]
    trust: Vec<PathBuf>,
    #[command(flatten)]
    beside: BesideArgs,
}

/// What is known beside a file: to judge it by, or to be kept with a signature from B-LT on.
#[derive(Args, Debug, Default)]
pub struct BesideArgs {
    /// Further certificates, which are not trusted by themselves
    #[arg(long, num_args = 1..)]
    chain: Vec<PathBuf>,
    /// Lists of revoked certificates (PEM, DER)
    #[arg(long, num_args = 1..)]
    crl: Vec<PathBuf>,
    /// Answers of OCSP responders (DER)
    #[arg(long, num_args = 1..)]
    ocsp: Vec<PathBuf>,
}

impl EvidenceArgs {
    /// The certificates of the files of trust.
    pub fn anchors(&self) -> Result<Vec<TrustAnchor>, Failure> {
        let certificates = all_certificates(&self.trust)?;
        Ok(certificates.into_iter().map(|one| TrustAnchor::of(one, TrustClass::Given)).collect())
    }

    /// Everything else.
    pub fn bag(&self) -> Result<Bag, Failure> {
        self.beside.bag()
    }
}

impl BesideArgs {
    /// All of it, read.
    pub fn bag(&self) -> Result<Bag, Failure> {
        let mut bag = Bag { certificates: all_certificates(&self.chain)?, ..Bag::default() };
        for path in &self.crl {
            let list = pki::Crl::import(&read(path)?);
            bag.crls.push(list.map_err(|e| Failure::new(format!("{}: {e}", path.display())))?);
        }
        for path in &self.ocsp {
            let answer = pki::ocsp::Response::parse(&read(path)?);
            bag.answers.push(answer.map_err(|e| Failure::new(format!("{}: {e}", path.display())))?);
        }
        Ok(bag)
    }
}

/// A whole file.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unread = |why: &dyn std::fmt::Display| Failure::new(format!("cannot read {}: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|e| unread(&e))?.len();
    // One byte more than is judged, so that the report can say it is too big.
    if size > FILE_BYTES_MAX as u64 + 1 {
        return Err(unread(&format!("more than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read(path).map_err(|e| unread(&e))
}

/// The certificates of one file.
pub fn certificates(path: &Path) -> Result<Vec<pki::Certificate>, Failure> {
    let imported = pki::cert::import(&read(path)?);
    let imported = imported.map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
    match imported.unreadable.first() {
        Some((n, why)) => Err(Failure::new(format!("{}: certificate {}: {why}", path.display(), n + 1))),
        None => Ok(imported.certificates),
    }
}

pub fn all_certificates(paths: &[PathBuf]) -> Result<Vec<pki::Certificate>, Failure> {
    let each: Vec<_> = paths.iter().map(|path| certificates(path)).collect::<Result<_, _>>()?;
    Ok(each.concat())
}

/// The instant of an option, or now.
pub fn instant(at: Option<&str>) -> Result<Instant, Failure> {
    match at {
        None => Ok(Clock::system().now()),
        Some(text) => {
            Instant::parse_rfc3339(text).map_err(|e| Failure::new(format!("the time “{text}”: {e}")))
        }
    }
}

/// Judges the file and says it; the exit code is the verdict's, and 3 when there is nothing to judge.
pub fn run(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    match judge(args) {
        Ok(report) => {
            print(&report, args.json)?;
            Ok(ExitCode::from(report.verdict.exit_code()))
        }
        Err(failure) => {
            eprintln!("cuulong: {failure}");
            Ok(ExitCode::from(Verdict::Unreadable.exit_code()))
        }
    }
}

fn judge(args: &VerifyArgs) -> Result<Report, Failure> {
    let bytes = read(&args.file)?;
    let content = args.content.as_deref().map(read).transpose()?;
    let at = instant(args.at.as_deref())?;
    let (anchors, known) = (args.evidence.anchors()?, args.evidence.bag()?);
    let terms = Terms { at, anchors, known, register: std::collections::HashMap::new() };
    let name = args.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let document = Document { name: &name, bytes: &bytes, content: content.as_deref() };
    Ok(rules::judge(&document, &terms))
}

fn print(report: &Report, json: bool) -> Result<(), Failure> {
    let text = match json {
        true => serde_json::to_string_pretty(report).map_err(|e| Failure::new(e.to_string()))? + "\n",
        false => web::lang::saying(web::lang::Lang::En, || said(report)),
    };
    // Whoever stops reading has the exit code still.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

fn said(report: &Report) -> String {
    let verdict = validation::sentence(&format!("verdict.{}", report.verdict.key()), &[]);
    let mut text = format!("{}: {verdict}\n", report.name);
    for finding in &report.findings {
        let _ = writeln!(text, "  {}", validation::line(finding));
    }
    report.signatures.iter().for_each(|signature| say_one(signature, &mut text));
    text
}

fn say_one(signature: &Signature, text: &mut String) {
    let signer = signature.signer.as_ref().map_or("?", |party| party.subject.as_str());
    let sub = signature.sub_indication.map_or(String::new(), |sub| format!("/{}", sub.word()));
    let level = signature.level.word();
    let _ = writeln!(text, "{}: {}{sub} {level}", signature.name, signature.indication.word());
    let _ = writeln!(text, "  signer: {signer}");
    if let Some(claimed) = signature.claimed_time {
        let _ = writeln!(text, "  claimed: {claimed}");
    }
    if signature.is_proven {
        let _ = writeln!(text, "  proven: {}", signature.best_time);
    }
    if let Some(trust) = &signature.trust {
        let _ = writeln!(text, "  trust: {} ({})", trust.anchor, trust.class.key());
    }
    for finding in &signature.findings {
        let next = validation::advice(finding).filter(|_| signature.indication != Indication::TotalPassed);
        let next = next.map_or(String::new(), |next| format!(" {next}"));
        let _ = writeln!(text, "  - {}{next}", validation::line(finding));
    }
}
