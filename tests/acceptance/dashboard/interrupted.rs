//! What comes in between a form and its sending.

use crate::support::browser::flows;

flows!(both "interrupted.mjs":
    a_session_that_ends_in_the_middle_of_a_form_loses_nothing,
    mg6_a_stale_proof_asks_for_the_password_and_goes_on,
);

flows!("interrupted.mjs":
    a_form_that_another_person_opened_is_not_sent_silently,
    a_session_that_ends_loses_nothing_without_script_either,
    mg4_a_proof_changes_the_sessions_token,
    mg5_who_signs_in_to_go_on_may_do_no_more_than_before,
    two_tabs_of_one_session_do_not_disturb_each_other,
);
