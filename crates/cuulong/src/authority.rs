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
    /// Stamp time with another kind of key too, beside those that stamp already
    AddStampKey(StampArgs),
}

#[derive(Args, Debug)]
pub struct StampArgs {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// The kind of the key
    #[arg(long, value_parser = ["p256", "p384", "rsa2048", "rsa3072"])]
    key: String,
}

#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// The kind of its keys
    #[arg(long, default_value = "p256", value_parser = ["p256", "p384", "rsa2048", "rsa3072"])]
    key: String,
    /// The hardware module of the configuration in which the keys are made; else they are kept encrypted
    #[arg(long)]
    module: Option<String>,
}

/// Runs it. Nodes that are serving issue under the new authority, and stamp with the new key, at once.
pub fn run(command: &AuthorityCommand) -> Result<(), Failure> {
    let place = match command {
        AuthorityCommand::Create(args) => &args.config,
        AuthorityCommand::AddStampKey(args) => &args.config,
    };
    let config = Config::read(place)?;
    let said = crate::runtime()?.block_on(async {
        let db = open::database_that_is_there(&config).await?;
        let blobs = open::contents(&config).await?;
        let opened = open::assemble(db.clone(), blobs, &config, Clock::system()).await?;
        let (app, now) = (&opened.trust, Clock::system().now());
        let done = match command {
            AuthorityCommand::Create(args) => {
                let made = trust::establish(app, &args.key, args.module.as_deref(), now).await;
                made.map(|id| format!("{id}: issues from now on"))
                    .map_err(|problem| format!("no authority was made: {problem}"))
            }
            AuthorityCommand::AddStampKey(args) => {
                let made = trust::add_stamper(app, &args.key, now).await;
                made.map(|()| format!("{}: stamps from now on", args.key))
                    .map_err(|problem| format!("no key was made: {problem}"))
            }
        };
        db.close().await;
        done.map_err(Failure::new)
    })?;
    println!("{said}");
    Ok(())
}
