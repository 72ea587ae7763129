//! What must compile: programs of users, each a module, which also run. What must not compile is in `tests/ui`.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::exhaustive_enums,
    clippy::unwrap_used,
    reason = "each is written as a whole program, of which not all runs"
)]

// Another name for the dependency, which only the root of a crate can give: `renamed_dependency` uses it.
extern crate idem_core as harmless;

mod cfg;
mod commands_from_outside;
mod decoded_commands;
mod different_targets;
// Public, so that the lint for missing documentation reads it.
pub mod documented_commands;
mod endless;
mod facts;
mod foreign_types;
mod made_by_a_macro;
mod module_renamed;
mod names_in_generated_code;
mod names_of_commands;
mod names_on_the_wire;
mod no_implicit_prelude;
mod one_state;
mod outcome_without_clone;
mod per_visit;
mod private_modules;
mod raw_identifiers;
mod readme;
mod remembered_rejections;
mod renamed_dependency;
mod repeated_derives;
mod rules_that_write_themselves;
mod serde_paths;
mod several_machines;
mod shadowed_names;
mod stored_handles;
mod struct_named_like_variant;
mod two_hundred_commands;
mod two_hundred_states;
mod variants_of_every_shape;
