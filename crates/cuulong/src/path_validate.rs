//! `cuulong path-validate`: RFC 5280 for one certificate, as test suites ask it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use pki::oid::Oid;
use pki::path::{self, Anchor, Policies, Purpose, Revocation, Rules};
use serde_json::json;
use trust::validation::rules::chain_rule;

use crate::cli::Failure;
use crate::verify;

/// What `path-validate` is asked.
#[derive(Args, Debug)]
pub struct PathArgs {
    /// The certificate that is judged comes first in these files; the others may stand in its path
    #[arg(long, required = true, num_args = 1..)]
    chain: Vec<PathBuf>,
    /// The anchors
    #[arg(long, required = true, num_args = 1..)]
    trust: Vec<PathBuf>,
    /// As of when, RFC 3339; now without it
    #[arg(long)]
    at: Option<String>,
    /// Lists of revoked certificates
    #[arg(long, num_args = 1..)]
    crl: Vec<PathBuf>,
    /// How much must be known about revocation; without lists, nothing
    #[arg(long, value_enum)]
    revocation: Option<HowMuch>,
    /// For what
    #[arg(long, value_enum, default_value = "any")]
    purpose: For,
    /// An acceptable policy, as an object identifier; any without it
    #[arg(long, num_args = 1..)]
    policy: Vec<String>,
    /// An acceptable policy is required from the start
    #[arg(long)]
    explicit_policy: bool,
    /// Policies are not mapped
    #[arg(long)]
    inhibit_policy_mapping: bool,
    /// anyPolicy does not count
    #[arg(long)]
    inhibit_any_policy: bool,
    /// SHA-1 is no fault
    #[arg(long)]
    accept_sha1: bool,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HowMuch {
    /// Every certificate must be known not to be revoked
    Required,
    /// What is known to be revoked is refused
    IfKnown,
    /// Not looked at
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    Any,
    Document,
    TimeStamping,
    OcspSigning,
    TlsClient,
}

impl PathArgs {
    fn rules(&self) -> Result<Rules, Failure> {
        let mut rules = Rules::at(verify::instant(self.at.as_deref())?);
        rules.purpose = match self.purpose {
            For::Any => Purpose::Any,
            For::Document => Purpose::Document,
            For::TimeStamping => Purpose::TimeStamping,
            For::OcspSigning => Purpose::OcspSigning,
            For::TlsClient => Purpose::TlsClient,
        };
        rules.revocation = match (self.revocation, self.crl.is_empty()) {
            (Some(HowMuch::Required), _) | (None, false) => Revocation::Required,
            (Some(HowMuch::IfKnown), _) => Revocation::IfKnown,
            (Some(HowMuch::Off), _) | (None, true) => Revocation::Off,
        };
        let policy = |text: &String| {
            text.parse::<Oid>().map_err(|e| Failure::new(format!("the policy “{text}”: {e}")))
        };
        rules.policies = self.policy.iter().map(policy).collect::<Result<_, _>>()?;
        rules.explicit_policy = self.explicit_policy;
        rules.inhibit_mapping = self.inhibit_policy_mapping;
        rules.inhibit_any_policy = self.inhibit_any_policy;
        rules.accept_sha1 = self.accept_sha1;
        Ok(rules)
    }
}

/// Judges the path; exit 0 valid, 1 invalid, 2 indeterminate, 3 unreadable.
pub fn run(args: &PathArgs) -> Result<ExitCode, Failure> {
    match judge(args) {
        Ok(report) => {
            print(&report, args.json);
            Ok(ExitCode::from(match report.verdict() {
                path::Verdict::Valid => 0,
                path::Verdict::Invalid => 1,
                path::Verdict::Indeterminate => 2,
            }))
        }
        Err(failure) => {
            eprintln!("cuulong: {failure}");
            Ok(ExitCode::from(3))
        }
    }
}

fn judge(args: &PathArgs) -> Result<path::Report, Failure> {
    let mut chain = Vec::new();
    for path in &args.chain {
        chain.extend(verify::certificates(path)?);
    }
    let mut anchors = Vec::new();
    for path in &args.trust {
        anchors.extend(verify::certificates(path)?.into_iter().map(Anchor::from));
    }
    let target = chain.first().cloned().ok_or_else(|| Failure::new("no certificate to judge"))?;
    let mut material = path::Material::new();
    chain.into_iter().for_each(|certificate| material.add_certificate(certificate));
    for path in &args.crl {
        let list = pki::Crl::import(&verify::read(path)?);
        material.add_crl(list.map_err(|e| Failure::new(format!("{}: {e}", path.display())))?);
    }
    Ok(path::validate(&target, &anchors, &material, &args.rules()?))
}

fn print(report: &path::Report, json: bool) {
    let verdict = match report.verdict() {
        path::Verdict::Valid => "valid",
        path::Verdict::Invalid => "invalid",
        path::Verdict::Indeterminate => "indeterminate",
    };
    let subject = |n: usize| report.path.get(n).map_or_else(String::new, |one| one.subject().to_string());
    let faults = report.problems.iter();
    if json {
        let policies = match &report.policies {
            Policies::Any => json!("any"),
            Policies::These(list) => json!(list.iter().map(ToString::to_string).collect::<Vec<_>>()),
        };
        let faults: Vec<_> = faults
            .map(|problem| {
                json!({
                    "position": problem.position,
                    "subject": subject(problem.position),
                    "fault": chain_rule(&problem.fault),
                    "detail": format!("{:?}", problem.fault),
                })
            })
            .collect();
        let path: Vec<_> = (0..report.path.len()).map(subject).collect();
        let value = json!({
            "verdict": verdict, "path": path, "anchor": report.anchor, "policies": policies, "faults": faults,
        });
        println!("{value:#}");
        return;
    }
    println!("{verdict}");
    faults.for_each(|problem| println!("  {}: {}", subject(problem.position), chain_rule(&problem.fault)));
}
