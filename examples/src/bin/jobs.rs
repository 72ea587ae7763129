//! `cargo run -p examples --bin jobs`

fn main() -> std::process::ExitCode {
    examples::jobs::main()
}
