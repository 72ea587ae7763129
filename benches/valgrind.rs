//! What a call costs, counted by valgrind: this very program, run twice with different numbers of calls.

use std::process::{Command, Output};

use crate::Failure;

/// What one call costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Instructions of this process.
    pub instructions: f64,
    /// Allocations.
    pub allocations: f64,
    /// Bytes of all of them.
    pub bytes: f64,
}

/// Whether valgrind can be run.
pub fn is_there() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// What a call costs. The program, given these arguments and a number, makes so many calls in one thread.
///
/// # Errors
/// What valgrind says.
pub fn cost_of(arguments: &[&str], calls: u32) -> Result<Cost, Failure> {
    let instructions = |times: u32| {
        let text = run(&["--tool=callgrind", "--callgrind-out-file=/dev/null"], arguments, calls * times)?;
        number(&text, "Collected : ", "\n")
    };
    let heap = |times: u32| {
        let text = run(&["--tool=memcheck", "--leak-check=no", "--undef-value-errors=no"], arguments, calls * times)?;
        Ok::<_, Failure>((number(&text, "total heap usage: ", " allocs")?, number(&text, "frees, ", " bytes")?))
    };
    // The difference is of calls alone, without what begins and ends the program.
    let per_call = |one: f64, three: f64| (three - one) / 2.0 / f64::from(calls);
    let (one, three) = (heap(1)?, heap(3)?);
    Ok(Cost {
        instructions: per_call(instructions(1)?, instructions(3)?),
        allocations: per_call(one.0, three.0),
        bytes: per_call(one.1, three.1),
    })
}

fn run(tool: &[&str], arguments: &[&str], calls: u32) -> Result<String, Failure> {
    let program = std::env::current_exe()?;
    let mut command = Command::new("valgrind");
    let Output { status, stderr, .. } =
        command.args(tool).arg(program).args(arguments).arg(calls.to_string()).output()?;
    let text = String::from_utf8_lossy(&stderr).into_owned();
    if status.success() { Ok(text) } else { Err(format!("valgrind: {text}").into()) }
}

/// The number between two texts.
fn number(text: &str, before: &str, after: &str) -> Result<f64, Failure> {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    let (digits, _) = found.ok_or_else(|| format!("valgrind says nothing of `{before}`: {text}"))?;
    Ok(digits.trim().replace(',', "").parse()?)
}
