//! `cuulong statement-key rotate`: a new key signs what was received from now on.

use std::path::PathBuf;

use base::Clock;
use clap::{Args, Subcommand};

use crate::cli::Failure;
use crate::config::Config;
use crate::open;

#[derive(Subcommand, Debug)]
pub enum StatementKeyCommand {
    /// Make a new key; papers signed before can still be checked
    Rotate(RotateArgs),
}

#[derive(Args, Debug)]
pub struct RotateArgs {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
}

/// Runs it. Nodes that are serving sign with the new key at once.
pub fn run(command: &StatementKeyCommand) -> Result<(), Failure> {
    let StatementKeyCommand::Rotate(args) = command;
    let config = Config::read(&args.config)?;
    let now = Clock::system().now();
    let id = crate::runtime()?.block_on(async {
        let db = open::database_that_is_there(&config).await?;
        let safe = trust::safe::Safe::new(config.secret_file());
        let made = onestop::rotate_statement_key(&db, &safe, now).await;
        db.close().await;
        made.map_err(|problem| Failure::new(format!("no new key was made: {problem}")))
    })?;
    println!("{id}: signs from now on");
    Ok(())
}
