//! The floors: one total order of crates, compared with what cargo knows.

use super::{Findings, Rules};
use crate::shell::{Outcome, cargo};
use serde_json::Value;

/// A crate of the workspace and the names of what it depends on, tests included.
pub struct Package {
    pub name: String,
    pub uses: Vec<String>,
}

/// The workspace as cargo sees it.
pub fn packages() -> Outcome<Vec<Package>> {
    let said = cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline"]).output()?;
    let said: Value = serde_json::from_str(&said).map_err(|e| format!("cargo metadata: {e}"))?;
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_string();
    let packages = said["packages"].as_array().ok_or("cargo metadata names no packages")?;
    Ok(packages
        .iter()
        .map(|package| Package {
            name: name(package),
            uses: package["dependencies"].as_array().into_iter().flatten().map(name).collect(),
        })
        .collect())
}

pub fn check(packages: &[Package], rules: &Rules, findings: &mut Findings) {
    let floor = |name: &str| rules.order.iter().position(|other| other == name);
    let aside = |name: &String| rules.aside.contains(name);
    for package in packages {
        let file = format!("crates/{}/Cargo.toml", package.name);
        let own = floor(&package.name);
        if own.is_none() && !aside(&package.name) {
            findings.add(&file, 1, "a crate without a floor", "give it its place in tidy.toml's `order`");
        }
        let forbidden = rules.must_not_know.get(&package.name);
        for used in &package.uses {
            let is_ours = packages.iter().any(|other| other.name == *used);
            if forbidden.is_some_and(|list| list.contains(used)) {
                let rule = format!("{} must not know {used}", package.name);
                findings.add(&file, 1, rule, "move the code to a floor that may");
            }
            if !is_ours || aside(&package.name) {
                continue;
            }
            let both_systems = rules.systems.contains(&package.name) && rules.systems.contains(used);
            if aside(used) {
                let rule = format!("{} uses {used}, which stands aside", package.name);
                findings.add(&file, 1, rule, "nobody uses it");
            } else if both_systems {
                let rule = format!("the systems {} and {used} know each other", package.name);
                findings.add(&file, 1, rule, "an event or a tiny trait in contracts, wired in the roof");
            } else if floor(used) >= own {
                let rule = format!("{} uses {used}, which stands after it", package.name);
                findings.add(&file, 1, rule, "turn the edge round, or a trait in contracts");
            }
        }
    }
}
