//! Rows of accounts and posts.

use std::collections::BTreeMap;

use base::{Day, Instant};
use db::{Filter, Tx, args};

use super::{Account, AccountId, Kind, Post, PostId};
use crate::role::Role;
use crate::unit::UnitId;

macro_rules! account {
    ($tail:literal) => {
        concat!(
            "select a.id, a.kind, a.login, a.name, a.name_folded, a.personal_number, a.number_before, ",
            "a.phone, a.email, a.address, a.confirmed_at, a.disabled_at, ",
            "case when a.password_hash is null then 0 else 1 end as has_password, ",
            "a.password_once, a.version from account a ",
            $tail
        )
    };
}

macro_rules! post {
    ($tail:literal) => {
        concat!(
            "select p.id, p.unit, u.name as unit_name, ",
            "case when exists (select 1 from unit_function f where f.unit = p.unit ",
            "and f.function = 'counter') and not exists (select 1 from unit_function f ",
            "where f.unit = p.unit and f.function = 'leadership') then 1 else 0 end as at_counter, ",
            "p.role, p.title, p.valid_from, p.valid_to, p.version ",
            "from post p join unit u on u.id = p.unit ",
            $tail
        )
    };
}

/// Where a name stands in lists: by given name, and by id among equal names, so that a place in the
/// list has one text. Letters and digits only, which every engine compares alike.
pub fn sort_key(name: &str, id: AccountId) -> String {
    let id = id.to_string().replace('-', "");
    format!("{}{id}", base::text::name_key(name))
}

/// The account with this id.
pub async fn get(tx: &mut Tx, id: AccountId) -> db::Result<Account> {
    tx.get(account!("where a.id = $1"), args![id]).await
}

/// The account with this id, if there is one.
pub async fn find(tx: &mut Tx, id: AccountId) -> db::Result<Option<Account>> {
    tx.find(account!("where a.id = $1"), args![id]).await
}

/// Names by account.
pub async fn names(tx: &mut Tx, accounts: &[&str]) -> db::Result<BTreeMap<String, String>> {
    db::record! { struct Named { id: String, name: String } }
    if accounts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let q = Filter::new("select id, name from account").among("id", accounts);
    let rows: Vec<Named> = tx.list(&q, &q.args).await?;
    Ok(rows.into_iter().map(|n| (n.id, n.name)).collect())
}

db::record! {
    /// What signing in needs of an account.
    pub struct Secret {
        id: AccountId,
        password_hash: Option<String>,
        disabled_at: Option<Instant>,
        version: i64,
    }
}

/// The secret behind a login, already folded.
pub async fn find_secret(tx: &mut Tx, login: &str) -> db::Result<Option<Secret>> {
    let sql = "select id, password_hash, disabled_at, version from account where login = $1";
    tx.find(sql, args![login]).await
}

/// The secret of an account.
pub async fn secret_of(tx: &mut Tx, id: AccountId) -> db::Result<Secret> {
    let sql = "select id, password_hash, disabled_at, version from account where id = $1";
    tx.get(sql, args![id]).await
}

/// Posts held on a day, in units that stand on it, the oldest first.
pub async fn posts_on(tx: &mut Tx, account: AccountId, day: Day) -> db::Result<Vec<Post>> {
    let sql = post!(
        "where p.account = $1 and p.valid_from <= $2 and (p.valid_to is null or p.valid_to >= $2)
           and u.valid_from <= $2 and (u.valid_to is null or u.valid_to >= $2)
         order by p.valid_from, p.id limit 50"
    );
    tx.list(sql, args![account, day]).await
}

/// All posts an account ever held, the newest first.
pub async fn posts_ever(tx: &mut Tx, account: AccountId) -> db::Result<Vec<Post>> {
    let sql = post!("where p.account = $1 order by p.valid_from desc, p.id desc limit 100");
    tx.list(sql, args![account]).await
}

/// A post by its id.
pub async fn find_post(tx: &mut Tx, account: AccountId, id: PostId) -> db::Result<Option<Post>> {
    tx.find(post!("where p.account = $1 and p.id = $2"), args![account, id]).await
}

/// Who holds a role in a unit on a day, by given name.
pub async fn holders(
    tx: &mut Tx,
    unit: &UnitId,
    role: Role,
    day: Day,
) -> db::Result<Vec<(AccountId, String)>> {
    tx.list(
        "select a.id, a.name from post p join account a on a.id = p.account
          where p.unit = $1 and p.role = $2 and a.disabled_at is null
            and p.valid_from <= $3 and (p.valid_to is null or p.valid_to >= $3)
          order by a.sort_key limit 200",
        args![unit, role, day],
    )
    .await
}

/// Who leads, keeps records or receives in a post without an end; at most 4,000.
pub async fn list_signing(tx: &mut Tx) -> db::Result<Vec<super::Serving>> {
    tx.list(
        "select a.id as account, a.login, a.name, p.id as post, p.title, p.role, p.unit, u.name as unit_name
           from post p join account a on a.id = p.account join unit u on u.id = p.unit
          where p.valid_to is null and a.kind = 'official'
            and p.role in ('leader', 'records_clerk', 'counter_clerk')
          order by case p.role when 'leader' then 0 when 'records_clerk' then 1 else 2 end, u.position, p.id
          limit 4000",
        args![],
    )
    .await
}

/// An account to be stored for the first time.
#[derive(Clone, Debug)]
pub struct New<'a> {
    pub id: AccountId,
    pub kind: Kind,
    pub login: &'a str,
    pub password_hash: Option<&'a str>,
    pub password_once: bool,
    pub name: &'a str,
    pub personal_number: Option<&'a str>,
    pub phone: Option<&'a str>,
    pub email: Option<&'a str>,
    pub address: Option<&'a str>,
    pub confirmed_at: Option<Instant>,
    pub created_at: Instant,
}

/// Stores a new account, unless its login or personal number is in use; whether it did.
pub async fn insert(tx: &mut Tx, new: &New<'_>) -> db::Result<bool> {
    let put = tx
        .change(
            "insert into account (id, kind, login, password_hash, password_once, name, name_folded, sort_key,
                                  personal_number, phone, email, address, confirmed_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing",
            args![
                new.id,
                new.kind,
                new.login,
                new.password_hash,
                new.password_once,
                new.name,
                base::text::fold(new.name),
                sort_key(new.name, new.id),
                new.personal_number,
                new.phone,
                new.email,
                new.address,
                new.confirmed_at,
                new.created_at
            ],
        )
        .await?;
    Ok(put == 1)
}

/// Changes what a person may change of an account. `Stale` when somebody changed it after `seen`.
pub async fn update(tx: &mut Tx, account: &Account, seen: i64) -> db::Result<()> {
    tx.change_one(
        "update account set name = $1, name_folded = $2, sort_key = $3, phone = $4, email = $5, address = $6,
                disabled_at = $7, version = version + 1 where id = $8 and version = $9",
        args![
            account.name,
            base::text::fold(&account.name),
            sort_key(&account.name, account.id),
            account.phone,
            account.email,
            account.address,
            account.disabled_at,
            account.id,
            seen
        ],
    )
    .await
}

/// Sets the password's hash. `Stale` when the account changed after `seen`.
pub async fn set_password(tx: &mut Tx, id: AccountId, hash: &str, once: bool, seen: i64) -> db::Result<()> {
    let sql = "update account set password_hash = $1, password_once = $2, version = version + 1
                where id = $3 and version = $4";
    tx.change_one(sql, args![hash, once, id, seen]).await
}

/// Marks a citizen as confirmed, the first time; whether it was that.
pub async fn confirm(tx: &mut Tx, id: AccountId, now: Instant) -> db::Result<bool> {
    let sql = "update account set confirmed_at = $1, version = version + 1
                where id = $2 and kind = 'citizen' and confirmed_at is null";
    Ok(tx.change(sql, args![now, id]).await? == 1)
}

/// Gives an official a post.
pub async fn insert_post(
    tx: &mut Tx,
    account: AccountId,
    unit: &UnitId,
    role: Role,
    title: &str,
    from: Day,
) -> db::Result<PostId> {
    let id = PostId::fresh();
    tx.change(
        "insert into post (id, account, unit, role, title, valid_from) values ($1, $2, $3, $4, $5, $6)",
        args![id, account, unit, role, title, from],
    )
    .await?;
    Ok(id)
}

/// Ends a post on its last day. `Stale` when it changed after `seen` or has ended already.
pub async fn end_post(tx: &mut Tx, id: PostId, last: Day, seen: i64) -> db::Result<()> {
    let sql = "update post set valid_to = $1, version = version + 1
                where id = $2 and version = $3 and valid_to is null";
    tx.change_one(sql, args![last, id, seen]).await
}

db::record! {
    /// An official in a list.
    pub struct Line {
        id: AccountId,
        login: String,
        name: String,
        sort_key: String,
        disabled_at: Option<Instant>,
        has_password: bool,
        title: Option<String>,
        unit_name: Option<String>,
        posts: i64,
    }
}

/// Which officials to list.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// Only those with a standing post in this unit or below it.
    pub within: Option<&'a UnitId>,
    /// Folded patterns, all of which the name or the login must match.
    pub tokens: Vec<String>,
    /// Continue after this place, a `sort_key`.
    pub after: Option<&'a str>,
}

/// Officials by given name, 51 at most: one more than a page, to see whether there is more.
pub async fn list(tx: &mut Tx, asked: &Asked<'_>) -> db::Result<Vec<Line>> {
    const SELECT: &str = "select a.id, a.login, a.name, a.sort_key, a.disabled_at,
        case when a.password_hash is null then 0 else 1 end as has_password, p.title, u.name as unit_name,
        (select count(*) from post q where q.account = a.id and q.valid_to is null) as posts
        from account a
        left join post p on p.id =
            (select min(m.id) from post m where m.account = a.id and m.valid_to is null)
        left join unit u on u.id = p.unit";
    const WITHIN: &str = "with recursive below(id) as (select id from unit where id = $1 union all
            select x.id from unit x join below b on x.parent = b.id),
        mine(account) as (select distinct m.account from post m join below b on b.id = m.unit
                           where m.valid_to is null)
        select a.id, a.login, a.name, a.sort_key, a.disabled_at,
        case when a.password_hash is null then 0 else 1 end as has_password, p.title, u.name as unit_name,
        (select count(*) from post q where q.account = a.id and q.valid_to is null) as posts
        from mine join account a on a.id = mine.account
        left join post p on p.id =
            (select min(m.id) from post m where m.account = a.id and m.valid_to is null)
        left join unit u on u.id = p.unit";
    let mut filter = match asked.within {
        Some(top) => Filter::with(WITHIN, args![top]),
        None => Filter::new(SELECT),
    };
    filter = filter.and("a.kind = ?", Some(Kind::Official));
    for token in &asked.tokens {
        filter = filter
            .and("(' ' || a.name_folded like ? or ' ' || replace(a.login, '.', ' ') like ?)", Some(token));
    }
    let filter = filter.and("a.sort_key > ?", asked.after).tail("order by a.sort_key limit 51");
    tx.list(&filter, &filter.args).await
}

/// How many accounts of a kind there are.
pub async fn count(tx: &mut Tx, kind: Kind) -> db::Result<i64> {
    tx.get("select count(*) as n from account where kind = $1", args![kind]).await
}
