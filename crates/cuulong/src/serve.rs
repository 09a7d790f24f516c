//! Serving: one listener, background tasks beside it, an orderly end on a signal.

use std::net::SocketAddr;

use base::Clock;
use tokio::net::TcpListener;

use crate::background::Background;
use crate::cli::Failure;
use crate::config::Config;
use crate::open::{self, Opened};

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
    let listener = bind(config.listen).await?;
    let opened = open::open(config, Clock::system(), |_, _, _| {}).await?;
    eprintln!("cuulong: serving {} on {}", config.address, config.listen);
    run(opened, listener).await
}

/// Serves until a signal comes: no new connections then, the running ones end, tasks stop, the
/// database closes.
pub async fn run(opened: Opened, listener: TcpListener) -> Result<(), Failure> {
    let background = Background::start(&opened);
    let service = opened.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(asked_to_stop()).await;
    background.stop().await;
    opened.site.db.close().await;
    served.map_err(Failure::io)
}

async fn asked_to_stop() {
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
