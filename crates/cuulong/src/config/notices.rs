//! How notices leave the house: the mail server and the gateway of short messages.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use onestop::{Carrier, MailSettings, Secrecy, SmsSettings};
use serde::{Deserialize, Serialize};

use super::{Config, ConfigError};

/// The mail server. No e-mail goes out while `server` is empty.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The host's name, as its certificate has it.
    pub server: String,
    pub port: u16,
    /// `starttls`, `tls`, or `none` for a server on this machine.
    pub secrecy: String,
    /// Empty: the server asks for none.
    pub username: String,
    /// A file that holds the password, readable by this program alone.
    pub password_file: PathBuf,
    /// `Name <address>`.
    pub from: String,
    /// Seconds; a longer silence is no answer.
    pub answer_within_s: u64,
}

/// The gateway of short messages. None goes out while `address` is empty.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Sms {
    /// The whole address that takes messages by POST.
    pub address: String,
    /// A file that holds the key shared with the gateway, at least 32 bytes.
    pub key_file: PathBuf,
    /// Seconds; a longer silence is no answer.
    pub answer_within_s: u64,
}

impl Default for Mail {
    fn default() -> Self {
        Mail {
            server: String::new(),
            port: 587,
            secrecy: "starttls".into(),
            username: String::new(),
            password_file: PathBuf::new(),
            from: String::new(),
            answer_within_s: 20,
        }
    }
}

impl Default for Sms {
    fn default() -> Self {
        Sms { address: String::new(), key_file: PathBuf::new(), answer_within_s: 20 }
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1")
}

impl Mail {
    fn secrecy(&self) -> Option<Secrecy> {
        match self.secrecy.as_str() {
            "starttls" => Some(Secrecy::StartTls),
            "tls" => Some(Secrecy::Tls),
            "none" if is_here(&self.server) => Some(Secrecy::Plain),
            _ => None,
        }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.server.is_empty() {
            return problems;
        }
        if self.secrecy().is_none() {
            problems.push(
                "mail.secrecy must be starttls or tls; none is for a server on this machine".to_string(),
            );
        }
        if !self.from.contains('@') {
            problems.push("mail.from must be given with mail.server, as Name <address>".to_string());
        }
        if !self.username.is_empty() && self.password_file.as_os_str().is_empty() {
            problems.push("mail.username and mail.password_file go together".to_string());
        }
        if !(1..=60).contains(&self.answer_within_s) {
            problems.push("mail.answer_within_s must be 1 to 60".to_string());
        }
        problems
    }

    fn carrier(&self) -> Result<Option<Arc<dyn Carrier>>, ConfigError> {
        let Some(secrecy) = self.secrecy().filter(|_| !self.server.is_empty()) else { return Ok(None) };
        let credentials = match self.username.as_str() {
            "" => None,
            name => {
                let password = secret(&self.password_file, "mail.password_file")?;
                Some((name.to_string(), String::from_utf8_lossy(&password).into_owned()))
            }
        };
        let settings = MailSettings {
            server: self.server.clone(),
            port: self.port,
            secrecy,
            credentials,
            from: self.from.clone(),
            answer_within: Duration::from_secs(self.answer_within_s),
        };
        Ok(Some(Arc::new(onestop::Mail::new(&settings).map_err(ConfigError)?)))
    }
}

impl Sms {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.address.is_empty() {
            return problems;
        }
        let plain = self.address.strip_prefix("http://");
        let here = plain.is_some_and(|rest| is_here(rest.split([':', '/']).next().unwrap_or_default()));
        if !self.address.starts_with("https://") && !here {
            problems.push("sms.address must begin with https://, or lie on this machine".to_string());
        }
        if self.key_file.as_os_str().is_empty() {
            problems.push("sms.key_file must be given with sms.address".to_string());
        }
        if !(1..=60).contains(&self.answer_within_s) {
            problems.push("sms.answer_within_s must be 1 to 60".to_string());
        }
        problems
    }

    fn carrier(&self) -> Result<Option<Arc<dyn Carrier>>, ConfigError> {
        if self.address.is_empty() {
            return Ok(None);
        }
        let settings = SmsSettings {
            address: self.address.clone(),
            key: secret(&self.key_file, "sms.key_file")?,
            answer_within: Duration::from_secs(self.answer_within_s),
        };
        Ok(Some(Arc::new(onestop::Sms::new(&settings).map_err(ConfigError)?)))
    }
}

/// A secret from its file, without the line's end.
fn secret(file: &Path, key: &str) -> Result<Vec<u8>, ConfigError> {
    let bytes = std::fs::read(file);
    let bytes = bytes.map_err(|e| ConfigError(format!("cannot read {key} {}: {e}", file.display())))?;
    Ok(bytes.trim_ascii_end().to_vec())
}

impl Config {
    /// What is wrong with the ways out.
    pub(super) fn notice_problems(&self) -> Vec<String> {
        [self.mail.problems(), self.sms.problems()].concat()
    }

    /// The ways by which notices leave the house. A demonstration without any has those that send nothing.
    pub fn carriers(&self) -> Result<Vec<Arc<dyn Carrier>>, ConfigError> {
        let carriers: Vec<_> = self.mail.carrier()?.into_iter().chain(self.sms.carrier()?).collect();
        Ok(if carriers.is_empty() && self.demo { onestop::demo_carriers() } else { carriers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_leave_the_machine_in_the_open() {
        let far = Config {
            mail: Mail { server: "mail.example".into(), secrecy: "none".into(), ..Mail::default() },
            sms: Sms { address: "http://127.0.0.1.example/x".into(), ..Sms::default() },
            ..Config::default()
        };
        let problems = far.notice_problems().join("\n");
        for word in ["mail.secrecy", "mail.from", "sms.address", "sms.key_file"] {
            assert!(problems.contains(word), "{word} is missing in: {problems}");
        }
        let near = Config {
            mail: Mail {
                server: "127.0.0.1".into(),
                secrecy: "none".into(),
                from: "a@b.vn".into(),
                ..Mail::default()
            },
            sms: Sms { address: "http://localhost:1/x".into(), key_file: "k".into(), ..Sms::default() },
            ..Config::default()
        };
        assert_eq!(near.notice_problems(), Vec::<String>::new());
    }

    #[test]
    fn nothing_configured_is_nothing_sent_and_a_demonstration_says_so() {
        assert!(Config::default().carriers().is_ok_and(|c| c.is_empty()));
        let demo = Config { demo: true, ..Config::default() }.carriers().unwrap();
        assert!(demo.len() == 2 && demo.iter().all(|c| c.word() == "demo"));
    }
}
