//! `cuulong`: a province's e-government in one binary.

use std::process::ExitCode;

use clap::Parser;

/// Requests and loads make values on one thread and drop them on another, which costs glibc's allocator dearly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = cuulong::cli::Cli::parse();
    match cuulong::cli::run(command) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("cuulong: {problem}");
            ExitCode::FAILURE
        }
    }
}
