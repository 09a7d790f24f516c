//! `cuulong national-simulator`: the other side of the line to the national portal, for demonstrations
//! and for trying out what happens when it misbehaves.

use std::net::{Ipv4Addr, SocketAddr};

use base::Clock;
use clap::Args;
use onestop::national::simulator::{Fault, Faults, Simulator};
use tokio::net::TcpListener;

use crate::cli::Failure;
use crate::config::National;
use crate::open::Opened;
use crate::serve;

/// Under which identifier the demonstration speaks: visibly fake.
const UNIT: &str = "000.00.00.Z61";

/// How the simulator runs.
#[derive(Args, Debug)]
pub struct SimulatorArgs {
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// What goes wrong, with commas: slow, down, duplicate, reorder, wrong, lie
    #[arg(long, value_delimiter = ',')]
    faults: Vec<Fault>,
    /// Chooses where faults fall; the same seed, the same faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Serves the simulator until it is stopped.
pub fn run(args: &SimulatorArgs) -> Result<(), Failure> {
    serve::log_to_stderr();
    let portal = Simulator::new(Clock::system(), Faults::of(&args.faults, args.seed));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    crate::runtime()?.block_on(async {
        let listener = serve::bind(address).await?;
        println!("national portal (simulated): http://{address}");
        println!(
            "[national]\naddress = \"http://{address}\"\nunit = \"{UNIT}\"\nusername = \"{}\"\n\
             password_file = \"…\"   # a file that says: {}",
            onestop::national::simulator::USERNAME,
            onestop::national::simulator::PASSWORD
        );
        axum::serve(listener, portal.router()).await.map_err(Failure::io)
    })
}

/// Starts one beside the demonstration, on a free port: the next one may be another demonstration's.
pub async fn beside() -> Result<National, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(Failure::io)?;
    let address = listener.local_addr().map_err(Failure::io)?;
    let portal = Simulator::new(Clock::system(), Faults::default());
    tokio::spawn(async move { axum::serve(listener, portal.router()).await });
    Ok(National::to_simulator(format!("http://{address}"), UNIT))
}

/// The simulator keeps nothing from one start to the next, so everything is told to it anew.
pub async fn forgot(opened: &Opened) -> Result<(), Failure> {
    let site = &opened.site;
    let told = onestop::national::tell_all_again(&site.db, site.clock.now()).await;
    told.map(drop).map_err(|e| Failure::new(format!("cannot begin the line to the simulator anew: {e}")))
}
