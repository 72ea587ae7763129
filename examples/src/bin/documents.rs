//! `cargo run -p examples --bin documents`

fn main() -> std::process::ExitCode {
    examples::documents::main()
}
