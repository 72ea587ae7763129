//! Every method of every store, by the same tests: a difference between databases is a parameter of [`Ground`].

mod ground;
mod joined;
mod load;
mod money;
#[cfg(feature = "postgres")]
mod only_postgres;
mod probe;
mod reads;
mod sample;
mod schema;
mod statements;
mod update;
mod write;

use ground::run;

/// A test per store for each function that takes a fresh database.
macro_rules! on_every_store {
    ($($topic:ident { $($test:ident)* })*) => {
        #[cfg(feature = "sqlite")]
        mod on_sqlite { $($(
            #[test]
            fn $test() {
                super::run::<sqlx::Sqlite, _>(super::$topic::$test);
            }
        )*)* }

        #[cfg(feature = "postgres")]
        mod on_postgres { $($(
            #[test]
            fn $test() {
                super::run::<sqlx::Postgres, _>(super::$topic::$test);
            }
        )*)* }
    };
}

on_every_store! {
    load {
        load_from_empty_database_returns_only_time
        load_of_one_or_many_returns_written_rows
        load_returns_rows_in_requested_order
        machine_ids_are_compared_by_bytes
        load_of_alias_key_returns_its_transition
        load_of_alias_key_without_machine_returns_no_transition
    }
    write {
        write_with_stale_version_writes_nothing
        start_of_existing_machine_writes_nothing
        transition_of_missing_machine_writes_nothing
        write_with_one_lost_machine_writes_nothing
        write_under_known_key_writes_nothing
        expired_key_is_taken_over_by_write
        key_of_transition_or_alias_is_unique
        concurrent_commands_under_one_key_have_one_winner
        alias_key_alone_is_recorded
        several_transitions_of_one_machine_are_written_together
        messages_of_write_keep_their_order
        write_of_300_machines_stores_all
        values_with_special_characters_are_read_back_unchanged
        write_of_existing_transition_without_machine_is_error
        concurrent_writers_of_one_version_have_one_winner
        write_of_locked_row_ends_as_busy
    }
    money {
        write_to_unknown_account_opens_it
        account_changes_are_relative_and_entries_dense
        write_out_of_account_bounds_writes_nothing
        account_bounds_hold_after_each_entry
        key_of_entry_beside_machine_is_stored_in_that_entry
        refusal_is_stored_with_key_and_is_no_entry
        concurrent_changes_under_one_key_have_one_winner
        write_beyond_64_bits_of_account_writes_nothing
        locked_accounts_are_returned_in_requested_order
    }
    joined {
        joined_write_commits_or_rolls_back_with_transaction
        joined_write_that_loses_race_leaves_transaction_usable
        joined_write_that_loses_key_writes_nothing
        joined_change_that_loses_key_writes_nothing
        joined_start_that_loses_removes_its_entries
        expired_key_is_taken_over_by_joined_write
        joined_start_that_loses_frees_its_keys
    }
    reads {
        transitions_are_found_by_seq
        history_is_read_in_pages
        machines_by_state_are_read_in_pages
        machines_are_counted_by_state
        stored_graph_is_replaced_only_if_expected
    }
    probe {
        probe_proves_commit_or_its_absence
        probe_during_running_write_is_unknown alias_key_that_expires_soon_is_no_witness
    }
    schema {
        migration_repeated_changes_nothing
        concurrent_migrations_all_succeed
        table_with_scope_can_be_forgotten
        position_of_deleted_message_is_not_given_again
        failed_migration_leaves_nothing
        missing_tables_are_schema_error
        write_to_read_only_database_is_read_only_error
        statement_plans_scan_no_table
    }
    statements {
        every_kind_and_shape_of_part_has_statement
        empty_statements_are_those_unused_by_database
        statements_equal_reviewed_files
    }
    update {
        update_plans_scan_no_table
    }
}
