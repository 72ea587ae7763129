//! `cargo run -p examples --bin wallets`

fn main() -> std::process::ExitCode {
    examples::wallets::main()
}
