//! `cuulong`: a province's e-government in one binary.

use std::process::ExitCode;

use clap::Parser;

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
