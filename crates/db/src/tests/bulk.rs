//! A load lets go of indexes and gets them back, also when it was killed between.

use crate::{Migration, Rows, Tx, Value, args, error::Result, testing::both};

const SHELF: Migration = Migration {
    system: "shop",
    name: "0001_shelf",
    sql: "create table shelf(id text primary key) strict;
          create table book(
              id text primary key, shelf text not null references shelf(id), title text not null, isbn text,
              lent bigint not null
          ) strict;
          create index book_of_shelf on book(shelf, title);
          create index book_title on book(title) where title <> 'text';
          create unique index book_isbn on book(isbn);
          create table reader(id text primary key, name text not null) strict;
          create index reader_name on reader(name);",
};
const LATER: Migration = Migration {
    system: "shop",
    name: "0002_better",
    sql: "drop index book_of_shelf; create index book_of_shelf on book(shelf, lent, title);",
};

async fn indexes(t: &crate::testing::TestDb) -> Vec<String> {
    let names = async |tx: &mut Tx| -> Result<Vec<String>> {
        let sqlite = "select name from sqlite_master where type = 'index' and sql is not null order by name";
        let postgres = "select cast(indexname as text) from pg_indexes where schemaname = current_schema()
             and indexname like any (array['book_of%', 'book_t%', 'book_i%', 'reader_n%']) order by 1";
        tx.each(sqlite, postgres).await
    };
    let mut names = t.db.read(names).await.unwrap();
    names.retain(|name| name.starts_with("book_") || name.starts_with("reader_"));
    names
}

fn books(shelf: &str) -> Rows {
    let mut rows = Rows::new("insert into book(id, shelf, title, isbn, lent) values", 5);
    for n in 0..300 {
        let (id, title) = (format!("{shelf}-{n:03}"), format!("Title {}", n * 7 % 300));
        rows.add(args![id, shelf, title].iter().cloned());
        rows.add([Value::Null, Value::Int(n)]);
    }
    rows
}

#[test]
fn what_a_load_let_go_comes_back_with_all_its_rows() {
    both(async |t| {
        t.migrate(&[SHELF]).await;
        let all = indexes(&t).await;
        assert_eq!(all, ["book_isbn", "book_of_shelf", "book_title", "reader_name"]);
        let gone = t.db.let_go_of_indexes(&["book", "shelf"]).await.unwrap();
        assert_eq!(indexes(&t).await, ["book_isbn", "book_title", "reader_name"]);
        let put = async |tx: &mut Tx| -> Result<u64> {
            tx.change("insert into shelf(id) values ('a')", args![]).await?;
            books("a").put(tx).await
        };
        assert_eq!(t.db.upkeep(put).await, Ok(300));
        let mut heard = Vec::new();
        assert_eq!(t.db.make_indexes(|done, total| heard.push((done, total))).await, Ok(gone));
        assert_eq!((heard.first(), heard.last()), (Some(&(0, gone)), Some(&(gone, gone))));
        assert_eq!(indexes(&t).await, all);
        assert_eq!(t.db.make_indexes(|_, _| ()).await, Ok(0));

        let stray = t.db.upkeep(async |tx: &mut Tx| books("nowhere").put(tx).await).await;
        assert!(stray.is_err(), "the foreign key is back: {stray:?}");
        let first = "select id from book where shelf = 'a' order by title limit 1";
        assert_eq!(
            t.db.read(async move |tx: &mut Tx| tx.get::<String>(first, args![]).await).await,
            Ok("a-000".into())
        );
    });
}

#[test]
fn after_a_load_that_was_killed_the_next_start_makes_the_indexes() {
    both(async |t| {
        t.migrate(&[SHELF]).await;
        let all = indexes(&t).await;
        t.db.let_go_of_indexes(&["book"]).await.unwrap();
        // the load ends here; a newer program starts, which knows the index by name
        assert_eq!(t.db.migrate(&[SHELF, LATER]).await, Ok(1));
        assert_eq!(indexes(&t).await, all);
    });
}
