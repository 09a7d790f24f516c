//! Serving: one listener, background tasks beside it, an orderly end on a signal.

use std::net::SocketAddr;
use std::sync::Arc;

use base::Clock;
use tokio::net::TcpListener;

use crate::background::Background;
use crate::cli::Failure;
use crate::config::Config;
use crate::front::{self, Peer};
use crate::open::{self, Opened};
use crate::tls::{self, Certificate, TlsListener};

/// The log goes to standard error: warnings, and what `RUST_LOG` asks for.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// Takes the address. A taken port is told in a sentence, before anything is loaded.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|e| match e.kind() {
        std::io::ErrorKind::AddrInUse => {
            Failure::new(format!("port {} is taken; choose another with --port", address.port()))
        }
        _ => Failure::new(format!("cannot listen on {address}: {e}")),
    })
}

/// Opens the installation and serves it until a signal comes.
pub async fn serve(config: &Config) -> Result<(), Failure> {
    // Heard from here on, also where there is no certificate to read again: unheard it would end us.
    let _hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
    let listener = bind(config.listen).await?;
    let second = match config.tls.redirect_from.parse() {
        Ok(address) => Some(bind(address).await?),
        Err(_) => None, // empty: the configuration was checked
    };
    let certificate = match config.tls.is_on() {
        true => Some(Arc::new(Certificate::read(&config.tls)?)),
        false => None,
    };
    let opened = open::open(config, Clock::system(), |_, _, _| {}).await?;
    eprintln!("cuulong: serving {} on {}", config.address, config.listen);
    let Some(certificate) = certificate else { return run(opened, listener, config).await };
    let background = Background::start(&opened);
    let (stop, heard) = tokio::sync::watch::channel(false);
    let watching = tokio::spawn(tls::watch_files(certificate.clone(), heard.clone()));
    let redirecting = second.map(|second| tokio::spawn(redirect(second, config.clone(), heard)));
    let listener = TlsListener::new(listener, certificate)?;
    let service = front::before(opened.router.clone(), config).into_make_service_with_connect_info::<Peer>();
    let served = axum::serve(listener, service).with_graceful_shutdown(asked_to_stop()).await;
    let _ = stop.send(true);
    for task in [Some(watching), redirecting].into_iter().flatten() {
        let _ = task.await; // it ended with the word it was given
    }
    end(opened, background, served).await
}

/// Serves without TLS until a signal comes: no new connections then, the running ones end, tasks stop,
/// the database closes.
pub async fn run(opened: Opened, listener: TcpListener, config: &Config) -> Result<(), Failure> {
    let background = Background::start(&opened);
    let service = front::before(opened.router.clone(), config).into_make_service_with_connect_info::<Peer>();
    let served = axum::serve(listener, service).with_graceful_shutdown(asked_to_stop()).await;
    end(opened, background, served).await
}

async fn end(opened: Opened, background: Background, served: std::io::Result<()>) -> Result<(), Failure> {
    background.stop().await;
    opened.site.db.close().await;
    served.map_err(Failure::io)
}

/// Sends everybody on the address without TLS to the one with it.
async fn redirect(listener: TcpListener, config: Config, mut stop: tokio::sync::watch::Receiver<bool>) {
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await; // or nobody is left to say so
    };
    let served = axum::serve(listener, front::redirect(&config)).with_graceful_shutdown(stopped).await;
    if let Err(e) = served {
        tracing::error!(error = %e, "the address without TLS is not served any more");
    }
}

/// Ends when a signal asks the process to stop.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
