//! Rows of accounts that step aside, and of merges.

use base::Instant;
use db::{Filter, Tx, args};

use super::rules::Side;
use crate::account::store::{New, insert};
use crate::account::{AccountId, Kind};

db::record! {
    /// Somebody as two are compared: an account, or a person without one.
    pub struct Whole {
        id: AccountId, kind: Kind, login: String, name: String, name_folded: String,
        personal_number: Option<String>, number_before: Option<String>, phone: Option<String>,
        email: Option<String>, address: Option<String>, confirmed_at: Option<Instant>,
        disabled_at: Option<Instant>, created_at: Instant, has_password: bool, leads_to: Option<String>,
        version: i64,
    }
}

impl Whole {
    /// There is an account.
    pub fn is_kept(&self) -> bool {
        self.version > 0
    }

    /// What an address names it by: the account's id, or what the system that knows the person said.
    pub fn key(&self) -> String {
        if self.is_kept() { self.id.to_string() } else { self.login.clone() }
    }

    /// Whether both are the same name under the same number, or under none with the same telephone.
    pub fn is_written_as(&self, other: &Whole) -> bool {
        self.name_folded == other.name_folded
            && self.number() == other.number()
            && (self.number().is_some() || self.phone == other.phone)
    }

    /// What the rules look at.
    pub fn side(&self) -> Side {
        Side {
            id: self.id.to_string(),
            citizen: self.kind == Kind::Citizen,
            name_folded: self.name_folded.clone(),
            number: self.number().map(str::to_string),
            phone: self.phone.clone().filter(|text| !text.is_empty()),
            address: self.address.clone().filter(|text| !text.is_empty()),
            confirmed: self.confirmed_at.is_some(),
            signs_in: self.has_password,
            gone: self.leads_to.is_some(),
        }
    }

    /// The personal number, or the one it had before it stepped aside.
    pub fn number(&self) -> Option<&str> {
        self.personal_number.as_deref().or(self.number_before.as_deref())
    }
}

macro_rules! whole {
    ($tail:literal) => {
        concat!(
            "select id, kind, login, name, name_folded, personal_number, number_before, phone, email, ",
            "address, confirmed_at, disabled_at, created_at, ",
            "case when password_hash is null then 0 else 1 end as has_password, leads_to, version ",
            "from account ",
            $tail
        )
    };
}

/// The account with this id.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Whole>> {
    tx.find(whole!("where id = $1"), args![id]).await
}

/// The account that has this number now.
pub async fn find_by_number(tx: &mut Tx, number: &str) -> db::Result<Option<Whole>> {
    tx.find(whole!("where personal_number = $1"), args![number]).await
}

/// Records that had this number and have stepped aside for whoever registers with it.
pub async fn list_aside(tx: &mut Tx, number: &str) -> db::Result<Vec<Whole>> {
    tx.list(
        whole!(
            "where number_before = $1 and leads_to is null and kind = 'citizen'
              order by created_at, id limit 10"
        ),
        args![number],
    )
    .await
}

/// Folded names that some citizens share, few enough that the name says something; at most 300.
pub async fn list_shared_names(tx: &mut Tx) -> db::Result<Vec<String>> {
    tx.list(
        "select name_folded from account where kind = 'citizen' and leads_to is null
          group by name_folded having count(*) between 2 and 20 order by name_folded limit 300",
        args![],
    )
    .await
}

/// Folded names that some citizens share together with a telephone, however common they are; at most 100.
pub async fn list_shared_phones(tx: &mut Tx) -> db::Result<Vec<String>> {
    tx.list(
        "select distinct name_folded from (select name_folded, phone from account
            where kind = 'citizen' and leads_to is null and phone is not null
            group by name_folded, phone having count(*) > 1) alike order by name_folded limit 100",
        args![],
    )
    .await
}

/// Numbers of records that have stepped aside and lead nowhere yet; at most 100.
pub async fn list_aside_numbers(tx: &mut Tx) -> db::Result<Vec<String>> {
    tx.list(
        "select distinct number_before from account
          where number_before is not null and leads_to is null order by number_before limit 100",
        args![],
    )
    .await
}

const NAMED: &str = "select id, kind, login, name, name_folded, personal_number, number_before, phone, email,
    address, confirmed_at, disabled_at, created_at,
    case when password_hash is null then 0 else 1 end as has_password, leads_to, version from account";

const FEW: &str = "order by created_at, id limit 500";

/// The citizens with these folded names; at most 3,000.
pub async fn list_named(tx: &mut Tx, names: &[String]) -> db::Result<Vec<Whole>> {
    let q = Filter::new(NAMED)
        .among("name_folded", names)
        .when("kind = 'citizen' and leads_to is null", true)
        .tail("order by name_folded, created_at, id limit 3000");
    tx.list(&q, &q.args).await
}

/// The citizens who have or had these numbers; at most 1,000.
pub async fn list_numbered(tx: &mut Tx, numbers: &[String]) -> db::Result<Vec<Whole>> {
    let standing = "kind = 'citizen' and leads_to is null";
    let now = Filter::new(NAMED).among("personal_number", numbers).when(standing, true).tail(FEW);
    let mut found: Vec<Whole> = tx.list(&now, &now.args).await?;
    let before = Filter::new(NAMED).among("number_before", numbers).when(standing, true).tail(FEW);
    found.extend(tx.list::<Whole>(&before, &before.args).await?);
    Ok(found)
}

/// Makes the record of a person who has no account: nobody signs in to it.
pub async fn save_record(tx: &mut Tx, person: &Whole, now: Instant) -> db::Result<Whole> {
    let login = format!("record:{}", person.id);
    let new = New {
        id: person.id,
        kind: Kind::Citizen,
        login: &login,
        password_hash: None,
        password_once: false,
        name: &person.name,
        personal_number: None,
        phone: person.phone.as_deref(),
        email: person.email.as_deref(),
        address: person.address.as_deref(),
        confirmed_at: None,
        created_at: now,
    };
    if !insert(tx, &new).await? {
        return Err(db::Error::Taken(login));
    }
    let number = person.number_before.as_deref();
    tx.change_one("update account set number_before = $1 where id = $2", args![number, person.id]).await?;
    tx.get(whole!("where id = $1"), args![person.id]).await
}

/// Lets a record step aside: its number is free for the person who registers with it. `Stale` when the
/// record has a password or has changed.
pub async fn save_aside(tx: &mut Tx, id: AccountId, number: &str, seen: i64) -> db::Result<()> {
    tx.change_one(
        "update account set login = 'record:' || id, personal_number = null, number_before = $1,
                version = version + 1
          where id = $2 and version = $3 and password_hash is null and personal_number = $1",
        args![number, id, seen],
    )
    .await
}

/// Lets an account lead to another: nobody signs in to it any more, and its number is free.
pub async fn save_gone(tx: &mut Tx, goes: &Whole, stays: AccountId, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update account set leads_to = $1, login = 'gone:' || id, number_before = $2, personal_number = null,
                disabled_at = coalesce(disabled_at, $3), version = version + 1
          where id = $4 and version = $5 and leads_to is null",
        args![stays, goes.number(), now, goes.id, goes.version],
    )
    .await
}

/// Gives an account back what it was.
pub async fn save_back(tx: &mut Tx, m: &Merge, goes: &Whole) -> db::Result<()> {
    tx.change_one(
        "update account set leads_to = null, login = $1, personal_number = $2, number_before = $3,
                disabled_at = $4, version = version + 1
          where id = $5 and version = $6 and leads_to = $7",
        args![&m.login, &m.number, &m.number_before, m.disabled_at, goes.id, goes.version, &m.stays],
    )
    .await
}

db::record! {
    /// A merge that was proposed, and what became of it.
    pub struct Merge {
        id: String, goes: String, stays: String, ground: String, reason: String, state: String,
        goes_seen: i64, stays_seen: i64, proposed_by: String, proposed_at: Instant,
        decided_by: Option<String>, decided_at: Option<Instant>, note: String, undone_at: Option<Instant>,
        login: Option<String>, number: Option<String>, number_before: Option<String>,
        disabled_at: Option<Instant>,
    }
}

macro_rules! merge {
    ($tail:literal) => {
        concat!(
            "select id, goes, stays, ground, reason, state, goes_seen, stays_seen, proposed_by, ",
            "proposed_at, decided_by, decided_at, note, undone_at, login, number, number_before, \
             disabled_at ",
            "from account_merge ",
            $tail
        )
    };
}

/// The merge with this id.
pub async fn find_merge(tx: &mut Tx, id: &str) -> db::Result<Option<Merge>> {
    tx.find(merge!("where id = $1"), args![id]).await
}

/// Merges in these states, the newest first; at most 50.
pub async fn list_merges(tx: &mut Tx, state: &str) -> db::Result<Vec<Merge>> {
    tx.list(merge!("where state = $1 order by proposed_at desc, id desc limit 50"), args![state]).await
}

/// Whether one of these two stands in a proposal that waits.
pub async fn is_proposed(tx: &mut Tx, a: &str, b: &str) -> db::Result<bool> {
    let n: i64 = tx
        .get(
            "select count(*) from account_merge where state = 'proposed'
                and (goes = $1 or stays = $1 or goes = $2 or stays = $2)",
            args![a, b],
        )
        .await?;
    Ok(n > 0)
}

/// Pairs that somebody has decided about or proposed: they are not suggested again; at most 3,000.
pub async fn list_decided(tx: &mut Tx) -> db::Result<Vec<(String, String)>> {
    tx.list(
        "select goes, stays from account_merge where state <> 'done' order by id desc limit 3000",
        args![],
    )
    .await
}

/// Keeps a proposal.
pub async fn save_proposed(
    tx: &mut Tx,
    id: &str,
    (goes, stays): (&Whole, &Whole),
    (ground, reason): (&str, &str),
    by: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "insert into account_merge (id, goes, stays, ground, reason, state, goes_seen, stays_seen,
                proposed_by, proposed_at)
         values ($1, $2, $3, $4, $5, 'proposed', $6, $7, $8, $9)",
        args![id, goes.id, stays.id, ground, reason, goes.version, stays.version, by, now],
    )
    .await
}

/// Keeps what was decided. `Stale` when somebody has decided.
pub async fn save_decided(
    tx: &mut Tx,
    id: &str,
    (state, note): (&str, &str),
    by: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update account_merge set state = $1, note = $2, decided_by = $3, decided_at = $4
          where id = $5 and state = 'proposed'",
        args![state, note, by, now, id],
    )
    .await
}

/// Keeps what the one that goes was.
pub async fn save_before(tx: &mut Tx, id: &str, goes: &Whole) -> db::Result<()> {
    tx.change_one(
        "update account_merge set login = $1, number = $2, number_before = $3, disabled_at = $4
          where id = $5",
        args![&goes.login, &goes.personal_number, &goes.number_before, goes.disabled_at, id],
    )
    .await
}

/// Keeps that a merge was taken back. `Stale` when it was, or never done.
pub async fn save_undone(tx: &mut Tx, id: &str, by: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update account_merge set state = 'undone', undone_by = $1, undone_at = $2
          where id = $3 and state = 'done'",
        args![by, now, id],
    )
    .await
}
