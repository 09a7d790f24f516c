//! Each way to write a statement that the reader knows, and what it must not let pass.

use super::*;

fn found(text: &str) -> Found {
    let mut found = Found::default();
    read_crate(&[("a.rs".into(), text.into())], &mut found);
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
        const WIDTH: usize = 2;
        async fn f(tx: &mut Tx) {
            tx.get::<Row>("select $1", args![a]).await?;
            self.tx.list(ONE, args![]).await?;
            let sql = if old { "select 3" } else { "select 4" };
            tx.find(sql, args![]).await?;
            tx.many("insert into t (a, b) values", WIDTH, &values, "on conflict do nothing").await?;
            map.get("not sql");
        }
    "#;
    let many = "insert into t (a, b) values ($1, $2) on conflict do nothing";
    assert_eq!(texts(text), ["select $1", "select 1", "select 3", "select 4", many]);
}

#[test]
fn macros_of_literals_are_expanded() {
    let text = r#"
        macro_rules! open { () => { "closed_at is null" }; }
        macro_rules! unit {
            ($tail:literal) => { concat!("select * from unit u where ", open!(), " and ", $tail) };
        }
        async fn f(tx: &mut Tx) { tx.get::<Row>(unit!("u.id = $1"), args![a]).await?; }
    "#;
    assert_eq!(texts(text), ["select * from unit u where closed_at is null and u.id = $1"]);
}

#[test]
fn constants_of_another_file_are_known_unless_two_have_the_name_equally_near() {
    let uses = ("a.rs".to_string(), "async fn f(tx: &mut Tx) { tx.get(ALL, args![]).await?; }".to_string());
    let one = ("b.rs".to_string(), "pub const ALL: &str = \"select 1\";".to_string());
    let other = ("c.rs".to_string(), "const ALL: &str = \"select 2\";".to_string());
    let mut known = Found::default();
    read_crate(&[uses.clone(), one.clone()], &mut known);
    assert_eq!(known.statements[0].sql, "select 1");
    let mut unsure = Found::default();
    read_crate(&[uses.clone(), one, other.clone()], &mut unsure);
    assert_eq!(unsure.unseen.len(), 1);
    let mut nearer = Found::default();
    let above = ("a.rs".to_string(), "const ALL: &str = \"select 3\";".to_string());
    read_crate(&[("a/b.rs".into(), uses.1), above, other], &mut nearer);
    assert_eq!(nearer.statements[0].sql, "select 3");
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
fn functions_that_narrow_a_filter_are_followed_into_every_branch() {
    let text = r#"
        async fn f(tx: &mut Tx) {
            let q = narrowed(Filter::new("select * from t"), scope).tail("limit 1");
            tx.list::<Row>(&q, &q.args).await?;
        }
        fn narrowed(q: Filter, scope: &Scope) -> Filter {
            let q = match scope {
                Scope::A(a) => q.and("a = ?", Some(a)),
                Scope::B => q.when("b = 1", true),
            };
            q.among("c", &cs)
        }
    "#;
    assert_eq!(texts(text), ["select * from t where a = $1 and b = 1 and c in ($2) limit 1"]);
}

#[test]
fn methods_and_functions_that_narrow_are_followed_through_each_other() {
    let text = r#"
        async fn f(tx: &mut Tx, shelf: &Shelf) {
            let q = shelf.within(Filter::new("select * from t")).and("c < ?", after);
            tx.list::<Row>(&q, &q.args).await?;
        }
        impl Shelf {
            fn within(&self, q: Filter) -> Filter {
                let q = scoped(q, &self.scope);
                match self.band { Band::All => q, Band::Late => q.and("b < ?", now) }
            }
        }
        fn scoped(q: Filter, scope: &Scope) -> Filter { q.and("a = ?", Some(scope.unit)) }
    "#;
    assert_eq!(texts(text), ["select * from t where a = $1 and b < $2 and c < $3"]);
}

#[test]
fn a_statement_made_elsewhere_is_reported() {
    let found = found("async fn f(tx: &mut Tx, sql: &'static str) {\n tx.change(sql, args![]).await?;\n}");
    assert!(found.statements.is_empty());
    assert_eq!(found.unseen, ["a.rs:2: the statement is not written where it is used"]);
}

#[test]
fn tests_may_say_what_they_like() {
    let quiet = found("#[cfg(test)]\nmod tests { fn f() { tx.get(made(), &[]); } }");
    assert!(quiet.statements.is_empty() && quiet.unseen.is_empty());
}
