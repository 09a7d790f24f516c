//! TLS of our own: a certificate and its key in PEM files, read again when they change, without a
//! connection being dropped.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::cli::Failure;
use crate::config::Tls;

/// A client must have shaken hands by then.
const HANDSHAKE_IN: Duration = Duration::from_secs(10);
/// Clients that may shake hands at once; others wait in the system's queue.
const HANDSHAKES_MAX: usize = 512;
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The certificate in use, and where it comes from.
#[derive(Debug)]
pub struct Certificate {
    files: Tls,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads both files. The sentence names the file and what is wrong with it.
    pub fn read(files: &Tls) -> Result<Certificate, Failure> {
        let current = RwLock::new(Arc::new(load(files)?));
        Ok(Certificate { files: files.clone(), current })
    }

    /// Reads them again. When they cannot be used, what was read before stays in use.
    pub fn read_again(&self) -> Result<(), Failure> {
        let fresh = Arc::new(load(&self.files)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// When either file was last changed.
    fn changed_at(&self) -> Option<SystemTime> {
        let at = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        at(&self.files.certificate).max(at(&self.files.key))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn load(files: &Tls) -> Result<CertifiedKey, Failure> {
    let wrong = |path: &PathBuf, why: String| Failure::new(format!("{}: {why}", path.display()));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|e| wrong(&files.certificate, format!("not a certificate in PEM: {e}")))?;
    if chain.is_empty() {
        return Err(wrong(&files.certificate, "there is no certificate in it".into()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|e| wrong(&files.key, format!("not a private key in PEM: {e}")))?;
    let key = aws_lc_rs::default_provider()
        .key_provider
        .load_private_key(key)
        .map_err(|e| wrong(&files.key, format!("a key that cannot be used: {e}")))?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(pair),
        Err(e) => Err(wrong(&files.key, format!("not the key of {}: {e}", files.certificate.display()))),
    }
}

/// Reads the files again on SIGHUP and when they have changed, until `stop` turns true.
pub async fn watch_files(certificate: Arc<Certificate>, mut stop: watch::Receiver<bool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = signal(SignalKind::hangup()).ok();
    let mut pulse = tokio::time::interval(LOOK_EVERY);
    let mut seen = certificate.changed_at();
    while !*stop.borrow() {
        let hangup = async {
            match &mut asked {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        };
        let is_asked = tokio::select! {
            () = hangup => true,
            _ = pulse.tick() => false,
            changed = stop.changed() => if changed.is_err() { return } else { continue },
        };
        let now = certificate.changed_at();
        if !is_asked && now == seen {
            continue;
        }
        match certificate.read_again() {
            Ok(()) => seen = now,
            // Half a new pair may be there: looked at again at the next pulse.
            Err(e) => tracing::error!(error = %e, "the new certificate cannot be used; the old one stays"),
        }
    }
}

/// Gives out connections that have shaken hands. A client that does not costs nobody else anything.
pub struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl TlsListener {
    /// Takes over a listener.
    pub fn new(listener: TcpListener, certificate: Arc<Certificate>) -> Result<TlsListener, Failure> {
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| Failure::new(format!("cannot set up TLS: {e}")))?
            .with_no_client_auth();
        let mut config = config.with_cert_resolver(certificate);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let address = listener.local_addr().map_err(Failure::io)?;
        let (to, ready) = mpsc::channel(64);
        let accepting = tokio::spawn(accept(listener, acceptor, to));
        Ok(TlsListener { address, ready, accepting })
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    to: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(e) => {
                // Too many open files, most often: room comes when others leave.
                tracing::warn!(error = %e, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let (acceptor, to) = (acceptor.clone(), to.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let shaken = tokio::time::timeout(HANDSHAKE_IN, acceptor.accept(stream)).await;
            drop(place);
            match shaken {
                Ok(Ok(stream)) => drop(to.send((stream, peer)).await), // closing: nobody listens
                Ok(Err(e)) => tracing::debug!(error = %e, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
