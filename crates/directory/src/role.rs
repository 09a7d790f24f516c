//! What a person may be in the system.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role. All but `Citizen` are held by a post in a unit, and mean nothing outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Công dân: files dossiers of their own.
    Citizen,
    /// Công chức một cửa: receives dossiers and returns results at a counter.
    CounterClerk,
    /// Văn thư: numbers, seals and registers documents.
    RecordsClerk,
    /// Chuyên viên: examines and drafts.
    Officer,
    /// Lãnh đạo: assigns, decides, signs.
    Leader,
    /// Keeps the units and officials of one unit and of all below it.
    UnitAdmin,
    /// Keeps the units and officials of the whole province.
    Admin,
}

impl Role {
    /// Every role, in the order in which they are shown.
    pub const ALL: [Role; 7] = [
        Role::Citizen,
        Role::CounterClerk,
        Role::RecordsClerk,
        Role::Officer,
        Role::Leader,
        Role::UnitAdmin,
        Role::Admin,
    ];

    /// The roles a post may carry.
    pub const OF_POSTS: [Role; 6] =
        [Role::CounterClerk, Role::RecordsClerk, Role::Officer, Role::Leader, Role::UnitAdmin, Role::Admin];

    /// The word used in data, in the API and in `demo-accounts.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Citizen => "citizen",
            Role::CounterClerk => "counter_clerk",
            Role::RecordsClerk => "records_clerk",
            Role::Officer => "officer",
            Role::Leader => "leader",
            Role::UnitAdmin => "unit_admin",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchRole(pub String);

impl fmt::Display for NoSuchRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such role: {}", self.0)
    }
}

impl std::error::Error for NoSuchRole {}

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Role, NoSuchRole> {
        Role::ALL.into_iter().find(|r| r.as_str() == text).ok_or_else(|| NoSuchRole(text.to_string()))
    }
}
