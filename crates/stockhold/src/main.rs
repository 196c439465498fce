//! The `stockhold` program: see `stockhold --help`.

fn main() -> std::process::ExitCode {
    stockhold::cli::run()
}
