//! A quantity that all components share: places for instances, bytes of memory.
//!
//! Half of it is divided evenly between the components, so that each has its share whatever others take. The other half
//! goes to whoever asks first. With one component this comes to all of it.

/// How much of the quantity each component has. A component is named by its number, which [`Shares::join`] gives out.
#[derive(Debug)]
pub(super) struct Shares {
    total: usize,
    used: usize,
    /// What all components have beyond their shares.
    beyond: usize,
    members: Vec<Member>,
    present: usize,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    present: bool,
    used: usize,
}

impl Shares {
    pub(super) fn new(total: usize) -> Self {
        Self { total, used: 0, beyond: 0, members: Vec::new(), present: 0 }
    }

    /// Adds a component. All shares get smaller; nobody has to give back what it has.
    pub(super) fn join(&mut self) -> usize {
        let member = Member { present: true, used: 0 };
        let number = match self.members.iter_mut().enumerate().find(|(_, member)| !member.present) {
            Some((number, free)) => {
                *free = member;
                number
            }
            None => {
                self.members.push(member);
                self.members.len() - 1
            }
        };
        self.present += 1;
        self.count_beyond();
        number
    }

    /// Removes a component, which must have given everything back. Its number is given out again.
    pub(super) fn leave(&mut self, number: usize) {
        if let Some(member) = self.members.get_mut(number) {
            self.used -= member.used;
            self.present -= usize::from(member.present);
            *member = Member { present: false, used: 0 };
        }
        self.count_beyond();
    }

    /// What all components have.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// What one component has.
    pub(super) fn used_by(&self, number: usize) -> usize {
        self.members.get(number).map_or(0, |member| member.used)
    }

    /// How much more a component may take now.
    pub(super) fn free(&self, number: usize) -> usize {
        let share = self.share();
        let own = share.saturating_sub(self.used_by(number));
        let common = self.total - share * self.present;
        // After a component has joined, others may have more than they could get now.
        (own + common.saturating_sub(self.beyond)).min(self.total - self.used)
    }

    /// Takes this much, or nothing if it is more than is free.
    pub(super) fn take(&mut self, number: usize, amount: usize) -> bool {
        if amount > self.free(number) {
            return false;
        }
        self.change(number, |used| used + amount);
        true
    }

    /// Gives back what a component has taken.
    pub(super) fn give_back(&mut self, number: usize, amount: usize) {
        self.change(number, |used| used.saturating_sub(amount));
    }

    fn change(&mut self, number: usize, change: impl FnOnce(usize) -> usize) {
        let share = self.share();
        let Some(Member { used, .. }) = self.members.get_mut(number) else { return };
        let before = *used;
        *used = change(before);
        self.used = self.used - before + *used;
        self.beyond = self.beyond - before.saturating_sub(share) + used.saturating_sub(share);
    }

    fn share(&self) -> usize {
        self.total / 2 / self.present.max(1)
    }

    fn count_beyond(&mut self) {
        let share = self.share();
        self.beyond = self.members.iter().map(|member| member.used.saturating_sub(share)).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_component_may_have_everything() {
        let mut shares = Shares::new(5);
        let only = shares.join();
        assert!(shares.take(only, 5));
        assert!(!shares.take(only, 1));
        shares.give_back(only, 2);
        assert_eq!((shares.used(), shares.used_by(only), shares.free(only)), (3, 3, 2));
    }

    #[test]
    fn each_has_its_share_whatever_others_take() {
        let mut shares = Shares::new(16);
        let [greedy, first, second, third] = [(); 4].map(|()| shares.join());
        assert_eq!(shares.free(greedy), 10, "its share of 2, and the common half");
        assert!(shares.take(greedy, 10));
        for number in [first, second, third] {
            assert_eq!(shares.free(number), 2);
            assert!(shares.take(number, 2));
            assert!(!shares.take(number, 1));
        }
        assert_eq!(shares.used(), 16);
        shares.give_back(greedy, 9);
        assert_eq!(shares.free(first), 8, "the common half is free again");
        assert_eq!(shares.free(greedy), 9);
    }

    #[test]
    fn there_is_never_more_than_the_total() {
        let mut shares = Shares::new(4);
        let early = shares.join();
        assert!(shares.take(early, 4));
        let late = shares.join();
        assert!(!shares.take(late, 1), "nobody has to give back");
        shares.give_back(early, 1);
        assert_eq!(shares.free(early), 0, "the newcomer's share");
        assert!(shares.take(late, 1));
    }

    #[test]
    fn the_share_of_one_that_left_goes_to_the_others() {
        let mut shares = Shares::new(8);
        let (one, two) = (shares.join(), shares.join());
        assert_eq!(shares.free(one), 6);
        shares.leave(two);
        assert_eq!(shares.free(one), 8);
        assert_eq!(shares.join(), two, "its number is given out again");
    }
}
