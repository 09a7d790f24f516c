//! A citizen at the counter who has lost the password, or the telephone: the clerk says which paper was
//! seen, and gives a password that works once. Law: nobody is shut out of what is theirs for want of an
//! e-mail address. law: identity/recovery

use base::Instant;
use base::number::Phone;
use db::{Tx, args};
use directory::account::recover::{self, Change, NotHelped};
use directory::{Account, AccountId, CounterClerk, Kind};
use web::{FieldError, Problem};

use crate::App;
use crate::desk::words::say;
use crate::notice;

/// The longest note about a paper, in characters.
const NOTE_CHARS_MAX: usize = 300;

/// What the clerk saw of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The identity card itself.
    Card,
    /// The electronic card in the national application on the person's telephone.
    Vneid,
    /// Another paper with a photograph; the note says which.
    Other,
}

impl Seen {
    /// All three.
    pub const ALL: [Seen; 3] = [Seen::Card, Seen::Vneid, Seen::Other];

    /// The word in rows and forms.
    pub fn word(self) -> &'static str {
        match self {
            Seen::Card => "card",
            Seen::Vneid => "vneid",
            Seen::Other => "other",
        }
    }

    fn from_word(word: &str) -> Option<Seen> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// What it is called.
    pub fn name(self) -> String {
        match self {
            Seen::Card => say("identity.seen_card", &[]),
            Seen::Vneid => say("identity.seen_vneid", &[]),
            Seen::Other => say("identity.seen_other", &[]),
        }
    }
}

/// What the clerk typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub seen: String,
    pub note: String,
    pub phone: String,
    /// A password is to be set; else only the telephone changes.
    pub password: bool,
}

/// What is done, checked.
pub struct Deed {
    pub seen: Seen,
    pub note: String,
    pub phone: Option<Phone>,
    pub password: bool,
}

/// Reads the form; all that is wrong with it at once.
pub fn check(typed: &Typed, account: &Account) -> Result<Deed, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let seen = Seen::from_word(&typed.seen);
    if seen.is_none() {
        wrong.push(FieldError::new("seen-card", say("identity.say_what", &[])));
    }
    let note = typed.note.trim();
    if seen == Some(Seen::Other) && note.is_empty() {
        wrong.push(FieldError::new("note", say("identity.say_which", &[])));
    }
    if note.chars().count() > NOTE_CHARS_MAX {
        let most = NOTE_CHARS_MAX.to_string();
        wrong.push(FieldError::new("note", say("identity.note_too_long", &[("most", &most)])));
    }
    let phone = match typed.phone.trim() {
        "" => None,
        text => match text.parse::<Phone>() {
            Ok(phone) => Some(phone),
            Err(why) => {
                wrong.push(directory::words::number_field("phone", why));
                None
            }
        },
    };
    let phone = phone.filter(|p| account.phone.as_deref() != Some(p.as_str()));
    if wrong.is_empty() && phone.is_none() && !typed.password {
        wrong.push(FieldError::new("phone", say("identity.same_phone", &[])));
    }
    match seen {
        Some(seen) if wrong.is_empty() => {
            Ok(Deed { seen, note: note.to_string(), phone, password: typed.password })
        }
        _ => Err(wrong),
    }
}

/// Why this clerk does not help here, in words.
pub fn no(why: NotHelped) -> String {
    match why {
        NotHelped::Official => say("identity.not_officials", &[]),
        NotHelped::Own => say("identity.not_own", &[]),
        NotHelped::Unconfirmed => say("identity.confirm_first", &[]),
        NotHelped::Locked => say("identity.locked", &[]),
    }
}

/// Does it, and gives the password to be told; none where only the telephone was changed.
///
/// The owner's notice is queued before anything changes, so that it reaches the old telephone too.
pub async fn help(
    app: &App,
    clerk: &CounterClerk,
    id: AccountId,
    (deed, version): (Deed, i64),
    now: Instant,
) -> Result<Option<String>, Problem> {
    let plain = deed.password.then(directory::signin::password::one_time);
    let password_hash = match &plain {
        Some(plain) => Some(directory::signin::password::hash(plain).await?),
        None => None,
    };
    let verb = if deed.password { "onestop.set-password" } else { "onestop.change-phone" };
    let (channels, unit, office) = (app.channels(), clerk.post.unit_name.clone(), clerk.unit().clone());
    let me = clerk.viewer.account;
    let change = Change { password_hash, phone: deed.phone.clone() };
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let account = directory::find_account(tx, id).await?.ok_or(Problem::NotFound)?;
        let helper = directory::find_account(tx, me).await?.ok_or(Problem::NotFound)?;
        if account.kind != Kind::Citizen {
            return Err(Problem::Forbidden);
        }
        recover::may_help(&account, &helper)
            .map_err(|why| Problem::refused(no(why), format!("not helped: {why:?}")))?;
        let told = [
            (change.password_hash.is_some(), notice::PASSWORD_SET),
            (change.phone.is_some(), notice::PHONE_CHANGED),
        ];
        for (_, word) in told.into_iter().filter(|(is, _)| *is) {
            notice::tell_owner(tx, (&id.to_string(), word), &unit, &channels, now).await?;
        }
        recover::recover(tx, id, &change, version, now).await?;
        tx.change(
            "insert into account_recovery (id, account, clerk, unit, seen, note, new_password, new_phone, at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            args![
                base::Id::<Recovery>::fresh().to_string(),
                id.to_string(),
                me.to_string(),
                office.as_str(),
                deed.seen.word(),
                &deed.note,
                change.password_hash.is_some(),
                change.phone.is_some(),
                now
            ],
        )
        .await?;
        Ok(())
    };
    app.site.db.write(clerk.act(verb, id, now), write).await?;
    Ok(plain)
}

enum Recovery {}

db::record! {
    /// Something a counter did about an account.
    pub struct Earlier { unit_name: String, seen: String, new_password: bool, at: Instant }
}

/// What counters did about an account lately, the newest first; at most five.
pub async fn list_earlier(tx: &mut Tx, account: AccountId) -> db::Result<Vec<Earlier>> {
    tx.list(
        "select u.name as unit_name, r.seen, r.new_password, r.at
           from account_recovery r join unit u on u.id = r.unit
          where r.account = $1 order by r.at desc, r.id desc limit 5",
        args![account.to_string()],
    )
    .await
}

impl Earlier {
    /// The deed in one line.
    pub fn line(&self) -> String {
        let seen = Seen::from_word(&self.seen).map(Seen::name).unwrap_or_default();
        let at = base::format::time_vn(self.at);
        let args = [("at", at.as_str()), ("unit", self.unit_name.as_str()), ("seen", seen.as_str())];
        match self.new_password {
            true => say("identity.earlier_password", &args),
            false => say("identity.earlier_phone", &args),
        }
    }
}
