//! From an event to those who are told: one row each, however often the event is delivered.

use std::collections::BTreeMap;

use base::{Day, Instant, format};
use contracts::onestop as event;
use contracts::trust::{CERTIFICATE_EXPIRING, CertificateMoved};
use db::outbox::Event;
use db::{Db, Tx};
use directory::{Role, UnitId};
use web::Problem;

use super::rules::{self, Line, To};
use super::{Channel, Facts, News};
use crate::App;
use crate::dossier::{self, Dossier, DossierId};
use crate::opinion;
use crate::petition::{self, Petition};
use crate::signer::{self, store::Signing};

/// People told of one event; more hold no post together.
const TOLD_MAX: usize = 50;

/// What an event is about, with whatever the recipients are found by.
enum Subject {
    Dossier {
        d: Box<Dossier>,
        moved_to: Option<i64>,
        opinion: Option<event::OpinionMoved>,
        by: Option<String>,
    },
    Petition(Box<Petition>),
    Appointment(event::Appointment),
    Signing(Box<Signing>),
    Certificate(Box<CertificateMoved>),
}

/// Tells everybody whom the table names, of all these events in one write.
pub async fn follow(app: &App, db: &Db, events: Vec<Event>) -> Result<(), String> {
    let (now, channels) = (app.site.clock.now(), app.channels());
    let tell_all = async move |tx: &mut Tx| -> Result<(), Problem> {
        let mut holders = Holders::on(now.day());
        for event in &events {
            tell(tx, event, &channels, &mut holders, now).await?;
        }
        Ok(())
    };
    db.upkeep(tell_all).await.map_err(|e| format!("{e:?}"))
}

/// Who holds which role in which unit on a day, asked once for all the events of a write.
pub struct Holders {
    day: Day,
    known: BTreeMap<(UnitId, &'static str), Vec<String>>,
}

impl Holders {
    pub fn on(day: Day) -> Holders {
        Holders { day, known: BTreeMap::new() }
    }

    /// Their accounts.
    async fn of(&mut self, tx: &mut Tx, unit: &UnitId, role: Role) -> Result<Vec<String>, Problem> {
        let asked = (unit.clone(), role.as_str());
        if let Some(known) = self.known.get(&asked) {
            return Ok(known.clone());
        }
        let found = directory::holders(tx, unit, role, self.day).await?;
        let found: Vec<String> = found.into_iter().map(|(account, _)| account.to_string()).collect();
        self.known.insert(asked, found.clone());
        Ok(found)
    }

    /// Whoever settles things in a unit: its officers and leaders, else its clerks.
    async fn people(&mut self, tx: &mut Tx, unit: &str) -> Result<Vec<String>, Problem> {
        let unit = UnitId::from(unit);
        let mut people = self.of(tx, &unit, Role::Officer).await?;
        people.extend(self.of(tx, &unit, Role::Leader).await?);
        if people.is_empty() {
            people = self.of(tx, &unit, Role::CounterClerk).await?;
        }
        people.sort_unstable();
        people.dedup();
        Ok(people)
    }
}

async fn tell(
    tx: &mut Tx,
    event: &Event,
    channels: &[Channel],
    holders: &mut Holders,
    now: Instant,
) -> Result<(), Problem> {
    let subject = subject(tx, event).await.map_err(Problem::fault)?;
    for line in rules::lines(&event.topic) {
        let (facts, link) = about(tx, &subject, line).await?;
        let mut accounts = accounts(tx, &subject, line, holders).await?;
        accounts.truncate(TOLD_MAX);
        for account in accounts {
            let news = News {
                account: &account,
                word: line.word,
                facts: &facts,
                link: &link,
                cause: &event.id.to_string(),
                urgent: line.urgent,
                by_mail: line.to.is_citizen() || line.mail,
            };
            super::put(tx, &news, channels, now).await?;
        }
    }
    Ok(())
}

async fn subject(tx: &mut Tx, event: &Event) -> Result<Subject, String> {
    let store = |e: db::Error| e.to_string();
    let kind = event.topic.split('.').nth(1).unwrap_or_default();
    if kind == "certificate" {
        return event.read().map(Box::new).map(Subject::Certificate);
    }
    if kind == "appointment" {
        return event.read().map(Subject::Appointment);
    }
    if kind == "signing" {
        let id = event.read::<event::SigningMoved>()?.signing;
        let found = signer::store::find(tx, &id).await.map_err(store)?;
        return found.map(|row| Subject::Signing(Box::new(row))).ok_or("no agreement of this id".into());
    }
    if kind == "petition" {
        let number = match event.topic.as_str() {
            event::PETITION_ANSWERED => event.read::<event::PetitionAnswered>()?.number,
            _ => event.read::<event::PetitionMoved>()?.number,
        };
        let found = petition::store::find(tx, &number).await.map_err(store)?;
        return found.map(|p| Subject::Petition(Box::new(p))).ok_or("no petition of this number".into());
    }
    let id: DossierId = event.aggregate.parse().map_err(|_| format!("no dossier id: {}", event.aggregate))?;
    let d = Box::new(dossier::store::get(tx, id).await.map_err(store)?);
    Ok(match kind {
        "opinion" => Subject::Dossier { d, moved_to: None, opinion: Some(event.read()?), by: None },
        "message" => {
            let by = event.read::<event::MessageWritten>()?.account;
            Subject::Dossier { d, moved_to: None, opinion: None, by: Some(by) }
        }
        _ => {
            let to = event.read::<event::DossierMoved>()?.to;
            Subject::Dossier { d, moved_to: Some(to), opinion: None, by: None }
        }
    })
}

/// What the sentence speaks of, and the page behind it.
async fn about(tx: &mut Tx, subject: &Subject, line: &Line) -> Result<(Facts, String), Problem> {
    Ok(match subject {
        Subject::Dossier { d, opinion, .. } => {
            let promised = d.promised.map(format::time_vn).unwrap_or_default();
            let mut facts = Facts { code: d.code.clone(), at: promised, ..Facts::default() };
            let mut link = match line.to {
                To::Signer => signer::pages::PATH.to_string(),
                To::Owner => format!("/ho-so-cua-toi/{}", d.code),
                _ => crate::desk::frame::dossier(&d.code),
            };
            match line.word {
                "filed" | "to_receive" => facts.at = format::time_vn(d.answer_by),
                "supplemented" => facts.at = d.state.deadline().map(format::time_vn).unwrap_or_default(),
                "declined" | "stopped" | "extended" => why(tx, d, line.word, &mut facts).await?,
                _ => {}
            }
            if let Some(asked) = opinion {
                let other = if line.to == To::Asked { &asked.asked_office } else { &asked.unit };
                facts.unit = directory::get_unit(tx, &UnitId::from(other.as_str())).await?.name;
                facts.at = format::time_vn(asked.due);
                link = format!("{}/{}", opinion::pages::PATH, asked.opinion);
            }
            if line.word.starts_with("message") {
                link += if line.to == To::Owner { "#trao-doi" } else { "/trao-doi" };
            }
            (facts, link)
        }
        Subject::Petition(p) => {
            let link = match line.to {
                To::Sender => format!("/phan-anh/theo-doi?so={}", p.number),
                _ => format!("{}/{}", petition::pages::desk::PATH, p.number),
            };
            let at = p.state.deadline().map(format::time_vn).unwrap_or_default();
            (Facts { code: p.number.clone(), at, ..Facts::default() }, link)
        }
        Subject::Signing(row) => {
            let link = match (line.to, &row.draft) {
                (To::Inviter, Some(draft)) => format!("/nop-ho-so/ban-nhap/{draft}/cung-ky"),
                _ => format!("{}/{}", signer::pages::PATH, row.id),
            };
            (Facts { at: format::date_vn(row.until_at.plus_minutes(-1).day()), ..Facts::default() }, link)
        }
        Subject::Appointment(a) => {
            let minute = u16::try_from(a.minute).map_err(Problem::fault)?;
            let unit = directory::get_unit(tx, &UnitId::from(a.unit.as_str())).await?.name;
            let at =
                super::say("at", &[("hour", &format::minute_vn(minute)), ("day", &format::date_vn(a.day))]);
            (Facts { at, unit, ..Facts::default() }, "/lich-hen".into())
        }
        Subject::Certificate(moved) => {
            let unit = match &moved.unit {
                Some(unit) => directory::get_unit(tx, &UnitId::from(unit.as_str())).await?.name,
                None => String::new(),
            };
            let at = moved.until.map(format::time_vn).unwrap_or_default();
            // Who keeps a unit asks for what takes a certificate's place; its holder sees it among their own.
            let link = match line.to {
                To::UnitKeeper if line.topic == CERTIFICATE_EXPIRING => {
                    format!("/quan-tri/yeu-cau-chung-thu/moi?thay={}", moved.certificate)
                }
                To::UnitKeeper => "/quan-tri/yeu-cau-chung-thu".into(),
                _ => "/chung-thu-so".into(),
            };
            (Facts { code: moved.serial.clone(), at, unit, ..Facts::default() }, link)
        }
    })
}

/// Whoever is told no, or later, is told why, and where to complain. law: onestop/refusal-reasons
async fn why(tx: &mut Tx, d: &Dossier, word: &str, facts: &mut Facts) -> Result<(), Problem> {
    facts.unit = directory::get_unit(tx, &d.agency).await?.name;
    let (verb, list) = match word {
        "declined" => ("refuse", "refuse_reason"),
        "stopped" => ("stop", "stop_reason"),
        _ => ("extend", "extend_reason"),
    };
    let history = dossier::store::list_history(tx, d.id).await?;
    let code = history.iter().rev().find(|h| h.verb == verb).and_then(|h| h.reason_code.clone());
    facts.reason = code.map(|code| format!("{list}.{code}")).unwrap_or_default();
    Ok(())
}

async fn accounts(
    tx: &mut Tx,
    subject: &Subject,
    line: &Line,
    holders: &mut Holders,
) -> Result<Vec<String>, Problem> {
    Ok(match subject {
        Subject::Dossier { d, moved_to, opinion, by } => {
            // It has moved on since: whoever holds it now hears of that.
            let stands = moved_to.is_none_or(|to| to == d.state.status().number());
            let mut told = match (line.to, opinion) {
                (To::Asked, Some(asked)) => holders.people(tx, &asked.unit).await?,
                (To::Asker, Some(asked)) => holders.people(tx, &asked.asked_office).await?,
                (to, _) if to.is_citizen() || stands => of_dossier(tx, d, to, holders).await?,
                _ => Vec::new(),
            };
            told.retain(|account| Some(account) != by.as_ref());
            told
        }
        Subject::Petition(p) => match line.to {
            To::Sender => p.account.clone().into_iter().collect(),
            To::Intake => holders.of(tx, &p.intake, Role::CounterClerk).await?,
            _ => holders.people(tx, p.holder.as_str()).await?,
        },
        Subject::Appointment(a) => vec![a.account.clone()],
        Subject::Signing(row) if line.to == To::Inviter => vec![row.asked_by.clone()],
        Subject::Signing(row) => signers(tx, std::slice::from_ref(&**row)).await?,
        Subject::Certificate(moved) => of_certificate(tx, moved, line.to, holders).await?,
    })
}

/// The official whose certificate it is, or the records clerks who keep the seal of the unit; and who keeps
/// the unit, or the nearest one above it that somebody keeps.
async fn of_certificate(
    tx: &mut Tx,
    moved: &CertificateMoved,
    to: To,
    holders: &mut Holders,
) -> Result<Vec<String>, Problem> {
    let unit = moved.unit.as_deref().map(UnitId::from);
    if to == To::KeyHolder {
        return match (&moved.account, unit) {
            (Some(account), _) => Ok(vec![account.clone()]),
            (None, Some(unit)) => holders.of(tx, &unit, Role::RecordsClerk).await,
            (None, None) => Ok(Vec::new()),
        };
    }
    let Some(unit) = unit else { return Ok(Vec::new()) };
    for above in directory::ancestors(tx, &unit).await? {
        let mut keepers = holders.of(tx, &above.id, Role::UnitAdmin).await?;
        if !keepers.is_empty() {
            // Whoever has been told as its holder is not told again.
            keepers.retain(|keeper| Some(keeper) != moved.account.as_ref());
            return Ok(keepers);
        }
    }
    Ok(Vec::new())
}

/// The accounts of those who are asked: by answer, or by a number that somebody has confirmed. Whoever has no
/// account yet finds what they are asked once they have one.
async fn signers(tx: &mut Tx, rows: &[Signing]) -> Result<Vec<String>, Problem> {
    let mut accounts = Vec::new();
    for row in rows {
        accounts.extend(match &row.signer {
            Some(account) => Some(account.clone()),
            None => crate::intake::confirmed(tx, &row.invitee).await?,
        });
    }
    Ok(accounts)
}

/// The accounts that `to` means for a dossier.
pub async fn of_dossier(
    tx: &mut Tx,
    d: &Dossier,
    to: To,
    holders: &mut Holders,
) -> Result<Vec<String>, Problem> {
    Ok(match to {
        To::Owner => d.account.clone().into_iter().collect(),
        To::Signer => {
            let rows = signer::store::list_of_dossier(tx, d.id).await?;
            signers(tx, &rows).await?
        }
        To::Counter => holders.of(tx, &d.counter, Role::CounterClerk).await?,
        To::Leader => holders.of(tx, &d.agency, Role::Leader).await?,
        To::Holder => match (&d.assignee, d.holder_role.parse::<Role>()) {
            (Some(account), _) => vec![account.clone()],
            (None, Ok(role)) => holders.of(tx, &d.holder_unit, role).await?,
            (None, Err(_)) => Vec::new(),
        },
        _ => Vec::new(),
    })
}
