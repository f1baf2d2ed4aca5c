//! The reference of the API.

use crate::support::browser::flows;

flows!("reference.mjs": the_reference_is_accessible, a_chapter_of_the_reference_is_a_click_away);
