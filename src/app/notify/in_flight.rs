//! What is under way, and how much may be: a receiver that hangs holds up nobody else.

use std::collections::HashMap;

use crate::domain::delivery::Channel;
use crate::domain::id::OrganizationId;
use crate::store::deliveries::Due;

/// Attempts at once: to webhooks in all, for one organization, to one host; mails in all, to one person.
const WEBHOOKS: usize = 64;
const OF_ORGANIZATION: usize = 16;
const TO_HOST: usize = 4;
const MAILS: usize = 4;
const TO_PERSON: usize = 1;

/// Where an attempt goes and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) channel: Channel,
    pub(super) destination: String,
    pub(super) organization_id: OrganizationId,
}

impl Lane {
    pub(super) fn of(due: &Due) -> Self {
        let channel = if due.webhook_id.is_some() { Channel::Webhook } else { Channel::Email };
        Self { channel, destination: due.destination.clone(), organization_id: due.organization_id }
    }
}

/// The attempts under way.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight {
    webhooks: usize,
    mails: usize,
    by_destination: HashMap<(Channel, String), usize>,
    by_organization: HashMap<(Channel, OrganizationId), usize>,
}

impl InFlight {
    pub(super) fn is_empty(&self) -> bool {
        self.webhooks + self.mails == 0
    }

    /// How many more there may be on a channel.
    pub(super) fn free(&self, channel: Channel) -> usize {
        match channel {
            Channel::Webhook => WEBHOOKS.saturating_sub(self.webhooks),
            Channel::Email => MAILS.saturating_sub(self.mails),
        }
    }

    /// The destinations that have enough.
    pub(super) fn full_destinations(&self, channel: Channel) -> Vec<String> {
        let full = self.by_destination.iter().filter(|((of, _), count)| *of == channel && **count >= most_to_one(channel));
        full.map(|((_, destination), _)| destination.clone()).collect()
    }

    /// The organizations that have enough.
    pub(super) fn full_organizations(&self, channel: Channel) -> Vec<String> {
        let full = self.by_organization.iter().filter(|((of, _), count)| *of == channel && **count >= most_of_one(channel));
        full.map(|((_, id), _)| id.to_string()).collect()
    }

    /// Whether one more may go there.
    pub(super) fn admits(&self, lane: &Lane) -> bool {
        let count = |map: Option<&usize>| map.copied().unwrap_or_default();
        let to = count(self.by_destination.get(&(lane.channel, lane.destination.clone())));
        let of = count(self.by_organization.get(&(lane.channel, lane.organization_id)));
        self.free(lane.channel) > 0 && to < most_to_one(lane.channel) && of < most_of_one(lane.channel)
    }

    /// One more is under way.
    pub(super) fn enter(&mut self, lane: &Lane) {
        *self.total(lane.channel) += 1;
        *self.by_destination.entry((lane.channel, lane.destination.clone())).or_default() += 1;
        *self.by_organization.entry((lane.channel, lane.organization_id)).or_default() += 1;
    }

    /// One has ended.
    pub(super) fn leave(&mut self, lane: &Lane) {
        let total = self.total(lane.channel);
        *total = total.saturating_sub(1);
        decrease(&mut self.by_destination, (lane.channel, lane.destination.clone()));
        decrease(&mut self.by_organization, (lane.channel, lane.organization_id));
    }

    fn total(&mut self, channel: Channel) -> &mut usize {
        match channel {
            Channel::Webhook => &mut self.webhooks,
            Channel::Email => &mut self.mails,
        }
    }
}

const fn most_to_one(channel: Channel) -> usize {
    match channel {
        Channel::Webhook => TO_HOST,
        Channel::Email => TO_PERSON,
    }
}

const fn most_of_one(channel: Channel) -> usize {
    match channel {
        Channel::Webhook => OF_ORGANIZATION,
        Channel::Email => MAILS,
    }
}

fn decrease<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(host: &str, organization: u64) -> Lane {
        let organization_id = OrganizationId::from_parts(organization, 0);
        Lane { channel: Channel::Webhook, destination: host.to_owned(), organization_id }
    }

    #[test]
    fn one_host_and_one_organization_get_no_more_than_their_part() {
        let mut all = InFlight::default();
        for _ in 0..TO_HOST {
            assert!(all.admits(&lane("a:443", 1)));
            all.enter(&lane("a:443", 1));
        }
        assert!(!all.admits(&lane("a:443", 2)) && all.admits(&lane("b:443", 1)));
        assert_eq!(all.full_destinations(Channel::Webhook), ["a:443"]);
        assert!(all.full_destinations(Channel::Email).is_empty());
        for n in 0..OF_ORGANIZATION - TO_HOST {
            all.enter(&lane(&format!("h{n}:443"), 1));
        }
        assert!(!all.admits(&lane("c:443", 1)) && all.admits(&lane("c:443", 2)));
        all.leave(&lane("a:443", 1));
        assert!(all.admits(&lane("a:443", 1)) && all.full_organizations(Channel::Webhook).is_empty());
    }

    #[test]
    fn what_left_leaves_nothing_behind() {
        let mut all = InFlight::default();
        all.enter(&lane("a:443", 1));
        all.leave(&lane("a:443", 1));
        assert!(all.is_empty() && all.by_destination.is_empty() && all.by_organization.is_empty());
    }
}
