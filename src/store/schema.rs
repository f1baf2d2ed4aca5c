//! The tables as diesel sees them; the truth is in `migrations/`.

diesel::table! { meta (name) { name -> Text, value -> Text, } }
diesel::table! { feed_head (id) { id -> BigInt, seq -> BigInt, } }
diesel::table! { changes (seq) { seq -> BigInt, what -> Text, entity_id -> Text, created_at -> BigInt, } }
diesel::table! {
    organizations (id) {
        id -> Text,
        name -> Text,
        platform -> Bool,
        created_at -> BigInt,
        plan -> Nullable<Text>,
        enterprise_requests_per_minute -> Nullable<BigInt>,
        enterprise_requests_per_day -> Nullable<BigInt>,
        enterprise_concurrent_connections -> Nullable<BigInt>,
        profile -> Text,
    }
}
diesel::table! {
    revoked_tokens (token_id) { token_id -> Text, client_id -> Text, revoked_at -> BigInt, expires_at -> BigInt, }
}
diesel::table! { accounts (id) { id -> Text, organization_id -> Text, name -> Text, created_at -> BigInt, } }
diesel::table! {
    resource_servers (id) { id -> Text, identifier -> Text, name -> Text, builtin -> Bool, created_at -> BigInt, }
}
diesel::table! {
    scopes (id) {
        id -> Text,
        name -> Text,
        resource_server_id -> Text,
        level -> Text,
        description -> Text,
        created_at -> BigInt,
    }
}
diesel::table! { scope_implications (scope, implied) { scope -> Text, implied -> Text, } }
diesel::table! {
    plans (name) {
        name -> Text,
        requests_per_minute -> Nullable<BigInt>,
        requests_per_day -> Nullable<BigInt>,
        concurrent_connections -> Nullable<BigInt>,
        dry_run -> Bool,
    }
}
diesel::table! {
    rate_windows (client_id, kind, starts_at) { client_id -> Text, kind -> Text, starts_at -> BigInt, taken -> BigInt, }
}
diesel::table! {
    rate_connections (node_id, client_id) {
        node_id -> Text,
        client_id -> Text,
        connections -> BigInt,
        expires_at -> BigInt,
    }
}
diesel::table! {
    api_keys (client_id) {
        client_id -> Text,
        organization_id -> Text,
        name -> Text,
        kind -> Text,
        account_id -> Nullable<Text>,
        token_endpoint_auth_method -> Text,
        ip_allowlist -> Text,
        max_payout -> Nullable<Text>,
        token_lifetime_seconds -> BigInt,
        plan -> Nullable<Text>,
        expires_at -> Nullable<BigInt>,
        disabled_at -> Nullable<BigInt>,
        tokens_revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        last_used_ip -> Nullable<Text>,
        created_by -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        foreign_client_id -> Nullable<Text>,
        public_credential -> Nullable<Text>,
        require_bound_tokens -> Bool,
        status_list -> Nullable<BigInt>,
        status_index -> Nullable<BigInt>,
    }
}
diesel::table! { used_proofs (digest) { digest -> Text, expires_at -> BigInt, } }
diesel::table! {
    grants (client_id, target, scope) {
        client_id -> Text,
        organization_id -> Text,
        target -> Text,
        account_id -> Nullable<Text>,
        scope -> Text,
    }
}
diesel::table! {
    api_secrets (id) {
        id -> Text,
        client_id -> Text,
        digest -> Binary,
        hint -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        foreign_hash -> Nullable<Binary>,
    }
}
diesel::table! {
    api_secret_uses (secret_id) {
        secret_id -> Text,
        last_used_at -> Nullable<BigInt>,
        last_used_ip -> Nullable<Text>,
    }
}
diesel::table! {
    recent_secret_uses (id) {
        id -> BigInt,
        node -> BigInt,
        written_at -> BigInt,
        first_secret -> Binary,
        last_secret -> Binary,
        uses -> Binary,
    }
}
diesel::table! { status_lists (id) { id -> BigInt, size -> BigInt, given -> BigInt, created_at -> BigInt, } }
diesel::table! {
    key_epochs (list_id, list_index) {
        list_id -> BigInt,
        list_index -> BigInt,
        client_id -> Text,
        opened_at -> BigInt,
        closed_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    deleted_api_keys (client_id) {
        client_id -> Text,
        organization_id -> Text,
        name -> Text,
        deleted_at -> BigInt,
        foreign_client_id -> Nullable<Text>,
    }
}
diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        public_jwk -> Text,
        encrypted_private_key -> Binary,
        created_at -> BigInt,
        signs_from -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    audit_events (seq) {
        seq -> BigInt,
        id -> Text,
        occurred_at -> BigInt,
        organization_id -> Nullable<Text>,
        actor -> Text,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
        action -> Text,
        target -> Nullable<Text>,
        outcome -> Text,
        reason -> Nullable<Text>,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        hash -> Binary,
    }
}
diesel::table! { audit_head (id) { id -> BigInt, seq -> BigInt, hash -> Binary, seal -> Binary, } }
diesel::table! {
    events (id) {
        id -> Text,
        organization_id -> Text,
        kind -> Text,
        occurred_at -> BigInt,
        data -> Text,
        dispatched_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    idempotent_requests (caller, idempotency_key) {
        caller -> Text,
        idempotency_key -> Text,
        fingerprint -> Binary,
        status -> BigInt,
        location -> Nullable<Text>,
        body -> Nullable<Text>,
        created_at -> BigInt,
    }
}
diesel::table! {
    scope_sets (id) { id -> BigInt, granted -> Text, requested -> Nullable<Text>, last_used_on -> BigInt, }
}
diesel::table! {
    token_usage (client_id, hour, scope_set_id) { client_id -> Text, hour -> BigInt, scope_set_id -> BigInt, tokens -> BigInt, }
}
diesel::table! {
    refusal_usage (client_id, hour, reason) { client_id -> Text, hour -> BigInt, reason -> Text, refusals -> BigInt, }
}
diesel::table! {
    users (id) {
        id -> Text,
        organization_id -> Text,
        email -> Text,
        name -> Nullable<Text>,
        role -> Text,
        password_hash -> Nullable<Text>,
        disabled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        last_login_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    sessions (id) {
        id -> Text,
        user_id -> Text,
        digest -> Binary,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        proved_at -> BigInt,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}
diesel::table! {
    user_links (digest) {
        digest -> Binary,
        user_id -> Text,
        purpose -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}
diesel::table! {
    pending_mails (id) {
        id -> Text,
        user_id -> Text,
        purpose -> Text,
        created_at -> BigInt,
        attempts -> BigInt,
        taken_until -> Nullable<BigInt>,
        sent_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    known_addresses (user_id, address) { user_id -> Text, address -> Text, last_login_at -> BigInt, }
}
diesel::table! {
    webhooks (id) {
        id -> Text,
        organization_id -> Text,
        url -> Text,
        description -> Text,
        events -> Text,
        disabled_at -> Nullable<BigInt>,
        disabled_reason -> Nullable<Text>,
        created_by -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    webhook_secrets (id) {
        id -> Text,
        webhook_id -> Text,
        sealed -> Binary,
        hint -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    deliveries (id) {
        id -> Text,
        event_id -> Text,
        organization_id -> Text,
        channel -> Text,
        webhook_id -> Nullable<Text>,
        destination -> Text,
        state -> Text,
        attempts -> BigInt,
        failures -> BigInt,
        next_attempt_at -> Nullable<BigInt>,
        lease -> Nullable<Text>,
        last_status -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}
diesel::table! { announcements (client_id, what) { client_id -> Text, what -> Text, announced_at -> BigInt, } }
diesel::table! {
    leases (name) { name -> Text, holder -> Text, expires_at -> BigInt, done_at -> Nullable<BigInt>, }
}

diesel::allow_tables_to_appear_in_same_query!(api_keys, api_secrets, api_secret_uses, grants);
diesel::allow_tables_to_appear_in_same_query!(api_keys, token_usage);
diesel::allow_tables_to_appear_in_same_query!(api_keys, refusal_usage);
diesel::allow_tables_to_appear_in_same_query!(deliveries, events);
