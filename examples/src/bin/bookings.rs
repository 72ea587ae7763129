//! `cargo run -p examples --bin bookings`

fn main() -> std::process::ExitCode {
    examples::bookings::main()
}
