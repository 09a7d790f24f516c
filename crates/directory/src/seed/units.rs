//! From a province file to all its units: the known ones, and those the file's rules make. Pure.

use std::collections::HashMap;

use super::file::{AgencyRule, File, FileUnit, Identifiers, Style};

/// A unit ready to be stored. Parents come before their children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedUnit {
    pub code: String,
    pub name: String,
    pub kind: String,
    pub level: String,
    pub territory: bool,
    pub functions: Vec<String>,
    pub parent: Option<String>,
    pub symbol: Option<String>,
    pub ident: Option<String>,
    pub invented: bool,
    pub source: Option<String>,
    pub doubt: Option<String>,
    pub successors: Vec<String>,
}

impl SeedUnit {
    /// Does it have this function?
    pub fn does(&self, function: &str) -> bool {
        self.functions.iter().any(|f| f == function)
    }
}

/// The file contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile(pub String);

impl std::fmt::Display for BadFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "province file: {}", self.0)
    }
}

impl std::error::Error for BadFile {}

/// All units of the file, in its order, each followed by what the rules make for it.
pub fn expand(file: &File) -> Result<Vec<SeedUnit>, BadFile> {
    let mut out: Vec<SeedUnit> = Vec::new();
    for known in &file.units {
        let unit = from_file(file, known)?;
        let has_territories =
            |level: &str| file.territory_kinds.iter().any(|k| file.kinds.get(k).is_some_and(|l| l == level));
        let made: Vec<SeedUnit> = file
            .agency_rule
            .iter()
            .filter(|rule| unit.territory || !has_territories(&rule.for_level))
            .filter(|rule| applies(rule, &unit))
            .map(|rule| from_rule(rule, &unit))
            .collect();
        out.push(unit);
        out.extend(made);
    }
    check(&out)?;
    identify(&mut out, &file.identifiers)?;
    Ok(out)
}

fn from_file(file: &File, known: &FileUnit) -> Result<SeedUnit, BadFile> {
    let level = known.level.as_ref().or_else(|| file.kinds.get(&known.kind));
    let level = level.ok_or_else(|| BadFile(format!("no level for the kind of {}", known.code)))?;
    let source = file.sources.get(&known.source);
    let source = source.ok_or_else(|| BadFile(format!("no such source for {}", known.code)))?;
    let doubt = [
        known.doubt.clone(),
        (!known.former.is_empty()).then(|| format!("from {}", known.former.join(", "))),
        (!known.predecessors.is_empty()).then(|| format!("took in {}", known.predecessors.join(", "))),
    ];
    let doubt: Vec<String> = doubt.into_iter().flatten().collect();
    Ok(SeedUnit {
        code: known.code.clone(),
        name: known.name.clone(),
        kind: known.kind.clone(),
        level: level.clone(),
        territory: file.territory_kinds.contains(&known.kind),
        functions: known.functions.clone(),
        parent: known.parent.clone(),
        symbol: known.symbol.clone(),
        ident: known.ident.clone(),
        invented: false,
        source: Some(source.clone()),
        doubt: (!doubt.is_empty()).then(|| doubt.join("; ")),
        successors: known.successors.clone(),
    })
}

fn applies(rule: &AgencyRule, unit: &SeedUnit) -> bool {
    rule.for_level == unit.level
        && (rule.kinds.is_empty() || rule.kinds.contains(&unit.kind))
        && (rule.only.is_empty() || rule.only.contains(&unit.code))
}

fn from_rule(rule: &AgencyRule, unit: &SeedUnit) -> SeedUnit {
    let fill = |text: &str| {
        text.replace("{code}", &unit.code)
            .replace("{name_lower}", &lower_first(&unit.name))
            .replace("{name}", &unit.name)
    };
    SeedUnit {
        code: fill(&rule.code),
        name: fill(&rule.name),
        kind: rule.kind.clone(),
        level: unit.level.clone(),
        territory: false,
        functions: rule.functions.clone(),
        parent: Some(rule.under.as_deref().map_or_else(|| unit.code.clone(), fill)),
        symbol: rule.symbol.clone(),
        ident: rule.ident.clone(),
        invented: true,
        source: None,
        doubt: None,
        successors: Vec::new(),
    }
}

/// "Phường 9" → "phường 9", as inside a sentence.
fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

fn check(units: &[SeedUnit]) -> Result<(), BadFile> {
    let mut seen: HashMap<&str, ()> = HashMap::new();
    for unit in units {
        if let Some(parent) = &unit.parent
            && !seen.contains_key(parent.as_str())
        {
            return Err(BadFile(format!("{} stands under {parent}, which is not above it", unit.code)));
        }
        if seen.insert(&unit.code, ()).is_some() {
            return Err(BadFile(format!("{} stands twice", unit.code)));
        }
    }
    Ok(())
}

/// Gives an identifier to every agency and counter that has none, by its place in the tree: a path of
/// numbers in which a territory's committee has its territory's path, and each counter, each agency
/// and each territory below takes the next number. Sections and councils get none.
fn identify(units: &mut [SeedUnit], how: &Identifiers) -> Result<(), BadFile> {
    let mut paths: HashMap<String, Vec<u32>> = HashMap::new();
    let mut given: HashMap<Vec<u32>, u32> = HashMap::new();
    for unit in units {
        let above = match &unit.parent {
            None => {
                paths.insert(unit.code.clone(), Vec::new());
                continue;
            }
            Some(parent) => paths.get(parent).cloned(),
        };
        let Some(above) = above.filter(|_| !how.without.contains(&unit.level)) else { continue };
        let shares = unit.does("committee");
        if !(unit.territory || shares || unit.does("leadership") || unit.does("counter")) {
            continue;
        }
        let mut path = above;
        if !shares {
            let next = given.entry(path.clone()).or_default();
            *next += 1;
            path.push(*next);
        }
        if !unit.territory && unit.ident.is_none() {
            unit.ident = Some(written(&path, how)?);
        }
        paths.insert(unit.code.clone(), path);
    }
    Ok(())
}

/// `[24, 3]` as `000.03.24.Z61` or `Z61.24.3`.
fn written(path: &[u32], how: &Identifiers) -> Result<String, BadFile> {
    match how.style {
        Style::Qd20 => {
            let tail: String = path.iter().map(|n| format!(".{n}")).collect();
            Ok(format!("{}{tail}", how.prefix))
        }
        Style::Qcvn102 => {
            let at = |i: usize| path.get(i).copied().unwrap_or(0);
            if path.len() > 3 || at(0) > 99 || at(1) > 99 || at(2) > 999 {
                return Err(BadFile(format!("no room in VVV.ZZ.YY for {path:?}")));
            }
            Ok(format!("{:03}.{:02}.{:02}.{}", at(2), at(1), at(0), how.prefix))
        }
    }
}
