//! Where in the file a finding stands, so that whoever mends it need not search.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Finding;

/// The places of a file's tables and values.
pub struct Lines<'a> {
    text: &'a str,
    root: Option<Spanned<DeTable<'a>>>,
}

/// A table or value of the file.
#[derive(Clone, Copy)]
enum Node<'t, 'a> {
    Table(&'t DeTable<'a>),
    Value(&'t Spanned<DeValue<'a>>),
}

/// A way to a place: keys, and of a list of tables the one with this id.
enum Key<'k> {
    Name(&'k str),
    /// The nth table (from 0) of those with this id.
    Id(&'k str, usize),
    /// The nth text (from 0) equal to this one, in lists at any depth.
    Text(&'k str, usize),
}

use Key::{Id, Name, Text};

impl<'a> Lines<'a> {
    /// Reads the places; a file that is no TOML has none, and every finding is on line 1.
    pub fn of(text: &'a str) -> Lines<'a> {
        Lines { text, root: DeTable::parse(text).ok() }
    }

    /// The line of a finding, counted from 1: of what is wrong, or else of what lacks it.
    pub fn of_finding(&self, finding: &Finding) -> usize {
        use Finding::*;
        match finding {
            NoLevel {} => self.line(&[Name("levels")]),
            ValidBackwards {} => self.line(&[Name("valid_to")]),
            OnlineWithoutForm {} | OnlineWithoutLimit {} | OnlineChannelOpen {} => {
                self.line(&[Name("online")])
            }
            OnlineChannelMissing {} => self.line(&[Name("channels")]),
            DuplicateComponent { id } => self.line(&[Name("components"), Id(id, 1)]),
            NoSteps {} => self.line(&[Name("steps")]),
            NoSignStep {} => self.line(&[Name("steps"), Id("", 0)]),
            DuplicateStep { id } => self.line(&[Name("steps"), Id(id, 1)]),
            UnknownStep { from, to } | ReturnElsewhere { from, to } => {
                self.line(&[Name("steps"), Id(from, 0), Text(to, 0)])
            }
            Unreachable { id } | DeadEnd { id } | Cycle { id } | LoopWithoutExit { id } => {
                self.line(&[Name("steps"), Id(id, 0), Name("next")])
            }
            SignNotByLeader { id } => self.line(&[Name("steps"), Id(id, 0), Name("role")]),
            StepWithoutLimit { id } => self.line(&[Name("steps"), Id(id, 0)]),
            StepsTooLong { .. } | ChildrenTooLong { .. } | LimitDoubtful { .. } | LimitUnknown {} => {
                self.line(&[Name("limit")])
            }
            PageTwice { id } => self.line(&[Name("form"), Name("pages"), Id(id, 1)]),
            PageReserved { id } | PageEmpty { id } => self.line(&[Name("form"), Name("pages"), Id(id, 0)]),
            MatterUnknown { field } => self.line(&[Name("form"), Name("matter"), Text(field, 0)]),
            FieldTwice { field } => self.line(&[Name("form"), Name("pages"), Text(field, 1)]),
            FieldNotInSchema { field } | FieldNameOdd { field } => {
                self.line(&[Name("form"), Name("pages"), Text(field, 0)])
            }
            BadSchema { .. } => self.line(&[Name("form"), Name("schema")]),
            RequiredUnknown { field } => {
                self.line(&[Name("form"), Name("schema"), Name("required"), Text(field, 0)])
            }
            UiUnknown { field } | OptionsDiffer { field } | PrefillUnknown { field, .. } => {
                self.line(&[Name("form"), Name("ui"), Name(field)])
            }
            FieldOnNoPage { field }
            | FieldWithoutTitle { field }
            | WidgetUnfit { field }
            | FormatUnknown { field, .. }
            | ExampleRefused { field, .. }
            | AsksKnown { field, .. }
            | AskedTwice { field, .. }
            | OneAnswer { field }
            | UnusedChoice { field }
            | GroupUnfit { field, .. } => self.property(field),
            WhenUnknown { at, .. } | WhenLater { at, .. } | WhenNever { at } => self.condition(at),
            TemplateLacks { .. } => self.line(&[Name("result"), Name("template")]),
            ResultUnknown { field, .. }
            | TemplateMayLack { field, .. }
            | TemplateUnknownField { field, .. }
            | TemplateNotADay { field, .. } => self.line(&[Name("result"), Name("fields"), Name(field)]),
            ChildTwice { id } => self.line(&[Name("children"), Id(id, 1)]),
            ChildUnknown { id, .. } => self.line(&[Name("children"), Id(id, 0), Name("code")]),
            ChildOrder { id, .. } => self.line(&[Name("children"), Id(id, 0), Name("after")]),
            ChildrenTooMany { .. } => self.line(&[Name("children")]),
            RouteNever { nth } | RouteField { nth, .. } | RouteLevel { nth, .. } => self.route(*nth),
            ChildLimitUnknown { id } | ChildLimitDiffers { id } => self.child(id),
            ChildMapOdd { id, .. } | ChildAnswerLacks { id, .. } => self.child(id),
            SignerTwice { id } => self.line(&[Name("signers"), Id(id, 1)]),
            SignerWithoutForm { id } => self.line(&[Name("signers"), Id(id, 0)]),
            SignerNumber { id, .. } | SignerMayLack { id, .. } => self.signer(id, "number"),
            SignerPerson { id, .. } => self.signer(id, "person"),
            ResultCodeOdd { .. } => self.line(&[Name("result"), Name("code")]),
            Doubt { text } => self.line(&[Name("doubts"), Text(text, 0)]),
        }
    }

    /// A condition, of what `at` names: `component 'ID'`, `signer 'ID'` or `question 'FIELD'`.
    fn condition(&self, at: &str) -> usize {
        match at.split('\'').collect::<Vec<_>>().as_slice() {
            ["component ", id, ..] => self.line(&[Name("components"), Id(id, 0), Name("when")]),
            ["signer ", id, ..] => self.line(&[Name("signers"), Id(id, 0), Name("when")]),
            [_, field, ..] => self.property(field),
            _ => 1,
        }
    }

    /// What a signer's row says of itself.
    fn signer(&self, id: &str, what: &str) -> usize {
        self.line(&[Name("signers"), Id(id, 0), Name(what)])
    }

    fn child(&self, id: &str) -> usize {
        self.line(&[Name("children"), Id(id, 0)])
    }

    fn route(&self, nth: usize) -> usize {
        self.line(&[Name("routing"), Id("", nth)])
    }

    fn property(&self, field: &str) -> usize {
        self.line(&[Name("form"), Name("schema"), Name("properties"), Name(field)])
    }

    /// The line of the last of these keys that the file has.
    fn line(&self, way: &[Key]) -> usize {
        let Some(root) = &self.root else { return 1 };
        let mut node = Node::Table(root.get_ref());
        let mut at = 0;
        for key in way {
            let Some((start, next)) = step(node, key) else { break };
            (at, node) = (start, next);
        }
        self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
    }
}

/// One key further: where it begins, and what is there.
fn step<'t, 'a>(node: Node<'t, 'a>, key: &Key) -> Option<(usize, Node<'t, 'a>)> {
    match key {
        Name(name) => {
            let table = table(node)?;
            let (key, value) = table.iter().find(|(key, _)| key.get_ref().as_ref() == *name)?;
            Some((key.span().start, Node::Value(value)))
        }
        Id(id, nth) => {
            let Node::Value(list) = node else { return None };
            let of_id = |value: &&Spanned<DeValue>| {
                let own = table(Node::Value(value)).and_then(|t| t.get("id")).map(Spanned::get_ref);
                id.is_empty() || own.and_then(DeValue::as_str) == Some(id)
            };
            let found = list.get_ref().as_array()?.iter().filter(of_id).nth(*nth)?;
            Some((found.span().start, Node::Value(found)))
        }
        Text(text, nth) => {
            let mut all = Vec::new();
            texts(node, text, &mut all);
            let found = all.get(*nth).or(all.last())?;
            Some((found.span().start, Node::Value(found)))
        }
    }
}

fn table<'t, 'a>(node: Node<'t, 'a>) -> Option<&'t DeTable<'a>> {
    match node {
        Node::Table(table) => Some(table),
        Node::Value(value) => value.get_ref().as_table(),
    }
}

/// The texts of lists: what a table or a page is called is no text of a list.
fn texts<'t, 'a>(node: Node<'t, 'a>, text: &str, all: &mut Vec<&'t Spanned<DeValue<'a>>>) {
    if let Some(table) = table(node) {
        table.iter().for_each(|(_, value)| texts(Node::Value(value), text, all));
    }
    let Node::Value(value) = node else { return };
    for item in value.get_ref().as_array().into_iter().flatten() {
        match item.get_ref() {
            DeValue::String(own) if own.as_ref() == text => all.push(item),
            _ => texts(Node::Value(item), text, all),
        }
    }
}
