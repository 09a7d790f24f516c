//! The routes that stand in our sources, read from them: what a router was given cannot be asked
//! of it, and a list kept by hand would be forgotten.

use std::path::Path;

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, Lit};

/// A method and a path as the router has them, `GET /thu-tuc/{code}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub path: String,
    pub method: &'static str,
}

/// Every route of every crate, in order of path and method: those that stand in a call of
/// `.route("…", get(…).post(…))`, and those of the directory's table.
pub fn all() -> Vec<Route> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies among the others");
    let mut found = Found::default();
    for name in ["web", "directory", "trust", "onestop", "cuulong"] {
        walk(&crates.join(name).join("src"), &mut found);
    }
    for (method, path, _) in directory::ROUTES {
        found.0.push(Route { path: (*path).into(), method: known(method).expect("a method of HTTP") });
    }
    found.0.sort();
    found.0.dedup();
    found.0
}

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"];

fn known(method: &str) -> Option<&'static str> {
    METHODS.into_iter().find(|m| m.eq_ignore_ascii_case(method))
}

fn walk(folder: &Path, found: &mut Found) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            walk(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = std::fs::read_to_string(&path).expect("our sources can be read");
            let file = syn::parse_file(&text).expect("our sources are Rust");
            found.visit_file(&file);
        }
    }
}

#[derive(Default)]
struct Found(Vec<Route>);

impl<'ast> Visit<'ast> for Found {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let mut args = call.args.iter();
        if call.method == "route"
            && let (Some(Expr::Lit(path)), Some(handler)) = (args.next(), args.next())
            && let Lit::Str(path) = &path.lit
        {
            let words = handler.to_token_stream().to_string();
            for method in METHODS {
                let call = format!("{} (", method.to_ascii_lowercase());
                if words.split(&call).count() > 1 && begins_word(&words, &call) {
                    self.0.push(Route { path: path.value(), method });
                }
            }
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let test = module.attrs.iter().any(|a| a.to_token_stream().to_string().contains("cfg (test)"));
        if !test {
            visit::visit_item_mod(self, module);
        }
    }
}

/// Whether `call` stands somewhere at the beginning of a word.
fn begins_word(words: &str, call: &str) -> bool {
    words
        .match_indices(call)
        .any(|(at, _)| !words[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_'))
}
