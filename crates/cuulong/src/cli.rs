//! The command line. A failure is one sentence on standard error and a non-zero exit.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, EXPLAINED};

/// Cửu Long: a province's e-government in one binary.
#[derive(Parser, Debug)]
#[command(name = "cuulong", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make a data folder, load a province and serve it on this machine
    Demo(crate::demo::DemoArgs),
    /// Serve an installation
    Serve(ConfigArg),
    /// Fill a demonstration with invented dossiers that the rules themselves have made
    Seed(crate::seed::SeedArgs),
    /// Take people, dossiers and numbers over from an earlier system
    Import(crate::import::ImportArgs),
    /// Make all figures of reports anew from the step logs
    Recount(ConfigArg),
    /// Bring the tables to this version, then stop
    Migrate(ConfigArg),
    /// Copy the data, rows and files of one instant, while it is served
    Backup(crate::backup::BackupArgs),
    /// Make an installation of a backup, in an empty place
    Restore(crate::backup::RestoreArgs),
    /// The files that citizens sent and that were printed
    #[command(subcommand)]
    Blobs(BlobsCommand),
    /// Accounts of officials
    #[command(subcommand)]
    User(crate::user::UserCommand),
    /// The configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The audit book
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Play the National Public Service Portal, for demonstrations and trials
    NationalSimulator(crate::simulator::SimulatorArgs),
    /// Working time
    #[command(subcommand)]
    Calendar(CalendarCommand),
    /// The key that signs proof slips and receipts
    #[command(subcommand)]
    StatementKey(crate::statement_key::StatementKeyCommand),
    /// Sign with the token in this machine, for an agency's site in the browser
    Agent(crate::agent::AgentArgs),
    /// The province's own certification authority
    #[command(subcommand)]
    Authority(crate::authority::AuthorityCommand),
    /// Files of procedures
    #[command(subcommand)]
    Procedure(crate::procedure::ProcedureCommand),
    /// Say what the signatures of a file are worth: exit 0 valid, 1 invalid, 2 not decided, 3 not readable
    Verify(crate::verify::VerifyArgs),
    /// Sign a file with a key at hand: CAdES, XAdES for XML, PAdES for PDF
    Sign(crate::sign::SignArgs),
    /// Judge a path of certificates (RFC 5280), with the same exits
    PathValidate(crate::path_validate::PathArgs),
}

/// Which configuration file.
#[derive(Args, Debug)]
pub struct ConfigArg {
    /// The configuration file
    #[arg(long)]
    pub config: PathBuf,
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Say what is wrong with a file
    Check(ConfigArg),
    /// Print a file with the meaning of each key
    Explain,
}

#[derive(Subcommand, Debug)]
enum BlobsCommand {
    /// Read every file that a row needs and compare it with its SHA-256
    Check(crate::blobs::CheckArgs),
}

#[derive(Subcommand, Debug)]
enum AuditCommand {
    /// Check the chain from the first entry to the last
    Verify(crate::audit::VerifyArgs),
}

#[derive(Subcommand, Debug)]
enum CalendarCommand {
    /// When a limit ends, and how it was counted
    Due(crate::calendar::DueArgs),
}

/// Why a command ended badly, in one sentence.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with its sentence.
    pub fn new(sentence: impl Into<String>) -> Failure {
        Failure(sentence.into())
    }

    /// A stream that broke.
    pub fn io(error: std::io::Error) -> Failure {
        Failure(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Failure(error.0)
    }
}

/// Runs the command.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Demo(args) => crate::demo::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Serve(arg) => {
            crate::serve::log_to_stderr();
            let config = Config::read(&arg.config)?;
            crate::runtime()?.block_on(crate::serve::serve(&config)).map(|()| ExitCode::SUCCESS)
        }
        Command::Seed(args) => crate::seed::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Import(args) => crate::import::run(&args).map(exit),
        Command::Agent(args) => crate::agent::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Recount(arg) => crate::seed::recount(&arg).map(|()| ExitCode::SUCCESS),
        Command::Migrate(arg) => {
            let config = Config::read(&arg.config)?;
            let applied = crate::runtime()?.block_on(crate::open::migrate(&config))?;
            println!("{applied} migrations applied");
            Ok(ExitCode::SUCCESS)
        }
        Command::Backup(args) => crate::backup::take(&args).map(exit),
        Command::Restore(args) => crate::backup::restore(&args).map(|()| ExitCode::SUCCESS),
        Command::Blobs(BlobsCommand::Check(args)) => crate::blobs::check(&args).map(exit),
        Command::User(command) => crate::user::run(&command).map(|()| ExitCode::SUCCESS),
        Command::Config(ConfigCommand::Explain) => {
            print!("{EXPLAINED}");
            Ok(ExitCode::SUCCESS)
        }
        Command::Config(ConfigCommand::Check(arg)) => {
            let config = Config::read(&arg.config)?;
            if config.tls.is_on() {
                crate::tls::Certificate::read(&config.tls)?;
            }
            println!("{}: nothing wrong", arg.config.display());
            Ok(ExitCode::SUCCESS)
        }
        Command::Audit(AuditCommand::Verify(args)) => crate::audit::verify(&args).map(exit),
        Command::NationalSimulator(args) => crate::simulator::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Calendar(CalendarCommand::Due(args)) => crate::calendar::due(&args).map(exit),
        Command::Authority(command) => crate::authority::run(&command).map(|()| ExitCode::SUCCESS),
        Command::StatementKey(command) => crate::statement_key::run(&command).map(|()| ExitCode::SUCCESS),
        Command::Procedure(command) => crate::procedure::run(&command).map(exit),
        Command::Verify(args) => crate::verify::run(&args),
        Command::Sign(args) => crate::sign::run(&args),
        Command::PathValidate(args) => crate::path_validate::run(&args),
    }
}

fn exit(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
