//! The list of all clauses: a new clause that is in it runs on every store.

/// Calls `$run!` with the folders and files of the suite and their clauses: first those that speak to a
/// [`Case`](crate::conformance::Case), then those that speak to a [`Subject`](crate::conformance::Subject).
#[macro_export]
macro_rules! for_each_clause {
    ($run:ident) => {
        $run! {
            cases {
                commands {
                    answer {
                        row_a_repeat_returns_original_outcome,
                        row_a_repeat_after_later_transition_returns_original_outcome,
                        row_b_other_payload_under_used_key_is_refused,
                        row_b_other_command_under_used_key_is_refused,
                        row_c_rejection_writes_nothing_and_leaves_key_free,
                        row_d_new_key_on_command_that_ran_returns_its_outcome,
                        row_e_other_payload_of_command_that_ran_is_refused,
                        row_f_illegal_command_error_lists_legal_commands,
                        row_f_new_key_on_repeatable_command_is_new_request,
                        repeatable_command_without_key_is_refused,
                    }
                    natural {
                        command_without_key_repeat_returns_original_outcome,
                        per_visit_command_without_key_runs_once_per_visit,
                        per_visit_command_without_key_is_replayed_after_its_visit,
                        command_without_key_with_other_payload_is_refused,
                    }
                    facts {
                        repeat_with_other_fact_returns_original_outcome,
                        repeat_with_same_fact_and_other_payload_is_refused,
                    }
                    money {
                        transition_repeated_moves_money_and_emits_message_once,
                        step_out_of_bounds_takes_other_step_and_replays_it,
                        step_out_of_bounds_without_other_step_changes_nothing,
                        step_beyond_64_bits_takes_other_step,
                    }
                    operate {
                        repeat_after_override_returns_original_outcome,
                        override_without_reopen_starts_no_visit,
                        override_with_reopen_starts_new_visit,
                    }
                }
            }
            subjects {
                stored {
                    audit {
                        verify_of_every_kind_of_transition_finds_no_difference,
                        verify_of_edited_rows_reports_each_edit,
                        verify_during_another_command_finds_no_difference,
                        machine_version_out_of_range_is_refused_by_table,
                        rebuild_of_edited_or_deleted_row_restores_it,
                        rebuild_during_another_command_keeps_its_transition,
                        rebuild_of_history_with_gap_is_refused,
                        command_whose_transition_was_deleted_does_not_run_again,
                    }
                    bad_input {
                        key_or_machine_id_with_unfit_text_is_refused,
                        payload_over_limit_is_refused,
                        payload_text_is_stored_unchanged,
                        command_batch_item_with_unfit_id_is_refused_alone,
                    }
                    batch {
                        command_batch_is_answered_like_calls_in_sequence,
                        key_twice_in_command_batch_has_one_effect,
                        refused_item_of_command_batch_changes_nothing,
                        command_batch_larger_than_group_is_applied_in_order,
                    }
                    concurrency {
                        concurrent_repeats_of_command_have_one_effect,
                        concurrent_repeats_from_two_pools_have_one_effect,
                        concurrent_commands_on_one_machine_each_have_one_effect,
                        key_used_on_two_machines_at_once_has_one_effect,
                    }
                    evolution {
                        state_or_command_renamed_with_was_is_still_read,
                        state_of_newer_release_is_retryable_error,
                        unreadable_row_hides_no_other_row_in_pages,
                        repeat_after_new_optional_field_is_replayed,
                        start_with_command_after_new_optional_field_is_replayed,
                        unknown_stored_state_is_named_in_error,
                        unknown_stored_command_is_named_in_error,
                        command_with_undecodable_outcome_does_not_run_again,
                        other_machine_under_same_name_is_refused,
                        two_releases_in_one_group_see_each_others_states,
                    }
                    forget {
                        forgotten_command_is_known_and_runs_no_second_time,
                        forgotten_change_of_ledger_is_known_and_proved,
                        forgotten_rejection_is_known_and_not_applied,
                        forgotten_alias_keeps_answer_of_another_scope,
                        forget_that_is_stopped_is_resumed_where_it_was,
                        forget_with_unfit_scope_or_progress_is_refused,
                    }
                    keys {
                        key_that_looks_alike_is_another_key,
                        machine_id_that_looks_alike_is_another_machine,
                        key_of_another_scope_is_another_key,
                        key_used_on_another_machine_is_refused,
                        alias_key_without_retention_is_free_again,
                        alias_key_without_retention_is_replayed_within_batch,
                        remembered_outcome_hides_no_call_of_another_process,
                        expired_alias_key_is_taken_over_by_other_command,
                        alias_key_or_remembered_refusal_is_in_no_history,
                    }
                    operate {
                        override_under_key_is_replayed_and_in_history,
                        override_of_missing_machine_is_refused,
                    }
                    reads {
                        machine_before_start_has_no_state_and_no_history,
                        history_lists_each_transition_in_pages,
                        machines_in_state_are_listed_in_pages,
                        count_by_state_counts_machines_of_one_name,
                        entry_time_is_from_database_clock,
                    }
                    values {
                        value_of_every_type_is_read_back_unchanged,
                        state_or_command_with_wire_name_is_read_back,
                        value_that_reads_back_differently_is_refused,
                        payloads_that_differ_beyond_64_bits_are_two_requests,
                    }
                    sweep {
                        sweep_deletes_expired_keys_and_nothing_else,
                        sweep_deletes_oldest_keys_in_batches,
                        concurrent_sweeps_delete_each_key_once,
                        background_sweeper_deletes_all_that_expired,
                    }
                    rejections {
                        remembered_rejection_is_replayed,
                        remembered_rejection_is_seen_in_transaction_batch_and_group,
                        expired_rejection_is_decided_again,
                        rejection_of_other_release_is_read_or_undecodable,
                        rejection_without_reader_in_this_release_is_retryable,
                        rejection_of_start_with_command_compares_its_start,
                    }
                    start {
                        start_repeat_is_replayed_and_other_data_is_refused,
                        command_before_needed_start_is_refused,
                        command_on_machine_without_initial_data_starts_it,
                        key_of_edited_or_deleted_machine_is_replayed,
                        start_under_key_is_one_request,
                        start_with_command_is_one_request,
                        concurrent_starts_with_command_have_one_effect,
                    }
                }
                outbox {
                    machines {
                        messages_of_machine_are_numbered_without_gap,
                        rebuild_restores_number_of_messages,
                        message_of_machine_has_key_headers_and_correlation,
                        step_with_unfit_message_is_refused,
                    }
                    relay {
                        relay_delivers_messages_as_emitted_and_deletes_them,
                        failed_message_holds_up_its_machine_alone,
                        parked_message_holds_its_machine_until_released_or_dropped,
                        messages_go_on_behind_a_parked_one_on_demand,
                        batch_of_large_messages_is_bounded,
                        message_with_unreadable_headers_is_parked,
                        message_deleted_while_it_waits_is_forgotten,
                        unavailable_sink_uses_up_no_attempt,
                        one_relay_works_at_a_time_and_is_woken,
                        message_that_is_committed_late_is_delivered,
                        owner_that_lost_its_lock_deletes_nothing,
                        positions_from_a_cache_are_refused,
                    }
                    transactions {
                        message_of_transaction_is_written_with_it,
                        messages_of_sequence_are_numbered_without_gap,
                        payload_of_bytes_is_stored_as_given,
                        unfit_message_is_refused_and_transaction_goes_on,
                        message_of_sequence_in_use_waits_for_it,
                    }
                }
                transactions {
                    atomicity {
                        transaction_commit_keeps_command_and_row_of_caller,
                        transaction_rollback_or_drop_keeps_nothing,
                        adopted_transaction_commits_and_rolls_back_commands,
                        command_dropped_in_transaction_breaks_it_or_has_no_effect,
                    }
                    calls {
                        repeat_in_transaction_returns_uncommitted_outcome,
                        refused_command_leaves_transaction_usable,
                        correlation_of_transaction_is_given_to_its_commands,
                    }
                    closures {
                        transaction_closure_with_noted_failure_runs_again,
                        transaction_closure_that_dropped_a_call_runs_once,
                        rollback_that_is_not_awaited_applies_nothing,
                        transaction_ended_by_its_closure_runs_once,
                        transaction_kept_beyond_its_closure_is_rolled_back,
                        commit_dropped_by_its_closure_has_unknown_effect,
                        transaction_closure_runs_in_spawned_task,
                    }
                    ended {
                        transaction_ended_by_rollback_statement_refuses_calls,
                        transaction_ended_by_commit_statement_is_applied_or_unknown,
                        transaction_ended_by_commit_without_proving_row_is_unknown,
                        transaction_ended_by_commit_after_many_calls_is_not_denied,
                        transaction_ended_by_commit_and_begun_again_is_not_denied,
                        transaction_ended_by_statement_and_dropped_leaves_pool_usable,
                        savepoint_rollback_of_some_calls_keeps_the_others,
                        savepoint_rollback_of_all_calls_commits_nothing,
                    }
                    units {
                        transaction_closure_that_fails_has_no_effect,
                        transaction_refused_by_constraint_runs_once,
                        concurrent_transactions_each_have_one_effect,
                        transactions_that_lock_rows_first_do_not_deadlock,
                        row_name_with_unfit_text_is_refused,
                        account_opened_in_rolled_back_transaction_keeps_no_unit,
                    }
                    waiting {
                        repeat_of_uncommitted_command_waits_within_deadline,
                        transaction_without_free_connection_is_tried_again,
                        adopted_transaction_waits_for_lock_within_lock_wait,
                        concurrent_transactions_wait_only_where_one_writes_at_a_time,
                    }
                }
                groups {
                    callers {
                        rule_panic_in_group_reaches_only_its_caller,
                        state_decode_panic_in_group_reaches_only_its_caller,
                        remembered_refusal_repeated_in_group_leaves_others_unaffected,
                        call_dropped_outside_runtime_leaves_waiting_calls_unaffected,
                        group_calls_of_many_callers_are_all_answered,
                        cancelled_caller_leaves_group_unaffected,
                        runtime_that_ends_leaves_no_group_call_waiting,
                    }
                    many_callers {
                        grouped_commands_on_one_machine_have_dense_numbers,
                        grouped_changes_of_one_account_have_dense_entries,
                        change_that_fits_alone_is_not_refused_in_group,
                        hold_expired_at_once_refuses_no_call_of_its_group,
                        group_call_gets_its_own_answer,
                        key_of_change_grouped_with_command_names_its_own_entry,
                        groups_of_two_instances_on_same_rows_lose_no_call,
                        change_repeated_on_two_instances_has_one_effect,
                    }
                    held {
                        lock_of_other_transaction_delays_no_unrelated_call,
                        group_call_past_its_deadline_has_no_effect,
                        repeat_in_group_of_timed_out_call_is_not_applied,
                        lock_of_other_transaction_is_waited_for_within_lock_wait,
                    }
                    limits {
                        group_size_is_limited_by_settings,
                        group_calls_beyond_max_waiting_are_all_answered,
                        shutdown_answers_running_calls_and_refuses_new_ones,
                        group_commit_on_pool_of_caller_answers_all_calls,
                    }
                }
                ledger {
                    audit {
                        audit_of_every_kind_of_entry_is_sound,
                        audit_of_many_pages_is_sound,
                        audit_during_writes_is_sound,
                        audit_finds_each_edit_of_ledger_tables,
                        audit_report_lists_first_findings_and_counts_all,
                    }
                    batches {
                        ledger_batch_item_sees_items_before_it,
                        ledger_batch_repeat_is_replayed,
                        ledger_batch_in_transaction_commits_or_rolls_back_with_it,
                        ledger_batch_of_10000_is_written_and_larger_is_refused,
                        ledger_batch_item_beyond_64_bits_is_refused_alone,
                    }
                    bounds {
                        change_out_of_bounds_writes_nothing,
                        change_beyond_64_bits_is_refused,
                        remembered_refusal_is_replayed,
                        concurrent_changes_stay_within_bounds,
                    }
                    deltas {
                        change_repeat_returns_original_entry,
                        concurrent_repeats_of_change_have_one_effect,
                        other_change_under_used_key_is_refused,
                        set_balance_repeat_changes_nothing,
                        concurrent_set_balances_have_consecutive_entries,
                        change_with_stale_expected_version_is_refused,
                        concurrent_changes_expecting_one_version_have_one_effect,
                    }
                    holds {
                        hold_reduces_available_balance,
                        capture_of_part_leaves_rest_of_hold,
                        refused_capture_leaves_hold_unchanged,
                        expired_hold_is_released_when_debit_needs_it,
                        release_of_ended_hold_writes_empty_entry,
                        hold_of_longest_lifetime_passes_audit,
                        capture_refused_for_ended_hold_can_be_remembered,
                        many_expired_holds_are_released_for_one_debit,
                        expired_hold_makes_no_expected_version_stale,
                        concurrent_captures_take_no_more_than_is_held,
                    }
                    metadata {
                        metadata_of_each_kind_of_change_stands_in_all_its_entries,
                        metadata_of_replay_is_that_of_first_call,
                        metadata_that_differs_is_another_request,
                        metadata_of_remembered_refusal_is_compared,
                        metadata_that_was_changed_is_found_by_audit,
                    }
                    moments {
                        repeat_is_not_refused_for_money_first_call_spent,
                        repeat_in_transaction_is_not_refused_for_money_first_call_spent,
                        repeat_in_group_is_not_refused_for_money_first_call_spent,
                        decline_is_decided_on_balance_at_write,
                        ledger_batch_is_decided_on_balance_at_write,
                    }
                    opening {
                        account_opens_unbounded_at_first_change,
                        account_opened_again_with_other_bounds_is_refused,
                        account_with_entries_refuses_unit_and_tally,
                        closed_account_refuses_changes_and_answers_repeats,
                        account_closed_after_clock_set_back_passes_audit,
                        transfer_between_units_is_refused,
                    }
                    reads {
                        entries_are_listed_in_pages,
                        entries_of_time_range_are_found,
                        account_balance_after_entry_or_at_time_is_known,
                        account_name_is_kept_byte_for_byte_or_refused,
                        entry_with_invalid_edited_key_has_no_key,
                    }
                    steps {
                        step_with_hold_capture_and_release_moves_money_once,
                        step_with_refused_hold_or_capture_takes_other_step,
                        hold_of_step_is_captured_and_released_by_ledger,
                        machine_with_expired_hold_cancels_or_declines,
                        step_with_ledger_error_takes_no_other_step,
                        concurrent_commands_and_changes_share_one_account,
                        step_with_changes_beyond_64_bits_in_sum_is_refused,
                    }
                    tallies {
                        tally_entry_has_no_balance_and_is_replayed,
                        tally_takes_part_in_transfers_and_postings,
                        tally_refuses_changes_that_need_balance,
                        tally_balance_at_time_is_sum_of_entries,
                        tally_change_beyond_64_bits_is_refused,
                        concurrent_tally_changes_stay_within_64_bits,
                        tally_with_uncommitted_change_accepts_largest_change,
                        step_beyond_tally_limit_takes_other_step,
                        concurrent_transfers_to_tally_lose_nothing,
                        tally_credit_waits_for_no_uncommitted_credit,
                    }
                    transfers {
                        transfer_writes_both_entries_or_none,
                        transfer_of_zero_or_negative_amount_writes_two_entries,
                        posting_writes_all_entries_in_order_or_none,
                        posting_of_1000_entries_is_written_and_larger_is_refused,
                        concurrent_transfers_in_opposite_directions_do_not_deadlock,
                    }
                    within {
                        ledger_call_in_transaction_sees_calls_before_it,
                        refused_change_leaves_transaction_usable,
                        command_and_change_in_transaction_commit_together,
                        change_dropped_in_transaction_breaks_it_or_has_no_effect,
                        concurrent_transactions_with_transfers_each_have_one_effect,
                    }
                }
                updates {
                    altered {
                        update_matching_two_rows_after_dropped_index_is_refused,
                        update_of_recreated_table_uses_new_columns,
                        update_of_dropped_column_in_transaction_is_refused,
                        update_expecting_dropped_column_is_refused,
                        table_description_of_rolled_back_transaction_is_forgotten,
                        update_skipped_by_trigger_is_refused,
                        update_repeat_after_counting_trigger_returns_first_version,
                    }
                    concurrency {
                        concurrent_repeats_of_update_have_one_effect,
                        update_of_locked_row_waits_within_lock_wait,
                        stale_update_is_retried_until_version_matches,
                    }
                    deletes {
                        delete_with_met_expectation_removes_row,
                        delete_repeat_returns_first_answer,
                        delete_of_row_at_last_version_removes_it,
                    }
                    expectations {
                        update_with_met_expectation_writes_next_version,
                        update_of_stale_or_missing_row_writes_nothing,
                        update_with_unmet_column_expectation_is_stale,
                        update_of_table_without_versions_returns_version_0,
                        update_key_of_several_rows_is_refused,
                        update_beyond_last_version_is_refused,
                    }
                    joined {
                        update_in_transaction_shares_commit_and_rollback,
                        refused_update_leaves_transaction_usable,
                        update_repeat_in_transaction_returns_first_answer,
                        adopted_transaction_commits_and_rolls_back_updates,
                        update_dropped_in_transaction_breaks_it_or_has_no_effect,
                        dropped_update_and_its_repeat_have_one_effect,
                    }
                    keyed {
                        update_repeat_returns_first_answer,
                        update_of_forgotten_scope_still_replays,
                        other_update_under_used_key_is_refused,
                        refused_update_leaves_key_free,
                        expired_update_key_is_taken_over,
                        update_with_key_before_migration_is_refused,
                    }
                    tables {
                        update_of_unknown_table_or_column_names_it,
                        update_of_generated_column_is_refused,
                        update_after_schema_change_uses_new_schema,
                        update_against_check_constraint_is_refused,
                    }
                    upserts {
                        upsert_inserts_or_overwrites_row,
                        upsert_without_unique_index_is_refused,
                    }
                    values {
                        update_values_are_stored_unchanged,
                        update_with_unfit_value_is_refused,
                    }
                }
                operations {
                    once {
                        operation_repeat_returns_first_outcome,
                        operation_other_request_under_used_key_is_refused,
                        operation_commits_command_and_change_with_its_outcome,
                        operation_outcome_that_cannot_be_remembered_is_refused,
                        operation_with_unfit_name_is_refused,
                        operation_after_shutdown_is_refused,
                    }
                    closures {
                        operation_closure_that_fails_leaves_key_free,
                        operation_closure_that_panics_leaves_key_free,
                        operation_closure_that_rolls_back_is_remembered,
                        operation_closure_that_commits_is_refused,
                        operation_closure_that_keeps_transaction_is_refused,
                        operation_that_loses_race_runs_again_with_one_effect,
                        operation_closure_that_fails_after_another_call_is_replayed,
                    }
                    callers {
                        concurrent_calls_of_operation_have_one_effect_and_outcome,
                        other_request_during_first_call_of_operation_is_refused,
                        repeat_that_waited_for_failed_call_of_operation_works,
                    }
                    elsewhere {
                        call_of_operation_under_held_key_is_in_flight_after_its_wait,
                        call_of_operation_gets_outcome_that_holder_records_meanwhile,
                        call_of_operation_that_waited_for_writer_does_not_work_again,
                        unit_under_key_of_other_process_is_in_flight,
                    }
                    open_form {
                        seat_is_taken_until_it_and_its_unit_are_dropped,
                        seat_of_unfit_name_begins_nothing,
                        unit_that_is_given_up_leaves_key_free,
                        unit_outcome_is_remembered_byte_for_byte,
                        seat_remembers_outcome_without_effect,
                        outcome_recorded_before_unit_begins_is_found,
                        unit_that_completes_second_is_undone_and_gets_first_outcome,
                    }
                    retention {
                        expired_key_of_operation_is_new_request,
                        operation_is_remembered_for_its_retention,
                        forgotten_operation_is_known_and_runs_no_second_time,
                        operation_with_undecodable_outcome_does_not_run_again,
                    }
                    within {
                        operation_in_transaction_shares_commit_and_rollback,
                        operation_repeat_in_same_transaction_is_replayed,
                        failed_operation_in_transaction_is_undone_alone,
                        transaction_ended_by_operation_in_it_applies_nothing,
                        operation_without_its_savepoint_breaks_transaction,
                        operation_in_second_transaction_waits_for_first,
                        operation_in_transaction_closure_has_one_effect,
                        operation_within_operation_commits_with_it,
                        operation_in_transaction_is_superseded_once_its_machine_moves,
                    }
                    fences {
                        fenced_calls_of_owner_have_their_effect,
                        fenced_calls_after_take_over_write_nothing,
                        fenced_repeat_after_take_over_is_replayed,
                        refusal_under_fence_is_remembered,
                        fenced_calls_under_ended_lease_write_nothing,
                        fenced_calls_under_lease_of_other_store_go_by_epoch,
                    }
                    fenced_transactions {
                        transaction_that_met_fence_cannot_commit,
                        operation_that_met_fence_leaves_key_free,
                        take_over_waits_for_fenced_transaction,
                        resolve_waits_for_fenced_transaction,
                        claim_that_comes_after_its_lease_begins_nothing,
                        fenced_transactions_of_one_owner_share_their_claim,
                        transaction_fenced_by_lease_of_other_store_goes_by_epoch,
                    }
                }
                opening {
                    pools {
                        pool_without_connections_is_refused,
                        pool_of_one_connection_serves_every_call,
                        longest_wait_settings_are_accepted,
                        lock_wait_of_1_ms_does_not_limit_opening,
                    }
                    tables {
                        call_before_migration_is_refused,
                        migration_repeated_or_concurrent_succeeds,
                        printed_migration_sql_makes_usable_tables,
                        newer_schema_is_refused,
                        tables_of_two_prefixes_share_no_keys,
                    }
                    urls {
                        read_only_database_answers_reads_and_refuses_writes,
                        url_with_special_characters_names_its_database,
                        unusable_url_is_refused_with_reason,
                    }
                }
            }
        }
    };
}

/// Calls `$run!` with the files of the clauses about leases and their clauses: each speaks to a
/// [`LeaseSubject`](crate::conformance::leases::LeaseSubject).
#[macro_export]
macro_rules! for_each_lease_clause {
    ($run:ident) => {
        $run! {
            claims {
                completed_claim_is_remembered_by_every_process,
                other_request_under_claimed_key_is_refused,
                abandoned_claim_is_lost_or_taken_over,
                checkpoint_is_seen_by_owner_that_resumes,
                owner_whose_claim_was_taken_over_is_fenced,
                owner_that_completes_after_winner_gets_its_outcome,
                late_owner_that_nobody_took_over_completes,
            }
            operators {
                lost_claims_of_operation_are_listed,
                lost_claim_resolved_as_completed_is_remembered,
                lost_claim_resolved_as_not_done_is_free,
                claim_that_is_not_lost_cannot_be_resolved,
            }
            expiry {
                expired_outcome_is_new_request,
                claim_is_never_swept,
                epochs_of_key_grow,
                clock_set_on_during_claim_loses_no_outcome,
                clock_set_back_during_claim_loses_no_outcome,
            }
            live {
                lease_is_renewed_while_its_owner_works,
                owner_learns_that_another_has_taken_over,
                owner_whose_thread_was_blocked_beyond_its_lease_stops,
            }
            locks {
                lock_lets_one_in_at_a_time,
                lock_of_endless_length_holds,
                lock_that_is_held_is_in_flight_until_it_is_released,
                lock_is_acquired_by_caller_that_waits_for_it,
                lock_whose_lease_is_over_is_taken_over,
                lock_with_unfit_name_is_refused,
            }
            closures {
                concurrent_leased_calls_have_one_effect_and_outcome,
                leased_call_under_claimed_key_waits_for_its_owner,
                leased_work_that_was_not_done_leaves_key_free,
                leased_work_of_unknown_end_is_lost_or_done_again,
                leased_work_that_panics_is_lost,
                leased_work_whose_outcome_cannot_be_recorded_is_unknown,
                leased_call_dropped_at_each_poll_has_no_second_effect,
                leased_work_that_blocks_beyond_its_lease_is_not_polled_again,
                repeat_gets_on_when_lease_of_silent_owner_is_over,
            }
        }
    };
}
