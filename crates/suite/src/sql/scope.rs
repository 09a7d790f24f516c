//! What a file declares that a statement may be made of: constants, macros of literals, and
//! functions that narrow a filter.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::HashMap;
use syn::visit::{self, Visit};
use syn::{Expr, ExprLit, Lit};

/// One file's declarations.
#[derive(Default)]
pub struct File {
    /// Its path, `onestop/src/desk/store.rs`.
    name: String,
    consts: HashMap<String, Expr>,
    macros: HashMap<String, Macro>,
    /// The bodies of functions and methods that take a filter and return one.
    narrowing: HashMap<String, syn::Block>,
}

/// A `macro_rules!` with one arm: the names of its arguments and what it becomes.
#[derive(Clone)]
struct Macro {
    parameters: Vec<String>,
    body: TokenStream,
}

impl File {
    pub fn of(name: &str, tree: &syn::File) -> File {
        let mut file = File { name: name.into(), ..File::default() };
        file.visit_file(tree);
        file
    }
}

impl<'ast> Visit<'ast> for File {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !item.attrs.iter().any(is_cfg_test) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.consts.insert(item.ident.to_string(), (*item.expr).clone());
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let rules = item.mac.path.is_ident("macro_rules");
        if let (true, Some(name), Some(found)) = (rules, &item.ident, one_arm(&item.mac.tokens)) {
            self.macros.insert(name.to_string(), found);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

impl File {
    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let takes = signature.inputs.iter().any(|input| match input {
            syn::FnArg::Typed(typed) => is_filter(&typed.ty),
            syn::FnArg::Receiver(_) => false,
        });
        let returns = matches!(&signature.output, syn::ReturnType::Type(_, kind) if is_filter(kind));
        if takes && returns {
            self.narrowing.insert(signature.ident.to_string(), body.clone());
        }
    }
}

fn is_filter(kind: &syn::Type) -> bool {
    let syn::Type::Path(path) = kind else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "Filter")
}

/// Reads `(…) => {…}`; several arms are not ours to guess among.
fn one_arm(tokens: &TokenStream) -> Option<Macro> {
    let mut trees = tokens.clone().into_iter().filter(|tree| !matches!(tree, TokenTree::Punct(_)));
    let (Some(TokenTree::Group(pattern)), Some(TokenTree::Group(body))) = (trees.next(), trees.next()) else {
        return None;
    };
    if trees.next().is_some() {
        return None;
    }
    let mut parameters = Vec::new();
    let mut before_is_dollar = false;
    for tree in pattern.stream() {
        if let (true, TokenTree::Ident(name)) = (before_is_dollar, &tree) {
            parameters.push(name.to_string());
        }
        before_is_dollar = matches!(&tree, TokenTree::Punct(p) if p.as_char() == '$');
    }
    Some(Macro { parameters, body: body.stream() })
}

/// All files of a crate, for names that come from another of its files.
pub struct Crate<'a> {
    files: &'a [File],
}

impl<'a> Crate<'a> {
    pub fn of(files: &'a [File]) -> Crate<'a> {
        Crate { files }
    }

    /// What a name means in a file: the file's own, that of a module it stands in, or the only one
    /// in the crate.
    fn meant<T>(&self, file: &'a File, find: impl Fn(&'a File) -> Option<T>) -> Option<(&'a File, T)> {
        let mut known: Vec<(&File, T)> = self.files.iter().filter_map(|f| Some((f, find(f)?))).collect();
        let above = |f: &File| file.name.starts_with(&format!("{}/", f.name.trim_end_matches(".rs")));
        let nearest = known
            .iter()
            .enumerate()
            .filter(|(_, (f, _))| f.name == file.name || above(f))
            .max_by_key(|(_, (f, _))| (f.name == file.name, f.name.len()))
            .map(|(at, _)| at);
        match (nearest, known.len()) {
            (Some(at), _) => Some(known.swap_remove(at)),
            (None, 1) => known.pop(),
            _ => None,
        }
    }

    fn constant(&self, file: &'a File, name: &str) -> Option<(&'a File, &'a Expr)> {
        self.meant(file, |f| f.consts.get(name))
    }

    /// The body of the function or method of this name that narrows a filter.
    pub fn narrowing(&self, file: &'a File, name: &str) -> Option<&'a syn::Block> {
        self.meant(file, |f| f.narrowing.get(name)).map(|(_, body)| body)
    }

    /// A constant that is a number.
    pub fn number(&self, file: &'a File, name: &str) -> Option<usize> {
        number(self.constant(file, name)?.1)
    }

    /// A constant that is a text.
    pub fn text(&self, file: &'a File, name: &str) -> Option<String> {
        let (home, expr) = self.constant(file, name)?;
        self.literal(home, expr)
    }

    /// A string literal, several in `concat!`, or what a macro of ours makes of them.
    pub fn literal(&self, file: &'a File, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number.to_string()),
            Expr::Paren(inner) => self.literal(file, &inner.expr),
            Expr::Group(inner) => self.literal(file, &inner.expr),
            Expr::Macro(call) if call.mac.path.is_ident("concat") => {
                let parts = arguments(&call.mac)?;
                parts.iter().map(|part| self.literal(file, part)).collect()
            }
            Expr::Macro(call) => {
                let name = call.mac.path.get_ident()?.to_string();
                let (home, found) = self.meant(file, |f| f.macros.get(&name))?;
                let values = arguments(&call.mac)?;
                if values.len() != found.parameters.len() {
                    return None;
                }
                let given: HashMap<&str, &Expr> =
                    found.parameters.iter().map(String::as_str).zip(&values).collect();
                self.literal(home, &syn::parse2(expand(found.body.clone(), &given)).ok()?)
            }
            _ => None,
        }
    }
}

fn arguments(call: &syn::Macro) -> Option<Vec<Expr>> {
    let list = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
    Some(call.parse_body_with(list).ok()?.into_iter().collect())
}

/// The body with each `$name` replaced by what was given for it.
fn expand(body: TokenStream, given: &HashMap<&str, &Expr>) -> TokenStream {
    use quote::ToTokens;
    let mut out = Vec::new();
    let mut trees = body.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match &tree {
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => {
                if let Some(TokenTree::Ident(name)) = trees.peek()
                    && let Some(value) = given.get(name.to_string().as_str())
                {
                    out.extend(value.to_token_stream());
                    trees.next();
                }
            }
            TokenTree::Group(group) => {
                let inner = expand(group.stream(), given);
                let delimiter = if group.delimiter() == Delimiter::None {
                    Delimiter::Parenthesis
                } else {
                    group.delimiter()
                };
                out.push(proc_macro2::Group::new(delimiter, inner).into());
            }
            _ => out.push(tree),
        }
    }
    out.into_iter().collect()
}

/// A whole number written down.
pub fn number(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    }
}

pub fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
}
