//! `claviger keys`

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::{Context, Opened};
use super::values::{grace_period, token_lifetime};
use super::{Failure, output, usage};
use crate::app::change_api_key::{self, KeyEdit};
use crate::app::create_api_key::{NewApiKey, create_api_key, duplicate_api_key};
use crate::app::show_api_key::{ApiKeyView, list_api_keys, show_api_key};
use crate::clock;
use crate::domain::Invalid;
use crate::domain::api_key::{AuthMethod, KeyKind, KeySettings, TokenLifetime};
use crate::domain::client_secret::ClientSecret;
use crate::domain::grant::{Grant, Grants};
use crate::domain::id::{AccountId, ClientId, OrganizationId, SecretId};
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::max_payout::MaxPayout;
use crate::domain::name::Name;
use crate::domain::plan::PlanName;
use crate::domain::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an API key; its secret is printed once
    Create(Box<Create>),
    /// List the keys of an organization
    List {
        /// org_…
        #[arg(long, value_name = "ID")]
        organization: OrganizationId,
    },
    /// Show a key
    Show(Id),
    /// Change a key; never its kind, id or secrets
    Edit(Box<Edit>),
    /// Give a key a new secret, printed once
    Regenerate {
        #[command(flatten)]
        id: Id,
        /// For how long the old secret goes on working, at most 7d
        #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = grace_period)]
        grace: i64,
        /// Declare the tokens issued so far dead too
        #[arg(long)]
        revoke_tokens: bool,
    },
    /// End the older of a key's two secrets now, before its grace period is over
    RetireSecret {
        #[command(flatten)]
        id: Id,
        /// sec_… [default: the older one]
        secret_id: Option<SecretId>,
    },
    /// Make a key with the same settings and grants, a new id and a new secret
    Duplicate(Id),
    /// Refuse a key until it is enabled again
    Disable(Id),
    /// Accept a disabled key again
    Enable(Id),
    /// Delete a key for good
    Delete(Id),
    /// Declare every token issued to a key so far dead
    RevokeTokens(Id),
    /// Show what a key is used for, and which of its scopes no request has named
    Usage(super::key_usage::Arguments),
    /// Bring keys from another server, with the hashes of their secrets
    Import(super::import::Arguments),
}

#[derive(Args, Debug)]
pub(super) struct Id {
    /// key_…
    client_id: ClientId,
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// Whose the key will be
    #[arg(long, value_name = "ID")]
    organization: OrganizationId,
    /// 1 to 64 characters
    #[arg(long)]
    name: Name,
    /// Scopes at the organization ("payments:read fx"), an account ("acct_…=disputes:read") or all accounts ("*=…")
    #[arg(long, value_name = "[TARGET=]SCOPES", required_unless_present = "admin", conflicts_with = "admin")]
    grant: Vec<Grant>,
    /// An admin key: every scope of its target's level, present and future
    #[arg(long)]
    admin: bool,
    /// The account of an admin key [default: the organization]
    // The conflict too: `requires` gives way to the conflict of `grant` with `admin`.
    #[arg(long, value_name = "ID", requires = "admin", conflicts_with = "grant")]
    account: Option<AccountId>,
    /// client_secret_basic, client_secret_post, private_key_jwt, workload_jwt, tls_client_auth or self_signed_tls_client_auth
    #[arg(long, default_value = "client_secret_basic", value_name = "M")]
    token_endpoint_auth_method: AuthMethod,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args, Debug)]
struct Settings {
    /// An address or range from which the key may be used [default: anywhere]; may repeat
    #[arg(long, value_name = "CIDR")]
    ip_allow: Vec<String>,
    /// A decimal amount, handed to resource servers
    #[arg(long, value_name = "AMOUNT")]
    max_payout: Option<MaxPayout>,
    /// 60 to 3600
    #[arg(long, value_name = "N", value_parser = token_lifetime)]
    token_lifetime_seconds: Option<TokenLifetime>,
    /// A rate plan
    #[arg(long)]
    plan: Option<PlanName>,
    /// A time such as 2030-01-31T12:00:00Z after which the key is refused
    #[arg(long, value_name = "RFC3339")]
    expires_at: Option<Timestamp>,
    #[command(flatten)]
    credential: super::credential::Arguments,
    /// Whether every token must be bound to a key of the client (RFC 8705, RFC 9449)
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    require_bound_tokens: Option<bool>,
}

#[derive(Args, Debug)]
pub(super) struct Edit {
    #[command(flatten)]
    id: Id,
    /// 1 to 64 characters
    #[arg(long)]
    name: Option<Name>,
    /// The grants from now on, in place of all that the key has
    #[arg(long, value_name = "[TARGET=]SCOPES")]
    grant: Vec<Grant>,
    #[command(flatten)]
    settings: Settings,
    /// Empties ip_allowlist, max_payout, plan or expires_at, or sets token_lifetime_seconds back; may repeat
    #[arg(long, value_name = "FIELD")]
    clear: Vec<String>,
    /// Declare the tokens issued so far dead too
    #[arg(long)]
    revoke_tokens: bool,
}

pub(super) fn run(context: Context, command: Command) -> Result<(), Failure> {
    let opened = context.open()?;
    let db = &opened.db;
    let show = |id: ClientId| -> Result<(), Failure> { output::object(context.json, &show_api_key(db, id, clock::now())?) };
    match command {
        Command::Create(create) => run_create(&context, &opened, *create),
        Command::List { organization } => {
            let keys = list_api_keys(db, organization, clock::now())?;
            output::list(context.json, &keys, &["client_id", "name", "kind", "grants", "secrets", "last_used_at", "disabled_at"])
        }
        Command::Show(id) => show(id.client_id),
        Command::Edit(edit) => {
            let id = edit.id.client_id;
            run_edit(&opened, *edit)?;
            show(id)
        }
        Command::Regenerate { id, grace, revoke_tokens } => {
            let (key, secret) =
                opened.change(|work| change_api_key::regenerate_secret(work, id.client_id, grace, revoke_tokens))?;
            show_once(&context, &opened, key.client_id, Some(&secret))
        }
        Command::RetireSecret { id, secret_id } => {
            show(opened.change(|work| change_api_key::retire_secret(work, id.client_id, secret_id))?.client_id)
        }
        Command::Duplicate(id) => {
            let (key, secret) = opened.change(|work| duplicate_api_key(work, id.client_id))?;
            show_once(&context, &opened, key.client_id, secret.as_ref())
        }
        Command::Disable(id) => show(opened.change(|work| change_api_key::disable_api_key(work, id.client_id))?.client_id),
        Command::Enable(id) => show(opened.change(|work| change_api_key::enable_api_key(work, id.client_id))?.client_id),
        Command::RevokeTokens(id) => show(opened.change(|work| change_api_key::revoke_tokens(work, id.client_id))?.client_id),
        Command::Usage(arguments) => super::key_usage::run(&context, &opened, &arguments),
        Command::Import(arguments) => super::import::run(&context, &opened, &arguments),
        Command::Delete(id) => {
            opened.change(|work| change_api_key::delete_api_key(work, id.client_id))?;
            output::object(context.json, &json!({"client_id": id.client_id, "deleted": true}))
        }
    }
}

fn run_create(context: &Context, opened: &Opened, create: Create) -> Result<(), Failure> {
    let kind =
        if create.admin { KeyKind::Admin(create.account) } else { KeyKind::Scoped(Grants::new(create.grant).map_err(usage)?) };
    let settings = create.settings;
    let new = NewApiKey {
        organization_id: create.organization,
        kind,
        settings: KeySettings {
            ip_allowlist: allowlist(&settings.ip_allow)?,
            max_payout: settings.max_payout,
            token_lifetime: settings.token_lifetime_seconds.unwrap_or_default(),
            plan: settings.plan,
            expires_at: settings.expires_at,
            public_credential: settings.credential.read()?,
            require_bound_tokens: settings.require_bound_tokens.unwrap_or_default(),
            ..KeySettings::named(create.name)
        },
        auth_method: create.token_endpoint_auth_method,
    };
    let (key, secret) = opened.change(|work| create_api_key(work, new))?;
    show_once(context, opened, key.client_id, secret.as_ref())
}

fn allowlist(entries: &[String]) -> Result<IpAllowlist, Failure> {
    IpAllowlist::parse(entries.iter().map(String::as_str)).map_err(usage)
}

fn run_edit(opened: &Opened, edit: Edit) -> Result<(), Failure> {
    let grants = if edit.grant.is_empty() { None } else { Some(Grants::new(edit.grant).map_err(usage)?) };
    let allowlist = if edit.settings.ip_allow.is_empty() { None } else { Some(allowlist(&edit.settings.ip_allow)?) };
    for field in &edit.clear {
        clear(&mut None, field).map_err(usage)?;
    }
    let credential = edit.settings.credential.read()?;
    let change = KeyEdit { grants, revoke_tokens: edit.revoke_tokens };
    let alter = |settings: &mut KeySettings| {
        edit.clear.iter().try_for_each(|field| clear(&mut Some(settings), field))?;
        let new = edit.settings;
        set(&mut settings.name, edit.name);
        set(&mut settings.ip_allowlist, allowlist);
        set(&mut settings.token_lifetime, new.token_lifetime_seconds);
        set(&mut settings.max_payout, new.max_payout.map(Some));
        set(&mut settings.plan, new.plan.map(Some));
        set(&mut settings.expires_at, new.expires_at.map(Some));
        set(&mut settings.public_credential, credential.map(Some));
        set(&mut settings.require_bound_tokens, new.require_bound_tokens);
        Ok(())
    };
    opened.change(|work| change_api_key::edit_api_key(work, edit.id.client_id, change, alter))?;
    Ok(())
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

/// Empties a field; without settings, only says whether it can be.
fn clear(settings: &mut Option<&mut KeySettings>, field: &str) -> Result<(), Invalid> {
    let empty: fn(&mut KeySettings) = match field {
        "ip_allowlist" => |s| s.ip_allowlist = IpAllowlist::default(),
        "max_payout" => |s| s.max_payout = None,
        "plan" => |s| s.plan = None,
        "expires_at" => |s| s.expires_at = None,
        "token_lifetime_seconds" => |s| s.token_lifetime = TokenLifetime::default(),
        _ => {
            let detail = "can empty ip_allowlist, max_payout, plan, expires_at and token_lifetime_seconds";
            return Err(Invalid::new("clear", "unknown_field", detail));
        }
    };
    if let Some(settings) = settings {
        empty(settings);
    }
    Ok(())
}

/// Shows a key with its new secret, this once; keys without any are just shown.
fn show_once(context: &Context, opened: &Opened, id: ClientId, secret: Option<&ClientSecret>) -> Result<(), Failure> {
    let view: ApiKeyView = show_api_key(&opened.db, id, clock::now())?.with_secret(secret);
    if context.json {
        return output::object(true, &view);
    }
    let mut shown = serde_json::to_value(&view)?;
    // The hint of a secret beside the secret itself would only be mistaken for it.
    shown.as_object_mut().and_then(|members| members.remove("secrets"));
    output::object(false, &shown)?;
    if secret.is_none() {
        return Ok(());
    }
    output::message("The client_secret is shown this once and cannot be read back: store it now.");
    Ok(())
}
