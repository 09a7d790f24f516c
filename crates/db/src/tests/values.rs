use base::{Day, Dong, Id, Instant};

use crate::{Error, Filter, Row, Tx, Value, args, record, testing::both};

enum Thing {}

const TABLE: &str = "create table thing(
    id text primary key, n bigint, d double, s text, b blob, yes bigint check (yes in (0, 1)),
    at bigint, day text, money bigint) strict";

record! {
    /// A row of every kind of value.
    struct Kept {
        id: Id<Thing>, n: i64, d: f64, s: String, b: Vec<u8>, yes: bool,
        at: Instant, day: Day, money: Dong,
    }
}

record! { struct Loaded { n: i64, d: f64, s: Option<String>, b: Option<Vec<u8>> } }

record! { struct Nulls { n: Option<i64>, s: Option<String>, b: Option<Vec<u8>>, day: Option<Day> } }

async fn table(tx: &mut Tx) -> crate::Result<()> {
    tx.script(TABLE).await
}

#[test]
fn values_come_back_as_they_went() {
    both(async |t| {
        let id = Id::<Thing>::fresh();
        let at = Instant::from_micros(1_795_000_000_123_456);
        let day = Day::new(2026, 12, 3).unwrap();
        let text = "Nguyễn Thị Mười Hai — 𠀋 {\"a\": 1}";
        let put = "insert into thing(id, n, d, s, b, yes, at, day, money)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let money = Dong::new(37_500).unwrap();
        t.db.upkeep(async move |tx: &mut Tx| {
            table(tx).await?;
            let blob = vec![0u8, 255];
            let args = args![id, i64::MIN, 0.5, text, blob, true, at, day, money];
            tx.change_one(put, args).await
        })
        .await
        .unwrap();
        let find =
            async move |tx: &mut Tx| tx.get::<Kept>("select * from thing where id = $1", args![id]).await;
        let kept = t.db.read(find).await.unwrap();
        assert_eq!((kept.id, kept.n, kept.d, kept.s.as_str()), (id, i64::MIN, 0.5, text));
        assert_eq!((kept.b, kept.yes, kept.at, kept.day, kept.money), (vec![0, 255], true, at, day, money));
    });
}

#[test]
fn nulls_come_back_as_none_and_refuse_to_be_anything_else() {
    both(async |t| {
        t.db.upkeep(async |tx: &mut Tx| {
            table(tx).await?;
            let args = args!["x", None::<i64>, None::<String>, None::<Vec<u8>>, None::<Day>];
            tx.change_one("insert into thing(id, n, s, b, day) values ($1, $2, $3, $4, $5)", args).await
        })
        .await
        .unwrap();
        let row = async |tx: &mut Tx| tx.get::<Nulls>("select n, s, b, day from thing", args![]).await;
        let row: Nulls = t.db.read(row).await.unwrap();
        assert!(row.n.is_none() && row.s.is_none() && row.b.is_none() && row.day.is_none());
        let wrong = async |tx: &mut Tx| tx.get::<i64>("select n from thing", args![]).await;
        let wrong: crate::Result<i64> = t.db.read(wrong).await;
        assert_eq!(wrong, Err(Error::Fault("column n holds null, not a i64".into())));
    });
}

#[test]
fn parameters_are_bound_by_name_in_any_order_and_again() {
    both(async |t| {
        let sql = "select $2 || $1 || $2";
        let out = async move |tx: &mut Tx| tx.get::<String>(sql, args!["a", "b"]).await;
        let out: crate::Result<String> = t.db.read(out).await;
        assert_eq!(out, Ok("bab".into()));
    });
}

#[test]
fn too_many_and_too_few_values_are_faults() {
    both(async |t| {
        for n in [0usize, 2] {
            let many = async move |tx: &mut Tx| {
                let values = vec![Value::Text("a".into()); n];
                tx.list::<Row>("select cast($1 as text) as x", &values).await.map(drop)
            };
            let done: crate::Result<()> = t.db.read(many).await;
            assert!(matches!(done, Err(Error::Fault(_))), "{n} values: {done:?}");
        }
    });
}

#[test]
fn a_filter_leaves_out_what_is_absent_and_lists_what_is_among() {
    both(async |t| {
        let ids = async |tx: &mut Tx| {
            table(tx).await?;
            let values: Vec<Value> =
                (0..10).flat_map(|n| [format!("id{n}"), format!("s{}", n % 2)]).map(text).collect();
            tx.many("insert into thing(id, s) values", 2, &values, "").await?;
            let q = Filter::new("select id from thing")
                .and("s = ?", Some("s1"))
                .and("n = ?", None::<i64>)
                .among("id", &["id1", "id2", "id3"])
                .when("s is null", false)
                .tail("order by id limit 5");
            let some = tx.list::<String>(&q, &q.args).await?;
            let q = Filter::new("select id from thing").among("id", &[] as &[&str]);
            Ok((some, tx.list::<String>(&q, &q.args).await?))
        };
        let out: crate::Result<_> = t.db.upkeep(ids).await;
        assert_eq!(out, Ok((vec!["id1".into(), "id3".into()], vec![])));
    });
}

fn text(s: String) -> Value<'static> {
    Value::Text(s.into())
}

/// A thousand rows of the table, every third without its number.
fn thousand(from: i64) -> Vec<Value<'static>> {
    let row = |n: i64| [text(format!("id{n}")), if n % 3 == 0 { Value::Null } else { Value::Int(n) }];
    (from..from + 1_000).flat_map(row).collect()
}

#[test]
fn thousands_of_rows_arrive_whole_and_a_row_that_is_there_already_is_told() {
    both(async |t| {
        let put = async |tx: &mut Tx| {
            table(tx).await?;
            let put = tx.many("insert into thing(id, n) values", 2, &thousand(0), "").await?;
            let sum: i64 = tx.get("select cast(sum(n) as bigint) from thing", args![]).await?;
            let none: i64 = tx.get("select count(*) from thing where n is null", args![]).await?;
            Ok::<_, Error>((put, sum, none))
        };
        let sum = (0..1_000).filter(|n| n % 3 != 0).sum();
        assert_eq!(t.db.upkeep(put).await, Ok((1_000, sum, 334)));
        let again = async |tx: &mut Tx| {
            let put = tx.many("insert into thing(id, n) values", 2, &thousand(999), "").await;
            put.map(drop)
        };
        assert_eq!(t.db.upkeep(again).await, Err(Error::Taken("thing.id".into())));
    });
}

#[test]
fn many_rows_of_odd_counts_all_arrive() {
    both(async |t| {
        let n = async |tx: &mut Tx| {
            table(tx).await?;
            let values: Vec<Value> = (0..371).flat_map(|n| [text(format!("id{n}")), Value::Int(n)]).collect();
            let put =
                tx.many("insert into thing(id, n) values", 2, &values, "on conflict do nothing").await?;
            let again =
                tx.many("insert into thing(id, n) values", 2, &values, "on conflict do nothing").await?;
            let sum: i64 = tx.get("select cast(sum(n) as bigint) from thing", args![]).await?;
            Ok((put, again, sum))
        };
        let n: crate::Result<_> = t.db.upkeep(n).await;
        assert_eq!(n, Ok((371, 0, 370 * 371 / 2)));
    });
}

#[test]
fn a_fault_tells_kinds_and_never_values() {
    both(async |t| {
        let wrong = async |tx: &mut Tx| {
            table(tx).await?;
            tx.change("insert into thing(id) values ($1)", args!["012345678901"]).await?;
            tx.get::<i64>("select id from thing", args![]).await
        };
        let Err(Error::Fault(text)) = t.db.upkeep::<_, Error, _>(wrong).await else { panic!("no fault") };
        assert_eq!(text, "column id holds a text, not a i64");
        let wrong =
            async |tx: &mut Tx| tx.get::<i64>("select cast($1 as bigint) + 1", args!["012345678901"]).await;
        if let Err(Error::Fault(text)) = t.db.read::<_, Error, _>(wrong).await {
            assert!(!text.contains("012345"), "{text}"); // PostgreSQL; SQLite converts
        }
    });
}

#[test]
fn texts_sort_compare_and_match_alike_on_both() {
    both(async |t| {
        let story = async |tx: &mut Tx| {
            table(tx).await?;
            for id in ["b", "B", "a", "Đ", "đ", "é", "z", "10", "9", "-"] {
                tx.change_one("insert into thing(id) values ($1)", args![id]).await?;
            }
            let sorted = tx.list::<String>("select id from thing order by id", args![]).await?;
            let below =
                tx.list::<String>("select id from thing where id < $1 order by id", args!["a"]).await?;
            let like = tx.list::<String>("select id from thing where id like $1", args!["b%"]).await?;
            let lower = tx.get::<String>("select lower(id) from thing where id = $1", args!["Đ"]).await?;
            Ok((sorted.join(" "), below.join(" "), like.join(" "), lower))
        };
        let out: crate::Result<_> = t.db.upkeep(story).await;
        let (sorted, below, like, lower) = out.unwrap();
        assert_eq!(sorted, "- 10 9 B a b z é Đ đ");
        assert_eq!((below.as_str(), like.as_str(), lower.as_str()), ("- 10 9 B", "b", "Đ"));
    });
}

#[test]
fn a_text_with_a_nul_is_refused_on_both() {
    both(async |t| {
        let put = async |tx: &mut Tx| tx.get::<String>("select cast($1 as text)", args!["a\0b"]).await;
        let put: crate::Result<String> = t.db.read(put).await;
        assert!(matches!(put, Err(Error::Fault(_))), "{put:?}");
    });
}

/// A thousand rows at once: on PostgreSQL they go by COPY, in more than one piece.
fn load(last: Value<'static>) -> Vec<Value<'static>> {
    let rows = (0..1_000_i64).flat_map(|n| {
        let text = if n % 3 == 0 { Value::Null } else { Value::Text("Bến Tre ".repeat(20).into()) };
        let blob = Value::Blob(vec![0, 255, b'\n'].into());
        [Value::Text(format!("{n:04}").into()), Value::Int(-n), Value::Real(0.5), text, blob]
    });
    let mut rows: Vec<_> = rows.collect();
    *rows.last_mut().unwrap() = last;
    rows
}

#[test]
fn a_load_brings_every_kind_of_value_and_none_of_a_wrong_kind() {
    both(async |t| {
        const PUT: &str = "insert into thing(id, n, d, s, b) values";
        t.db.upkeep(table).await.unwrap();
        let wrong = async |tx: &mut Tx| tx.many(PUT, 5, &load(Value::Text("no bytes".into())), "").await;
        assert!(matches!(t.db.upkeep(wrong).await, Err(Error::Fault(_))));
        let right = async |tx: &mut Tx| tx.many(PUT, 5, &load(Value::Null), "").await;
        assert_eq!(t.db.upkeep(right).await, Ok(1_000), "after a load that failed the connection is of use");
        let all =
            async |tx: &mut Tx| tx.list::<Loaded>("select n, d, s, b from thing order by id", args![]).await;
        let all = t.db.read(all).await.unwrap();
        assert_eq!(all.len(), 1_000);
        for (i, row) in (0_i64..).zip(&all) {
            assert_eq!((row.n, row.d), (-i, 0.5));
            assert_eq!(row.s, (i % 3 != 0).then(|| "Bến Tre ".repeat(20)));
            assert_eq!(row.b, (i < 999).then(|| vec![0, 255, b'\n']));
        }
    });
}
