//! `cargo run -p examples --bin payments`: see `--help`.

fn main() -> std::process::ExitCode {
    examples::payments::cli::main()
}
