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
                        a_repeat_gets_the_original_outcome,
                        a_repeat_gets_it_whatever_the_state_is_now,
                        b_another_payload_under_the_key_is_refused,
                        b_another_command_under_the_key_is_refused,
                        c_a_rejection_writes_nothing_and_leaves_the_key_free,
                        d_a_new_key_is_answered_by_the_state_reached,
                        e_another_payload_of_what_ran_is_refused,
                        f_what_is_not_legal_is_refused_with_what_is,
                        f_a_new_key_is_a_new_request,
                        without_a_key_an_ambiguous_command_is_refused,
                    }
                    natural {
                        names_a_command_that_runs_once,
                        runs_once_per_visit,
                        is_answered_after_the_visit_ended,
                        tells_another_payload_apart,
                    }
                    facts {
                        the_first_wins,
                        are_no_part_of_the_request,
                    }
                    money {
                        moves_with_the_transition_and_once,
                        that_does_not_fit_takes_the_other_step_and_is_remembered,
                        that_does_not_fit_is_refused_and_leaves_no_trace,
                        sixty_four_bits_are_a_bound,
                    }
                    operate {
                        a_repeat_after_an_override_gets_the_original_outcome,
                        an_override_opens_no_new_visit,
                        a_reopened_state_is_a_new_visit,
                    }
                }
            }
            subjects {
                stored {
                    audit {
                        verify_agrees_with_what_the_rules_did,
                        verify_reports_what_other_hands_changed,
                        verify_sees_one_moment,
                        a_version_that_is_none_is_refused,
                        rebuild_mends_a_changed_or_lost_row,
                        rebuild_undoes_nothing,
                        rebuild_refuses_a_history_with_a_gap,
                        a_run_that_is_lost_is_not_run_again,
                    }
                    bad_input {
                        names_that_do_not_fit_are_refused,
                        a_payload_over_the_limit_is_refused,
                        text_is_stored_as_it_is,
                        an_unfit_item_of_a_batch_harms_no_other,
                    }
                    batch {
                        answers_as_one_after_the_other,
                        one_key_twice_has_one_effect,
                        a_refused_item_in_the_middle_leaves_no_trace,
                        more_than_one_group,
                    }
                    concurrency {
                        duplicates_of_one_key_have_one_effect,
                        duplicates_from_two_pools_have_one_effect,
                        different_keys_on_one_machine_all_have_theirs,
                        one_key_on_two_machines_has_one_effect,
                    }
                    evolution {
                        renamed_states_and_commands_are_still_read,
                        what_a_newer_release_wrote_is_retryable,
                        what_cannot_be_read_hides_no_other,
                        a_new_optional_field_is_no_difference,
                        a_new_optional_field_of_a_start_with_a_command_is_no_difference,
                        an_unknown_stored_state_is_named,
                        an_unknown_stored_command_is_named,
                        an_outcome_that_no_longer_decodes_does_not_run_again,
                        another_machine_under_the_name_is_refused,
                        two_releases_in_one_group_keep_their_states,
                    }
                    forget {
                        forgotten_command_is_known_and_runs_no_second_time,
                        forgotten_change_of_the_ledger_is_known_and_proved,
                        forgotten_rejection_is_known_and_not_applied,
                        forgotten_alias_keeps_the_answer_of_another_scope,
                        forget_that_is_stopped_is_resumed_where_it_was,
                        forget_of_what_is_no_scope_is_refused,
                    }
                    keys {
                        that_look_alike_stay_apart,
                        ids_that_look_alike_stay_apart,
                        a_scope_is_part_of_the_key,
                        one_key_names_one_machine,
                        an_expired_alias_is_free,
                        a_second_key_that_is_kept_for_no_time_answers_twice,
                        what_is_remembered_is_what_is_stored,
                        an_expired_alias_is_taken_over,
                        what_is_no_effect_is_in_no_history,
                    }
                    operate {
                        an_override_is_keyed_and_recorded,
                        an_override_needs_a_machine,
                    }
                    reads {
                        nothing_is_there_before_the_start,
                        history_tells_what_happened_in_pages,
                        machines_by_state_come_in_pages,
                        machines_are_counted_by_state,
                        the_time_is_the_databases,
                    }
                    values {
                        come_back_as_they_were,
                        states_have_other_names_on_the_wire,
                        that_do_not_come_back_are_refused,
                        two_numbers_are_two_requests,
                    }
                    rejections {
                        a_repeat_is_rejected_as_before,
                        copies_are_rejected_alike,
                        an_expired_rejection_is_decided_anew,
                        another_release_reads_what_it_can,
                        with_a_start_the_start_is_part_of_it,
                    }
                    start {
                        a_repeat_replays_and_other_data_is_refused,
                        is_needed_where_the_initial_state_carries_data,
                        is_implicit_where_it_carries_nothing,
                        is_found_by_a_key_whatever_became_of_the_machine,
                        under_a_key_is_one_request,
                        with_a_command_is_one_request,
                        with_a_command_by_many_has_one_effect,
                    }
                }
                transactions {
                    atomicity {
                        commit_keeps_both_sides,
                        rollback_and_drop_keep_neither,
                        an_adopted_transaction_is_the_same,
                        a_dropped_call_breaks_the_transaction_or_leaves_no_trace,
                    }
                    calls {
                        a_repeat_inside_sees_what_ran_inside,
                        a_refused_call_leaves_the_transaction_usable,
                    }
                    closures {
                        a_noted_failure_runs_the_closure_again,
                        a_closure_may_end_its_transaction,
                        a_transaction_that_is_kept_is_over,
                        a_commit_that_its_closure_drops_is_unknown,
                        a_transaction_runs_in_a_task,
                    }
                    ended {
                        by_a_rollback_takes_nothing_more,
                        by_a_commit_is_told_the_truth,
                        by_a_commit_is_not_denied,
                        by_a_commit_of_many_calls_is_not_denied,
                        by_a_commit_and_begun_anew_is_not_denied,
                        and_dropped_leaves_a_connection_to_begin_on,
                        in_part_by_a_savepoint_keeps_the_rest,
                        whole_by_a_savepoint_is_a_commit_of_nothing,
                    }
                    units {
                        a_unit_that_fails_leaves_nothing,
                        a_unit_that_the_database_refuses_runs_once,
                        units_that_race_all_succeed,
                        units_that_lock_first_run_once,
                        names_that_are_none_are_refused,
                        an_account_of_a_unit_that_is_gone_opens_as_a_plain_one,
                    }
                    waiting {
                        a_duplicate_waits_for_the_first_within_its_bound,
                        a_unit_waits_for_a_connection,
                        an_adopted_transaction_waits_within_the_bound,
                        two_transactions_wait_only_where_they_must,
                    }
                }
                groups {
                    callers {
                        a_rule_that_panics_panics_at_its_caller,
                        a_state_that_panics_panics_at_its_caller,
                        copies_of_a_refusal_harm_no_other,
                        a_call_dropped_outside_a_runtime_disturbs_nobody,
                        a_crowd_is_answered_to_the_last,
                        who_goes_away_disturbs_nobody,
                        a_runtime_that_ends_leaves_nobody_waiting,
                    }
                    crowds {
                        a_crowd_on_one_machine_is_answered_in_a_row,
                        a_crowd_on_one_account_is_answered_in_a_row,
                        what_fits_alone_is_not_refused_in_a_group,
                        a_hold_that_has_expired_at_once_refuses_no_call,
                        each_is_answered_for_itself,
                        a_change_beside_a_command_keeps_its_entry,
                        two_of_them_share_what_is_hot,
                        waves_of_two_have_each_effect_once,
                    }
                    held {
                        keeps_nobody_else_waiting,
                        a_deadline_ends_the_wait,
                        a_repeat_in_a_group_is_told_as_its_first,
                        is_waited_for_within_the_bound,
                    }
                    limits {
                        cut_a_group,
                        hold_back_who_finds_no_place,
                        a_shutdown_answers_whom_it_let_in,
                        are_those_of_a_pool_too,
                    }
                }
                ledger {
                    audit {
                        sound_books_are_found_sound,
                        books_of_many_pages_are_found_sound,
                        an_audit_sees_one_moment,
                        every_change_by_other_hands_is_found,
                        a_report_of_much_damage_is_short,
                    }
                    batches {
                        items_see_those_before_them,
                        a_repeated_batch_replays,
                        a_batch_is_part_of_a_transaction,
                        ten_thousand_fit,
                        absurd_sums_are_refused_one_by_one,
                    }
                    bounds {
                        what_leaves_them_is_not_written,
                        sixty_four_bits_are_bounds,
                        a_refusal_is_remembered_where_it_is_asked_for,
                        many_at_once_stay_within_them,
                    }
                    deltas {
                        a_repeat_gets_the_same_entry,
                        duplicates_at_once_change_the_balance_once,
                        another_change_under_the_key_is_refused,
                        a_balance_is_set_once,
                        balances_set_at_once_follow_one_another,
                        an_expected_version_is_compared,
                        one_of_many_expects_the_right_version,
                    }
                    holds {
                        what_is_held_is_not_available,
                        a_capture_takes_a_part,
                        a_refused_capture_keeps_the_hold,
                        an_expired_hold_gives_way,
                        what_is_gone_is_released_all_the_same,
                        a_hold_for_ever_is_proved,
                        a_capture_of_what_is_gone_can_be_remembered,
                        many_expired_holds_give_way,
                        what_expired_is_no_other_version,
                        captures_at_once_share_what_is_held,
                    }
                    metadata {
                        metadata_of_each_kind_of_change_stands_in_all_its_entries,
                        metadata_of_a_repeat_is_the_first_callers,
                        metadata_that_differs_is_another_request,
                        metadata_of_a_remembered_refusal_is_compared,
                        metadata_that_was_changed_is_found_by_an_audit,
                    }
                    moments {
                        a_repeat_is_not_refused_for_what_it_spent,
                        a_repeat_within_is_not_refused_for_what_it_spent,
                        a_repeat_in_a_group_is_not_refused_for_what_it_spent,
                        a_decline_is_of_the_balance_it_is_written_on,
                        a_batch_is_of_the_balance_it_is_written_on,
                    }
                    opening {
                        accounts_open_themselves,
                        opening_twice_is_opening_once,
                        a_nature_is_chosen_before_the_first_entry,
                        a_settled_account_can_be_closed,
                        an_account_is_closed_after_its_entries,
                        units_do_not_mix,
                    }
                    reads {
                        entries_come_in_pages,
                        entries_of_a_range_of_time_are_found,
                        balances_of_the_past_are_known,
                        names_are_kept_as_they_are,
                        a_key_that_was_edited_into_none_is_not_given,
                    }
                    steps {
                        hold_capture_and_release,
                        a_refused_step_takes_the_other,
                        the_ledger_goes_on_where_a_step_ended,
                        a_hold_that_was_let_go_holds_up_no_machine,
                        what_has_no_meaning_is_no_decline,
                        commands_and_changes_share_an_account,
                        the_changes_of_a_step_fit_64_bits_together,
                    }
                    tallies {
                        entries_count_without_a_balance,
                        they_take_part_in_postings,
                        what_needs_a_balance_is_refused,
                        balances_of_the_past_are_sums,
                        sixty_four_bits_are_a_bound,
                        many_at_once_stay_within_sixty_four_bits,
                        what_is_not_committed_has_room,
                        a_step_that_does_not_fit_takes_the_other,
                        many_customers_pay_at_once,
                        a_credit_waits_for_no_other,
                    }
                    transfers {
                        both_sides_or_none,
                        odd_amounts_move_what_they_say,
                        a_posting_is_whole,
                        a_posting_of_a_thousand,
                        opposite_directions_at_once_do_not_block,
                    }
                    within {
                        calls_see_one_another,
                        a_refused_change_leaves_the_transaction_usable,
                        commands_and_changes_commit_together,
                        a_dropped_change_is_never_half_made,
                        units_that_race_all_pay,
                    }
                }
                updates {
                    altered {
                        a_dropped_index_lets_no_second_row_be_written,
                        a_table_that_was_made_anew_is_described_anew,
                        a_column_that_goes_is_noticed_inside_a_transaction,
                        a_column_that_goes_is_noticed_at_the_load,
                        a_description_of_a_rolled_back_transaction_is_forgotten,
                        a_row_that_a_trigger_skips_is_told,
                        the_new_version_is_read_once,
                    }
                    concurrency {
                        duplicates_at_once_have_one_effect,
                        a_held_row_is_waited_for_within_the_bound,
                        stale_reads_are_tried_again,
                    }
                    deletes {
                        a_met_expectation_deletes,
                        a_repeat_of_a_delete_is_the_first_answer,
                        the_last_version_can_be_deleted,
                    }
                    expectations {
                        a_met_expectation_writes_and_counts_on,
                        stale_and_missing_are_told_apart,
                        columns_are_expected_too,
                        a_table_without_versions_is_updated_too,
                        a_key_of_several_rows_is_refused,
                        the_last_version_is_the_last,
                    }
                    joined {
                        commit_keeps_and_rollback_forgets,
                        a_refusal_leaves_the_transaction_usable,
                        a_repeat_inside_gets_the_first_answer,
                        an_adopted_transaction_is_the_same,
                        a_dropped_update_breaks_the_transaction_or_leaves_no_trace,
                        a_dropped_update_of_its_own_happens_whole_or_not,
                    }
                    keyed {
                        a_repeat_gets_the_first_answer,
                        another_update_under_the_key_is_refused,
                        a_refusal_leaves_the_key_free,
                        an_expired_key_is_taken_over,
                        without_tables_a_key_says_so,
                    }
                    tables {
                        what_is_not_there_is_named,
                        what_the_database_makes_is_not_set,
                        what_changes_in_the_schema_is_noticed,
                        a_constraint_of_the_table_is_told,
                    }
                    upserts {
                        an_upsert_inserts_or_overwrites,
                        an_upsert_needs_its_index,
                    }
                    values {
                        values_are_bound,
                        values_that_do_not_fit_are_refused,
                    }
                }
                opening {
                    pools {
                        a_pool_of_none_is_refused,
                        a_pool_of_one_is_enough,
                        waits_of_any_length_are_taken,
                        the_wait_for_others_is_no_wait_for_the_database,
                    }
                    tables {
                        without_tables_every_call_says_so,
                        migrating_twice_and_at_once_is_safe,
                        the_printed_sql_is_what_migrate_runs,
                        a_newer_database_is_refused,
                        two_prefixes_share_a_database,
                    }
                    urls {
                        a_read_only_database_says_so,
                        odd_urls_name_what_they_say,
                        unusable_urls_say_what_to_do,
                    }
                }
            }
        }
    };
}
