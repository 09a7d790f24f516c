//! Filters (`db::Filter`) as the sources put them together.

use super::{Reader, last_of, name_of};
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall};

/// A filter's parts, as its calls name them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    select: String,
    /// How many values the select has of its own.
    values: usize,
    conditions: Vec<String>,
    tails: Vec<String>,
}

impl Filter {
    /// The text with every condition in it, numbered as `db::Filter` does.
    pub fn sql(&self) -> String {
        let mut sql = self.select.clone();
        let mut number = self.values;
        for (at, condition) in self.conditions.iter().enumerate() {
            sql.push_str(if at == 0 { " where " } else { " and " });
            if condition.contains('?') {
                number += 1;
            }
            sql.push_str(&condition.replace('?', &format!("${number}")));
        }
        for tail in &self.tails {
            sql.push(' ');
            sql.push_str(tail);
        }
        sql
    }

    /// The conditions of another branch, those that are not here yet.
    fn join(mut self, other: Filter) -> Filter {
        for (mine, theirs) in [(&mut self.conditions, other.conditions), (&mut self.tails, other.tails)] {
            let new: Vec<String> = theirs.into_iter().filter(|part| !mine.contains(part)).collect();
            mine.extend(new);
        }
        self
    }

    fn add(&mut self, method: &str, words: String) -> Option<()> {
        match method {
            "and" | "when" => self.conditions.push(words),
            "among" => self.conditions.push(format!("{words} in (?)")),
            "tail" => self.tails.push(words),
            _ => return None,
        }
        Some(())
    }
}

impl Reader<'_> {
    /// `Filter::new("…").and("…", …).tail("…")`, the name of one, a choice among some, or what a
    /// function of this file makes of one.
    pub fn filter(&self, expr: &Expr) -> Option<Filter> {
        match expr {
            Expr::Reference(reference) => self.filter(&reference.expr),
            Expr::Paren(inner) => self.filter(&inner.expr),
            Expr::Path(_) => self.filters.get(&name_of(expr)?).cloned(),
            Expr::Call(call) => self.made_by(call),
            Expr::Block(block) => self.filter(last_of(&block.block)?),
            Expr::If(choice) => {
                let then = self.filter(last_of(&choice.then_branch)?)?;
                Some(then.join(self.filter(&choice.else_branch.as_ref()?.1)?))
            }
            Expr::Match(choice) => {
                let arms: Option<Vec<Filter>> =
                    choice.arms.iter().map(|arm| self.filter(&arm.body)).collect();
                arms?.into_iter().reduce(Filter::join)
            }
            Expr::MethodCall(call) => {
                let method = call.method.to_string();
                let Some(mut filter) = self.filter(&call.receiver) else {
                    return self.narrowed(&method, call.args.iter());
                };
                if method != "clone" {
                    let words = self.texts(call.args.first()?)?.join(" and ");
                    filter.add(&method, words)?;
                }
                Some(filter)
            }
            _ => None,
        }
    }

    fn made_by(&self, call: &syn::ExprCall) -> Option<Filter> {
        let Expr::Path(path) = &*call.func else { return None };
        let names: Vec<String> = path.path.segments.iter().map(|part| part.ident.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.as_slice() {
            [.., "Filter", "new" | "with"] => {
                let select = self.texts(call.args.first()?)?.pop()?;
                let values = highest_place(&select);
                Some(Filter { select, values, ..Filter::default() })
            }
            [.., name] => self.narrowed(name, call.args.iter()),
            [] => None,
        }
    }

    /// The filter among the arguments, after a function that takes and returns one: with every
    /// condition the function may add.
    fn narrowed<'e>(&self, name: &str, mut given: impl Iterator<Item = &'e Expr>) -> Option<Filter> {
        let body = self.all.narrowing(self.file, name)?;
        let filter = given.find_map(|argument| self.filter(argument))?;
        let mut narrowing = Narrowing { reader: self, filter, within: vec![name.into()], seen_all: true };
        narrowing.visit_block(body);
        narrowing.seen_all.then_some(narrowing.filter)
    }
}

/// Walks a narrowing function and takes in its conditions in the order they are written, those
/// of the narrowing functions it calls too.
struct Narrowing<'a, 'b> {
    reader: &'a Reader<'b>,
    filter: Filter,
    /// The functions being walked, so that none is walked inside itself.
    within: Vec<String>,
    seen_all: bool,
}

impl Narrowing<'_, '_> {
    fn called(&mut self, name: &str) {
        let body = self.reader.all.narrowing(self.reader.file, name);
        if let (Some(body), false) = (body, self.within.iter().any(|outer| outer == name)) {
            self.within.push(name.into());
            self.visit_block(body);
            self.within.pop();
        }
    }
}

impl<'ast> Visit<'ast> for Narrowing<'_, '_> {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        visit::visit_expr_call(self, call);
        if let Some(name) = name_of(&call.func) {
            self.called(&name);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        visit::visit_expr_method_call(self, call);
        let method = call.method.to_string();
        // `and`, `when` … of a filter have a text and a value; `tail` has a text.
        let is_ours =
            matches!((method.as_str(), call.args.len()), ("and" | "when" | "among", 2) | ("tail", 1));
        if is_ours {
            let words = call.args.first().and_then(|words| self.reader.texts(words));
            let added = words.and_then(|words| self.filter.add(&method, words.join(" and ")));
            self.seen_all &= added.is_some();
        } else {
            self.called(&method);
        }
    }
}

/// The highest `$n` in a text.
fn highest_place(sql: &str) -> usize {
    let numbers = sql.split('$').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().unwrap_or(0)
    });
    numbers.max().unwrap_or(0)
}
