//! The organization's pages in a browser.

use crate::support::browser::flows;

flows!(both "organization.mjs":
    somebody_is_invited_accepts_and_signs_in,
    a_webhook_is_tested_disabled_and_deleted,
    a_webhooks_secret_is_shown_once,
    the_audit_log_is_filtered_and_opened,
    without_script_a_user_is_disabled_and_removed,
);
