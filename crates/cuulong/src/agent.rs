//! `cuulong agent`: signing with the token in an official's own machine.

use std::path::PathBuf;

use base::Clock;
use clap::Args;
use token::agent::{Agent, PORT, router};
use token::module::Module;

use crate::cli::Failure;
use crate::serve;

/// How the agent runs.
#[derive(Args, Debug)]
pub struct AgentArgs {
    /// The PKCS#11 library of the token's maker; may be given several times
    #[arg(long = "module", required = true)]
    modules: Vec<PathBuf>,
    /// A site it signs for, such as https://motcua.vinhlong.gov.vn; may be given several times
    #[arg(long = "origin", required = true)]
    origins: Vec<String>,
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = PORT)]
    port: u16,
}

/// Serves the agent on loopback until it is told to stop.
pub fn run(args: &AgentArgs) -> Result<(), Failure> {
    serve::log_to_stderr();
    for origin in &args.origins {
        if !is_origin(origin) {
            return Err(Failure::new(format!(
                "{origin} is no origin; write it like https://motcua.vinhlong.gov.vn, no slash after it"
            )));
        }
    }
    let opened: Result<Vec<Module>, _> = args.modules.iter().map(|path| Module::open(path)).collect();
    let modules = opened.map_err(|e| Failure::new(e.to_string()))?;
    let address = ([127, 0, 0, 1], args.port).into();
    let agent = Agent::new(modules, args.origins.clone(), address, Clock::system());
    crate::runtime()?.block_on(async {
        let listener = serve::bind(address).await?;
        eprintln!("cuulong: the signing agent listens on http://{address}");
        let served = axum::serve(listener, router(agent)).with_graceful_shutdown(serve::asked_to_stop());
        served.await.map_err(Failure::io)
    })
}

/// A scheme, a host, perhaps a port, and nothing else.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for good in ["https://motcua.vinhlong.gov.vn", "http://127.0.0.1:8080"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["motcua.vinhlong.gov.vn", "https://", "https://a/", "https://a; script-src *", "null"] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
