//! A procedure as its file states it. Unknown keys are errors; an unknown fact is an
//! absent key, never a guess, and a doubtful one carries its doubt beside it.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use base::{Day, Limit};
use rust_embed::RustEmbed;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::check::{Severity, check};
use super::form::typed::expand;
use super::signers::Signer;

/// The answers to a form, by field; what a draft keeps and a dossier carries.
pub type Answers = Map<String, Value>;

/// One procedure in one version. A dossier keeps the version it was accepted under.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// The national code, `1.001193`.
    pub code: String,
    /// Our count of the versions of this file, from 1.
    pub version: u32,
    pub name: String,
    /// The field (lĩnh vực) as the national catalogue names it.
    pub field: String,
    /// Who settles it, in words.
    pub agency: String,
    /// The levels that settle it under the frame of 2025.
    pub levels: Vec<Level>,
    /// The level that settled it before 1 July 2025, where it was another one.
    #[serde(default)]
    pub level_2018: Option<Level>,
    #[serde(default)]
    pub level_2018_note: Option<String>,
    /// The ways a dossier may come in.
    pub channels: Vec<Channel>,
    /// False: not configured for filing online; it can be read, and taken at the counter.
    pub online: bool,
    /// Service level 1–4 of the years 2011–2022, where known. law: onestop/service-levels
    #[serde(default)]
    pub level_2011: Option<u8>,
    #[serde(default)]
    pub level_2022: Option<ServiceLevel>,
    /// The days this version is offered, both inclusive.
    pub valid_from: Day,
    #[serde(default)]
    pub valid_to: Option<Day>,
    /// The decision that published the procedure, `163/QĐ-BTP`.
    #[serde(default)]
    pub decision: Option<String>,
    /// The legal limit in its own unit; absent when no source states one.
    #[serde(default, deserialize_with = "limit_opt")]
    pub limit: Option<Limit>,
    #[serde(default)]
    pub limit_note: Option<String>,
    /// How far the limit may be trusted, in the words of the source.
    #[serde(default)]
    pub limit_confidence: Option<String>,
    /// Other words by which people look for it.
    #[serde(default)]
    pub synonyms: Vec<String>,
    /// The procedures that are settled together with this one (liên thông), in words.
    #[serde(default)]
    pub interlinked: Vec<String>,
    /// The same as parts with their own agencies and limits; the citizen has one promise, `limit`.
    #[serde(default)]
    pub children: Vec<Child>,
    /// Whether the children become dossiers of their own when this one is received; otherwise they are
    /// checked and shown.
    #[serde(default)]
    pub run_children: bool,
    /// Which agency settles it when it is handed in elsewhere: the first rule that fits. Without one it is
    /// the agency of the counter that received it. law: onestop/anywhere
    #[serde(default)]
    pub routing: Vec<Route>,
    /// What an official has to know that fits nowhere else.
    #[serde(default)]
    pub notes: Option<String>,
    /// Contradictions known in the source; each is a warning until an official decides.
    #[serde(default)]
    pub doubts: Vec<String>,
    #[serde(default)]
    pub fees: Vec<Fee>,
    #[serde(default)]
    pub components: Vec<Component>,
    #[serde(default)]
    pub form: Option<Form>,
    /// Who agrees to what is declared, beside whoever files it.
    #[serde(default)]
    pub signers: Vec<Signer>,
    pub steps: Vec<Step>,
    pub result: ResultSpec,
    #[serde(default)]
    pub legal_basis: Vec<LegalBasis>,
    pub source: Source,
    #[serde(skip)]
    sound: OnceLock<bool>,
}

/// One procedure inside an interlinked one. law: onestop/interlinked
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Child {
    pub id: String,
    /// Its own code, where the catalogue has it.
    #[serde(default)]
    pub code: Option<String>,
    pub name: String,
    /// Who settles it, in words.
    pub agency: String,
    /// Its own limit; absent when no source states one.
    #[serde(default, deserialize_with = "limit_opt")]
    pub limit: Option<Limit>,
    /// The children whose results it waits for; without one it begins at once.
    #[serde(default)]
    pub after: Vec<String>,
    /// What it gives.
    pub result: String,
    #[serde(default)]
    pub note: Option<String>,
    /// Its own question → the parent's question that answers it.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// Its own question → the answer that follows from being a part of this procedure.
    #[serde(default)]
    pub fixed: Map<String, Value>,
    /// Its own paper → the parent's paper that serves for it.
    #[serde(default)]
    pub papers: BTreeMap<String, String>,
    /// The parent's address by which its agency is found; absent: the agency of the parent.
    #[serde(default)]
    pub place: Option<String>,
}

/// One rule of routing: the agency at this place and level settles. law: onestop/anywhere
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The case in which it holds; absent means always.
    #[serde(default)]
    pub when: Option<When>,
    /// The address whose place counts; absent: the place of the counter that received.
    #[serde(default)]
    pub field: Option<String>,
    /// The level of the agency; absent: the level that settles the procedure in the frame in force.
    #[serde(default)]
    pub level: Option<Level>,
    /// The function of the unit there that settles, where it is not the People's Committee itself.
    #[serde(default)]
    pub unit_kind: Option<String>,
}

/// The level of the state that settles a procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Commune,
    District,
    Province,
    Ministry,
    /// Bodies outside the levels: notaries, missions abroad, schools.
    Other,
}

impl Level {
    /// The word used in the files and for units in the directory.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Commune => "commune",
            Level::District => "district",
            Level::Province => "province",
            Level::Ministry => "ministry",
            Level::Other => "other",
        }
    }
}

/// Which order of the state a province runs: with districts (until 30 June 2025) or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    Y2018,
    Y2025,
}

/// A way for a dossier to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Counter,
    Online,
    /// The public postal service (bưu chính công ích).
    Post,
}

/// The levels of online service since 2022. law: onestop/service-levels
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevel {
    /// Toàn trình.
    Full,
    /// Một phần.
    Partial,
}

/// One fee or charge (phí, lệ phí).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    pub name: String,
    /// Whole đồng for one `unit`; 0 is free; absent when another body sets it or no
    /// source states it, which `note` then says.
    #[serde(default)]
    pub amount: Option<i64>,
    /// What one amount pays for: a page, a paper, a case.
    #[serde(default)]
    pub unit: Option<String>,
    /// The channels it applies to; empty means every channel.
    #[serde(default)]
    pub channels: Vec<Channel>,
    #[serde(default)]
    pub note: Option<String>,
    /// Who does not pay.
    #[serde(default)]
    pub exempt: Vec<String>,
    #[serde(default)]
    pub confidence: Option<String>,
}

/// One paper of the dossier (thành phần hồ sơ).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Unique in the procedure; uploads name it.
    pub id: String,
    pub name: String,
    /// Number of originals and copies; both 0 when the source does not say.
    #[serde(default)]
    pub originals: u32,
    #[serde(default)]
    pub copies: u32,
    pub required: bool,
    /// The electronic form takes its place when the dossier is filed online.
    #[serde(default)]
    pub by_form: bool,
    #[serde(default)]
    pub note: Option<String>,
    /// The case in which it is asked for; absent means always.
    #[serde(default)]
    pub when: Option<When>,
    /// Asked as a question of the form (format `file`), and not among the papers.
    #[serde(skip)]
    pub question: bool,
}

/// A condition on the answers: `field` was answered with `equals`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    pub field: String,
    pub equals: Value,
}

impl When {
    /// Whether the answers meet the condition. No answer does not meet it.
    pub fn holds(&self, answers: &Answers) -> bool {
        answers.get(&self.field) == Some(&self.equals)
    }
}

/// The electronic form: pages of fields over one JSON Schema (2020-12) of type object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub pages: Vec<Page>,
    pub schema: Value,
    /// How to ask each field; a field without an entry is a line of text.
    #[serde(default)]
    pub ui: BTreeMap<String, Ui>,
    /// The questions about the matter and not about the person: answers of an earlier dossier are never
    /// offered for them, since a second child is not the first.
    #[serde(default)]
    pub matter: Vec<String>,
    #[serde(skip)]
    pub(super) compiled: OnceLock<Option<jsonschema::Validator>>,
}

/// One page of the form: one topic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub hint: Option<String>,
    pub fields: Vec<String>,
}

impl Page {
    /// Whether the page asks this question.
    pub fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|own| own == field)
    }
}

/// How one field is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ui {
    #[serde(default)]
    pub widget: Widget,
    #[serde(default)]
    pub hint: Option<String>,
    /// The HTML `autocomplete` token.
    #[serde(default)]
    pub autocomplete: Option<String>,
    /// The unit written behind a number.
    #[serde(default)]
    pub suffix: Option<String>,
    /// The labels of the schema's `enum`, in the order shown.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// Where a first value comes from: `person.name`, `person.personal_number`,
    /// `person.phone`, `person.email`, `person.address`.
    #[serde(default)]
    pub prefill: Option<String>,
}

/// The control a field is asked with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Widget {
    #[default]
    Text,
    Textarea,
    Radio,
    Select,
    Date,
    Checkbox,
    Number,
    /// Of the format `file`, which has no other.
    File,
}

/// One value that may be chosen, with its label.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// One internal step under status 4. law: onestop/internal-steps
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub id: String,
    pub name: String,
    pub role: StepRole,
    /// The function of the unit that does it: `agency` (the settling agency as a whole),
    /// `counter`, `justice`, `construction` …
    pub unit_kind: String,
    #[serde(default, deserialize_with = "limit_opt")]
    pub limit: Option<Limit>,
    /// The steps that may follow; empty only where the decision is made.
    #[serde(default)]
    pub next: Vec<String>,
    #[serde(default)]
    pub may_return_to: Vec<String>,
    pub kind: StepKind,
    /// What must have taken place, and be recorded, before the step is left forward.
    #[serde(default)]
    pub record: Option<Record>,
}

/// What takes place outside the desk and is recorded with its minutes. law: onestop/consultation
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Kiểm tra thực địa.
    Visit,
    /// Họp hội đồng.
    Council,
}

impl Record {
    /// Both, in the order in which they are offered.
    pub const ALL: [Record; 2] = [Record::Visit, Record::Council];

    /// The word in rows and forms.
    pub fn word(self) -> &'static str {
        match self {
            Record::Visit => "visit",
            Record::Council => "council",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Record> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }
}

/// Who does a step; the words are the directory's roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepRole {
    CounterClerk,
    Officer,
    Leader,
}

impl StepRole {
    /// The role's word in the directory.
    pub fn as_str(self) -> &'static str {
        match self {
            StepRole::CounterClerk => "counter_clerk",
            StepRole::Officer => "officer",
            StepRole::Leader => "leader",
        }
    }
}

/// What happens in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Examining, visiting, drafting: ends by passing on or submitting for signature.
    Work,
    /// A leader signs: the decision.
    Sign,
}

/// What the citizen gets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultSpec {
    pub template: ResultTemplate,
    pub name: String,
    /// The national code of the result, `KQ.G15.000031`; junk codes are left out.
    #[serde(default)]
    pub code: Option<String>,
    /// The letters in the number of the result document, `12/GKS`.
    #[serde(default)]
    pub symbol: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
    /// Template field → where its value comes from: `answers.child_name`, `applicant.name`,
    /// `result.day`, `dossier.code`.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// The paper a result is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResultTemplate {
    BirthCertificate,
    CertifiedCopy,
    BuildingPermit,
    MarriageCertificate,
    DeathExtract,
    CivilStatusExtract,
    MaritalStatus,
    CertifiedSignature,
    ResidenceNotice,
    HouseholdBusiness,
    MediationMinutes,
    PovertyDecision,
    InterlinkedNotice,
    /// A letter of decision, for every procedure without a paper of its own.
    DecisionLetter,
}

impl ResultTemplate {
    /// The template's name in `paper`.
    pub fn as_str(self) -> &'static str {
        match self {
            ResultTemplate::BirthCertificate => "birth-certificate",
            ResultTemplate::CertifiedCopy => "certified-copy",
            ResultTemplate::BuildingPermit => "building-permit",
            ResultTemplate::MarriageCertificate => "marriage-certificate",
            ResultTemplate::DeathExtract => "death-extract",
            ResultTemplate::CivilStatusExtract => "civil-status-extract",
            ResultTemplate::MaritalStatus => "marital-status",
            ResultTemplate::CertifiedSignature => "certified-signature",
            ResultTemplate::ResidenceNotice => "residence-notice",
            ResultTemplate::HouseholdBusiness => "household-business",
            ResultTemplate::MediationMinutes => "mediation-minutes",
            ResultTemplate::PovertyDecision => "poverty-decision",
            ResultTemplate::InterlinkedNotice => "interlinked-notice",
            ResultTemplate::DecisionLetter => "decision-letter",
        }
    }
}

/// A legal document the procedure rests on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// Number and symbol, `60/2014/QH13`.
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
}

/// Where the figures of the file come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub text: String,
    #[serde(default)]
    pub url: Option<String>,
    /// The limit exactly as the portal printed it, unit lost or not.
    #[serde(default)]
    pub portal_limit: Option<String>,
    /// Group of figures → how far it may be trusted.
    #[serde(default)]
    pub confidence: BTreeMap<String, String>,
}

/// Why a file is not a procedure; for whoever edits it and for the log.
#[derive(Debug, PartialEq, Eq)]
pub struct ParseProblem {
    /// Counted from 1.
    pub line: usize,
    pub message: String,
}

impl std::fmt::Display for ParseProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseProblem {}

/// Reads one procedure from the text of its file.
pub fn parse(text: &str) -> Result<Procedure, ParseProblem> {
    let mut procedure: Procedure = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        ParseProblem { line, message: error.message().trim().to_owned() }
    })?;
    if let Some(form) = &mut procedure.form {
        expand(&mut form.schema);
        procedure.components.extend(form.take_files());
    }
    Ok(procedure)
}

#[derive(RustEmbed)]
#[folder = "procedures/"]
struct Files;

/// The texts of the catalogue's files with their names, in order of name.
pub fn files() -> Vec<(String, String)> {
    let mut names: Vec<String> = Files::iter().map(|name| name.into_owned()).collect();
    names.retain(|name| name.ends_with(".toml"));
    names.sort();
    let read = |name: String| {
        let file = Files::get(&name)?;
        Some((name, String::from_utf8_lossy(&file.data).into_owned()))
    };
    names.into_iter().filter_map(read).collect()
}

/// Whether a file of the catalogue has this code in its name. Reads no file: the check of one
/// procedure asks it about another.
pub fn is_in_catalogue(code: &str) -> bool {
    Files::iter().any(|name| name.strip_prefix(code).is_some_and(|rest| rest.starts_with('.')))
}

/// The newest version of every procedure of the catalogue, in order of code.
pub fn newest() -> Vec<&'static Procedure> {
    let mut newest: BTreeMap<&str, &Procedure> = BTreeMap::new();
    // In order of versions, so the last one stays.
    newest.extend(embedded().iter().map(|p| (p.code.as_str(), p)));
    newest.into_values().collect()
}

/// Every procedure of the catalogue, in order of code and version.
pub fn embedded() -> &'static [Procedure] {
    static ALL: LazyLock<Vec<Procedure>> = LazyLock::new(|| {
        let read = |(name, text): (String, String)| {
            parse(&text).unwrap_or_else(|problem| panic!("procedures/{name}: {problem}"))
        };
        let mut all: Vec<Procedure> = files().into_iter().map(read).collect();
        all.sort_by(|a, b| (&a.code, a.version).cmp(&(&b.code, b.version)));
        all
    });
    &ALL
}

impl Procedure {
    /// Whether a citizen may file it here: it is configured, has a form to fill in, and the
    /// check finds no error in it.
    pub fn is_online(&self) -> bool {
        let sound = || check(self).iter().all(|finding| finding.severity() == Severity::Warning);
        self.online && self.form.is_some() && *self.sound.get_or_init(sound)
    }

    /// Whether this version is offered on `day`.
    pub fn is_valid_on(&self, day: Day) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    /// The levels that settle it under `frame`; never empty in a checked file.
    pub fn settled_at(&self, frame: Frame) -> &[Level] {
        match (frame, &self.level_2018) {
            (Frame::Y2018, Some(level)) => std::slice::from_ref(level),
            _ => &self.levels,
        }
    }

    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Where settlement begins; absent only in a file that the check refuses.
    pub fn first_step(&self) -> Option<&Step> {
        self.steps.first()
    }

    pub fn component(&self, id: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.id == id)
    }

    /// The papers that people bring: all but those that only the form asks for, as files.
    pub fn papers(&self) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(|c| !c.question)
    }

    /// The papers asked for in the case that the answers describe. Where no form was filled in, as at the
    /// counter, none of its questions was answered with a file either.
    pub fn components_for(&self, answers: &Answers) -> Vec<&Component> {
        let asked = |c: &&Component| {
            (!c.question || !answers.is_empty()) && c.when.as_ref().is_none_or(|when| when.holds(answers))
        };
        self.components.iter().filter(asked).collect()
    }
}

fn limit_opt<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Limit>, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = |_| serde::de::Error::custom(format!("'{text}' is no limit; write 3wd, 8wh, 20d or sameday"));
    text.parse().map(Some).map_err(wrong)
}
