//! `cargo x …`: all automation of the house, in Rust and in one place.
//!
//! It must build in seconds on a fresh machine, so it knows nothing of the product: it calls
//! cargo, the Debian packages' programs and the built `cuulong`, and reads files.

mod bench;
mod law;
mod machine;
mod peers;
mod postgres;
mod shell;
mod test;
mod tidy;

use shell::{Outcome, cargo, timed};
use std::process::ExitCode;

const HELP: &str = "cargo x COMMAND

  test [NAME]   build and run all tests (or those whose name contains NAME) on both databases,
                with a browser; installs the Debian packages they need when run as root
  tidy          check the house rules (crates/xtask/tidy.toml)
  law           check citations of the law against docs/law and print the coverage
  ci            fmt, clippy, tidy and test
  dev [ARGS]    run the demo in the dev profile on ./demo-data
  bench [ARGS]  measure the release build beside the machine's raw limits
                (--skip-build, --only home|search|filing|start|trust, --seconds N)
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    let outcome = match command.as_str() {
        "test" => test::run(&rest),
        "tidy" => tidy::run(),
        "law" => law::run(),
        "ci" => ci(),
        "dev" => dev(&rest),
        "bench" => bench::run(&rest),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no `cargo x {other}`\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("cargo x: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn dev(rest: &[String]) -> Outcome {
    cargo(&["run", "--package", "cuulong", "--", "demo", "--data", "./demo-data"]).args(rest).run()
}

/// Everything a change must pass before it lands. Tidy runs inside the tests too; it stands
/// here first because it answers in a second.
fn ci() -> Outcome {
    timed("fmt", || cargo(&["fmt", "--all", "--check"]).run())?;
    timed("tidy", tidy::run)?;
    timed("clippy", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()?;
        cargo(&["clippy", "-p", "xtask", "--features", "raw", "--", "-D", "warnings"]).run()
    })?;
    test::run(&[])
}
