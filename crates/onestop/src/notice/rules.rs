//! Who is told of what, in which words, and when it may go out. One table says it.

use base::Instant;
use contracts::{onestop as event, trust};

/// Whom a line of the table means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The applicant, by account.
    Owner,
    /// Whoever must act on the dossier: the person it is assigned to, else all of the desk.
    Holder,
    /// The clerks of the counter.
    Counter,
    /// The leaders of the agency.
    Leader,
    /// The unit that is asked for an opinion, and the one that asks.
    Asked,
    Asker,
    /// Who sent a petition, the counter that sorts it, the unit that answers it.
    Sender,
    Intake,
    Answerer,
    /// Who booked a time.
    Booker,
    /// Who is asked to agree to what somebody declares, and who asks.
    Signer,
    Inviter,
    /// Who signs with a certificate, and who keeps the unit it belongs to.
    KeyHolder,
    UnitKeeper,
}

impl To {
    /// Whether these are citizens.
    pub fn is_citizen(self) -> bool {
        matches!(self, To::Owner | To::Sender | To::Booker | To::Signer | To::Inviter)
    }
}

/// A line of the table: on this event, these are told in this word's sentence.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub topic: &'static str,
    pub to: To,
    pub word: &'static str,
    /// It wants something of a citizen soon: a short message goes out too.
    pub urgent: bool,
    /// A letter goes out to officials too, unless they have chosen otherwise: it is no daily work of theirs,
    /// and they may not look into the inbox in time.
    pub mail: bool,
}

const fn tell(topic: &'static str, to: To, word: &'static str) -> Line {
    Line { topic, to, word, urgent: false, mail: false }
}

const fn urge(topic: &'static str, to: To, word: &'static str) -> Line {
    Line { topic, to, word, urgent: true, mail: false }
}

const fn write(topic: &'static str, to: To, word: &'static str) -> Line {
    Line { topic, to, word, urgent: false, mail: true }
}

/// Everything that anybody is told because something happened.
pub const TABLE: [Line; 54] = [
    tell(event::FILED, To::Owner, "filed"),
    tell(event::FILED, To::Counter, "to_receive"),
    tell(event::FILED, To::Signer, "signed_filed"),
    tell(event::RECEIVED, To::Owner, "received"),
    urge(event::SUPPLEMENT_ASKED, To::Owner, "supplement_asked"),
    tell(event::SUPPLEMENTED, To::Holder, "supplemented"),
    urge(event::DECLINED, To::Owner, "declined"),
    tell(event::WITHDRAWN, To::Counter, "withdrawn"),
    tell(event::PASSED_ON, To::Holder, "handed"),
    tell(event::SENT_BACK, To::Holder, "sent_back"),
    tell(event::SUBMITTED, To::Holder, "to_sign"),
    tell(event::DECIDED, To::Counter, "to_return"),
    // Nobody is called for a result that cannot leave yet.
    urge(event::SIGNED, To::Owner, "result_ready"),
    urge(event::FEE_ASKED, To::Owner, "fee_asked"),
    tell(event::PAID, To::Owner, "paid"),
    tell(event::PAID, To::Holder, "fee_paid"),
    tell(event::REDUCTION_CLAIMED, To::Counter, "reduction_claimed"),
    tell(event::REDUCTION_GRANTED, To::Owner, "reduction_granted"),
    urge(event::REDUCTION_DECLINED, To::Owner, "reduction_declined"),
    urge(event::EXTENDED, To::Owner, "extended"),
    urge(event::STOPPED, To::Owner, "stopped"),
    tell(event::RETURNED, To::Owner, "returned"),
    tell(event::OPINION_ASKED, To::Asked, "opinion_asked"),
    tell(event::OPINION_ANSWERED, To::Asker, "opinion_answered"),
    tell(event::OPINION_LAPSED, To::Asked, "opinion_owed"),
    tell(event::OPINION_LAPSED, To::Asker, "opinion_lapsed"),
    tell(event::OPINION_LAPSED, To::Counter, "opinion_lapsed"),
    tell(event::MESSAGE_SENT, To::Holder, "message_sent"),
    tell(event::MESSAGE_ANSWERED, To::Owner, "message_answered"),
    tell(event::MESSAGE_NOTED, To::Holder, "message_noted"),
    urge(event::SIGNING_ASKED, To::Signer, "signing_asked"),
    urge(event::SIGNING_VOIDED, To::Signer, "signing_voided"),
    tell(event::SIGNING_RECALLED, To::Signer, "signing_recalled"),
    tell(event::SIGNING_AGREED, To::Inviter, "signing_agreed"),
    urge(event::SIGNING_DECLINED, To::Inviter, "signing_declined"),
    urge(event::SIGNING_WITHDRAWN, To::Inviter, "signing_withdrawn"),
    tell(event::PETITION_RECEIVED, To::Intake, "petition_to_sort"),
    urge(event::PETITION_COMPLETION_ASKED, To::Sender, "petition_incomplete"),
    tell(event::PETITION_COMPLETED, To::Intake, "petition_completed"),
    tell(event::PETITION_REFUSED, To::Sender, "petition_refused"),
    tell(event::PETITION_FORWARDED, To::Answerer, "petition_to_answer"),
    urge(event::PETITION_ANSWERED, To::Sender, "petition_answered"),
    tell(event::APPOINTMENT_BOOKED, To::Booker, "appointment_booked"),
    tell(event::APPOINTMENT_CANCELLED, To::Booker, "appointment_cancelled"),
    urge(event::APPOINTMENT_NEAR, To::Booker, "appointment_near"),
    tell(trust::CERTIFICATE_ISSUED, To::KeyHolder, "certificate_issued"),
    write(trust::CERTIFICATE_EXPIRING, To::KeyHolder, "certificate_expiring"),
    write(trust::CERTIFICATE_EXPIRING, To::UnitKeeper, "unit_certificate_expiring"),
    write(trust::CERTIFICATE_SUSPENDED, To::KeyHolder, "certificate_suspended"),
    write(trust::CERTIFICATE_SUSPENDED, To::UnitKeeper, "unit_certificate_suspended"),
    write(trust::CERTIFICATE_REVOKED, To::KeyHolder, "certificate_revoked"),
    write(trust::CERTIFICATE_REVOKED, To::UnitKeeper, "unit_certificate_revoked"),
    tell(trust::CERTIFICATE_RESUMED, To::KeyHolder, "certificate_resumed"),
    tell(trust::CERTIFICATE_RESUMED, To::UnitKeeper, "unit_certificate_resumed"),
];

/// The words of the alerts about deadlines, which come from the clock and no event.
pub const DUE_SOON: &str = "due_soon";
pub const OVERDUE: &str = "overdue";

/// The words of what a counter has changed about somebody's account, which are put beside the change: they
/// go to the address and the telephone that stood until then.
pub const PASSWORD_SET: &str = "password_set";
pub const PHONE_CHANGED: &str = "phone_changed";

/// The words to an applicant for whom a dossier waits, and to its counter when that does not help.
pub const REMIND_SUPPLEMENT: &str = "remind_supplement";
pub const REMIND_FEE: &str = "remind_fee";
pub const NO_SUPPLEMENT: &str = "no_supplement";
pub const NO_FEE: &str = "no_fee";

/// The words that no line of the table says.
#[cfg(test)]
const BESIDE: [&str; 8] =
    [DUE_SOON, OVERDUE, PASSWORD_SET, PHONE_CHANGED, REMIND_SUPPLEMENT, REMIND_FEE, NO_SUPPLEMENT, NO_FEE];

/// The topics of the table; some stand more than once.
pub const TOPICS: [&str; TABLE.len()] = {
    let mut topics = [""; TABLE.len()];
    let mut at = 0;
    while at < TABLE.len() {
        topics[at] = TABLE[at].topic;
        at += 1;
    }
    topics
};

/// The lines of an event.
pub fn lines(topic: &str) -> impl Iterator<Item = &'static Line> {
    TABLE.iter().filter(move |line| line.topic == topic)
}

/// A way out of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Email,
    Sms,
}

impl Channel {
    /// Both.
    pub const ALL: [Channel; 2] = [Channel::Email, Channel::Sms];

    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Sms => "sms",
        }
    }
}

/// By which ways somebody wants to be told beside the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub email: bool,
    pub sms: bool,
}

impl Choice {
    /// What holds until somebody chooses: citizens are told out of the house, and officials look into their
    /// inbox, but for what is marked to be told so.
    pub fn usual(outside: bool) -> Choice {
        Choice { email: outside, sms: outside }
    }

    /// Whether it goes this way: a short message only where something is wanted soon.
    pub fn takes(self, channel: Channel, urgent: bool) -> bool {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms && urgent,
        }
    }
}

/// Hours of the day in which no short message goes out, in minutes after midnight; they may pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    pub from: u16,
    pub until: u16,
}

impl Quiet {
    /// `21:00-07:00`.
    pub fn parse(text: &str) -> Option<Quiet> {
        let (from, until) = text.split_once('-')?;
        Some(Quiet { from: minute(from)?, until: minute(until)? })
    }

    /// The first moment from `at` on that is not quiet.
    pub fn after(self, at: Instant) -> Instant {
        let day = at.day();
        let (from, until) = (day.at(self.from), day.at(self.until));
        match self.from <= self.until {
            true if at >= from && at < until => until,
            false if at < until => until,
            false if at >= from => day.next().at(self.until),
            _ => at,
        }
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// The working hours before a deadline at which its holder is told: `8,2`, at most five, the most first.
pub fn warnings(text: &str) -> Option<Vec<u32>> {
    let hours: Option<Vec<u32>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let mut hours = hours?;
    hours.sort_unstable_by(|a, b| b.cmp(a));
    hours.dedup();
    (hours.len() <= 5 && hours.iter().all(|h| (1..=200).contains(h))).then_some(hours)
}

/// Tries of one delivery before it is put aside.
pub const TRIES_MAX: i64 = 10;

/// Seconds to wait after a try that failed: half a minute, one, two … at most an hour.
pub fn wait_s(tries: i64) -> i64 {
    doubled(30, tries - 1, 3_600)
}

/// Failures in a row after which a way out rests.
const FAILURES_BEFORE_REST: i64 = 5;

/// Seconds that a way out rests after so many failures in a row; then one letter tries it.
pub fn rest_s(failures: i64) -> i64 {
    if failures < FAILURES_BEFORE_REST { 0 } else { doubled(60, failures - FAILURES_BEFORE_REST, 1_800) }
}

/// Whether a way out has to prove itself with one letter first.
pub fn is_doubtful(failures: i64) -> bool {
    failures >= FAILURES_BEFORE_REST
}

fn doubled(first: i64, times: i64, most: i64) -> i64 {
    u32::try_from(times).ok().filter(|n| *n < 20).map_or(most, |n| (first << n).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{WORDS, say};

    fn at(text: &str) -> Instant {
        Instant::parse_rfc3339(&format!("2026-08-20T{text}:00+07:00")).unwrap()
    }

    #[test]
    fn everybody_who_is_told_of_what_happened() {
        let facts = [("code", "H61.1"), ("at", "17:00, 25/08/2026"), ("unit", "UBND xã")];
        let mut table = String::new();
        for line in &TABLE {
            let sms = match (line.urgent, line.mail) {
                (true, _) => "sms",
                (false, true) => "@",
                (false, false) => "",
            };
            let title = say(&format!("title.{}", line.word), &facts);
            table += &format!("{:<36}{:<10}{:<4}{title}\n", line.topic, format!("{:?}", line.to), sms);
        }
        for word in BESIDE {
            table += &format!("{:<50}{}\n", "(no event)", say(&format!("title.{word}"), &facts));
        }
        let picture = include_str!("table.golden");
        assert_eq!(table, picture, "the table is now:\n{table}");
    }

    #[test]
    fn every_word_has_a_title_and_a_body_without_gaps() {
        let facts = [("code", "H61.1"), ("at", "17:00, 25/08/2026"), ("unit", "UBND xã")];
        for word in TABLE.iter().map(|line| line.word).chain(BESIDE) {
            for part in ["title", "body"] {
                let key = format!("{part}.{word}");
                assert!(WORDS.has(&key), "{key}");
                let said = say(&key, &facts);
                assert!(!said.contains('{'), "{key}: {said}");
            }
            // What goes out by SMS is the title: a code and what happened, in one or two messages.
            assert!(say(&format!("title.{word}"), &facts).chars().count() <= 90, "{word}");
        }
    }

    #[test]
    fn short_messages_wait_for_the_morning() {
        let quiet = Quiet::parse("21:00-07:00").unwrap();
        let table = [("06:59", "07:00"), ("07:00", "07:00"), ("12:00", "12:00"), ("20:59", "20:59")];
        for (now, goes) in table {
            assert_eq!(quiet.after(at(now)), at(goes), "{now}");
        }
        assert_eq!(quiet.after(at("21:00")), at("07:00").plus_days(1));
        let noon = Quiet::parse("11:30-13:00").unwrap();
        assert_eq!(noon.after(at("12:00")), at("13:00"));
        assert_eq!(noon.after(at("21:00")), at("21:00"));
        for wrong in ["", "21:00", "24:00-07:00", "21-7", "a:b-c:d"] {
            assert_eq!(Quiet::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn thresholds_are_read_or_refused() {
        assert_eq!(warnings("2, 8,8"), Some(vec![8, 2]));
        for wrong in ["", "0", "x", "1,2,3,4,5,6", "201"] {
            assert_eq!(warnings(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn waits_grow_and_have_an_end() {
        let waits: Vec<i64> = (1..=9).map(wait_s).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        let rests: Vec<i64> = (0..=12).map(rest_s).collect();
        assert_eq!(rests, [0, 0, 0, 0, 0, 60, 120, 240, 480, 960, 1_800, 1_800, 1_800]);
        assert_eq!(wait_s(i64::MAX), 3_600);
    }

    #[test]
    fn what_goes_which_way() {
        let citizen = Choice::usual(true);
        assert!(citizen.takes(Channel::Email, false) && citizen.takes(Channel::Sms, true));
        assert!(!citizen.takes(Channel::Sms, false));
        let official = Choice::usual(false);
        assert!(Channel::ALL.iter().all(|c| !official.takes(*c, true)));
    }
}
