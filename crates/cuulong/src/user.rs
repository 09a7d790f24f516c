//! `cuulong user add|passwd`: the first administrator of an installation, and the way back in.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use base::{Clock, Instant};
use clap::{Args, Subcommand};
use db::{Act, Db, Tx};
use directory::Role;
use directory::account::admin::{self, TypedOfficial, TypedPost};
use directory::account::{rules, store};
use directory::signin::password;
use web::Problem;

use crate::cli::Failure;
use crate::config::Config;
use crate::open;

#[derive(Subcommand, Debug)]
pub enum UserCommand {
    /// Add an official with a post
    Add(AddArgs),
    /// Set a password; its sessions end
    Passwd(PasswdArgs),
}

/// Which installation.
#[derive(Args, Debug)]
pub struct Where {
    /// The configuration file
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// The data folder of a demonstration
    #[arg(long, default_value = "./demo-data")]
    data: PathBuf,
}

#[derive(Args, Debug)]
pub struct AddArgs {
    #[command(flatten)]
    place: Where,
    /// The login
    login: String,
    /// The full name
    #[arg(long)]
    name: String,
    /// The code of the unit
    #[arg(long)]
    unit: String,
    /// counter_clerk, records_clerk, officer, leader, unit_admin or admin
    #[arg(long)]
    role: Role,
    /// The title as papers print it
    #[arg(long)]
    title: String,
}

#[derive(Args, Debug)]
pub struct PasswdArgs {
    #[command(flatten)]
    place: Where,
    /// The login
    login: String,
}

/// Runs one of them. The password is read from standard input, never from an argument.
pub fn run(command: &UserCommand) -> Result<(), Failure> {
    let (place, login) = match command {
        UserCommand::Add(args) => (&args.place, &args.login),
        UserCommand::Passwd(args) => (&args.place, &args.login),
    };
    let config = match &place.config {
        Some(path) => Config::read(path)?,
        None => Config { data: place.data.clone(), ..Config::default() },
    };
    let password = ask_password()?;
    let now = Clock::system().now();
    crate::runtime()?.block_on(async {
        let db = open::database_that_is_there(&config).await?;
        let done = match command {
            UserCommand::Add(args) => add(&db, args, &password, now).await,
            UserCommand::Passwd(_) => set_password(&db, login, &password, now).await,
        };
        db.close().await;
        done.map_err(|problem| Failure::new(told(&problem)))
    })?;
    println!("{login}: done");
    Ok(())
}

fn ask_password() -> Result<String, Failure> {
    eprint!("password: ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::io)?;
    let password = line.trim_end_matches(['\r', '\n']).to_string();
    if password.is_empty() {
        return Err(Failure::new("no password was given on standard input"));
    }
    Ok(password)
}

/// What the command line says of a problem: each field with its words.
fn told(problem: &Problem) -> String {
    match problem {
        Problem::Invalid(errors) => {
            let lines: Vec<String> = errors.iter().map(|e| format!("{}: {}", e.field, e.message)).collect();
            lines.join("; ")
        }
        Problem::NotFound => "there is no such account".into(),
        other => other.to_string(),
    }
}

async fn add(db: &Db, args: &AddArgs, password: &str, now: Instant) -> Result<(), Problem> {
    let typed =
        TypedOfficial { login: args.login.clone(), name: args.name.clone(), ..TypedOfficial::default() };
    let post = TypedPost {
        unit: args.unit.clone(),
        role: args.role.as_str().into(),
        title: args.title.clone(),
        valid_from: now.day().to_string(),
    };
    let act = Act::system("directory.add-official", "", now);
    db.write(act, async move |tx: &mut Tx| admin::add_official(tx, &typed, &post, None, now).await).await?;
    set_password(db, &args.login, password, now).await
}

/// Sets the password and ends the account's sessions.
async fn set_password(db: &Db, login: &str, password: &str, now: Instant) -> Result<(), Problem> {
    let hash = password::hash(password).await?;
    let login = rules::fold_login(login);
    let act = Act::system("directory.set-password", "", now);
    db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let secret = store::find_secret(tx, &login).await?.ok_or(Problem::NotFound)?;

        store::set_password(tx, secret.id, &hash, false, secret.version).await?;
        web::session::end_all(tx, &secret.id.to_string(), now).await?;
        Ok(())
    })
    .await
}
