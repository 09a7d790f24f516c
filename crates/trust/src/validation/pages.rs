//! `/kiem-tra-chu-ky`: anybody drops a signed file and reads what it is worth, why, and what to do now. The
//! report can be read again for a day under an address that nobody can guess, printed, and taken home.

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use base::format::{size, time_vn};
use directory::MaybeViewer;
use directory::signin::Address;
use paper::{Fact, Said, SignaturePart, ValidationPaper};
use web::layers::UPLOAD_BYTES_MAX;
use web::upload::Upload;
use web::{Path, Problem, Shell, page};

use super::desk::Incoming;
use super::report::{
    Coverage, Finding, Format, Indication, Report, RevocationState, Signature, Stamp, Verdict,
};
use super::reporter::{self, Reporter};
use super::rules::FILE_BYTES_MAX;
use super::words::{advice, line, sentence};
use super::xml_report;
use crate::App;
use crate::filters;

/// Where signatures are checked.
pub const PATH: &str = "/kiem-tra-chu-ky";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/kiem-tra-chu-ky", get(ask).post(check).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)))
        .route("/kiem-tra-chu-ky/{id}", get(show))
        .route("/kiem-tra-chu-ky/{id}/bao-cao.xml", get(as_xml))
        .route("/kiem-tra-chu-ky/{id}/bao-cao.pdf", get(as_pdf))
}

#[derive(Template)]
#[template(path = "validation/check.html")]
struct CheckPage {
    shell: Shell,
    error: String,
    file_max: String,
    hotline: String,
}

fn check_page(app: &App, viewer: &MaybeViewer, error: String) -> CheckPage {
    let mut shell = viewer.citizen_shell(&app.site, sentence("title", &[])).active(PATH);
    shell.has_errors = !error.is_empty();
    CheckPage { shell, error, file_max: size(FILE_BYTES_MAX as u64), hotline: app.site.brand.hotline.clone() }
}

/// `GET /kiem-tra-chu-ky`.
async fn ask(State(app): State<App>, viewer: MaybeViewer) -> Response {
    page::html(check_page(&app, &viewer, String::new()))
}

/// `POST /kiem-tra-chu-ky`: a file, and the content of a detached signature.
async fn check(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    form: Upload,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let again =
        |status: StatusCode, error: String| Ok(page::html_with(status, check_page(&app, &viewer, error)));
    let _door = app.validation.enter()?;
    let file = match read(form).await {
        Ok(Some(file)) => file,
        Ok(None) => return again(StatusCode::UNPROCESSABLE_ENTITY, sentence("no_file", &[])),
        Err(Problem::TooLarge { limit_bytes }) => {
            let error = line(&Finding::TooBig { bytes_max: limit_bytes });
            return again(StatusCode::PAYLOAD_TOO_LARGE, error);
        }
        Err(other) => return Err(other),
    };
    if let Err(Problem::TooMany { retry_after_s }) = app.validation.count(&address.0, 1, now) {
        let wait = retry_after_s.to_string();
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, sentence("wait", &[("n", &wait)]))?;
        if let Ok(value) = HeaderValue::from_str(&wait) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        return Ok(response);
    }
    let asker = if viewer.0.is_some() { super::Asker::Known } else { super::Asker::Anybody };
    let reports = super::validate_for(&app, asker, vec![file], now).await?;
    let report = reports.first().ok_or_else(|| Problem::fault("a file without report"))?;
    let id = super::keep(&app, report, now).await?;
    Ok(Redirect::to(&format!("{PATH}/{id}")).into_response())
}

async fn read(mut form: Upload) -> Result<Option<Incoming>, Problem> {
    let mut incoming: Option<Incoming> = None;
    let mut content = None;
    while let Some(part) = form.next_file(FILE_BYTES_MAX as u64).await? {
        let (field, name) = (part.name.clone(), part.file_name.clone());
        let bytes = part.bytes().await?.to_vec();
        match field.as_str() {
            "tep" => incoming = Some(Incoming { name, bytes, content: None }),
            "noi-dung" => content = Some(bytes),
            _ => {}
        }
    }
    Ok(incoming.map(|file| Incoming { content, ..file }))
}

/// `GET /kiem-tra-chu-ky/{id}`.
async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let report = super::kept(&app, &id, now).await?;
    let own = reporter::own(&app, now).await?;
    let reporter = app.validation.known().reporter.as_ref().or(own.as_ref());
    Ok(page::html(report_page(&app, &viewer, &id, (&report, reporter))))
}

/// `GET /kiem-tra-chu-ky/{id}/bao-cao.xml`.
async fn as_xml(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let report = super::kept(&app, &id, now).await?;
    let own = reporter::own(&app, now).await?;
    let write = move |known: &super::known::Known| {
        xml_report::signed(&report, known.reporter.as_ref().or(own.as_ref()))
    };
    let bytes = app.validation.make(write).await?;
    Ok(download("application/xml", "xml", bytes))
}

/// `GET /kiem-tra-chu-ky/{id}/bao-cao.pdf`.
async fn as_pdf(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let report = super::kept(&app, &id, now).await?;
    let (owner, demo) = (app.site.brand.owner.clone(), app.site.brand.demo);
    let own = reporter::own(&app, now).await?;
    let print = move |known: &super::known::Known| {
        let reporter = known.reporter.as_ref().or(own.as_ref());
        // A paper is Vietnamese whoever prints it.
        let data = web::lang::saying(web::lang::Lang::Vi, || paper_of(&report, reporter, owner, demo));
        print(&data, report.at, reporter)
    };
    let bytes = app.validation.make(print).await?;
    Ok(download("application/pdf", "pdf", bytes))
}

/// The paper, signed when there is a key for it.
fn print(data: &ValidationPaper, at: Instant, reporter: Option<&Reporter>) -> Result<Vec<u8>, Problem> {
    let pdf = paper::validation(data, at).map_err(Problem::fault)?.bytes;
    match reporter {
        Some(reporter) => reporter.sign(&pdf, Format::Pdf, at),
        None => Ok(pdf),
    }
}

fn paper_of(report: &Report, reporter: Option<&Reporter>, owner: String, demo: bool) -> ValidationPaper {
    let verdict = report.verdict.key();
    let fact = |(label, value): (String, String)| Fact { label, value };
    let said = |line: Line| Said { text: line.text, next: line.next };
    let part = |(n, one): (usize, &Signature)| {
        let one = view(n + 1, one);
        SignaturePart {
            heading: one.heading,
            outcome: one.outcome,
            word: one.word,
            facts: one.facts.into_iter().map(fact).collect(),
            lines: one.lines.into_iter().map(said).collect(),
            chain: one.chain.into_iter().map(fact).collect(),
            stamps: one.stamps.into_iter().map(fact).collect(),
        }
    };
    ValidationPaper {
        owner,
        demo,
        at: report.at,
        verdict: sentence(&format!("verdict.{verdict}"), &[]),
        meaning: sentence(&format!("meaning.{verdict}"), &[]),
        facts: file_facts(report).into_iter().chain([signed_by(reporter)]).map(fact).collect(),
        sha256: report.sha256.clone(),
        lines: report.findings.iter().map(|finding| said(self::said(finding, true))).collect(),
        signatures: report.signatures.iter().enumerate().map(part).collect(),
    }
}

fn download(media: &'static str, ending: &str, bytes: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{}.{ending}\"", sentence("download", &[]));
    let mut response = ([(header::CONTENT_TYPE, media)], bytes).into_response();
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A finding with its mark and what to do.
struct Line {
    icon: &'static str,
    text: String,
    next: String,
}

/// One signature as it is read.
struct One {
    number: usize,
    heading: String,
    class: &'static str,
    icon: &'static str,
    outcome: String,
    word: String,
    facts: Vec<(String, String)>,
    lines: Vec<Line>,
    chain: Vec<(String, String)>,
    stamps: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "validation/report.html")]
struct ReportPage {
    shell: Shell,
    class: &'static str,
    icon: &'static str,
    verdict: String,
    meaning: String,
    facts: Vec<(String, String)>,
    lines: Vec<Line>,
    signatures: Vec<One>,
    sha256: String,
    xml: String,
    pdf: String,
    hotline: String,
}

/// Whether the report that is taken home is signed, and by whom.
fn signed_by(reporter: Option<&Reporter>) -> (String, String) {
    let whose = reporter.map(|one| super::rules::party(&one.certificate).name);
    (sentence("fact.report", &[]), whose.unwrap_or_else(|| sentence("report_unsigned", &[])))
}

fn report_page(
    app: &App,
    viewer: &MaybeViewer,
    id: &str,
    (report, reporter): (&Report, Option<&Reporter>),
) -> ReportPage {
    let verdict = report.verdict.key();
    let (class, icon) = match report.verdict {
        Verdict::Valid => ("cl-note cl-note--ok", "circle-check"),
        Verdict::Invalid => ("cl-note cl-note--over", "alert-triangle"),
        _ => ("cl-note cl-note--warn", "alert-triangle"),
    };
    let shell = viewer.citizen_shell(&app.site, sentence("title", &[])).active(PATH);
    ReportPage {
        shell,
        class,
        icon,
        verdict: sentence(&format!("verdict.{verdict}"), &[]),
        meaning: sentence(&format!("meaning.{verdict}"), &[]),
        facts: file_facts(report).into_iter().chain([signed_by(reporter)]).collect(),
        lines: report.findings.iter().map(|finding| said(finding, true)).collect(),
        signatures: report.signatures.iter().enumerate().map(|(n, one)| view(n + 1, one)).collect(),
        sha256: report.sha256.clone(),
        xml: format!("{PATH}/{id}/bao-cao.xml"),
        pdf: format!("{PATH}/{id}/bao-cao.pdf"),
        hotline: app.site.brand.hotline.clone(),
    }
}

fn file_facts(report: &Report) -> Vec<(String, String)> {
    vec![
        (sentence("fact.file", &[]), report.name.clone()),
        (sentence("fact.format", &[]), format_name(report.format)),
        (sentence("fact.size", &[]), size(report.size_bytes)),
        (sentence("fact.at", &[]), time_vn(report.at)),
    ]
}

/// The name of a format.
fn format_name(format: Option<Format>) -> String {
    let key = match format {
        Some(Format::Cms) => "cms",
        Some(Format::Smime) => "smime",
        Some(Format::Xml) => "xml",
        Some(Format::EdXml) => "ed_xml",
        Some(Format::Pdf) => "pdf",
        None => "none",
    };
    sentence(&format!("format.{key}"), &[])
}

fn said(finding: &Finding, with_advice: bool) -> Line {
    let is_grave = super::rules::outcome(finding).is_some();
    Line {
        icon: if is_grave { "alert-triangle" } else { "info-circle" },
        text: line(finding),
        next: advice(finding).filter(|_| with_advice).unwrap_or_default(),
    }
}

fn view(number: usize, one: &Signature) -> One {
    let (class, icon, key) = match one.indication {
        Indication::TotalPassed => ("cl-st is-ok", "circle-check", "valid"),
        Indication::Indeterminate => ("cl-st is-soon", "alert-triangle", "indeterminate"),
        Indication::TotalFailed => ("cl-st is-over", "alert-triangle", "invalid"),
    };
    let sub = one.sub_indication.map_or(String::new(), |sub| format!(" / {}", sub.word()));
    let of = if one.is_time_stamp { "number_stamp" } else { "number" };
    let has_failed = one.indication != Indication::TotalPassed;
    One {
        number,
        heading: sentence(of, &[("n", &number.to_string())]),
        class,
        icon,
        outcome: sentence(&format!("one.{key}"), &[]),
        word: format!("{}{sub}", one.indication.word()),
        facts: facts(one),
        lines: one.findings.iter().map(|finding| said(finding, has_failed)).collect(),
        chain: one.chain.iter().map(|link| (link.party.name.clone(), revocation(&link.revocation))).collect(),
        stamps: one.time_stamps.iter().map(stamp).collect(),
    }
}

/// What there is to say of a signature, label and value.
fn facts(one: &Signature) -> Vec<(String, String)> {
    let label = |key: &str| sentence(&format!("fact.{key}"), &[]);
    let unknown = || sentence("unknown_signer", &[]);
    let mut facts = vec![(label("signer"), one.signer.as_ref().map_or_else(unknown, |p| p.name.clone()))];
    if let Some(party) = &one.signer {
        facts.extend(party.organisation.clone().map(|organisation| (label("organisation"), organisation)));
        facts.push((label("serial"), party.serial.clone()));
    }
    // Our own record of an earlier judgement is told as a finding; it is not when somebody signed.
    let by_record = one.findings.iter().any(|finding| matches!(finding, Finding::SeenBefore { .. }));
    let time = match ((one.is_proven && !by_record) || one.is_time_stamp, one.claimed_time) {
        (true, claimed) => {
            let at = if one.is_time_stamp { claimed.unwrap_or(one.best_time) } else { one.best_time };
            sentence("proven", &[("at", &time_vn(at))])
        }
        (false, Some(claimed)) => sentence("claimed", &[("at", &time_vn(claimed))]),
        (false, None) => sentence("unknown_time", &[]),
    };
    facts.push((label("time"), time));
    facts.push((label("intact"), sentence(if one.is_intact { "yes" } else { "no" }, &[])));
    facts.push((label("covers"), covers(&one.covers)));
    let class = one.trust.as_ref().map_or("none", |trust| trust.class.key());
    facts.push((label("trust"), sentence(&format!("trust.{class}"), &[])));
    if !one.level.word().is_empty() {
        facts.push((label("level"), one.level.word().to_string()));
    }
    facts.extend(one.algorithm.clone().map(|algorithm| (label("algorithm"), algorithm)));
    facts
}

fn covers(covers: &Coverage) -> String {
    match covers {
        Coverage::Whole => sentence("covers.whole", &[]),
        Coverage::Outside => sentence("covers.outside", &[]),
        Coverage::Part { uncovered } => sentence("covers.part", &[("what", &uncovered.join(", "))]),
        Coverage::Revision { bytes } => sentence("covers.revision", &[("size", &size(*bytes))]),
        Coverage::Unknown => sentence("covers.unknown", &[]),
    }
}

fn revocation(state: &RevocationState) -> String {
    match state {
        RevocationState::Good { said_at, .. } => sentence("revocation.good", &[("at", &time_vn(*said_at))]),
        RevocationState::Revoked { since } => sentence("revocation.revoked", &[("at", &time_vn(*since))]),
        RevocationState::Unknown => sentence("revocation.unknown", &[]),
        RevocationState::NotAsked => sentence("revocation.not_asked", &[]),
    }
}

fn stamp(stamp: &Stamp) -> (String, String) {
    let time = stamp.time.map_or_else(|| sentence("unknown_time", &[]), time_vn);
    let authority = stamp.authority.as_ref().map_or_else(String::new, |party| party.name.clone());
    let outcome = sentence(if stamp.holds { "one.valid" } else { "one.indeterminate" }, &[]);
    (time, format!("{authority}. {outcome}."))
}
