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
        an_empty_database_has_nothing_but_the_time
        what_was_written_is_loaded_one_by_one_and_together
        the_order_asked_is_the_order_given
        names_compare_by_their_bytes
        an_alias_leads_to_its_transition
        a_key_of_nothing_that_is_a_machine_has_no_run
    }
    write {
        a_stale_version_writes_nothing
        a_machine_that_is_there_cannot_start
        a_machine_that_is_not_there_cannot_move
        one_lost_machine_of_many_loses_all
        a_known_key_writes_nothing
        an_expired_key_is_taken_over
        a_key_is_of_one_row
        of_two_commands_under_one_key_one_wins
        a_key_alone_is_recorded
        several_transitions_of_one_machine_are_one_write
        messages_keep_their_order
        many_are_written_at_once
        awkward_values_come_back_as_they_were
        an_error_that_is_not_a_lost_race_is_an_error
        of_two_writers_at_once_one_wins
        a_wait_for_a_lock_ends
    }
    money {
        accounts_open_themselves
        changes_are_relative_and_entries_are_dense
        a_balance_out_of_bounds_writes_nothing
        the_way_counts_not_only_the_end
        a_key_of_an_entry_beside_one_machine_stands_in_that_entry
        a_refusal_has_its_key_and_is_no_entry
        of_two_changes_under_one_key_one_wins
        sixty_four_bits_are_the_last_bound
        locked_accounts_are_given_in_the_order_asked
    }
    joined {
        a_write_belongs_to_its_transaction
        a_lost_race_leaves_the_transaction_usable
        a_lost_key_leaves_nothing_behind
        a_lost_key_of_a_change_leaves_nothing_behind
        a_lost_start_gives_its_entries_back
        an_expired_key_is_taken_over_within
        a_lost_start_gives_its_keys_back
    }
    reads {
        transitions_are_found_by_their_seq
        history_comes_in_pages
        machines_by_state_come_in_pages
        states_are_counted
        a_graph_is_stored_once_and_replaced_on_purpose
    }
    probe {
        a_commit_is_proved_and_so_is_its_absence
        a_first_writer_under_way_is_unknown what_proves_a_write_stays
    }
    schema {
        migrating_twice_is_migrating_once
        many_migrate_at_once
        every_table_with_a_scope_is_one_that_can_be_forgotten
        a_migration_cut_short_leaves_nothing
        missing_tables_are_a_class_of_error
        a_database_that_may_not_be_written_says_so
        no_statement_scans_a_table
    }
    statements {
        every_kind_and_shape_of_part_is_written
        no_statement_is_forgotten
        statements_are_as_they_were_read
    }
    update {
        no_update_scans_a_table
    }
}
