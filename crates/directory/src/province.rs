//! The province this installation serves: one row, data like everything else.

use db::{Tx, args};

use crate::unit::UnitId;

db::record! {
    /// The province, and the choices made for it.
    #[derive(PartialEq, Eq)]
    pub struct Province {
        code: String,
        name: String,
        /// "Vĩnh Long": for titles.
        short_name: String,
        /// The frame of law: "2018" or "2025". Rules that differ by frame look it up in their own data.
        frame: String,
        owner: String,
        hotline: String,
        ident: Option<String>,
        ident_qd20: Option<String>,
        /// The unit at the top.
        root: UnitId,
        /// Which list of levels to read in a procedure, where it has several.
        procedure_levels: String,
        /// May citizens make an account themselves?
        registration_open: bool,
        /// Is such an account good for filing at once, or only when a counter or an identity provider
        /// has confirmed who it is?
        confirm_on_registration: bool,
    }
}

/// The province. `NotFound` before the seed has run.
pub async fn province(tx: &mut Tx) -> db::Result<Province> {
    tx.get(
        "select code, name, short_name, frame, owner, hotline, ident, ident_qd20, root, procedure_levels,
                registration_open, confirm_on_registration from province",
        args![],
    )
    .await
}

/// For each level a procedure may name, the level of the units that answer here, in alphabetical order.
pub async fn level_rules(tx: &mut Tx) -> db::Result<Vec<(String, String)>> {
    tx.list("select level, answered_by from level_rule order by level limit 50", args![]).await
}
