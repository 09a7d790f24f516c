//! What can be wrong with a procedure's file: a closed list with facts. The sentences and the
//! remedies stand in `words/procedure.*.toml` under the key each finding names.

use std::fmt;

use web::words::Lang;

use crate::procedure::words::WORDS;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The procedure must not be offered.
    Error,
    /// An official should look; the procedure works.
    Warning,
}

macro_rules! findings {
    ($($(#[$doc:meta])* $name:ident { $($fact:ident: $kind:ty),* } = $key:literal, $severity:ident;)*) => {
        /// One thing wrong with a file.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Finding {
            $($(#[$doc])* $name { $($fact: $kind),* },)*
        }

        impl Finding {
            /// The key of its sentence and of its remedy.
            pub fn key(&self) -> &'static str {
                match self {
                    $(Finding::$name { .. } => $key,)*
                }
            }

            /// How bad it is.
            pub fn severity(&self) -> Severity {
                match self {
                    $(Finding::$name { .. } => Severity::$severity,)*
                }
            }

            /// The facts of the sentence, by placeholder.
            pub fn args(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Finding::$name { $($fact),* } => vec![$((stringify!($fact), $fact.to_string())),*],)*
                }
            }

            /// Every key, so that a test can find words and a bad file for each.
            #[cfg(test)]
            pub const KEYS: &[&str] = &[$($key),*];
        }
    };
}

findings! {
    NoLevel {} = "no_level", Error;
    ValidBackwards {} = "valid_backwards", Error;
    OnlineWithoutForm {} = "online_without_form", Error;
    /// Filed online it could never be received: reception has no time to promise.
    OnlineWithoutLimit {} = "online_without_limit", Error;
    OnlineChannelMissing {} = "online_channel_missing", Error;
    OnlineChannelOpen {} = "online_channel_open", Error;
    DuplicateComponent { id: String } = "duplicate_component", Error;

    NoSteps {} = "no_steps", Error;
    DuplicateStep { id: String } = "duplicate_step", Error;
    UnknownStep { from: String, to: String } = "unknown_step", Error;
    Unreachable { id: String } = "unreachable", Error;
    /// No signature can be reached from here.
    DeadEnd { id: String } = "dead_end", Error;
    NoSignStep {} = "no_sign_step", Error;
    SignNotByLeader { id: String } = "sign_not_by_leader", Error;
    /// `next` leads back to this step; going back is `may_return_to`.
    Cycle { id: String } = "cycle", Error;
    /// A circle that no step leaves.
    LoopWithoutExit { id: String } = "loop_without_exit", Error;
    /// `may_return_to` names a step that does not lead here again.
    ReturnElsewhere { from: String, to: String } = "return_elsewhere", Error;
    StepWithoutLimit { id: String } = "step_without_limit", Error;
    /// Working minutes: the longest path through the steps, and what the law gives.
    StepsTooLong { longest: u64, legal: u64, path: String } = "steps_too_long", Error;

    BadSchema { why: String } = "bad_schema", Error;
    PageTwice { id: String } = "page_twice", Error;
    /// The filing's own pages have this address.
    PageReserved { id: String } = "page_reserved", Error;
    PageEmpty { id: String } = "page_empty", Error;
    /// A question said to be about the matter is none of the form.
    MatterUnknown { field: String } = "matter_unknown", Error;
    FieldTwice { field: String } = "field_twice", Error;
    /// Field names are ids in the page and keys in the interface.
    FieldNameOdd { field: String } = "field_name_odd", Error;
    FieldNotInSchema { field: String } = "field_not_in_schema", Error;
    FieldOnNoPage { field: String } = "field_on_no_page", Error;
    FieldWithoutTitle { field: String } = "field_without_title", Error;
    RequiredUnknown { field: String } = "required_unknown", Error;
    UiUnknown { field: String } = "ui_unknown", Error;
    OptionsDiffer { field: String } = "options_differ", Error;
    /// The control cannot give an answer of this type.
    WidgetUnfit { field: String } = "widget_unfit", Error;
    FormatUnknown { field: String, format: String } = "format_unknown", Error;
    PrefillUnknown { field: String, from: String } = "prefill_unknown", Error;
    /// An example that the form itself refuses.
    ExampleRefused { field: String, example: String } = "example_refused", Error;
    /// The account knows it and the form does not take it from there.
    AsksKnown { field: String, from: String } = "asks_known", Error;
    /// Two questions are filled from one fact.
    AskedTwice { field: String, other: String, from: String } = "asked_twice", Warning;
    /// A question with one possible answer that pledges nothing.
    OneAnswer { field: String } = "one_answer", Warning;
    /// A free choice that no condition, paper or result looks at.
    UnusedChoice { field: String } = "unused_choice", Warning;
    /// A group or a composite type that the form cannot ask; which rule, as a word.
    GroupUnfit { field: String, why: &'static str } = "group_unfit", Error;

    WhenUnknown { at: String, field: String } = "when_unknown", Error;
    WhenLater { at: String, field: String } = "when_later", Error;
    /// A condition that no answer can meet.
    WhenNever { at: String } = "when_never", Error;

    ResultUnknown { field: String, from: String } = "result_unknown", Error;
    /// The template cannot be printed without this field.
    TemplateLacks { template: &'static str, field: String } = "template_lacks", Error;
    /// The template needs it, and it comes from a question that may stay unanswered.
    TemplateMayLack { template: &'static str, field: String, from: String } = "template_may_lack", Error;
    TemplateUnknownField { template: &'static str, field: String } = "template_unknown_field", Error;
    /// The template prints a day, and it gets something else.
    TemplateNotADay { template: &'static str, field: String, from: String } = "template_not_a_day", Error;

    ChildTwice { id: String } = "child_twice", Error;
    ChildUnknown { id: String, code: String } = "child_unknown", Error;
    ChildOrder { id: String, after: String } = "child_order", Error;
    /// Calendar days: the longest chain of child procedures, and what the citizen is promised.
    ChildrenTooLong { longest: u32, legal: u32 } = "children_too_long", Error;
    ChildLimitUnknown { id: String } = "child_limit_unknown", Warning;
    /// A question, paper or address that parent or child does not have.
    ChildMapOdd { id: String, name: String } = "child_map_odd", Error;
    /// A question that the child's form needs and nothing answers.
    ChildAnswerLacks { id: String, field: String } = "child_answer_lacks", Error;
    /// The child's own file promises another time than the parent's says.
    ChildLimitDiffers { id: String } = "child_limit_differs", Warning;
    /// More children than one dossier may have.
    ChildrenTooMany { most: usize } = "children_too_many", Error;
    /// A rule of routing after one that always holds.
    RouteNever { nth: usize } = "route_never", Error;
    /// A rule of routing by something that is no address of the form, or that may stay unanswered.
    RouteField { nth: usize, field: String } = "route_field", Error;
    /// A level that does not settle the procedure.
    RouteLevel { nth: usize, level: &'static str } = "route_level", Error;

    SignerTwice { id: String } = "signer_twice", Error;
    /// Nothing can be read before agreeing where there is no form.
    SignerWithoutForm { id: String } = "signer_without_form", Error;
    /// Not a question, or part of the group, that asks for a personal number.
    SignerNumber { id: String, field: String } = "signer_number", Error;
    SignerPerson { id: String, field: String } = "signer_person", Error;
    /// A signer without whom nothing is filed, whose number may stay unanswered.
    SignerMayLack { id: String, field: String } = "signer_may_lack", Error;

    LimitUnknown {} = "limit_unknown", Warning;
    LimitDoubtful { why: String } = "limit_doubtful", Warning;
    ResultCodeOdd { code: String } = "result_code_odd", Warning;
    Doubt { text: String } = "doubt", Warning;
}

impl Finding {
    fn said(&self, table: &str, lang: Lang) -> String {
        let facts = self.args();
        let args: Vec<(&str, &str)> = facts.iter().map(|(name, value)| (*name, value.as_str())).collect();
        WORDS.tr(lang, &format!("{table}.{}", self.key()), &args)
    }

    /// What is wrong, in one sentence.
    pub fn sentence(&self, lang: Lang) -> String {
        self.said("finding", lang)
    }

    /// What to do about it.
    pub fn remedy(&self, lang: Lang) -> String {
        self.said("remedy", lang)
    }
}

/// In English, as logs and goldens keep it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence(Lang::En))
    }
}
