//! `cargo run -p examples --bin generate -- --seed 7 --lines 12000`: deliveries for `payments`.

fn main() -> std::process::ExitCode {
    examples::payments::generate::main()
}
