//! The province file: which units stand, in which frame of law, and how the rest is made from them.

use std::collections::BTreeMap;

use base::Day;
use serde::Deserialize;

use crate::role::Role;

/// A province file as written. The files beside this crate are read by a test, each key by name, so
/// that a misspelt one is an error and not a silence.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub code: String,
    /// The frame of law, "2018" or "2025": which rules of procedure apply. A name, not a year to compare.
    pub frame: String,
    pub name: String,
    pub short_name: String,
    pub owner: String,
    pub hotline: String,
    pub ident: Option<String>,
    pub ident_qd20: Option<String>,
    pub valid_from: Day,
    pub registration_open: bool,
    pub confirm_on_registration: bool,
    pub procedure_levels: String,
    /// Office hours of the whole province, as `base::OfficeHours` writes them.
    pub office_hours: String,
    pub territory_kinds: Vec<String>,
    pub units: Vec<FileUnit>,
    pub staff_rules: Vec<StaffRule>,
    /// The level a procedure speaks of, and the level of the unit that answers here.
    pub levels: BTreeMap<String, String>,
    /// The level at which a unit of a kind stands.
    pub kinds: BTreeMap<String, String>,
    pub identifiers: Identifiers,
    pub sources: BTreeMap<String, String>,
    pub agency_rule: Vec<AgencyRule>,
    pub demo: Demo,
}

/// A unit that the sources know.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileUnit {
    pub code: String,
    pub name: String,
    pub kind: String,
    pub level: Option<String>,
    pub parent: Option<String>,
    pub symbol: Option<String>,
    pub ident: Option<String>,
    #[serde(default)]
    pub functions: Vec<String>,
    /// Codes of the units that take over when the frame changes; the first one by default.
    #[serde(default)]
    pub successors: Vec<String>,
    /// Communes of the earlier frame whose land this one took in.
    #[serde(default)]
    pub predecessors: Vec<String>,
    /// Provinces of the earlier frame it came from.
    #[serde(default)]
    pub former: Vec<String>,
    pub doubt: Option<String>,
    pub source: String,
}

/// How identifiers nobody knows are made, visibly so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifiers {
    pub style: Style,
    pub prefix: String,
    /// Levels whose units get none: they belong to somebody else's tree.
    #[serde(default)]
    pub without: Vec<String>,
}

/// The two standards for identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// QCVN 102:2016: `VVV.ZZ.YY.Z61`, read from right to left.
    Qcvn102,
    /// QĐ 20/2020/QĐ-TTg: `Z61.n.n`, read from left to right.
    Qd20,
}

/// Makes one agency, counter or section for each territory or agency of a level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgencyRule {
    pub for_level: String,
    /// Only for territories of these kinds.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Only for these codes.
    #[serde(default)]
    pub only: Vec<String>,
    /// The unit it stands under; the territory or agency itself where absent.
    pub under: Option<String>,
    pub code: String,
    pub name: String,
    pub kind: String,
    pub symbol: Option<String>,
    pub ident: Option<String>,
    pub functions: Vec<String>,
}

/// How many people hold a post in each unit of a level with a function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffRule {
    pub level: String,
    pub function: String,
    pub role: Role,
    pub title: String,
    /// Least and most.
    pub count: [u32; 2],
}

/// The people one may sign in as in a demonstration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    pub password: String,
    pub citizens: Vec<DemoCitizen>,
    pub officials: Vec<DemoOfficial>,
}

/// A citizen of the demonstration; the login is the personal number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoCitizen {
    pub personal_number: String,
    pub name: String,
    pub phone: String,
    pub address: String,
}

/// An official of the demonstration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoOfficial {
    pub login: String,
    pub name: String,
    pub posts: Vec<DemoPost>,
}

/// A post of a demonstration's official; `unit` is a code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPost {
    pub unit: String,
    pub role: Role,
    pub title: String,
}
