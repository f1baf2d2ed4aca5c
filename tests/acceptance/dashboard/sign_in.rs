//! Signing in and out.

use crate::support::browser::flows;

flows!(both "sign_in.mjs": a_person_signs_in_and_out, the_first_operator_sets_the_platform_up);

flows!("sign_in.mjs":
    a_keyboard_is_enough_to_sign_in_and_out,
    mg4_a_disabled_user_is_signed_out_at_the_next_click,
    mg4_a_planted_session_is_not_the_one_that_is_signed_in,
    mg7_a_wrong_password_and_an_unknown_address_look_the_same,
    nobody_is_sent_to_another_site_after_signing_in,
    who_tries_too_often_is_told_to_wait,
    without_script_one_signs_in_and_out,
);
