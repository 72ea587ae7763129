//! What the layer costs: instructions and allocations of a request, counted by valgrind. Its processor may have no instructions for SHA-256:
//! then a hash counts for more there than it takes.

use benches::race::Contender as _;
use benches::valgrind::{Cost, cost_of, is_there};

use crate::{Asked, Failure, layer};

/// The first argument of this program where it is run by valgrind.
pub(crate) const FLAG: &str = "calls";

const CALLS: u32 = 1_000;

/// Prints what each contender of the layer costs.
pub(crate) fn print(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("cost") {
        return Ok(());
    }
    if !is_there() {
        println!("SKIPPED: instructions and allocations. Install valgrind.");
        return Ok(());
    }
    println!(
        "| a request, the client's side of it included | instructions | allocations | bytes of them |\n|---|---|---|---|"
    );
    for question in ["fresh", "replay"] {
        for name in layer::NAMES {
            let Cost { instructions, allocations, bytes } = cost_of(&[FLAG, question, name], CALLS)?;
            println!("| {question}, {name} | {instructions:.0} | {allocations:.1} | {bytes:.0} |");
        }
    }
    println!();
    Ok(())
}

/// Makes calls: of a question, of a contender, so many.
pub(crate) fn calls(arguments: &[String]) -> Result<(), Failure> {
    let [question, name, calls] = arguments else { return Err("a question, a contender, a number".into()) };
    let calls: u64 = calls.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let caller = if question == "fresh" { layer::fresh(name)? } else { layer::replay(name).await? };
        for number in 0..calls {
            caller.call(number).await?;
        }
        Ok(())
    })
}
