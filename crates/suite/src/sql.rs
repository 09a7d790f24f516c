//! Reads every SQL statement out of our sources, so that a test can prepare each on both
//! engines. A statement it cannot see whole is reported: SQL is written where it is used.
//!
//! It looks at calls of a transaction's methods (`tx.get(…)`, and `self.tx`, `t.tx` …). Their
//! text may be a literal, a `let` or `const` of one, `concat!`, one of the file's own
//! `macro_rules!` of literals, a choice among these, or a `Filter` of them. A filter is taken
//! with all its conditions at once, those of other branches and of helper functions too: what
//! prepares together prepares alone.

mod filter;
mod scope;
#[cfg(test)]
mod tests;

use filter::Filter;
use scope::{Crate, File};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use syn::Expr;
use syn::visit::{self, Visit};

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
    let mut by_crate: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in sources(crates) {
        let below = file.strip_prefix(crates).expect("the walk began there");
        let first = below.components().next().expect("a file lies in a crate");
        by_crate.entry(first.as_os_str().to_string_lossy().into_owned()).or_default().push(file);
    }
    for files in by_crate.values() {
        let named = files.iter().map(|file| {
            let text = std::fs::read_to_string(file).expect("a source file is UTF-8");
            (file.strip_prefix(crates).expect("the walk began there").display().to_string(), text)
        });
        read_crate(&named.collect::<Vec<_>>(), &mut found);
    }
    found
}

/// The crates' Rust files, sorted, without tests and without those that stand aside.
fn sources(crates: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![crates.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !["tests", "examples", "xtask", "suite"].contains(&name.as_str()) {
                folders.push(path);
            } else if name.ends_with(".rs") && !["tests.rs", "testing.rs"].contains(&name.as_str()) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Reads the files (name, text) of one crate; constants and macros are known in all of them.
fn read_crate(files: &[(String, String)], found: &mut Found) {
    let mut trees = Vec::new();
    for (name, text) in files {
        match syn::parse_file(text) {
            Ok(tree) => trees.push((name, tree)),
            Err(e) => found.unseen.push(format!("{name}: not Rust: {e}")),
        }
    }
    let scopes: Vec<File> = trees.iter().map(|(name, tree)| File::of(name, tree)).collect();
    let all = Crate::of(&scopes);
    for ((name, tree), file) in trees.iter().zip(&scopes) {
        let mut reader =
            Reader { name, file, all: &all, texts: HashMap::new(), filters: HashMap::new(), found };
        reader.visit_file(tree);
    }
}

/// Walks one file, function by function.
struct Reader<'a> {
    name: &'a str,
    file: &'a File,
    all: &'a Crate<'a>,
    /// The texts bound by `let` in the function being read.
    texts: HashMap<String, Vec<String>>,
    /// The filters bound by `let` there.
    filters: HashMap<String, Filter>,
    found: &'a mut Found,
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !item.attrs.iter().any(scope::is_cfg_test) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let outer = (std::mem::take(&mut self.texts), std::mem::take(&mut self.filters));
        visit::visit_item_fn(self, item);
        (self.texts, self.filters) = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let outer = (std::mem::take(&mut self.texts), std::mem::take(&mut self.filters));
        visit::visit_impl_item_fn(self, item);
        (self.texts, self.filters) = outer;
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let (Some(name), Some(init)) = (bound(&local.pat), &local.init) {
            self.bind(name, &init.expr);
        }
        visit::visit_local(self, local);
    }

    /// `filter = filter.and(…)`: the condition may be there, so it is prepared.
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        if let Some(name) = name_of(&assign.left) {
            self.bind(name, &assign.right);
        }
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Some((head, width)) = rows_of(call) {
            let sql = self.rows(head, width, "").map(|sql| vec![sql]);
            self.found(call.paren_token.span.open().start().line, sql);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let method = call.method.to_string();
        if METHODS.contains(&method.as_str()) && is_transaction(&call.receiver) {
            self.statement(&method, call);
        }
        if method == "ending" {
            self.ending(call);
        }
        visit::visit_expr_method_call(self, call);
    }
}

impl Reader<'_> {
    fn bind(&mut self, name: String, value: &Expr) {
        if let Some(filter) = self.filter(value) {
            self.filters.insert(name, filter);
        } else if let Some(texts) = self.texts(value) {
            self.texts.insert(name, texts);
        }
    }

    fn statement(&mut self, method: &str, call: &syn::ExprMethodCall) {
        let args: Vec<&Expr> = call.args.iter().collect();
        let sql = match (method, args.as_slice()) {
            ("many", [head, width, _, tail]) => self.many(head, width, tail),
            ("many", _) | (_, []) => None,
            (_, [text, ..]) => {
                self.texts(text).or_else(|| self.filter(text).map(|filter| vec![filter.sql()]))
            }
        };
        self.found(call.method.span().start().line, sql);
    }

    /// Rows that are made ready before the write: `Rows::new(head, width).ending(tail)`.
    fn ending(&mut self, call: &syn::ExprMethodCall) {
        let Expr::Call(made) = &*call.receiver else { return };
        let (Some((head, width)), Some(tail)) = (rows_of(made), call.args.first()) else { return };
        let sql = self.many(head, width, tail);
        self.found(call.method.span().start().line, sql);
    }

    fn found(&mut self, line: usize, sql: Option<Vec<String>>) {
        let place = format!("{}:{line}", self.name);
        match sql {
            Some(all) => {
                let statements = all.into_iter().map(|sql| Statement { place: place.clone(), sql });
                self.found.statements.extend(statements);
            }
            None => self.found.unseen.push(format!("{place}: the statement is not written where it is used")),
        }
    }

    /// The statement of one row; more rows only repeat it.
    fn many(&self, head: &Expr, width: &Expr, tail: &Expr) -> Option<Vec<String>> {
        let tail = self.texts(tail)?.pop()?;
        Some(vec![self.rows(head, width, &tail)?])
    }

    fn rows(&self, head: &Expr, width: &Expr, tail: &str) -> Option<String> {
        let width = scope::number(width).or_else(|| self.all.number(self.file, &name_of(width)?))?;
        let places: Vec<String> = (1..=width).map(|n| format!("${n}")).collect();
        let head = self.texts(head)?.pop()?;
        Some(format!("{head} ({}) {tail}", places.join(", ")))
    }

    /// The texts an expression may be.
    fn texts(&self, expr: &Expr) -> Option<Vec<String>> {
        match expr {
            Expr::Path(_) => {
                let name = name_of(expr)?;
                let local = self.texts.get(&name).cloned();
                local.or_else(|| Some(vec![self.all.text(self.file, &name)?]))
            }
            Expr::Match(choice) => {
                let arms: Option<Vec<_>> = choice.arms.iter().map(|arm| self.texts(&arm.body)).collect();
                arms.map(|arms| arms.concat())
            }
            Expr::If(choice) => {
                let then = self.texts(last_of(&choice.then_branch)?)?;
                let otherwise = self.texts(&choice.else_branch.as_ref()?.1)?;
                Some([then, otherwise].concat())
            }
            Expr::Block(block) => self.texts(last_of(&block.block)?),
            Expr::Paren(inner) => self.texts(&inner.expr),
            _ => Some(vec![self.all.literal(self.file, expr)?]),
        }
    }
}

/// What a block gives back.
fn last_of(block: &syn::Block) -> Option<&Expr> {
    match block.stmts.last()? {
        syn::Stmt::Expr(expr, None) => Some(expr),
        _ => None,
    }
}

/// The head and the width of `Rows::new(head, width)`.
fn rows_of(call: &syn::ExprCall) -> Option<(&Expr, &Expr)> {
    let Expr::Path(path) = &*call.func else { return None };
    let names: Vec<String> = path.path.segments.iter().map(|part| part.ident.to_string()).collect();
    let [.., kind, new] = names.as_slice() else { return None };
    let args: Vec<&Expr> = call.args.iter().collect();
    match args.as_slice() {
        [head, width] if kind == "Rows" && new == "new" => Some((head, width)),
        _ => None,
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
