//! What each role sees.

use crate::support::browser::flows;

flows!("roles.mjs":
    mg2_a_developer_finds_no_way_to_change_a_key,
    mg2_a_developer_sees_keys_and_accounts,
    mg2_an_admin_sees_the_organization_and_leaves_people_as_they_are,
    mg2_an_operator_sees_the_platform,
    mg2_an_owner_sees_everything_of_the_organization,
    mg2_what_belongs_to_another_organization_is_not_there,
);
