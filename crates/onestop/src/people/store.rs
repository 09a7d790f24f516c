//! The rows that follow a person. Each statement may run twice: what has moved is not found again.

use base::Instant;
use db::{Filter, Tx, args};

use crate::dossier::DossierId;

db::record! {
    /// How somebody is written in a dossier: number and folded name, or name and telephone where there is no
    /// number. A number alone may have been mistyped.
    pub struct Written { number: String, folded: String, phone: String }
}

impl Written {
    /// Enough to be one person's.
    fn is_enough(&self) -> bool {
        !self.number.is_empty() || !self.phone.is_empty()
    }
}

/// Dossiers that are nobody's, written like this, become the account's.
pub async fn claim(tx: &mut Tx, why: &str, who: &Written, account: &str, now: Instant) -> db::Result<u64> {
    if !who.is_enough() {
        return Ok(0);
    }
    tx.change(
        "insert into person_move (why, place, item, former, at)
         select $1, 'dossier', id, null, cast($2 as bigint) from dossier
          where applicant is null and applicant_number = $3 and applicant_folded = $4
            and (applicant_number <> '' or applicant_phone = $5)
         on conflict (why, place, item) do nothing",
        args![why, now, &who.number, &who.folded, &who.phone],
    )
    .await?;
    tx.change(
        "update dossier set applicant = $1
          where applicant is null and applicant_number = $2 and applicant_folded = $3
            and (applicant_number <> '' or applicant_phone = $4)",
        args![account, &who.number, &who.folded, &who.phone],
    )
    .await
}

/// How many dossiers that are nobody's are written like this.
pub async fn count_written(tx: &mut Tx, who: &Written) -> db::Result<i64> {
    if !who.is_enough() {
        return Ok(0);
    }
    tx.get(
        "select count(*) from dossier
          where applicant is null and applicant_number = $1 and applicant_folded = $2
            and (applicant_number <> '' or applicant_phone = $3)",
        args![&who.number, &who.folded, &who.phone],
    )
    .await
}

db::record! {
    /// An applicant without an account, and the first dossier that tells of them.
    pub struct Row {
        code: String, number: String, name: String, phone: String, email: String, address: String,
        since: Instant,
    }
}

const APPLICANTS: &str = "select min(code) as code, applicant_number as number,
    max(applicant_name) as name, max(applicant_phone) as phone, max(applicant_email) as email,
    max(applicant_address) as address, min(filed_at) as since from dossier";
const EACH: &str = "group by applicant_number, applicant_folded,
    case when applicant_number = '' then applicant_phone else '' end order by min(code) limit 1000";
/// Persons only: enterprises are known by a tax number.
const PERSONS: &str = "applicant is null and (length(applicant_number) = 12
    or (applicant_number = '' and applicant_phone <> ''))";

/// Applicants without an account who have one of these folded names; at most 1,000.
pub async fn list_named(tx: &mut Tx, names: &[String]) -> db::Result<Vec<Row>> {
    let q = Filter::new(APPLICANTS).among("applicant_folded", names).when(PERSONS, true).tail(EACH);
    tx.list(&q, &q.args).await
}

/// Applicants without an account who have one of these numbers; at most 1,000.
pub async fn list_numbered(tx: &mut Tx, numbers: &[String]) -> db::Result<Vec<Row>> {
    let q = Filter::new(APPLICANTS).among("applicant_number", numbers).when(PERSONS, true).tail(EACH);
    tx.list(&q, &q.args).await
}

/// The applicant without an account who is written like this.
pub async fn find_unregistered(tx: &mut Tx, who: &Written) -> db::Result<Option<Row>> {
    let phone = Some(&who.phone).filter(|_| who.number.is_empty());
    let q = Filter::new(APPLICANTS)
        .and("applicant_number = ?", Some(&who.number))
        .and("applicant_folded = ?", Some(&who.folded))
        .and("applicant_phone = ?", phone)
        .when(PERSONS, true)
        .tail(EACH);
    tx.find(&q, &q.args).await
}

/// Who is written in the dossier with this code, if they have no account.
pub async fn find_written(tx: &mut Tx, code: &str) -> db::Result<Option<Written>> {
    tx.find(
        "select applicant_number as number, applicant_folded as folded, applicant_phone as phone
           from dossier where code = $1 and applicant is null",
        args![code],
    )
    .await
}

/// The names under which a number stands in dossiers that are nobody's; at most two.
pub async fn list_written(tx: &mut Tx, number: &str) -> db::Result<Vec<Written>> {
    tx.list(
        "select applicant_number as number, applicant_folded as folded, max(applicant_phone) as phone
           from dossier where applicant is null and applicant_number = $1 and applicant_number <> ''
          group by applicant_number, applicant_folded order by applicant_folded limit 2",
        args![number],
    )
    .await
}

/// Folded names of applicants without an account who share it with few others under another number, or
/// share name and telephone with somebody, with an account or without; at most 500.
pub async fn list_alike_names(tx: &mut Tx) -> db::Result<Vec<String>> {
    let mut names: Vec<String> = tx
        .list(
            "select applicant_folded from dossier where applicant is null
              group by applicant_folded having count(distinct applicant_number) between 2 and 20
              order by applicant_folded limit 200",
            args![],
        )
        .await?;
    names.extend(
        tx.list::<String>(
            "select distinct applicant_folded from (select applicant_folded from dossier
          where applicant is null and applicant_phone <> ''
          group by applicant_folded, applicant_phone having count(distinct applicant_number) > 1) alike
        order by applicant_folded limit 100",
            args![],
        )
        .await?,
    );
    names.extend(
        tx.list::<String>(
            "select distinct d.applicant_folded from dossier d
         join account a on a.name_folded = d.applicant_folded and a.phone = d.applicant_phone
        where d.applicant is null and a.kind = 'citizen' and a.leads_to is null
          and (a.personal_number is null or a.personal_number <> d.applicant_number)
        order by d.applicant_folded limit 100",
            args![],
        )
        .await?,
    );
    // The year of birth and the sex stand in a number's fourth to sixth digit.
    names.extend(
        tx.list::<String>(
            "select distinct d.applicant_folded from dossier d
         join account a on a.name_folded = d.applicant_folded
        where d.applicant is null and a.kind = 'citizen' and a.leads_to is null
          and a.personal_number <> d.applicant_number
          and substr(a.personal_number, 4, 3) = substr(d.applicant_number, 4, 3)
          and a.name_folded in (select name_folded from account where kind = 'citizen'
                                 group by name_folded having count(*) <= 20)
        order by d.applicant_folded limit 100",
            args![],
        )
        .await?,
    );
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Numbers under which applicants without an account have another name than somebody else with the number;
/// at most 200.
pub async fn list_alike_numbers(tx: &mut Tx) -> db::Result<Vec<String>> {
    let mut numbers: Vec<String> = tx
        .list(
            "select applicant_number from dossier
              where applicant is null and length(applicant_number) = 12
              group by applicant_number having count(distinct applicant_folded) > 1
              order by applicant_number limit 100",
            args![],
        )
        .await?;
    numbers.extend(
        tx.list::<String>(
            "select distinct d.applicant_number from dossier d
         join account a on a.personal_number = d.applicant_number
        where d.applicant is null and a.kind = 'citizen' and a.name_folded <> d.applicant_folded
        order by d.applicant_number limit 100",
            args![],
        )
        .await?,
    );
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The accounts whose this dossier was before merges: what they did in it, its applicant did.
pub async fn former_owners(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<String>> {
    tx.list(
        "select distinct former from person_move
          where item = $1 and place = 'dossier' and former is not null and back_at is null
          order by former limit 20",
        args![dossier],
    )
    .await
}

/// How many dossiers that are nobody's have this number: under this name, and under another.
pub async fn waiting(tx: &mut Tx, number: &str, folded: &str) -> db::Result<(i64, i64)> {
    tx.get(
        "select cast(coalesce(sum(case when applicant_folded = $2 then 1 else 0 end), 0) as bigint) as fits,
                cast(coalesce(sum(case when applicant_folded = $2 then 0 else 1 end), 0) as bigint) as other
           from dossier where applicant is null and applicant_number = $1",
        args![number, folded],
    )
    .await
}

/// Entries of the vault under one key become another's.
pub async fn hand_vault(tx: &mut Tx, why: &str, from: &str, to: &str, now: Instant) -> db::Result<()> {
    tx.change(
        "insert into person_move (why, place, item, former, at)
         select $1, 'vault', id, owner, cast($2 as bigint) from vault_entry where owner = $3
         on conflict (why, place, item) do nothing",
        args![why, now, from],
    )
    .await?;
    tx.change("update vault_entry set owner = $1 where owner = $2", args![to, from]).await.map(drop)
}

macro_rules! over {
    ($table:literal, $column:literal, $but:literal) => {
        concat!("update ", $table, " set ", $column, " = $1 where ", $column, " = $2", $but)
    };
}

macro_rules! back {
    ($table:literal, $column:literal, $place:literal) => {
        concat!(
            "update ",
            $table,
            " set ",
            $column,
            " = (select m.former from person_move m where m.why = $1 ",
            "and m.place = '",
            $place,
            "' and m.item = ",
            $table,
            ".id) where ",
            $column,
            " = $2 and id in ",
            "(select m.item from person_move m where m.why = $1 and m.place = '",
            $place,
            "' ",
            "and m.back_at is null)"
        )
    };
}

/// Everything that is an account's becomes another's. Nobody becomes their own helper, and nobody is told of
/// one thing twice.
pub async fn hand_over(tx: &mut Tx, why: &str, from: &str, to: &str, now: Instant) -> db::Result<()> {
    note(tx, why, from, now).await?;
    let who = args![to, from];
    tx.change(over!("dossier", "applicant", ""), who).await?;
    tx.change(over!("upload", "account", ""), who).await?;
    tx.change(over!("draft", "account", ""), who).await?;
    tx.change(over!("petition", "account", ""), who).await?;
    tx.change(over!("appointment", "account", ""), who).await?;
    tx.change(over!("helping", "owner", " and (helper is null or helper <> $1)"), who).await?;
    tx.change(over!("helping", "helper", " and (owner is null or owner <> $1)"), who).await?;
    tx.change(over!("signing", "asked_by", ""), who).await?;
    tx.change(over!("signing", "signer", ""), who).await?;
    let told = over!(
        "notice",
        "account",
        " and not exists (select 1 from notice n
            where n.account = $1 and n.cause = notice.cause and n.word = notice.word)"
    );
    tx.change(told, who).await?;
    hand_vault(tx, why, from, to, now).await
}

/// Writes down what is an account's, before it moves.
async fn note(tx: &mut Tx, why: &str, from: &str, now: Instant) -> db::Result<()> {
    tx.change(
        "insert into person_move (why, place, item, former, at)
         select $1, place, id, $2, cast($3 as bigint) from (
            select 'dossier' as place, id from dossier where applicant = $2
            union all select 'upload', id from upload where account = $2
            union all select 'draft', id from draft where account = $2
            union all select 'petition', id from petition where account = $2
            union all select 'appointment', id from appointment where account = $2
            union all select 'helped', id from helping where owner = $2
            union all select 'helper', id from helping where helper = $2
            union all select 'asked', id from signing where asked_by = $2
            union all select 'signer', id from signing where signer = $2
            union all select 'notice', id from notice where account = $2
         ) held where true
         on conflict (why, place, item) do nothing",
        args![why, from, now],
    )
    .await
    .map(drop)
}

/// What was moved for a merge goes back, as far as it is still where it was moved to.
pub async fn hand_back(tx: &mut Tx, why: &str, stays: &str, now: Instant) -> db::Result<()> {
    let who = args![why, stays];
    tx.change(back!("dossier", "applicant", "dossier"), who).await?;
    tx.change(back!("upload", "account", "upload"), who).await?;
    tx.change(back!("draft", "account", "draft"), who).await?;
    tx.change(back!("petition", "account", "petition"), who).await?;
    tx.change(back!("appointment", "account", "appointment"), who).await?;
    tx.change(back!("helping", "owner", "helped"), who).await?;
    tx.change(back!("helping", "helper", "helper"), who).await?;
    tx.change(back!("signing", "asked_by", "asked"), who).await?;
    tx.change(back!("signing", "signer", "signer"), who).await?;
    tx.change(back!("notice", "account", "notice"), who).await?;
    tx.change(back!("vault_entry", "owner", "vault"), who).await?;
    tx.change("update person_move set back_at = $2 where why = $1 and back_at is null", args![why, now])
        .await
        .map(drop)
}

/// Whether anything has been done since with what a merge moved: a step of a dossier, a word in a draft, a
/// use of a paper, an answer.
pub async fn used(tx: &mut Tx, why: &str) -> db::Result<bool> {
    let n: i64 = tx
        .get(
            "select (select count(*) from person_move m join dossier_step s on s.dossier = m.item
                      where m.why = $1 and m.place = 'dossier' and s.at > m.at)
                  + (select count(*) from person_move m join message w on w.dossier = m.item
                      where m.why = $1 and m.place = 'dossier' and w.written_at > m.at)
                  + (select count(*) from person_move m join draft d on d.id = m.item
                      where m.why = $1 and m.place = 'draft' and d.updated_at > m.at)
                  + (select count(*) from person_move m join petition_step s on s.petition = m.item
                      where m.why = $1 and m.place = 'petition' and s.at > m.at)
                  + (select count(*) from person_move m join vault_use u on u.entry = m.item
                      where m.why = $1 and m.place = 'vault' and u.at > m.at)
                  + (select count(*) from person_move m join helping h on h.id = m.item
                      where m.why = $1 and m.place in ('helped', 'helper')
                        and (h.accepted_at > m.at or h.ended_at > m.at))
                  + (select count(*) from person_move m join signing g on g.id = m.item
                      where m.why = $1 and m.place in ('asked', 'signer')
                        and (g.answered_at > m.at or g.ended_at > m.at)) as n",
            args![why],
        )
        .await?;
    Ok(n > 0)
}

/// What an account has, by words.
pub async fn count(tx: &mut Tx, account: &str) -> db::Result<Vec<(&'static str, i64)>> {
    db::record! {
        struct Held { dossiers: i64, drafts: i64, vault: i64, petitions: i64, helping: i64, signing: i64 }
    }
    let held: Held = tx
        .get(
            "select (select count(*) from dossier where applicant = $1) as dossiers,
                    (select count(*) from draft where account = $1 and dossier is null) as drafts,
                    (select count(*) from vault_entry where owner = $1) as vault,
                    (select count(*) from petition where account = $1) as petitions,
                    (select count(*) from helping where owner = $1 or helper = $1) as helping,
                    (select count(*) from signing where signer = $1 or asked_by = $1) as signing",
            args![account],
        )
        .await?;
    Ok(vec![
        ("dossiers", held.dossiers),
        ("drafts", held.drafts),
        ("vault", held.vault),
        ("petitions", held.petitions),
        ("helping", held.helping),
        ("signing", held.signing),
    ])
}
