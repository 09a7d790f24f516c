//! `cuulong`: a province's e-government in one binary.

use std::process::ExitCode;

use clap::Parser;

/// Requests and loads make values on one thread and drop them on another, which costs glibc's allocator
/// dearly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a command line that means nothing (`EX_USAGE` of `sysexits.h`).
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let command = match cuulong::cli::Cli::try_parse() {
        Ok(command) => command,
        Err(told) => {
            // Help and the version are answers. What was mistyped must not be mistaken for what a command
            // found: clap would end with 2, which is "indeterminate" to whoever reads `verify`.
            let _ = told.print();
            return if told.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match cuulong::cli::run(command) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("cuulong: {problem}");
            ExitCode::FAILURE
        }
    }
}
