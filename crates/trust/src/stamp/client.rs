//! Asking time-stamping authorities (RFC 3161 over HTTP), our own among them: one after another when one is
//! slow or silent, and the first good answer wins.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use base::Instant;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use pki::cert::Serial;
use pki::tsp::{Imprint, Reply, Request};

pub use super::belief::Trusted;
use super::belief::{When, believe_bytes, believe_token};
use crate::App;

/// How long one authority may take for one time-stamp.
pub const ANSWER_IN: Duration = Duration::from_secs(30);
/// An authority that has not answered by then gets the next one beside it.
const HEDGE_AFTER: Duration = Duration::from_secs(3);
/// The largest reply that is read, in bytes.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// Somebody who stamps time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The province's own authority, without a network between.
    Own,
    /// One at this address.
    At(String),
}

impl Source {
    /// `own`, or an address.
    pub fn read(word: &str) -> Option<Source> {
        match word.trim() {
            "own" => Some(Source::Own),
            address if address.starts_with("http://") || address.starts_with("https://") => {
                Some(Source::At(address.to_string()))
            }
            _ => None,
        }
    }

    async fn ask(&self, app: &App, imprint: &Imprint, trusted: &Trusted) -> Result<Vec<u8>, String> {
        match self {
            Source::Own => own(app, imprint, trusted).await,
            Source::At(address) => ask(address, imprint, Some(trusted), app.site.clock.now()).await,
        }
    }
}

/// How long an authority is waited for before the next one is asked beside it. Given by whoever opens the
/// application, as the clock is.
#[derive(Clone)]
pub struct Patience(Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>);

impl Default for Patience {
    /// Three seconds.
    fn default() -> Patience {
        Patience::ended_by(|| tokio::time::timeout(HEDGE_AFTER, pending::<()>()).map(drop).boxed())
    }
}

impl Patience {
    /// It ends when what `wait` gives is over.
    pub fn ended_by(wait: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Patience {
        Patience(Arc::new(wait))
    }
}

/// A token over the imprint from the first authority of `sources` that gives a good one: an answer, of now,
/// by somebody trusted here.
///
/// # Errors
/// What each of them said, for the log.
pub async fn token(app: &App, sources: &[Source], imprint: &Imprint) -> Result<Vec<u8>, String> {
    let now = app.site.clock.now();
    let trusted = crate::validation::trusted(app, now).await.map_err(|e| format!("whom to trust: {e:?}"))?;
    let asks = sources.iter().map(|source| source.ask(app, imprint, &trusted)).collect();
    hedged(asks, &app.patience).await
}

/// The first good answer. Each of the others is asked when the one before it has failed, or patience with it
/// is over; nobody who was asked is given up before somebody has answered well.
async fn hedged<A>(asks: Vec<A>, patience: &Patience) -> Result<Vec<u8>, String>
where
    A: Future<Output = Result<Vec<u8>, String>>,
{
    let mut rest = asks.into_iter();
    let (mut running, mut said) = (FuturesUnordered::new(), Vec::new());
    loop {
        let next = rest.next();
        let is_last = next.is_none();
        running.extend(next);
        let answer = match is_last {
            true => running.next().await,
            false => tokio::select! {
                biased;
                answer = running.next() => answer,
                () = (patience.0)() => continue,
            },
        };
        match answer {
            Some(Ok(token)) => return Ok(token),
            Some(Err(why)) => said.push(why),
            None if is_last => break,
            None => {}
        }
    }
    Err(if said.is_empty() { "nobody is there to stamp the time".into() } else { said.join("; ") })
}

async fn own(app: &App, imprint: &Imprint, trusted: &Trusted) -> Result<Vec<u8>, String> {
    let request = Request::new(imprint.clone(), None);
    let reply = super::stamped(app, &request.der()).await.map_err(|e| format!("our own authority: {e:?}"))?;
    granted(&request, &reply, Some(trusted), app.site.clock.now())
}

/// Asks an authority at an address, and takes its token when it is one over what was asked, names the time it
/// is, and comes from somebody who may give it under those who are trusted. Without any the caller judges
/// whose it is.
///
/// # Errors
/// Why there is none, for the log.
pub async fn ask(
    address: &str,
    imprint: &Imprint,
    trusted: Option<&Trusted>,
    now: Instant,
) -> Result<Vec<u8>, String> {
    let told = |why: String| format!("{address}: {why}");
    let mut nonce = [0_u8; 16];
    let random = Serial::random();
    let contents = random.contents();
    let length = contents.len().min(nonce.len());
    nonce[..length].copy_from_slice(&contents[..length]);
    let request = Request::new(imprint.clone(), Some(&nonce));
    let asked = Moment::now();
    let body = post(address, request.der()).await.map_err(told)?;
    // It is later by as long as the answer took.
    let took = i64::try_from(asked.elapsed().as_secs()).unwrap_or(i64::MAX);
    granted(&request, &body, trusted, now.plus_seconds(took)).map_err(told)
}

fn granted(
    request: &Request,
    reply: &[u8],
    trusted: Option<&Trusted>,
    now: Instant,
) -> Result<Vec<u8>, String> {
    match Reply::parse(reply).map_err(|e| e.to_string())? {
        Reply::Refused(why) => Err(format!("the authority refused: {why:?}")),
        Reply::Granted(token) => {
            let report = token.check_reply(request, &[]);
            let believed = match trusted {
                Some(trusted) => believe_token(&token, &report, trusted, When::Fresh(now)),
                None => believe_bytes(&token, &report, When::Fresh(now)).map(drop),
            };
            believed.map(|()| token.message.der).map_err(|why| why.to_string())
        }
    }
}

async fn post(address: &str, body: Vec<u8>) -> Result<Vec<u8>, String> {
    let client = reqwest::Client::builder().timeout(ANSWER_IN).build().map_err(|e| e.to_string())?;
    let request = client.post(address).header("content-type", "application/timestamp-query").body(body);
    let mut answer = request.send().await.map_err(|e| e.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("the authority answered {}", answer.status()));
    }
    let mut whole = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|e| e.to_string())? {
        if whole.len() + piece.len() > REPLY_BYTES_MAX {
            return Err("the authority's reply is too long".into());
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::{FutureExt, future};
    use tokio::sync::Notify;

    use super::{Patience, Source, hedged};

    type Told = Result<Vec<u8>, String>;

    /// Authorities that note that they were asked, and answer when they are told to.
    #[derive(Default)]
    struct Played {
        asked: Mutex<Vec<usize>>,
        go: [Notify; 3],
    }

    impl Played {
        async fn answers(self: Arc<Played>, n: usize, told: Told) -> Told {
            self.asked.lock().unwrap().push(n);
            self.go[n].notified().await;
            told
        }

        fn asked(&self) -> Vec<usize> {
            self.asked.lock().unwrap().clone()
        }
    }

    fn good(n: usize) -> Told {
        Ok(n.to_be_bytes().to_vec())
    }

    fn bad(why: &str) -> Told {
        Err(why.to_string())
    }

    /// Patience that ends each time it is said.
    fn patience() -> (Patience, Arc<Notify>) {
        let over = Arc::new(Notify::new());
        let waited = over.clone();
        let wait = move || {
            let over = waited.clone();
            async move { over.notified().await }.boxed()
        };
        (Patience::ended_by(wait), over)
    }

    #[tokio::test]
    async fn who_answers_in_time_is_the_only_one_asked() {
        let (played, (patience, _)) = (Arc::new(Played::default()), patience());
        played.go[0].notify_one();
        let asks = (0..3).map(|n| played.clone().answers(n, good(n))).collect();
        assert_eq!((hedged(asks, &patience).await, played.asked()), (good(0), vec![0]));
    }

    #[tokio::test]
    async fn a_slow_one_gets_the_next_beside_it_and_the_first_good_answer_wins() {
        let (played, (patience, over)) = (Arc::new(Played::default()), patience());
        let asks = (0..3).map(|n| played.clone().answers(n, good(n))).collect();
        let asking = hedged(asks, &patience);
        let story = async {
            over.notify_one();
            // The second answers, the first one is still silent, and the third was never needed.
            played.go[1].notify_one();
        };
        let (told, ()) = future::join(asking, story).await;
        assert_eq!((told, played.asked()), (good(1), vec![0, 1]));

        // The slow one is not given up: when the others fail, its answer counts, however late.
        let (played, (patience, over)) = (Arc::new(Played::default()), self::patience());
        let told = [good(0), bad("busy"), bad("down")];
        let asks = (0..3).zip(told).map(|(n, told)| played.clone().answers(n, told)).collect();
        let asking = hedged(asks, &patience);
        let story = async {
            over.notify_one();
            played.go[1].notify_one();
            played.go[2].notify_one();
            while played.asked().len() < 3 {
                tokio::task::yield_now().await;
            }
            played.go[0].notify_one();
        };
        let (told, ()) = future::join(asking, story).await;
        assert_eq!((told, played.asked()), (good(0), vec![0, 1, 2]));
    }

    #[tokio::test]
    async fn who_fails_is_followed_at_once_and_what_each_has_said_is_told() {
        let (played, (patience, _)) = (Arc::new(Played::default()), patience());
        played.go.iter().for_each(Notify::notify_one);
        let told = [bad("down"), bad("busy"), bad("clock")];
        let asks = (0..3).zip(told).map(|(n, told)| played.clone().answers(n, told)).collect();
        assert_eq!(hedged(asks, &patience).await, bad("down; busy; clock"));
        assert_eq!(played.asked(), [0, 1, 2]);
        let nobody: Vec<future::Ready<Told>> = Vec::new();
        assert_eq!(hedged(nobody, &patience).await, bad("nobody is there to stamp the time"));
    }

    #[test]
    fn a_source_is_our_own_or_an_address() {
        let at = |address: &str| Some(Source::At(address.into()));
        let table = [
            ("own", Some(Source::Own)),
            (" own ", Some(Source::Own)),
            ("http://tsa.ca.gov.vn", at("http://tsa.ca.gov.vn")),
            ("https://tsa.ca.gov.vn/tsa", at("https://tsa.ca.gov.vn/tsa")),
            ("ftp://tsa", None),
            ("", None),
        ];
        for (word, source) in table {
            assert_eq!(Source::read(word), source, "{word:?}");
        }
    }
}
