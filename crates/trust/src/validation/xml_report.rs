//! The report as XML by the schema of ETSI TS 119 102-2 (its version 1.2.1): the elements that carry what we
//! say, in its namespace, and our own in ours where the schema leaves room. VALIDATION.md says what ours are.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use web::Problem;

use super::report::{Coverage, Finding, Format, Report, Signature, Verdict};
use super::reporter::Reporter;
use super::words::line;

/// The namespace of TS 119 102-2.
const REPORT: &str = "http://uri.etsi.org/19102/v1.2.1#";
/// The namespace of what is ours.
const OWN: &str = "urn:cuulong:validation:1";

/// The report, signed when there is a key for it.
pub fn signed(report: &Report, reporter: Option<&Reporter>) -> Result<Vec<u8>, Problem> {
    let xml = write(report, reporter.is_some()).into_bytes();
    match reporter {
        Some(reporter) => reporter.sign(&xml, Format::Xml, report.at),
        None => Ok(xml),
    }
}

fn write(report: &Report, is_signed: bool) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ValidationReport xmlns=\"{REPORT}\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:cl=\"{OWN}\">\n"
    );
    for (n, signature) in report.signatures.iter().enumerate() {
        one(&mut out, n + 1, signature, (report, is_signed));
    }
    if report.signatures.is_empty() {
        none(&mut out, report, is_signed);
    }
    objects(&mut out, report);
    out.push_str("</ValidationReport>\n");
    out
}

/// The schema wants one report about a signature at least: where there is none, it says so of the file.
fn none(out: &mut String, report: &Report, is_signed: bool) {
    let (main, sub) = match report.verdict {
        Verdict::Unreadable => {
            ("total-failed", "<SubIndication>urn:etsi:019102:subindication:FORMAT_FAILURE</SubIndication>")
        }
        _ => ("indeterminate", ""),
    };
    let _ = write!(
        out,
        "<SignatureValidationReport><SignatureValidationStatus>\
         <MainIndication>urn:etsi:019102:mainindication:{main}</MainIndication>{sub}\
         </SignatureValidationStatus>"
    );
    document(out, report, is_signed);
    out.push_str("</SignatureValidationReport>\n");
}

/// The file that was judged, and whether somebody signed what is said of it.
fn document(out: &mut String, report: &Report, is_signed: bool) {
    let _ = write!(
        out,
        "<cl:Document verdict=\"{}\" report=\"{}\"><cl:Name>{}</cl:Name><cl:SizeBytes>{}</cl:SizeBytes>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\
         <ds:DigestValue>{}</ds:DigestValue>",
        report.verdict.key(),
        if is_signed { "signed" } else { "unsigned" },
        text(&report.name),
        report.size_bytes,
        base64_of_hex(&report.sha256),
    );
    findings(out, &report.findings);
    out.push_str("</cl:Document>");
}

fn one(out: &mut String, number: usize, signature: &Signature, (report, is_signed): (&Report, bool)) {
    let _ = writeln!(
        out,
        "<SignatureValidationReport><SignatureIdentifier id=\"S{number}\"><HashOnly>false</HashOnly>\
         <DocHashOnly>false</DocHashOnly><cl:Field>{}</cl:Field></SignatureIdentifier>",
        text(&signature.name)
    );
    let _ = write!(
        out,
        "<ValidationTimeInfo><ValidationTime>{}</ValidationTime><BestSignatureTime><POETime>{}</POETime>\
         <TypeOfProof>{}</TypeOfProof></BestSignatureTime></ValidationTimeInfo>",
        report.at,
        signature.best_time,
        if signature.is_proven {
            "urn:etsi:019102:poetype:validation"
        } else {
            "urn:etsi:019102:poetype:provided"
        },
    );
    if let Some(claimed) = signature.claimed_time {
        let _ = write!(
            out,
            "<SignatureAttributes><SigningTime Signed=\"true\"><Time>{claimed}</Time></SigningTime>\
             </SignatureAttributes>"
        );
    }
    if let Some(signer) = &signature.signer {
        let _ = write!(
            out,
            "<SignerInformation><SignerCertificate VOReference=\"C{}\"/><Signer>{}</Signer>\
             </SignerInformation>",
            signer.sha256,
            text(&signer.subject)
        );
    }
    if !signature.level.word().is_empty() {
        let _ = write!(
            out,
            "<SignatureQuality><SignatureQualityInformation>urn:cuulong:level:{}\
             </SignatureQualityInformation></SignatureQuality>",
            signature.level.word()
        );
    }
    let word = signature.indication.word().to_ascii_lowercase();
    let _ = write!(
        out,
        "<SignatureValidationStatus><MainIndication>urn:etsi:019102:mainindication:{word}</MainIndication>"
    );
    if let Some(sub) = signature.sub_indication {
        let _ = write!(out, "<SubIndication>urn:etsi:019102:subindication:{}</SubIndication>", sub.word());
    }
    let _ = write!(
        out,
        "<AssociatedValidationReportData><AdditionalValidationReportData><ReportData>\
         <Type>{OWN}</Type><Value>"
    );
    details(out, signature);
    out.push_str("</Value></ReportData></AdditionalValidationReportData></AssociatedValidationReportData>");
    out.push_str("</SignatureValidationStatus>");
    document(out, report, is_signed);
    out.push_str("</SignatureValidationReport>\n");
}

fn details(out: &mut String, signature: &Signature) {
    findings(out, &signature.findings);
    covers(out, &signature.covers);
    for stamp in &signature.time_stamps {
        let time = stamp.time.map_or(String::new(), |time| time.to_string());
        let _ = write!(out, "<cl:TimeStamp holds=\"{}\" time=\"{time}\">", stamp.holds);
        findings(out, &stamp.findings);
        out.push_str("</cl:TimeStamp>");
    }
    if let Some(trust) = &signature.trust {
        let _ = write!(
            out,
            "<cl:TrustAnchor class=\"{}\">{}</cl:TrustAnchor>",
            trust.class.key(),
            text(&trust.anchor)
        );
    }
}

fn findings(out: &mut String, findings: &[Finding]) {
    for finding in findings {
        let value = serde_json::to_value(finding).unwrap_or_default();
        let code = value["code"].as_str().unwrap_or_default();
        let _ = write!(out, "<cl:Finding code=\"{code}\">{}</cl:Finding>", text(&line(finding)));
    }
}

fn covers(out: &mut String, covers: &Coverage) {
    let kind = match covers {
        Coverage::Whole => "whole",
        Coverage::Outside => "outside",
        Coverage::Part { .. } => "part",
        Coverage::Revision { .. } => "revision",
        Coverage::Unknown => "unknown",
    };
    let _ = write!(out, "<cl:Covers kind=\"{kind}\"/>");
}

/// Every certificate once.
fn objects(out: &mut String, report: &Report) {
    let links = report.signatures.iter().flat_map(|one| {
        let signer = one.signer.iter();
        let authorities = one.time_stamps.iter().filter_map(|stamp| stamp.authority.as_ref());
        signer.chain(one.chain.iter().map(|link| &link.party)).chain(authorities)
    });
    let mut parties: Vec<_> = links.collect();
    parties.sort_by(|a, b| a.sha256.cmp(&b.sha256));
    parties.dedup_by(|a, b| a.sha256 == b.sha256);
    if parties.is_empty() {
        return;
    }
    out.push_str("<SignatureValidationObjects>\n");
    for party in parties {
        let _ = writeln!(
            out,
            "<ValidationObject id=\"C{}\">\
             <ObjectType>urn:etsi:019102:validationObject:certificate</ObjectType>\
             <ValidationObjectRepresentation><base64>{}</base64></ValidationObjectRepresentation>\
             </ValidationObject>",
            party.sha256, party.certificate
        );
    }
    out.push_str("</SignatureValidationObjects>\n");
}

fn base64_of_hex(hex: &str) -> String {
    let bytes = (0..hex.len() / 2).filter_map(|n| u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok());
    STANDARD.encode(bytes.collect::<Vec<_>>())
}

/// Text as XML may hold it.
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}
