//! `cuulong authority create`: the province's own authority, or the one that follows when its key is to be
//! replaced.

use std::path::PathBuf;

use base::Clock;
use clap::{Args, Subcommand};

use crate::cli::Failure;
use crate::config::Config;
use crate::open;

#[derive(Subcommand, Debug)]
pub enum AuthorityCommand {
    /// Make an authority that issues, and a root when there is none; those before it issue no more
    Create(CreateArgs),
}

#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// The kind of its keys
    #[arg(long, default_value = "p256", value_parser = ["p256", "p384", "rsa2048", "rsa3072"])]
    key: String,
}

/// Runs it. Nodes that are serving issue under the new authority at once.
pub fn run(command: &AuthorityCommand) -> Result<(), Failure> {
    let AuthorityCommand::Create(args) = command;
    let config = Config::read(&args.config)?;
    let id = crate::runtime()?.block_on(async {
        let db = open::database_that_is_there(&config).await?;
        let blobs = open::contents(&config).await?;
        let opened = open::assemble(db.clone(), blobs, &config, Clock::system()).await?;
        let made = trust::establish(&opened.trust, &args.key, Clock::system().now()).await;
        db.close().await;
        made.map_err(|problem| Failure::new(format!("no authority was made: {problem}")))
    })?;
    println!("{id}: issues from now on");
    Ok(())
}
