use crate::{Error, MigrateError, Migration, Tx, args, record, testing::both};

const ONE: Migration = Migration {
    system: "shop",
    name: "0001_book",
    sql: "create table book(id text primary key, n bigint not null, doc blob) strict;
          create index book_n on book(n);",
};
const TWO: Migration =
    Migration { system: "shop", name: "0002_pages", sql: "alter table book add column pages bigint" };
const OTHER: Migration = Migration {
    system: "post",
    name: "0001_letter",
    sql: "create table letter(seq serial_key, s text) strict",
};

#[test]
fn migrations_are_applied_once_in_order() {
    both(async |t| {
        assert_eq!(t.db.migrate(&[ONE]).await, Ok(1));
        assert_eq!(t.db.migrate(&[ONE, OTHER, TWO]).await, Ok(2));
        assert_eq!(t.db.migrate(&[ONE, OTHER, TWO]).await, Ok(0));
        let n = async |tx: &mut Tx| {
            tx.change("insert into letter(s) values ($1)", args!["a"]).await?;
            tx.change("insert into letter(s) values ($1)", args!["b"]).await?;
            tx.list::<(i64, String)>("select seq, s from letter order by seq", args![]).await
        };
        let n: crate::Result<_> = t.db.upkeep(n).await;
        assert_eq!(n, Ok(vec![(1, "a".into()), (2, "b".into())]));
    });
}

#[test]
fn data_of_a_newer_program_is_not_touched() {
    both(async |t| {
        t.migrate(&[ONE, TWO]).await;
        let newer = MigrateError::Newer { system: "shop".into(), name: "0002_pages".into() };
        assert_eq!(t.db.migrate(&[ONE]).await, Err(newer));
    });
}

#[test]
fn a_rewritten_or_late_migration_is_an_error() {
    both(async |t| {
        t.migrate(&[ONE]).await;
        let changed = Migration { sql: "create table book(id text primary key) strict", ..ONE };
        let name = || ("shop".to_owned(), "0001_book".to_owned());
        let (system, name) = name();
        assert_eq!(
            t.db.migrate(&[changed]).await,
            Err(MigrateError::Changed { system: system.clone(), name })
        );
        let late = MigrateError::Late { system, name: "0002_pages".into() };
        assert_eq!(t.db.migrate(&[TWO, ONE]).await, Err(late));
    });
}

#[test]
fn a_failed_migration_leaves_nothing_and_can_be_mended() {
    both(async |t| {
        let broken =
            Migration { sql: "create table a(x text) strict; create table b(nonsense nonsense(", ..TWO };
        let done = t.db.migrate(&[ONE, broken]).await;
        assert!(matches!(done, Err(MigrateError::Failed { why: Error::Fault(_), .. })), "{done:?}");
        let a: crate::Result<i64> =
            t.db.read(async |tx: &mut Tx| tx.get("select count(*) from a", args![]).await).await;
        assert!(a.is_err(), "half of the broken file stayed");
        assert_eq!(t.db.migrate(&[ONE, TWO]).await, Ok(1));
    });
}

#[test]
fn two_instances_may_start_at_once() {
    both(async |t| {
        let other = t.again().await;
        let all = [ONE, OTHER, TWO];
        let (a, b) = tokio::join!(t.db.migrate(&all), other.migrate(&all));
        assert_eq!(a.unwrap() + b.unwrap(), 3);
        other.close().await;
    });
}

record! { struct Book { id: String, n: i64, pages: Option<i64> } }

#[test]
fn statements_of_before_a_migration_still_run_and_see_the_new_columns() {
    both(async |t| {
        t.migrate(&[ONE]).await;
        let put = async |tx: &mut Tx| tx.change("insert into book(id, n) values ('a', 1)", args![]).await;
        t.db.upkeep::<_, Error, _>(put).await.unwrap();
        let other = t.again().await;
        let all = "select * from book";
        for db in [&t.db, &other] {
            let rows = async move |tx: &mut Tx| tx.list::<crate::Row>(all, args![]).await;
            for _ in 0..4 {
                assert_eq!(db.read::<_, Error, _>(rows).await.unwrap().len(), 1);
                assert_eq!(db.upkeep::<_, Error, _>(rows).await.unwrap().len(), 1);
            }
        }
        t.migrate(&[ONE, TWO]).await;
        for db in [&t.db, &other] {
            let books = async move |tx: &mut Tx| tx.list::<Book>(all, args![]).await;
            for _ in 0..4 {
                let book = db.read::<_, Error, _>(books).await.unwrap().remove(0);
                assert_eq!((book.id.as_str(), book.n, book.pages), ("a", 1, None));
                db.upkeep::<_, Error, _>(books).await.unwrap();
            }
        }
        other.close().await;
    });
}
