//! How everything that people and programs may change is changed: in one transaction with the row of the audit log that
//! tells of it and the events that others are told of.

use serde_json::Value;

use super::{AppError, audit, random_bits};
use crate::clock;
use crate::crypto::audit_chain::AuditChain;
use crate::crypto::digest::Pepper;
use crate::crypto::master_key::MasterKey;
use crate::crypto::{CryptoError, Envelope};
use crate::domain::actor::Actor;
use crate::domain::audit_event::{AuditEntry, AuditEvent};
use crate::domain::event::{Event, EventKind};
use crate::domain::id::{EventId, OrganizationId};
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::role::RolePolicy;
use crate::domain::time::Timestamp;
use crate::store::{Db, StoreError, WriteTransaction, events};

/// What the use cases of management share.
#[derive(Clone, Debug)]
pub struct Management {
    /// The database.
    pub db: Db,
    /// What secrets are digested under.
    pub pepper: Pepper,
<<<<<<< HEAD
    /// What private signing keys are sealed with.
    pub envelope: Envelope,
=======
>>>>>>> main
    /// What the secrets of webhooks are encrypted under.
    pub webhook_secrets: Envelope,
    /// Where webhooks may be.
    pub networks: NetworkPolicy,
<<<<<<< HEAD
=======
    /// What private signing keys are sealed with.
    pub envelope: Envelope,
>>>>>>> main
    /// What roles may.
    pub roles: RolePolicy,
    chain: AuditChain,
}

impl Management {
    /// On this database, under this master key.
    ///
    /// # Errors
    /// [`CryptoError::Derivation`].
    pub fn new(db: Db, master_key: &MasterKey, roles: RolePolicy) -> Result<Self, CryptoError> {
        Ok(Self {
            db,
            pepper: master_key.pepper()?,
            envelope: master_key.envelope()?,
            webhook_secrets: master_key.webhook_secret_envelope()?,
            envelope: master_key.envelope()?,
            networks: NetworkPolicy::default(),
            roles,
            chain: master_key.audit_chain()?,
        })
    }

    /// With other networks that webhooks may be in.
    #[must_use]
    pub fn with_networks(self, networks: NetworkPolicy) -> Self {
        Self { networks, ..self }
    }

    /// Runs `work` as `actor`. All changes of all nodes come one after the other, so what `work` has read stays true
    /// until it is kept. Nothing is kept, and nobody told, when it fails.
    ///
    /// # Errors
    /// What `work` returns, or a fault of the database.
    pub fn change<T, E: From<AppError> + From<StoreError>>(
        &self,
        actor: &Actor,
        work: impl FnOnce(&mut Work<'_, '_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let now = clock::now();
        self.db.write(now, |transaction| {
            transaction.exclusively()?;
            let mut open = Work { transaction, now, actor, management: self, entries: Vec::new(), events: Vec::new() };
            let value = work(&mut open)?;
            let Work { entries, events, .. } = open;
            let log = entries
                .into_iter()
                .map(|entry| audit::event(actor.clone(), entry))
                .collect::<Result<Vec<AuditEvent>, AppError>>()?;
            audit::append(transaction, &self.chain, log)?;
            for event in &events {
                events::insert(transaction, event)?;
            }
            Ok(value)
        })
    }

    /// Writes down what changed nothing: logins and refusals.
    ///
    /// # Errors
    /// [`AppError::Store`].
    pub fn record(&self, events: Vec<AuditEvent>) -> Result<(), AppError> {
        self.record_with(events, |_| Ok(()))
    }

    /// The same, with `more` in the same transaction.
    ///
    /// # Errors
    /// What `more` returns, or [`AppError::Store`].
    pub fn record_with(
        &self,
        events: Vec<AuditEvent>,
        more: impl FnOnce(&mut WriteTransaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), AppError> {
        self.db.write(clock::now(), |transaction| {
            transaction.exclusively()?;
            audit::append(transaction, &self.chain, events)?;
            Ok(more(transaction)?)
        })
    }

    /// The key of the audit log's chain, for its verification.
    pub const fn chain(&self) -> &AuditChain {
        &self.chain
    }
}

/// A change under way.
pub struct Work<'a, 't> {
    /// The open transaction.
    pub transaction: &'a mut WriteTransaction<'t>,
    /// When it happens.
    pub now: Timestamp,
    /// Who does it.
    pub actor: &'a Actor,
    /// Where.
    pub management: &'a Management,
    entries: Vec<AuditEntry>,
    events: Vec<Event>,
}

impl Work<'_, '_> {
    /// Adds a row to the audit log.
    pub fn audit(&mut self, entry: AuditEntry) {
        self.entries.push(entry);
    }

    /// Lets the owners of the organization and its webhooks know.
    ///
    /// # Errors
    /// [`AppError::Crypto`].
    pub fn announce(&mut self, organization_id: OrganizationId, kind: EventKind, data: Value) -> Result<(), AppError> {
        let id = EventId::from_parts(clock::unix_milliseconds(), random_bits()?);
        self.events.push(Event { id, organization_id, kind, occurred_at: self.now, data });
        Ok(())
    }
}
