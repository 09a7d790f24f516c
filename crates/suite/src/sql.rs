//! Reads every SQL statement out of our sources, so that a test can prepare each on both
//! engines. A statement it cannot see whole is reported: SQL is written where it is used.
//!
//! It looks at calls of a transaction's methods (`tx.get(…)`, and `self.tx`, `t.tx` …) and at
//! the filters given to them. A filter is prepared once with all its conditions.

use std::collections::HashMap;
use std::path::Path;
use syn::visit::{self, Visit};
use syn::{Expr, ExprLit, Lit};

/// The methods of a transaction that take a statement.
const METHODS: [&str; 6] = ["get", "find", "list", "change", "change_one", "many"];

/// A statement and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub place: String,
    pub sql: String,
}

/// What the sources hold.
#[derive(Debug, Default)]
pub struct Found {
    pub statements: Vec<Statement>,
    /// Calls whose text is not written there, as `file:line: why`.
    pub unseen: Vec<String>,
}

/// Every statement of the crates below this folder, tests left out.
pub fn statements(crates: &Path) -> Found {
    let mut found = Found::default();
    let mut folders = vec![crates.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !["tests", "node_modules", "xtask", "suite"].contains(&name.as_str()) {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
                let shown = path.strip_prefix(crates).expect("the walk began there").display().to_string();
                read(&shown, &text, &mut found);
            }
        }
    }
    found.statements.sort_by(|a, b| a.place.cmp(&b.place));
    found
}

fn read(file: &str, text: &str, found: &mut Found) {
    let tree = match syn::parse_file(text) {
        Ok(tree) => tree,
        Err(e) => return found.unseen.push(format!("{file}: not Rust: {e}")),
    };
    let mut consts = Consts::default();
    consts.visit_file(&tree);
    let mut reader = Reader { file, consts: consts.0, filters: HashMap::new(), found };
    reader.visit_file(&tree);
}

/// The file's string constants, by name.
#[derive(Default)]
struct Consts(HashMap<String, String>);

impl<'ast> Visit<'ast> for Consts {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if let Some(text) = literal(&item.expr) {
            self.0.insert(item.ident.to_string(), text);
        }
    }
}

struct Reader<'a> {
    file: &'a str,
    consts: HashMap<String, String>,
    /// The filters bound to names in the function being read.
    filters: HashMap<String, Filter>,
    found: &'a mut Found,
}

/// A filter's parts, as its calls name them.
#[derive(Clone, Default)]
struct Filter {
    select: String,
    /// How many values the select has of its own.
    values: usize,
    conditions: Vec<String>,
    tails: Vec<String>,
}

impl Filter {
    /// The text with every condition in it, numbered as `db::Filter` does.
    fn sql(&self) -> String {
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
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !item.attrs.iter().any(is_cfg_test) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let outer = std::mem::take(&mut self.filters);
        visit::visit_item_fn(self, item);
        self.filters = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let outer = std::mem::take(&mut self.filters);
        visit::visit_impl_item_fn(self, item);
        self.filters = outer;
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let value = local.init.as_ref().map(|init| &*init.expr);
        if let (Some(name), Some(filter)) = (bound(&local.pat), value.and_then(|value| self.filter(value))) {
            self.filters.insert(name, filter);
        }
        visit::visit_local(self, local);
    }

    /// `filter = filter.and(…)`: the condition may be there, so it is prepared.
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        if let (Some(name), Some(filter)) = (name_of(&assign.left), self.filter(&assign.right)) {
            self.filters.insert(name, filter);
        }
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let method = call.method.to_string();
        if METHODS.contains(&method.as_str()) && is_transaction(&call.receiver) {
            self.statement(&method, call);
        }
        visit::visit_expr_method_call(self, call);
    }
}

impl Reader<'_> {
    fn statement(&mut self, method: &str, call: &syn::ExprMethodCall) {
        let place = format!("{}:{}", self.file, call.method.span().start().line);
        let args: Vec<&Expr> = call.args.iter().collect();
        let sql = match (method, args.as_slice()) {
            ("many", [head, width, _, tail]) => self.many(head, width, tail),
            ("many", _) | (_, []) => None,
            (_, [text, ..]) => self.text(text).or_else(|| self.filter(text).map(|filter| filter.sql())),
        };
        match sql {
            Some(sql) => self.found.statements.push(Statement { place, sql }),
            None => self.found.unseen.push(format!("{place}: the statement is not written where it is used")),
        }
    }

    /// The statement of one row; more rows only repeat it.
    fn many(&self, head: &Expr, width: &Expr, tail: &Expr) -> Option<String> {
        let Expr::Lit(ExprLit { lit: Lit::Int(width), .. }) = width else { return None };
        let width: usize = width.base10_parse().ok()?;
        let places: Vec<String> = (1..=width).map(|n| format!("${n}")).collect();
        Some(format!("{} values ({}) {}", self.text(head)?, places.join(", "), self.text(tail)?))
    }

    /// A text written here, or a constant of this file.
    fn text(&self, expr: &Expr) -> Option<String> {
        literal(expr).or_else(|| self.consts.get(&name_of(expr)?).cloned())
    }

    /// `Filter::new("…").and("…", …).tail("…")`, or the name of one.
    fn filter(&self, expr: &Expr) -> Option<Filter> {
        match expr {
            Expr::Reference(reference) => self.filter(&reference.expr),
            Expr::Path(_) => self.filters.get(&name_of(expr)?).cloned(),
            Expr::Call(call) => {
                let Expr::Path(path) = &*call.func else { return None };
                let mut last = path.path.segments.iter().rev();
                let (method, owner) = (last.next()?.ident.to_string(), last.next()?.ident.to_string());
                if owner != "Filter" || !["new", "with"].contains(&method.as_str()) {
                    return None;
                }
                let select = self.text(call.args.first()?)?;
                let values = highest_place(&select);
                Some(Filter { select, values, ..Filter::default() })
            }
            Expr::MethodCall(call) => {
                let mut filter = self.filter(&call.receiver)?;
                let words = call.args.first().map(|arg| self.text(arg));
                match (call.method.to_string().as_str(), words) {
                    ("and" | "when", Some(words)) => filter.conditions.push(words?),
                    ("among", Some(column)) => filter.conditions.push(format!("{} in (?)", column?)),
                    ("tail", Some(words)) => filter.tails.push(words?),
                    ("clone", None) => {}
                    _ => return None,
                }
                Some(filter)
            }
            _ => None,
        }
    }
}

/// `tx`, or a field of that name.
fn is_transaction(receiver: &Expr) -> bool {
    match receiver {
        Expr::Field(field) => matches!(&field.member, syn::Member::Named(name) if name == "tx"),
        Expr::Reference(reference) => is_transaction(&reference.expr),
        Expr::Paren(inner) => is_transaction(&inner.expr),
        Expr::Unary(unary) => is_transaction(&unary.expr),
        _ => name_of(receiver).is_some_and(|name| name == "tx"),
    }
}

fn name_of(expr: &Expr) -> Option<String> {
    let Expr::Path(path) = expr else { return None };
    Some(path.path.segments.last()?.ident.to_string())
}

fn bound(pattern: &syn::Pat) -> Option<String> {
    match pattern {
        syn::Pat::Ident(ident) => Some(ident.ident.to_string()),
        syn::Pat::Type(typed) => bound(&typed.pat),
        _ => None,
    }
}

/// A string literal, or several in `concat!`.
fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        Expr::Macro(call) if call.mac.path.is_ident("concat") => {
            let parts = call.mac.parse_body_with(
                syn::punctuated::Punctuated::<syn::LitStr, syn::Token![,]>::parse_terminated,
            );
            Some(parts.ok()?.iter().map(syn::LitStr::value).collect())
        }
        _ => None,
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

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Found {
        let mut found = Found::default();
        read("a.rs", text, &mut found);
        found
    }

    fn texts(text: &str) -> Vec<String> {
        let found = found(text);
        assert_eq!(found.unseen, [""; 0]);
        found.statements.into_iter().map(|statement| statement.sql).collect()
    }

    #[test]
    fn statements_are_read_from_calls_constants_and_lists() {
        let text = r#"
            const ONE: &str = "select 1";
            async fn f(tx: &mut Tx) {
                tx.get::<Row>("select $1", args![a]).await?;
                self.tx.list(ONE, args![]).await?;
                tx.many("insert into t (a, b)", 2, &values, "on conflict do nothing").await?;
                map.get("not sql");
            }
        "#;
        let many = "insert into t (a, b) values ($1, $2) on conflict do nothing";
        assert_eq!(texts(text), ["select $1", "select 1", many]);
    }

    #[test]
    fn filters_are_read_with_all_their_conditions() {
        let text = r#"
            async fn f(tx: &mut Tx) {
                let mut q = Filter::with("select * from t join u on u.a = $1", args![a]).and("x = ?", x);
                if wanted { q = q.when("y is null", true); }
                let q = q.among("z", &zs).tail("order by x");
                tx.list::<Row>(&q, &q.args).await?;
            }
        "#;
        let sql = "select * from t join u on u.a = $1 where x = $2 and y is null and z in ($3) order by x";
        assert_eq!(texts(text), [sql]);
    }

    #[test]
    fn a_statement_made_elsewhere_is_reported() {
        let found =
            found("async fn f(tx: &mut Tx, sql: &'static str) {\n tx.change(sql, args![]).await?;\n}");
        assert!(found.statements.is_empty());
        assert_eq!(found.unseen, ["a.rs:2: the statement is not written where it is used"]);
    }

    #[test]
    fn tests_may_say_what_they_like() {
        let quiet = found("#[cfg(test)]\nmod tests { fn f() { tx.get(made(), &[]); } }");
        assert!(quiet.statements.is_empty() && quiet.unseen.is_empty());
    }
}
