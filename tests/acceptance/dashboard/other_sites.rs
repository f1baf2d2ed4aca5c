//! Forms, scripts and frames of other sites.

use crate::support::browser::flows;

flows!("other_sites.mjs":
    mg5_a_form_on_another_site_changes_nothing,
    mg5_a_window_of_another_site_has_no_hold_on_a_page,
    mg5_another_site_cannot_sign_a_person_in,
    mg5_another_site_reads_and_changes_nothing_by_script,
    mg5_no_page_stands_in_another_sites_frame,
);
