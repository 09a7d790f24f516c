//! Looking for malware (quét mã độc) before anything that came from outside is kept: clamd, asked over
//! TCP or a Unix socket with INSTREAM. Nothing here knows signatures; without a configured clamd
//! nothing is scanned, and `/healthz` says so.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use db::blobs::Peek;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use web::{Message, Problem};

use crate::refusal::Refusal;
use crate::words;

/// Files scanned at once; clamd has ten threads unless told otherwise.
const AT_ONCE: usize = 8;
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long a sign of life may take.
const PING_WITHIN: Duration = Duration::from_secs(2);
/// An answer is one line; more is none.
const ANSWER_BYTES_MAX: usize = 1024;
/// What goes into one piece of INSTREAM.
const PIECE_BYTES: usize = 64 * 1024;

/// Where clamd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Tcp(String),
    Unix(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    /// `tcp://host:port`, or the path of a socket.
    fn from_str(text: &str) -> Result<Place, String> {
        if let Some(host) = text.strip_prefix("tcp://") {
            let port = host.rsplit_once(':').filter(|(name, _)| !name.is_empty());
            return match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
                Some(1..) => Ok(Place::Tcp(host.into())),
                _ => Err(format!("{text} is not tcp://host:port")),
            };
        }
        match text.starts_with('/') {
            true => Ok(Place::Unix(text.into())),
            false => Err(format!("{text} is neither tcp://host:port nor the path of a socket")),
        }
    }
}

/// What to do with a file while clamd does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenDown {
    /// The sender is asked to try again: nothing unscanned is kept.
    Refuse,
    /// It is kept unscanned, and the log says so.
    Take,
}

/// How files are scanned here.
#[derive(Clone, Debug)]
pub struct Settings {
    pub place: Place,
    /// For one file, from its turn to the verdict.
    pub answer_within: Duration,
    pub when_down: WhenDown,
}

/// clamd, as this program asks it.
pub struct Scanner {
    settings: Settings,
    turns: Semaphore,
}

/// What clamd says of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    /// The name of what was found.
    Infected(String),
    /// More bytes than clamd is configured to look at.
    TooLarge,
}

/// Why there is no verdict; for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent(String);

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<std::io::Error> for Silent {
    fn from(error: std::io::Error) -> Self {
        Silent(error.to_string())
    }
}

trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

impl Scanner {
    /// Ready to ask; nothing is connected yet.
    pub fn new(settings: Settings) -> Arc<Scanner> {
        Arc::new(Scanner { settings, turns: Semaphore::new(AT_ONCE) })
    }

    /// Whether clamd gives a sign of life.
    pub async fn answers(&self) -> bool {
        let ping = async {
            let mut line = self.connect().await?;
            line.write_all(b"zPING\0").await?;
            answer(&mut line).await
        };
        matches!(timeout(PING_WITHIN, ping).await, Ok(Ok(told)) if told == "PONG")
    }

    /// Lets bytes pass that clamd has nothing against. A refusal says why; `TryLater` when there is no
    /// verdict in time and the installation does not take files unscanned.
    pub async fn pass(&self, name: &str, bytes: Peek) -> Result<(), Problem> {
        let verdict = match timeout(self.settings.answer_within, self.verdict(bytes)).await {
            Ok(verdict) => verdict,
            Err(_) => Err(Silent("no verdict in time".into())),
        };
        match verdict {
            Ok(Verdict::Clean) => Ok(()),
            Ok(Verdict::Infected(what)) => {
                tracing::warn!(what, "an upload is infected and was not kept");
                Err(Refusal::FileInfected { name: name.into() }.into())
            }
            Ok(Verdict::TooLarge) => {
                tracing::warn!("clamd takes less than the largest upload: raise its StreamMaxLength");
                Err(Refusal::FileNotScanned { name: name.into() }.into())
            }
            Err(why) if self.settings.when_down == WhenDown::Take => {
                tracing::error!(%why, "clamd does not answer; an upload was kept unscanned");
                Ok(())
            }
            Err(why) => {
                let words = words::t("refusal.scanner_silent");
                Err(Problem::TryLater(Message::new(words, format!("clamd: {why}"))))
            }
        }
    }

    async fn connect(&self) -> Result<Box<dyn Line>, Silent> {
        let connect = async {
            Ok(match &self.settings.place {
                Place::Tcp(host) => Box::new(TcpStream::connect(host).await?) as Box<dyn Line>,
                Place::Unix(path) => Box::new(UnixStream::connect(path).await?),
            })
        };
        let connected = timeout(CONNECT_WITHIN, connect).await;
        connected.unwrap_or_else(|_| Err(Silent("no connection in time".into())))
    }

    async fn verdict(&self, bytes: Peek) -> Result<Verdict, Silent> {
        let _turn = self.turns.acquire().await.map_err(|e| Silent(e.to_string()))?;
        let mut line = self.connect().await?;
        let sent = send(&mut line, bytes).await;
        // Over its limit clamd answers and hangs up while bytes are still coming.
        match (answer(&mut line).await, sent) {
            (Ok(told), _) => read(&told),
            (Err(_), Err(why)) | (Err(why), Ok(())) => Err(why),
        }
    }
}

async fn send(line: &mut Box<dyn Line>, mut bytes: Peek) -> Result<(), Silent> {
    line.write_all(b"zINSTREAM\0").await?;
    while let Some(mut bytes) = bytes.next().await.map_err(|e| Silent(e.to_string()))? {
        while !bytes.is_empty() {
            let piece: Bytes = bytes.split_to(bytes.len().min(PIECE_BYTES));
            line.write_all(&(piece.len() as u32).to_be_bytes()).await?;
            line.write_all(&piece).await?;
        }
    }
    line.write_all(&0_u32.to_be_bytes()).await?;
    Ok(line.flush().await?)
}

/// One answer, up to its zero byte or the end of the line.
async fn answer(line: &mut Box<dyn Line>) -> Result<String, Silent> {
    let mut told = Vec::new();
    let mut part = [0_u8; 256];
    while told.len() < ANSWER_BYTES_MAX {
        let n = line.read(&mut part).await?;
        told.extend_from_slice(&part[..n]);
        if n == 0 || told.contains(&0) {
            break;
        }
    }
    let text = told.split(|b| *b == 0).next().unwrap_or_default();
    match text.is_empty() {
        true => Err(Silent("hung up without an answer".into())),
        false => Ok(String::from_utf8_lossy(text).trim().to_string()),
    }
}

/// `stream: OK`, `stream: NAME FOUND`, or an error.
fn read(told: &str) -> Result<Verdict, Silent> {
    if told.contains("size limit exceeded") {
        return Ok(Verdict::TooLarge);
    }
    let said = told.strip_prefix("stream: ").unwrap_or_default();
    match said.strip_suffix(" FOUND") {
        Some(what) => Ok(Verdict::Infected(what.chars().filter(char::is_ascii_graphic).take(100).collect())),
        None if said == "OK" => Ok(Verdict::Clean),
        None => Err(Silent(told.chars().filter(|c| !c.is_control()).take(200).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_verdict_or_none() {
        let table = [
            ("stream: OK", "Ok(Clean)"),
            ("stream: Eicar-Signature FOUND", "Ok(Infected(\"Eicar-Signature\"))"),
            ("INSTREAM size limit exceeded. ERROR", "Ok(TooLarge)"),
            ("stream: Can't allocate memory ERROR", "Err(Silent(\"stream: Can't allocate memory ERROR\"))"),
            ("OK", "Err(Silent(\"OK\"))"),
            ("stream: OK stream: OK", "Err(Silent(\"stream: OK stream: OK\"))"),
        ];
        for (told, verdict) in table {
            assert_eq!(format!("{:?}", read(told)), verdict, "{told}");
        }
    }

    #[test]
    fn a_place_is_an_address_or_a_socket() {
        let tcp = |host: &str| Ok(Place::Tcp(host.into()));
        assert_eq!("tcp://127.0.0.1:3310".parse(), tcp("127.0.0.1:3310"));
        assert_eq!("tcp://[::1]:3310".parse(), tcp("[::1]:3310"));
        assert_eq!("/run/clamav/clamd.ctl".parse(), Ok(Place::Unix("/run/clamav/clamd.ctl".into())));
        for wrong in ["", "127.0.0.1:3310", "tcp://127.0.0.1", "tcp://:3310", "tcp://a:0", "clamd.ctl"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
