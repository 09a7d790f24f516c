//! Certificates asked for and issued by the rules themselves: officials of a demonstration ask for their own,
//! and an administrator of the province approves many in one deed.

use std::time::{Duration, Instant as Moment};

use base::Instant;
use db::{Act, Tx, args};
use web::Problem;

use crate::App;
use crate::request::{self, Asker, DEED_MAX, Typed};

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Issued {
    /// Certificates issued.
    pub certificates: usize,
    /// How long the asking took.
    pub asked_in: Duration,
    /// How long the issuing took: keys, signatures, rows, events and entries of the audit book, on the disk.
    pub issued_in: Duration,
}

/// Has so many asked for and issued, a deed of [`DEED_MAX`] at a time.
///
/// # Errors
/// When the store does not answer, or the demonstration has no officials, no administrator or no authority.
pub async fn issue(
    app: &App,
    count: usize,
    now: Instant,
    mut progress: impl FnMut(&str, usize, usize),
) -> Result<Issued, Problem> {
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        Ok((list_logins(tx).await?, list_administrators(tx).await?))
    };
    let (logins, administrators) = app.site.db.read(read).await?;
    let administrator = administrators.first().ok_or(Problem::NotFound)?;
    // Nobody approves their own.
    let askers: Vec<Official> =
        logins.into_iter().filter(|one| one.account != administrator.account).collect();
    if askers.is_empty() {
        return Err(Problem::NotFound);
    }
    let mut done = Issued::default();
    let mut turn = askers.iter().cycle();
    while done.certificates < count {
        // Each waits for one at a time.
        let many = DEED_MAX.min(askers.len()).min(count - done.certificates);
        let chosen: Vec<Official> = turn.by_ref().take(many).cloned().collect();
        let began = Moment::now();
        let ids = ask(app, chosen, now).await?;
        done.asked_in += began.elapsed();
        let began = Moment::now();
        let act = Act::system("trust.approve-request", "", now);
        done.certificates += request::approve_all(app, &ids, &administrator.account, act, now).await?.len();
        done.issued_in += began.elapsed();
        progress("certificates", done.certificates, count);
    }
    Ok(done)
}

async fn ask(app: &App, chosen: Vec<Official>, now: Instant) -> Result<Vec<String>, Problem> {
    let write = async move |tx: &mut Tx| -> Result<Vec<String>, Problem> {
        let mut ids = Vec::with_capacity(chosen.len());
        for official in &chosen {
            let typed = Typed {
                kind: "official".into(),
                holder: official.login.clone(),
                letter: "Danh sách cán bộ đề nghị cấp chứng thư số".into(),
                reason: "Ký số văn bản đi".into(),
                device: "server".into(),
                years: 3,
                key_kind: "p256".into(),
                ..Typed::default()
            };
            let asker = Asker { account: &official.account, keeps: None };
            ids.push(request::ask(tx, &typed, &asker, now).await?);
        }
        Ok(ids)
    };
    app.site.db.write(Act::system("trust.ask", "", now), write).await
}

db::record! {
    /// Somebody who signs in.
    struct Official { account: String, login: String }
}

async fn list_logins(tx: &mut Tx) -> db::Result<Vec<Official>> {
    tx.list(
        "select distinct a.id as account, a.login from post p join account a on a.id = p.account
          where p.valid_to is null and a.kind = 'official' order by a.login limit 4000",
        args![],
    )
    .await
}

async fn list_administrators(tx: &mut Tx) -> db::Result<Vec<Official>> {
    tx.list(
        "select distinct a.id as account, a.login from post p join account a on a.id = p.account
          where p.valid_to is null and a.kind = 'official' and p.role = 'admin' order by a.login limit 10",
        args![],
    )
    .await
}
