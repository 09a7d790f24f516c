//! Many writers of one row: each has its effect once, whatever becomes of its neighbours.

use futures_util::future::join_all;

use crate::{Act, Db, Error, Kind, Migration, Tx, args, error::Result, testing::both};

const BOOK: Migration = Migration {
    system: "counter",
    name: "0001_book",
    sql: "create table book(name text primary key, last bigint not null) strict;
          create table slip(n bigint primary key, writer bigint not null) strict;
          insert into book(name, last) values ('a', 0);",
};

#[derive(Debug, PartialEq)]
enum No {
    Refused,
    Store(Error),
}

impl From<Error> for No {
    fn from(error: Error) -> No {
        No::Store(error)
    }
}

/// Takes the book's next number and writes a slip, then does what its place in the row of writers says.
async fn take(db: Db, act: Act, writer: i64) -> Result<i64, No> {
    let write = async move |tx: &mut Tx| -> Result<i64, No> {
        let next = "update book set last = last + 1 where name = 'a' returning last";
        let n: i64 = tx.get(next, args![]).await?;
        tx.change("insert into slip(n, writer) values ($1, $2)", args![n, writer]).await?;
        match writer % 5 {
            1 => Err(No::Refused),
            2 => {
                tx.change("insert into slip(n, writer) values ($1, $2)", args![n, writer]).await?;
                Ok(n)
            }
            3 => panic!("a writer that breaks"),
            4 => {
                tx.audit("counter.more", &writer.to_string()).await?;
                Ok(n)
            }
            _ => Ok(n),
        }
    };
    db.write(Act { verb: "counter.take", ..act }, write).await
}

#[test]
fn writers_of_one_row_have_their_effect_once_and_those_who_fail_leave_nothing() {
    const WRITERS: i64 = 120;
    both(async |t| {
        t.migrate(&[BOOK]).await;
        let second = if t.kind() == Kind::Postgres { t.again().await } else { t.db.clone() };
        let node = |w: i64| if w % 2 == 0 { t.db.clone() } else { second.clone() };
        let writers = (0..WRITERS).map(|w| tokio::spawn(take(node(w), t.act(), w)));
        let mut numbers = Vec::new();
        for (w, done) in join_all(writers).await.into_iter().enumerate() {
            match (w % 5, done.unwrap()) {
                (0 | 4, Ok(n)) => numbers.push(n),
                (1, Err(No::Refused)) => {}
                (2, Err(No::Store(Error::Taken(what)))) => assert_eq!(what, "slip.n"),
                (3, Err(No::Store(Error::Fault(why)))) => assert_eq!(why, "panic: a writer that breaks"),
                (_, other) => panic!("writer {w}: {other:?}"),
            }
        }
        numbers.sort_unstable();
        let stayed = WRITERS / 5 * 2;
        assert_eq!(numbers, (1..=stayed).collect::<Vec<_>>(), "no number twice, and none left out");
        let told = async |tx: &mut Tx| -> Result<(Vec<i64>, i64, i64)> {
            let slips = tx.list("select n from slip order by n", args![]).await?;
            let count = "select count(*) from audit_entry where verb = $1";
            let taken = tx.get(count, args!["counter.take"]).await?;
            Ok((slips, taken, tx.get(count, args!["counter.more"]).await?))
        };
        assert_eq!(t.db.read(told).await, Ok((numbers, stayed, stayed / 2)));
    });
}
