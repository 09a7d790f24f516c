//! The configuration file: TOML, every key optional, unknown keys refused. `cuulong config
//! explain` prints it with the meaning of each key.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::front::Network;

mod notices;
pub use notices::{Mail, Sms};

/// Everything that differs from one installation to the next.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The data folder: SQLite file and blobs, unless configured elsewhere.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: std::net::SocketAddr,
    /// The public address, as QR codes, papers and cookies know it.
    pub address: String,
    /// The province file to load into an empty database: `vinh-long` or `vinh-long-2025`.
    pub province: String,
    /// Whether this is a demonstration: papers and pages say so, demo accounts are made.
    pub demo: bool,
    pub database: Database,
    pub blobs: Blobs,
    pub tls: Tls,
    pub proxy: Proxy,
    pub national: National,
    pub scan: Scan,
    pub trust: Trust,
    pub mail: Mail,
    pub sms: Sms,
}

/// TLS of our own, without a proxy in front.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate and those between it and its authority, in PEM; empty means no TLS.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
    /// A second address without TLS, from which everybody is sent to the first; empty means none.
    pub redirect_from: String,
}

impl Tls {
    /// Whether there is any.
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
}

/// Where the secret of the private keys is, and who stamps time.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// The file of the secret; empty means `trust.secret` in the data folder. Nodes hold the same file.
    pub secret_file: PathBuf,
    /// Private addresses or networks at which issuers outside may be asked for what they have revoked. The
    /// open Internet may be asked always.
    pub networks: Vec<String>,
    /// So many days before its archive time-stamp lapses a kept document gets another one; 0 means 180.
    pub archive_lead_days: u16,
    /// Hours for which a new PIN of a seal, or of a key that wrong PINs have locked, waits before it
    /// counts; 0 means 24.
    pub pin_wait_hours: u16,
    /// Hardware modules in which keys may lie.
    pub modules: Vec<Module>,
    /// Who stamps the time of what is signed here, in the order in which they are asked: addresses of
    /// RFC 3161, and `own` for the province's own authority; empty means the own one alone.
    pub time_stamps: Vec<String>,
}

/// A hardware module (PKCS#11).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Module {
    /// By which the rows of its keys know it: it does not change once there are any.
    pub name: String,
    /// The vendor's library.
    pub library: PathBuf,
    /// The label or serial number of the token in it.
    pub token: String,
    /// A file that holds the PIN, readable by this program alone.
    pub pin_file: PathBuf,
    /// How many signatures go on at once; 0 means 4.
    pub sessions: usize,
}

impl Trust {
    /// The hardware modules.
    ///
    /// # Errors
    /// The one of which something is missing, or that is named twice.
    pub fn modules(&self) -> Result<Vec<trust::ModuleSettings>, ConfigError> {
        let mut read: Vec<trust::ModuleSettings> = Vec::new();
        for one in &self.modules {
            let paths = [&one.library, &one.pin_file];
            let lacks = one.name.is_empty()
                || one.token.is_empty()
                || paths.iter().any(|path| path.as_os_str().is_empty());
            if lacks || one.sessions > 64 || read.iter().any(|other| other.name == one.name) {
                let why = "each of trust.modules has a name of its own, library, token and pin_file, and at \
                           most 64 sessions";
                return Err(ConfigError(why.into()));
            }
            read.push(trust::ModuleSettings {
                name: one.name.clone(),
                library: one.library.clone(),
                token: one.token.clone(),
                pin_file: one.pin_file.clone(),
                sessions: if one.sessions == 0 { 4 } else { one.sessions },
            });
        }
        Ok(read)
    }

    /// The networks, read.
    fn networks(&self) -> Result<Vec<Network>, ConfigError> {
        let read = |text: &String| text.parse().map_err(|why| ConfigError(format!("trust.networks: {why}")));
        self.networks.iter().map(read).collect()
    }

    /// Which addresses that are not public may be asked all the same.
    ///
    /// # Errors
    /// The network that cannot be read.
    pub fn allowed(&self) -> Result<trust::Allowed, ConfigError> {
        let networks = self.networks()?;
        Ok(std::sync::Arc::new(move |address| networks.iter().any(|network| network.contains(address))))
    }

    /// Who stamps time.
    pub fn stamps(&self) -> Result<Vec<trust::time_stamps::Source>, ConfigError> {
        use trust::time_stamps::Source;
        if self.time_stamps.is_empty() {
            return Ok(vec![Source::Own]);
        }
        let wrong = |word: &str| ConfigError(format!("trust.time_stamps: neither own nor http(s): {word}"));
        self.time_stamps.iter().map(|word| Source::read(word).ok_or_else(|| wrong(word))).collect()
    }
}

/// Who may say on whose behalf it asks.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// Addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted: Vec<String>,
}

impl Default for Proxy {
    fn default() -> Self {
        Proxy { trusted: vec!["127.0.0.1".into(), "::1".into()] }
    }
}

/// Who looks for malware in files that come in.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Scan {
    /// `tcp://host:port` or the path of a socket; empty means that nothing is scanned.
    pub clamd: String,
    /// Seconds for one file.
    pub answer_within_s: u64,
    /// `refuse` or `take`.
    pub when_down: String,
}

/// The line to the National Public Service Portal. Closed while the address is empty.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct National {
    /// `https://…`, without a path.
    pub address: String,
    /// Where a session is asked for.
    pub sign_in_path: String,
    /// Where services are asked for.
    pub service_path: String,
    /// Our identifier there (`madonvi`).
    pub unit: String,
    pub username: String,
    /// A file that holds the password, readable by this program alone.
    pub password_file: PathBuf,
    /// Stands for the file where the program itself plays the other side.
    #[serde(skip)]
    pub password: Option<String>,
    /// `YYYY-MM-DD`: dossiers filed from this day on are told even if they do not move again.
    pub since: String,
    /// Seconds; a longer silence is no answer.
    pub answer_within_s: u64,
}

/// Where the rows are.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`; empty means `cuulong.sqlite` in the data folder.
    pub url: String,
    /// Connections to PostgreSQL, or readers of SQLite.
    pub connections: usize,
    /// Set by commands that load many rows, not by files.
    #[serde(skip)]
    pub bulk: bool,
}

/// Where the files are.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Blobs {
    /// `s3://bucket`, or a folder; empty means `blobs` in the data folder.
    pub url: String,
    /// The S3 endpoint, for stores that are not Amazon's.
    pub endpoint: String,
    pub region: String,
    /// Read from the environment variable of this name, so that no key stands in a file.
    pub access_key_env: String,
    /// Likewise.
    pub secret_key_env: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            data: PathBuf::from("./data"),
            listen: ([127, 0, 0, 1], 8080).into(),
            address: "http://127.0.0.1:8080".into(),
            province: "vinh-long".into(),
            demo: false,
            database: Database::default(),
            blobs: Blobs::default(),
            tls: Tls::default(),
            proxy: Proxy::default(),
            national: National::default(),
            scan: Scan::default(),
            trust: Trust::default(),
            mail: Mail::default(),
            sms: Sms::default(),
        }
    }
}

impl Default for Scan {
    fn default() -> Self {
        Scan { clamd: String::new(), answer_within_s: 30, when_down: "refuse".into() }
    }
}

impl Scan {
    /// The settings of the scanner; none while no clamd is named.
    pub fn settings(&self) -> Result<Option<onestop::scan::Settings>, ConfigError> {
        use onestop::scan::{Settings, WhenDown};
        let when_down = match self.when_down.as_str() {
            "refuse" => WhenDown::Refuse,
            "take" => WhenDown::Take,
            _ => return Err(ConfigError("scan.when_down must be refuse or take".into())),
        };
        if !(1..=120).contains(&self.answer_within_s) {
            return Err(ConfigError("scan.answer_within_s must be 1 to 120".into()));
        }
        if self.clamd.is_empty() {
            return Ok(None);
        }
        let place = self.clamd.parse().map_err(|why| ConfigError(format!("scan.clamd: {why}")))?;
        let answer_within = std::time::Duration::from_secs(self.answer_within_s);
        Ok(Some(Settings { place, answer_within, when_down }))
    }
}

impl Default for National {
    fn default() -> Self {
        National {
            address: String::new(),
            sign_in_path: "/api/login".into(),
            service_path: "/api/service".into(),
            unit: String::new(),
            username: String::new(),
            password_file: PathBuf::new(),
            password: None,
            since: String::new(),
            answer_within_s: 20,
        }
    }
}

impl National {
    /// A line to the simulator at this address.
    pub fn to_simulator(address: String, unit: &str) -> National {
        let known = onestop::national::Settings::for_simulator(address, unit);
        National {
            address: known.address,
            sign_in_path: known.sign_in_path,
            service_path: known.service_path,
            unit: known.unit,
            username: known.username,
            password: Some(known.password),
            ..National::default()
        }
    }

    /// What is wrong with it.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.address.is_empty() {
            return problems;
        }
        if !self.address.starts_with("http://") && !self.address.starts_with("https://") {
            problems.push("national.address must begin with http:// or https://".to_string());
        }
        if self.unit.is_empty() || self.username.is_empty() {
            problems.push("national.unit and national.username must be given with the address".to_string());
        }
        if !self.since.is_empty() && base::Day::parse(&self.since).is_err() {
            problems.push("national.since must be empty or a day written YYYY-MM-DD".to_string());
        }
        if !(1..=60).contains(&self.answer_within_s) {
            problems.push("national.answer_within_s must be 1 to 60".to_string());
        }
        problems
    }

    /// The settings of the line with the password read from its file; none while it is closed.
    pub fn settings(&self) -> Result<Option<onestop::national::Settings>, ConfigError> {
        if self.address.is_empty() {
            return Ok(None);
        }
        let file = &self.password_file;
        let password = match &self.password {
            Some(password) => password.clone(),
            None => std::fs::read_to_string(file).map_err(|e| {
                ConfigError(format!("cannot read national.password_file {}: {e}", file.display()))
            })?,
        };
        Ok(Some(onestop::national::Settings {
            address: self.address.clone(),
            sign_in_path: self.sign_in_path.clone(),
            service_path: self.service_path.clone(),
            unit: self.unit.clone(),
            username: self.username.clone(),
            password: password.trim_end_matches(['\r', '\n']).to_string(),
            since: base::Day::parse(&self.since).ok(),
            answer_within: std::time::Duration::from_secs(self.answer_within_s),
        }))
    }
}

impl Default for Database {
    fn default() -> Self {
        Database { url: String::new(), connections: 16, bulk: false }
    }
}

/// Why a configuration cannot be used: what to mend, in one sentence.
#[derive(Debug)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| ConfigError(format!("cannot read {}: {e}", path.display())))?;
        let config: Config =
            toml::from_str(&text).map_err(|e| ConfigError(format!("{}: {e}", path.display())))?;
        match config.problems().first() {
            Some(problem) => Err(ConfigError(format!("{}: {problem}", path.display()))),
            None => Ok(config),
        }
    }

    /// What is wrong with it, all at once.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.address.starts_with("http://") && !self.address.starts_with("https://") {
            problems.push("address must begin with http:// or https://".to_string());
        }
        let url = &self.database.url;
        if !(url.is_empty() || url.starts_with("sqlite:") || is_postgres(url)) {
            problems.push("database.url must be empty, sqlite:PATH or postgres://…".to_string());
        }
        if !(1..=500).contains(&self.database.connections) {
            problems.push("database.connections must be 1 to 500".to_string());
        }
        if !directory::seed::PROVINCES.contains(&self.province.as_str()) {
            let known = directory::seed::PROVINCES.join(", ");
            problems.push(format!("province: there is no province file {}; known: {known}", self.province));
        }
        if is_postgres(url) && self.blobs.url.is_empty() && !self.demo {
            problems.push(
                "blobs.url is empty beside PostgreSQL: name a folder or s3://bucket, so that several \
                 nodes see the same files"
                    .to_string(),
            );
        }
        problems.extend(self.front_problems());
        problems.extend(self.national.problems());
        problems.extend(self.scan.settings().err().map(|why| why.0));
        problems.extend(self.notice_problems());
        problems.extend(self.trust.networks().err().map(|why| why.0));
        problems.extend(self.trust.modules().err().map(|why| why.0));
        if self.trust.pin_wait_hours > 720 {
            problems.push("trust.pin_wait_hours must be at most 720".to_string());
        }
        if self.trust.archive_lead_days > 360 {
            problems.push("trust.archive_lead_days must be at most 360".to_string());
        }
        problems
    }

    /// What is wrong with TLS and proxies.
    fn front_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let tls = &self.tls;
        if tls.is_on() == tls.key.as_os_str().is_empty() {
            problems.push("tls.certificate and tls.key go together: name both files, or none".to_string());
        }
        if tls.is_on() && !self.secure() {
            problems.push("address must begin with https:// where [tls] is set".to_string());
        }
        if !tls.redirect_from.is_empty() {
            match tls.redirect_from.parse::<std::net::SocketAddr>() {
                Ok(address) if tls.is_on() && address != self.listen => {}
                Ok(_) => problems.push(
                    "tls.redirect_from is for a second address, beside one with tls.certificate".to_string(),
                ),
                Err(_) => {
                    problems.push("tls.redirect_from must be an address such as 0.0.0.0:80".to_string())
                }
            }
        }
        let wrong = self.proxy.trusted.iter().filter_map(|text| text.parse::<Network>().err());
        problems.extend(wrong.map(|why| format!("proxy.trusted: {why}")));
        if self.secure() && !tls.is_on() && self.proxy.trusted.is_empty() {
            problems.push(
                "address begins with https://, but there is neither [tls] nor a proxy in proxy.trusted that \
                 could do it"
                    .to_string(),
            );
        }
        problems
    }

    /// The database's address with the default filled in.
    pub fn database_url(&self) -> String {
        match self.database.url.as_str() {
            "" => format!("sqlite:{}", self.data.join("cuulong.sqlite").display()),
            url => url.to_string(),
        }
    }

    /// The blob store's address with the default filled in.
    pub fn blobs_url(&self) -> String {
        match self.blobs.url.as_str() {
            "" => self.data.join("blobs").display().to_string(),
            url => url.to_string(),
        }
    }

    /// The file of the private keys' secret with the default filled in.
    pub fn secret_file(&self) -> PathBuf {
        match self.trust.secret_file.as_os_str().is_empty() {
            true => self.data.join("trust.secret"),
            false => self.trust.secret_file.clone(),
        }
    }

    /// Whether TLS stands in front, as the public address says.
    pub fn secure(&self) -> bool {
        self.address.starts_with("https://")
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// The file with the meaning of each key, ready to be edited.
pub const EXPLAINED: &str = include_str!("../explained.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_explained_is_the_default() {
        let explained: Config = toml::from_str(EXPLAINED).unwrap();
        assert_eq!(explained, Config::default());
        assert!(explained.problems().is_empty());
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        let unknown = toml::from_str::<Config>("dota = 'x'").unwrap_err().to_string();
        assert!(unknown.contains("dota"), "{unknown}");
        let config = Config {
            address: "vinhlong.gov.vn".into(),
            province: "atlantis".into(),
            database: Database { url: "mysql://x".into(), connections: 0, bulk: false },
            ..Config::default()
        };
        let config = Config {
            tls: Tls { certificate: "a.pem".into(), redirect_from: "port 80".into(), ..Tls::default() },
            proxy: Proxy { trusted: vec!["nginx".into()] },
            scan: Scan { clamd: "127.0.0.1:3310".into(), ..Scan::default() },
            ..config
        };
        let problems = config.problems().join("\n");
        for word in [
            "address",
            "atlantis",
            "database.url",
            "database.connections",
            "tls.key",
            "tls.redirect_from",
            "nginx",
            "scan.clamd",
        ] {
            assert!(problems.contains(word), "{word} is missing in: {problems}");
        }
    }
}
