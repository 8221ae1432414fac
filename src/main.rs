//! The life of the process.

use std::process::ExitCode;

fn main() -> ExitCode {
    escucha::cli::main()
}
