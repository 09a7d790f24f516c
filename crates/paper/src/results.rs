//! Result documents: which templates exist, what each must be given, and the data they share.

use base::Day;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::RenderError;

/// Who signs, in the order of the printed block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signer {
    /// `TM.`, `Q.`, `KT.`, `TL.` or `TUQ.` (nd30/art-13); absent when the head signs in his own name.
    pub authority_form: Option<String>,
    /// For whom: the People's Committee after `TM.`, the chairman after `KT.`.
    pub on_behalf_of: Option<String>,
    /// The signer's post.
    pub position: String,
    pub name: String,
}

/// One value of a template: a key of [`ResultTemplate`], or any label on `decision-letter`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Field {
    pub key: String,
    pub value: String,
}

/// A result document as the one-stop shop hands it to `paper`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultPaper {
    /// Name of a [`ResultTemplate`].
    pub template: String,
    pub agency_above: Option<String>,
    pub agency: String,
    /// Number without the symbol; absent before the number is allocated.
    pub number: Option<String>,
    /// Symbol after the number, such as `GPXD`; absent prints the number alone.
    pub symbol: Option<String>,
    /// Place in the dateline.
    pub place: String,
    pub date: Day,
    /// `decision-letter`: the document type in capitals; blank makes it an official letter (công văn).
    pub title: String,
    /// `decision-letter`: abstract of the document.
    pub subject: Option<String>,
    /// `decision-letter`: who decides, printed in capitals above the legal bases of a decision.
    pub issuer: Option<String>,
    /// `decision-letter`: addressees.
    pub to: Vec<String>,
    pub fields: Vec<Field>,
    /// Paragraphs; one that begins with an article number prints it bold.
    pub body: Vec<String>,
    /// Legal bases without the final punctuation.
    pub legal_basis: Vec<String>,
    /// Agency that takes a complaint; a negative answer must name it.
    pub complain_to: Option<String>,
    pub signer: Signer,
    /// Lines of the recipients' list without punctuation.
    pub recipients: Vec<String>,
    /// Prints on every page that the paper is a demonstration without legal value.
    pub demo: bool,
}

/// What a template prints.
#[derive(Clone, Copy, Debug)]
pub struct ResultTemplate {
    pub name: &'static str,
    /// Keys without which the paper would be void.
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
    /// Those of the keys that hold a day `YYYY-MM-DD`.
    pub days: &'static [&'static str],
    /// Takes any other key as a printed label.
    pub open: bool,
}

const TEMPLATES: [ResultTemplate; 14] = [
    ResultTemplate {
        name: "birth-certificate",
        required: &["child_name", "child_birth_date", "child_sex", "child_nationality", "birth_place"],
        optional: &[
            "child_ethnicity",
            "home_town",
            "personal_number",
            "mother_name",
            "mother_birth_year",
            "mother_ethnicity",
            "mother_nationality",
            "mother_residence",
            "father_name",
            "father_birth_year",
            "father_ethnicity",
            "father_nationality",
            "father_residence",
            "declarant_name",
            "declarant_identity",
            "registered_at",
            "registered_on",
            "book",
            "replaces",
        ],
        days: &["child_birth_date", "registered_on"],
        open: false,
    },
    ResultTemplate {
        name: "certified-copy",
        required: &["document_name", "certification_number", "book"],
        optional: &[
            "document_number",
            "document_issuer",
            "document_issued_on",
            "pages",
            "copies",
            "requester_name",
            "requester_identity",
        ],
        days: &["document_issued_on"],
        open: false,
    },
    ResultTemplate {
        name: "building-permit",
        required: &["owner_name", "building_name", "site_address"],
        optional: &[
            "purpose",
            "owner_address",
            "owner_representative",
            "design_name",
            "designer",
            "design_reviewer",
            "land_plot",
            "land_area_m2",
            "ground_floor_area_m2",
            "floor_area_m2",
            "height_m",
            "floors",
            "base_level",
            "density",
            "land_use_ratio",
            "red_line",
            "building_line",
            "colour",
            "depth_m",
            "land_papers",
            "remarks",
            "start_within_months",
        ],
        days: &[],
        open: false,
    },
    ResultTemplate {
        name: "marriage-certificate",
        required: &["filed_by", "first_name", "first_number", "second_name", "second_number"],
        optional: &[
            "first_birth_date",
            "first_ethnicity",
            "first_nationality",
            "first_residence",
            "second_birth_date",
            "second_ethnicity",
            "second_nationality",
            "second_residence",
        ],
        days: &["first_birth_date", "second_birth_date"],
        open: false,
    },
    ResultTemplate {
        name: "death-extract",
        required: &["deceased_name", "death_date", "death_place"],
        optional: &[
            "birth_year",
            "sex",
            "ethnicity",
            "nationality",
            "personal_number",
            "last_residence",
            "death_time",
            "death_cause",
            "declarant_name",
            "declarant_number",
        ],
        days: &["death_date"],
        open: false,
    },
    ResultTemplate {
        name: "civil-status-extract",
        required: &["event", "subject_name", "registered_at"],
        optional: &[
            "event_note",
            "subject_birth_date",
            "registered_on",
            "register_number",
            "requester_name",
            "copies",
        ],
        days: &["subject_birth_date", "registered_on"],
        open: false,
    },
    ResultTemplate {
        name: "marital-status",
        required: &["requester_name", "requester_number", "status", "purpose"],
        optional: &[
            "requester_residence",
            "subject_name",
            "subject_number",
            "principal_name",
            "principal_number",
            "residences",
            "purpose_note",
            "partner",
            "marriage_place",
        ],
        days: &[],
        open: false,
    },
    ResultTemplate {
        name: "certified-signature",
        required: &["document_name", "signers", "pages", "copies", "certification_number", "book"],
        optional: &["place", "outside_place"],
        days: &[],
        open: false,
    },
    ResultTemplate {
        name: "residence-notice",
        required: &["person_name", "person_number", "lodging", "from_date"],
        optional: &[
            "birth_date",
            "sex",
            "residence",
            "lodging_kind",
            "owner_name",
            "head_name",
            "companions",
            "months",
        ],
        days: &["birth_date", "from_date"],
        open: false,
    },
    ResultTemplate {
        name: "household-business",
        required: &["business_name", "business_place", "lines", "capital", "owner_name", "owner_number"],
        optional: &[
            "owner_birth_date",
            "owner_residence",
            "owner_phone",
            "founded_by",
            "members",
            "start_date",
        ],
        days: &["owner_birth_date", "start_date"],
        open: false,
    },
    ResultTemplate {
        name: "mediation-minutes",
        required: &["requester_name", "opponents", "parcel_place", "dispute"],
        optional: &["requester_number", "requester_residence", "parcel", "content", "wish", "hamlet_result"],
        days: &[],
        open: false,
    },
    ResultTemplate {
        name: "poverty-decision",
        required: &["request", "head_name", "head_number", "home"],
        optional: &["members"],
        days: &[],
        open: false,
    },
    ResultTemplate {
        name: "interlinked-notice",
        required: &["code", "parts"],
        optional: &["child_name", "child_birth_date", "requester_name", "home", "clinic"],
        days: &["child_birth_date"],
        open: false,
    },
    ResultTemplate { name: "decision-letter", required: &[], optional: &[], days: &[], open: true },
];

/// All result templates, for checking a catalogue of procedures against them.
pub fn result_templates() -> &'static [ResultTemplate] {
    &TEMPLATES
}

/// Finds the paper's template and compares the fields with it.
pub(crate) fn check(paper: &ResultPaper) -> Result<&'static ResultTemplate, RenderError> {
    let template = TEMPLATES.iter().find(|t| t.name == paper.template).ok_or_else(|| {
        let known = TEMPLATES.iter().map(|t| t.name).collect();
        RenderError::UnknownTemplate { name: paper.template.clone(), known }
    })?;
    let filled = |key: &str| paper.fields.iter().any(|f| f.key == key && !f.value.trim().is_empty());
    let fields: Vec<_> = template.required.iter().copied().filter(|key| !filled(key)).collect();
    if !fields.is_empty() {
        return Err(RenderError::Missing { template: template.name, fields });
    }
    if template.open {
        return Ok(template);
    }
    let known: Vec<_> = template.required.iter().chain(template.optional).copied().collect();
    let unknown = paper.fields.iter().filter(|f| !known.contains(&f.key.as_str()));
    let fields: Vec<_> = unknown.map(|f| f.key.clone()).collect();
    if !fields.is_empty() {
        return Err(RenderError::UnknownFields { template: template.name, fields, known });
    }
    for field in paper.fields.iter().filter(|f| template.days.contains(&f.key.as_str())) {
        if !field.value.trim().is_empty() && Day::parse(field.value.trim()).is_err() {
            return Err(RenderError::NotADay { field: field.key.clone(), value: field.value.clone() });
        }
    }
    Ok(template)
}

/// The cleaned fields as templates want them: `{by: {key: value}, list: [{key, value}]}`.
pub(crate) fn by_key(fields: &Value) -> Value {
    let list = fields.as_array().cloned().unwrap_or_default();
    let text = |field: &Value, key: &str| field[key].as_str().unwrap_or_default().to_owned();
    let by: Map<String, Value> =
        list.iter().map(|f| (text(f, "key"), Value::String(text(f, "value")))).collect();
    json!({ "by": by, "list": list })
}
