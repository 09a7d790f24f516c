//! TLS to PostgreSQL: with `sslmode=require` in the address, and then always verified against the
//! system's certificates (`SSL_CERT_FILE` names others). Any other `sslmode` means none.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result, chain};

/// The connector, when the address asks for TLS.
pub(crate) fn connector(config: &tokio_postgres::Config) -> Result<Option<MakeRustlsConnect>> {
    if config.get_ssl_mode() != SslMode::Require {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = "sslmode=require, but the system has no certificates to verify the server with";
        return Err(Error::Unavailable(why.into()));
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Fault(chain(&e)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(config)))
}
